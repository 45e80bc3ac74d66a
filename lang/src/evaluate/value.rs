//! Params, lets, outputs and asserts.

use super::Evaluator;
use super::condition::Verdict;
use super::instances::Slot;
use super::problem::Problem;
use super::state::set;
use super::units::UnitKind;
use super::{host, limits};
use crate::graph::{Check, Declared, Output, Place, Subject, Variable};
use crate::program::{Expr, Param};
use crate::residual::{Fault, coerce};
use crate::source::Location;
use formwork_model::{Address, FileId, ObjectKind, Span, Value};

impl<'p> Evaluator<'p> {
    pub(super) fn param(&mut self, index: usize) {
        let Some(param) = self.module.params.get(index) else { return };
        let (result, dependencies) = self.recording(|this| {
            let value = this.param_value(index, param)?;
            limits::check(&value).map_err(|fault| fault.at(param.span))?;
            this.param_conditions(index, param, value)
        });
        let slot = self.slot(result, dependencies);
        if self.current == 0
            && let Slot::Ready { value, .. } = &slot
        {
            self.variables.push(Variable { name: param.name.clone(), value: value.clone() });
        }
        if let Some(here) = self.here_mut() {
            set(&mut here.params, index, slot);
        }
    }

    fn param_value(&mut self, index: usize, param: &'p Param) -> Result<Value, Fault> {
        if self.current == 0 {
            return self.root_param(index, param);
        }
        match self.argument(index) {
            Some(argument) => {
                let variables = self.here().map(|here| here.variables.clone()).unwrap_or_default();
                let caller = self.here().map_or(0, |here| here.caller);
                let size = self.call_here().map_or(0, |call| call.locals);
                let inner = self.enter(caller);
                let result = self.with_frame(size, variables, |this| this.expression(argument));
                self.enter(inner);
                result
            }
            None => self.default_of(param),
        }
    }

