//! What a schema says of values beyond their types, checked on constants: ranges, lengths, patterns, and rules between
//! attributes.

use super::blocks::CheckedBody;
use super::context::ModuleChecker;
use super::report::{SchemaProblem, TypeProblem, listed, nearest};
use super::schemas::ObjectInfo;
use crate::program::{self, Expr, ExprKind, RecordEntry};
use formwork_model::schema::{Attribute, AttributeType, Limit, Rule};
use formwork_model::{Span, Value};

impl ModuleChecker<'_, '_> {
    /// Holds what is constant in `value` against the limits of its attribute, also of nested ones.
    pub(crate) fn check_limits(&mut self, attribute: &'static Attribute, value: &Expr, name: &str) {
        for limit in attribute.limits {
            self.check_limit(limit, value, name);
        }
        self.check_nested(&attribute.ty, value, name);
    }

    fn check_nested(&mut self, ty: &'static AttributeType, value: &Expr, name: &str) {
        match (ty, &value.kind) {
            (_, ExprKind::Coerce(inner)) => self.check_nested(ty, inner, name),
            (AttributeType::OpenEnum(members), ExprKind::Constant(Value::String(text))) => {
                self.check_open(members, text, value.span, name);
            }
            (AttributeType::Object(fields), ExprKind::Record(entries)) => {
                for entry in entries {
                    if let RecordEntry::Field(field, value) = entry
                        && let Some(attribute) = fields.iter().find(|attribute| attribute.name == field)
                    {
                        self.check_limits(attribute, value, field);
                    }
                }
            }
            (AttributeType::List(item) | AttributeType::Set(item), ExprKind::List(items)) => {
                for element in items.iter().filter(|element| !element.spread) {
                    self.check_nested(item, &element.value, name);
                }
            }
            (AttributeType::Map(entry_type), ExprKind::Record(entries)) => {
                for entry in entries {
                    match entry {
                        RecordEntry::Field(_, value) => self.check_nested(entry_type, value, name),
                        RecordEntry::Computed(entry) => self.check_nested(entry_type, &entry.1, name),
                        RecordEntry::Spread(_) => {}
                    }
                }
            }
            (_, ExprKind::If(_, one, other)) => {
                self.check_nested(ty, one, name);
                self.check_nested(ty, other, name);
            }
            _ => {}
        }
    }

