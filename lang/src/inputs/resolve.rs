//! The chain of layers: defaults, overlays, `--var-file`, `FORMWORK_VAR_name`, `--var`.

use super::problem::Problem;
use super::{Inputs, Layer, ParamInput, Said, marks, merge};
use crate::evaluate::Evaluator;
use crate::graph::NothingKnown;
use crate::program::{Amendment, Expr, ExprKind, Overlay, Param, Program, RecordEntry, Setting};
use crate::residual::{Host as _, coerce};
use crate::source::{SourceError, Sources};
use crate::tree::OverlayAction;
use ecow::{EcoString, eco_format};
use formwork_model::{
    AttributePath, Diagnostic, InputSource, Map, RecordType, Residual, Span, Step, Type, Value, diagnostic,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Merges defaults, the overlays of `environment`, and what the command gives, in this order. The values are not made to fit their
/// types here but when the program is evaluated, which needs the whole chain's result.
///
/// # Errors
/// All that is wrong with the layers, and params without a value. (Warnings come with [`Inputs::warnings`].)
pub fn resolve(program: &Program, environment: &str) -> Result<Inputs, Vec<Diagnostic>> {
    layered(program, environment).finish()
}

/// Merges what the sources say for `environment`: a param that nobody gives a value yet, or whose value is wrong, is not
/// known, as if it came from outside. Gives also what was found on the way.
pub(crate) fn foreseen(program: &Program, environment: &str) -> Foreseen {
    layered(program, environment).open()
}

/// What [`foreseen`] gives.
pub(crate) struct Foreseen {
    pub(crate) inputs: Inputs,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// There are params whose value is not known.
    pub(crate) is_open: bool,
}

/// Applies all layers.
fn layered<'p>(program: &'p Program, environment: &str) -> Chain<'p> {
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
    chain
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
    /// Params of which a layer could not be applied.
    broken: BTreeSet<usize>,
}

