//! Data sources: every resource type as an existing object, and what the subscription and the credentials tell.

pub(crate) mod client_config;
pub(crate) mod key;
pub(crate) mod kubernetes_credentials;
pub(crate) mod kubernetes_versions;
pub(crate) mod locations;
pub(crate) mod resource;
pub(crate) mod secret;
pub(crate) mod storage_account_keys;
pub(crate) mod subscription;

use crate::resource::path::LOCAL;
use crate::resource::{ArmType, known_map};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Presence, ResourceSchema};
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::typed::DataSource;
use formwork_provider_api::{ErrorClass, ProviderError, ReadDataRequest};

/// A data source with a call of its own.
#[async_trait]
pub(crate) trait Data: Send + Sync {
    /// Reads it; the config is known.
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError>;
}

/// A data source as the connection takes it.
pub(crate) struct Source<D: 'static>(pub(crate) &'static D);

#[async_trait]
impl<D: Data> DataSource<Session> for Source<D> {
    async fn read(&self, session: &Session, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        let config = known_map(request.config.view());
        Ok(ValueBuf::from(Value::Map(self.0.read(session, &config).await?)))
    }
}

#[async_trait]
impl Data for ArmType {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let id = self.id_of(session, config, "")?;
        let gone = || ProviderError::new(ErrorClass::NotFound, format!("there is no {id}"));
        let answer = self.look_up(session, &id).await?.ok_or_else(gone)?;
        // Who only looks sees the children, whoever keeps them.
        let mut known = config.clone();
        for child in self.children {
            known.insert(*child, Value::list([]));
        }
        let mut values = self.decode(&id, &answer.body, &known);
        for attribute in self.schema.attributes.iter().filter(|attribute| !is_shown(attribute)) {
            values.remove(attribute.name);
        }
        if self.hooks.enriches() {
            self.hooks.enrich(session, &id, &mut values).await?;
        }
        Ok(values)
    }
}

/// The data source of a resource type: what names the object is given, everything else is read.
pub(crate) const fn schema(resource: &ResourceSchema, attributes: &'static [Attribute]) -> ResourceSchema {
    ResourceSchema::new(resource.name, resource.docs).attributes(attributes)
}

/// How many attributes of a resource type its data source has.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; out of bounds does not compile")]
pub(crate) const fn count(resource: &[Attribute]) -> usize {
    let (mut index, mut count) = (0, 0);
    while index < resource.len() {
        count += if is_shown(&resource[index]) { 1 } else { 0 };
        index += 1;
    }
    count
}

/// The attributes of such a data source.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; out of bounds does not compile")]
pub(crate) const fn attributes<const N: usize>(resource: &[Attribute]) -> [Attribute; N] {
    let mut attributes = [Attribute::boolean("", ""); N];
    let (mut index, mut count) = (0, 0);
    while index < resource.len() {
        if is_shown(&resource[index]) {
            attributes[count] = observed(resource[index]);
            count += 1;
        }
        index += 1;
    }
    attributes
}

/// The same attributes, of which this one may be given; else it is read.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; out of bounds does not compile")]
const fn with_given<const N: usize>(mut attributes: [Attribute; N], given: Attribute) -> [Attribute; N] {
    let mut index = 0;
    while index < N {
        if same(attributes[index].name, given.name) {
            attributes[index] = given.optional_computed();
        }
        index += 1;
    }
    attributes
}

/// Whether an attribute is something of the object's, and not what Formwork shall do with it.
const fn is_shown(attribute: &Attribute) -> bool {
    !same(attribute.vendor, LOCAL) || matches!(attribute.presence, Presence::Computed)
}

const fn observed(mut attribute: Attribute) -> Attribute {
    attribute.presence = if names(&attribute) { Presence::Required } else { Presence::Computed };
    attribute.default = Preset::None;
    attribute.create_only = false;
    attribute.write_only = false;
    attribute
}

/// Whether an attribute says which object is meant: its name, and what it lies in, which has no vendor path.
const fn names(attribute: &Attribute) -> bool {
    let is_scope = attribute.vendor.is_empty()
        && matches!(attribute.presence, Presence::Required)
        && matches!(attribute.ty, AttributeType::Reference(_));
    is_scope || (same(attribute.name, "name") && attribute.vendor.is_empty())
}

/// In the order of their names.
#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; out of bounds does not compile")]
pub(crate) const fn sorted<const N: usize>(mut schemas: [ResourceSchema; N]) -> [ResourceSchema; N] {
    let mut end = 1;
    while end < N {
        let mut index = end;
        while index > 0 && less(schemas[index].name, schemas[index - 1].name) {
            let other = schemas[index];
            schemas[index] = schemas[index - 1];
            schemas[index - 1] = other;
            index -= 1;
        }
        end += 1;
    }
    schemas
}

const fn same(one: &str, other: &str) -> bool {
    !less(one, other) && !less(other, one)
}

#[expect(clippy::indexing_slicing, reason = "evaluated while compiling; out of bounds does not compile")]
const fn less(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if one[index] != other[index] {
            return one[index] < other[index];
        }
        index += 1;
    }
    one.len() < other.len()
}
