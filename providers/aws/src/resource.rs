//! What a resource type implements, and what is the same for all of them: decoding, encoding, tags, resuming.
//!
//! A type is one file under `resources/` with an [`AwsResource`], and one line in `registry.rs`. Its structure
//! `Values` has a field for each attribute of the schema, config and computed alike, and `#[serde(default)]`.
//! Tags: a type fills `tags_all` with what the cloud told; `tags` is derived here.

mod change;
mod messages;

use crate::client::Session;
use async_trait::async_trait;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::validate::Findings;
use formwork_provider_api::{Checkpoint, ErrorClass, OperationSink, PlanRequest, ProviderError};
pub(crate) use messages::{Typed, decode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// What a changing call comes with besides values.
pub(crate) struct Operation<'a> {
    /// Unique id: the stamp, and the source of client tokens.
    pub(crate) id: &'a str,
    /// Checkpoints, progress, waiting.
    pub(crate) sink: &'a dyn OperationSink,
    /// Time limit.
    pub(crate) timeout: Duration,
    /// The last checkpoint, when an operation is resumed.
    pub(crate) resume: Option<Checkpoint>,
}

impl Operation<'_> {
    /// The identity attribute that an earlier run of this operation recorded.
    pub(crate) fn resumed(&self, attribute: &str) -> Option<String> {
        let checkpoint = self.resume.as_ref()?;
        checkpoint.identity.view().get(attribute)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// The handle of a long operation that an earlier run recorded.
    pub(crate) fn resumed_poll(&self) -> Option<String> {
        self.resume.as_ref().map(|checkpoint| checkpoint.poll.clone()).filter(|poll| !poll.is_empty())
    }

    /// Records the object's identity before the next call.
    pub(crate) async fn checkpoint(&self, identity: &[(&str, &str)]) -> Result<(), ProviderError> {
        self.checkpoint_polling(identity, "").await
    }

    /// Records identity and the handle of a long operation before the next call.
    pub(crate) async fn checkpoint_polling(&self, identity: &[(&str, &str)], poll: &str) -> Result<(), ProviderError> {
        let identity = Value::map(identity.iter().map(|(name, text)| (*name, Value::string(*text))));
        self.sink
            .checkpoint(Checkpoint { identity: ValueBuf::from(identity), private: Vec::new(), poll: poll.to_owned() })
            .await
    }
}

/// One object as the cloud shows it.
pub(crate) enum Read<V> {
    /// It is there.
    Present(V),
    /// It is being deleted.
    Deleting,
    /// It is gone.
    Gone,
}

/// One object that a query found.
pub(crate) struct Hit<V> {
    /// As the cloud shows it.
    pub(crate) values: V,
    /// It is being deleted.
    pub(crate) deleting: bool,
}

