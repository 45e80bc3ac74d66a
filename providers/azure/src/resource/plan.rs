//! Planning: what the schema cannot say. A group or a region may be written in several ways; what an update will change is
//! not known before.

use crate::resource::{ArmType, Scope, known_map, meaning};
use crate::session::Session;
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

/// A path of names with dots between them.
fn path_of(names: &str) -> AttributePath {
    names.split('.').fold(AttributePath::root(), |path, name| path.then(Step::Member(name.into())))
}
