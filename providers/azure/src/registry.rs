//! Every type of the provider: one word each, sorted.

use crate::resource::Resource;
use crate::resources;
use formwork_model::schema::ResourceSchema;

macro_rules! registry {
    (resources { $($($module:ident)::+,)* }) => {
        /// Schemas of all resource types.
        pub(crate) const RESOURCE_SCHEMAS: &[ResourceSchema] = &[$(resources::$($module)::+::SCHEMA),*];
        static RESOURCES: &[&dyn Resource] = &[$(&resources::$($module)::+::RESOURCE),*];
    };
}

registry! {
    resources {
        resource_group,
        subnet,
        virtual_network,
    }
}

/// The resource type called `name`.
pub(crate) fn resource(name: &str) -> Option<&'static dyn Resource> {
    let position = RESOURCE_SCHEMAS.iter().position(|schema| schema.name == name)?;
    RESOURCES.get(position).copied()
}

/// All resource types.
pub(crate) fn resources() -> impl Iterator<Item = &'static dyn Resource> {
    RESOURCES.iter().copied()
}
