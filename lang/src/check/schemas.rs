//! Types of providers, looked up by name once and kept: attributes by name, what each takes and how it reads.

use super::Schemas;
use crate::tree::Word;
use ecow::EcoString;
use formwork_model::schema::{Attribute, AttributeType, Presence, ProviderSchema, ResourceSchema};
use formwork_model::{ObjectKind, ObjectType, Type, TypeName};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// What is known of one type of a provider.
pub(crate) struct ObjectInfo {
    /// Its schema.
    pub(crate) schema: &'static ResourceSchema,
    /// Its full name.
    pub(crate) name: TypeName,
    /// The type of a reference to an object of it.
    pub(crate) ty: Type,
    /// Its attributes.
    attributes: Vec<AttributeInfo>,
    by_name: HashMap<&'static str, usize>,
    /// The attributes whose type is that of another one (`output`, `input`).
    pub(crate) same_as: Option<&'static str>,
}

/// What is known of one attribute.
pub(crate) struct AttributeInfo {
    /// Its schema.
    pub(crate) attribute: &'static Attribute,
    /// What config for it must fit.
    pub(crate) config: Type,
    /// What an expression sees that reads it.
    pub(crate) read: Type,
}

impl ObjectInfo {
    fn of(provider: &str, kind: ObjectKind, schema: &'static ResourceSchema) -> Self {
        let name = TypeName::new(provider, schema.name);
        let attributes: Vec<AttributeInfo> = schema.attributes.iter().map(AttributeInfo::of).collect();
        let by_name = attributes.iter().enumerate().map(|(position, info)| (info.attribute.name, position)).collect();
        let same_as = schema.attributes.iter().find_map(|attribute| match attribute.ty {
            AttributeType::SameAs(input) => Some(input),
            _ => None,
        });
        let ty = Type::Object(Arc::new(ObjectType { kind, name: name.clone(), same_as: None }));
        Self { schema, name, ty, attributes, by_name, same_as }
    }

    /// The attribute called `name`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&AttributeInfo> {
        self.by_name.get(name).and_then(|position| self.attributes.get(*position))
    }

    /// Attributes in the order of the schema.
    pub(crate) fn attributes(&self) -> &[AttributeInfo] {
        &self.attributes
    }

    /// Names of what can be read.
    pub(crate) fn readable(&self) -> impl Iterator<Item = &'static str> {
        self.attributes.iter().filter(|info| !info.attribute.write_only).map(|info| info.attribute.name)
    }

    /// Names of what can be set.
    pub(crate) fn settable(&self) -> impl Iterator<Item = &'static str> {
        self.attributes.iter().filter(|info| info.attribute.is_settable()).map(|info| info.attribute.name)
    }
}

impl AttributeInfo {
    pub(crate) fn of(attribute: &'static Attribute) -> Self {
        let config = attribute.config_type();
        let config = if attribute.presence == Presence::Required { config } else { config.optional() };
        Self { attribute, config, read: attribute.read_type() }
    }
}

/// Schemas that were asked for.
pub(crate) struct SchemaTable<'a> {
    source: &'a dyn Schemas,
    providers: HashMap<EcoString, Option<&'static ProviderSchema>>,
    objects: HashMap<(ObjectKind, EcoString, EcoString), Option<Rc<ObjectInfo>>>,
    configurations: HashMap<EcoString, Rc<Vec<AttributeInfo>>>,
    defaults: HashMap<EcoString, Rc<HashMap<&'static str, AttributeInfo>>>,
}

impl<'a> SchemaTable<'a> {
    /// A table over `source`.
    pub(crate) fn new(source: &'a dyn Schemas) -> Self {
        Self {
            source,
            providers: HashMap::new(),
            objects: HashMap::new(),
            configurations: HashMap::new(),
            defaults: HashMap::new(),
        }
    }

    /// Where schemas come from.
    pub(crate) fn source(&self) -> &'a dyn Schemas {
        self.source
    }

    /// Names of all providers.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.source.names()
    }

    /// Whether there is such a provider.
    pub(crate) fn has_provider(&self, name: &str) -> bool {
        self.source.provider(name).is_some()
    }

    /// Whether a provider has resources or data sources of this name.
    pub(crate) fn has_type(&self, provider: &str, name: &str) -> bool {
        let types = self.source.provider(provider).map(|schema| schema.resources.iter().chain(schema.data));
        types.into_iter().flatten().any(|schema| schema.name == name)
    }

    /// The provider called `name`.
    pub(crate) fn provider(&mut self, name: &EcoString) -> Option<&'static ProviderSchema> {
        let source = self.source;
        *self.providers.entry(name.clone()).or_insert_with(|| source.provider(name))
    }

    /// A type of a provider, of one kind.
    pub(crate) fn object(
        &mut self,
        provider: &'static ProviderSchema,
        kind: ObjectKind,
        name: &EcoString,
    ) -> Option<Rc<ObjectInfo>> {
        let key = (kind, EcoString::from(provider.name), name.clone());
        let found = self.objects.entry(key).or_insert_with(|| {
            let schema = match kind {
                ObjectKind::Resource => provider.resource(name),
                ObjectKind::Data => provider.data_source(name),
                ObjectKind::Ephemeral => provider.ephemeral(name),
                ObjectKind::Provider => None,
            };
            schema.map(|schema| Rc::new(ObjectInfo::of(provider.name, kind, schema)))
        });
        found.clone()
    }

    /// A type of a provider, of the first kind that has it.
    pub(crate) fn any_kind(&mut self, provider: &'static ProviderSchema, name: &Word) -> Option<Rc<ObjectInfo>> {
        [ObjectKind::Resource, ObjectKind::Data, ObjectKind::Ephemeral]
            .into_iter()
            .find_map(|kind| self.object(provider, kind, &name.text))
    }

    /// A type by its full name.
    pub(crate) fn known(&mut self, kind: ObjectKind, name: &TypeName) -> Option<Rc<ObjectInfo>> {
        let provider = self.provider(&name.provider)?;
        self.object(provider, kind, &name.name)
    }

    /// What a block of a provider takes.
    pub(crate) fn configuration(&mut self, provider: &'static ProviderSchema) -> Rc<Vec<AttributeInfo>> {
        let entry = self.configurations.entry(provider.name.into());
        entry.or_insert_with(|| Rc::new(provider.configuration.iter().map(AttributeInfo::of).collect())).clone()
    }

    /// The attributes that `defaults` of a provider may set: all that one of its resource types has, unless they have one
    /// value for ever.
    pub(crate) fn defaults(&mut self, provider: &'static ProviderSchema) -> Rc<HashMap<&'static str, AttributeInfo>> {
        let entry = self.defaults.entry(provider.name.into());
        entry
            .or_insert_with(|| {
                let attributes = provider.resources.iter().flat_map(|schema| schema.attributes);
                let mut table = HashMap::new();
                for attribute in attributes.filter(|attribute| attribute.is_defaultable()) {
                    table.entry(attribute.name).or_insert_with(|| AttributeInfo::of(attribute));
                }
                Rc::new(table)
            })
            .clone()
    }
}
