//! From drafts to the plan: operations in their stable order, with everything that apply needs.

use super::dependencies::Dependencies;
use super::edges::Arranged;
use super::items::{Draft, Source, Subject, Through};
use super::problem::Problem;
use super::rows::{Held, Observed};
use super::walk::Walk;
use super::{
    Action, Imported, Operation, OperationIndex, Output, Plan, PlannedProvider, ProviderIndex, Reason, Removal,
    StateChange,
};
use formwork_lang::graph::{Check, NodeId, NodeKind};
use formwork_lang::residual;
use formwork_model::{Address, AttributePath, ObjectKind, TypeName, Value, ValueBuf};
use formwork_state::record::{Host, Lifecycle, Role, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Walk<'_> {
    /// The plan, without its header.
    pub(crate) fn finish(mut self) -> (Plan, Vec<formwork_model::Diagnostic>) {
        let dependencies = Dependencies::of(&self);
        self.note_rows(&dependencies);
        self.warn_of_held();
        let arranged = self.arrange(&dependencies);
        let order = self.order_of(&arranged);
        let uses: BTreeSet<Through> = self.drafts.iter().map(|draft| draft.through).collect();
        let numbers: BTreeMap<Through, u32> = uses.iter().copied().zip(0_u32..).collect();
        let (checks, held) = self.checks();
        let mut plan = Plan { outputs: self.outputs(), checks, held, ..Plan::default() };
        plan.providers = uses.iter().map(|through| self.planned_provider(*through, &arranged, &order)).collect();
        plan.drift = self.drift();
        plan.state_changes = self.state_changes();
        let fresh = self.memory.rows.all().filter(|(_, held)| held.fresh).map(|(_, held)| &held.row.key.address);
        let imported = fresh.filter_map(|address| self.imports.id(address).map(|id| (address.clone(), id.clone())));
        plan.imported = imported.map(|(address, id)| Imported { address, id }).collect();
        plan.operations = self.operations(&arranged, &order, &numbers, &dependencies);
        plan.deferred = std::mem::take(&mut self.deferred);
        plan.warnings = std::mem::take(&mut self.warnings);
        plan.values = std::mem::take(&mut self.values);
        (plan, std::mem::take(&mut self.problems))
    }

    /// Rows whose recorded decorators, dependencies, provider or hosts are not those of today, though nothing else
    /// changes.
    fn note_rows(&mut self, dependencies: &Dependencies) {
        let mut noted: Vec<(u32, Row)> = self.imported_rows(dependencies);
        let mut hosts_of: HashMap<u32, Vec<Host>> = HashMap::new();
        for draft in self.drafts.iter().filter(|draft| draft.action == Action::NoOp) {
            let (Subject::Item(item), Some(number)) = (draft.subject, draft.row) else { continue };
            let (Some(held), Some(source)) = (self.memory.rows.get(number), self.source(item)) else { continue };
            let row = &held.row;
            let provider = self.graph.node(NodeId(source.provider())).map(|node| &node.address);
            let lifecycle = self.lifecycle(&source);
            let needed = dependencies.of_item(item);
            let hosts = hosts_of.entry(source.provider()).or_insert_with(|| self.hosts_of(source.provider()));
            let same = lifecycle == row.lifecycle
                && provider == Some(&row.provider)
                && *hosts == row.hosts
                && self.memory.rows.dependencies(row).eq(needed.iter());
            if !same {
                let mut row = row.as_ref().clone();
                row.lifecycle = lifecycle;
                row.dependencies = needed.to_vec();
                row.provider = provider.cloned().unwrap_or(row.provider);
                row.hosts.clone_from(hosts);
                noted.push((number, row));
            }
        }
        for (number, row) in noted {
            if let Some(held) = self.memory.rows.get_mut(number) {
                held.note(row);
            }
        }
    }

    /// Imported rows that were not applied since, as their blocks have them: until then nobody told what they depend on,
    /// and a destroy must know.
    fn imported_rows(&self, dependencies: &Dependencies) -> Vec<(u32, Row)> {
        let mut noted = Vec::new();
        if self.request.options.destroy {
            return noted;
        }
        for (number, held) in self.memory.rows.all().filter(|(_, held)| is_imported(&held.row) && held.exists()) {
            let item = self.item(&held.row.key.address);
            let Some((item, source)) = item.and_then(|item| Some((item, self.source(item)?))) else { continue };
            let (lifecycle, needed) = (self.lifecycle(&source), dependencies.of_item(item));
            if lifecycle != held.row.lifecycle || *needed != *held.row.dependencies {
                let mut row = held.row.as_ref().clone();
                row.lifecycle = lifecycle;
                row.dependencies = needed.to_vec();
                noted.push((number, row));
            }
        }
        noted
    }

    fn lifecycle(&self, source: &Source<'_>) -> Lifecycle {
        let decorators = source.decorators();
        Lifecycle {
            protect: decorators.protect,
            retain: decorators.retain,
            create_first: self.creates_first(source.item),
            delete_timeout_ms: decorators.delete_timeout_ms,
        }
    }

    fn address_of(&self, subject: Subject) -> Option<&Address> {
        match subject {
            Subject::Item(item) => match self.extras.get((item as usize).wrapping_sub(self.graph.nodes.len())) {
                Some(extra) => Some(&extra.address),
                None => self.graph.node(NodeId(item)).map(|node| &node.address),
            },
            Subject::Row(row) => self.memory.rows.get(row).map(|held| &held.row.key.address),
        }
    }

    /// The vertices (drafts, junctions behind them) by address, deletes first; and where each ends up.
    fn order_of(&self, arranged: &Arranged) -> Order {
        let drafts = self.drafts.iter();
        let drafts = drafts.map(|draft| (self.address_of(draft.subject), draft.action != Action::Delete, draft.row));
        let junctions = arranged.junctions.iter().map(|(address, _)| (Some(address), true, None));
        // Each key is made once, not at each comparison; the vertex stands last, so that equal ones keep their order.
        let mut keyed: Vec<_> = drafts.chain(junctions).zip(0_u32..).collect();
        keyed.sort_unstable();
        let vertices: Vec<u32> = keyed.into_iter().map(|(_, vertex)| vertex).collect();
        let mut places = vec![0_u32; vertices.len()];
        for (place, vertex) in (0_u32..).zip(&vertices) {
            if let Some(slot) = places.get_mut(*vertex as usize) {
                *slot = place;
            }
        }
        Order { vertices, places }
    }

    fn operations(
        &mut self,
        arranged: &Arranged,
        order: &Order,
        providers: &BTreeMap<Through, u32>,
        dependencies: &Dependencies,
    ) -> Vec<Operation> {
        let mut drafts: Vec<Option<Draft>> = std::mem::take(&mut self.drafts).into_iter().map(Some).collect();
        let count = drafts.len();
        let mut operations = Vec::with_capacity(order.vertices.len());
        for vertex in &order.vertices {
            let index = *vertex as usize;
            let operation = match drafts.get_mut(index).and_then(Option::take) {
                Some(draft) => {
                    let before = arranged.before.get(index).map_or(&[][..], Vec::as_slice);
                    let provider = providers.get(&draft.through).copied().unwrap_or(0);
                    self.operation(draft, order.indices(before), order, ProviderIndex(provider), dependencies)
                }
                None => {
                    let Some((address, before)) = arranged.junctions.get(index - count) else { continue };
                    Some(junction(address.clone(), order.indices(before)))
                }
            };
            operations.extend(operation);
        }
        operations
    }

    fn operation(
        &mut self,
        draft: Draft,
        depends_on: Vec<OperationIndex>,
        order: &Order,
        provider: ProviderIndex,
        dependencies: &Dependencies,
    ) -> Option<Operation> {
        let address = self.address_of(draft.subject)?.clone();
        let held = draft.row.and_then(|row| self.memory.rows.get(row)).map(|held| held.row.clone());
        let source = match draft.subject {
            Subject::Item(item) => self.source(item),
            Subject::Row(_) => None,
        };
        let type_name = match (&source, &held) {
            (Some(source), _) => source.type_name().clone(),
            (None, Some(row)) => row.type_name.clone(),
            (None, None) => return None,
        };
        let (lifecycle, needed) = match (&source, draft.subject, &held) {
            (Some(source), Subject::Item(item), _) => (self.lifecycle(source), dependencies.of_item(item).to_vec()),
            (_, _, Some(row)) => {
                let mut lifecycle = row.lifecycle.clone();
                // How long it may take is what its block says now, where there is one.
                let block = self.nodes.get(&address).and_then(|item| self.source(*item));
                if let Some(block) = block {
                    lifecycle.delete_timeout_ms = block.decorators().delete_timeout_ms;
                }
                (lifecycle, self.memory.rows.dependencies(row).cloned().collect())
            }
            (_, _, None) => (Lifecycle::default(), Vec::new()),
        };
        let schema = self.schema_of(&address, &type_name);
        let timeout_ms = timeout(draft.action, source.as_ref(), &lifecycle, schema);
        let block = source.as_ref().map(Source::span);
        let span = block
            .or_else(|| self.nodes.get(&address).and_then(|item| self.graph.node(NodeId(*item))).map(|node| node.span));
        Some(Operation {
            type_name,
            action: draft.action,
            reason: draft.reason,
            provider,
            depends_on,
            row: held.filter(|_| draft.action != Action::Create).map(|row| row.key.clone()),
            counterpart: draft.counterpart.map(|counterpart| order.index(counterpart)),
            config: draft.config,
            prior: draft.prior,
            planned: draft.planned,
            private: draft.private,
            replace_paths: draft.replace_paths,
            ignore: source.as_ref().map(|source| source.decorators().ignore.clone()).unwrap_or_default(),
            replace_when: draft.replace_when,
            lifecycle,
            dependencies: needed,
            timeout_ms,
            expected_s: schema.map_or(0, |schema| expected(draft.action, schema)),
            span,
            address,
        })
    }

    pub(super) fn schema_of(
        &mut self,
        address: &Address,
        type_name: &TypeName,
    ) -> Option<&'static formwork_model::schema::ResourceSchema> {
        let connections = self.request.connections;
        let find = || connections.provider(&type_name.provider).ok();
        self.kinds.get(find, address.kind, type_name, address).ok().map(|kind| kind.schema)
    }

    fn planned_provider(&mut self, through: Through, arranged: &Arranged, order: &Order) -> PlannedProvider {
        let (address, provider, configuration, recorded) = match through {
            Through::Recorded(position) => {
                let Some(recorded) = self.recorded.get(position) else { return nothing(self) };
                let address = recorded.address.clone();
                let rows = self.memory.rows.all().find(|(_, held)| held.row.provider == address);
                let name = rows.map(|(_, held)| held.row.type_name.provider.clone()).unwrap_or_default();
                let objects = |object: &Address, path: &AttributePath| self.hosting_attribute(recorded, object, path);
                let filled = residual::resolve(&recorded.given.to_value(), &objects, &|_| None);
                (address, name, filled.map_or_else(|_| recorded.given.clone(), ValueBuf::from), true)
            }
            Through::Before(item) | Through::Instance(item) => {
                let Some(node) = self.graph.node(NodeId(item)) else { return nothing(self) };
                let NodeKind::Provider(instance) = &node.kind else { return nothing(self) };
                let given = self.graph.value(instance.config).to_buf();
                let before = matches!(through, Through::Before(_));
                let configuration = if before { self.filled_in(&given, &node.address) } else { given };
                (node.address.clone(), instance.provider.clone(), configuration, before)
            }
        };
        let instance = match through {
            Through::Recorded(position) => self.recorded.get(position).map(|recorded| &recorded.instance),
            Through::Before(item) | Through::Instance(item) => self.instances.get(&item),
        };
        // The instance of tomorrow is another account than the one that was asked.
        let stale =
            |instance: &&super::instances::Instance| !matches!(through, Through::Instance(_)) || !instance.replaced;
        let connected = instance.filter(stale).and_then(|instance| instance.connected.as_ref());
        let account = connected.map(|connected| connected.connection.account());
        let depends_on = match through {
            Through::Instance(item) => {
                arranged.providers.get(&item).map(|list| order.indices(list)).unwrap_or_default()
            }
            Through::Recorded(_) | Through::Before(_) => Vec::new(),
        };
        let hosts = match through {
            Through::Instance(item) => self.configuring(item),
            Through::Recorded(_) | Through::Before(_) => BTreeSet::new(),
        };
        let hosts = hosts.into_iter().filter_map(|item| Some(self.source(item)?.address().clone())).collect();
        let version = self.request.connections.provider(&provider).map(|provider| provider.schema().version);
        PlannedProvider {
            address,
            provider: provider.to_string(),
            version: version.unwrap_or_default().to_owned(),
            configuration: self.values.push(configuration.view()),
            hosts,
            account,
            depends_on,
            recorded,
        }
    }

    /// A configuration with the attributes of what is about to be replaced put in; inputs stay to be asked for.
    fn filled_in(&self, given: &ValueBuf, address: &Address) -> ValueBuf {
        let objects = |object: &Address, path: &AttributePath| match object.kind {
            ObjectKind::Resource => self.recorded_attribute(object, path),
            ObjectKind::Data => self.attribute(object, path),
            ObjectKind::Ephemeral | ObjectKind::Provider => None,
        };
        let filled = |given: &ValueBuf| residual::resolve(&given.to_value(), &objects, &|_| None).ok();
        let complete = |value: &Value| {
            let mut open = false;
            value.each_attribute(&mut |object, _| open |= object.kind == ObjectKind::Resource);
            !open
        };
        let now = filled(given).filter(complete);
        let recorded = || self.request.state.providers.get(address).and_then(filled);
        now.or_else(recorded).map_or_else(|| given.clone(), ValueBuf::from)
    }

    fn outputs(&mut self) -> Vec<Output> {
        let before = self.request.state.outputs.to_value();
        let before = before.as_map().cloned().unwrap_or_default();
        if self.request.options.destroy {
            let removed = before.iter().filter(|_| self.selection.is_none());
            return removed
                .map(|(name, value)| Output { name: name.to_string(), prior: Some(value.clone()), planned: None })
                .collect();
        }
        let graph = self.graph;
        let mut outputs: Vec<Output> = Vec::new();
        for output in &graph.outputs {
            let planned = self.resolve(&output.value, Some(output.span));
            let prior = before.get(&output.name).cloned();
            // What is not selected does not become known: without this the plan would tell a change for ever.
            let planned = match planned {
                Some(value) if self.waits_for_unselected(&value) => prior.clone(),
                planned => planned.map(|value| ValueBuf::from(&value).to_value()),
            };
            outputs.push(Output { name: output.name.to_string(), prior, planned });
        }
        let declared: BTreeSet<&str> = graph.outputs.iter().map(|output| output.name.as_str()).collect();
        let removed = before.iter().filter(|(name, _)| !declared.contains(name.as_str()));
        outputs.extend(removed.map(|(name, value)| Output {
            name: name.to_string(),
            prior: Some(value.clone()),
            planned: None,
        }));
        outputs.sort_by(|left, right| left.name.cmp(&right.name));
        outputs
    }

    /// Whether a value waits for something that this plan leaves alone.
    fn waits_for_unselected(&self, value: &Value) -> bool {
        let mut waits = false;
        value.each_attribute(&mut |object, _| {
            waits |= self.item(object).is_some_and(|item| !self.is_selected(item));
        });
        waits
    }

    /// Conditions that are still open, and what has others that hold; those that fail are reported.
    fn checks(&mut self) -> (Vec<Check>, Vec<formwork_lang::graph::Subject>) {
        let graph = self.graph;
        if self.request.options.destroy {
            return (Vec::new(), Vec::new());
        }
        let mut open = Vec::new();
        let mut held = graph.held.clone();
        for check in &graph.checks {
            let Some(condition) = self.resolve(&check.condition, Some(check.span)) else { continue };
            match condition.exposed() {
                Value::Bool(true) => held.push(check.subject.clone()),
                Value::Bool(false) => {
                    let message = self.resolve(&check.message, Some(check.span));
                    let secret = message.as_ref().is_some_and(Value::holds_secret);
                    let text = message.as_ref().filter(|_| !secret).and_then(Value::as_str).map(str::to_owned);
                    let message = text.unwrap_or_else(|| "the condition does not hold".to_owned());
                    self.report(&Problem::CheckFailed { message }, Some(check.span));
                }
                _ => open.push(check.clone()),
            }
        }
        held.sort_unstable();
        held.dedup();
        let waiting: BTreeSet<_> = open.iter().map(|check| &check.subject).collect();
        held.retain(|subject| !waiting.contains(subject));
        (open, held)
    }

    fn state_changes(&mut self) -> Vec<StateChange> {
        let mut changes = self.memory.rows.changes.clone();
        let gone = |held: &Held| matches!(held.observed, Observed::Gone | Observed::SoftDeleted);
        for (_, held) in self.memory.rows.all() {
            if gone(held) {
                changes.push(StateChange::Remove(Box::new(held.row.as_ref().clone()), Removal::Gone));
            } else if held.fresh || held.changed || held.recorded.is_some() {
                changes.push(StateChange::Put(Box::new(held.row.as_ref().clone())));
            }
        }
        changes
    }
}

