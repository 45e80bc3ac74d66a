//! From tree to program to graph, for stacks in ten layers: each block refers to three of the layer before.

use criterion::{Criterion, Throughput};
use formwork_benches::stacks::{self, Shape};
use formwork_lang::check::{Options, Schemas};
use formwork_lang::graph::{NothingKnown, ResourceGraph};
use formwork_lang::inputs::{self, Inputs};
use formwork_lang::load::{Loaded, load};
use formwork_lang::program::Program;
use formwork_lang::source::{SourceError, Sources};
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::Provider;
use formwork_provider_std::Std;
use std::hint::black_box;
use std::sync::Arc;

/// A stack in memory.
struct Stack(Vec<u8>);

impl Sources for Stack {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        match directory {
            "" => Ok(vec!["formwork.toml".into(), "main.fw".into()]),
            _ => Err(missing(directory)),
        }
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        match path {
            "formwork.toml" => Ok(b"[stack]\nname = \"speed\"\nversion = \"0.1.0\"\n".as_slice().into()),
            "main.fw" => Ok(self.0.as_slice().into()),
            _ => Err(missing(path)),
        }
    }
}

fn missing(path: &str) -> SourceError {
    SourceError { path: path.to_owned(), not_found: true, reason: "there is none".to_owned() }
}

struct OnlyStd;

impl Schemas for OnlyStd {
    fn provider(&self, name: &str) -> Option<&'static ProviderSchema> {
        (name == "std").then(|| Std.schema())
    }

    fn names(&self) -> Vec<&str> {
        vec!["std"]
    }
}

fn stack(shape: Shape, size: usize) -> Stack {
    Stack(stacks::formwork_source(shape, size).unwrap())
}

fn checked(loaded: &Loaded) -> Program {
    let checked = formwork_lang::check::check(loaded, &OnlyStd, Options::default());
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    checked.program.unwrap()
}

fn evaluated(program: &Program, inputs: &Inputs, stack: &Stack) -> ResourceGraph {
    let evaluated = formwork_lang::evaluate::evaluate(program, inputs, &NothingKnown, stack);
    assert!(!evaluated.has_errors(), "{:?}", evaluated.diagnostics);
    evaluated.graph
}

/// The graph of a stack of one shape.
pub(crate) fn graph(shape: Shape, size: usize) -> ResourceGraph {
    let stack = stack(shape, size);
    let program = checked(&load(&stack, ""));
    let inputs = inputs::resolve(&program, "default").unwrap();
    evaluated(&program, &inputs, &stack)
}

pub(crate) fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    for size in [10, 1_000, 10_000, 100_000] {
        let loaded = load(&stack(Shape::Layers, size), "");
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("{size} blocks"), |bencher| bencher.iter(|| checked(black_box(&loaded))));
    }
    group.finish();
}

pub(crate) fn evaluate(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("evaluate");
    for (shape, name) in [(Shape::Layers, "layers"), (Shape::Instances, "instances")] {
        for size in [1_000, 10_000, 100_000] {
            let stack = stack(shape, size);
            let program = checked(&load(&stack, ""));
            let inputs = inputs::resolve(&program, "default").unwrap();
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(format!("{name}, {size}"), |bencher| {
                bencher.iter(|| evaluated(black_box(&program), &inputs, &stack));
            });
        }
    }
    group.finish();
}
