//! The schemas: sound in themselves, held against Kubernetes' own (which k8s-openapi carries) and against Argo CD's
//! definitions in the vendor data.

use formwork_model::schema::{Attribute, AttributeType, Presence, ResourceSchema};
use formwork_provider_api::{Provider, schema_check};
use formwork_provider_kubernetes::{Argocd, Kubernetes};
use k8s_openapi::api::{apps, autoscaling, core, networking, policy, rbac, scheduling, storage};
use libtest_mimic::{Failed, Trial};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::PathBuf;

pub fn tests() -> Vec<Trial> {
    let mut trials = vec![
        Trial::test("schemas::are_sound", are_sound),
        Trial::test("schemas::agree_with_kubernetes", agree_with_kubernetes),
    ];
    let vendor = manifests("3.5.1");
    let note = if vendor.is_none() { " (skipped: no FORMWORK_VENDOR_DATA)" } else { "" };
    let skipped = vendor.is_none();
    let test = Trial::test(format!("schemas::agree_with_argocd{note}"), move || {
        vendor.as_deref().map_or(Ok(()), agree_with_argocd)
    });
    trials.push(test.with_ignored_flag(skipped));
    trials
}

/// Argo CD's manifests of a version, if they are at hand.
pub fn manifests(version: &str) -> Option<Vec<Json>> {
    let folder = std::env::var_os("FORMWORK_VENDOR_DATA")?;
    let path = PathBuf::from(folder).join("argocd").join(format!("install-v{version}.yaml"));
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_norway::Deserializer::from_str(&text).map(|document| Json::deserialize(document).unwrap()).collect())
}

