//! Source text to [`Tree`]. All errors of a file are reported in one go; no type of pest's leaves this folder.

mod build;
mod declaration;
#[allow(dead_code, reason = "recovery is built on it next")]
mod error;
mod explain;
mod expression;
mod grammar;
mod literal;
mod nodes;
mod overlay;
mod split;
mod text;
mod types;

use crate::tree::{Expression, Item, OverlayTree, PathStep, Tree, TypeExpression};
use build::Builder;
use error::SyntaxError;
use formwork_model::{Diagnostic, FileId, Span};
use grammar::{Failure, Rule};
use std::ops::Range;

/// How deep brackets, and expressions, may be nested.
pub(crate) const MAX_NESTING: u32 = 256;

/// Pieces of about this size are read at once: their nodes stay in the cache.
const PIECE: usize = 64 * 1024;

/// Reads a `*.fw` file. What is broken is left out of the tree, and reported.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Tree, Vec<Diagnostic>) {
    let mut parser = Parser { file, text, items: Vec::new(), comments: Vec::new(), errors: Vec::new() };
    let blocks = split::blocks(text);
    for piece in pieces(&blocks) {
        parser.piece(piece);
    }
    let tree = Tree { file, items: parser.items, comments: parser.comments };
    (tree, diagnostics(parser.errors))
}

struct Parser<'t> {
    file: FileId,
    text: &'t str,
    items: Vec<Item>,
    comments: Vec<crate::tree::Comment>,
    errors: Vec<SyntaxError>,
}

/// Neighbouring blocks together, so that few reads are made.
fn pieces(blocks: &[Range<usize>]) -> impl Iterator<Item = &[Range<usize>]> {
    let mut rest = blocks;
    std::iter::from_fn(move || {
        let start = rest.first()?.start;
        let count = rest.iter().take_while(|block| block.end - start <= PIECE).count().max(1);
        let (piece, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(piece)
    })
}

impl Parser<'_> {
    fn piece(&mut self, blocks: &[Range<usize>]) {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return };
        if self.read(first.start..last.end).is_ok() {
            return;
        }
        for block in blocks {
            if let Err(failure) = self.read(block.clone()) {
                let at = (block.start + failure.offset) as u32;
                let span = Span::new(self.file, at, at);
                self.errors.push(SyntaxError::Expected { span, expected: Vec::new(), found: None });
            }
        }
    }

    fn read(&mut self, range: Range<usize>) -> Result<(), Failure> {
        let base = range.start as u32;
        let tokens = grammar::read(Rule::file, self.text.get(range).unwrap_or(""))?;
        let nodes = nodes::flatten(tokens, self.text, self.file, base);
        let mut builder = Builder::new(self.text, self.file, nodes);
        self.items.extend(builder.items());
        self.comments.append(&mut builder.comments);
        self.errors.append(&mut builder.errors);
        Ok(())
    }
}

fn diagnostics(errors: Vec<SyntaxError>) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = errors.into_iter().map(SyntaxError::diagnostic).collect();
    formwork_model::diagnostic::sort(&mut diagnostics);
    diagnostics
}

/// Reads an `env/*.fwvars` file, or a file given with `--var-file`.
#[must_use]
pub fn parse_overlay(file: FileId, text: &str) -> (OverlayTree, Vec<Diagnostic>) {
    let mut tree = OverlayTree { file, is_abstract: None, extends: None, entries: Vec::new(), comments: Vec::new() };
    let errors = match grammar::read(Rule::overlay, text) {
        Ok(tokens) => {
            let nodes = nodes::flatten(tokens, text, file, 0);
            let mut builder = Builder::new(text, file, nodes);
            builder.overlay(&mut tree);
            tree.comments = builder.comments;
            builder.errors
        }
        Err(failure) => vec![plain_failure(file, &failure)],
    };
    (tree, diagnostics(errors))
}

fn plain_failure(file: FileId, failure: &Failure) -> SyntaxError {
    let at = failure.offset as u32;
    SyntaxError::Expected { span: Span::new(file, at, at), expected: Vec::new(), found: None }
}

/// Reads one thing that is all of `text`.
fn parse_only<T>(
    rule: Rule,
    file: FileId,
    text: &str,
    build: impl FnOnce(&mut Builder<'_>) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let tokens = grammar::read(rule, text).map_err(|failure| diagnostics(vec![plain_failure(file, &failure)]))?;
    let nodes = nodes::flatten(tokens, text, file, 0);
    let mut builder = Builder::new(text, file, nodes);
    builder.take(rule);
    let result = build(&mut builder);
    if builder.errors.is_empty() { Ok(result) } else { Err(diagnostics(builder.errors)) }
}

/// Reads an expression, as `--var` has it.
///
/// # Errors
/// All that is wrong with it.
pub fn parse_expression(file: FileId, text: &str) -> Result<Expression, Vec<Diagnostic>> {
    parse_only(Rule::only_expression, file, text, |builder| builder.expression())
}

/// Reads a type.
///
/// # Errors
/// All that is wrong with it.
pub fn parse_type(file: FileId, text: &str) -> Result<TypeExpression, Vec<Diagnostic>> {
    parse_only(Rule::only_type, file, text, |builder| builder.type_expression())
}

/// Reads a path such as `cluster["eu"].pool.size`, as `explain` takes it.
///
/// # Errors
/// All that is wrong with it.
pub fn parse_path(file: FileId, text: &str) -> Result<Vec<PathStep>, Vec<Diagnostic>> {
    parse_only(Rule::only_path, file, text, |builder| builder.path().0)
}
