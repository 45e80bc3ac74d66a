//! A plain look at a broken block: its tokens and brackets, without the grammar. Only errors need it.

use super::error::SyntaxError;
use super::recover::Fill;
use formwork_model::{FileId, Span};
use std::collections::BTreeSet;
use std::ops::Range;

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, keyword, number or duration.
    Word,
    /// A text in any quotes.
    Text,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    Comma,
    /// Everything else: operators, `=`, `:`, `.`, `@`.
    Symbol,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Index of the token that opens the brackets it stands in; a bracket itself stands outside of its pair.
    pub(super) parent: Option<usize>,
    /// Whether it is the first on its line.
    pub(super) first: bool,
    /// How far its line is indented.
    pub(super) indentation: usize,
    /// Whether it is the first of a declaration or entry at the top.
    pub(super) begins_statement: bool,
    /// Whether it is the `@` of a decorator.
    pub(super) decorator: bool,
}

/// What a look at a block gives.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) tokens: Vec<Token>,
    /// Errors in characters and texts, with the stretch that they spoil.
    pub(super) lexical: Vec<(SyntaxError, usize, usize)>,
    /// How deep brackets and interpolations are nested.
    pub(super) depth: usize,
    /// Tokens that open `( )`.
    parentheses: BTreeSet<usize>,
    /// Tokens that open `{ }`.
    braces: BTreeSet<usize>,
}

/// Symbols of more than one character, longest first.
const SYMBOLS: [&str; 16] =
    ["...", "<<~", "<<-", "==", "!=", "<=", ">=", "=>", "->", "&&", "||", "??", "?.", "+=", "<<", "?:"];

/// Looks at `text`, a stretch of `file` that starts at `base`.
pub(super) fn scan(text: &str, file: FileId, base: usize) -> Scan {
    let mut scanner = Scanner {
        text,
        file,
        base,
        at: 0,
        first: true,
        indentation: 0,
        open: Vec::new(),
        angles: 0,
        scan: Scan::default(),
    };
    while scanner.at < text.len() {
        scanner.step();
    }
    scanner.scan
}

struct Scanner<'t> {
    text: &'t str,
    file: FileId,
    base: usize,
    at: usize,
    first: bool,
    indentation: usize,
    open: Vec<usize>,
    /// How many `<` of types are open.
    angles: usize,
    scan: Scan,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(character) = rest.chars().next() else { return };
        match character {
            '\n' => {
                self.at += 1;
                self.first = true;
                self.indentation = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
            }
            ' ' | '\t' | '\r' => self.at += 1,
            '\u{feff}' if self.at == 0 => self.at += 3,
            '#' => self.skip_line(),
            '/' if rest.starts_with("//") => self.skip_line(),
            '/' if rest.starts_with("/*") => self.block_comment(),
            '"' | '\'' => self.quoted(character),
            _ if character == '_' || unicode_ident::is_xid_continue(character) => self.word(),
            '(' | '[' | '{' => self.push(Kind::Open, 1),
            ')' | ']' | '}' => self.push(Kind::Close, 1),
            ',' => self.push(Kind::Comma, 1),
            _ => self.symbol(character),
        }
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn push(&mut self, kind: Kind, length: usize) {
        if kind == Kind::Close {
            self.open.pop();
        }
        let (start, end) = (self.at, self.at + length);
        let text = self.text.get(start..end).unwrap_or("");
        let decorator = text == "@";
        let names = matches!(kind, Kind::Word) && !CONTINUATIONS.contains(&text);
        let token = Token {
            kind,
            start,
            end,
            parent: self.open.last().copied(),
            first: self.first,
            indentation: self.indentation,
            begins_statement: self.first && self.indentation == 0 && self.open.is_empty() && (names || decorator),
            decorator,
        };
        if kind == Kind::Open {
            if text == "(" {
                self.scan.parentheses.insert(self.scan.tokens.len());
            } else if text == "{" {
                self.scan.braces.insert(self.scan.tokens.len());
            }
            self.open.push(self.scan.tokens.len());
            self.scan.depth = self.scan.depth.max(self.open.len());
        }
        self.scan.tokens.push(token);
        self.first = false;
        self.at = end;
    }

    fn word(&mut self) {
        let rest = self.rest();
        let length = rest.find(|c: char| c != '_' && !unicode_ident::is_xid_continue(c)).unwrap_or(rest.len());
        let mut end = length;
        // A number goes on behind its point.
        if rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.get(length..).is_some_and(|behind| behind.starts_with('.'))
        {
            let behind = rest.get(length + 1..).unwrap_or("");
            let more = behind.find(|c: char| c != '_' && !unicode_ident::is_xid_continue(c)).unwrap_or(behind.len());
            if behind.starts_with(|c: char| c.is_ascii_digit()) {
                end = length + 1 + more;
            }
        }
        self.push(Kind::Word, end);
    }

    fn symbol(&mut self, character: char) {
        let known = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
        if known.is_none() && !"+-*/%<>=!?.:@;|".contains(character) {
            let (start, end) = (self.at, self.at + character.len_utf8());
            let span = self.span(start, end);
            self.scan.lexical.push((SyntaxError::UnexpectedCharacter { span, character }, start, end));
            self.at = end;
            return;
        }
        match character {
            '<' if self.follows_a_word() => self.angles += 1,
            '>' => self.angles = self.angles.saturating_sub(1),
            _ => {}
        }
        self.scan.depth = self.scan.depth.max(self.open.len() + self.angles);
        self.push(Kind::Symbol, known.map_or(1, |symbol| symbol.len()));
    }

    /// Where `<` could open the arguments of a type.
    fn follows_a_word(&self) -> bool {
        let last = self.scan.tokens.last();
        last.is_some_and(|token| token.kind == Kind::Word && token.end == self.at)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, (self.base + start) as u32, (self.base + end) as u32)
    }

    fn block_comment(&mut self) {
        match self.rest().find("*/") {
            Some(length) => self.at += length + 2,
            None => {
                let (start, end) = (self.at, self.at + 2);
                self.skip_line();
                self.scan.lexical.push((SyntaxError::UnclosedComment { span: self.span(start, end) }, start, self.at));
            }
        }
    }

    fn quoted(&mut self, quote: char) {
        let mut nesting = Nesting { text: self.text, deepest: 0 };
        let end = nesting.text_end(self.at, 0);
        self.scan.depth = self.scan.depth.max(self.open.len() + nesting.deepest);
        match end {
            Some(end) => self.push(Kind::Text, end - self.at),
            None => self.unterminated(quote),
        }
    }

    fn unterminated(&mut self, quote: char) {
        let start = self.at;
        let triple = self.rest().starts_with("\"\"\"") || self.rest().starts_with("'''");
        let quotes = match (quote, triple) {
            ('"', false) => "\"",
            ('"', true) => "\"\"\"",
            (_, false) => "'",
            (_, true) => "'''",
        };
        let line = self.rest().find('\n').unwrap_or(self.rest().len());
        let line = self.rest().get(..line).unwrap_or("").trim_end_matches([' ', '\t', '\r']);
        if let Some((open, length)) = unclosed_interpolation(line).filter(|_| quotes == "\"") {
            let open = self.span(start + open, start + open + 2);
            let span = self.span(start + length - 1, start + length);
            self.scan.lexical.push((SyntaxError::Unclosed { open, bracket: '{', span }, start, start + length));
            return self.push(Kind::Text, length);
        }
        let span = self.span(start, start + line.len().max(quotes.len()));
        // A triple text without end takes all lines that are left; the others end with their line.
        let spoiled = if triple { self.text.len() } else { start + line.len() };
        self.scan.lexical.push((SyntaxError::UnterminatedText { span, quotes }, start, spoiled));
        self.push(Kind::Text, spoiled - start);
    }
}

