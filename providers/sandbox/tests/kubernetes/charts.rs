//! Charts in a repository, rendered by the installed helm for the sandbox's Argo CD.

use crate::argocd::{Repository, application, argo, reaches, settled};
use crate::server::Server;
use serde_json::{Value as Json, json};
use std::process::Command;

crate::tests![a_chart_follows_its_values, a_broken_template_is_said];

/// Whether there is a helm.
pub fn available() -> Result<(), String> {
    match Command::new("helm").arg("version").output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(format!("helm: {error}")),
    }
}

const WEB: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels: {chart: {{ .Chart.Name }}-{{ .Chart.Version }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
      - name: web
        image: "{{ .Values.image.repository }}:{{ required "image.tag is needed" .Values.image.tag }}"
"#;

const SETTINGS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  color: {{ .Values.color | quote }}
  namespace: {{ .Release.Namespace }}
  number: {{ .Values.number | toJson | quote }}
"#;

const MIGRATE: &str = r#"apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-5"}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: "migrate:1"}]
"#;

const TEST: &str = r#"apiVersion: v1
kind: Pod
metadata: {name: smoke, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: smoke, image: "smoke:1"}]}
"#;

const CRD: &str = r#"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.charts.test}
spec:
  group: charts.test
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"#;

const WIDGET: &str = "apiVersion: charts.test/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n";

fn repository(server: &Server, name: &str) -> Repository {
    let files = [
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"),
        ("charts/web/values.yaml", "replicas: 1\ncolor: red\nnumber: 1\nimage: {repository: registry/web}\n"),
        ("charts/web/prod.yaml", "replicas: 2\nimage: {tag: \"1\"}\n"),
        ("charts/web/templates/web.yaml", WEB),
        ("charts/web/templates/settings.yaml", SETTINGS),
        ("charts/web/templates/migrate.yaml", MIGRATE),
        ("charts/web/templates/test.yaml", TEST),
        ("charts/web/crds/widget.yaml", CRD),
        ("charts/web/templates/widget.yaml", WIDGET),
    ];
    Repository::new(server, name, &files)
}

fn chart(name: &str, repository: &Repository, helm: Json) -> Json {
    let mut chart = application(name, &repository.url, "charts/web");
    chart["spec"]["source"]["helm"] = helm;
    chart
}

fn a_chart_follows_its_values(server: &Server) {
    let kubectl = argo(server);
    let repository = repository(server, "chart");
    let helm = |color: &str| {
        json!({
            "valueFiles": ["prod.yaml"],
            "valuesObject": {"color": color},
            "parameters": [{"name": "number", "value": "7", "forceString": true}],
        })
    };
    kubectl.ok_apply(&chart("chart", &repository, helm("blue")), "");
    settled(&kubectl, "chart");
    assert_eq!(kubectl.get("application chart -n argocd")["status"]["sourceType"], "Helm");
    let web = kubectl.get("deployment chart-web -n chart");
    assert_eq!(web["spec"]["replicas"], 2, "a file of values");
    assert_eq!(web["spec"]["template"]["spec"]["containers"][0]["image"], "registry/web:1");
    assert_eq!(web["metadata"]["labels"]["chart"], "web-1.2.3");
    let settings = || kubectl.get("configmap settings -n chart")["data"].clone();
    assert_eq!(
        settings(),
        json!({"color": "blue", "namespace": "chart", "number": "\"7\""}),
        "values of the Application"
    );
    assert_eq!(kubectl.get("widget w -n chart")["spec"]["size"], 1, "the chart's own kind");
    // A hook of helm's is one of Argo CD's; its tests are not run.
    let results =
        kubectl.get("application chart -n argocd")["status"]["operationState"]["syncResult"]["resources"].clone();
    let hook = results.as_array().unwrap().iter().find(|one| one["name"] == "migrate");
    assert_eq!(hook.map(|hook| hook["syncPhase"].clone()), Some(json!("PreSync")), "{results}");
    assert_ne!(kubectl.run("get pod smoke -n chart").code, 0);

    kubectl.ok_apply(&chart("chart", &repository, helm("green")), "");
    kubectl.ok("wait --for=jsonpath={.data.color}=green configmap/settings -n chart --timeout=120s");
    repository.write("charts/web/prod.yaml", "replicas: 3\nimage: {tag: \"2\"}\n");
    kubectl.ok("wait --for=jsonpath={.spec.replicas}=3 deployment/chart-web -n chart --timeout=120s");
    settled(&kubectl, "chart");
}

fn a_broken_template_is_said(server: &Server) {
    let kubectl = argo(server);
    let repository = repository(server, "broken-chart");
    let message = || {
        let live = kubectl.get("application broken-chart -n argocd");
        live["status"]["conditions"][0]["message"].as_str().unwrap_or_default().to_owned()
    };
    kubectl.ok_apply(&chart("broken-chart", &repository, json!({})), "");
    reaches(&kubectl, "broken-chart", ".status.conditions[0].type", "ComparisonError");
    assert!(message().contains("image.tag is needed"), "helm's own words: {}", message());
    kubectl.ok_apply(&chart("broken-chart", &repository, json!({"valueFiles": ["none.yaml"]})), "");
    kubectl.ok("annotate application broken-chart -n argocd argocd.argoproj.io/refresh=normal --overwrite");
    crate::argocd::eventually(|| message().contains("none.yaml"), message);

    // Mended, it goes on; what was synced stays when a later commit is broken.
    kubectl.ok_apply(&chart("broken-chart", &repository, json!({"valueFiles": ["prod.yaml"]})), "");
    settled(&kubectl, "broken-chart");
    repository.write("charts/web/templates/settings.yaml", "apiVersion: v1\nkind: {{ .Values.kind.of }}\n");
    reaches(&kubectl, "broken-chart", ".status.conditions[0].type", "ComparisonError");
    assert!(message().contains("settings.yaml:2"), "{}", message());
    assert_eq!(kubectl.get("application broken-chart -n argocd")["status"]["sync"]["status"], "Unknown");
    kubectl.ok("get configmap settings -n broken-chart");
}
