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
}

/// An entry that is set and known.
pub(crate) fn known<'a>(value: ValueRef<'a>, name: &str) -> Option<ValueRef<'a>> {
    value.get(name).map(ValueRef::exposed).filter(|value| !value.is_null() && !value.is_unknown())
}

/// The text of an entry that is set and known.
pub(crate) fn text<'a>(value: ValueRef<'a>, name: &str) -> Option<&'a str> {
    known(value, name)?.as_str()
}

/// Whether an entry is set, known or not.
pub(crate) fn is_set(value: ValueRef<'_>, name: &str) -> bool {
    value.get(name).is_some_and(|value| !value.exposed().is_null())
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
