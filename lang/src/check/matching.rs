//! `match`: patterns against the type of the subject, and whether they leave something out.

use super::context::{ModuleChecker, error};
use super::expression::{What, bare, branches_type, described, spread_secret};
use super::fits::literals;
use super::report::{TypeProblem, nearest};
use crate::program::{self, ArmPattern, Expr, ExprKind};
use crate::tree::{Arm, Expression, Pattern, PatternKind};
use formwork_model::{Literal, Span, Type};

/// What the arms so far have taken.
#[derive(Default)]
struct Taken {
    literals: Vec<(Literal, Span)>,
    null: Option<Span>,
    any: Option<Span>,
}

impl<'a> ModuleChecker<'_, 'a> {
    /// `match subject { … }`
    pub(crate) fn matching(
        &mut self,
        subject: &'a Expression,
        arms: &'a [Arm],
        expected: Option<(&Type, What<'_>)>,
        span: Span,
    ) -> Expr {
        let subject = self.infer(subject);
        let mut taken = Taken::default();
        let mut checked = Vec::with_capacity(arms.len());
        let mark = self.enter();
        for arm in arms {
            checked.push(self.arm(arm, &subject, expected, &mut taken));
        }
        self.leave(mark);
        self.exhaustive(&subject, &taken);
        let ty = match expected {
            Some((ty, _)) => branches_type(ty, &checked.iter().map(|arm| &arm.value).collect::<Vec<_>>()),
            None => self.common("`match`", &mut checked.iter_mut().map(|arm| &mut arm.value).collect::<Vec<_>>()),
        };
        if subject.ty == Type::Error {
            return error(span);
        }
        let ty = spread_secret(ty, &subject.ty);
        Expr { kind: ExprKind::Match { subject: Box::new(subject), arms: checked }, ty, span }
    }

    fn arm(
        &mut self,
        arm: &'a Arm,
        subject: &Expr,
        expected: Option<(&Type, What<'_>)>,
        taken: &mut Taken,
    ) -> program::Arm {
        let mut patterns = Vec::with_capacity(arm.patterns.len());
        for pattern in &arm.patterns {
            patterns.extend(self.pattern(pattern, subject, taken));
        }
        let any = arm.patterns.iter().any(|pattern| pattern.kind == PatternKind::Any);
        let null = patterns.contains(&ArmPattern::Null);
        let mark = self.enter();
        if !null && (!any || taken.null.is_some()) {
            self.is_there(subject);
        }
        let value = self.branch(&arm.value, expected);
        self.leave(mark);
        if null && taken.null.is_some() {
            self.is_there(subject);
        }
        program::Arm { patterns: if any { Vec::new() } else { patterns }, value }
    }

    fn pattern(&mut self, pattern: &Pattern, subject: &Expr, taken: &mut Taken) -> Option<ArmPattern> {
        let first = match &pattern.kind {
            PatternKind::Literal(literal) => {
                taken.literals.iter().find(|(other, _)| other == literal).map(|(_, span)| *span)
            }
            PatternKind::Null => taken.null,
            PatternKind::Any => taken.any,
        };
        if let Some(first) = first.or(taken.any) {
            self.tell(TypeProblem::PatternTwice { pattern: written(&pattern.kind), span: pattern.span, first });
        } else if !may_be(&subject.ty, &pattern.kind) {
            let near = match &pattern.kind {
                PatternKind::Literal(Literal::String(text)) => {
                    let members = literals(bare(&subject.ty)).unwrap_or(&[]).iter().filter_map(|member| match member {
                        Literal::String(text) => Some(text.as_str()),
                        _ => None,
                    });
                    nearest(text, members).map(|text| format!("{text:?}"))
                }
                _ => None,
            };
            let ty = described(subject.ty.exposed());
            self.tell(TypeProblem::BadPattern {
                pattern: written(&pattern.kind),
                ty,
                span: pattern.span,
                nearest: near,
            });
        }
        match &pattern.kind {
            PatternKind::Literal(literal) => {
                taken.literals.push((literal.clone(), pattern.span));
                Some(ArmPattern::Literal(literal.clone()))
            }
            PatternKind::Null => {
                taken.null = Some(pattern.span);
                Some(ArmPattern::Null)
            }
            PatternKind::Any => {
                taken.any = Some(pattern.span);
                None
            }
        }
    }

    fn exhaustive(&mut self, subject: &Expr, taken: &Taken) {
        if taken.any.is_some() || subject.ty == Type::Error {
            return;
        }
        let has = |literal: &Literal| taken.literals.iter().any(|(other, _)| other == literal);
        let plain = bare(&subject.ty);
        let mut missing: Vec<String> = match literals(plain) {
            Some(members) => members.iter().filter(|member| !has(member)).map(ToString::to_string).collect(),
            None if *plain == Type::Bool => [true, false]
                .into_iter()
                .filter(|truth| !has(&Literal::Bool(*truth)))
                .map(|truth| truth.to_string())
                .collect(),
            None if *plain == Type::Null => Vec::new(),
            None => vec!["all other values".to_owned()],
        };
        if subject.ty.holds_null() && taken.null.is_none() && !matches!(plain, Type::Any) {
            missing.insert(0, "null".to_owned());
        }
        if !missing.is_empty() {
            self.tell(TypeProblem::NotExhaustive { missing: missing.join(", "), span: subject.span });
        }
    }
}

fn written(pattern: &PatternKind) -> String {
    match pattern {
        PatternKind::Literal(literal) => literal.to_string(),
        PatternKind::Null => "null".to_owned(),
        PatternKind::Any => "everything".to_owned(),
    }
}

/// Whether a value of the type can be what a pattern takes.
fn may_be(ty: &Type, pattern: &PatternKind) -> bool {
    match (pattern, bare(ty)) {
        (_, Type::Any | Type::Error) | (PatternKind::Any, _) => true,
        (PatternKind::Null, _) => ty.holds_null(),
        (PatternKind::Literal(literal), plain) => match literals(plain) {
            Some(members) => members.contains(literal),
            None => matches!(
                (literal, plain),
                (Literal::String(_), Type::String | Type::Cidr | Type::Ip | Type::Url)
                    | (Literal::Int(_), Type::Int | Type::Float)
                    | (Literal::Bool(_), Type::Bool)
            ),
        },
    }
}
