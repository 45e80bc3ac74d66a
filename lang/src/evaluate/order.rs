//! The order in which units are evaluated: what a unit needs comes before it. Cycles are found here.

use super::units::{UnitKind, Units};
use crate::program::Program;
use formwork_model::{Address, Code, Diagnostic, ModulePath, Span};

/// Units in order, and those that are part of a cycle.
pub(super) struct Order {
    pub(super) units: Vec<u32>,
    pub(super) cyclic: Vec<bool>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// A unit whose needs are being visited.
struct Frame {
    unit: u32,
    needs: Vec<u32>,
    next: usize,
}

/// Orders all units, without recursion: a chain may be as long as the stack is large.
pub(super) fn order(program: &Program, units: &Units) -> Order {
    let count = units.len() as usize;
    let mut search = Search {
        program,
        units,
        marks: vec![Mark::New; count],
        order: Order { units: Vec::with_capacity(count), cyclic: vec![false; count], diagnostics: Vec::new() },
    };
    for unit in 0..units.len() {
        search.from(unit);
    }
    search.order
}

struct Search<'a> {
    program: &'a Program,
    units: &'a Units,
    marks: Vec<Mark>,
    order: Order,
}

impl Search<'_> {
    fn mark(&self, unit: u32) -> Mark {
        self.marks.get(unit as usize).copied().unwrap_or(Mark::Done)
    }

    fn set(&mut self, unit: u32, mark: Mark) {
        if let Some(slot) = self.marks.get_mut(unit as usize) {
            *slot = mark;
        }
    }

    fn from(&mut self, start: u32) {
        if self.mark(start) != Mark::New {
            return;
        }
        let mut stack = vec![self.open(start)];
        while let Some(frame) = stack.last_mut() {
            let Some(need) = frame.needs.get(frame.next).copied() else {
                let unit = frame.unit;
                self.set(unit, Mark::Done);
                self.order.units.push(unit);
                stack.pop();
                continue;
            };
            frame.next += 1;
            match self.mark(need) {
                Mark::New => {
                    let frame = self.open(need);
                    stack.push(frame);
                }
                Mark::Open => {
                    let first = stack.iter().rposition(|frame| frame.unit == need).unwrap_or(0);
                    let cycle: Vec<u32> = stack.iter().skip(first).map(|frame| frame.unit).collect();
                    self.cycle(&cycle);
                }
                Mark::Done => {}
            }
        }
    }

    fn open(&mut self, unit: u32) -> Frame {
        self.set(unit, Mark::Open);
        let mut needs = Vec::new();
        self.units.needs(self.program, unit, &mut |need, _| needs.push(need));
        Frame { unit, needs, next: 0 }
    }

    fn cycle(&mut self, cycle: &[u32]) {
        let is_new = !cycle.iter().any(|unit| self.order.cyclic.get(*unit as usize).copied().unwrap_or(false));
        for unit in cycle {
            if let Some(slot) = self.order.cyclic.get_mut(*unit as usize) {
                *slot = true;
            }
        }
        if is_new {
            self.order.diagnostics.push(self.describe(cycle));
        }
    }

    /// `a.x -> b.y -> a.x`, each step with the place that makes it.
    fn describe(&self, cycle: &[u32]) -> Diagnostic {
        let steps = cycle.iter().zip(cycle.iter().cycle().skip(1));
        let mut names = Vec::new();
        let mut places: Vec<(Span, String)> = Vec::new();
        for (unit, next) in steps {
            let place = self.place(*unit, *next);
            let Some(name) = self.name(*unit, place) else { continue };
            if let Some(span) = place {
                let needed = self.name(*next, None).unwrap_or_default();
                places.push((span, format!("`{name}` needs `{needed}` here")));
            }
            names.push(name);
        }
        names.extend(names.first().cloned());
        let message = format!("these need each other: {}", names.join(" -> "));
        let mut diagnostic = Diagnostic::error(Code::new("E0601"), message)
            .help("take one of the references out: a value that both need belongs into a `let` or `param`");
        let mut places = places.into_iter();
        if let Some((span, text)) = places.next() {
            diagnostic = diagnostic.at(span, text);
        }
        places.fold(diagnostic, |diagnostic, (span, text)| diagnostic.label(span, text))
    }

    fn place(&self, unit: u32, next: u32) -> Option<Span> {
        let mut place = None;
        self.units.needs(self.program, unit, &mut |need, span| {
            if need == next {
                place = place.or(span);
            }
        });
        place
    }

    /// What a unit is called; with the attribute that stands at `place`.
    fn name(&self, unit: u32, place: Option<Span>) -> Option<String> {
        let (context, kind) = self.units.kind(self.program, unit)?;
        let module = self.units.module(self.program, context)?;
        let path = self.module_path(context);
        let prefix = if path.is_root() { String::new() } else { format!("{path}.") };
        let own = match kind {
            UnitKind::Param(index) => module.params.get(index)?.name.to_string(),
            UnitKind::Let(index) => module.lets.get(index)?.name.to_string(),
            UnitKind::Function(index) => format!("{}()", module.functions.get(index)?.name),
            UnitKind::Output(index) => module.outputs.get(index)?.name.to_string(),
            UnitKind::Call(index) => module.calls.get(index)?.name.to_string(),
            UnitKind::Provider(index) => {
                let block = module.providers.get(index)?;
                Address::provider(block.provider.clone(), block.name.clone()).to_string()
            }
            UnitKind::Block(index) => {
                let block = module.blocks.get(index)?;
                let attribute = block
                    .attributes
                    .iter()
                    .find(|attribute| place.is_some_and(|place| attribute.value.span.contains(place)));
                let attribute = attribute.map_or_else(String::new, |attribute| format!(".{}", attribute.name));
                format!("{}{}{attribute}", block.kind.prefix(), block.name)
            }
            UnitKind::Assert(_) | UnitKind::CallProviders(_) | UnitKind::End => return None,
        };
        Some(format!("{prefix}{own}"))
    }

    fn module_path(&self, mut context: usize) -> ModulePath {
        let mut names = Vec::new();
        while let Some((caller, call)) = self.units.contexts.get(context).and_then(|context| context.caller) {
            let module = self.units.module(self.program, caller as usize);
            names.extend(module.and_then(|module| module.calls.get(call)).map(|call| call.name.clone()));
            context = caller as usize;
        }
        names.into_iter().rev().fold(ModulePath::root(), |path, name| path.child(name, None))
    }
}
