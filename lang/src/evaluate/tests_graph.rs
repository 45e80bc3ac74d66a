//! Cycles, junctions and chains, on programs made by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::tests::NoSources;
use super::{Evaluated, evaluate};
use crate::graph::NothingKnown;
use crate::inputs::Inputs;
use crate::program::{
    Arm, ArmPattern, Attribute, Block, BlockId, Decorators, Expr, ExprKind, ForExpr, Iteration, Let, LetId, LocalId,
    Module, Output, Program, ProviderUse,
};
use crate::source::FileTable;
use formwork_model::schema::{self, AttributeType, ResourceSchema};
use formwork_model::{FileId, Literal, ObjectKind, Span, Type, TypeName, Value};
use std::collections::BTreeMap;

static SCHEMA: ResourceSchema = ResourceSchema::new("value", "Keeps a value.").attributes(&[
    schema::Attribute::new("input", AttributeType::Any, "What is kept."),
    schema::Attribute::string("id", "Its id.").computed(),
]);

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Any, span: Span::new(FileId(0), 1, 2) }
}

fn text(text: &str) -> Expr {
    expr(ExprKind::Constant(Value::string(text)))
}

fn id_of(base: Expr) -> Expr {
    expr(ExprKind::Member { base: Box::new(base), name: "id".into(), optional: false })
}

fn block_ref(id: usize) -> Expr {
    expr(ExprKind::Block(BlockId(id as u32)))
}

fn block(name: &str, input: Expr, iteration: Option<Iteration>) -> Block {
    let span = Span::new(FileId(0), 0, 9);
    Block {
        kind: ObjectKind::Resource,
        name: name.into(),
        type_name: TypeName::new("test", "value"),
        schema: &SCHEMA,
        iteration,
        condition: None,
        provider: ProviderUse::Implicit("test".into()),
        after: Vec::new(),
        attributes: vec![Attribute { name: "input".into(), value: input, span }],
        decorators: Decorators::default(),
        locals: 4,
        span,
    }
}

fn keys(count: usize) -> Option<Iteration> {
    let map = Value::map((0..count).map(|number| (format!("key{number}"), Value::Null)));
    let source = expr(ExprKind::Constant(map));
    Some(Iteration { first: LocalId(0), second: Some(LocalId(1)), source })
}

fn run(module: Module) -> Evaluated {
    let program = Program {
        name: "test".into(),
        files: FileTable::default(),
        modules: vec![module],
        records: Vec::new(),
        environments: BTreeMap::new(),
        variable_files: Vec::new(),
        given: Vec::new(),
        default_environment: None,
    };
    evaluate(&program, &Inputs::none("test"), &NothingKnown, &NoSources)
}

fn edges(evaluated: &Evaluated) -> usize {
    evaluated.graph.ids().map(|id| evaluated.graph.dependencies(id).len()).sum()
}

/// `[for x in block => x.id]`, with its variable in the given local.
fn all_ids(id: usize, local: u32) -> Expr {
    let body = id_of(expr(ExprKind::Local(LocalId(local))));
    let inner =
        ForExpr { first: LocalId(local), second: None, source: block_ref(id), condition: None, key: None, body };
    expr(ExprKind::For(Box::new(inner)))
}

#[test]
fn a_cycle_is_told_as_a_path_and_poisons_what_needs_it() {
    let blocks = vec![
        block("a", id_of(block_ref(1)), None),
        block("b", id_of(block_ref(0)), None),
        block("c", id_of(block_ref(0)), None),
        block("d", text("fine"), None),
    ];
    let evaluated = run(Module { blocks, ..Module::default() });
    let found: Vec<(String, String)> = evaluated
        .diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.code.to_string(), diagnostic.message.clone()))
        .collect();
    let message = "these need each other: a.input -> b.input -> a.input".to_owned();
    assert_eq!(found, [("E0601".to_owned(), message)]);
    assert_eq!(evaluated.diagnostics[0].labels.len(), 1);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let count = 20_000;
    // Each block needs the next one, so that the first to be looked at is the last to be evaluated.
    let blocks: Vec<Block> = (0..count)
        .map(|number| {
            let input = if number + 1 == count { text("end") } else { id_of(block_ref(number + 1)) };
            block(&format!("b{number}"), input, None)
        })
        .collect();
    let evaluated = run(Module { blocks, ..Module::default() });
    assert!(evaluated.diagnostics.is_empty());
    assert_eq!(evaluated.graph.nodes.len(), count + 1);
    assert_eq!(edges(&evaluated), 2 * count - 1);
    assert_eq!(evaluated.graph.nodes[1].address.name, "b0", "in the order of declaration");
}

#[test]
fn edges_by_key_and_through_junctions_grow_linearly() {
    for count in [100, 1000] {
        let by_key = expr(ExprKind::Index {
            base: Box::new(block_ref(0)),
            index: Box::new(expr(ExprKind::Local(LocalId(0)))),
            optional: false,
        });
        let lets = vec![Let {
            name: "ids".into(),
            ty: Type::Any,
            value: all_ids(0, 0),
            locals: 1,
            span: Span::new(FileId(0), 0, 1),
        }];
        let from_let = expr(ExprKind::List(
            [expr(ExprKind::Local(LocalId(0))), expr(ExprKind::Let(LetId(0)))]
                .into_iter()
                .map(|value| crate::program::ListItem { spread: false, value })
                .collect(),
        ));
        let blocks = vec![
            block("many", text("x"), keys(count)),
            block("by_key", id_of(by_key), keys(count)),
            block("from_let", from_let, keys(count)),
            block("direct", all_ids(0, 2), keys(count)),
        ];
        let evaluated = run(Module { lets, blocks, ..Module::default() });
        assert!(evaluated.diagnostics.is_empty());
        // Provider for all four blocks, one by key, one junction for each of the last two, the junction's own.
        assert_eq!(edges(&evaluated), 8 * count);
        assert_eq!(evaluated.graph.nodes.len(), 4 * count + 2);
    }
}

#[test]
fn what_no_arm_takes_is_told() {
    let subject = Box::new(text("eu"));
    let arms = vec![Arm { patterns: vec![ArmPattern::Literal(Literal::String("us".into()))], value: text("x") }];
    let value = expr(ExprKind::Match { subject, arms });
    let outputs = vec![Output {
        name: "o".into(),
        docs: "".into(),
        ty: Type::Any,
        value,
        locals: 0,
        span: Span::new(FileId(0), 0, 1),
    }];
    let evaluated = run(Module { outputs, ..Module::default() });
    let codes: Vec<String> = evaluated.diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
    assert_eq!(codes, ["E0616"]);
}

#[test]
fn instances_by_secret_keys_are_refused() {
    let map = Value::map([("hunter2", Value::Null)]).secret();
    let source = expr(ExprKind::Constant(map));
    let iteration = Some(Iteration { first: LocalId(0), second: Some(LocalId(1)), source });
    let evaluated = run(Module { blocks: vec![block("a", text("x"), iteration)], ..Module::default() });
    let codes: Vec<String> = evaluated.diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect();
    assert_eq!(codes, ["E0611"]);
    assert!(!format!("{evaluated:?}").contains("hunter2"));
}

#[test]
fn the_same_program_gives_the_same_graph() {
    let module = || {
        let blocks = vec![block("many", text("x"), keys(50)), block("direct", all_ids(0, 2), keys(20))];
        Module { blocks, ..Module::default() }
    };
    let (one, two) = (run(module()), run(module()));
    assert_eq!(crate::graph::render(&one.graph), crate::graph::render(&two.graph));
}
