//! Resource, data and ephemeral blocks against their schemas.

use super::context::{Frame, ModuleChecker, error};
use super::expression::{What, described};
use super::fits::Secrets;
use super::keys::Keys;
use super::names::Declared;
use super::report::{NameProblem, SchemaProblem, TypeProblem, listed, nearest};
use super::schemas::{AttributeInfo, ObjectInfo};
use crate::program::{self, BlockId, Expr, ExprKind};
use crate::tree::{self, Entry, Expression, Key, ObjectKeyword, Word};
use ecow::EcoString;
use formwork_model::schema::Presence;
use formwork_model::{Field, ObjectKind, ObjectType, Span, Type};
use std::rc::Rc;
use std::sync::Arc;

/// The attributes of a body, checked, and what they leave out.
pub(crate) struct CheckedBody {
    /// In the order written; of one that stands twice the last.
    pub(crate) attributes: Vec<program::Attribute>,
    /// Attributes that a misspelt name means, and whether something was spread whose names are not known: what is
    /// missing then was told already.
    pub(crate) meant: Vec<EcoString>,
    pub(crate) uncertain: bool,
}

impl CheckedBody {
    /// Whether an attribute is set, or would be without a mistake that was told.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.uncertain
            || self.attributes.iter().any(|attribute| attribute.name == name)
            || self.meant.iter().any(|meant| meant == name)
    }
}

/// What a body belongs to.
#[derive(Clone, Copy)]
pub(crate) enum BodyOf<'t> {
    /// A block of this type.
    Object(&'t ObjectInfo),
    /// A provider's block: its name and what it takes.
    Provider(&'t str, &'t [AttributeInfo]),
}

impl<'t> BodyOf<'t> {
    fn type_name(self) -> String {
        match self {
            Self::Object(info) => info.name.to_string(),
            Self::Provider(name, _) => format!("provider {name}"),
        }
    }

    fn find(self, name: &str) -> Option<&'t AttributeInfo> {
        match self {
            Self::Object(info) => info.attribute(name),
            Self::Provider(_, attributes) => attributes.iter().find(|info| info.attribute.name == name),
        }
    }

    /// What to write instead of what other tools have here.
    fn habit(self, name: &str) -> Option<&'static str> {
        match self {
            Self::Object(_) => super::habits::meta_argument(name),
            Self::Provider(..) => super::habits::provider_argument(name),
        }
    }

    fn settable(self) -> Vec<&'static str> {
        match self {
            Self::Object(info) => info.settable().collect(),
            Self::Provider(_, attributes) => {
                attributes.iter().map(|info| info.attribute.name).chain(["defaults"]).collect()
            }
        }
    }
}

