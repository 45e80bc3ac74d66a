//! Azure Resource Manager, as recorded traffic shows it: one generic store of resources, driven by profiles of types.
//!
//! Nothing here knows a client. What a type's service answers, adds, checks and refuses stands in the tables of
//! `profiles/`; what no table can say (roles, vaults that come back, AKS) stands in a module of its own. States and
//! operations follow from what is kept and the clock, never from timers, so they survive a restart.
//!
//! A request is validated, then what it changes is kept, then it is answered: whoever holds an answer back after
//! [`Arm::handle`] has returned has cut the connection after the write was done.

mod actions;
mod address;
mod catalog;
mod cluster;
mod dress;
mod endpoint;
mod face;
mod failure;
mod group;
mod hook;
mod id;
mod list;
mod lock;
mod name;
mod operation;
mod path;
mod peering;
mod profile;
mod range;
mod read;
mod record;
mod reference;
mod remove;
mod role;
mod rule;
mod scope;
mod shape;
mod stand_in;
mod validate;
mod vault;
mod verb;
mod wire;
mod write;

use crate::clock::Clock;
use crate::exchange::{Request, Response};
use crate::store::Store;
use dress::{Part, View};
pub use face::{Cluster, Credentials, Event, Fate, Pool};
use failure::Failure;
use id::{Address, Id};
use profile::Profiles;
pub use record::Problem;
use record::Record;
use serde_json::{Value as Json, json};
pub use stand_in::Known as StandIn;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// The table of resources in the store.
const RESOURCES: &str = "arm.resources";
/// The table of operations.
const OPERATIONS: &str = "arm.operations";
/// The table of what is due at a time.
const DUE: &str = "arm.due";
/// The table of principals in the directory, by object id.
const PRINCIPALS: &str = "arm.principals";
/// The table of soft-deleted vaults.
const DELETED_VAULTS: &str = "arm.deleted-vaults";

type Listener = Box<dyn Fn(&Event) + Send + Sync>;

/// What is kept, as it is needed with each request.
#[derive(Debug, Default)]
struct Known {
    read: bool,
    /// By id in lower case.
    records: BTreeMap<String, Arc<Record>>,
    /// Who refers to whom.
    back: Arc<reference::Back>,
    /// The keys of locks.
    locks: BTreeSet<String>,
}

impl Known {
    fn add(&mut self, record: &Record, profiles: &Profiles) {
        let key = record.id.to_lowercase();
        Arc::make_mut(&mut self.back).add(record, profiles);
        if lock::is_lock(&key) {
            self.locks.insert(key.clone());
        }
        self.records.insert(key, Arc::new(record.clone()));
    }

    fn remove(&mut self, key: &str, profiles: &Profiles) {
        self.locks.remove(key);
        if let Some(record) = self.records.remove(key) {
            Arc::make_mut(&mut self.back).remove(&record, profiles);
        }
    }
}

/// The service.
pub struct Arm {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    profiles: &'static Profiles,
    gate: Mutex<()>,
    known: Mutex<Known>,
    listeners: RwLock<Vec<Listener>>,
    credentials: RwLock<Option<Arc<dyn Credentials>>>,
    tenant: String,
    page: usize,
    relaxed: bool,
}

impl std::fmt::Debug for Arm {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Arm").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// A request with what every handler needs of it.
struct Call<'a> {
    request: &'a Request,
    base: String,
    version: String,
    fate: &'a Fate,
}

impl Call<'_> {
    fn caller(&self) -> String {
        self.request.header("x-sandbox-caller").unwrap_or("user@sandbox.example").to_owned()
    }
}

/// A resource that was found: a record of its own, or a part of one.
struct Found {
    record: Record,
    kind: String,
    part: Option<Part>,
}

impl Found {
    /// The body as it is kept.
    fn body(&self) -> Json {
        self.part
            .as_ref()
            .map_or_else(|| Some(self.record.body.clone()), |part| part.take(&self.record.body))
            .unwrap_or_default()
    }

