//! `ApplicationSets`: Applications from lists, folders of a repository, clusters, and products of these.

use super::project::IN_CLUSTER;
use super::source::{Sources, Trouble, login};
use super::{APPLICATIONS, CONTROLLER, SETS, fits, sync, word};
use crate::kubernetes::Cluster;
use crate::kubernetes::controllers::observe_as;
use crate::kubernetes::json::{at, flag, get, list, set};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::selector::Selector;
use crate::kubernetes::status::Answer;
use crate::kubernetes::write;
use base64::Engine as _;
use serde_json::{Map, Value as Json, json};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

type Parameters = Map<String, Json>;

/// The Applications that a set makes.
pub(super) async fn generate(cluster: &Cluster, sources: &mut Sources, set_object: &Json) -> Result<Vec<Json>, String> {
    let go = flag(set_object, &["spec", "goTemplate"]);
    let mut made = Vec::new();
    for generator in list(set_object, &["spec", "generators"]) {
        for parameters in parameters(cluster, sources, set_object, generator).await? {
            made.push(application(set_object, &parameters, go)?);
        }
    }
    Ok(made)
}

type Found<'a> = Pin<Box<dyn Future<Output = Result<Vec<Parameters>, String>> + Send + 'a>>;

fn parameters<'a>(
    cluster: &'a Cluster,
    sources: &'a mut Sources,
    set_object: &'a Json,
    generator: &'a Json,
) -> Found<'a> {
    Box::pin(async move {
        if let Some(elements) = at(generator, &["list", "elements"]) {
            let elements = elements.as_array().into_iter().flatten();
            return Ok(elements.filter_map(|one| one.as_object().cloned()).collect());
        }
        if let Some(git) = at(generator, &["git"]) {
            return folders(cluster, sources, set_object, git).await;
        }
        if let Some(clusters) = at(generator, &["clusters"]) {
            return Ok(of_clusters(&cluster.objects(), meta::namespace(set_object), clusters));
        }
        match at(generator, &["matrix", "generators"]).and_then(Json::as_array).map(Vec::as_slice) {
            Some([first, second]) => {
                let left = parameters(cluster, sources, set_object, first).await?;
                let right = parameters(cluster, sources, set_object, second).await?;
                let both =
                    |one: &Parameters, other: &Parameters| one.clone().into_iter().chain(other.clone()).collect();
                Ok(left.iter().flat_map(|one| right.iter().map(|other| both(one, other)).collect::<Vec<_>>()).collect())
            }
            _ => {
                let kinds: Vec<_> = generator.as_object().into_iter().flat_map(Map::keys).cloned().collect();
                Err(format!(
                    "the sandbox has no generator {}: it has list, git directories, clusters and matrix",
                    kinds.join(", ")
                ))
            }
        }
    })
}

async fn folders(
    cluster: &Cluster,
    sources: &mut Sources,
    set_object: &Json,
    git: &Json,
) -> Result<Vec<Parameters>, String> {
    let url = word(git, &["repoURL"]);
    let login = login(&cluster.objects(), meta::namespace(set_object), url);
    let (folder, _) =
        sources.check_out(url, word(git, &["revision"]), login).await.map_err(|trouble| match trouble {
            Trouble::Simulated(reason) | Trouble::Failed(reason) => reason,
        })?;
    let mut found = Vec::new();
    walk(&folder, &folder, &mut found).map_err(|error| error.to_string())?;
    found.sort();
    let rules = list(git, &["directories"]);
    let listed = |path: &str, exclude: bool| {
        rules.iter().any(|rule| flag(rule, &["exclude"]) == exclude && fits_path(word(rule, &["path"]), path))
    };
    let wanted = found.iter().filter(|path| listed(path, false) && !listed(path, true));
    let go = flag(set_object, &["spec", "goTemplate"]);
    Ok(wanted.map(|path| path_parameters(path, go)).collect())
}

/// `*` stands for one part of a path.
fn fits_path(pattern: &str, path: &str) -> bool {
    pattern.split('/').count() == path.split('/').count()
        && pattern.split('/').zip(path.split('/')).all(|(pattern, part)| fits(pattern, part))
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type()?.is_dir() && !hidden {
            let path = entry.path();
            found.push(path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned());
            walk(root, &path, found)?;
        }
    }
    Ok(())
}

fn path_parameters(path: &str, go: bool) -> Parameters {
    let base = path.rsplit('/').next().unwrap_or_default();
    let parameters = if go {
        let segments: Vec<_> = path.split('/').collect();
        json!({"path": {"path": path, "basename": base, "basenameNormalized": base.replace('_', "-"), "segments": segments}})
    } else {
        json!({"path": path, "path.basename": base, "path.basenameNormalized": base.replace('_', "-")})
    };
    parameters.as_object().cloned().unwrap_or_default()
}

fn of_clusters(objects: &Objects, namespace: &str, generator: &Json) -> Vec<Parameters> {
    let selector = at(generator, &["selector"]).map(Selector::of_object);
    let decode = |secret: &Json, key: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(word(secret, &["data", key])).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let secrets = objects.list("/secrets", namespace);
    let secrets = secrets.filter(|one| meta::label(one, "argocd.argoproj.io/secret-type") == Some("cluster"));
    let mut found: Vec<_> = secrets
        .filter(|one| selector.as_ref().is_none_or(|selector| selector.matches(one)))
        .map(|one| json!({"name": decode(one, "name"), "server": decode(one, "server"), "metadata": get(one, &["metadata"])}))
        .collect();
    // Its own cluster has no secret and no labels.
    if selector.is_none() {
        found.push(json!({"name": "in-cluster", "server": IN_CLUSTER}));
    }
    let values = get(generator, &["values"]).as_object().cloned().unwrap_or_default();
    let with_values = |mut one: Json| {
        for (key, value) in &values {
            set(&mut one, &["values", key], value.clone());
        }
        one.as_object().cloned().unwrap_or_default()
    };
    found.into_iter().map(with_values).collect()
}

