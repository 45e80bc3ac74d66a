//! Planning: what the schema cannot say. A group or a region may be written in several ways; what an update will change is
//! not known before.

use crate::arm::operation::State;
use crate::resource::{ArmType, Scope, known_map, mark, meaning};
use crate::session::Session;
use crate::validate::Findings;
use formwork_model::{AttributePath, Map, Step, Value, ValueBuf, ValueRef};
use formwork_provider_api::{PlanRequest, PlanResponse, ProviderError, differences};

impl ArmType {
    pub(super) fn plan_object(&self, session: &Session, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(request);
        let Value::Map(mut planned) = request.proposed.to_value() else { return Ok(response) };
        let mut replace = Vec::new();
        if let Some(prior) = &request.prior {
            self.replace_where_moved(session, prior.values.view(), &planned, &mut replace);
            self.forget_volatile(request, prior.values.view(), &mut planned);
        }
        self.hooks.plan(session, request, &mut planned, &mut replace)?;
        let mut findings = Findings::default();
        tell_state(request, &mut findings);
        self.note_children(session, request, &planned);
        self.check_apart(session, request, &mut findings);
        self.hooks.advise(request, &planned, &mut findings);
        response.findings = findings.0;
        response.planned = ValueBuf::from(Value::Map(planned));
        response.replace = replace;
        Ok(response)
    }

    /// Group and region cannot be changed, and are not create-only by schema because their spelling may.
    fn replace_where_moved(
        &self,
        session: &Session,
        prior: ValueRef<'_>,
        planned: &Map,
        replace: &mut Vec<AttributePath>,
    ) {
        let prior = known_map(prior);
        let text = |values: &'_ Map, name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
        let group = |text: &String| meaning::group(session, text);
        if self.scope == Scope::Group {
            let (before, after) = (text(&prior, "group"), text(planned, "group"));
            if before.as_ref().and_then(group) != after.as_ref().and_then(group) {
                replace.push(AttributePath::member("group"));
            }
        }
        if self.schema.attribute("location").is_some() {
            let region = |text: String| meaning::location(&text);
            if text(&prior, "location").map(region) != text(planned, "location").map(region) {
                replace.push(AttributePath::member("location"));
            }
        }
    }

    /// Computed attributes that this update may change are not known before it is done.
    fn forget_volatile(&self, request: &PlanRequest, prior: ValueRef<'_>, planned: &mut Map) {
        if self.volatile.is_empty() {
            return;
        }
        let differences = differences(self.schema, prior, request.proposed.view());
        let mut changed: Vec<AttributePath> = differences.into_iter().map(|difference| difference.path).collect();
        changed.extend(request.write_only_changed.iter().map(|name| AttributePath::member(name.as_str())));
        let config = request.config.view();
        let is_said = |name: &str| config.get(name).is_some_and(|value| !value.is_null());
        for (name, causes) in self.volatile.iter().filter(|(name, _)| !is_said(name)) {
            let causes: Vec<AttributePath> = causes.iter().map(|cause| path_of(cause)).collect();
            if changed.iter().any(|path| causes.iter().any(|cause| cause.covers(path) || path.covers(cause))) {
                planned.insert(*name, request.unknown(name));
            }
        }
    }
}

/// What is read of an object that is not well, or that is being changed, may not be what it will be.
pub(crate) fn tell_state(request: &PlanRequest, findings: &mut Findings) {
    let Some((state, word)) = request.prior.as_ref().and_then(|prior| mark::state_of(&prior.private)) else { return };
    let at = AttributePath::root();
    match state {
        State::Done => {}
        State::Failed => findings.warning(
            at,
            format!("Azure calls it `{word}`: what was last done with it ended badly"),
            "an apply that changes it tries again; the activity log in the portal has the reason",
        ),
        State::Running(_) => findings.warning(
            at,
            format!("it is being changed, and not by this run (`{word}`): it may be otherwise when that is done"),
            "plan again then; meanwhile a change waits, or is refused",
        ),
    }
}

/// A path of names with dots between them.
fn path_of(names: &str) -> AttributePath {
    names.split('.').fold(AttributePath::root(), |path, name| path.then(Step::Member(name.into())))
}
