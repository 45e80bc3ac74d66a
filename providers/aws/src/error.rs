//! From the SDK's errors to the contract's classes: what is worth repeating, what is known not to have been sent, and
//! what may have been done although no answer came.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
pub(crate) use formwork_provider_api::found;
use formwork_provider_api::{ErrorClass, ProviderError};
use std::error::Error;

/// Whether a call may have changed something when no answer came.
pub(crate) trait IntoProviderError {
    /// The classified error.
    fn classify(self) -> ProviderError;
}

impl<E> IntoProviderError for SdkError<E, HttpResponse>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn classify(self) -> ProviderError {
        match &self {
            Self::ServiceError(context) => service_error(context.err(), context.raw()),
            Self::DispatchFailure(failure) => failure.as_connector_error().map_or_else(
                || ProviderError::new(ErrorClass::AnswerLost, chain(&self)),
                |error| dispatch_error(error, chain(error)),
            ),
            Self::TimeoutError(_) => {
                ProviderError::new(ErrorClass::AnswerLost, format!("no answer in time: {}", chain(&self)))
            }
            Self::ResponseError(_) => {
                ProviderError::new(ErrorClass::AnswerLost, format!("the answer is damaged: {}", chain(&self)))
            }
            // Nothing was sent: the request could not be built, or there are no credentials.
            _ => unsent_error(&chain(&self)),
        }
    }
}

/// The error with everything that caused it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

/// A request that was never sent: without credentials, or with what no request can be made of.
pub(crate) fn unsent_error(text: &str) -> ProviderError {
    if is_about_credentials(text) {
        return ProviderError::new(ErrorClass::Forbidden, format!("no usable AWS credentials: {text}"))
            .help("log in (`aws sso login`), or set `profile` in the provider block or AWS_PROFILE");
    }
    ProviderError::invalid(format!("the request could not be made: {text}"))
}

fn is_about_credentials(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("credential") || text.contains("identity")
}

fn dispatch_error(error: &ConnectorError, text: String) -> ProviderError {
    if text.contains("(Connect)") || text.contains("connect timeout") || text.contains("dns error") {
        return ProviderError::new(ErrorClass::Unreachable, format!("cannot connect: {text}"))
            .help("check the network, HTTPS_PROXY, the endpoint and the CA bundle");
    }
    if error.is_user() || is_about_credentials(&text) {
        return unsent_error(&text);
    }
    ProviderError::new(ErrorClass::AnswerLost, format!("the connection was lost: {text}"))
}

fn service_error<E: ProvideErrorMetadata + Error>(error: &E, response: &HttpResponse) -> ProviderError {
    let status = response.status().as_u16();
    let code = error.code().unwrap_or_default();
    let message = error.message().map_or_else(|| describe_without_message(code, status), str::to_owned);
    let request = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    let request = request.iter().find_map(|name| response.headers().get(*name));
    let request = request.or_else(|| error.meta().extra("aws_request_id")).unwrap_or_default();
    let mut result = ProviderError::new(class_of(code, status), message).vendor(code, request);
    if let Some(seconds) = response.headers().get("retry-after").and_then(|text| text.parse::<u64>().ok()) {
        result = result.retry_after_ms(seconds.saturating_mul(1000));
    }
    match advice(code) {
        Some(help) => result.help(help),
        None => result,
    }
}

fn describe_without_message(code: &str, status: u16) -> String {
    if code.is_empty() { format!("HTTP status {status} without an explanation") } else { code.to_owned() }
}

/// The class of a vendor's code. Codes are told apart by their words, since each service has its own spelling.
pub(crate) fn class_of(code: &str, status: u16) -> ErrorClass {
    if let Some(class) = ErrorClass::of_code(code, EXACT, WORDS) {
        return class;
    }
    match status {
        429 | 500.. => ErrorClass::Retryable,
        401 | 403 => ErrorClass::Forbidden,
        404 => ErrorClass::NotFound,
        409 => ErrorClass::Conflict,
        400..500 => ErrorClass::Invalid,
        _ => ErrorClass::Other,
    }
}

