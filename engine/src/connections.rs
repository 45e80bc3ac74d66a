//! Configured providers: each instance is configured once, when it is first needed and can be.

use crate::call::{Limiter, Repeatable, Retry, RetryPolicy, wait_to_retry, with_retries};
use crate::guard;
use crate::ports::{InterruptionReceiver, Providers};
use formwork_model::{Address, ValueBuf};
use formwork_provider_api::{ConfigureRequest, Connection, Environment, ErrorClass, Provider, ProviderError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// An open connection with the limits that are kept for it.
#[derive(Clone)]
pub struct Connected {
    /// The connection.
    pub connection: Arc<dyn Connection>,
    /// Its provider, for what needs no connection.
    pub provider: Arc<dyn Provider>,
    /// Shared by all connections to the same account.
    pub limiter: Arc<Limiter>,
    /// How the run is asked to end.
    interruption: Option<InterruptionReceiver>,
}

impl Connected {
    /// Makes a call that changes nothing, within the limits of the account: again where that may help, but not once the
    /// run was interrupted.
    ///
    /// # Errors
    /// The last error.
    pub(crate) async fn ask<T>(
        &self,
        mut call: impl AsyncFnMut(&dyn Connection) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let wait = async |retry: Retry<'_>| wait_unless_interrupted(self.interruption.as_ref(), retry).await;
        with_retries(RetryPolicy::reading(), Repeatable::Always, wait, async || {
            self.limiter.call().await;
            guard::catch(call(self.connection.as_ref())).await
        })
        .await
    }
}

/// Waits for another attempt, which would be something new: an interruption ends it with the error that there was.
async fn wait_unless_interrupted(
    interruption: Option<&InterruptionReceiver>,
    retry: Retry<'_>,
) -> Result<(), ProviderError> {
    match interruption {
        Some(interruption) => wait_to_retry(interruption, retry.delay).await.map_err(|_| retry.error.clone()),
        None => {
            tokio::time::sleep(retry.delay).await;
            Ok(())
        }
    }
}

/// An instance with its configuration.
type InstanceKey = (Address, ValueBuf);

/// All connections of a run. The same instance with another configuration (the recorded one of a cluster that is being
/// replaced) is another connection.
pub struct Connections {
    providers: Arc<dyn Providers>,
    environment: Environment,
    cells: Mutex<HashMap<InstanceKey, Arc<OnceCell<Connected>>>>,
    limiters: Mutex<HashMap<String, Arc<Limiter>>>,
    interruption: Option<InterruptionReceiver>,
}

impl Connections {
    /// No connections yet.
    #[must_use]
    pub fn new(providers: Arc<dyn Providers>, environment: Environment) -> Self {
        Self { providers, environment, cells: Mutex::default(), limiters: Mutex::default(), interruption: None }
    }

    /// The same, for a run that can be asked to end: then no call is made again.
    #[must_use]
    pub fn interrupted_by(self, interruption: InterruptionReceiver) -> Self {
        Self { interruption: Some(interruption), ..self }
    }

    /// What the run allows.
    #[must_use]
    pub const fn environment(&self) -> &Environment {
        &self.environment
    }

    /// All providers.
    #[must_use]
    pub fn providers(&self) -> &dyn Providers {
        self.providers.as_ref()
    }

    /// The provider called `name`.
    ///
    /// # Errors
    /// When this program is built without it.
    pub fn provider(&self, name: &str) -> Result<Arc<dyn Provider>, ProviderError> {
        self.providers.provider(name).ok_or_else(|| {
            ProviderError::unsupported(format!("this build of Formwork has no provider `{name}`"))
                .help("use a build with this provider, or remove its objects with `formwork state rm`")
        })
    }

    /// The connection of an instance. A failed attempt is not remembered: the next caller tries again.
    ///
    /// # Errors
    /// When the provider is unknown, its configuration is not known yet or wrong, or its endpoint does not answer.
    pub async fn get(
        &self,
        instance: &Address,
        name: &str,
        configuration: &ValueBuf,
    ) -> Result<Connected, ProviderError> {
        let provider = self.provider(name)?;
        if !configuration.view().is_known() {
            let message = format!("`{instance}` cannot be configured yet: its configuration is not known");
            return Err(ProviderError::new(ErrorClass::Unreachable, message));
        }
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry((instance.clone(), configuration.clone())).or_default())
        };
        cell.get_or_try_init(|| self.connect(provider, name, configuration)).await.cloned()
    }

    /// The connection of an instance, for those who plan: tried again where that may help, but not once the run was
    /// interrupted.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(crate) async fn reach(
        &self,
        instance: &Address,
        name: &str,
        configuration: &ValueBuf,
    ) -> Result<Connected, ProviderError> {
        let wait = async |retry: Retry<'_>| wait_unless_interrupted(self.interruption.as_ref(), retry).await;
        with_retries(RetryPolicy::reading(), Repeatable::Always, wait, async || {
            guard::catch(self.get(instance, name, configuration)).await
        })
        .await
    }

    /// A configuration was renewed: calls under way go on with it where the provider can do that. Where it cannot, the
    /// next caller gets a connection of its own.
    pub(crate) async fn reconfigure(&self, instance: &Address, before: &ValueBuf, after: &ValueBuf) {
        let cell = {
            let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            cells.get(&(instance.clone(), before.clone())).cloned()
        };
        let Some(cell) = cell else { return };
        let Some(connected) = cell.get() else { return };
        let request = ConfigureRequest { configuration: after.clone(), environment: self.environment.clone() };
        match guard::catch(connected.connection.reconfigure(request)).await {
            Ok(()) => {
                let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
                cells.insert((instance.clone(), after.clone()), cell);
            }
            Err(error) => tracing::debug!(%instance, %error, "a connection keeps what it was configured with"),
        }
    }

    async fn connect(
        &self,
        provider: Arc<dyn Provider>,
        name: &str,
        configuration: &ValueBuf,
    ) -> Result<Connected, ProviderError> {
        let request = ConfigureRequest { configuration: configuration.clone(), environment: self.environment.clone() };
        let connection = guard::catch(provider.configure(request)).await?;
        let account = format!("{name} {:?}", connection.account());
        let limiter = {
            let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(limiters.entry(account).or_insert_with(|| Arc::new(Limiter::new(connection.limits()))))
        };
        Ok(Connected { connection, provider, limiter, interruption: self.interruption.clone() })
    }
}
