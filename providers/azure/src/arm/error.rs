//! From ARM's errors to the contract's classes. ARM answers an envelope, some services a bare object, a proxy HTML.

pub(crate) use formwork_provider_api::found;
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;

/// What is taken from an answer that is an error.
pub(crate) struct Problem<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The service's id of the request.
    pub(crate) request_id: &'a str,
    /// When to try again, in seconds.
    pub(crate) retry_after_s: Option<u64>,
    /// The body as it came.
    pub(crate) text: &'a str,
}

impl Problem<'_> {
    /// The classified error.
    pub(crate) fn classify(&self) -> ProviderError {
        let json: Json = serde_json::from_str(self.text).unwrap_or(Json::Null);
        let found = Envelope::of(&json);
        let code = found.code.clone();
        let message = found.message().unwrap_or_else(|| self.without_message());
        let mut error = classified(&found, self.status, message).vendor(code, self.request_id);
        if let Some(seconds) = self.retry_after_s {
            error = error.retry_after_ms(seconds.saturating_mul(1000));
        }
        error
    }

    fn without_message(&self) -> String {
        let text = self.text.trim();
        if text.is_empty() {
            return format!("HTTP status {} without an explanation", self.status);
        }
        let kind = if text.starts_with('<') { "a web page" } else { "no error of Azure" };
        format!("HTTP status {}, and the answer is {kind}; does a proxy stand between?", self.status)
    }
}

/// The error that a finished operation carries in its body.
pub(crate) fn of_operation(body: &Json, what: &str) -> ProviderError {
    let found = Envelope::of(body);
    let status = body.get("status").and_then(Json::as_str).unwrap_or("Failed");
    let message = found.message().unwrap_or_else(|| "without an explanation".to_owned());
    let mut error = classified(&found, 0, format!("{what}: {status}: {message}")).vendor(found.code.clone(), "");
    // The operation ended: asking again tells the same, and what it missed is not the object itself.
    if matches!(error.class, ErrorClass::NotFound | ErrorClass::Retryable) {
        error.class = ErrorClass::Other;
        error = error.help("apply again: what is there is repaired");
    }
    error
}

/// Code, message and details, wherever they stand.
#[derive(Debug, Default)]
struct Envelope {
    code: String,
    text: String,
    details: Vec<(String, String)>,
}

impl Envelope {
    fn of(json: &Json) -> Self {
        let inner = json.get("error").filter(|error| error.is_object()).unwrap_or(json);
        let details = inner.get("details").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        Self {
            code: word(inner, "code"),
            text: word(inner, "message"),
            details: details.iter().map(|detail| (word(detail, "code"), word(detail, "message"))).collect(),
        }
    }

    fn message(&self) -> Option<String> {
        let details = self.details.iter().filter(|(_, text)| !text.is_empty() && !self.text.contains(text.as_str()));
        let mut parts: Vec<&str> = details.map(|(_, text)| text.as_str()).collect();
        if !self.text.is_empty() {
            parts.insert(0, &self.text);
        }
        let code = Some(self.code.clone()).filter(|code| !code.is_empty());
        if parts.is_empty() { code } else { Some(parts.join(" ")) }
    }

    /// The code, and those of the details.
    fn codes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.code.as_str()).chain(self.details.iter().map(|(code, _)| code.as_str()))
    }
}

fn word(json: &Json, name: &str) -> String {
    let value = json.get(name).or_else(|| {
        // OData services and old ones begin their fields with a capital.
        let entries = json.as_object()?;
        entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    });
    match value {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        // The data plane of some services wraps the text once more.
        Some(Json::Object(inner)) => inner.get("value").and_then(Json::as_str).unwrap_or_default().to_owned(),
        _ => String::new(),
    }
}

fn classified(found: &Envelope, status: u16, message: String) -> ProviderError {
    let class = found
        .codes()
        .find_map(|code| ErrorClass::of_code(code, EXACT, WORDS))
        .unwrap_or_else(|| class_of_status(status));
    let class = if VAGUE.contains(&found.code.as_str()) { class_of_words(&message).unwrap_or(class) } else { class };
    let error = ProviderError::new(class, message);
    match found.codes().find_map(advice) {
        Some(help) => error.help(help),
        None => error,
    }
}

const fn class_of_status(status: u16) -> ErrorClass {
    match status {
        408 | 429 | 500.. => ErrorClass::Retryable,
        401 | 403 => ErrorClass::Forbidden,
        404 | 410 => ErrorClass::NotFound,
        // Somebody changed the object between our reading and our writing: read again, write again.
        412 => ErrorClass::Retryable,
        409 | 423 => ErrorClass::Conflict,
        400..500 => ErrorClass::Invalid,
        _ => ErrorClass::Other,
    }
}

