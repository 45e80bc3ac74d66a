//! A configured connection: which cloud, with which latency and faults, and what every call goes through.

use crate::abort;
use crate::calls::{change, data, find, lease, read};
use crate::cloud::{Fault, FaultKind, LogEntry, MockCloud, Store};
use crate::{lie, plan};
use async_trait::async_trait;
use formwork_model::{Milliseconds, Redacted, ValueBuf};
use formwork_provider_api::{
    AccountIdentity, Applied, ConfigureRequest, Connection, CreateRequest, DeleteRequest, Environment, ErrorClass,
    FindRequest, Found, ImportRequest, Limits, ListRequest, Listed, OpenRequest, Opened, OperationSink, PlanRequest,
    PlanResponse, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
};
use serde::Deserialize;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Stands in for the attribute `directory`.
pub(crate) const DIRECTORY_VARIABLE: &str = "FORMWORK_MOCK_DIRECTORY";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    directory: Option<String>,
    memory: Option<String>,
    account: Option<String>,
    pub(crate) endpoint: Option<String>,
    token: Option<Redacted<String>>,
    latency: Milliseconds,
    answer_latency: Milliseconds,
    concurrent_changes: Option<u32>,
    #[serde(deserialize_with = "or_empty")]
    faults: Vec<Fault>,
}

fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Fault>, D::Error> {
    Option::<Vec<Fault>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A connection to a [`MockCloud`].
#[derive(Debug)]
pub struct MockConnection {
    pub(crate) cloud: MockCloud,
    pub(crate) configuration: Configuration,
    /// The configuration's, or what has taken its place.
    token: RwLock<Option<Redacted<String>>>,
}

/// One request, as log and faults see it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Call<'a> {
    pub(crate) word: &'static str,
    pub(crate) type_name: &'a str,
    pub(crate) name: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) count: usize,
}

/// What the cloud made of a request: refused by the cloud, or by the disk under it.
pub(crate) type Answer<T> = std::io::Result<Result<T, ProviderError>>;

impl MockConnection {
    pub(crate) async fn open(request: &ConfigureRequest) -> Result<Self, ProviderError> {
        let configuration: Configuration = request.configuration.view().decode()?;
        let at = |directory: &str| at_home(directory, &request.environment);
        let cloud = match (&configuration.directory, &configuration.memory) {
            (Some(directory), _) => MockCloud::directory(at(directory)).map_err(disk)?,
            (None, Some(name)) => MockCloud::named(&at(name)),
            (None, None) => MockCloud::directory(at(&directory_of_environment()?)).map_err(disk)?,
        };
        let token = RwLock::new(configuration.token.clone());
        let connection = Self { cloud, configuration, token };
        let call = Call { word: "configure", ..Call::default() };
        let fault = connection.arrive(&call, None).await?;
        connection.leave(&call, fault.as_ref(), None).await?;
        Ok(connection)
    }

    /// A request on its way to the cloud: waits as scripted, and fails as scripted before anything is done. Gives the
    /// fault that strikes later.
    pub(crate) async fn arrive(
        &self,
        call: &Call<'_>,
        sink: Option<&dyn OperationSink>,
    ) -> Result<Option<Fault>, ProviderError> {
        abort_here(call, abort::Window::BeforeSend);
        let hits = self.hits(call)?;
        let delay: u64 = hits.iter().map(|fault| fault.delay_ms).sum();
        wait(sink, milliseconds(self.configuration.latency) + delay).await?;
        let answer_delay_ms = hits.iter().map(|fault| fault.answer_delay_ms).sum();
        let mut fault = hits.iter().find(|fault| fault.class.is_some()).or(hits.first()).cloned();
        if let Some(fault) = &mut fault {
            fault.answer_delay_ms = answer_delay_ms;
        }
        if let Some(kind) = fault.as_ref().and_then(|fault| fault.class) {
            self.refuse(call, fault.as_ref(), kind)?;
        }
        if let Some(token) = self.token().filter(|token| lease::is_token(&token.0)) {
            self.act(|store| lease::check(store, &token.0))?;
        }
        Ok(fault)
    }