/// Whether a row was imported, and nothing was applied to it since.
fn is_imported(row: &Row) -> bool {
    row.role == Role::Current && row.created_by.0.is_empty() && row.config.view().entries().len() == 0
}

/// Where vertices stand in the plan.
struct Order {
    vertices: Vec<u32>,
    places: Vec<u32>,
}

impl Order {
    fn index(&self, vertex: u32) -> OperationIndex {
        OperationIndex(self.places.get(vertex as usize).copied().unwrap_or(0))
    }

    fn indices(&self, vertices: &[u32]) -> Vec<OperationIndex> {
        let mut indices: Vec<OperationIndex> = vertices.iter().map(|vertex| self.index(*vertex)).collect();
        indices.sort_unstable();
        indices
    }
}

/// A point that many edges pass through: does nothing, and has no type.
fn junction(address: Address, depends_on: Vec<OperationIndex>) -> Operation {
    Operation {
        address,
        type_name: TypeName::new("", ""),
        action: Action::NoOp,
        reason: Reason::Config,
        provider: ProviderIndex(0),
        depends_on,
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
        expected_s: 0,
        span: None,
    }
}

fn nothing(walk: &mut Walk<'_>) -> PlannedProvider {
    PlannedProvider {
        address: Address::resource(""),
        provider: String::new(),
        version: String::new(),
        configuration: walk.values.push_value(&Value::Null),
        hosts: Vec::new(),
        account: None,
        depends_on: Vec::new(),
        recorded: false,
    }
}

