//! Tokens, and the comments in the gaps between them: each comment stays in its gap, so that it never changes what it
//! is about, nor how the text is read.

use super::printer::Printer;
use crate::tree::{Comment, CommentKind};
use formwork_model::Span;

impl Printer<'_> {
    /// Writes a token that stands next in the source, and the comments before it. Blanks around it are the style's.
    pub(super) fn token(&mut self, text: &str) {
        if self.is_done() {
            return;
        }
        let bare = text.trim_matches(' ');
        if let Some(start) = self.find(bare) {
            self.gap(start);
            self.cursor = start + bare.len() as u32;
        }
        if matches!(bare, ")" | "]") {
            self.join();
        }
        self.write(text);
    }

    /// Writes what stands there in the source, as it is, and the comments before it.
    pub(super) fn verbatim(&mut self, span: Span) {
        if self.is_done() {
            return;
        }
        self.gap(span.start);
        self.write_verbatim(self.slice(span));
        self.cursor = self.cursor.max(span.end);
    }

    /// Writes a comment.
    pub(super) fn comment(&mut self, comment: Comment) {
        self.write_verbatim(self.slice(comment.span));
    }

    /// Writes the comments before a token that starts at `start`, where they stand: behind or before it on its line, or
    /// on lines of their own.
    pub(super) fn gap(&mut self, start: u32) {
        let mut end = self.behind_comments();
        let mut last = None;
        while let Some(comment) = self.next_comment(start) {
            if ends_line(last) || self.broke(end, comment.span.start) {
                self.newline_further();
            } else if !self.out.ends_with(['(', '[', '<']) {
                self.write(" ");
            }
            self.comment(comment);
            end = comment.span.end;
            last = Some(comment);
        }
        if last.is_some() {
            if ends_line(last) || self.broke(end, start) {
                self.newline_further();
            } else {
                self.write(" ");
            }
        }
    }

    /// Whether comments before `start` break the line there.
    pub(super) fn gap_breaks(&self, start: u32) -> bool {
        let mut end = self.behind_comments();
        let mut last = None;
        for comment in self.comments.iter().skip(self.next).take_while(|comment| comment.span.start < start) {
            if ends_line(last) || self.broke(end, comment.span.start) {
                return true;
            }
            end = comment.span.end;
            last = Some(*comment);
        }
        ends_line(last) || (last.is_some() && self.broke(end, start))
    }

    /// Where what was written last ends.
    fn behind_comments(&self) -> u32 {
        let written = self.next.checked_sub(1).and_then(|index| self.comments.get(index));
        written.map_or(self.cursor, |comment| comment.span.end.max(self.cursor))
    }

    /// Where a token stands, when it comes next in the source but for what the style may leave out.
    pub(super) fn find(&self, token: &str) -> Option<u32> {
        self.find_behind(self.cursor, token)
    }

    /// Where a token stands, when it comes next behind `offset` but for what the style may leave out.
    pub(super) fn find_behind(&self, offset: u32, token: &str) -> Option<u32> {
        let mut at = offset;
        loop {
            at = self.skip_blanks(at);
            let rest = self.text.get(at as usize..)?;
            if rest.starts_with(token) {
                return Some(at);
            }
            // Commas, and parentheses around types.
            if !rest.starts_with([',', '(', ')']) {
                return None;
            }
            at += 1;
        }
    }

    /// Behind the blanks and comments that follow `offset`.
    fn skip_blanks(&self, offset: u32) -> u32 {
        let mut at = offset;
        loop {
            let rest = self.text.get(at as usize..).unwrap_or("");
            at += (rest.len() - rest.trim_start_matches(BLANKS).len()) as u32;
            let index = self.comments.partition_point(|comment| comment.span.start < at);
            match self.comments.get(index).filter(|comment| comment.span.start == at) {
                Some(comment) => at = comment.span.end,
                None => return at,
            }
        }
    }

    /// Where `token` stands, when only blanks and comments lie between it and `offset`.
    pub(super) fn find_before(&self, token: &str, offset: u32) -> Option<u32> {
        let before = self.text.get(..self.before_blanks(offset) as usize)?;
        before.strip_suffix(token).map(|rest| rest.len() as u32)
    }

    /// Before the blanks and comments that lead to `offset`.
    pub(super) fn before_blanks(&self, offset: u32) -> u32 {
        let mut at = offset;
        loop {
            let before = self.text.get(..at as usize).unwrap_or("");
            at = before.trim_end_matches(BLANKS).len() as u32;
            let index = self.comments.partition_point(|comment| comment.span.start < at);
            let last = index.checked_sub(1).and_then(|index| self.comments.get(index));
            match last.filter(|comment| comment.span.end >= at) {
                Some(comment) => at = comment.span.start,
                None => return at,
            }
        }
    }
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Whether nothing may follow a comment on its line.
fn ends_line(comment: Option<Comment>) -> bool {
    comment.is_some_and(|comment| comment.kind != CommentKind::Block)
}
