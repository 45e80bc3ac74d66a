//! What lies in a vault and is reached by the vault's own address: what `azure.secret` and `azure.key` share. Absence is checked
//! before a create, since a PUT on a name that is taken would make a new version of somebody else's; the stamp is a tag.

mod batch;
mod data;
mod place;
pub(crate) mod source;

use crate::arm::error::{found, is_not_found};
use crate::arm::{Answer, Verb};
use crate::resource::{Resource, known_map, stored, tags};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Limit, ResourceSchema};
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::typed::ResourceType;
use formwork_provider_api::{
    Applied, Checkpoint, CreateRequest, DeleteRequest, ErrorClass, FindRequest, Finding, Found, ImportRequest, Listed,
    OperationSink, PlanRequest, PlanResponse, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    settled,
};
use place::Place;
use serde_json::{Value as Json, json};
use std::time::Duration;
use url::Url;

/// How objects of a vault may be called.
pub(super) const NAME: &[Limit] = &[Limit::Pattern("^[a-zA-Z0-9-]{1,127}$", "1 to 127 letters, digits and `-`")];

/// Which version a data source reads.
pub(crate) const VERSION: Attribute = Attribute::string("version", "Which version; left out, the newest one.")
    .limits(&[Limit::Pattern("^[0-9a-f]{32}$", "32 hexadecimal digits")]);

/// The attributes of what lies in a vault: the kind's own settings stand after the vault, what it tells at the end.
macro_rules! item_fields {
    ($collection:literal; $($own:expr,)* ; $($told:expr,)*) => {
        &[
            crate::schema::name(concat!("Unique among the vault's ", $collection, "."), $crate::resources::vault_item::NAME),
            crate::schema::parent("vault", &["azure.key_vault"], "The vault."),
            $($own,)*
            Attribute::boolean("enabled", "Whether it can be used.").default_bool(true),
            Attribute::string("not_before", "From when it can be used (RFC 3339)."),
            Attribute::string("expires", "Until when it can be used (RFC 3339)."),
            Attribute::boolean("recover_soft_deleted", "Whether a deleted object of that name is brought back.")
                .vendor($crate::resource::path::LOCAL)
                .default_bool(false),
            Attribute::boolean("purge_on_delete", "Whether a delete purges it, so that its name is free again.")
                .vendor($crate::resource::path::LOCAL)
                .default_bool(false),
            crate::schema::TAGS,
            Attribute::string("id", "Address without the version: it means the newest one.").computed(),
            Attribute::string("version", "The newest version.").computed(),
            Attribute::string("uri", "Address of that version.").computed(),
            $($told,)*
        ]
    };
}
pub(super) use item_fields;

/// What the two kinds differ in.
pub(crate) trait Kind: Send + Sync + 'static {
    /// The schema.
    const SCHEMA: ResourceSchema;
    /// `secrets` or `keys`.
    const COLLECTION: &'static str;
    /// `deletedsecrets` or `deletedkeys`.
    const DELETED: &'static str;
    /// Where the versioned id stands in an answer.
    const ID: &'static str;

    /// How it is made: verb, what follows the name, body.
    fn creation(wanted: &Map) -> (Verb, &'static str, Json);
    /// What is sent to change it: a new version (as [`Self::creation`]), or a PATCH of this one.
    fn change(prior: &Map, wanted: &Map) -> Change;
    /// The kind's own attributes, from an answer.
    fn decode(body: &Json, values: &mut Map);
}

/// How an object is changed.
pub(crate) enum Change {
    /// Made anew, as a further version.
    NewVersion,
    /// This version is changed.
    Patch(Json),
}

/// The calls of one kind.
pub(crate) struct VaultItem<K>(pub(crate) std::marker::PhantomData<K>);

/// Role assignments take effect after a while.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_secs(10);
/// Between two looks at what is deleted or brought back.
const GLANCE: Duration = Duration::from_secs(2);

impl<K: Kind> VaultItem<K> {
    async fn send(session: &Session, verb: Verb, url: Url, body: Option<&Json>) -> Result<Answer, ProviderError> {
        session.arm.send_to(verb, url, session.cloud.vault, body, None).await
    }

    async fn get(session: &Session, place: &Place) -> Result<Option<Answer>, ProviderError> {
        found(Self::send(session, Verb::Get, place.url(K::COLLECTION, "")?, None).await)
    }

