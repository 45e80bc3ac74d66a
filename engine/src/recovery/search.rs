//! Looking for what an unfinished create made.

use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use crate::guard;
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{Address, TypeName, ValueBuf};
use formwork_provider_api::{
    Checkpoint, ErrorClass, FindRequest, Found, ProviderError, ReadManyRequest, ReadOutcome, StoredObject,
};
use formwork_state::record::OperationId;
use std::time::{Duration, Instant};

/// How often a list that may not show a fresh object is asked again while it settles.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    /// Its type.
    pub type_name: &'a TypeName,
    /// Its address.
    pub address: &'a Address,
    /// The operation that may have made it.
    pub operation: &'a OperationId,
    /// The config that was sent.
    pub config: &'a ValueBuf,
    /// What was planned.
    pub planned: &'a ValueBuf,
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The type's schema.
    pub schema: &'static ResourceSchema,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The operation made it.
    Ours(StoredObject),
    /// Nothing, throughout the settle time.
    Absent,
    /// Something that the operation did not make.
    Foreign(String),
    /// It cannot be told; why.
    Ambiguous(String),
}

/// Looks for the object, throughout the type's settle time.
///
/// # Errors
/// When the cloud could not be asked.
pub async fn search(connected: &Connected, search: &Search<'_>) -> Result<Finding, ProviderError> {
    let finding = settled(connected, search).await?;
    match finding {
        Finding::Ours(object) if lost_a_secret(search.schema, &object) => discard(connected, search, object).await,
        other => Ok(other),
    }
}

async fn settled(connected: &Connected, search: &Search<'_>) -> Result<Finding, ProviderError> {
    let began = Instant::now();
    let settle = Duration::from_millis(search.schema.settle_ms);
    loop {
        let finding = once(connected, search).await?;
        if !matches!(finding, Finding::Absent) || began.elapsed() >= settle {
            return Ok(finding);
        }
        tokio::time::sleep(ASK_AGAIN.min(settle)).await;
    }
}

async fn once(connected: &Connected, search: &Search<'_>) -> Result<Finding, ProviderError> {
    if let Some(checkpoint) = &search.checkpoint
        && let Some(finding) = by_identity(connected, search, checkpoint).await?
    {
        return Ok(finding);
    }
    if repeats_safely(search.schema) {
        return Ok(Finding::Absent);
    }
    if search.schema.recognition == Recognition::Repeatable {
        return Ok(Finding::Absent);
    }
    if !search.schema.capabilities.find {
        return Ok(unrecognisable(search));
    }
    // Also of a type without a way to be recognised: it may know from its config what an interruption means.
    match asked(|| connected.connection.find(request(search))).await {
        Ok(Found::Ours(object)) => Ok(Finding::Ours(object)),
        Ok(Found::Absent) => Ok(Finding::Absent),
        Ok(Found::Foreign(what)) => Ok(Finding::Foreign(what)),
        Ok(Found::Ambiguous(reason)) => Ok(Finding::Ambiguous(reason)),
        Err(error) if error.class == ErrorClass::Unsupported => Ok(unrecognisable(search)),
        Err(error) => Err(error),
    }
}

fn unrecognisable(search: &Search<'_>) -> Finding {
    Finding::Ambiguous(format!("objects of type `{}` cannot be recognised", search.type_name))
}

/// Whether the service recognises the request itself, by its token: repeating it gives the same object. Only for the
/// same operation, while the service remembers.
pub(super) const fn repeats_safely(schema: &ResourceSchema) -> bool {
    matches!(schema.recognition, Recognition::Token { .. }) && !schema.capabilities.find
}

fn request(search: &Search<'_>) -> FindRequest {
    FindRequest {
        type_name: search.type_name.name.to_string(),
        address: search.address.clone(),
        operation: search.operation.0.clone(),
        config: search.config.clone(),
        planned: search.planned.clone(),
        checkpoint: search.checkpoint.clone(),
    }
}

/// A checkpoint names the object: reading it answers at once. None when it names too little.
async fn by_identity(
    connected: &Connected,
    search: &Search<'_>,
    checkpoint: &Checkpoint,
) -> Result<Option<Finding>, ProviderError> {
    let identity = checkpoint.identity.view();
    if !search.schema.identity.iter().all(|name| identity.get(name).is_some_and(|value| !value.is_null())) {
        return Ok(None);
    }
    let object = StoredObject { values: checkpoint.identity.clone(), private: checkpoint.private.clone() };
    let outcomes = asked(|| {
        let type_name = search.type_name.name.to_string();
        connected.connection.read_many(ReadManyRequest { type_name, objects: vec![object.clone()] })
    })
    .await?;
    match outcomes.into_iter().next() {
        Some(ReadOutcome::Present(object)) => Ok(Some(Finding::Ours(object))),
        Some(ReadOutcome::Failed(error)) => Err(error),
        Some(ReadOutcome::Gone | ReadOutcome::Deleting | ReadOutcome::SoftDeleted) | None => Ok(None),
    }
}

/// Asks with the patience of a plan.
async fn asked<T, F>(mut call: impl FnMut() -> F) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>> + Send,
{
    let policy = RetryPolicy::reading();
    let began = Instant::now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match guard::catch(call()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let delay = policy.delay(&error, Repeatable::Always, attempt).filter(|_| error.code != guard::PANIC);
        match delay.filter(|delay| began.elapsed() + *delay < policy.total) {
            Some(delay) => tokio::time::sleep(delay).await,
            None => return Err(error),
        }
    }
}

/// Whether the object holds a secret that the cloud told once only, in the answer that was lost.
fn lost_a_secret(schema: &ResourceSchema, object: &StoredObject) -> bool {
    let mut told_once = schema.attributes.iter().filter(|attribute| attribute.secret && attribute.is_computed());
    told_once.any(|attribute| object.values.view().get(attribute.name).is_none_or(|value| value.exposed().is_null()))
}

/// Such an object is of no use: it is deleted, and made anew.
async fn discard(connected: &Connected, search: &Search<'_>, object: StoredObject) -> Result<Finding, ProviderError> {
    let request = formwork_provider_api::DeleteRequest {
        type_name: search.type_name.name.to_string(),
        address: search.address.clone(),
        operation: search.operation.0.clone(),
        object,
        config: Some(search.config.clone()),
        resume: None,
        timeout_ms: u64::from(search.schema.timeouts.delete_s) * 1000,
    };
    let deleted = guard::catch(connected.connection.delete(request, &crate::apply::Unrecorded)).await;
    match deleted {
        Err(error) if error.class != ErrorClass::NotFound => Err(error),
        _ => Ok(Finding::Absent),
    }
}
