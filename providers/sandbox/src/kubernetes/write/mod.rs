//! Creating, changing and deleting objects.

mod allocate;
mod remove;

pub(crate) use remove::{Deletion, Propagation, delete, delete_object, end_pod, finish_deletion};

use super::apply::{self, Writer};
use super::custom;
use super::defaults;
use super::json::{at, remove as take, set, text};
use super::meta;
use super::objects::Objects;
use super::patch;
use super::quota;
use super::resource::{Resource, ScalePaths};
use super::schema::{cannot_be_handled, decode, read_fields};
use super::status::{About, Answer, Cause, Refusal};
use super::validate;
use rand::Rng as _;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// What becomes of fields that the schema does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is told.
    #[default]
    Warn,
    /// The object is refused.
    Strict,
}

/// How a client wants something written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The field manager.
    pub(crate) manager: String,
    /// Nothing is kept.
    pub(crate) dry_run: bool,
    /// Fields of other managers are taken.
    pub(crate) force: bool,
    pub(crate) field_validation: FieldValidation,
}

impl Options {
    /// What a controller writes.
    pub(crate) fn of(manager: &str) -> Self {
        Self { manager: manager.to_owned(), ..Self::default() }
    }
}

/// What was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) object: Arc<Json>,
    pub(crate) created: bool,
    pub(crate) warnings: Vec<String>,
}

/// The object that a request names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    /// The subresource; empty for the object itself.
    pub(crate) subresource: &'a str,
}

impl Target<'_> {
    fn current(&self, objects: &Objects) -> Answer<Arc<Json>> {
        let found = objects.get(&self.resource.table(), self.namespace, self.name);
        found.ok_or_else(|| Refusal::not_found(self.resource.about(), self.name))
    }
}

/// A patch, by its content type.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    Json(Json),
    Merge(Json),
    Strategic(Json),
    Apply(Json),
}

/// Reads what a client sent: the right kind, known fields.
fn read(target: Target<'_>, body: Json, options: &Options) -> Answer<(Json, Vec<String>)> {
    let resource = target.resource;
    let wanted = [("apiVersion", resource.api_version()), ("kind", resource.kind.clone())];
    let mut body = body;
    for (field, wanted) in wanted {
        match text(&body, &[field]) {
            "" => set(&mut body, &[field], wanted),
            given if given == wanted => {}
            given => {
                let error = format!("its {field} is {given:?}, and this path takes {wanted:?}");
                return Err(cannot_be_handled(resource, &error));
            }
        }
    }
    let decoded = decode(resource, body)?;
    let unknown: Vec<_> = decoded.unknown.iter().map(|field| format!("unknown field {field:?}")).collect();
    match options.field_validation {
        FieldValidation::Strict if !unknown.is_empty() => {
            let error = format!("strict decoding error: {}", unknown.join(", "));
            Err(cannot_be_handled(resource, &error))
        }
        FieldValidation::Warn => Ok((decoded.object, unknown)),
        FieldValidation::Strict | FieldValidation::Ignore => Ok((decoded.object, Vec::new())),
    }
}

/// Creates an object.
pub(crate) fn create(objects: &mut Objects, target: Target<'_>, body: Json, options: &Options) -> Answer<Written> {
    let (mut object, warnings) = read(target, body, options)?;
    if !text(&object, &["metadata", "resourceVersion"]).is_empty() {
        return Err(Refusal::bad_request("resourceVersion should not be set on objects to be created"));
    }
    take(&mut object, &["metadata", "managedFields"]);
    let new = complete_new(objects, target, object, Some(&options.manager))?;
    keep_new(objects, target, new, warnings, options)
}

fn keep_new(
    objects: &mut Objects,
    target: Target<'_>,
    new: Json,
    warnings: Vec<String>,
    options: &Options,
) -> Answer<Written> {
    if options.dry_run {
        return Ok(Written { object: Arc::new(new), created: true, warnings });
    }
    let object = objects.put(&target.resource.table(), new)?;
    if target.resource.is("/namespaces") {
        furnish_namespace(objects, meta::name(&object))?;
    }
    Ok(Written { object, created: true, warnings })
}