    async fn is_deleted(session: &Session, place: &Place) -> Result<bool, ProviderError> {
        let answer = found(Self::send(session, Verb::Get, place.url(K::DELETED, "")?, None).await);
        answer.map(|answer| answer.is_some())
    }

    fn decode(place: &Place, body: &Json, known: &Map) -> Map {
        let mut values = Map::new();
        if let Some(vault) = known.get("vault") {
            values.insert("vault", vault.clone());
        }
        for switch in ["recover_soft_deleted", "purge_on_delete"] {
            values.insert(switch, known.get(switch).cloned().unwrap_or(Value::Bool(false)));
        }
        values.insert("name", Value::string(place.name.as_str()));
        values.insert("id", Value::string(place.id::<K>()));
        let versioned = body.pointer(K::ID).and_then(Json::as_str).unwrap_or_default();
        values.insert("uri", Value::string(versioned));
        values.insert("version", Value::string(versioned.rsplit('/').next().unwrap_or_default()));
        let attributes = body.get("attributes");
        let enabled = attributes.and_then(|one| one.get("enabled")).and_then(Json::as_bool).unwrap_or(true);
        values.insert("enabled", Value::Bool(enabled));
        for (name, vendor) in [("not_before", "nbf"), ("expires", "exp")] {
            let seconds = attributes.and_then(|one| one.get(vendor)).and_then(Json::as_i64);
            if let Some(text) = seconds.and_then(|seconds| spelled(seconds, known.get(name))) {
                values.insert(name, text);
            }
        }
        values.insert("tags", tags::shown(body, known.get("tags")));
        K::decode(body, &mut values);
        values
    }

    fn stored(place: &Place, body: &Json, known: &Map) -> StoredObject {
        let private = batch::mark(body).unwrap_or_default();
        StoredObject { private, ..stored(Self::decode(place, body, known)) }
    }

    /// Makes it, waiting while a fresh role assignment does not count yet.
    async fn make(
        session: &Session,
        place: &Place,
        wanted: &Map,
        stamp: Option<&str>,
        current: Option<&Json>,
        sink: &dyn OperationSink,
    ) -> Result<Answer, ProviderError> {
        let (verb, rest, mut body) = K::creation(wanted);
        add_common(&mut body, wanted);
        tags::complete(&mut body, stamp, current);
        let mut slept = Duration::ZERO;
        loop {
            match Self::send(session, verb, place.url(K::COLLECTION, rest)?, Some(&body)).await {
                Err(error) if error.class == ErrorClass::Forbidden && slept < PATIENCE => {
                    sink.progress("the vault refuses: role assignments take effect after a while");
                    sink.sleep(PAUSE).await?;
                    slept += PAUSE;
                }
                answer => return answer,
            }
        }
    }

    /// What is there is never taken over; what is deleted only where the config says so.
    async fn check_absent(
        session: &Session,
        place: &Place,
        wanted: &Map,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let id = place.id::<K>();
        if found_or_refused(Self::get(session, place).await)?.is_some() {
            return Err(ProviderError::new(ErrorClass::Conflict, format!("{id} exists already"))
                .vendor("AlreadyExists", "")
                .help(format!("choose another name, or take it over: `import \"{id}\" -> …`")));
        }
        if !found_or_refused(Self::is_deleted(session, place).await.map(Some))?.unwrap_or(false) {
            return Ok(());
        }
        if !matches!(wanted.get("recover_soft_deleted"), Some(Value::Bool(true))) {
            return Err(ProviderError::new(ErrorClass::Conflict, format!("a deleted object keeps the name of {id}"))
                .help("write `recover_soft_deleted = true` to bring it back, purge it, or choose another name"));
        }
        Self::send(session, Verb::Post, place.url(K::DELETED, "/recover")?, None).await?;
        // Until it is back nothing can be made of it. Where a look fails, the write tells for good.
        let mut slept = Duration::ZERO;
        while slept < PATIENCE && matches!(Self::get(session, place).await, Ok(None)) {
            sink.progress(&format!("recovering {id}"));
            sink.sleep(GLANCE).await?;
            slept += GLANCE;
        }
        Ok(())
    }

