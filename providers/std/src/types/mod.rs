//! One file for each type.

pub(crate) mod certificate;
pub(crate) mod choice;
pub(crate) mod command;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod identifier;
pub(crate) mod key;
pub(crate) mod password;
pub(crate) mod pause;
pub(crate) mod time;
pub(crate) mod universal_identifier;
pub(crate) mod value;

use formwork_model::schema::{Attribute, AttributeType, Capabilities, Recognition, ResourceSchema};

/// Changing it makes a new one.
const TRIGGERS: Attribute =
    Attribute::new("triggers", AttributeType::Any, "Any value; when it changes, a new one is made.").create_only();

/// A type that exists in the state alone and never changes in place.
const fn made_once(name: &'static str, docs: &'static str) -> ResourceSchema {
    ResourceSchema::new(name, docs)
        .identity(&[])
        .recognised_by(Recognition::Repeatable)
        .usually_takes_s(0)
        .import_help("")
        .capabilities(Capabilities {
            update: false,
            find: true,
            batch_read: true,
            list: false,
            import: false,
            expand: false,
            repair: false,
        })
}