    fn argument(&self, index: usize) -> Option<&'p Expr> {
        self.call_here()?.arguments.get(index)?.as_ref()
    }

    fn root_param(&mut self, index: usize, param: &'p Param) -> Result<Value, Fault> {
        let inputs = self.inputs;
        let Some(given) = inputs.value(index) else { return self.default_of(param) };
        coerce(self, given.clone(), &param.ty, Some(param.span)).map_err(|fault| {
            inputs.blame(index, fault.at(param.span), "the param is declared here").part_of(&param.name)
        })
    }

    fn default_of(&mut self, param: &'p Param) -> Result<Value, Fault> {
        match &param.default {
            Some(default) => self.with_frame(1, [], |this| this.expression(default)),
            None if param.ty.holds_null() => coerce(self, Value::Null, &param.ty, Some(param.span)),
            None => {
                self.diagnostics.push(super::no_value(param));
                Err(Fault::reported())
            }
        }
    }

    fn param_conditions(&mut self, index: usize, param: &'p Param, value: Value) -> Result<Value, Fault> {
        let mut value = value;
        let mut open = param.conditions.is_empty();
        for condition in &param.conditions {
            let blame = |this: &Self, fault: Fault| {
                if this.current == 0 { this.inputs.blame(index, fault, "for this param") } else { fault }
            };
            match self.verdict(condition, [value.clone()]).map_err(|fault| blame(self, fault))? {
                Verdict::Holds => {}
                Verdict::Fails(fault) => {
                    let span = self.argument(index).map_or(param.span, |argument| argument.span);
                    return Err(blame(self, fault.at(span).label(condition.span, "this is asked for")));
                }
                Verdict::Waits(check) => {
                    open = true;
                    value = self.guard(value, check, param.span);
                }
            }
        }
        if !open {
            let subject = self.subject(param.span);
            self.held.push(subject);
        }
        Ok(value)
    }

    pub(super) fn named(&mut self, index: usize) {
        let Some(declared) = self.module.lets.get(index) else { return };
        let slot = self.free_value(&declared.value, declared.locals);
        if let Some(here) = self.here_mut() {
            set(&mut here.lets, index, slot);
        }
    }

    pub(super) fn output(&mut self, index: usize) {
        let Some(declared) = self.module.outputs.get(index) else { return };
        let slot = self.free_value(&declared.value, declared.locals);
        if self.current == 0
            && let Slot::Ready { value, .. } = &slot
        {
            let value = value.clone();
            let value = host::exposed_objects(self, value);
            self.outputs.push(Output { name: declared.name.clone(), value, span: declared.span });
        }
        if let Some(here) = self.here_mut() {
            set(&mut here.outputs, index, slot);
        }
    }

    fn free_value(&mut self, expression: &'p Expr, locals: u32) -> Slot {
        let (result, dependencies) = self.recording(|this| {
            let value = this.with_frame(locals, [], |this| this.expression(expression))?;
            limits::check(&value).map_err(|fault| fault.at(expression.span))?;
            Ok(value)
        });
        self.slot(result, dependencies)
    }

    pub(super) fn assert(&mut self, index: usize) {
        let Some(condition) = self.module.asserts.get(index) else { return };
        let subject = self.subject(condition.span);
        match self.verdict(condition, []) {
            Ok(Verdict::Holds) => self.held.push(subject),
            Ok(Verdict::Waits((condition, message, span))) => {
                self.checks.push(Check { subject, condition, message, span });
            }
            Ok(Verdict::Fails(fault)) => {
                let problem = Problem::Assert { span: condition.condition.span, message: fault.message() };
                self.diagnostics.push(problem.into_diagnostic());
            }
            Err(fault) => self.report(fault),
        }
        self.recorder.clear();
    }

    /// What a condition that is looked at, and stands at `span`, belongs to.
    pub(super) fn subject(&self, span: Span) -> Subject {
        let (context, kind) = self.units.kind(self.program, self.unit).unwrap_or((0, UnitKind::End));
        let module = self.units.module(self.program, context).unwrap_or(self.module);
        let declared = match kind {
            UnitKind::Param(index) => module.params.get(index).map(|param| Declared::Param(param.name.clone())),
            UnitKind::Let(index) => module.lets.get(index).map(|named| Declared::Let(named.name.clone())),
            UnitKind::Output(index) => module.outputs.get(index).map(|output| Declared::Output(output.name.clone())),
            UnitKind::Block(index) => module.blocks.get(index).map(|block| Declared::Object {
                kind: block.kind,
                name: block.name.clone(),
                type_name: block.type_name.clone(),
            }),
            UnitKind::Provider(index) => {
                module.providers.get(index).map(|block| Declared::Provider(block.provider.clone()))
            }
            UnitKind::Call(index) | UnitKind::CallProviders(index) => {
                module.calls.get(index).map(|call| Declared::Call(call.name.clone()))
            }
            UnitKind::Assert(_) | UnitKind::Function(_) | UnitKind::End => None,
        };
        Subject {
            module: self.instances.get(self.home as usize).map(|instance| instance.path.clone()).unwrap_or_default(),
            declared: declared.unwrap_or_else(|| Declared::Assert(self.place(span))),
        }
    }

    fn place(&self, span: Span) -> Place {
        let location = self.program.files.location(span);
        let place = |at: Location<'_>| Place { path: at.path.into(), line: u32::try_from(at.line).unwrap_or(u32::MAX) };
        location.map(place).unwrap_or_default()
    }

    /// The address under which a junction of the evaluated unit stands.
    pub(super) fn declared_address(&self) -> Address {
        let path = self.here().map(|here| here.path.clone()).unwrap_or_default();
        let name = self.units.kind(self.program, self.unit).and_then(|(_, kind)| match kind {
            UnitKind::Param(index) => self.module.params.get(index).map(|param| &param.name),
            UnitKind::Let(index) => self.module.lets.get(index).map(|declared| &declared.name),
            UnitKind::Output(index) => self.module.outputs.get(index).map(|output| &output.name),
            UnitKind::Block(index) => self.module.blocks.get(index).map(|block| &block.name),
            UnitKind::Call(index) | UnitKind::CallProviders(index) => {
                self.module.calls.get(index).map(|call| &call.name)
            }
            UnitKind::Provider(index) => self.module.providers.get(index).map(|block| &block.provider),
            UnitKind::Function(_) | UnitKind::Assert(_) | UnitKind::End => None,
        });
        Address::new(path, ObjectKind::Resource, name.cloned().unwrap_or_default())
    }

    /// Where the evaluated unit is declared.
    pub(super) fn declared_span(&self) -> Span {
        let span = self.units.kind(self.program, self.unit).and_then(|(_, kind)| match kind {
            UnitKind::Param(index) => self.module.params.get(index).map(|param| param.span),
            UnitKind::Let(index) => self.module.lets.get(index).map(|declared| declared.span),
            UnitKind::Output(index) => self.module.outputs.get(index).map(|output| output.span),
            UnitKind::Block(index) => self.module.blocks.get(index).map(|block| block.span),
            UnitKind::Call(index) | UnitKind::CallProviders(index) => {
                self.module.calls.get(index).map(|call| call.span)
            }
            UnitKind::Provider(index) => self.module.providers.get(index).map(|block| block.span),
            UnitKind::Function(_) | UnitKind::Assert(_) | UnitKind::End => None,
        });
        span.unwrap_or(Span::new(FileId(0), 0, 0))
    }
}
