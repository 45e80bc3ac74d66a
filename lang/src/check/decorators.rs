//! Decorators: which there are, where they stand, and their attribute paths against the schema.

use super::context::{Frame, ModuleChecker};
use super::names::Declared;
use super::report::{NameProblem, nearest};
use super::schemas::ObjectInfo;
use crate::program::{Decorators, Expr};
use crate::tree::{self, Decorator, DecoratorArgument, ExpressionKind, Item, ItemKind, ObjectKeyword, PathStep, Word};
use ecow::EcoString;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{AttributePath, Span, Step, Type};

const NAMES: &[&str] = &["protect", "create_first", "ignore", "replace_when", "timeout", "retain"];

/// Terraform's names of what decorators do.
const FOREIGN: &[(&str, &str)] = &[
    ("prevent_destroy", "protect"),
    ("create_before_destroy", "create_first"),
    ("ignore_changes", "ignore"),
    ("replace_triggered_by", "replace_when"),
    ("timeouts", "timeout"),
];

impl<'a> ModuleChecker<'_, 'a> {
    /// The decorators of a block.
    pub(crate) fn decorators(&mut self, declared: Declared<'a, tree::Object>, info: &ObjectInfo) -> Decorators {
        let mut decorators = Decorators::default();
        let mut seen: Vec<&Word> = Vec::new();
        for decorator in &declared.item.decorators {
            if !self.is_known(decorator) {
                continue;
            }
            if let Some(first) = seen.iter().find(|first| first.text == decorator.name.text) {
                let (name, span, first) = (decorator.name.text.clone(), decorator.name.span, first.span);
                self.tell(NameProblem::DuplicateKey { name: format!("@{name}").into(), span, first });
                continue;
            }
            seen.push(&decorator.name);
            if declared.what.keyword == ObjectKeyword::Resource {
                self.decorator(decorator, info, &mut decorators);
            } else {
                self.bad_decorator(decorator, "stands above resources only", "remove it");
            }
        }
        decorators
    }

    /// Decorators above what is no block.
    pub(crate) fn refuse_decorators(&mut self, item: &'a Item) {
        if matches!(item.kind, ItemKind::Object(_)) {
            return;
        }
        for decorator in &item.decorators {
            if self.is_known(decorator) {
                self.bad_decorator(
                    decorator,
                    "stands above resources only",
                    "remove it, or move it above the resource that it is meant for",
                );
            }
        }
    }

    fn is_known(&mut self, decorator: &Decorator) -> bool {
        let name = decorator.name.text.as_str();
        if NAMES.contains(&name) {
            return true;
        }
        let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name).map(|(_, ours)| *ours);
        let near =
            foreign.or_else(|| nearest(name, NAMES.iter().copied())).map(|near| EcoString::from(format!("@{near}")));
        self.tell(NameProblem::UnknownDecorator { name: name.into(), span: decorator.name.span, nearest: near });
        false
    }

    fn bad_decorator(&mut self, decorator: &Decorator, reason: &str, help: &str) {
        self.bad_argument(decorator, decorator.span, reason, help);
    }

    /// What is wrong with one argument.
    fn bad_argument(&mut self, decorator: &Decorator, span: Span, reason: &str, help: &str) {
        let (name, reason, help) = (decorator.name.text.clone(), reason.to_owned(), help.to_owned());
        self.tell(NameProblem::BadDecorator { name, reason, span, help });
    }

    fn decorator(&mut self, decorator: &'a Decorator, info: &ObjectInfo, decorators: &mut Decorators) {
        match decorator.name.text.as_str() {
            "protect" => decorators.protect = self.without_arguments(decorator),
            "create_first" => decorators.create_first = self.without_arguments(decorator),
            "retain" => decorators.retain = self.without_arguments(decorator),
            "ignore" => decorators.ignore = self.ignored(decorator, info),
            "replace_when" => decorators.replace_when = self.replaced_when(decorator, info),
            _ => self.timeouts(decorator, decorators),
        }
    }

    fn without_arguments(&mut self, decorator: &Decorator) -> bool {
        if !decorator.arguments.is_empty() {
            self.bad_decorator(decorator, "takes no arguments", &format!("write `@{}`", decorator.name.text));
        }
        true
    }

    fn ignored(&mut self, decorator: &'a Decorator, info: &ObjectInfo) -> Vec<AttributePath> {
        if decorator.arguments.is_empty() {
            self.bad_decorator(
                decorator,
                "names no attribute",
                "write the paths to ignore, such as `@ignore(tags[\"owner\"])`",
            );
        }
        let mut paths = Vec::new();
        for argument in &decorator.arguments {
            match argument {
                DecoratorArgument::Path(steps, _) => paths.extend(self.attribute_path(steps, info)),
                DecoratorArgument::Named(..) => {
                    self.bad_decorator(decorator, "takes attribute paths", "write `@ignore(tags[\"owner\"])`")
                }
            }
        }
        paths
    }

    /// A path against the schema.
    fn attribute_path(&mut self, steps: &[PathStep], info: &ObjectInfo) -> Option<AttributePath> {
        let (PathStep::Member(first) | PathStep::Key(first)) = steps.first()? else { return None };
        let Some(attribute) = info.attribute(&first.text) else {
            self.unknown_path(&info.name.to_string(), first, info.attributes().iter().map(|info| info.attribute.name));
            return None;
        };
        let mut place = Place::Of(&attribute.attribute.ty);
        for step in steps.get(1..).unwrap_or(&[]) {
            place = self.path_step(step, place)?;
        }
        Some(steps.iter().map(model_step).collect())
    }

    fn path_step(&mut self, step: &PathStep, place: Place) -> Option<Place> {
        let Place::Of(ty) = place else { return Some(Place::Anything) };
        match (ty, step) {
            (AttributeType::Any | AttributeType::SameAs(_), _) => Some(Place::Anything),
            (AttributeType::Object(fields), PathStep::Member(name) | PathStep::Key(name)) => {
                self.nested_field(fields, name)
            }
            (AttributeType::Map(entry), PathStep::Key(_) | PathStep::Member(_) | PathStep::Each(_)) => {
                Some(Place::Of(entry))
            }
            (AttributeType::List(item) | AttributeType::Set(item), PathStep::Index(..) | PathStep::Each(_)) => {
                Some(Place::Of(item))
            }
            (AttributeType::List(_) | AttributeType::Set(_), step) => {
                let span = step.span();
                let (name, reason) = ("ignore".into(), "leads into a list".to_owned());
                self.tell(NameProblem::BadDecorator {
                    name,
                    reason,
                    span,
                    help: "write `[*]` for all items, or `[0]` for one".to_owned(),
                });
                None
            }
            (_, step) => {
                let span = step.span();
                let (name, reason) = ("ignore".into(), "leads into a value that has no parts".to_owned());
                self.tell(NameProblem::BadDecorator { name, reason, span, help: "end the path before it".to_owned() });
                None
            }
        }
    }

    fn nested_field(&mut self, fields: &'static [Attribute], name: &Word) -> Option<Place> {
        match fields.iter().find(|field| field.name == name.text) {
            Some(field) => Some(Place::Of(&field.ty)),
            None => {
                self.unknown_path("this block", name, fields.iter().map(|field| field.name));
                None
            }
        }
    }

    fn unknown_path<'n>(&mut self, type_name: &str, name: &Word, names: impl Iterator<Item = &'n str>) {
        let nearest = nearest(&name.text, names).map(EcoString::from);
        let (type_name, name, span) = (type_name.to_owned(), name.text.clone(), name.span);
        self.tell(NameProblem::UnknownPath { type_name, name, span, nearest });
    }

    /// `@replace_when(a, b.c)`: attributes of its own, else values of the module.
    fn replaced_when(&mut self, decorator: &'a Decorator, info: &ObjectInfo) -> Vec<Expr> {
        if decorator.arguments.is_empty() {
            self.bad_decorator(
                decorator,
                "names no value",
                "write the values that it watches, such as `@replace_when(image_digest)`",
            );
        }
        let mut values = Vec::new();
        for argument in &decorator.arguments {
            match argument {
                DecoratorArgument::Path(steps, span) => values.extend(self.watched(steps, *span, info)),
                DecoratorArgument::Named(..) => {
                    self.bad_decorator(decorator, "takes values", "write `@replace_when(image_digest)`");
                }
            }
        }
        values
    }

    fn watched(&mut self, steps: &'a [PathStep], span: Span, info: &ObjectInfo) -> Option<Expr> {
        let (PathStep::Member(first) | PathStep::Key(first)) = steps.first()? else { return None };
        let is_local = self.frame.locals.iter().any(|local| local.name == first.text);
        if !is_local && !self.names.values.contains_key(first.text.as_str()) {
            let names: Vec<&str> = self.names.value_names().collect();
            let settable: Vec<&str> = info.settable().collect();
            let nearest = nearest(&first.text, names.into_iter().chain(settable)).map(EcoString::from);
            self.tell(NameProblem::UnknownName { name: first.text.clone(), span: first.span, nearest });
            return None;
        }
        let mut value = self.name(&first.text, first.span);
        for step in steps.get(1..).unwrap_or(&[]) {
            value = self.watched_step(value, step, span)?;
        }
        (value.ty != Type::Error).then_some(value)
    }

    fn watched_step(&mut self, base: Expr, step: &PathStep, span: Span) -> Option<Expr> {
        let constant = |value, ty, span| Expr { kind: crate::program::ExprKind::Constant(value), ty, span };
        let found = match step {
            PathStep::Member(word) => self.member_of_value(base, word, span),
            PathStep::Key(word) => {
                let key = constant(
                    formwork_model::Value::String(word.text.clone()),
                    Type::Literal(formwork_model::Literal::String(word.text.clone())),
                    word.span,
                );
                self.index_checked(base, key, false, span)
            }
            PathStep::Index(number, at) => {
                let key = constant(formwork_model::Value::Int(i64::from(*number)), Type::Int, *at);
                self.index_checked(base, key, false, span)
            }
            PathStep::Each(_) => base,
        };
        (found.ty != Type::Error).then_some(found)
    }

    fn timeouts(&mut self, decorator: &'a Decorator, decorators: &mut Decorators) {
        if decorator.arguments.is_empty() {
            self.bad_decorator(decorator, "says no time", "write `@timeout(create = 45m, delete = 30m)`");
        }
        for argument in &decorator.arguments {
            let DecoratorArgument::Named(name, value) = argument else {
                self.bad_decorator(decorator, "takes named times", "write `@timeout(create = 45m, delete = 30m)`");
                continue;
            };
            let slot = match name.text.as_str() {
                "create" => &mut decorators.create_timeout_ms,
                "update" => &mut decorators.update_timeout_ms,
                "delete" => &mut decorators.delete_timeout_ms,
                other => {
                    // Terraform destroys what others delete.
                    let near = if other == "destroy" {
                        Some("delete")
                    } else {
                        nearest(other, ["create", "update", "delete"])
                    };
                    let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    let help = format!("it takes create, update and delete{meant}");
                    self.bad_argument(decorator, name.span, &format!("has no `{other}`"), &help);
                    continue;
                }
            };
            match value.kind {
                ExpressionKind::Duration(milliseconds) if milliseconds > 0 => *slot = Some(milliseconds.unsigned_abs()),
                _ => {
                    let (_, _) = self.in_frame(Frame::default(), |checker| checker.infer(value));
                    let help = format!("write `@timeout({} = 45m)`", name.text);
                    self.bad_argument(decorator, value.span, "takes durations that are written out", &help);
                }
            }
        }
    }
}

/// Where a path has led to.
#[derive(Clone, Copy)]
enum Place {
    /// A value of this type.
    Of(&'static AttributeType),
    /// A value of an open type.
    Anything,
}

fn model_step(step: &PathStep) -> Step {
    match step {
        PathStep::Member(word) => Step::Member(word.text.clone()),
        PathStep::Key(word) => Step::Key(word.text.clone()),
        PathStep::Index(number, _) => Step::Index(*number),
        PathStep::Each(_) => Step::Each,
    }
}
