//! Objects as rows, as `kubectl get` prints them.

use super::json::{at, get, integer, list, map, text};
use super::meta;
use super::resource::{Resource, Shape};
use serde_json::{Value as Json, json};

/// A column: name, type, priority (above 0: only with `-o wide`), and what stands in it.
struct Column {
    name: String,
    kind: String,
    priority: i64,
    cell: Cell,
}

enum Cell {
    Own(fn(&Json) -> Json),
    Path(String),
    Age,
}

fn own(name: &str, cell: fn(&Json) -> Json) -> Column {
    Column { name: name.to_owned(), kind: "string".to_owned(), priority: 0, cell: Cell::Own(cell) }
}

fn wide(name: &str, cell: fn(&Json) -> Json) -> Column {
    Column { priority: 1, ..own(name, cell) }
}

fn number(object: &Json, path: &[&str]) -> Json {
    json!(integer(object, path).unwrap_or_default())
}

fn of(object: &Json, path: &[&str]) -> Json {
    match at(object, path) {
        Some(Json::String(text)) => json!(text),
        Some(other) => json!(other.to_string()),
        None => json!("<none>"),
    }
}

fn count(object: &Json, path: &[&str]) -> Json {
    json!(map(object, path).map_or(0, serde_json::Map::len))
}

fn pod_ready(pod: &Json) -> Json {
    let ready = list(pod, &["status", "containerStatuses"]).iter().filter(|one| get(one, &["ready"]) == true).count();
    json!(format!("{ready}/{}", list(pod, &["spec", "containers"]).len()))
}

fn pod_status(pod: &Json) -> Json {
    if meta::is_deleting(pod) {
        return json!("Terminating");
    }
    let statuses = list(pod, &["status", "containerStatuses"]);
    let waiting = statuses.iter().map(|one| text(one, &["state", "waiting", "reason"])).find(|one| !one.is_empty());
    let ended = statuses.iter().map(|one| text(one, &["state", "terminated", "reason"])).find(|one| !one.is_empty());
    json!(waiting.or(ended).unwrap_or_else(|| text(pod, &["status", "phase"])))
}

fn of_replicas(object: &Json) -> Json {
    let ready = integer(object, &["status", "readyReplicas"]).unwrap_or_default();
    json!(format!("{ready}/{}", integer(object, &["spec", "replicas"]).unwrap_or_default()))
}

fn node_status(node: &Json) -> Json {
    json!(if meta::condition(node, "Ready") { "Ready" } else { "NotReady" })
}

fn external_address(service: &Json) -> Json {
    let ingress = list(service, &["status", "loadBalancer", "ingress"]);
    let address = ingress.first().map(|one| text(one, &["ip"])).unwrap_or_default();
    match (text(service, &["spec", "type"]), address) {
        ("LoadBalancer", "") => json!("<pending>"),
        ("ExternalName", _) => of(service, &["spec", "externalName"]),
        (_, "") => json!("<none>"),
        (_, address) => json!(address),
    }
}

