//! Literals that are secrets because of the type that they are given: what shows a source hides them.

use crate::check::Schemas;
use crate::load::{Loaded, LoadedModule};
use crate::tree::{
    Entry, Expression, ExpressionKind, Item, ItemKind, Key, OverlayTree, PathStep, TemplatePart, TypeExpression,
    TypeExpressionKind, TypeField,
};
use ecow::EcoString;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Diagnostic, FileId, Span};
use std::collections::HashMap;

/// The places of all literals that are given to something secret: defaults of params, lines of overlays and files of
/// values, attributes and arguments; also on lines that could not be read.
#[must_use]
pub fn find(loaded: &Loaded, schemas: &dyn Schemas) -> Vec<Span> {
    let types: Vec<Types<'_>> = loaded.modules.iter().map(Types::of).collect();
    let mut found = Vec::new();
    for (module, of_module) in loaded.modules.iter().zip(&types) {
        let called: Vec<Option<&Types<'_>>> = module.calls.iter().map(|call| types.get((*call)?)).collect();
        let mut called = called.into_iter();
        for tree in &module.trees {
            for item in &tree.items {
                let callee = matches!(item.kind, ItemKind::Module(_)).then(|| called.next().flatten()).flatten();
                Find { types: of_module, found: &mut found }.item(item, callee, schemas);
            }
            found.extend(unread(loaded, tree.file, |line| line.contains("secret<")));
        }
    }
    let Some(root) = types.first() else { return found };
    for overlay in loaded.overlays.iter().chain(&loaded.variable_files) {
        Find { types: root, found: &mut found }.overlay(&overlay.tree);
        found.extend(unread(loaded, overlay.tree.file, |line| root.sets_secret(line)));
    }
    found
}

/// The texts on those lines with mistakes of syntax that are meant: what is there is in no tree.
fn unread(loaded: &Loaded, file: FileId, is_meant: impl Fn(&str) -> bool) -> Vec<Span> {
    let text = loaded.files.get(file).map_or("", |file| &file.text);
    let is_syntax =
        |diagnostic: &&Diagnostic| diagnostic.code.0.starts_with("E01") || diagnostic.code.0.starts_with("E02");
    let places = loaded.diagnostics.iter().filter(is_syntax).filter_map(|diagnostic| diagnostic.primary.as_ref());
    let mut found = Vec::new();
    for place in places.map(|label| label.span).filter(|span| span.file == file) {
        let at = (place.start as usize).min(text.len());
        let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
        if is_meant(line) {
            quoted(line, |from, to| found.push(Span::new(file, (start + from) as u32, (start + to) as u32)));
        }
    }
    found
}

/// Tells what stands between quotes on a line.
fn quoted(line: &str, mut tell: impl FnMut(usize, usize)) {
    let mut open: Option<(u8, usize)> = None;
    let mut escaped = false;
    for (at, byte) in line.bytes().enumerate() {
        match open {
            _ if escaped => escaped = false,
            Some((b'"', _)) if byte == b'\\' => escaped = true,
            Some((quote, start)) if byte == quote => {
                tell(start, at);
                open = None;
            }
            None if matches!(byte, b'"' | b'\'') => open = Some((byte, at + 1)),
            _ => {}
        }
    }
    // Not closed: all that follows.
    if let Some((_, start)) = open {
        tell(start, line.trim_end().len().max(start));
    }
}

/// The types of a module that have names, and those of its params.
struct Types<'t> {
    named: HashMap<&'t str, &'t TypeExpression>,
    params: HashMap<&'t str, &'t TypeExpression>,
}

impl<'t> Types<'t> {
    fn of(module: &'t LoadedModule) -> Self {
        let mut types = Self { named: HashMap::new(), params: HashMap::new() };
        for item in module.trees.iter().flat_map(|tree| &tree.items) {
            match &item.kind {
                ItemKind::Type(declared) => drop(types.named.insert(&declared.name.text, &declared.ty)),
                ItemKind::Param(param) => drop(param.ty.as_ref().map(|ty| types.params.insert(&param.name.text, ty))),
                _ => {}
            }
        }
        types
    }

