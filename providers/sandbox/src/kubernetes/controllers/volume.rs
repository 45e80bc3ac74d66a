//! Claims are bound to volumes that are made for them.

use super::super::json::{get, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::status::Answer;
use super::keep::{all, drop_object, make, observe};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const CLAIMS: &str = "/persistentvolumeclaims";
const VOLUMES: &str = "/persistentvolumes";

/// Binds claims, and lets volumes go whose claims have gone.
pub(super) fn reconcile(objects: &mut Objects) -> Answer<()> {
    for claim in all(objects, CLAIMS) {
        if text(&claim, &["status", "phase"]) != "Bound" && is_due(objects, &claim) {
            bind(objects, &claim)?;
        }
    }
    for volume in all(objects, VOLUMES) {
        let (namespace, name) =
            (text(&volume, &["spec", "claimRef", "namespace"]), text(&volume, &["spec", "claimRef", "name"]));
        let made_here = meta::annotation(&volume, "pv.kubernetes.io/provisioned-by").is_some();
        if made_here && !name.is_empty() && objects.get(CLAIMS, namespace, name).is_none() {
            drop_object(objects, VOLUMES, &volume)?;
        }
    }
    Ok(())
}

/// Some classes wait for a pod that uses the claim.
fn is_due(objects: &Objects, claim: &Json) -> bool {
    let class = objects.get("storage.k8s.io/storageclasses", "", text(claim, &["spec", "storageClassName"]));
    let Some(class) = class else { return false };
    let uses = |pod: &Json| {
        list(pod, &["spec", "volumes"])
            .iter()
            .any(|one| text(one, &["persistentVolumeClaim", "claimName"]) == meta::name(claim))
    };
    text(&class, &["volumeBindingMode"]) != "WaitForFirstConsumer"
        || objects.list("/pods", meta::namespace(claim)).any(|pod| uses(pod))
}

fn bind(objects: &mut Objects, claim: &Arc<Json>) -> Answer<()> {
    let name = format!("pvc-{}", meta::uid(claim));
    let capacity = json!({"storage": get(claim, &["spec", "resources", "requests", "storage"])});
    let reference = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": meta::name(claim),
        "namespace": meta::namespace(claim), "uid": meta::uid(claim),
    });
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": "sandbox"}},
        "spec": {
            "capacity": capacity, "accessModes": get(claim, &["spec", "accessModes"]), "claimRef": reference,
            "persistentVolumeReclaimPolicy": "Delete", "storageClassName": get(claim, &["spec", "storageClassName"]),
            "csi": {"driver": "sandbox", "volumeHandle": name},
        },
    });
    if let Some(volume) = make(objects, "", volume)? {
        let mut bound = (*volume).clone();
        set(&mut bound, &["status", "phase"], "Bound");
        observe(objects, VOLUMES, &volume, bound)?;
    }
    let mut after = (**claim).clone();
    set(&mut after, &["spec", "volumeName"], name);
    let status = json!({"phase": "Bound", "accessModes": get(claim, &["spec", "accessModes"]), "capacity": capacity});
    set(&mut after, &["status"], status);
    observe(objects, CLAIMS, claim, after)
}
