//! Where files come from. The only way into this crate for text from outside.

use formwork_model::{FileId, Span};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Gives the files of stacks and modules. Paths are relative to the stack's root, with `/`, normalised; `../` leads
/// out of the stack to modules beside it.
pub trait Sources {
    /// Names of the files and folders in `directory`, sorted; folders end in `/`.
    ///
    /// # Errors
    /// When it is no directory or cannot be read.
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// When it does not exist or cannot be read.
    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError>;
}

/// A file that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Which.
    pub path: String,
    /// It does not exist.
    pub not_found: bool,
    /// Why, in the operating system's words.
    pub reason: String,
}

/// The text of all files that were loaded; [`FileId`] is the position.
#[derive(Clone, Debug, Default)]
pub struct FileTable {
    files: Vec<SourceFile>,
}

/// One loaded file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path relative to the stack's root.
    pub path: String,
    /// Its text.
    pub text: Arc<str>,
    /// What of it is not for people's eyes.
    concealed: Vec<Range<usize>>,
    /// Offset of the first byte of each line.
    lines: Vec<u32>,
}

impl FileTable {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let text = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(newlines.map(|(offset, _)| offset as u32 + 1)).collect();
        self.files.push(SourceFile { path: path.into(), text, concealed: Vec::new(), lines });
        FileId(self.files.len() as u32 - 1)
    }

    /// Has what stands there shown to nobody: it is a secret.
    pub fn conceal(&mut self, span: Span) {
        if let Some(file) = self.files.get_mut(span.file.0 as usize) {
            file.concealed.push(span.start as usize..span.end as usize);
        }
    }

    /// The file of an id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// All files, by id.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(index as u32), file))
    }

    /// The text of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|file| file.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// `path:line:column` of a span's start; line and column count from 1, columns in characters.
    #[must_use]
    pub fn location(&self, span: Span) -> Option<Location<'_>> {
        let file = self.get(span.file)?;
        let line = file.lines.partition_point(|start| *start <= span.start);
        let line_start = *file.lines.get(line.checked_sub(1)?)? as usize;
        let column = file.text.get(line_start..span.start as usize)?.chars().count() + 1;
        Some(Location { path: &file.path, line, column })
    }
}

impl SourceFile {
    /// Its text as people may see it: other marks stand in for what is secret, so that every offset stays.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        if self.concealed.is_empty() {
            return Cow::Borrowed(&self.text);
        }
        let mut ranges: Vec<_> = self.concealed.iter().collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let (mut shown, mut at) = (String::with_capacity(self.text.len()), 0);
        for range in ranges {
            // One may lie within another.
            let (start, end) = (range.start.max(at), range.end.max(at));
            let (Some(open), Some(secret)) = (self.text.get(at..start), self.text.get(start..end)) else { continue };
            shown.push_str(open);
            shown.extend(secret.chars().map(|character| match character {
                '\n' | '\r' => character,
                _ => mark(character.len_utf8()),
            }));
            at = end;
        }
        shown.push_str(self.text.get(at..).unwrap_or_default());
        Cow::Owned(shown)
    }
}

/// A mark that takes so many bytes.
const fn mark(bytes: usize) -> char {
    match bytes {
        1 => '*',
        2 => '\u{b7}',
        3 => '\u{2022}',
        _ => '\u{1f784}',
    }
}

/// A place for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file.
    pub path: &'a str,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl std::fmt::Display for Location<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.path, self.line, self.column)
    }
}
