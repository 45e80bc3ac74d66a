//! The stages `syntax`, `tree` and `format`.

use crate::case::{Case, Source};
use crate::render;
use crate::same::without_places;
use formwork_lang::source::FileTable;
use formwork_lang::tree::{
    Argument, Entry, Expression, ExpressionKind, ItemKind, Iteration, Key, OverlayTree, PatternKind, TemplatePart, Tree,
};
use formwork_lang::{format as formatter, syntax};
use formwork_model::{Diagnostic, FileId, UnaryOperator};
use std::fmt::Write as _;

/// What a source was read as.
enum Read {
    Tree(Tree),
    Overlay(OverlayTree),
}

impl Read {
    fn new(file: FileId, source: &Source) -> (Self, Vec<Diagnostic>) {
        if source.path.ends_with(".fwvars") {
            let (tree, diagnostics) = syntax::parse_overlay(file, &source.text);
            (Self::Overlay(tree), diagnostics)
        } else {
            let (tree, diagnostics) = syntax::parse(file, &source.text);
            (Self::Tree(tree), diagnostics)
        }
    }

    /// Everything but comments, which may move, and places.
    fn meaning(&self) -> String {
        match self {
            Self::Tree(tree) => without_places(&tree.items),
            Self::Overlay(tree) => {
                without_places(&(&tree.is_abstract, tree.extends.as_ref().map(|word| &word.text), &tree.entries))
            }
        }
    }

    fn comments(&self, text: &str) -> Vec<String> {
        let comments = match self {
            Self::Tree(tree) => &tree.comments,
            Self::Overlay(tree) => &tree.comments,
        };
        let written = |span: formwork_model::Span| text[span.start as usize..span.end as usize].replace('\r', "");
        let mut comments: Vec<String> = comments.iter().map(|comment| written(comment.span)).collect();
        comments.sort();
        comments
    }
}

/// All diagnostics of reading.
pub(crate) fn diagnostics(case: &Case) -> String {
    let mut files = FileTable::default();
    let mut all = Vec::new();
    for source in case.sources() {
        let file = files.add(source.path.as_str(), source.text.as_str());
        all.extend(Read::new(file, &source).1);
    }
    render::diagnostics(&files, &all)
}

/// The formatted source. Formatting it again changes nothing, neither the meaning nor a comment is lost.
pub(crate) fn format(case: &Case) -> Result<String, String> {
    let mut result = String::new();
    for source in case.sources() {
        let formatted = format_source(&source.path, &source.text)?;
        let again = format_source(&source.path, &formatted)?;
        if again != formatted {
            return Err(format!("formatting it again gives something else:\n{formatted}\n---\n{again}"));
        }
        let (before, _) = Read::new(FileId(0), &source);
        let (after, _) = Read::new(FileId(0), &Source { path: source.path.clone(), text: formatted.clone() });
        if before.meaning() != after.meaning() {
            return Err(format!("the meaning changed:\n{}\n{}", before.meaning(), after.meaning()));
        }
        if before.comments(&source.text) != after.comments(&formatted) {
            return Err("a comment was lost".to_owned());
        }
        result.push_str(&formatted);
    }
    Ok(result)
}

fn format_source(path: &str, text: &str) -> Result<String, String> {
    let formatted = if path.ends_with(".fwvars") {
        formatter::format_overlay(FileId(0), text)
    } else {
        formatter::format(FileId(0), text)
    };
    formatted.map_err(|diagnostics| format!("it has errors: {diagnostics:?}"))
}

/// Each `let` of the sources with everything that binds stronger in parentheses, texts resolved.
pub(crate) fn tree(case: &Case) -> Result<String, String> {
    let mut text = String::new();
    for source in case.sources() {
        let (read, diagnostics) = Read::new(FileId(0), &source);
        if !diagnostics.is_empty() {
            return Err(format!("it has errors: {diagnostics:?}"));
        }
        let Read::Tree(tree) = read else { continue };
        for item in &tree.items {
            if !item.docs.is_empty() {
                let _ = writeln!(text, "docs {:?}", item.docs);
            }
            match &item.kind {
                ItemKind::Let(declared) => {
                    let _ = writeln!(text, "{} = {}", declared.name.text, expression(&declared.value));
                }
                other => {
                    let _ = writeln!(text, "{}", without_places(other));
                }
            }
        }
    }
    Ok(text)
}

