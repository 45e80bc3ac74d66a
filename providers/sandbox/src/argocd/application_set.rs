//! `ApplicationSets`: the Applications that their generators and templates give are made, changed and deleted.

use super::generators::{Generators, kind};
use super::source::Sources;
use super::template::{Parameters, fill, laid_over};
use super::{APPLICATIONS, CONTROLLER, SETS, sync, word};
use crate::kubernetes::Cluster;
use crate::kubernetes::controllers::observe_as;
use crate::kubernetes::json::{at, flag, get, list, set};
use crate::kubernetes::meta;
use crate::kubernetes::objects::Objects;
use crate::kubernetes::status::Answer;
use crate::kubernetes::write;
use serde_json::{Value as Json, json};

/// The Applications that a set makes.
///
/// # Errors
/// In words: also for what is not played here, since an Application too few would look like one that was taken away.
pub(super) async fn generate(cluster: &Cluster, sources: &mut Sources, set_object: &Json) -> Result<Vec<Json>, String> {
    let go = flag(set_object, &["spec", "goTemplate"]);
    if word(set_object, &["spec", "strategy", "type"]) == "RollingSync" {
        return Err("the sandbox does not play the strategy RollingSync".to_owned());
    }
    let namespace = meta::namespace(set_object);
    let mut generators = Generators { cluster, sources, namespace, go };
    let mut made: Vec<Json> = Vec::new();
    for generator in list(set_object, &["spec", "generators"]) {
        let mut template = get(set_object, &["spec", "template"]).clone();
        if let Some(own) = at(generator, &[kind(generator)?, "template"]) {
            laid_over(&mut template, own);
        }
        for parameters in generators.parameters(generator).await? {
            let one = application(set_object, &template, &parameters, go)?;
            if made.iter().any(|other| meta::name(other) == meta::name(&one)) {
                let name = meta::name(&one);
                return Err(format!(
                    "ApplicationSet {} contains applications with duplicate name: {name}",
                    meta::name(set_object)
                ));
            }
            made.push(one);
        }
    }
    Ok(made)
}

fn application(set_object: &Json, template: &Json, parameters: &Parameters, go: bool) -> Result<Json, String> {
    let mut made = template.clone();
    fill(&mut made, parameters, go)?;
    let patch = word(set_object, &["spec", "templatePatch"]);
    if !patch.is_empty() {
        let mut text = Json::from(patch);
        fill(&mut text, parameters, go)?;
        let patch: Json = serde_norway::from_str(text.as_str().unwrap_or_default())
            .map_err(|error| format!("templatePatch is no YAML: {error}"))?;
        crate::kubernetes::patch::merge_patch(&mut made, &patch);
    }
    set(&mut made, &["apiVersion"], "argoproj.io/v1alpha1");
    set(&mut made, &["kind"], "Application");
    set(&mut made, &["metadata", "namespace"], meta::namespace(set_object));
    set(&mut made, &["metadata", "ownerReferences"], json!([meta::controller_reference(set_object)]));
    Ok(made)
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