    async fn read(session: &Session, object: &StoredObject) -> Result<ReadOutcome, ProviderError> {
        let known = known_map(object.values.view());
        let place = Place::parse::<K>(known.get("id").and_then(Value::as_str).unwrap_or_default())?;
        Ok(match Self::get(session, &place).await? {
            Some(answer) => ReadOutcome::Present(Self::stored(&place, &answer.body, &known)),
            None if Self::is_deleted(session, &place).await.unwrap_or(false) => ReadOutcome::SoftDeleted,
            None => ReadOutcome::Gone,
        })
    }

    /// Waits until what was deleted can be seen as such; only then may it be purged or recovered.
    async fn wait_deleted(session: &Session, place: &Place, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        let mut slept = Duration::ZERO;
        while slept < PATIENCE && !Self::is_deleted(session, place).await? {
            sink.sleep(GLANCE).await?;
            slept += GLANCE;
        }
        Ok(())
    }
}

/// A refusal of a look may pass; the write that follows tells for good.
fn found_or_refused<T>(result: Result<Option<T>, ProviderError>) -> Result<Option<T>, ProviderError> {
    match result {
        Err(error) if error.class == ErrorClass::Forbidden => Ok(None),
        other => other,
    }
}

/// Seconds as a text, in the spelling that is known where it means the same.
fn spelled(seconds: i64, known: Option<&Value>) -> Option<Value> {
    let told = jiff::Timestamp::from_second(seconds).ok()?;
    let same = known.filter(|known| known.as_str().and_then(|text| text.parse().ok()) == Some(told));
    Some(same.cloned().unwrap_or_else(|| Value::string(told.to_string())))
}

/// What secrets and keys have alike.
fn add_common(body: &mut Json, wanted: &Map) {
    let mut attributes = serde_json::Map::new();
    if let Some(Value::Bool(enabled)) = wanted.get("enabled") {
        attributes.insert("enabled".to_owned(), Json::from(*enabled));
    }
    for (name, vendor) in [("not_before", "nbf"), ("expires", "exp")] {
        let at = wanted.get(name).and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok());
        if let Some(at) = at {
            attributes.insert(vendor.to_owned(), Json::from(at.as_second()));
        }
    }
    let tags = wanted.get("tags").and_then(Value::as_map).cloned().unwrap_or_default();
    let tags = tags.iter().filter_map(|(key, value)| Some((key.to_string(), Json::from(value.as_str()?))));
    if let Some(body) = body.as_object_mut() {
        body.insert("attributes".to_owned(), Json::Object(attributes));
        body.insert("tags".to_owned(), Json::Object(tags.collect()));
    }
}

fn wanted<K: Kind>(address: &formwork_model::Address, config: &ValueBuf, planned: &ValueBuf) -> Map {
    known_map(settled(&K::SCHEMA, address, config.view(), planned.view()).view())
}

impl<K: Kind> Resource for VaultItem<K> {}

#[async_trait]
impl<K: Kind> ResourceType<Session> for VaultItem<K> {
    fn validate(&self, config: ValueRef<'_>) -> Vec<Finding> {
        let mut findings = crate::validate::Findings::default();
        for name in ["not_before", "expires"] {
            let said = crate::validate::text(config, name);
            if let Some(text) = said.filter(|text| text.parse::<jiff::Timestamp>().is_err()) {
                let message = format!("`{text}` is no point in time");
                findings.error(AttributePath::member(name), message, "write it so: `2027-01-31T00:00:00Z`");
            }
        }
        findings.0
    }

    fn plan(&self, _: &Session, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(&request);
        let (Some(prior), Value::Map(mut planned)) = (&request.prior, request.proposed.to_value()) else {
            return Ok(response);
        };
        let differs =
            !formwork_provider_api::differences(&K::SCHEMA, prior.values.view(), request.proposed.view()).is_empty();
        if differs
            && matches!(
                K::change(&known_map(prior.values.view()), &known_map(request.proposed.view())),
                Change::NewVersion
            )
        {
            planned.insert("version", request.unknown("version"));
            planned.insert("uri", request.unknown("uri"));
            response.planned = ValueBuf::from(Value::Map(planned));
        }
        Ok(response)
    }

    async fn read_many(&self, session: &Session, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        Ok(Self::read_all(session, &request.objects).await)
    }

