//! Calls of modules: their params, outputs and providers.

use super::context::{Frame, ModuleChecker};
use super::expression::{What, described};
use super::keys::Keys;
use super::names::Declared;
use super::report::{NameProblem, SchemaProblem, TypeProblem, listed, nearest};
use crate::program::{self, CallId, Expr, ExprKind, ProviderUse};
use crate::tree::{self, Entry, Expression, Key, With, Word};
use ecow::EcoString;
use formwork_model::{Field, Type};
use std::collections::HashMap;

impl<'a> ModuleChecker<'_, 'a> {
    /// The type of a call: the outputs, by key, or none.
    pub(crate) fn declare_call(&self, id: CallId, declared: Declared<'a, tree::ModuleCall>) -> Type {
        let target = self.names.targets.get(id.index()).copied().flatten();
        match target.and_then(|target| self.shared.interfaces.get(target)) {
            Some(interface) if interface.id.is_some() => {
                super::blocks::instances_type(Type::Module(interface.outputs.clone()), &declared.what.header)
            }
            _ => Type::Error,
        }
    }

    /// Checks a call.
    pub(crate) fn module_call(
        &mut self,
        id: CallId,
        declared: Declared<'a, tree::ModuleCall>,
    ) -> Option<program::Call> {
        let (call, locals) = self.in_frame(
            Frame { each: super::blocks::has_for_each(&declared.what.body), ..Frame::default() },
            |checker| checker.call_in_frame(id, declared),
        );
        call.map(|call| program::Call { locals, ..call })
    }

    fn call_in_frame(&mut self, id: CallId, declared: Declared<'a, tree::ModuleCall>) -> Option<program::Call> {
        let call = declared.what;
        let header = self.header(&call.header);
        let Some(target) = self.names.targets.get(id.index()).copied().flatten() else {
            self.infer_entries(&call.body.entries);
            return None;
        };
        let arguments = self.arguments(target, call);
        let providers = self.passed_providers(target, call);
        let module = self.shared.interfaces.get(target)?.id?;
        Some(program::Call {
            name: call.name.text.clone(),
            module,
            iteration: header.iteration,
            condition: header.condition,
            providers,
            after: header.after,
            arguments,
            locals: 0,
            span: declared.item.span,
        })
    }

    fn arguments(&mut self, target: usize, call: &'a tree::ModuleCall) -> Vec<Option<Expr>> {
        let Some(module) = self.all_names.get(target) else { return Vec::new() };
        let positions: HashMap<&str, usize> = module
            .params
            .iter()
            .enumerate()
            .map(|(position, param)| (param.what.name.text.as_str(), position))
            .collect();
        let mut keys = Keys::default();
        let mut arguments: Vec<Option<Expr>> = module.params.iter().map(|_| None).collect();
        let mut certain = true;
        for entry in &call.body.entries {
            match entry {
                Entry::Field { key: Key::Literal(word), value } => {
                    self.note_key(&mut keys, word);
                    self.argument_of(target, &positions, call, word, Some(value), &mut arguments);
                }
                Entry::Short(word) => {
                    self.note_key(&mut keys, word);
                    self.argument_of(target, &positions, call, word, None, &mut arguments);
                }
                Entry::Field { key: Key::Computed(key), value } => {
                    self.tell(TypeProblem::ComputedKey {
                        place: format!("module `{}`", call.name.text),
                        span: key.span,
                    });
                    self.infer(value);
                }
                Entry::Spread { value, span } => {
                    certain &= self.spread_arguments(target, &positions, call, value, *span, &mut arguments);
                }
            }
        }
        if certain {
            self.missing_arguments(target, call, &arguments);
        }
        arguments
    }

    fn missing_arguments(&mut self, target: usize, call: &tree::ModuleCall, arguments: &[Option<Expr>]) {
        let Some(module) = self.all_names.get(target) else { return };
        let names: Vec<&str> = module.params.iter().map(|param| param.what.name.text.as_str()).collect();
        // What a misspelt name means was told already.
        let meant: Vec<&str> = call
            .body
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Field { key: Key::Literal(word), .. } | Entry::Short(word) => Some(word.text.as_str()),
                Entry::Field { .. } | Entry::Spread { .. } => None,
            })
            .filter(|name| !names.contains(name))
            .filter_map(|name| nearest(name, names.iter().copied()))
            .collect();
        for (position, (param, argument)) in module.params.iter().zip(arguments).enumerate() {
            let is_misspelt = || meant.contains(&param.what.name.text.as_str());
            if argument.is_some() || param.what.default.is_some() || is_misspelt() {
                continue;
            }
            let interface = self.shared.interfaces.get(target);
            let ty = interface.and_then(|interface| interface.params.get(position));
            if ty.is_some_and(|ty| ty.holds_null()) {
                continue;
            }
            let ty = ty.map_or_else(String::new, described);
            self.tell(NameProblem::MissingParam {
                module: call.name.text.clone(),
                name: param.what.name.text.clone(),
                ty,
                span: call.name.span,
                declared: param.what.name.span,
            });
        }
    }

    fn argument_of(
        &mut self,
        target: usize,
        positions: &HashMap<&str, usize>,
        call: &tree::ModuleCall,
        word: &'a Word,
        value: Option<&'a Expression>,
        arguments: &mut [Option<Expr>],
    ) {
        let position = positions.get(word.text.as_str()).copied();
        let ty = position.and_then(|position| self.shared.interfaces.get(target)?.params.get(position).cloned());
        let (Some(position), Some(ty)) = (position, ty) else {
            if let Some(value) = value {
                self.infer(value);
            }
            return self.unknown_param(target, call, word);
        };
        let param = self.all_names.get(target).and_then(|module| module.params.get(position));
        let docs = param.map(|param| param.item.docs.clone()).unwrap_or_default();
        self.warn_deprecated(&docs, || format!("param `{}` of module `{}`", word.text, call.name.text), word.span);
        let what = What::Param(&word.text);
        let checked = match value {
            Some(value) => self.check(value, &ty, what),
            None => {
                let value = self.short(word);
                self.fit(value, &ty, what)
            }
        };
        if let Some(slot) = arguments.get_mut(position) {
            *slot = Some(checked);
        }
    }

    fn unknown_param(&mut self, target: usize, call: &tree::ModuleCall, word: &Word) {
        if let Some(help) = super::habits::meta_argument(&word.text) {
            // Some of them are told by the parser.
            if !matches!(word.text.as_str(), "depends_on" | "for_each") {
                self.tell(NameProblem::HabitMetaArgument { name: word.text.clone(), span: word.span, help });
            }
            return;
        }
        let Some(module) = self.all_names.get(target).filter(|module| !module.is_lost(&word.text)) else { return };
        let names = || module.params.iter().map(|param| param.what.name.text.as_str());
        let problem = NameProblem::UnknownParam {
            module: call.name.text.clone(),
            name: word.text.clone(),
            span: word.span,
            nearest: nearest(&word.text, names()).map(EcoString::from),
            known: listed(names()),
        };
        self.tell(problem);
    }

    /// `...record`: each of its fields is an argument. Gives whether it was one.
    fn spread_arguments(
        &mut self,
        target: usize,
        positions: &HashMap<&str, usize>,
        call: &tree::ModuleCall,
        value: &'a Expression,
        span: formwork_model::Span,
        arguments: &mut [Option<Expr>],
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
            let position = positions.get(field.name.as_str()).copied();
            let ty = position.and_then(|position| self.shared.interfaces.get(target)?.params.get(position).cloned());
            let (Some(position), Some(ty)) = (position, ty) else {
                self.unknown_param(target, call, &Word { text: field.name.clone(), span: value.span });
                continue;
            };
            let argument = self.fit(member_of(&value, field), &ty, What::Param(&field.name));
            if let Some(slot) = arguments.get_mut(position) {
                *slot = Some(argument);
            }
        }
        true
    }

    /// For each provider that the module needs: what is passed, or else inherited.
    fn passed_providers(&mut self, target: usize, call: &'a tree::ModuleCall) -> Vec<(EcoString, ProviderUse)> {
        let needs = self.shared.interfaces.get(target).map(|interface| interface.needs.clone()).unwrap_or_default();
        let mut passed: HashMap<&str, Option<ProviderUse>> = HashMap::new();
        match &call.header.with {
            None => {}
            Some(With::One(reference)) => {
                let instance = self.named_use(reference, &reference.provider.text);
                self.refuse_unneeded(call, &reference.provider, &needs);
                passed.insert(&reference.provider.text, instance);
            }
            Some(With::Many(references)) => {
                for (word, reference) in references {
                    let instance = self.named_use(reference, &word.text);
                    self.refuse_unneeded(call, word, &needs);
                    passed.insert(&word.text, instance);
                }
            }
        }
        let mut providers = Vec::with_capacity(needs.len());
        for need in needs {
            let instance = match passed.remove(need.as_str()) {
                Some(instance) => instance,
                None => self.inherited(call, &need),
            };
            providers.push((need, instance.unwrap_or(ProviderUse::Lost)));
        }
        providers
    }

    fn refuse_unneeded(&mut self, call: &tree::ModuleCall, provider: &Word, needs: &[EcoString]) {
        if needs.contains(&provider.text) {
            return;
        }
        let help = match nearest(&provider.text, needs.iter().map(EcoString::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it needs {}", listed(needs)),
        };
        self.tell(NameProblem::UnneededProvider {
            module: call.name.text.clone(),
            name: provider.text.clone(),
            span: provider.span,
            help,
        });
    }

    fn inherited(&mut self, call: &tree::ModuleCall, need: &EcoString) -> Option<ProviderUse> {
        if let Some(id) = self.names.provider_names.get(&(need.as_str(), "")).copied() {
            super::context::mark(&mut self.used_providers, id.index());
            let declared = self.names.providers.get(id.index())?;
            if declared.what.header.iteration.is_none() {
                return Some(ProviderUse::Own(id, None));
            }
            let reference = need.to_string();
            let help = format!("choose one: `with {{ {need} = {need}[\"key\"] }}`");
            let (span, declared) = (call.name.span, declared.what.provider.span);
            self.tell(NameProblem::InstanceKey { reference, reason: "has several instances", span, declared, help });
            return None;
        }
        if !self.is_root {
            self.needs.insert(need.clone());
            return Some(ProviderUse::Passed(need.clone()));
        }
        self.implicit_use(&Word { text: need.clone(), span: call.name.span })
    }
}

fn member_of(value: &Expr, field: &Field) -> Expr {
    let ty = if value.ty.is_secret() { field.ty.clone().secret() } else { field.ty.clone() };
    let kind = ExprKind::Member { base: Box::new(value.clone()), name: field.name.clone(), optional: false };
    Expr { kind, ty, span: value.span }
}
