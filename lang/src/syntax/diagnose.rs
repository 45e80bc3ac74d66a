//! From "reading stopped here" to what the user meant: the token there, the one before it and the brackets around tell.

mod foreign;

use super::error::SyntaxError;
use super::grammar::Rule;
use super::literal;
use super::recover::{Fill, Repair};
use super::scan::{Kind, Scan, Token};
use super::split::KEYWORDS;
use formwork_model::{FileId, Span};
use std::ops::Range;

/// Everything that is known about where reading stopped.
pub(super) struct Diagnosis<'s> {
    pub(super) rule: Rule,
    pub(super) text: &'s str,
    pub(super) scan: &'s Scan,
    pub(super) file: FileId,
    pub(super) base: usize,
    /// How long the text was before recovery closed its brackets.
    pub(super) length: usize,
    /// Where reading stopped.
    pub(super) offset: usize,
    /// What would have fitted.
    pub(super) expected: &'s [Rule],
}

/// Words that a value, type or name must follow.
const LEADING_WORDS: [&str; 9] = ["if", "then", "else", "in", "match", "for", "with", "after", "where"];

/// The parts of a header, in their order.
const HEADER: [&str; 4] = ["for", "if", "with", "after"];

const OPERATORS: [&str; 23] = [
    "=", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??", "+", "-", "*", "/", "%", "=>", "->", ":", "...", "!",
    "+=", "|", ".",
];