/// In a line that begins with a text: where its `${` stands that has no `}`, and how long the text is, if it is only
/// that.
fn unclosed_interpolation(line: &str) -> Option<(usize, usize)> {
    let open = line.find("${")?;
    let behind = line.get(open + 2..)?;
    let quote = behind.find('"')?;
    let plain = behind.get(..quote).is_some_and(|inside| !inside.contains(['}', '(', '[']));
    plain.then_some((open, open + 2 + quote + 1))
}

/// Finds the ends of texts, which nest through `${ }`.
struct Nesting<'t> {
    text: &'t str,
    deepest: usize,
}

impl Nesting<'_> {
    /// The offset behind the text that begins at `start`.
    fn text_end(&mut self, start: usize, depth: usize) -> Option<usize> {
        let rest = self.text.get(start..)?;
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes))?;
        let interpolates = quotes.starts_with('"');
        let mut at = start + quotes.len();
        loop {
            let rest = self.text.get(at..)?;
            let character = rest.chars().next()?;
            if rest.starts_with(quotes) {
                return Some(at + quotes.len());
            }
            at += match character {
                '\n' if quotes.len() == 1 => return None,
                '\\' if interpolates => 1 + rest.chars().nth(1).filter(|next| *next != '\n').map_or(0, char::len_utf8),
                '$' if interpolates && rest.starts_with("${") => {
                    self.interpolation_end(at + 2, depth + 1, quotes.len() == 3)? - at
                }
                other => other.len_utf8(),
            };
        }
    }

    /// The offset behind the `}` of an interpolation whose inside begins at `start`.
    fn interpolation_end(&mut self, start: usize, depth: usize, lines: bool) -> Option<usize> {
        self.deepest = self.deepest.max(depth);
        if depth > super::MAX_NESTING as usize {
            return None;
        }
        let mut at = start;
        let mut open = 0;
        loop {
            let character = self.text.get(at..)?.chars().next()?;
            at = match character {
                '"' | '\'' => self.text_end(at, depth)?,
                '\n' if !lines => return None,
                '}' if open == 0 => return Some(at + 1),
                '{' | '}' => {
                    open = if character == '{' { open + 1 } else { open - 1 };
                    self.deepest = self.deepest.max(depth + open);
                    at + 1
                }
                other => at + other.len_utf8(),
            };
        }
    }
}

