//! Calls of functions: those of the module, those of the standard library with their type variables, and the two that
//! ask from outside.

use super::context::{ModuleChecker, error};
use super::expression::{What, coerced, described, is_empty_literal};
use super::fits::{self, Fit, Secrets, holds_secret, without_secrets};
use super::report::{NameProblem, TypeProblem, nearest};
use super::shapes::{Bindings, chosen, concrete, signature, substituted, unify, written};
use crate::library::{LibraryFunction, Parameter, ResultType};
use crate::program::{Expr, ExprKind, FunctionId, ListItem};
use crate::secret_source::{self, BadSource};
use crate::tree::{Argument, Expression, ExpressionKind, Word};
use ecow::EcoString;
use formwork_model::{InputSource, Span, Type};

impl<'a> ModuleChecker<'_, 'a> {
    /// `f(x, named = y)`
    pub(crate) fn call(&mut self, function: &'a Word, arguments: &'a [Argument], span: Span) -> Expr {
        if let Some(id) = self.names.function_names.get(function.text.as_str()).copied() {
            return self.own_function(id, function, arguments, span);
        }
        if let Some(library) = self.shared.library.get(function.text.as_str()).copied() {
            return self.library_function(library, function, arguments, span);
        }
        match function.text.as_str() {
            "env_var" => return self.input("env_var", arguments, span),
            "secret_from" => return self.input("secret_from", arguments, span),
            _ => {}
        }
        let before = self.shared.report.len();
        for argument in arguments {
            self.infer(&argument.value);
        }
        if super::habits::forgives(&function.text) {
            self.shared.report.truncate(before);
        }
        if self.names.is_lost(&function.text) {
            return error(span);
        }
        let problem = super::habits::function(&function.text, function.span, &self.shared.library);
        let problem = problem.unwrap_or_else(|| self.unknown_function(function));
        self.broken(span, problem)
    }

    fn unknown_function(&self, function: &Word) -> NameProblem {
        let own = self.names.functions.iter().map(|function| function.what.name.text.as_str());
        let library = crate::library::FUNCTIONS.iter().map(|function| function.name);
        let found = nearest(&function.text, own.chain(library).chain(["env_var", "secret_from"]));
        NameProblem::UnknownFunction {
            name: function.text.clone(),
            span: function.span,
            nearest: found.map(EcoString::from),
        }
    }

    fn input(&mut self, function: &'static str, arguments: &'a [Argument], span: Span) -> Expr {
        if !self.frame.inputs {
            return self.broken(span, NameProblem::InputNotAllowed { function, span });
        }
        let text = match arguments {
            [Argument { name: None, value: Expression { kind: ExpressionKind::String(text), .. } }] => text.clone(),
            _ => {
                let example = if function == "env_var" {
                    "env_var(\"SUBSCRIPTION_ID\")"
                } else {
                    "secret_from(\"env:DB_PASSWORD\")"
                };
                let message = format!("`{function}` takes one text, written out");
                let help = format!("write `{example}`");
                return self.broken(span, NameProblem::BadArgumentOfInput { message, span, help });
            }
        };
        if function == "env_var" {
            return Expr { kind: ExprKind::Input(InputSource::EnvironmentVariable(text)), ty: Type::String, span };
        }
        if let Err(BadSource { message, help }) = secret_source::parse(&text, self.shared.schemas.source()) {
            return self.broken(span, NameProblem::BadArgumentOfInput { message, span, help });
        }
        Expr { kind: ExprKind::Input(InputSource::Secret(text)), ty: Type::secret(Type::String), span }
    }

    fn own_function(&mut self, id: FunctionId, word: &'a Word, arguments: &'a [Argument], span: Span) -> Expr {
        let allowed = match self.frame.allowed {
            super::context::Allowed::Everything => None,
            super::context::Allowed::Constants(place, help) => {
                Some(NameProblem::NotConstant { name: word.text.clone(), span: word.span, place, help }.into())
            }
            super::context::Allowed::Overlay => {
                Some(formwork_model::Diagnostic::from(super::report::OverlayProblem::NotConstant {
                    name: word.text.clone(),
                    span: word.span,
                }))
            }
        };
        if let Some(problem) = allowed {
            return self.broken(span, problem);
        }
        super::context::mark(&mut self.used_functions, id.index());
        let Some(function) = self.names.functions.get(id.index()).map(|function| function.what) else {
            return error(span);
        };
        let signature = self.functions.get(id.index()).cloned().unwrap_or_default();
        let names: Vec<&EcoString> = function.parameters.iter().map(|parameter| &parameter.name.text).collect();
        let written = || {
            let parameters: Vec<String> = function
                .parameters
                .iter()
                .zip(&signature.parameters)
                .map(|(parameter, ty)| {
                    format!("{}: {}{}", parameter.name.text, ty, if parameter.default.is_some() { " = …" } else { "" })
                })
                .collect();
            format!("`{}({})`", word.text, parameters.join(", "))
        };
        let Some(placed) = self.place(word, &names, arguments, None, &written) else {
            return error(span);
        };
        let mut checked = Vec::with_capacity(names.len());
        let mut broken = false;
        let secrets = std::mem::replace(&mut self.frame.secrets, Secrets::Kept);
        for ((parameter, ty), argument) in function.parameters.iter().zip(&signature.parameters).zip(placed) {
            let what = What::Argument(&word.text, &parameter.name.text);
            match argument.first() {
                Some(argument) => checked.push(self.check(&argument.value, ty, what)),
                None => match &parameter.default {
                    Some(default) => {
                        let frame = super::context::Frame {
                            allowed: super::context::Allowed::Constants(
                                "a default",
                                "defaults use literals and standard functions",
                            ),
                            ..super::context::Frame::default()
                        };
                        // The definition's own check has reported what is wrong with it.
                        let before = self.shared.report.len();
                        checked.push(self.in_frame(frame, |checker| checker.check(default, ty, what)).0);
                        self.shared.report.truncate(before);
                    }
                    None => {
                        let (function, name, signature) = (word.text.clone(), parameter.name.text.clone(), written());
                        self.tell(TypeProblem::MissingArgument { function, name, span: word.span, signature });
                        broken = true;
                    }
                },
            }
        }
        self.frame.secrets = secrets;
        match signature.result {
            Some(ty) if !broken => Expr { kind: ExprKind::Function { function: id, arguments: checked }, ty, span },
            _ => error(span),
        }
    }

    /// Puts arguments to the parameters that they are for; none where that was not possible.
    fn place<'n>(
        &mut self,
        function: &Word,
        names: &[&'n EcoString],
        arguments: &'a [Argument],
        variadic: Option<usize>,
        signature: &dyn Fn() -> String,
    ) -> Option<Vec<Vec<&'a Argument>>> {
        let mut placed: Vec<Vec<&'a Argument>> = vec![Vec::new(); names.len()];
        let mut fine = true;
        for (position, argument) in arguments.iter().enumerate() {
            let index = match &argument.name {
                Some(name) => match names.iter().position(|known| **known == name.text) {
                    Some(index) => index,
                    None => {
                        self.tell(TypeProblem::UnknownArgument {
                            function: function.text.clone(),
                            name: name.text.clone(),
                            span: name.span,
                            nearest: nearest(&name.text, names.iter().map(|name| name.as_str())).map(EcoString::from),
                            signature: signature(),
                        });
                        fine = false;
                        continue;
                    }
                },
                None => variadic.map_or(position, |last| position.min(last)),
            };
            let Some(slot) = placed.get_mut(index) else {
                self.tell(TypeProblem::TooManyArguments {
                    function: function.text.clone(),
                    takes: names.len(),
                    given: arguments.len(),
                    span: argument.value.span,
                    signature: signature(),
                });
                return None;
            };
            if !slot.is_empty() && Some(index) != variadic {
                let name = names.get(index).map(|name| (*name).clone()).unwrap_or_default();
                self.tell(TypeProblem::ArgumentTwice {
                    function: function.text.clone(),
                    name,
                    span: argument.value.span,
                });
                fine = false;
            }
            slot.push(argument);
        }
        fine.then_some(placed)
    }

    fn library_function(
        &mut self,
        library: &'static LibraryFunction,
        word: &'a Word,
        arguments: &'a [Argument],
        span: Span,
    ) -> Expr {
        let owned: Vec<EcoString> = library.parameters.iter().map(|parameter| parameter.name.into()).collect();
        let names: Vec<&EcoString> = owned.iter().collect();
        let variadic = library.parameters.iter().position(|parameter| parameter.variadic);
        let Some(placed) = self.place(word, &names, arguments, variadic, &|| signature(library)) else {
            return error(span);
        };
        if let Some(problem) = swapped(library, arguments) {
            let is_error = problem.is_error();
            self.tell(problem);
            if is_error {
                return error(span);
            }
        }
        let mut call = LibraryCall {
            function: library,
            bindings: Bindings::default(),
            types: Vec::new(),
            secret: false,
            broken: false,
        };
        let mut checked: Vec<Vec<Expr>> = Vec::with_capacity(placed.len());
        let secrets = std::mem::replace(&mut self.frame.secrets, Secrets::Carried);
        for (parameter, given) in library.parameters.iter().zip(&placed) {
            if given.is_empty() && parameter.default.is_none() && !parameter.variadic {
                let (function, name) = (word.text.clone(), parameter.name.into());
                self.tell(TypeProblem::MissingArgument {
                    function,
                    name,
                    span: word.span,
                    signature: signature(library),
                });
                call.broken = true;
            }
            checked.push(given.iter().map(|argument| self.argument(&mut call, parameter, &argument.value)).collect());
        }
        self.frame.secrets = secrets;
        if call.broken {
            return error(span);
        }
        let arguments = library
            .parameters
            .iter()
            .zip(checked)
            .map(|(parameter, given)| call.finish(parameter, given, span))
            .collect();
        let ty = match library.result {
            ResultType::Shape(shape) => substituted(&shape, &call.bindings),
            ResultType::Computed(compute) => compute(&call.types),
        };
        let ty = if call.secret { ty.secret() } else { ty };
        Expr { kind: ExprKind::Library { name: library.name, arguments }, ty, span }
    }

    fn argument(&mut self, call: &mut LibraryCall, parameter: &Parameter, value: &'a Expression) -> Expr {
        let what = What::Argument(call.function.name, parameter.name);
        let concrete = concrete(&parameter.shape);
        let mut found = match (&concrete, call.function.result) {
            // The result is computed from what the argument is, not from what it has to be.
            (Some(ty), ResultType::Computed(_)) if !matches!(ty, Type::Any) => {
                let found = self.infer(value);
                match fits::fits(&found.ty, ty, Secrets::Carried) {
                    Fit::Same => found,
                    _ => self.fit(found, ty, what),
                }
            }
            (Some(ty), _) => self.check(value, ty, what),
            (None, _) => self.infer(value),
        };
        if found.ty == Type::Error {
            call.broken = true;
            return found;
        }
        call.secret |=
            if call.function.tells_no_items { found.ty.without_null().is_secret() } else { holds_secret(&found.ty) };
        let mut plain = without_secrets(&found.ty);
        if is_empty_literal(value) && matches!(plain, Type::List(_)) {
            plain = Type::list(Type::Error);
        }
        if concrete.is_none() && !unify(&parameter.shape, &plain, &mut call.bindings) {
            self.shape_mismatch(call, parameter, &found, &plain, what);
            call.broken = true;
        }
        if let Some(ty) = chosen(&parameter.shape, &plain)
            && fits::fits(&plain, &ty, Secrets::Carried) == Fit::Coerce
        {
            found = coerced(found, &ty);
            plain = ty;
        }
        call.types.push(if is_empty_literal(value) && matches!(plain, Type::List(_)) {
            Type::list(Type::Any)
        } else {
            plain
        });
        found
    }

    fn shape_mismatch(
        &mut self,
        call: &LibraryCall,
        parameter: &Parameter,
        found: &Expr,
        plain: &Type,
        what: What<'_>,
    ) {
        let span = found.span;
        let inner = plain.without_null();
        if plain.holds_null() && unify(&parameter.shape, &inner, &mut call.bindings.clone()) {
            let help =
                "give a value for that case, `x ?? …`, or test it first: `if x != null then … else …`".to_owned();
            return self.tell(TypeProblem::MayBeNull { what: what.to_string(), ty: plain.to_string(), span, help });
        }
        self.tell(TypeProblem::Mismatch {
            what: what.to_string(),
            expected: written(&parameter.shape, Some(&call.bindings)),
            found: described(plain),
            span,
            help: Some(format!("it is {}", signature(call.function))),
        });
    }
}

