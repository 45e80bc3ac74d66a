//! Plays the engine for a provider's tests (feature `testing`): proposes, plans, checks every answer, marks secrets,
//! records what the provider says meanwhile. What the engine would refuse panics here, with the text of the breach.

pub mod script;
pub mod server;

use crate::check::{self, CheckError, Subject};
use crate::wire::EncodedProvider;
use crate::{
    Applied, Cancelled, Checkpoint, ConfigureRequest, Connection, CreateRequest, DeleteRequest, Difference,
    Environment, ErrorClass, FindRequest, Found, ImportRequest, ListRequest, Listed, OperationSink, PlanRequest,
    PlanResponse, Provider, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    differences, proposed, secrecy,
};
use async_trait::async_trait;
use formwork_model::schema::{ProviderSchema, ResourceSchema};
use formwork_model::{Address, Map, Value, ValueBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Records what an operation says. Waits are skipped, unless it is told to wait.
#[derive(Debug, Default)]
pub struct TestSink {
    checkpoints: Mutex<Vec<Checkpoint>>,
    progress: Mutex<Vec<String>>,
    warnings: Mutex<Vec<String>>,
    slept_ms: AtomicU64,
    /// Whether sleeps take their time.
    pub waits: AtomicBool,
    /// Whether the run is cancelled: the next sleep ends at once.
    pub cancelled: AtomicBool,
}

impl TestSink {
    /// The checkpoints so far.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was told so far.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was warned of so far.
    #[must_use]
    pub fn warned(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long was slept, or would have been.
    #[must_use]
    pub fn slept(&self) -> Duration {
        Duration::from_millis(self.slept_ms.load(Ordering::Relaxed))
    }
}

#[async_trait]
impl OperationSink for TestSink {
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), ProviderError> {
        self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner).push(checkpoint);
        Ok(())
    }

    fn progress(&self, message: &str) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    }

    fn warn(&self, message: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    }

    async fn sleep(&self, duration: Duration) -> Result<(), Cancelled> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.slept_ms.fetch_add(milliseconds, Ordering::Relaxed);
        if self.waits.load(Ordering::Relaxed) {
            tokio::time::sleep(duration).await;
        }
        Ok(())
    }
}

/// A configured provider under test.
pub struct Harness {
    provider: Arc<dyn Provider>,
    /// The connection itself, for calls that the harness has no shorthand for.
    pub connection: Arc<dyn Connection>,
    /// What operations say.
    pub sink: TestSink,
    operations: AtomicU64,
}

/// A plan, and what it changes.
#[derive(Debug)]
pub struct Planned {
    /// The provider's answer.
    pub response: PlanResponse,
    /// What it changes.
    pub differences: Vec<Difference>,
}

impl Planned {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty() && self.response.replace.is_empty()
    }

    /// Whether the object must be replaced.
    #[must_use]
    pub fn replaces(&self) -> bool {
        !self.response.replace.is_empty() || self.differences.iter().any(|difference| difference.forces_replacement)
    }
}

/// Panics with the breaches, if there are any: a provider's test fails by it.
#[track_caller]
#[expect(clippy::panic, reason = "test support")]
fn assert_kept(breaches: &[CheckError]) {
    if !breaches.is_empty() {
        let texts: Vec<String> = breaches.iter().map(ToString::to_string).collect();
        panic!("{}", texts.join("\n"));
    }
}

impl Harness {
    /// Configures the provider.
    ///
    /// # Errors
    /// What `configure` answers.
    pub async fn new(
        provider: impl Provider + 'static,
        configuration: Value,
        environment: Environment,
    ) -> Result<Self, ProviderError> {
        Self::of(Arc::new(provider), configuration, environment).await
    }

    /// Configures the provider behind an encode/decode of every message.
    ///
    /// # Errors
    /// What `configure` answers.
    pub async fn encoded(
        provider: impl Provider + 'static,
        configuration: Value,
        environment: Environment,
    ) -> Result<Self, ProviderError> {
        Self::of(Arc::new(EncodedProvider(provider)), configuration, environment).await
    }

    async fn of(
        provider: Arc<dyn Provider>,
        configuration: Value,
        environment: Environment,
    ) -> Result<Self, ProviderError> {
        let request = ConfigureRequest { configuration: ValueBuf::from(configuration), environment };
        let connection = provider.configure(request).await?;
        Ok(Self { provider, connection, sink: TestSink::default(), operations: AtomicU64::new(1) })
    }

