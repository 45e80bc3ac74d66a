//! The chain of layers: defaults, overlays, `--var-file`, `FORMWORK_VAR_name`, `--var`.

use super::problem::Problem;
use super::{Inputs, Layer, ParamInput, Said, marks, merge};
use crate::evaluate::Evaluator;
use crate::graph::NothingKnown;
use crate::program::{Amendment, Expr, ExprKind, Overlay, Param, Program, RecordEntry, Setting};
use crate::source::{SourceError, Sources};
use crate::tree::OverlayAction;
use formwork_model::{AttributePath, Diagnostic, Span, Step, Type, Value, diagnostic};
use std::sync::Arc;

/// Merges defaults, the overlays of `environment`, and what the command gives, in this order. The values are not made to fit their
/// types here but when the program is evaluated, which needs the whole chain's result.
///
/// # Errors
/// All that is wrong with the layers, and params without a value. (Warnings come with [`Inputs::warnings`].)
pub fn resolve(program: &Program, environment: &str) -> Result<Inputs, Vec<Diagnostic>> {
    let mut chain = Chain::new(program, environment);
    match program.environments.get(environment) {
        Some(found) => {
            for overlay in &found.layers {
                chain.overlay(Layer::Overlay(overlay.path.clone()), overlay);
            }
        }
        None => chain.no_environment(environment),
    }
    for overlay in &program.variable_files {
        chain.overlay(Layer::VarFile(overlay.path.clone()), overlay);
    }
    for setting in &program.given {
        chain.setting(setting);
    }
    chain.finish()
}

/// Overlays and defaults read no files.
struct NoFiles;

impl Sources for NoFiles {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        Err(no_file(directory))
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        Err(no_file(path))
    }
}

fn no_file(path: &str) -> SourceError {
    let reason = "params and overlays read no files; read it in a `let`".into();
    SourceError { path: path.into(), not_found: false, reason }
}

struct Chain<'p> {
    program: &'p Program,
    params: &'p [Param],
    inputs: Inputs,
    diagnostics: Vec<Diagnostic>,
}

impl<'p> Chain<'p> {
    fn new(program: &'p Program, environment: &str) -> Self {
        let params = program.modules.first().map_or(&[][..], |module| &module.params);
        let mut inputs = Inputs::none(environment);
        inputs.layers.push(Layer::Default);
        let mut chain = Self { program, params, inputs, diagnostics: Vec::new() };
        for param in params {
            let input = chain.default(param);
            chain.inputs.params.push(input);
        }
        chain
    }

    fn default(&mut self, param: &Param) -> ParamInput {
        let Some(default) = &param.default else { return ParamInput::default() };
        // Raw: what a merge leaves out is filled in by the type again.
        let raw = match &default.kind {
            ExprKind::Coerce(inner) => inner,
            _ => default,
        };
        let value = self.evaluated(raw).map(|value| marks::by_type(value, &param.ty));
        let said = value.iter().map(|value| Said {
            layer: 0,
            action: OverlayAction::Set,
            path: AttributePath::root(),
            value: Some(value.clone()),
            span: Some(default.span),
            parts: parts(raw),
        });
        ParamInput { value: None, said: said.collect(), default: value }
    }

    /// The value of an expression that refers to nothing; none where it does, or was reported.
    fn evaluated(&mut self, expression: &Expr) -> Option<Value> {
        let inputs = Inputs::none(self.inputs.environment.clone());
        let mut evaluator = Evaluator::closed(self.program, &inputs, &NothingKnown, &NoFiles)?;
        match evaluator.expression(expression) {
            Ok(value) => Some(value),
            Err(fault) if fault.is_reported() => None,
            Err(fault) => {
                self.diagnostics.push(fault.into_diagnostic());
                None
            }
        }
    }

    fn no_environment(&mut self, name: &str) {
        let known: Vec<String> = self.program.environments.keys().map(ToString::to_string).collect();
        let nearest = crate::residual::nearest(name, known.iter().map(String::as_str));
        let problem = Problem::NoSuchEnvironment { name: name.into(), nearest, known };
        self.diagnostics.push(problem.into_diagnostic(None));
    }

    fn layer(&mut self, layer: Layer) -> usize {
        self.inputs.layers.push(layer);
        self.inputs.layers.len() - 1
    }

    fn overlay(&mut self, layer: Layer, overlay: &Overlay) {
        let layer = self.layer(layer);
        for amendment in &overlay.entries {
            self.amendment(layer, amendment);
        }
    }

