//! Which operation runs when: what it depends on first, the longest expected path first, no more at a time than asked.

use super::perform::{self, Ended};
use super::{ApplyReport, Shared, resume};
use crate::event::{ChangeKind, Event, Summary};
use crate::plan::{Action, Operation, OperationIndex, Plan};
use crate::ports::Interruption;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Operations that may wait for the journal at the same time, however few calls are made at a time: they share flushes.
const WINDOW: usize = 128;

/// Number of changes that a plan makes.
pub(crate) fn changes(plan: &Plan) -> usize {
    plan.operations.iter().filter(|operation| change_kind(operation.action).is_some()).count()
}

/// What people call an action; none for a no-op.
pub(crate) const fn change_kind(action: Action) -> Option<ChangeKind> {
    match action {
        Action::NoOp => None,
        Action::Create => Some(ChangeKind::Create),
        Action::Update => Some(ChangeKind::Update),
        Action::Delete => Some(ChangeKind::Delete),
        Action::Read => Some(ChangeKind::Read),
        Action::Open => Some(ChangeKind::Open),
        Action::Forget => Some(ChangeKind::State),
    }
}

/// Runs all operations of the plan.
pub(crate) async fn run(shared: &Arc<Shared>, parallelism: usize, report: &mut ApplyReport) {
    let mut schedule = Schedule::new(&shared.plan);
    let calls = Arc::new(Semaphore::new(parallelism));
    let mut tasks: JoinSet<(u32, Ended)> = JoinSet::new();
    let mut interruption = shared.interruption.clone();
    loop {
        while tasks.len() < WINDOW.max(parallelism) && shared.interruption() == Interruption::None {
            let Some(index) = schedule.ready.pop().map(|(_, Reverse(index))| index) else { break };
            if let Some(ended) = start(shared, index, &calls, &mut tasks) {
                settle(shared, &mut schedule, report, index, ended);
            }
        }
        if tasks.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            // Before the ends that it brings about.
            Ok(()) = interruption.changed() => {
                let cancelled = *interruption.borrow_and_update() == Interruption::Cancel;
                shared.events.emit(Event::Interrupted { in_flight: shared.calls_in_flight(), cancelled });
            }
            Some(joined) = tasks.join_next() => match joined {
                Ok((index, ended)) => settle(shared, &mut schedule, report, index, ended),
                // Panics of providers are caught where they are called; this one is ours.
                Err(error) => report.diagnostics.push(perform::broke_down(&error)),
            },
        }
    }
    skip_the_rest(shared, &schedule, &mut report.summary);
}

/// Starts an operation. What needs no task ends at once.
fn start(shared: &Arc<Shared>, index: u32, calls: &Arc<Semaphore>, tasks: &mut JoinSet<(u32, Ended)>) -> Option<Ended> {
    let operation = shared.plan.operation(OperationIndex(index))?;
    if operation.action == Action::NoOp || resume::is_done(shared, OperationIndex(index), operation) {
        return Some(Ended::Unchanged);
    }
    let (shared, calls) = (Arc::clone(shared), Arc::clone(calls));
    tasks.spawn(async move { (index, perform::perform(&shared, OperationIndex(index), &calls).await) });
    None
}

/// Takes the end of an operation: counts it, and lets its dependents go on or fall.
fn settle(shared: &Shared, schedule: &mut Schedule<'_>, report: &mut ApplyReport, index: u32, ended: Ended) {
    let Some(operation) = shared.plan.operation(OperationIndex(index)) else { return };
    match ended {
        Ended::Unchanged => schedule.succeed(index),
        Ended::Done(warnings) => {
            report.diagnostics.extend(warnings);
            count(&mut report.summary, operation);
            schedule.succeed(index);
        }
        Ended::Failed(diagnostic) => {
            report.summary.failed += 1;
            report.diagnostics.push(*diagnostic);
            schedule.fail(index);
        }
        // It is counted with the rest, when all has ended.
        Ended::Interrupted => schedule.give_back(index),
    }
}

const fn count(summary: &mut Summary, operation: &Operation) {
    match operation.action {
        Action::Create => summary.created += 1,
        Action::Update => summary.updated += 1,
        Action::Delete => summary.deleted += 1,
        Action::Forget => summary.state_only += 1,
        Action::NoOp | Action::Read | Action::Open => {}
    }
}

/// Tells what was not done, and why.
fn skip_the_rest(shared: &Shared, schedule: &Schedule<'_>, summary: &mut Summary) {
    for (operation, fate) in shared.plan.operations.iter().zip(&schedule.fates) {
        let Some(change) = change_kind(operation.action) else { continue };
        let because_of = match fate {
            Fate::Ended => continue,
            Fate::Waiting => None,
            Fate::Skipped(cause) => shared.plan.operation(OperationIndex(*cause)).map(|cause| cause.address.clone()),
        };
        summary.skipped += 1;
        shared.events.emit(Event::OperationSkipped { address: operation.address.clone(), change, because_of });
    }
}

