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
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

pub(crate) const SCHEMA: ResourceSchema = block(
    "chart",
    "The objects of a Helm chart, rendered by `helm template`; each becomes a row of its own, so that the plan shows it. \
     What lies in its `crds/` comes first. Hooks before an install or upgrade come before everything else, by weight, those after \
     it afterwards, and jobs of hooks are waited for; hooks of tests, deletes and rollbacks are left out. No release is recorded in the cluster. The row `rendering` \
     records the chart's version, the digest of its archive, what rendered it, and the digest of the text.",
    &[
        Attribute::string("name", "Name of the release.").required(),
        Attribute::string(
            "chart",
            "A directory or archive inside the stack; with `repository` the chart's name in it; or `oci://…`.",
        )
        .required(),
        Attribute::string("repository", "Address of the chart's repository, `https://…`."),
        Attribute::string(
            "version",
            "The chart's version; needed where it is not a directory or archive, and where it is one, it must have this version.",
        ),
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
    check_chart(&config, &source, &chart)?;
    fetch::check_digest(text.as_bytes(), config.sha256.as_deref(), "the rendered text")?;
    let manner = rows::Manner {
        type_name: "manifest",
        namespace: Some(config.namespace.as_deref().unwrap_or("default")),
        wait: config.wait,
        force: config.force,
        timeout_ms: 600_000,
    };
    let (first, then) = split(&text);
    let mut objects = stream::objects(&first, &config.chart)?;
    let definitions: BTreeSet<_> = objects.iter().map(kind_and_name).collect();
    objects.extend(stream::objects(&then, &config.chart)?);
    let stage = |object: &Json| match definitions.contains(&kind_and_name(object)) {
        true => Some((BEFORE_HOOKS, false)),
        false => stage(object),
    };
    let rows = rows::rows(objects, &manner, stage)?;
    let rendering = Rendering::new(&config.chart, format!("helm {helm}"), text.as_bytes());
    let rendering = rendering.of_chart(chart.version, chart.sha256);
    Ok(if values.holds_secret() { rendering.hidden() } else { rendering }.beside(rows))
}

/// Refuses a chart that is not the one that is pinned. Helm itself takes no notice of a version where a directory or an
/// archive is named.
fn check_chart(config: &Config, source: &Source, chart: &Chart) -> Result<(), ProviderError> {
    if let (Source::Local(_), Some(wanted), Some(is)) = (source, &config.version, &chart.version)
        && wanted.trim_start_matches('v') != is.trim_start_matches('v')
    {
        return Err(ProviderError::invalid(format!("the chart `{}` has version {is}, not {wanted}", config.chart))
            .at(AttributePath::member("version"))
            .help(format!("put a chart of version {wanted} there, set `version = {is:?}`, or leave `version` out")));
    }
    let Some(wanted) = config.chart_sha256.as_deref() else { return Ok(()) };
    let of = format!("the chart `{}`", config.chart);
    match &chart.sha256 {
        Some(is) => fetch::compare(is, wanted, &of, "chart_sha256"),
        None => {
            Err(ProviderError::invalid(format!("{of} cannot be held against its digest: helm left no archive of it"))
                .at(AttributePath::member("chart_sha256"))
                .help("fetch the archive into the stack, and name its path"))
        }
    }
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
    let text = home.helm(args, wire(values).unwrap_or_else(|| Json::Object(serde_json::Map::new())).to_string());
    text.map_err(|error| match source {
        // Helm keeps the cause to itself, and hints at repositories that it does not use here.
        Source::Remote { args, .. } if error.message.contains("failed to download") => error.help(format!(
            "does the registry or repository answer, and has it that version? `helm show chart {} --debug` tells more",
            args.join(" ")
        )),
        _ => error,
    })
}

/// Which chart.
enum Source {
    /// A directory or archive of the stack.
    Local(PathBuf),
    /// One that helm fetches, with the arguments that say so.
    Remote { version: String, args: Vec<String> },
}

/// What is known of a chart once it is there.
struct Chart {
    version: Option<String>,
    /// None where helm keeps what it fetched in a place that is not known here.
    sha256: Option<String>,
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
        Ok(Self::Remote { version: version.clone(), args })
    }

    fn args(&self) -> Vec<String> {
        match self {
            Self::Local(path) => vec![path.display().to_string()],
            Self::Remote { args, .. } => args.clone(),
        }
    }

    /// The chart, after it was rendered: what helm fetched lies in its folders then.
    fn chart(&self, home: &Home) -> Result<Chart, ProviderError> {
        let path = match self {
            Self::Local(path) => path.clone(),
            Self::Remote { version, .. } => match home.archive() {
                Some(path) => path,
                None => return Ok(Chart { version: Some(version.clone()), sha256: None }),
            },
        };
        let about =
            home.helm(vec!["show".to_owned(), "chart".to_owned(), path.display().to_string()], String::new())?;
        let about: Json = serde_norway::from_str(&about).unwrap_or_default();
        let version = about.get("version").and_then(Json::as_str).map(str::to_owned);
        Ok(Chart { version, sha256: Some(fetch::digest_of_path(&path)?) })
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

/// Weights of hooks lie within this.
const FAR: i64 = 1_000_000;

/// When what lies in `crds/` comes: Helm installs it before any hook, and hooks may use its kinds
/// (<https://helm.sh/docs/chart_best_practices/custom_resource_definitions/>).
const BEFORE_HOOKS: i64 = -2 * FAR;

fn kind_and_name(object: &Json) -> (String, String) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned();
    (text("/kind"), text("/metadata/name"))
}

/// The part of a rendered text that lies in `crds/`, of the chart or of one that it depends on, and the rest. Helm writes above
/// each file from where it is: `---`, then `# Source: web/crds/thing.yaml`.
fn split(text: &str) -> (String, String) {
    let (mut first, mut then) = (String::new(), String::new());
    let mut of_crds = false;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let source = lines.peek().filter(|_| line.trim_end() == "---").and_then(|next| next.strip_prefix("# Source: "));
        if let Some(source) = source {
            let has = |folder: &str| source.split('/').any(|part| part == folder);
            // `templates/crds` is a folder like any other.
            of_crds = has("crds") && !has("templates");
        }
        if of_crds { first.push_str(line) } else { then.push_str(line) }
    }
    (first, then)
}

/// When an object comes: hooks before an install by weight, then everything, then hooks after it.
fn stage(object: &Json) -> Option<(i64, bool)> {
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
    names.contains(&"crd-install").then_some((BEFORE_HOOKS, false))
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
