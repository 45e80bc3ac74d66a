//! Requests for objects: get, list, watch, create, update, patch, delete, and the subresources.

use super::super::Cluster;
use super::super::access::{self, Identity};
use super::super::autoscaling;
use super::super::json::{at, get, integer, list, set, text};
use super::super::meta;
use super::super::objects::Objects;
use super::super::patch;
use super::super::resource::{Resource, ScalePaths};
use super::super::selector::Selector;
use super::super::status::{About, Answer, Refusal};
use super::super::write::{self, Deletion, Patch, Propagation, Target, Written};
use super::form::{Form, Place};
use super::watch::{self, Watch};
use super::{Reply, View, reviews};
use base64::Engine as _;
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::sync::Arc;

/// Answers a request for objects.
pub(super) fn answer(cluster: &Arc<Cluster>, form: &Form, place: &Place, who: &Identity) -> Answer<Reply> {
    let verb = form.verb(place);
    let mut objects = cluster.objects();
    authorize(&objects, place, verb, who)?;
    if let Some(review) = reviews::answer(&mut objects, form, place, who, &|token| cluster.identity_in(token))? {
        return Ok(Reply::new(201, review));
    }
    let find = |version: &str| objects.catalog.find(&place.group, version, &place.plural).ok_or_else(Refusal::no_path);
    let served = find(&place.version)?;
    let resource = if autoscaling::is_old(&served) { find(autoscaling::KEPT)? } else { Arc::clone(&served) };
    let place = at_scope(&resource, place, verb)?;
    let view = View::of(form, objects.clock.now_ms());
    let request = Ask { form, place: &place, resource: &resource, served: &served, view };
    let reply = request.answer(&mut objects, verb)?;
    drop(objects);
    if !matches!(verb, "get" | "list" | "watch") {
        cluster.wake();
    }
    Ok(match deprecation(&resource) {
        Some(warning) => reply.warn(warning),
        None => reply,
    })
}

/// What an API server of 1.33 says with every answer about a kind that it would rather not serve.
fn deprecation(resource: &Resource) -> Option<&'static str> {
    match (resource.group.as_str(), resource.version.as_str(), resource.kind.as_str()) {
        ("", "v1", "Endpoints") => Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
        _ => None,
    }
}

fn authorize(objects: &Objects, place: &Place, verb: &str, who: &Identity) -> Answer<()> {
    let resource = place.resource();
    if access::is_allowed(objects, who, place.attempt(verb, &resource)) {
        return Ok(());
    }
    let about = About { group: &place.group, plural: &place.plural, kind: "" };
    let scope = match place.namespace.as_str() {
        "" => "at the cluster scope".to_owned(),
        namespace => format!("in the namespace {namespace:?}"),
    };
    let detail =
        format!("User {:?} cannot {verb} resource {resource:?} in API group {:?} {scope}", who.user, place.group);
    Err(Refusal::forbidden(about, &place.name, &detail))
}

/// A kind of namespaces is asked for in one, except to list and watch it in all.
fn at_scope(resource: &Resource, place: &Place, verb: &str) -> Answer<Place> {
    let across = matches!(verb, "list" | "watch") && place.name.is_empty();
    match (resource.namespaced, place.namespace.is_empty()) {
        (true, true) if !across => Err(Refusal::no_path()),
        (false, false) => Err(Refusal::no_path()),
        _ => Ok(place.clone()),
    }
}

struct Ask<'a> {
    form: &'a Form,
    place: &'a Place,
    /// The kind as it is kept.
    resource: &'a Arc<Resource>,
    /// The kind in the version that the client asks for.
    served: &'a Arc<Resource>,
    view: View,
}

