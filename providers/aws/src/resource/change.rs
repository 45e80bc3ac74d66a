//! Creating and changing objects: what comes before and after the calls that each type has of its own.

use super::{AwsResource, Operation};
use crate::client::Session;
use crate::error::missing;
use crate::wait;
use formwork_provider_api::{ErrorClass, ProviderError};

/// Creates; goes on behind the call that makes the object where an earlier run of the operation got so far.
pub(super) async fn create<R: AwsResource>(
    resource: &R,
    session: &Session,
    operation: &Operation<'_>,
    wanted: &R::Values,
) -> Result<R::Values, ProviderError> {
    let identity = R::SCHEMA.identity.first().copied().unwrap_or("id");
    let id = match operation.resumed(identity) {
        Some(id) => id,
        None => {
            let id = resource.send_create(session, operation, wanted).await?;
            operation.checkpoint(&[(identity, &id)]).await?;
            id
        }
    };
    resource.settle(session, operation, &id).await?;
    let present = wait::while_unknown(operation, || resource.import(session, &id)).await?;
    changed(resource, session, operation, present, None, wanted).await
}

/// Changes in place what there is now: what was recorded may be half of an update that was cut off.
pub(super) async fn update<R: AwsResource>(
    resource: &R,
    session: &Session,
    operation: &Operation<'_>,
    prior: &R::Values,
    wanted: &R::Values,
) -> Result<R::Values, ProviderError> {
    let id = R::id(prior);
    let mut present = resource.import(session, id).await?;
    if R::SETTLES_BEFORE_UPDATES {
        resource.settle(session, operation, id).await?;
        present = resource.import(session, id).await?;
    }
    changed(resource, session, operation, present, Some(prior), wanted).await
}

/// The object as it is once it is brought to what is wanted.
async fn changed<R: AwsResource>(
    resource: &R,
    session: &Session,
    operation: &Operation<'_>,
    present: R::Values,
    prior: Option<&R::Values>,
    wanted: &R::Values,
) -> Result<R::Values, ProviderError> {
    /// Our own code for a read that shows what was there before.
    const STALE: &str = "Stale";
    if !resource.adjust(session, operation, &present, prior, wanted).await? {
        return Ok(present);
    }
    let look = || async {
        let read = resource.import(session, R::id(&present)).await?;
        if R::shows(&read, wanted) { Ok(read) } else { Err(missing("the change").vendor(STALE, "")) }
    };
    let passes = |error: &ProviderError| error.class == ErrorClass::NotFound || error.code == STALE;
    wait::while_refused(operation, passes, look).await
}
