//! Reading sources: text to tree, for stacks of separate blocks. Throughput is per byte.

use criterion::{Criterion, Throughput};
use formwork_lang::syntax;
use formwork_model::FileId;
use std::fmt::Write as _;
use std::hint::black_box;

/// Blocks of about 250 bytes as real stacks have them: references, calls, texts with interpolation, lists, records,
/// comments.
fn source(blocks: usize) -> String {
    let mut text = String::new();
    for index in 0..blocks {
        let _ = write!(
            text,
            "/// Subnet number {index}.\nresource subnet_{index}: aws.subnet {{\n  vpc = network.vpc\n  cidr_block = \
             cidr_subnet(var_cidr, 8, {index})\n  tags = {{ Name = \"${{prefix}}-{index}\", tier = \"private\", ...common \
             }}    // merged\n  zones = [\"a\", \"b\"]\n  size = {index} * 2 + 1\n}}\n\n",
        );
    }
    text
}

pub(crate) fn parse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for blocks in [1_000, 10_000, 100_000] {
        let text = source(blocks);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{blocks} blocks"), |bencher| {
            bencher.iter(|| syntax::parse(FileId(0), black_box(&text)));
        });
    }
    group.finish();
}