    fn check_open(&mut self, members: &[&'static str], text: &str, span: Span, name: &str) {
        if members.contains(&text) {
            return;
        }
        if let Some(near) = nearest(text, members.iter().copied()) {
            let (what, nearest) = (format!("`{name}`"), near.to_owned());
            self.tell(TypeProblem::MaybeMisspelt { what, text: text.into(), span, nearest });
        }
    }

    fn check_limit(&mut self, limit: &Limit, value: &Expr, name: &str) {
        if let ExprKind::Coerce(inner) = &value.kind {
            return self.check_limit(limit, inner, name);
        }
        if let ExprKind::If(_, one, other) = &value.kind {
            self.check_limit(limit, one, name);
            return self.check_limit(limit, other, name);
        }
        let Some((found, limit)) = self.violated(limit, value) else { return };
        self.tell(SchemaProblem::OutOfLimits { what: format!("`{name}`"), found, limit, span: value.span });
    }

    /// Rules between attributes.
    pub(crate) fn check_rules(&mut self, info: &ObjectInfo, body: &CheckedBody, span: Span) {
        for rule in info.schema.rules {
            self.check_rule(info, rule, body, span);
        }
    }

    fn check_rule(&mut self, info: &ObjectInfo, rule: &Rule, body: &CheckedBody, span: Span) {
        let type_name = || info.name.to_string();
        let (Rule::ExactlyOneOf(names)
        | Rule::AtMostOneOf(names)
        | Rule::AtLeastOneOf(names)
        | Rule::RequiredWith(names)) = rule;
        let set: Vec<&program::Attribute> = body
            .attributes
            .iter()
            .filter(|attribute| names.contains(&attribute.name.as_str()) && is_set(attribute))
            .collect();
        // What a misspelt name means was told already, and may be what seems to be missing.
        if body.uncertain || body.meant.iter().any(|meant| names.contains(&meant.as_str())) {
            return;
        }
        // A value that may be null decides only when it is known.
        let certain = set.iter().filter(|attribute| !attribute.value.ty.holds_null()).count();
        let places = || set.iter().map(|attribute| (attribute.span, "set here".to_owned())).collect::<Vec<_>>();
        match rule {
            Rule::ExactlyOneOf(names) if set.is_empty() || certain > 1 => {
                self.tell(SchemaProblem::ExactlyOne {
                    type_name: type_name(),
                    names: listed(*names),
                    set: places(),
                    span,
                });
            }
            Rule::AtMostOneOf(names) if certain > 1 => {
                self.tell(SchemaProblem::AtMostOne {
                    type_name: type_name(),
                    names: listed(*names),
                    set: places(),
                    span,
                });
            }
            Rule::AtLeastOneOf(names) if set.is_empty() => {
                self.tell(SchemaProblem::AtLeastOne { type_name: type_name(), names: listed(*names), span });
            }
            Rule::RequiredWith([first, others @ ..]) => {
                let Some(given) = set.iter().find(|attribute| attribute.name == *first) else { return };
                let missing: Vec<&&str> =
                    others.iter().filter(|other| set.iter().all(|attribute| attribute.name != **other)).collect();
                if !missing.is_empty() && !given.value.ty.holds_null() {
                    let (name, others) = ((*first).to_owned(), listed(missing));
                    self.tell(SchemaProblem::RequiredWith { type_name: type_name(), name, others, span: given.span });
                }
            }
            _ => {}
        }
    }

    /// Whether a text does not match a pattern; one that cannot be read is matched by everything.
    fn breaks(&mut self, pattern: &'static str, text: &str) -> bool {
        let compiled = self.shared.patterns.entry(pattern).or_insert_with(|| regex::Regex::new(pattern).ok());
        compiled.as_ref().is_some_and(|pattern| !pattern.is_match(text))
    }

    /// What was found and what the limit is, where a constant breaks it.
    fn violated(&mut self, limit: &Limit, value: &Expr) -> Option<(String, String)> {
        match (limit, &value.kind) {
            (Limit::Range(low, high), ExprKind::Constant(Value::Int(number))) if !(low..=high).contains(&number) => {
                Some((number.to_string(), range(*low, *high)))
            }
            #[allow(clippy::cast_precision_loss)]
            (Limit::Range(low, high), ExprKind::Constant(Value::Float(number)))
                if *number < *low as f64 || *number > *high as f64 =>
            {
                Some((number.to_string(), range(*low, *high)))
            }
            (Limit::Length(low, high), ExprKind::Constant(Value::String(text))) => {
                let count = text.chars().count();
                outside(count, *low, *high)
                    .then(|| (format!("{count} characters"), format!("{low} to {high} characters")))
            }
            (Limit::Length(low, high), ExprKind::List(items)) if items.iter().all(|item| !item.spread) => {
                outside(items.len(), *low, *high)
                    .then(|| (format!("{} items", items.len()), format!("{low} to {high} items")))
            }
            (Limit::Pattern(pattern, words), ExprKind::Constant(Value::String(text))) => {
                self.breaks(pattern, text).then(|| (format!("{text:?}"), (*words).to_owned()))
            }
            (Limit::OneOf(members, pattern, words), ExprKind::Constant(Value::String(text))) => {
                let known = members.iter().any(|member| member.eq_ignore_ascii_case(text));
                let breaks = !known && self.breaks(pattern, text);
                breaks.then(|| {
                    let near = nearest(text, members.iter().copied());
                    let limit = near.map_or_else(|| (*words).to_owned(), |near| format!("`{near}`, or else {words}"));
                    (format!("{text:?}"), limit)
                })
            }
            _ => None,
        }
    }
}

fn is_set(attribute: &program::Attribute) -> bool {
    !super::narrow::is_null(&attribute.value)
}

fn outside(count: usize, low: u32, high: u32) -> bool {
    count < low as usize || count > high as usize
}

fn range(low: i64, high: i64) -> String {
    match (low, high) {
        (low, i64::MAX) => format!("numbers from {low}"),
        (i64::MIN, high) => format!("numbers up to {high}"),
        (low, high) => format!("numbers from {low} to {high}"),
    }
}
