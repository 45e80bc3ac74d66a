//! From a folder to objects: plain files, kustomize, charts.

use super::source::Trouble;
use super::{fits, word};
use crate::kubernetes::json::{at, flag, get, list, set};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// What a source says how it is rendered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipe<'a> {
    /// The source of the Application.
    pub(super) source: &'a Json,
    /// The Application's name.
    pub(super) name: &'a str,
    /// Where its objects go.
    pub(super) namespace: &'a str,
}

/// Objects, and how they were made: `Directory`, `Kustomize`, `Helm`.
pub(super) async fn render(folder: &Path, recipe: Recipe<'_>) -> Result<(Vec<Json>, &'static str), Trouble> {
    let path = word(recipe.source, &["path"]);
    let place = inside(folder, path)?;
    if is_kustomization(&place) {
        return Ok((kustomize(folder, &place, recipe).await?, "Kustomize"));
    }
    if place.join("Chart.yaml").exists() {
        return Ok((chart(folder, &place, recipe).await?, "Helm"));
    }
    Ok((read_folder(&place, get(recipe.source, &["directory"])).await?, "Directory"))
}

/// The folder that a path names, which may not lead out of the repository.
fn inside(folder: &Path, path: &str) -> Result<PathBuf, Trouble> {
    let missing = || Trouble::Failed(format!("{path}: app path does not exist"));
    let root = folder.canonicalize().map_err(|_| missing())?;
    let place = folder.join(path).canonicalize().map_err(|_| missing())?;
    if !place.starts_with(&root) {
        return Err(Trouble::Failed(format!("{path}: app path is outside of the repository")));
    }
    if place.is_dir() { Ok(place) } else { Err(missing()) }
}

pub(super) fn is_kustomization(place: &Path) -> bool {
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(|name| place.join(name).exists())
}

async fn read_folder(place: &Path, options: &Json) -> Result<Vec<Json>, Trouble> {
    let mut objects = Vec::new();
    let mut folders = vec![place.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| Trouble::Failed(error.to_string());
        let mut entries = tokio::fs::read_dir(&folder).await.map_err(failed)?;
        while let Some(entry) = entries.next_entry().await.map_err(failed)? {
            let (path, kind) = (entry.path(), entry.file_type().await.map_err(failed)?);
            if kind.is_dir() && flag(options, &["recurse"]) && entry.file_name() != ".git" {
                folders.push(path);
            } else if kind.is_file() && is_wanted(place, &path, options) {
                files.push(path);
            }
        }
    }
    files.sort();
    for file in files {
        let text = tokio::fs::read_to_string(&file).await.map_err(|error| Trouble::Failed(error.to_string()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        objects.extend(parse(&text).map_err(|error| Trouble::Failed(format!("{name}: {error}")))?);
    }
    Ok(objects)
}

fn is_wanted(root: &Path, file: &Path, options: &Json) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy();
    let (include, exclude) = (word(options, &["include"]), word(options, &["exclude"]));
    matches!(&*ending, "yaml" | "yml" | "json")
        && (include.is_empty() || any_fits(include, &name))
        && (exclude.is_empty() || !any_fits(exclude, &name))
}

/// A pattern, or several as `{a,b}`.
fn any_fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(several) => several.split(',').any(|one| fits(one.trim(), name)),
        None => fits(pattern, name),
    }
}

/// The objects of a stream of documents; lists are taken apart.
pub(super) fn parse(text: &str) -> Result<Vec<Json>, String> {
    let mut objects = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let value = Json::deserialize(document).map_err(|error| error.to_string())?;
        match value {
            Json::Null => {}
            value if word(&value, &["kind"]).ends_with("List") && at(&value, &["items"]).is_some() => {
                objects.extend(list(&value, &["items"]).to_vec());
            }
            value if at(&value, &["kind"]).is_some() && at(&value, &["apiVersion"]).is_some() => objects.push(value),
            _ => return Err("a document is no Kubernetes object: it has no apiVersion and kind".to_owned()),
        }
    }
    Ok(objects)
}

