//! `docs/functions.md`, made from the table of functions.

use crate::{root, updates};
use formwork_lang::library::{FUNCTIONS, LibraryFunction, Parameter, ResultType, Shape};
use libtest_mimic::Failed;
use std::fmt::Write;
use std::fs;

/// Groups in the order of the page, each with what it says of all its functions.
const GROUPS: &[(&str, &str)] = &[
    (
        "strings",
        "Lengths and positions count characters (code points), not bytes. The text comes first in all of them.",
    ),
    (
        "regular expressions",
        "Patterns are those of Rust's [regex](https://docs.rs/regex/latest/regex/#syntax) crate: linear in the length of the text, without back-references and look-around. A pattern matches anywhere; `^` and `$` tie it to the ends. Write patterns in single quotes, where backslashes are plain characters.",
    ),
    ("collections", "Lists, and what lists, sets and maps have in common."),
    ("sets", "Lists are taken too; the result is a set, in the order of its values."),
    ("maps", "Records are taken too. Entries are always in the order of their keys."),
    ("numbers", "Whole numbers stay whole, and what does not fit 64 bits is an error."),
    (
        "networks",
        "IPv4 and IPv6. A range is a `cidr`, an address an `ip`; a range may not have bits set behind its prefix.",
    ),
    ("encoding", ""),
    ("hashes", "Of the UTF-8 bytes of a text, or of a file."),
    (
        "files",
        "Of the module that the call stands in. Paths are relative to its directory, written with `/`, and never leave it. The examples read files of a module that has `files/motd.txt`, `files/greeting.tmpl` (`Hello ${user.name}, ${ count } new. Cost: $${5}`) and `files/sub/more.json`.",
    ),
    ("versions", "[Semantic versions](https://semver.org). A `v` in front is taken and ignored."),
    ("conversion", "Only where nothing is lost or guessed."),
    (
        "time",
        "Points in time are RFC 3339 texts such as `2024-05-01T12:00:00Z`. Nothing here reads a clock: see the resource type `std.time`.",
    ),
];

/// Fails where the page is not what the table gives.
pub(crate) fn is_current() -> Result<(), Failed> {
    let path = root().join("docs/functions.md");
    let page = page();
    if updates() {
        fs::write(&path, &page)?;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    if found == page { Ok(()) } else { Err("docs/functions.md is out of date: run with UPDATE_EXPECT=1".into()) }
}

fn page() -> String {
    let mut page = String::from(
        "# Functions\n\n<!-- Made from the table in lang/src/library; edit it there. -->\n\nThe standard library. All functions are pure: none reads a clock, the network or anything outside of the module, and\nnone is random. A call takes positional arguments first, then named ones (`indent(text, 2, first = false)`). What a\nfunction gives is secret where an argument was, and not known yet where it depends on what is not known yet. Results are\nlimited to 16 MB of text and a million items.\n\n`T` stands for any type, the same throughout a line. `...` takes any number of arguments.\n",
    );
    for (group, introduction) in GROUPS {
        let _ = write!(page, "\n## {}{}\n", group[..1].to_uppercase(), &group[1..]);
        if !introduction.is_empty() {
            let _ = write!(page, "\n{introduction}\n");
        }
        for function in FUNCTIONS.iter().filter(|function| function.group == *group) {
            write_function(&mut page, function);
        }
    }
    let known = |function: &&LibraryFunction| GROUPS.iter().any(|(group, _)| *group == function.group);
    assert!(FUNCTIONS.iter().all(|function| known(&function)), "a group has no place on the page");
    page
}

fn write_function(page: &mut String, function: &LibraryFunction) {
    let parameters: Vec<String> = function.parameters.iter().map(parameter).collect();
    let result = match function.result {
        ResultType::Shape(shape) => self::shape(&shape),
        ResultType::Computed(_) => computed(function.name).to_owned(),
    };
    let _ = write!(page, "\n### {}\n\n`{}({}) -> {result}`\n\n", function.name, function.name, parameters.join(", "));
    let _ = write!(page, "{}\n\n```\n", function.docs);
    for (call, value) in function.examples {
        let _ = writeln!(page, "{call}  // {value}");
    }
    page.push_str("```\n");
}

/// What is said of results whose type depends on the arguments.
fn computed(name: &str) -> &'static str {
    match name {
        "entries" => "list<{ key: string, value: T }>",
        "merge" | "deep_merge" => "a record or map with the keys of all",
        "semver_parse" => "{ major: int, minor: int, patch: int, pre_release: string, build: string }",
        "to_secret" => "secret<T>",
        _ => "int, or float where an argument is",
    }
}

fn parameter(parameter: &Parameter) -> String {
    let dots = if parameter.variadic { "..." } else { "" };
    let default = parameter.default.map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{dots}{}: {}{default}", parameter.name, shape(&parameter.shape))
}

fn shape(of: &Shape) -> String {
    match of {
        Shape::Any => "any".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Int => "int".to_owned(),
        Shape::Float => "float".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Scalar => "string | int | float | bool | duration".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Cidr => "cidr".to_owned(),
        Shape::Ip => "ip".to_owned(),
        Shape::Url => "url".to_owned(),
        Shape::Variable(_) => "T".to_owned(),
        Shape::Optional(inner) => format!("{}?", shape(inner)),
        Shape::List(item) => format!("list<{}>", shape(item)),
        Shape::Set(item) => format!("set<{}>", shape(item)),
        Shape::Items(item) => format!("list<{0}> | set<{0}>", shape(item)),
        Shape::Map(entry) => format!("map<{}>", shape(entry)),
        Shape::OneOf(shapes) => shapes.iter().map(shape).collect::<Vec<_>>().join(" | "),
    }
}
