//! Which kinds a cluster serves: the built-in ones, and those that custom resource definitions make.

mod definition;
mod validate;

pub(crate) use definition::{accept, check_definition, default_definition};
pub(crate) use validate::{add_defaults, check_object};

use super::autoscaling;
use super::json::{at, flag, list, set, text};
use super::meta;
use super::objects::Key;
use super::resource::{CustomShape, Resource, ScalePaths, Shape};
use super::schema::{builtins, reference};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The table of custom resource definitions.
pub(crate) const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";
/// What keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The kinds of a cluster.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    custom: BTreeMap<String, Custom>,
    revision: u64,
}

#[derive(Debug)]
struct Custom {
    spec: Json,
    resources: Vec<Arc<Resource>>,
}

impl Catalog {
    /// Follows the definitions; what did not change keeps its compiled form.
    pub(crate) fn refresh(&mut self, rows: &BTreeMap<Key, Arc<Json>>) {
        let mut known = std::mem::take(&mut self.custom);
        self.revision += 1;
        let from = (DEFINITIONS.to_owned(), String::new(), String::new());
        for ((table, _, name), row) in rows.range(from..) {
            if table != DEFINITIONS {
                break;
            }
            let spec = at(row, &["spec"]).cloned().unwrap_or_default();
            let custom = match known.remove(name) {
                Some(one) if one.spec == spec => one,
                _ if !meta::condition(row, "Established") => continue,
                _ => Custom { resources: served(&spec), spec },
            };
            self.custom.insert(name.clone(), custom);
        }
    }

    /// Grows when the definitions change.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// All kinds, the built-in ones first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        builtins().iter().chain(self.custom.values().flat_map(|one| &one.resources))
    }

    /// The kind with this plural name at this version.
    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.all().find(|one| one.group == group && one.version == version && one.plural == plural).cloned()
    }

    /// The kind that an object says it is, in a version in which objects are kept.
    pub(crate) fn kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let mut kept = self.all().filter(|one| !autoscaling::is_old(one));
        kept.find(|one| one.kind == kind && one.api_version() == api_version).cloned()
    }

    /// A kind by the table of its objects, at the first version served.
    pub(crate) fn by_table(&self, table: &str) -> Option<Arc<Resource>> {
        self.all().find(|one| one.table() == table).cloned()
    }
}

/// The resources that a definition serves.
fn served(spec: &Json) -> Vec<Arc<Resource>> {
    let versions = list(spec, &["versions"]).iter().filter(|one| flag(one, &["served"]));
    versions.map(|version| Arc::new(resource(spec, version))).collect()
}

fn texts(value: &Json, path: &[&str]) -> Vec<String> {
    list(value, path).iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn resource(spec: &Json, version: &Json) -> Resource {
    let name = |key: &str| text(spec, &["names", key]).to_owned();
    let shape = CustomShape {
        schema: whole_schema(version),
        columns: list(version, &["additionalPrinterColumns"]).to_vec(),
        validator: OnceLock::new(),
    };
    Resource {
        group: text(spec, &["group"]).to_owned(),
        version: text(version, &["name"]).to_owned(),
        kind: name("kind"),
        list_kind: name("listKind"),
        plural: name("plural"),
        singular: name("singular"),
        short_names: texts(spec, &["names", "shortNames"]),
        categories: texts(spec, &["names", "categories"]),
        namespaced: text(spec, &["scope"]) == "Namespaced",
        has_status: at(version, &["subresources", "status"]).is_some(),
        scale: at(version, &["subresources", "scale"]).map(scale_paths),
        shape: Shape::Custom(Arc::new(shape)),
    }
}

fn scale_paths(scale: &Json) -> ScalePaths {
    let path = |key: &str| {
        let path = text(scale, &[key]).split('.');
        path.filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    ScalePaths {
        spec_replicas: path("specReplicasPath"),
        status_replicas: path("statusReplicasPath"),
        selector: path("labelSelectorPath"),
    }
}

/// The version's schema with what every object has.
fn whole_schema(version: &Json) -> Json {
    let mut schema = at(version, &["schema", "openAPIV3Schema"]).cloned().unwrap_or_else(|| json!({"type": "object"}));
    let written = |what: &str| json!({"type": "string", "description": what});
    set(&mut schema, &["properties", "apiVersion"], written("The versioned schema of this object."));
    set(&mut schema, &["properties", "kind"], written("The kind of this object."));
    let metadata = reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    set(&mut schema, &["properties", "metadata"], metadata);
    schema
}
