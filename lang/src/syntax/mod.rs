//! Source text to [`Tree`]. All errors of a file are reported in one go; no type of pest's leaves this folder.

mod brackets;
mod build;
mod collection;
mod declaration;
mod diagnose;
mod error;
mod expected;
mod explain;
mod expression;
mod foreign;
mod grammar;
mod heredoc;
mod indented;
mod literal;
mod nodes;
mod overlay;
mod recover;
mod scan;
mod split;
mod text;
mod types;

use crate::tree::{Expression, Item, OverlayTree, PathStep, Tree, TypeExpression, Word};
use build::Builder;
use error::SyntaxError;
use formwork_model::{Diagnostic, FileId};
use grammar::{Failure, Rule};
use recover::recover;
use split::Block;
use std::ops::Range;

/// How deep brackets, and expressions, may be nested.
pub(crate) const MAX_NESTING: u32 = 256;

/// Pieces of about this size are read at once: their nodes stay in the cache.
const PIECE: usize = 64 * 1024;

/// Reads a `*.fw` file. What is broken is left out of the tree, and reported.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Tree, Vec<Diagnostic>) {
    let blocks = split::blocks(text);
    // A block is a declaration, where nothing is broken.
    let items = Vec::with_capacity(blocks.len());
    let mut parser = Parser { file, text, items, comments: Vec::new(), errors: Vec::new(), lost: Vec::new() };
    for piece in pieces(&blocks) {
        parser.piece(piece);
    }
    let tree = Tree { file, items: parser.items, comments: parser.comments, lost: parser.lost };
    (tree, diagnostics(parser.errors))
}

struct Parser<'t> {
    file: FileId,
    text: &'t str,
    items: Vec<Item>,
    comments: Vec<crate::tree::Comment>,
    errors: Vec<SyntaxError>,
    lost: Vec<Word>,
}

/// Neighbouring blocks together, so that few reads are made.
fn pieces(blocks: &[Block]) -> impl Iterator<Item = &[Block]> {
    let mut rest = blocks;
    std::iter::from_fn(move || {
        let start = rest.first()?.range.start;
        let count = rest.iter().take_while(|block| block.range.end - start <= PIECE).count().max(1);
        let (piece, behind) = rest.split_at_checked(count)?;
        rest = behind;
        Some(piece)
    })
}

impl Parser<'_> {
    fn piece(&mut self, blocks: &[Block]) {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return };
        let shallow = blocks.iter().all(|block| block.depth <= MAX_NESTING);
        if shallow && self.read(first.range.start..last.range.end).is_ok() {
            return;
        }
        for block in blocks {
            if block.depth > MAX_NESTING || self.read(block.range.clone()).is_err() {
                self.recover(block.range.clone());
            }
        }
    }

    fn read(&mut self, range: Range<usize>) -> Result<(), Failure> {
        let (base, length) = (range.start as u32, range.len());
        let tokens = grammar::read(Rule::file, self.text.get(range).unwrap_or(""))?;
        let nodes = nodes::flatten(tokens, self.text, self.file, base, length);
        self.build(Builder::new(self.text, self.file, nodes));
        Ok(())
    }

    fn recover(&mut self, range: Range<usize>) {
        let recovered = recover(Rule::file, self.file, self.text, range);
        self.errors.extend(recovered.errors);
        self.lost.extend(recovered.lost);
        if let Some(nodes) = recovered.nodes {
            self.build(Builder::new(self.text, self.file, nodes).with_damage(recovered.damaged));
        }
    }

    fn build(&mut self, mut builder: Builder<'_>) {
        self.items.extend(builder.items());
        self.comments.append(&mut builder.comments);
        self.errors.append(&mut builder.errors);
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
    let deep = split::blocks(text).iter().any(|block| block.depth > MAX_NESTING);
    let read = if deep { None } else { grammar::read(Rule::overlay, text).ok() };
    let (mut builder, mut errors) = match read {
        Some(tokens) => {
            let nodes = nodes::flatten(tokens, text, file, 0, text.len());
            (Builder::new(text, file, nodes), Vec::new())
        }
        None => {
            let recovered = recover(Rule::overlay, file, text, 0..text.len());
            let nodes = recovered.nodes.unwrap_or_default();
            (Builder::new(text, file, nodes).with_damage(recovered.damaged), recovered.errors)
        }
    };
    builder.overlay(&mut tree);
    errors.append(&mut builder.errors);
    tree.comments = builder.comments;
    (tree, diagnostics(errors))
}

/// Reads one thing that is all of `text`.
fn parse_only<T>(
    rule: Rule,
    file: FileId,
    text: &str,
    build: impl FnOnce(&mut Builder<'_>) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let deep = split::blocks(text).iter().any(|block| block.depth > MAX_NESTING);
    let read = if deep { None } else { grammar::read(rule, text).ok() };
    let Some(tokens) = read else {
        return Err(diagnostics(recover(rule, file, text, 0..text.len()).errors));
    };
    let nodes = nodes::flatten(tokens, text, file, 0, text.len());
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
