//! Sources at random: mutations of valid ones never panic and give places within the text; formatting what was made at
//! random keeps its meaning and its comments, and doing it twice is doing it once. `FORMWORK_FUZZ` multiplies the counts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests"
)]

use formwork_lang::{format, syntax};
use formwork_model::{Diagnostic, FileId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::time::{Duration, Instant};

const SEED: &str = include_str!("../../tests/suite/syntax/all_declarations.test");
const OVERLAY: &str = include_str!("../../tests/suite/syntax/all_overlay.test");

fn cases(count: u32) -> Config {
    let factor = std::env::var("FORMWORK_FUZZ").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    Config { cases: count * factor, failure_persistence: None, ..Config::default() }
}

fn source_of(case: &str) -> &str {
    let behind = case.split_once("=== FILE").unwrap().1.split_once('\n').unwrap().1;
    behind.split_once("=== EXPECT").unwrap().0
}

fn check_places(text: &str, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        let places = diagnostic.primary.iter().chain(&diagnostic.labels).map(|label| label.span);
        for span in places {
            assert!(
                text.get(span.start as usize..span.end as usize).is_some(),
                "{span:?} of {diagnostic:?} is no place in {text:?}"
            );
        }
        assert!(diagnostic.help.is_some(), "{diagnostic:?} has no help");
    }
}

fn read(text: &str) {
    let (tree, diagnostics) = syntax::parse(FileId(0), text);
    check_places(text, &diagnostics);
    for item in &tree.items {
        assert!(text.get(item.span.start as usize..item.span.end as usize).is_some(), "{item:?} in {text:?}");
    }
    let (_, diagnostics) = syntax::parse_overlay(FileId(0), text);
    check_places(text, &diagnostics);
    for result in [syntax::parse_expression(FileId(0), text).err(), syntax::parse_type(FileId(0), text).err()] {
        check_places(text, &result.unwrap_or_default());
    }
}

/// What is put into valid sources to break them.
const PIECES: [&str; 40] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "${",
    "$",
    "\\",
    "\n",
    "\r\n",
    ",",
    ";",
    ":",
    "=",
    "==",
    "=>",
    "->",
    ".",
    "...",
    "?",
    "?.",
    "@",
    "#",
    "//",
    "/*",
    "*/",
    "if ",
    "else ",
    "for ",
    "resource x",
    "\nlet a = ",
    "é",
    "<<EOF\n",
];

fn mutate(text: &str, edits: &[(usize, usize, usize)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for (at, length, piece) in edits {
        let at = at % (text.len() + 1);
        let end = (at + length % 8).min(text.len());
        let piece = PIECES.get(*piece).copied().unwrap_or("");
        text.splice(at..end, piece.chars());
    }
    text.into_iter().collect()
}

fn edits() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((any::<usize>(), any::<usize>(), 0..PIECES.len() + 10), 1..6)
}

#[test]
fn broken_sources_are_reported() {
    TestRunner::new(cases(150))
        .run(&(edits(), 0_usize..90), |(edits, from)| {
            let seed = source_of(SEED);
            let window: String = seed.lines().skip(from).take(25).flat_map(|line| [line, "\n"]).collect();
            read(&mutate(&window, &edits));
            read(&mutate(source_of(OVERLAY), &edits));
            Ok(())
        })
        .unwrap();
}

#[test]
fn noise_is_reported() {
    TestRunner::new(cases(150))
        .run(&prop::collection::vec(0..PIECES.len(), 0..30), |pieces| {
            read(&pieces.iter().map(|piece| PIECES[*piece]).collect::<String>());
            Ok(())
        })
        .unwrap();
}

// ---- generated sources ------------------------------------------------------------------------------------------

