//! Text of stacks, states and providers as a terminal may get it. A terminal obeys control characters: an escape sequence
//! in a value could wipe out the line above it, and a bidirectional mark could make a text read as another one. What is
//! shown to people passes through here; what is written for programs does not.

use std::borrow::Cow;

/// A text with its control characters written as the language writes them, `\u{1b}`. Ends of lines and tabs stay.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    filtered(text, |_| None)
}

/// The same, but colours of the program's own stay.
pub(crate) fn painted(text: &str) -> Cow<'_, str> {
    filtered(text, own_colour)
}

/// A text of the same length, for source beside which places are told: something else stands for each such character.
pub(crate) fn same_length(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, character.len_utf8()) {
            _ if !is_harmful(character) => out.push(character),
            ('\r', _) if characters.peek() == Some(&'\n') => out.push(' '),
            (_, 1) => out.push('?'),
            (_, 2) => out.push('¿'),
            (_, 3) => out.push('\u{fffd}'),
            _ => out.push_str("\u{fffd}?"),
        }
    }
    Cow::Owned(out)
}

fn filtered(text: &str, stays: impl Fn(&str) -> Option<usize>) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = stays(rest);
        let (head, tail) = rest.split_at(length.unwrap_or_else(|| character.len_utf8()));
        if length.is_none() && is_harmful(character) {
            out.extend(character.escape_default());
        } else {
            out.push_str(head);
        }
        rest = tail;
    }
    Cow::Owned(out)
}

/// Controls, marks that turn the direction of writing, ends of lines that only Unicode knows, and what is invisible.
fn is_harmful(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => character.is_control(),
    }
}

/// How long the sequence is that the text begins with, where it sets a colour in which text can be read: those of
/// [`super::paint`] and of miette's theme.
fn own_colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|character: char| !character.is_ascii_digit() && character != ';')?;
    let (parameters, behind) = parameters.split_at_checked(end)?;
    let readable =
        |one: &str| matches!(one, "0" | "1" | "2" | "4" | "22" | "39" | "31" | "32" | "33" | "34" | "35" | "36");
    let own = parameters.split(';').all(readable) || is_bright(parameters);
    (own && behind.starts_with('m')).then(|| "\u{1b}[m".len() + end)
}

/// A bright colour of miette's theme.
fn is_bright(parameters: &str) -> bool {
    let numbers = parameters.strip_prefix("38;2;").unwrap_or("").split(';').map(str::parse::<u8>);
    let numbers: Result<Vec<u8>, _> = numbers.collect();
    numbers.is_ok_and(|numbers| numbers.len() == 3 && numbers.iter().any(|number| *number >= 128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let evil = "evil\r\u{1b}[2K\u{9b}2K\u{1b}]0;title\u{7} \u{202e}abc\u{2066}\u{7f}\u{feff}\u{e0041}";
        let shown = r"evil\r\u{1b}[2K\u{9b}2K\u{1b}]0;title\u{7} \u{202e}abc\u{2066}\u{7f}\u{feff}\u{e0041}";
        assert_eq!(harmless(evil), shown);
        assert_eq!(painted(evil), shown);
        let usual = "öä\t\"x\"\n… → ✓ 👩‍👩‍👧 مرحبا";
        assert_eq!(harmless(usual), usual);
    }

    #[test]
    fn only_readable_colours_stay() {
        for own in ["\u{1b}[1mx\u{1b}[0m", "\u{1b}[32mx\u{1b}[0m", "\u{1b}[38;2;255;30;30mx\u{1b}[0m"] {
            assert_eq!(painted(own), own);
            assert!(!harmless(own).contains('\u{1b}'), "{own:?}");
        }
        for foreign in [
            "\u{1b}[8mx",
            "\u{1b}[30;40mx",
            "\u{1b}[38;2;0;0;0mx",
            "\u{1b}[1",
            "\u{1b}[1;8mx",
            "\u{1b}[31Ax",
            "\u{1b}[38;2;255;0;0;8mx",
        ] {
            assert!(!painted(foreign).contains('\u{1b}'), "{foreign:?}");
        }
    }

    #[test]
    fn places_stay_in_source() {
        let source = "a = \"\u{1b}\u{9b}\u{202e}\u{e0041}\"\r\nb\rc\n";
        let shown = same_length(source);
        assert_eq!(shown.len(), source.len());
        assert_eq!(shown, "a = \"?¿\u{fffd}\u{fffd}?\" \nb?c\n");
    }
}
