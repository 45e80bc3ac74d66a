//! Refusals, in the words of ARM and of its services.

use super::id::Id;
use super::profile::{Missing, Orphan, Profile};
use super::scope;
use crate::exchange::Response;
use serde_json::{Value as Json, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    code: String,
    pub(super) message: String,
    details: Option<Vec<Json>>,
    cause: Option<&'static str>,
    bare: bool,
    retry: Option<u32>,
    target: Option<String>,
}

impl Failure {
    /// A refusal of the service.
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let code = code.to_owned();
        Self {
            status,
            code,
            message: message.into(),
            details: None,
            cause: None,
            bare: false,
            retry: None,
            target: None,
        }
    }

    /// A refusal of ARM itself.
    pub(crate) fn gateway(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { cause: Some("gateway"), ..Self::new(status, code, message) }
    }

    fn detailed(mut self, details: Vec<Json>) -> Self {
        self.details = Some(details);
        self
    }

    /// A refusal as an answer.
    pub(crate) fn response(self) -> Response {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(map) = error.as_object_mut() {
            if let Some(target) = self.target {
                map.insert("target".into(), target.into());
            }
            if let Some(details) = self.details {
                map.insert("details".into(), Json::Array(details));
            }
            if self.bare {
                map.insert("subcode".into(), "GetError_NotFound".into());
            }
        }
        let body = if self.bare { error } else { json!({"error": error}) };
        let mut response = Response::json(self.status, body);
        if let Some(cause) = self.cause {
            response = response.header("x-ms-failure-cause", cause);
        }
        if let Some(seconds) = self.retry {
            response = response.header("retry-after", seconds.to_string());
        }
        response
    }
}

