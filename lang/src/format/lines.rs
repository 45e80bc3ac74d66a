//! Brackets and their entries, blank lines, and where comments go.

use super::printer::Printer;
use crate::tree::Comment;
use formwork_model::Span;

/// How brackets are written.
pub(super) struct Brackets {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// Blanks inside when on one line.
    pub(super) blanks: bool,
    /// What stands behind each entry when broken.
    pub(super) suffix: &'static str,
    /// Broken in any case.
    pub(super) force: bool,
}

pub(super) const RECORD: Brackets = Brackets { open: "{", close: "}", blanks: true, suffix: "", force: false };
pub(super) const LIST: Brackets = Brackets { open: "[", close: "]", blanks: false, suffix: ",", force: false };
pub(super) const CALL: Brackets = Brackets { open: "(", close: ")", blanks: false, suffix: ",", force: false };

/// How an entry is written, and where it stands in the source.
pub(super) struct Entries<'i, T> {
    pub(super) items: &'i [T],
    pub(super) span_of: fn(&Printer<'_>, &T) -> Span,
    pub(super) print: fn(&mut Printer<'_>, &T),
}

impl<T> Clone for Entries<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Entries<'_, T> {}

impl Printer<'_> {
    /// Brackets with entries: on one line if the author did so and it fits, else one a line.
    pub(super) fn group<T>(&mut self, span: Span, brackets: &Brackets, entries: Entries<'_, T>) {
        if self.is_done() {
            return;
        }
        let must_break = brackets.force || self.must_break(span, entries);
        self.gap(span.start);
        self.write(brackets.open);
        self.cursor = span.start + 1;
        if self.is_measuring() && must_break {
            return self.newline();
        }
        if must_break || !self.fits(|printer| printer.on_one_line(brackets, entries)) {
            self.broken(span, brackets, entries);
        } else {
            self.on_one_line(brackets, entries);
        }
    }

    fn must_break<T>(&self, span: Span, entries: Entries<'_, T>) -> bool {
        if !entries.items.is_empty() && self.broke_after(span.start + 1) {
            return true;
        }
        let first = self.comments.partition_point(|comment| comment.span.start < span.start);
        let inside =
            self.comments.get(first..).unwrap_or(&[]).iter().take_while(|comment| comment.span.start < span.end);
        let in_entry = |comment: &Comment| {
            entries.items.iter().any(|item| {
                let entry = (entries.span_of)(self, item);
                entry.start <= comment.span.start && comment.span.end <= entry.end
            })
        };
        inside.into_iter().any(|comment| !in_entry(comment))
    }

    /// The entries and the closing bracket.
    fn on_one_line<T>(&mut self, brackets: &Brackets, entries: Entries<'_, T>) {
        let blank = if brackets.blanks && !entries.items.is_empty() { " " } else { "" };
        self.write(blank);
        for (index, item) in entries.items.iter().enumerate() {
            if self.is_done() {
                return;
            }
            self.write(if index > 0 { ", " } else { "" });
            (entries.print)(self, item);
        }
        self.write(blank);
        self.token(brackets.close);
    }

    fn broken<T>(&mut self, span: Span, brackets: &Brackets, entries: Entries<'_, T>) {
        self.indent += 2;
        self.trailing(span.start + 1);
        let mut first = true;
        for item in entries.items {
            let entry = (entries.span_of)(self, item);
            self.leading(entry.start, &mut first);
            self.begin_line(entry.start, &mut first);
            (entries.print)(self, item);
            self.write(brackets.suffix);
            self.trailing(entry.end);
        }
        self.leading(span.end - 1, &mut first);
        self.indent -= 2;
        self.newline();
        self.token(brackets.close);
    }

    /// Begins a line for what stands at `offset`, with the author's blank line before it, but not as the first.
    fn begin_line(&mut self, offset: u32, first: &mut bool) {
        if !*first && self.blank_before(offset) {
            self.newline();
        }
        *first = false;
        self.newline();
    }

    /// Takes the next comment if it starts before `offset`.
    pub(super) fn next_comment(&mut self, offset: u32) -> Option<Comment> {
        let comment = self.comments.get(self.next).copied().filter(|comment| comment.span.start < offset)?;
        self.next += 1;
        Some(comment)
    }

    /// Writes the comments before `offset`, each on its line.
    pub(super) fn leading(&mut self, offset: u32, first: &mut bool) {
        if self.is_measuring() {
            return;
        }
        while let Some(comment) = self.next_comment(offset) {
            self.begin_line(comment.span.start, first);
            self.comment(comment);
        }
    }

    /// Writes the comments that follow on the line on which something ends at `offset`.
    pub(super) fn trailing(&mut self, offset: u32) {
        if self.is_measuring() {
            return;
        }
        let mut end = offset;
        while let Some(comment) = self.comments.get(self.next).copied() {
            let between = self.text.get(end as usize..comment.span.start as usize);
            let follows = between.is_some_and(|text| text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b',')));
            // Behind a comma, and before something else on the line, it is about what comes.
            if !follows || (between.is_some_and(|text| text.contains(',')) && self.precedes_something(self.next)) {
                break;
            }
            self.next += 1;
            self.write(" ");
            self.comment(comment);
            end = comment.span.end;
        }
    }

    /// Whether something else than comments and closing brackets stands on the line behind a comment.
    fn precedes_something(&self, comment: usize) -> bool {
        let comments = self.comments.get(comment..).unwrap_or_default();
        let mut end = 0;
        for comment in comments {
            let between = self.text.get(end as usize..comment.span.start as usize);
            if end > 0 && !between.is_some_and(|text| text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))) {
                break;
            }
            end = comment.span.end;
        }
        let rest = self.text.get(end as usize..).unwrap_or_default();
        !matches!(rest.trim_start_matches([' ', '\t']).bytes().next(), None | Some(b'\n' | b'\r' | b')' | b']' | b'}'))
    }

    /// Goes on on the next line, one step further in, with what stands at `offset`; comments before it keep their
    /// place.
    pub(super) fn continue_on_next_line(&mut self, behind: u32, offset: u32) {
        if self.is_measuring() {
            return self.newline();
        }
        self.trailing(behind);
        self.continue_behind_comments(offset);
    }

    /// Goes on on the next line with an operator. One that ended its line moves behind the comments of this line and
    /// those that stand between it and its right side, which starts at `right`.
    pub(super) fn operator_on_next_line(&mut self, left: u32, operator: &str, right: u32) {
        let place = self.find_behind(left, operator).unwrap_or(right);
        if self.broke(left, place) || self.is_measuring() {
            self.continue_on_next_line(left, place);
        } else {
            self.trailing(left);
            self.trailing(place + operator.len() as u32);
            self.continue_behind_comments(right);
        }
        self.token(operator);
        self.write(" ");
    }

    fn continue_behind_comments(&mut self, offset: u32) {
        let mut first = true;
        self.leading(offset, &mut first);
        self.newline();
    }
}
