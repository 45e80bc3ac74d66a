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

/// A stretch of a file that is read by itself when something in its neighbourhood is broken.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) range: Range<usize>,
    /// At least how deep its brackets are nested; exact but for strange texts.
    pub(super) depth: u32,
}

/// Goes through the lines that stand outside of texts and comments that span lines.
struct Lines<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: u32,
    angles: u32,
    deepest: u32,
}

impl Lines<'_> {
    /// Where the next line begins.
    fn next(&mut self) -> Option<usize> {
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        self.skip_line();
        Some(start)
    }

    /// Goes behind the line break that ends this line, over what spans lines.
    fn skip_line(&mut self) {
        let mut interpolations = 0;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => break,
                b'"' | b'\'' => {
                    let start = self.at;
                    self.at = quoted_end(self.bytes, start, *byte);
                    interpolations += self.bytes.get(start..self.at).map_or(0, |text| count(text, b'{'));
                }
                b'#' => self.at = find_line_end(self.bytes, self.at),
                b'/' => self.skip_comment(),
                b'(' | b'[' | b'{' | b')' | b']' | b'}' | b'<' | b'>' => self.bracket(*byte),
                _ => self.at += 1,
            }
            self.deepest = self.deepest.max(self.depth + self.angles + interpolations);
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    /// `<` counts only where it could open the arguments of a type; apart, since `>` also compares.
    fn bracket(&mut self, byte: u8) {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at));
        match byte {
            b'<' => self.angles += u32::from(before.is_some_and(u8::is_ascii_alphanumeric)),
            b'>' => self.angles = self.angles.saturating_sub(1),
            b'(' | b'[' | b'{' => self.depth += 1,
            _ => self.depth = self.depth.saturating_sub(1),
        }
        self.at += 1;
    }

    fn skip_comment(&mut self) {
        self.at = match self.bytes.get(self.at + 1) {
            Some(b'/') => find_line_end(self.bytes, self.at),
            Some(b'*') => find(self.bytes, self.at + 2, b"*/").map_or(self.at + 2, |end| end + 2),
            _ => self.at + 1,
        };
    }
}

fn count(text: &[u8], wanted: u8) -> u32 {
    text.iter().filter(|byte| **byte == wanted).count() as u32
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
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = Lines { bytes: text.as_bytes(), at: 0, depth: 0, angles: 0, deepest: 0 };
    // Whether the last block so far has only decorators and doc comments.
    let mut pending = false;
    let mut any = false;
    let mut start = 0;
    loop {
        let rest = text.get(lines.at..).unwrap_or("");
        let leads = rest.starts_with('@') || rest.starts_with("///");
        if leads || begins_declaration(rest) {
            if any && !pending {
                blocks.push(Block { range: start..lines.at, depth: lines.deepest });
                start = lines.at;
            }
            if !pending {
                (lines.depth, lines.angles, lines.deepest) = (0, 0, 0);
            }
            pending = leads;
            any = true;
        }
        if lines.next().is_none() {
            break;
        }
    }
    blocks.push(Block { range: start..text.len(), depth: lines.deepest });
    blocks
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
        "moved" | "import" | "removed" if next == b'{' => true,
        _ => next.is_ascii_alphanumeric() || next >= 0x80 || matches!(next, b'_' | b'"' | b'\''),
    }
}
