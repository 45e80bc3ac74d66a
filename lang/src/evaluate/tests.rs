//! Evaluating with unknowns and resolving later gives what evaluating with known values gives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::Evaluator;
use crate::graph::NothingKnown;
use crate::inputs::Inputs;
use crate::program::{Arm, ArmPattern, Expr, ExprKind, ForExpr, ListItem, LocalId, Module, Program, RecordEntry};
use crate::residual::resolve;
use crate::source::{FileTable, SourceError, Sources};
use formwork_model::{Address, AttributePath, BinaryOperator, FileId, Literal, Span, Type, UnaryOperator, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) struct NoSources;

impl Sources for NoSources {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        Err(SourceError { path: directory.into(), not_found: true, reason: "none".into() })
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        Err(SourceError { path: path.into(), not_found: true, reason: "none".into() })
    }
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Any, span: Span::new(FileId(0), 0, 0) }
}

fn boxed(expression: Expr) -> Box<Expr> {
    Box::new(expression)
}

/// The values behind the leaves, by number.
fn leaf_values() -> Vec<Value> {
    vec![
        Value::Int(0),
        Value::Int(7),
        Value::Bool(true),
        Value::Bool(false),
        Value::string("a"),
        Value::string("b"),
        Value::Null,
        Value::Float(1.5),
        Value::Duration(90_000),
        Value::list([Value::Int(1), Value::Int(7), Value::Null]),
        Value::map([("a", Value::Int(7)), ("b", Value::Bool(true))]),
        Value::set([Value::string("a"), Value::string("b")]),
        Value::string("hunter2").secret(),
        Value::list([Value::string("x").secret(), Value::string("y")]),
        Value::map([("a", Value::string("deep"))]).secret(),
    ]
}

fn leaf_address(number: usize) -> Address {
    Address::resource(format!("leaf{number}"))
}

/// A leaf that is known in one run and unknown in the other: told apart by its span.
fn arbitrary_leaf() -> impl Strategy<Value = Expr> {
    (0..leaf_values().len(), any::<bool>()).prop_map(|(number, may_be_unknown)| {
        let mut leaf = expr(ExprKind::Constant(leaf_values()[number].clone()));
        let mark = if may_be_unknown { 1 + number as u32 } else { 0 };
        leaf.span = Span::new(FileId(9), mark, mark);
        leaf
    })
}

fn operators() -> impl Strategy<Value = BinaryOperator> {
    (0..BinaryOperator::ALL.len()).prop_map(|index| BinaryOperator::ALL[index])
}

fn arbitrary_expression() -> impl Strategy<Value = Expr> {
    let local = (0_u32..2).prop_map(|id| expr(ExprKind::Local(LocalId(id))));
    let leaf = prop_oneof![8 => arbitrary_leaf(), 1 => local];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let key = prop_oneof![Just("a"), Just("b"), Just("c")];
        prop_oneof![
            (operators(), inner.clone(), inner.clone()).prop_map(|(op, left, right)| expr(ExprKind::Binary(
                op,
                boxed(left),
                boxed(right)
            ))),
            (any::<bool>(), inner.clone()).prop_map(|(not, operand)| {
                let operator = if not { UnaryOperator::Not } else { UnaryOperator::Negate };
                expr(ExprKind::Unary(operator, boxed(operand)))
            }),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(condition, then, otherwise)| expr(ExprKind::If(
                boxed(condition),
                boxed(then),
                boxed(otherwise)
            ))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(|parts| expr(ExprKind::Template(parts))),
            (inner.clone(), key.clone(), any::<bool>()).prop_map(|(base, name, optional)| {
                let member = expr(ExprKind::Member { base: boxed(base), name: name.into(), optional });
                if optional { expr(ExprKind::Chain(boxed(member))) } else { member }
            }),
            (inner.clone(), key.clone(), inner.clone()).prop_map(|(base, name, index)| {
                let member = expr(ExprKind::Member { base: boxed(base), name: name.into(), optional: true });
                let index = expr(ExprKind::Index { base: boxed(member), index: boxed(index), optional: false });
                expr(ExprKind::Chain(boxed(index)))
            }),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(base, index, optional)| {
                let link = expr(ExprKind::Index { base: boxed(base), index: boxed(index), optional });
                if optional { expr(ExprKind::Chain(boxed(link))) } else { link }
            }),
            prop::collection::vec((any::<bool>(), inner.clone()), 0..4).prop_map(|items| expr(ExprKind::List(
                items.into_iter().map(|(spread, value)| ListItem { spread, value }).collect()
            ))),
            prop::collection::vec((0_u8..3, inner.clone(), inner.clone()), 0..3).prop_map(|entries| {
                let entry = |(kind, one, two)| match kind {
                    0 => RecordEntry::Field("a".into(), two),
                    1 => RecordEntry::Computed(Box::new((one, two))),
                    _ => RecordEntry::Spread(two),
                };
                expr(ExprKind::Record(entries.into_iter().map(entry).collect()))
            }),
            (inner.clone(), inner.clone(), inner.clone(), inner.clone()).prop_map(|(subject, one, two, three)| {
                let arms = vec![
                    Arm { patterns: vec![ArmPattern::Literal(Literal::String("a".into()))], value: one },
                    Arm { patterns: vec![ArmPattern::Null, ArmPattern::Literal(Literal::Int(7))], value: two },
                    Arm { patterns: vec![], value: three },
                ];
                expr(ExprKind::Match { subject: boxed(subject), arms })
            }),
            (
                inner.clone(),
                prop::option::of(inner.clone()),
                prop::option::of(inner.clone()),
                inner.clone(),
                any::<bool>()
            )
                .prop_map(|(source, condition, key, body, two)| {
                    let second = two.then_some(LocalId(1));
                    expr(ExprKind::For(Box::new(ForExpr { first: LocalId(0), second, source, condition, key, body })))
                }),
            (inner, 0_usize..6).prop_map(|(value, index)| {
                let types = [
                    Type::String.optional(),
                    Type::list(Type::Int.optional()),
                    Type::set(Type::Any),
                    Type::Float,
                    Type::String.secret(),
                    Type::map(Type::Any),
                ];
                Expr { ty: types[index].clone(), ..expr(ExprKind::Coerce(boxed(value))) }
            }),
        ]
    })
}

