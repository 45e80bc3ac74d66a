//! Applying and deleting. An apply is one request that may be repeated; a create looks first whether the name is free.

use super::read::{get, maker};
use super::{ObjectType, Private, is_deleting, not_served, plan, served, uid};
use crate::discovery::Served;
use crate::error::Status;
use crate::manifest::{self, Identity, stamp};
use crate::session::{Answer, Call, Session};
use crate::wait::{self, Patience};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, ErrorClass, OperationSink, ProviderError, StoredObject, UpdateRequest,
    settled,
};
use http::Method;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long a definition that was just made may take until its kind is served: one of this run, and one that something else
/// made, such as an application that was waited for.
const UNTIL_SERVED: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(10));

/// A server-side apply.
pub(super) fn apply_call<'a>(session: &Session, path: &str, body: &'a Json, force: bool, dry_run: bool) -> Call<'a> {
    let manager = percent_encoding::utf8_percent_encode(session.manager(), percent_encoding::NON_ALPHANUMERIC);
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    Call {
        method: Method::PATCH,
        path: format!("{path}?fieldManager={manager}&force={force}&fieldValidation=Strict{dry_run}"),
        body: Some(body),
        // JSON is YAML, and servers before 1.33 know this name alone.
        content_type: "application/apply-patch+yaml",
    }
}

/// An object that is about to be applied.
struct Task<'a> {
    ty: &'a ObjectType,
    session: &'a Session,
    sink: &'a dyn OperationSink,
    said: ValueBuf,
    manifest: Value,
    identity: Identity,
    served: Served,
    operation: &'a str,
}

impl ObjectType {
    pub(crate) async fn create(
        &self,
        session: &Session,
        request: &CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let patience = Patience::new(request.timeout_ms);
        let said = settled(self.schema, &request.address, request.config.view(), request.planned.view());
        let manifest = self.manifest(said.view(), Some(request.config.view()));
        let (identity, served) = self.served_soon(session, &manifest, &patience, sink).await?;
        let task = Task { ty: self, session, sink, said, manifest, identity, served, operation: &request.operation };
        let live = match task.is_there(&patience).await? {
            Some(live) => live,
            None => task.make().await?,
        };
        task.checkpoint().await?;
        task.finish(live, &patience).await
    }

    pub(crate) async fn update(
        &self,
        session: &Session,
        request: &UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let patience = Patience::new(request.timeout_ms);
        let said = settled(self.schema, &request.address, request.config.view(), request.planned.view());
        let manifest = self.manifest(said.view(), Some(request.config.view()));
        let (identity, served) = self.served_soon(session, &manifest, &patience, sink).await?;
        let private = Private::read(&request.prior.private);
        let stamp = if private.stamp.is_empty() { request.operation.as_str() } else { private.stamp.as_str() };
        let task = Task { ty: self, session, sink, said, manifest, identity, served, operation: stamp };
        let uid = request.prior.values.view().get("uid").and_then(|uid| uid.as_str()).map(str::to_owned);
        let live = task.change(uid.as_deref(), &request.prior).await?;
        task.finish(live, &patience).await
    }

