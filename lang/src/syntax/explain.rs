//! The words of errors in how things are put together.

use super::error::{Indented, SyntaxError};
use crate::tree::Word;
use formwork_model::{Code, Diagnostic, Span};

fn at(code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), message).at(span, "").help(help)
}

/// The words of E02.
pub(super) fn syntax_diagnostic(error: SyntaxError) -> Diagnostic {
    match error {
        SyntaxError::Expected { span, expected, found } => expected_diagnostic(span, &expected, found.as_deref()),
        SyntaxError::Unclosed { open, bracket, span } => {
            at("E0202", open, format!("this `{bracket}` is never closed"), format!("add `{}`", closing(bracket)))
                .label(span, format!("`{}` is expected here at the latest", closing(bracket)))
        }
        SyntaxError::StrayBracket { span, bracket, open } => stray_bracket(span, bracket, open),
        SyntaxError::MissingValue { span, what } => at(
            "E0204",
            span,
            format!("{what} is missing here"),
            format!("write {what}, or remove what stands before it"),
        ),
        SyntaxError::ColonForEquals { span, key } => {
            at("E0205", span, "`:` is followed by a type; a value is set with `=`", format!("write `{} = …`", key.text))
        }
        SyntaxError::DoubleEquals { span, key } => {
            at("E0206", span, "`==` compares; a value is set with `=`", format!("write `{} = …`", key.text))
        }
        SyntaxError::BlockForValue { span, key, label } => block_for_value(span, &key, label),
        SyntaxError::BodyOfValue { span, word, instead } => {
            at("E0216", span, format!("`{word}` has no body in braces"), instead)
        }
        SyntaxError::Indented { span, what, key } => indented(span, what, &key),
        SyntaxError::UnquotedNumbers { span, text } => at(
            "E0104",
            span,
            format!("`{text}` is neither a number nor a duration"),
            "addresses, ranges and versions are texts: put all of it in quotes",
        ),
        SyntaxError::UnquotedPath { span, text } => {
            at("E0204", span, format!("`{text}` is no value: texts stand in quotes"), format!("write `\"{text}\"`"))
        }
        SyntaxError::LateCondition { span } => at(
            "E0240",
            span,
            "the `if` of a comprehension stands before the `=>`",
            "write `for x in xs if CONDITION => x`",
        ),
        SyntaxError::Ternary { span, fixed } => at("E0208", span, "there is no `? :`", format!("write `{fixed}`")),
        SyntaxError::MissingElse { span, keyword } => at(
            "E0209",
            span,
            "an `if` in an expression needs an `else`",
            "add `else` with the value that it has otherwise, perhaps `else null`",
        )
        .label(keyword, "this `if`"),
        SyntaxError::ChainedComparison { span, first } => at(
            "E0210",
            span,
            "comparisons do not chain",
            "write both comparisons with `&&` between them: `a < b && b < c`",
        )
        .label(first, "the first comparison"),
        other => call_diagnostic(other),
    }
}

