//! Writing: columns, indentation, measuring whether something fits, looking at the source.

use super::WIDTH;
use crate::tree::Comment;
use formwork_model::Span;

/// Writes formatted text.
pub(super) struct Printer<'t> {
    pub(super) text: &'t str,
    pub(super) comments: Vec<Comment>,
    /// The first comment that was not written yet.
    pub(super) next: usize,
    pub(super) out: String,
    pub(super) indent: usize,
    column: usize,
    /// A line was begun, its indentation is not written yet.
    pending: bool,
    /// Nothing is kept: only the width up to the first line break is of interest.
    measuring: bool,
    /// Measuring came to a line break or over the edge.
    stopped: bool,
}

impl<'t> Printer<'t> {
    pub(super) fn new(text: &'t str, comments: Vec<Comment>) -> Self {
        Self {
            text,
            comments,
            next: 0,
            out: String::with_capacity(text.len()),
            indent: 0,
            column: 0,
            pending: true,
            measuring: false,
            stopped: false,
        }
    }

    pub(super) fn finish(mut self) -> String {
        while self.out.ends_with(['\n', ' ']) {
            self.out.pop();
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    // ---- writing ------------------------------------------------------------------------------------------------

    pub(super) fn write(&mut self, text: &str) {
        if self.stopped || text.is_empty() {
            return;
        }
        self.begin();
        let last_line = text.rsplit('\n').next().unwrap_or(text);
        if last_line.len() < text.len() {
            self.write_lines(text, last_line);
        } else {
            self.column += text.chars().count();
            self.out.push_str(text);
        }
        self.stopped = self.measuring && (self.stopped || self.column > WIDTH);
    }

    /// Writes the indentation of a line that was begun: what is printed then may go further in on its next lines alone.
    pub(super) fn begin(&mut self) {
        if std::mem::take(&mut self.pending) {
            self.column = self.indent;
            self.out.extend(std::iter::repeat_n(' ', self.indent));
        }
    }

    /// A text or comment over several lines.
    fn write_lines(&mut self, text: &str, last_line: &str) {
        if self.measuring {
            self.column += text.split('\n').next().map_or(0, |line| line.chars().count());
            self.stopped = true;
            return;
        }
        self.column = last_line.chars().count();
        self.out.extend(text.chars().filter(|character| *character != '\r'));
    }

    pub(super) fn newline(&mut self) {
        if self.measuring {
            self.stopped = true;
            return;
        }
        self.out.push('\n');
        self.column = 0;
        self.pending = true;
    }

    /// Whether more need not be written, since it is not kept.
    pub(super) const fn is_done(&self) -> bool {
        self.stopped
    }

    pub(super) const fn is_measuring(&self) -> bool {
        self.measuring
    }

    /// Whether what `print` writes stays within the width, up to its first line break.
    pub(super) fn fits(&mut self, print: impl FnOnce(&mut Self)) -> bool {
        if self.measuring {
            return true;
        }
        let (length, column, pending) = (self.out.len(), self.column, self.pending);
        self.measuring = true;
        print(self);
        let fits = self.column <= WIDTH;
        self.out.truncate(length);
        self.column = column;
        self.pending = pending;
        self.measuring = false;
        self.stopped = false;
        fits
    }

    /// What `print` writes, apart, as the beginning of a line.
    pub(super) fn apart(&mut self, print: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::take(&mut self.out);
        self.column = 0;
        self.pending = true;
        print(self);
        std::mem::replace(&mut self.out, before)
    }

    // ---- the source ---------------------------------------------------------------------------------------------

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Writes it as it stands in the source.
    pub(super) fn verbatim(&mut self, span: Span) {
        let text = self.slice(span);
        self.write(text);
    }

    /// Whether the author broke the line somewhere in this stretch.
    pub(super) fn broke(&self, from: u32, to: u32) -> bool {
        self.text.get(from as usize..to as usize).is_some_and(|between| between.contains('\n'))
    }

    /// Whether the author broke the line right behind an opening bracket that ends at `offset`.
    pub(super) fn broke_after(&self, offset: u32) -> bool {
        let behind = self.text.get(offset as usize..).unwrap_or("");
        behind.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    /// Whether a blank line stands before `offset`.
    pub(super) fn blank_before(&self, offset: u32) -> bool {
        let before = self.text.get(..offset as usize).unwrap_or("");
        let blanks = before.len() - before.trim_end_matches([' ', '\t', '\r', '\n', ',']).len();
        let blanks = before.get(before.len() - blanks..).unwrap_or("");
        blanks.bytes().filter(|byte| *byte == b'\n').count() > 1
    }

    /// Where `mark` stands last before `offset`, when only blanks lie between.
    pub(super) fn mark_before(&self, mark: &str, offset: u32) -> Option<u32> {
        let before = self.text.get(..offset as usize)?.trim_end_matches([' ', '\t', '\r', '\n']);
        before.strip_suffix(mark).map(|rest| rest.len() as u32)
    }
}