    fn amendment(&mut self, layer: usize, amendment: &Amendment) {
        let value = match &amendment.value {
            Some(value) => match self.evaluated(value) {
                Some(value) => Some(value),
                None => return,
            },
            None => None,
        };
        let mut said = Said {
            layer,
            action: amendment.action,
            path: amendment.path.clone(),
            value,
            span: Some(amendment.span),
            parts: amendment.value.as_ref().map(parts).unwrap_or_default(),
        };
        for (part, _) in &mut said.parts {
            *part = amendment.path.steps().iter().chain(part.steps()).cloned().collect();
        }
        self.say(amendment.param.index(), said);
    }

    /// A value of a shell.
    fn setting(&mut self, setting: &Setting) {
        let amendment = &setting.amendment.0;
        let param = self.params.get(amendment.param.index());
        let is_flag = matches!(setting.layer, Layer::Flag(_));
        let layer = self.layer(setting.layer.clone());
        let Some(value) = amendment.value.as_ref().and_then(|value| self.evaluated(value)) else { return };
        if let Some(param) = param.filter(|param| is_flag && marks::by_type(value.clone(), &param.ty).holds_secret()) {
            let problem = Problem::SecretFlag { name: param.name.to_string() };
            return self.diagnostics.push(problem.into_diagnostic(None));
        }
        let path = AttributePath::root();
        let said = Said { layer, action: amendment.action, path, value: Some(value), span: None, parts: Vec::new() };
        self.say(amendment.param.index(), said);
    }

    fn say(&mut self, param: usize, mut said: Said) {
        let ty = self.params.get(param).and_then(|param| marks::type_at(&param.ty, said.path.steps()));
        if let Some(ty) = ty {
            said.value = said.value.map(|value| marks::by_type(value, ty));
        }
        let Some(input) = self.inputs.params.get_mut(param) else { return };
        let is_removal = said.action == OverlayAction::Remove;
        let before = input.value.clone();
        let base =
            if is_removal && said.path.steps().is_empty() { before } else { before.or_else(|| input.default.clone()) };
        // A field goes back to what the param's default says of it; an entry of a map goes.
        let default = input.default.as_ref().filter(|_| {
            is_removal && self.params.get(param).is_some_and(|param| leads_to_field(&param.ty, &said.path))
        });
        let default = default.and_then(|default| said.path.steps().iter().try_fold(default, merge::child)).cloned();
        let (action, value) = match default {
            Some(default) if base.is_some() => (OverlayAction::Replace, Some(default)),
            _ => (said.action, said.value.clone()),
        };
        match merge::amend(base, action, &said.path, value) {
            Ok(value) => {
                input.value = value;
                input.said.push(said);
            }
            Err(problem) => self.diagnostics.push(problem.into_diagnostic(said.span)),
        }
    }

    fn finish(mut self) -> Result<Inputs, Vec<Diagnostic>> {
        for (param, input) in self.params.iter().zip(&self.inputs.params) {
            let is_given = input.value.is_some() || param.default.is_some() || param.ty.holds_null();
            if !is_given {
                let problem = crate::evaluate::no_value(param);
                self.diagnostics.push(problem);
            }
        }
        diagnostic::sort(&mut self.diagnostics);
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return Err(self.diagnostics);
        }
        self.inputs.warnings = self.diagnostics;
        Ok(self.inputs)
    }
}

/// Whether the last step of a path takes a field of a record.
fn leads_to_field(ty: &Type, path: &AttributePath) -> bool {
    let Some((step, rest)) = path.steps().split_first() else { return false };
    match (ty, step) {
        (Type::Optional(inner) | Type::Secret(inner), _) => leads_to_field(inner, path),
        (Type::Record(record), Step::Member(name) | Step::Key(name)) => {
            rest.is_empty()
                || record.field(name).is_some_and(|field| leads_to_field(&field.ty, &rest.iter().cloned().collect()))
        }
        (Type::Map(entry), Step::Member(_) | Step::Key(_)) => leads_to_field(entry, &rest.iter().cloned().collect()),
        _ => false,
    }
}

/// Where the parts of a literal stand.
fn parts(expression: &Expr) -> Vec<(AttributePath, Span)> {
    let mut found = Vec::new();
    collect_parts(expression, &AttributePath::root(), &mut found);
    found
}

fn collect_parts(expression: &Expr, path: &AttributePath, found: &mut Vec<(AttributePath, Span)>) {
    found.push((path.clone(), expression.span));
    match &expression.kind {
        ExprKind::Coerce(inner) => {
            found.pop();
            collect_parts(inner, path, found);
        }
        ExprKind::Record(entries) => {
            for entry in entries {
                if let RecordEntry::Field(name, value) = entry {
                    collect_parts(value, &path.then(Step::Member(name.clone())), found);
                }
            }
        }
        ExprKind::List(items) if !items.iter().any(|item| item.spread) => {
            for (index, item) in (0_u32..).zip(items) {
                collect_parts(&item.value, &path.then(Step::Index(index)), found);
            }
        }
        _ => {}
    }
}