fn expression(written: &Expression) -> String {
    match &written.kind {
        ExpressionKind::Null => "null".to_owned(),
        ExpressionKind::Bool(truth) => truth.to_string(),
        ExpressionKind::Int(number) => number.to_string(),
        ExpressionKind::Float(number) => format!("{number:?}f"),
        ExpressionKind::Duration(milliseconds) => format!("{milliseconds}ms"),
        ExpressionKind::String(text) => format!("{text:?}"),
        ExpressionKind::Template(parts) => format!("template({})", joined(parts, part)),
        ExpressionKind::Name(name) => name.to_string(),
        ExpressionKind::Member { base, name, optional } => {
            format!("({}){}{}", expression(base), if *optional { "?." } else { "." }, name.text)
        }
        ExpressionKind::Index { base, index, optional } => {
            format!("({}){}{}]", expression(base), if *optional { "?[" } else { "[" }, expression(index))
        }
        ExpressionKind::Call { function, arguments } => format!("{}({})", function.text, joined(arguments, argument)),
        ExpressionKind::Unary { operator, operand } => {
            format!("{}({})", if *operator == UnaryOperator::Not { "!" } else { "-" }, expression(operand))
        }
        ExpressionKind::Binary { operator, left, right, .. } => {
            format!("({} {} {})", expression(left), operator.symbol(), expression(right))
        }
        ExpressionKind::If { condition, then, otherwise } => {
            format!("if({}, {}, {})", expression(condition), expression(then), expression(otherwise))
        }
        ExpressionKind::Match { subject, arms } => {
            let arm = |arm: &formwork_lang::tree::Arm| {
                format!(
                    "{} => {}",
                    joined(&arm.patterns, |pattern| pattern_text(&pattern.kind)),
                    expression(&arm.value)
                )
            };
            format!("match {} {{{}}}", expression(subject), joined(arms, arm))
        }
        ExpressionKind::List(items) => {
            format!("[{}]", joined(items, |item| spread(item.spread) + &expression(&item.value)))
        }
        ExpressionKind::Record(entries) => format!("{{{}}}", joined(entries, entry)),
        ExpressionKind::For(comprehension) => {
            let condition =
                comprehension.condition.as_ref().map_or(String::new(), |c| format!(" if {}", expression(c)));
            let key = comprehension.key.as_ref().map_or(String::new(), |key| format!("[{}] = ", expression(key)));
            let head = iteration(&comprehension.iteration);
            format!("{head}{condition} => {key}{}", expression(&comprehension.body))
        }
        ExpressionKind::Parenthesised(inner) => format!("paren {}", expression(inner)),
        ExpressionKind::Broken => "broken".to_owned(),
    }
}

fn joined<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

fn spread(spread: bool) -> String {
    if spread { "...".to_owned() } else { String::new() }
}

fn part(part: &TemplatePart) -> String {
    match part {
        TemplatePart::Text(text) => format!("{text:?}"),
        TemplatePart::Interpolation(inner) => expression(inner),
    }
}

fn argument(argument: &Argument) -> String {
    let name = argument.name.as_ref().map_or(String::new(), |name| format!("{} = ", name.text));
    name + &expression(&argument.value)
}

fn iteration(iteration: &Iteration) -> String {
    format!("for {} in {}", joined(&iteration.names, |name| name.text.to_string()), expression(&iteration.source))
}

fn pattern_text(pattern: &PatternKind) -> String {
    match pattern {
        PatternKind::Literal(literal) => literal.to_string(),
        PatternKind::Null => "null".to_owned(),
        PatternKind::Any => "_".to_owned(),
    }
}

fn entry(entry: &Entry) -> String {
    match entry {
        Entry::Short(word) => word.text.to_string(),
        Entry::Spread { value, .. } => format!("...{}", expression(value)),
        Entry::Field { key: Key::Literal(word), value } => format!("{} = {}", word.text, expression(value)),
        Entry::Field { key: Key::Computed(key), value } => format!("[{}] = {}", expression(key), expression(value)),
    }
}
