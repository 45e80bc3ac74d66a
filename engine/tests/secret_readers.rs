//! Who reads secrets for `secret_from`: circles are told before anybody waits, passing faults are asked again.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use formwork_engine::ports::Providers;
use formwork_engine::secret_readers::{SecretReaders, is_circle};
use formwork_model::schema::ProviderSchema;
use formwork_model::{InputSource, Redacted, Residual, Value, ValueBuf};
use formwork_provider_api::{
    ConfigureRequest, Connection, Environment, ErrorClass, Provider, ProviderError, ReadSecretRequest, SecretReader,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn asks(source: &str) -> ValueBuf {
    let input = Value::Unknown(Arc::new(Residual::Input(InputSource::Secret(source.into()))));
    ValueBuf::from(Value::map([("client_secret", input)]))
}

fn provider_of(source: &InputSource) -> Option<&'static str> {
    let InputSource::Secret(text) = source else { return None };
    [("one:", "first"), ("two:", "second")].iter().find_map(|(scheme, name)| text.starts_with(scheme).then_some(*name))
}

#[test]
fn who_needs_what_it_reads_is_told() {
    let cases: [(&[(&str, &str)], bool); 5] = [
        (&[("first", "one:a")], true),
        (&[("first", "two:a"), ("second", "one:b")], true),
        (&[("first", "two:a"), ("second", "two:b")], false),
        (&[("first", "two:a"), ("second", "env:B")], false),
        (&[], false),
    ];
    for (blocks, wanted) in cases {
        let blocks = blocks.iter().map(|(name, source)| ((*name).to_owned(), asks(source))).collect();
        assert_eq!(is_circle("first", &blocks, &provider_of), wanted, "{blocks:?}");
    }
}

/// Fails twice in passing, then gives what it was asked for.
struct Busy(Arc<AtomicU32>);

#[async_trait::async_trait]
impl Provider for Busy {
    fn schema(&self) -> &'static ProviderSchema {
        formwork_provider_mock::Mock.schema()
    }

    async fn configure(&self, _: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
        Err(ProviderError::unsupported("no"))
    }

    async fn secret_reader(&self, _: ConfigureRequest) -> Result<Arc<dyn SecretReader>, ProviderError> {
        self.0.fetch_add(100, Ordering::Relaxed);
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }
}

#[async_trait::async_trait]
impl SecretReader for Busy {
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError> {
        match self.0.fetch_add(1, Ordering::Relaxed) % 100 {
            0 | 1 => Err(ProviderError::new(ErrorClass::Retryable, "busy")),
            _ if request.name == "none" => Err(ProviderError::new(ErrorClass::NotFound, "there is none")),
            _ => Ok(Redacted(request.name)),
        }
    }
}

struct Only(Arc<AtomicU32>);

impl Providers for Only {
    fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> {
        (name == "busy").then(|| Arc::new(Busy(Arc::clone(&self.0))) as Arc<dyn Provider>)
    }
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_asked_again_and_a_reader_opened_once() {
    let count = Arc::new(AtomicU32::new(0));
    let readers = SecretReaders::new(Arc::new(Only(Arc::clone(&count))), Environment::default());
    let ask = async |provider: &str, name: &str| {
        let request = ReadSecretRequest { scheme: "busy".into(), name: name.into(), as_json: false };
        readers.read(provider, &ValueBuf::empty_map(), &request).await
    };
    assert_eq!(ask("busy", "a").await.unwrap().0, "a");
    assert_eq!(ask("busy", "b").await.unwrap().0, "b");
    assert_eq!(ask("busy", "none").await.unwrap_err().class, ErrorClass::NotFound);
    assert_eq!(count.load(Ordering::Relaxed), 105, "one reader, two faults, three answers");
    assert_eq!(ask("gone", "a").await.unwrap_err().class, ErrorClass::Unsupported);
}