fn call_diagnostic(error: SyntaxError) -> Diagnostic {
    match error {
        SyntaxError::PositionalAfterNamed { span, named } => at(
            "E0211",
            span,
            "arguments without a name stand before those with one",
            "move it before the named arguments, or name it",
        )
        .label(named, "a named argument"),
        SyntaxError::LeadingMinus { span } => at(
            "E0212",
            span,
            "a list item on a new line may not begin with `-`",
            "end the line before with `,` if this is an item of its own, or with `-` if it is a subtraction",
        ),
        SyntaxError::ReservedWord { span, word } => at(
            "E0213",
            span,
            format!("`{word}` cannot name a value"),
            format!(
                "choose another name, for example `{word}_`; reserved are: if then else match for in true false null"
            ),
        ),
        SyntaxError::ExtraComma { span } => at("E0214", span, "there is nothing before this `,`", "remove it"),
        SyntaxError::TooDeep { span } => at(
            "E0215",
            span,
            format!("this is nested deeper than {} levels", super::MAX_NESTING),
            "name parts of it with `let`",
        ),
        SyntaxError::ForeignBlock { span, word, instead } => {
            let unlabelled = super::foreign::is_unlabelled(&word);
            let ours = super::split::KEYWORDS.contains(&word.as_str()) && !unlabelled;
            let message = if ours {
                format!("`{word}` is followed by words, not by texts in quotes")
            } else {
                format!("there is no `{word}` block")
            };
            at("E0216", span, message, instead)
        }
        SyntaxError::UnknownDeclaration { span, word, nearest } => unknown_declaration(span, &word, nearest),
        SyntaxError::MetaArgument { span, word, source, uses } => meta_argument(span, &word, &source, &uses),
        SyntaxError::Splat { span } => {
            at("E0219", span, "there is no `*` in expressions", "write a comprehension: `[for x in xs => x.id]`")
        }
        SyntaxError::IndexByDot { span, index } => {
            at("E0219", span, "an item is not taken with a dot", format!("write `[{index}]`"))
        }
        SyntaxError::MethodCall { span, name } => {
            at("E0220", span, "values have no methods", format!("pass the value to the function: `{name}(value, …)`"))
        }
        SyntaxError::TypeCall { span, fixed } => {
            at("E0221", span, "types take their arguments in `< >`", format!("write `{fixed}`"))
        }
        other => declaration_diagnostic(other),
    }
}

fn declaration_diagnostic(error: SyntaxError) -> Diagnostic {
    match error {
        SyntaxError::SameLine { span } => at(
            "E0222",
            span,
            "something stands behind the end of the declaration",
            "begin each declaration on its own line",
        ),
        SyntaxError::ParamWithoutType { span, name } => at(
            "E0223",
            span,
            format!("param `{name}` has no type"),
            format!("write `param {name}: string`, or whatever its type is"),
        ),
        SyntaxError::ParameterWithoutType { span, name } => at(
            "E0223",
            span,
            format!("the parameter `{name}` has no type"),
            format!("write `{name}: string`, or whatever its type is"),
        ),
        SyntaxError::KeyWithoutValue { span, key } => at(
            "E0224",
            span,
            format!("`{key}` has no value"),
            format!("write `{key} = …`; only a plain name can stand alone, short for `name = name`"),
        ),
        SyntaxError::BareKey { span, key } => at(
            "E0224",
            span,
            format!("the key `{key}` would be the same for each item"),
            format!("write `[{key}] = …` to use its value as the key"),
        ),
        SyntaxError::WrongArrow { span, written, instead } => {
            at("E0225", span, format!("`{written}` does not stand here"), instead)
        }
        SyntaxError::BraceOnNewLine { span } => {
            at("E0226", span, "this `{` stands on a line of its own", "put it at the end of the line before")
        }
        SyntaxError::LonelyDecorator { span } => at(
            "E0227",
            span,
            "this decorator stands above nothing",
            "put it on the line above the declaration that it is about, or remove it",
        ),
        SyntaxError::NotAPath { span } => at(
            "E0228",
            span,
            "this is no attribute path",
            "a path is names without quotes, and `[\"key\"]`, `[0]` or `[*]`: `tags[\"owner\"]`, `rules[*].name`",
        ),
        SyntaxError::NotAnAddress { span } => at(
            "E0229",
            span,
            "this is no address",
            "an address is names and `[\"key\"]`, nothing else: `cluster[\"eu\"].pool`",
        ),
        SyntaxError::PatternNotLiteral { span, text } => at(
            "E0230",
            span,
            format!("`{text}` is no pattern"),
            "patterns are literals, `null` and `_`; use `if … then … else …` to compare with a value",
        ),
        SyntaxError::NumberAsName { span } => {
            at("E0231", span, "a name begins with a letter or `_`", "write a name; as a key it can be quoted")
        }
        SyntaxError::NotAFunction { span, word } => {
            at("E0231", span, format!("`{word}` is no function"), "functions have names, such as `length(x)`")
        }
        other => type_diagnostic(other),
    }
}