    /// Under which key the record keeps its work.
    fn work_key(&self) -> String {
        self.part.as_ref().map(Part::key).unwrap_or_default()
    }
}

impl Arm {
    /// The tenant of every sandbox.
    pub const TENANT: &'static str = crate::TENANT;

    /// A service over a store and a clock.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            profiles: Profiles::shared(),
            gate: Mutex::default(),
            known: Mutex::default(),
            listeners: RwLock::default(),
            credentials: RwLock::default(),
            tenant: Self::TENANT.to_owned(),
            page: 200,
            relaxed: false,
        }
    }

    /// The same service with pages of another length.
    #[must_use]
    pub const fn with_page(mut self, page: usize) -> Self {
        self.page = page;
        self
    }

    /// The same service that takes a resource before what it refers to and before its group and parent are there: for a
    /// copy of what exists elsewhere, made in any order.
    #[must_use]
    pub const fn relaxed(mut self) -> Self {
        self.relaxed = true;
        self
    }

    /// Where kubeconfigs come from.
    pub fn set_credentials(&self, credentials: Arc<dyn Credentials>) {
        *self.credentials.write().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }

    /// Tells somebody of events. It must not call back into the service.
    pub fn listen(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    fn tell(&self, event: &Event) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|listener| listener(event));
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is due by now: deletions that are over, and the events that follow. [`Self::handle`] does it too.
    pub fn settle(&self) {
        let _gate = self.lock();
        self.do_what_is_due();
    }

    /// The managed clusters that there are, for somebody who starts their APIs after a restart.
    #[must_use]
    pub fn clusters(&self) -> Vec<Cluster> {
        let _gate = self.lock();
        self.all_clusters()
    }

    /// Answers a request.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Response {
        self.handle_with(request, &Fate::default())
    }

    /// Answers a request whose work ends as a rehearsal wants it.
    #[must_use]
    pub fn handle_with(&self, request: &Request, fate: &Fate) -> Response {
        let _gate = self.lock();
        self.do_what_is_due();
        let call = Call {
            request,
            base: base(request),
            version: request.parameter("api-version").unwrap_or_default().to_owned(),
            fate,
        };
        let response = self.route(&call).unwrap_or_else(Failure::response);
        let response = if request.method == "HEAD" { Response { body: None, ..response } } else { response };
        self.stamp(response, &request.method)
    }

    fn route(&self, call: &Call<'_>) -> Result<Response, Failure> {
        validate::version(call)?;
        let asked = Some(&call.request.path).filter(|_| call.request.method == "GET");
        if let Some(operation) = asked.and_then(|path| self.operation_of(path)) {
            return Ok(self.poll(call, &operation));
        }
        match Address::parse(&call.request.path) {
            Address::Tenants => Ok(self.tenants()),
            Address::Subscriptions => Ok(self.subscriptions()),
            Address::Subscription(id) => Ok(Response::json(200, self.subscription(&id))),
            Address::OfSubscription(id, kind) => self.of_subscription(call, &id, &kind),
            Address::Groups(id) => self.groups(call, &id),
            Address::Group(id, group) => self.group(call, &id, &group),
            Address::OfGroup(id, group, kind) => self.of_group(call, &id, &group, &kind),
            Address::Providers(id) => Ok(self.providers(&id)),
            Address::Provider(id, namespace, _) => Ok(self.provider(&id, &namespace)),
            Address::Resource(id) => self.resource(call, &self.canonical(&id)),
            Address::Below(id, word) => self.below(call, &self.canonical(&id), &word),
            Address::Unknown => {
                Err(Failure::gateway(404, "InvalidResourceType", "The resource type could not be found."))
            }
        }
    }

    fn resource(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        if let Some(answer) = self.special(call, id) {
            return answer;
        }
        match call.request.method.as_str() {
            "GET" => self.read(call, id),
            "HEAD" => self.read(call, id).map(|_| Response::empty(204)),
            "PUT" => self.put(call, id),
            "PATCH" => self.patch(call, id),
            "DELETE" => self.delete(call, id),
            method => {
                Err(Failure::gateway(405, "MethodNotAllowed", format!("The method {method} is not allowed here.")))
            }
        }
    }

    /// Resources that are answered by a module of their own.
    fn special(&self, call: &Call<'_>, id: &Id) -> Option<Result<Response, Failure>> {
        match id.type_name().to_lowercase().as_str() {
            "microsoft.keyvault/locations/deletedvaults" => Some(self.deleted_vault(call, id, None)),
            "microsoft.keyvault/vaults/accesspolicies" => Some(self.access_policies(call, id)),
            "microsoft.authorization/roledefinitions" => Some(self.role_definition(call, id)),
            "microsoft.containerservice/managedclusters/upgradeprofiles" => Some(self.upgrade_profile(call, id)),
            "microsoft.containerservice/managedclusters/accessprofiles" => Some(self.access_profile(id)),
            "microsoft.resources/tags" => Some(self.tags_of(call, &id.scope)),
            _ => None,
        }
    }

    /// A list, or an action.
    fn below(&self, call: &Call<'_>, id: &Id, word: &str) -> Result<Response, Failure> {
        match call.request.method.as_str() {
            "POST" => self.act(call, id, word),
            "GET" => match self.view_of(call, id, word) {
                Some(answer) => answer,
                None => self.list(call, id, word),
            },
            method => {
                Err(Failure::gateway(405, "MethodNotAllowed", format!("The method {method} is not allowed here.")))
            }
        }
    }

    /// An id with types in the case of their profiles and the scope's words as ARM writes them.
    fn canonical(&self, id: &Id) -> Id {
        let mut kind = id.namespace.clone();
        let mut pairs = Vec::with_capacity(id.pairs.len());
        let mut namespace = id.namespace.clone();
        for (segment, name) in &id.pairs {
            kind = format!("{kind}/{segment}");
            let known = self.profiles.known(&kind).map(|profile| profile.name.clone());
            if let Some((known, _)) = known.as_deref().and_then(|known| known.split_once('/')) {
                known.clone_into(&mut namespace);
            }
            let segment = known.as_deref().and_then(|known| known.rsplit('/').next()).unwrap_or(segment);
            pairs.push((segment.to_owned(), name.clone()));
        }
        let scope = match id.group() {
            Some(group) if !id.is_extension() => format!("/subscriptions/{}/resourceGroups/{group}", id.subscription()),
            _ => id.scope.clone(),
        };
        Id { scope, namespace, pairs }
    }

    /// What is kept, read once: nobody else writes these tables.
    fn known(&self) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.read {
            let read = |document: Json| serde_json::from_value::<Record>(document).ok();
            let all = self.store.scan(RESOURCES, "").into_iter();
            all.filter_map(|(_, document)| read(document)).for_each(|record| known.add(&record, self.profiles));
            known.read = true;
        }
        known
    }

    /// The records under a prefix of ids (in lower case).
    fn records(&self, prefix: &str) -> Vec<Arc<Record>> {
        let known = self.known();
        let from = known.records.range(prefix.to_owned()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).map(|(_, record)| record.clone()).collect()
    }

    fn record(&self, key: &str) -> Option<Record> {
        self.known().records.get(key).map(|record| Record::clone(record))
    }

    /// All references that somebody shows, over all records.
    fn back(&self) -> Arc<reference::Back> {
        self.known().back.clone()
    }

    fn keep(&self, record: &Record) -> Result<(), Failure> {
        let document = serde_json::to_value(record).map_err(|err| unkept(&err.to_string()))?;
        let mut known = self.known();
        self.store.put(RESOURCES, &record.id.to_lowercase(), document).map_err(|err| unkept(&err.0))?;
        known.remove(&record.id.to_lowercase(), self.profiles);
        known.add(record, self.profiles);
        Ok(())
    }

    fn forget(&self, key: &str) {
        self.known().remove(key, self.profiles);
        if let Err(err) = self.store.delete(RESOURCES, key) {
            tracing::warn!(key, error = err.0, "a resource could not be forgotten");
        }
    }

    /// The resource of an id: its own record, or a part of its parent's.
    fn find(&self, id: &Id) -> Option<Found> {
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        let Some(embedded) = &profile.embedded else {
            let record = self.record(&id.key()).or_else(|| self.implied(id, &kind));
            return record.map(|record| Found { record, kind, part: None });
        };
        let part = Part {
            at: embedded.at.clone(),
            flat: embedded.flat,
            kind: id.pairs.last().map(|(kind, _)| kind.clone()).unwrap_or_default(),
            name: id.name().to_owned(),
        };
        let record = self.record(&id.parent()?.key())?;
        part.take(&record.body)?;
        Some(Found { record, kind, part: Some(part) })
    }

    /// The services of a storage account are there from the start, each as `default`.
    fn implied(&self, id: &Id, kind: &str) -> Option<Record> {
        let service = kind.to_lowercase().strip_prefix("microsoft.storage/storageaccounts/")?.to_owned();
        let services = ["blobservices", "fileservices", "queueservices", "tableservices"];
        let is_one = services.contains(&service.as_str()) && id.name().eq_ignore_ascii_case("default");
        let account = self.record(&id.parent().filter(|_| is_one)?.key())?;
        Some(Record { id: id.text(), body: json!({}), work: BTreeMap::new(), ..account })
    }

    /// A look with everything that answers need.
    fn view<'a>(&self, call: &Call<'_>, id: &Id, back: &'a reference::Back, answers_put: bool) -> View<'a> {
        View {
            now: self.clock.now_ms(),
            version: call.version.clone(),
            answers_put,
            listed: false,
            back,
            tenant: self.tenant.clone(),
            caller: call.caller(),
            location: self.location_above(id),
        }
    }

    /// The location of the outermost resource or of the group.
    fn location_above(&self, id: &Id) -> String {
        let of = |key: &str| -> Option<String> {
            self.record(key)?.body.get("location").and_then(Json::as_str).map(str::to_owned)
        };
        let group = id.group().map(|group| id::group_key(id.subscription(), group));
        of(&id.root().key()).or_else(|| group.and_then(|key| of(&key))).unwrap_or_else(|| "global".to_owned())
    }

    /// A found resource as it is shown.
    fn dressed(&self, found: &Found, view: &View<'_>) -> Json {
        match &found.part {
            None => self.profiles.dress(&found.record, &found.kind, view),
            Some(part) => self.profiles.dress_part(&found.record, &found.kind, part, view).unwrap_or_else(|| json!({})),
        }
    }

    /// Whole seconds to wait, at the pace of the clock: who waits for quick work need not wait as long as for slow work.
    fn paced(&self, seconds: &str) -> String {
        let real = seconds.parse::<i64>().unwrap_or(0).saturating_mul(1000);
        (self.scaled(real).saturating_add(500) / 1000).to_string()
    }

    /// The headers that every answer has.
    fn stamp(&self, response: Response, method: &str) -> Response {
        let mut response = response;
        for (name, value) in &mut response.headers {
            if name == "retry-after" {
                *value = self.paced(value);
            }
        }
        let now = self.clock.now_ms();
        let request = scope::guid(&format!("request|{now}|{}", uuid::Uuid::new_v4()));
        let (kind, left) = match method {
            "GET" | "HEAD" => ("reads", "16499"),
            "DELETE" => ("deletes", "11999"),
            _ => ("writes", "11999"),
        };
        response
            .header(&format!("x-ms-ratelimit-remaining-subscription-global-{kind}"), left)
            .header("x-ms-correlation-request-id", request.clone())
            .header("x-ms-request-id", request)
            .header("cache-control", "no-cache")
    }
}

/// A change that could not be kept.
fn unkept(why: &str) -> Failure {
    Failure::new(500, "InternalServerError", format!("The sandbox could not keep the change: {why}"))
}

/// The URL that operations are told under: the host that was asked.
fn base(request: &Request) -> String {
    let scheme = request.header("x-forwarded-proto").unwrap_or("https");
    let host = request.header("host").unwrap_or("management.azure.com");
    format!("{scheme}://{host}")
}