fn application(set_object: &Json, parameters: &Parameters, go: bool) -> Result<Json, String> {
    let mut made = get(set_object, &["spec", "template"]).clone();
    fill(&mut made, parameters, go)?;
    set(&mut made, &["apiVersion"], "argoproj.io/v1alpha1");
    set(&mut made, &["kind"], "Application");
    set(&mut made, &["metadata", "namespace"], meta::namespace(set_object));
    set(&mut made, &["metadata", "ownerReferences"], json!([meta::controller_reference(set_object)]));
    Ok(made)
}

/// Puts parameters for `{{name}}`, or `{{ .name }}` of Go's templates; pipelines are not understood.
fn fill(value: &mut Json, parameters: &Parameters, go: bool) -> Result<(), String> {
    match value {
        Json::String(text) => *text = filled(text, parameters, go)?,
        Json::Array(list) => list.iter_mut().try_for_each(|one| fill(one, parameters, go))?,
        Json::Object(map) => map.values_mut().try_for_each(|one| fill(one, parameters, go))?,
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
    Ok(())
}

fn filled(text: &str, parameters: &Parameters, go: bool) -> Result<String, String> {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}").ok_or_else(|| format!("{text:?} has no closing braces"))?;
        written.push_str(before);
        let expression = expression.trim().trim_matches('-').trim();
        match lookup(parameters, expression, go) {
            Some(Json::String(value)) => written.push_str(value),
            Some(value) => written.push_str(&value.to_string()),
            // What is not known stays as it is written, as Argo CD leaves it.
            None if !go => written.push_str(&format!("{{{{{expression}}}}}")),
            None => {
                return Err(format!(
                    "{{{{{expression}}}}} is no parameter, or more of Go's templates than the sandbox knows"
                ));
            }
        }
        rest = after;
    }
    written.push_str(rest);
    Ok(written)
}

fn lookup<'a>(parameters: &'a Parameters, expression: &str, go: bool) -> Option<&'a Json> {
    if !go && let Some(value) = parameters.get(expression) {
        return Some(value);
    }
    let path = if go { expression.strip_prefix('.')? } else { expression };
    let mut parts = path.split('.');
    let first = parameters.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// Makes, changes and deletes Applications so that they are those that the set makes.
pub(super) fn keep(objects: &mut Objects, set_object: &Json, made: Result<Vec<Json>, String>) -> Answer<()> {
    let (namespace, uid) = (meta::namespace(set_object), meta::uid(set_object));
    let made = match made {
        Ok(made) => made,
        Err(error) => return conclude(objects, set_object, Some(&error)),
    };
    for wanted in &made {
        match objects.get(APPLICATIONS, namespace, meta::name(wanted)) {
            None => sync::make(objects, namespace, wanted.clone(), CONTROLLER)?,
            Some(known) if meta::is_controlled_by(&known, uid) => {
                let mut after = (*known).clone();
                set(&mut after, &["spec"], get(wanted, &["spec"]).clone());
                for field in ["labels", "annotations"] {
                    for (key, value) in at(wanted, &["metadata", field]).and_then(Json::as_object).into_iter().flatten()
                    {
                        set(&mut after, &["metadata", field, key], value.clone());
                    }
                }
                observe_as(objects, CONTROLLER, APPLICATIONS, &known, after)?;
            }
            Some(_) => {}
        }
    }
    let surplus: Vec<_> = objects
        .list(APPLICATIONS, namespace)
        .filter(|one| meta::is_controlled_by(one, uid) && !meta::is_deleting(one))
        .filter(|one| !made.iter().any(|wanted| meta::name(wanted) == meta::name(one)))
        .cloned()
        .collect();
    if let Some(resource) = objects.catalog.by_table(APPLICATIONS) {
        for one in surplus {
            write::delete_object(objects, &resource, &one)?;
        }
    }
    conclude(objects, set_object, None)
}

fn conclude(objects: &mut Objects, set_object: &Json, error: Option<&str>) -> Answer<()> {
    let Some(current) = objects.get(SETS, meta::namespace(set_object), meta::name(set_object)) else { return Ok(()) };
    let mut after = (*current).clone();
    let now = objects.now();
    let message = error.unwrap_or("Successfully generated parameters for all Applications");
    let generated = if error.is_some() { "ApplicationGenerationFromParamsError" } else { "ParametersGenerated" };
    meta::set_condition(&mut after, "ParametersGenerated", error.is_none(), generated, message, &now);
    let done = if error.is_some() { generated } else { "ApplicationSetUpToDate" };
    meta::set_condition(&mut after, "ResourcesUpToDate", error.is_none(), done, message, &now);
    if error.is_some() {
        meta::set_condition(&mut after, "ErrorOccurred", true, generated, message, &now);
    } else {
        meta::set_condition(&mut after, "ErrorOccurred", false, done, message, &now);
    }
    observe_as(objects, CONTROLLER, SETS, &current, after)
}
