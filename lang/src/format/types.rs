//! Types and conditions.

use super::lines::{Entries, RECORD};
use super::printer::Printer;
use crate::tree::{Expression, TypeExpression, TypeExpressionKind, TypeField, Where};

impl Printer<'_> {
    pub(super) fn type_expression(&mut self, ty: &TypeExpression) {
        if self.is_done() {
            return;
        }
        match &ty.kind {
            TypeExpressionKind::Named { name, arguments } => {
                self.write(&name.text);
                if !arguments.is_empty() {
                    self.write("<");
                    for (index, argument) in arguments.iter().enumerate() {
                        self.write(if index > 0 { ", " } else { "" });
                        self.type_expression(argument);
                    }
                    self.write(">");
                }
            }
            TypeExpressionKind::Qualified(provider, name) => {
                self.write(&provider.text);
                self.write(".");
                self.write(&name.text);
            }
            TypeExpressionKind::Literal(_) | TypeExpressionKind::Null => self.verbatim(ty.span),
            TypeExpressionKind::Union(alternatives) => self.union(alternatives),
            TypeExpressionKind::Optional(inner) => self.optional(inner),
            TypeExpressionKind::Record(fields) => {
                let entries = Entries {
                    items: fields,
                    span_of: |_, field: &TypeField| field.span,
                    print: |printer, field| printer.type_field(field),
                };
                self.group(ty.span, &RECORD, entries);
            }
        }
    }

    fn optional(&mut self, inner: &TypeExpression) {
        let grouped = matches!(inner.kind, TypeExpressionKind::Union(_));
        self.write(if grouped { "(" } else { "" });
        self.type_expression(inner);
        self.write(if grouped { ")?" } else { "?" });
    }

    /// Inner unions were written in parentheses.
    fn alternative(&mut self, ty: &TypeExpression) {
        let grouped = matches!(ty.kind, TypeExpressionKind::Union(_));
        self.write(if grouped { "(" } else { "" });
        self.type_expression(ty);
        self.write(if grouped { ")" } else { "" });
    }

    fn union(&mut self, alternatives: &[TypeExpression]) {
        let pairs = alternatives.iter().zip(alternatives.iter().skip(1));
        let broke = pairs.into_iter().any(|(left, right)| self.broke(left.span.end, right.span.start));
        self.indent += 2;
        let mut end = None;
        for alternative in alternatives {
            match end {
                Some(end) if broke => {
                    self.continue_on_next_line(end, alternative.span.start);
                    self.write("| ");
                }
                Some(_) => self.write(" | "),
                None => {}
            }
            self.alternative(alternative);
            end = Some(alternative.span.end);
        }
        self.indent -= 2;
    }

    fn type_field(&mut self, field: &TypeField) {
        self.write(&field.name.text);
        self.write(if field.optional { "?: " } else { ": " });
        self.type_expression(&field.ty);
        self.default(field.default.as_ref());
        let end = field.default.as_ref().map_or(field.ty.span.end, |value| value.span.end);
        self.conditions(end, &field.conditions);
    }

    pub(super) fn default(&mut self, value: Option<&Expression>) {
        if let Some(value) = value {
            self.write(" = ");
            self.expression(value);
        }
    }

    /// `where …` behind what ends at `end`, where the author put them.
    pub(super) fn conditions(&mut self, end: u32, conditions: &[Where]) {
        let mut end = end;
        for condition in conditions {
            let breaks = self.broke(end, condition.span.start)
                || !self.fits(|printer| {
                    printer.write(" where ");
                    printer.condition(condition);
                });
            if breaks {
                self.indented(|printer| {
                    printer.continue_on_next_line(end, condition.span.start);
                    printer.write("where ");
                    printer.condition(condition);
                });
            } else {
                self.write(" where ");
                self.condition(condition);
            }
            end = condition.span.end;
        }
    }

    /// What stands behind `where` or `assert`.
    pub(super) fn condition(&mut self, condition: &Where) {
        self.expression(&condition.condition);
        let Some(message) = &condition.message else { return };
        if self.broke(condition.condition.span.end, message.span.start) {
            self.indented(|printer| {
                printer.continue_on_next_line(condition.condition.span.end, message.span.start);
                printer.write("else ");
                printer.expression(message);
            });
        } else {
            self.write(" else ");
            self.expression(message);
        }
    }
}
