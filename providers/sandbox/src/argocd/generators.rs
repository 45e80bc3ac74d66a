//! The generators of `ApplicationSets`: lists, folders and files of a repository, clusters, products and merges of these.
//!
//! What they give follows Argo CD's pages "Generators" (`docs/operator-manual/applicationset` of its repository). A generator
//! that is not played here is an error of the set, so that no Application goes because of it.

use super::project::IN_CLUSTER;
use super::source::{Sources, Trouble, login};
use super::template::{Parameters, fill, fill_known, flat, laid_over, lookup, normalized};
use super::{fits, word};
use crate::kubernetes::Cluster;
use crate::kubernetes::json::{at, flag, get, list, set};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::selector::Selector;
use base64::Engine as _;
use serde::Deserialize as _;
use serde_json::{Map, Value as Json, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

/// What plays generators.
pub(super) struct Generators<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) sources: &'a mut Sources,
    /// Namespace of the set.
    pub(super) namespace: &'a str,
    /// Whether its templates are Go's.
    pub(super) go: bool,
}

type Found<'a> = Pin<Box<dyn Future<Output = Result<Vec<Parameters>, String>> + Send + 'a>>;

/// Generators, by their field.
const KINDS: [&str; 5] = ["list", "git", "clusters", "matrix", "merge"];

/// The field of a generator that says which it is.
pub(super) fn kind(generator: &Json) -> Result<&'static str, String> {
    if let Some(kind) = KINDS.into_iter().find(|kind| at(generator, &[kind]).is_some_and(|given| !given.is_null())) {
        return Ok(kind);
    }
    let given: Vec<_> = generator.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    Err(format!("the sandbox has no generator {}: it has {}", given.join(", "), KINDS.join(", ")))
}