const EXACT: &[(&str, ErrorClass)] = &[
    // Ordinary answers of a busy network, not quota.
    ("RetryableError", ErrorClass::Retryable),
    ("RetryableErrorDueToAnotherOperation", ErrorClass::Retryable),
    ("ReferencedResourceNotProvisioned", ErrorClass::Retryable),
    ("AnotherOperationInProgress", ErrorClass::Retryable),
    ("OperationPreempted", ErrorClass::Retryable),
    ("PreconditionFailed", ErrorClass::Retryable),
    ("ResourceGroupBeingDeleted", ErrorClass::Conflict),
    ("StorageAccountIsNotProvisioned", ErrorClass::Retryable),
    ("StorageAccountOperationInProgress", ErrorClass::Retryable),
    ("ServerTimeout", ErrorClass::Retryable),
    ("GatewayTimeout", ErrorClass::Retryable),
    ("ParentResourceNotFound", ErrorClass::NotFound),
    ("RoleDefinitionDoesNotExist", ErrorClass::NotFound),
    // A principal that was made a moment ago is not known everywhere.
    ("PrincipalNotFound", ErrorClass::Retryable),
    ("RoleAssignmentExists", ErrorClass::Conflict),
    ("StorageAccountAlreadyTaken", ErrorClass::Conflict),
    ("VaultAlreadyExists", ErrorClass::Conflict),
    ("CannotDeleteResource", ErrorClass::Conflict),
    ("ScopeLocked", ErrorClass::Forbidden),
    ("RequestDisallowedByPolicy", ErrorClass::Forbidden),
    ("MissingSubscriptionRegistration", ErrorClass::Invalid),
    ("SubscriptionNotRegistered", ErrorClass::Invalid),
    ("SubscriptionNotFound", ErrorClass::Forbidden),
    ("ExpiredAuthenticationToken", ErrorClass::Forbidden),
    ("SubscriptionRequestsThrottled", ErrorClass::Retryable),
    ("OperationNotAllowed", ErrorClass::Conflict),
    ("SkuNotAvailable", ErrorClass::Quota),
    ("ZonalAllocationFailed", ErrorClass::Quota),
    ("AllocationFailed", ErrorClass::Quota),
    ("CountLimitExceeded", ErrorClass::Quota),
];

/// The first word that occurs decides.
const WORDS: &[(&str, ErrorClass)] = &[
    ("Quota", ErrorClass::Quota),
    ("LimitReached", ErrorClass::Quota),
    ("LimitExceeded", ErrorClass::Quota),
    ("Throttl", ErrorClass::Retryable),
    ("TooManyRequests", ErrorClass::Retryable),
    ("CannotBeDeleted", ErrorClass::Conflict),
    ("InUse", ErrorClass::Conflict),
    ("AuthorizationFailed", ErrorClass::Forbidden),
    ("LinkedAuthorizationFailed", ErrorClass::Forbidden),
    ("Authentication", ErrorClass::Forbidden),
    ("Forbidden", ErrorClass::Forbidden),
    ("Unauthorized", ErrorClass::Forbidden),
    ("AlreadyExists", ErrorClass::Conflict),
    ("AlreadyTaken", ErrorClass::Conflict),
];

/// Codes that services use for anything: the text tells what it is.
const VAGUE: &[&str] = &["Conflict", "OperationNotAllowed", "FailedIdentityOperation"];

/// What the text of a vague error says, where it says what is understood.
fn class_of_words(message: &str) -> Option<ErrorClass> {
    let message = message.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if says(&["in progress", "busy processing", "being recovered", "try again later"]) {
        return Some(ErrorClass::Retryable);
    }
    // An identity that was made a moment ago is not known everywhere.
    if message.contains("userassignedidentities") && message.contains("was not found") {
        return Some(ErrorClass::Retryable);
    }
    says(&["quota", "exceeding approved"]).then_some(ErrorClass::Quota)
}

fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "MissingSubscriptionRegistration" | "SubscriptionNotRegistered" => {
            "register the resource provider in the subscription: `az provider register --namespace …`"
        }
        "ScopeLocked" => "a lock of the portal forbids it: remove the lock, or leave the object alone",
        "RequestDisallowedByPolicy" => {
            "a policy of the subscription forbids it: change the config, or ask for an exemption"
        }
        "AuthorizationFailed" | "LinkedAuthorizationFailed" => "the credentials lack a role at this scope",
        "SubscriptionNotFound" => {
            "the credentials cannot see the subscription: check `subscription_id` and `tenant_id`"
        }
        "OperationNotAllowed" => {
            "the service says why it does not allow this now: change the config, or wait until the object is in another state"
        }
        "CannotDeleteResource" => "something nested in it is still there; it may not be in this stack",
        code if is_in_use(code) => {
            "what still uses it is not in this stack, or changes over only afterwards; `@create_first` above its block makes \
             the new one before the old one goes"
        }
        _ => return None,
    })
}

/// Whether a delete was refused because of something that may be on its way out.
pub(crate) fn is_in_use(code: &str) -> bool {
    code.contains("CannotBeDeleted") || code.contains("InUse") || code == "CannotDeleteResource"
}

