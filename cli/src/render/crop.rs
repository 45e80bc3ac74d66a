//! Source that is wider than the terminal: of a long line only the part around its labels is shown, so that no line
//! wraps and underlines stay below what they mean.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::ops::Range;

/// What stands where a line was cut.
const MARK: &str = "…";

/// A label: where it is in the text, and how many columns its own text takes.
pub(super) struct Label {
    pub(super) place: Range<usize>,
    pub(super) columns: usize,
}

/// A source, its long lines cut.
#[derive(Debug)]
pub(super) struct Cropped {
    name: String,
    text: String,
    /// For each line how many bytes it begins later than it did; columns are told as in the file.
    shifts: Vec<usize>,
}

/// Cuts lines to so many columns; gives the places of the labels in what is left.
pub(super) fn crop(name: &str, text: &str, labels: &[Label], room: usize) -> (Cropped, Vec<Range<usize>>) {
    let mut cropped = Cropped { name: name.to_owned(), text: String::with_capacity(text.len()), shifts: Vec::new() };
    let mut places: Vec<Range<usize>> = labels.iter().map(|label| label.place.clone()).collect();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let begun = labels.iter().filter(|label| (start..end).contains(&label.place.start));
        let window = window(content, begun.map(|label| within(label, start, content.len())), room);
        let shown = cropped.text.len() + if window.start > 0 { MARK.len() } else { 0 };
        let moved = |position: usize| shown + (position - start).clamp(window.start, line.len()) - window.start;
        let limit = shown + window.len() + if window.end < content.len() { 0 } else { line.len() - content.len() };
        for (place, label) in places.iter_mut().zip(labels) {
            if (start..end).contains(&label.place.start) {
                place.start = moved(label.place.start).min(limit);
            }
            if label.place.end > start && label.place.end <= end {
                place.end = moved(label.place.end).min(limit);
            }
        }
        cropped.push(line, content.len(), &window);
        start = end;
    }
    for place in &mut places {
        // Behind the last line.
        place.start = place.start.min(cropped.text.len());
        place.end = place.end.clamp(place.start, cropped.text.len().max(place.start));
    }
    (cropped, places)
}

/// A label in columns of its line: where it begins and ends, and how far its text needs to go.
struct Columns {
    start: usize,
    end: usize,
    needed: usize,
}

fn within(label: &Label, line: usize, length: usize) -> (usize, usize, usize) {
    (label.place.start - line, (label.place.end - line).min(length), label.columns)
}

/// The bytes of a line that are shown.
fn window(line: &str, labels: impl Iterator<Item = (usize, usize, usize)>, room: usize) -> Range<usize> {
    /// Between a label's middle and its text.
    const POINTER: usize = 5;
    let columns_to = |bytes: usize| line.char_indices().take_while(|(at, _)| *at < bytes).count();
    let labels: Vec<Columns> = labels
        .map(|(start, end, text)| {
            let (start, end) = (columns_to(start), columns_to(end));
            Columns { start, end, needed: end.max((start + end) / 2 + POINTER + text) }
        })
        .collect();
    let columns = line.chars().count();
    let first = labels.iter().map(|label| label.start).min().unwrap_or(0);
    let needed = labels.iter().map(|label| label.needed).max().unwrap_or(0);
    let last = labels.iter().map(|label| label.end).max().unwrap_or(0);
    let before = first.saturating_sub(room / 4);
    // A text that is too long anyway is no reason to cut.
    let helps = needed > room && needed - before <= room;
    if columns <= room && !helps {
        return 0..line.len();
    }
    let from = if last.max(needed) <= room { 0 } else { before };
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let to = if columns - from <= room { columns } else { from + room.saturating_sub(2) };
    byte(from)..byte(to)
}

impl Cropped {
    fn push(&mut self, line: &str, content: usize, window: &Range<usize>) {
        if window.start > 0 {
            self.text.push_str(MARK);
        }
        self.text.push_str(line.get(window.clone()).unwrap_or_default());
        if window.end < content {
            self.text.push_str(MARK);
        }
        self.text.push_str(line.get(content..).unwrap_or_default());
        self.shifts.push(if window.start > 0 { window.start.saturating_sub(MARK.len()) } else { 0 });
    }
}

impl SourceCode for Cropped {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.as_str().read_span(span, lines_before, lines_after)?;
        let shift = self.shifts.get(read.line()).copied().unwrap_or(0);
        let column = if read.column() == 0 { 0 } else { read.column() + shift };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            read.data(),
            *read.span(),
            read.line(),
            column,
            read.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn shown(text: &str, word: &str, room: usize) -> (String, String) {
        let start = text.find(word).unwrap();
        let label = Label { place: start..start + word.len(), columns: 9 };
        let (cropped, places) = crop("main.fw", text, &[label], room);
        let place = places[0].clone();
        (cropped.text[place].to_owned(), cropped.text)
    }

    #[test]
    fn what_fits_is_left_alone() {
        let text = "let a = 1\nlet b = öä\n";
        assert_eq!(shown(text, "öä", 40), ("öä".to_owned(), text.to_owned()));
    }

    #[test]
    fn a_long_line_is_cut_around_its_label() {
        let text = format!("short\nlet a = \"{}\", wrong = \"{}\"\nshort\n", "x".repeat(100), "y".repeat(100));
        let (label, shown) = shown(&text, "wrong", 60);
        assert_eq!(label, "wrong");
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!((lines[0], lines[2], lines.len()), ("short", "short", 3));
        assert!(lines[1].starts_with('…') && lines[1].ends_with('…') && lines[1].chars().count() <= 60, "{}", lines[1]);
    }

    #[test]
    fn a_label_whose_text_would_wrap_moves_to_the_left() {
        let text = format!("{} = wrong", "x".repeat(40));
        let (label, shown) = shown(&text, "wrong", 50);
        assert_eq!(label, "wrong");
        assert!(shown.starts_with('…'), "{shown}");
    }

    #[test]
    fn columns_are_those_of_the_file() {
        let text = format!("a\n{}wrong", " ".repeat(200));
        let place = 202..207;
        let (cropped, places) = crop("main.fw", &text, &[Label { place, columns: 9 }], 60);
        let span = SourceSpan::from((places[0].start, places[0].len()));
        let read = cropped.read_span(&span, 0, 0).unwrap();
        assert_eq!((read.line(), read.column()), (1, 200));
    }

    #[test]
    fn a_label_over_several_lines_or_at_the_end_keeps_its_ends() {
        let text = format!("{{\n{}\n}}", "x".repeat(90));
        let (cropped, places) = crop("main.fw", &text, &[Label { place: 0..text.len(), columns: 9 }], 60);
        assert_eq!(places[0], 0..cropped.text.len());
        let end = text.len()..text.len();
        let (cropped, places) = crop("main.fw", &text, &[Label { place: end, columns: 9 }], 60);
        assert_eq!(places[0], cropped.text.len()..cropped.text.len());
    }
}