    /// Whether a line of an overlay begins with the name of a param that holds secrets.
    fn sets_secret(&self, line: &str) -> bool {
        let line = line.trim_start();
        let line = line.strip_prefix("replace ").unwrap_or(line).trim_start();
        let end = line.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(line.len());
        let ty = line.get(..end).and_then(|name| self.params.get(name));
        ty.is_some_and(|ty| self.holds_secret(ty, 0))
    }

    /// Whether there is a secret anywhere in a type. A type that holds itself is a mistake of its own.
    fn holds_secret(&self, ty: &TypeExpression, depth: usize) -> bool {
        const DEEP: usize = 32;
        if depth > DEEP {
            return false;
        }
        match &ty.kind {
            TypeExpressionKind::Named { name, .. } if name.text == "secret" => true,
            TypeExpressionKind::Named { name, arguments } => {
                let named = self.named.get(name.text.as_str());
                named.is_some_and(|ty| self.holds_secret(ty, depth + 1))
                    || arguments.iter().any(|argument| self.holds_secret(argument, depth + 1))
            }
            TypeExpressionKind::Optional(inner) => self.holds_secret(inner, depth + 1),
            TypeExpressionKind::Record(fields) => fields.iter().any(|field| self.holds_secret(&field.ty, depth + 1)),
            _ => false,
        }
    }
}

