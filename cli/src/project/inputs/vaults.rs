//! Secrets that providers read, with the configuration of the stack's own provider blocks.

use super::Once;
use crate::project::Stack;
use crate::project::stack::BuiltIn;
use crate::registry::Registry;
use formwork_engine::ports::{GraphSource, InputResolver, Providers};
use formwork_engine::secret_readers::{self, Configurations, SecretReaders};
use formwork_engine::secrets::SecretRegistry;
use formwork_lang::graph::NothingKnown;
use formwork_lang::residual;
use formwork_lang::secret_source::{self, SecretSource};
use formwork_model::{InputProblem, InputSource, Redacted, ValueBuf};
use formwork_provider_api::{Environment, ProviderError, ReadSecretRequest};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};

/// Where the configurations of the providers that read come from.
pub(crate) enum Configured {
    /// The blocks of the stack: evaluated when the first secret is read.
    ByStack(Arc<Stack>),
    /// What a plan or a state recorded.
    As(Configurations),
}

/// Reads each secret once, however many parts of it are wanted.
pub(crate) struct Vaults {
    configured: Configured,
    of_stack: OnceLock<Configurations>,
    readers: SecretReaders,
    secrets: Arc<SecretRegistry>,
    wholes: Once<ReadSecretRequest, Redacted<String>>,
    background: Background,
}

impl Vaults {
    /// Nothing is read yet.
    pub(crate) fn new(configured: Configured, environment: Environment, secrets: Arc<SecretRegistry>) -> Self {
        Self {
            configured,
            of_stack: OnceLock::new(),
            readers: SecretReaders::new(Arc::new(Registry), environment),
            secrets,
            wholes: Once::default(),
            background: Background::default(),
        }
    }

    /// The whole secret of a source. `inputs` gives what the provider's configuration asks for.
    pub(super) fn read(
        &self,
        provider: &'static str,
        source: &SecretSource<'_>,
        inputs: &dyn InputResolver,
    ) -> Result<Redacted<String>, InputProblem> {
        let request = ReadSecretRequest {
            scheme: source.scheme.name.to_owned(),
            name: source.name.to_owned(),
            as_json: source.key.is_some(),
        };
        // Before anybody waits for anybody: an answer that needs itself would never come.
        if secret_readers::is_circle(provider, self.configurations(), &provider_of) {
            let reason = format!("`provider {provider}` would have to be configured by what it reads");
            let help =
                format!("give the `provider {provider}` block its credentials by `env:`, `file:` or its environment");
            return Err(InputProblem::from(reason).help(help));
        }
        self.wholes.get(&request, || {
            let configuration = self.configuration(provider, inputs)?;
            let answer = self.background.wait(|| self.readers.read(provider, &configuration, &request));
            answer?.map_err(|error| self.problem(provider, error))
        })
    }

    fn configurations(&self) -> &Configurations {
        match &self.configured {
            Configured::As(configurations) => configurations,
            // A stack that cannot be evaluated is told of by whoever plans it.
            Configured::ByStack(stack) => self.of_stack.get_or_init(|| {
                let graph = stack.graph(&NothingKnown);
                graph.map(|graph| secret_readers::of_graph(&graph, &Registry)).unwrap_or_default()
            }),
        }
    }

    /// The block's configuration with its inputs put in; what waits for an object stays unknown.
    fn configuration(&self, provider: &str, inputs: &dyn InputResolver) -> Result<ValueBuf, InputProblem> {
        let Some(given) = self.configurations().get(provider) else { return Ok(ValueBuf::empty_map()) };
        let resolved = residual::resolve_view(given.view(), &|_, _| None, &|source| Some(inputs.resolve(source)));
        resolved.map_err(|diagnostic| {
            let problem = InputProblem::from(format!("`provider {provider}`, which reads it: {}", diagnostic.message));
            InputProblem { help: diagnostic.help, ..problem }
        })
    }

    /// A provider's error, without secrets, and whose configuration it comes from.
    fn problem(&self, provider: &str, error: ProviderError) -> InputProblem {
        let error = self.secrets.scrub_error(error);
        let is_configurable = Registry.provider(provider).is_some_and(|one| !one.schema().configuration.is_empty());
        let reason = match self.configurations().contains_key(provider) {
            _ if !is_configurable => error.message,
            true => format!("{} (asked with `provider {provider}` of the stack)", error.message),
            false => {
                format!("{} (asked as the environment says: the stack has no `provider {provider}`)", error.message)
            }
        };
        InputProblem { reason, help: error.help }
    }
}

/// Which provider reads an input.
fn provider_of(source: &InputSource) -> Option<&'static str> {
    match source {
        InputSource::EnvironmentVariable(_) => None,
        InputSource::Secret(text) => secret_source::parse(text, &BuiltIn).ok()?.provider,
    }
}

/// Waits for calls on a runtime of its own: whoever resolves a value cannot wait asynchronously, and what it blocks must
/// not be what the call needs to go on.
#[derive(Default)]
struct Background(OnceLock<Result<Runtime, String>>);

impl Background {
    fn wait<T, F>(&self, work: impl FnOnce() -> F + Send) -> Result<T, InputProblem>
    where
        T: Send,
        F: Future<Output = T>,
    {
        let build = || tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = self.0.get_or_init(|| build().map_err(|error| error.to_string()));
        let runtime =
            runtime.as_ref().map_err(|error| format!("cannot start what calls of providers need: {error}"))?;
        let wait = || std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work())).join());
        let of_many = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
        let waited = if of_many { tokio::task::block_in_place(wait) } else { wait() };
        waited.map_err(|_| InputProblem::from("reading it broke down; please report this"))
    }
}

impl Drop for Background {
    /// A runtime may not be waited for where others run.
    fn drop(&mut self) {
        if let Some(Ok(runtime)) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
