//! What the parser makes of a file: everything that was written, nothing resolved. Names are texts here.

mod declaration;
mod expression;
mod types;

pub use declaration::*;
pub use expression::*;
pub use types::*;

use ecow::EcoString;
use formwork_model::{FileId, Span};

/// A `*.fw` file.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Which file.
    pub file: FileId,
    /// Its declarations, in order. Broken ones are left out (their errors were reported).
    pub items: Vec<Item>,
    /// All comments, in order, also doc comments, but not those inside of texts; for the formatter.
    pub comments: Vec<Comment>,
    /// Names of declarations that are so broken that they are not among the items: using one of them is no error of
    /// its own.
    pub lost: Vec<Word>,
}

/// An `env/*.fwvars` file (also `--var-file`).
#[derive(Clone, Debug)]
pub struct OverlayTree {
    /// Which file.
    pub file: FileId,
    /// `abstract`
    pub is_abstract: Option<Span>,
    /// `extends "NAME"`
    pub extends: Option<Word>,
    /// The entries, in order.
    pub entries: Vec<OverlayEntry>,
    /// All comments, for the formatter.
    pub comments: Vec<Comment>,
}

/// One line of an overlay.
#[derive(Clone, Debug)]
pub struct OverlayEntry {
    /// What it does.
    pub action: OverlayAction,
    /// Where: the first step is a param's name.
    pub path: Vec<PathStep>,
    /// What is set or appended; none for `remove`.
    pub value: Option<Expression>,
    /// All of it.
    pub span: Span,
}

/// What an overlay's line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlayAction {
    /// `PATH = value`: merges records and maps, sets anything else.
    Set,
    /// `replace PATH = value`: forgets what earlier layers said.
    Replace,
    /// `remove PATH`
    Remove,
    /// `PATH += value`
    Append,
}

/// One comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its marks.
    pub span: Span,
    /// Which kind.
    pub kind: CommentKind,
}

/// Kinds of comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `// …`
    Line,
    /// `/* … */`
    Block,
    /// `/// …`
    Doc,
}

/// A name, or a text that stands for one, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The name.
    pub text: EcoString,
    /// Where.
    pub span: Span,
}
