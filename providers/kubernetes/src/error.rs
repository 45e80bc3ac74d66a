//! What API servers and connections answer, in classes.

use formwork_provider_api::{ErrorClass, ProviderError};
use serde::Deserialize;
use std::error::Error;

/// A `Status` object, as API servers send it with every refusal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) reason: String,
    pub(crate) details: Option<Details>,
}

/// What a refusal is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) causes: Option<Vec<Cause>>,
    pub(crate) retry_after_seconds: Option<u64>,
}

/// One cause.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cause {
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) field: String,
}

impl Status {
    /// Reads an answer that is no success; what is no `Status` (a proxy's page) becomes one.
    pub(crate) fn read(code: u16, body: &str) -> Self {
        match serde_json::from_str::<Self>(body) {
            Ok(status) if !status.message.is_empty() || !status.reason.is_empty() => Self { code, ..status },
            _ => {
                let text: String = body.trim().chars().take(300).collect();
                let message = if text.is_empty() { format!("HTTP status {code}") } else { text };
                Self { code, message, ..Self::default() }
            }
        }
    }

    pub(crate) fn causes(&self) -> &[Cause] {
        self.details.as_ref().and_then(|details| details.causes.as_deref()).unwrap_or_default()
    }

    /// Whether fields are owned by others.
    pub(crate) fn is_ownership_conflict(&self) -> bool {
        self.causes().iter().any(|cause| cause.reason == "FieldManagerConflict")
    }

    /// The fields that others own, as `.spec.replicas`, and what the server says of each owner.
    pub(crate) fn conflicts(&self) -> impl Iterator<Item = (&str, &str)> {
        let conflicts = self.causes().iter().filter(|cause| cause.reason == "FieldManagerConflict");
        conflicts.map(|cause| (cause.field.as_str(), cause.message.as_str()))
    }

    /// The fields that can never change, when that is all that is wrong.
    pub(crate) fn immutable_fields(&self) -> Option<Vec<String>> {
        if self.code != 422 || self.causes().is_empty() {
            return None;
        }
        let fields = self.causes().iter().map(|cause| says_immutable(&cause.message).then(|| cause.field.clone()));
        fields.collect()
    }

    fn class(&self) -> ErrorClass {
        match self.code {
            400 | 405 | 406 | 413 | 415 | 422 => ErrorClass::Invalid,
            401 | 403 => ErrorClass::Forbidden,
            404 | 410 => ErrorClass::NotFound,
            409 if self.is_ownership_conflict() || self.reason == "AlreadyExists" => ErrorClass::Conflict,
            409 if self.is_of_another_object() => ErrorClass::NotFound,
            500 if self.is_about_the_object() => ErrorClass::Invalid,
            409 | 429 | 500 | 502 | 503 | 504 => ErrorClass::Retryable,
            _ => ErrorClass::Other,
        }
    }

    /// Whether the object of that name is another one than was meant: it was deleted and made again.
    fn is_of_another_object(&self) -> bool {
        let words = ["uid mismatch", "Precondition failed: UID", "does not match the UID in record"];
        words.iter().any(|words| self.message.contains(words))
    }

    /// Whether the server says 500, without a reason, of an applied object that does not fit its schema: a field that is not
    /// known, a value of another type, two items of a list with the same key.
    fn is_about_the_object(&self) -> bool {
        let words = ["failed to create typed patch object", "failed to convert new object"];
        self.reason.is_empty() && words.iter().any(|words| self.message.starts_with(words))
    }

    /// The error of the contract. `doing` says what was tried, on what.
    pub(crate) fn error(&self, doing: &str) -> ProviderError {
        if self.is_ownership_conflict() {
            return self.conflict(doing);
        }
        if self.code == 403 && self.message.contains("exceeded quota") {
            return ProviderError::new(ErrorClass::Quota, format!("{doing}: {}", self.message))
                .vendor(&self.reason, "")
                .help("raise the namespace's quota that the message names, or delete what is not needed");
        }
        let mut error =
            ProviderError::new(self.class(), format!("{doing}: {}", self.message)).vendor(self.reason.clone(), "");
        if let Some(seconds) = self.details.as_ref().and_then(|details| details.retry_after_seconds) {
            error = error.retry_after_ms(seconds.saturating_mul(1000));
        }
        if self.is_about_the_object() {
            error = error.help("`kubectl explain` tells the fields of a kind, and what the keys of its lists are");
        }
        if self.code == 401 {
            error = error.help("the API server does not accept the credentials of the provider block");
        }
        error
    }

