//! One read of objects of one type: each has its own answer, and its own further attempts.

use crate::call::{Repeatable, RetryPolicy};
use crate::connections::Connected;
use formwork_model::Diagnostic;
use formwork_provider_api::{Connection, ErrorClass, ProviderError, ReadManyRequest, ReadOutcome, StoredObject, check};

/// Asks what became of objects, with the patience of a plan: again for those of whom it could not be told for a reason
/// that may pass, and for them only.
///
/// # Errors
/// The breach of a provider that does not give one answer for each: nothing is known then of any.
pub(crate) async fn read(
    connected: &Connected,
    type_name: &str,
    objects: Vec<StoredObject>,
) -> Result<Vec<ReadOutcome>, Box<Diagnostic>> {
    let mut reading = Reading::new(objects);
    let asked = connected.ask(async |connection| reading.attempt(connection, type_name).await).await;
    if let Some((asked, came)) = reading.miscount {
        let schema = connected.provider.schema();
        let (provider, version) = (schema.name, schema.version);
        let subject = check::Subject { provider, version, type_name, address: None };
        if let Some(breach) = check::read_count(&subject, &asked, &came).first() {
            return Err(Box::new(breach.diagnostic()));
        }
    }
    let unread = || match &asked {
        Err(error) => error.clone(),
        Ok(()) => ProviderError::new(ErrorClass::Other, "it was not read"),
    };
    Ok(reading.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| ReadOutcome::Failed(unread()))).collect())
}

/// What is known so far.
struct Reading {
    objects: Vec<StoredObject>,
    /// By object; none where no call about it was answered.
    outcomes: Vec<Option<ReadOutcome>>,
    /// Of what was asked, and what was answered, where these are not as many.
    miscount: Option<(Vec<StoredObject>, Vec<ReadOutcome>)>,
}

impl Reading {
    fn new(objects: Vec<StoredObject>) -> Self {
        Self { outcomes: vec![None; objects.len()], objects, miscount: None }
    }

    /// Asks for what is not known.
    ///
    /// # Errors
    /// Of the call, or of an object, where it may pass.
    async fn attempt(&mut self, connection: &dyn Connection, type_name: &str) -> Result<(), ProviderError> {
        let open: Vec<bool> = self.outcomes.iter().map(|outcome| outcome.as_ref().is_none_or(may_pass)).collect();
        let asked: Vec<StoredObject> =
            self.objects.iter().zip(&open).filter(|(_, open)| **open).map(|(object, _)| object.clone()).collect();
        let request = ReadManyRequest { type_name: type_name.to_owned(), objects: asked.clone() };
        let came = connection.read_many(request).await?;
        if came.len() != asked.len() {
            self.miscount = Some((asked, came));
            return Ok(());
        }
        let places = self.outcomes.iter_mut().zip(&open).filter(|(_, open)| **open);
        for ((outcome, _), came) in places.zip(came) {
            *outcome = Some(came);
        }
        let errors = self.outcomes.iter().flatten().filter(|outcome| may_pass(outcome)).filter_map(error);
        // The endpoint that does not answer is given up first: that must not end the attempts for another's sake.
        match errors.max_by_key(|error| (error.class != ErrorClass::Unreachable, error.retry_after_ms)) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

const fn error(outcome: &ReadOutcome) -> Option<&ProviderError> {
    match outcome {
        ReadOutcome::Failed(error) => Some(error),
        ReadOutcome::Present(_) | ReadOutcome::Deleting | ReadOutcome::SoftDeleted | ReadOutcome::Gone => None,
    }
}

/// Whether it could not be told for a reason that is worth another attempt.
fn may_pass(outcome: &ReadOutcome) -> bool {
    error(outcome).is_some_and(|error| RetryPolicy::reading().delay(error, Repeatable::Always, 1).is_some())
}