/// What may stand where a line may end: nothing, line breaks, comments.
fn gap() -> BoxedStrategy<String> {
    prop_oneof![
        8 => Just(String::new()),
        2 => Just("\n".to_owned()),
        1 => Just("\n\n\n".to_owned()),
        1 => (0..1000).prop_map(|number| format!(" // c{number}\n")),
        1 => (0..1000).prop_map(|number| format!("/* b{number} */")),
        1 => (0..1000).prop_map(|number| format!("\n// own {number}\n")),
    ]
    .boxed()
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("network.cidr".to_owned()),
        Just("10_000".to_owned()),
        Just("1h30m".to_owned()),
        Just("null".to_owned()),
        Just("\"text\"".to_owned()),
        Just("\"a ${ b  /* in */ + c }\"".to_owned()),
        Just("'raw ${x}'".to_owned()),
        Just("\"\"\"\n  two\n    lines\n  \"\"\"".to_owned()),
        Just("a_rather_long_name_that_makes_lines_long".to_owned()),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let items = prop::collection::vec((gap(), inner.clone(), gap()), 0..4);
        prop_oneof![
            items.clone().prop_map(|items| {
                let items: Vec<String> =
                    items.iter().map(|(before, item, behind)| format!("{before}{item}{behind}")).collect();
                format!("[{}]", items.join(","))
            }),
            items.clone().prop_map(|items| {
                let items: Vec<String> =
                    items.iter().map(|(before, item, behind)| format!("{before}{item}{behind}")).collect();
                format!("f({})", items.join(","))
            }),
            items.prop_map(|items| {
                let entry = |(index, (before, item, behind)): (usize, &(String, String, String))| {
                    format!("{before}k{index} = {item}{behind}")
                };
                format!("{{ {} }}", items.iter().enumerate().map(entry).collect::<Vec<_>>().join(","))
            }),
            (inner.clone(), gap(), prop_oneof![Just("+"), Just("&&"), Just("??"), Just("*")], gap(), inner.clone())
                .prop_map(|(left, before, operator, behind, right)| format!(
                    "({left}{before} {operator} {behind}{right})"
                )),
            (inner.clone(), gap(), inner.clone(), gap(), inner.clone()).prop_map(
                |(condition, one, then, two, otherwise)| {
                    format!("(if {condition}{one} then {then}{two} else {otherwise})")
                }
            ),
            (gap(), inner.clone(), gap(), inner.clone())
                .prop_map(|(before, source, behind, body)| format!("[{before}for x in {source} =>{behind} {body}]")),
            (inner.clone(), gap(), inner.clone()).prop_map(|(subject, before, value)| {
                format!("(match {subject} {{{before} 1 | \"x\" => {value}, _ => null }})")
            }),
            inner.clone().prop_map(|inner| format!("-({inner}).member[0]")),
            inner.prop_map(|inner| format!("{{ ...{inner}, short, [key] = 1, \"quoted-${{x}}\" = 2 }}")),
        ]
    })
}

fn declaration() -> impl Strategy<Value = String> {
    prop_oneof![
        expression().prop_map(|value| format!("let a = {value}")),
        (expression(), expression())
            .prop_map(|(value, condition)| format!("param p: list<int>? = {value} where {condition} else \"no\"")),
        (gap(), expression(), gap()).prop_map(|(before, value, behind)| {
            format!(
                "@protect @timeout(create = 45m)\nresource r: t.u for k, v in m if v {{{before}x = {value}{behind}}}"
            )
        }),
        (gap(), expression())
            .prop_map(|(before, value)| format!("type T = {{{before}a: int = {value}, b?: \"x\" | \"y\" }}")),
        expression().prop_map(|value| format!("fn f(a: int, b: string = {value}) -> any = a")),
        Just("moved a.b[\"x\"] -> c".to_owned()),
    ]
}

fn source() -> impl Strategy<Value = String> {
    let own = prop_oneof![
        Just("\n".to_owned()),
        Just("\n\n\n".to_owned()),
        Just(" // behind\n".to_owned()),
        Just("\n/// doc\n".to_owned()),
        Just("\n\n// apart\n\n".to_owned()),
    ];
    prop::collection::vec((declaration(), own), 1..5)
        .prop_map(|items| items.into_iter().map(|(item, own)| item + &own).collect::<String>())
}

