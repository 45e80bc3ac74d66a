//! Kustomizations without kubectl and kustomize: files and folders put together, Applications and other custom objects patched.
//! What else a kustomization may hold is left to these programs.

use super::render::{is_kustomization, parse};
use super::source::Trouble;
use super::word;
use crate::kubernetes::json::{get, list};
use crate::kubernetes::meta;
use crate::kubernetes::patch::{json_patch, merge_patch};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

/// Fields that are understood; the first ones say nothing of the objects.
const FIELDS: [&str; 5] = ["apiVersion", "kind", "metadata", "resources", "patches"];

/// The objects of the kustomization in a folder of a checkout.
pub(super) fn build(checkout: &Path, folder: &Path) -> Result<Vec<Json>, Trouble> {
    let root = checkout.canonicalize().map_err(failed)?;
    Builder { root: &root, open: Vec::new() }.build(folder)
}

fn failed(error: impl ToString) -> Trouble {
    Trouble::Failed(format!("kustomize build failed: {}", error.to_string()))
}

struct Builder<'a> {
    root: &'a Path,
    /// The folders that are being built: none of them may be its own base.
    open: Vec<PathBuf>,
}

impl Builder<'_> {
    fn build(&mut self, folder: &Path) -> Result<Vec<Json>, Trouble> {
        let folder = folder.canonicalize().map_err(failed)?;
        if self.open.contains(&folder) {
            return Err(failed(format!("{} is its own base", folder.display())));
        }
        let said = read(&folder)?;
        self.open.push(folder.clone());
        let mut objects = Vec::new();
        for entry in list(&said, &["resources"]).iter().filter_map(Json::as_str) {
            objects.extend(self.resource(&folder, entry)?);
        }
        for patch in list(&said, &["patches"]) {
            self.patch(&folder, patch, &mut objects)?;
        }
        self.open.pop();
        Ok(objects)
    }

    /// A file or a folder that a kustomization names.
    fn path(&self, folder: &Path, entry: &str) -> Result<PathBuf, Trouble> {
        if entry.contains("://") || entry.starts_with("git@") || entry.contains("?ref=") {
            return Err(Trouble::Simulated(format!("{entry} is not fetched: the sandbox reaches loopback only")));
        }
        let path = folder.join(entry).canonicalize().map_err(|error| failed(format!("{entry}: {error}")))?;
        match path.starts_with(self.root) {
            true => Ok(path),
            false => Err(failed(format!("{entry} is outside of the repository"))),
        }
    }

    fn resource(&mut self, folder: &Path, entry: &str) -> Result<Vec<Json>, Trouble> {
        let path = self.path(folder, entry)?;
        if path.is_dir() {
            return match is_kustomization(&path) {
                true => self.build(&path),
                false => Err(failed(format!("{entry} has no kustomization"))),
            };
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        parse(&text).map_err(|error| failed(format!("{entry}: {error}")))
    }

    fn patch(&self, folder: &Path, patch: &Json, objects: &mut Vec<Json>) -> Result<(), Trouble> {
        let text = match word(patch, &["path"]) {
            "" => word(patch, &["patch"]).to_owned(),
            file => std::fs::read_to_string(self.path(folder, file)?).map_err(failed)?,
        };
        let change: Json = serde_norway::from_str(&text).map_err(|error| failed(format!("a patch: {error}")))?;
        let target = get(patch, &["target"]);
        let named = target.is_object();
        if !named && !objects.iter().any(|object| is_same(object, &change)) {
            let (kind, name) = (meta::kind(&change), meta::name(&change));
            return Err(failed(format!("no matches for Id {kind}/{name}; failed to find unique target for patch")));
        }
        let is_meant = |object: &Json| if named { fits(target, object) } else { is_same(object, &change) };
        if let Some(object) = objects.iter().find(|object| is_meant(object) && is_built_in(object)) {
            let kind = meta::kind(object);
            return Err(Trouble::Simulated(format!(
                "a patch of a {kind} needs kubectl or kustomize, and neither is installed"
            )));
        }
        if word(&change, &["$patch"]) == "delete" {
            objects.retain(|object| !is_meant(object));
            return Ok(());
        }
        for object in objects.iter_mut().filter(|object| is_meant(object)) {
            apply(object, &change)?;
        }
        Ok(())
    }
}

