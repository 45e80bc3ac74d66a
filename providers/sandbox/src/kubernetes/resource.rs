//! A kind of object that the API serves: what it is called, and where its schema lies.

use super::schema::{Schema, definition};
use super::status::About;
use serde_json::Value as Json;
use std::sync::{Arc, OnceLock};

/// One resource at one version.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) namespaced: bool,
    pub(crate) has_status: bool,
    pub(crate) scale: Option<ScalePaths>,
    pub(crate) shape: Shape,
}

/// Where a kind keeps what the `scale` subresource shows.
#[derive(Clone, Debug)]
pub(crate) struct ScalePaths {
    pub(crate) spec_replicas: Vec<String>,
    pub(crate) status_replicas: Vec<String>,
    /// The path of a selector: an object (built-in kinds) or its text (custom ones).
    pub(crate) selector: Vec<String>,
}

/// Where the schema lies.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A definition of the built-in API.
    Builtin(String),
    /// A version of a custom resource definition.
    Custom(Arc<CustomShape>),
}

/// What a custom resource definition says of one version.
#[derive(Debug)]
pub(crate) struct CustomShape {
    /// The schema, with `metadata` referring to the built-in one.
    pub(crate) schema: Json,
    /// `additionalPrinterColumns`.
    pub(crate) columns: Vec<Json>,
    /// The schema as it was written, compiled when first needed.
    pub(crate) validator: OnceLock<Result<jsonschema::Validator, String>>,
}

impl Resource {
    /// Group and version as objects write them.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The name under which objects of all versions lie.
    pub(crate) fn table(&self) -> String {
        format!("{}/{}", self.group, self.plural)
    }

    /// What refusals call it.
    pub(crate) fn about(&self) -> About<'_> {
        About { group: &self.group, plural: &self.plural, kind: &self.kind }
    }

    /// The schema of an object.
    pub(crate) fn schema(&self) -> Schema<'_> {
        match &self.shape {
            Shape::Builtin(name) => Schema::new(definition(name)),
            Shape::Custom(shape) => Schema::new(&shape.schema),
        }
    }

    /// Whether a custom resource definition made it.
    pub(crate) fn is_custom(&self) -> bool {
        matches!(self.shape, Shape::Custom(_))
    }

    /// Whether this is the built-in kind with the table's name.
    pub(crate) fn is(&self, table: &str) -> bool {
        !self.is_custom() && self.table() == table
    }
}
