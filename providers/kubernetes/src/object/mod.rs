//! One object, of whatever kind: planned by a dry run, applied on the server, read by what we own of it.

mod apply;
mod contest;
mod identity;
mod passing;
mod plan;
mod read;

use crate::discovery::Served;
use crate::kind::Kind;
use crate::manifest::{self, Identity};
use crate::ownership::{self, Answers};
use crate::session::Session;
use formwork_model::schema::ResourceSchema;
use formwork_model::{AttributePath, Map, Value, ValueBuf, ValueRef};
use formwork_provider_api::{Checkpoint, Finding, ProviderError, StoredObject};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub(crate) use identity::is_namespaced;

/// How config becomes a manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// The config holds the manifest.
    Open,
    /// The config's attributes are the manifest's fields.
    Typed(&'static Kind),
}

/// A resource type whose rows are objects of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectType {
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) form: Form,
}

/// What is kept with an object besides its values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Private {
    /// The operation that made it.
    pub(crate) stamp: String,
    /// What the server writes in another way than the manifest.
    pub(crate) answers: Answers,
    /// Whether all that was waited for came true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_through: bool,
}

impl Private {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl ObjectType {
    pub(crate) const fn open(schema: &'static ResourceSchema) -> Self {
        Self { schema, form: Form::Open }
    }

    pub(crate) const fn typed(kind: &'static Kind) -> Self {
        Self { schema: kind.schema, form: Form::Typed(kind) }
    }

    /// What can be said of a config offline.
    pub(crate) fn findings(&self, config: ValueRef<'_>) -> Vec<Finding> {
        let kind = match self.form {
            Form::Typed(kind) => Some(kind.kind.to_owned()),
            Form::Open => config.get("manifest").and_then(|given| given.get("kind")?.as_str().map(str::to_owned)),
        };
        let mut findings = self.manifest_findings(config);
        if let Form::Typed(_) = self.form {
            findings.extend(crate::quantity::findings(self.schema.attributes, config));
        }
        findings.extend(kind.and_then(|kind| crate::wait::finding(&kind, config)));
        findings
    }

    fn manifest_findings(&self, config: ValueRef<'_>) -> Vec<Finding> {
        let Form::Open = self.form else { return Vec::new() };
        let Some(given) = config.get("manifest").filter(|given| !given.is_unknown()) else { return Vec::new() };
        let manifest = given.to_value();
        let error = |message: &str| {
            Finding {
            warning: false,
            path: AttributePath::member("manifest"),
            message: message.to_owned(),
            help: Some("write it as in Kubernetes: `{ apiVersion = \"v1\", kind = \"ConfigMap\", metadata = { name = \"a\" } }`".to_owned()),
        }
        };
        let Some(map) = manifest.as_map() else { return vec![error("a manifest is a map")] };
        let mut findings = Vec::new();
        for name in ["apiVersion", "kind", "metadata"] {
            if map.get(name).is_none_or(Value::is_null) {
                findings.push(error(&format!("the manifest has no `{name}`")));
            }
        }
        if manifest::text_at(&manifest, &["metadata", "annotations", crate::argocd::STAND_IN]).is_some() {
            findings.push(Finding {
                warning: true,
                path: AttributePath::member("manifest"),
                message: "Argo CD's own manifests are not at hand: a small stand-in takes their place in this sandbox"
                    .to_owned(),
                help: Some(
                    "name a file with them by `path`, or set FORMWORK_VENDOR_DATA, to rehearse the real ones"
                        .to_owned(),
                ),
            });
        }
        findings
    }

    /// The manifest that values say; may hold what is not known.
    fn manifest(&self, values: ValueRef<'_>, config: Option<ValueRef<'_>>) -> Value {
        match self.form {
            Form::Open => {
                let given = values.get("manifest").map_or(Value::Null, ValueRef::to_value);
                manifest::marked(given.exposed().clone())
            }
            Form::Typed(kind) => kind.manifest(values, config),
        }
    }

    /// Whether values say more than an identity.
    fn says_config(&self, values: ValueRef<'_>) -> bool {
        let required = match self.form {
            Form::Open => "manifest",
            Form::Typed(_) => "name",
        };
        values.get(required).is_some_and(|value| !value.is_null())
    }

