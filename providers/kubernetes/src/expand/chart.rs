//! `kubernetes.chart`: a Helm chart, rendered where `helm` is installed; its objects are managed one by one.

use super::program::{Program, check_allowed, check_version};
use super::{FORCE, NO_TEXTS, RENDERED_SHA256, WAIT, fetch, rows, stream};
use crate::manifest::wire;
use crate::schema::block;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, ResourceSchema};
use formwork_model::{AttributePath, Value};
use formwork_provider_api::{Environment, ErrorClass, ExpandRequest, ExpandedRow, ProviderError};
use serde::Deserialize;
use serde_json::Value as Json;
use std::net::IpAddr;

pub(crate) const SCHEMA: ResourceSchema = block(
    "chart",
    "The objects of a Helm chart, rendered by `helm template`; each becomes a row of its own, so that the plan shows it. \
     Hooks before an install or upgrade come before everything else, by weight, those after it afterwards, and jobs of hooks are \
     waited for; hooks of tests, deletes and rollbacks are left out. No release is recorded in the cluster.",
    &[
        Attribute::string("name", "Name of the release.").required(),
        Attribute::string(
            "chart",
            "A directory or archive inside the stack; with `repository` the chart's name in it; or `oci://…`.",
        )
        .required(),
        Attribute::string("repository", "Address of the chart's repository, `https://…`."),
        Attribute::string("version", "The chart's version; needed where it is not a directory or archive."),
        Attribute::reference("namespace", &["kubernetes.namespace"], "Namespace of the release.")
            .default_string("default"),
        Attribute::new("values", AttributeType::Any, "Values, over those of the chart.").default(Preset::Json("{}")),
        Attribute::boolean("include_crds", "Whether the definitions of the chart are among the objects.")
            .default_bool(true),
        Attribute::string("kube_version", "Version of Kubernetes that the chart is told; else helm's own idea."),
        Attribute::strings(
            "api_versions",
            "Further groups and versions that the chart is told, such as `monitoring.coreos.com/v1`.",
        )
        .default(NO_TEXTS),
        Attribute::string("helm_version", "Version that `helm` must have; without it any will do."),
        RENDERED_SHA256,
        WAIT,
        FORCE,
    ],
);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    name: String,
    chart: String,
    repository: Option<String>,
    version: Option<String>,
    namespace: Option<String>,
    include_crds: Option<bool>,
    kube_version: Option<String>,
    api_versions: Vec<String>,
    helm_version: Option<String>,
    sha256: Option<String>,
    wait: bool,
    force: bool,
}

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    let config: Config = request.config.view().decode()?;
    check_allowed("a chart", &request.environment)?;
    check_version("helm", &["version", "--short"], config.helm_version.as_deref())?;
    let values = request.config.view().get("values").map_or(Value::Null, |values| values.to_value());
    let text = rendered(&config, &values, &request.environment)?;
    fetch::check_digest(text.as_bytes(), config.sha256.as_deref(), "the rendered text")?;
    let manner = rows::Manner {
        type_name: "manifest",
        namespace: Some(config.namespace.as_deref().unwrap_or("default")),
        wait: config.wait,
        force: config.force,
        timeout_ms: 600_000,
    };
    rows::rows(stream::objects(&text, &config.chart)?, &manner, stage)
}

fn rendered(config: &Config, values: &Value, environment: &Environment) -> Result<String, ProviderError> {
    let home = tempfile::tempdir()
        .map_err(|error| ProviderError::new(ErrorClass::Other, format!("no temporary directory: {error}")))?;
    let mut args = vec!["template".to_owned(), config.name.clone()];
    args.extend(source(config, environment)?);
    args.extend(["--values".to_owned(), "-".to_owned()]);
    args.extend(["--namespace".to_owned(), config.namespace.clone().unwrap_or_else(|| "default".to_owned())]);
    if config.include_crds.unwrap_or(true) {
        args.push("--include-crds".to_owned());
    }
    args.extend(config.kube_version.iter().flat_map(|version| ["--kube-version".to_owned(), version.clone()]));
    args.extend(config.api_versions.iter().flat_map(|version| ["--api-versions".to_owned(), version.clone()]));
    let folder = |name: &str| home.path().join(name).display().to_string();
    let env =
        [("HOME", "home"), ("HELM_CACHE_HOME", "cache"), ("HELM_CONFIG_HOME", "config"), ("HELM_DATA_HOME", "data")];
    let program = Program {
        name: "helm",
        args,
        directory: None,
        env: env.map(|(name, path)| (name.to_owned(), folder(path))).to_vec(),
        // JSON is YAML. What is secret in it goes by standard input, and comes back in the rendered text alone.
        input: wire(values).unwrap_or_else(|| Json::Object(serde_json::Map::new())).to_string(),
    };
    program.output()
}

