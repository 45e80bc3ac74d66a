//! The evaluator's state: where it is, what it has, and what it depends on.

use super::instances::{BlockState, CallState, Instance, ProviderSlot, ProviderState, Slot};
use super::limits::{MAXIMUM_NESTING, MAXIMUM_STEPS};
use super::node::Nodes;
use super::units::{UnitKind, Units};
use crate::graph::{Check, Deferred, Forget, Import, Known, Moved, Output, Subject, Variable};
use crate::inputs::Inputs;
use crate::program::{LocalId, Module, Program};
use crate::residual::{Fault, FaultKind};
use crate::source::Sources;
use ecow::{EcoString, EcoVec};
use formwork_model::{Diagnostic, InputSource, Map, Span, Value};
use std::collections::{BTreeMap, HashMap};

/// Evaluates the units of a program, one after another.
pub(crate) struct Evaluator<'p> {
    pub(crate) program: &'p Program,
    pub(crate) inputs: &'p Inputs,
    pub(crate) known: &'p dyn Known,
    pub(crate) sources: &'p dyn Sources,
    pub(crate) units: Units,
    pub(crate) instances: Vec<Instance>,
    /// For each context its instances.
    pub(crate) context_instances: Vec<Vec<u32>>,
    /// The instance that is evaluated.
    pub(crate) current: u32,
    pub(crate) module: &'p Module,
    /// The unit that is evaluated.
    pub(crate) unit: u32,
    /// The instance that the unit belongs to; an argument is evaluated in the caller's.
    pub(crate) home: u32,
    /// Locals of the frames, innermost last.
    stack: Vec<Value>,
    base: usize,
    /// Nodes that what is evaluated depends on.
    pub(crate) recorder: Vec<u32>,
    /// Number of the next variable of a comprehension over an unknown.
    pub(crate) next_variable: u32,
    /// How many comprehensions over unknowns are around.
    pub(crate) symbolic: u32,
    /// Unknown conditions under which the evaluated branch is taken.
    pub(crate) assumptions: Vec<Value>,
    nesting: u32,
    steps: u64,
    pub(crate) nodes: Nodes,
    pub(crate) implicit_providers: HashMap<EcoString, ProviderSlot>,
    /// `defaults` of provider instances.
    pub(crate) defaults: Vec<Map>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) checks: Vec<Check>,
    pub(crate) held: Vec<Subject>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) imports: Vec<Import>,
    pub(crate) forgets: Vec<Forget>,
    pub(crate) deferred: Vec<Deferred>,
    pub(crate) written_inputs: BTreeMap<InputSource, Span>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'p> Evaluator<'p> {
    pub(crate) fn new(
        program: &'p Program,
        inputs: &'p Inputs,
        known: &'p dyn Known,
        sources: &'p dyn Sources,
        units: Units,
    ) -> Option<Self> {
        let module = program.modules.first()?;
        let mut evaluator = Self {
            program,
            inputs,
            known,
            sources,
            context_instances: vec![Vec::new(); units.contexts.len()],
            units,
            instances: Vec::new(),
            current: 0,
            module,
            unit: 0,
            home: 0,
            stack: Vec::new(),
            base: 0,
            recorder: Vec::new(),
            next_variable: 0,
            symbolic: 0,
            assumptions: Vec::new(),
            nesting: 0,
            steps: 0,
            nodes: Nodes::default(),
            implicit_providers: HashMap::new(),
            defaults: Vec::new(),
            outputs: Vec::new(),
            variables: Vec::new(),
            checks: Vec::new(),
            held: Vec::new(),
            moved: Vec::new(),
            imports: Vec::new(),
            forgets: Vec::new(),
            deferred: Vec::new(),
            written_inputs: BTreeMap::new(),
            diagnostics: Vec::new(),
        };
        evaluator.add_instance(0, Instance::default());
        Some(evaluator)
    }

    /// For expressions that refer to nothing.
    pub(crate) fn closed(
        program: &'p Program,
        inputs: &'p Inputs,
        known: &'p dyn Known,
        sources: &'p dyn Sources,
    ) -> Option<Self> {
        Self::new(program, inputs, known, sources, Units::default())
    }

    /// Adds an instance of a module, with room for all that is declared there.
    pub(crate) fn add_instance(&mut self, context: u32, instance: Instance) -> u32 {
        let id = u32::try_from(self.instances.len()).unwrap_or(u32::MAX);
        let Some(module) = self.units.module(self.program, context as usize) else { return id };
        self.instances.push(Instance {
            context,
            params: vec![Slot::Empty; module.params.len()],
            lets: vec![Slot::Empty; module.lets.len()],
            outputs: vec![Slot::Empty; module.outputs.len()],
            blocks: vec![BlockState::Empty; module.blocks.len()],
            calls: vec![CallState::Empty; module.calls.len()],
            providers: vec![ProviderState::Empty; module.providers.len()],
            ..instance
        });
        if let Some(instances) = self.context_instances.get_mut(context as usize) {
            instances.push(id);
        }
        id
    }

    /// Goes to an instance; gives where it was.
    pub(crate) fn enter(&mut self, instance: u32) -> u32 {
        let before = std::mem::replace(&mut self.current, instance);
        let context = self.instances.get(instance as usize).map_or(0, |instance| instance.context);
        if let Some(module) = self.units.module(self.program, context as usize) {
            self.module = module;
        }
        before
    }

    /// The instance that is evaluated.
    pub(crate) fn here(&self) -> Option<&Instance> {
        self.instances.get(self.current as usize)
    }

    pub(crate) fn here_mut(&mut self) -> Option<&mut Instance> {
        self.instances.get_mut(self.current as usize)
    }

    /// Runs `work` with a frame of `size` locals, the first of which are given.
    pub(crate) fn with_frame<T>(
        &mut self,
        size: u32,
        locals: impl IntoIterator<Item = Value>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.base, self.stack.len());
        let base = self.base;
        self.stack.extend(locals);
        let wanted = base + size as usize;
        if self.stack.len() < wanted {
            self.stack.resize(wanted, Value::Null);
        }
        let result = work(self);
        self.stack.truncate(base);
        self.base = outer;
        result
    }

    pub(crate) fn local(&self, id: LocalId) -> Value {
        self.stack.get(self.base + id.index()).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn set_local(&mut self, id: LocalId, value: Value) {
        let index = self.base + id.index();
        // A frame that was counted too small is still a frame.
        if index >= self.stack.len() {
            self.stack.resize(index + 1, Value::Null);
        }
        if let Some(slot) = self.stack.get_mut(index) {
            *slot = value;
        }
    }

    /// Runs `work`, and gives what it depends on, apart.
    pub(crate) fn recording<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<u32>) {
        let outer = std::mem::take(&mut self.recorder);
        let result = work(self);
        (result, std::mem::replace(&mut self.recorder, outer))
    }

    /// Counts a step into an expression; refuses what nests too deeply or takes too long.
    pub(crate) fn step_in(&mut self) -> Result<(), Fault> {
        self.nesting += 1;
        self.steps += 1;
        if self.nesting > MAXIMUM_NESTING {
            return Err(FaultKind::TooLarge { what: "functions and expressions nest too deeply" }.into());
        }
        if self.steps > MAXIMUM_STEPS {
            return Err(FaultKind::TooLarge { what: "evaluating the stack takes too many steps" }.into());
        }
        Ok(())
    }

    pub(crate) const fn step_out(&mut self) {
        self.nesting -= 1;
    }

    /// Reports a fault, unless it was.
    pub(crate) fn report(&mut self, fault: Fault) {
        if !fault.is_reported() {
            self.diagnostics.extend(fault.into_diagnostics());
        }
    }

    /// What was found is kept for others; or that there is nothing.
    pub(crate) fn slot(&mut self, result: Result<Value, Fault>, dependencies: Vec<u32>) -> Slot {
        match result {
            Ok(value) => {
                let dependencies = self.through_junction(dependencies);
                Slot::Ready { value, dependencies }
            }
            Err(fault) => {
                self.report(fault);
                Slot::Poisoned
            }
        }
    }

    /// Reads a slot, and depends on what it depends on.
    pub(crate) fn read(&mut self, pick: impl FnOnce(&Instance) -> Option<&Slot>) -> Result<Value, Fault> {
        let Some(instance) = self.instances.get(self.current as usize) else { return Err(Fault::reported()) };
        match pick(instance) {
            Some(Slot::Ready { value, dependencies }) => {
                self.recorder.extend_from_slice(dependencies);
                Ok(value.clone())
            }
            _ => Err(Fault::reported()),
        }
    }

    /// Marks a unit of a cycle.
    pub(crate) fn poison(&mut self, kind: UnitKind) {
        let Some(here) = self.here_mut() else { return };
        match kind {
            UnitKind::Param(index) => set(&mut here.params, index, Slot::Poisoned),
            UnitKind::Let(index) => set(&mut here.lets, index, Slot::Poisoned),
            UnitKind::Output(index) => set(&mut here.outputs, index, Slot::Poisoned),
            UnitKind::Provider(index) => set(&mut here.providers, index, ProviderState::Poisoned),
            UnitKind::Call(index) => set(&mut here.calls, index, CallState::Poisoned),
            UnitKind::Block(index) => set(&mut here.blocks, index, BlockState::Poisoned),
            UnitKind::CallProviders(_) | UnitKind::Assert(_) | UnitKind::Function(_) | UnitKind::End => {}
        }
    }

    /// The dependencies as they are kept with a value: many become one junction.
    fn through_junction(&mut self, mut dependencies: Vec<u32>) -> EcoVec<u32> {
        self.nodes.settle(&mut dependencies);
        if dependencies.len() <= super::node::FEW {
            return dependencies.into_iter().collect();
        }
        let address = self.declared_address();
        let span = self.declared_span();
        let junction = self.nodes.junction(address, span, &dependencies, (self.current, self.unit));
        EcoVec::from([junction].as_slice())
    }
}

pub(crate) fn set<T>(table: &mut [T], index: usize, value: T) {
    if let Some(slot) = table.get_mut(index) {
        *slot = value;
    }
}
