//! What an object should become, by schema alone: what the config says, else the default, else what there is, else
//! what only the cloud can tell. A provider's `plan` starts from it; most types need no more.

use crate::semantic::{element_key, given, normal, same};
use formwork_model::schema::{Attribute, AttributeType, Presence, ResourceSchema};
use formwork_model::{Address, AttributePath, Map, Step, Value, ValueBuf, ValueRef, View};
use std::collections::BTreeMap;

/// Proposes the object.
///
/// | presence | config says | config does not |
/// |---|---|---|
/// | required, optional | that | the default, else nothing |
/// | optional and computed | that | what there is, else the default, else unknown |
/// | computed | | what there is; unknown on a create |
///
/// - Null in the config is as if it did not say.
/// - Where config and prior mean the same, the prior spelling stays: nothing changes.
/// - What is computed `SameAs` another attribute takes that one's value, so it is known as soon as the other is.
/// - Write-only attributes are left out: they travel in the config only.
/// - Secret attributes are marked.
///
/// `prior` is none for a create, and for the second plan of a replacement.
#[must_use]
pub fn proposed(
    schema: &ResourceSchema,
    address: &Address,
    config: ValueRef<'_>,
    prior: Option<ValueRef<'_>>,
) -> ValueBuf {
    let proposal = Proposal { address };
    ValueBuf::from(Value::Map(proposal.fields(schema.attributes, config, prior, &AttributePath::root())))
}

/// What to send: the plan, with everything that was unknown then taken from the config, which is known at apply. What
/// stays unknown is for the cloud to tell.
#[must_use]
pub fn settled(schema: &ResourceSchema, address: &Address, config: ValueRef<'_>, planned: ValueRef<'_>) -> ValueBuf {
    if planned.is_known() {
        return planned.to_buf();
    }
    let now = proposed(schema, address, config, None);
    ValueBuf::from(filled_in(planned, now.view()))
}

fn filled_in(planned: ValueRef<'_>, now: ValueRef<'_>) -> Value {
    match (planned.view(), now.exposed().view()) {
        _ if planned.is_known() => planned.to_value(),
        (View::Secret(inner), _) => filled_in(inner, now.exposed()).secret(),
        (View::Map(entries), View::Map(_)) => Value::map(
            entries
                .map(|(key, value)| (key, now.get(key).map_or_else(|| value.to_value(), |now| filled_in(value, now)))),
        ),
        (View::List(items), View::List(others)) if items.len() == others.len() => {
            Value::list(items.zip(others).map(|(item, now)| filled_in(item, now)))
        }
        _ => now.to_value(),
    }
}

struct Proposal<'a> {
    address: &'a Address,
}

impl Proposal<'_> {
    fn fields(
        &self,
        attributes: &[Attribute],
        config: ValueRef<'_>,
        prior: Option<ValueRef<'_>>,
        path: &AttributePath,
    ) -> Map {
        let mut entries: Vec<(&'static str, Value)> = Vec::with_capacity(attributes.len());
        for attribute in attributes.iter().filter(|attribute| !attribute.write_only && mirrored(attribute).is_none()) {
            let before = prior.and_then(|prior| given(prior, attribute.name));
            let said = given(config, attribute.name).filter(|_| attribute.is_settable());
            let value = match said {
                Some(said) => Some(self.said(attribute, said, before, path)),
                None => self.unsaid(attribute, before, prior.is_some(), path),
            };
            entries.extend(value.map(|value| (attribute.name, marked(attribute, value))));
        }
        mirror(attributes, &mut entries);
        entries.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }

    /// The config says something.
    fn said(
        &self,
        attribute: &Attribute,
        said: ValueRef<'_>,
        before: Option<ValueRef<'_>>,
        path: &AttributePath,
    ) -> Value {
        if let Some(before) = before.filter(|before| keeps_spelling(attribute, said, *before)) {
            return before.to_value();
        }
        let path = path.then(Step::Member(attribute.name.into()));
        self.of_type(attribute, &attribute.ty, said, before, &path)
    }

    /// The config says nothing.
    fn unsaid(
        &self,
        attribute: &Attribute,
        before: Option<ValueRef<'_>>,
        exists: bool,
        path: &AttributePath,
    ) -> Option<Value> {
        let unknown = || Value::attribute(self.address.clone(), path.then(Step::Member(attribute.name.into())));
        let kept = before.map(ValueRef::to_value);
        match attribute.presence {
            Presence::Required | Presence::Optional => self.default(attribute, before, path),
            Presence::OptionalComputed => {
                kept.or_else(|| self.default(attribute, before, path)).or_else(|| (!exists).then(unknown))
            }
            Presence::Computed => kept.or_else(|| (!exists).then(unknown)),
        }
    }

    fn default(&self, attribute: &Attribute, before: Option<ValueRef<'_>>, path: &AttributePath) -> Option<Value> {
        let buffer = ValueBuf::from(attribute.default_value()?);
        Some(self.said(attribute, buffer.view(), before, path))
    }

    fn of_type(
        &self,
        attribute: &Attribute,
        ty: &AttributeType,
        said: ValueRef<'_>,
        before: Option<ValueRef<'_>>,
        path: &AttributePath,
    ) -> Value {
        let before = before.map(ValueRef::exposed);
        match (ty, said.view()) {
            (_, View::Secret(inner)) => self.of_type(attribute, ty, inner, before, path).secret(),
            (AttributeType::Object(fields), View::Map(_)) => Value::Map(self.fields(fields, said, before, path)),
            (AttributeType::Map(entry), View::Map(entries)) => Value::map(entries.map(|(key, value)| {
                let before = before.and_then(|before| before.get(key));
                (key, self.of_type(attribute, entry, value, before, &path.then(Step::Key(key.into()))))
            })),
            (AttributeType::List(item), View::List(items)) if holds_object(item) => {
                let partners = Partners::new(attribute, item, before);
                Value::list(items.enumerate().map(|(index, value)| {
                    let step = Step::Index(u32::try_from(index).unwrap_or(u32::MAX));
                    let before = partners.of(attribute, item, index, value);
                    self.of_type(attribute, item, value, before, &path.then(step))
                }))
            }
            (AttributeType::Set(item), View::Set(items) | View::List(items)) if holds_object(item) => {
                let partners = Partners::new(attribute, item, before);
                Value::set(items.enumerate().map(|(index, value)| {
                    let before = partners.of(attribute, item, index, value);
                    self.of_type(attribute, item, value, before, &path.then(Step::Each))
                }))
            }
            #[expect(clippy::cast_precision_loss, reason = "a whole number where a fraction is expected")]
            (AttributeType::Float, View::Int(number)) => Value::Float(number as f64),
            _ => said.to_value(),
        }
    }
}

