//! Checks of a config that the schema cannot express, made offline. What is not known yet is passed over.

use formwork_model::{AttributePath, Step, ValueRef};
use formwork_provider_api::Finding;

/// Gathers what is wrong with a config.
#[derive(Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

impl Findings {
    /// An error at a path.
    pub(crate) fn error(&mut self, path: AttributePath, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Finding { warning: false, path, message: message.into(), help: Some(help.into()) });
    }

    /// Of these entries exactly one must be set.
    pub(crate) fn exactly_one(&mut self, path: &AttributePath, value: ValueRef<'_>, what: &str, names: &[&str]) {
        let set: Vec<&str> = names.iter().copied().filter(|name| known(value, name).is_some()).collect();
        let open = names.iter().any(|name| is_unknown(value, name));
        match set.as_slice() {
            [] if !open => {
                self.error(path.clone(), format!("it has no {what}"), format!("set one of {}", quoted(names)));
            }
            [_, second, ..] => {
                let help = format!("keep one of {}", quoted(&set));
                self.error(path.then(Step::Member((*second).into())), format!("it has more than one {what}"), help);
            }
            _ => {}
        }
    }

    /// An IPv4 range must have a length within these bounds.
    pub(crate) fn prefix(&mut self, value: ValueRef<'_>, name: &str, shortest: u8, longest: u8) {
        let Some(text) = known(value, name).and_then(ValueRef::as_str) else { return };
        let Some(length) = text.split_once('/').and_then(|(_, length)| length.parse::<u8>().ok()) else { return };
        if !(shortest..=longest).contains(&length) {
            self.error(
                AttributePath::member(name),
                format!("AWS takes ranges from /{shortest} to /{longest} here, not /{length}"),
                format!("write a range such as `10.0.0.0/{}`", length.clamp(shortest, longest)),
            );
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// An entry that is set and known.
pub(crate) fn known<'a>(value: ValueRef<'a>, name: &str) -> Option<ValueRef<'a>> {
    value.get(name).map(ValueRef::exposed).filter(|value| !value.is_null() && !value.is_unknown())
}

/// Whether an entry will be known only later.
pub(crate) fn is_unknown(value: ValueRef<'_>, name: &str) -> bool {
    value.get(name).is_some_and(ValueRef::is_unknown)
}

/// The items of a list attribute with their paths.
pub(crate) fn items<'a>(
    value: ValueRef<'a>,
    name: &'static str,
) -> impl Iterator<Item = (AttributePath, ValueRef<'a>)> + use<'a> {
    let items = known(value, name).map(ValueRef::items).into_iter().flatten();
    items.enumerate().filter(|(_, item)| !item.is_unknown()).map(move |(index, item)| {
        let step = Step::Index(u32::try_from(index).unwrap_or(u32::MAX));
        (AttributePath::member(name).then(step), item)
    })
}

/// A number that is set and known.
pub(crate) fn number(value: ValueRef<'_>, name: &str) -> Option<i64> {
    known(value, name)?.decode().ok()
}
