//! `argocd.install`: Argo CD's own manifests, pinned by digest, one row for each object.
//!
//! They are not part of this program. They come from a file that the stack names, from the cache, from the vendor data
//! folder, or from Argo CD's repository; in a sandbox that is cut off, a stand-in of our own takes their place.

use super::stand_in;
use crate::expand::{FORCE, fetch, rows, stream};
use crate::object::is_namespaced;
use crate::schema::block;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, ResourceSchema, Rule};
use formwork_model::{AttributePath, Milliseconds};
use formwork_provider_api::{Environment, ErrorClass, ExpandRequest, ExpandedRow, ProviderError};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) const SCHEMA: ResourceSchema = block(
    "install",
    "Argo CD itself: its official manifests, each object a row of its own, \
     `install[\"apps/Deployment/argocd/argocd-server\"]`, so that an upgrade is planned object by object. Offline in a sandbox, \
     where the manifests are not at hand, a small stand-in takes their place, and the plan warns of it.",
    &[
        Attribute::string("version", "Version, such as `3.5.1`.").default_string(LATEST),
        Attribute::string("path", "A file with the manifests, inside the stack, instead of the official ones."),
        Attribute::string("url", "An address with the manifests, instead of the official one; needs `sha256`."),
        Attribute::string("sha256", "Digest of the manifests. Known for the versions 3.0.0 and 3.5.1, needed for others."),
        Attribute::boolean("high_availability", "The manifests with several replicas of everything; needs `sha256`.")
            .default_bool(false),
        Attribute::string("namespace", "Namespace that it is installed in.").default_string("argocd"),
        Attribute::boolean("create_namespace", "Whether the namespace is made here, too.").default_bool(true),
        Attribute::boolean("wait", "Wait until all of it is rolled out.").default_bool(true),
        Attribute::new("timeout", AttributeType::Duration, "How long to wait for each workload.")
            .default(Preset::Duration(900_000)),
        Attribute::string_map(
            "settings",
            "Entries of its config map `argocd-cm`, such as `{ \"admin.enabled\" = \"false\" }`, over those of the manifests.",
        )
        .default(Preset::Empty),
        Attribute::string_map(
            "rbac",
            "Entries of its config map `argocd-rbac-cm`: `policy.csv`, `policy.default`, `scopes`, `policy.matchMode`.",
        )
        .default(Preset::Empty),
        Attribute::string_map(
            "parameters",
            "Entries of its config map `argocd-cmd-params-cm`, such as `{ \"server.insecure\" = \"true\" }`. Its workloads read them \
             when they start, so those that do are rolled out again when the entries change.",
        )
        .default(Preset::Empty),
        FORCE,
    ],
)
.rules(&[Rule::AtMostOneOf(&["path", "url"]), Rule::RequiredWith(&["url", "sha256"])]);

const LATEST: &str = "3.5.1";

/// Digests of official manifests.
const KNOWN: &[(&str, &str)] = &[
    ("3.0.0", "098c8c60bd99c16b297c612609cff8151b9c1672afab8aab48818226309bd22e"),
    ("3.5.1", "795a3a972224da6a7f9d32c3e946445f062b60fb46028476715affeb688236e3"),
];

/// The folder with vendor data, if there is one.
const VENDOR_DATA: &str = "FORMWORK_VENDOR_DATA";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    version: Option<String>,
    path: Option<String>,
    url: Option<String>,
    sha256: Option<String>,
    high_availability: bool,
    namespace: Option<String>,
    create_namespace: Option<bool>,
    wait: Option<bool>,
    timeout: Option<Milliseconds>,
    settings: BTreeMap<String, String>,
    rbac: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    force: bool,
}

impl Config {
    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or(LATEST).trim_start_matches('v')
    }

    fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("argocd")
    }

    /// The digest that the official manifests have.
    fn digest(&self) -> Result<String, ProviderError> {
        if let Some(given) = &self.sha256 {
            return fetch::plain_digest(given);
        }
        let known = KNOWN.iter().filter(|_| !self.high_availability && self.url.is_none());
        let known =
            known.into_iter().find(|(version, _)| *version == self.version()).map(|(_, digest)| (*digest).to_owned());
        known.ok_or_else(|| {
            ProviderError::invalid(format!(
                "the digest of the {} of Argo CD {} is not known here",
                if self.high_availability { "manifests with high availability" } else { "manifests" },
                self.version()
            ))
            .at(AttributePath::member("sha256"))
            .help("look at the manifests, and put their SHA-256 digest into `sha256`")
        })
    }

    fn address(&self) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let folder = if self.high_availability { "manifests/ha" } else { "manifests" };
        format!("https://raw.githubusercontent.com/argoproj/argo-cd/v{}/{folder}/install.yaml", self.version())
    }
}

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    let config: Config = request.config.view().decode()?;
    let mut objects = objects(&config, &request.environment)?;
    let namespace = config.namespace();
    for object in &mut objects {
        settle(object, namespace);
    }
    put_entries(&mut objects, "argocd-cm", ("settings", &config.settings))?;
    put_entries(&mut objects, "argocd-rbac-cm", ("rbac", &config.rbac))?;
    put_entries(&mut objects, PARAMETERS, ("parameters", &config.parameters))?;
    note_parameters(&mut objects, &config.parameters);
    if config.create_namespace.unwrap_or(true) {
        objects.insert(0, json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }));
    }
    let manner = rows::Manner {
        type_name: "object",
        namespace: Some(namespace),
        wait: config.wait.unwrap_or(true),
        force: config.force,
        timeout_ms: config.timeout.map_or(900_000, |timeout| timeout.0),
    };
    rows::rows(objects, &manner, |_| Some((0, false)))
}