/// Whether prior and config mean the same, and the prior says at least as much.
fn keeps_spelling(attribute: &Attribute, said: ValueRef<'_>, before: ValueRef<'_>) -> bool {
    !holds_object(&attribute.ty)
        && said.as_bytes() != before.as_bytes()
        && same(attribute, Some(said), Some(before))
        && !loses_secret(said, before)
}

/// Whether the config is secret where the prior value is not: then the mark must come in.
fn loses_secret(said: ValueRef<'_>, before: ValueRef<'_>) -> bool {
    said.to_value().holds_secret() && !before.to_value().holds_secret()
}

const fn holds_object(ty: &AttributeType) -> bool {
    match ty {
        AttributeType::Object(_) => true,
        AttributeType::List(inner) | AttributeType::Set(inner) | AttributeType::Map(inner) => holds_object(inner),
        _ => false,
    }
}

fn marked(attribute: &Attribute, value: Value) -> Value {
    if attribute.secret && !value.is_null() { value.secret() } else { value }
}

/// The attribute whose value a computed one has, where it says so.
const fn mirrored(attribute: &Attribute) -> Option<&'static str> {
    match (attribute.presence, &attribute.ty) {
        (Presence::Computed, AttributeType::SameAs(other)) => Some(other),
        _ => None,
    }
}

/// Adds what is the same as another attribute.
fn mirror(attributes: &[Attribute], entries: &mut Vec<(&'static str, Value)>) {
    for attribute in attributes {
        let Some(other) = mirrored(attribute) else { continue };
        let value = entries.iter().find(|(name, _)| *name == other).map(|(_, value)| value.clone());
        entries.extend(value.map(|value| (attribute.name, marked(attribute, value))));
    }
}

/// Which item of the prior list each item of the config stands for, so that it keeps what the cloud computed.
enum Partners<'a> {
    None,
    ByKey(BTreeMap<String, ValueRef<'a>>),
    ByContent(BTreeMap<ValueBuf, ValueRef<'a>>),
    ByIndex(Vec<ValueRef<'a>>),
}

impl<'a> Partners<'a> {
    fn new(attribute: &Attribute, item: &AttributeType, before: Option<ValueRef<'a>>) -> Self {
        let Some(before) = before else { return Self::None };
        if !attribute.element_keys.is_empty() {
            let keyed = before.items().filter_map(|value| Some((element_key(attribute, value)?, value)));
            return Self::ByKey(keyed.collect());
        }
        match before.view() {
            View::Set(items) => Self::ByContent(items.map(|value| (content(item, value), value)).collect()),
            _ => Self::ByIndex(before.items().collect()),
        }
    }

    fn of(
        &self,
        attribute: &Attribute,
        item: &AttributeType,
        index: usize,
        value: ValueRef<'_>,
    ) -> Option<ValueRef<'a>> {
        match self {
            Self::None => None,
            Self::ByKey(items) => items.get(&element_key(attribute, value)?).copied(),
            Self::ByContent(items) => items.get(&content(item, value)).copied(),
            Self::ByIndex(items) => items.get(index).copied(),
        }
    }
}

/// What the config can say of an item, in normal form: by it items of a set are told apart.
fn content(item: &AttributeType, value: ValueRef<'_>) -> ValueBuf {
    let AttributeType::Object(fields) = item else { return value.to_buf() };
    let said = fields.iter().filter(|field| field.presence != Presence::Computed && !field.write_only).map(|field| {
        let default = field.default_value().map(ValueBuf::from);
        let value = given(value, field.name).or_else(|| default.as_ref().map(ValueBuf::view));
        (field.name, value.map_or(Value::Null, |value| normal(field, value)))
    });
    ValueBuf::from(Value::map(said.collect::<Vec<_>>()))
}