/// The group is not there.
pub(crate) fn no_group(group: &str) -> Failure {
    Failure::gateway(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
}

/// ARM does not know the resource.
pub(crate) fn not_found(id: &Id, shown: &str) -> Failure {
    let names = id.pairs.iter().map(|(_, name)| name.as_str());
    let mut kinds = shown.split('/');
    let namespace = kinds.next().unwrap_or_default();
    let label: String = kinds.zip(names).map(|(kind, name)| format!("/{kind}/{name}")).collect();
    let place = id.group().map_or_else(String::new, |group| format!(" under resource group '{group}'"));
    let help = "For more details please go to https://aka.ms/ARMResourceNotFoundFix";
    let message = format!("The Resource '{namespace}{label}'{place} was not found. {help}");
    Failure::gateway(404, "ResourceNotFound", message)
}

/// The service's own words for a resource that is not there.
pub(crate) fn missing(id: &Id, profile: &Profile) -> Failure {
    let shown = if profile.name.is_empty() { id.type_name() } else { profile.shown_type().to_owned() };
    let name = id.name();
    let plain = |code: &str, message: String| Failure::new(404, code, message);
    match profile.missing {
        Missing::Gateway => not_found(id, &shown),
        Missing::Network => plain("NotFound", format!("Resource {} not found.", id.text())).detailed(Vec::new()),
        Missing::NetworkName => plain("NotFound", format!("Resource {name} not found.")).detailed(Vec::new()),
        Missing::Record => {
            let zone = id.parent().map(|zone| zone.name().to_owned()).unwrap_or_default();
            plain(
                "NotFound",
                format!(
                    "The resource record '{name}' does not exist in resource group '{}' of zone '{zone}'.",
                    id.group().unwrap_or_default()
                ),
            )
        }
        Missing::Compute => {
            let target = profile.name.contains("virtualMachines/").then(|| name.to_owned());
            Failure { target, ..plain("NotFound", "The entity was not found in this Azure location.".to_owned()) }
        }
        Missing::Service => Failure { cause: None, ..not_found(id, &shown) },
        Missing::Disk => plain("NotFound", format!("Disk {name} is not found.")),
        Missing::Credential => plain("NotFound", format!("Resource '{}' was not found.", id.text())),
        Missing::Cdn => plain("NotFound", "The requested resource was not found.".to_owned()),
        Missing::Container => plain("ContainerNotFound", stamped("The specified container does not exist.")),
        Missing::Share => plain("ShareNotFound", stamped("The specified share does not exist.")),
        Missing::RoleAssignment => {
            plain("RoleAssignmentNotFound", format!("The role assignment '{name}' is not found."))
        }
        Missing::RoleDefinition => plain(
            "RoleDefinitionDoesNotExist",
            format!("The specified role definition with ID '{}' does not exist.", name.replace('-', "")),
        ),
        Missing::Pool => pool_missing(id),
    }
}

fn stamped(text: &str) -> String {
    format!("{text}\nRequestId:{}\nTime:{}", scope::guid(text), scope::instant(0))
}

fn pool_missing(id: &Id) -> Failure {
    let cluster = id.parent().map(|parent| parent.name().to_owned()).unwrap_or_default();
    let group = id.group().unwrap_or_default();
    let place = format!("subscription: {}, resourceGroup: {group}, resourceName: {cluster}", id.subscription());
    let reason = json!({"code": "Unspecified", "message": "rpc error: code = NotFound desc = Agent Pool not found"});
    let message = format!("Could not find the agentpool: {} in {place}.", id.name());
    Failure { bare: true, ..Failure::new(404, "NotFound", message) }.detailed(vec![reason])
}

/// The parent is not there.
pub(crate) fn orphan(id: &Id, parent: &Id, profile: &Profile, method: &str) -> Failure {
    let done = match method {
        "DELETE" => "delete",
        "PUT" | "PATCH" | "POST" => "write",
        _ => "read",
    };
    let kind = id.type_name();
    let short = kind.split_once('/').map_or(kind.as_str(), |(_, short)| short);
    match profile.orphan {
        Orphan::NamesParent | Orphan::NamesParentFirst | Orphan::Gone => not_found(parent, &parent.type_name()),
        Orphan::Nested => {
            let text = "Can not perform requested operation on nested resource. Parent resource";
            Failure::gateway(404, "ParentResourceNotFound", format!("{text} '{}' not found.", parent.name()))
        }
        Orphan::Parent | Orphan::ParentFirst => {
            let parent = parent.text();
            let reason = format!("because the parent resource '{parent}' could not be found.");
            let message = format!("Failed to perform '{done}' on resource(s) of type '{short}', {reason}");
            Failure::gateway(404, "ParentResourceNotFound", message)
        }
    }
}

/// The etag sent is not the resource's.
pub(crate) fn precondition(id: &Id, sent: &str, etag: &str, network: bool) -> Failure {
    if !network {
        let message =
            format!("Etag provided in if-match header {} does not match etag {etag} of resource.", quoted(sent));
        return Failure::new(412, "PreconditionFailed", message);
    }
    let weak = if sent.starts_with("W/") { sent.to_owned() } else { format!("W/{}", quoted(sent)) };
    let reason =
        format!("Etag provided in if-match header {weak} does not match etag {etag} of resource {}.", id.text());
    let detail = json!({"code": "PreconditionFailedEtagMismatch", "message": reason});
    Failure::new(412, "PreconditionFailed", "Precondition failed.").detailed(vec![detail])
}

fn quoted(text: &str) -> String {
    if text.starts_with('"') { text.to_owned() } else { format!("\"{text}\"") }
}

/// The group's and the resource's name of an id in upper case, as Network prints references.
pub(crate) fn upper(text: &str) -> String {
    let Some(id) = Id::parse(text) else { return text.to_uppercase() };
    let group = id.group().map(str::to_uppercase).unwrap_or_default();
    let pairs: String = id.pairs.iter().map(|(kind, name)| format!("/{kind}/{}", name.to_uppercase())).collect();
    format!("/subscriptions/{}/resourceGroups/{group}/providers/{}{pairs}", id.subscription(), id.namespace)
}

/// A referenced resource is not there.
pub(crate) fn invalid_reference(sent: &str, by: &Id) -> Failure {
    let sent = upper(sent);
    let why = "Please make sure that the referenced resource exists, and that both resources are in the same region.";
    let message = format!("Resource {sent} referenced by resource {} was not found. {why}", by.text());
    let detail = json!({"code": "NotFound", "message": format!("Resource {sent} not found.")});
    Failure::new(400, "InvalidResourceReference", message).detailed(vec![detail])
}

/// A referenced resource is not there, in the words of those that answer 404.
pub(crate) fn reference_missing(sent: &str) -> Failure {
    Failure::new(404, "NotFound", format!("Resource {sent} not found.")).detailed(Vec::new())
}

/// A referenced resource is still worked on.
pub(crate) fn not_provisioned(sent: &str, by: &Id, state: &str) -> Failure {
    let place = format!("resource {sent} used by resource {}", by.text());
    let why = format!(
        "Cannot proceed with operation because {place} is not in Succeeded state. Resource is in {state} state"
    );
    let detail = json!({"code": "ReferencedResourceNotProvisioned", "message": format!("{why} and the last operation that updated/is updating the resource is Put.")});
    Failure { cause: Some("service"), ..Failure::new(429, "RetryableError", "A retryable error occurred.") }
        .detailed(vec![detail])
}

/// A sibling is worked on at this moment.
pub(crate) fn sibling_busy(token: &str, by: &Id, seconds: u32) -> Failure {
    let parent = by.parent().map_or_else(|| by.text(), |parent| parent.text());
    let why = format!("Operation Put ({token}) is updating resource {parent}. Retry the operation later.");
    let detail = json!({"code": "RetryableErrorDueToAnotherOperation", "message": why});
    let failure = Failure::new(429, "RetryableError", "A retryable error occurred.");
    Failure { cause: Some("service"), retry: Some(seconds), ..failure }.detailed(vec![detail])
}

/// The resource itself is worked on and takes nothing else meanwhile.
pub(crate) fn in_progress(url: &str) -> Failure {
    let message = format!(
        "Another operation on this or dependent resource is in progress. To retrieve status of the operation use uri: {url}."
    );
    Failure::new(409, "AnotherOperationInProgress", message).detailed(Vec::new())
}

/// Something still uses the resource.
pub(crate) fn in_use(code: &str, id: &Id, user: &str) -> Failure {
    let name = id.name();
    let text = id.text();
    match code {
        "InUseSubnetCannotBeDeleted" => {
            let message = format!(
                "Subnet {name} is in use by {user} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet."
            );
            Failure::new(400, code, message).detailed(Vec::new())
        }
        "PublicIPAddressCannotBeDeleted" => {
            let message = format!(
                "Public IP address {text} can not be deleted since it is still allocated to resource {user}. In order to delete the public IP, disassociate/detach the Public IP address from the resource."
            );
            Failure::new(400, code, message).detailed(Vec::new())
        }
        "OperationNotAllowed" => {
            let message = format!("Disk {name} is attached to VM {user}.");
            Failure::new(409, code, message)
        }
        _ => Failure::new(400, code, format!("Resource {text} is in use by {user} and cannot be deleted."))
            .detailed(Vec::new()),
    }
}

/// Children must go first.
pub(crate) fn nested(children: &[String]) -> Failure {
    let listed = children.iter().take(5).map(|child| format!("'{child}'")).collect::<Vec<_>>().join(",");
    let message = format!(
        "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: {listed}. Please delete all nested resources before deleting this resource."
    );
    Failure::gateway(409, "CannotDeleteResource", message)
}

/// A lock is in the way.
pub(crate) fn locked(id: &str, lock: &str, delete: bool) -> Failure {
    let what = if delete { "delete" } else { "write" };
    let message = format!(
        "The scope '{id}' cannot perform {what} operation because following scope(s) are locked: '{lock}'. Please remove the lock and try again."
    );
    Failure::gateway(409, "ScopeLocked", message)
}

/// The API version is missing or not one.
pub(crate) fn api_version(sent: Option<&str>) -> Failure {
    match sent {
        None => Failure::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        ),
        Some(version) => Failure::gateway(
            400,
            "InvalidApiVersionParameter",
            format!(
                "The api-version '{version}' is invalid. The supported versions are of the form 'YYYY-MM-DD' or 'YYYY-MM-DD-preview'."
            ),
        ),
    }
}

/// The type has no such API version.
pub(crate) fn no_provider(id: &Id, version: &str, range: &(String, String)) -> Failure {
    let kind = id.type_name();
    let short = kind.split_once('/').map_or("", |(_, short)| short);
    let message = format!(
        "No registered resource provider found for location '' and API version '{version}' for type '{short}'. The supported api-versions are from '{}' to '{}'.",
        range.0, range.1
    );
    Failure::gateway(400, "NoRegisteredProviderFound", message)
}

/// The request's body is not what it must be.
pub(crate) fn invalid_content(message: impl Into<String>) -> Failure {
    Failure::gateway(400, "InvalidRequestContent", message)
}