impl Generators<'_> {
    /// The parameters of each Application that a generator asks for.
    ///
    /// # Errors
    /// In words.
    pub(super) fn parameters<'s>(&'s mut self, generator: &'s Json) -> Found<'s> {
        Box::pin(async move {
            let kind = kind(generator)?;
            let about = get(generator, &[kind]);
            let mut found = match kind {
                "list" => self.of_list(about)?,
                "git" => self.of_git(about).await?,
                "clusters" => self.of_clusters(about)?,
                "matrix" => self.product(about).await?,
                _ => self.merged(about).await?,
            };
            if let Some(selector) = at(generator, &["selector"]).filter(|selector| !selector.is_null()) {
                let selector = Selector::of_object(selector);
                found.retain(|one| selector.matches_labels(&Json::Object(flat(one))));
            }
            Ok(found)
        })
    }

    fn of_list(&self, about: &Json) -> Result<Vec<Parameters>, String> {
        let written = match word(about, &["elementsYaml"]) {
            "" => Json::Null,
            text => serde_norway::from_str(text).map_err(|error| format!("elementsYaml is no YAML: {error}"))?,
        };
        let written = written.as_array().into_iter().flatten();
        let elements = list(about, &["elements"]).iter().chain(written);
        elements
            .map(|one| match one.as_object() {
                Some(element) if self.go => Ok(element.clone()),
                Some(element) => Ok(flat(element)),
                None => Err(format!("an element of a list is a map, not {one}")),
            })
            .collect()
    }

    async fn of_git(&mut self, about: &Json) -> Result<Vec<Parameters>, String> {
        let url = word(about, &["repoURL"]);
        let login = login(&self.cluster.objects(), self.namespace, url);
        let checked_out = self.sources.check_out(url, word(about, &["revision"]), login).await;
        let (folder, _) = checked_out.map_err(|trouble| match trouble {
            Trouble::Simulated(reason) | Trouble::Failed(reason) => reason,
        })?;
        let (directories, files) = (list(about, &["directories"]), list(about, &["files"]));
        let found = match (directories, files) {
            ([], []) => return Err("a git generator needs `directories` or `files`".to_owned()),
            ([], rules) => self.of_files(&folder, about, rules)?,
            (rules, _) => {
                let paths = tree(&folder, true)?.into_iter().filter(|path| listed(rules, path, fits_path));
                paths.map(|path| self.of_path(about, &path, None)).collect()
            }
        };
        found.into_iter().map(|one| self.with_values(one, about)).collect()
    }

    fn of_files(&self, folder: &Path, about: &Json, rules: &[Json]) -> Result<Vec<Parameters>, String> {
        let mut found = Vec::new();
        for path in tree(folder, false)?.into_iter().filter(|path| listed(rules, path, fits_deep)) {
            let unread = |error: String| format!("unable to parse file {path}: {error}");
            let text = std::fs::read_to_string(folder.join(&path)).map_err(|error| unread(error.to_string()))?;
            for document in serde_norway::Deserializer::from_str(&text) {
                let value = Json::deserialize(document).map_err(|error| unread(error.to_string()))?;
                let entries = match value {
                    Json::Array(entries) => entries,
                    Json::Null => vec![json!({})],
                    other => vec![other],
                };
                for entry in entries {
                    let Json::Object(entry) = entry else { return Err(unread("it holds no map".to_owned())) };
                    let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
                    let mut parameters = if self.go { entry } else { flat(&entry) };
                    parameters.extend(self.of_path(about, folder, Some(file)));
                    found.push(parameters);
                }
            }
        }
        Ok(found)
    }

    /// What is said of a folder, or of a file in it.
    fn of_path(&self, about: &Json, path: &str, file: Option<&str>) -> Parameters {
        let base = path.rsplit('/').next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let prefix = word(about, &["pathParamPrefix"]);
        let mut said = json!({ "basename": base, "basenameNormalized": normalized(base) });
        if let Some(file) = file {
            set(&mut said, &["filename"], file);
            set(&mut said, &["filenameNormalized"], normalized(file));
        }
        let mut found = Parameters::new();
        if self.go {
            set(&mut said, &["path"], path);
            set(&mut said, &["segments"], json!(segments));
            let said = json!({ "path": said });
            let said = if prefix.is_empty() { said } else { json!({ prefix: said }) };
            found.extend(said.as_object().cloned().unwrap_or_default());
            return found;
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
        found.insert(format!("{prefix}path"), Json::from(path));
        for (name, value) in said.as_object().into_iter().flatten() {
            found.insert(format!("{prefix}path.{name}"), value.clone());
        }
        for (number, segment) in segments.iter().enumerate() {
            found.insert(format!("{prefix}path[{number}]"), Json::from(*segment));
        }
        found
    }

    fn of_clusters(&self, about: &Json) -> Result<Vec<Parameters>, String> {
        if flag(about, &["flatList"]) {
            return Err("the sandbox does not play `flatList` of the clusters generator".to_owned());
        }
        let found = clusters(&self.cluster.objects(), self.namespace, about);
        found
            .into_iter()
            .map(|one| {
                let one = one.as_object().cloned().unwrap_or_default();
                self.with_values(if self.go { one } else { flat(&one) }, about)
            })
            .collect()
    }

    /// Adds a generator's `values`, in which its parameters may stand.
    fn with_values(&self, mut parameters: Parameters, about: &Json) -> Result<Parameters, String> {
        let Some(values) = at(about, &["values"]).filter(|values| values.is_object()) else { return Ok(parameters) };
        let mut values = values.clone();
        fill(&mut values, &parameters, self.go)?;
        match self.go {
            true => drop(parameters.insert("values".to_owned(), values)),
            false => parameters.extend(flat(&Map::from_iter([("values".to_owned(), values)]))),
        }
        Ok(parameters)
    }

    /// Each of the first with each of the second, in which parameters of the first may stand.
    async fn product(&mut self, about: &Json) -> Result<Vec<Parameters>, String> {
        let [first, second] = list(about, &["generators"]) else {
            return Err("a matrix has two generators".to_owned());
        };
        let mut found = Vec::new();
        for one in self.parameters(first).await? {
            let mut second = second.clone();
            fill_known(&mut second, &one, self.go);
            for other in self.parameters(&second).await? {
                let mut both = Json::Object(one.clone());
                laid_over(&mut both, &Json::Object(other));
                found.extend(both.as_object().cloned());
            }
        }
        Ok(found)
    }

    /// Those of the first, with what others say of the same keys over them.
    async fn merged(&mut self, about: &Json) -> Result<Vec<Parameters>, String> {
        let keys: Vec<&str> = list(about, &["mergeKeys"]).iter().filter_map(Json::as_str).collect();
        let [first, others @ ..] = list(about, &["generators"]) else {
            return Err("a merge has at least two generators".to_owned());
        };
        if keys.is_empty() || others.is_empty() {
            return Err("a merge has `mergeKeys` and at least two generators".to_owned());
        }
        let key = |one: &Parameters| -> Vec<Json> {
            keys.iter().map(|key| lookup(one, key).cloned().unwrap_or_default()).collect()
        };
        let unique = |found: &[Parameters]| {
            let twice =
                |(number, one): (usize, &Parameters)| found.iter().take(number).any(|other| key(other) == key(one));
            match found.iter().enumerate().any(twice) {
                true => Err(format!("the parameters of a generator are not told apart by {}", keys.join(", "))),
                false => Ok(()),
            }
        };
        let mut base = self.parameters(first).await?;
        unique(&base)?;
        for other in others {
            let above = self.parameters(other).await?;
            unique(&above)?;
            for one in &mut base {
                if let Some(over) = above.iter().find(|over| key(over) == key(one)) {
                    let mut both = Json::Object(std::mem::take(one));
                    laid_over(&mut both, &Json::Object(over.clone()));
                    *one = both.as_object().cloned().unwrap_or_default();
                }
            }
        }
        Ok(base)
    }
}