/// Everything between what a client wants to create and what is kept. `recorded` is the manager that owns it all; with
/// none the object already says who owns what.
fn complete_new(objects: &Objects, target: Target<'_>, object: Json, recorded: Option<&str>) -> Answer<Json> {
    let resource = target.resource;
    let mut object = object;
    name_it(target, &mut object)?;
    let name = meta::name(&object).to_owned();
    admit(objects, target, &name)?;
    for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"] {
        take(&mut object, &["metadata", field]);
    }
    if resource.has_status {
        take(&mut object, &["status"]);
    }
    // The types of built-in kinds have a status from the start.
    if resource.has_status && !resource.is_custom() {
        set(&mut object, &["status"], json!({}));
    }
    set(&mut object, &["metadata", "uid"], uuid::Uuid::new_v4().to_string());
    set(&mut object, &["metadata", "creationTimestamp"], objects.now());
    if has_generation(resource) {
        set(&mut object, &["metadata", "generation"], 1);
    }
    defaults::add_defaults(resource, &mut object);
    allocate::complete(objects, resource, None, &mut object);
    defaults::tidy_metadata(&mut object);
    let causes = validate::check(resource, None, &object);
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource.about(), &name, &causes));
    }
    quota::check(objects, resource, target.namespace, &object, None)?;
    let managed = take(&mut object, &["metadata", "managedFields"]);
    if let Some(managed) = managed.filter(|_| recorded.is_none()) {
        set(&mut object, &["metadata", "managedFields"], managed);
    }
    if let Some(manager) = recorded {
        let now = objects.now();
        apply::record_update(resource, &Json::Null, &mut object, Writer { manager, subresource: "", now: &now });
    }
    Ok(object)
}

/// The name, or one made from `generateName`; the namespace of the path.
fn name_it(target: Target<'_>, object: &mut Json) -> Answer<()> {
    let given = meta::namespace(object).to_owned();
    if !given.is_empty() && given != target.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if target.resource.namespaced {
        set(object, &["metadata", "namespace"], target.namespace);
    }
    let prefix = text(object, &["metadata", "generateName"]).to_owned();
    if meta::name(object).is_empty() && !prefix.is_empty() {
        set(object, &["metadata", "name"], format!("{prefix}{}", random_suffix()));
    }
    Ok(())
}

/// Five letters that make no words.
pub(crate) fn random_suffix() -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = rand::rng();
    let letter = |_| LETTERS.get(random.random_range(0..LETTERS.len())).copied().map_or('x', char::from);
    (0..5).map(letter).collect()
}

/// Whether something may be made here now.
fn admit(objects: &Objects, target: Target<'_>, name: &str) -> Answer<()> {
    let resource = target.resource;
    if resource.namespaced {
        let Some(namespace) = objects.get("/namespaces", "", target.namespace) else {
            let about = super::status::About { group: "", plural: "namespaces", kind: "Namespace" };
            return Err(Refusal::not_found(about, target.namespace));
        };
        if meta::is_deleting(&namespace) {
            return Err(Refusal::terminating(resource.about(), name, target.namespace));
        }
    }
    match objects.get(&resource.table(), target.namespace, name) {
        Some(_) => Err(Refusal::already_exists(resource.about(), name)),
        None => Ok(()),
    }
}

/// What each namespace has from the start.
fn furnish_namespace(objects: &mut Objects, namespace: &str) -> Answer<()> {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let roots = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kube-root-ca.crt", "annotations": {
            "kubernetes.io/description": "Holds the certificate authority by which this cluster's API is trusted.",
        }},
        "data": {"ca.crt": objects.certificate_authority.clone()},
    });
    for (plural, object) in [("serviceaccounts", account), ("configmaps", roots)] {
        let Some(resource) = objects.catalog.find("", "v1", plural) else { continue };
        let target = Target { resource: &resource, namespace, name: "", subresource: "" };
        create(objects, target, object, &Options::of("kube-controller-manager"))?;
    }
    Ok(())
}

/// Replaces an object, or one subresource of it.
pub(crate) fn update(objects: &mut Objects, target: Target<'_>, body: Json, options: &Options) -> Answer<Written> {
    let current = target.current(objects)?;
    let (new, warnings) = read(target, body, options)?;
    check_preconditions(target, &current, &new)?;
    keep_changed(objects, target, &current, new, Some(&options.manager), warnings, options)
}

fn check_preconditions(target: Target<'_>, current: &Json, new: &Json) -> Answer<()> {
    let about = target.resource.about();
    if meta::name(new) != target.name {
        let detail = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            meta::name(new),
            target.name
        );
        return Err(Refusal::bad_request(detail));
    }
    let version = text(new, &["metadata", "resourceVersion"]);
    if !version.is_empty() && version != text(current, &["metadata", "resourceVersion"]) {
        let detail = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Refusal::conflict(about, target.name, detail));
    }
    let uid = meta::uid(new);
    if !uid.is_empty() && uid != meta::uid(current) {
        let detail =
            format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", meta::uid(current));
        return Err(Refusal::conflict(about, target.name, &detail));
    }
    Ok(())
}

