//! What the API server asks of an object beyond its types.

use super::json::{at, get, integer, list, map, text};
use super::meta;
use super::resource::Resource;
use super::schema::{Schema, Type};
use super::selector::Selector;
use super::status::Cause;
use serde_json::{Value as Json, json};

/// What is wrong with an object that is new, or becomes this from `old`.
pub(crate) fn check(resource: &Resource, old: Option<&Json>, new: &Json) -> Vec<Cause> {
    let mut causes = Vec::new();
    check_metadata(resource, old, new, &mut causes);
    if resource.is_custom() {
        causes.extend(super::custom::check_object(resource, new));
        return causes;
    }
    check_required(resource.schema(), new, &mut Vec::new(), &mut causes);
    match resource.kind.as_str() {
        "Pod" => check_pod(get(new, &["spec"]), "spec", &mut causes),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => check_workload(new, &mut causes),
        "Job" => check_template(new, &["OnFailure", "Never"], &mut causes),
        "Service" => check_service(new, &mut causes),
        "ConfigMap" => check_data(new, &["data", "binaryData"], &mut causes),
        "Secret" => check_secret(new, &mut causes),
        "Ingress" => check_ingress(new, &mut causes),
        "PodDisruptionBudget" => check_budget(new, &mut causes),
        "HorizontalPodAutoscaler" => check_autoscaler(new, &mut causes),
        "CustomResourceDefinition" => causes.extend(super::custom::check_definition(new)),
        _ => {}
    }
    if let Some(old) = old {
        check_immutable(resource, old, new, &mut causes);
    }
    causes
}

fn check_metadata(resource: &Resource, old: Option<&Json>, new: &Json, causes: &mut Vec<Cause>) {
    let name = json!(meta::name(new));
    if old.is_none() {
        check_name(resource, meta::name(new), causes);
    } else if old.is_some_and(|old| meta::name(old) != meta::name(new)) {
        causes.push(Cause::invalid("metadata.name", &name, "field is immutable"));
    }
    for (key, value) in map(new, &["metadata", "labels"]).into_iter().flatten() {
        let value_text = value.as_str().unwrap_or_default();
        if !is_label_value(value_text) {
            let detail = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                          and must start and end with an alphanumeric character";
            causes.push(Cause::invalid("metadata.labels", value, detail));
        }
        if !is_qualified_name(key) {
            causes.push(Cause::invalid("metadata.labels", &json!(key), "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"));
        }
    }
    for (key, _) in map(new, &["metadata", "annotations"]).into_iter().flatten() {
        if !is_qualified_name(&key.to_lowercase()) {
            causes.push(Cause::invalid("metadata.annotations", &json!(key), "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"));
        }
    }
    let size: usize = map(new, &["metadata", "annotations"])
        .into_iter()
        .flatten()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum();
    if size > 262_144 {
        let message = "Too long: may not be more than 262144 bytes".to_owned();
        causes.push(Cause { reason: "FieldValueTooLong", message, field: "metadata.annotations".into() });
    }
    check_owners(new, causes);
}

fn check_owners(new: &Json, causes: &mut Vec<Cause>) {
    for (index, owner) in meta::owners(new).iter().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, &[field]).is_empty() {
                let path = format!("metadata.ownerReferences[{index}].{field}");
                causes.push(Cause::invalid(path, &json!(""), "must not be empty"));
            }
        }
    }
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                     and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DNS_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                        character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                        validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

fn check_name(resource: &Resource, name: &str, causes: &mut Vec<Cause>) {
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
        return;
    }
    let fault = match resource.kind.as_str() {
        // Their names are paths' segments and nothing more.
        "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" => {
            name.contains(['/', '%']).then_some("may not contain '/' or '%'")
        }
        "Namespace" => (!is_dns_label(name)).then_some(LABEL),
        "Service" if !resource.is_custom() => {
            (!is_dns_label(name) || name.starts_with(|c: char| c.is_ascii_digit())).then_some(DNS_1035)
        }
        _ => (!is_subdomain(name)).then_some(SUBDOMAIN),
    };
    if let Some(detail) = fault {
        causes.push(Cause::invalid("metadata.name", &json!(name), detail));
    }
}

