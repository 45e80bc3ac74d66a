//! `kubernetes.kustomize`: a kustomization, rendered where `kustomize` or `kubectl` is installed.

use super::program::{Program, check_allowed, check_version, said_version, version_in};
use super::rendering::Rendering;
use super::{FORCE, NAMESPACE, RENDERED_SHA256, WAIT, fetch, rows, stream};
use crate::schema::block;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::{Environment, ErrorClass, ExpandRequest, ExpandedRow, ProviderError};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::Path;

pub(crate) const SCHEMA: ResourceSchema = block(
    "kustomize",
    "The objects of a kustomization. It is rendered by `kustomize`, else by `kubectl kustomize`, with a cleared environment; \
     each object becomes a row of its own. The row `rendering` records what rendered them, and the digest of the text.",
    &[
        Attribute::string("path", "Directory with the `kustomization.yaml`; inside the stack.").required(),
        Attribute::string(
            "version",
            "Version that `kustomize`, or that of kubectl, must have; without it any will do.",
        ),
        RENDERED_SHA256,
        NAMESPACE,
        WAIT,
        FORCE,
    ],
);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    path: String,
    version: Option<String>,
    sha256: Option<String>,
    namespace: Option<String>,
    wait: bool,
    force: bool,
}

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    let config: Config = request.config.view().decode()?;
    check_allowed("a kustomization", &request.environment)?;
    let path = fetch::inside(&config.path, &request.environment)?;
    check_local(&path, &request.environment)?;
    let renderer = Renderer::find()?;
    check_version("kustomize", &renderer.version, config.version.as_deref())?;
    let text = renderer.render(&path)?;
    fetch::check_digest(text.as_bytes(), config.sha256.as_deref(), "the rendered text")?;
    let manner = rows::Manner {
        type_name: "manifest",
        namespace: config.namespace.as_deref(),
        wait: config.wait,
        force: config.force,
        timeout_ms: 600_000,
    };
    let rows = rows::rows(stream::objects(&text, &config.path)?, &manner, |_| Some((0, false)))?;
    let rendering = Rendering::new(&config.path, format!("kustomize {}", renderer.version), text.as_bytes());
    Ok(rendering.beside(rows))
}

/// What renders kustomizations here.
struct Renderer {
    name: &'static str,
    verb: &'static str,
    /// Version of kustomize.
    version: String,
}

impl Renderer {
    /// `kustomize`, else the one that is part of `kubectl`.
    fn find() -> Result<Self, ProviderError> {
        match said_version("kustomize", &["version"]) {
            Err(error) if error.class == ErrorClass::NotFound => {
                let said = said_version("kubectl", &["version", "--client"])
                    .map_err(|error| error.help("install `kustomize` or `kubectl`"))?;
                let its = said.lines().find_map(|line| line.strip_prefix("Kustomize Version:"));
                Ok(Self { name: "kubectl", verb: "kustomize", version: version_in(its.unwrap_or("unknown")) })
            }
            said => Ok(Self { name: "kustomize", verb: "build", version: version_in(&said?) }),
        }
    }

    fn render(&self, path: &Path) -> Result<String, ProviderError> {
        let program = Program {
            name: self.name,
            args: vec![self.verb.to_owned(), path.display().to_string()],
            directory: Some(path),
            env: Vec::new(),
            input: String::new(),
        };
        program.output()
    }
}

/// Under the sandbox nothing is fetched: a base from elsewhere would be.
fn check_local(path: &Path, environment: &Environment) -> Result<(), ProviderError> {
    if !environment.sandbox {
        return Ok(());
    }
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let text = names.iter().find_map(|name| std::fs::read_to_string(path.join(name)).ok()).unwrap_or_default();
    let document: Json = serde_norway::from_str(&text).unwrap_or_default();
    let lists = ["resources", "bases", "components", "crds"];
    let entries = lists.iter().filter_map(|name| document.get(*name)?.as_array()).flatten().filter_map(Json::as_str);
    match entries
        .into_iter()
        .find(|entry| entry.contains("://") || entry.starts_with("git@") || entry.contains("?ref="))
    {
        Some(remote) => {
            Err(ProviderError::new(ErrorClass::Forbidden, format!("a sandboxed run does not fetch `{remote}`")))
        }
        None => Ok(()),
    }
}