fn objects(config: &Config, environment: &Environment) -> Result<Vec<Json>, ProviderError> {
    if let Some(path) = &config.path {
        let file = fetch::inside(path, environment)?;
        let text = std::fs::read_to_string(&file).map_err(|error| {
            ProviderError::invalid(format!("`{path}` cannot be read: {error}")).at(AttributePath::member("path"))
        })?;
        fetch::check_digest(text.as_bytes(), config.sha256.as_deref(), path)?;
        return stream::objects(&text, path);
    }
    let from = format!("Argo CD {}", config.version());
    let digest = config.digest()?;
    if let Some(text) = vendor_data(config, &digest) {
        return stream::objects(&text, &from);
    }
    match fetch::url(&config.address(), &digest, environment) {
        Ok(text) => stream::objects(&text, &from),
        Err(error) if environment.sandbox && error.class != ErrorClass::Invalid => {
            tracing::debug!(%error, "the stand-in takes the place of Argo CD's manifests");
            Ok(stand_in::objects(config.version()))
        }
        Err(error) => Err(error.help("name a file with the manifests by `path`, where this machine has no way out")),
    }
}

/// The manifests in the folder of vendor data, when they are the very ones.
fn vendor_data(config: &Config, digest: &str) -> Option<String> {
    let folder = std::env::var_os(VENDOR_DATA).filter(|folder| !folder.is_empty())?;
    let path = PathBuf::from(folder).join("argocd").join(format!("install-v{}.yaml", config.version()));
    let text = std::fs::read_to_string(path).ok()?;
    (fetch::digest(text.as_bytes()) == digest).then_some(text)
}

/// Puts an object into the namespace: itself, and where it names the one that the manifests are written for.
fn settle(object: &mut Json, namespace: &str) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let namespaced = is_namespaced(text("/apiVersion"), text("/kind")) != Some(false);
    let binding = text("/kind").ends_with("RoleBinding");
    if namespaced && let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.insert("namespace".to_owned(), Json::from(namespace));
    }
    let subjects = object.get_mut("subjects").filter(|_| binding).and_then(Json::as_array_mut);
    for subject in subjects.into_iter().flatten().filter_map(Json::as_object_mut) {
        if subject.get("namespace").and_then(Json::as_str) == Some("argocd") {
            subject.insert("namespace".to_owned(), Json::from(namespace));
        }
    }
}

/// What its programs are started with.
const PARAMETERS: &str = "argocd-cmd-params-cm";

/// Notes on the pods of workloads that are started with parameters which ones they are, so that others start them anew; under
/// the name that Argo CD's Helm chart uses.
fn note_parameters(objects: &mut [Json], parameters: &BTreeMap<String, String>) {
    if parameters.is_empty() {
        return;
    }
    let digest = fetch::digest(json!(parameters).to_string().as_bytes());
    for object in objects.iter_mut().filter(|object| object.pointer("/spec/template/spec").is_some()) {
        let is_started_with_them = object.to_string().contains(PARAMETERS);
        let template = object.pointer_mut("/spec/template").and_then(Json::as_object_mut);
        let Some(template) = template.filter(|_| is_started_with_them) else { continue };
        let metadata = template.entry("metadata").or_insert_with(|| json!({}));
        let annotations = metadata.as_object_mut().map(|it| it.entry("annotations").or_insert_with(|| json!({})));
        if let Some(annotations) = annotations.and_then(Json::as_object_mut) {
            annotations.insert("checksum/cmd-params".to_owned(), Json::from(digest.as_str()));
        }
    }
}

