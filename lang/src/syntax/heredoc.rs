//! Heredocs of other languages. They are looked for first: what stands in them would look like broken texts.

use super::error::SyntaxError;
use super::recover::{Fill, Repair};
use formwork_model::{FileId, Span};

/// All `<<WORD` at the end of a line with a later line that is `WORD`.
pub(super) fn find(text: &str, file: FileId, base: usize) -> Vec<Repair> {
    let mut repairs = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("<<")).map(|offset| from + offset) {
        from = start + 2;
        let Some(end) = heredoc_end(text, start) else { continue };
        let span = Span::new(file, (base + start) as u32, (base + start + 2) as u32);
        repairs.push(Repair { error: SyntaxError::Heredoc { span }, range: start..end, fill: Fill::Value });
        from = end;
    }
    repairs
}

fn heredoc_end(text: &str, start: usize) -> Option<usize> {
    let behind = text.get(start + 2..)?;
    let line = behind.lines().next()?;
    let marker = line.trim_start_matches(['-', '~']).trim().trim_matches(['"', '\'']);
    let is_word = !marker.is_empty() && marker.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_word || marker.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let mut at = start + 2;
    for line in behind.split_inclusive('\n') {
        if at > start + 2 && line.trim() == marker {
            return Some(at + line.trim_end().len());
        }
        at += line.len();
    }
    None
}