    async fn create(
        &self,
        session: &Session,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted::<K>(&request.address, &request.config, &request.planned);
        let place = Place::of_config(session, &wanted).await?;
        if request.resume.is_some()
            && let Some(answer) = Self::get(session, &place).await?
        {
            return Ok(Applied { object: Self::stored(&place, &answer.body, &wanted), incomplete: None });
        }
        Self::check_absent(session, &place, &wanted, sink).await?;
        let answer = Self::make(session, &place, &wanted, Some(&request.operation), None, sink).await?;
        let identity = ValueBuf::from(Value::map([("id", Value::string(place.id::<K>()))]));
        sink.checkpoint(Checkpoint { identity, ..Checkpoint::default() }).await?;
        Ok(Applied { object: Self::stored(&place, &answer.body, &wanted), incomplete: None })
    }

    async fn update(
        &self,
        session: &Session,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted::<K>(&request.address, &request.config, &request.planned);
        let prior = known_map(request.prior.values.view());
        let place = Place::parse::<K>(prior.get("id").and_then(Value::as_str).unwrap_or_default())?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("{} is gone", place.id::<K>()));
        let current = Self::get(session, &place).await?.ok_or_else(gone)?.body;
        let answer = match K::change(&prior, &wanted) {
            Change::NewVersion => Self::make(session, &place, &wanted, None, Some(&current), sink).await?,
            Change::Patch(mut body) => {
                add_common(&mut body, &wanted);
                tags::complete(&mut body, None, Some(&current));
                let version = prior.get("version").and_then(Value::as_str).unwrap_or_default();
                let url = place.url(K::COLLECTION, &format!("/{version}"))?;
                Self::send(session, Verb::Patch, url, Some(&body)).await?;
                Self::get(session, &place).await?.ok_or_else(gone)?
            }
        };
        let mut object = Self::decode(&place, &answer.body, &wanted);
        // A PATCH does not tell the value; it is the one that there was.
        if !object.contains("value")
            && let Some(value) = wanted.get("value")
        {
            object.insert("value", value.clone());
        }
        let private = batch::mark(&answer.body).unwrap_or_default();
        Ok(Applied { object: StoredObject { private, ..stored(object) }, incomplete: None })
    }

    async fn delete(
        &self,
        session: &Session,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let mut values = known_map(request.object.values.view());
        for (name, value) in request.config.as_ref().map(|config| known_map(config.view())).unwrap_or_default() {
            values.insert(name, value);
        }
        let place = Place::parse::<K>(values.get("id").and_then(Value::as_str).unwrap_or_default())?;
        match Self::send(session, Verb::Delete, place.url(K::COLLECTION, "")?, None).await {
            Ok(_) => {}
            Err(error) if is_not_found(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
        Self::wait_deleted(session, &place, sink).await?;
        if matches!(values.get("purge_on_delete"), Some(Value::Bool(true))) {
            let purged = Self::send(session, Verb::Delete, place.url(K::DELETED, "")?, None).await;
            found(purged.map_err(|error| match error.class {
                ErrorClass::Forbidden => error.help(
                    "it is deleted, and keeps its name until its time is over: a vault with purge protection purges \
                     nothing before; take `purge_on_delete` away, or let the credentials purge",
                ),
                _ => error,
            }))?;
        }
        Ok(())
    }

    async fn find(&self, session: &Session, request: FindRequest) -> Result<Found, ProviderError> {
        let wanted = wanted::<K>(&request.address, &request.config, &request.planned);
        let place = Place::of_config(session, &wanted).await?;
        let Some(answer) = Self::get(session, &place).await? else { return Ok(Found::Absent) };
        Ok(match tags::stamp(&answer.body) {
            Some(stamp) if stamp == request.operation => Found::Ours(Self::stored(&place, &answer.body, &wanted)),
            _ => Found::Foreign(format!("{} was made by somebody else", place.id::<K>())),
        })
    }

    async fn import(&self, session: &Session, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        let place = Place::parse::<K>(&request.id)?;
        let known = known_map(request.config.as_ref().map_or_else(ValueRef::null, ValueBuf::view));
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {}", place.id::<K>()));
        let answer = Self::get(session, &place).await?.ok_or_else(gone)?;
        Ok(Self::stored(&place, &answer.body, &known))
    }

    async fn list(&self, _: &Session) -> Result<Vec<Listed>, ProviderError> {
        Err(ProviderError::unsupported(format!(
            "`azure.{}` cannot be listed: each vault has its own list",
            K::SCHEMA.name
        )))
    }
}

/// An empty body.
pub(super) fn empty() -> Json {
    json!({})
}