/// Which objects of a type to look for.
#[derive(Clone, Copy)]
pub(crate) enum Query<'a> {
    /// Those with these ids; missing ones are left out, at most [`BATCH`].
    Ids(&'a [String]),
    /// Those with this operation's stamp.
    Operation(&'a str),
    /// All.
    All,
}

/// How many ids one call asks for (EC2 takes at most 200 values a filter).
pub(crate) const BATCH: usize = 200;

/// One resource type.
#[async_trait]
pub(crate) trait AwsResource: Send + Sync + 'static {
    /// The schema.
    const SCHEMA: ResourceSchema;
    /// Computed attributes that an update may change, each with the attributes whose change does it; all others keep
    /// their value through updates.
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] = &[];
    /// Whether an object may not take a change yet when an update begins: it is in the making, or takes one at a time.
    const SETTLES_BEFORE_UPDATES: bool = false;
    /// All attributes, `#[serde(default)]`.
    type Values: Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The id that `import` takes and by which a query finds it.
    fn id(values: &Self::Values) -> &str;

    /// Objects that fit, each read in full: what the defaults of `read_many`, `find`, `import` and `list` stand on.
    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Self::Values>>, ProviderError>;

    /// Reads many; one answer for each, in order.
    async fn read_many(
        &self,
        session: &Session,
        prior: &[Self::Values],
    ) -> Result<Vec<Read<Self::Values>>, ProviderError> {
        let mut answers = Vec::with_capacity(prior.len());
        for chunk in prior.chunks(BATCH) {
            let ids: Vec<String> = chunk.iter().map(|values| Self::id(values).to_owned()).collect();
            let mut hits = self.query(session, Query::Ids(&ids)).await?;
            answers.extend(ids.iter().map(|id| {
                hits.iter().position(|hit| Self::id(&hit.values) == id).map_or(Read::Gone, |position| {
                    let hit = hits.swap_remove(position);
                    if hit.deleting { Read::Deleting } else { Read::Present(hit.values) }
                })
            }));
        }
        Ok(answers)
    }

    /// Sends the call that makes the object, and gives the id that identifies it.
    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Self::Values,
    ) -> Result<String, ProviderError>;

    /// Waits until an object that was just made can be used.
    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        let _ = (session, operation, id);
        Ok(())
    }

    /// Brings what there is to what is wanted; whether anything was changed. `prior` is what was known before an update.
    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Self::Values,
        prior: Option<&Self::Values>,
        wanted: &Self::Values,
    ) -> Result<bool, ProviderError>;

    /// Whether what was read after a change is what was asked for: some services show for a while what was before.
    fn shows(read: &Self::Values, wanted: &Self::Values) -> bool {
        let _ = (read, wanted);
        true
    }

    /// Deletes and waits until it is gone.
    async fn delete(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        object: Self::Values,
    ) -> Result<(), ProviderError>;

    /// Looks for what an unfinished create made; by default by its stamp.
    async fn find(
        &self,
        session: &Session,
        operation: &str,
        wanted: &Self::Values,
    ) -> Result<Search<Self::Values>, ProviderError> {
        let _ = wanted;
        let mut hits = self.query(session, Query::Operation(operation)).await?;
        hits.retain(|hit| !hit.deleting);
        Ok(match (hits.pop(), hits.len()) {
            (None, _) => Search::Absent,
            (Some(hit), 0) => Search::Ours(hit.values),
            (Some(_), more) => Search::Ambiguous(format!("{} objects carry this operation's stamp", more + 1)),
        })
    }

    /// Reads an object that is not managed yet.
    async fn import(&self, session: &Session, id: &str) -> Result<Self::Values, ProviderError> {
        let ids = [id.to_owned()];
        let hits = self.query(session, Query::Ids(&ids)).await?;
        hits.into_iter().find(|hit| !hit.deleting).map(|hit| hit.values).ok_or_else(|| no_such(Self::SCHEMA.name, id))
    }

    /// Lists all.
    async fn list(&self, session: &Session) -> Result<Vec<Self::Values>, ProviderError> {
        let hits = self.query(session, Query::All).await?;
        Ok(hits.into_iter().filter(|hit| !hit.deleting).map(|hit| hit.values).collect())
    }

    /// Checks a config beyond its schema, offline; unknown parts are passed over.
    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        let _ = (config, findings);
    }

    /// Copies what the cloud cannot tell (how to delete, what was sent) from what is known.
    fn keep(known: &Self::Values, read: &mut Self::Values) {
        let _ = (known, read);
    }

    /// Computed attributes that this object cannot tell yet (the wait for its create ran out): they are planned as unknown,
    /// so that an update waits for them.
    fn unsettled(prior: &Self::Values) -> &'static [&'static str] {
        let _ = prior;
        &[]
    }

    /// Last changes to a plan for an object that exists, which the schema cannot express.
    fn refine(request: &PlanRequest, prior: ValueRef<'_>, planned: &mut Map) {
        let _ = (request, prior, planned);
    }

    /// Changed paths for which the object must be replaced, besides those that are create-only by schema.
    fn replace_paths(prior: &Self::Values, wanted: &Self::Values) -> Vec<AttributePath> {
        let _ = (prior, wanted);
        Vec::new()
    }
}

/// What was found of an unfinished create.
pub(crate) enum Search<V> {
    /// This operation made it.
    Ours(V),
    /// Nothing there.
    Absent,
    /// Of that name, but not ours; what.
    Foreign(String),
    /// It cannot be told; why.
    Ambiguous(String),
}

/// The name that the config says, else one made of the operation's id, so that the same operation makes it again.
pub(crate) fn generated_name(name: &str, operation: &str, longest: usize) -> String {
    if name.is_empty() { format!("formwork-{operation}").chars().take(longest).collect() } else { name.to_owned() }
}

pub(crate) fn no_such(type_name: &str, id: &str) -> ProviderError {
    ProviderError::new(ErrorClass::NotFound, format!("there is no aws.{type_name} `{id}` in this account and region"))
}