fn type_diagnostic(error: SyntaxError) -> Diagnostic {
    match error {
        SyntaxError::DoubleOptional { span } => at("E0232", span, "one `?` is enough", "remove this one"),
        SyntaxError::NotAType { span, text } => at(
            "E0232",
            span,
            format!("`{text}` is no type"),
            "literals of unions are texts, whole numbers, `true` and `false`",
        ),
        SyntaxError::TemplateNotAllowed { span, what } => at(
            "E0233",
            span,
            format!("{what} is a plain text, without `${{ }}`"),
            "write it out: it must be known before anything is evaluated",
        ),
        SyntaxError::ComprehensionAsBody { span } => at(
            "E0234",
            span,
            "the body of a declaration is its entries, not a comprehension",
            "to make several instances put the `for` in front of the body: `resource x: t for k, v in m { … }`",
        ),
        SyntaxError::NestedIf { span } => {
            at("E0235", span, "an `if` inside of an expression stands in parentheses", "write `(if … then … else …)`")
        }
        SyntaxError::NotFirst { span, first, word } => at(
            "E0236",
            span,
            format!("`{word}` stands before all entries"),
            format!("move `{word}` to the top of the file"),
        )
        .label(first, "an entry before it"),
        SyntaxError::HeaderOrder { span, word, before } if word == before => at(
            "E0240",
            span,
            format!("a header says `{word}` once"),
            "put both into one: several names are separated by `,`, conditions joined by `&&`",
        ),
        SyntaxError::HeaderOrder { span, word, before } => at(
            "E0240",
            span,
            format!("`{word}` stands before `{before}` in a header"),
            "write them in this order: `for`, `if`, `with`, `after`",
        ),
        SyntaxError::SaidTwice { span, first, word } => {
            at("E0237", span, format!("`{word}` is said twice"), "remove one of them").label(first, "said here")
        }
        SyntaxError::NotAnOverlayPath { span } => {
            at("E0238", span, "an overlay cannot amend items of a list", "set the whole list, or append with `+=`")
        }
        SyntaxError::DeclarationInOverlay { span, word } => at(
            "E0239",
            span,
            format!("an overlay has no `{word}`"),
            "overlays only set params: `NAME = value`, `replace NAME = value`, `remove NAME.key`, `NAME += [value]`; declarations stand in `*.fw`",
        ),
        other => unreachable_words(&other),
    }
}

/// All variants are spoken for above; this keeps the functions total without a panic.
fn unreachable_words(error: &SyntaxError) -> Diagnostic {
    Diagnostic::error(Code::new("E0201"), format!("this cannot be read ({error:?})"))
}

fn expected_diagnostic(span: Span, expected: &[&str], found: Option<&str>) -> Diagnostic {
    let wanted = match expected {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    };
    let message = match found {
        Some(found) => format!("expected {wanted}, found {found}"),
        None => format!("expected {wanted}"),
    };
    let help = match expected {
        ["the end of the line"] => "remove it, or begin a new line with it".to_owned(),
        ["`>`"] if found == Some("`where`") => {
            "name the type that has the condition: `type T = { … } where …`, and write `T` here".to_owned()
        }
        [.., "a new line" | "`}`" | "`]`"] if found == Some("`:`") => {
            "a value is set with `=`; if it is part of a text, put all of the text in quotes".to_owned()
        }
        [.., "a new line"] if found.is_some_and(is_word) => {
            format!("write {wanted} here; a text of several words stands in quotes")
        }
        _ if found == Some("`?:`") => {
            "`?:` is for fields of records; what may be left out here has a type `T?`: write `name: T?`".to_owned()
        }
        _ => format!("write {wanted} here, or remove what does not belong"),
    };
    at("E0201", span, message, help)
}