/// The same expression with its marked leaves unknown.
fn with_unknowns(expression: &Expr) -> Expr {
    let again = |inner: &Expr| with_unknowns(inner);
    let more = |inner: &Expr| boxed(with_unknowns(inner));
    let kind = match &expression.kind {
        // A provider's secrets are whole attributes, marked before they are known.
        ExprKind::Constant(value)
            if expression.span.start > 0 && (matches!(value, Value::Secret(_)) || !value.holds_secret()) =>
        {
            let number = expression.span.start as usize - 1;
            let unknown = Value::attribute(leaf_address(number), AttributePath::member("value"));
            ExprKind::Constant(if matches!(value, Value::Secret(_)) { unknown.secret() } else { unknown })
        }
        ExprKind::Template(parts) => ExprKind::Template(parts.iter().map(again).collect()),
        ExprKind::Member { base, name, optional } => {
            ExprKind::Member { base: more(base), name: name.clone(), optional: *optional }
        }
        ExprKind::Index { base, index, optional } => {
            ExprKind::Index { base: more(base), index: more(index), optional: *optional }
        }
        ExprKind::Chain(inner) => ExprKind::Chain(more(inner)),
        ExprKind::Unary(operator, operand) => ExprKind::Unary(*operator, more(operand)),
        ExprKind::Binary(operator, left, right) => ExprKind::Binary(*operator, more(left), more(right)),
        ExprKind::If(condition, then, otherwise) => ExprKind::If(more(condition), more(then), more(otherwise)),
        ExprKind::Match { subject, arms } => ExprKind::Match {
            subject: more(subject),
            arms: arms.iter().map(|arm| Arm { patterns: arm.patterns.clone(), value: again(&arm.value) }).collect(),
        },
        ExprKind::List(items) => ExprKind::List(
            items.iter().map(|item| ListItem { spread: item.spread, value: again(&item.value) }).collect(),
        ),
        ExprKind::Record(entries) => ExprKind::Record(
            entries
                .iter()
                .map(|entry| match entry {
                    RecordEntry::Field(name, value) => RecordEntry::Field(name.clone(), again(value)),
                    RecordEntry::Computed(entry) => RecordEntry::Computed(Box::new((again(&entry.0), again(&entry.1)))),
                    RecordEntry::Spread(value) => RecordEntry::Spread(again(value)),
                })
                .collect(),
        ),
        ExprKind::For(inner) => ExprKind::For(Box::new(ForExpr {
            first: inner.first,
            second: inner.second,
            source: again(&inner.source),
            condition: inner.condition.as_ref().map(again),
            key: inner.key.as_ref().map(again),
            body: again(&inner.body),
        })),
        ExprKind::Coerce(inner) => ExprKind::Coerce(more(inner)),
        other => other.clone(),
    };
    Expr { kind, ty: expression.ty.clone(), span: expression.span }
}

fn program() -> Program {
    Program {
        name: "test".into(),
        files: FileTable::default(),
        modules: vec![Module::default()],
        records: Vec::new(),
        environments: BTreeMap::new(),
        variable_files: Vec::new(),
        given: Vec::new(),
        default_environment: None,
    }
}