    fn schema(&self) -> &'static ProviderSchema {
        self.provider.schema()
    }

    /// The schema of a resource type.
    ///
    /// # Errors
    /// When there is none.
    pub fn resource(&self, type_name: &str) -> Result<&'static ResourceSchema, ProviderError> {
        let missing = || ProviderError::unsupported(format!("no resource type {type_name}"));
        self.schema().resource(type_name).ok_or_else(missing)
    }

    fn subject<'a>(&self, type_name: &'a str, address: &'a Address) -> Subject<'a> {
        let schema = self.schema();
        Subject { provider: schema.name, version: schema.version, type_name, address: Some(address) }
    }

    /// Ids that tests can foresee: `operation-1`, `operation-2`, …
    pub fn next_operation(&self) -> String {
        format!("operation-{}", self.operations.fetch_add(1, Ordering::Relaxed))
    }

    /// Plans an object, checked.
    ///
    /// # Errors
    /// What `plan` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn plan(
        &self,
        type_name: &str,
        address: &Address,
        config: &Value,
        prior: Option<&StoredObject>,
    ) -> Result<Planned, ProviderError> {
        let schema = self.resource(type_name)?;
        let config = ValueBuf::from(config);
        let before = prior.map(|prior| prior.values.view());
        let request = PlanRequest {
            type_name: type_name.to_owned(),
            address: address.clone(),
            proposed: proposed(schema, address, config.view(), before),
            config: config.clone(),
            prior: prior.cloned(),
            prior_config: None,
            write_only_changed: Vec::new(),
        };
        let response = match self.connection.plans(type_name) {
            true => self.connection.plan(request).await?,
            false => PlanResponse::as_proposed(&request),
        };
        assert_kept(&check::planned(&self.subject(type_name, address), schema, config.view(), response.planned.view()));
        let found = before.map(|before| differences(schema, before, response.planned.view())).unwrap_or_default();
        Ok(Planned { response, differences: found })
    }

    /// Plans and creates an object, checked.
    ///
    /// # Errors
    /// What `plan` or `create` answers.
    ///
    /// # Panics
    /// When an answer breaks the contract.
    pub async fn create(&self, type_name: &str, name: &str, config: &Value) -> Result<StoredObject, ProviderError> {
        let request = self.create_request(type_name, name, config).await?;
        self.send_create(request).await.map(|applied| applied.object)
    }

    /// The request of a create, planned.
    ///
    /// # Errors
    /// What `plan` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn create_request(
        &self,
        type_name: &str,
        name: &str,
        config: &Value,
    ) -> Result<CreateRequest, ProviderError> {
        let address = Address::resource(name);
        let planned = self.plan(type_name, &address, config, None).await?;
        Ok(CreateRequest {
            type_name: type_name.to_owned(),
            address,
            operation: self.next_operation(),
            config: ValueBuf::from(config),
            planned: planned.response.planned,
            private: planned.response.private,
            resume: None,
            timeout_ms: 60_000,
        })
    }

    /// Sends a create, checked.
    ///
    /// # Errors
    /// What `create` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn send_create(&self, request: CreateRequest) -> Result<Applied, ProviderError> {
        let schema = self.resource(&request.type_name)?;
        let applied = self.connection.create(request.clone(), &self.sink).await?;
        let sources = [request.config.view(), request.planned.view()];
        let values = secrecy::marked(schema.attributes, &sources, applied.object.values.clone());
        let subject = self.subject(&request.type_name, &request.address);
        assert_kept(&check::applied(&subject, schema, request.planned.view(), values.view()));
        Ok(Applied { object: StoredObject { values, ..applied.object }, ..applied })
    }

    /// Plans and updates an object in place, checked.
    ///
    /// # Errors
    /// What `plan` or `update` answers.
    ///
    /// # Panics
    /// When an answer breaks the contract, or when the plan would replace the object.
    pub async fn update(
        &self,
        type_name: &str,
        name: &str,
        config: &Value,
        prior: &StoredObject,
    ) -> Result<StoredObject, ProviderError> {
        let schema = self.resource(type_name)?;
        let address = Address::resource(name);
        let planned = self.plan(type_name, &address, config, Some(prior)).await?;
        assert!(!planned.replaces(), "it would be replaced: {planned:?}");
        let request = UpdateRequest {
            type_name: type_name.to_owned(),
            address: address.clone(),
            operation: self.next_operation(),
            prior: prior.clone(),
            prior_config: None,
            config: ValueBuf::from(config),
            planned: planned.response.planned.clone(),
            private: planned.response.private,
            resume: None,
            timeout_ms: 60_000,
        };
        let applied = self.connection.update(request.clone(), &self.sink).await?;
        let sources = [request.config.view(), request.planned.view()];
        let values = secrecy::marked(schema.attributes, &sources, applied.object.values);
        let subject = self.subject(type_name, &address);
        assert_kept(&check::applied(&subject, schema, request.planned.view(), values.view()));
        Ok(StoredObject { values, ..applied.object })
    }

    /// Reads an object, checked.
    ///
    /// # Errors
    /// What `read_many` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn read(&self, type_name: &str, object: &StoredObject) -> Result<ReadOutcome, ProviderError> {
        let schema = self.resource(type_name)?;
        let objects = vec![object.clone()];
        let request = ReadManyRequest { type_name: type_name.to_owned(), objects: objects.clone() };
        let mut outcomes = self.connection.read_many(request).await?;
        let address = Address::resource("read");
        let subject = self.subject(type_name, &address);
        assert_kept(&check::read_count(&subject, &objects, &outcomes));
        for outcome in &mut outcomes {
            assert_kept(&check::read(&subject, schema, object.values.view(), outcome));
            if let ReadOutcome::Present(read) = outcome {
                let values = std::mem::take(&mut read.values);
                read.values = secrecy::marked(schema.attributes, &[object.values.view()], values);
            }
        }
        outcomes.pop().ok_or_else(|| ProviderError::new(ErrorClass::Other, "no answer"))
    }

    /// Reads the object and plans it again: nothing may be left to do.
    ///
    /// # Errors
    /// What `read_many` or `plan` answers.
    ///
    /// # Panics
    /// When it is gone, or when the plan is not clean.
    pub async fn assert_settled(
        &self,
        type_name: &str,
        name: &str,
        config: &Value,
        object: &StoredObject,
    ) -> Result<(), ProviderError> {
        let read = if self.connection.reads(type_name) {
            self.read(type_name, object).await?
        } else {
            ReadOutcome::Present(object.clone())
        };
        assert!(matches!(read, ReadOutcome::Present(_)), "{read:?}");
        if let ReadOutcome::Present(read) = read {
            assert_eq!(read.values, object.values, "it reads back as it was answered");
            let planned = self.plan(type_name, &Address::resource(name), config, Some(&read)).await?;
            assert!(planned.is_clean(), "{planned:?}");
        }
        Ok(())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// What `delete` answers.
    pub async fn delete(&self, type_name: &str, object: &StoredObject, config: &Value) -> Result<(), ProviderError> {
        let request = DeleteRequest {
            type_name: type_name.to_owned(),
            address: Address::resource("deleted"),
            operation: self.next_operation(),
            object: object.clone(),
            config: Some(ValueBuf::from(config)),
            resume: None,
            timeout_ms: 60_000,
        };
        self.connection.delete(request, &self.sink).await
    }

    /// Looks for what a create made.
    ///
    /// # Errors
    /// What `find` answers.
    pub async fn find(&self, create: &CreateRequest) -> Result<Found, ProviderError> {
        let request = FindRequest {
            type_name: create.type_name.clone(),
            address: create.address.clone(),
            operation: create.operation.clone(),
            config: create.config.clone(),
            planned: create.planned.clone(),
            checkpoint: None,
        };
        self.connection.find(request).await
    }

    /// Imports an object, checked.
    ///
    /// # Errors
    /// What `import` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn import(&self, type_name: &str, id: &str, config: &Value) -> Result<StoredObject, ProviderError> {
        let schema = self.resource(type_name)?;
        let request =
            ImportRequest { type_name: type_name.to_owned(), id: id.to_owned(), config: Some(ValueBuf::from(config)) };
        let object = self.connection.import(request).await?;
        let values = secrecy::marked(schema.attributes, &[], object.values);
        assert_kept(&check::observed(&self.subject(type_name, &Address::resource("import")), schema, values.view()));
        Ok(StoredObject { values, ..object })
    }

    /// Lists objects.
    ///
    /// # Errors
    /// What `list` answers.
    pub async fn list(&self, type_name: &str) -> Result<Vec<Listed>, ProviderError> {
        self.connection.list(ListRequest { type_name: type_name.to_owned() }).await
    }

    /// Reads a data source, checked.
    ///
    /// # Errors
    /// What `read_data` answers.
    ///
    /// # Panics
    /// When the answer breaks the contract.
    pub async fn data(&self, type_name: &str, config: &Value) -> Result<Value, ProviderError> {
        let missing = || ProviderError::unsupported(format!("no data source {type_name}"));
        let schema = self.schema().data_source(type_name).ok_or_else(missing)?;
        let config = ValueBuf::from(config);
        let request = ReadDataRequest { type_name: type_name.to_owned(), config: config.clone() };
        let values = self.connection.read_data(request).await?;
        let values = secrecy::marked(schema.attributes, &[config.view()], values);
        let address = Address::resource("data");
        assert_kept(&check::answered(&self.subject(type_name, &address), schema, config.view(), values.view()));
        Ok(values.to_value())
    }
}

/// The attributes of an object.
#[must_use]
pub fn attributes(object: &StoredObject) -> Map {
    object.values.to_value().as_map().cloned().unwrap_or_default()
}

/// The text of an attribute, secret or not; empty where it is absent.
#[must_use]
pub fn text(object: &StoredObject, attribute: &str) -> String {
    attributes(object).get(attribute).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Checks that the page at `path` says what the schema says; with `FORMWORK_BLESS=1` it is written anew.
///
/// # Panics
/// When they differ, or when the page cannot be read.
#[track_caller]
pub fn assert_page(path: impl AsRef<std::path::Path>, schema: &ProviderSchema) {
    let path = path.as_ref();
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let wanted = crate::reference::page(&before, schema);
    if std::env::var_os("FORMWORK_BLESS").is_some() && wanted != before {
        assert!(std::fs::write(path, &wanted).is_ok(), "{} cannot be written", path.display());
        return;
    }
    assert!(wanted == before, "{} is not what the schema says: run the test with FORMWORK_BLESS=1", path.display());
}
