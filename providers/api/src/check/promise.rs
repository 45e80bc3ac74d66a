//! Whether what came is what was promised, known part by known part.

use super::trail::Trail;
use super::{Breach, Report, shown};
use crate::semantic::{given, keyed, same};
use formwork_model::schema::{Attribute, AttributeType, Equality, Presence};
use formwork_model::{ValueBuf, ValueRef, View};
use std::collections::BTreeSet;

/// The plan against the config.
pub(super) fn config_kept(
    report: &mut Report<'_>,
    attributes: &[Attribute],
    config: ValueRef<'_>,
    planned: ValueRef<'_>,
) {
    let mut promise = Promise { report, breach: Breach::PlanContradictsConfig, secret: false };
    promise.config(attributes, config, planned, &Trail::ROOT);
}

/// What was applied against the plan.
pub(super) fn plan_kept(
    report: &mut Report<'_>,
    attributes: &[Attribute],
    planned: ValueRef<'_>,
    applied: ValueRef<'_>,
) {
    let mut promise = Promise { report, breach: Breach::ApplyContradictsPlan, secret: false };
    promise.fields(attributes, planned, applied, &Trail::ROOT);
}

/// What the config says is found again in an answer.
pub(super) fn echo_kept(report: &mut Report<'_>, attributes: &[Attribute], config: ValueRef<'_>, values: ValueRef<'_>) {
    let mut promise = Promise { report, breach: Breach::ApplyContradictsPlan, secret: false };
    for attribute in attributes.iter().filter(|attribute| attribute.is_settable() && !attribute.write_only) {
        if let (Some(said), Some(came)) = (given(config, attribute.name), given(values, attribute.name)) {
            promise.attribute(attribute, (Some(said), Some(came)), &Trail::ROOT);
        }
    }
}

struct Promise<'a, 'b> {
    report: &'a mut Report<'b>,
    breach: Breach,
    /// Whether the attribute that is looked at is secret by schema.
    secret: bool,
}

type Sides<'a> = (Option<ValueRef<'a>>, Option<ValueRef<'a>>);

impl Promise<'_, '_> {
    /// The config's own rule: where it says nothing, the default holds, or the cloud may choose.
    fn config(&mut self, attributes: &[Attribute], config: ValueRef<'_>, planned: ValueRef<'_>, trail: &Trail<'_>) {
        let settable = attributes.iter().filter(|attribute| attribute.is_settable() && !attribute.write_only);
        for attribute in settable {
            let came = given(planned, attribute.name);
            match given(config, attribute.name) {
                Some(said) => self.said(attribute, said, came, trail),
                None if attribute.presence == Presence::OptionalComputed => {}
                None => {
                    let default = attribute.default_value().map(ValueBuf::from);
                    self.attribute(attribute, (default.as_ref().map(ValueBuf::view), came), trail);
                }
            }
        }
    }

    fn said(&mut self, attribute: &Attribute, said: ValueRef<'_>, came: Option<ValueRef<'_>>, trail: &Trail<'_>) {
        let inner = trail.member(attribute.name);
        match (attribute.ty, came) {
            (AttributeType::Object(fields), Some(came)) if is_map(said) && is_map(came) => {
                self.config(fields, said, came, &inner);
            }
            (AttributeType::List(AttributeType::Object(fields)), Some(came)) if is_list(said) && is_list(came) => {
                self.said_items(attribute, fields, (said, came), trail);
            }
            // What the cloud computes within them differs from what was said: their number is all that can be compared.
            (
                AttributeType::Set(AttributeType::Object(_)) | AttributeType::Map(AttributeType::Object(_)),
                Some(came),
            ) if count(said) == count(came) => {}
            _ => self.attribute(attribute, (Some(said), came), trail),
        }
    }

    fn said_items(
        &mut self,
        attribute: &Attribute,
        fields: &[Attribute],
        (said, came): (ValueRef<'_>, ValueRef<'_>),
        trail: &Trail<'_>,
    ) {
        let trail = trail.member(attribute.name);
        if said.items().len() != came.items().len() {
            return self.broken((Some(said), Some(came)), &trail);
        }
        match (keyed(attribute, said), keyed(attribute, came)) {
            (Some(said), Some(came)) => {
                for (key, said) in &said {
                    match came.get(key) {
                        Some(came) => self.config(fields, *said, *came, &trail.key(key)),
                        None => self.broken((Some(*said), None), &trail.key(key)),
                    }
                }
            }
            _ => {
                for (index, (said, came)) in said.items().zip(came.items()).enumerate() {
                    self.config(fields, said, came, &trail.index(index));
                }
            }
        }
    }