fn is_edge(letter: Option<char>) -> bool {
    letter.is_some_and(|letter| letter.is_ascii_alphanumeric())
}

fn is_small(text: &str) -> bool {
    let small = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    text.chars().all(small) && is_edge(text.chars().next()) && is_edge(text.chars().last())
}

/// Whether a text is a DNS label.
pub(crate) fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_small(text)
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_small)
}

fn is_label_value(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.is_empty()
        || text.len() <= 63 && text.chars().all(fits) && is_edge(text.chars().next()) && is_edge(text.chars().last())
}

fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_subdomain)
}

/// Fields that the schema asks for. Those that the type of the server fills by itself are not missed.
fn check_required(schema: Schema<'_>, value: &Json, path: &mut Vec<String>, causes: &mut Vec<Cause>) {
    match value {
        Json::Object(map) if schema.kind() == Type::Object => {
            for name in schema.required() {
                let absent = map.get(name).is_none_or(Json::is_null);
                if absent && !matches!(name, "metadata" | "podSelector" | "value" | "rules" | "subsets") {
                    causes.push(Cause::required(join(path, name), ""));
                }
            }
            let at_root = path.is_empty();
            for (name, value) in map.iter().filter(|(name, _)| !at_root || *name != "status") {
                let Some(field) = schema.field(name) else { continue };
                path.push(if at_root { name.clone() } else { format!(".{name}") });
                check_required(field, value, path, causes);
                path.pop();
            }
        }
        Json::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                path.push(format!("[{index}]"));
                check_required(schema.items(), value, path, causes);
                path.pop();
            }
        }
        Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn join(path: &[String], name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{}.{name}", path.concat()) }
}

fn check_workload(new: &Json, causes: &mut Vec<Cause>) {
    if integer(new, &["spec", "replicas"]).is_some_and(|count| count < 0) {
        causes.push(Cause::invalid(
            "spec.replicas",
            get(new, &["spec", "replicas"]),
            "must be greater than or equal to 0",
        ));
    }
    check_template(new, &["Always"], causes);
    let Some(selector) = at(new, &["spec", "selector"]) else { return };
    if map(selector, &["matchLabels"]).is_none() && list(selector, &["matchExpressions"]).is_empty() {
        let detail = "empty selector is invalid for a workload";
        causes.push(Cause::invalid("spec.selector", selector, detail));
    }
    let labels = get(new, &["spec", "template", "metadata", "labels"]);
    if !Selector::of_object(selector).matches_labels(labels) {
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, detail));
    }
}

fn check_template(new: &Json, restarts: &[&str], causes: &mut Vec<Cause>) {
    let spec = get(new, &["spec", "template", "spec"]);
    check_pod(spec, "spec.template.spec", causes);
    let restart = text(spec, &["restartPolicy"]);
    if !restarts.contains(&restart) {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", &json!(restart), restarts));
    }
}

fn check_pod(spec: &Json, path: &str, causes: &mut Vec<Cause>) {
    if spec.get("containers").is_some() && list(spec, &["containers"]).is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let volumes: Vec<_> = list(spec, &["volumes"]).iter().map(|one| text(one, &["name"])).collect();
    let mut seen = Vec::new();
    for kind in ["initContainers", "containers"] {
        for (index, container) in list(spec, &[kind]).iter().enumerate() {
            let path = format!("{path}.{kind}[{index}]");
            check_container(container, &path, &volumes, causes);
            let name = text(container, &["name"]);
            if seen.contains(&name) {
                causes.push(Cause::duplicate(format!("{path}.name"), &json!(name)));
            }
            seen.push(name);
        }
    }
}