/// Whether what was found, in its backticks, is a word.
fn is_word(found: &str) -> bool {
    found.trim_matches('`').starts_with(char::is_alphabetic)
}

const fn closing(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        '<' => '>',
        _ => '}',
    }
}

fn stray_bracket(span: Span, bracket: char, open: Option<(Span, char)>) -> Diagnostic {
    match open {
        None => at("E0203", span, format!("nothing is open that this `{bracket}` could close"), "remove it"),
        Some((open, opened)) => at(
            "E0203",
            span,
            format!("this `{bracket}` does not close the `{opened}`"),
            format!("write `{}` first, or remove it", closing(opened)),
        )
        .label(open, "opened here"),
    }
}

fn indented(span: Span, what: Indented, key: &str) -> Diagnostic {
    let message = match what {
        Indented::Items => "items of a list have no `-` in front",
        Indented::Text => "a text over several lines stands between `\"\"\"`",
        Indented::Document => "`---` separates nothing",
        Indented::Record | Indented::List => "indentation nests nothing here",
    };
    let help = match what {
        Indented::Record => format!("write `{key} = {{ … }}`, with a `name = value` on each line"),
        Indented::List => format!("write `{key} = [ … ]`, with an item on each line, without `-`"),
        Indented::Items => "write each item on a line of its own, or a `,` between them, without `-`".to_owned(),
        Indented::Document => "leave it out: declarations stand one below the other in one file".to_owned(),
        Indented::Text => {
            format!("write `{key} = \"\"\"`, then the lines, and `\"\"\"` on a line of its own at the end")
        }
    };
    at("E0241", span, message, help)
}

fn block_for_value(span: Span, key: &str, label: Option<Word>) -> Diagnostic {
    let name = label.as_ref().map_or("rules", |label| label.text.as_str());
    let help = match key {
        "lifecycle" => {
            "use decorators above the resource: `@create_first`, `@protect`, `@ignore(path)`, `@replace_when(value)`"
                .to_owned()
        }
        "dynamic" => {
            format!("set the attribute to a comprehension: `{name} = [for key, value in … => {{ … }}]`")
        }
        "timeouts" => "use a decorator above the resource: `@timeout(create = 45m)`".to_owned(),
        "provisioner" | "connection" => "use a resource `std.command` where the manifest allows it".to_owned(),
        _ => format!("write `{key} = {{ … }}`; several are a list: `{key} = [{{ … }}, {{ … }}]`"),
    };
    let diagnostic = at("E0207", span, format!("`{key}` is set with `=`, there are no inner blocks"), help);
    match label {
        Some(label) => diagnostic.label(label.span, "blocks have no labels either"),
        None => diagnostic,
    }
}

fn unknown_declaration(span: Span, word: &str, nearest: Option<&str>) -> Diagnostic {
    let help = match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "declarations begin with param, type, let, fn, provider, resource, data, ephemeral, module, output, assert, \
                 moved, import or forget"
            .to_owned(),
    };
    at("E0217", span, format!("no declaration begins with `{word}`"), help)
}

/// One mistake with all that follows from it.
fn meta_argument(span: Span, word: &str, source: &str, uses: &[Span]) -> Diagnostic {
    let help = match word {
        "for_each" => {
            let source = if source.is_empty() || source.contains('\n') { "MAP" } else { source };
            let inside = if uses.is_empty() { "" } else { ", and in the body `key` and `value` without `each.`" };
            format!(
                "put `for key, value in {source}` between the type and the `{{`{inside}; of a set `for key in {source}`"
            )
        }
        _ => "references order by themselves; for more put `after NAME` before the `{`".to_owned(),
    };
    let diagnostic = at("E0218", span, format!("`{word}` is no attribute"), help);
    uses.iter().fold(diagnostic, |diagnostic, place| diagnostic.label(*place, "there is no `each`"))
}
