//! Which object a manifest, a stored row or a person means.

use super::{Form, ObjectType};
use crate::discovery::{Served, group_of};
use crate::manifest::{Identity, text_at};
use crate::session::Session;
use formwork_model::{Value, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};

/// Kinds of the core and of well-known groups that lie in no namespace.
const CLUSTER_WIDE: &[(&str, &[&str])] = &[
    ("", &["Namespace", "Node", "PersistentVolume", "ComponentStatus"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("certificates.k8s.io", &["CertificateSigningRequest"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", &["IngressClass"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("storage.k8s.io", &["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"]),
];

/// Groups all of whose other kinds lie in namespaces.
const NAMESPACED_GROUPS: &[&str] = &[
    "",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
];

/// Whether a kind lies in namespaces, as far as that can be said without the API server.
pub(crate) fn is_namespaced(api_version: &str, kind: &str) -> Option<bool> {
    let group = group_of(api_version);
    if CLUSTER_WIDE.iter().any(|(name, kinds)| *name == group && kinds.contains(&kind)) {
        return Some(false);
    }
    NAMESPACED_GROUPS.contains(&group).then_some(true)
}

impl ObjectType {
    /// Which object a manifest is, as far as it is known; without the API server a kind may be unknown.
    pub(super) fn identity_offline(&self, manifest: &Value, served: Option<&Served>) -> Option<Identity> {
        let text = |path: &[&str]| text_at(manifest, path).map(str::to_owned);
        let (api_version, kind) = (text(&["apiVersion"])?, text(&["kind"])?);
        let name = text(&["metadata", "name"])?;
        let given = manifest.as_map()?.get("metadata")?.as_map()?.get("namespace").filter(|value| !value.is_null());
        let namespaced = match (self.form, served) {
            (Form::Typed(kind), _) => kind.is_namespaced(),
            (Form::Open, Some(served)) => served.namespaced,
            (Form::Open, None) => is_namespaced(&api_version, &kind).or(given.map(|_| true))?,
        };
        let namespace = match (namespaced, given) {
            (false, _) => None,
            (true, None) => Some("default".to_owned()),
            (true, Some(given)) => Some(given.as_str()?.to_owned()),
        };
        Some(Identity { api_version, kind, namespace, name })
    }

    /// Which object a known manifest is; none while its kind is not served, and only the server could tell whether it lies in a
    /// namespace.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) async fn identity(
        &self,
        session: &Session,
        manifest: &Value,
    ) -> Result<Option<Identity>, ProviderError> {
        let unsaid = || {
            ProviderError::invalid("a manifest says `apiVersion`, `kind` and `metadata.name`, as texts")
                .at(formwork_model::AttributePath::member("manifest"))
        };
        let text = |path: &[&str]| text_at(manifest, path);
        let (Some(api_version), Some(kind), Some(_)) =
            (text(&["apiVersion"]), text(&["kind"]), text(&["metadata", "name"]))
        else {
            return Err(unsaid());
        };
        let served = match self.form {
            Form::Open => session.served(api_version, kind).await?,
            Form::Typed(_) => None,
        };
        match self.identity_offline(manifest, served.as_ref()) {
            None if served.is_some() || matches!(self.form, Form::Typed(_)) => Err(unsaid()),
            found => Ok(found),
        }
    }

    /// Which object a stored row is, and how it is served now; none when its kind is not there any more.
    pub(super) async fn stored_identity(
        &self,
        session: &Session,
        values: ValueRef<'_>,
    ) -> Result<Option<(Identity, Served)>, ProviderError> {
        let id = values.get("id").and_then(|id| id.as_str()).unwrap_or_default();
        let (group, kind, namespace, name) = parts(id)
            .ok_or_else(|| ProviderError::new(ErrorClass::Other, format!("`{id}` is no recorded id of an object")))?;
        let group = if group == "core" { "" } else { group };
        let version = match self.form {
            Form::Typed(kind) => Some(kind.api_version.to_owned()),
            Form::Open => values.get("api_version").and_then(|version| version.as_str()).map(str::to_owned),
        };
        let mut served = match &version {
            Some(version) => session.served(version, kind).await?,
            None => None,
        };
        if served.is_none() {
            served = session.served_in_group(group, kind).await?;
        }
        Ok(served.map(|served| {
            let identity = Identity {
                api_version: served.api_version.clone(),
                kind: kind.to_owned(),
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
            };
            (identity, served)
        }))
    }

    /// Which object a person means: `[apiVersion/]Kind/[namespace/]name`; for typed objects `[namespace/]name` will do.
    pub(super) async fn meant(&self, session: &Session, given: &str) -> Result<(Identity, Served), ProviderError> {
        let wrong = || ProviderError::invalid(format!("`{given}` is no {}", self.schema.import_help));
        let segments: Vec<&str> = given.split('/').collect();
        let kind_at = segments.iter().position(|segment| segment.starts_with(|first: char| first.is_ascii_uppercase()));
        let served = match (self.form, kind_at) {
            (Form::Typed(kind), None) => session.served(kind.api_version, kind.kind).await?.into_iter().collect(),
            (Form::Typed(kind), Some(at)) if segments.get(at) == Some(&kind.kind) => {
                session.served(kind.api_version, kind.kind).await?.into_iter().collect()
            }
            (Form::Open, Some(at)) => {
                let (before, rest) = segments.split_at_checked(at).ok_or_else(wrong)?;
                candidates(session, before, rest.first().copied().unwrap_or_default()).await?
            }
            _ => return Err(wrong()),
        };
        let kind = match (self.form, kind_at.and_then(|at| segments.get(at))) {
            (Form::Typed(kind), _) => kind.kind,
            (Form::Open, kind) => kind.copied().unwrap_or_default(),
        };
        let names = segments.get(kind_at.map_or(0, |at| at + 1)..).unwrap_or_default();
        let served = only(served, kind, session)?;
        let (namespace, name) = match (names, served.namespaced) {
            ([name], false) => (None, *name),
            ([name], true) => (Some("default"), *name),
            ([namespace, name], true) => (Some(*namespace), *name),
            _ => return Err(wrong()),
        };
        let identity = Identity {
            api_version: served.api_version.clone(),
            kind: kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        Ok((identity, served))
    }
}

/// How a kind is served, by what stands before it: nothing, a group, or group and version.
async fn candidates(session: &Session, before: &[&str], kind: &str) -> Result<Vec<Served>, ProviderError> {
    match before {
        [] => session.served_anywhere(kind).await,
        ["core"] => Ok(session.served("v1", kind).await?.into_iter().collect()),
        [version] if *version == "v1" => Ok(session.served("v1", kind).await?.into_iter().collect()),
        [group] => Ok(session.served_in_group(group, kind).await?.into_iter().collect()),
        many => Ok(session.served(&many.join("/"), kind).await?.into_iter().collect()),
    }
}

fn only(mut served: Vec<Served>, kind: &str, session: &Session) -> Result<Served, ProviderError> {
    let versions: Vec<String> = served.iter().map(|served| format!("{}/{kind}", served.api_version)).collect();
    match (served.pop(), served.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(ProviderError::invalid(format!("`{kind}` may mean {}", versions.join(" or ")))),
        (None, _) => {
            Err(ProviderError::new(ErrorClass::NotFound, format!("{} has no kind `{kind}`", session.server())))
        }
    }
}

/// Group, kind, namespace and name of an id.
fn parts(id: &str) -> Option<(&str, &str, Option<&str>, &str)> {
    let segments: Vec<&str> = id.split('/').collect();
    match segments.as_slice() {
        [group, kind, name] => Some((group, kind, None, name)),
        [group, kind, namespace, name] => Some((group, kind, Some(namespace), name)),
        _ => None,
    }
}
