//! Types as written, resolved: names, records with their rules, types of providers.

use super::context::{Allowed, Frame, ModuleChecker};
use super::report::{NameProblem, TypeProblem, nearest};
use crate::program::{Condition, Expr, FieldRules, RecordDeclaration};
use crate::tree::{TypeExpression, TypeExpressionKind, TypeField, Where, Word};
use ecow::EcoString;
use formwork_model::{Field, Literal, RecordType, Span, Type};
use std::sync::Arc;

/// How far a named type is resolved.
#[derive(Clone, Default)]
pub(crate) enum NamedType {
    /// Not asked for yet.
    #[default]
    Waiting,
    /// Being resolved: asking again is a circle.
    Busy,
    /// Resolved.
    Done(Type),
}

const SIMPLE: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("float", Type::Float),
    ("string", Type::String),
    ("duration", Type::Duration),
    ("cidr", Type::Cidr),
    ("ip", Type::Ip),
    ("url", Type::Url),
    ("any", Type::Any),
];

const GENERIC: &[&str] = &["list", "map", "set", "secret"];

/// Types by other names, as other languages call them.
const FOREIGN: &[(&str, &str)] = &[
    ("number", "int"),
    ("str", "string"),
    ("boolean", "bool"),
    ("integer", "int"),
    ("object", "any"),
    ("String", "string"),
    ("array", "list"),
];

const DEFAULT_PLACE: &str = "a default";
const DEFAULT_HELP: &str =
    "defaults use literals and standard functions; make it a `let` that uses `??`, or leave the default out";
const CONDITION_PLACE: &str = "a condition of a type";
const CONDITION_HELP: &str =
    "conditions of types use their fields, `self` and standard functions; put the condition on the param instead";

/// Whether a type is called so without being declared.
pub(crate) fn is_builtin(name: &str) -> bool {
    SIMPLE.iter().any(|(simple, _)| *simple == name) || GENERIC.contains(&name)
}