/// What something is given to.
#[derive(Clone, Copy)]
enum Target<'t> {
    /// A value of a written type.
    Type(&'t TypeExpression),
    /// An attribute.
    Attribute(&'static AttributeType),
    /// Anything; secret or not.
    Any,
}

struct Find<'a, 't> {
    types: &'a Types<'t>,
    found: &'a mut Vec<Span>,
}

impl<'t> Find<'_, 't> {
    fn item(&mut self, item: &'t Item, callee: Option<&Types<'t>>, schemas: &dyn Schemas) {
        match &item.kind {
            ItemKind::Param(param) => {
                self.defaults(param.ty.as_ref());
                self.typed(param.default.as_ref(), param.ty.as_ref());
            }
            ItemKind::Type(declared) => self.defaults(Some(&declared.ty)),
            ItemKind::Let(declared) | ItemKind::Output(declared) => {
                self.typed(Some(&declared.value), declared.ty.as_ref());
            }
            ItemKind::Function(function) => {
                for parameter in &function.parameters {
                    self.typed(parameter.default.as_ref(), Some(&parameter.ty));
                }
                self.typed(Some(&function.body), function.result.as_ref());
            }
            ItemKind::Module(module) => {
                let Some(types) = callee else { return };
                let param = |name: &str| types.params.get(name).map(|ty| (Target::Type(ty), false));
                Find { types, found: &mut *self.found }.entries(&module.body.entries, param);
            }
            ItemKind::Provider(block) => {
                let schema = schemas.provider(&block.provider.text);
                self.attributes(&block.body.entries, schema.map_or(&[], |schema| schema.configuration));
            }
            ItemKind::Object(object) => {
                let provider = schemas.provider(&object.provider.text);
                let name = object.type_name.text.as_str();
                let schema = provider.and_then(|schema| {
                    schema.resource(name).or_else(|| schema.data_source(name)).or_else(|| schema.ephemeral(name))
                });
                self.attributes(&object.body.entries, schema.map_or(&[], |schema| schema.attributes));
            }
            ItemKind::Assert(_) | ItemKind::Moved(_) | ItemKind::Import(_) | ItemKind::Forget(_) => {}
        }
    }

    fn overlay(&mut self, tree: &'t OverlayTree) {
        for entry in &tree.entries {
            let Some((PathStep::Member(name), rest)) = entry.path.split_first() else { continue };
            let Some(ty) = self.types.params.get(name.text.as_str()).copied() else { continue };
            let Some(value) = &entry.value else { continue };
            let mut at = self.resolved(Target::Type(ty), false);
            for step in rest {
                at = match step {
                    PathStep::Member(word) | PathStep::Key(word) => self.member(at, &word.text),
                    PathStep::Index(..) | PathStep::Each(_) => self.item_of(at),
                };
            }
            self.expression(value, at.0, at.1);
        }
    }

    /// Defaults of the fields of record types within a type.
    fn defaults(&mut self, ty: Option<&'t TypeExpression>) {
        match ty.map(|ty| &ty.kind) {
            Some(TypeExpressionKind::Record(fields)) => {
                for TypeField { ty, default, .. } in fields {
                    self.defaults(Some(ty));
                    self.typed(default.as_ref(), Some(ty));
                }
            }
            Some(TypeExpressionKind::Named { arguments, .. }) => {
                arguments.iter().for_each(|argument| self.defaults(Some(argument)));
            }
            Some(TypeExpressionKind::Optional(inner)) => self.defaults(Some(inner)),
            _ => {}
        }
    }

    fn typed(&mut self, value: Option<&'t Expression>, ty: Option<&'t TypeExpression>) {
        if let Some(value) = value {
            self.expression(value, ty.map_or(Target::Any, Target::Type), false);
        }
    }

    fn attributes(&mut self, entries: &'t [Entry], attributes: &'static [Attribute]) {
        self.entries(entries, |name| {
            let attribute = attributes.iter().find(|attribute| attribute.name == name)?;
            Some((Target::Attribute(&attribute.ty), attribute.secret))
        });
        for attribute in attributes {
            let of_it = entries.iter().filter_map(|entry| field(entry).filter(|(name, _)| *name == attribute.name));
            for (_, value) in of_it {
                self.secret_members(attribute, value);
            }
        }
    }

    /// Members that are secret by what the value says of itself (a Kubernetes Secret).
    fn secret_members(&mut self, attribute: &Attribute, value: &'t Expression) {
        let ExpressionKind::Record(entries) = &value.kind else { return };
        for members in attribute.secret_members {
            let (member, wanted) = members.when;
            let says = |(name, value): (&str, &Expression)| {
                name == member && matches!(&value.kind, ExpressionKind::String(text) if text == wanted)
            };
            if entries.iter().filter_map(field).any(says) {
                self.entries(entries, |name| members.members.contains(&name).then_some((Target::Any, true)));
            }
        }
    }

    fn entries(&mut self, entries: &'t [Entry], target: impl Fn(&str) -> Option<(Target<'t>, bool)>) {
        for (name, value) in entries.iter().filter_map(field) {
            let (target, secret) = target(name).unwrap_or((Target::Any, false));
            self.expression(value, target, secret);
        }
    }

    /// Through names of types, `T?` and `secret<T>`.
    fn resolved(&self, target: Target<'t>, secret: bool) -> (Target<'t>, bool) {
        const DEEP: usize = 32;
        let (mut target, mut secret) = (target, secret);
        for _ in 0..DEEP {
            let Target::Type(ty) = target else { break };
            target = match &ty.kind {
                TypeExpressionKind::Optional(inner) => Target::Type(inner),
                TypeExpressionKind::Named { name, arguments } if name.text == "secret" => {
                    secret = true;
                    arguments.first().map_or(Target::Any, Target::Type)
                }
                TypeExpressionKind::Named { name, .. } => match self.types.named.get(name.text.as_str()) {
                    Some(named) => Target::Type(named),
                    None => break,
                },
                _ => break,
            };
        }
        (target, secret)
    }

    fn member(&self, (target, secret): (Target<'t>, bool), name: &EcoString) -> (Target<'t>, bool) {
        match target {
            Target::Type(ty) => match &ty.kind {
                TypeExpressionKind::Record(fields) => {
                    let field = fields.iter().find(|field| field.name.text == *name);
                    self.resolved(field.map_or(Target::Any, |field| Target::Type(&field.ty)), secret)
                }
                _ => self.item_of((target, secret)),
            },
            Target::Attribute(AttributeType::Object(fields)) => {
                let field = fields.iter().find(|field| field.name == name.as_str());
                field.map_or((Target::Any, secret), |field| (Target::Attribute(&field.ty), secret || field.secret))
            }
            _ => self.item_of((target, secret)),
        }
    }

    fn item_of(&self, (target, secret): (Target<'t>, bool)) -> (Target<'t>, bool) {
        match target {
            Target::Type(TypeExpression { kind: TypeExpressionKind::Named { arguments, .. }, .. }) => {
                self.resolved(arguments.first().map_or(Target::Any, Target::Type), secret)
            }
            Target::Attribute(AttributeType::List(item) | AttributeType::Set(item) | AttributeType::Map(item)) => {
                (Target::Attribute(item), secret)
            }
            _ => (Target::Any, secret),
        }
    }

    /// Goes to the literals that a value is made of.
    fn expression(&mut self, expression: &'t Expression, target: Target<'t>, secret: bool) {
        let at = self.resolved(target, secret);
        match &expression.kind {
            // Without the quotes.
            ExpressionKind::String(_) if at.1 => {
                let Span { start, end, .. } = expression.span;
                self.found.push(Span { start: start + 1, end: end - 1, ..expression.span });
            }
            ExpressionKind::Int(_) | ExpressionKind::Float(_) if at.1 => self.found.push(expression.span),
            ExpressionKind::Template(parts) if at.1 => self.template(expression.span, parts),
            ExpressionKind::Parenthesised(inner) => self.expression(inner, target, secret),
            ExpressionKind::If { then, otherwise, .. } => {
                self.expression(then, target, secret);
                self.expression(otherwise, target, secret);
            }
            ExpressionKind::Match { arms, .. } => {
                arms.iter().for_each(|arm| self.expression(&arm.value, target, secret));
            }
            ExpressionKind::Binary { left, right, .. } => {
                self.expression(left, target, secret);
                self.expression(right, target, secret);
            }
            ExpressionKind::List(items) => {
                for item in items {
                    let (target, secret) = if item.spread { at } else { self.item_of(at) };
                    self.expression(&item.value, target, secret);
                }
            }
            ExpressionKind::Record(entries) => {
                for entry in entries {
                    match (entry, field(entry)) {
                        (_, Some((name, value))) => {
                            let (target, secret) = self.member(at, &name.into());
                            self.expression(value, target, secret);
                        }
                        (Entry::Spread { value, .. }, _) => self.expression(value, at.0, at.1),
                        (Entry::Field { value, .. }, None) => {
                            let (target, secret) = self.item_of(at);
                            self.expression(value, target, secret);
                        }
                        (Entry::Short(_), None) => {}
                    }
                }
            }
            ExpressionKind::For(comprehension) => {
                let (target, secret) = self.item_of(at);
                self.expression(&comprehension.body, target, secret);
            }
            ExpressionKind::Call { function, arguments } => {
                let is_source = matches!(function.text.as_str(), "secret_from" | "env_var" | "file");
                let secret = (at.1 && !is_source) || function.text == "to_secret";
                arguments.iter().for_each(|argument| self.expression(&argument.value, Target::Any, secret));
            }
            _ => {}
        }
    }

    /// The texts between what is interpolated.
    fn template(&mut self, span: Span, parts: &'t [TemplatePart]) {
        let mut start = span.start + 1;
        for part in parts {
            if let TemplatePart::Interpolation(value) = part {
                self.found.push(Span { start, end: value.span.start, ..span });
                start = value.span.end;
            }
        }
        self.found.push(Span { start, end: span.end - 1, ..span });
    }
}

/// An entry with a name that is written out, and its value.
fn field(entry: &Entry) -> Option<(&str, &Expression)> {
    match entry {
        Entry::Field { key: Key::Literal(word), value } => Some((&word.text, value)),
        _ => None,
    }
}
