//! `a.b`, `a?.b`, `a[k]`, `a?[k]`: chains of steps into values.

use super::context::{ModuleChecker, error};
use super::expression::{What, coerced, described};
use super::fits::{Fields, widened};
use super::report::{NameProblem, TypeProblem, listed, nearest};
use crate::program::{Expr, ExprKind};
use crate::tree::{Expression, ExpressionKind, Word};
use ecow::EcoString;
use formwork_model::{Literal, RecordType, Span, Type, Value};

impl<'a> ModuleChecker<'_, 'a> {
    /// A whole chain; where a `?.` in it meets null, all of it is null.
    pub(crate) fn chain(&mut self, expression: &'a Expression) -> Expr {
        let (step, skips) = self.step(expression);
        if !skips || step.ty == Type::Error {
            return step;
        }
        let (ty, span) = (step.ty.clone().optional(), step.span);
        let whole = Expr { kind: ExprKind::Chain(Box::new(step)), ty, span };
        self.narrowed(whole)
    }

    /// One step of a chain, and whether an earlier one may skip the rest.
    fn step(&mut self, expression: &'a Expression) -> (Expr, bool) {
        match &expression.kind {
            ExpressionKind::Member { base, name, optional } => {
                let is_each = matches!(&base.kind, ExpressionKind::Name(first) if first == "each");
                if let Some(problem) = self.habit(base, name, expression.span) {
                    if is_each && self.frame.each {
                        return (error(expression.span), false);
                    }
                    return (self.broken(expression.span, problem), false);
                }
                let (base, skips) = self.step(base);
                let (base, may_skip) = self.present(base, *optional, "?.", &name.text);
                let member = self.member(base, name, *optional && may_skip, expression.span);
                (self.narrowed(member), skips || may_skip)
            }
            ExpressionKind::Index { base, index, optional } => {
                let (base, skips) = self.step(base);
                let (base, may_skip) =
                    if *optional { self.optional_index_base(base) } else { self.present(base, false, "?[", "") };
                let element = self.index(base, index, *optional, expression.span);
                (self.narrowed(element), skips || may_skip)
            }
            _ => (self.infer(expression), false),
        }
    }

    /// The base of a step: not null, or null with `?.`. Gives it without null, and whether it may be null.
    fn present(&mut self, mut base: Expr, optional: bool, operator: &'static str, name: &str) -> (Expr, bool) {
        let may_be_null = base.ty.holds_null() && !matches!(base.ty.exposed(), Type::Any | Type::Error);
        let never_null = !may_be_null && !matches!(base.ty.exposed(), Type::Any | Type::Error);
        // Who writes `?.` by what the schema says is right for any body of the block.
        if optional && never_null && !self.is_written_out(&base) {
            let ty = described(&base.ty);
            self.tell(TypeProblem::NeverNull { operator, ty, span: base.span, help: format!("write `.{name}`") });
        }
        if !may_be_null {
            let skips = optional && matches!(base.ty.exposed(), Type::Any);
            return (base, skips);
        }
        if optional {
            base.ty = base.ty.without_null();
            return (base, true);
        }
        let span = base.span;
        let step = if name.is_empty() { "?[…]".to_owned() } else { format!("?.{name}") };
        let help =
            format!("write `{step}`, which is null where this is null, or test it first: `if x != null then … else …`");
        let problem = TypeProblem::MayBeNull { what: "this".to_owned(), ty: described(&base.ty), span, help };
        (self.broken(span, problem), false)
    }

    /// `?[k]` also asks whether the key is there, so its base need not be optional.
    fn optional_index_base(&mut self, mut base: Expr) -> (Expr, bool) {
        base.ty = base.ty.without_null();
        (base, true)
    }

    /// `base.name`, of a value that may not be null.
    pub(crate) fn member_of_value(&mut self, base: Expr, name: &Word, span: Span) -> Expr {
        let (base, _) = self.present(base, false, "?.", &name.text);
        let member = self.member(base, name, false, span);
        self.narrowed(member)
    }

    fn member(&mut self, base: Expr, name: &Word, optional: bool, span: Span) -> Expr {
        let secret = base.ty.is_secret();
        let Some(ty) = self.member_type(&base, name) else { return error(span) };
        let ty = if secret { ty.secret() } else { ty };
        Expr { kind: ExprKind::Member { base: Box::new(base), name: name.text.clone(), optional }, ty, span }
    }

    /// The type of a member; reports where there is none.
    fn member_type(&mut self, base: &Expr, name: &Word) -> Option<Type> {
        match base.ty.exposed() {
            Type::Error => None,
            Type::Any => Some(Type::Any),
            Type::Record(record) => match Fields::of(record).get(&name.text) {
                Some(field) => Some(field.ty.clone()),
                None => {
                    self.no_field(record, name);
                    None
                }
            },
            Type::Module(outputs) => match outputs.field(&name.text) {
                Some(output) => Some(output.ty.clone()),
                None => {
                    self.unknown_output(base, outputs, name);
                    None
                }
            },
            Type::Object(object) => self.object_member(&object.clone(), name),
            other => {
                let help = member_help(other, &name.text);
                let problem = TypeProblem::NoMember {
                    ty: described(other),
                    name: name.text.clone(),
                    span: name.span,
                    nearest: None,
                    help,
                };
                self.tell(problem);
                None
            }
        }
    }

    fn no_field(&mut self, record: &RecordType, name: &Word) {
        let names = || record.fields.iter().map(|field| field.name.as_str());
        self.tell(TypeProblem::NoMember {
            ty: super::mismatch::record_name(record),
            name: name.text.clone(),
            span: name.span,
            nearest: nearest(&name.text, names()).map(EcoString::from),
            help: if record.fields.is_empty() {
                "it has no fields".to_owned()
            } else {
                format!("its fields are {}", listed(names()))
            },
        });
    }

    fn unknown_output(&mut self, base: &Expr, outputs: &RecordType, name: &Word) {
        if self.all_names.iter().any(|module| module.is_lost(&name.text)) {
            return;
        }
        let names = || outputs.fields.iter().map(|field| field.name.as_str());
        self.tell(NameProblem::UnknownOutput {
            module: self.call_name(base),
            name: name.text.clone(),
            span: name.span,
            nearest: nearest(&name.text, names()).map(EcoString::from),
            known: listed(names()),
        });
    }

    fn call_name(&self, base: &Expr) -> EcoString {
        match &base.kind {
            ExprKind::Call(id) => {
                self.names.calls.get(id.index()).map(|call| call.what.name.text.clone()).unwrap_or_default()
            }
            ExprKind::Index { base, .. } | ExprKind::Member { base, .. } | ExprKind::Chain(base) => {
                self.call_name(base)
            }
            _ => EcoString::new(),
        }
    }

    fn object_member(&mut self, object: &formwork_model::ObjectType, name: &Word) -> Option<Type> {
        let info = self.shared.schemas.known(object.kind, &object.name)?;
        let Some(attribute) = info.attribute(&name.text) else {
            let nearest = nearest(&name.text, info.readable()).map(EcoString::from);
            let help = format!("its attributes are {}", listed(info.readable()));
            let ty = object.name.to_string();
            self.tell(TypeProblem::NoMember { ty, name: name.text.clone(), span: name.span, nearest, help });
            return None;
        };
        if attribute.attribute.write_only {
            self.tell(TypeProblem::WriteOnly { name: name.text.clone(), span: name.span });
            return None;
        }
        match attribute.attribute.ty {
            formwork_model::schema::AttributeType::SameAs(_) => {
                Some(object.same_as.as_ref().map_or(Type::Any, |ty| ty.as_ref().clone()))
            }
            _ => Some(attribute.read.clone()),
        }
    }

    fn index(&mut self, base: Expr, index: &'a Expression, optional: bool, span: Span) -> Expr {
        let index = self.infer(index);
        self.index_checked(base, index, optional, span)
    }

    /// `base[index]`
    pub(crate) fn index_checked(&mut self, base: Expr, index: Expr, optional: bool, span: Span) -> Expr {
        let secret = base.ty.is_secret();
        if base.ty == Type::Error || index.ty == Type::Error {
            return error(span);
        }
        let secret = secret || index.ty.is_secret();
        let found = match (base.ty.exposed(), widened(index.ty.exposed())) {
            (Type::List(item), Type::Int | Type::Any) => Some(item.as_ref().clone()),
            (Type::Map(entry), Type::String | Type::Any) => Some(entry.as_ref().clone()),
            (Type::Any, Type::String | Type::Int | Type::Any) => Some(Type::Any),
            (Type::Record(record), _) => return self.index_record(&record.clone(), base, index, optional, span),
            (Type::Object(object), Type::String) => return self.index_object(&object.clone(), base, index, span),
            _ => None,
        };
        let Some(ty) = found else {
            let help = index_help(base.ty.exposed(), index.ty.exposed());
            let ty = described(base.ty.exposed());
            return self.broken(span, TypeProblem::BadIndex { ty, span: index.span, help });
        };
        let ty = if optional { ty.optional() } else { ty };
        let ty = if secret { ty.secret() } else { ty };
        let index = if index.ty == Type::Any {
            coerced(index, &if matches!(base.ty.exposed(), Type::List(_)) { Type::Int } else { Type::String })
        } else {
            index
        };
        Expr { kind: ExprKind::Index { base: Box::new(base), index: Box::new(index), optional }, ty, span }
    }

    /// `record["name"]`: like a member, where the name is written out; else any field.
    fn index_record(&mut self, record: &RecordType, base: Expr, index: Expr, optional: bool, span: Span) -> Expr {
        let secret = base.ty.is_secret() || index.ty.is_secret();
        let ty = match &index.ty {
            Type::Literal(Literal::String(name)) => match record.field(name) {
                Some(field) => field.ty.clone(),
                None => {
                    self.no_field(record, &Word { text: name.clone(), span: index.span });
                    return error(span);
                }
            },
            _ => {
                let index_type = index.ty.clone();
                if self.mismatched_key(&index, &index_type) {
                    return error(span);
                }
                let joined =
                    record.fields.iter().try_fold(Type::Error, |sum, field| super::fits::join(&sum, &field.ty));
                joined.unwrap_or(Type::Any)
            }
        };
        let ty = if optional { ty.optional() } else { ty };
        let ty = if secret { ty.secret() } else { ty };
        Expr { kind: ExprKind::Index { base: Box::new(base), index: Box::new(index), optional }, ty, span }
    }

    fn mismatched_key(&mut self, index: &Expr, ty: &Type) -> bool {
        let fine = super::fits::fits(ty, &Type::String, super::fits::Secrets::Carried).is_fit();
        if !fine {
            self.mismatch(index, &Type::String, What::Key);
        }
        !fine
    }

    /// `block["name"]` of a block without `for`: an attribute by name, or a forgotten `for`.
    fn index_object(&mut self, object: &formwork_model::ObjectType, base: Expr, index: Expr, span: Span) -> Expr {
        if let ExprKind::Constant(Value::String(name)) = &index.kind {
            let has =
                self.shared.schemas.known(object.kind, &object.name).is_some_and(|info| info.attribute(name).is_some());
            if has {
                let word = Word { text: name.clone(), span: index.span };
                let Some(ty) = self.object_member(object, &word) else { return error(span) };
                return Expr {
                    kind: ExprKind::Member { base: Box::new(base), name: name.clone(), optional: false },
                    ty,
                    span,
                };
            }
        }
        let help = "the block has no `for`, so it has no instances: leave out the key".to_owned();
        self.broken(span, TypeProblem::BadIndex { ty: object.name.to_string(), span: index.span, help })
    }
}

