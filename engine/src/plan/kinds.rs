//! What the plan needs to know of each type, looked up once.

use super::problem::Problem;
use formwork_model::schema::{Presence, ResourceSchema};
use formwork_model::{Address, ObjectKind, TypeName, ValueBuf, ValueRef};
use formwork_provider_api::Provider;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// A type with its provider.
pub(crate) struct Kind {
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) provider: Arc<dyn Provider>,
    /// Attributes by name, for going through sorted entries side by side.
    columns: Vec<Column>,
}

struct Column {
    name: &'static str,
    presence: Presence,
    write_only: bool,
    default: Option<ValueBuf>,
}

impl Kind {
    fn new(schema: &'static ResourceSchema, provider: Arc<dyn Provider>) -> Self {
        let mut columns: Vec<Column> = schema
            .attributes
            .iter()
            .map(|attribute| Column {
                name: attribute.name,
                presence: attribute.presence,
                write_only: attribute.write_only,
                default: attribute.default_value().map(ValueBuf::from),
            })
            .collect();
        columns.sort_by_key(|column| column.name);
        Self { schema, provider, columns }
    }

    /// Whether `prior` is, byte for byte, what the config asks for: then nothing has to be proposed or compared. When
    /// this says no, they may still mean the same.
    pub(crate) fn conforms(&self, config: ValueRef<'_>, prior: ValueRef<'_>) -> bool {
        let mut given = config.entries().peekable();
        let mut kept = prior.entries().peekable();
        for column in &self.columns {
            while kept.next_if(|(name, _)| *name < column.name).is_some() {}
            let said = given.next_if(|(name, _)| *name == column.name).map(|(_, value)| value);
            let is = kept.next_if(|(name, _)| *name == column.name).map(|(_, value)| value);
            if !column.agrees(said.filter(|value| !value.is_null()), is.filter(|value| !value.is_null())) {
                return false;
            }
        }
        given.next().is_none()
    }
}

impl Column {
    fn agrees(&self, said: Option<ValueRef<'_>>, is: Option<ValueRef<'_>>) -> bool {
        match (said, self.presence) {
            (Some(_), _) if self.write_only => false,
            (Some(said), _) => is == Some(said),
            (None, Presence::Computed) => true,
            (None, Presence::OptionalComputed) => is.is_some(),
            (None, Presence::Required | Presence::Optional) => is == self.default.as_ref().map(ValueBuf::view),
        }
    }
}

/// All types that were met.
#[derive(Default)]
pub(crate) struct Kinds {
    known: HashMap<(ObjectKind, TypeName), Option<Rc<Kind>>>,
}

impl Kinds {
    /// A type.
    ///
    /// # Errors
    /// When its provider is not in this build, or does not know it.
    pub(crate) fn get(
        &mut self,
        find: impl FnOnce() -> Option<Arc<dyn Provider>>,
        kind: ObjectKind,
        type_name: &TypeName,
        address: &Address,
    ) -> Result<Rc<Kind>, Box<Problem>> {
        let known = self.known.entry((kind, type_name.clone())).or_insert_with(|| {
            let provider = find()?;
            let schema = match kind {
                ObjectKind::Data => provider.schema().data_source(&type_name.name),
                ObjectKind::Ephemeral => provider.schema().ephemeral(&type_name.name),
                ObjectKind::Resource | ObjectKind::Provider => provider.schema().resource(&type_name.name),
            };
            schema.map(|schema| Rc::new(Kind::new(schema, provider)))
        });
        let unknown = || Problem::UnknownType { address: address.clone(), type_name: type_name.to_string() };
        known.clone().ok_or_else(|| Box::new(unknown()))
    }
}