/// Runs a program that sees nothing of the sandbox's environment but where programs are.
async fn output(command: &mut Command) -> std::io::Result<Result<String, String>> {
    command.env_clear().stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let home = tempfile::tempdir()?;
    let output = command.env("HOME", home.path()).output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

async fn kustomize(folder: &Path, place: &Path, recipe: Recipe<'_>) -> Result<Vec<Json>, Trouble> {
    let place = overlay(folder, place, recipe).await.map_err(|error| Trouble::Failed(error.to_string()))?;
    for (program, word) in [("kubectl", "kustomize"), ("kustomize", "build")] {
        let mut command = Command::new(program);
        match output(command.arg(word).arg(&place)).await {
            Ok(Ok(text)) => return parse(&text).map_err(Trouble::Failed),
            Ok(Err(error)) => return Err(Trouble::Failed(format!("kustomize build failed: {error}"))),
            // The next program, then.
            Err(_) => {}
        }
    }
    super::kustomization::build(folder, &place)
}

/// Where an Application changes its kustomization, a kustomization over it that says so.
async fn overlay(folder: &Path, place: &Path, recipe: Recipe<'_>) -> std::io::Result<PathBuf> {
    let own = get(recipe.source, &["kustomize"]).as_object().cloned().unwrap_or_default();
    let known = [
        "namePrefix",
        "nameSuffix",
        "images",
        "commonLabels",
        "commonAnnotations",
        "namespace",
        "patches",
        "replicas",
        "components",
    ];
    let mut overlay = json!({});
    for name in known {
        match (name, own.get(name)) {
            ("images", Some(Json::Array(images))) => {
                let images: Vec<_> = images.iter().filter_map(Json::as_str).map(image).collect();
                set(&mut overlay, &["images"], images);
            }
            (name, Some(value)) => set(&mut overlay, &[name], value.clone()),
            (_, None) => {}
        }
    }
    if overlay == json!({}) {
        return Ok(place.to_owned());
    }
    let hash = <sha2::Sha256 as sha2::Digest>::digest(format!("{}{overlay}", place.display()));
    let root = folder.canonicalize()?;
    let target = root.join(format!(".overlay-{}", hex::encode(hash).get(..16).unwrap_or_default()));
    let base = place.strip_prefix(&root).unwrap_or(place);
    set(&mut overlay, &["resources"], json!([format!("../{}", base.display())]));
    tokio::fs::create_dir_all(&target).await?;
    tokio::fs::write(target.join("kustomization.yaml"), overlay.to_string()).await?;
    Ok(target)
}

/// `name=new:tag`, `name:tag`, `name@digest`.
fn image(text: &str) -> Json {
    let (name, new) = text.split_once('=').unwrap_or(("", text));
    let (new_name, digest) = new.split_once('@').map_or((new, None), |(name, digest)| (name, Some(digest)));
    let slash = new_name.rfind('/').map_or(0, |place| place + 1);
    let (bare, tag) = match new_name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => (new_name.get(..slash + colon), new_name.get(slash + colon + 1..)),
        None => (Some(new_name), None),
    };
    let bare = bare.unwrap_or_default();
    let mut image = json!({"name": if name.is_empty() { bare } else { name }, "newName": bare});
    if let Some(tag) = tag {
        set(&mut image, &["newTag"], tag);
    }
    if let Some(digest) = digest {
        set(&mut image, &["digest"], digest);
    }
    image
}

/// A file of values beside the chart; like everything else of an Application it lies in its repository.
fn values_file(folder: &Path, place: &Path, file: &str) -> Result<PathBuf, Trouble> {
    let (root, found) = (folder.canonicalize(), place.join(file).canonicalize());
    match (root, found) {
        (Ok(root), Ok(found)) if found.starts_with(&root) => Ok(found),
        _ => Err(Trouble::Failed(format!("{file}: there is no such file of values in the repository"))),
    }
}

async fn chart(folder: &Path, place: &Path, recipe: Recipe<'_>) -> Result<Vec<Json>, Trouble> {
    let helm = get(recipe.source, &["helm"]);
    let release = Some(word(helm, &["releaseName"])).filter(|name| !name.is_empty()).unwrap_or(recipe.name);
    let mut command = Command::new("helm");
    command.args(["template", release]).arg(place).args(["--namespace", recipe.namespace, "--include-crds"]);
    for file in list(helm, &["valueFiles"]).iter().filter_map(Json::as_str) {
        command.arg("--values").arg(values_file(folder, place, file)?);
    }
    let values = match at(helm, &["valuesObject"]) {
        Some(values) => values.to_string(),
        None => word(helm, &["values"]).to_owned(),
    };
    let file = tempfile::NamedTempFile::new().map_err(|error| Trouble::Failed(error.to_string()))?;
    if !values.is_empty() {
        tokio::fs::write(file.path(), values).await.map_err(|error| Trouble::Failed(error.to_string()))?;
        command.arg("--values").arg(file.path());
    }
    for parameter in list(helm, &["parameters"]) {
        let how = if flag(parameter, &["forceString"]) { "--set-string" } else { "--set" };
        command.arg(how).arg(format!("{}={}", word(parameter, &["name"]), word(parameter, &["value"])));
    }
    match output(&mut command).await {
        Ok(Ok(text)) => parse(&text).map_err(Trouble::Failed),
        Ok(Err(error)) => Err(Trouble::Failed(format!("helm template failed: {error}"))),
        Err(_) => Err(Trouble::Simulated("helm is not installed, so this chart cannot be rendered".to_owned())),
    }
}
