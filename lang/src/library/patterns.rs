//! Regular expressions, in the syntax of the `regex` crate: linear in the length of the text, without back-references
//! and look-around. A pattern matches anywhere; `^` and `$` tie it to the ends.

use super::arguments::{BASE, Outcome, TEXT_LIMIT, check_text_size, gives, required, text};
use super::strings::give_texts;
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use formwork_model::Value;
use regex::{Captures, Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;

/// Compiled patterns may be this large, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// So many compiled patterns are kept.
const KEPT: usize = 64;

thread_local! {
    /// The same few patterns are used for every instance of a resource; compiling one costs far more than using it.
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default();
}

const GROUP: LibraryFunction = LibraryFunction { group: "regular expressions", ..BASE };

const TEXT: Parameter = required("text", Shape::String);
const PATTERN: Parameter = required("pattern", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "matches",
        docs: "Whether the pattern matches anywhere in the text. Write `^…$` to match all of it. Single quotes keep backslashes as they are.",
        examples: &[
            (r#"matches("shop-1", '^[a-z][a-z0-9-]*$')"#, "true"),
            (r#"matches("Shop", '^[a-z]+$')"#, "false"),
            (r#"matches("Shop", '(?i)^[a-z]+$')"#, "true"),
        ],
        parameters: &[TEXT, PATTERN],
        result: gives(Shape::Bool),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            with_pattern(arguments, |pattern| Ok(Value::Bool(pattern.is_match(text))))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "find",
        docs: "What the pattern matches first, or null where it matches nothing.",
        examples: &[(r#"find("eu-west-1", '[0-9]+')"#, r#""1""#), (r#"find("eu-west", '[0-9]+')"#, "null")],
        parameters: &[TEXT, PATTERN],
        result: gives(Shape::Optional(&Shape::String)),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            let give = |found: regex::Match<'_>| Value::string(found.as_str());
            with_pattern(arguments, |pattern| Ok(pattern.find(text).map_or(Value::Null, give)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "find_all",
        docs: "All that the pattern matches, in order, without overlaps.",
        examples: &[
            (r#"find_all("a1b22c333", '[0-9]+')"#, r#"["1", "22", "333"]"#),
            (r#"find_all("abc", '[0-9]+')"#, "[]"),
        ],
        parameters: &[TEXT, PATTERN],
        result: gives(Shape::List(&Shape::String)),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            with_pattern(arguments, |pattern| give_texts(pattern.find_iter(text).map(|found| found.as_str())))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "capture",
        docs: "What the groups of the pattern caught where it matches first, or null where it matches nothing. Named groups (`(?<name>…)`) stand under their name, others under their number; `\"0\"` is the whole match. A group that took no part is null.",
        examples: &[
            (r#"capture("v1.22", 'v(?<major>\d+)\.(?<minor>\d+)')"#, r#"{ "0" = "v1.22", major = "1", minor = "22" }"#),
            (r#"capture("ab", '(a)(x)?')"#, r#"{ "0" = "a", "1" = "a", "2" = null }"#),
            (r#"capture("latest", 'v(\d+)')"#, "null"),
        ],
        parameters: &[TEXT, PATTERN],
        result: gives(Shape::Optional(&Shape::Map(&Shape::Optional(&Shape::String)))),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            let give = |pattern: &Regex| pattern.captures(text).map_or(Value::Null, |found| groups(pattern, &found));
            with_pattern(arguments, |pattern| Ok(give(pattern)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "regex_replace",
        docs: "The text with each match of the pattern replaced by `to`. In `to`, `$1` or `${name}` stands for what a group caught and `$$` for a dollar sign; write it in single quotes.",
        examples: &[
            (r#"regex_replace("a  b   c", ' +', " ")"#, r#""a b c""#),
            (r#"regex_replace("2024-05", '(\d+)-(\d+)', '$2/$1')"#, r#""05/2024""#),
        ],
        parameters: &[TEXT, PATTERN, required("to", Shape::String)],
        result: gives(Shape::String),
        call: replace,
        ..GROUP
    },
    LibraryFunction {
        name: "regex_escape",
        docs: "The text as a pattern that matches just this text.",
        examples: &[(r#"regex_escape("a.b")"#, r#""a\\.b""#), (r#"matches("axb", regex_escape("a.b"))"#, "false")],
        parameters: &[TEXT],
        result: gives(Shape::String),
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            check_text_size(text.len().saturating_mul(2))?;
            Ok(Value::string(regex::escape(text)))
        },
        ..GROUP
    },
];

/// Uses the pattern that is argument 1.
fn with_pattern(arguments: &[Value], call: impl FnOnce(&Regex) -> Outcome) -> Outcome {
    let source = text(arguments, 1)?;
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(pattern) = compiled.get(source) {
            return call(pattern);
        }
        let pattern = compile(source)?;
        let result = call(&pattern);
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(source.to_owned(), pattern);
        result
    })
}

fn compile(source: &str) -> Result<Regex, FunctionError> {
    RegexBuilder::new(source).size_limit(SIZE_LIMIT).dfa_size_limit(SIZE_LIMIT).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => FunctionError::of(1, "the pattern becomes too large")
            .help("use smaller counts in `{…}`, or `[a-z]` in place of classes such as `\\w`"),
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            FunctionError::of(1, format!("`{source}` is no regular expression: {reason}")).help(
                "put `\\` before a character that is meant literally; look-around and back-references do not exist",
            )
        }
    })
}

fn groups(pattern: &Regex, found: &Captures<'_>) -> Value {
    let give = |(number, name): (usize, Option<&str>)| {
        let key = name.map_or_else(|| number.to_string(), str::to_owned);
        (key, found.get(number).map_or(Value::Null, |text| Value::string(text.as_str())))
    };
    Value::map(pattern.capture_names().enumerate().map(give))
}

fn replace(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, to) = (text(arguments, 0)?, text(arguments, 2)?);
    with_pattern(arguments, |pattern| {
        let mut result = String::new();
        let mut end = 0;
        for found in pattern.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            result.push_str(text.get(end..whole.start()).unwrap_or_default());
            found.expand(to, &mut result);
            end = whole.end();
            if result.len() > TEXT_LIMIT {
                break;
            }
        }
        result.push_str(text.get(end..).unwrap_or_default());
        check_text_size(result.len())?;
        Ok(Value::string(result))
    })
}