fn evaluate(expression: &Expr) -> Result<Value, String> {
    let (program, inputs) = (program(), Inputs::none("test"));
    let mut evaluator = Evaluator::closed(&program, &inputs, &NothingKnown, &NoSources).unwrap();
    let result =
        evaluator.with_frame(2, [Value::Int(3), Value::string("a")], |evaluator| evaluator.expression(expression));
    result.map_err(|fault| fault.into_diagnostic().code.to_string())
}

fn resolved(value: &Value) -> Result<Value, String> {
    let values = leaf_values();
    let lookup = |address: &Address, _: &AttributePath| {
        let number = (0..values.len()).find(|number| leaf_address(*number) == *address)?;
        Some(values[number].exposed().clone())
    };
    resolve(value, &lookup, &|_| None).map_err(|diagnostic| diagnostic.code.to_string())
}

/// Where secrets are marked may differ in depth; that the same secrets are marked may not be lost.
fn bare(value: &Value) -> Value {
    match value {
        Value::Secret(inner) => bare(inner),
        Value::List(items) => Value::list(items.iter().map(bare)),
        Value::Set(items) => Value::set(items.iter().map(bare)),
        Value::Map(map) => Value::Map(map.iter().map(|(key, value)| (key.clone(), bare(value))).collect()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_resolved_later_is_the_same(expression in arbitrary_expression().prop_map(Shown)) {
        let expression = expression.0;
        let known = evaluate(&expression);
        let symbolic = evaluate(&with_unknowns(&expression));
        if let Ok(value) = &symbolic {
            prop_assert_eq!(&formwork_model::ValueBuf::from(value).to_value(), value, "a residual survives its bytes");
        }
        let symbolic = symbolic.and_then(|value| resolved(&value));
        match (known, symbolic) {
            (Ok(known), Ok(symbolic)) => {
                prop_assert_eq!(bare(&known), bare(&symbolic));
                prop_assert!(!known.holds_secret() || symbolic.holds_secret(), "{:?} lost a secret", known);
            }
            // What is dropped (an item that nobody takes) fails only where it is known.
            (Err(_), _) => {}
            (known, symbolic) => prop_assert!(false, "known {known:?}, later {symbolic:?}"),
        }
    }
}

#[derive(Clone)]
struct Shown(Expr);

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&show(&self.0))
    }
}

/// An expression in short, for failures.
fn show(expression: &Expr) -> String {
    let many = |items: &[Expr]| items.iter().map(show).collect::<Vec<_>>().join(", ");
    match &expression.kind {
        ExprKind::Constant(value) => {
            let mark = if expression.span.start > 0 { "?" } else { "" };
            format!("{mark}{:?}", bare(value))
        }
        ExprKind::Template(parts) => format!("text({})", many(parts)),
        ExprKind::Member { base, name, optional } => {
            format!("{}{}.{name}", show(base), if *optional { "?" } else { "" })
        }
        ExprKind::Index { base, index, optional } => {
            format!("{}{}[{}]", show(base), if *optional { "?" } else { "" }, show(index))
        }
        ExprKind::Chain(inner) => format!("chain({})", show(inner)),
        ExprKind::Unary(operator, operand) => format!("{operator:?}({})", show(operand)),
        ExprKind::Binary(operator, left, right) => format!("({} {} {})", show(left), operator.symbol(), show(right)),
        ExprKind::If(condition, then, otherwise) => {
            format!("(if {} then {} else {})", show(condition), show(then), show(otherwise))
        }
        ExprKind::Match { subject, arms } => {
            let arms: Vec<String> =
                arms.iter().map(|arm| format!("{:?} => {}", arm.patterns, show(&arm.value))).collect();
            format!("match {} {{ {} }}", show(subject), arms.join(", "))
        }
        ExprKind::List(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| format!("{}{}", if item.spread { "..." } else { "" }, show(&item.value)))
                .collect();
            format!("[{}]", items.join(", "))
        }
        ExprKind::Record(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| match entry {
                    RecordEntry::Field(name, value) => format!("{name} = {}", show(value)),
                    RecordEntry::Computed(entry) => format!("[{}] = {}", show(&entry.0), show(&entry.1)),
                    RecordEntry::Spread(value) => format!("...{}", show(value)),
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        ExprKind::For(inner) => format!(
            "[for {:?} {:?} in {} if {:?} => {:?} = {}]",
            inner.first.0,
            inner.second,
            show(&inner.source),
            inner.condition.as_ref().map(show),
            inner.key.as_ref().map(show),
            show(&inner.body)
        ),
        ExprKind::Coerce(inner) => format!("({} as {})", show(inner), expression.ty),
        other => format!("{other:?}"),
    }
}
