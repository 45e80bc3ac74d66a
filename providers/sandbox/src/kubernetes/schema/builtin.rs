//! The built-in kinds, and their schemas as `k8s-openapi` has them.

use super::super::resource::{Resource, ScalePaths, Shape};
use super::{ANY, merge_keys};
use k8s_openapi::api::{
    admissionregistration::v1 as admission, apps::v1 as apps, autoscaling, batch::v1 as batch,
    certificates::v1 as certificates, coordination::v1 as coordination, core::v1 as core, discovery::v1 as discovery,
    events::v1 as events, flowcontrol::v1 as flowcontrol, networking::v1 as networking, node::v1 as node,
    policy::v1 as policy, rbac::v1 as rbac, scheduling::v1 as scheduling, storage::v1 as storage,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1 as apiregistration;
use k8s_openapi::schemars::JsonSchema;
use k8s_openapi::schemars::generate::{SchemaGenerator, SchemaSettings};
use k8s_openapi::{ClusterResourceScope, ListableResource, NamespaceResourceScope};
use serde_json::{Map, Value as Json, json};
use std::sync::{Arc, OnceLock};

trait Scope {
    const NAMESPACED: bool;
}

impl Scope for NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

impl Scope for ClusterResourceScope {
    const NAMESPACED: bool = false;
}

struct Builtin {
    resource: Resource,
    schema: fn(&mut SchemaGenerator),
}

/// A kind; `also` holds its subresources (`status`, `scale`) and, with `@`, its categories.
fn kind<T>(short_names: &[&str], also: &[&str]) -> Builtin
where
    T: ListableResource + JsonSchema,
    T::Scope: Scope,
{
    let resource = Resource {
        group: T::GROUP.to_owned(),
        version: T::VERSION.to_owned(),
        kind: T::KIND.to_owned(),
        list_kind: T::LIST_KIND.to_owned(),
        plural: T::URL_PATH_SEGMENT.to_owned(),
        singular: T::KIND.to_lowercase(),
        short_names: short_names.iter().map(|&one| one.to_owned()).collect(),
        categories: also.iter().filter_map(|one| one.strip_prefix('@')).map(str::to_owned).collect(),
        namespaced: T::Scope::NAMESPACED,
        has_status: also.contains(&"status"),
        scale: also.contains(&"scale").then(workload_scale),
        shape: Shape::Builtin(T::schema_name().into_owned()),
    };
    Builtin { resource, schema: describe::<T> }
}

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

fn workload_scale() -> ScalePaths {
    let path = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
    ScalePaths {
        spec_replicas: path("spec", "replicas"),
        status_replicas: path("status", "replicas"),
        selector: path("spec", "selector"),
    }
}

#[rustfmt::skip]
fn table() -> Vec<Builtin> {
    vec![
        kind::<core::ConfigMap>(&["cm"], &[]),
        kind::<core::Endpoints>(&["ep"], &[]),
        kind::<core::Event>(&["ev"], &[]),
        kind::<core::LimitRange>(&["limits"], &[]),
        kind::<core::Namespace>(&["ns"], &["status"]),
        kind::<core::Node>(&["no"], &["status"]),
        kind::<core::PersistentVolumeClaim>(&["pvc"], &["status"]),
        kind::<core::PersistentVolume>(&["pv"], &["status"]),
        kind::<core::Pod>(&["po"], &["status", "@all"]),
        kind::<core::PodTemplate>(&[], &[]),
        kind::<core::ReplicationController>(&["rc"], &["status", "scale", "@all"]),
        kind::<core::ResourceQuota>(&["quota"], &["status"]),
        kind::<core::Secret>(&[], &[]),
        kind::<core::ServiceAccount>(&["sa"], &[]),
        kind::<core::Service>(&["svc"], &["status", "@all"]),
        kind::<apps::ControllerRevision>(&[], &[]),
        kind::<apps::DaemonSet>(&["ds"], &["status", "@all"]),
        kind::<apps::Deployment>(&["deploy"], &["status", "scale", "@all"]),
        kind::<apps::ReplicaSet>(&["rs"], &["status", "scale", "@all"]),
        kind::<apps::StatefulSet>(&["sts"], &["status", "scale", "@all"]),
        kind::<autoscaling::v2::HorizontalPodAutoscaler>(&["hpa"], &["status", "@all"]),
        kind::<autoscaling::v1::HorizontalPodAutoscaler>(&["hpa"], &["status", "@all"]),
        kind::<batch::CronJob>(&["cj"], &["status", "@all"]),
        kind::<batch::Job>(&[], &["status", "@all"]),
        kind::<certificates::CertificateSigningRequest>(&["csr"], &["status"]),
        kind::<networking::Ingress>(&["ing"], &["status"]),
        kind::<networking::IngressClass>(&[], &[]),
        kind::<networking::NetworkPolicy>(&["netpol"], &[]),
        kind::<policy::PodDisruptionBudget>(&["pdb"], &["status"]),
        kind::<rbac::ClusterRole>(&[], &[]),
        kind::<rbac::ClusterRoleBinding>(&[], &[]),
        kind::<rbac::Role>(&[], &[]),
        kind::<rbac::RoleBinding>(&[], &[]),
        kind::<storage::CSIDriver>(&[], &[]),
        kind::<storage::CSINode>(&[], &[]),
        kind::<storage::StorageClass>(&["sc"], &[]),
        kind::<storage::VolumeAttachment>(&[], &["status"]),
        kind::<admission::MutatingWebhookConfiguration>(&[], &[]),
        kind::<admission::ValidatingWebhookConfiguration>(&[], &[]),
        kind::<admission::ValidatingAdmissionPolicy>(&[], &["status"]),
        kind::<admission::ValidatingAdmissionPolicyBinding>(&[], &[]),
        kind::<apiextensions::CustomResourceDefinition>(&["crd", "crds"], &["status", "@api-extensions"]),
        kind::<apiregistration::APIService>(&[], &["status", "@api-extensions"]),
        kind::<scheduling::PriorityClass>(&["pc"], &[]),
        kind::<coordination::Lease>(&[], &[]),
        kind::<node::RuntimeClass>(&[], &[]),
        kind::<discovery::EndpointSlice>(&[], &[]),
        kind::<events::Event>(&["ev"], &[]),
        kind::<flowcontrol::FlowSchema>(&[], &["status"]),
        kind::<flowcontrol::PriorityLevelConfiguration>(&[], &["status"]),
    ]
}

fn all() -> &'static [Builtin] {
    static ALL: OnceLock<Vec<Builtin>> = OnceLock::new();
    ALL.get_or_init(table)
}

