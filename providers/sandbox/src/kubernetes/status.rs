//! What went wrong, in Kubernetes' own form: the `Status` object.

use serde_json::{Value as Json, json};

/// One field that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// `FieldValueRequired`, `FieldValueInvalid`, …
    pub(crate) reason: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// The field's path.
    pub(crate) field: String,
}

impl Cause {
    /// A field that has to be given.
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let field = field.into();
        let message = match detail {
            "" => "Required value".to_owned(),
            detail => format!("Required value: {detail}"),
        };
        Self { reason: "FieldValueRequired", message, field }
    }

    /// A field whose value cannot be.
    pub(crate) fn invalid(field: impl Into<String>, value: &Json, detail: &str) -> Self {
        let message = format!("Invalid value: {value}: {detail}");
        Self { reason: "FieldValueInvalid", message, field: field.into() }
    }

    /// A field whose value is none of those that it can be.
    pub(crate) fn unsupported(field: impl Into<String>, value: &Json, allowed: &[&str]) -> Self {
        let allowed: Vec<_> = allowed.iter().map(|one| format!("{one:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", allowed.join(", "));
        Self { reason: "FieldValueNotSupported", message, field: field.into() }
    }

    /// A value that may stand only once.
    pub(crate) fn duplicate(field: impl Into<String>, value: &Json) -> Self {
        Self { reason: "FieldValueDuplicate", message: format!("Duplicate value: {value}"), field: field.into() }
    }

    /// A field that may not be given here.
    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {detail}"), field: field.into() }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status code.
    pub(crate) code: u16,
    reason: &'static str,
    message: String,
    details: Json,
}

/// What a request comes to.
pub(crate) type Answer<T> = Result<T, Refusal>;

/// The kind of object that a refusal is about, as messages name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// API group; empty for the core group.
    pub(crate) group: &'a str,
    /// Plural name.
    pub(crate) plural: &'a str,
    /// Kind.
    pub(crate) kind: &'a str,
}

impl About<'_> {
    fn qualified(&self, word: &str) -> String {
        if self.group.is_empty() { word.to_owned() } else { format!("{word}.{}", self.group) }
    }
}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: json!({}) }
    }

    fn about(mut self, about: About<'_>, name: &str) -> Self {
        self.details = json!({"name": name, "group": about.group, "kind": about.plural});
        if about.group.is_empty() {
            super::json::remove(&mut self.details, &["group"]);
        }
        if name.is_empty() {
            super::json::remove(&mut self.details, &["name"]);
        }
        self
    }

    fn causes(mut self, causes: &[Cause]) -> Self {
        let causes = causes.iter().map(|one| json!({"reason": one.reason, "message": one.message, "field": one.field}));
        super::json::set(&mut self.details, &["causes"], causes.collect::<Vec<_>>());
        self
    }

    /// There is no such object.
    pub(crate) fn not_found(about: About<'_>, name: &str) -> Self {
        let message = format!("{} {name:?} not found", about.qualified(about.plural));
        Self::new(404, "NotFound", message).about(about, name)
    }

    /// There is no such path.
    pub(crate) fn no_path() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource")
    }

    /// The name is taken.
    pub(crate) fn already_exists(about: About<'_>, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", about.qualified(about.plural));
        Self::new(409, "AlreadyExists", message).about(about, name)
    }

    /// The object changed since it was read, or the precondition does not hold.
    pub(crate) fn conflict(about: About<'_>, name: &str, detail: &str) -> Self {
        let plural = about.qualified(about.plural);
        let message = format!("Operation cannot be fulfilled on {plural} {name:?}: {detail}");
        Self::new(409, "Conflict", message).about(about, name)
    }

    /// The object of that name is another one than a deletion means.
    pub(crate) fn recreated(about: About<'_>, name: &str, asked: &str, found: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {name:?}: the UID in the precondition ({asked}) does not match the UID in \
             record ({found}). The object might have been deleted and then recreated",
            about.qualified(about.kind)
        );
        Self::new(409, "Conflict", message).about(About { plural: about.kind, ..about }, name)
    }

    /// Fields belong to other managers.
    pub(crate) fn managers_conflict(message: String, causes: &[Cause]) -> Self {
        Self::new(409, "Conflict", message).causes(causes)
    }

    /// The object cannot be accepted.
    pub(crate) fn invalid(about: About<'_>, name: &str, causes: &[Cause]) -> Self {
        let list: Vec<_> = causes.iter().map(|one| format!("{}: {}", one.field, one.message)).collect();
        let list = match list.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} {name:?} is invalid: {list}", about.qualified(about.kind));
        let mut refusal = Self::new(422, "Invalid", message).about(about, name).causes(causes);
        super::json::set(&mut refusal.details, &["kind"], about.kind);
        refusal
    }

    /// The request cannot be understood.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// The request is understood and cannot be done.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "Invalid", message)
    }

    /// Nobody is known by this token.
    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// This is not allowed.
    pub(crate) fn forbidden(about: About<'_>, name: &str, detail: &str) -> Self {
        let plural = about.qualified(about.plural);
        let message = match name {
            "" => format!("{plural} is forbidden: {detail}"),
            name => format!("{plural} {name:?} is forbidden: {detail}"),
        };
        Self::new(403, "Forbidden", message).about(about, name)
    }

    /// The namespace takes nothing more.
    pub(crate) fn terminating(about: About<'_>, name: &str, namespace: &str) -> Self {
        let detail = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let cause = Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".into(),
        };
        Self::forbidden(about, name, &detail).causes(&[cause])
    }

    /// The path exists, the verb does not.
    pub(crate) fn not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    /// The history asked for is gone.
    pub(crate) fn expired(asked: u64, oldest: u64) -> Self {
        Self::new(410, "Expired", format!("too old resource version: {asked} ({oldest})"))
    }

    /// The body's type is not one that this takes.
    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// The body's type is none of a patch.
    pub(crate) fn no_patch() -> Self {
        Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type")
    }

    /// The sandbox does not do this.
    pub(crate) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    /// The object does not fit its schema. An API server has no reason for it but this code.
    pub(crate) fn untyped(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// The state could not be kept.
    pub(crate) fn internal(message: &str) -> Self {
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
    }

    /// What it says.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The `Status` object.
    pub(crate) fn body(&self) -> Json {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "details": self.details, "code": self.code,
        });
        if self.reason.is_empty() {
            super::json::remove(&mut body, &["reason"]);
        }
        let has_details = self.details.as_object().is_some_and(|details| !details.is_empty());
        // A request that is not understood is about no object; a path that is not there has details with nothing in them.
        if !has_details && !matches!(self.code, 404 | 405 | 422) && !self.message.starts_with("415") {
            super::json::remove(&mut body, &["details"]);
        }
        body
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self::internal(&error.0)
    }
}
