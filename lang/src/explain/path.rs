//! Where a path leads within a block, and what to say of one that leads nowhere.

use crate::inputs::child;
use ecow::EcoString;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Address, AttributePath, Code, Diagnostic, Step, Value};

/// A step that leads nowhere.
pub(super) struct Missing {
    /// How many steps lead somewhere.
    position: usize,
    /// What there is instead, as far as it may be told.
    names: Vec<EcoString>,
}

impl Missing {
    /// Says so, of `path` of what is called `address`.
    pub(super) fn diagnostic(self, address: &Address, path: &AttributePath) -> Diagnostic {
        let (found, rest) = path.steps().split_at(self.position.min(path.steps().len()));
        let found: AttributePath = found.iter().cloned().collect();
        let owner = super::behind(&address.to_string(), &found);
        let (name, written) = match rest.first() {
            Some(Step::Member(name) | Step::Key(name)) => (name.as_str(), name.to_string()),
            Some(Step::Index(index)) => ("", format!("[{index}]")),
            Some(Step::Each) | None => ("", "[*]".to_owned()),
        };
        let help = match crate::residual::nearest(name, self.names.iter().map(EcoString::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.names.is_empty() => format!("explain `{owner}` as a whole"),
            None => format!("there are {}", listed(&self.names)),
        };
        Diagnostic::error(Code::new("E0621"), format!("`{owner}` has no `{written}`")).help(help)
    }
}

/// Names for people, not too many.
pub(super) fn listed(names: &[impl AsRef<str>]) -> String {
    const MANY: usize = 12;
    let shown: Vec<String> = names.iter().take(MANY).map(|name| format!("`{}`", name.as_ref())).collect();
    let more = if names.len() > MANY { " and more" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The attribute of a schema that a path ends in; none where it ends within an open value, a list or a map. `config` tells
/// what there is in those.
pub(super) fn attribute_at(
    attributes: &'static [Attribute],
    config: &Value,
    path: &[Step],
) -> Result<Option<&'static Attribute>, Missing> {
    let mut fields = Some(attributes);
    let mut ty = &AttributeType::Any;
    let mut value = Some(config);
    let mut last = None;
    for (position, step) in path.iter().enumerate() {
        last = None;
        if let AttributeType::Object(of_object) = ty {
            fields = Some(of_object);
        }
        if let Some(of_object) = fields.take() {
            let attribute = of_object.iter().find(|attribute| is_named(step, attribute.name));
            let names = || of_object.iter().map(|attribute| attribute.name.into()).collect();
            let attribute = attribute.ok_or_else(|| Missing { position, names: names() })?;
            (ty, last) = (&attribute.ty, Some(attribute));
        } else {
            if let Some(value) = value {
                exists(value, step).map_err(|names| Missing { position, names })?;
            }
            ty = match ty {
                AttributeType::List(item) | AttributeType::Set(item) | AttributeType::Map(item) => item,
                _ => &AttributeType::Any,
            };
        }
        value = value.and_then(|value| child(value, step));
    }
    Ok(last)
}

fn is_named(step: &Step, wanted: &str) -> bool {
    matches!(step, Step::Member(name) | Step::Key(name) if name == wanted)
}

/// Whether each step of a path leads somewhere in a value.
pub(super) fn leads(value: &Value, path: &[Step]) -> Result<(), Missing> {
    let mut value = value;
    for (position, step) in path.iter().enumerate() {
        exists(value, step).map_err(|names| Missing { position, names })?;
        match child(value, step) {
            Some(part) => value = part,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Whether a step may lead somewhere in a value; else the names that do. What is not known may have anything.
fn exists(value: &Value, step: &Step) -> Result<(), Vec<EcoString>> {
    let is_secret = matches!(value, Value::Secret(_));
    match (value.exposed(), step) {
        (Value::Null | Value::Unknown(_) | Value::Object(_), _) | (_, Step::Each) => Ok(()),
        (whole, step) if child(whole, step).is_some() => Ok(()),
        (Value::Map(map), _) if !is_secret => Err(map.iter().map(|(name, _)| name.clone()).collect()),
        _ => Err(Vec::new()),
    }
}