/// Words that go on with a declaration on the next line.
const CONTINUATIONS: [&str; 8] = ["where", "for", "if", "with", "after", "then", "else", "in"];

impl Scan {
    fn token(&self, index: usize) -> Option<&Token> {
        self.tokens.get(index)
    }

    /// The first token that ends behind `offset`.
    pub(super) fn token_at(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| token.end <= offset)
    }

    /// Whether a token of the same level ends the entry before it: a comma, or the first on its line in `{ }` or `[ ]`.
    fn separates(&self, index: usize, in_parentheses: bool) -> bool {
        self.token(index).is_some_and(|token| token.kind == Kind::Comma || (token.first && !in_parentheses))
    }

    pub(super) fn is_in_parentheses(&self, index: usize) -> bool {
        self.token(index).and_then(|token| token.parent).is_some_and(|parent| self.parentheses.contains(&parent))
    }

    /// Where the entry begins that the token stands in.
    pub(super) fn entry_start(&self, index: usize) -> usize {
        let Some(token) = self.token(index) else { return 0 };
        if token.parent.is_none() {
            return self.statement_at(token.start).start;
        }
        let in_parentheses = self.is_in_parentheses(index);
        let mut start = token.start;
        for at in (0..=index).rev() {
            let Some(other) = self.token(at) else { break };
            if Some(at) == token.parent {
                break;
            }
            if other.parent != token.parent {
                continue;
            }
            if other.kind == Kind::Comma && at != index {
                break;
            }
            start = other.start;
            if other.first && !in_parentheses {
                break;
            }
        }
        start
    }

    /// Where the entry ends that the token stands in.
    fn entry_end(&self, index: usize) -> usize {
        let Some(token) = self.token(index) else { return 0 };
        let in_parentheses = self.is_in_parentheses(index);
        let mut end = token.end;
        for at in index..self.tokens.len() {
            let Some(other) = self.token(at) else { break };
            let closes_parent = other.kind == Kind::Close && self.parent_is_outside(other.parent, token.parent);
            if closes_parent || (at > index && other.parent == token.parent && self.separates(at, in_parentheses)) {
                break;
            }
            end = other.end;
        }
        end
    }

    /// Whether `candidate` is the bracket pair around `parent`'s pair.
    fn parent_is_outside(&self, candidate: Option<usize>, parent: Option<usize>) -> bool {
        parent.is_some_and(|parent| self.token(parent).is_some_and(|opener| opener.parent == candidate))
    }

    /// The entry that a token stands in; at the top its statement.
    pub(super) fn entry_at(&self, index: usize) -> Range<usize> {
        let index = index.min(self.tokens.len().saturating_sub(1));
        match self.token(index) {
            None => 0..0,
            Some(token) if token.parent.is_none() => self.statement_at(token.start),
            Some(_) => self.entry_start(index)..self.entry_end(index),
        }
    }

    /// What an entry at this token is best replaced with.
    pub(super) fn fill_at(&self, index: usize) -> Fill {
        match self.token(index).and_then(|token| token.parent) {
            None => Fill::Blank,
            Some(parent) if self.braces.contains(&parent) => Fill::Entry,
            Some(_) => Fill::Value,
        }
    }

    /// The entry around the brackets that a stretch stands in.
    pub(super) fn around(&self, range: &Range<usize>) -> (Range<usize>, Fill) {
        let index = self.token_at(range.start.saturating_sub(1));
        let inside = self
            .tokens
            .get(..index)
            .unwrap_or(&[])
            .iter()
            .rposition(|token| token.kind == Kind::Open && self.closes_behind(token, range.end));
        match inside {
            Some(opener) if self.token(opener).is_some_and(|token| token.parent.is_some()) => {
                (self.entry_at(opener), self.fill_at(opener))
            }
            Some(opener) => (self.entry_at(opener), Fill::Blank),
            None => (self.statement_at(range.start), Fill::Blank),
        }
    }

    fn closes_behind(&self, opener: &Token, offset: usize) -> bool {
        let behind = self.tokens.iter().filter(|token| token.start > opener.start);
        let close = behind.into_iter().find(|token| token.kind == Kind::Close && token.parent == opener.parent);
        close.is_none_or(|close| close.start >= offset)
    }

    /// The statement around `offset`, with its decorators.
    pub(super) fn statement_at(&self, offset: usize) -> Range<usize> {
        let mut start = 0;
        let mut end = self.tokens.last().map_or(0, |token| token.end);
        let mut decorated = false;
        let mut last_end = 0;
        for token in &self.tokens {
            if token.begins_statement {
                if token.start > offset {
                    end = last_end;
                    break;
                }
                if !decorated {
                    start = token.start;
                }
                decorated = token.decorator;
            }
            last_end = token.end;
        }
        start..end
    }
}