/// The time limit of an operation, in milliseconds.
fn timeout(
    action: Action,
    source: Option<&Source<'_>>,
    lifecycle: &Lifecycle,
    schema: Option<&formwork_model::schema::ResourceSchema>,
) -> u64 {
    let decorators = source.map(Source::decorators);
    let (said, seconds) = match action {
        Action::Update => (
            decorators.and_then(|decorators| decorators.update_timeout_ms),
            schema.map(|schema| schema.timeouts.update_s),
        ),
        Action::Delete | Action::Forget => (lifecycle.delete_timeout_ms, schema.map(|schema| schema.timeouts.delete_s)),
        Action::Create | Action::Read | Action::Open | Action::NoOp => (
            decorators.and_then(|decorators| decorators.create_timeout_ms),
            schema.map(|schema| schema.timeouts.create_s),
        ),
    };
    said.unwrap_or_else(|| u64::from(seconds.unwrap_or(1800)) * 1000)
}

/// How long an operation usually takes, in seconds. What only reads or keeps records takes a moment.
const fn expected(action: Action, schema: &formwork_model::schema::ResourceSchema) -> u32 {
    match action {
        Action::Create => schema.expected_create_s,
        Action::Update => schema.expected_update_s,
        Action::Delete => schema.expected_delete_s,
        Action::NoOp | Action::Read | Action::Open | Action::Forget => 1,
    }
}
