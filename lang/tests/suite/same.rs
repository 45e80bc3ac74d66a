//! Whether two trees are the same but for where things stand.

use std::fmt::Debug;

/// The tree as text without places.
pub(crate) fn without_places(tree: &impl Debug) -> String {
    let text = format!("{tree:?}");
    let mut result = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("Span { file: ") {
        let (before, behind) = rest.split_at(start);
        result.push_str(before);
        rest = behind.split_once(" }").map_or("", |(_, rest)| rest);
    }
    result.push_str(rest);
    result
}
