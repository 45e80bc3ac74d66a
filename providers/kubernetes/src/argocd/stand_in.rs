//! What is installed offline in a sandbox in the place of Argo CD's own manifests: its definitions, made from our schemas,
//! its accounts and settings, and its workloads by name. Nothing of it runs Argo CD.

use super::{application, application_set, project};
use crate::kind::{Kind, field_name};
use formwork_model::schema::{Attribute, AttributeType, Presence};
use serde_json::{Map, Value as Json, json};

/// The annotation that tells these objects from Argo CD's own.
pub(crate) const MARK: &str = "formwork-stand-in";

const DEPLOYMENTS: &[&str] = &[
    "argocd-applicationset-controller",
    "argocd-dex-server",
    "argocd-notifications-controller",
    "argocd-redis",
    "argocd-repo-server",
    "argocd-server",
];
const CONTROLLER: &str = "argocd-application-controller";
/// What is shown of an application in a list.
const COLUMNS: &[(&str, &str)] = &[("Sync Status", ".status.sync.status"), ("Health Status", ".status.health.status")];
const SETTINGS: &[&str] =
    &["argocd-cmd-params-cm", "argocd-rbac-cm", "argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm"];

pub(crate) fn objects(version: &str) -> Vec<Json> {
    let mut objects = vec![
        definition(&application::APPLICATION, "applications", &["app", "apps"], false, COLUMNS),
        definition(&application_set::APPLICATION_SET, "applicationsets", &["appset", "appsets"], true, &[]),
        definition(&project::PROJECT, "appprojects", &["appproj", "appprojs"], false, &[]),
        marked(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "argocd-cm" } })),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "argocd-secret" }, "type": "Opaque" }),
    ];
    objects.extend(
        SETTINGS.iter().map(|name| json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name } })),
    );
    for name in DEPLOYMENTS.iter().chain([&CONTROLLER]) {
        objects.push(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } }));
    }
    objects.extend(permissions());
    objects.extend(DEPLOYMENTS.iter().map(|name| workload("Deployment", name, version)));
    objects.push(workload("StatefulSet", CONTROLLER, version));
    objects.extend(["argocd-redis", "argocd-repo-server", "argocd-server"].map(service));
    for object in &mut objects {
        if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
            metadata.insert("labels".to_owned(), json!({ "app.kubernetes.io/part-of": "argocd" }));
        }
    }
    objects
}

/// One object bears the mark; by it the plan says what this is.
fn marked(mut object: Json) -> Json {
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.insert("annotations".to_owned(), json!({ MARK: "true" }));
    }
    object
}

fn permissions() -> [Json; 2] {
    let rules = json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]);
    let api = "rbac.authorization.k8s.io/v1";
    [
        json!({ "apiVersion": api, "kind": "ClusterRole", "metadata": { "name": CONTROLLER }, "rules": rules }),
        json!({
            "apiVersion": api, "kind": "ClusterRoleBinding", "metadata": { "name": CONTROLLER },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": CONTROLLER },
            "subjects": [{ "kind": "ServiceAccount", "name": CONTROLLER, "namespace": "argocd" }],
        }),
    ]
}

fn workload(kind: &str, name: &str, version: &str) -> Json {
    let labels = json!({ "app.kubernetes.io/name": name });
    let image =
        if name == "argocd-redis" { "redis:7".to_owned() } else { format!("quay.io/argoproj/argocd:v{version}") };
    let mut spec = json!({
        "replicas": 1,
        "selector": { "matchLabels": labels },
        "template": {
            "metadata": { "labels": labels },
            "spec": { "serviceAccountName": name, "containers": [{ "name": name.trim_start_matches("argocd-"), "image": image }] },
        },
    });
    if let (true, Some(spec)) = (kind == "StatefulSet", spec.as_object_mut()) {
        spec.insert("serviceName".to_owned(), Json::from(name));
    }
    json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

fn service(name: &str) -> Json {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name },
        "spec": { "selector": { "app.kubernetes.io/name": name }, "ports": [{ "name": "server", "port": 80, "targetPort": 8080, "protocol": "TCP" }] },
    })
}

/// The definition of one of our typed kinds.
fn definition(kind: &Kind, plural: &str, short: &[&str], status: bool, columns: &[(&str, &str)]) -> Json {
    let spec = kind.fields().filter(|attribute| attribute.vendor.is_empty());
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    let mut version = json!({
        "name": "v1alpha1", "served": true, "storage": true,
        "schema": { "openAPIV3Schema": {
            "type": "object",
            "required": ["metadata", "spec"],
            "properties": {
                "apiVersion": { "type": "string" }, "kind": { "type": "string" }, "metadata": { "type": "object" },
                "spec": fields(spec), "status": open, "operation": open,
            },
        } },
    });
    if let (true, Some(version)) = (status, version.as_object_mut()) {
        version.insert("subresources".to_owned(), json!({ "status": {} }));
    }
    let columns = columns.iter().map(|(name, path)| json!({ "name": name, "type": "string", "jsonPath": path }));
    let columns: Vec<Json> = columns.collect();
    if let (false, Some(version)) = (columns.is_empty(), version.as_object_mut()) {
        version.insert("additionalPrinterColumns".to_owned(), Json::Array(columns));
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.argoproj.io") },
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": { "kind": kind.kind, "listKind": format!("{}List", kind.kind), "plural": plural,
                "singular": plural.trim_end_matches('s'), "shortNames": short },
            "versions": [version],
        },
    })
}

fn fields<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for attribute in attributes {
        let name = field_name(attribute);
        if attribute.presence == Presence::Required {
            required.push(Json::from(name.clone()));
        }
        properties.insert(name, property(&attribute.ty));
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if let (false, Some(schema)) = (required.is_empty(), schema.as_object_mut()) {
        schema.insert("required".to_owned(), Json::Array(required));
    }
    schema
}

fn property(ty: &AttributeType) -> Json {
    match ty {
        AttributeType::Bool => json!({ "type": "boolean" }),
        AttributeType::Int | AttributeType::Duration => json!({ "type": "integer", "format": "int64" }),
        AttributeType::Float => json!({ "type": "number" }),
        AttributeType::Enum(members) => json!({ "type": "string", "enum": members }),
        AttributeType::Any | AttributeType::SameAs(_) => json!({ "x-kubernetes-preserve-unknown-fields": true }),
        AttributeType::Object(attributes) => fields(attributes.iter()),
        AttributeType::List(item) | AttributeType::Set(item) => json!({ "type": "array", "items": property(item) }),
        AttributeType::Map(entry) => json!({ "type": "object", "additionalProperties": property(entry) }),
        AttributeType::String
        | AttributeType::Cidr
        | AttributeType::Ip
        | AttributeType::Url
        | AttributeType::OpenEnum(_)
        | AttributeType::Reference(_) => json!({ "type": "string" }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn definitions_say_what_our_schemas_say() {
        let objects = objects("3.5.1");
        let find = |name: &str| objects.iter().find(|object| object["metadata"]["name"] == json!(name));
        let definition = find("applications.argoproj.io").cloned().unwrap_or_default();
        let spec = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        assert_eq!(spec["sources"]["items"]["properties"]["repoURL"], json!({ "type": "string" }));
        assert_eq!(
            spec["syncPolicy"]["properties"]["automated"]["properties"]["selfHeal"],
            json!({ "type": "boolean" })
        );
        assert!(find("argocd-application-controller").is_some());
        let marks = objects.iter().filter(|object| object["metadata"]["annotations"][MARK] == json!("true"));
        assert_eq!(marks.count(), 1, "one warning is enough");
    }
}
