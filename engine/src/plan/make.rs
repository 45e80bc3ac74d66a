//! Makes a plan: evaluates the stack, walks its graph, and does both again as long as that tells more.

use super::memory::Memory;
use super::problem::Problem;
use super::request::PlanRequest;
use super::rows::Rows;
use super::values::inside;
use super::walk::Walk;
use super::{Deferral, Header, Plan, Variable, moves};
use crate::import::Imports;
use crate::recovery;
use crate::secret_readers;
use crate::select;
use formwork_lang::graph::{Deferred, Known, NodeKind, NothingKnown, ResourceGraph};
use formwork_model::{Address, AttributePath, Diagnostic, Value, ValueBuf, diagnostic};
use formwork_provider_api::scrub::Scrubber;
use std::collections::{BTreeSet, HashMap};

/// How often a stack is evaluated at most in one plan: each time at least one more block must be decided.
const ROUNDS: u32 = 64;

/// Makes a plan. Writes nothing, takes no lock.
///
/// # Errors
/// All errors, of all objects.
pub async fn plan(request: PlanRequest<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut known = Planned::default();
    let mut graph = request.source.graph(&NothingKnown)?;
    let variables = Variable::all(&graph);
    let secret_readers = secret_readers::of_graph(&graph, request.connections.providers());
    let foreseen = if request.state.open.is_empty() {
        None
    } else {
        Some(recovery::foresee(request.state, request.connections, request.inputs).await)
    };
    let state = foreseen.as_ref().map_or(request.state, |foreseen| &foreseen.state);
    let serial = request.state.serial;
    let request = PlanRequest { state, ..request };
    let mut memory = Memory { rows: Rows::new(state), ..Memory::default() };
    if let Some(foreseen) = &foreseen {
        memory.rows.presume(&foreseen.presumed);
    }
    let mistakes = moves::apply(&graph, &mut memory.rows);
    for _ in 0..ROUNDS {
        let (selection, mut early) = match select::select(request.options, &graph, &memory.rows) {
            Ok(selection) => (selection, Vec::new()),
            Err(problems) => (None, problems),
        };
        early.extend(mistakes.moves.iter().cloned());
        let imports = Imports::new(wanted_imports(&request, &graph));
        let mut walk = Walk::new(request, &graph, &mut memory, selection, imports);
        walk.check_imports(mistakes.moves.is_empty());
        if !early.is_empty() {
            // What else could be told would follow from these.
            early.append(&mut walk.problems);
            early.extend(mistakes.forgets);
            diagnostic::sort(&mut early);
            return Err(early);
        }
        walk.run().await;
        walk.orphans();
        walk.check_identities();
        if walk.problems.is_empty()
            && let Some(more) = known.more(&walk, &graph.deferred)
        {
            drop(walk);
            known = more;
            graph = request.source.graph(&known)?;
            continue;
        }
        let deferred: Vec<Deferral> = graph.deferred.iter().map(deferral).collect();
        let (mut plan, mut problems) = walk.finish();
        problems.extend(mistakes.forgets.iter().cloned());
        plan.deferred.extend(deferred);
        plan.deferred.sort_by(|left, right| left.address.cmp(&right.address));
        plan.warnings.extend(graph.warnings.iter().cloned());
        if let Some(foreseen) = &foreseen {
            plan.recoveries.clone_from(&foreseen.recoveries);
            let (errors, warnings): (Vec<_>, Vec<_>) =
                foreseen.diagnostics.iter().cloned().partition(Diagnostic::is_error);
            problems.extend(errors);
            plan.warnings.extend(warnings);
        }
        let told = problems.iter_mut().chain(&mut plan.warnings).collect();
        scrub(told, &request, &graph, &memory);
        if !problems.is_empty() {
            diagnostic::sort(&mut problems);
            return Err(problems);
        }
        plan.header = header(&request, serial, &plan, &memory, secret_readers);
        plan.variables = variables;
        let selection = select::written(request.options);
        if !selection.is_empty() && (!request.options.targets.is_empty() || !request.options.excludes.is_empty()) {
            plan.warnings.push(Problem::Partial { selection }.at(None));
        }
        diagnostic::sort(&mut plan.warnings);
        return Ok(plan);
    }
    Err(vec![Problem::NoFixpoint.at(graph.deferred.first().map(|deferred| deferred.span))])
}