    fn fields(&mut self, attributes: &[Attribute], promised: ValueRef<'_>, came: ValueRef<'_>, trail: &Trail<'_>) {
        for attribute in attributes.iter().filter(|attribute| !attribute.write_only) {
            self.attribute(attribute, (given(promised, attribute.name), given(came, attribute.name)), trail);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, sides: Sides<'_>, trail: &Trail<'_>) {
        let outer = self.secret;
        self.secret |= attribute.secret;
        self.value(attribute, &attribute.ty, sides, &trail.member(attribute.name));
        self.secret = outer;
    }

    fn value(&mut self, attribute: &Attribute, ty: &AttributeType, sides: Sides<'_>, trail: &Trail<'_>) {
        let alone = Attribute { ty: *ty, ..*attribute };
        match sides {
            _ if same(&alone, sides.0, sides.1) => {}
            (Some(promised), _) if promised.is_unknown() => {}
            (Some(promised), Some(came)) => self.parts(&alone, promised, came, trail),
            _ => self.broken(sides, trail),
        }
    }

    /// Goes down to where they differ, as far as both have the same shape.
    fn parts(&mut self, attribute: &Attribute, promised: ValueRef<'_>, came: ValueRef<'_>, trail: &Trail<'_>) {
        let (one, other) = (promised.exposed(), came.exposed());
        match (&attribute.ty, one.view(), other.view()) {
            (AttributeType::Object(fields), View::Map(_), View::Map(_)) => self.fields(fields, one, other, trail),
            (AttributeType::Map(entry), View::Map(_), View::Map(_)) => {
                self.entries(attribute, entry, one, other, trail)
            }
            (AttributeType::Any | AttributeType::SameAs(_), View::Map(_), View::Map(_)) => {
                self.entries(attribute, &attribute.ty, one, other, trail);
            }
            (AttributeType::List(item), View::List(_), View::List(_)) => self.items(attribute, item, one, other, trail),
            (AttributeType::Any | AttributeType::SameAs(_), View::List(_), View::List(_)) => {
                self.items(attribute, &attribute.ty, one, other, trail);
            }
            // Which item an unknown one became cannot be told.
            (AttributeType::Set(_), View::Set(_), View::Set(_)) if !promised.is_known() => {}
            _ => self.broken((Some(promised), Some(came)), trail),
        }
    }

    fn entries(
        &mut self,
        attribute: &Attribute,
        ty: &AttributeType,
        promised: ValueRef<'_>,
        came: ValueRef<'_>,
        trail: &Trail<'_>,
    ) {
        let keys: BTreeSet<&str> = promised.entries().chain(came.entries()).map(|(key, _)| key).collect();
        for key in keys {
            self.value(attribute, ty, (promised.get(key), came.get(key)), &trail.key(key));
        }
    }

    fn items(
        &mut self,
        attribute: &Attribute,
        ty: &AttributeType,
        promised: ValueRef<'_>,
        came: ValueRef<'_>,
        trail: &Trail<'_>,
    ) {
        let unordered = attribute.equality == Equality::Unordered;
        match (keyed(attribute, promised), keyed(attribute, came)) {
            _ if promised.items().len() != came.items().len() => self.broken((Some(promised), Some(came)), trail),
            (Some(one), Some(other)) => {
                for (key, promised) in &one {
                    self.value(attribute, ty, (Some(*promised), other.get(key).copied()), &trail.key(key));
                }
            }
            _ if unordered && !promised.is_known() => {}
            _ if unordered => self.broken((Some(promised), Some(came)), trail),
            _ => {
                for (index, (one, other)) in promised.items().zip(came.items()).enumerate() {
                    self.value(attribute, ty, (Some(one), Some(other)), &trail.index(index));
                }
            }
        }
    }

    fn broken(&mut self, (promised, came): Sides<'_>, trail: &Trail<'_>) {
        // `shown` masks what is marked; what the schema alone makes secret may come unmarked.
        let text = |value: Option<ValueRef<'_>>| match value {
            Some(_) if self.secret => formwork_model::value::MASK.to_owned(),
            other => shown(other),
        };
        let (promised, came) = (text(promised), text(came));
        self.report.add(self.breach, trail.path(), promised, came);
    }
}

fn is_map(value: ValueRef<'_>) -> bool {
    matches!(value.exposed().view(), View::Map(_))
}

fn is_list(value: ValueRef<'_>) -> bool {
    matches!(value.exposed().view(), View::List(_))
}

fn count(value: ValueRef<'_>) -> usize {
    value.items().len() + value.entries().len()
}
