//! Overlays.

use super::printer::Printer;
use crate::tree::{OverlayAction, OverlayEntry, OverlayTree};
use formwork_model::Span;

impl Printer<'_> {
    /// All entries, in the author's order and grouping.
    pub(super) fn overlay(&mut self, tree: &OverlayTree) {
        let mut last_was_long = None;
        if let Some(span) = tree.is_abstract {
            self.top_line(span, &mut last_was_long, |printer| printer.token("abstract"));
        }
        if let Some(base) = &tree.extends {
            let start = self.find_before("extends", base.span.start).unwrap_or(base.span.start);
            self.top_line(Span { start, ..base.span }, &mut last_was_long, |printer| {
                printer.token("extends ");
                printer.verbatim(base.span);
            });
        }
        for entry in &tree.entries {
            self.top_line(entry.span, &mut last_was_long, |printer| printer.overlay_entry(entry));
        }
        self.last_comments(last_was_long.is_some());
    }

    fn overlay_entry(&mut self, entry: &OverlayEntry) {
        self.token(match entry.action {
            OverlayAction::Replace => "replace ",
            OverlayAction::Remove => "remove ",
            OverlayAction::Set | OverlayAction::Append => "",
        });
        self.path(&entry.path);
        if let Some(value) = &entry.value {
            self.token(if entry.action == OverlayAction::Append { " += " } else { " = " });
            self.expression(value);
        }
    }
}
