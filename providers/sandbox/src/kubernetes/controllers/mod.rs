//! What a control plane and its nodes do with objects: what they are told to make they make, and time makes pods ready.
//!
//! Each controller looks at all objects of its kind and does what is due; nothing is remembered but in the objects, so a
//! restart changes nothing. Durations go through the clock.

mod deployment;
mod first;
mod job;
mod keep;
mod network;
mod node;
mod pod;
mod policy;
mod replica;
mod stateful;
mod volume;

pub(crate) use first::first_objects;
pub(crate) use keep::observe_as;

use super::ClusterSpec;
use super::json::{list, text};
use super::meta;
use super::objects::Objects;
use super::status::Answer;
use serde_json::Value as Json;

/// Looks at everything until nothing is due.
///
/// # Errors
/// When something cannot be kept.
pub(crate) fn reconcile(objects: &mut Objects, spec: &ClusterSpec) -> Answer<()> {
    // A deployment takes three looks: its set, its pods, its status.
    for _ in 0..8 {
        let before = objects.version();
        look(objects, spec)?;
        if objects.version() == before {
            break;
        }
    }
    Ok(())
}

/// Whether time alone changes nothing: no pod starts or stops, nothing waits for an address.
pub(crate) fn is_settled(objects: &Objects) -> bool {
    let pods =
        objects.list("/pods", "").all(|pod| keep::is_ready(pod) || keep::has_ended(pod) && !meta::is_deleting(pod));
    let waits = |one: &Json| list(one, &["status", "loadBalancer", "ingress"]).is_empty();
    let balancers = objects.list("/services", "").filter(|one| text(one, &["spec", "type"]) == "LoadBalancer");
    let mut waiting = balancers.chain(objects.list("networking.k8s.io/ingresses", ""));
    // A pod that ends by itself is ready until then.
    let jobs = objects.list("batch/jobs", "").all(|job| job::is_at_rest(job));
    pods && jobs && !waiting.any(|one| waits(one))
}

fn look(objects: &mut Objects, spec: &ClusterSpec) -> Answer<()> {
    node::reconcile(objects, spec)?;
    deployment::reconcile(objects)?;
    replica::reconcile_sets(objects)?;
    replica::reconcile_daemons(objects)?;
    stateful::reconcile(objects)?;
    job::reconcile(objects)?;
    volume::reconcile(objects)?;
    pod::reconcile(objects)?;
    network::reconcile(objects)?;
    policy::reconcile(objects)
}