fn read(folder: &Path) -> Result<Json, Trouble> {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let text = names.iter().find_map(|name| std::fs::read_to_string(folder.join(name)).ok()).unwrap_or_default();
    let said: Json = serde_norway::from_str(&text).map_err(failed)?;
    let other =
        said.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| !FIELDS.contains(&name.as_str()));
    match other {
        Some(name) => Err(Trouble::Simulated(format!(
            "a kustomization with `{name}` needs kubectl or kustomize, and neither is installed"
        ))),
        None => Ok(said),
    }
}

/// A kind whose lists are merged by their keys, which takes its schema.
fn is_built_in(object: &Json) -> bool {
    let group = meta::api_version(object).split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

fn is_same(object: &Json, patch: &Json) -> bool {
    let id = |one: &Json| (meta::api_version(one).to_owned(), meta::kind(one).to_owned(), meta::name(one).to_owned());
    let namespace = meta::namespace(patch);
    id(object) == id(patch) && (namespace.is_empty() || namespace == meta::namespace(object))
}

/// Whether a selector means an object: its fields are whole regular expressions.
fn fits(target: &Json, object: &Json) -> bool {
    let (group, version) = meta::api_version(object).split_once('/').unwrap_or(("", meta::api_version(object)));
    let fields = [
        ("group", group),
        ("version", version),
        ("kind", meta::kind(object)),
        ("name", meta::name(object)),
        ("namespace", meta::namespace(object)),
    ];
    fields.iter().all(|(field, text)| {
        let pattern = word(target, &[field]);
        pattern.is_empty() || regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|rule| rule.is_match(text))
    })
}

/// Operations, or a merge in which null removes. What an object is, a merge does not change.
fn apply(object: &mut Json, change: &Json) -> Result<(), Trouble> {
    if change.is_array() {
        return json_patch(object, change).map_err(failed);
    }
    let before = object.clone();
    merge_patch(object, change);
    for path in [&["apiVersion"][..], &["kind"], &["metadata", "name"]] {
        crate::kubernetes::json::set(object, path, get(&before, path).clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const MESH: &str =
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: mesh}\nspec: {source: {chart: base}}\n";
    const RULES: &str = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: rules}\n";

    fn checkout(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("base/mesh.yaml", MESH), ("base/rules.yaml", RULES)].iter().chain(files) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let base = "kind: Kustomization\nresources: [mesh.yaml, rules.yaml]\n";
        std::fs::write(folder.path().join("base/kustomization.yaml"), base).unwrap();
        folder
    }

    fn built(kustomization: &str) -> Result<Vec<Json>, Trouble> {
        let folder = checkout(&[("top/kustomization.yaml", kustomization)]);
        build(folder.path(), &folder.path().join("top"))
    }

    #[test]
    fn applications_are_patched_and_taken_out() {
        let objects = built(
            r#"{"resources": ["../base"], "patches": [
                {"target": {"kind": "Application", "name": "me.h"}, "patch": "metadata: {name: other}\nspec: {source: {targetRevision: 1.2.3}}"},
                {"target": {"kind": "Application", "name": "mes"}, "patch": "spec: {wrong: true}"},
                {"patch": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: mesh}\nspec: {project: a}"},
                {"target": {"name": "mesh"}, "patch": "[{op: add, path: /metadata/labels, value: {a: b}}]"},
                {"target": {"name": "rules"}, "patch": "$patch: delete"}
            ]}"#,
        );
        let wanted = serde_json::json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "mesh", "labels": {"a": "b"}},
            "spec": {"source": {"chart": "base", "targetRevision": "1.2.3"}, "project": "a"},
        });
        assert_eq!(objects, Ok(vec![wanted]));
    }

    #[test]
    fn what_it_does_not_know_is_simulated_and_what_is_wrong_fails() {
        for simulated in ["resources: [../base]\nimages: []", "resources: [https://a.example/b]"] {
            assert!(matches!(built(simulated), Err(Trouble::Simulated(_))), "{simulated}");
        }
        let patch = |text: &str| format!("resources: [../base]\npatches: [{{patch: {text:?}}}]");
        let missing = patch("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}");
        for wrong in ["resources: [../top]", "resources: [../../..]", "resources: [missing.yaml]", missing.as_str()] {
            assert!(matches!(built(wrong), Err(Trouble::Failed(_))), "{wrong}");
        }
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
        let top = "resources: [pod.yaml]\npatches: [{target: {kind: Pod}, patch: 'spec: {containers: []}'}]";
        let folder = checkout(&[("top/pod.yaml", pod), ("top/kustomization.yaml", top)]);
        assert!(matches!(build(folder.path(), &folder.path().join("top")), Err(Trouble::Simulated(_))));
    }
}
