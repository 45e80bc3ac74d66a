//! `std.time`: a moment that stays, until it is time for a new one.

use super::{TRIGGERS, made_once};
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Limit, ResourceSchema};
use formwork_model::{AttributePath, Map, Value, ValueBuf};
use formwork_provider_api::{Applied, CreateRequest, Finding, OperationSink, PlanRequest, PlanResponse, ProviderError};
use jiff::{SignedDuration, Timestamp};

pub(crate) const SCHEMA: ResourceSchema = made_once(
    "time",
    "The moment of its creation, and one at a distance from it. With `rotate_after` a new one is made when it is due; \
     what names it in `triggers` or `@replace_when` follows.",
)
.attributes(&[
    Attribute::string("base", "A moment (RFC 3339) in place of that of the creation.")
        .create_only()
        .limits(&[Limit::Length(10, 64)]),
    Attribute::new("offset", AttributeType::Duration, "Distance from `at` to `result`; may be negative.").create_only(),
    Attribute::new(
        "rotate_after",
        AttributeType::Duration,
        "When so long after `at` has passed, a plan makes a new one.",
    )
    .create_only(),
    TRIGGERS,
    Attribute::string("at", "The moment (RFC 3339, UTC).").computed(),
    Attribute::int("unix", "The moment in seconds since 1970.").computed(),
    Attribute::string("result", "`at` plus `offset` (RFC 3339, UTC).").computed(),
    Attribute::string("rotates_at", "When a new one is due (RFC 3339, UTC); absent without `rotate_after`.").computed(),
]);

/// What a new one brings.
const MADE: [&str; 4] = ["at", "unix", "result", "rotates_at"];

pub(crate) struct Time;

#[async_trait]
impl LocalType for Time {
    fn validate(&self, config: &ValueBuf) -> Vec<Finding> {
        let base = config.view().get("base");
        let wrong = base.and_then(|base| base.as_str()).filter(|text| text.parse::<Timestamp>().is_err());
        let finding = |text: &str| Finding {
            warning: false,
            path: AttributePath::member("base"),
            message: format!("{text:?} is no moment"),
            help: Some("write it like `2026-01-31T12:00:00Z`".to_owned()),
        };
        wrong.map(finding).into_iter().collect()
    }

    fn plans(&self) -> bool {
        true
    }

    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        Ok(planned(request, Timestamp::now()))
    }

    async fn create(
        &self,
        _: &StdConnection,
        request: CreateRequest,
        _: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        moments(&mut values, Timestamp::now())?;
        Ok(applied(values))
    }
}

/// The plan at this moment: everything is new when it is due.
fn planned(request: &PlanRequest, now: Timestamp) -> PlanResponse {
    let mut response = PlanResponse::as_proposed(request);
    let due = request.prior.as_ref().is_some_and(|prior| is_due(&prior.values, "rotates_at", now));
    let Value::Map(mut values) = request.proposed.to_value() else { return response };
    if request.prior.is_none() && !has(&request.config, "rotate_after") {
        values.remove("rotates_at");
    }
    if due {
        MADE.iter().for_each(|name| drop(values.insert(*name, request.unknown(name))));
        response.replace.push(AttributePath::member("rotates_at"));
    }
    response.planned = ValueBuf::from(Value::Map(values));
    response
}

fn has(config: &ValueBuf, attribute: &str) -> bool {
    config.view().get(attribute).is_some_and(|value| !value.is_null())
}

/// Whether the moment that the attribute holds has come.
pub(super) fn is_due(values: &ValueBuf, attribute: &str, now: Timestamp) -> bool {
    let moment = values.view().get(attribute).and_then(|value| value.as_str()?.parse::<Timestamp>().ok());
    moment.is_some_and(|moment| moment <= now)
}

fn moments(values: &mut Map, now: Timestamp) -> Result<(), ProviderError> {
    let wrong =
        |path: &str, error: jiff::Error| ProviderError::invalid(error.to_string()).at(AttributePath::member(path));
    let at = match values.get("base").and_then(Value::as_str) {
        Some(base) => base.parse().map_err(|error| wrong("base", error))?,
        None => Timestamp::from_second(now.as_second()).map_err(|error| wrong("at", error))?,
    };
    let later = |attribute: &str| match values.get(attribute) {
        Some(Value::Duration(milliseconds)) => {
            let moment = at.checked_add(SignedDuration::from_millis(*milliseconds));
            moment.map(Some).map_err(|error| wrong(attribute, error))
        }
        _ => Ok(None),
    };
    let (result, rotates_at) = (later("offset")?.unwrap_or(at), later("rotate_after")?);
    values.insert("at", Value::string(at.to_string()));
    values.insert("unix", Value::Int(at.as_second()));
    values.insert("result", Value::string(result.to_string()));
    if let Some(moment) = rotates_at {
        values.insert("rotates_at", Value::string(moment.to_string()));
    }
    Ok(())
}