/// Puts entries into one of Argo CD's config maps; with the attribute that says them.
fn put_entries(
    objects: &mut [Json],
    name: &str,
    (attribute, entries): (&'static str, &BTreeMap<String, String>),
) -> Result<(), ProviderError> {
    let Some(first) = entries.keys().next() else { return Ok(()) };
    let is_wanted = |object: &&mut Json| {
        object.get("kind").and_then(Json::as_str) == Some("ConfigMap")
            && object.pointer("/metadata/name").and_then(Json::as_str) == Some(name)
    };
    let map = objects.iter_mut().find(is_wanted).and_then(Json::as_object_mut).ok_or_else(|| {
        ProviderError::invalid(format!("`{first}` cannot be set: the manifests have no config map {name}"))
            .at(AttributePath::member(attribute))
            .help("manifests of Argo CD have one; are these complete?")
    })?;
    let data = map.entry("data").or_insert_with(|| json!({}));
    if !data.is_object() {
        *data = json!({});
    }
    if let Some(data) = data.as_object_mut() {
        data.extend(entries.iter().map(|(key, text)| (key.clone(), Json::from(text.as_str()))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use formwork_model::value::from_json;
    use formwork_model::{Value, ValueBuf};

    fn expanded(config: Json, environment: Environment) -> Result<Vec<ExpandedRow>, ProviderError> {
        let config = ValueBuf::from(from_json(&config));
        expand(&ExpandRequest { type_name: "install".into(), config, environment })
    }

    fn stack(text: &str) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("install.yaml"), text).unwrap();
        let environment = Environment { root: Some(folder.path().display().to_string()), ..Environment::default() };
        (folder, environment)
    }

    const TEXT: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: argocd-server}
subjects: [{kind: ServiceAccount, name: argocd-server, namespace: argocd}, {kind: ServiceAccount, name: x, namespace: other}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server}
";

    #[test]
    fn objects_move_into_the_namespace() {
        let (_folder, environment) = stack(TEXT);
        let rows = expanded(json!({ "path": "install.yaml", "namespace": "gitops" }), environment).unwrap();
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "core/Namespace/gitops",
                "rbac.authorization.k8s.io/ClusterRoleBinding/argocd-server",
                "apps/Deployment/gitops/argocd-server"
            ]
        );
        let binding = rows[1].config.to_value();
        let subjects = binding.as_map().unwrap().get("manifest").unwrap().as_map().unwrap().get("subjects").unwrap();
        let namespaces: Vec<&str> = subjects
            .as_items()
            .unwrap()
            .iter()
            .map(|subject| subject.as_map().unwrap().get("namespace").and_then(Value::as_str).unwrap())
            .collect();
        assert_eq!(namespaces, ["gitops", "other"]);
        assert!(rows[2].config.view().get("wait").is_some(), "it waits by default");
    }

    #[test]
    fn settings_go_into_the_config_map() {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {a: old, b: kept}\n---";
        let (_folder, environment) = stack(&format!("{map}{TEXT}"));
        let rows =
            expanded(json!({ "path": "install.yaml", "settings": { "a": "new", "c": "1" } }), environment).unwrap();
        let row = rows.iter().find(|row| row.key == "core/ConfigMap/argocd/argocd-cm").unwrap();
        let data = row.config.view().get("manifest").unwrap().get("data").unwrap();
        assert_eq!(data.to_value(), from_json(&json!({ "a": "new", "b": "kept", "c": "1" })));
        let (_folder, environment) = stack(TEXT);
        let error = expanded(json!({ "path": "install.yaml", "settings": { "a": "new" } }), environment).unwrap_err();
        assert!(error.message.contains("`a` cannot be set") && error.path.is_some(), "{error}");
    }

    #[test]
    fn permissions_and_parameters_go_into_theirs() {
        let maps = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-rbac-cm}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cmd-params-cm}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: plain}\nspec: {template: {spec: {containers: []}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: server}\nspec: {template: {spec: {containers: [{name: a, env: [{name: X, valueFrom: {configMapKeyRef: {name: argocd-cmd-params-cm, key: server.insecure}}}]}]}}}\n---";
        let (_folder, environment) = stack(&format!("{maps}{TEXT}"));
        let of = |more: Json| {
            let mut config = json!({ "path": "install.yaml" });
            config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            let rows = expanded(config, environment.clone()).unwrap();
            move |key: &str| {
                let row = rows.iter().find(|row| row.key == key).unwrap();
                formwork_model::value::to_json(row.config.view(), formwork_model::value::Masking::Exposed)["manifest"]
                    .clone()
            }
        };
        let with = |insecure: &str| {
            of(json!({ "rbac": { "policy.default": "role:readonly" }, "parameters": { "server.insecure": insecure } }))
        };
        let (one, other, none) = (with("true"), with("false"), of(json!({})));
        assert_eq!(one("core/ConfigMap/argocd/argocd-rbac-cm")["data"], json!({ "policy.default": "role:readonly" }));
        assert_eq!(one("core/ConfigMap/argocd/argocd-cmd-params-cm")["data"], json!({ "server.insecure": "true" }));
        let server = "apps/Deployment/argocd/server";
        assert_ne!(one(server), other(server), "what reads them starts anew");
        assert_ne!(one(server), none(server));
        assert_eq!(one("apps/Deployment/argocd/plain"), none("apps/Deployment/argocd/plain"));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = expanded(json!({ "high_availability": true }), Environment::default()).unwrap_err();
        assert!(error.message.contains("manifests with high availability of Argo CD 3.5.1"), "{error}");
    }

    #[test]
    fn a_file_with_another_digest_is_refused() {
        let (_folder, environment) = stack(TEXT);
        let error = expanded(json!({ "path": "install.yaml", "sha256": "0".repeat(64) }), environment).unwrap_err();
        assert!(error.message.contains("has the digest"), "{error}");
    }

    #[test]
    fn unknown_versions_need_a_digest() {
        let error = expanded(json!({ "version": "9.9.9" }), Environment::default()).unwrap_err();
        assert!(error.message.contains("9.9.9") && error.help.unwrap().contains("sha256"));
    }
}
