//! Services: which pods they lead to, and the address of a load balancer. Ingresses get an address too.

use super::super::json::{at, get, list, map, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, is_ready, make, observe, short_hash};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long the cloud takes for a load balancer.
const BALANCER: Duration = Duration::from_secs(20);

/// Moves every service and ingress on.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for service in all(objects, "/services") {
        if map(&service, &["spec", "selector"]).is_some() {
            lead(objects, &service)?;
        }
        if text(&service, &["spec", "type"]) == "LoadBalancer" {
            balance(objects, "/services", &service)?;
        }
    }
    for ingress in all(objects, "networking.k8s.io/ingresses") {
        if at(&ingress, &["spec", "ingressClassName"]).is_some() {
            balance(objects, "networking.k8s.io/ingresses", &ingress)?;
        }
    }
    Ok(())
}

fn balance(objects: &mut Objects, table: &str, object: &std::sync::Arc<Json>) -> Answer<()> {
    let wait = i64::try_from(objects.clock.scaled(BALANCER).as_millis()).unwrap_or(i64::MAX);
    let known = !list(object, &["status", "loadBalancer", "ingress"]).is_empty();
    if known || objects.clock.now_ms() < meta::created(object).saturating_add(wait) {
        return Ok(());
    }
    let hash = short_hash(&json!(meta::uid(object)));
    let byte = hash.get(0..2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(7);
    let mut after = (**object).clone();
    // An address of those that are kept for documentation.
    let address = json!([{"ip": format!("203.0.113.{}", byte.clamp(1, 254))}]);
    set(&mut after, &["status", "loadBalancer", "ingress"], address);
    observe(objects, table, object, after)
}

/// The pods that a service leads to, as endpoints and as a slice.
fn lead(objects: &mut Objects, service: &Json) -> Answer<()> {
    let wanted = map(service, &["spec", "selector"]).cloned().unwrap_or_default();
    let pods = objects.list("/pods", meta::namespace(service));
    let pods: Vec<_> = pods.filter(|pod| is_ready(pod) && meta::carries(meta::labels(pod), &wanted)).cloned().collect();
    let port =
        |one: &Json| json!({"name": get(one, &["name"]), "port": number(one), "protocol": get(one, &["protocol"])});
    let mut ports: Vec<_> = list(service, &["spec", "ports"]).iter().map(port).collect();
    ports.iter_mut().for_each(super::super::json::drop_nulls);
    let reference = |pod: &Json| json!({"kind": "Pod", "name": meta::name(pod), "namespace": meta::namespace(pod), "uid": meta::uid(pod)});
    let address = |pod: &Json| json!({"ip": get(pod, &["status", "podIP"]), "nodeName": get(pod, &["spec", "nodeName"]), "targetRef": reference(pod)});
    let subsets = match pods.as_slice() {
        [] => json!([]),
        pods => json!([{"addresses": pods.iter().map(|pod| address(pod)).collect::<Vec<_>>(), "ports": ports}]),
    };
    let endpoint = |pod: &Json| {
        json!({"addresses": [get(pod, &["status", "podIP"])], "conditions": {"ready": true, "serving": true, "terminating": false},
               "nodeName": get(pod, &["spec", "nodeName"]), "targetRef": reference(pod)})
    };
    let endpoints: Vec<_> = pods.iter().map(|pod| endpoint(pod)).collect();
    let name = meta::name(service);
    keep(objects, service, "/endpoints", "v1", "Endpoints", name, json!({"subsets": subsets}))?;
    let slice = json!({"addressType": "IPv4", "endpoints": endpoints, "ports": ports});
    let (table, version) = ("discovery.k8s.io/endpointslices", "discovery.k8s.io/v1");
    keep(objects, service, table, version, "EndpointSlice", &format!("{name}-sandbox"), slice)
}

fn number(port: &Json) -> Json {
    if get(port, &["targetPort"]).is_i64() { get(port, &["targetPort"]).clone() } else { get(port, &["port"]).clone() }
}

fn keep(
    objects: &mut Objects,
    service: &Json,
    table: &str,
    api_version: &str,
    kind: &str,
    name: &str,
    content: Json,
) -> Answer<()> {
    let namespace = meta::namespace(service);
    let Some(known) = objects.get(table, namespace, name) else {
        let mut object = content;
        set(&mut object, &["apiVersion"], api_version);
        set(&mut object, &["kind"], kind);
        set(&mut object, &["metadata", "name"], name);
        set(&mut object, &["metadata", "labels", "kubernetes.io/service-name"], meta::name(service));
        set(&mut object, &["metadata", "ownerReferences"], json!([meta::controller_reference(service)]));
        return make(objects, namespace, object).map(drop);
    };
    let mut after = (*known).clone();
    for (field, value) in content.as_object().into_iter().flatten() {
        set(&mut after, &[field], value.clone());
    }
    observe(objects, table, &known, after)
}
