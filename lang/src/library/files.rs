//! Files of the module that calls. Paths are relative to its directory and never leave it.

use super::arguments::{
    BASE, Outcome, check_item_count, check_text_size, give_text, gives, map, optional, required, text,
};
use super::{Environment, FunctionError, LibraryFunction, Parameter, Shape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formwork_model::{Map, Value};
use regex::Regex;
use std::sync::Arc;

/// Folders are entered this deep.
const DEPTH_LIMIT: usize = 64;

const GROUP: LibraryFunction = LibraryFunction { group: "files", result: gives(Shape::String), ..BASE };

const PATH: Parameter = required("path", Shape::String);

pub(super) const FUNCTIONS: &[LibraryFunction] = &[
    LibraryFunction {
        name: "file",
        docs: "The text of a file of the module, which has to be UTF-8. See `file_base64` for other files.",
        examples: &[
            (r#"file("files/motd.txt")"#, r#""Welcome to the shop.\n""#),
            (r#"trim(file("files/motd.txt"))"#, r#""Welcome to the shop.""#),
        ],
        parameters: &[PATH],
        call: |environment, arguments| give_text(read_text(environment, arguments)?),
        ..GROUP
    },
    LibraryFunction {
        name: "file_base64",
        docs: "The bytes of a file of the module, in base64.",
        examples: &[
            (r#"file_base64("files/motd.txt")"#, r#""V2VsY29tZSB0byB0aGUgc2hvcC4K""#),
            (r#"base64_decode(file_base64("files/motd.txt")) == file("files/motd.txt")"#, "true"),
        ],
        parameters: &[PATH],
        call: |environment, arguments| give_text(STANDARD.encode(read(environment, arguments)?)),
        ..GROUP
    },
    LibraryFunction {
        name: "file_exists",
        docs: "Whether the module has a file with this path. A folder is no file.",
        examples: &[(r#"file_exists("files/motd.txt")"#, "true"), (r#"file_exists("files/other.txt")"#, "false")],
        parameters: &[PATH],
        result: gives(Shape::Bool),
        call: |environment, arguments| {
            let path = normalised(text(arguments, 0)?, 0)?;
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
            let names = (environment.list_directory)(directory).unwrap_or_default();
            Ok(Value::Bool(names.iter().any(|other| other == name)))
        },
        ..GROUP
    },
    LibraryFunction {
        name: "files",
        docs: "The paths of all files below a directory of the module that match the pattern, relative to the directory. `*` stands for any part of a name, `**` for any number of folders, `?` for one character. Good for `for` on a resource.",
        examples: &[
            (r#"files("files", "*.txt")"#, r#"to_set(["motd.txt"])"#),
            (r#"files("files")"#, r#"to_set(["greeting.tmpl", "motd.txt", "sub/more.json"])"#),
        ],
        parameters: &[required("directory", Shape::String), optional("pattern", Shape::String, r#""**""#)],
        result: gives(Shape::Set(&Shape::String)),
        call: files,
        ..GROUP
    },
    LibraryFunction {
        name: "template",
        docs: "The text of a file of the module in which `${name}` and `${name.member}` are replaced by values. There is no other code in a template: what is to be computed is computed in `values`. `$${` gives `${` itself.",
        examples: &[
            (
                r#"template("files/greeting.tmpl", { user = { name = "Ann" }, count = 2 })"#,
                r#""Hello Ann, 2 new. Cost: \${5}\n""#,
            ),
            (
                r#"template("files/greeting.tmpl", { user = { name = "Bob" }, count = 0 })"#,
                r#""Hello Bob, 0 new. Cost: \${5}\n""#,
            ),
        ],
        parameters: &[PATH, required("values", Shape::Map(&Shape::Any))],
        call: |environment, arguments| {
            let source = read_text(environment, arguments)?;
            render(&source, map(arguments, 1)?)
        },
        ..GROUP
    },
];

/// The bytes of the file whose path is argument 0.
pub(super) fn read(environment: &mut Environment<'_>, arguments: &[Value]) -> Result<Arc<[u8]>, FunctionError> {
    let path = normalised(text(arguments, 0)?, 0)?;
    let bytes = (environment.read_file)(&path).map_err(|reason| {
        FunctionError::of(0, format!("cannot read `{path}`: {reason}"))
            .help("write a path relative to the directory of the module that this stands in")
    })?;
    check_text_size(bytes.len())?;
    Ok(bytes)
}

fn read_text(environment: &mut Environment<'_>, arguments: &[Value]) -> Result<String, FunctionError> {
    let bytes = read(environment, arguments)?;
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| {
        FunctionError::of(0, "the file is not UTF-8 text").help("use `file_base64` for files with other bytes")
    })
}

/// The path without `.` and inner `..`; refuses what leaves the module.
fn normalised(path: &str, index: usize) -> Result<String, FunctionError> {
    let outside = |message: String| {
        FunctionError::of(index, message)
            .help("put the file into the module's directory, and write its path from there")
    };
    if path.starts_with('/') || path.contains('\\') || path.contains('\0') {
        return Err(outside(format!("`{path}` is not a relative path with `/`")));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Err(outside(format!("`{path}` leaves the module's directory"))),
            ".." => {}
            name => parts.push(name),
        }
    }
    Ok(parts.join("/"))
}

fn files(environment: &mut Environment<'_>, arguments: &[Value]) -> Outcome {
    let (directory, pattern) = (normalised(text(arguments, 0)?, 0)?, glob(text(arguments, 1)?)?);
    let mut found = Vec::new();
    walk(environment, &directory, "", &mut found)?;
    Ok(Value::set(found.into_iter().filter(|path| pattern.is_match(path)).map(Value::string)))
}

/// All files below `directory/inner`, as paths relative to `directory`.
fn walk(
    environment: &mut Environment<'_>,
    directory: &str,
    inner: &str,
    found: &mut Vec<String>,
) -> Result<(), FunctionError> {
    if inner.split('/').count() > DEPTH_LIMIT {
        return Err(FunctionError::of(0, format!("its folders are more than {DEPTH_LIMIT} deep")));
    }
    let here = [directory, inner].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let names = (environment.list_directory)(&here).map_err(|reason| {
        FunctionError::of(0, format!("cannot list `{here}`: {reason}"))
            .help("write a directory relative to that of the module that this stands in")
    })?;
    for name in names {
        let path = if inner.is_empty() { name } else { format!("{inner}/{name}") };
        match path.strip_suffix('/') {
            Some(folder) => walk(environment, directory, folder, found)?,
            None => found.push(path),
        }
        check_item_count(found.len())?;
    }
    Ok(())
}

/// A pattern of paths as a regular expression.
fn glob(pattern: &str) -> Result<Regex, FunctionError> {
    let mut source = String::from("^");
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let (expression, length) = match character {
            '*' if rest.starts_with("**/") => ("(?:[^/]+/)*".to_owned(), 3),
            '*' if rest.starts_with("**") => (".*".to_owned(), 2),
            '*' => ("[^/]*".to_owned(), 1),
            '?' => ("[^/]".to_owned(), 1),
            other => (regex::escape(&other.to_string()), other.len_utf8()),
        };
        source.push_str(&expression);
        rest = rest.get(length..).unwrap_or_default();
    }
    source.push('$');
    Regex::new(&source).map_err(|_| FunctionError::of(1, "the pattern is too long").help("write a shorter one"))
}

/// Replaces the `${…}` of a template.
fn render(source: &str, values: &Map) -> Outcome {
    let mut result = String::new();
    let mut rest = source;
    while let Some(start) = rest.find("${") {
        let (before, from_mark) = rest.split_at_checked(start).unwrap_or((rest, ""));
        if let Some(text) = before.strip_suffix('$') {
            result.push_str(text);
            result.push_str("${");
            rest = from_mark.get(2..).unwrap_or_default();
            continue;
        }
        let line = source.len() - from_mark.len();
        let line = 1 + source.get(..line).unwrap_or_default().matches('\n').count();
        let (path, behind) = from_mark.get(2..).and_then(|text| text.split_once('}')).ok_or_else(|| {
            FunctionError::of(0, format!("`${{` on line {line} has no `}}`")).help("write `$${` for `${` itself")
        })?;
        result.push_str(before);
        result.push_str(&member(values, path.trim(), line)?);
        check_text_size(result.len())?;
        rest = behind;
    }
    result.push_str(rest);
    give_text(result)
}

/// The text of `name.member` in the values.
fn member(values: &Map, path: &str, line: usize) -> Result<ecow::EcoString, FunctionError> {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|character| character.is_alphanumeric() || "_-".contains(character))
    };
    if !path.split('.').all(is_word) {
        return Err(FunctionError::of(0, format!("`${{{path}}}` on line {line} is more than a name")).help(
            "templates hold no code: compute it in the values, and write `${name}`; write `$${` for `${` itself",
        ));
    }
    let mut current = values;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let value = current.get(name).ok_or_else(|| unknown(current, name, path, line))?;
        if names.peek().is_none() {
            return super::scalar(value).ok_or_else(|| {
                FunctionError::of(1, format!("`{path}`, used on line {line}, is no text, number, bool or duration"))
                    .help("give it as text, such as with `join` or `json_encode`")
            });
        }
        current = value
            .as_map()
            .ok_or_else(|| FunctionError::of(1, format!("`{name}` of `{path}`, used on line {line}, is no record")))?;
    }
    Err(FunctionError::of(0, format!("`${{}}` on line {line} is empty")))
}

fn unknown(values: &Map, name: &str, path: &str, line: usize) -> FunctionError {
    let names: Vec<String> = values.keys().map(|key| format!("`{key}`")).collect();
    let error = FunctionError::of(1, format!("there is no `{name}` for `${{{path}}}` on line {line}"));
    if names.is_empty() {
        return error.help("give it in the values");
    }
    error.help(format!("give it in the values, which have {}; write `$${{` for `${{` itself", names.join(", ")))
}
