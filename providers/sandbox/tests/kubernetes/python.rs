//! Kubernetes' own Python client: the dynamic client, and typed calls.

use crate::server::Server;
use std::process::Command;

crate::tests![the_python_client_works];

/// Whether a Python with this module is there.
pub fn available(module: &str) -> Result<(), String> {
    let found = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("there is no Python with {module}")),
    }
}

const SCRIPT: &str = r#"
import sys
from kubernetes import client, config, dynamic, watch
from kubernetes.client import api_client, rest

config.load_kube_config(sys.argv[1])
core, apps = client.CoreV1Api(), client.AppsV1Api()
core.create_namespace({"metadata": {"name": "python"}})
labels = {"app": "web"}
body = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "python"},
    "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
}
made = apps.create_namespaced_deployment("python", body)
assert made.spec.strategy.type == "RollingUpdate", made
for event in watch.Watch().stream(apps.list_namespaced_deployment, "python", timeout_seconds=60):
    if event["object"].status.available_replicas == 1:
        break
apps.patch_namespaced_deployment("web", "python", {"spec": {"template": {"spec": {"containers": [
    {"name": "side", "image": "side:1"}]}}}})
found = apps.read_namespaced_deployment("web", "python")
assert {one.name for one in found.spec.template.spec.containers} == {"web", "side"}, found
apps.patch_namespaced_deployment_scale("web", "python", {"spec": {"replicas": 2}})
assert apps.read_namespaced_deployment_scale("web", "python").spec.replicas == 2

dynamic_client = dynamic.DynamicClient(api_client.ApiClient())
deployments = dynamic_client.resources.get(api_version="apps/v1", kind="Deployment")
body["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
try:
    deployments.server_side_apply(body=body, name="web", namespace="python", field_manager="python-tool")
    raise AssertionError("a conflict was expected")
except dynamic.exceptions.ConflictError as error:
    assert "conflict" in str(error.body), error.body
deployments.server_side_apply(
    body=body, name="web", namespace="python", field_manager="python-tool", force_conflicts=True)
live = deployments.get(name="web", namespace="python")
assert any(one.manager == "python-tool" and one.operation == "Apply" for one in live.metadata.managedFields), live
try:
    core.read_namespaced_config_map("none", "python")
    raise AssertionError("not found was expected")
except rest.ApiException as error:
    assert error.status == 404 and '"reason":"NotFound"' in error.body, error.body
core.delete_namespace("python")
"#;

fn the_python_client_works(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::write(&config, server.kubeconfig("c1")).unwrap();
    let output = Command::new("python3").arg("-c").arg(SCRIPT).arg(&config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
