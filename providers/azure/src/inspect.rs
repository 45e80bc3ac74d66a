//! What tests hold against the vendor's data: each type's declaration, the body that it sends, what it reads. Not for the
//! program.

use crate::arm::ResourceId;
use crate::compute::{self, Kind};
use crate::registry;
use crate::resource::{ArmType, Scope, path};
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{Map, Value};
use serde_json::Value as Json;

/// A type that ARM serves.
#[derive(Clone, Copy)]
pub struct Inspected(&'static ArmType);

/// All of them.
#[must_use]
pub fn types() -> Vec<Inspected> {
    registry::resources().filter_map(|resource| resource.arm()).map(Inspected).collect()
}

impl Inspected {
    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &'static ResourceSchema {
        self.0.schema
    }

    /// The vendor's type, such as `Microsoft.Network/virtualNetworks`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// The version that is spoken.
    #[must_use]
    pub fn api_version(&self) -> &'static str {
        self.0.api_version
    }

    /// The vendor path of a top-level attribute; none where the id says it, or where it is not sent.
    #[must_use]
    pub fn place(&self, attribute: &Attribute) -> Option<String> {
        path::of_attribute(self.0, attribute).map(String::from)
    }

    /// The vendor path of a nested block's field, within the block.
    #[must_use]
    pub fn field_place(attribute: &Attribute) -> Option<String> {
        path::of_field(attribute).map(String::from)
    }

    /// Attributes that hold objects which are resources of their own.
    #[must_use]
    pub fn children(&self) -> &'static [&'static str] {
        self.0.children
    }

    /// The attribute that names what the object lies in.
    #[must_use]
    pub fn parent_attribute(&self) -> Option<&'static str> {
        match self.0.scope {
            Scope::Subscription => None,
            Scope::Group => Some("group"),
            Scope::Child(attribute) | Scope::Extension(attribute) => Some(attribute),
        }
    }

    /// Vendor paths that always have one value.
    #[must_use]
    pub fn fixed(&self) -> &'static [(&'static str, &'static str)] {
        self.0.fixed
    }

    /// The body of a PUT, before the type's hooks.
    #[must_use]
    pub fn encode(&self, values: &Map, current: Option<&Json>) -> Json {
        self.0.encode(values, current)
    }

    /// Whether the compute crate's model says all that a body says; none for a type that is not the crate's.
    #[must_use]
    pub fn carried_by_the_crate(&self, body: &Json) -> Option<bool> {
        Kind::of(self.0.kind).map(|kind| compute::carries(kind, body))
    }

    /// What is read from an answer. None where `id` is no id.
    #[must_use]
    pub fn decode(&self, id: &str, body: &Json, known: &Map) -> Option<Value> {
        let id = ResourceId::parse(id)?;
        Some(Value::Map(self.0.decode(&id, body, known)))
    }
}
