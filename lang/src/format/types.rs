//! Types and conditions.

use super::lines::{Entries, RECORD};
use super::printer::Printer;
use crate::tree::{Expression, TypeExpression, TypeExpressionKind, TypeField, Where};

impl Printer<'_> {
    pub(super) fn type_expression(&mut self, ty: &TypeExpression) {
        if self.is_done() {
            return;
        }
        if self.gap_breaks(ty.span.start) {
            return self.indented(|printer| {
                printer.gap_at_indent(ty.span.start);
                printer.type_kind(ty);
            });
        }
        self.type_kind(ty);
    }

    fn type_kind(&mut self, ty: &TypeExpression) {
        match &ty.kind {
            TypeExpressionKind::Named { name, arguments } => {
                self.token(&name.text);
                if !arguments.is_empty() {
                    self.token("<");
                    for (index, argument) in arguments.iter().enumerate() {
                        self.write(if index > 0 { ", " } else { "" });
                        self.type_expression(argument);
                    }
                    self.token(">");
                }
            }
            TypeExpressionKind::Qualified(..) | TypeExpressionKind::Literal(_) | TypeExpressionKind::Null => {
                self.verbatim(ty.span);
            }
            TypeExpressionKind::Union(alternatives) => self.union(alternatives),
            TypeExpressionKind::Optional(inner) => {
                self.grouped(inner);
                self.token("?");
            }
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

    /// Inner unions were written in parentheses.
    fn grouped(&mut self, ty: &TypeExpression) {
        let grouped = matches!(ty.kind, TypeExpressionKind::Union(_));
        if grouped {
            self.token("(");
        }
        self.type_expression(ty);
        if grouped {
            self.token(")");
        }
    }

    fn union(&mut self, alternatives: &[TypeExpression]) {
        let pairs = alternatives.iter().zip(alternatives.iter().skip(1));
        let broke = pairs.into_iter().any(|(left, right)| self.broke(left.span.end, right.span.start));
        // On a line of its own it is further in already.
        let step = if self.is_at_line_start() { 0 } else { 2 };
        self.indent += step;
        let mut end = None;
        for alternative in alternatives {
            match end {
                Some(end) if broke => self.operator_on_next_line(end, "|", alternative.span.start),
                Some(_) => self.token(" | "),
                None => {}
            }
            self.grouped(alternative);
            end = Some(alternative.span.end);
        }
        self.indent -= step;
    }

    fn type_field(&mut self, field: &TypeField) {
        self.token(&field.name.text);
        if field.optional {
            self.token("?");
        }
        self.token(": ");
        self.type_expression(&field.ty);
        self.default(field.default.as_ref());
        let end = field.default.as_ref().map_or(field.ty.span.end, |value| value.span.end);
        self.conditions(end, &field.conditions);
    }

    pub(super) fn default(&mut self, value: Option<&Expression>) {
        if let Some(value) = value {
            self.token(" = ");
            self.expression(value);
        }
    }

    /// `where …` behind what ends at `end`, where the author put them.
    pub(super) fn conditions(&mut self, end: u32, conditions: &[Where]) {
        let mut end = end;
        for condition in conditions {
            let print = |printer: &mut Self| {
                printer.token("where ");
                printer.condition(condition);
            };
            let breaks = self.broke(end, condition.span.start)
                || !self.fits(|printer| {
                    printer.write(" ");
                    print(printer);
                });
            if breaks {
                self.indented(|printer| {
                    printer.continue_on_next_line(end, condition.span.start);
                    print(printer);
                });
            } else {
                self.write(" ");
                print(self);
            }
            end = condition.span.end;
        }
    }

    /// What stands behind `where` or `assert`.
    pub(super) fn condition(&mut self, condition: &Where) {
        self.expression(&condition.condition);
        let Some(message) = &condition.message else { return };
        let end = condition.condition.span.end;
        if self.broke(end, message.span.start) {
            self.indented(|printer| {
                printer.continue_on_next_line(end, printer.find("else").unwrap_or(end));
                printer.token("else ");
                printer.expression(message);
            });
        } else {
            self.token(" else ");
            self.expression(message);
        }
    }
}