/// Whether the rules of a git generator name a path, and none of them takes it out.
fn listed(rules: &[Json], path: &str, fits: fn(&str, &str) -> bool) -> bool {
    let named = |exclude: bool| {
        rules.iter().any(|rule| flag(rule, &["exclude"]) == exclude && fits(word(rule, &["path"]), path))
    };
    named(false) && !named(true)
}

/// `*` stands for one part of a path.
fn fits_path(pattern: &str, path: &str) -> bool {
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(|(pattern, part)| fits(pattern, part))
}

/// `*` stands for a part of a name, `**` for any number of folders.
fn fits_deep(pattern: &str, path: &str) -> bool {
    fn fit(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["**", rest @ ..], path) => (0..=path.len()).any(|skip| fit(rest, path.get(skip..).unwrap_or_default())),
            ([first, pattern @ ..], [part, path @ ..]) => fits(first, part) && fit(pattern, path),
            _ => false,
        }
    }
    let pattern: Vec<&str> = pattern.trim_start_matches("./").split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    fit(&pattern, &path)
}

/// The folders, or the files, of a repository, in order.
fn tree(root: &Path, folders: bool) -> Result<Vec<String>, String> {
    fn walk(root: &Path, folder: &Path, folders: bool, found: &mut Vec<String>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let path: PathBuf = entry.path();
            if kind.is_dir() && hidden {
                continue;
            }
            if kind.is_dir() == folders && (kind.is_dir() || kind.is_file()) {
                found.push(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned());
            }
            if kind.is_dir() {
                walk(root, &path, folders, found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(root, root, folders, &mut found).map_err(|error| error.to_string())?;
    found.sort();
    Ok(found)
}

fn clusters(objects: &Objects, namespace: &str, about: &Json) -> Vec<Json> {
    let selector = at(about, &["selector"]).filter(|selector| !selector.is_null()).map(Selector::of_object);
    let decode = |secret: &Json, key: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(word(secret, &["data", key])).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let said = |name: String, server: String, project: String, secret: &Json| {
        let labels = at(secret, &["metadata", "labels"]).cloned().unwrap_or_else(|| json!({}));
        let annotations = at(secret, &["metadata", "annotations"]).cloned().unwrap_or_else(|| json!({}));
        json!({ "name": name, "nameNormalized": normalized(&name), "server": server, "project": project,
            "metadata": { "labels": labels, "annotations": annotations } })
    };
    let secrets = objects.list("/secrets", namespace);
    let secrets = secrets.filter(|one| meta::label(one, "argocd.argoproj.io/secret-type") == Some("cluster"));
    let mut found: Vec<_> = secrets
        .filter(|one| selector.as_ref().is_none_or(|selector| selector.matches(one)))
        .map(|one| said(decode(one, "name"), decode(one, "server"), decode(one, "project"), one))
        .collect();
    // Its own cluster has no labels, unless there is a secret of it.
    let is_listed = found.iter().any(|one| word(one, &["server"]) == IN_CLUSTER);
    if selector.is_none() && !is_listed {
        found.push(said("in-cluster".to_owned(), IN_CLUSTER.to_owned(), String::new(), &Json::Null));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_files_reach_into_folders() {
        for (pattern, path, fits) in [
            ("clusters/*.json", "clusters/a.json", true),
            ("clusters/*.json", "clusters/b/a.json", false),
            ("clusters/**/config.yaml", "clusters/a/b/config.yaml", true),
            ("clusters/**/config.yaml", "clusters/config.yaml", true),
            ("**/config.yaml", "other/config.json", false),
        ] {
            assert_eq!(fits_deep(pattern, path), fits, "{pattern} {path}");
        }
    }
}