/// The separator first, as other languages have it. What is joined is then a text, which is an error; what is split is a
/// text either way.
fn swapped(library: &LibraryFunction, arguments: &[Argument]) -> Option<formwork_model::Diagnostic> {
    let [first, second] = arguments else { return None };
    if first.name.is_some() || second.name.is_some() {
        return None;
    }
    let (function, span) = (library.name, first.value.span.to(second.value.span));
    match (library.name, &first.value.kind, &second.value.kind) {
        ("split", ExpressionKind::String(one), ExpressionKind::String(other)) => {
            // The separator is in the text, not the text in the separator.
            (other.len() > one.len() && other.contains(one.as_str()))
                .then(|| TypeProblem::TextFirst { function, span }.into())
        }
        ("join", ExpressionKind::String(_), ExpressionKind::String(_)) => None,
        ("join", ExpressionKind::String(_), _) => Some(TypeProblem::ItemsFirst { span }.into()),
        ("split", ExpressionKind::String(_), _) => Some(TypeProblem::TextFirst { function, span }.into()),
        ("indent", ExpressionKind::Int(_), _) => Some(TypeProblem::BlanksLast { span }.into()),
        _ => None,
    }
}

/// A call of a library function while its arguments are checked.
struct LibraryCall {
    function: &'static LibraryFunction,
    bindings: Bindings,
    /// Types of the arguments given, for results that are computed.
    types: Vec<Type>,
    secret: bool,
    broken: bool,
}

