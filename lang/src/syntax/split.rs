//! Cuts a file into its blocks without reading them: a block begins at a line that starts in column 0 with a keyword
//! and a name, at any bracket depth. So what is broken in one block costs that block only.

use std::ops::Range;

/// Words that begin a declaration.
pub(super) const KEYWORDS: [&str; 14] = [
    "param",
    "type",
    "let",
    "fn",
    "provider",
    "resource",
    "data",
    "ephemeral",
    "module",
    "output",
    "assert",
    "moved",
    "import",
    "forget",
];

/// Words that begin a block in other languages.
pub(super) const FOREIGN: [&str; 7] = ["variable", "locals", "terraform", "check", "removed", "test", "environment"];

/// Where the lines of `text` begin that stand outside of texts and comments that span lines.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        self.at = line_end(self.text.as_bytes(), start);
        Some(start)
    }
}

/// The offset behind the line break that ends the line at `at`, going over what spans lines.
fn line_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'\n' => return at + 1,
            b'"' | b'\'' => quoted_end(bytes, at, *byte),
            b'#' => find_line_end(bytes, at),
            b'/' => match bytes.get(at + 1) {
                Some(b'/') => find_line_end(bytes, at),
                Some(b'*') => find(bytes, at + 2, b"*/").map_or(at + 2, |end| end + 2),
                _ => at + 1,
            },
            _ => at + 1,
        };
    }
    bytes.len()
}

fn find_line_end(bytes: &[u8], at: usize) -> usize {
    bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == b'\n'))
        .map_or(bytes.len(), |length| at + length)
}

fn find(bytes: &[u8], at: usize, wanted: &[u8]) -> Option<usize> {
    bytes.get(at..)?.windows(wanted.len()).position(|window| window == wanted).map(|length| at + length)
}

/// Behind the text that begins at `at`: behind its closing quotes, or where its line ends.
fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let triple = [quote; 3];
    if bytes.get(at..at + 3) == Some(&triple) {
        return triple_end(bytes, at + 3, quote).unwrap_or(at + 3);
    }
    let mut position = at + 1;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'\n' => return position,
            b'\\' if quote == b'"' => position += 1,
            byte if *byte == quote => return position + 1,
            _ => {}
        }
        position += 1;
    }
    bytes.len()
}

fn triple_end(bytes: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            byte if *byte == quote && bytes.get(at..at + 3) == Some(&[quote; 3]) => return Some(at + 3),
            _ => at += 1,
        }
    }
}

/// The blocks of a `*.fw` file. Together they are the whole text; what stands before the first keyword belongs to the
/// first block.
pub(super) fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    // A block that so far has only decorators and doc comments.
    let mut pending = false;
    for line in Lines::new(text) {
        let rest = text.get(line..).unwrap_or("");
        let leads = rest.starts_with('@') || rest.starts_with("///");
        if leads || begins_declaration(rest) {
            if !pending {
                starts.push(line);
            }
            pending = leads;
        }
    }
    if let Some(first) = starts.first_mut() {
        *first = 0;
    } else {
        starts.push(0);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// Whether a line begins with a keyword and a name or text.
pub(super) fn begins_declaration(line: &str) -> bool {
    let length = line.bytes().take_while(u8::is_ascii_lowercase).count();
    let Some((word, rest)) = line.split_at_checked(length) else { return false };
    if !KEYWORDS.contains(&word) && !FOREIGN.contains(&word) {
        return false;
    }
    let behind = rest.trim_start_matches([' ', '\t']);
    let next = behind.bytes().next().unwrap_or(b'\n');
    match word {
        _ if behind.len() == rest.len() => false,
        "assert" => !matches!(next, b'=' | b':' | b'.' | b',' | b'\r' | b'\n'),
        "locals" | "terraform" => next == b'{',
        _ => next.is_ascii_alphanumeric() || next >= 0x80 || matches!(next, b'_' | b'"' | b'\''),
    }
}
