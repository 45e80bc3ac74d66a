//! Whether a value has the type that the schema says. Texts of an enum are not compared: clouds add new ones.

use super::trail::Trail;
use super::{Breach, Report, shown};
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{ValueRef, View};

/// Whether unknown parts may be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknowns {
    Allowed,
    Refused,
}

/// Checks a map of attributes.
pub(super) fn attributes(report: &mut Report<'_>, attributes: &[Attribute], values: ValueRef<'_>, unknowns: Unknowns) {
    Fit { report, unknowns }.fields(attributes, values, &Trail::ROOT);
}

struct Fit<'a, 'b> {
    report: &'a mut Report<'b>,
    unknowns: Unknowns,
}

impl Fit<'_, '_> {
    fn fields(&mut self, attributes: &[Attribute], values: ValueRef<'_>, trail: &Trail<'_>) {
        let View::Map(entries) = values.exposed().view() else {
            let came = shown(Some(values));
            return self.report.add(Breach::WrongType, trail.path(), "a map of attributes".to_owned(), came);
        };
        for (name, value) in entries {
            let trail = trail.member(name);
            match attributes.iter().find(|attribute| attribute.name == name) {
                None => {
                    let came = kind(value).to_owned();
                    self.report.add(Breach::SurplusAttribute, trail.path(), "no such attribute".to_owned(), came);
                }
                // Null says that the attribute is absent.
                Some(_) if value.exposed().is_null() => {}
                Some(attribute) => self.value(&attribute.ty, value, &trail),
            }
        }
    }

    fn value(&mut self, ty: &AttributeType, value: ValueRef<'_>, trail: &Trail<'_>) {
        match (ty, value.exposed().view()) {
            (_, View::Unknown(_)) if self.unknowns == Unknowns::Allowed => {}
            (_, View::Unknown(_)) => self.left_unknown(trail),
            (AttributeType::Any | AttributeType::SameAs(_), _) => self.anything(value, trail),
            (AttributeType::Object(fields), View::Map(_)) => self.fields(fields, value, trail),
            (AttributeType::List(item), View::List(items)) | (AttributeType::Set(item), View::Set(items)) => {
                for (index, value) in items.enumerate() {
                    self.value(item, value, &trail.index(index));
                }
            }
            (AttributeType::Map(entry), View::Map(entries)) => {
                for (key, value) in entries {
                    self.value(entry, value, &trail.key(key));
                }
            }
            _ if is_plain(ty, value) => {}
            _ => self.wrong_type(ty, value, trail),
        }
    }

    /// Everything fits, as long as it is known.
    fn anything(&mut self, value: ValueRef<'_>, trail: &Trail<'_>) {
        if self.unknowns == Unknowns::Refused && !value.is_known() {
            self.left_unknown(trail);
        }
    }

    fn left_unknown(&mut self, trail: &Trail<'_>) {
        self.report.add(Breach::LeftUnknown, trail.path(), "a known value".to_owned(), "an unknown one".to_owned());
    }

    fn wrong_type(&mut self, ty: &AttributeType, value: ValueRef<'_>, trail: &Trail<'_>) {
        self.report.add(Breach::WrongType, trail.path(), ty.to_type().to_string(), kind(value).to_owned());
    }
}

/// Whether a scalar fits.
fn is_plain(ty: &AttributeType, value: ValueRef<'_>) -> bool {
    match value.exposed().view() {
        View::Bool(_) => matches!(ty, AttributeType::Bool),
        View::Int(_) => matches!(ty, AttributeType::Int | AttributeType::Float),
        View::Float(_) => matches!(ty, AttributeType::Float),
        View::Duration(_) => matches!(ty, AttributeType::Duration),
        View::String(_) => matches!(
            ty,
            AttributeType::String
                | AttributeType::Cidr
                | AttributeType::Ip
                | AttributeType::Url
                | AttributeType::Enum(_)
                | AttributeType::OpenEnum(_)
                | AttributeType::Reference(_)
        ),
        // A secret that the state has sealed can only be judged where it is opened.
        View::Sealed(_) => true,
        _ => false,
    }
}

/// What a value is, without saying what it says.
fn kind(value: ValueRef<'_>) -> &'static str {
    match value.exposed().view() {
        View::Null => "null",
        View::Bool(_) => "a bool",
        View::Int(_) => "an int",
        View::Float(_) => "a float",
        View::String(_) => "a string",
        View::Duration(_) => "a duration",
        View::List(_) => "a list",
        View::Set(_) => "a set",
        View::Map(_) => "a map",
        View::Sealed(_) | View::Secret(_) => "a secret",
        View::Unknown(_) => "an unknown value",
    }
}