/// What has become of an operation.
#[derive(Clone, Copy)]
enum Fate {
    Waiting,
    Ended,
    /// Not done because this one failed.
    Skipped(u32),
}

struct Schedule<'a> {
    plan: &'a Plan,
    fates: Vec<Fate>,
    /// How many dependencies each operation waits for.
    waiting: Vec<u32>,
    /// Dependents of operation `i` are `dependents[dependent_starts[i]..dependent_starts[i + 1]]`.
    dependent_starts: Vec<u32>,
    dependents: Vec<u32>,
    ready: BinaryHeap<(u64, Reverse<u32>)>,
    /// Seconds from the start of each operation to the end of all that waits for it.
    path: Vec<u64>,
}

impl<'a> Schedule<'a> {
    fn new(plan: &'a Plan) -> Self {
        let count = plan.operations.len();
        let waiting: Vec<u32> = plan.operations.iter().map(|operation| operation.depends_on.len() as u32).collect();
        let (dependent_starts, dependents) = turn_around(plan);
        let mut schedule = Self {
            plan,
            fates: vec![Fate::Waiting; count],
            waiting,
            dependent_starts,
            dependents,
            ready: BinaryHeap::new(),
            path: vec![0; count],
        };
        schedule.measure_paths();
        for index in 0..count as u32 {
            if schedule.waiting.get(index as usize) == Some(&0) {
                schedule.make_ready(index);
            }
        }
        schedule
    }

    fn dependents(&self, index: u32) -> &[u32] {
        let start = self.dependent_starts.get(index as usize).copied().unwrap_or(0) as usize;
        let end = self.dependent_starts.get(index as usize + 1).copied().unwrap_or(0) as usize;
        self.dependents.get(start..end).unwrap_or(&[])
    }

    /// In an order in which dependencies come first, from behind.
    fn measure_paths(&mut self) {
        let mut waiting = self.waiting.clone();
        let mut order: Vec<u32> =
            (0..waiting.len() as u32).filter(|index| waiting.get(*index as usize) == Some(&0)).collect();
        let mut next = 0;
        while let Some(index) = order.get(next).copied() {
            next += 1;
            for dependent in self.dependents(index) {
                if let Some(count) = waiting.get_mut(*dependent as usize) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        order.push(*dependent);
                    }
                }
            }
        }
        for index in order.into_iter().rev() {
            let behind = self.dependents(index).iter().filter_map(|dependent| self.path.get(*dependent as usize)).max();
            let own = self.plan.operation(OperationIndex(index)).map_or(0, |operation| operation.expected_s);
            let length = behind.copied().unwrap_or(0) + u64::from(own);
            if let Some(slot) = self.path.get_mut(index as usize) {
                *slot = length;
            }
        }
    }

    fn make_ready(&mut self, index: u32) {
        let priority = self.path.get(index as usize).copied().unwrap_or(0);
        self.ready.push((priority, Reverse(index)));
    }

    fn set_fate(&mut self, index: u32, fate: Fate) {
        if let Some(slot) = self.fates.get_mut(index as usize) {
            *slot = fate;
        }
    }

    fn succeed(&mut self, index: u32) {
        self.set_fate(index, Fate::Ended);
        for position in 0..self.dependents(index).len() {
            let Some(dependent) = self.dependents(index).get(position).copied() else { continue };
            let Some(count) = self.waiting.get_mut(dependent as usize) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 && matches!(self.fates.get(dependent as usize), Some(Fate::Waiting)) {
                self.make_ready(dependent);
            }
        }
    }

    /// Everything that waits for a failed operation, directly or not, is skipped.
    fn fail(&mut self, index: u32) {
        self.set_fate(index, Fate::Ended);
        let mut stack: Vec<u32> = self.dependents(index).to_vec();
        while let Some(dependent) = stack.pop() {
            if matches!(self.fates.get(dependent as usize), Some(Fate::Waiting)) {
                self.set_fate(dependent, Fate::Skipped(index));
                stack.extend_from_slice(self.dependents(dependent));
            }
        }
    }

    fn give_back(&mut self, index: u32) {
        self.set_fate(index, Fate::Waiting);
    }
}

/// From what operations depend on to what depends on them.
fn turn_around(plan: &Plan) -> (Vec<u32>, Vec<u32>) {
    let count = plan.operations.len();
    let mut starts = vec![0_u32; count + 2];
    for needed in plan.operations.iter().flat_map(|operation| &operation.depends_on) {
        if let Some(slot) = starts.get_mut(needed.0 as usize + 2) {
            *slot += 1;
        }
    }
    let mut sum = 0;
    for slot in &mut starts {
        sum += *slot;
        *slot = sum;
    }
    let mut dependents = vec![0_u32; sum as usize];
    for (index, operation) in plan.operations.iter().enumerate() {
        for needed in &operation.depends_on {
            // `starts` is shifted by one while it is filled; afterwards it is right.
            if let Some(position) = starts.get_mut(needed.0 as usize + 1) {
                if let Some(slot) = dependents.get_mut(*position as usize) {
                    *slot = index as u32;
                }
                *position += 1;
            }
        }
    }
    (starts, dependents)
}