impl Diagnosis<'_> {
    /// What is wrong, and what to do about it.
    pub(super) fn repair(&self) -> Repair {
        let index = self.scan.token_at(self.offset);
        self.foreign(index)
            .or_else(|| self.body_of_value(index))
            .or_else(|| self.text_for_path(index))
            .or_else(|| self.lonely_keyword(index))
            .or_else(|| self.extra_comma(index))
            .or_else(|| self.header_order(index))
            .or_else(|| self.nested_if(index))
            .or_else(|| self.leading_minus(index))
            .or_else(|| self.unquoted_path(index))
            .or_else(|| self.missing_value(index))
            .or_else(|| self.missing_before_equals(index))
            .or_else(|| self.statement_start(index))
            .or_else(|| self.missing_separator(index))
            .or_else(|| self.same_line(index))
            .or_else(|| self.stray_line(index))
            .unwrap_or_else(|| self.generic(index))
    }

    // ---- looking ------------------------------------------------------------------------------------------------

    fn token(&self, index: usize) -> Option<Token> {
        self.scan.tokens.get(index).copied()
    }

    fn before(&self, index: usize) -> Option<Token> {
        self.token(index.checked_sub(1)?)
    }

    fn word_of(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or("")
    }

    fn is(&self, token: Option<Token>, text: &str) -> bool {
        token.is_some_and(|token| self.word_of(token) == text)
    }

    fn span(&self, range: Range<usize>) -> Span {
        let place = |offset: usize| (self.base + offset.min(self.length)) as u32;
        Span::new(self.file, place(range.start), place(range.end))
    }

    fn span_of(&self, token: Token) -> Span {
        self.span(token.start..token.end)
    }

    /// Whether something must follow this token.
    fn leads(&self, token: Token) -> bool {
        match token.kind {
            Kind::Symbol => OPERATORS.contains(&self.word_of(token)),
            Kind::Word => LEADING_WORDS.contains(&self.word_of(token)),
            _ => false,
        }
    }

    fn ends_value(&self, token: Token) -> bool {
        match token.kind {
            Kind::Word => !LEADING_WORDS.contains(&self.word_of(token)),
            Kind::Text | Kind::Close => true,
            _ => false,
        }
    }

    /// The smallest stretch around a token that can be replaced, and with what.
    fn damage(&self, index: usize) -> (Range<usize>, Fill) {
        let index = index.min(self.scan.tokens.len().saturating_sub(1));
        let range = self.scan.entry_at(index);
        match self.token(index) {
            Some(token) if token.parent.is_none() => self.statement_value(&range, token.start),
            _ => (range, self.scan.fill_at(index)),
        }
    }

    /// Of `let x = …` only what stands behind the `=` is replaced, so that the name lives on.
    fn statement_value(&self, range: &Range<usize>, offset: usize) -> (Range<usize>, Fill) {
        let at_top = self.scan.tokens.iter().filter(|token| token.parent.is_none() && range.contains(&token.start));
        let equals = at_top.into_iter().find(|token| self.word_of(**token) == "=");
        let keeps = |word: &str| matches!(word, "let" | "output" | "param" | "fn");
        let named = self
            .text
            .get(range.start..)
            .is_some_and(|rest| keeps(rest.split(' ').next().unwrap_or("")) || self.rule == Rule::overlay);
        match equals.filter(|equals| named && equals.end <= offset && equals.end < range.end) {
            Some(equals) => {
                let blanks =
                    self.text.get(equals.end..range.end).map_or(0, |rest| rest.len() - rest.trim_start().len());
                (equals.end + blanks..range.end, Fill::Value)
            }
            None => (range.clone(), Fill::Blank),
        }
    }

    fn damaging(&self, error: SyntaxError, index: usize) -> Repair {
        let (range, fill) = self.damage(index);
        Repair { error, range, fill }
    }

    // ---- cases --------------------------------------------------------------------------------------------------

    /// `after x with y {`: the parts of a header have their order.
    fn header_order(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).filter(|token| token.parent.is_none() && token.kind == Kind::Word)?;
        let rank = |token: Token| HEADER.iter().position(|word| *word == self.word_of(token));
        let own = rank(token)?;
        let statement = self.scan.statement_at(token.start);
        let header = self
            .scan
            .tokens
            .iter()
            .copied()
            .filter(|other| other.parent.is_none() && other.kind == Kind::Word && statement.contains(&other.start));
        let later =
            header.take_while(|other| other.start < token.start).filter_map(rank).find(|other| *other >= own)?;
        let body = self
            .scan
            .tokens
            .iter()
            .skip(index)
            .find(|other| other.parent.is_none() && (self.word_of(**other) == "{" || other.start >= statement.end));
        let end = body.map_or(statement.end, |body| body.start.min(statement.end));
        let (word, before) = (*HEADER.get(own)?, *HEADER.get(later)?);
        let error = SyntaxError::HeaderOrder { span: self.span_of(token), word, before };
        Some(Repair { error, range: token.start..end, fill: Fill::Blank })
    }

    /// A keyword without anything behind it.
    fn lonely_keyword(&self, index: usize) -> Option<Repair> {
        let token =
            self.token(index).filter(|token| token.begins_statement && KEYWORDS.contains(&self.word_of(*token)))?;
        let alone = self.token(index + 1).is_none_or(|next| next.begins_statement);
        let error = || SyntaxError::Expected {
            span: self.span_of(token).after(),
            expected: vec!["a name"],
            found: Some("the end of the line".into()),
        };
        alone.then(|| Repair { error: error(), range: token.start..token.end, fill: Fill::Blank })
    }

    fn extra_comma(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).filter(|token| token.kind == Kind::Comma)?;
        let before = self.before(index)?;
        let empty = matches!(before.kind, Kind::Comma | Kind::Open);
        empty.then(|| Repair {
            error: SyntaxError::ExtraComma { span: self.span_of(token) },
            range: token.start..token.end,
            fill: Fill::Blank,
        })
    }

    /// `1 + if …`, `if a then if …`.
    fn nested_if(&self, index: usize) -> Option<Repair> {
        let is_keyword = |token: &Token| matches!(self.word_of(*token), "if" | "match");
        let leads = |index| self.before(index).is_some_and(|before| self.leads(before) && !self.is(Some(before), "="));
        // `if` may have been read as a name, so that reading stopped one token later.
        let at =
            [index, index.saturating_sub(1)].into_iter().find(|at| self.token(*at).filter(is_keyword).is_some())?;
        let token = self.token(at).filter(|_| leads(at))?;
        Some(self.damaging(SyntaxError::NestedIf { span: self.span_of(token) }, at))
    }

    fn leading_minus(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).filter(|token| token.first && self.word_of(*token) == "-")?;
        token.parent?;
        self.before(index).filter(|before| self.ends_value(*before))?;
        let range = self.scan.entry_at(index);
        Some(Repair {
            error: SyntaxError::LeadingMinus { span: self.span_of(token) },
            range,
            fill: self.scan.fill_at(index),
        })
    }

    /// `= /var/log`, `[./a, ../b]`.
    fn unquoted_path(&self, index: usize) -> Option<Repair> {
        let is_mark = |token: &Token| !token.first && matches!(self.word_of(*token), "/" | ".");
        // A `/` may have been read as an operator, so that reading stopped one token later.
        let places = [Some(index), index.checked_sub(1)];
        let index = places.into_iter().flatten().find(|at| self.token(*at).as_ref().is_some_and(is_mark))?;
        let token = self.token(index)?;
        let begins = self.before(index).is_some_and(|before| {
            matches!(before.kind, Kind::Open | Kind::Comma) || matches!(self.word_of(before), "=" | "=>" | "??" | "==")
        });
        let rest = self.text.get(token.start..).filter(|_| begins)?;
        let text = rest.split([' ', '\t', '\r', '\n', ',', ')', ']', '}', ';', '"', '\'']).next()?;
        if !text.contains('/') || !text.contains(char::is_alphanumeric) {
            return None;
        }
        let (span, text) = (self.span(token.start..token.start + text.len()), text.into());
        Some(self.damaging(SyntaxError::UnquotedPath { span, text }, index))
    }

    /// Something must follow the token before, and nothing that could does.
    fn missing_value(&self, index: usize) -> Option<Repair> {
        let before = self.before(index).filter(|before| self.leads(*before))?;
        let misses = match self.token(index) {
            None => true,
            Some(token) => {
                token.first
                    || matches!(token.kind, Kind::Close | Kind::Comma)
                    || LEADING_WORDS.contains(&self.word_of(token))
                    || (token.kind == Kind::Symbol && !matches!(self.word_of(token), "-" | "!" | "@"))
            }
        };
        misses.then(|| self.damaging(self.missing_behind(before), index - 1))
    }

    fn missing_behind(&self, before: Token) -> SyntaxError {
        let statement = self.token(self.scan.token_at(self.scan.statement_at(before.start).start));
        let keyword = statement.map_or("", |token| self.word_of(token));
        let what = match (keyword, self.word_of(before)) {
            ("moved" | "import", "->") => "an address",
            (_, ":" | "->") | ("param" | "type", "|") => "a type",
            ("type", "=") if before.parent.is_none() => "a type",
            (_, "." | "for") => "a name",
            _ => "a value",
        };
        SyntaxError::MissingValue { span: self.span_of(before).after(), what }
    }

    /// `a =` and on the next line `b = 1`: reading goes on to the second `=`, but the value of the first is missing.
    fn missing_before_equals(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).filter(|token| matches!(self.word_of(*token), "=" | ":" | "==" | "{"))?;
        let key = self.before(index).filter(|key| matches!(key.kind, Kind::Word | Kind::Text) && key.first)?;
        let before = self.before(index - 1).filter(|before| self.leads(*before) && before.parent == token.parent)?;
        let range = self.scan.entry_start(index - 2)..before.end;
        let range = if key.parent.is_none() { self.scan.statement_at(before.start).start..before.end } else { range };
        Some(Repair { error: self.missing_behind(before), range, fill: self.scan.fill_at(index - 2) })
    }

    /// The first word of a declaration is none that declares anything.
    fn statement_start(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).or_else(|| self.before(index)).filter(|token| token.parent.is_none())?;
        if self.rule == Rule::overlay {
            return self.overlay_statement(token);
        }
        let range = self.scan.statement_at(token.start);
        let first = self.token(self.scan.token_at(range.start))?;
        let (first, range) =
            if token.begins_statement { (token, self.statement_from(token, range)) } else { (first, range) };
        let word = self.word_of(first);
        if KEYWORDS.contains(&word) || first.decorator || first.kind != Kind::Word {
            return None;
        }
        let nearest = nearest_keyword(word);
        let error = SyntaxError::UnknownDeclaration { span: self.span_of(first), word: word.into(), nearest };
        Some(Repair { error, range, fill: Fill::Blank })
    }

    /// Without the decorators.
    fn statement_from(&self, token: Token, range: Range<usize>) -> Range<usize> {
        if range.contains(&token.start) { range } else { self.scan.statement_at(token.start) }
    }

    fn overlay_statement(&self, token: Token) -> Option<Repair> {
        let range = self.scan.statement_at(token.start);
        let first = self.scan.token_at(range.start);
        let (word, name) = (self.token(first)?, self.token(first + 1)?);
        let keyword = self.word_of(word);
        if !KEYWORDS.contains(&keyword) || name.kind != Kind::Word {
            return None;
        }
        let error = SyntaxError::DeclarationInOverlay { span: self.span_of(word), word: keyword.into() };
        Some(Repair { error, range, fill: Fill::Blank })
    }

    /// `[a b]`, `{ a = 1 b = 2 }`.
    fn missing_separator(&self, index: usize) -> Option<Repair> {
        let token = self.token(index)?;
        let before = self.before(index)?;
        let begins = matches!(token.kind, Kind::Word | Kind::Text | Kind::Open);
        token.parent?;
        if token.first && !self.scan.is_in_parentheses(index) {
            return None;
        }
        let wants_more = |rule: &Rule| matches!(rule, Rule::kw_in | Rule::kw_then | Rule::match_start | Rule::kw_else);
        let wants_colon = self.expected.contains(&Rule::colon) && !self.expected.contains(&Rule::fat_arrow);
        if wants_colon || self.expected.iter().any(wants_more) {
            return None;
        }
        if !begins || !self.ends_value(before) || before.parent != token.parent {
            return None;
        }
        let expected = if self.scan.is_in_parentheses(index) { vec!["`,`", "`)`"] } else { vec!["`,`", "a new line"] };
        let error = SyntaxError::Expected { span: self.span_of(token), expected, found: Some(self.describe(token)) };
        let room = self.text.get(before.end..token.start).is_some_and(|gap| gap.starts_with(' '));
        let is_entry =
            !matches!(self.word_of(token), "then" | "else" | "if" | "for" | "in" | "match") && token.kind != Kind::Open;
        if room && is_entry {
            return Some(Repair { error, range: before.end..before.end + 1, fill: Fill::Character(',') });
        }
        Some(self.damaging(error, index))
    }

    /// Something stands behind the end of a declaration.
    fn same_line(&self, index: usize) -> Option<Repair> {
        // A `<` is open still.
        if self.expected.contains(&Rule::type_end) {
            return None;
        }
        let token = self.token(index).filter(|token| token.parent.is_none() && !token.first)?;
        let before = self.before(index).filter(|before| self.ends_value(*before))?;
        let keyword = KEYWORDS.contains(&self.word_of(token))
            && self.token(index + 1).is_some_and(|next| next.kind == Kind::Word);
        let whole = matches!(before.kind, Kind::Close) || keyword;
        if !whole || !matches!(token.kind, Kind::Word | Kind::Text | Kind::Open) {
            return None;
        }
        let range = token.start..self.scan.statement_at(token.start).end;
        Some(Repair { error: SyntaxError::SameLine { span: self.span_of(token) }, range, fill: Fill::Blank })
    }

    /// Something that is no declaration begins a line behind a complete one.
    fn stray_line(&self, index: usize) -> Option<Repair> {
        let token = self.token(index).filter(|token| token.parent.is_none() && token.first)?;
        self.before(index)
            .filter(|before| self.ends_value(*before) && super::expected::words(self.expected).is_empty())?;
        let error = SyntaxError::Expected {
            span: self.span_of(token),
            expected: vec!["a declaration"],
            found: Some(self.describe(token)),
        };
        let range = token.start..self.scan.statement_at(token.start).end;
        Some(Repair { error, range, fill: Fill::Blank })
    }

    fn generic(&self, index: usize) -> Repair {
        let token = self.token(index);
        let before = self.before(index);
        if let Some(bar) =
            token.filter(|token| self.word_of(*token) == "|" && !self.expected.contains(&Rule::optional_mark))
        {
            let error = SyntaxError::UnexpectedCharacter { span: self.span_of(bar), character: '|' };
            return self.damaging(error, index);
        }
        let ends_line = token.is_none_or(|token| token.first);
        let span = match (token, before) {
            (Some(token), _) if !ends_line => self.span_of(token),
            (_, Some(before)) => self.span_of(before).after(),
            (Some(token), None) => self.span_of(token),
            (None, None) => self.span(self.offset..self.offset),
        };
        let found = match token {
            Some(token) if !ends_line => self.describe(token),
            _ => "the end of the line".into(),
        };
        let expected = self.expected_words(before, index);
        let error = SyntaxError::Expected { span, expected, found: Some(found) };
        let index = if ends_line { index.saturating_sub(1) } else { index };
        self.damaging(error, index)
    }

    fn describe(&self, token: Token) -> ecow::EcoString {
        match token.kind {
            Kind::Text => "a text".into(),
            _ => ecow::eco_format!("`{}`", self.word_of(token)),
        }
    }

    fn expected_words(&self, before: Option<Token>, index: usize) -> Vec<&'static str> {
        let words = super::expected::words(self.expected);
        if !words.is_empty() {
            return words;
        }
        let after_value = before.is_some_and(|before| self.ends_value(before));
        let parent = self.token(index).or(before).and_then(|token| token.parent).and_then(|parent| self.token(parent));
        match (after_value, parent.map(|parent| self.word_of(parent))) {
            (true, Some("(")) => vec!["`,`", "`)`"],
            (true, Some("[")) => vec!["`,`", "a new line", "`]`"],
            (true, Some("{")) => vec!["`,`", "a new line", "`}`"],
            (true, _) => vec!["the end of the line"],
            (false, _) => vec!["a value"],
        }
    }
}

fn nearest_keyword(word: &str) -> Option<&'static str> {
    let known = match word {
        "function" | "func" | "def" => Some("fn"),
        "var" | "const" | "val" | "local" => Some("let"),
        "input" | "parameter" => Some("param"),
        "struct" | "enum" | "record" => Some("type"),
        _ if strsim::damerau_levenshtein("function", word) <= 2 => Some("fn"),
        _ => None,
    };
    let by_distance = || {
        let scored = KEYWORDS.iter().map(|keyword| (strsim::damerau_levenshtein(keyword, word), *keyword));
        scored
            .filter(|(distance, keyword)| *distance * 3 <= keyword.len().max(word.len()))
            .min()
            .map(|(_, keyword)| keyword)
    };
    known.or_else(by_distance).filter(|_| !literal::is_reserved(word))
}