/// The tree without places and comments.
fn meaning(text: &str) -> String {
    let (tree, diagnostics) = syntax::parse(FileId(0), text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
    let text = format!("{:?}", tree.items);
    let mut result = String::new();
    let mut rest = text.as_str();
    while let Some((before, behind)) = rest.split_once("Span { file: ") {
        result.push_str(before);
        rest = behind.split_once(" }").unwrap().1;
    }
    result + rest
}

fn comments(text: &str) -> Vec<String> {
    let (tree, _) = syntax::parse(FileId(0), text);
    let written = |span: formwork_model::Span| text[span.start as usize..span.end as usize].to_owned();
    let mut comments: Vec<String> = tree.comments.iter().map(|comment| written(comment.span)).collect();
    comments.sort();
    comments
}

#[test]
fn formatting_keeps_meaning_and_comments() {
    TestRunner::new(cases(200))
        .run(&source(), |text| {
            // Not everything that is put together here can be read: a line break may end an expression.
            let Ok(formatted) = format::format(FileId(0), &text) else { return Ok(()) };
            let again = format::format(FileId(0), &formatted).unwrap_or_else(|errors| {
                panic!("the formatted source has errors:\n{text}\n---\n{formatted}\n{errors:?}")
            });
            prop_assert_eq!(&formatted, &again, "formatting twice differs, from:\n{}", &text);
            prop_assert_eq!(meaning(&text), meaning(&formatted), "from:\n{}\nto:\n{}", &text, &formatted);
            prop_assert_eq!(comments(&text), comments(&formatted), "from:\n{}\nto:\n{}", &text, &formatted);
            prop_assert!(
                !formatted.lines().any(|line| line.ends_with([' ', '\t']) && !line.contains("text")),
                "{}",
                formatted
            );
            Ok(())
        })
        .unwrap();
}

// ---- depth ------------------------------------------------------------------------------------------------------

fn within(limit: Duration, text: &str) -> Vec<Diagnostic> {
    let start = Instant::now();
    let (_, diagnostics) = syntax::parse(FileId(0), text);
    check_places(text, &diagnostics);
    assert!(start.elapsed() < limit, "it took {:?}", start.elapsed());
    diagnostics
}

#[test]
fn deep_nesting_is_a_diagnostic() {
    let deep =
        |open: &str, close: &str, count: usize| format!("let a = {}1{}\n", open.repeat(count), close.repeat(count));
    let sources = [
        deep("(", ")", 100_000),
        deep("[", "]", 10_000),
        deep("{ a = ", "}", 10_000),
        deep("\"${", "}\"", 10_000),
        deep("f(", ")", 10_000),
        deep("- ", "", 10_000),
        deep("[>", "]", 10_000),
        format!("let a = 1{}\n", " + 1".repeat(10_000)),
        format!("let a = b{}\n", ".c".repeat(10_000)),
        format!("let a = {}b\n", "if a then b else ".repeat(10_000)),
        format!("let a = {}b\n", "if ".repeat(10_000)),
        format!("let a = {}b\n", "a ? b : ".repeat(10_000)),
        format!("let a = {}b\n", "match ".repeat(10_000)),
        format!("param a: {}int{}\n", "list<".repeat(10_000), ">".repeat(10_000)),
        format!("param a: {}int\n", "list<".repeat(10_000)),
        format!("param a: int{}\n", "?".repeat(10_000)),
        format!("let a = {}", "(".repeat(10_000)),
        format!("let a = {}", ")".repeat(10_000)),
    ];
    for source in sources {
        assert!(!within(Duration::from_secs(20), &source).is_empty(), "{:.40}", source);
    }
}

#[test]
fn brackets_may_be_nested_as_deep_as_the_limit() {
    let source = format!("let a = {}1{}\n", "[".repeat(254), "]".repeat(254));
    assert_eq!(within(Duration::from_secs(5), &source), []);
}

#[test]
fn nested_interpolation_is_not_exponential() {
    let source = format!("let a = {}b{}\n", "\"${".repeat(60), "}\"".repeat(60));
    assert_eq!(within(Duration::from_secs(2), &source), []);
    let broken = format!("let a = {}b{}\n", "\"${ f(".repeat(40), ")}\"".repeat(39));
    assert!(!within(Duration::from_secs(2), &broken).is_empty());
}
