//! What means the same in ARM although it is written otherwise: the case of ids and enums, `West US` and `westus`, a group's
//! name and its id.

use crate::arm::ResourceId;
use crate::session::Session;
use formwork_model::schema::{Attribute, AttributeType, Equality};

/// `West US` is `westus`.
pub(crate) fn location(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether two texts of an attribute mean the same.
pub(crate) fn same_text(attribute: &Attribute, ty: &AttributeType, one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    if is_location(attribute) {
        return location(one) == location(other);
    }
    let ignores_case = matches!(ty, AttributeType::Enum(_) | AttributeType::OpenEnum(_) | AttributeType::Reference(_))
        || attribute.equality == Equality::CaseInsensitive;
    ignores_case && one.to_lowercase() == other.to_lowercase()
}

/// Whether an attribute names a region.
pub(crate) fn is_location(attribute: &Attribute) -> bool {
    attribute.name == "location" || attribute.vendor.ends_with("location") || attribute.vendor.ends_with("locationName")
}

/// The group that a text names, by name or by id.
pub(crate) fn group(session: &Session, text: &str) -> Option<ResourceId> {
    match ResourceId::parse(text) {
        Some(id) => id.group_id(),
        None => ResourceId::group_of(&session.subscription, text).ok(),
    }
}

/// Whether a group's name or id in a config means the group of an id that ARM told.
pub(crate) fn is_group(text: &str, told: &ResourceId) -> bool {
    match ResourceId::parse(text) {
        Some(id) => id.group_id() == told.group_id(),
        None => told.group().is_some_and(|group| group.to_lowercase() == text.to_lowercase()),
    }
}
