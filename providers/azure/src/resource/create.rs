//! Creating: absence is checked, the operation is stamped, what was accepted is recorded before anything else is asked.

use crate::arm::operation::{Handle, Kind, State, is_deleting, state};
use crate::arm::{Answer, Request, ResourceId, Verb};
use crate::resource::change::{Work, wanted};
use crate::resource::{ArmType, tags};
use crate::session::Session;
use formwork_model::Map;
use formwork_provider_api::{Applied, Checkpoint, CreateRequest, ErrorClass, OperationSink, ProviderError};

impl ArmType {
    pub(super) async fn create_object(
        &self,
        session: &Session,
        request: &CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let wanted = wanted(self.schema, &request.address, &request.config, &request.planned);
        let id = match request.resume.as_ref().and_then(recorded) {
            Some(id) => id,
            None => self.id_of(session, &wanted, &request.operation)?,
        };
        let doing = format!("creating {} {}", self.name(), id.name());
        let work = Work::new(self, session, sink, &request.operation, &id, &wanted, request.timeout_ms, doing);
        if let Some(checkpoint) = &request.resume {
            let handle = self.resumed(session, &id, checkpoint).await?;
            return work.finish(handle, None).await;
        }
        work.carry_out(None).await
    }

    /// One attempt: what is there is not touched.
    pub(super) async fn try_create(&self, work: &Work<'_>, wanted: &Map) -> Result<Answer, ProviderError> {
        self.check_absent(work.session, work.id).await?;
        self.hooks.before_create(&work.change(None)).await?;
        self.send_create(work, wanted).await
    }

    async fn send_create(&self, work: &Work<'_>, wanted: &Map) -> Result<Answer, ProviderError> {
        let mut body = self.encode(wanted, None);
        if self.takes_tags() {
            tags::complete(&mut body, Some(work.operation), None);
        }
        self.hooks.body(&work.change(None), None, &mut body)?;
        let request = Request::on(Verb::Put, work.id, self.api_version).body(&body);
        self.hooks.send(work.session, request).await
    }

    /// What is there is never taken over.
    async fn check_absent(&self, session: &Session, id: &ResourceId) -> Result<(), ProviderError> {
        let Some(answer) = self.look_up(session, id).await? else { return Ok(()) };
        let told = id.as_str();
        if is_deleting(&answer.body) {
            return Err(ProviderError::new(ErrorClass::Retryable, format!("{told} is still being deleted")));
        }
        Err(ProviderError::new(ErrorClass::Conflict, format!("{told} exists already"))
            .vendor("AlreadyExists", "")
            .help(format!("choose another name, or take it over: `import \"{told}\" -> …`")))
    }

    /// Where to go on waiting for a create that an earlier run began.
    async fn resumed(
        &self,
        session: &Session,
        id: &ResourceId,
        checkpoint: &Checkpoint,
    ) -> Result<Option<Handle>, ProviderError> {
        if let Some(handle) = Handle::from_checkpoint(Some(checkpoint)) {
            return Ok(Some(handle));
        }
        let answer = self.look_up(session, id).await?;
        let running = answer.is_some_and(|answer| matches!(state(&answer.body), State::Running(_)));
        Ok(running.then(|| Handle::resource(Kind::Resource, id, self.api_version, None)))
    }
}

/// The id that a checkpoint holds.
pub(super) fn recorded(checkpoint: &Checkpoint) -> Option<ResourceId> {
    ResourceId::parse(checkpoint.identity.view().get("id")?.as_str()?)
}