    /// What the connection shows now.
    pub(crate) fn token(&self) -> Option<Redacted<String>> {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse(&self, call: &Call<'_>, fault: Option<&Fault>, kind: FaultKind) -> Result<(), ProviderError> {
        let word = serde_json::to_value(kind).ok().and_then(|word| word.as_str().map(str::to_owned));
        let word = word.unwrap_or_default();
        if kind == FaultKind::Panic {
            self.log(call, "", &word)?;
            let message = fault.and_then(|fault| fault.message.as_deref()).unwrap_or("scripted panic");
            // What a bug in a provider would do.
            std::panic::panic_any(message.to_owned());
        }
        match (kind.refusal(), fault) {
            (Some(class), Some(fault)) if !fault.first_row => {
                self.log(call, "", &word)?;
                Err(fault.error(class))
            }
            _ => Ok(()),
        }
    }

    /// The answer on its way back: waits, and gets lost, as scripted.
    pub(crate) async fn leave(
        &self,
        call: &Call<'_>,
        fault: Option<&Fault>,
        sink: Option<&dyn OperationSink>,
    ) -> Result<(), ProviderError> {
        let delay = fault.map_or(0, |fault| fault.answer_delay_ms);
        wait(sink, milliseconds(self.configuration.answer_latency) + delay).await?;
        match fault {
            Some(fault) if fault.class == Some(FaultKind::AnswerLostAfter) => {
                self.log(call, "", "answer_lost_after")?;
                Err(fault.error(ErrorClass::AnswerLost))
            }
            _ => Ok(()),
        }
    }

    fn hits(&self, call: &Call<'_>) -> Result<Vec<Fault>, ProviderError> {
        let hits = |store: &mut dyn Store| {
            let mut faults = store.faults()?;
            faults.extend(self.configuration.faults.iter().cloned());
            let mut hits = Vec::new();
            for fault in faults {
                if fault.matches(call.word, call.type_name, call.name) && fault.hits(store.count_match(&fault)?) {
                    hits.push(fault);
                }
            }
            Ok(hits)
        };
        self.cloud.locked(hits).map_err(disk)
    }

    /// Lets the cloud act, and logs that it did.
    pub(crate) fn act<T>(&self, work: impl FnOnce(&mut dyn Store) -> Answer<T>) -> Result<T, ProviderError> {
        self.cloud.locked(work).map_err(disk)?
    }

    pub(crate) fn log(&self, call: &Call<'_>, id: &str, outcome: &str) -> Result<(), ProviderError> {
        self.cloud.locked(|store| store.record(entry(call, id, outcome))).map_err(disk)
    }

    /// The cluster that this connection reaches into; none for the cloud itself.
    pub(crate) fn cluster_id(&self) -> Result<&str, ProviderError> {
        let endpoint = self.configuration.endpoint.as_deref().ok_or_else(|| {
            ProviderError::invalid("`mock.object` needs a provider that is configured with a cluster's endpoint")
                .help("add `provider mock { endpoint = cluster.endpoint, token = cluster.token }`")
        })?;
        Ok(endpoint.strip_prefix("mock://").unwrap_or(endpoint))
    }
}

/// A line of the log.
pub(crate) fn entry(call: &Call<'_>, id: &str, outcome: &str) -> LogEntry {
    LogEntry {
        at_us: u64::try_from(since_epoch().as_micros()).unwrap_or(u64::MAX),
        process: std::process::id(),
        call: call.word.to_owned(),
        type_name: call.type_name.to_owned(),
        name: call.name.to_owned(),
        id: id.to_owned(),
        operation: call.operation.to_owned(),
        count: call.count,
        outcome: outcome.to_owned(),
    }
}

pub(crate) fn now_ms() -> u64 {
    u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX)
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn milliseconds(duration: Milliseconds) -> u64 {
    u64::try_from(duration.0).unwrap_or(0)
}

async fn wait(sink: Option<&dyn OperationSink>, milliseconds: u64) -> Result<(), ProviderError> {
    let duration = Duration::from_millis(milliseconds);
    match sink {
        _ if milliseconds == 0 => Ok(()),
        Some(sink) => Ok(sink.sleep(duration).await?),
        None => {
            tokio::time::sleep(duration).await;
            Ok(())
        }
    }
}

/// A sandbox has a mock cloud of its own, beside the one that counts as real.
fn at_home(directory: &str, environment: &Environment) -> String {
    if !environment.sandbox {
        return directory.to_owned();
    }
    let url = environment.sandbox_endpoint.as_ref().map(|endpoint| endpoint.url.as_str()).unwrap_or_default();
    format!("{directory}-sandbox/{}", url.rsplit_once(':').map_or("local", |(_, port)| port))
}

fn directory_of_environment() -> Result<String, ProviderError> {
    std::env::var(DIRECTORY_VARIABLE).map_err(|_| {
        ProviderError::invalid("neither `directory` nor `memory` says where the mock cloud is")
            .help(format!("add `directory = \"/tmp/cloud\"` to the provider block, or set {DIRECTORY_VARIABLE}"))
    })
}

pub(crate) fn disk(error: std::io::Error) -> ProviderError {
    ProviderError::new(ErrorClass::Other, format!("the mock cloud's disk: {error}"))
}

#[async_trait]
impl Connection for MockConnection {
    fn account(&self) -> AccountIdentity {
        let account = self.configuration.account.clone().unwrap_or_else(|| "mock".to_owned());
        let endpoint = self.configuration.endpoint.clone().map(|endpoint| ("endpoint".to_owned(), endpoint));
        AccountIdentity(std::iter::once(("account".to_owned(), account)).chain(endpoint).collect())
    }

    fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            concurrent_changes: self.configuration.concurrent_changes.unwrap_or(default.concurrent_changes),
            ..default
        }
    }

    fn plans(&self, type_name: &str) -> bool {
        plan::plans(type_name)
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let name = name_in(&request.proposed);
        let call = Call { word: "plan", type_name: &request.type_name, name: &name, count: 1, ..Call::default() };
        let fault = self.arrive(&call, None).await?;
        let mut response = plan::plan(&request)?;
        if fault.is_some_and(|fault| fault.class == Some(FaultKind::WrongAnswer)) {
            let object = StoredObject { values: response.planned, private: Vec::new() };
            response.planned = lie::contradicting(object).values;
        }
        Ok(response)
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        read::read_many(self, &request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        change::create(self, &request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        change::update(self, &request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        crate::calls::delete::delete(self, &request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        find::find(self, &request).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        read::import(self, &request).await
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        read::list(self, &request).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        data::read(self, &request).await
    }

    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        lease::open(self, &request).await
    }

    async fn reconfigure(&self, request: ConfigureRequest) -> Result<(), ProviderError> {
        let configuration: Configuration = request.configuration.view().decode()?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = configuration.token;
        Ok(())
    }

    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        lease::renew(self, opened).await
    }

    async fn close(&self, opened: Opened) -> Result<(), ProviderError> {
        lease::close(self, &opened).await
    }
}

/// The name in a map of attributes, for log and faults.
pub(crate) fn name_in(values: &ValueBuf) -> String {
    values.view().get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}

/// Aborts here if the environment says so.
pub(crate) fn abort_here(call: &Call<'_>, window: abort::Window) {
    abort::here(call.word, call.name, window);
}
