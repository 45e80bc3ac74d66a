//! Values given with the command: `FORMWORK_VAR_name` and `--var name=…`. Raw text for a param that takes texts, else an
//! expression, as an overlay has it.

use crate::inputs::Layer;
use crate::syntax;
use crate::tree::{Expression, ExpressionKind, OverlayAction, OverlayEntry, PathStep, Word};
use ecow::EcoString;
use formwork_model::{FileId, Redacted, Span, Type};

/// Ids of no file of the stack, one for each text from here down: that is how a place tells which text it is in.
const LAST_FILE: u32 = u32::MAX - 1;

/// One value: read both ways, since only the checker knows the param's type. Its text may be a secret.
#[derive(Debug)]
pub struct Given {
    /// Where it comes from.
    pub layer: Layer,
    /// The param.
    pub name: EcoString,
    file: FileId,
    text: Redacted<OverlayEntry>,
    expression: Redacted<Result<OverlayEntry, String>>,
}

/// Reads names and texts of `FORMWORK_VAR_name` and of `--var`, which come after them.
pub fn read<'t>(
    variables: impl IntoIterator<Item = (&'t str, &'t str)>,
    flags: impl IntoIterator<Item = (&'t str, &'t str)>,
) -> Vec<Given> {
    let variables = variables.into_iter().map(|(name, text)| (Layer::EnvironmentVariable(name.into()), name, text));
    let flags = flags.into_iter().map(|(name, text)| (Layer::Flag(name.into()), name, text));
    let files = (0..=LAST_FILE).rev().map(FileId);
    variables.chain(flags).zip(files).map(|((layer, name, text), file)| Given::new(file, layer, name, text)).collect()
}

impl Given {
    fn new(file: FileId, layer: Layer, name: &str, text: &str) -> Self {
        let whole = Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
        let entry = |value| OverlayEntry {
            action: OverlayAction::Set,
            path: vec![PathStep::Member(Word { text: name.into(), span: whole })],
            value: Some(value),
            span: whole,
        };
        let expression = syntax::parse_expression(file, text).map_err(|mistakes| {
            mistakes.into_iter().next().map_or_else(|| "this is no expression".into(), |mistake| mistake.message)
        });
        let raw = Expression { kind: ExpressionKind::String(text.into()), span: whole };
        Self { layer, name: name.into(), file, text: Redacted(entry(raw)), expression: Redacted(expression.map(entry)) }
    }

    /// What it says of a param of this type.
    ///
    /// # Errors
    /// When the type takes no raw text, and the text is no expression.
    pub(crate) fn entry(&self, ty: &Type) -> Result<&OverlayEntry, String> {
        let is_null = matches!(&self.expression.0, Ok(entry) if is_null(entry));
        let raw = match ty.exposed() {
            Type::Optional(inner) => takes_text(inner) && !is_null,
            other => takes_text(other),
        };
        if raw { Ok(&self.text.0) } else { self.expression.0.as_ref().map_err(Clone::clone) }
    }

    /// Whether a place is in its text.
    pub(crate) fn holds(&self, span: Span) -> bool {
        span.file == self.file
    }

    /// What stands at a place of its text.
    pub(crate) fn text_at(&self, span: Span) -> &str {
        let Some(Expression { kind: ExpressionKind::String(text), .. }) = &self.text.0.value else { return "" };
        text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Whether it is `--var`, which others on the machine can read.
    pub(crate) const fn is_flag(&self) -> bool {
        matches!(self.layer, Layer::Flag(_))
    }
}

fn is_null(entry: &OverlayEntry) -> bool {
    matches!(entry.value, Some(Expression { kind: ExpressionKind::Null, .. }))
}

/// Whether a text is taken as it is.
fn takes_text(ty: &Type) -> bool {
    use formwork_model::Literal;
    match ty {
        Type::String | Type::Cidr | Type::Ip | Type::Url | Type::Literal(Literal::String(_)) => true,
        Type::Union(members) => members.iter().all(|member| matches!(member, Literal::String(_))),
        _ => false,
    }
}