impl LibraryCall {
    /// The argument of one parameter, of the types that the variables have in the end.
    fn finish(&self, parameter: &Parameter, mut given: Vec<Expr>, span: Span) -> Expr {
        let has_variable = concrete(&parameter.shape).is_none();
        let target = has_variable.then(|| substituted(&parameter.shape, &self.bindings));
        let fit = |argument: Expr| match &target {
            Some(ty)
                if fits::fits(&argument.ty, ty, Secrets::Carried) == Fit::Coerce && needs_change(&argument.ty, ty) =>
            {
                coerced(argument, ty)
            }
            _ => argument,
        };
        if parameter.variadic {
            let items = given.into_iter().map(|value| ListItem { spread: false, value: fit(value) }).collect();
            return Expr { kind: ExprKind::List(items), ty: Type::list(Type::Any), span };
        }
        match given.pop() {
            Some(argument) => fit(argument),
            None => default(parameter, span),
        }
    }
}

/// Records passed where a map is expected stay as they are; only numbers have to change.
fn needs_change(from: &Type, to: &Type) -> bool {
    !matches!((from.exposed(), to), (Type::Any, _)) && !matches!(to, Type::Any)
}

/// The default of a parameter, a constant written as JSON.
fn default(parameter: &Parameter, span: Span) -> Expr {
    let json = parameter.default.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let value = json.map_or(formwork_model::Value::Null, |json| formwork_model::value::from_json(&json));
    Expr { kind: ExprKind::Constant(value), ty: Type::Any, span }
}