impl<'p> Chain<'p> {
    fn new(program: &'p Program, environment: &str) -> Self {
        let params = program.modules.first().map_or(&[][..], |module| &module.params);
        let mut inputs = Inputs::none(environment);
        inputs.layers.push(Layer::Default);
        let mut chain = Self { program, params, inputs, diagnostics: Vec::new(), broken: BTreeSet::new() };
        for (index, param) in params.iter().enumerate() {
            let input = chain.default(param);
            if input.default.is_none() && param.default.is_some() {
                chain.broken.insert(index);
            }
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
                self.diagnostics.extend(fault.into_diagnostics());
                None
            }
        }
    }

    fn no_environment(&mut self, name: &str) {
        let known: Vec<String> = self.program.environments.keys().map(ToString::to_string).collect();
        let nearest = crate::residual::nearest(name, known.iter().map(String::as_str));
        let problem = Problem::NoSuchEnvironment { name: name.into(), nearest, known };
        self.diagnostics.push(problem.into_diagnostic(None));
        // What it might have said of them nobody knows.
        self.broken.extend(0..self.params.len());
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
                None => {
                    self.broken.insert(amendment.param.index());
                    return;
                }
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
        let Some(value) = amendment.value.as_ref().and_then(|value| self.evaluated(value)) else {
            self.broken.insert(amendment.param.index());
            return;
        };
        if let Some(param) = param.filter(|param| is_flag && marks::by_type(value.clone(), &param.ty).holds_secret()) {
            let problem = Problem::SecretFlag { name: param.name.to_string() };
            return self.diagnostics.push(problem.into_diagnostic(None));
        }
        let path = AttributePath::root();
        let said = Said { layer, action: amendment.action, path, value: Some(value), span: None, parts: Vec::new() };
        self.say(amendment.param.index(), said);
    }

    fn say(&mut self, param: usize, mut said: Said) {
        let program = self.program;
        let environment = self.inputs.environment.clone();
        let mut defaults = |record: &RecordType, name: &str| field_default(program, &environment, record, name);
        let ty = self.params.get(param).map(|param| &param.ty);
        if let Some(ty) = ty.and_then(|ty| marks::type_at(ty, said.path.steps())) {
            said.value = said.value.map(|value| marks::by_type(value, ty));
        }
        let Some(input) = self.inputs.params.get_mut(param) else { return };
        let is_removal = said.action == OverlayAction::Remove;
        let before = input.value.clone();
        let base =
            if is_removal && said.path.steps().is_empty() { before } else { before.or_else(|| input.default.clone()) };
        // A field goes back to what the defaults say of it; an entry of a map goes.
        let goes_back = is_removal && base.is_some() && ty.is_some_and(|ty| leads_to_field(ty, &said.path));
        let default = if goes_back { default_at(input.default.clone(), ty, &said.path, &mut defaults) } else { None };
        let (action, value) = match default {
            Some(default) => (OverlayAction::Replace, Some(default)),
            None => (said.action, said.value.clone()),
        };
        match merge::amend(base, ty, merge::Line { action, path: &said.path, value }, &mut defaults) {
            Ok(value) => {
                input.value = value;
                input.said.push(said);
            }
            Err(problem) => {
                // Only a removal of nothing leaves the value as it should be.
                if !matches!(problem, Problem::NothingToRemove) {
                    self.broken.insert(param);
                }
                self.diagnostics.push(problem.into_diagnostic(said.span));
            }
        }
    }

    fn open(mut self) -> Foreseen {
        let mut is_open = false;
        for (index, (param, input)) in self.params.iter().zip(&mut self.inputs.params).enumerate() {
            let is_given = input.value.is_some() || param.default.is_some() || param.ty.holds_null();
            if !is_given || self.broken.contains(&index) {
                let source = InputSource::EnvironmentVariable(eco_format!("FORMWORK_VAR_{}", param.name));
                input.value = Some(Value::Unknown(Arc::new(Residual::Input(source))));
                is_open = true;
            }
        }
        Foreseen { inputs: self.inputs, diagnostics: self.diagnostics, is_open }
    }

    fn finish(mut self) -> Result<Inputs, Vec<Diagnostic>> {
        for (index, (param, input)) in self.params.iter().zip(&self.inputs.params).enumerate() {
            let is_given = input.value.is_some() || param.default.is_some() || param.ty.holds_null();
            if !is_given && !self.broken.contains(&index) {
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

/// The merged value of a root param as its type makes it; as it was merged where it does not fit.
pub(super) fn fitted(program: &Program, inputs: &Inputs, param: usize) -> Option<Value> {
    let declared = program.modules.first()?.params.get(param)?;
    let given = inputs.effective(param)?;
    let fitted = Evaluator::closed(program, inputs, &NothingKnown, &NoFiles)
        .and_then(|mut evaluator| coerce(&mut evaluator, given.clone(), &declared.ty, None).ok());
    Some(fitted.unwrap_or_else(|| given.clone()))
}

/// The default of a field of a record type, with its secrets marked.
pub(crate) fn field_default(
    program: &Program,
    environment: &EcoString,
    record: &RecordType,
    name: &str,
) -> Option<Value> {
    let position = record.fields.iter().position(|field| field.name == name)?;
    let inputs = Inputs::none(environment.clone());
    let mut evaluator = Evaluator::closed(program, &inputs, &NothingKnown, &NoFiles)?;
    // One that fails is told when the type fills it in.
    let default = evaluator.default(record.declaration?, position, &Map::new()).ok()??;
    Some(marks::by_type(default, &record.fields.get(position)?.ty))
}

/// What the default of a param says of what a path leads to, or that of a field which the path goes through.
fn default_at(
    default: Option<Value>,
    ty: Option<&Type>,
    path: &AttributePath,
    defaults: merge::FieldDefaults<'_>,
) -> Option<Value> {
    let mut value = default;
    let mut ty = ty;
    let (last, through) = path.steps().split_last()?;
    for step in through {
        let (Step::Member(name) | Step::Key(name)) = step else { return None };
        let below = value.as_ref().and_then(|value| merge::child(value, step)).cloned();
        value = below.or_else(|| defaults(merge::record(ty?)?, name));
        ty = merge::below(ty, name);
    }
    merge::child(&value?, last).cloned()
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
