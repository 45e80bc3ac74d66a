//! Blocks whose objects come from files and from programs: a directory of manifests, a kustomization (where `kustomize` or
//! `kubectl` is installed), a chart (where `helm` is installed).

use formwork_model::value::{Masking, from_json, to_json};
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{Environment, ErrorClass, ExpandRequest, ExpandedRow, Provider, ProviderError};
use formwork_provider_kubernetes::Kubernetes;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    let has = |program: &str, verb: &str| Command::new(program).arg(verb).output().is_ok();
    let kustomize = has("kustomize", "version") || has("kubectl", "version");
    let helm = has("helm", "version");
    let trial = |name: &str, there: bool, what: &str, test: fn() -> Result<(), Failed>| {
        let note = if there { String::new() } else { format!(" (skipped: no {what})") };
        Trial::test(format!("rendered::{name}{note}"), test).with_ignored_flag(!there)
    };
    vec![
        trial("a_directory", true, "", directory),
        trial("an_untrusted_stack_runs_nothing", true, "", untrusted),
        trial("a_kustomization", kustomize, "kustomize or kubectl", kustomization),
        trial("a_chart", helm, "helm", chart),
        trial("a_charts_digests_are_recorded", helm, "helm", chart_record),
        trial("a_fetched_chart_is_recorded", helm, "helm", fetched_chart),
    ]
}

fn expanded(ty: &str, config: Json, root: &Path, untrusted: bool) -> Result<Vec<ExpandedRow>, ProviderError> {
    let environment = Environment { root: Some(root.display().to_string()), untrusted, ..Environment::default() };
    let config = ValueBuf::from(from_json(&config));
    Kubernetes.expand(&ExpandRequest { type_name: ty.into(), config, environment })
}

fn keys(rows: &[ExpandedRow]) -> Vec<&str> {
    rows.iter().map(|row| row.key.as_str()).collect()
}

fn manifest(row: &ExpandedRow) -> Json {
    to_json(row.config.view(), Masking::Exposed)["manifest"].clone()
}

/// What is recorded of a rendering.
fn record(rows: &[ExpandedRow]) -> Json {
    let row = rows.last().unwrap();
    assert_eq!((row.key.as_str(), row.type_name.as_str(), row.after.len()), ("rendering", "rendering", rows.len() - 1));
    to_json(row.config.view(), Masking::Masked)
}

fn directory() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "b.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    );
    write("a.json", r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":{"p":"hunter2"}}"#);
    write("notes.txt", "not: [yaml");
    let rows = expanded("manifests", json!({ "path": ".", "namespace": "shop" }), folder.path(), false).unwrap();
    assert_eq!(keys(&rows), ["core/Namespace/shop", "core/Secret/shop/a", "core/ConfigMap/shop/b"]);
    assert_eq!(rows[1].after, ["core/Namespace/shop"]);
    assert!(!format!("{rows:?}").contains("hunter2"));
    write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n---\na: [b\n");
    let broken = expanded("manifests", json!({ "path": "." }), folder.path(), false).unwrap_err();
    assert!(broken.message.starts_with("./c.yaml, line 6: document 2 is no YAML"), "{broken}");
    write("c.yaml", "apiVersion: v1\nmetadata: {name: c}\n");
    let broken = expanded("manifests", json!({ "path": "." }), folder.path(), false).unwrap_err();
    assert_eq!(broken.message, "./c.yaml, object 1: the object `c` has no `kind`");
    std::fs::remove_file(folder.path().join("c.yaml")).unwrap();
    let wrong = expanded("manifests", json!({ "content": "a: 1", "sha256": "0".repeat(64) }), folder.path(), false);
    assert!(wrong.unwrap_err().message.contains("digest"));
    Ok(())
}

fn untrusted() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("kustomize", json!({ "path": "." })),
        ("chart", json!({ "name": "a", "chart": "." })),
        ("manifests", json!({ "url": "https://127.0.0.1:9/x", "sha256": "0".repeat(64) })),
    ];
    for (ty, config) in cases {
        assert_eq!(expanded(ty, config, folder.path(), true).unwrap_err().class, ErrorClass::Forbidden, "{ty}");
    }
    Ok(())
}

