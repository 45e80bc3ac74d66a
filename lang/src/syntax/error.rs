//! What can be wrong with how a file is written. Each variant has its code, its words and what to write instead.

use crate::tree::Word;
use ecow::EcoString;
use formwork_model::{Code, Diagnostic, Span};

/// What is nested by indentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indented {
    /// `key: value` lines.
    Record,
    /// `- item` lines.
    List,
    /// Lines behind `|` or `>`.
    Text,
    /// `- item` lines within `[ ]`.
    Items,
    /// `---`
    Document,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(super) enum SyntaxError {
    // ---- lexical
    UnterminatedText {
        span: Span,
        quotes: &'static str,
    },
    UnknownEscape {
        span: Span,
        text: EcoString,
    },
    LineBreakInText {
        span: Span,
    },
    NumberWithLetters {
        span: Span,
        text: EcoString,
    },
    NumberTooLarge {
        span: Span,
    },
    LeadingZero {
        span: Span,
        text: EcoString,
    },
    BadDuration {
        span: Span,
        text: EcoString,
        why: &'static str,
    },
    HashComment {
        span: Span,
    },
    UnexpectedCharacter {
        span: Span,
        character: char,
    },
    Semicolon {
        span: Span,
    },
    UnclosedComment {
        span: Span,
    },
    Heredoc {
        span: Span,
    },
    TemplateDirective {
        span: Span,
        word: EcoString,
    },
    BadCodePoint {
        span: Span,
    },
    TooLittleIndentation {
        span: Span,
        quotes: Span,
    },
    // ---- syntax
    Expected {
        span: Span,
        expected: Vec<&'static str>,
        found: Option<EcoString>,
    },
    Unclosed {
        open: Span,
        bracket: char,
        span: Span,
    },
    StrayBracket {
        span: Span,
        bracket: char,
        open: Option<(Span, char)>,
    },
    MissingValue {
        span: Span,
        what: &'static str,
    },
    ColonForEquals {
        span: Span,
        key: Word,
    },
    DoubleEquals {
        span: Span,
        key: Word,
    },
    BlockForValue {
        span: Span,
        key: EcoString,
        label: Option<Word>,
    },
    /// `param x: string {`
    BodyOfValue {
        span: Span,
        word: EcoString,
        instead: String,
    },
    /// Nested by indentation, as in YAML.
    Indented {
        span: Span,
        what: Indented,
        key: EcoString,
    },
    LateCondition {
        span: Span,
    },
    /// `10.0.0.0/16` without quotes.
    UnquotedNumbers {
        span: Span,
        text: EcoString,
    },
    /// `/var/log` without quotes.
    UnquotedPath {
        span: Span,
        text: EcoString,
    },
    Ternary {
        span: Span,
        fixed: String,
    },
    MissingElse {
        span: Span,
        keyword: Span,
    },
    ChainedComparison {
        span: Span,
        first: Span,
    },
    PositionalAfterNamed {
        span: Span,
        named: Span,
    },
    LeadingMinus {
        span: Span,
    },
    ReservedWord {
        span: Span,
        word: EcoString,
    },
    ExtraComma {
        span: Span,
    },
    TooDeep {
        span: Span,
    },
    ForeignBlock {
        span: Span,
        word: EcoString,
        instead: String,
    },
    UnknownDeclaration {
        span: Span,
        word: EcoString,
        nearest: Option<&'static str>,
    },
    MetaArgument {
        span: Span,
        word: EcoString,
        /// What `for_each` goes through, as it is written.
        source: EcoString,
        /// Where `each.key` and `each.value` stand.
        uses: Vec<Span>,
    },
    Splat {
        span: Span,
    },
    IndexByDot {
        span: Span,
        index: EcoString,
    },
    MethodCall {
        span: Span,
        name: EcoString,
    },
    TypeCall {
        span: Span,
        fixed: String,
    },
    SameLine {
        span: Span,
    },
    ParamWithoutType {
        span: Span,
        name: EcoString,
    },
    ParameterWithoutType {
        span: Span,
        name: EcoString,
    },
    KeyWithoutValue {
        span: Span,
        key: EcoString,
    },
    BareKey {
        span: Span,
        key: EcoString,
    },
    WrongArrow {
        span: Span,
        written: &'static str,
        instead: &'static str,
    },
    BraceOnNewLine {
        span: Span,
    },
    LonelyDecorator {
        span: Span,
    },
    NotAPath {
        span: Span,
    },
    NotAnAddress {
        span: Span,
    },
    PatternNotLiteral {
        span: Span,
        text: EcoString,
    },
    NumberAsName {
        span: Span,
    },
    NotAFunction {
        span: Span,
        word: EcoString,
    },
    DoubleOptional {
        span: Span,
    },
    NotAType {
        span: Span,
        text: EcoString,
    },
    TemplateNotAllowed {
        span: Span,
        what: &'static str,
    },
    ComprehensionAsBody {
        span: Span,
    },
    NestedIf {
        span: Span,
    },
    NotFirst {
        span: Span,
        first: Span,
        word: &'static str,
    },
    SaidTwice {
        span: Span,
        first: Span,
        word: &'static str,
    },
    HeaderOrder {
        span: Span,
        word: &'static str,
        before: &'static str,
    },
    NotAnOverlayPath {
        span: Span,
    },
    DeclarationInOverlay {
        span: Span,
        word: EcoString,
    },
}

/// An error at a place.
fn at(code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::new(code), message).at(span, "").help(help)
}

