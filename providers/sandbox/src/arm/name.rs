//! Names that a service takes, of a resource and of the children that lie in its body.

use super::failure::Failure;
use super::id::Id;
use super::path;
use super::profile::{Profile, Profiles};
use super::wire::Wire;
use regex::Regex;
use serde_json::Value as Json;

/// Names of most types of Network, where a profile says nothing else.
const NETWORK: &str = "^[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?$";

/// The names of children that are sent within their parent.
pub(super) fn check_parts(id: &Id, profiles: &Profiles, sent: &Json) -> Result<(), Failure> {
    let own = format!("{}/", id.type_name().to_lowercase());
    let children = profiles.types().filter_map(|profile| {
        let kind = profile.name.get(own.len()..).filter(|_| profile.name.to_lowercase().starts_with(&own))?;
        profile.embedded.as_ref().filter(|_| !kind.contains('/')).map(|embedded| (profile, kind, embedded))
    });
    for (profile, kind, embedded) in children {
        for item in path::all(sent, &format!("{}[]", embedded.at)) {
            let Some(name) = path::text(item.value, "name") else { continue };
            let mut child = id.clone();
            child.pairs.push((kind.to_owned(), name.to_owned()));
            check(&child, profile)?;
        }
    }
    Ok(())
}

/// The name is one that the service takes.
pub(super) fn check(id: &Id, profile: &Profile) -> Result<(), Failure> {
    let name = id.name();
    let of_service = (profile.wire == Wire::Network).then_some(NETWORK);
    let rule = profile.names.as_deref().or(of_service).and_then(|rule| Regex::new(rule).ok());
    let doubled = profile.global.as_deref() == Some("vault") && name.contains("--");
    if doubled {
        return Err(bad_name(id, profile));
    }
    if rule.is_some_and(|rule| !rule.is_match(name)) {
        return Err(bad_name(id, profile));
    }
    if name.is_empty() || name.len() > 260 || name.ends_with('.') && !profile.name.contains("ns") {
        return Err(bad_name(id, profile));
    }
    Ok(())
}

fn bad_name(id: &Id, profile: &Profile) -> Failure {
    let name = id.name();
    match profile.global.as_deref() {
        Some("storage") => Failure::new(
            400,
            "AccountNameInvalid",
            format!(
                "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
            ),
        ),
        Some("vault") => Failure::new(
            400,
            "VaultNameNotValid",
            format!(
                "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742"
            ),
        ),
        Some("registry") => Failure::new(
            400,
            "InvalidRegistryName",
            format!(
                "The registry name '{name}' is invalid. Registry names may contain alpha numeric characters only and must be between 5 and 50 characters."
            ),
        ),
        _ if id.namespace.eq_ignore_ascii_case("Microsoft.Compute") => Failure::new(
            400,
            "InvalidParameter",
            format!(
                "The entity name '{name}' is invalid according to its validation rule: {}.",
                profile.names.as_deref().unwrap_or_default()
            ),
        ),
        _ if id.namespace.eq_ignore_ascii_case("Microsoft.ContainerService") => Failure::new(
            400,
            "InvalidParameter",
            format!(
                "The value of parameter {} is invalid. Error details: '{name}' does not match {}. Please see https://aka.ms/aks-naming-rules for more details.",
                if id.pairs.len() > 1 { "agentPoolProfile.name" } else { "managedCluster.name" },
                profile.names.as_deref().unwrap_or_default()
            ),
        ),
        _ if id.namespace.eq_ignore_ascii_case("Microsoft.Network") => Failure::new(
            400,
            "InvalidResourceName",
            format!(
                "Resource name {name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'."
            ),
        ),
        _ => Failure::gateway(
            400,
            "InvalidResourceName",
            format!("The resource name '{name}' of type '{}' is invalid.", id.type_name()),
        ),
    }
}
