//! `kubernetes.chart`: a Helm chart, rendered where `helm` is installed; its objects are managed one by one.

use super::program::{Program, check_allowed, check_version, said_version, version_in};
use super::rendering::Rendering;
use super::{FORCE, NO_TEXTS, RENDERED_SHA256, WAIT, fetch, rows, stream};
use crate::manifest::wire;
use crate::schema::block;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, ResourceSchema};
use formwork_model::{AttributePath, Value};
use formwork_provider_api::{Environment, ErrorClass, ExpandRequest, ExpandedRow, ProviderError};
use serde::Deserialize;
use serde_json::Value as Json;
use std::net::IpAddr;
use std::path::PathBuf;

pub(crate) const SCHEMA: ResourceSchema = block(
    "chart",
    "The objects of a Helm chart, rendered by `helm template`; each becomes a row of its own, so that the plan shows it. \
     Hooks before an install or upgrade come before everything else, by weight, those after it afterwards, and jobs of hooks are \
     waited for; hooks of tests, deletes and rollbacks are left out. No release is recorded in the cluster. The row `rendering` \
     records the chart's version, the digest of its archive, what rendered it, and the digest of the text.",
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
        Attribute::string(
            "chart_sha256",
            "Digest that the chart must have: that of its archive, or of a directory's files; an error tells the one that it has.",
        ),
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
    chart_sha256: Option<String>,
    sha256: Option<String>,
    wait: bool,
    force: bool,
}

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    let config: Config = request.config.view().decode()?;
    check_allowed("a chart", &request.environment)?;
    let helm = version_in(&said_version("helm", &["version", "--short"])?);
    check_version("helm", &helm, config.helm_version.as_deref())?;
    let values = request.config.view().get("values").map_or(Value::Null, |values| values.to_value());
    let home = Home::new()?;
    let source = Source::of(&config, &request.environment)?;
    let text = rendered(&config, &values, &source, &home)?;
    let chart = source.chart(&home)?;
    check_chart(&config, &chart)?;
    fetch::check_digest(text.as_bytes(), config.sha256.as_deref(), "the rendered text")?;
    let manner = rows::Manner {
        type_name: "manifest",
        namespace: Some(config.namespace.as_deref().unwrap_or("default")),
        wait: config.wait,
        force: config.force,
        timeout_ms: 600_000,
    };
    let rows = rows::rows(stream::objects(&text, &config.chart)?, &manner, stage)?;
    let rendering = Rendering::new(&config.chart, format!("helm {helm}"), text.as_bytes());
    let rendering = rendering.of_chart(chart.version, chart.sha256);
    Ok(if values.holds_secret() { rendering.hidden() } else { rendering }.beside(rows))
}

/// Refuses a chart that is not the one that is pinned.
fn check_chart(config: &Config, chart: &Chart) -> Result<(), ProviderError> {
    let Some(wanted) = config.chart_sha256.as_deref() else { return Ok(()) };
    fetch::compare(&chart.sha256, wanted, &format!("the chart `{}`", config.chart), "chart_sha256")
}

/// Folders for helm, which sees nothing of the user's own.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Result<Self, ProviderError> {
        let failed = |error| ProviderError::new(ErrorClass::Other, format!("no temporary directory: {error}"));
        tempfile::tempdir().map(Self).map_err(failed)
    }

    fn env(&self) -> Vec<(String, String)> {
        let folders = [
            ("HOME", "home"),
            ("HELM_CACHE_HOME", "cache"),
            ("HELM_CONFIG_HOME", "config"),
            ("HELM_DATA_HOME", "data"),
        ];
        let folder = |name: &str| self.0.path().join(name).display().to_string();
        folders.map(|(name, path)| (name.to_owned(), folder(path))).to_vec()
    }

    /// The archive that helm fetched.
    fn archive(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.0.path().join("cache/repository")).ok()?;
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
    }

    fn helm(&self, args: Vec<String>, input: String) -> Result<String, ProviderError> {
        Program { name: "helm", args, directory: None, env: self.env(), input }.output()
    }
}

fn rendered(config: &Config, values: &Value, source: &Source, home: &Home) -> Result<String, ProviderError> {
    let mut args = vec!["template".to_owned(), config.name.clone()];
    args.extend(source.args());
    args.extend(["--values".to_owned(), "-".to_owned()]);
    args.extend(["--namespace".to_owned(), config.namespace.clone().unwrap_or_else(|| "default".to_owned())]);
    if config.include_crds.unwrap_or(true) {
        args.push("--include-crds".to_owned());
    }
    args.extend(config.kube_version.iter().flat_map(|version| ["--kube-version".to_owned(), version.clone()]));
    args.extend(config.api_versions.iter().flat_map(|version| ["--api-versions".to_owned(), version.clone()]));
    // JSON is YAML. What is secret in it goes by standard input, and comes back in the rendered text alone.
    home.helm(args, wire(values).unwrap_or_else(|| Json::Object(serde_json::Map::new())).to_string())
}

/// Which chart.
enum Source {
    /// A directory or archive of the stack.
    Local(PathBuf),
    /// One that helm fetches, with the arguments that say so.
    Remote(Vec<String>),
}

/// What is known of a chart once it is there.
struct Chart {
    version: Option<String>,
    sha256: String,
}

impl Source {
    fn of(config: &Config, environment: &Environment) -> Result<Self, ProviderError> {
        let remote =
            config.repository.as_deref().or_else(|| Some(config.chart.as_str()).filter(|chart| chart.contains("://")));
        let at = |name: &'static str| move |error: ProviderError| error.at(AttributePath::member(name));
        let Some(remote) = remote else {
            return fetch::inside(&config.chart, environment).map(Self::Local).map_err(at("chart"));
        };
        check_remote(remote, environment)?;
        let Some(version) = &config.version else {
            return Err(at("version")(ProviderError::invalid("which version of the chart is not said")));
        };
        if config.chart.starts_with('-') {
            return Err(at("chart")(ProviderError::invalid(format!("`{}` is no chart", config.chart))));
        }
        let mut args = vec![config.chart.clone(), "--version".to_owned(), version.clone()];
        args.extend(config.repository.iter().flat_map(|repository| ["--repo".to_owned(), repository.clone()]));
        Ok(Self::Remote(args))
    }

    fn args(&self) -> Vec<String> {
        match self {
            Self::Local(path) => vec![path.display().to_string()],
            Self::Remote(args) => args.clone(),
        }
    }

    /// The chart, after it was rendered: what helm fetched lies in its folders then.
    fn chart(&self, home: &Home) -> Result<Chart, ProviderError> {
        let path = match self {
            Self::Local(path) => path.clone(),
            Self::Remote(args) => home.archive().ok_or_else(|| {
                let chart = args.first().map(String::as_str).unwrap_or_default();
                ProviderError::new(ErrorClass::Other, format!("helm left no archive of the chart `{chart}`"))
            })?,
        };
        let about =
            home.helm(vec!["show".to_owned(), "chart".to_owned(), path.display().to_string()], String::new())?;
        let about: Json = serde_norway::from_str(&about).unwrap_or_default();
        let version = about.get("version").and_then(Json::as_str).map(str::to_owned);
        Ok(Chart { version, sha256: fetch::digest_of_path(&path)? })
    }
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
