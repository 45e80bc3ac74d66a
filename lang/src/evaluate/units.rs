//! What is evaluated one after another: each declaration of each called module is a unit. A unit of a module that is
//! called by `for` is evaluated once for each instance.

use crate::program::{Call, Expr, Module, ModuleId, Program, ProviderUse};
use formwork_model::Span;

use super::references::{Reference, each_reference};

/// A module in a place of the tree of calls.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) module: ModuleId,
    /// The calling context and the number of the call in its module; none for the root.
    pub(crate) caller: Option<(u32, usize)>,
    /// The contexts of its calls.
    pub(crate) children: Vec<u32>,
    /// Its first unit.
    first_unit: u32,
}

/// What a unit is; the number is an index into the table of its module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Param(usize),
    Let(usize),
    Function(usize),
    Provider(usize),
    /// The header of a call: which instances there are.
    Call(usize),
    /// The providers that a call passes.
    CallProviders(usize),
    Block(usize),
    Output(usize),
    Assert(usize),
    /// All that is in the module: what `after MODULE` waits for.
    End,
}

/// The tree of contexts and the numbering of their units.
#[derive(Debug, Default)]
pub(crate) struct Units {
    pub(crate) contexts: Vec<Context>,
    count: u32,
}

/// More calls than this are a mistake: modules that call each other twice at each of many levels.
const MAXIMUM_CONTEXTS: usize = 100_000;

impl Units {
    /// Numbers the units of a program; none when there are too many calls.
    pub(crate) fn of(program: &Program) -> Option<Self> {
        let mut units = Self::default();
        let mut open: Vec<(ModuleId, Option<(u32, usize)>)> = Vec::new();
        open.extend((!program.modules.is_empty()).then_some((ModuleId(0), None)));
        while let Some((module, caller)) = open.pop() {
            if units.contexts.len() >= MAXIMUM_CONTEXTS {
                return None;
            }
            let id = u32::try_from(units.contexts.len()).ok()?;
            // A call whose module is not there was told.
            let Some(declared) = program.modules.get(module.index()) else { continue };
            if let Some((parent, call)) = caller {
                let children = &mut units.contexts.get_mut(parent as usize)?.children;
                *children.get_mut::<usize>(call)? = id;
            }
            units.contexts.push(Context {
                module,
                caller,
                children: vec![u32::MAX; declared.calls.len()],
                first_unit: units.count,
            });
            units.count = units.count.checked_add(size(declared))?;
            // Pushed in reverse, so that the first call's context comes first.
            let calls = declared.calls.iter().enumerate().rev();
            open.extend(calls.map(|(index, call)| (call.module, Some((id, index)))));
        }
        Some(units)
    }

    /// Number of units.
    pub(crate) const fn len(&self) -> u32 {
        self.count
    }

    /// The context of a unit.
    pub(crate) fn context_of(&self, unit: u32) -> usize {
        self.contexts.partition_point(|context| context.first_unit <= unit).saturating_sub(1)
    }

    pub(crate) fn module<'p>(&self, program: &'p Program, context: usize) -> Option<&'p Module> {
        program.modules.get(self.contexts.get(context)?.module.index())
    }

    /// What a unit is.
    pub(crate) fn kind(&self, program: &Program, unit: u32) -> Option<(usize, UnitKind)> {
        let context = self.context_of(unit);
        let module = self.module(program, context)?;
        let mut offset = (unit - self.contexts.get(context)?.first_unit) as usize;
        for (length, make) in sections(module) {
            if offset < length {
                return Some((context, make(offset)));
            }
            offset -= length;
        }
        Some((context, UnitKind::End))
    }

    /// The number of a unit.
    pub(crate) fn number(&self, program: &Program, context: usize, kind: UnitKind) -> Option<u32> {
        let module = self.module(program, context)?;
        let mut first = self.contexts.get(context)?.first_unit as usize;
        for (length, make) in sections(module) {
            if let Some(index) = position(kind)
                && index < length
                && make(index) == kind
            {
                return u32::try_from(first + index).ok();
            }
            first += length;
        }
        (kind == UnitKind::End).then(|| u32::try_from(first).ok()).flatten()
    }

    /// What a unit needs to be evaluated before, each with the place that says so.
    pub(crate) fn needs(&self, program: &Program, unit: u32, visit: &mut dyn FnMut(u32, Option<Span>)) {
        if let Some((context, kind)) = self.kind(program, unit)
            && let Some(module) = self.module(program, context)
        {
            Needs { units: self, program, context, module, visit }.of(kind);
        }
    }
}