impl<'a> ModuleChecker<'_, 'a> {
    /// The type of a block as far as it is known before its body is checked.
    pub(crate) fn declare_block(&mut self, declared: Declared<'a, tree::Object>) -> (Option<Rc<ObjectInfo>>, Type) {
        let object = declared.what;
        let Some(info) = self.object_info(object) else { return (None, Type::Error) };
        let multiplies = |entry: &Entry| match entry {
            Entry::Field { key: Key::Literal(word), .. } => super::habits::multiplies(&word.text),
            Entry::Field { .. } | Entry::Short(_) | Entry::Spread { .. } => false,
        };
        if object.body.entries.iter().any(multiplies) {
            // What refers to its instances is right as soon as they are.
            return (Some(info), Type::Error);
        }
        let ty = instances_type(info.ty.clone(), &object.header);
        (Some(info), ty)
    }

    fn object_info(&mut self, object: &'a tree::Object) -> Option<Rc<ObjectInfo>> {
        let Some(provider) = self.shared.schemas.provider(&object.provider.text) else {
            self.unknown_provider_of(object);
            return None;
        };
        let found = self.shared.schemas.object(provider, kind(object.keyword), &object.type_name.text);
        if found.is_none() {
            match self.shared.schemas.any_kind(provider, &object.type_name) {
                Some(other) => {
                    let Type::Object(of) = &other.ty else { return None };
                    let (is, written) = (word_of(of.kind), word_of(kind(object.keyword)));
                    let span = object.type_name.span;
                    self.tell(SchemaProblem::WrongKeyword { type_name: other.name.to_string(), is, written, span });
                }
                None => self.unknown_object_type(&object.provider, &object.type_name, Some(object.keyword)),
            }
        }
        found
    }

    fn unknown_provider_of(&mut self, object: &'a tree::Object) {
        let names = self.shared.schemas.names().into_iter().map(EcoString::from).collect::<Vec<_>>();
        let written = if object.type_name.text.is_empty() {
            object.provider.text.clone()
        } else {
            format!("{}.{}", object.provider.text, object.type_name.text).into()
        };
        let habit = super::habits::type_name(&object.provider.text, &names)
            .or_else(|| super::habits::type_name(&object.type_name.text, &names));
        match habit {
            Some(ours) => {
                let span = object.provider.span.to(object.type_name.span);
                self.tell(NameProblem::HabitTypeName { name: written, span, ours });
            }
            None => self.unknown_provider(&object.provider),
        }
    }

    /// Reports a provider that this build does not have.
    pub(crate) fn unknown_provider(&mut self, provider: &Word) {
        let names = self.shared.schemas.names();
        let nearest = nearest(&provider.text, names.iter().copied()).map(EcoString::from);
        let problem = NameProblem::UnknownProvider {
            name: provider.text.clone(),
            span: provider.span,
            nearest,
            known: listed(names),
        };
        self.tell(problem);
    }

    /// Reports a type that a provider does not have.
    pub(crate) fn unknown_object_type(&mut self, provider: &Word, name: &Word, keyword: Option<ObjectKeyword>) {
        let Some(schema) = self.shared.schemas.provider(&provider.text) else { return };
        let table = match keyword {
            Some(ObjectKeyword::Data) => schema.data,
            Some(ObjectKeyword::Ephemeral) => schema.ephemerals,
            Some(ObjectKeyword::Resource) | None => schema.resources,
        };
        let names = || table.iter().map(|schema| schema.name);
        let help = match nearest(&name.text, names()) {
            Some(near) => format!("did you mean `{}.{near}`?", provider.text),
            None => format!("it has {}", listed(names())),
        };
        let keyword = keyword.map_or("resource", |keyword| word_of(kind(keyword)));
        self.tell(NameProblem::UnknownObjectType {
            provider: provider.text.clone(),
            name: name.text.clone(),
            keyword,
            span: name.span,
            help,
        });
    }

    /// Checks a block, and learns its type.
    pub(crate) fn block(
        &mut self,
        id: BlockId,
        declared: Declared<'a, tree::Object>,
        info: Option<&Rc<ObjectInfo>>,
    ) -> Option<program::Block> {
        let object = declared.what;
        let is_ephemeral = object.keyword == ObjectKeyword::Ephemeral;
        let each = has_for_each(&object.body);
        let frame = Frame { secrets: Secrets::Carried, ephemeral: is_ephemeral, each, ..Frame::default() };
        let (block, locals) = self.in_frame(frame, |checker| checker.block_in_frame(id, declared, info));
        block.map(|block| program::Block { locals, ..block })
    }

    fn block_in_frame(
        &mut self,
        id: BlockId,
        declared: Declared<'a, tree::Object>,
        info: Option<&Rc<ObjectInfo>>,
    ) -> Option<program::Block> {
        let object = declared.what;
        let header = self.header(&object.header);
        let Some(info) = info else {
            self.infer_entries(&object.body.entries);
            return None;
        };
        let provider = self.provider_use(&object.provider, object.header.with.as_ref());
        let body = self.body(&object.body.entries, BodyOf::Object(info));
        self.same_as(id, declared, info, &body);
        self.missing_attributes(info, &body, object);
        self.check_rules(info, &body, object.name.span);
        let decorators = self.decorators(declared, info);
        Some(program::Block {
            kind: kind(object.keyword),
            name: object.name.text.clone(),
            type_name: info.name.clone(),
            schema: info.schema,
            iteration: header.iteration,
            condition: header.condition,
            provider: provider.unwrap_or(program::ProviderUse::Lost),
            after: header.after,
            attributes: body.attributes,
            decorators,
            locals: 0,
            span: declared.item.span,
        })
    }

    /// Learns the type of an attribute that has the type of another one.
    fn same_as(&mut self, id: BlockId, declared: Declared<'a, tree::Object>, info: &ObjectInfo, body: &CheckedBody) {
        let (Some(input), Type::Object(object)) = (info.same_as, &info.ty) else { return };
        let found = body
            .attributes
            .iter()
            .rev()
            .find(|attribute| attribute.name == input)
            .map_or(Type::Null, |attribute| attribute.value.ty.clone());
        let same_as = Some(Arc::new(kept(&found)));
        let ty = Type::Object(Arc::new(ObjectType { same_as, ..object.as_ref().clone() }));
        if let Some(slot) = self.blocks.get_mut(id.index()).filter(|slot| **slot != Type::Error) {
            *slot = instances_type(ty, &declared.what.header);
        }
    }

    /// `for`, `if`, `after` of a header; its variables and facts hold for the body.
    pub(crate) fn header(&mut self, header: &'a tree::Header) -> CheckedHeader {
        let iteration = header.iteration.as_ref().and_then(|iteration| self.iteration(iteration));
        let condition = header.condition.as_ref().map(|condition| self.visible_condition(condition));
        if let Some(condition) = &condition {
            self.assume(condition, true);
        }
        let after = header.after.iter().filter_map(|after| self.after(after)).collect();
        CheckedHeader { iteration, condition, after }
    }

    /// Whether there is a block shows in every plan, so a secret cannot decide it.
    fn visible_condition(&mut self, condition: &'a Expression) -> Expr {
        let condition = self.check_condition(condition);
        if condition.ty.is_secret() {
            let help = "whether a block exists is seen everywhere: decide by something that may be seen".to_owned();
            let what = "`if` on a declaration".to_owned();
            let problem =
                TypeProblem::SecretExposed { what, found: condition.ty.to_string(), span: condition.span, help };
            return self.broken(condition.span, problem);
        }
        condition
    }

    fn after(&mut self, after: &'a Expression) -> Option<Expr> {
        let found = self.infer(after);
        if found.ty == Type::Error || names_a_block(&found) {
            return Some(found);
        }
        let found_type = described(&found.ty);
        self.tell(NameProblem::BadAfter { span: found.span, found: found_type });
        None
    }

    /// Entries of a body of which nothing is known: what is wrong within them is still found.
    pub(crate) fn infer_entries(&mut self, entries: &'a [Entry]) {
        for entry in entries {
            match entry {
                Entry::Field { key, value } => {
                    if let Key::Computed(key) = key {
                        self.infer(key);
                    }
                    self.infer(value);
                }
                Entry::Short(word) => {
                    self.short(word);
                }
                Entry::Spread { value, .. } => {
                    self.infer(value);
                }
            }
        }
    }

    /// The entries of a body, each against its attribute.
    pub(crate) fn body(&mut self, entries: &'a [Entry], about: BodyOf<'_>) -> CheckedBody {
        let mut keys = Keys::default();
        let mut attributes: Vec<program::Attribute> = Vec::with_capacity(entries.len());
        let mut spread = false;
        let mut uncertain = false;
        for entry in entries {
            match entry {
                Entry::Field { key: Key::Literal(word), value } => {
                    self.note_key(&mut keys, word);
                    attributes.push(self.attribute(word, Some(value), about));
                }
                Entry::Short(word) => {
                    self.note_key(&mut keys, word);
                    attributes.push(self.attribute(word, None, about));
                }
                Entry::Field { key: Key::Computed(key), value } => {
                    uncertain = true;
                    self.tell(TypeProblem::ComputedKey { place: about.type_name(), span: key.span });
                    self.infer(value);
                }
                Entry::Spread { value, span } => {
                    spread = true;
                    uncertain |= !self.spread_into_body(value, *span, about, &mut attributes);
                }
            }
        }
        if spread {
            keep_last(&mut attributes);
        }
        let misspelt = attributes
            .iter()
            .filter(|attribute| attribute.value.ty == Type::Error && about.find(&attribute.name).is_none());
        let meant =
            misspelt.filter_map(|attribute| nearest(&attribute.name, about.settable())).map(EcoString::from).collect();
        CheckedBody { attributes, meant, uncertain }
    }

    fn attribute(&mut self, word: &'a Word, value: Option<&'a Expression>, about: BodyOf<'_>) -> program::Attribute {
        let value = match self.settable(word, about) {
            Some(info) => self.attribute_value(word, value, info, about),
            None => {
                // What stands there by habit is written by habit as well.
                if let Some(value) = value.filter(|_| about.habit(&word.text).is_none()) {
                    self.infer(value);
                }
                error(word.span)
            }
        };
        program::Attribute { name: word.text.clone(), value, span: word.span }
    }

    fn attribute_value(
        &mut self,
        word: &'a Word,
        value: Option<&'a Expression>,
        info: &AttributeInfo,
        about: BodyOf<'_>,
    ) -> Expr {
        self.warn_deprecated(info.attribute.docs, || format!("`{}` of {}", word.text, about.type_name()), word.span);
        let what = What::Attribute(&word.text);
        let ephemeral = self.frame.ephemeral;
        self.frame.ephemeral |= info.attribute.write_only;
        let checked = match value {
            Some(value) => self.check(value, &info.config, what),
            None => {
                let value = self.short(word);
                self.fit(value, &info.config, what)
            }
        };
        self.frame.ephemeral = ephemeral;
        self.check_limits(info.attribute, &checked, &word.text);
        checked
    }

    /// The attribute, if it may be set.
    fn settable<'t>(&mut self, word: &Word, about: BodyOf<'t>) -> Option<&'t AttributeInfo> {
        match about.find(&word.text) {
            Some(info) if info.attribute.is_settable() => Some(info),
            Some(_) => {
                let (type_name, name) = (about.type_name(), word.text.clone());
                self.tell(SchemaProblem::ComputedAttribute { type_name, name, span: word.span });
                None
            }
            None => {
                match about.habit(&word.text) {
                    // Told by the parser.
                    Some(_) if matches!(word.text.as_str(), "depends_on" | "for_each") => {}
                    Some(help) => {
                        self.tell(NameProblem::HabitMetaArgument { name: word.text.clone(), span: word.span, help })
                    }
                    None => self.tell(SchemaProblem::UnknownAttribute {
                        type_name: about.type_name(),
                        name: word.text.clone(),
                        span: word.span,
                        nearest: nearest(&word.text, about.settable()).map(EcoString::from),
                        known: listed(about.settable()),
                    }),
                }
                None
            }
        }
    }

    /// `...record`: each of its fields is an attribute.
    fn spread_into_body(
        &mut self,
        value: &'a Expression,
        span: Span,
        about: BodyOf<'_>,
        attributes: &mut Vec<program::Attribute>,
    ) -> bool {
        let value = self.infer(value);
        let record = match value.ty.exposed() {
            Type::Record(record) | Type::Module(record) => record.clone(),
            Type::Error => return false,
            other => {
                let found = described(other);
                self.tell(SchemaProblem::SpreadIntoBody { found, span });
                return false;
            }
        };
        for field in &record.fields {
            attributes.extend(self.spread_field(&value, field, about));
        }
        true
    }

    fn spread_field(&mut self, base: &Expr, field: &Field, about: BodyOf<'_>) -> Option<program::Attribute> {
        let span = base.span;
        let info = self.settable(&Word { text: field.name.clone(), span }, about)?;
        let ty = if base.ty.is_secret() { field.ty.clone().secret() } else { field.ty.clone() };
        let kind = ExprKind::Member { base: Box::new(base.clone()), name: field.name.clone(), optional: false };
        let value = self.fit(Expr { kind, ty, span }, &info.config, What::Attribute(&field.name));
        Some(program::Attribute { name: field.name.clone(), value, span })
    }

    /// What must be set, and is not: neither in the body nor by the provider's `defaults`.
    fn missing_attributes(&mut self, info: &ObjectInfo, body: &CheckedBody, object: &'a tree::Object) {
        let required = info.attributes().iter().filter(|attribute| attribute.attribute.presence == Presence::Required);
        let missing: Vec<_> = required
            .filter(|required| !body.mentions(required.attribute.name))
            .filter(|required| !self.has_default(&info.name.provider, required.attribute.name))
            .map(|required| {
                (
                    EcoString::from(required.attribute.name),
                    described(&required.config),
                    first_sentence(required.attribute.docs),
                )
            })
            .collect();
        for (name, ty, docs) in missing {
            self.tell(SchemaProblem::MissingAttribute {
                type_name: info.name.to_string(),
                name,
                ty,
                span: object.name.span,
                docs,
            });
        }
    }

    fn has_default(&self, provider: &EcoString, name: &str) -> bool {
        match self.shared.defaults.get(provider) {
            Some(Some(names)) => names.iter().any(|default| default == name),
            Some(None) => true,
            None => false,
        }
    }

    /// Warns if the documentation says that something is deprecated.
    pub(crate) fn warn_deprecated(&mut self, docs: &str, what: impl FnOnce() -> String, span: Span) {
        let start = docs.trim_start();
        if start.get(..10).is_some_and(|word| word.eq_ignore_ascii_case("deprecated")) {
            self.tell(NameProblem::Deprecated {
                what: what(),
                span,
                docs: start.lines().next().unwrap_or("").to_owned(),
            });
        }
    }
}