fn ports(service: &Json) -> Json {
    let port = |one: &Json| match integer(one, &["nodePort"]) {
        Some(node) => format!("{}:{node}/{}", get(one, &["port"]), text(one, &["protocol"])),
        None => format!("{}/{}", get(one, &["port"]), text(one, &["protocol"])),
    };
    let ports: Vec<_> = list(service, &["spec", "ports"]).iter().map(port).collect();
    json!(if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") })
}

fn completions(job: &Json) -> Json {
    let done = integer(job, &["status", "succeeded"]).unwrap_or_default();
    json!(format!("{done}/{}", integer(job, &["spec", "completions"]).unwrap_or(1)))
}

fn job_status(job: &Json) -> Json {
    let reached = ["Complete", "Failed", "Suspended"].into_iter().find(|one| meta::condition(job, one));
    json!(reached.unwrap_or("Running"))
}

fn involved(event: &Json) -> Json {
    let kind = text(event, &["involvedObject", "kind"]).to_lowercase();
    json!(format!("{kind}/{}", text(event, &["involvedObject", "name"])))
}

fn target(autoscaler: &Json) -> Json {
    let kind = text(autoscaler, &["spec", "scaleTargetRef", "kind"]);
    json!(format!("{kind}/{}", text(autoscaler, &["spec", "scaleTargetRef", "name"])))
}

fn hosts(ingress: &Json) -> Json {
    let hosts: Vec<_> = list(ingress, &["spec", "rules"]).iter().map(|one| text(one, &["host"])).collect();
    json!(if hosts.is_empty() { "*".to_owned() } else { hosts.join(",") })
}

fn role(binding: &Json) -> Json {
    json!(format!("{}/{}", text(binding, &["roleRef", "kind"]), text(binding, &["roleRef", "name"])))
}

/// The columns between name and age.
fn builtin_columns(kind: &str) -> Vec<Column> {
    match kind {
        "Pod" => vec![
            own("Ready", pod_ready),
            own("Status", pod_status),
            own("Restarts", |_| json!(0)),
            wide("IP", |one| of(one, &["status", "podIP"])),
            wide("Node", |one| of(one, &["spec", "nodeName"])),
        ],
        "Deployment" => vec![
            own("Ready", of_replicas),
            own("Up-to-date", |one| number(one, &["status", "updatedReplicas"])),
            own("Available", |one| number(one, &["status", "availableReplicas"])),
        ],
        "StatefulSet" => vec![own("Ready", of_replicas)],
        "ReplicaSet" | "ReplicationController" => vec![
            own("Desired", |one| number(one, &["spec", "replicas"])),
            own("Current", |one| number(one, &["status", "replicas"])),
            own("Ready", |one| number(one, &["status", "readyReplicas"])),
        ],
        "DaemonSet" => vec![
            own("Desired", |one| number(one, &["status", "desiredNumberScheduled"])),
            own("Current", |one| number(one, &["status", "currentNumberScheduled"])),
            own("Ready", |one| number(one, &["status", "numberReady"])),
            own("Up-to-date", |one| number(one, &["status", "updatedNumberScheduled"])),
            own("Available", |one| number(one, &["status", "numberAvailable"])),
        ],
        "Service" => vec![
            own("Type", |one| of(one, &["spec", "type"])),
            own("Cluster-IP", |one| of(one, &["spec", "clusterIP"])),
            own("External-IP", external_address),
            own("Port(s)", ports),
        ],
        "Job" => vec![own("Status", job_status), own("Completions", completions)],
        "CronJob" => vec![
            own("Schedule", |one| of(one, &["spec", "schedule"])),
            own("Suspend", |one| of(one, &["spec", "suspend"])),
        ],
        other => more_columns(other),
    }
}

fn more_columns(kind: &str) -> Vec<Column> {
    match kind {
        "Namespace" => vec![own("Status", |one| of(one, &["status", "phase"]))],
        "Node" => vec![
            own("Status", node_status),
            own("Roles", |one| json!(meta::label(one, "kubernetes.azure.com/mode").unwrap_or("<none>"))),
            own("Version", |one| of(one, &["status", "nodeInfo", "kubeletVersion"])),
        ],
        "ConfigMap" => vec![own("Data", |one| count(one, &["data"]))],
        "Secret" => vec![own("Type", |one| of(one, &["type"])), own("Data", |one| count(one, &["data"]))],
        "PersistentVolumeClaim" => vec![
            own("Status", |one| of(one, &["status", "phase"])),
            own("Volume", |one| of(one, &["spec", "volumeName"])),
            own("Capacity", |one| of(one, &["status", "capacity", "storage"])),
            own("StorageClass", |one| of(one, &["spec", "storageClassName"])),
        ],
        "PersistentVolume" => vec![
            own("Capacity", |one| of(one, &["spec", "capacity", "storage"])),
            own("Status", |one| of(one, &["status", "phase"])),
            own("Claim", |one| of(one, &["spec", "claimRef", "name"])),
        ],
        "Event" => vec![
            own("Type", |one| of(one, &["type"])),
            own("Reason", |one| of(one, &["reason"])),
            own("Object", involved),
            own("Message", |one| of(one, &["message"])),
        ],
        "HorizontalPodAutoscaler" => vec![
            own("Reference", target),
            own("MinPods", |one| number(one, &["spec", "minReplicas"])),
            own("MaxPods", |one| number(one, &["spec", "maxReplicas"])),
            own("Replicas", |one| number(one, &["status", "currentReplicas"])),
        ],
        "PodDisruptionBudget" => vec![
            own("Min Available", |one| of(one, &["spec", "minAvailable"])),
            own("Max Unavailable", |one| of(one, &["spec", "maxUnavailable"])),
            own("Allowed Disruptions", |one| number(one, &["status", "disruptionsAllowed"])),
        ],
        "Ingress" => vec![own("Class", |one| of(one, &["spec", "ingressClassName"])), own("Hosts", hosts)],
        "RoleBinding" | "ClusterRoleBinding" => vec![own("Role", role)],
        "StorageClass" => vec![own("Provisioner", |one| of(one, &["provisioner"]))],
        "PriorityClass" => vec![own("Value", |one| number(one, &["value"]))],
        "CustomResourceDefinition" => vec![own("Created At", |one| of(one, &["metadata", "creationTimestamp"]))],
        _ => Vec::new(),
    }
}

fn columns(resource: &Resource) -> Vec<Column> {
    let age = || Column { name: "Age".to_owned(), kind: "string".to_owned(), priority: 0, cell: Cell::Age };
    match &resource.shape {
        Shape::Builtin(_) => {
            let mut columns = builtin_columns(&resource.kind);
            let place = columns.iter().position(|one| one.priority > 0).unwrap_or(columns.len());
            columns.insert(place, age());
            columns
        }
        Shape::Custom(shape) if shape.columns.is_empty() => vec![age()],
        Shape::Custom(shape) => shape.columns.iter().map(custom_column).collect(),
    }
}

fn custom_column(column: &Json) -> Column {
    Column {
        name: text(column, &["name"]).to_owned(),
        kind: text(column, &["type"]).to_owned(),
        priority: integer(column, &["priority"]).unwrap_or_default(),
        cell: Cell::Path(text(column, &["jsonPath"]).to_owned()),
    }
}

/// The value at a path such as `.status.sync.status`, `.spec.list[0].name` or `.status.conditions[?(@.type=="Ready")].status`.
fn json_path<'a>(object: &'a Json, path: &str) -> Option<&'a Json> {
    let mut value = object;
    let mut rest = path.trim_start_matches('.');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']')?;
            value = indexed(value, index)?;
            rest = after.trim_start_matches('.');
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        value = value.get(name.trim_end_matches('\\'))?;
        rest = after.trim_start_matches('.');
    }
    Some(value)
}

