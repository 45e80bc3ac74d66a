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
    /// Behind the last token that was written, in the source.
    pub(super) cursor: u32,
    /// A line was begun, its indentation is not written yet.
    pending: bool,
    /// How much further in the line that was begun stands.
    further: usize,
    /// A blank comes before what is written next on this line.
    blank: bool,
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
            cursor: 0,
            pending: true,
            further: 0,
            blank: false,
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

    /// Writes words and marks. Blanks at the ends are written only between things on one line.
    pub(super) fn write(&mut self, text: &str) {
        if self.stopped {
            return;
        }
        let bare = text.trim_matches(' ');
        self.blank |= text.starts_with(' ');
        if !bare.is_empty() {
            self.begin();
            self.column += bare.chars().count();
            self.out.push_str(bare);
            self.blank = text.ends_with(' ');
            self.stopped = self.measuring && self.column > WIDTH;
        }
    }

    /// Writes a text or comment, maybe over several lines, blank for blank.
    pub(super) fn write_verbatim(&mut self, text: &str) {
        if self.stopped || text.is_empty() {
            return;
        }
        self.begin();
        let last_line = text.rsplit('\n').next().unwrap_or(text);
        if last_line.len() < text.len() {
            self.write_lines(text, last_line);
        } else {
            self.column += text.chars().count();
            self.out.push_str(&unix_lines(text));
        }
        self.stopped = self.measuring && (self.stopped || self.column > WIDTH);
    }

    /// Writes the indentation of a line that was begun: what is printed then may go further in on its next lines alone.
    /// On a line that has something already, the blank before what comes.
    pub(super) fn begin(&mut self) {
        let further = std::mem::take(&mut self.further);
        let blank = std::mem::take(&mut self.blank);
        if std::mem::take(&mut self.pending) {
            self.column = self.indent + further;
            self.out.extend(std::iter::repeat_n(' ', self.column));
        } else if blank {
            self.column += 1;
            self.out.push(' ');
        }
    }

    /// Whether a line was begun that has nothing yet.
    pub(super) const fn is_at_line_start(&self) -> bool {
        self.pending
    }

    /// Leaves out the blank before what comes.
    pub(super) const fn join(&mut self) {
        self.blank = false;
    }

    /// A text or comment over several lines.
    fn write_lines(&mut self, text: &str, last_line: &str) {
        if self.measuring {
            self.column += text.split('\n').next().map_or(0, |line| line.chars().count());
            self.stopped = true;
            return;
        }
        self.column = last_line.chars().count();
        self.out.push_str(&unix_lines(text));
    }

    pub(super) fn newline(&mut self) {
        self.blank = false;
        if self.measuring {
            self.stopped = true;
            return;
        }
        self.out.push('\n');
        self.column = 0;
        self.pending = true;
    }

    /// Goes on on the next line, which alone stands one step further in.
    pub(super) fn newline_further(&mut self) {
        self.newline();
        self.further = 2;
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
        let (length, column, cursor, next) = (self.out.len(), self.column, self.cursor, self.next);
        let (pending, further, blank) = (self.pending, self.further, self.blank);
        self.measuring = true;
        print(self);
        let fits = self.column <= WIDTH;
        self.out.truncate(length);
        (self.column, self.cursor, self.next) = (column, cursor, next);
        (self.pending, self.further, self.blank) = (pending, further, blank);
        self.measuring = false;
        self.stopped = false;
        fits
    }

    /// What `print` writes, apart, as the beginning of a line.
    pub(super) fn apart(&mut self, print: impl FnOnce(&mut Self)) -> String {
        let before = std::mem::take(&mut self.out);
        (self.column, self.pending, self.further, self.blank) = (0, true, 0, false);
        print(self);
        std::mem::replace(&mut self.out, before)
    }

    // ---- the source ---------------------------------------------------------------------------------------------

    pub(super) fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
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
}

/// The text with its lines ended by line feeds alone. A carriage return within a line belongs to it.
pub(super) fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").trim_end_matches('\r').to_owned()
}