/// What stands between a declaration's type and its body.
pub(crate) struct CheckedHeader {
    /// `for`
    pub(crate) iteration: Option<program::Iteration>,
    /// `if`
    pub(crate) condition: Option<Expr>,
    /// `after`
    pub(crate) after: Vec<Expr>,
}

/// Of attributes that are there twice (by a spread), the last counts.
fn keep_last(attributes: &mut Vec<program::Attribute>) {
    let mut last: std::collections::HashMap<EcoString, usize> = std::collections::HashMap::new();
    for (position, attribute) in attributes.iter().enumerate() {
        last.insert(attribute.name.clone(), position);
    }
    let mut position = 0;
    attributes.retain(|attribute| {
        position += 1;
        last.get(&attribute.name) == Some(&(position - 1))
    });
}

/// The type of a name that has instances, or may not be there.
pub(crate) fn instances_type(ty: Type, header: &tree::Header) -> Type {
    match (&header.iteration, &header.condition) {
        (Some(_), _) => Type::map(ty),
        (None, Some(_)) => ty.optional(),
        (None, None) => ty,
    }
}

/// A value that is kept as it was given: a literal is one of its type, not that literal.
fn kept(ty: &Type) -> Type {
    match ty {
        Type::Error => Type::Any,
        other => super::fits::widened(other),
    }
}

