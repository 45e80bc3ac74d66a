//! What a resource type is here, and what is the same for all of ARM's: one [`ArmType`] says everything, the rest follows.
//!
//! A type is one file under `resources/` with `SCHEMA` and `RESOURCE`, and one word in `registry.rs`; see the crate's page
//! for how to write one. What ARM does not serve (Key Vault's data plane) implements [`Resource`] itself.

pub(crate) mod apart;
mod change;
mod create;
pub(crate) mod decode;
mod delete;
pub(crate) mod encode;
mod find;
pub(crate) mod identity;
pub(crate) mod mark;
pub(crate) mod meaning;
pub(crate) mod path;
pub(crate) mod plan;
mod read;
pub(crate) mod tags;

use crate::arm::{Answer, Request, ResourceId};
use crate::session::Session;
use crate::validate::Findings;
use async_trait::async_trait;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::typed::ResourceType;
pub(crate) use formwork_provider_api::validate::known_map;
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, FindRequest, Finding, Found, ImportRequest, Listed, OperationSink,
    PlanRequest, PlanResponse, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
};
use serde_json::Value as Json;

/// A resource type as the connection sees it, and how it is spoken of in the vendor's words, where ARM serves it.
pub(crate) trait Resource: ResourceType<Session> {
    /// See [`ArmType`].
    fn arm(&self) -> Option<&ArmType> {
        None
    }
}

/// Where objects of a type live, and so what their ids are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Directly in the subscription (resource groups).
    Subscription,
    /// In the resource group that the attribute `group` names.
    Group,
    /// Under the object that this attribute refers to (a subnet's `vnet`). Parts of the type between the parent's and its own
    /// are called `default` (`blobServices/default`).
    Child(&'static str),
    /// On any scope, which this attribute names by id (a role assignment's `scope`).
    Extension(&'static str),
}

/// How an object is changed in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    /// PUT of what there is, with what the schema knows laid over it: nothing that others set is lost.
    Put,
    /// PATCH of the top-level attributes that differ.
    Patch,
}

/// Which lists show objects of a type in full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing {
    /// `…/resourceGroups/G/providers/TYPE`.
    pub(crate) group: bool,
    /// `/subscriptions/S/providers/TYPE`.
    pub(crate) subscription: bool,
    /// Children: the list under the parent.
    pub(crate) parent: bool,
    /// Children: they stand in full in the parents' own lists; the parents' type and the path.
    pub(crate) embedded: Option<(&'static str, &'static str)>,
    /// Lists tell too little of an object. Where they tell the same at these vendor paths as when it was recorded, it is as it
    /// was; else it is read by itself. The first path must be there. Empty where lists show objects in full.
    pub(crate) marks: &'static [&'static str],
    /// `$filter` of the lists by group and subscription.
    pub(crate) filter: Option<&'static str>,
    /// Children: where they stand in their parent in another shape.
    pub(crate) beside: Option<&'static str>,
}

impl Listing {
    /// No list is of use: each object is read by itself.
    pub(crate) const NONE: Self = Self {
        group: false,
        subscription: false,
        parent: false,
        embedded: None,
        marks: &[],
        filter: None,
        beside: None,
    };
    /// By group and by subscription, as most types of their own.
    pub(crate) const FULL: Self = Self { group: true, subscription: true, ..Self::NONE };
    /// By parent, as most children.
    pub(crate) const PARENT: Self = Self { parent: true, ..Self::NONE };

    /// Where children stand in their parent.
    fn place(&self) -> Option<&'static str> {
        self.embedded.map(|(_, place)| place).or(self.beside)
    }

    /// Children that stand in full in their parents' lists too.
    pub(crate) const fn embedded(kind: &'static str, path: &'static str) -> Self {
        Self { embedded: Some((kind, path)), ..Self::PARENT }
    }
}

/// A resource type of ARM. Everything generic follows from it: see the functions that begin with `with_` for what can be said.
#[derive(Clone, Copy)]
pub(crate) struct ArmType {
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) kind: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) scope: Scope,
    pub(crate) update: Update,
    pub(crate) listing: Listing,
    pub(crate) children: &'static [&'static str],
    pub(crate) named_children: &'static [&'static str],
    pub(crate) serialised: bool,
    pub(crate) etag: bool,
    pub(crate) volatile: &'static [(&'static str, &'static [&'static str])],
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    pub(crate) hooks: &'static dyn Hooks,
}