fn check_container(container: &Json, path: &str, volumes: &[&str], causes: &mut Vec<Cause>) {
    let name = text(container, &["name"]);
    if !name.is_empty() && !is_dns_label(name) {
        causes.push(Cause::invalid(format!("{path}.name"), &json!(name), LABEL));
    }
    if text(container, &["image"]).is_empty() {
        causes.push(Cause::required(format!("{path}.image"), ""));
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    if !policies.contains(&text(container, &["imagePullPolicy"])) {
        causes.push(Cause::unsupported(
            format!("{path}.imagePullPolicy"),
            get(container, &["imagePullPolicy"]),
            &policies,
        ));
    }
    for (index, port) in list(container, &["ports"]).iter().enumerate() {
        check_port(port, "containerPort", &format!("{path}.ports[{index}]"), causes);
    }
    for (index, mount) in list(container, &["volumeMounts"]).iter().enumerate() {
        if !volumes.contains(&text(mount, &["name"])) {
            let message = format!("Not found: {}", get(mount, &["name"]));
            causes.push(Cause {
                reason: "FieldValueNotFound",
                message,
                field: format!("{path}.volumeMounts[{index}].name"),
            });
        }
    }
}

/// Keys of what config maps and secrets hold.
fn check_data(new: &Json, places: &[&str], causes: &mut Vec<Cause>) {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    for place in places {
        for (key, _) in map(new, &[place]).into_iter().flatten() {
            if key.len() > 253 || !key.chars().all(fits) || matches!(key.as_str(), "" | "." | "..") {
                let detail = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
                              or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
                causes.push(Cause::invalid(format!("{place}[{key}]"), &json!(key), detail));
            }
        }
    }
    let size: usize = places
        .iter()
        .flat_map(|place| map(new, &[place]).into_iter().flatten())
        .map(|(_, value)| value.as_str().map_or(0, str::len))
        .sum();
    if size > 1_048_576 {
        let message = "Too long: may not be more than 1048576 bytes".to_owned();
        causes.push(Cause { reason: "FieldValueTooLong", message, field: String::new() });
    }
}

/// What a secret of a type of Kubernetes' own must have.
fn check_secret(new: &Json, causes: &mut Vec<Cause>) {
    check_data(new, &["data"], causes);
    let needed: &[&str] = match text(new, &["type"]) {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        _ => &[],
    };
    let absent = needed.iter().filter(|key| at(new, &["data", key]).is_none());
    causes.extend(absent.map(|key| Cause::required(format!("data[{key}]"), "")));
}

fn check_ingress(new: &Json, causes: &mut Vec<Cause>) {
    for (index, rule) in list(new, &["spec", "rules"]).iter().enumerate() {
        let host = text(rule, &["host"]);
        if !host.is_empty() && !is_subdomain(host.strip_prefix("*.").unwrap_or(host)) {
            // It is told before what its paths lack.
            causes.insert(0, Cause::invalid(format!("spec.rules[{index}].host"), &json!(host), SUBDOMAIN));
        }
    }
}

fn check_budget(new: &Json, causes: &mut Vec<Cause>) {
    let (least, most) = (at(new, &["spec", "minAvailable"]), at(new, &["spec", "maxUnavailable"]));
    if least.is_some() && most.is_some() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        causes.push(Cause::invalid("spec", get(new, &["spec"]), detail));
    }
}

fn check_autoscaler(new: &Json, causes: &mut Vec<Cause>) {
    let number = |field: &str| integer(new, &["spec", field]);
    if let (Some(least), Some(most)) = (number("minReplicas"), number("maxReplicas"))
        && most < least
    {
        let detail = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &json!(most), detail));
    }
}

fn check_port(port: &Json, field: &str, path: &str, causes: &mut Vec<Cause>) {
    if integer(port, &[field]).is_some_and(|number| !(1..=65535).contains(&number)) {
        let detail = "must be between 1 and 65535, inclusive";
        causes.push(Cause::invalid(format!("{path}.{field}"), &port[field], detail));
    }
    let protocols = ["SCTP", "TCP", "UDP"];
    if !protocols.contains(&text(port, &["protocol"])) {
        causes.push(Cause::unsupported(format!("{path}.protocol"), get(port, &["protocol"]), &protocols));
    }
}