impl<'a> ModuleChecker<'_, 'a> {
    /// Resolves a written type.
    pub(crate) fn resolve(&mut self, written: &'a TypeExpression) -> Type {
        match &written.kind {
            TypeExpressionKind::Named { name, arguments } => self.resolve_named(name, arguments, written.span),
            TypeExpressionKind::Qualified(provider, name) => self.resolve_qualified(provider, name),
            TypeExpressionKind::Literal(literal) => Type::Literal(literal.clone()),
            TypeExpressionKind::Null => Type::Null,
            TypeExpressionKind::Union(members) => self.resolve_union(members),
            TypeExpressionKind::Optional(inner) => {
                self.refuse_conditions(inner);
                self.resolve(inner).optional()
            }
            TypeExpressionKind::Record(fields) => self.resolve_record(fields, None, &[]),
        }
    }

    fn resolve_named(&mut self, name: &'a Word, arguments: &'a [TypeExpression], span: Span) -> Type {
        if let Some((_, ty)) = SIMPLE.iter().find(|(simple, _)| *simple == name.text) {
            if !arguments.is_empty() {
                self.tell(TypeProblem::TypeArguments { name: name.text.clone(), expected: "no types in < >", span });
            }
            return ty.clone();
        }
        if GENERIC.contains(&name.text.as_str()) {
            return self.resolve_generic(name, arguments, span);
        }
        match self.names.type_names.get(name.text.as_str()).copied() {
            Some(index) => self.named_type(index, name.span),
            None if self.names.is_lost(&name.text) => Type::Error,
            None => {
                let known = self.names.types.iter().map(|ty| ty.what.name.text.as_str());
                let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name.text).map(|(_, ours)| *ours);
                let builtin = SIMPLE.iter().map(|(simple, _)| *simple).chain(GENERIC.iter().copied());
                let nearest = foreign.or_else(|| nearest(&name.text, known.chain(builtin))).map(EcoString::from);
                self.tell(NameProblem::UnknownType { name: name.text.clone(), span: name.span, nearest });
                Type::Error
            }
        }
    }

    fn resolve_generic(&mut self, name: &'a Word, arguments: &'a [TypeExpression], span: Span) -> Type {
        let [argument] = arguments else {
            self.tell(TypeProblem::TypeArguments { name: name.text.clone(), expected: "one type in < >", span });
            return Type::Error;
        };
        self.refuse_conditions(argument);
        let inner = self.resolve(argument);
        match name.text.as_str() {
            "list" => Type::list(inner),
            "set" => Type::set(inner),
            "map" => Type::map(inner),
            _ => inner.secret(),
        }
    }

    fn named_type(&mut self, index: usize, span: Span) -> Type {
        let Some(declared) = self.names.types.get(index) else { return Type::Error };
        match self.named.get(index) {
            Some(NamedType::Done(ty)) => return ty.clone(),
            Some(NamedType::Busy) => {
                self.tell(NameProblem::TypeCycle { name: declared.what.name.text.clone(), span });
                return Type::Error;
            }
            Some(NamedType::Waiting) | None => {}
        }
        self.set_named(index, NamedType::Busy);
        let item = declared.what;
        let ty = match &item.ty.kind {
            TypeExpressionKind::Record(fields) => self.resolve_record(fields, Some(&item.name.text), &item.conditions),
            _ => self.resolve(&item.ty),
        };
        self.set_named(index, NamedType::Done(ty.clone()));
        ty
    }

    fn set_named(&mut self, index: usize, state: NamedType) {
        if let Some(slot) = self.named.get_mut(index) {
            *slot = state;
        }
    }

    /// Resolves all named types, also those that nothing uses.
    pub(crate) fn resolve_named_types(&mut self) {
        for index in 0..self.names.types.len() {
            if let Some(declared) = self.names.types.get(index) {
                self.named_type(index, declared.what.name.span);
            }
        }
    }

    fn resolve_qualified(&mut self, provider: &'a Word, name: &'a Word) -> Type {
        if provider.text == "module" {
            return self.module_type(name);
        }
        let Some(known) = self.shared.schemas.provider(&provider.text) else {
            self.unknown_provider(provider);
            return Type::Error;
        };
        match self.shared.schemas.any_kind(known, name) {
            Some(info) => info.ty.clone(),
            None => {
                self.unknown_object_type(provider, name, None);
                Type::Error
            }
        }
    }

    /// `module.NAME`: the outputs of the module that the call NAME of this module calls.
    fn module_type(&mut self, name: &'a Word) -> Type {
        let call = match self.names.values.get(name.text.as_str()) {
            Some((super::names::Meaning::Call(id), _)) => self.names.targets.get(id.index()).copied().flatten(),
            _ => None,
        };
        match call.and_then(|target| self.shared.interfaces.get(target)) {
            Some(interface) => Type::Module(interface.outputs.clone()),
            None if self.names.is_lost(&name.text) => Type::Error,
            None => {
                let calls = self.names.calls.iter().map(|call| call.what.name.text.as_str());
                let nearest = nearest(&name.text, calls.clone()).or_else(|| calls.clone().next());
                let nearest = nearest.map(|name| EcoString::from(format!("module.{name}")));
                self.tell(NameProblem::UnknownType {
                    name: format!("module.{}", name.text).into(),
                    span: name.span,
                    nearest,
                });
                Type::Error
            }
        }
    }

    /// Literals and null; also of named unions.
    fn resolve_union(&mut self, members: &'a [TypeExpression]) -> Type {
        let mut literals: Vec<Literal> = Vec::with_capacity(members.len());
        let mut plain = None;
        let mut null = false;
        for member in members {
            let ty = self.resolve(member);
            null |= ty.holds_null();
            match ty.without_null() {
                Type::Error => return Type::Error,
                Type::Null => {}
                Type::Literal(literal) => push_new(&mut literals, literal),
                Type::Union(more) => more.iter().for_each(|literal| push_new(&mut literals, literal.clone())),
                other => plain = Some((other, member.span)),
            }
        }
        let ty = match plain {
            Some((ty, _)) if literals.is_empty() && members.len() == 2 && null => ty,
            Some((ty, span)) => {
                self.tell(TypeProblem::BadUnion { found: ty.to_string(), span });
                return Type::Error;
            }
            None if literals.is_empty() => return Type::Null,
            None => super::fits::union_of(literals),
        };
        if null { ty.optional() } else { ty }
    }

    fn resolve_record(&mut self, fields: &'a [TypeField], name: Option<&EcoString>, conditions: &'a [Where]) -> Type {
        self.refuse_repeated_fields(fields);
        let resolved: Vec<Field> = fields.iter().map(|field| self.resolve_field(field)).collect();
        let has_rules = !conditions.is_empty()
            || fields.iter().zip(&resolved).any(|(field, resolved)| self.field_has_rules(field, resolved));
        if !has_rules {
            return Type::Record(Arc::new(RecordType { name: name.cloned(), declaration: None, fields: resolved }));
        }
        let id = self.shared.records.len();
        let ty = Arc::new(RecordType { name: name.cloned(), declaration: Some(id as u32), fields: resolved });
        self.shared.records.push(RecordDeclaration { ty: ty.clone(), fields: Vec::new(), conditions: Vec::new() });
        let rules = fields.iter().enumerate().map(|(position, field)| self.field_rules(field, position, &ty)).collect();
        let whole = conditions
            .iter()
            .map(|condition| self.record_condition(condition, &ty, Type::Record(ty.clone())))
            .collect();
        if let Some(declaration) = self.shared.records.get_mut(id) {
            declaration.fields = rules;
            declaration.conditions = whole;
        }
        Type::Record(ty)
    }

    fn refuse_repeated_fields(&mut self, fields: &'a [TypeField]) {
        let mut seen = std::collections::HashMap::new();
        for field in fields {
            if let Some(first) = seen.insert(field.name.text.as_str(), field.name.span) {
                self.tell(TypeProblem::FieldTwice { name: field.name.text.clone(), span: field.name.span, first });
            }
        }
    }

    fn resolve_field(&mut self, field: &'a TypeField) -> Field {
        let ty = self.resolve(&field.ty);
        Field {
            name: field.name.text.clone(),
            ty: if field.optional { ty.optional() } else { ty },
            optional: field.optional || field.default.is_some(),
            docs: field.docs.clone(),
            span: Some(field.name.span),
        }
    }

    /// Whether a value has to be made to fit: a default to fill in, a condition to check.
    fn field_has_rules(&self, field: &'a TypeField, resolved: &Field) -> bool {
        resolved.optional || !field.conditions.is_empty() || !self.alias_conditions(&field.ty).is_empty()
    }

    fn field_rules(&mut self, field: &'a TypeField, position: usize, record: &Arc<RecordType>) -> FieldRules {
        let ty = record.fields.get(position).map_or(Type::Error, |field| field.ty.clone());
        let beside = record.fields.iter().map(|field| field.name.clone()).collect();
        let default = field.default.as_ref().map(|default| self.constant(default, &ty, &field.name.text, beside));
        let own = field.conditions.iter().map(|condition| (condition, ty.clone()));
        let aliased = self.alias_conditions(&field.ty);
        let conditions = own.chain(aliased.into_iter().map(|condition| (condition, ty.clone())));
        let conditions = conditions.collect::<Vec<_>>();
        FieldRules {
            default,
            conditions: conditions
                .into_iter()
                .map(|(condition, ty)| self.record_condition(condition, record, ty))
                .collect(),
        }
    }

    /// The default of a field: constants only, and none of the fields beside it.
    fn constant(
        &mut self,
        default: &'a crate::tree::Expression,
        ty: &Type,
        name: &EcoString,
        beside: Vec<EcoString>,
    ) -> Expr {
        let frame = Frame { allowed: Allowed::Constants(DEFAULT_PLACE, DEFAULT_HELP), beside, ..Frame::default() };
        let what = super::expression::What::Field(name);
        self.in_frame(frame, |checker| checker.check(default, ty, what)).0
    }

    /// The default of a param: as of a field, and in the stack also what comes from outside.
    pub(crate) fn param_default(&mut self, default: &'a crate::tree::Expression, ty: &Type, name: &EcoString) -> Expr {
        let allowed = Allowed::Constants(DEFAULT_PLACE, DEFAULT_HELP);
        let frame = Frame { allowed, inputs: self.is_root, ..Frame::default() };
        let what = super::expression::What::Param(name);
        self.in_frame(frame, |checker| checker.check(default, ty, what)).0
    }

    /// A condition within a record: its fields are names, `self` is the value.
    fn record_condition(&mut self, written: &'a Where, record: &Arc<RecordType>, value: Type) -> Condition {
        let frame = Frame { allowed: Allowed::Constants(CONDITION_PLACE, CONDITION_HELP), ..Frame::default() };
        let (mut condition, locals) = self.in_frame(frame, |checker| {
            for field in &record.fields {
                checker.add_hidden_local(field.name.clone(), field.ty.clone());
            }
            checker.add_hidden_local("self".into(), value);
            checker.condition(written)
        });
        condition.locals = locals;
        condition
    }

    /// The condition and message of a `where` or `assert`, in the frame at hand.
    pub(crate) fn condition(&mut self, written: &'a Where) -> Condition {
        let mark = self.enter();
        let condition = self.check_condition(&written.condition);
        // The message is said only where the condition is false.
        self.assume(&condition, false);
        let message = written
            .message
            .as_ref()
            .map(|message| self.check(message, &Type::String, super::expression::What::Message));
        self.leave(mark);
        Condition { condition, message, span: written.span, locals: self.frame.most }
    }

    /// Conditions of a param: `self` is local 0.
    pub(crate) fn param_conditions(&mut self, param: &'a crate::tree::Param, ty: &Type) -> Vec<Condition> {
        let own = param.conditions.iter().map(|condition| (condition, false));
        let aliased = param.ty.as_ref().map(|ty| self.alias_conditions(ty)).unwrap_or_default();
        let all: Vec<_> = own.chain(aliased.into_iter().map(|condition| (condition, true))).collect();
        all.into_iter().map(|(condition, is_alias)| self.param_condition(param, condition, ty, is_alias)).collect()
    }

    fn param_condition(
        &mut self,
        param: &'a crate::tree::Param,
        written: &'a Where,
        ty: &Type,
        is_alias: bool,
    ) -> Condition {
        let allowed = if is_alias { Allowed::Constants(CONDITION_PLACE, CONDITION_HELP) } else { Allowed::Everything };
        let frame = Frame { allowed, ..Frame::default() };
        let (mut condition, locals) = self.in_frame(frame, |checker| {
            let value = checker.add_hidden_local("self".into(), ty.clone());
            // Its own name means the same: a param's condition does not need the param to be done.
            if !is_alias {
                checker.alias_local(param.name.text.clone(), value, ty.clone());
            }
            checker.condition(written)
        });
        condition.locals = locals;
        condition
    }

    /// Conditions that a named type which is no record brings along.
    pub(crate) fn alias_conditions(&self, written: &TypeExpression) -> Vec<&'a Where> {
        let TypeExpressionKind::Named { name, .. } = &written.kind else { return Vec::new() };
        let index = self.names.type_names.get(name.text.as_str());
        let Some(declared) = index.and_then(|index| self.names.types.get(*index)) else { return Vec::new() };
        match &declared.what.ty.kind {
            TypeExpressionKind::Record(_) => Vec::new(),
            _ => declared.what.conditions.iter().collect(),
        }
    }

    /// A type with conditions that is no record can be the type of a param or a field only.
    pub(crate) fn refuse_conditions(&mut self, written: &'a TypeExpression) {
        if !self.alias_conditions(written).is_empty()
            && let TypeExpressionKind::Named { name, .. } = &written.kind
        {
            self.tell(TypeProblem::TypeNotHere {
                ty: format!("`{}`, which has conditions,", name.text),
                place: "this",
                span: written.span,
                help: "types with `where` that are no records stand directly after a param's or field's `:`; put the condition there",
            });
        }
    }
}

fn push_new(literals: &mut Vec<Literal>, literal: Literal) {
    if !literals.contains(&literal) {
        literals.push(literal);
    }
}
