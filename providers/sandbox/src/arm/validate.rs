//! What ARM and the services check of a request before anything else.

use super::failure::{self, Failure};
use super::id::Id;
use super::path;
use super::profile::{LocationRule, Profile};
use super::{Call, catalog};
use regex::Regex;
use serde_json::Value as Json;
use std::sync::OnceLock;

fn is_version(text: &str) -> bool {
    static FORM: OnceLock<Option<Regex>> = OnceLock::new();
    let form = FORM.get_or_init(|| Regex::new(r"^20\d\d-[01]\d-[0-3]\d(-(preview|beta|alpha|privatepreview))?$").ok());
    form.as_ref().is_some_and(|form| form.is_match(text))
}

/// Each request names an API version.
pub(super) fn version(call: &Call<'_>) -> Result<(), Failure> {
    match call.request.parameter("api-version") {
        Some(version) if is_version(version) => Ok(()),
        sent => Err(failure::api_version(sent)),
    }
}

/// The type knows the version.
pub(super) fn known_version(call: &Call<'_>, id: &Id, profile: &Profile) -> Result<(), Failure> {
    let Some(range) = &profile.versions else { return Ok(()) };
    let version = call.version.get(..10).unwrap_or_default();
    if version < range.0.as_str() || version > range.1.as_str() {
        return Err(failure::no_provider(id, &call.version, range));
    }
    Ok(())
}

/// The location is there where it must be, and is written as ARM writes it.
pub(super) fn location(id: &Id, profile: &Profile, sent: &mut Json) -> Result<(), Failure> {
    let rule = profile.location;
    match path::text(sent, "location").map(catalog::normal_location) {
        Some(location) => {
            if !rule.takes(&location) {
                let kind = id.type_name();
                let message = format!(
                    "The provided location '{location}' is not available for resource type '{kind}'. List of available regions for the resource type is '{}'.",
                    rule.places().join(",")
                );
                return Err(Failure::gateway(400, "LocationNotAvailableForResourceType", message));
            }
            path::set(sent, "location", location.into());
            Ok(())
        }
        None if rule.requires() && id.parent().is_none() => {
            Err(Failure::gateway(400, "LocationRequired", "The location property is required for this definition."))
        }
        None => Ok(()),
    }
}

/// The location of what is in no region.
const GLOBAL: &str = "global";

impl LocationRule {
    /// A body must have a location.
    const fn requires(self) -> bool {
        matches!(self, Self::Required | Self::Global | Self::Anywhere)
    }

    /// Such a location is one of the type's; a type without a location is not asked.
    fn takes(self, location: &str) -> bool {
        let (is_global, is_region) = (location == GLOBAL, catalog::is_location(location));
        match self {
            Self::Required => is_region,
            Self::Global => is_global,
            Self::Anywhere | Self::Optional => is_global || is_region,
            Self::None => true,
        }
    }

    /// The locations that the type has, by name.
    fn places(self) -> Vec<&'static str> {
        self.among(catalog::LOCATIONS.map(|one| one.0).to_vec())
    }

    /// The locations that the type has, of all `regions`.
    pub(super) fn among(self, regions: Vec<&'static str>) -> Vec<&'static str> {
        match self {
            Self::Global => vec![GLOBAL],
            Self::Anywhere => [vec![GLOBAL], regions].concat(),
            Self::Required | Self::Optional | Self::None => regions,
        }
    }
}

/// Required properties are there.
pub(super) fn required(id: &Id, profile: &Profile, sent: &Json) -> Result<(), Failure> {
    let absent = profile.required.iter().find(|place| {
        let spots = path::all(sent, place);
        let list = place.contains("[]");
        if list {
            let (items, last) = place.rsplit_once('.').unwrap_or((place.as_str(), ""));
            return path::all(sent, items).iter().any(|spot| path::get(spot.value, last).is_none());
        }
        spots.is_empty()
    });
    match absent {
        None => Ok(()),
        Some(place) => {
            let name = place.rsplit('.').next().unwrap_or(place);
            let message = format!(
                "Required property '{name}' not found in JSON. Path '{place}' of resource {} of type {}.",
                id.name(),
                id.type_name()
            );
            Err(Failure::new(400, "InvalidRequestFormat", format!("Cannot parse the request. {message}")))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn versions_are_dates() {
        assert!(is_version("2024-03-01") && is_version("2025-10-02-preview"));
        assert!(!is_version("latest") && !is_version("2024-3-1") && !is_version(""));
    }
}
