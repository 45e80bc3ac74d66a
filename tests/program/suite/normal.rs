//! What differs from run to run is replaced by a word: places, times, processes.

use regex::{Captures, Regex};
use std::sync::LazyLock;

/// What is replaced, and by what; `places` are replaced first.
static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let patterns = [
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(Z| UTC)", "WHEN"),
        (r"\b\d+m \d\d s\b|\b\d+m \d\ds\b|\b\d+ m?s\b", "A WHILE"),
        (r#""timestamp":"[^"]+""#, "\"timestamp\":WHEN"),
        (r"\S+\.rs:\d+:\d+", "HERE"),
        (r"sealed value of [0-9a-f]+", "sealed value of SOMETHING"),
        (r"serial \d+ of the state, which is at \d+ now", "serial N of the state, which is at M now"),
        (r"needs the key [0-9a-f]+(, this one is [0-9a-f]+)?", "needs the key A, and not B"),
        (r"\bprocess \d+", "process N"),
        (r"\b(?:unknown|uid[0-9]+)@[A-Za-z0-9_.-]*[A-Za-z0-9]", "SOMEBODY"),
    ];
    patterns.iter().map(|(pattern, word)| (Regex::new(pattern).unwrap(), *word)).collect()
});

pub(super) fn normal(text: &str, places: &[String]) -> String {
    let mut text = text.to_owned();
    for place in places {
        text = text.replace(place, "HOME");
    }
    for (pattern, word) in PATTERNS.iter() {
        text = pattern.replace_all(&text, |_: &Captures<'_>| *word).into_owned();
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
