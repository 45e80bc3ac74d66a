//! The binary form in which kubectl's `create` commands send a few kinds. Other kinds, and other clients, send JSON.

use super::json::{list_mut, place, set};
use base64::Engine as _;
use serde_json::{Value as Json, json};

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    Flag,
    Texts,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    /// Texts by key.
    Map,
    /// Bytes by key.
    Bytes,
    /// Amounts by key.
    Amounts,
    /// A time, in seconds.
    Time,
    /// A number, or a text such as `50%`.
    NumberOrText,
    /// A message whose fields stand beside it in JSON.
    Inline(&'static [Field]),
}

/// Number, name, content.
type Field = (u64, &'static str, Holds);

const OWNER: &[Field] = &[
    (1, "kind", Holds::Text),
    (3, "name", Holds::Text),
    (4, "uid", Holds::Text),
    (5, "apiVersion", Holds::Text),
    (6, "controller", Holds::Flag),
    (7, "blockOwnerDeletion", Holds::Flag),
];
const META: &[Field] = &[
    (1, "name", Holds::Text),
    (2, "generateName", Holds::Text),
    (3, "namespace", Holds::Text),
    (5, "uid", Holds::Text),
    (6, "resourceVersion", Holds::Text),
    (8, "creationTimestamp", Holds::Time),
    (11, "labels", Holds::Map),
    (12, "annotations", Holds::Map),
    (13, "ownerReferences", Holds::Messages(OWNER)),
    (14, "finalizers", Holds::Texts),
];
const NAMED: Field = (1, "metadata", Holds::Message(META));
const NAMESPACE: &[Field] = &[NAMED];
const CONFIG_MAP: &[Field] =
    &[NAMED, (2, "data", Holds::Map), (3, "binaryData", Holds::Bytes), (4, "immutable", Holds::Flag)];
const SECRET: &[Field] = &[
    NAMED,
    (2, "data", Holds::Bytes),
    (3, "type", Holds::Text),
    (4, "stringData", Holds::Map),
    (5, "immutable", Holds::Flag),
];
const SERVICE_ACCOUNT: &[Field] = &[NAMED, (4, "automountServiceAccountToken", Holds::Flag)];
const QUOTA_SPEC: &[Field] = &[(1, "hard", Holds::Amounts), (2, "scopes", Holds::Texts)];
const QUOTA: &[Field] = &[NAMED, (2, "spec", Holds::Message(QUOTA_SPEC))];
const RULE: &[Field] = &[
    (1, "verbs", Holds::Texts),
    (2, "apiGroups", Holds::Texts),
    (3, "resources", Holds::Texts),
    (4, "resourceNames", Holds::Texts),
    (5, "nonResourceURLs", Holds::Texts),
];
const ROLE: &[Field] = &[NAMED, (2, "rules", Holds::Messages(RULE))];
const SUBJECT: &[Field] =
    &[(1, "kind", Holds::Text), (2, "apiGroup", Holds::Text), (3, "name", Holds::Text), (4, "namespace", Holds::Text)];
const ROLE_REF: &[Field] = &[(1, "apiGroup", Holds::Text), (2, "kind", Holds::Text), (3, "name", Holds::Text)];
const BINDING: &[Field] = &[NAMED, (2, "subjects", Holds::Messages(SUBJECT)), (3, "roleRef", Holds::Message(ROLE_REF))];
const SELECTOR: &[Field] = &[(1, "matchLabels", Holds::Map)];
const PORT: &[Field] = &[(1, "name", Holds::Text), (3, "containerPort", Holds::Number), (4, "protocol", Holds::Text)];
const CONTAINER: &[Field] = &[
    (1, "name", Holds::Text),
    (2, "image", Holds::Text),
    (3, "command", Holds::Texts),
    (4, "args", Holds::Texts),
    (6, "ports", Holds::Messages(PORT)),
];
const POD_SPEC: &[Field] = &[(2, "containers", Holds::Messages(CONTAINER)), (3, "restartPolicy", Holds::Text)];
const TEMPLATE: &[Field] = &[NAMED, (2, "spec", Holds::Message(POD_SPEC))];
const DEPLOYMENT_SPEC: &[Field] = &[
    (1, "replicas", Holds::Number),
    (2, "selector", Holds::Message(SELECTOR)),
    (3, "template", Holds::Message(TEMPLATE)),
];
const DEPLOYMENT: &[Field] = &[NAMED, (2, "spec", Holds::Message(DEPLOYMENT_SPEC))];
const SERVICE_PORT: &[Field] = &[
    (1, "name", Holds::Text),
    (2, "protocol", Holds::Text),
    (3, "port", Holds::Number),
    (4, "targetPort", Holds::NumberOrText),
    (5, "nodePort", Holds::Number),
];
const SERVICE_SPEC: &[Field] = &[
    (1, "ports", Holds::Messages(SERVICE_PORT)),
    (2, "selector", Holds::Map),
    (3, "clusterIP", Holds::Text),
    (4, "type", Holds::Text),
    (7, "sessionAffinity", Holds::Text),
    (10, "externalName", Holds::Text),
];
const SERVICE: &[Field] = &[NAMED, (2, "spec", Holds::Message(SERVICE_SPEC))];
const BACKEND_PORT: &[Field] = &[(1, "name", Holds::Text), (2, "number", Holds::Number)];
const BACKEND_SERVICE: &[Field] = &[(1, "name", Holds::Text), (2, "port", Holds::Message(BACKEND_PORT))];
const BACKEND: &[Field] = &[(4, "service", Holds::Message(BACKEND_SERVICE))];
const INGRESS_PATH: &[Field] =
    &[(1, "path", Holds::Text), (2, "backend", Holds::Message(BACKEND)), (3, "pathType", Holds::Text)];
const INGRESS_HTTP: &[Field] = &[(1, "paths", Holds::Messages(INGRESS_PATH))];
const INGRESS_RULE_VALUE: &[Field] = &[(1, "http", Holds::Message(INGRESS_HTTP))];
const INGRESS_RULE: &[Field] = &[(1, "host", Holds::Text), (2, "", Holds::Inline(INGRESS_RULE_VALUE))];
const INGRESS_TLS: &[Field] = &[(1, "hosts", Holds::Texts), (2, "secretName", Holds::Text)];
const INGRESS_SPEC: &[Field] = &[
    (1, "defaultBackend", Holds::Message(BACKEND)),
    (2, "tls", Holds::Messages(INGRESS_TLS)),
    (3, "rules", Holds::Messages(INGRESS_RULE)),
    (4, "ingressClassName", Holds::Text),
];
const INGRESS: &[Field] = &[NAMED, (2, "spec", Holds::Message(INGRESS_SPEC))];
const BUDGET_SPEC: &[Field] = &[
    (1, "minAvailable", Holds::NumberOrText),
    (2, "selector", Holds::Message(SELECTOR)),
    (3, "maxUnavailable", Holds::NumberOrText),
];
const BUDGET: &[Field] = &[NAMED, (2, "spec", Holds::Message(BUDGET_SPEC))];
const PRIORITY_CLASS: &[Field] = &[
    NAMED,
    (2, "value", Holds::Number),
    (3, "globalDefault", Holds::Flag),
    (4, "description", Holds::Text),
    (5, "preemptionPolicy", Holds::Text),
];
const JOB_SPEC: &[Field] = &[(6, "template", Holds::Message(TEMPLATE))];
const JOB: &[Field] = &[NAMED, (2, "spec", Holds::Message(JOB_SPEC))];
const JOB_TEMPLATE: &[Field] = &[NAMED, (2, "spec", Holds::Message(JOB_SPEC))];
const CRON_JOB_SPEC: &[Field] = &[
    (1, "schedule", Holds::Text),
    (3, "concurrencyPolicy", Holds::Text),
    (4, "suspend", Holds::Flag),
    (5, "jobTemplate", Holds::Message(JOB_TEMPLATE)),
];
const CRON_JOB: &[Field] = &[NAMED, (2, "spec", Holds::Message(CRON_JOB_SPEC))];

const TOKEN_SPEC: &[Field] = &[(1, "audiences", Holds::Texts), (4, "expirationSeconds", Holds::Number)];
const TOKEN: &[Field] = &[NAMED, (2, "spec", Holds::Message(TOKEN_SPEC))];

const ASKED_RESOURCE: &[Field] = &[
    (1, "namespace", Holds::Text),
    (2, "verb", Holds::Text),
    (3, "group", Holds::Text),
    (4, "version", Holds::Text),
    (5, "resource", Holds::Text),
    (6, "subresource", Holds::Text),
    (7, "name", Holds::Text),
];
const ASKED_PATH: &[Field] = &[(1, "path", Holds::Text), (2, "verb", Holds::Text)];
const ACCESS_SPEC: &[Field] = &[
    (1, "resourceAttributes", Holds::Message(ASKED_RESOURCE)),
    (2, "nonResourceAttributes", Holds::Message(ASKED_PATH)),
];
const ACCESS: &[Field] = &[NAMED, (2, "spec", Holds::Message(ACCESS_SPEC))];
const RULES_SPEC: &[Field] = &[(1, "namespace", Holds::Text)];
const RULES: &[Field] = &[NAMED, (2, "spec", Holds::Message(RULES_SPEC))];
const WHO: &[Field] = &[NAMED];

const SCALED: &[Field] = &[(1, "kind", Holds::Text), (2, "name", Holds::Text), (3, "apiVersion", Holds::Text)];
const METRIC_TARGET: &[Field] = &[(1, "type", Holds::Text), (4, "averageUtilization", Holds::Number)];
const RESOURCE_METRIC: &[Field] = &[(1, "name", Holds::Text), (2, "target", Holds::Message(METRIC_TARGET))];
const METRIC: &[Field] = &[(1, "type", Holds::Text), (4, "resource", Holds::Message(RESOURCE_METRIC))];
const BOUNDS: [Field; 3] = [
    (1, "scaleTargetRef", Holds::Message(SCALED)),
    (2, "minReplicas", Holds::Number),
    (3, "maxReplicas", Holds::Number),
];
const OLD_AUTOSCALER_SPEC: &[Field] =
    &[BOUNDS[0], BOUNDS[1], BOUNDS[2], (4, "targetCPUUtilizationPercentage", Holds::Number)];
const AUTOSCALER_SPEC: &[Field] = &[BOUNDS[0], BOUNDS[1], BOUNDS[2], (4, "metrics", Holds::Messages(METRIC))];
const OLD_AUTOSCALER: &[Field] = &[NAMED, (2, "spec", Holds::Message(OLD_AUTOSCALER_SPEC))];
const AUTOSCALER: &[Field] = &[NAMED, (2, "spec", Holds::Message(AUTOSCALER_SPEC))];

fn kind_fields(version: &str, kind: &str) -> Option<&'static [Field]> {
    match kind {
        "HorizontalPodAutoscaler" if version == "autoscaling/v1" => Some(OLD_AUTOSCALER),
        "HorizontalPodAutoscaler" => Some(AUTOSCALER),
        "Namespace" => Some(NAMESPACE),
        "ConfigMap" => Some(CONFIG_MAP),
        "Secret" => Some(SECRET),
        "ServiceAccount" => Some(SERVICE_ACCOUNT),
        "ResourceQuota" => Some(QUOTA),
        "Role" | "ClusterRole" => Some(ROLE),
        "RoleBinding" | "ClusterRoleBinding" => Some(BINDING),
        "Deployment" => Some(DEPLOYMENT),
        "Service" => Some(SERVICE),
        "Ingress" => Some(INGRESS),
        "PodDisruptionBudget" => Some(BUDGET),
        "PriorityClass" => Some(PRIORITY_CLASS),
        "Job" => Some(JOB),
        "CronJob" => Some(CRON_JOB),
        "TokenRequest" => Some(TOKEN),
        "SelfSubjectAccessReview" => Some(ACCESS),
        "SelfSubjectRulesReview" => Some(RULES),
        "SelfSubjectReview" => Some(WHO),
        _ => None,
    }
}