/// Takes secrets out of what is told: providers may quote what they were given.
fn scrub(told: Vec<&mut Diagnostic>, request: &PlanRequest<'_>, graph: &ResourceGraph, memory: &Memory) {
    if told.is_empty() {
        return;
    }
    let mut scrubber = Scrubber::new();
    for node in &graph.nodes {
        match &node.kind {
            NodeKind::Object(object) => scrubber.learn(graph.value(object.config)),
            NodeKind::Provider(instance) => scrubber.learn(graph.value(instance.config)),
            NodeKind::Junction => {}
        }
    }
    for row in request.state.rows.values() {
        scrubber.learn(row.values.view());
    }
    for (_, held) in memory.rows.all() {
        scrubber.learn(held.row.values.view());
    }
    let inputs = memory.inputs.borrow();
    let mut known: Vec<_> = inputs.iter().collect();
    known.sort_by_key(|(source, _)| *source);
    for value in known.into_iter().filter_map(|(_, answer)| answer.as_ref().ok()) {
        scrubber.learn(ValueBuf::from(value).view());
    }
    for diagnostic in told {
        let labels = diagnostic.primary.iter_mut().chain(&mut diagnostic.labels).map(|label| &mut label.text);
        let others = diagnostic.help.iter_mut().chain(&mut diagnostic.notes);
        for text in std::iter::once(&mut diagnostic.message).chain(others).chain(labels) {
            *text = scrubber.scrub(text);
        }
    }
}

fn wanted_imports<'r>(
    request: &'r PlanRequest<'_>,
    graph: &'r ResourceGraph,
) -> impl Iterator<Item = (Address, String)> + 'r {
    let of_stack = graph.imports.iter().map(|import| (import.to.clone(), import.id.to_string()));
    of_stack.chain(request.options.imports.iter().cloned())
}

fn header(
    request: &PlanRequest<'_>,
    serial: u64,
    plan: &Plan,
    memory: &Memory,
    secret_readers: secret_readers::Configurations,
) -> Header {
    Header {
        secret_readers,
        place: super::Place::default(),
        id: crate::identity::random_id(),
        stack: request.stack.to_owned(),
        environment: request.environment.to_owned(),
        lineage: request.state.lineage.clone(),
        serial,
        config_digest: String::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        created_ms: crate::clock::now_ms(),
        destroy: request.options.destroy,
        phase: request.options.phase,
        complete: plan.deferred.is_empty(),
        input_digests: memory.used.borrow().iter().map(|(source, digest)| (source.clone(), *digest)).collect(),
        selection: select::written(request.options),
    }
}

fn deferral(deferred: &Deferred) -> Deferral {
    let mut waits: Vec<String> = Vec::new();
    deferred.value.each_attribute(&mut |object, path| {
        let name = if path.steps().is_empty() { object.to_string() } else { format!("{object}.{path}") };
        if !waits.contains(&name) {
            waits.push(name);
        }
    });
    let list: Vec<String> = waits.iter().map(|name| format!("`{name}`")).collect();
    let reason = format!("its `for` or `if` waits for {}, known after apply", list.join(", "));
    Deferral { address: deferred.address.clone(), reason, uncertain: false, span: Some(deferred.span) }
}

/// Values that a walk found out, for the next evaluation.
#[derive(Default)]
struct Planned {
    values: HashMap<Address, ValueBuf>,
    /// What deferred blocks asked for and got.
    given: BTreeSet<(Address, AttributePath)>,
}

impl Planned {
    /// What is known now, when it decides more than before.
    fn more(&self, walk: &Walk<'_>, deferred: &[Deferred]) -> Option<Self> {
        let mut given = self.given.clone();
        for deferred in deferred {
            deferred.value.each_attribute(&mut |object, path| {
                let value = walk.attribute(object, path);
                if value.is_some_and(|value| value.is_known()) {
                    given.insert((object.clone(), path.clone()));
                }
            });
        }
        if given.len() == self.given.len() {
            return None;
        }
        let values = given.iter().filter_map(|(object, _)| {
            let item = walk.item(object)?;
            let value = walk.outcome(item).value?;
            Some((object.clone(), walk.values.get(value).to_buf()))
        });
        Some(Self { values: values.collect(), given })
    }
}

impl Known for Planned {
    fn attribute(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        let value = inside(object, self.values.get(object)?.view(), path);
        value.is_known().then_some(value)
    }
}