impl SyntaxError {
    /// Its words.
    pub(super) fn diagnostic(self) -> Diagnostic {
        match self {
            Self::UnterminatedText { .. }
            | Self::UnknownEscape { .. }
            | Self::LineBreakInText { .. }
            | Self::TemplateDirective { .. }
            | Self::BadCodePoint { .. }
            | Self::TooLittleIndentation { .. }
            | Self::Heredoc { .. } => self.text_diagnostic(),
            Self::NumberWithLetters { .. }
            | Self::NumberTooLarge { .. }
            | Self::LeadingZero { .. }
            | Self::BadDuration { .. }
            | Self::HashComment { .. }
            | Self::UnexpectedCharacter { .. }
            | Self::Semicolon { .. }
            | Self::UnclosedComment { .. } => self.lexical_diagnostic(),
            other => super::explain::syntax_diagnostic(other),
        }
    }

    fn text_diagnostic(self) -> Diagnostic {
        match self {
            Self::UnterminatedText { span, quotes } => at(
                "E0101",
                span,
                "this text has no closing quotes",
                match quotes {
                    "\"" => {
                        "close it with `\"` on the same line, or use `\"\"\"` for a text over several lines".to_owned()
                    }
                    "'" => "close it with `'` on the same line, or use `'''` for a text over several lines".to_owned(),
                    _ => format!("close it with `{quotes}`"),
                },
            ),
            Self::UnknownEscape { span, text } => at(
                "E0102",
                span,
                format!("`{text}` is no escape"),
                "escapes are \\n \\t \\r \\\\ \\\" \\$ and \\u{…}; a backslash itself is written \\\\, or use '…', which has no escapes",
            ),
            Self::LineBreakInText { span } => at(
                "E0103",
                span,
                "a text in `\"` ends on its line, also inside `${ }`",
                "use `\"\"\"` for a text over several lines, or name the value with `let` first",
            ),
            Self::Heredoc { span } => at(
                "E0111",
                span,
                "there are no heredocs",
                "write the text between `\"\"\"` and `\"\"\"`; the indentation of the closing quotes is stripped",
            ),
            Self::TemplateDirective { span, word } => at(
                "E0112",
                span,
                format!("texts have no `%{{{word}}}`"),
                "use `${if c then a else b}`, or `${join([for x in xs => …], \"\\n\")}`; write the text in '…' if it is meant literally",
            ),
            Self::BadCodePoint { span } => at(
                "E0113",
                span,
                "this is no Unicode character",
                "write its number in hexadecimal in braces: \\u{20AC}",
            ),
            Self::TooLittleIndentation { span, quotes } => at(
                "E0114",
                span,
                "this line is indented less than the closing quotes",
                "indent it at least as far as the closing quotes: their indentation is stripped from each line",
            )
            .label(quotes, "the closing quotes' indentation"),
            other => super::explain::syntax_diagnostic(other),
        }
    }

    fn lexical_diagnostic(self) -> Diagnostic {
        match self {
            Self::NumberWithLetters { span, text } => at(
                "E0104",
                span,
                format!("`{text}` is neither a number nor a duration"),
                format!("if it is a quantity, quote it: \"{text}\"; durations look like 500ms, 90s, 30m, 1h30m, 2d"),
            ),
            Self::NumberTooLarge { span } => at(
                "E0105",
                span,
                "this number is too large",
                "whole numbers go up to 9_223_372_036_854_775_807; quote it if it is an identifier",
            ),
            Self::LeadingZero { span, text } => at(
                "E0105",
                span,
                format!("`{text}` begins with a zero"),
                format!("leave the zero out, or quote it if it is a mode or an identifier: \"{text}\""),
            ),
            Self::BadDuration { span, text, why } => at(
                "E0106",
                span,
                format!("`{text}` is no duration: {why}"),
                "write it from large to small, for example 1d12h, 1h30m, 90s, 500ms",
            ),
            Self::HashComment { span } => at("E0107", span, "`#` begins no comment", "comments begin with `//`"),
            Self::UnexpectedCharacter { span, character } => unexpected_character(span, character),
            Self::Semicolon { span } => {
                at("E0109", span, "`;` separates nothing", "put each entry on its own line, or a `,` between them")
            }
            Self::UnclosedComment { span } => at("E0110", span, "this comment has no end", "close it with `*/`"),
            other => super::explain::syntax_diagnostic(other),
        }
    }
}

fn unexpected_character(span: Span, character: char) -> Diagnostic {
    let help = match character {
        '“' | '”' | '„' => "use plain quotes: \"".to_owned(),
        '‘' | '’' => "use plain quotes: '".to_owned(),
        '~' => "what YAML writes `~` is `null`".to_owned(),
        '`' => "texts stand in \"…\" or '…'".to_owned(),
        '&' => "the operator is `&&`".to_owned(),
        '|' => "the operator is `||`".to_owned(),
        '$' => "outside of texts names stand alone, without `$`".to_owned(),
        '\u{a0}' | '\u{200b}' | '\u{feff}' => "replace it with a plain space".to_owned(),
        _ => "remove it, or put it in a text: \"…\"".to_owned(),
    };
    let shown =
        if character.is_control() || character.is_whitespace() || character == '\u{200b}' || character == '\u{feff}' {
            format!("U+{:04X}", character as u32)
        } else {
            format!("`{character}`")
        };
    at("E0108", span, format!("{shown} means nothing here"), help)
}
