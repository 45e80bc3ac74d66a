//! Colours, where they are wanted. One meaning each: green comes, red goes, yellow changes, cyan moves, dim is context.

use super::harmless::harmless;
use owo_colors::{OwoColorize, Style};

/// Paints, or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    enabled: bool,
}

/// What a colour means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Comes into being.
    Added,
    /// Goes away.
    Removed,
    /// Changes.
    Changed,
    /// Moves, is read, is recovered.
    Moved,
    /// Context.
    Dim,
    /// Headings and names.
    Strong,
}

impl Paint {
    /// With colours or without.
    pub(crate) const fn new(enabled: bool) -> Self {
        Self { enabled }
    }

    /// Appends a text in the colour of its meaning.
    pub(crate) fn push(self, out: &mut String, meaning: Meaning, text: &str) {
        let text = harmless(text);
        if self.enabled {
            out.push_str(&text.style(style(meaning)).to_string());
        } else {
            out.push_str(&text);
        }
    }
}

fn style(meaning: Meaning) -> Style {
    match meaning {
        Meaning::Added => Style::new().green(),
        Meaning::Removed => Style::new().red(),
        Meaning::Changed => Style::new().yellow(),
        Meaning::Moved => Style::new().cyan(),
        Meaning::Dim => Style::new().dimmed(),
        Meaning::Strong => Style::new().bold(),
    }
}