fn kustomization() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("kustomization.yaml", "namePrefix: dev-\nresources: [web.yaml]\n");
    write("web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
    let rows = expanded("kustomize", json!({ "path": ".", "namespace": "shop" }), folder.path(), false).unwrap();
    assert_eq!(keys(&rows), ["core/ConfigMap/shop/dev-web", "rendering"]);
    let first = record(&rows);
    assert!(first["program"].as_str().unwrap().starts_with("kustomize 5."), "{first}");
    assert_eq!((first["source"].as_str(), first.get("chart_sha256")), (Some("."), None));
    write("web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n");
    let other = record(&expanded("kustomize", json!({ "path": "." }), folder.path(), false).unwrap());
    assert_ne!(first["sha256"], other["sha256"], "another text has another digest");
    let pinned = json!({ "path": ".", "sha256": other["sha256"], "version": first["program"].as_str().unwrap()[10..] });
    expanded("kustomize", pinned, folder.path(), false).unwrap();
    let pinned = expanded("kustomize", json!({ "path": ".", "sha256": "0".repeat(64) }), folder.path(), false);
    assert!(pinned.unwrap_err().message.contains("has the digest"));
    write("kustomization.yaml", "resources: [missing.yaml]\n");
    let broken = expanded("kustomize", json!({ "path": "." }), folder.path(), false).unwrap_err();
    assert!(broken.message.contains("missing.yaml"), "{broken}");
    Ok(())
}

fn chart() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("chart");
    std::fs::create_dir_all(root.join("templates")).unwrap();
    std::fs::create_dir_all(root.join("crds")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
    write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n");
    write("values.yaml", "image: web:1\n");
    write(
        "crds/thing.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.x.io}\nspec: {group: x.io, scope: Namespaced, names: {kind: Thing, plural: things}, versions: []}\n",
    );
    write(
        "templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {image: {{ .Values.image | quote }}, ns: {{ .Release.Namespace }}}\n",
    );
    write("templates/thing.yaml", "apiVersion: x.io/v1\nkind: Thing\nmetadata: {name: t}\n");
    write(
        "templates/hook.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {helm.sh/hook: 'pre-install,pre-upgrade'}}\nspec: {}\n",
    );
    write(
        "templates/test.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n",
    );
    let config = json!({ "name": "shop", "chart": "chart", "namespace": "prod", "values": { "image": "web:2" } });
    let rows = expanded("chart", config, folder.path(), false).unwrap();
    let mut found = keys(&rows);
    let definition = "apiextensions.k8s.io/CustomResourceDefinition/things.x.io";
    let first = [definition, "batch/Job/prod/migrate"];
    assert_eq!(found.get(..2), Some(&first[..]), "`crds/` comes first, then hooks before an install");
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "apiextensions.k8s.io/CustomResourceDefinition/things.x.io",
            "batch/Job/prod/migrate",
            "core/ConfigMap/prod/shop",
            "rendering",
            "x.io/Thing/prod/t"
        ]
    );
    let find = |key: &str| rows.iter().find(|row| row.key == key).unwrap();
    assert_eq!(manifest(find("core/ConfigMap/prod/shop"))["data"], json!({ "image": "web:2", "ns": "prod" }));
    assert!(find("x.io/Thing/prod/t").after.iter().any(|key| key.contains("things.x.io")));
    assert!(find("core/ConfigMap/prod/shop").after.contains(&"batch/Job/prod/migrate".to_owned()));
    assert_eq!(find("batch/Job/prod/migrate").after, [definition], "a hook may use the chart's kinds");
    let hook = find("batch/Job/prod/migrate").config.to_value();
    assert!(
        hook.as_map().and_then(|map| map.get("wait")).is_some_and(|wait| !matches!(wait, Value::Null)),
        "its job is waited for"
    );
    let other = json!({ "name": "shop", "chart": "chart", "helm_version": "0.0.1" });
    assert!(expanded("chart", other, folder.path(), false).unwrap_err().message.contains("0.0.1 is wanted"));
    Ok(())
}

