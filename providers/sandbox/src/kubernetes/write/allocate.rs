//! What the cluster itself puts into an object before it is kept: addresses, ports, derived selectors, accepted names.

use super::super::json::{at, default_to, get, integer, items_mut, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::resource::Resource;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Completes an object that is new, or becomes this from `current`.
pub(super) fn complete(objects: &Objects, resource: &Resource, current: Option<&Json>, object: &mut Json) {
    if resource.is_custom() {
        return;
    }
    match resource.kind.as_str() {
        "Service" => service(objects, current, object),
        "CustomResourceDefinition" => super::accept_definition(objects, object),
        "Job" => super::super::defaults::identify_job(object),
        "PersistentVolumeClaim" if current.is_none() => storage_class(objects, object),
        "PersistentVolumeClaim" | "Pod" => keep_bound(current, object),
        "ServiceAccount" | "Secret" | "ConfigMap" => {}
        "APIService" => available(objects, object),
        _ => {}
    }
}

/// The class that is marked as the default one.
fn storage_class(objects: &Objects, claim: &mut Json) {
    const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
    let class =
        objects.list("storage.k8s.io/storageclasses", "").find(|one| meta::annotation(one, DEFAULT) == Some("true"));
    if let Some(class) = class {
        default_to(claim, &["spec", "storageClassName"], meta::name(class));
    }
}

/// Where a pod runs and what a claim is bound to is not the client's to leave out.
fn keep_bound(current: Option<&Json>, object: &mut Json) {
    for field in ["nodeName", "volumeName"] {
        if let Some(value) = current.and_then(|one| at(one, &["spec", field])) {
            default_to(object, &["spec", field], value.clone());
        }
    }
}

fn service(objects: &Objects, current: Option<&Json>, object: &mut Json) {
    let kind = text(object, &["spec", "type"]).to_owned();
    if kind == "ExternalName" {
        return;
    }
    let kept = current.map(|one| text(one, &["spec", "clusterIP"])).unwrap_or_default();
    if text(object, &["spec", "clusterIP"]).is_empty() {
        let address = if kept.is_empty() { free_address(objects) } else { kept.to_owned() };
        set(object, &["spec", "clusterIP"], address);
    }
    let address = text(object, &["spec", "clusterIP"]).to_owned();
    set(object, &["spec", "clusterIPs"], json!([address]));
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        node_ports(objects, current, object);
    }
}

fn free_address(objects: &Objects) -> String {
    let used: BTreeSet<_> =
        objects.list("/services", "").map(|one| text(one, &["spec", "clusterIP"]).to_owned()).collect();
    // The first ten belong to the cluster itself.
    let address = |number: u32| format!("10.0.{}.{}", number / 256, number % 256);
    (11..65_535).map(address).find(|one| !used.contains(one)).unwrap_or_default()
}

fn node_ports(objects: &Objects, current: Option<&Json>, object: &mut Json) {
    let ports = |service: &Json| -> Vec<_> {
        list(service, &["spec", "ports"]).iter().filter_map(|one| integer(one, &["nodePort"])).collect()
    };
    let mut used: BTreeSet<_> = objects.list("/services", "").flat_map(|one| ports(one)).collect();
    used.extend(ports(object));
    let kept = current.cloned().unwrap_or_default();
    for port in items_mut(object, &["spec", "ports"]) {
        let same = list(&kept, &["spec", "ports"]).iter().find(|one| get(one, &["port"]) == get(port, &["port"]));
        let free = || (30_000..32_768).find(|one| !used.contains(one)).unwrap_or_default();
        let number = same.and_then(|one| integer(one, &["nodePort"])).unwrap_or_else(free);
        default_to(port, &["nodePort"], number);
        used.extend(integer(port, &["nodePort"]));
    }
}

fn available(objects: &Objects, object: &mut Json) {
    let now = objects.now();
    let message = "Local APIServices are always available";
    if at(object, &["spec", "service"]).is_none() {
        meta::set_condition(object, "Available", true, "Local", message, &now);
    }
}
