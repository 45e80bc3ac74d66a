//! Calls of modules: their instances, and their outputs as values.

use super::Evaluator;
use super::block::Instances;
use super::instances::{BlockState, CallState, Instance};
use super::state::set;
use crate::graph::Deferred;
use crate::program::{Call, Expr, Iteration};
use crate::residual::{Fault, Missing, index};
use ecow::{EcoString, EcoVec};
use formwork_model::{Address, AttributePath, Map, ObjectKind, Value};

impl<'p> Evaluator<'p> {
    /// The call that made the instance at hand.
    pub(super) fn call_here(&self) -> Option<&'p Call> {
        let context = self.units.contexts.get(self.here()?.context as usize)?;
        let (caller, call) = context.caller?;
        self.units.module(self.program, caller as usize)?.calls.get(call)
    }

    pub(super) fn call_header(&mut self, position: usize) {
        let Some(call) = self.module.calls.get(position) else { return };
        let (result, _) = self.recording(|this| this.call_state(position, call));
        let state = result.unwrap_or_else(|fault| {
            self.report(fault);
            CallState::Poisoned
        });
        if let Some(here) = self.here_mut() {
            set(&mut here.calls, position, state);
        }
    }

    fn call_state(&mut self, position: usize, call: &'p Call) -> Result<CallState, Fault> {
        let (instances, mut after) = self.recording(|this| {
            this.with_frame(call.locals, [], |this| {
                this.after(&call.after);
                this.instances_of(call.iteration.as_ref(), call.condition.as_ref(), "this module call")
            })
        });
        after.extend(self.here().into_iter().flat_map(|here| here.after.iter().copied()));
        let after = self.bundle(after, call);
        Ok(match instances? {
            Instances::Absent => CallState::Absent,
            Instances::Deferred(value) => {
                let address = self.call_address(call);
                self.deferred.push(Deferred { address, is_module: true, value, span: call.span });
                CallState::Deferred
            }
            Instances::One => CallState::Single(self.call_instance(position, call, after, None)),
            Instances::Many(keys) => {
                let iteration = call.iteration.as_ref();
                let instances = keys.into_iter().map(|(key, item)| {
                    let of = Some((&key, item, iteration));
                    let instance = self.call_instance(position, call, after.clone(), of);
                    (key, instance)
                });
                CallState::Many(instances.collect())
            }
        })
    }

    fn bundle(&mut self, mut dependencies: Vec<u32>, call: &Call) -> EcoVec<u32> {
        self.nodes.settle(&mut dependencies);
        if dependencies.len() <= super::node::FEW {
            return dependencies.into_iter().collect();
        }
        let address = self.call_address(call);
        let junction = self.nodes.junction(address, call.span, &dependencies, (self.current, self.unit));
        EcoVec::from([junction].as_slice())
    }

    fn call_address(&self, call: &Call) -> Address {
        let path = self.here().map(|here| here.path.clone()).unwrap_or_default();
        Address::new(path, ObjectKind::Resource, call.name.clone())
    }

    fn call_instance(
        &mut self,
        position: usize,
        call: &'p Call,
        after: EcoVec<u32>,
        key: Option<(&EcoString, Value, Option<&'p Iteration>)>,
    ) -> u32 {
        let mut variables = Vec::new();
        let mut name = None;
        if let Some((key, item, Some(iteration))) = key {
            name = Some(key.clone());
            variables.push(Value::String(key.clone()));
            variables.extend(iteration.second.map(|_| item));
        }
        let path = self.here().map(|here| here.path.child(call.name.clone(), name)).unwrap_or_default();
        let context = self.here().map_or(0, |here| here.context);
        let child = self.units.contexts.get(context as usize).and_then(|context| context.children.get(position));
        let child = child.copied().unwrap_or(u32::MAX);
        self.add_instance(child, Instance { caller: self.current, path, variables, after, ..Instance::default() })
    }

    /// Evaluates which provider instances the instances of a call get.
    pub(super) fn call_providers(&mut self, position: usize) {
        let Some(call) = self.module.calls.get(position) else { return };
        let instances = match self.here().and_then(|here| here.calls.get(position)) {
            Some(CallState::Single(instance)) => vec![*instance],
            Some(CallState::Many(instances)) => instances.iter().map(|(_, instance)| *instance).collect(),
            _ => return,
        };
        for instance in instances {
            let variables =
                self.instances.get(instance as usize).map(|instance| instance.variables.clone()).unwrap_or_default();
            let passed = self.with_frame(call.locals, variables, |this| {
                let each = call.providers.iter();
                each.map(|(name, used)| (name.clone(), this.passed_provider(used, call.span))).collect()
            });
            if let Some(instance) = self.instances.get_mut(instance as usize) {
                instance.passed = passed;
            }
        }
        self.recorder.clear();
    }

    /// A call as a value: a record of outputs, a map of those, or null.
    pub(super) fn call_value(&mut self, position: usize) -> Result<Value, Fault> {
        match self.call_state_here(position) {
            CallState::Empty | CallState::Poisoned => Err(Fault::reported()),
            CallState::Absent => Ok(Value::Null),
            CallState::Single(instance) => self.outputs_of(instance),
            CallState::Many(instances) => {
                let each = instances.into_iter().map(|(key, instance)| Ok((key, self.outputs_of(instance)?)));
                each.collect::<Result<Map, Fault>>().map(Value::Map)
            }
            CallState::Deferred => self.deferred_call(position),
        }
    }

    fn deferred_call(&self, position: usize) -> Result<Value, Fault> {
        let call = self.module.calls.get(position).ok_or_else(Fault::reported)?;
        Ok(Value::attribute(self.call_address(call), AttributePath::root()))
    }

    fn call_state_here(&self, position: usize) -> CallState {
        self.here().and_then(|here| here.calls.get(position)).cloned().unwrap_or_default()
    }

    fn outputs_of(&mut self, instance: u32) -> Result<Value, Fault> {
        let before = self.enter(instance);
        let result = self.all_outputs();
        self.enter(before);
        result
    }

    fn all_outputs(&mut self) -> Result<Value, Fault> {
        let module = self.module;
        let each = module.outputs.iter().enumerate();
        let entries: Result<Map, Fault> =
            each.map(|(index, output)| Ok((output.name.clone(), self.read(|here| here.outputs.get(index))?))).collect();
        entries.map(Value::Map)
    }

    /// `call.output`, `call[key].output`: only this output is read. None where the general way is to be taken.
    pub(super) fn output_of(
        &mut self,
        position: usize,
        key: Option<&'p Expr>,
        name: &EcoString,
    ) -> Result<Option<Value>, Fault> {
        let instance = match (self.call_state_here(position), key) {
            (CallState::Empty | CallState::Poisoned, _) => return Err(Fault::reported()),
            (CallState::Single(instance), None) => instance,
            (CallState::Many(instances), Some(key)) => {
                let value = self.expression(key)?;
                let Value::String(wanted) = &value else { return Ok(None) };
                match instances.binary_search_by(|(key, _)| key.cmp(wanted)) {
                    Ok(position) => match instances.get(position) {
                        Some((_, instance)) => *instance,
                        None => return Ok(None),
                    },
                    Err(_) => {
                        let keys = Value::map(instances.into_iter().map(|(key, _)| (key, Value::Null)));
                        let missing = index(self, &keys, &value, Missing::Fails);
                        return missing.map_err(|fault| fault.at(key.span)).map(|_| None);
                    }
                }
            }
            // Null and unknowns are handled where members of any value are.
            _ => return Ok(None),
        };
        let before = self.enter(instance);
        let module = self.module;
        let output = module.outputs.iter().position(|output| output.name == *name);
        let value = output.map(|index| self.read(|here| here.outputs.get(index))).transpose();
        self.enter(before);
        value
    }

    /// Depends on all that is in the instances of a call (or in one).
    pub(super) fn depend_on_call(&mut self, position: usize, key: Option<&Value>) {
        let instances: Vec<u32> = match self.call_state_here(position) {
            CallState::Single(instance) => vec![instance],
            CallState::Many(instances) => instances
                .into_iter()
                .filter(|(name, _)| key.is_none_or(|key| key.as_str() == Some(name)))
                .map(|(_, instance)| instance)
                .collect(),
            _ => return,
        };
        let mut open = instances;
        while let Some(instance) = open.pop() {
            let Some(instance) = self.instances.get(instance as usize) else { continue };
            for state in &instance.blocks {
                match state {
                    BlockState::Single(node) => self.recorder.push(*node),
                    BlockState::Many(nodes, _) => {
                        self.recorder.extend(nodes.iter().map(|(_, node)| *node));
                    }
                    _ => {}
                }
            }
            for call in &instance.calls {
                match call {
                    CallState::Single(child) => open.push(*child),
                    CallState::Many(children) => open.extend(children.iter().map(|(_, child)| *child)),
                    _ => {}
                }
            }
        }
    }
}