impl Ask<'_> {
    fn target(&self) -> Target<'_> {
        let Place { namespace, name, subresource, .. } = self.place;
        Target { resource: self.resource, namespace, name, subresource }
    }

    fn current(&self, objects: &Objects) -> Answer<Arc<Json>> {
        let found = objects.get(&self.resource.table(), &self.place.namespace, &self.place.name);
        found.ok_or_else(|| Refusal::not_found(self.resource.about(), &self.place.name))
    }

    fn answer(&self, objects: &mut Objects, verb: &str) -> Answer<Reply> {
        match self.place.subresource.as_str() {
            "" => self.answer_object(objects, verb),
            "status" if self.resource.has_status => self.answer_object(objects, verb),
            "scale" => match &self.resource.scale {
                Some(paths) => self.answer_scale(objects, verb, paths),
                None => Err(Refusal::no_path()),
            },
            other => self.answer_other(objects, verb, other),
        }
    }

    fn answer_object(&self, objects: &mut Objects, verb: &str) -> Answer<Reply> {
        match verb {
            "get" => Ok(Reply::new(200, self.view.show(self.served, &*self.current(objects)?))),
            "list" => self.list(objects),
            "watch" => self.watch(objects),
            "create" if self.place.name.is_empty() => self.create(objects),
            "update" => {
                let written = write::update(objects, self.target(), self.object()?, &self.form.options()?)?;
                Ok(self.written(written))
            }
            "patch" => {
                let patch = self.kept_patch(objects)?;
                let written = write::patch(objects, self.target(), patch, &self.form.options()?)?;
                Ok(self.written(written))
            }
            "delete" if self.place.subresource.is_empty() => self.delete(objects),
            "deletecollection" => self.delete_collection(objects),
            _ => Err(Refusal::not_allowed()),
        }
    }

    fn written(&self, written: Written) -> Reply {
        let code = if written.created { 201 } else { 200 };
        Reply::new(code, self.view.show(self.served, &written.object)).warnings(written.warnings)
    }

    fn create(&self, objects: &mut Objects) -> Answer<Reply> {
        let written = write::create(objects, self.target(), self.object()?, &self.form.options()?)?;
        Ok(self.written(written))
    }

    /// What the client sends, as it is kept.
    fn object(&self) -> Answer<Json> {
        let object = self.form.object()?;
        Ok(if autoscaling::is_old(self.served) { autoscaling::new(&object) } else { object })
    }

    fn kept_patch(&self, objects: &Objects) -> Answer<Patch> {
        let patch = self.patch()?;
        if !autoscaling::is_old(self.served) {
            return Ok(patch);
        }
        let current = match &patch {
            // Applying may create it.
            Patch::Apply(_) => Arc::new(Json::Null),
            _ => self.current(objects)?,
        };
        autoscaling::new_patch(patch, &current, self.served).map_err(Refusal::unprocessable)
    }

    fn patch(&self) -> Answer<Patch> {
        let body = self.form.body()?;
        match self.form.content_type() {
            "application/json-patch+json" => Ok(Patch::Json(body)),
            "application/merge-patch+json" => Ok(Patch::Merge(body)),
            "application/strategic-merge-patch+json" => Ok(Patch::Strategic(body)),
            "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(Patch::Apply(body)),
            _ => Err(Refusal::no_patch()),
        }
    }

    fn selector(&self) -> Answer<Selector> {
        let selector = Selector::parse(self.form.query("labelSelector"), self.form.query("fieldSelector"))?;
        selector.check_fields(self.resource)?;
        Ok(selector)
    }

    fn matching(&self, objects: &Objects, selector: &Selector) -> Vec<Arc<Json>> {
        let table = self.resource.table();
        let name = self.place.name.as_str();
        let rows = objects.list(&table, &self.place.namespace);
        rows.filter(|one| selector.matches(one) && (name.is_empty() || meta::name(one) == name)).cloned().collect()
    }

    /// A list, or the part of it that begins behind the place that `continue` names.
    fn list(&self, objects: &Objects) -> Answer<Reply> {
        let mut found = self.matching(objects, &self.selector()?);
        if let Some(last) = read_continue(self.form.query("continue"))? {
            found.retain(|one| (meta::namespace(one), meta::name(one)) > (&last.0, &last.1));
        }
        let limit = self.form.query("limit").parse().unwrap_or(0);
        let mut metadata = json!({"resourceVersion": objects.version().to_string()});
        if limit > 0 && found.len() > limit {
            set(&mut metadata, &["remainingItemCount"], found.len() - limit);
            found.truncate(limit);
            if let Some(last) = found.last() {
                set(&mut metadata, &["continue"], write_continue(last));
            }
        }
        Ok(Reply::new(200, self.view.show_list(self.served, &found, metadata)))
    }

    fn watch(&self, objects: &Objects) -> Answer<Reply> {
        let selector = self.selector()?;
        let initial = self.form.flag("sendInitialEvents");
        let from = watch::version(self.form.query("resourceVersion")).filter(|_| !initial);
        let (past, changes) = match from {
            Some(version) => objects.since(version)?,
            None => (Vec::new(), objects.subscribe()),
        };
        let mut watch = Watch {
            resource: Arc::clone(self.served),
            namespace: self.place.namespace.clone(),
            selector,
            view: self.view.clone(),
            pending: VecDeque::new(),
            seen: objects.version(),
            changes,
            until: watch::end(self.form.query("timeoutSeconds")),
        };
        let mut lines: VecDeque<_> = past.iter().filter_map(|change| watch.translate(change)).collect();
        if from.is_none() {
            let mut found = self.matching(objects, &watch.selector);
            watch::by_version(&mut found);
            lines.extend(found.iter().map(|one| watch.event("ADDED", one)));
        }
        if initial {
            lines.push_back(watch.bookmark(objects.version(), true));
        }
        watch.pending = lines;
        Ok(Reply::stream(watch.into_body()))
    }

    /// Options of a deletion: the query's, and those of the body.
    fn deletion(&self) -> Answer<Deletion> {
        let body = self.form.body()?;
        let word = |name: &str| match self.form.query(name) {
            "" => text(&body, &[name]).to_owned(),
            given => given.to_owned(),
        };
        let orphan = self.form.flag("orphanDependents") || super::super::json::flag(&body, &["orphanDependents"]);
        let propagation = match word("propagationPolicy").as_str() {
            "Foreground" => Propagation::Foreground,
            "Orphan" => Propagation::Orphan,
            _ if orphan => Propagation::Orphan,
            _ => Propagation::Background,
        };
        let own = |path: &[&str]| at(&body, path).and_then(Json::as_str).map(str::to_owned);
        let dry_run = !self.form.query("dryRun").is_empty() || !list(&body, &["dryRun"]).is_empty();
        Ok(Deletion {
            propagation,
            uid: own(&["preconditions", "uid"]),
            version: own(&["preconditions", "resourceVersion"]),
            grace_seconds: self
                .form
                .query("gracePeriodSeconds")
                .parse()
                .ok()
                .or(integer(&body, &["gracePeriodSeconds"])),
            dry_run,
        })
    }

    fn delete(&self, objects: &mut Objects) -> Answer<Reply> {
        let (last, gone) = write::delete(objects, self.target(), &self.deletion()?)?;
        if !gone
            || matches!(
                self.resource.kind.as_str(),
                "Pod" | "Service" | "PersistentVolumeClaim" | "CustomResourceDefinition"
            )
        {
            return Ok(Reply::new(200, self.view.show(self.served, &last)));
        }
        let mut details = json!({"name": self.place.name, "kind": self.resource.plural, "uid": meta::uid(&last)});
        if !self.resource.group.is_empty() {
            set(&mut details, &["group"], self.resource.group.as_str());
        }
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
        });
        Ok(Reply::new(200, status))
    }

    fn delete_collection(&self, objects: &mut Objects) -> Answer<Reply> {
        let how = self.deletion()?;
        let doomed = self.matching(objects, &self.selector()?);
        for one in &doomed {
            let target = Target { namespace: meta::namespace(one), name: meta::name(one), ..self.target() };
            write::delete(objects, target, &how)?;
        }
        let metadata = json!({"resourceVersion": objects.version().to_string()});
        Ok(Reply::new(200, self.view.show_list(self.served, &doomed, metadata)))
    }

    fn answer_scale(&self, objects: &mut Objects, verb: &str, paths: &ScalePaths) -> Answer<Reply> {
        let current = self.current(objects)?;
        let mut scale = scale_of(&current, paths);
        match verb {
            "get" => return Ok(Reply::new(200, scale)),
            "update" => scale = self.form.object()?,
            "patch" => match self.patch()? {
                Patch::Json(patch) => {
                    patch::json_patch(&mut scale, &patch).map_err(Refusal::unprocessable)?;
                }
                Patch::Merge(patch) | Patch::Strategic(patch) | Patch::Apply(patch) => {
                    patch::merge_patch(&mut scale, &patch);
                }
            },
            _ => return Err(Refusal::not_allowed()),
        }
        let replicas = integer(&scale, &["spec", "replicas"]).unwrap_or_default();
        let written = write::scale(objects, self.target(), paths, replicas, &self.form.options()?)?;
        Ok(Reply::new(200, scale_of(&written.object, paths)))
    }

    /// What a cluster with nodes could do and the sandbox cannot, and what only posts.
    fn answer_other(&self, objects: &mut Objects, verb: &str, subresource: &str) -> Answer<Reply> {
        let current = self.current(objects)?;
        match (self.resource.table().as_str(), subresource) {
            ("/pods", "log" | "exec" | "attach" | "portforward" | "proxy") => Err(Refusal::not_implemented(format!(
                "the sandbox runs no containers, so pod {:?} has no {subresource}: it only shows what a cluster would hold",
                self.place.name
            ))),
            ("/pods", "eviction") if verb == "create" => self.delete(objects),
            ("/namespaces", "finalize") if verb == "update" => {
                Ok(Reply::new(200, self.view.show(self.served, &current)))
            }
            _ => Err(Refusal::no_path()),
        }
    }
}

fn write_continue(last: &Json) -> String {
    let place = json!([meta::namespace(last), meta::name(last)]);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(place.to_string())
}

fn read_continue(token: &str) -> Answer<Option<(String, String)>> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok();
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    place.map(Some).ok_or_else(|| Refusal::bad_request("continue key is not valid"))
}

fn scale_of(object: &Json, paths: &ScalePaths) -> Json {
    let number = |path: &[String]| {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        integer(object, &path).unwrap_or_default()
    };
    let selector_path: Vec<_> = paths.selector.iter().map(String::as_str).collect();
    let selector = match at(object, &selector_path) {
        Some(Json::String(text)) => text.clone(),
        Some(selector) => selector_text(selector),
        None => String::new(),
    };
    let fields = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let metadata: serde_json::Map<_, _> = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), get(object, &["metadata"]).get(*field)?.clone())))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": {"replicas": number(&paths.spec_replicas)},
        "status": {"replicas": number(&paths.status_replicas), "selector": selector},
    })
}

fn selector_text(selector: &Json) -> String {
    let labels = super::super::json::map(selector, &["matchLabels"]);
    let pairs: Vec<_> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}