    /// Which object it is and how it is served; a definition of the same plan may take a moment until it is.
    async fn served_soon(
        &self,
        session: &Session,
        manifest: &Value,
        patience: &Patience,
        sink: &dyn OperationSink,
    ) -> Result<(Identity, Served), ProviderError> {
        let text = |name: &str| manifest::text_at(manifest, &[name]).unwrap_or_default();
        session.note_coming(manifest);
        let soon = match session.is_kind_coming(text("apiVersion"), text("kind")) {
            true => UNTIL_SERVED.0,
            false => UNTIL_SERVED.1,
        };
        loop {
            let found = match self.identity(session, manifest).await? {
                Some(identity) => served(session, &identity).await.map(|served| (identity, served)),
                None => Err(not_served(session, text("apiVersion"), text("kind"))),
            };
            match found {
                Ok(found) => return Ok(found),
                Err(error) if error.class == ErrorClass::NotFound && patience.slept() < soon => {
                    sink.progress(&format!("waiting until {} is served", text("kind")));
                    patience.pause(sink, Duration::from_secs(2)).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) async fn delete(
        &self,
        session: &Session,
        request: &DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let patience = Patience::new(request.timeout_ms);
        let values = request.object.values.view();
        let Some((identity, served)) = self.stored_identity(session, values).await? else { return Ok(()) };
        let policy = values.get("propagation_policy").and_then(|policy| policy.as_str()).unwrap_or("Background");
        let recorded = values.get("uid").and_then(|uid| uid.as_str());
        let path = served.object(identity.namespace.as_deref(), &identity.name);
        let Some(live) = get(session, &served, &identity).await? else { return Ok(()) };
        let same = uid(&live).map(str::to_owned);
        if recorded.is_some() && recorded != same.as_deref() {
            // Somebody made another one of that name: it is not ours to delete.
            return Ok(());
        }
        if !is_deleting(&live) {
            let mut body = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy });
            if let (Some(body), Some(uid)) = (body.as_object_mut(), &same) {
                body.insert("preconditions".to_owned(), json!({ "uid": uid }));
            }
            let call = Call { method: Method::DELETE, path, body: Some(&body), content_type: "application/json" };
            match session.send(call).await? {
                Answer::Refused(status) if status.code != 404 && status.code != 409 => {
                    return Err(status.error(&format!("deleting {}", identity.text())));
                }
                _ => {}
            }
        }
        until_gone(session, &served, &identity, same.as_deref(), &patience, sink).await
    }
}

/// Waits until an object is gone: finalizers may take their time.
async fn until_gone(
    session: &Session,
    served: &Served,
    identity: &Identity,
    uid_before: Option<&str>,
    patience: &Patience,
    sink: &dyn OperationSink,
) -> Result<(), ProviderError> {
    loop {
        let Some(live) = get(session, served, identity).await? else { return Ok(()) };
        if uid(&live) != uid_before {
            return Ok(());
        }
        let left = what_holds(&live);
        sink.progress(&format!("{} is being deleted{left}", identity.text()));
        if patience.is_over() {
            let message = format!("{} is still there after {} s{left}", identity.text(), patience.limit().as_secs());
            return Err(ProviderError::new(ErrorClass::Timeout, message)
                .help("whoever set a finalizer has to take it off; is its controller still running?"));
        }
        patience.pause(sink, Duration::from_secs(1)).await?;
    }
}

/// What keeps an object from going.
fn what_holds(live: &Json) -> String {
    let list = |pointer: &str| -> Vec<String> {
        let items = live.pointer(pointer).and_then(Json::as_array).into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let finalizers = [list("/metadata/finalizers"), list("/spec/finalizers")].concat();
    let conditions = live.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    let remaining = conditions.filter(|condition| {
        let name = condition.get("type").and_then(Json::as_str).unwrap_or_default();
        matches!(name, "NamespaceContentRemaining" | "NamespaceFinalizersRemaining" | "NamespaceDeletionContentFailure")
            && condition.get("status").and_then(Json::as_str) == Some("True")
    });
    let told: Vec<&str> = remaining.filter_map(|condition| condition.get("message")?.as_str()).collect();
    let mut text = if finalizers.is_empty() {
        String::new()
    } else {
        format!(", held by the finalizers {}", finalizers.join(", "))
    };
    if !told.is_empty() {
        text = format!("{text}: {}", told.join(" "));
    }
    text
}

impl Task<'_> {
    /// The object, if this operation made it already.
    ///
    /// # Errors
    /// `Conflict` when another one of its name is there.
    async fn is_there(&self, patience: &Patience) -> Result<Option<Json>, ProviderError> {
        loop {
            let Some(live) = get(self.session, &self.served, &self.identity).await? else { return Ok(None) };
            if stamp(&live) == Some(self.operation) {
                return Ok(Some(live));
            }
            if !is_deleting(&live) || patience.is_over() {
                return Err(self.taken(&live));
            }
            self.sink.progress(&format!("waiting until the old {} is gone{}", self.identity.text(), what_holds(&live)));
            patience.pause(self.sink, Duration::from_secs(1)).await?;
        }
    }

    fn taken(&self, live: &Json) -> ProviderError {
        let text = self.identity.text();
        let state = if is_deleting(live) { "is still being deleted" } else { "is there already" };
        ProviderError::new(ErrorClass::Conflict, format!("{text} {state}; {}", maker(live)))
            .vendor("AlreadyExists", "")
            .help(format!("to manage it here, import it as `{}`", self.identity.id()))
    }

    /// Makes it.
    async fn make(&self) -> Result<Json, ProviderError> {
        let (created, live) = self.apply(None).await?;
        if created {
            return Ok(live);
        }
        // It appeared between the look and the apply. Whoever owns its fields by name, even we: another stack and another
        // address write under the same name, and only that the server made it says that it is this operation's.
        Err(self.taken(&live))
    }

    async fn apply(&self, uid: Option<&str>) -> Result<(bool, Json), ProviderError> {
        let body = manifest::stamped(manifest::sent(&self.manifest)?, self.operation, uid);
        match self.send(&body, plan::forced(self.said.view()), false).await? {
            Answer::Done { created, body, .. } => Ok((created, body)),
            Answer::Refused(status) => Err(self.refused(&status)),
        }
    }

    async fn send(&self, body: &Json, force: bool, dry_run: bool) -> Result<Answer, ProviderError> {
        let path = self.served.object(self.identity.namespace.as_deref(), &self.identity.name);
        self.session.send(apply_call(self.session, &path, body, force, dry_run)).await
    }

    fn refused(&self, status: &Status) -> ProviderError {
        let error = status.error(&self.doing());
        match plan::is_about_namespace(status) {
            true => error.help("make the namespace here too, and refer to it, so that it comes first"),
            false => error,
        }
    }

    fn doing(&self) -> String {
        format!("applying {}", self.identity.text())
    }

    /// Changes what there is.
    async fn change(&self, uid: Option<&str>, prior: &StoredObject) -> Result<Json, ProviderError> {
        let body = manifest::stamped(manifest::sent(&self.manifest)?, self.operation, uid);
        match self.send(&body, plan::forced(self.said.view()), false).await? {
            Answer::Done { body, .. } => Ok(body),
            Answer::Refused(status) if status.is_ownership_conflict() => self.take_back(body, prior).await,
            Answer::Refused(status) => Err(self.refused(&status)),
        }
    }

    /// Takes back what was edited by hand, and nothing else: what is judged and what is sent name the same version of
    /// the object, so that whoever writes in between makes the server refuse it, and it is tried again.
    async fn take_back(&self, mut body: Json, prior: &StoredObject) -> Result<Json, ProviderError> {
        let Some(live) = get(self.session, &self.served, &self.identity).await? else {
            return Err(ProviderError::new(ErrorClass::Retryable, format!("{} is gone", self.identity.text())));
        };
        let version = live.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
        if let Some(metadata) = body.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), version);
        }
        let force = match self.send(&body, false, true).await? {
            // Meanwhile nobody owns anything that is to change.
            Answer::Done { .. } => false,
            Answer::Refused(status) if status.is_ownership_conflict() => {
                let contest = self.ty.contest(self.session, prior, &self.manifest, &live, &status)?;
                if contest.edits().is_none() {
                    return Err(contest.error(&self.doing()));
                }
                true
            }
            Answer::Refused(status) => return Err(self.refused(&status)),
        };
        match self.send(&body, force, false).await? {
            Answer::Done { body, .. } => Ok(body),
            Answer::Refused(status) => Err(self.refused(&status)),
        }
    }

    async fn checkpoint(&self) -> Result<(), ProviderError> {
        self.sink.checkpoint(self.ty.checkpoint(&self.identity, self.operation)).await
    }

    /// Waits as the config says, and gives the object as it then is.
    async fn finish(&self, live: Json, patience: &Patience) -> Result<Applied, ProviderError> {
        let stored = |live: &Json| -> StoredObject {
            self.ty.applied(self.session, &self.said, &self.manifest, &self.identity, live, self.operation)
        };
        let mut object = stored(&live);
        let wanted = wait::Wanted::of(self.said.view())?;
        let incomplete = wait::until(self.session, &self.served, &self.identity, &wanted, patience, self.sink)
            .await
            .map_err(|error| error.partial(object.clone()))?;
        let path = self.served.object(self.identity.namespace.as_deref(), &self.identity.name);
        crate::argocd::warn_of_set(self.session, &self.identity, &path, patience, self.sink)
            .await
            .map_err(|error| error.partial(object.clone()))?;
        if incomplete.is_none() {
            let private = Private { is_through: true, ..Private::read(&object.private) };
            object.private = private.bytes();
        }
        Ok(Applied { object, incomplete })
    }
}