/// Changes an object by a patch; applying creates it when there is none.
pub(crate) fn patch(objects: &mut Objects, target: Target<'_>, patch: Patch, options: &Options) -> Answer<Written> {
    if let Patch::Apply(config) = patch {
        return apply_config(objects, target, config, options);
    }
    let current = target.current(objects)?;
    let mut new = (*current).clone();
    let done = match &patch {
        Patch::Json(patch) => patch::json_patch(&mut new, patch),
        Patch::Strategic(_) if target.resource.is_custom() => {
            return Err(Refusal::unsupported_media_type(&patch::CUSTOM));
        }
        Patch::Strategic(patch) => patch::strategic_merge(target.resource.schema(), &mut new, patch),
        Patch::Merge(patch) | Patch::Apply(patch) => {
            patch::merge_patch(&mut new, patch);
            Ok(())
        }
    };
    done.map_err(|error| match patch {
        Patch::Json(_) => Refusal::unprocessable(error),
        _ => Refusal::bad_request(error),
    })?;
    let (new, warnings) = read(target, new, options)?;
    check_preconditions(target, &current, &new)?;
    keep_changed(objects, target, &current, new, Some(&options.manager), warnings, options)
}

/// Sets how many replicas a workload shall have.
pub(crate) fn scale(
    objects: &mut Objects,
    target: Target<'_>,
    paths: &ScalePaths,
    replicas: i64,
    options: &Options,
) -> Answer<Written> {
    let current = target.current(objects)?;
    let mut new = (*current).clone();
    let path: Vec<_> = paths.spec_replicas.iter().map(String::as_str).collect();
    set(&mut new, &path, replicas);
    keep_changed(objects, target, &current, new, Some(&options.manager), Vec::new(), options)
}

fn apply_config(objects: &mut Objects, target: Target<'_>, config: Json, options: &Options) -> Answer<Written> {
    let resource = target.resource;
    if options.manager.is_empty() {
        let about = About { group: "meta.k8s.io", plural: "PatchOptions", kind: "PatchOptions" };
        return Err(Refusal::invalid(about, "", &[Cause::required("fieldManager", "is required for apply patch")]));
    }
    let config = read_config(target, config)?;
    let now = objects.now();
    let writer = Writer { manager: &options.manager, subresource: target.subresource, now: &now };
    let current = objects.get(&resource.table(), target.namespace, target.name);
    let Some(current) = current else {
        if !target.subresource.is_empty() {
            return Err(Refusal::not_found(resource.about(), target.name));
        }
        if !meta::uid(&config).is_empty() {
            let uid = meta::uid(&config);
            let detail =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(Refusal::conflict(resource.about(), target.name, &detail));
        }
        let new = apply::apply(resource, &Json::Null, &config, writer, options.force)?;
        let new = complete_new(objects, target, new, None)?;
        return keep_new(objects, target, new, Vec::new(), options);
    };
    if !meta::uid(&config).is_empty() && meta::uid(&config) != meta::uid(&current) {
        let cause = Cause::invalid("metadata.uid", &json!(meta::uid(&config)), "field is immutable");
        return Err(Refusal::invalid(resource.about(), target.name, &[cause]));
    }
    check_preconditions(target, &current, &config)?;
    let new = apply::apply(resource, &current, &config, writer, options.force)?;
    keep_changed(objects, target, &current, new, None, Vec::new(), options)
}

/// What a manager applies, which may hold no field that the schema does not know.
fn read_config(target: Target<'_>, config: Json) -> Answer<Json> {
    let resource = target.resource;
    let named = meta::name(&config).to_owned();
    if !matches!(named.as_str(), "") && named != target.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({named}) does not match the name on the URL ({})",
            target.name
        )));
    }
    if at(&config, &["metadata", "managedFields"]).is_some() {
        return Err(Refusal::bad_request("metadata.managedFields must be nil"));
    }
    let (api_version, kind) = (resource.api_version(), &resource.kind);
    let (given_version, given_kind) = (meta::api_version(&config), meta::kind(&config));
    if given_version != api_version || given_kind != kind {
        return Err(Refusal::bad_request(format!(
            "the applied object is {given_version:?}, Kind={given_kind:?}; this path takes {api_version:?}, Kind={kind:?}"
        )));
    }
    let place = apply::place(resource, &config);
    let decoded = read_fields(resource, config)
        .map_err(|error| Refusal::untyped(format!("failed to create typed patch object ({place}): {error}")))?;
    let mut config = decoded.object;
    if !decoded.unknown.is_empty() {
        let fields: Vec<_> =
            decoded.unknown.iter().map(|field| format!(".{field}: field not declared in schema")).collect();
        let what =
            if let [one] = fields.as_slice() { one.clone() } else { format!("errors:\n  {}", fields.join("\n  ")) };
        return Err(Refusal::untyped(format!("failed to create typed patch object ({place}): {what}")));
    }
    apply::check_keys(resource, &config, &place)?;
    set(&mut config, &["metadata", "name"], target.name);
    if resource.namespaced {
        set(&mut config, &["metadata", "namespace"], target.namespace);
    }
    Ok(config)
}

