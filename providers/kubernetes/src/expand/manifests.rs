//! `kubernetes.manifests`: a stream of manifests, one row for each object.

use super::{FORCE, NAMESPACE, SHA256, WAIT, fetch, rows, stream};
use crate::schema::block;
use formwork_model::schema::{Attribute, ResourceSchema, Rule};
use formwork_model::{AttributePath, value::Redacted};
use formwork_provider_api::{Environment, ExpandRequest, ExpandedRow, ProviderError};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

pub(crate) const SCHEMA: ResourceSchema = block(
    "manifests",
    "Many objects from YAML: a text, a file, a directory, or an address with a digest. Each becomes a row of its own, \
     `manifests[\"apps/Deployment/shop/web\"]`; namespaces and definitions (CRDs) come first.",
    &[
        Attribute::string("content", "A YAML stream."),
        Attribute::string(
            "path",
            "A file, or a directory whose `*.yaml`, `*.yml` and `*.json` are read; inside the stack.",
        ),
        Attribute::string("url", "An address; needs `sha256`."),
        SHA256,
        NAMESPACE,
        WAIT,
        FORCE,
    ],
)
.rules(&[Rule::ExactlyOneOf(&["content", "path", "url"]), Rule::RequiredWith(&["url", "sha256"])]);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    content: Option<Redacted<String>>,
    path: Option<String>,
    url: Option<String>,
    sha256: Option<String>,
    namespace: Option<String>,
    wait: bool,
    force: bool,
}

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    let config: Config = request.config.view().decode()?;
    let objects = objects(&config, &request.environment)?;
    let manner = rows::Manner {
        type_name: "manifest",
        namespace: config.namespace.as_deref(),
        wait: config.wait,
        force: config.force,
        timeout_ms: 600_000,
    };
    rows::rows(objects, &manner, |_| Some((0, false)))
}

fn objects(config: &Config, environment: &Environment) -> Result<Vec<Json>, ProviderError> {
    let digest = config.sha256.as_deref();
    if let Some(content) = &config.content {
        fetch::check_digest(content.0.as_bytes(), digest, "the content")?;
        return stream::objects(&content.0, "content");
    }
    if let Some(path) = &config.path {
        let files = of_path(&fetch::inside(path, environment)?, path)?;
        let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
        fetch::check_digest(texts.join("\n---\n").as_bytes(), digest, path)?;
        let objects: Result<Vec<Vec<Json>>, ProviderError> = files
            .iter()
            .map(|(name, text)| stream::objects(text, name).map_err(|error| error.at(AttributePath::member("path"))))
            .collect();
        return Ok(objects?.concat());
    }
    let (Some(url), Some(digest)) = (&config.url, digest) else {
        return Err(ProviderError::invalid("set `content`, `path`, or `url` with `sha256`")
            .at(AttributePath::member("content")));
    };
    stream::objects(&fetch::url(url, digest, environment)?, url)
}

/// A file, or the files of a directory by name: how each is called, seen from the stack, and its text.
fn of_path(path: &Path, given: &str) -> Result<Vec<(String, String)>, ProviderError> {
    let failed = |path: &Path, error: std::io::Error| {
        ProviderError::invalid(format!("`{}` cannot be read: {error}", path.display()))
            .at(AttributePath::member("path"))
    };
    if !path.is_dir() {
        let text = std::fs::read_to_string(path).map_err(|error| failed(path, error))?;
        return Ok(vec![(given.to_owned(), text)]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| failed(path, error))?;
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|file| is_manifest(file)).collect();
    files.sort();
    let named = |file: &Path| match file.file_name() {
        Some(name) => format!("{}/{}", given.trim_end_matches('/'), name.to_string_lossy()),
        None => given.to_owned(),
    };
    let read = |file: &PathBuf| Ok((named(file), std::fs::read_to_string(file).map_err(|error| failed(file, error))?));
    files.iter().map(read).collect()
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json")) && path.is_file() && !path.is_symlink()
}