type Section = (usize, fn(usize) -> UnitKind);

fn sections(module: &Module) -> [Section; 9] {
    [
        (module.params.len(), UnitKind::Param),
        (module.lets.len(), UnitKind::Let),
        (module.functions.len(), UnitKind::Function),
        (module.providers.len(), UnitKind::Provider),
        (module.calls.len(), UnitKind::Call),
        (module.calls.len(), UnitKind::CallProviders),
        (module.blocks.len(), UnitKind::Block),
        (module.outputs.len(), UnitKind::Output),
        (module.asserts.len(), UnitKind::Assert),
    ]
}

fn size(module: &Module) -> u32 {
    let units: usize = sections(module).iter().map(|(length, _)| length).sum();
    u32::try_from(units + 1).unwrap_or(u32::MAX)
}

const fn position(kind: UnitKind) -> Option<usize> {
    match kind {
        UnitKind::Param(index)
        | UnitKind::Let(index)
        | UnitKind::Function(index)
        | UnitKind::Provider(index)
        | UnitKind::Call(index)
        | UnitKind::CallProviders(index)
        | UnitKind::Block(index)
        | UnitKind::Output(index)
        | UnitKind::Assert(index) => Some(index),
        UnitKind::End => None,
    }
}

/// Finds what a unit needs.
struct Needs<'a, 'p> {
    units: &'a Units,
    program: &'p Program,
    context: usize,
    module: &'p Module,
    visit: &'a mut dyn FnMut(u32, Option<Span>),
}

