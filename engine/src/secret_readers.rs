//! What `secret_from` reads through providers: before anything is planned, with the configuration of the stack's own block.

use crate::call::{Repeatable, RetryPolicy, patiently, with_retries};
use crate::guard;
use crate::ports::Providers;
use formwork_lang::graph::{NodeKind, ResourceGraph};
use formwork_model::{Address, InputSource, Redacted, ValueBuf};
use formwork_provider_api::{ConfigureRequest, Environment, ProviderError, ReadSecretRequest, SecretReader};
use formwork_state::record::State;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Configurations of providers that read secrets, by provider: those of the unnamed blocks of the stack. They may hold
/// unknowns, inputs above all, which are asked for when a secret is read.
pub type Configurations = BTreeMap<String, ValueBuf>;

/// Configurations as the stack says them.
#[must_use]
pub fn of_graph(graph: &ResourceGraph, providers: &dyn Providers) -> Configurations {
    let of_node = |node: &formwork_lang::graph::Node| match &node.kind {
        NodeKind::Provider(instance) if is_unnamed(&node.address, &instance.provider) => {
            Some((instance.provider.to_string(), graph.value(instance.config).to_buf()))
        }
        _ => None,
    };
    graph.nodes.iter().filter_map(of_node).filter(|(name, _)| reads(providers, name)).collect()
}

/// Configurations of the last apply, for commands that do not look at the stack.
#[must_use]
pub fn of_state(state: &State, providers: &dyn Providers) -> Configurations {
    let recorded = state.providers.iter().filter(|(address, _)| is_unnamed(address, &address.name));
    let named = recorded.map(|(address, configuration)| (address.name.to_string(), configuration.clone()));
    named.filter(|(name, _)| reads(providers, name)).collect()
}

fn is_unnamed(address: &Address, provider: &str) -> bool {
    *address == Address::provider(provider, None)
}

fn reads(providers: &dyn Providers, name: &str) -> bool {
    providers.provider(name).is_some_and(|provider| !provider.schema().secrets.is_empty())
}

/// A provider whose secrets are needed to read its secrets, directly or through others; `provider_of` tells who reads an
/// input. Each such question would wait for its own answer.
#[must_use]
pub fn is_circle(
    provider: &str,
    configurations: &Configurations,
    provider_of: &dyn Fn(&InputSource) -> Option<&'static str>,
) -> bool {
    let needs = |name: &str| {
        let mut needed = Vec::new();
        if let Some(configuration) = configurations.get(name) {
            configuration.view().to_value().each_input(&mut |source| needed.extend(provider_of(source)));
        }
        needed
    };
    let mut open = needs(provider);
    let mut seen = Vec::new();
    while let Some(next) = open.pop() {
        if next == provider {
            return true;
        }
        if !seen.contains(&next) {
            seen.push(next);
            open.extend(needs(next));
        }
    }
    false
}

/// A reader, once somebody has needed it.
type Cell = Arc<OnceCell<Arc<dyn SecretReader>>>;

/// Readers of a run: each is opened once, when it is first needed.
pub struct SecretReaders {
    providers: Arc<dyn Providers>,
    environment: Environment,
    cells: Mutex<HashMap<String, Cell>>,
}

impl SecretReaders {
    /// No readers yet.
    #[must_use]
    pub fn new(providers: Arc<dyn Providers>, environment: Environment) -> Self {
        Self { providers, environment, cells: Mutex::default() }
    }

    /// Reads a secret: again where that may help. The configuration of a provider is the same in all calls of a run.
    ///
    /// # Errors
    /// The last error of the provider, or that this build does not have it.
    pub async fn read(
        &self,
        provider: &str,
        configuration: &ValueBuf,
        request: &ReadSecretRequest,
    ) -> Result<Redacted<String>, ProviderError> {
        with_retries(RetryPolicy::reading(), Repeatable::Always, patiently, async || {
            let reader = self.reader(provider, configuration).await?;
            guard::catch(reader.read_secret(request.clone())).await
        })
        .await
    }

    async fn reader(&self, name: &str, configuration: &ValueBuf) -> Result<Arc<dyn SecretReader>, ProviderError> {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(name.to_owned()).or_default())
        };
        let open = async || {
            let missing = || ProviderError::unsupported(format!("this build of Formwork has no provider `{name}`"));
            let provider = self.providers.provider(name).ok_or_else(missing)?;
            let request =
                ConfigureRequest { configuration: configuration.clone(), environment: self.environment.clone() };
            guard::catch(provider.secret_reader(request)).await
        };
        cell.get_or_try_init(open).await.cloned()
    }
}