fn check_service(new: &Json, causes: &mut Vec<Cause>) {
    let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    let kind = text(new, &["spec", "type"]);
    if !types.contains(&kind) {
        causes.push(Cause::unsupported("spec.type", &json!(kind), &types));
    }
    let ports = list(new, &["spec", "ports"]);
    let headless = text(new, &["spec", "clusterIP"]) == "None";
    if ports.is_empty() && kind != "ExternalName" && !headless {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        check_port(port, "port", &path, causes);
        if ports.len() > 1 && text(port, &["name"]).is_empty() {
            causes.push(Cause::required(format!("{path}.name"), ""));
        }
    }
}

/// Paths that stay as they were made, by kind.
fn immutable(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "Deployment" | "DaemonSet" | "ReplicaSet" => &[&["spec", "selector"]],
        "StatefulSet" => &[
            &["spec", "selector"],
            &["spec", "serviceName"],
            &["spec", "podManagementPolicy"],
            &["spec", "volumeClaimTemplates"],
        ],
        "Job" => &[&["spec", "selector"], &["spec", "template"], &["spec", "completions"]],
        "RoleBinding" | "ClusterRoleBinding" => &[&["roleRef"]],
        "StorageClass" => &[&["provisioner"], &["parameters"], &["reclaimPolicy"], &["volumeBindingMode"]],
        "PersistentVolumeClaim" => &[&["spec", "accessModes"], &["spec", "storageClassName"], &["spec", "volumeMode"]],
        "Secret" => &[&["type"]],
        "PriorityClass" => &[&["value"], &["preemptionPolicy"]],
        "IngressClass" => &[&["spec", "controller"]],
        "CustomResourceDefinition" => &[&["spec", "scope"], &["spec", "group"], &["spec", "names", "plural"]],
        "Pod" => &[&["spec", "nodeName"], &["spec", "restartPolicy"], &["spec", "serviceAccountName"]],
        _ => &[],
    }
}

/// The address of a service stays, unless it becomes another kind of service.
fn check_address(old: &Json, new: &Json, causes: &mut Vec<Cause>) {
    let (before, after) = (text(old, &["spec", "clusterIP"]), text(new, &["spec", "clusterIP"]));
    let outside = |service: &Json| text(service, &["spec", "type"]) == "ExternalName";
    if !before.is_empty() && before != after && !outside(old) && !outside(new) {
        causes.push(Cause::invalid("spec.clusterIPs[0]", &json!([after]), "may not change once set"));
    }
}

/// What cannot change, in the words that each kind has for it.
fn unchangeable(kind: &str, path: &[&str], after: Option<&Json>) -> Cause {
    let value = after.cloned().unwrap_or_default();
    match (kind, path) {
        ("StatefulSet", _) => Cause::forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        ),
        ("PriorityClass", ["value"]) => Cause::forbidden("value", "may not be changed in an update."),
        ("RoleBinding" | "ClusterRoleBinding", _) => {
            let role = |field: &str| text(&value, &[field]).to_owned();
            let shown = json!({"APIGroup": role("apiGroup"), "Kind": role("kind"), "Name": role("name")});
            Cause::invalid("roleRef", &shown, "cannot change roleRef")
        }
        _ => Cause::invalid(path.join("."), &value, "field is immutable"),
    }
}

fn check_immutable(resource: &Resource, old: &Json, new: &Json, causes: &mut Vec<Cause>) {
    for path in immutable(&resource.kind) {
        let (before, after) = (at(old, path), at(new, path));
        let bound_later = resource.kind == "Pod" || resource.kind == "PersistentVolumeClaim";
        if before != after && !(before.is_none() && bound_later) {
            causes.push(unchangeable(&resource.kind, path, after));
        }
    }
    if resource.is("/services") {
        check_address(old, new, causes);
    }
    let sealed = super::json::flag(old, &["immutable"]);
    let holds_data = matches!(resource.kind.as_str(), "Secret" | "ConfigMap");
    if holds_data
        && sealed
        && (at(old, &["data"]), true) != (at(new, &["data"]), super::json::flag(new, &["immutable"]))
    {
        causes.push(Cause::forbidden("data", "field is immutable when `immutable` is set"));
    }
}