impl<'p> Needs<'_, 'p> {
    fn of(mut self, kind: UnitKind) {
        if let Some(caller) = self.caller() {
            self.unit(caller.0, UnitKind::Call(caller.1), None);
        }
        match kind {
            UnitKind::Param(index) => self.param(index),
            UnitKind::Let(index) => self.all(self.module.lets.get(index).map(|declared| &declared.value)),
            UnitKind::Output(index) => self.all(self.module.outputs.get(index).map(|declared| &declared.value)),
            UnitKind::Function(index) => self.all(self.module.functions.get(index).map(|declared| &declared.body)),
            UnitKind::Provider(index) => self.provider(index),
            UnitKind::Call(index) => self.call(index),
            UnitKind::CallProviders(index) => self.call_providers(index),
            UnitKind::Block(index) => self.block(index),
            UnitKind::Assert(index) => {
                let condition = self.module.asserts.get(index);
                self.all(condition.map(|condition| &condition.condition));
                self.all(condition.and_then(|condition| condition.message.as_ref()));
            }
            UnitKind::End => self.end(),
        }
    }

    fn caller(&self) -> Option<(usize, usize)> {
        let (context, call) = self.units.contexts.get(self.context)?.caller?;
        Some((context as usize, call))
    }

    fn caller_call(&self) -> Option<(usize, &'p Module, &'p Call)> {
        let (context, call) = self.caller()?;
        let module = self.units.module(self.program, context)?;
        Some((context, module, module.calls.get(call)?))
    }

    fn unit(&mut self, context: usize, kind: UnitKind, span: Option<Span>) {
        if let Some(unit) = self.units.number(self.program, context, kind) {
            (self.visit)(unit, span);
        }
    }

    fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        for expression in expressions {
            self.expression(self.context, expression);
        }
    }

    fn expression(&mut self, context: usize, expression: &Expr) {
        each_reference(expression, &mut |reference, span| self.reference(context, reference, span));
    }

    fn reference(&mut self, context: usize, reference: Reference<'_>, span: Span) {
        let kind = match reference {
            Reference::Param(id) => UnitKind::Param(id.index()),
            Reference::Let(id) => UnitKind::Let(id.index()),
            Reference::Function(id) => UnitKind::Function(id.index()),
            Reference::Block(id) => UnitKind::Block(id.index()),
            Reference::Call(id, output) => {
                self.unit(context, UnitKind::Call(id.index()), Some(span));
                return self.outputs(context, id.index(), output, span);
            }
        };
        self.unit(context, kind, Some(span));
    }

    fn outputs(&mut self, context: usize, call: usize, output: Option<&str>, span: Span) {
        let Some(child) = self.units.contexts.get(context).and_then(|context| context.children.get(call)) else {
            return;
        };
        let child = *child as usize;
        let Some(module) = self.units.module(self.program, child) else { return };
        for (index, declared) in module.outputs.iter().enumerate() {
            if output.is_none_or(|output| output == declared.name) {
                self.unit(child, UnitKind::Output(index), Some(span));
            }
        }
    }

    fn param(&mut self, index: usize) {
        let Some(param) = self.module.params.get(index) else { return };
        for condition in &param.conditions {
            self.all(std::iter::once(&condition.condition).chain(&condition.message));
        }
        let argument = self.caller_call().and_then(|(context, _, call)| {
            let argument = call.arguments.get(index)?.as_ref()?;
            Some((context, argument))
        });
        match argument {
            Some((context, argument)) => self.expression(context, argument),
            None => self.all(&param.default),
        }
    }

    fn provider(&mut self, index: usize) {
        let Some(block) = self.module.providers.get(index) else { return };
        self.all(block.iteration.as_ref().map(|iteration| &iteration.source));
        self.all(block.condition.iter().chain(&block.defaults));
        self.all(block.attributes.iter().map(|attribute| &attribute.value));
        self.after(&block.after);
    }

    fn call(&mut self, index: usize) {
        let Some(call) = self.module.calls.get(index) else { return };
        self.all(call.iteration.as_ref().map(|iteration| &iteration.source));
        self.all(&call.condition);
        self.after(&call.after);
    }

    fn call_providers(&mut self, index: usize) {
        let Some(call) = self.module.calls.get(index) else { return };
        self.unit(self.context, UnitKind::Call(index), None);
        for (_, used) in &call.providers {
            self.provider_use(used, call.span);
        }
    }

    fn block(&mut self, index: usize) {
        let Some(block) = self.module.blocks.get(index) else { return };
        self.provider_use(&block.provider, block.span);
        self.all(block.iteration.as_ref().map(|iteration| &iteration.source));
        self.all(&block.condition);
        self.all(block.attributes.iter().map(|attribute| &attribute.value));
        self.all(&block.decorators.replace_when);
        self.after(&block.after);
    }

    fn provider_use(&mut self, used: &'p ProviderUse, span: Span) {
        match used {
            ProviderUse::Own(id, key) => {
                self.unit(self.context, UnitKind::Provider(id.index()), Some(span));
                self.all(key);
            }
            ProviderUse::Passed(_) => {
                if let Some((context, call)) = self.caller() {
                    self.unit(context, UnitKind::CallProviders(call), Some(span));
                }
            }
            ProviderUse::Implicit(_) | ProviderUse::Lost => {}
        }
    }

    /// What stands behind `after` may be a whole module.
    fn after(&mut self, expressions: &'p [Expr]) {
        for expression in expressions {
            if let Some(call) = super::references::called(expression)
                && let Some(child) = self.units.contexts.get(self.context).and_then(|at| at.children.get(call.index()))
            {
                self.unit(*child as usize, UnitKind::End, Some(expression.span));
            }
            self.expression(self.context, expression);
        }
    }

    fn end(&mut self) {
        for index in 0..self.module.blocks.len() {
            self.unit(self.context, UnitKind::Block(index), None);
        }
        let children = self.units.contexts.get(self.context).map_or(&[][..], |context| &context.children);
        for child in children {
            self.unit(*child as usize, UnitKind::End, None);
        }
    }
}
