//! Looking for what an unfinished create made.

use crate::call::wait_to_retry;
use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use crate::guard;
use crate::ports::InterruptionReceiver;
use formwork_model::schema::{Recognition, ResourceSchema};
use formwork_model::{Address, TypeName, ValueBuf};
use formwork_provider_api::{Checkpoint, ErrorClass, FindRequest, Found, ProviderError, StoredObject};
use formwork_state::record::OperationId;
use std::time::{Duration, Instant};

/// How often a list that may not show a fresh object is asked again while it settles.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Search<'a> {
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
    /// Before the create began, nothing was there.
    pub absence_checked: bool,
    /// The type's schema.
    pub schema: &'static ResourceSchema,
    /// How the run is asked to end; none for a run that only asks.
    pub interruption: Option<&'a InterruptionReceiver>,
}

impl Search<'_> {
    /// By what the object could be imported, where the plan knows it: an `id`, or the only attribute that identifies it.
    pub(crate) fn import_id(&self) -> Option<String> {
        let identity = self.schema.identity;
        let name =
            identity.iter().find(|name| **name == "id").or_else(|| identity.first().filter(|_| identity.len() == 1))?;
        let value = self.planned.view().get(name).filter(|_| self.schema.capabilities.import)?;
        value.as_str().map(str::to_owned)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) enum Finding {
    /// The operation made it, and it is finished.
    Ours(StoredObject),
    /// The operation made it; its create goes on from here.
    Unfinished(Checkpoint),
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
pub(crate) async fn search(connected: &Connected, search: &Search<'_>) -> Result<Finding, ProviderError> {
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
    if repeats_safely(search.schema) || search.schema.recognition == Recognition::Repeatable {
        return Ok(Finding::Absent);
    }
    if !search.schema.capabilities.find {
        return Ok(unrecognisable(search));
    }
    // Also of a type without a way to be recognised: it may know from its config what an interruption means.
    match ask(connected, search).await {
        Ok(found) => Ok(judged(search, found)),
        Err(error) if error.class == ErrorClass::Unsupported => Ok(unrecognisable(search)),
        Err(error) => Err(error),
    }
}

/// Asks the provider once, with the patience of a plan.
///
/// # Errors
/// When the cloud could not be asked.
pub(crate) async fn ask(connected: &Connected, search: &Search<'_>) -> Result<Found, ProviderError> {
    asked(search.interruption, || connected.connection.find(request(search))).await
}

fn judged(search: &Search<'_>, found: Found) -> Finding {
    // Equal content speaks for the operation only where nothing was there before it.
    let unproven = search.schema.recognition == Recognition::NaturalKey && !search.absence_checked;
    match found {
        Found::Ours(_) | Found::Unfinished(_) if unproven => Finding::Ambiguous(
            "it is there as it was to be made, but it was not known that nothing was there before".to_owned(),
        ),
        Found::Ours(object) => Finding::Ours(object),
        Found::Unfinished(checkpoint) => Finding::Unfinished(checkpoint),
        Found::Absent => Finding::Absent,
        Found::Foreign(what) => Finding::Foreign(what),
        Found::Ambiguous(reason) => Finding::Ambiguous(reason),
    }
}

fn unrecognisable(search: &Search<'_>) -> Finding {
    Finding::Ambiguous(format!("objects of type `{}` cannot be recognised", search.type_name))
}

/// Whether the service recognises the request itself, by its token: repeating it gives the same object. Only for the
/// same operation, while the service remembers.
pub(crate) const fn repeats_safely(schema: &ResourceSchema) -> bool {
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

/// Asks with the patience of a plan, as long as nobody interrupts.
async fn asked<T, F>(
    interruption: Option<&InterruptionReceiver>,
    mut call: impl FnMut() -> F,
) -> Result<T, ProviderError>
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
        let delay = policy.delay(&error, Repeatable::Always, attempt);
        let Some(delay) = delay.filter(|delay| began.elapsed() + *delay < policy.total) else { return Err(error) };
        match interruption {
            Some(interruption) if wait_to_retry(interruption, delay).await.is_err() => return Err(error),
            Some(_) => {}
            None => tokio::time::sleep(delay).await,
        }
    }
}

/// Whether the object holds a secret that the cloud told once only, in the answer that was lost.
#[must_use]
pub(crate) fn lost_a_secret(schema: &ResourceSchema, planned: &ValueBuf, object: &StoredObject) -> bool {
    let mut told_once = schema.attributes.iter().filter(|attribute| attribute.secret && attribute.is_computed());
    told_once.any(|attribute| {
        let awaited = planned.view().get(attribute.name).is_some_and(|value| !value.is_known());
        awaited && object.values.view().get(attribute.name).is_none_or(|value| value.exposed().is_null())
    })
}

/// Such an object is of no use: it is deleted, and made anew.
///
/// # Errors
/// When it could not be deleted.
pub(crate) async fn discard(
    connected: &Connected,
    search: &Search<'_>,
    object: StoredObject,
) -> Result<(), ProviderError> {
    let request = formwork_provider_api::DeleteRequest {
        type_name: search.type_name.name.to_string(),
        address: search.address.clone(),
        operation: search.operation.0.clone(),
        object,
        config: Some(search.config.clone()),
        resume: None,
        timeout_ms: u64::from(search.schema.timeouts.delete_s) * 1000,
    };
    match guard::catch(connected.connection.delete(request, &crate::apply::Unrecorded)).await {
        Err(error) if error.class != ErrorClass::NotFound => Err(error),
        _ => Ok(()),
    }
}