fn are_sound() -> Result<(), Failed> {
    let complaints = [schema_check::lint(Kubernetes.schema()), schema_check::lint(Argocd.schema())].concat();
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

fn vendor<T: JsonSchema>() -> Json {
    serde_json::to_value(schemars::schema_for!(T)).unwrap()
}

fn agree_with_kubernetes() -> Result<(), Failed> {
    let types: Vec<(&str, &str, Json)> = vec![
        ("cluster_role", "", vendor::<rbac::v1::ClusterRole>()),
        ("cluster_role_binding", "", vendor::<rbac::v1::ClusterRoleBinding>()),
        ("config_map", "", vendor::<core::v1::ConfigMap>()),
        ("deployment", "spec", vendor::<apps::v1::Deployment>()),
        ("horizontal_pod_autoscaler", "spec", vendor::<autoscaling::v2::HorizontalPodAutoscaler>()),
        ("ingress", "spec", vendor::<networking::v1::Ingress>()),
        ("limit_range", "spec", vendor::<core::v1::LimitRange>()),
        ("namespace", "", vendor::<core::v1::Namespace>()),
        ("network_policy", "spec", vendor::<networking::v1::NetworkPolicy>()),
        ("pod_disruption_budget", "spec", vendor::<policy::v1::PodDisruptionBudget>()),
        ("priority_class", "", vendor::<scheduling::v1::PriorityClass>()),
        ("resource_quota", "spec", vendor::<core::v1::ResourceQuota>()),
        ("role", "", vendor::<rbac::v1::Role>()),
        ("role_binding", "", vendor::<rbac::v1::RoleBinding>()),
        ("secret", "", vendor::<core::v1::Secret>()),
        ("service", "spec", vendor::<core::v1::Service>()),
        ("service_account", "", vendor::<core::v1::ServiceAccount>()),
        ("storage_class", "", vendor::<storage::v1::StorageClass>()),
    ];
    let mut compared = Compared::default();
    for (name, root, vendor) in &types {
        compared.ty(Kubernetes.schema().resource(name).unwrap(), root, vendor);
    }
    compared.verdict(400)
}

fn agree_with_argocd(documents: &[Json]) -> Result<(), Failed> {
    let mut compared = Compared::default();
    for (name, kind) in
        [("application", "Application"), ("application_set", "ApplicationSet"), ("project", "AppProject")]
    {
        let definition = documents.iter().find(|document| document["spec"]["names"]["kind"] == kind).unwrap();
        let vendor = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        compared.ty(Argocd.schema().resource(name).unwrap(), "spec", vendor);
        compared.complete(Argocd.schema().resource(name).unwrap(), vendor);
    }
    compared.verdict(500)
}

/// Attributes that say how, not what.
const MANNER: [&str; 6] = ["wait", "force", "propagation_policy", "id", "uid", "admitted"];

/// Where we differ on purpose.
const DIFFERENCES: &[(&str, &str)] = &[
    ("role.rules: required", "a role without rules says nothing"),
    ("resource_quota.hard: required", "a quota without limits says nothing"),
    ("network_policy.pod_selector: required", "servers before 1.33 want it"),
    ("pod_disruption_budget.selector: required", "a budget for no pods says nothing"),
    ("deployment.template.spec: required", "there are no pods without it"),
    ("application_set.strategy.rolling_sync.steps: required", "steps are all that there is"),
    ("application_set.strategy.rolling_sync.steps.match_expressions.key: required", "else nothing matches"),
    ("application_set.strategy.rolling_sync.steps.match_expressions.operator: required", "else nothing matches"),
    ("application_set.strategy.rolling_sync.steps.match_expressions.values: required", "else nothing matches"),
];

#[derive(Default)]
struct Compared {
    count: usize,
    complaints: Vec<String>,
}

impl Compared {
    fn verdict(self, least: usize) -> Result<(), Failed> {
        assert!(self.count > least, "only {} attributes have a counterpart", self.count);
        if self.complaints.is_empty() { Ok(()) } else { Err(self.complaints.join("\n").into()) }
    }

    fn complain(&mut self, path: &str, what: String) {
        let known = |(place, _): &(&str, &str)| *place == path || *place == format!("{path}: {what}");
        if !DIFFERENCES.iter().any(known) {
            self.complaints.push(format!("{path}: {what}"));
        }
    }

    fn ty(&mut self, schema: &ResourceSchema, root: &str, vendor: &Json) {
        for attribute in schema.attributes.iter().filter(|attribute| !MANNER.contains(&attribute.name)) {
            let path = format!("{}.{}", schema.name, attribute.name);
            if attribute.vendor.starts_with("metadata.") {
                continue;
            }
            let vendor_path = match attribute.vendor {
                "" if root.is_empty() => camel(attribute.name),
                "" => format!("{root}.{}", camel(attribute.name)),
                given => given.to_owned(),
            };
            let (mut place, mut required) = (vendor.clone(), false);
            let mut found = true;
            for part in vendor_path.split('.') {
                let here = resolved(vendor, &place);
                required = here["required"].as_array().is_some_and(|names| names.contains(&Json::from(part)));
                match here["properties"].get(part) {
                    Some(next) => place = next.clone(),
                    None => found = false,
                }
            }
            if !found {
                self.complain(&path, format!("the vendor has no {vendor_path}"));
                continue;
            }
            self.attribute(attribute, &path, vendor, &place, required);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, path: &str, root: &Json, vendor: &Json, required: bool) {
        self.count += 1;
        let has_default = attribute.default_value().is_some();
        if required && attribute.presence != Presence::Required && !has_default {
            self.complain(path, "the vendor wants it".to_owned());
        }
        if !required && attribute.presence == Presence::Required {
            self.complain(path, "required".to_owned());
        }
        self.value(&attribute.ty, path, root, vendor);
    }

    fn value(&mut self, ty: &AttributeType, path: &str, root: &Json, vendor: &Json) {
        let vendor = resolved(root, vendor);
        let kind = kind(&vendor);
        match ty {
            AttributeType::Any | AttributeType::SameAs(_) => {}
            AttributeType::Object(fields) => {
                for field in *fields {
                    let name = if field.vendor.is_empty() { camel(field.name) } else { field.vendor.to_owned() };
                    let path = format!("{path}.{}", field.name);
                    let required =
                        vendor["required"].as_array().is_some_and(|names| names.contains(&Json::from(name.as_str())));
                    match vendor["properties"].get(&name) {
                        Some(inner) => self.attribute(field, &path, root, inner, required),
                        None if vendor["x-kubernetes-preserve-unknown-fields"] == true => {}
                        None => self.complain(&path, format!("the vendor has no {name}")),
                    }
                }
            }
            AttributeType::List(item) | AttributeType::Set(item) if kind == "array" => {
                self.value(item, path, root, &vendor["items"]);
            }
            AttributeType::Map(entry) if kind == "object" => {
                self.value(entry, path, root, &vendor["additionalProperties"]);
            }
            AttributeType::Bool if kind == "boolean" => {}
            AttributeType::Int if kind == "integer" => {}
            AttributeType::Float if kind == "number" => {}
            AttributeType::String
            | AttributeType::Cidr
            | AttributeType::Ip
            | AttributeType::Url
            | AttributeType::Reference(_)
            | AttributeType::OpenEnum(_)
                if kind == "string" => {}
            AttributeType::Enum(members) if kind == "string" => {
                let theirs = vendor["enum"].as_array().cloned().unwrap_or_default();
                if !theirs.is_empty()
                    && theirs.iter().any(|member| !members.contains(&member.as_str().unwrap_or_default()))
                {
                    self.complain(path, format!("the vendor's values are {theirs:?}"));
                }
            }
            // Anything at all, and numbers or texts, are open schemas there.
            _ if kind.is_empty() => {}
            other => self.complain(path, format!("{other:?} here, {kind} there")),
        }
    }

    /// Whether nothing of the vendor's specification is missing here.
    fn complete(&mut self, schema: &ResourceSchema, vendor: &Json) {
        let fields: Vec<Attribute> = schema
            .attributes
            .iter()
            .filter(|one| !MANNER.contains(&one.name) && one.vendor.is_empty())
            .copied()
            .collect();
        self.has_all(schema.name, &fields, &vendor["properties"]["spec"]);
    }

    fn has_all(&mut self, path: &str, fields: &[Attribute], vendor: &Json) {
        for (name, inner) in vendor["properties"].as_object().into_iter().flatten() {
            let ours = fields
                .iter()
                .find(|field| field.vendor == name || field.vendor.is_empty() && camel(field.name) == *name);
            let Some(ours) = ours else {
                self.complain(&format!("{path}.{name}"), "it is missing here".to_owned());
                continue;
            };
            let (mut ty, mut inner) = (&ours.ty, inner);
            while let AttributeType::List(item) | AttributeType::Map(item) = ty {
                ty = item;
                inner = if inner["items"].is_null() { &inner["additionalProperties"] } else { &inner["items"] };
            }
            if let AttributeType::Object(fields) = ty {
                self.has_all(&format!("{path}.{}", ours.name), fields, inner);
            }
        }
    }
}

fn kind(vendor: &Json) -> String {
    match &vendor["type"] {
        Json::String(kind) => kind.clone(),
        Json::Array(kinds) => {
            kinds.iter().filter_map(Json::as_str).find(|kind| *kind != "null").unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// A schema with its references followed.
fn resolved(root: &Json, schema: &Json) -> Json {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolved(root, root.pointer(reference.trim_start_matches('#')).unwrap_or(&Json::Null));
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        let variants = schema[list].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut real = variants.iter().filter(|variant| variant["type"] != "null");
        if let (Some(only), None) = (real.next(), real.next()) {
            return resolved(root, only);
        }
    }
    schema.clone()
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}