fn indexed<'a>(value: &'a Json, index: &str) -> Option<&'a Json> {
    if let Ok(index) = index.parse::<usize>() {
        return value.get(index);
    }
    let condition = index.strip_prefix("?(@.")?.strip_suffix(')')?;
    let (field, wanted) = condition.split_once("==")?;
    let wanted = wanted.trim().trim_matches(['"', '\'']);
    value.as_array()?.iter().find(|one| text(one, &[field.trim()]) == wanted)
}

/// How long ago, in one or two units.
fn age(now_ms: i64, time: &str) -> Json {
    let Some(then) = meta::milliseconds(time) else { return json!("<unknown>") };
    let seconds = (now_ms - then).max(0) / 1000;
    json!(match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    })
}

fn cell(column: &Column, object: &Json, now_ms: i64) -> Json {
    match &column.cell {
        Cell::Own(cell) => cell(object),
        Cell::Age => age(now_ms, text(object, &["metadata", "creationTimestamp"])),
        Cell::Path(path) => match json_path(object, path) {
            Some(Json::String(time)) if column.kind == "date" => age(now_ms, time),
            Some(value @ (Json::Object(_) | Json::Array(_))) => json!(value.to_string()),
            Some(value) => value.clone(),
            None => json!(""),
        },
    }
}

/// A `Table` of objects; `include` is `Metadata`, `Object` or `None`.
pub(crate) fn table(resource: &Resource, objects: &[Json], version: &str, now_ms: i64, include: &str) -> Json {
    let columns = columns(resource);
    let mut heads = vec![json!({"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0})];
    heads.extend(columns.iter().map(
        |one| json!({"name": one.name, "type": one.kind, "format": "", "description": "", "priority": one.priority}),
    ));
    let row = |object: &Json| {
        let mut cells = vec![json!(meta::name(object))];
        cells.extend(columns.iter().map(|column| cell(column, object, now_ms)));
        match include {
            "None" => json!({"cells": cells}),
            "Object" => json!({"cells": cells, "object": object}),
            _ => json!({"cells": cells, "object": partial(object)}),
        }
    };
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": version},
        "columnDefinitions": heads, "rows": objects.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Only what every object has.
pub(crate) fn partial(object: &Json) -> Json {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": get(object, &["metadata"])})
}