    /// Puts what a manifest says into values, in the place of what was said before.
    fn put_manifest(&self, values: &mut Map, seen: Value, live: &Json) {
        match self.form {
            Form::Open => drop(values.insert("manifest", manifest::marked(seen))),
            Form::Typed(kind) => {
                for attribute in kind.fields() {
                    values.remove(attribute.name);
                }
                for (name, value) in kind.attributes(&seen).into_iter().chain(kind.chosen(live)) {
                    values.insert(name, value);
                }
            }
        }
    }

    /// Puts what only the server knows into values.
    fn put_identity(&self, values: &mut Map, identity: &Identity, live: &Json) {
        self.put_names(values, identity);
        if let Some(uid) = uid(live) {
            values.insert("uid", Value::string(uid));
        }
    }

    fn put_names(&self, values: &mut Map, identity: &Identity) {
        values.insert("id", Value::string(identity.id()));
        if matches!(self.form, Form::Typed(_)) {
            return;
        }
        values.insert("api_version", Value::string(identity.api_version.as_str()));
        values.insert("kind", Value::string(identity.kind.as_str()));
        values.insert("name", Value::string(identity.name.as_str()));
        match &identity.namespace {
            Some(namespace) => drop(values.insert("namespace", Value::string(namespace.as_str()))),
            None => drop(values.remove("namespace")),
        }
    }

    /// How an object is found again.
    fn checkpoint(&self, identity: &Identity, operation: &str) -> Checkpoint {
        let mut names = Map::new();
        self.put_names(&mut names, identity);
        let private = Private { stamp: operation.to_owned(), ..Private::default() };
        Checkpoint { identity: ValueBuf::from(Value::Map(names)), private: private.bytes(), poll: String::new() }
    }

    /// The object as it is stored after it was seen.
    fn seen(&self, session: &Session, stored: &StoredObject, identity: &Identity, live: &Json) -> StoredObject {
        let private = Private::read(&stored.private);
        let mut values = stored.values.to_value().as_map().cloned().unwrap_or_default();
        let manifest = if self.says_config(stored.values.view()) {
            let said = self.manifest(stored.values.view(), None);
            ownership::projected(&said, &manifest::unfolded(&said, live.clone()), session.manager(), &private.answers)
        } else {
            formwork_model::value::from_json(&self.remembered(session, live))
        };
        self.put_manifest(&mut values, manifest, live);
        self.put_identity(&mut values, identity, live);
        self.put_defaults(&mut values);
        StoredObject { values: ValueBuf::from(Value::Map(values)), private: private.bytes() }
    }

    /// An object whose config nobody remembers: what we own of it, else all of it.
    fn remembered(&self, session: &Session, live: &Json) -> Json {
        let owned = ownership::owned(live, session.manager());
        manifest::cleaned(owned.unwrap_or_else(|| live.clone()))
    }

    /// What the schema says where an object that is new to us says nothing.
    fn put_defaults(&self, values: &mut Map) {
        let manner = ["force", "propagation_policy"];
        for attribute in self.schema.attributes.iter().filter(|attribute| manner.contains(&attribute.name)) {
            if let Some(default) = attribute.default_value().filter(|_| !values.contains(attribute.name)) {
                values.insert(attribute.name, default);
            }
        }
    }
}

/// The id that the server gave an object.
pub(crate) fn uid(live: &Json) -> Option<&str> {
    live.get("metadata")?.get("uid")?.as_str()
}

/// Whether an object is being deleted.
pub(crate) fn is_deleting(live: &Json) -> bool {
    live.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
}

/// How an object's kind is served.
///
/// # Errors
/// When the API server does not have it.
pub(crate) async fn served(session: &Session, identity: &Identity) -> Result<Served, ProviderError> {
    let found = session.served(&identity.api_version, &identity.kind).await?;
    found.ok_or_else(|| not_served(session, &identity.api_version, &identity.kind))
}

/// The error of a kind that the API server does not have.
pub(crate) fn not_served(session: &Session, api_version: &str, kind: &str) -> ProviderError {
    let message = format!("{} has no kind {kind} in {api_version}", session.server());
    ProviderError::new(formwork_provider_api::ErrorClass::NotFound, message)
        .help("is the definition (CRD) installed, and in this version? If another block installs it, add `after`")
}
