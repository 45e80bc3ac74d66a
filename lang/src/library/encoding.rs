//! Values as JSON, YAML and TOML and back; texts as base64, hexadecimal digits and parts of URLs and back.

use super::arguments::{
    BASE, ITEM_LIMIT, Outcome, TEXT_LIMIT, argument, check_text_size, give_text, gives, optional, required, text, truth,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use formwork_model::{Map, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;
use serde_norway::Value as Yaml;

const GROUP: LibraryFunction = LibraryFunction { group: "encoding", result: gives(Shape::String), ..BASE };

const VALUE: Parameter = required("value", Shape::Any);
const TEXT: Parameter = required("text", Shape::String);

/// What RFC 3986 calls unreserved stays as it is.
const URL_ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "json_encode",
        docs: "The value as JSON, on one line, or with `pretty = true` on several. Keys are sorted, so equal values give equal texts. Durations become their number of milliseconds.",
        examples: &[
            (r#"json_encode({ b = [1, 2.5], a = null })"#, r#""{\"a\":null,\"b\":[1,2.5]}""#),
            (r#"json_encode({ a = 1 }, pretty = true)"#, r#""{\n  \"a\": 1\n}""#),
        ],
        parameters: &[VALUE, optional("pretty", Shape::Bool, "false")],
        call: json_encode,
        ..GROUP
    },
    LibraryFunction {
        name: "json_decode",
        docs: "The value that the JSON text writes. Its type is `any`.",
        examples: &[(r#"json_decode('{"a": [1, true]}')"#, "{ a = [1, true] }"), (r#"json_decode("1.5")"#, "1.5")],
        parameters: &[TEXT],
        result: gives(Shape::Any),
        call: |_, arguments| {
            let json: Json = serde_json::from_str(text(arguments, 0)?)
                .map_err(|error| FunctionError::of(0, format!("it is not JSON: {error}")))?;
            from_json(json, &mut Budget::new())
        },
        ..GROUP
    },
    LibraryFunction {
        name: "yaml_encode",
        docs: "The value as a YAML document, with sorted keys. Texts that would read as something else are quoted. Durations become their number of milliseconds.",
        examples: &[
            (r#"yaml_encode({ name = "shop", ports = [80, 443] })"#, r#""name: shop\nports:\n- 80\n- 443\n""#),
            (r#"yaml_encode({ on = "true" })"#, r#""'on': 'true'\n""#),
        ],
        parameters: &[VALUE],
        call: |_, arguments| {
            let json = to_json(argument(arguments, 0), &mut Budget::new())?;
            give_text(write_yaml(json)?)
        },
        ..GROUP
    },
    LibraryFunction {
        name: "yaml_decode",
        docs: "The value of the one document in the YAML text. Its type is `any`. See `yaml_decode_all` for several documents.",
        examples: &[
            (r#"yaml_decode("name: shop\nports: [80]")"#, r#"{ name = "shop", ports = [80] }"#),
            (r#"yaml_decode("- a\n- yes")"#, r#"["a", "yes"]"#),
        ],
        parameters: &[TEXT],
        result: gives(Shape::Any),
        call: yaml_decode,
        ..GROUP
    },
    LibraryFunction {
        name: "yaml_decode_all",
        docs: "The values of all documents in the YAML text; empty ones are left out.",
        examples: &[
            (r#"yaml_decode_all("a: 1\n---\nb: 2")"#, "[{ a = 1 }, { b = 2 }]"),
            (r#"yaml_decode_all("")"#, "[]"),
        ],
        parameters: &[TEXT],
        result: gives(Shape::List(&Shape::Any)),
        call: |_, arguments| {
            let documents = yaml_documents(text(arguments, 0)?)?;
            Ok(Value::list(documents.into_iter().filter(|document| !document.is_null())))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "toml_encode",
        docs: "The map or record as a TOML document. TOML has no null.",
        examples: &[
            (r#"toml_encode({ name = "shop", size = { min = 1 } })"#, r#""name = \"shop\"\n\n[size]\nmin = 1\n""#),
            ("toml_encode({})", r#""""#),
        ],
        parameters: &[required("value", Shape::Map(&Shape::Any))],
        call: |_, arguments| {
            let json = to_json(argument(arguments, 0), &mut Budget::new())?;
            if has_null(&json) {
                return Err(FunctionError::of(0, "TOML has no null").help("leave the entry out"));
            }
            give_text(toml::to_string(&json).map_err(|error| FunctionError::of(0, error.to_string()))?)
        },
        ..GROUP
    },
    LibraryFunction {
        name: "toml_decode",
        docs: "The value of the TOML text. Its type is `any`; dates and times become texts.",
        examples: &[
            (r#"toml_decode("a = 1\n[b]\nc = true")"#, "{ a = 1, b = { c = true } }"),
            (r#"toml_decode("day = 2024-05-01")"#, r#"{ day = "2024-05-01" }"#),
        ],
        parameters: &[TEXT],
        result: gives(Shape::Any),
        call: |_, arguments| {
            let table: toml::Table = toml::from_str(text(arguments, 0)?)
                .map_err(|error| FunctionError::of(0, format!("it is not TOML: {}", error.message())))?;
            Ok(from_toml(toml::Value::Table(table)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "base64_encode",
        docs: "The text, as UTF-8, in base64; with `url_safe = true` with `-` and `_` and without padding.",
        examples: &[
            (r#"base64_encode("hello")"#, r#""aGVsbG8=""#),
            (r#"base64_encode("?>?", url_safe = true)"#, r#""Pz4_""#),
        ],
        parameters: &[TEXT, optional("url_safe", Shape::Bool, "false")],
        call: |_, arguments| {
            let (text, url_safe) = (text(arguments, 0)?, truth(arguments, 1)?);
            give_text(if url_safe { URL_SAFE_NO_PAD.encode(text) } else { STANDARD.encode(text) })
        },
        ..GROUP
    },
    LibraryFunction {
        name: "base64_decode",
        docs: "The text that was encoded in base64, of either alphabet, with or without padding. It has to be UTF-8.",
        examples: &[(r#"base64_decode("aGVsbG8=")"#, r#""hello""#), (r#"base64_decode("Pz4_")"#, r#""?>?""#)],
        parameters: &[TEXT],
        call: base64_decode,
        ..GROUP
    },
    LibraryFunction {
        name: "hex_encode",
        docs: "The bytes of the text, as UTF-8, in hexadecimal digits.",
        examples: &[(r#"hex_encode("AZ")"#, r#""415a""#), (r#"hex_encode("é")"#, r#""c3a9""#)],
        parameters: &[TEXT],
        call: |_, arguments| give_text(hex::encode(text(arguments, 0)?)),
        ..GROUP
    },
    LibraryFunction {
        name: "hex_decode",
        docs: "The text whose bytes are written in hexadecimal digits. It has to be UTF-8.",
        examples: &[(r#"hex_decode("415a")"#, r#""AZ""#), (r#"hex_decode("C3A9")"#, r#""é""#)],
        parameters: &[TEXT],
        call: |_, arguments| {
            let bytes = hex::decode(text(arguments, 0)?).map_err(|error| {
                FunctionError::of(0, format!("it is not hexadecimal: {error}")).help("write pairs of 0-9 and a-f")
            })?;
            utf8(bytes)
        },
        ..GROUP
    },
    LibraryFunction {
        name: "url_encode",
        docs: "The text as it may stand in a part of a URL: all but letters, digits and `-._~` is escaped.",
        examples: &[
            (r#"url_encode("a b/ü")"#, r#""a%20b%2F%C3%BC""#),
            (r#"url_encode("a-b_c.d~e")"#, r#""a-b_c.d~e""#),
        ],
        parameters: &[TEXT],
        call: |_, arguments| {
            let text = text(arguments, 0)?;
            check_text_size(text.len().saturating_mul(3))?;
            Ok(Value::string(utf8_percent_encode(text, URL_ESCAPED).to_string()))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "url_decode",
        docs: "The text without the escapes of URLs. `+` stays as it is.",
        examples: &[(r#"url_decode("a%20b%2F%C3%BC")"#, r#""a b/ü""#), (r#"url_decode("a+b")"#, r#""a+b""#)],
        parameters: &[TEXT],
        call: |_, arguments| utf8(percent_decode_str(text(arguments, 0)?).collect()),
        ..GROUP
    },
];

fn utf8(bytes: Vec<u8>) -> Outcome {
    match String::from_utf8(bytes) {
        Ok(text) => give_text(text),
        Err(_) => Err(FunctionError::of(0, "what it encodes is not UTF-8 text")
            .help("leave binary data encoded; attributes that take it take base64")),
    }
}

fn base64_decode(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let encoded = text(arguments, 0)?.trim_end_matches('=').replace('-', "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(encoded).map_err(|error| {
        let reason = error.to_string();
        FunctionError::of(0, format!("it is not base64: {}", reason.trim_end_matches('.')))
            .help("write letters, digits, `+` and `/`")
    })?;
    utf8(bytes)
}

/// What may still be written or read, so that a small value that repeats itself cannot become an endless text.
struct Budget {
    bytes: usize,
    items: usize,
}

impl Budget {
    const fn new() -> Self {
        Self { bytes: TEXT_LIMIT, items: ITEM_LIMIT }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), FunctionError> {
        let rest = self.bytes.checked_sub(bytes).zip(self.items.checked_sub(1));
        let Some((bytes, items)) = rest else {
            return Err(FunctionError::of(
                0,
                format!("it has more than {ITEM_LIMIT} items or {} MB", TEXT_LIMIT >> 20),
            ));
        };
        (self.bytes, self.items) = (bytes, items);
        Ok(())
    }
}

fn to_json(value: &Value, budget: &mut Budget) -> Result<Json, FunctionError> {
    budget.spend(value.as_str().map_or(1, str::len))?;
    match value.exposed() {
        Value::Null => Ok(Json::Null),
        Value::Bool(truth) => Ok(Json::Bool(*truth)),
        Value::Int(number) | Value::Duration(number) => Ok(Json::from(*number)),
        Value::Float(number) => Ok(serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number)),
        Value::String(text) => Ok(Json::from(text.as_str())),
        Value::List(items) | Value::Set(items) => items.iter().map(|item| to_json(item, budget)).collect(),
        Value::Map(map) => {
            let mut object = serde_json::Map::new();
            for (key, value) in map.iter() {
                budget.spend(key.len())?;
                object.insert(key.as_str().to_owned(), to_json(value, budget)?);
            }
            Ok(Json::Object(object))
        }
        other => Err(super::arguments::wrong(0, "values that are known", other)),
    }
}

fn json_encode(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let json = to_json(argument(arguments, 0), &mut Budget::new())?;
    let pretty = truth(arguments, 1)?;
    let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
    give_text(text.map_err(|error| FunctionError::of(0, error.to_string()))?)
}

fn from_json(json: Json, budget: &mut Budget) -> Outcome {
    budget.spend(json.as_str().map_or(1, str::len))?;
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(truth) => Ok(Value::Bool(truth)),
        Json::Number(number) => from_number(number.as_i64(), number.as_f64(), number.is_f64(), &number.to_string()),
        Json::String(text) => Ok(Value::string(text)),
        Json::Array(items) => {
            Ok(Value::List(items.into_iter().map(|item| from_json(item, budget)).collect::<Result<_, _>>()?))
        }
        Json::Object(entries) => {
            let entry = |(key, value): (String, Json)| Ok((key.into(), from_json(value, budget)?));
            Ok(Value::Map(entries.into_iter().map(entry).collect::<Result<Map, FunctionError>>()?))
        }
    }
}

/// A whole number that does not fit would lose digits as a float, which breaks ids.
fn from_number(int: Option<i64>, float: Option<f64>, has_fraction: bool, written: &str) -> Outcome {
    match (int, float) {
        (Some(number), _) => Ok(Value::Int(number)),
        (None, Some(number)) if has_fraction && number.is_finite() => Ok(Value::Float(number)),
        _ => Err(FunctionError::of(0, format!("the number {written} does not fit 64 bits"))
            .help("put it in quotes, as a text")),
    }
}

/// What YAML 1.1, which many tools still read, takes for a bool, and YAML 1.2 for a text.
const OLD_TRUTHS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];

/// A document in which also the texts are quoted that older readers would take for bools. The library that writes the
/// document leaves those plain, so they go through it under a mark that no text in the document has.
fn write_yaml(mut json: Json) -> Result<String, FunctionError> {
    let plain = json.to_string();
    let mut mark = String::from("quoted-");
    while plain.contains(&mark) {
        mark.push_str("q-");
    }
    mark_old_truths(&mut json, &mark);
    let text = serde_norway::to_string(&json).map_err(|error| FunctionError::of(0, error.to_string()))?;
    let mut parts = text.split(mark.as_str());
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(part.len());
        let (word, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        result.push_str(&format!("'{word}'{rest}"));
    }
    Ok(result)
}

fn mark_old_truths(json: &mut Json, mark: &str) {
    let is_truth = |text: &str| OLD_TRUTHS.iter().any(|truth| truth.eq_ignore_ascii_case(text));
    match json {
        Json::String(text) if is_truth(text) => text.insert_str(0, mark),
        Json::Array(items) => items.iter_mut().for_each(|item| mark_old_truths(item, mark)),
        Json::Object(entries) => {
            entries.values_mut().for_each(|value| mark_old_truths(value, mark));
            let marked =
                |(key, value): (String, Json)| (if is_truth(&key) { format!("{mark}{key}") } else { key }, value);
            *entries = std::mem::take(entries).into_iter().map(marked).collect();
        }
        _ => {}
    }
}

fn yaml_decode(_: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let mut documents = yaml_documents(text(arguments, 0)?)?;
    if documents.len() > 1 {
        return Err(FunctionError::of(0, format!("it has {} documents", documents.len()))
            .help("use `yaml_decode_all`, which gives a list"));
    }
    Ok(documents.pop().unwrap_or(Value::Null))
}

fn yaml_documents(text: &str) -> Result<Vec<Value>, FunctionError> {
    let not_yaml = |error: serde_norway::Error| FunctionError::of(0, format!("it is not YAML: {error}"));
    let mut budget = Budget::new();
    let mut documents = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let mut yaml: Yaml = serde::Deserialize::deserialize(document).map_err(not_yaml)?;
        yaml.apply_merge().map_err(not_yaml)?;
        documents.push(from_yaml(yaml, &mut budget)?);
    }
    Ok(documents)
}

fn from_yaml(yaml: Yaml, budget: &mut Budget) -> Outcome {
    budget.spend(yaml.as_str().map_or(1, str::len))?;
    match yaml {
        Yaml::Null => Ok(Value::Null),
        Yaml::Bool(truth) => Ok(Value::Bool(truth)),
        Yaml::Number(number) => from_number(number.as_i64(), number.as_f64(), number.is_f64(), &number.to_string()),
        Yaml::String(text) => Ok(Value::string(text)),
        Yaml::Sequence(items) => {
            Ok(Value::List(items.into_iter().map(|item| from_yaml(item, budget)).collect::<Result<_, _>>()?))
        }
        Yaml::Mapping(entries) => {
            let entry = |(key, value): (Yaml, Yaml)| Ok((yaml_key(key)?.into(), from_yaml(value, budget)?));
            Ok(Value::Map(entries.into_iter().map(entry).collect::<Result<Map, FunctionError>>()?))
        }
        Yaml::Tagged(tagged) => Err(FunctionError::of(0, format!("the tag `{}` is not supported", tagged.tag))
            .help("remove the tag; plain YAML is read")),
    }
}

/// YAML may have numbers and truths as keys; here keys are texts.
fn yaml_key(key: Yaml) -> Result<String, FunctionError> {
    match key {
        Yaml::String(text) => Ok(text),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Bool(truth) => Ok(truth.to_string()),
        _ => Err(FunctionError::of(0, "a key is neither text nor number").help("write keys as texts")),
    }
}

fn has_null(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.iter().any(has_null),
        Json::Object(entries) => entries.values().any(has_null),
        _ => false,
    }
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::string(text),
        toml::Value::Integer(number) => Value::Int(number),
        toml::Value::Float(number) if number.is_finite() => Value::Float(number),
        toml::Value::Float(number) => Value::string(number.to_string()),
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(time) => Value::string(time.to_string()),
        toml::Value::Array(items) => Value::list(items.into_iter().map(from_toml)),
        toml::Value::Table(entries) => Value::map(entries.into_iter().map(|(key, value)| (key, from_toml(value)))),
    }
}