/// The built-in kinds, in the order of their groups.
pub(crate) fn builtins() -> &'static [Arc<Resource>] {
    static RESOURCES: OnceLock<Vec<Arc<Resource>>> = OnceLock::new();
    RESOURCES.get_or_init(|| all().iter().map(|one| Arc::new(one.resource.clone())).collect())
}

/// The definition of a built-in type; one that takes anything, if there is none of this name.
pub(crate) fn definition(name: &str) -> &'static Json {
    definitions().get(name).unwrap_or(&ANY)
}

/// How a schema refers to a definition.
pub(crate) fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// All definitions of the built-in API by name.
pub(crate) fn definitions() -> &'static Map<String, Json> {
    static DEFINITIONS: OnceLock<Map<String, Json>> = OnceLock::new();
    DEFINITIONS.get_or_init(make_definitions)
}

fn make_definitions() -> Map<String, Json> {
    let mut generator = SchemaSettings::openapi3().into_generator();
    for builtin in all() {
        (builtin.schema)(&mut generator);
    }
    describe::<autoscaling::v1::Scale>(&mut generator);
    describe::<meta::DeleteOptions>(&mut generator);
    describe::<meta::Status>(&mut generator);
    let mut definitions = generator.take_definitions(true);
    let amount = json!([{"type": "string"}, {"type": "number"}]);
    for (name, schema) in &mut definitions {
        if name.ends_with(".api.resource.Quantity") {
            *schema = json!({"description": schema.get("description"), "oneOf": amount});
        } else if name.ends_with(".apiextensions.v1.JSON") || name.contains(".JSONSchemaPropsOr") {
            // Not only objects: any value.
            *schema = json!({"description": schema.get("description")});
        }
    }
    merge_keys::add_to(&mut definitions);
    for builtin in all() {
        name_kind(&mut definitions, &builtin.resource);
    }
    definitions
}

fn name_kind(definitions: &mut Map<String, Json>, resource: &Resource) {
    let Shape::Builtin(name) = &resource.shape else { return };
    let Some(schema) = definitions.get_mut(name).and_then(Json::as_object_mut) else { return };
    let names = json!([{"group": resource.group, "version": resource.version, "kind": resource.kind}]);
    schema.insert("x-kubernetes-group-version-kind".into(), names);
}
