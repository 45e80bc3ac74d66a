//! Texts. Lengths and positions count characters (code points), not bytes.

use super::arguments::{
    BASE, ITEM_LIMIT, Outcome, check_item_count, check_text_size, gives, int, item_text, items, optional, optional_int,
    optional_text, required, size, text, truth,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use formwork_model::Value;

const GROUP: LibraryFunction = LibraryFunction { group: "strings", result: gives(Shape::String), ..BASE };

const TEXT: Parameter = required("text", Shape::String);
const CHARACTERS: Parameter = optional("characters", Shape::Optional(&Shape::String), "null");

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "upper",
        docs: "The text in upper case.",
        examples: &[(r#"upper("eu-west-1")"#, r#""EU-WEST-1""#), (r#"upper("straße")"#, r#""STRASSE""#)],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(text(arguments, 0)?.to_uppercase())),
        ..GROUP
    },
    LibraryFunction {
        name: "lower",
        docs: "The text in lower case.",
        examples: &[(r#"lower("Shop-API")"#, r#""shop-api""#), (r#"lower("ÄÖ")"#, r#""äö""#)],
        parameters: &[TEXT],
        call: |_, arguments| Ok(Value::string(text(arguments, 0)?.to_lowercase())),
        ..GROUP
    },
    LibraryFunction {
        name: "title",
        docs: "The text with the first letter of each word in upper case. Words are separated by white space; the other letters stay as they are.",
        examples: &[(r#"title("shop platform")"#, r#""Shop Platform""#), (r#"title("my-API key")"#, r#""My-API Key""#)],
        parameters: &[TEXT],
        call: title,
        ..GROUP
    },
    LibraryFunction {
        name: "trim",
        docs: "The text without white space at both ends, or without any of `characters` there.",
        examples: &[(r#"trim("  a b ")"#, r#""a b""#), (r#"trim("--name--", "-")"#, r#""name""#)],
        parameters: &[TEXT, CHARACTERS],
        call: |_, arguments| {
            trim_with(arguments, |text, set| text.trim_matches(|character| is_trimmed(character, set)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "trim_start",
        docs: "The text without white space at its start, or without any of `characters` there.",
        examples: &[(r#"trim_start("  a ")"#, r#""a ""#), (r#"trim_start("007", "0")"#, r#""7""#)],
        parameters: &[TEXT, CHARACTERS],
        call: |_, arguments| {
            trim_with(arguments, |text, set| text.trim_start_matches(|character| is_trimmed(character, set)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "trim_end",
        docs: "The text without white space (also line breaks) at its end, or without any of `characters` there.",
        examples: &[(r#"trim_end("line\n")"#, r#""line""#), (r#"trim_end("a/b//", "/")"#, r#""a/b""#)],
        parameters: &[TEXT, CHARACTERS],
        call: |_, arguments| {
            trim_with(arguments, |text, set| text.trim_end_matches(|character| is_trimmed(character, set)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "trim_prefix",
        docs: "The text without `prefix` at its start; unchanged where it does not start so.",
        examples: &[(r#"trim_prefix("v1.2.0", "v")"#, r#""1.2.0""#), (r#"trim_prefix("1.2.0", "v")"#, r#""1.2.0""#)],
        parameters: &[TEXT, required("prefix", Shape::String)],
        call: |_, arguments| {
            let whole = text(arguments, 0)?;
            Ok(Value::string(whole.strip_prefix(text(arguments, 1)?).unwrap_or(whole)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "trim_suffix",
        docs: "The text without `suffix` at its end; unchanged where it does not end so.",
        examples: &[
            (r#"trim_suffix("shop.git", ".git")"#, r#""shop""#),
            (r#"trim_suffix("shop", ".git")"#, r#""shop""#),
        ],
        parameters: &[TEXT, required("suffix", Shape::String)],
        call: |_, arguments| {
            let whole = text(arguments, 0)?;
            Ok(Value::string(whole.strip_suffix(text(arguments, 1)?).unwrap_or(whole)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "replace",
        docs: "The text with each occurrence of `from` replaced by `to`, literally. See `regex_replace` for patterns.",
        examples: &[(r#"replace("a.b.c", ".", "-")"#, r#""a-b-c""#), (r#"replace("shop", "x", "y")"#, r#""shop""#)],
        parameters: &[TEXT, required("from", Shape::String), required("to", Shape::String)],
        call: replace,
        ..GROUP
    },
    LibraryFunction {
        name: "split",
        docs: "The parts of the text between occurrences of `separator`. An empty separator gives the single characters.",
        examples: &[
            (r#"split("a,b,,c", ",")"#, r#"["a", "b", "", "c"]"#),
            (r#"split("äb", "")"#, r#"["ä", "b"]"#),
            (r#"split("", ",")"#, r#"[""]"#),
        ],
        parameters: &[TEXT, required("separator", Shape::String)],
        result: gives(Shape::List(&Shape::String)),
        call: split,
        ..GROUP
    },
    LibraryFunction {
        name: "join",
        docs: "The texts one after the other, with `separator` between them.",
        examples: &[(r#"join(["a", "b", "c"], "-")"#, r#""a-b-c""#), (r#"join([], ", ")"#, r#""""#)],
        parameters: &[required("items", Shape::Items(&Shape::Scalar)), optional("separator", Shape::String, r#""""#)],
        call: join,
        ..GROUP
    },
    LibraryFunction {
        name: "starts_with",
        docs: "Whether the text starts with `prefix`.",
        examples: &[(r#"starts_with("eu-west-1", "eu-")"#, "true"), (r#"starts_with("eu-west-1", "EU")"#, "false")],
        parameters: &[TEXT, required("prefix", Shape::String)],
        result: gives(Shape::Bool),
        call: |_, arguments| Ok(Value::Bool(text(arguments, 0)?.starts_with(text(arguments, 1)?))),
        ..GROUP
    },
    LibraryFunction {
        name: "ends_with",
        docs: "Whether the text ends with `suffix`.",
        examples: &[(r#"ends_with("shop.example.com", ".com")"#, "true"), (r#"ends_with("shop", "p.")"#, "false")],
        parameters: &[TEXT, required("suffix", Shape::String)],
        result: gives(Shape::Bool),
        call: |_, arguments| Ok(Value::Bool(text(arguments, 0)?.ends_with(text(arguments, 1)?))),
        ..GROUP
    },
    LibraryFunction {
        name: "substring",
        docs: "The characters from position `start` up to, not including, position `end`. Positions count from 0; negative ones count from the end; without `end` it goes to the end. Positions outside of the text are moved to its bounds, so `substring(name, 0, 24)` shortens only what is too long.",
        examples: &[
            (r#"substring("platform", 0, 5)"#, r#""platf""#),
            (r#"substring("äöü", 1)"#, r#""öü""#),
            (r#"substring("platform", -4)"#, r#""form""#),
            (r#"substring("api", 0, 24)"#, r#""api""#),
        ],
        parameters: &[TEXT, required("start", Shape::Int), optional("end", Shape::Optional(&Shape::Int), "null")],
        call: substring,
        ..GROUP
    },
    LibraryFunction {
        name: "pad_start",
        docs: "The text, filled up at its start with `with` to at least `width` characters.",
        examples: &[(r#"pad_start("7", 3, "0")"#, r#""007""#), (r#"pad_start("abcd", 3)"#, r#""abcd""#)],
        parameters: &[TEXT, required("width", Shape::Int), optional("with", Shape::String, r#"" ""#)],
        call: |_, arguments| pad(arguments, |text, padding| format!("{padding}{text}")),
        ..GROUP
    },
    LibraryFunction {
        name: "pad_end",
        docs: "The text, filled up at its end with `with` to at least `width` characters.",
        examples: &[(r#"pad_end("ab", 4, ".")"#, r#""ab..""#), (r#"pad_end("a", 4, "xy")"#, r#""axyx""#)],
        parameters: &[TEXT, required("width", Shape::Int), optional("with", Shape::String, r#"" ""#)],
        call: |_, arguments| pad(arguments, |text, padding| format!("{text}{padding}")),
        ..GROUP
    },
    LibraryFunction {
        name: "repeat",
        docs: "The text `times` times.",
        examples: &[(r#"repeat("ab", 3)"#, r#""ababab""#), (r#"repeat("ab", 0)"#, r#""""#)],
        parameters: &[TEXT, required("times", Shape::Int)],
        call: repeat,
        ..GROUP
    },
    LibraryFunction {
        name: "indent",
        docs: "The text with `spaces` blanks before each line that is not empty. With `first = false` the first line stays as it is, for text that continues a line.",
        examples: &[
            (r#"indent("a\nb", 2)"#, r#""  a\n  b""#),
            (r#"indent("a\n\nb", 2, first = false)"#, r#""a\n\n  b""#),
        ],
        parameters: &[TEXT, required("spaces", Shape::Int), optional("first", Shape::Bool, "true")],
        call: indent,
        ..GROUP
    },
    LibraryFunction {
        name: "lines",
        docs: "The lines of the text, without their line breaks (`\\n` or `\\r\\n`). A line break at the end begins no further line.",
        examples: &[(r#"lines("a\nb\n")"#, r#"["a", "b"]"#), (r#"lines("")"#, "[]")],
        parameters: &[TEXT],
        result: gives(Shape::List(&Shape::String)),
        call: |_, arguments| give_texts(text(arguments, 0)?.lines()),
        ..GROUP
    },
];

fn title(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let mut result = String::new();
    let mut starts_word = true;
    for character in text(arguments, 0)?.chars() {
        if starts_word {
            result.extend(character.to_uppercase());
        } else {
            result.push(character);
        }
        starts_word = character.is_whitespace();
    }
    Ok(Value::string(result))
}

fn trim_with(arguments: &[Value], trim: for<'a> fn(&'a str, Option<&str>) -> &'a str) -> Outcome {
    Ok(Value::string(trim(text(arguments, 0)?, optional_text(arguments, 1)?)))
}

fn is_trimmed(character: char, set: Option<&str>) -> bool {
    set.map_or_else(|| character.is_whitespace(), |set| set.contains(character))
}

fn replace(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, from, to) = (text(arguments, 0)?, text(arguments, 1)?, text(arguments, 2)?);
    if from.is_empty() {
        return Err(FunctionError::of(1, "it is empty").help("write the text that is to be replaced"));
    }
    let count = text.matches(from).count();
    check_text_size(text.len().saturating_add(count.saturating_mul(to.len())))?;
    Ok(Value::string(text.replace(from, to)))
}

fn split(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, separator) = (text(arguments, 0)?, text(arguments, 1)?);
    if separator.is_empty() {
        let ends = text.char_indices().map(|(start, character)| start..start + character.len_utf8());
        return give_texts(ends.filter_map(|range| text.get(range)));
    }
    give_texts(text.split(separator))
}

/// A list of texts, unless it has too many items; no more than that are looked at.
pub(super) fn give_texts<'a>(texts: impl Iterator<Item = &'a str>) -> Outcome {
    let texts: Vec<Value> = texts.take(ITEM_LIMIT + 1).map(Value::string).collect();
    check_item_count(texts.len())?;
    Ok(Value::list(texts))
}

fn join(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (items, separator) = (items(arguments, 0)?, text(arguments, 1)?);
    let mut result = String::new();
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            result.push_str(separator);
        }
        match super::scalar(item) {
            Some(text) => result.push_str(&text),
            None => result.push_str(item_text(item, 0)?),
        }
        check_text_size(result.len())?;
    }
    Ok(Value::string(result))
}

fn substring(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let text = text(arguments, 0)?;
    let count = text.chars().count();
    let (start, end) = bounds(int(arguments, 1)?, optional_int(arguments, 2)?, count);
    Ok(Value::string(text.chars().skip(start).take(end.saturating_sub(start)).collect::<String>()))
}

/// Turns positions, of which negative ones count from the end, into positions within `count`.
pub(super) fn bounds(start: i64, end: Option<i64>, count: usize) -> (usize, usize) {
    let place = |position: i64| {
        let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
        if position < 0 { count.saturating_sub(distance) } else { distance.min(count) }
    };
    (place(start), end.map_or(count, place))
}

fn pad(arguments: &[Value], put: fn(&str, &str) -> String) -> Outcome {
    let (text, width, with) = (text(arguments, 0)?, size(arguments, 1)?, text(arguments, 2)?);
    if with.is_empty() {
        return Err(FunctionError::of(2, "it is empty").help("write at least one character, such as `\" \"`"));
    }
    let missing = width.saturating_sub(text.chars().count());
    check_text_size(missing.saturating_mul(with.len().min(4)).saturating_add(text.len()))?;
    let padding: String = with.chars().cycle().take(missing).collect();
    Ok(Value::string(put(text, &padding)))
}

fn repeat(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, times) = (text(arguments, 0)?, size(arguments, 1)?);
    check_text_size(text.len().saturating_mul(times))?;
    Ok(Value::string(text.repeat(times)))
}

fn indent(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (text, spaces, first) = (text(arguments, 0)?, size(arguments, 1)?, truth(arguments, 2)?);
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    check_text_size(text.len().saturating_add(lines.saturating_mul(spaces)))?;
    let blanks = " ".repeat(spaces);
    let mut result = String::new();
    for (position, line) in text.split_inclusive('\n').enumerate() {
        if (position > 0 || first) && !line.trim_end_matches(['\n', '\r']).is_empty() {
            result.push_str(&blanks);
        }
        result.push_str(line);
    }
    Ok(Value::string(result))
}
