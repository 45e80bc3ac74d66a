//! What an object will be: offline what the config says, with an API server its dry run besides.

use super::contest::Conflict;
use super::read::maker;
use super::{Form, ObjectType, Private, is_deleting, uid};
use crate::discovery::Coming;
use crate::error::Status;
use crate::manifest::{self, Identity};
use crate::ownership;
use crate::session::{Answer, Session};
use formwork_model::{AttributePath, Map, Step, Value, ValueBuf, ValueRef};
use formwork_provider_api::{Finding, PlanRequest, PlanResponse, ProviderError, differences, settled};
use serde_json::Value as Json;

/// What a dry run says.
enum Trial {
    /// It would be so; what the server warns of, and what was edited by hand and is taken back.
    Accepted(Json, Vec<Finding>),
    /// These fields can never change.
    Immutable(Vec<String>),
    /// It cannot be tried (yet): its namespace or definition is not there, or trying is not allowed; and what is odd about that.
    Untried(Option<Finding>),
}

impl ObjectType {
    /// Plans without an API server.
    pub(crate) fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut planned = request.proposed.to_value().as_map().cloned().unwrap_or_default();
        let manifest = self.manifest(request.proposed.view(), Some(request.config.view()));
        if matches!(self.form, Form::Open) {
            planned.insert("manifest", manifest.clone());
        }
        let before = request.prior.as_ref().map(|prior| prior.values.view());
        let identity = self.identity_offline(&manifest, None);
        self.plan_identity(&mut planned, identity, before, request);
        if self.changes(request, &planned) {
            planned.insert("admitted", request.unknown("admitted"));
        }
        Ok(self.response(request, planned, before))
    }

    fn response(&self, request: &PlanRequest, planned: Map, before: Option<ValueRef<'_>>) -> PlanResponse {
        let replace = self.moved(&planned, before);
        let private = request.prior.as_ref().map(|prior| prior.private.clone()).unwrap_or_default();
        PlanResponse { planned: ValueBuf::from(Value::Map(planned)), replace, private, findings: Vec::new() }
    }

    /// Identity attributes: those of the manifest; where its kind is not known yet, those of what there is.
    fn plan_identity(
        &self,
        planned: &mut Map,
        identity: Option<Identity>,
        before: Option<ValueRef<'_>>,
        request: &PlanRequest,
    ) {
        if let Some(identity) = identity {
            return self.put_names(planned, &identity);
        }
        if before.is_none() && matches!(self.form, Form::Open) {
            for (name, path) in [("api_version", "apiVersion"), ("kind", "kind")] {
                let said = planned.get("manifest").and_then(|manifest| manifest::text_at(manifest, &[path]));
                let value = said.map_or_else(|| request.unknown(name), Value::string);
                planned.insert(name, value);
            }
            let name = planned.get("manifest").and_then(|manifest| manifest::text_at(manifest, &["metadata", "name"]));
            let name = name.map_or_else(|| request.unknown("name"), Value::string);
            planned.insert("name", name);
        }
    }

    /// Whether what is applied is other than what there is.
    fn changes(&self, request: &PlanRequest, planned: &Map) -> bool {
        let Some(prior) = &request.prior else { return true };
        let planned = ValueBuf::from(Value::Map(planned.clone()));
        let told = |difference: &formwork_provider_api::Difference| match difference.path.steps().first() {
            Some(Step::Member(name)) => !matches!(name.as_str(), "wait" | "force" | "propagation_policy" | "admitted"),
            _ => true,
        };
        differences(self.schema, prior.values.view(), planned.view()).iter().any(told)
    }

    /// Paths that make it another object.
    fn moved(&self, planned: &Map, before: Option<ValueRef<'_>>) -> Vec<AttributePath> {
        let (Form::Open, Some(before)) = (self.form, before) else { return Vec::new() };
        let id = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let was = before.get("id").and_then(|id| id.as_str());
        let becomes = id(planned.get("id"));
        if was.is_none() || becomes.is_none() || was == becomes.as_deref() {
            return Vec::new();
        }
        let said = |key: &[&str]| planned.get("manifest").and_then(|manifest| manifest::text_at(manifest, key));
        let differs = |name: &str, key: &[&str]| said(key) != before.get(name).and_then(|value| value.as_str());
        let mut paths = Vec::new();
        for (name, key) in
            [("kind", &["kind"][..]), ("namespace", &["metadata", "namespace"]), ("name", &["metadata", "name"])]
        {
            if differs(name, key) {
                paths.push(
                    key.iter().fold(AttributePath::member("manifest"), |path, key| path.then(Step::Key((*key).into()))),
                );
            }
        }
        if paths.is_empty() {
            paths.push(AttributePath::member("manifest").then(Step::Key("apiVersion".into())));
        }
        paths
    }

    /// Plans with an API server.
    pub(crate) async fn plan(&self, session: &Session, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let offline = self.plan_offline(request)?;
        let mut planned = offline.planned.to_value().as_map().cloned().unwrap_or_default();
        if !self.changes(request, &planned) {
            return Ok(offline);
        }
        let manifest = self.manifest(offline.planned.view(), Some(request.config.view()));
        session.note_coming(&manifest);
        if !manifest.is_known() {
            return Ok(offline);
        }
        let Some(identity) = self.identity(session, &manifest).await? else {
            let findings = self.unserved(session, &manifest).into_iter().collect();
            return Ok(PlanResponse { findings, ..offline });
        };
        self.put_names(&mut planned, &identity);
        let before = request.prior.as_ref().map(|prior| prior.values.view());
        if !self.moved(&planned, before).is_empty() {
            return Ok(self.response(request, planned, before));
        }
        let sent = manifest::sent(&manifest)?;
        let (answer, findings) = match self.try_out(session, request, &identity, &manifest).await? {
            Trial::Untried(finding) => {
                let findings = finding.into_iter().collect();
                return Ok(PlanResponse { findings, ..self.response(request, planned, before) });
            }
            Trial::Accepted(answer, findings) => (answer, findings),
            Trial::Immutable(fields) => {
                let mut response = self.response(request, planned, before);
                response.replace = fields.iter().map(|field| self.path_of(field)).collect();
                return Ok(response);
            }
        };
        match ownership::added(&sent, &answer, session.manager()) {
            Some(added) => drop(planned.insert("admitted", formwork_model::value::from_json(&added))),
            None => drop(planned.remove("admitted")),
        }
        Ok(PlanResponse { findings, ..self.response(request, planned, before) })
    }

    /// A dry run of the apply.
    async fn try_out(
        &self,
        session: &Session,
        request: &PlanRequest,
        identity: &Identity,
        manifest: &Value,
    ) -> Result<Trial, ProviderError> {
        let Some(served) = session.served(&identity.api_version, &identity.kind).await? else {
            return Ok(Trial::Untried(self.unserved(session, manifest)));
        };
        let path = served.object(identity.namespace.as_deref(), &identity.name);
        let live = session.get(path.clone(), &format!("reading {}", identity.text())).await?;
        let stored = request.prior.as_ref();
        let same = match (&live, stored) {
            // What is there is another object, or about to be replaced: it says nothing of the new one.
            (Some(live), None) => return Ok(Trial::Untried(self.foreign(session, request, identity, live))),
            // It has ended and was taken away: another manifest means that it runs anew.
            (None, Some(stored)) if self.has_passed(stored) => return Ok(Trial::Immutable(vec![String::new()])),
            (None, Some(_)) => return Ok(Trial::Untried(None)),
            (None, None) => None,
            (Some(live), Some(_)) => uid(live).map(str::to_owned),
        };
        let stamp = stored.map(|stored| Private::read(&stored.private).stamp).filter(|stamp| !stamp.is_empty());
        let body = manifest::stamped(manifest::sent(manifest)?, stamp.as_deref().unwrap_or("dry-run"), same.as_deref());
        let config = settled(self.schema, &request.address, request.config.view(), request.proposed.view());
        let attempt = |force| session.send(super::apply::apply_call(session, &path, &body, force, true));
        let mut status = match attempt(forced(config.view())).await? {
            Answer::Done { body, warnings, .. } => return Ok(Trial::Accepted(body, self.warned(warnings).collect())),
            Answer::Refused(status) => status,
        };
        if let (Some(stored), Some(live), true) = (stored, &live, status.is_ownership_conflict()) {
            let contest = self.contest(session, stored, manifest, live, &status)?;
            let Some(edits) = contest.edits() else {
                return Err(contest.error(&format!("the API server refuses {}", identity.text())));
            };
            let told = edits.iter().map(|edit| self.told(edit, config.view()));
            status = match attempt(true).await? {
                Answer::Done { body, warnings, .. } => {
                    return Ok(Trial::Accepted(body, told.chain(self.warned(warnings)).collect()));
                }
                Answer::Refused(status) => status,
            };
        }
        if let Some(fields) = status.immutable_fields().filter(|_| stored.is_some()) {
            return Ok(Trial::Immutable(fields));
        }
        if cannot_try(status.code, &status.message) {
            tracing::debug!(object = %identity.text(), reason = %status.message, "no dry run");
            return Ok(Trial::Untried(self.homeless(session, identity, &status)));
        }
        Err(status.error(&format!("the API server refuses {}", identity.text())))
    }

    /// What the plan says of a kind that the server does not have, and whose definition nothing in the plan so far makes.
    fn unserved(&self, session: &Session, manifest: &Value) -> Option<Finding> {
        let text = |name: &str| manifest::text_at(manifest, &[name]).unwrap_or_default();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        let server = session.server();
        (!session.is_kind_coming(api_version, kind)).then(|| Finding {
            warning: true,
            path: self.path_of("kind"),
            message: format!("{server} has no kind {kind} in {api_version}, and nothing planned before this defines it"),
            help: Some(
                "is it misspelt, or of another version? If a chart or another stack brings its definition (CRD), come `after` it"
                    .to_owned(),
            ),
        })
    }

    /// What the plan says of a namespace that is not there, and that nothing in the plan so far makes.
    fn homeless(&self, session: &Session, identity: &Identity, status: &Status) -> Option<Finding> {
        let namespace = identity.namespace.clone().filter(|_| is_about_namespace(status))?;
        let message = format!("there is no namespace {namespace}, and nothing planned before this makes it");
        (!session.is_coming(&Coming::Namespace(namespace))).then(|| Finding {
            warning: true,
            path: self.path_of("metadata.namespace"),
            message,
            help: Some(
                "make it here, and refer to it, so that it comes first; or come `after` what makes it".to_owned(),
            ),
        })
    }

    /// What the plan says of an API server's warnings.
    fn warned(&self, warnings: Vec<String>) -> impl Iterator<Item = Finding> {
        let path = self.path_of("");
        let finding = move |message: String| Finding {
            warning: true,
            path: path.clone(),
            message: format!("the API server warns: {message}"),
            help: None,
        };
        warnings.into_iter().map(finding)
    }

    /// What the plan says of an object that stands where a new one is to be, where nothing speaks for its being ours.
    fn foreign(&self, session: &Session, request: &PlanRequest, identity: &Identity, live: &Json) -> Option<Finding> {
        if is_deleting(live) || ownership::owned(live, session.manager()).is_some() {
            return None;
        }
        Some(Finding {
            warning: true,
            path: self.path_of("metadata.name"),
            message: format!(
                "{} is there already; {}: a create does not take it over, and will be refused",
                identity.text(),
                maker(live)
            ),
            help: Some(format!(
                "choose another name, or take it over with `import {:?} -> {}`",
                identity.id(),
                request.address
            )),
        })
    }

    /// What the plan says of an edit that it takes back.
    fn told(&self, edit: &Conflict, config: ValueRef<'_>) -> Finding {
        let mut path = self.path_of(&edit.field);
        // Texts go into the same field of a Secret as bytes.
        let is_given = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        if path == AttributePath::member("data") && !is_given("data") && is_given("string_data") {
            path = AttributePath::member("string_data");
        }
        Finding {
            warning: true,
            path,
            message: format!("{} was changed by hand ({}); it is taken back", edit.field, edit.manager),
            help: Some("to keep the change, write it here, or leave the field out".to_owned()),
        }
    }

    /// The attribute of a field that the server names.
    fn path_of(&self, field: &str) -> AttributePath {
        match self.form {
            Form::Typed(kind) => match kind.attribute_of_field(field) {
                Some(attribute) => AttributePath::member(attribute.name),
                None => AttributePath::member("name"),
            },
            Form::Open => {
                let plain = field.split('[').next().unwrap_or_default();
                let parts = plain.split('.').filter(|part| !part.is_empty());
                parts.fold(AttributePath::member("manifest"), |path, part| path.then(Step::Key(part.into())))
            }
        }
    }
}

/// Whether a refusal is about the dry run, not about the object: the namespace or the definition comes with the same plan,
/// who plans may not write, a webhook is not up yet or has no dry runs.
fn cannot_try(code: u16, message: &str) -> bool {
    match code {
        403 => !message.contains("exceeded quota") && !message.contains("admission webhook"),
        404 | 405 | 409 => code != 409 || message.contains("uid mismatch"),
        400 => message.contains("dry run") || message.contains("dryRun"),
        500 | 503 => message.contains("failed calling webhook"),
        _ => false,
    }
}

/// Whether what is missing is the namespace.
pub(super) fn is_about_namespace(status: &Status) -> bool {
    status.code == 404 && status.message.starts_with("namespaces ")
}

/// Whether values say `force`.
pub(super) fn forced(values: ValueRef<'_>) -> bool {
    values.get("force").is_some_and(|value| matches!(value.exposed().view(), formwork_model::View::Bool(true)))
}