/// Whether the kind counts its specs.
fn has_generation(resource: &Resource) -> bool {
    resource.is_custom()
        || matches!(
            resource.group.as_str(),
            "apps" | "batch" | "networking.k8s.io" | "policy" | "apiextensions.k8s.io" | "admissionregistration.k8s.io"
        )
        || matches!(resource.kind.as_str(), "ReplicationController" | "PriorityClass")
}

/// Everything between what the object shall become and what is kept of it.
fn keep_changed(
    objects: &mut Objects,
    target: Target<'_>,
    current: &Json,
    new: Json,
    recorded: Option<&str>,
    warnings: Vec<String>,
    options: &Options,
) -> Answer<Written> {
    let resource = target.resource;
    let mut new = within(target, current, new);
    restore_system(current, &mut new);
    defaults::add_defaults(resource, &mut new);
    allocate::complete(objects, resource, Some(current), &mut new);
    defaults::tidy_metadata(&mut new);
    let causes = validate::check(resource, Some(current), &new);
    if !causes.is_empty() {
        return Err(Refusal::invalid(resource.about(), target.name, &causes));
    }
    quota::check(objects, resource, target.namespace, &new, Some(current))?;
    if has_generation(resource) && counts(resource, current) != counts(resource, &new) {
        let generation = super::json::integer(current, &["metadata", "generation"]).unwrap_or_default();
        set(&mut new, &["metadata", "generation"], generation + 1);
    }
    if let Some(manager) = recorded {
        let now = objects.now();
        let writer = Writer { manager, subresource: target.subresource, now: &now };
        apply::record_update(resource, current, &mut new, writer);
    }
    if new == *current || options.dry_run {
        return Ok(Written { object: Arc::new(new), created: false, warnings });
    }
    let object = objects.put(&resource.table(), new)?;
    remove::finish(objects, resource, &object)?;
    Ok(Written { object, created: false, warnings })
}

/// Only the part that the path writes.
fn within(target: Target<'_>, current: &Json, new: Json) -> Json {
    let mut new = new;
    match target.subresource {
        "status" => {
            let mut whole = current.clone();
            set(&mut whole, &["status"], take(&mut new, &["status"]).unwrap_or_default());
            if let Some(managed) = take(&mut new, &["metadata", "managedFields"]) {
                set(&mut whole, &["metadata", "managedFields"], managed);
            }
            whole
        }
        _ if target.resource.has_status => {
            match current.get("status") {
                Some(status) => set(&mut new, &["status"], status.clone()),
                None => drop(take(&mut new, &["status"])),
            }
            new
        }
        _ => new,
    }
}

/// What only the server writes stays as it is.
fn restore_system(current: &Json, new: &mut Json) {
    let fields = [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "generateName",
    ];
    for field in fields {
        match at(current, &["metadata", field]) {
            Some(value) => set(new, &["metadata", field], value.clone()),
            None => drop(take(new, &["metadata", field])),
        }
    }
}

/// The part of an object whose change counts as a new generation.
fn counts(resource: &Resource, object: &Json) -> Json {
    let mut object = object.clone();
    take(&mut object, &["metadata"]);
    take(&mut object, &["apiVersion"]);
    if resource.has_status {
        take(&mut object, &["status"]);
    }
    object
}

/// Names of a definition that another one already has.
pub(crate) fn accept_definition(objects: &Objects, object: &mut Json) {
    let (group, plural) = (text(object, &["spec", "group"]), text(object, &["spec", "names", "plural"]));
    let kind = text(object, &["spec", "names", "kind"]);
    let other = |one: &&Arc<Resource>| one.group == group && one.plural != plural && one.kind == kind;
    let taken = objects.catalog.all().any(|one| other(&one));
    let now = objects.now();
    custom::accept(object, taken, &now);
}