const EXACT: &[(&str, ErrorClass)] = &[
    // Something still refers to it: as a rule an object whose deletion is not through yet.
    ("DependencyViolation", ErrorClass::Retryable),
    ("DeleteConflict", ErrorClass::Retryable),
    ("ResourceInUseException", ErrorClass::Conflict),
    ("ConcurrentModification", ErrorClass::Retryable),
    ("ConcurrentModificationException", ErrorClass::Retryable),
    ("IncorrectState", ErrorClass::Retryable),
    ("IncorrectInstanceState", ErrorClass::Retryable),
    ("InvalidIPAddress.InUse", ErrorClass::Retryable),
    ("InvalidSubnet.Conflict", ErrorClass::Conflict),
    ("EntityTemporarilyUnmodifiable", ErrorClass::Retryable),
    ("RequestLimitExceeded", ErrorClass::Retryable),
    ("IdempotentParameterMismatch", ErrorClass::Conflict),
    ("UnsupportedAddon", ErrorClass::Invalid),
    ("RequestExpired", ErrorClass::Forbidden),
    ("OptInRequired", ErrorClass::Forbidden),
    ("AuthFailure", ErrorClass::Forbidden),
    ("NoSuchEntity", ErrorClass::NotFound),
    ("NoSuchEntityException", ErrorClass::NotFound),
    ("InvalidGatewayID.NotFound", ErrorClass::NotFound),
    ("Resource.AlreadyAssociated", ErrorClass::Conflict),
];

/// The first word that occurs decides.
const WORDS: &[(&str, ErrorClass)] = &[
    ("Throttl", ErrorClass::Retryable),
    ("TooManyRequests", ErrorClass::Retryable),
    ("RequestTimeout", ErrorClass::Retryable),
    ("ServiceUnavailable", ErrorClass::Retryable),
    ("Unavailable", ErrorClass::Retryable),
    ("InternalError", ErrorClass::Retryable),
    ("InternalFailure", ErrorClass::Retryable),
    ("ServerException", ErrorClass::Retryable),
    ("ServiceFailure", ErrorClass::Retryable),
    ("AccessDenied", ErrorClass::Forbidden),
    ("ExpiredToken", ErrorClass::Forbidden),
    ("Unauthorized", ErrorClass::Forbidden),
    ("UnrecognizedClient", ErrorClass::Forbidden),
    ("InvalidClientTokenId", ErrorClass::Forbidden),
    ("SignatureDoesNotMatch", ErrorClass::Forbidden),
    ("NotFound", ErrorClass::NotFound),
    ("Duplicate", ErrorClass::Conflict),
    ("AlreadyExists", ErrorClass::Conflict),
    ("LimitExceeded", ErrorClass::Quota),
    ("QuotaExceeded", ErrorClass::Quota),
    ("TooMany", ErrorClass::Quota),
    ("InsufficientFreeAddresses", ErrorClass::Quota),
    ("Insufficient", ErrorClass::Retryable),
    ("Validation", ErrorClass::Invalid),
    ("Malformed", ErrorClass::Invalid),
    ("Invalid", ErrorClass::Invalid),
    ("Unsupported", ErrorClass::Invalid),
];

fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => "the session has expired: log in again",
        "VpcLimitExceeded" | "AddressLimitExceeded" | "NatGatewayLimitExceeded" | "InternetGatewayLimitExceeded" => {
            "ask for a higher quota (Service Quotas), or delete what is no longer needed"
        }
        "InvalidSubnet.Conflict" => "choose a range that no other subnet of the VPC covers",
        "DependencyViolation" => "something that is not in this stack may still use it",
        "OptInRequired" => "enable the service or region in the account",
        _ => return None,
    })
}

/// An answer of AWS that lacks what its documentation promises.
pub(crate) fn missing(what: &str) -> ProviderError {
    ProviderError::new(ErrorClass::Other, format!("AWS answered without {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_class() {
        let cases = [
            ("RequestLimitExceeded", 503, ErrorClass::Retryable),
            ("ThrottlingException", 400, ErrorClass::Retryable),
            ("", 502, ErrorClass::Retryable),
            ("InvalidVpcID.NotFound", 400, ErrorClass::NotFound),
            ("NoSuchEntity", 404, ErrorClass::NotFound),
            ("ResourceNotFoundException", 404, ErrorClass::NotFound),
            ("InvalidGroup.Duplicate", 400, ErrorClass::Conflict),
            ("InvalidPermission.Duplicate", 400, ErrorClass::Conflict),
            ("EntityAlreadyExists", 409, ErrorClass::Conflict),
            ("ResourceInUseException", 409, ErrorClass::Conflict),
            ("UnauthorizedOperation", 403, ErrorClass::Forbidden),
            ("ExpiredToken", 400, ErrorClass::Forbidden),
            ("VpcLimitExceeded", 400, ErrorClass::Quota),
            ("ResourceLimitExceededException", 400, ErrorClass::Quota),
            ("DependencyViolation", 400, ErrorClass::Retryable),
            ("InvalidParameterValue", 400, ErrorClass::Invalid),
            ("ValidationError", 400, ErrorClass::Invalid),
        ];
        for (code, status, class) in cases {
            assert_eq!(class_of(code, status), class, "{code}");
        }
    }
}
