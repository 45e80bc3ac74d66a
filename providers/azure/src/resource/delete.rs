//! Deleting: what is gone is no error; what is in use by something on its way out is tried again for a while.

use crate::arm::error::{is_in_use, is_not_found};
use crate::arm::operation::{Handle, Waiting};
use crate::arm::{Answer, Request, ResourceId, Verb};
use crate::resource::change::checkpoint;
use crate::resource::{ArmType, Change, known_map};
use crate::session::Session;
use formwork_provider_api::{DeleteRequest, OperationSink, ProviderError};
use std::time::Duration;

/// How long something that is being deleted may hold on to what it uses. Its own deletion was waited for; what lags behind is
/// the service's bookkeeping.
const IN_USE: Duration = Duration::from_secs(240);
const PAUSE: Duration = Duration::from_secs(10);

impl ArmType {
    pub(super) async fn delete_object(
        &self,
        session: &Session,
        request: &DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let mut values = known_map(request.object.values.view());
        let id = self.recorded_id(&values)?;
        for (name, value) in request.config.as_ref().map(|config| known_map(config.view())).unwrap_or_default() {
            values.insert(name, value);
        }
        let change = Change { session, sink, id: &id, wanted: &values, prior: None };
        let timeout = Duration::from_millis(request.timeout_ms);
        let waiting = Waiting { sink, timeout, what: format!("deleting {} {}", self.name(), id.name()) };
        let guard = self.guard(session, &id).await;
        let handle = match Handle::from_checkpoint(request.resume.as_ref()) {
            Some(handle) => Some(handle),
            None => {
                self.hooks.before_delete(&change).await?;
                self.send_delete(session, sink, &id, &waiting.what).await?
            }
        };
        if let Some(handle) = handle {
            checkpoint(sink, &id, Some(&handle)).await?;
            waiting.until_done(&session.arm, handle).await?;
        }
        drop(guard);
        self.hooks.after_delete(&change).await
    }

    async fn send_delete(
        &self,
        session: &Session,
        sink: &dyn OperationSink,
        id: &ResourceId,
        what: &str,
    ) -> Result<Option<Handle>, ProviderError> {
        let mut slept = Duration::ZERO;
        loop {
            let answer: Answer = match self.hooks.send(session, Request::on(Verb::Delete, id, self.api_version)).await {
                Ok(answer) => answer,
                // The object, its parent or its group is gone.
                Err(error) if is_not_found(&error) => return Ok(None),
                Err(error) if is_in_use(&error.code) && slept < IN_USE => {
                    sink.progress(&format!("{what}: {}", error.message));
                    sink.sleep(PAUSE).await?;
                    slept += PAUSE;
                    continue;
                }
                Err(error) => return Err(error),
            };
            return Ok(Handle::of_delete(&answer, id, self.api_version));
        }
    }
}