fn member_help(ty: &Type, name: &str) -> String {
    match ty {
        Type::Map(entry) if matches!(**entry, Type::Object(_) | Type::Module(_)) => {
            format!(
                "the block has instances: choose one, `x[\"key\"].{name}`, or take all, `[for k, v in x => v.{name}]`"
            )
        }
        Type::Map(_) => format!("write `x[\"{name}\"]`, or `x?[\"{name}\"]` where it may be missing"),
        Type::List(_) | Type::Set(_) => match name {
            "length" | "size" | "count" => "write `length(x)`".to_owned(),
            _ => format!("choose an item, `x[0].{name}`, or take all, `[for item in x => item.{name}]`"),
        },
        Type::String | Type::Literal(Literal::String(_)) => {
            "a text has no members; a reference that is read back is an id".to_owned()
        }
        _ => "only records, blocks and modules have members".to_owned(),
    }
}

fn index_help(base: &Type, index: &Type) -> String {
    match (base, widened(index)) {
        (Type::List(_), _) => "lists are indexed by number, from 0".to_owned(),
        (Type::Map(entry), Type::Int) if matches!(**entry, Type::Object(_) | Type::Module(_)) => {
            "instances have keys, not numbers: write `x[\"key\"]`".to_owned()
        }
        (Type::Map(_), _) => "maps are indexed by text: `x[\"key\"]`".to_owned(),
        (Type::Set(_), _) => "a set has no order: make it a list first, `to_list(x)[0]`".to_owned(),
        (Type::Module(_), _) => "the call has no `for`, so it has no instances: leave out the key".to_owned(),
        (Type::Object(_), _) => "the block has no `for`, so it has no instances: leave out the index".to_owned(),
        (Type::String | Type::Literal(Literal::String(_)) | Type::Union(_), _) => {
            "a text has no items: write `substring(x, start, length)`".to_owned()
        }
        _ => "only lists, maps and records can be indexed".to_owned(),
    }
}