impl ArmType {
    /// A type with PUT for updates and the usual lists.
    pub(crate) const fn new(
        schema: &'static ResourceSchema,
        kind: &'static str,
        api_version: &'static str,
        scope: Scope,
    ) -> Self {
        let listing = match scope {
            Scope::Subscription | Scope::Group => Listing::FULL,
            Scope::Child(_) => Listing::PARENT,
            Scope::Extension(_) => Listing::NONE,
        };
        Self {
            schema,
            kind,
            api_version,
            scope,
            update: Update::Put,
            listing,
            children: &[],
            named_children: &[],
            serialised: false,
            etag: false,
            volatile: &[],
            fixed: &[],
            hooks: &NoHooks,
        }
    }

    /// Is changed by PATCH.
    pub(crate) const fn with_patch(mut self) -> Self {
        self.update = Update::Patch;
        self
    }

    /// Has these lists.
    pub(crate) const fn with_listing(mut self, listing: Listing) -> Self {
        self.listing = listing;
        self
    }

    /// Attributes that hold objects which are also resources of their own (a network's `subnets`). A config that says nothing
    /// of them leaves them to others: they are neither shown nor taken away.
    pub(crate) const fn with_children(mut self, attributes: &'static [&'static str]) -> Self {
        self.children = attributes;
        self
    }

    /// As [`Self::with_children`], where an update leaves alone what it does not name (a cluster's pools).
    pub(crate) const fn with_named_children(mut self, attributes: &'static [&'static str]) -> Self {
        self.named_children = attributes;
        self
    }

    /// Of a resource of its own and its children only one is changed at a time: the service refuses more.
    pub(crate) const fn serialised(mut self) -> Self {
        self.serialised = true;
        self
    }

    /// An update says which version it was made from (`If-Match`); a change by somebody else in between is noticed.
    pub(crate) const fn with_etag(mut self) -> Self {
        self.etag = true;
        self
    }

    /// Computed attributes that an update may change, each with the attributes whose change does it; with dots where only
    /// a part of an attribute does.
    pub(crate) const fn with_volatile(mut self, volatile: &'static [(&'static str, &'static [&'static str])]) -> Self {
        self.volatile = volatile;
        self
    }

    /// Vendor paths that always have this value, as JSON text.
    pub(crate) const fn with_fixed(mut self, fixed: &'static [(&'static str, &'static str)]) -> Self {
        self.fixed = fixed;
        self
    }

    /// What no declaration can say.
    pub(crate) const fn with_hooks(mut self, hooks: &'static dyn Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// Whether objects take tags.
    pub(crate) fn takes_tags(&self) -> bool {
        self.schema.attribute("tags").is_some_and(|tags| tags.vendor.is_empty())
    }

    /// The type's name in the language.
    pub(crate) const fn name(&self) -> &'static str {
        self.schema.name
    }
}

/// A change as hooks see it.
pub(crate) struct Change<'a> {
    /// The connection.
    pub(crate) session: &'a Session,
    /// Sleeps, progress, checkpoints.
    pub(crate) sink: &'a dyn OperationSink,
    /// The object's id.
    pub(crate) id: &'a ResourceId,
    /// What it should be: the plan with what only the config says (write-only attributes), all known.
    pub(crate) wanted: &'a Map,
    /// What it was; none for a create.
    pub(crate) prior: Option<&'a Map>,
}

