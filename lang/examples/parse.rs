//! Reads files and says what is wrong with them, or how long reading took:
//! `cargo run -p formwork-lang --release --example parse -- FILE…`, with `--bench BLOCKS` for generated sources.
#![allow(clippy::print_stdout, reason = "a tool for people")]

use formwork_lang::{source::FileTable, syntax};
use formwork_model::FileId;
use std::fmt::Write as _;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, blocks] = arguments.as_slice()
        && flag == "--bench"
    {
        return measure(blocks.parse().unwrap_or(10_000));
    }
    for path in &arguments {
        if std::env::var_os("FORMAT").is_some() {
            print_formatted(path);
        } else {
            report(path);
        }
    }
}

fn print_formatted(path: &str) {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let formatted = if path.ends_with(".fwvars") {
        formwork_lang::format::format_overlay(FileId(0), &text)
    } else {
        formwork_lang::format::format(FileId(0), &text)
    };
    match formatted {
        Ok(formatted) => print!("{formatted}"),
        Err(diagnostics) => println!("{path}: {} errors", diagnostics.len()),
    }
}

fn report(path: &str) {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut files = FileTable::default();
    let file = files.add(path, text.as_str());
    let (summary, diagnostics) = if path.ends_with(".fwvars") {
        let (tree, diagnostics) = syntax::parse_overlay(file, &text);
        (format!("{tree:#?}"), diagnostics)
    } else {
        let (tree, diagnostics) = syntax::parse(file, &text);
        (format!("{tree:#?}"), diagnostics)
    };
    if std::env::var_os("TREE").is_some() {
        println!("{summary}");
    }
    println!("{path}: {} errors", diagnostics.len());
    for diagnostic in diagnostics {
        let place = diagnostic.primary.as_ref().and_then(|label| files.location(label.span));
        let marked = diagnostic.primary.as_ref().map_or("", |label| files.text(label.span));
        println!(
            "{} {:?} {} [{marked}] ? {}",
            place.map(|place| place.to_string()).unwrap_or_default(),
            diagnostic.code,
            diagnostic.message,
            diagnostic.help.unwrap_or_default()
        );
    }
}

/// About 218 bytes a block, as in real stacks: references, texts with interpolation, lists, records, comments.
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

fn measure(blocks: usize) {
    let text = source(blocks);
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        let (tree, diagnostics) = syntax::parse(FileId(0), &text);
        best = best.min(start.elapsed().as_secs_f64());
        assert_eq!((tree.items.len(), diagnostics.len()), (blocks, 0));
    }
    println!("{blocks} blocks, {:.2} MB: {:.1} ms", text.len() as f64 / 1e6, best * 1e3);
}