fn names_a_block(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Block(_) | ExprKind::Call(_) => true,
        ExprKind::Index { base, .. } => names_a_block(base),
        ExprKind::Local(_) | ExprKind::Param(_) | ExprKind::Let(_) | ExprKind::Member { .. } => {
            holds_object(&expression.ty)
        }
        _ => false,
    }
}

fn holds_object(ty: &Type) -> bool {
    match ty {
        Type::Object(_) | Type::Module(_) => true,
        Type::Map(inner) | Type::List(inner) | Type::Optional(inner) => holds_object(inner),
        _ => false,
    }
}

/// The kind of object that a keyword declares.
pub(crate) const fn kind(keyword: ObjectKeyword) -> ObjectKind {
    match keyword {
        ObjectKeyword::Resource => ObjectKind::Resource,
        ObjectKeyword::Data => ObjectKind::Data,
        ObjectKeyword::Ephemeral => ObjectKind::Ephemeral,
    }
}

const fn word_of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Resource => "resource",
        ObjectKind::Data => "data",
        ObjectKind::Ephemeral => "ephemeral",
        ObjectKind::Provider => "provider",
    }
}

/// Documentation up to its first full stop.
pub(crate) fn first_sentence(docs: &str) -> String {
    let end = docs.find(". ").or_else(|| docs.find(".\n")).unwrap_or(docs.len());
    docs.get(..end).unwrap_or(docs).trim_end_matches('.').to_owned()
}

/// Whether a body has Terraform's `for_each`.
pub(crate) fn has_for_each(body: &tree::Body) -> bool {
    let is_meant =
        |entry: &Entry| matches!(entry, Entry::Field { key: Key::Literal(word), .. } if word.text == "for_each");
    body.entries.iter().any(is_meant)
}
