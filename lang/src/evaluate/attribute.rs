//! Values of a block's attributes, held against what the schema says of them beyond their types.

use super::Evaluator;
use super::host::exposed_objects;
use super::limits as sizes;
use crate::limits::{self, Broken};
use crate::program::{Attribute, Expr, ExprKind, RecordEntry};
use crate::residual::{Fault, FaultKind};
use formwork_model::schema::{self, AttributeType, Limit};
use formwork_model::{Step, Value};

/// The value of an attribute, without objects, and of a size that can be kept.
pub(super) fn attribute_value<'p>(evaluator: &mut Evaluator<'p>, attribute: &'p Attribute) -> Result<Value, Fault> {
    let value = evaluator.expression(&attribute.value)?;
    if value.is_known() && !matches!(value, Value::List(_) | Value::Map(_) | Value::Set(_) | Value::Secret(_)) {
        return Ok(value);
    }
    let value = exposed_objects(evaluator, value);
    sizes::check(&value).map_err(|fault| fault.at(attribute.value.span))?;
    Ok(value)
}

/// The value of an attribute, which must lie within the limits of its schema as far as it is known.
pub(super) fn fitting_value<'p>(
    evaluator: &mut Evaluator<'p>,
    attribute: &'p Attribute,
    schema: Option<&'static schema::Attribute>,
) -> Result<Value, Fault> {
    let value = attribute_value(evaluator, attribute)?;
    let limited = schema.filter(|schema| limits::has_limits(schema));
    match limited.and_then(|schema| misfit(schema, &value, &attribute.value)) {
        Some(fault) => Err(fault.within(Step::Member(attribute.name.clone()))),
        None => Ok(value),
    }
}

/// What of a value breaks limits. What stands as a constant in `written` was told when the stack was checked.
fn misfit(attribute: &schema::Attribute, value: &Value, written: &Expr) -> Option<Fault> {
    let whole = attribute.limits.iter().find_map(|limit| beyond(limit, value, written));
    both(whole, parts(&attribute.ty, value, written))
}

fn beyond(limit: &Limit, value: &Value, written: &Expr) -> Option<Fault> {
    // The values of a map are texts, each by itself.
    if let (Limit::Pattern(..), Value::Map(map)) = (limit, value.exposed()) {
        return map.iter().fold(None, |found, (key, value)| {
            let fault = beyond(limit, value, field_of(written, key));
            both(found, fault.map(|fault| fault.within(Step::Key(key.clone()))))
        });
    }
    let Broken { found, limit } = limits::broken(limit, value).filter(|_| !is_told(written, value))?;
    let fault: Fault = FaultKind::OutOfLimits { found, limit }.into();
    Some(fault.at(written.span))
}

fn parts(ty: &AttributeType, value: &Value, written: &Expr) -> Option<Fault> {
    match (ty, value) {
        (_, Value::Secret(inner)) => parts(ty, inner, written),
        (AttributeType::Object(fields), Value::Map(map)) => fields.iter().fold(None, |found, field| {
            let Some(value) = map.get(field.name).filter(|_| limits::has_limits(field)) else { return found };
            let misfit = misfit(field, value, field_of(written, field.name));
            both(found, misfit.map(|fault| fault.within(Step::Member(field.name.into()))))
        }),
        (AttributeType::List(item) | AttributeType::Set(item), Value::List(items) | Value::Set(items)) => {
            (0_u32..).zip(items.iter()).fold(None, |found, (at, value)| {
                let misfit = parts(item, value, item_of(written, at as usize));
                both(found, misfit.map(|fault| fault.within(Step::Index(at))))
            })
        }
        (AttributeType::Map(entry), Value::Map(map)) => map.iter().fold(None, |found, (key, value)| {
            let misfit = parts(entry, value, field_of(written, key));
            both(found, misfit.map(|fault| fault.within(Step::Key(key.clone()))))
        }),
        _ => None,
    }
}

fn both(one: Option<Fault>, other: Option<Fault>) -> Option<Fault> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or(other),
    }
}

/// Whether this value stands there as a constant.
fn is_told(written: &Expr, value: &Value) -> bool {
    match &written.kind {
        ExprKind::Constant(constant) => constant == value,
        ExprKind::Coerce(inner) => is_told(inner, value),
        ExprKind::If(_, one, other) => is_told(one, value) || is_told(other, value),
        // Of a list that is written out, the number of items is told.
        ExprKind::List(items) => items.iter().all(|item| !item.spread),
        _ => false,
    }
}

/// Where a field is written, as far as that can be seen.
fn field_of<'e>(written: &'e Expr, name: &str) -> &'e Expr {
    match &written.kind {
        ExprKind::Coerce(inner) => field_of(inner, name),
        ExprKind::Record(entries) => {
            let value = entries.iter().rev().find_map(|entry| match entry {
                RecordEntry::Field(field, value) if field == name => Some(value),
                _ => None,
            });
            value.unwrap_or(written)
        }
        _ => written,
    }
}

/// Where an item is written, as far as that can be seen.
fn item_of(written: &Expr, at: usize) -> &Expr {
    match &written.kind {
        ExprKind::Coerce(inner) => item_of(inner, at),
        ExprKind::List(items) if items.iter().take(at + 1).all(|item| !item.spread) => {
            items.get(at).map_or(written, |item| &item.value)
        }
        _ => written,
    }
}