/// A field as it stands in the bytes.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn next<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Wire<'a>)> {
    let tag = number(bytes)?;
    let wire = match tag & 7 {
        0 => Wire::Number(number(bytes)?),
        2 => {
            let length = usize::try_from(number(bytes)?).ok()?;
            let (own, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Wire::Bytes(own)
        }
        _ => return None,
    };
    Some((tag >> 3, wire))
}

fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Wire<'_>)>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        all.push(next(&mut bytes)?);
    }
    Some(all)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// Reads an object; none if it is of a kind, or holds a field, that is not in the tables above.
pub(super) fn read(body: &[u8]) -> Option<Json> {
    let envelope = body.strip_prefix(b"k8s\0")?;
    let (mut kind, mut version, mut raw) = (String::new(), String::new(), &[][..]);
    for (place, wire) in fields(envelope)? {
        match (place, wire) {
            (1, Wire::Bytes(type_meta)) => {
                for (place, wire) in fields(type_meta)? {
                    match (place, wire) {
                        (1, Wire::Bytes(bytes)) => version = text(bytes)?,
                        (2, Wire::Bytes(bytes)) => kind = text(bytes)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut object = message(kind_fields(&version, &kind)?, raw)?;
    set(&mut object, &["apiVersion"], version);
    set(&mut object, &["kind"], kind);
    Some(object)
}

fn message(known: &[Field], bytes: &[u8]) -> Option<Json> {
    let mut object = json!({});
    for (place, wire) in fields(bytes)? {
        match known.iter().find(|(number, _, _)| *number == place) {
            Some((_, name, holds)) => put(&mut object, name, *holds, &wire)?,
            // What is sent empty because its type has it: `spec {}`, `status {}`, `resources {}`.
            None if is_empty(&wire) => {}
            None => return None,
        }
    }
    Some(object)
}

fn is_empty(wire: &Wire<'_>) -> bool {
    match wire {
        Wire::Number(number) => *number == 0,
        Wire::Bytes(bytes) => {
            bytes.is_empty() || fields(bytes).is_some_and(|inner| inner.iter().all(|(_, wire)| is_empty(wire)))
        }
    }
}

fn put(object: &mut Json, name: &str, holds: Holds, wire: &Wire<'_>) -> Option<()> {
    match (holds, wire) {
        (Holds::Text, Wire::Bytes([])) | (Holds::Time, Wire::Bytes([])) => {}
        (Holds::Text, Wire::Bytes(bytes)) => set(object, &[name], text(bytes)?),
        (Holds::Number, Wire::Number(number)) => set(object, &[name], i64::try_from(*number).ok()?),
        (Holds::Flag, Wire::Number(number)) => set(object, &[name], *number != 0),
        (Holds::Texts, Wire::Bytes(bytes)) => list_mut(object, &[name]).push(text(bytes)?.into()),
        (Holds::Message(known), Wire::Bytes(bytes)) => set(object, &[name], message(known, bytes)?),
        (Holds::Messages(known), Wire::Bytes(bytes)) => list_mut(object, &[name]).push(message(known, bytes)?),
        (Holds::Map | Holds::Bytes | Holds::Amounts, Wire::Bytes(bytes)) => {
            let (key, value) = entry(holds, bytes)?;
            *place(object, &[name, &key]) = value;
        }
        (Holds::NumberOrText, Wire::Bytes(bytes)) => set(object, &[name], number_or_text(bytes)?),
        (Holds::Inline(known), Wire::Bytes(bytes)) => {
            let inner = message(known, bytes)?;
            for (name, value) in inner.as_object()? {
                set(object, &[name], value.clone());
            }
        }
        (Holds::Time, _) => {}
        _ => return None,
    }
    Some(())
}

/// Kind (a text is 1), number, text.
fn number_or_text(bytes: &[u8]) -> Option<Json> {
    let (mut is_text, mut value, mut written) = (false, 0, String::new());
    for (place, wire) in fields(bytes)? {
        match (place, wire) {
            (1, Wire::Number(kind)) => is_text = kind == 1,
            (2, Wire::Number(number)) => value = i64::try_from(number).ok()?,
            (3, Wire::Bytes(bytes)) => written = text(bytes)?,
            _ => return None,
        }
    }
    Some(if is_text { written.into() } else { value.into() })
}

fn entry(holds: Holds, bytes: &[u8]) -> Option<(String, Json)> {
    let (mut key, mut value) = (String::new(), json!(""));
    for (place, wire) in fields(bytes)? {
        match (place, wire, holds) {
            (1, Wire::Bytes(bytes), _) => key = text(bytes)?,
            (2, Wire::Bytes(bytes), Holds::Bytes) => {
                value = base64::engine::general_purpose::STANDARD.encode(bytes).into();
            }
            (2, Wire::Bytes(bytes), Holds::Amounts) => {
                let amount = fields(bytes)?.into_iter().find_map(|(_, wire)| match wire {
                    Wire::Bytes(bytes) => text(bytes),
                    Wire::Number(_) => None,
                });
                value = amount?.into();
            }
            (2, Wire::Bytes(bytes), _) => value = text(bytes)?.into(),
            _ => return None,
        }
    }
    Some((key, value))
}