/// Whether a write was refused because a sibling has what the object shall get.
pub(crate) fn is_taken_by_sibling(code: &str) -> bool {
    matches!(code, "SecurityRuleConflict" | "NetcfgSubnetRangesOverlap")
}

/// Whether the error says that there is no such object.
pub(crate) fn is_not_found(error: &ProviderError) -> bool {
    error.class == ErrorClass::NotFound
}

/// What went wrong before or while a request was on its way.
pub(crate) fn of_transport(error: &reqwest::Error, host: &str) -> ProviderError {
    let text = chain(error);
    if error.is_builder() {
        return ProviderError::invalid(format!("the request to {host} could not be made: {text}"));
    }
    if error.is_connect() {
        return ProviderError::new(ErrorClass::Unreachable, format!("cannot connect to {host}: {text}"))
            .help("check the network, HTTPS_PROXY, the endpoint and the CA bundle");
    }
    let what = if error.is_timeout() { "no answer in time" } else { "the connection was lost" };
    ProviderError::new(ErrorClass::AnswerLost, format!("{what} ({host}): {text}"))
}

/// The error with everything that caused it, on one line; without the address, which may hold a signature.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = if text.is_empty() { words } else { format!("{text}: {words}") };
        }
        next = cause.source();
    }
    if text.is_empty() { "no details".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(status: u16, text: &str) -> ProviderError {
        Problem { status, request_id: "r", retry_after_s: None, text }.classify()
    }

    #[test]
    fn errors_have_their_class() {
        let cases = [
            (
                429,
                r#"{"error":{"code":"RetryableError","message":"m","details":[{"code":"ReferencedResourceNotProvisioned"}]}}"#,
                ErrorClass::Retryable,
            ),
            (429, r#"{"error":{"code":"429","message":"slow"}}"#, ErrorClass::Retryable),
            (409, r#"{"error":{"code":"AnotherOperationInProgress","message":"m"}}"#, ErrorClass::Retryable),
            (400, r#"{"error":{"code":"PrincipalNotFound","message":"m"}}"#, ErrorClass::Retryable),
            (400, r#"{"error":{"code":"ReferencedResourceNotProvisioned","message":"m"}}"#, ErrorClass::Retryable),
            (412, r#"{"error":{"code":"PreconditionFailed","message":"m"}}"#, ErrorClass::Retryable),
            (400, r#"{"error":{"code":"InUseSubnetCannotBeDeleted","message":"m"}}"#, ErrorClass::Conflict),
            (409, r#"{"error":{"code":"StorageAccountAlreadyTaken","message":"m"}}"#, ErrorClass::Conflict),
            (404, r#"{"error":{"code":"ResourceGroupNotFound","message":"m"}}"#, ErrorClass::NotFound),
            (404, r#"{"code":"NotFound","message":"a bare object","subcode":""}"#, ErrorClass::NotFound),
            (403, r#"{"error":{"code":"AuthorizationFailed","message":"m"}}"#, ErrorClass::Forbidden),
            (409, r#"{"error":{"code":"QuotaExceeded","message":"m"}}"#, ErrorClass::Quota),
            (400, r#"{"error":{"code":"InvalidResourceReference","message":"m"}}"#, ErrorClass::Invalid),
            (
                409,
                r#"{"code":"OperationNotAllowed","message":"there is an in progress update operation"}"#,
                ErrorClass::Retryable,
            ),
            (
                409,
                r#"{"error":{"code":"OperationNotAllowed","message":"exceeding approved cores Quota"}}"#,
                ErrorClass::Quota,
            ),
            (409, r#"{"error":{"code":"OperationNotAllowed","message":"not eligible"}}"#, ErrorClass::Conflict),
            (
                409,
                r#"{"error":{"code":"Conflict","message":"it is busy processing a previous update"}}"#,
                ErrorClass::Retryable,
            ),
            (
                409,
                r#"{"error":{"code":"Conflict","message":"Secret x is currently being recovered"}}"#,
                ErrorClass::Retryable,
            ),
            (400, r#"{"error":{"code":"Conflict","message":"DiskAccess x is in failed state"}}"#, ErrorClass::Invalid),
            (
                400,
                r#"{"error":{"code":"FailedIdentityOperation","message":"Resource '/x/userAssignedIdentities/i' was not found."}}"#,
                ErrorClass::Retryable,
            ),
            (504, "<html>gateway</html>", ErrorClass::Retryable),
            (404, "", ErrorClass::NotFound),
        ];
        for (status, text, class) in cases {
            assert_eq!(classify(status, text).class, class, "{text}");
        }
    }

    #[test]
    fn the_vendors_words_are_kept() {
        let error =
            classify(400, r#"{"code":"BadRequest","message":"outer","details":[{"code":"x","message":"inner"}]}"#);
        assert_eq!(
            (error.message.as_str(), error.code.as_str(), error.request_id.as_str()),
            ("outer inner", "BadRequest", "r")
        );
        assert!(classify(502, "<html>").message.contains("a web page"));
    }
}
