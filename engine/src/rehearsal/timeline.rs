//! How long an apply would take in the real cloud: the plan's order, with the times that its types usually need.

use crate::plan::{Action, Operation, OperationIndex, Plan};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When a change would begin and end, in seconds from the apply's begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which, in [`Plan::operations`].
    pub operation: OperationIndex,
    /// Its begin.
    pub begins_s: u64,
    /// Its end.
    pub ends_s: u64,
}

/// The changes of a plan in the order in which they begin, with so many at a time.
#[must_use]
pub fn timeline(plan: &Plan, parallelism: usize) -> Vec<Step> {
    let mut simulation = Simulation::new(plan);
    let mut steps = Vec::new();
    let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut now = 0;
    loop {
        while running.len() < parallelism.max(1) || simulation.next_is_free() {
            let Some(index) = simulation.ready.pop().map(|(_, Reverse(index))| index) else { break };
            let ends = now + simulation.seconds(index);
            if let Some(operation) = plan.operations.get(index).filter(|operation| acts(operation)) {
                let expected = u64::from(operation.expected_s);
                let operation = OperationIndex(u32::try_from(index).unwrap_or(u32::MAX));
                steps.push(Step { operation, begins_s: now, ends_s: now + expected });
                running.push(Reverse((ends, index)));
            } else {
                simulation.finish(index);
            }
        }
        let Some(Reverse((ends, index))) = running.pop() else { return steps };
        now = ends;
        simulation.finish(index);
    }
}

/// Whether an operation takes its time in the cloud.
fn acts(operation: &Operation) -> bool {
    matches!(operation.action, Action::Create | Action::Update | Action::Delete)
}

struct Simulation<'a> {
    plan: &'a Plan,
    /// How many it still waits for.
    waits_for: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    /// The longest way to the end from here.
    length: Vec<u64>,
    ready: BinaryHeap<(u64, Reverse<usize>)>,
}

impl<'a> Simulation<'a> {
    fn new(plan: &'a Plan) -> Self {
        let count = plan.operations.len();
        let mut dependents = vec![Vec::new(); count];
        let mut waits_for = vec![0; count];
        for (index, operation) in plan.operations.iter().enumerate() {
            for needed in &operation.depends_on {
                if let (Some(list), Some(waits)) = (dependents.get_mut(needed.0 as usize), waits_for.get_mut(index)) {
                    list.push(index);
                    *waits += 1;
                }
            }
        }
        let mut simulation = Self { plan, waits_for, dependents, length: vec![0; count], ready: BinaryHeap::new() };
        simulation.measure();
        for index in 0..count {
            simulation.offer(index);
        }
        simulation
    }

    fn seconds(&self, index: usize) -> u64 {
        let operation = self.plan.operations.get(index).filter(|operation| acts(operation));
        operation.map_or(0, |operation| u64::from(operation.expected_s))
    }

    /// The longest ways, from the ends backwards.
    fn measure(&mut self) {
        let mut order = Vec::with_capacity(self.length.len());
        let mut waits = self.waits_for.clone();
        let mut free: Vec<usize> =
            waits.iter().enumerate().filter(|(_, waits)| **waits == 0).map(|(index, _)| index).collect();
        while let Some(index) = free.pop() {
            order.push(index);
            for dependent in self.dependents.get(index).into_iter().flatten() {
                if let Some(waits) = waits.get_mut(*dependent) {
                    *waits -= 1;
                    if *waits == 0 {
                        free.push(*dependent);
                    }
                }
            }
        }
        for index in order.into_iter().rev() {
            let behind = self.dependents.get(index).into_iter().flatten();
            let behind = behind.filter_map(|dependent| self.length.get(*dependent)).max().copied().unwrap_or(0);
            let own = self.seconds(index);
            if let Some(length) = self.length.get_mut(index) {
                *length = own + behind;
            }
        }
    }

    /// Makes it ready where it waits for nothing.
    fn offer(&mut self, index: usize) {
        if self.waits_for.get(index) == Some(&0) {
            let length = self.length.get(index).copied().unwrap_or(0);
            self.ready.push((length, Reverse(index)));
        }
    }

    /// Whether the next one that is ready takes no place among those that run.
    fn next_is_free(&self) -> bool {
        let next = self.ready.peek().and_then(|(_, Reverse(index))| self.plan.operations.get(*index));
        next.is_some_and(|operation| !acts(operation))
    }

    fn finish(&mut self, index: usize) {
        for dependent in self.dependents.get(index).cloned().unwrap_or_default() {
            if let Some(waits) = self.waits_for.get_mut(dependent) {
                *waits = waits.saturating_sub(1);
            }
            self.offer(dependent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{ProviderIndex, Reason};
    use formwork_model::{Address, TypeName};
    use formwork_state::record::Lifecycle;

    fn operation(name: &str, expected_s: u32, depends_on: &[u32]) -> Operation {
        Operation {
            address: Address::resource(name),
            type_name: TypeName::new("mock", "thing"),
            action: if expected_s == 0 { Action::NoOp } else { Action::Create },
            reason: Reason::Config,
            provider: ProviderIndex(0),
            depends_on: depends_on.iter().copied().map(OperationIndex).collect(),
            row: None,
            counterpart: None,
            config: None,
            prior: None,
            planned: None,
            private: Vec::new(),
            replace_paths: Vec::new(),
            ignore: Vec::new(),
            replace_when: None,
            lifecycle: Lifecycle::default(),
            dependencies: Vec::new(),
            timeout_ms: 0,
            expected_s,
            span: None,
        }
    }

    fn times(operations: Vec<Operation>, parallelism: usize) -> Vec<(u32, u64, u64)> {
        let plan = Plan { operations, ..Plan::default() };
        let steps = timeline(&plan, parallelism).into_iter();
        steps.map(|step| (step.operation.0, step.begins_s, step.ends_s)).collect()
    }

    #[test]
    fn what_depends_waits_and_the_longest_way_goes_first() {
        // 3 needs 1 through a no-op; 0 is short, 1 begins the longest way.
        let operations =
            || vec![operation("a", 5, &[]), operation("b", 10, &[]), operation("c", 0, &[1]), operation("d", 60, &[2])];
        assert_eq!(times(operations(), 10), [(1, 0, 10), (0, 0, 5), (3, 10, 70)]);
        assert_eq!(times(operations(), 1), [(1, 0, 10), (3, 10, 70), (0, 70, 75)]);
        assert!(times(Vec::new(), 1).is_empty());
    }
}
