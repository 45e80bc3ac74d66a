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
use super::objects::Objects;
use super::status::Answer;

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