/// What a type does besides its declaration. Each has a default that does nothing.
#[async_trait]
pub(crate) trait Hooks: Send + Sync {
    /// Checks a config beyond its schema, offline; unknown parts are passed over.
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let _ = (config, findings);
    }

    /// Last changes to a plan.
    fn plan(
        &self,
        session: &Session,
        request: &PlanRequest,
        planned: &mut Map,
        replace: &mut Vec<AttributePath>,
    ) -> Result<(), ProviderError> {
        let _ = (session, request, planned, replace);
        Ok(())
    }

    /// What is to be told of a plan, once it is made.
    fn advise(&self, request: &PlanRequest, planned: &Map, findings: &mut Findings) {
        let _ = (request, planned, findings);
    }

    /// Whether there is a [`foresee`](Self::foresee): it costs calls for each object that is planned anew.
    fn foresees(&self) -> bool {
        false
    }

    /// What only the cloud can tell of the plan of a new object.
    async fn foresee(&self, session: &Session, planned: &Map, findings: &mut Findings) -> Result<(), ProviderError> {
        let _ = (session, planned, findings);
        Ok(())
    }

    /// The name of an object whose config has none; made from the operation, so that the same operation makes it again.
    fn name(&self, operation: &str) -> Option<String> {
        let _ = operation;
        None
    }

    /// Last changes to a body before it is sent. `current` is what there is; none for a create.
    fn body(&self, change: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let _ = (change, current, body);
        Ok(())
    }

    /// Last changes to what was decoded. `known` is what was known before.
    fn decode(&self, body: &Json, known: &Map, values: &mut Map) {
        let _ = (body, known, values);
    }

    /// Reads what other calls tell (credentials of a cluster), after an object was read, made or changed.
    async fn enrich(&self, session: &Session, id: &ResourceId, values: &mut Map) -> Result<(), ProviderError> {
        let _ = (session, id, values);
        Ok(())
    }

    /// Whether there is an [`enrich`](Self::enrich): it costs calls for each object that is read.
    fn enriches(&self) -> bool {
        false
    }

    /// Before the PUT of a create, after absence was checked (recovering a soft-deleted name).
    async fn before_create(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let _ = change;
        Ok(())
    }

    /// After a create or update, before the object is read back.
    async fn after_change(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let _ = change;
        Ok(())
    }

    /// Before a delete.
    async fn before_delete(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let _ = change;
        Ok(())
    }

    /// After a delete (purging what was soft-deleted). `change.wanted` is what was stored, with the last config.
    async fn after_delete(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let _ = change;
        Ok(())
    }

    /// Whether an object that is not there is soft-deleted: its name is taken.
    async fn is_soft_deleted(&self, session: &Session, id: &ResourceId, known: &Map) -> Result<bool, ProviderError> {
        let _ = (session, id, known);
        Ok(false)
    }

    /// Sends a request; a type that is served by a client of its own does it here.
    async fn send(&self, session: &Session, request: Request<'_>) -> Result<Answer, ProviderError> {
        session.arm.send(request).await
    }
}

/// Does nothing.
struct NoHooks;

impl Hooks for NoHooks {}

impl Resource for ArmType {
    fn arm(&self) -> Option<&ArmType> {
        Some(self)
    }
}

#[async_trait]
impl ResourceType<Session> for ArmType {
    fn validate(&self, config: ValueRef<'_>) -> Vec<Finding> {
        let mut findings = Findings::default();
        self.hooks.validate(config, &mut findings);
        findings.0
    }

    fn plan(&self, session: &Session, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        self.plan_object(session, &request)
    }

    async fn foresee(&self, session: &Session, is_new: bool, response: &mut PlanResponse) -> Result<(), ProviderError> {
        if is_new && self.hooks.foresees() {
            let mut findings = Findings::default();
            self.hooks.foresee(session, &known_map(response.planned.view()), &mut findings).await?;
            response.findings.extend(findings.0);
        }
        Ok(())
    }

    async fn read_many(&self, session: &Session, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        self.read_objects(session, &request.objects).await
    }

    async fn create(
        &self,
        session: &Session,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        self.create_object(session, &request, sink).await
    }

    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        self.update_object(session, &request, sink).await
    }

    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        self.delete_object(session, &request, sink).await
    }

    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError> {
        self.find_object(session, &request).await
    }

    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        self.import_object(session, &request).await
    }

    async fn list(&self, session: &Session) -> Result<Vec<Listed>, ProviderError> {
        self.list_objects(session).await
    }
}

/// An object as it is kept.
pub(crate) fn stored(values: Map) -> StoredObject {
    StoredObject { values: ValueBuf::from(Value::Map(values)), private: Vec::new() }
}