    fn conflict(&self, doing: &str) -> ProviderError {
        let owned: Vec<String> =
            self.conflicts().map(|(field, owner)| format!("{} ({owner})", field.trim_start_matches('.'))).collect();
        ProviderError::new(ErrorClass::Conflict, format!("{doing}: others own these fields: {}", owned.join(", ")))
            .vendor("FieldManagerConflict", "")
            .help("leave the fields out, or set `force = true` to take them over")
    }
}

/// API servers have no reason of its own for this; these are the words of their validation.
fn says_immutable(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "immutable",
        "may not change",
        "may not be changed",
        "cannot change",
        "can not be changed",
        "cannot be changed",
        "updates to",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// What became of a request that got no answer.
pub(crate) fn transport(error: &(dyn Error + 'static), server: &str, changes: bool) -> ProviderError {
    let chain: Vec<String> = causes(error).map(ToString::to_string).collect();
    let mut texts: Vec<&str> = chain.iter().map(String::as_str).collect();
    texts.dedup();
    let reason = texts.last().copied().unwrap_or("no answer");
    let reason = match reason.contains("UnknownIssuer") {
        true => format!(
            "{reason} (the CA of the provider block or its kubeconfig does not vouch for the server's certificate)"
        ),
        false => reason.to_owned(),
    };
    let sent = changes && !never_sent(error);
    let class = if sent { ErrorClass::AnswerLost } else { ErrorClass::Unreachable };
    ProviderError::new(class, format!("the Kubernetes API at {server} does not answer: {reason}"))
        .help("is the cluster up, is its address right, and may this machine reach it?")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// Whether the connection failed before anything was sent.
fn never_sent(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        error
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
            || error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            || error.to_string().contains("invalid peer certificate")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_conflict_names_managers_and_fields() {
        let body = r#"{"kind":"Status","status":"Failure","message":"Apply failed with 1 conflict","reason":"Conflict","code":409,
            "details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl\" using apps/v1","field":".spec.replicas"}]}}"#;
        let error = Status::read(409, body).error("applying Deployment default/web");
        assert_eq!(error.class, ErrorClass::Conflict);
        assert!(error.message.contains("spec.replicas") && error.message.contains("kubectl"), "{error}");
        assert!(error.help.unwrap().contains("force = true"));
    }

    #[test]
    fn what_cannot_change_is_told_from_what_is_wrong() {
        let with = |causes: &str| {
            Status::read(
                422,
                &format!(r#"{{"message":"invalid","reason":"Invalid","details":{{"causes":[{causes}]}}}}"#),
            )
        };
        let immutable = r#"{"reason":"FieldValueInvalid","message":"Invalid value: \"x\": field is immutable","field":"spec.selector"}"#;
        let wrong = r#"{"reason":"FieldValueRequired","message":"Required value","field":"spec.template"}"#;
        assert_eq!(with(immutable).immutable_fields(), Some(vec!["spec.selector".to_owned()]));
        assert_eq!(with(&format!("{immutable},{wrong}")).immutable_fields(), None);
        assert_eq!(with(wrong).error("x").class, ErrorClass::Invalid);
    }

    #[test]
    fn classes_follow_status_codes() {
        let class = |code, body: &str| Status::read(code, body).error("x").class;
        assert_eq!(class(401, "{}"), ErrorClass::Forbidden);
        assert_eq!(class(404, "page not found"), ErrorClass::NotFound);
        assert_eq!(
            class(409, r#"{"reason":"Conflict","message":"the object has been modified"}"#),
            ErrorClass::Retryable
        );
        assert_eq!(class(409, r#"{"reason":"AlreadyExists","message":"exists"}"#), ErrorClass::Conflict);
        assert_eq!(class(403, r#"{"reason":"Forbidden","message":"exceeded quota: q"}"#), ErrorClass::Quota);
        assert_eq!(class(503, "<html>"), ErrorClass::Retryable);
        let typed = "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.x: field not declared in schema";
        assert_eq!(class(500, &format!(r#"{{"message":"{typed}","code":500}}"#)), ErrorClass::Invalid);
        assert_eq!(
            class(500, r#"{"reason":"InternalError","message":"etcdserver: request timed out"}"#),
            ErrorClass::Retryable
        );
        let recreated = "the UID in the precondition (1) does not match the UID in record (2). The object might have been deleted and then recreated";
        assert_eq!(class(409, &format!(r#"{{"reason":"Conflict","message":"{recreated}"}}"#)), ErrorClass::NotFound);
        let throttled =
            Status::read(429, r#"{"message":"slow","reason":"TooManyRequests","details":{"retryAfterSeconds":2}}"#)
                .error("x");
        assert_eq!((throttled.class, throttled.retry_after_ms), (ErrorClass::Retryable, Some(2000)));
    }
}