/// The arguments that say which chart.
fn source(config: &Config, environment: &Environment) -> Result<Vec<String>, ProviderError> {
    let remote =
        config.repository.as_deref().or_else(|| Some(config.chart.as_str()).filter(|chart| chart.contains("://")));
    let Some(remote) = remote else {
        return Ok(vec![
            fetch::inside(&config.chart, environment)
                .map_err(|error| error.at(AttributePath::member("chart")))?
                .display()
                .to_string(),
        ]);
    };
    check_remote(remote, environment)?;
    let Some(version) = &config.version else {
        return Err(
            ProviderError::invalid("which version of the chart is not said").at(AttributePath::member("version"))
        );
    };
    if config.chart.starts_with('-') {
        return Err(
            ProviderError::invalid(format!("`{}` is no chart", config.chart)).at(AttributePath::member("chart"))
        );
    }
    let mut args = vec![config.chart.clone(), "--version".to_owned(), version.clone()];
    args.extend(config.repository.iter().flat_map(|repository| ["--repo".to_owned(), repository.clone()]));
    Ok(args)
}

fn check_remote(remote: &str, environment: &Environment) -> Result<(), ProviderError> {
    let url = url::Url::parse(remote)
        .map_err(|_| ProviderError::invalid(format!("`{remote}` is no address of a repository")))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if environment.sandbox && !loopback {
        return Err(ProviderError::new(
            ErrorClass::Forbidden,
            format!("a sandboxed run does not fetch a chart from {remote}"),
        )
        .help("put the chart into the stack, and name its directory"));
    }
    if matches!(url.scheme(), "https" | "oci") || loopback && url.scheme() == "http" {
        return Ok(());
    }
    Err(ProviderError::new(ErrorClass::Forbidden, format!("{remote}: charts come by https or oci")))
}

/// When an object comes: hooks before an install by weight, then everything, then hooks after it.
fn stage(object: &Json) -> Option<(i64, bool)> {
    /// Weights of hooks lie within this.
    const FAR: i64 = 1_000_000;
    let annotation = |name: &str| object.pointer("/metadata/annotations")?.get(name)?.as_str();
    let Some(hooks) = annotation("helm.sh/hook") else { return Some((0, false)) };
    let weight: i64 = annotation("helm.sh/hook-weight").and_then(|weight| weight.trim().parse().ok()).unwrap_or(0);
    let weight = weight.clamp(1 - FAR, FAR - 1);
    let names: Vec<&str> = hooks.split(',').map(str::trim).collect();
    if names.iter().any(|name| matches!(*name, "pre-install" | "pre-upgrade")) {
        return Some((weight - FAR, true));
    }
    if names.iter().any(|name| matches!(*name, "post-install" | "post-upgrade")) {
        return Some((weight + FAR, true));
    }
    names.contains(&"crd-install").then_some((-2 * FAR, false))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    #[test]
    fn hooks_have_their_place() {
        let hook = |name: &str, weight: &str| {
            stage(&json!({ "metadata": { "annotations": { "helm.sh/hook": name, "helm.sh/hook-weight": weight } } }))
        };
        assert_eq!(stage(&json!({ "metadata": {} })), Some((0, false)));
        assert!(hook("pre-install", "-5") < hook("pre-install,pre-upgrade", "1"));
        assert!(hook("pre-upgrade", "999") < Some((0, false)));
        assert!(hook("post-install", "-5") > Some((0, false)));
        assert_eq!(hook("test", "0"), None);
        assert_eq!(hook("pre-delete", "0"), None);
    }

    #[test]
    fn charts_come_from_trusted_places() {
        let (open, sandbox) = (Environment::default(), Environment { sandbox: true, ..Environment::default() });
        assert!(
            check_remote("https://charts.example", &open).is_ok() && check_remote("oci://r.example/c", &open).is_ok()
        );
        assert!(check_remote("http://charts.example", &open).is_err() && check_remote("file:///etc", &open).is_err());
        assert!(check_remote("https://charts.example", &sandbox).is_err());
        assert!(check_remote("http://127.0.0.1:8080", &sandbox).is_ok());
    }
}
