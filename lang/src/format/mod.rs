//! One canonical style. Decided here:
//!
//! - two spaces; nothing is aligned; at most one blank line; a blank line around declarations of several lines;
//! - brackets that the author broke after the opening one stay broken, one entry a line; others are broken when they do
//!   not fit into 100 columns; broken lists and calls have a comma behind each item, broken records have none;
//! - line breaks that the author made before operators, `then`, `else`, `where` and header clauses are kept;
//! - texts and numbers stay as written;
//! - comments stay between the same two words and marks, behind what they follow on a line, before what they precede, or on
//!   lines of their own; only those behind an operator that ends its line move before it, as the operator goes down;
//!
//! Formatting twice is formatting once, and the tree stays the same (tested on generated sources, and with comments in
//! every gap of all sources that there are).

mod declaration;
mod expression;
mod lines;
mod overlay;
mod printer;
mod tokens;
mod types;

use crate::syntax;
use formwork_model::{Diagnostic, FileId};
use printer::Printer;

/// Columns that a line should not pass.
const WIDTH: usize = 100;

/// Formats a `*.fw` file.
///
/// # Errors
/// When it has syntax errors: then nothing is changed.
pub fn format(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (tree, diagnostics) = syntax::parse(file, text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let mut printer = Printer::new(text, tree.comments);
    printer.items(&tree.items);
    Ok(printer.finish())
}

/// Formats an `env/*.fwvars` file.
///
/// # Errors
/// When it has syntax errors: then nothing is changed.
pub fn format_overlay(file: FileId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (tree, diagnostics) = syntax::parse_overlay(file, text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let mut printer = Printer::new(text, tree.comments.clone());
    printer.overlay(&tree);
    Ok(printer.finish())
}