/// A chart with one object, at this version.
fn small_chart(root: &Path, version: &str) {
    std::fs::create_dir_all(root.join("templates")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).unwrap();
    write("Chart.yaml", &format!("apiVersion: v2\nname: web\nversion: {version}\n"));
    write(
        "templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: {{ .Values.a | quote }}}\n",
    );
}

fn chart_record() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    small_chart(&folder.path().join("chart"), "1.2.3");
    let asked = |more: Json| {
        let mut config = json!({ "name": "shop", "chart": "chart", "values": { "a": "b" } });
        config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        expanded("chart", config, folder.path(), false)
    };
    let first = record(&asked(json!({})).unwrap());
    assert_eq!((first["chart_version"].as_str(), first["source"].as_str()), (Some("1.2.3"), Some("chart")));
    assert!(first["program"].as_str().unwrap().starts_with("helm "), "{first}");
    // Other values: the same chart gives another text. A chart of another version may give the same text.
    let valued = record(&asked(json!({ "values": { "a": "c" } })).unwrap());
    assert_eq!((&valued["chart_sha256"], valued["sha256"] == first["sha256"]), (&first["chart_sha256"], false));
    asked(json!({ "chart_sha256": first["chart_sha256"], "sha256": first["sha256"] })).unwrap();
    small_chart(&folder.path().join("chart"), "1.2.4");
    let newer = record(&asked(json!({})).unwrap());
    assert_eq!((newer["chart_version"].as_str(), newer["sha256"] == first["sha256"]), (Some("1.2.4"), true));
    assert_ne!(newer["chart_sha256"], first["chart_sha256"]);
    let pinned = asked(json!({ "chart_sha256": first["chart_sha256"] })).unwrap_err();
    assert!(pinned.message.contains("the chart `chart` has the digest") && pinned.path.is_some(), "{pinned:?}");
    // A version is held against the chart's own.
    asked(json!({ "version": "1.2.4" })).unwrap();
    let other = asked(json!({ "version": "2.0.0" })).unwrap_err();
    assert!(other.message.contains("has version 1.2.4, not 2.0.0") && other.path.is_some(), "{other:?}");
    // The digest of a text with a secret could be used to try secrets out.
    let secret = Value::map([
        ("name", Value::string("shop")),
        ("chart", Value::string("chart")),
        ("values", Value::map([("a", Value::string("hunter2").secret())])),
    ]);
    let environment = Environment { root: Some(folder.path().display().to_string()), ..Environment::default() };
    let request = ExpandRequest { type_name: "chart".into(), config: ValueBuf::from(secret), environment };
    assert_eq!(record(&Kubernetes.expand(&request).unwrap())["sha256"], "(secret)");
    Ok(())
}

/// From a repository: what helm fetched is what is recorded.
fn fetched_chart() -> Result<(), Failed> {
    let folder = tempfile::tempdir().unwrap();
    small_chart(&folder.path().join("chart"), "1.2.3");
    let helm = |arguments: &[&str]| {
        let output = Command::new("helm").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    helm(&["package", "chart", "--destination", "served"]);
    let server = crate::files::Files::start(folder.path().join("served"));
    helm(&["repo", "index", "served", "--url", &server.url]);
    let config =
        json!({ "name": "shop", "chart": "web", "repository": server.url, "version": "1.2.3", "values": { "a": "b" } });
    let fetched = record(&expanded("chart", config, folder.path(), false).unwrap());
    assert_eq!(fetched["chart_version"], "1.2.3");
    let archive = std::fs::read(folder.path().join("served/web-1.2.3.tgz")).unwrap();
    let local = json!({ "name": "shop", "chart": "served/web-1.2.3.tgz", "values": { "a": "b" } });
    let local = record(&expanded("chart", local, folder.path(), false).unwrap());
    assert_eq!((&fetched["chart_sha256"], &fetched["sha256"]), (&local["chart_sha256"], &local["sha256"]));
    let other = json!({ "name": "shop", "chart": "served/web-1.2.3.tgz", "version": "2.0.0", "values": { "a": "b" } });
    assert!(expanded("chart", other, folder.path(), false).unwrap_err().message.contains("has version 1.2.3"));
    assert_eq!(fetched["chart_sha256"], json!(hex::encode(<sha2::Sha256 as sha2::Digest>::digest(archive))));
    Ok(())
}
