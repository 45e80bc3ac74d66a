//! Goes through the graph: what needs no call is decided at once, calls of providers run side by side. An item is
//! visited when all that it needs is done; nothing is scanned twice.

use super::identities::Identities;
use super::instances::Instance;
use super::items::{Draft, Extra, Outcome, Source, Standing, Subject, Through};
use super::kinds::{Kind, Kinds};
use super::memory::Memory;
use super::object::Pending;
use super::orphans::Waiting;
use super::problem::Problem;
use super::recorded::RecordedInstances;
use super::request::PlanRequest;
use super::{Action, Deferral, Reason};
use crate::connections::Connected;
use crate::import::Imports;
use crate::order::Adjacency;
use crate::refresh::Read;
use crate::select::Selection;
use formwork_lang::graph::{NodeId, NodeKind, ResourceGraph};
use formwork_model::{Address, Diagnostic, ObjectKind, Span, ValueArena, ValueBuf};
use formwork_provider_api::{Opened, PlanResponse, ProviderError, StoredObject};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// What a visit comes to.
pub(crate) enum Visit<'a> {
    /// The item is done.
    Done,
    /// A provider is asked first.
    Call(LocalBoxFuture<'a, Answer<'a>>),
    /// Its rows come first.
    Expanded,
}

/// What a provider answered.
pub(crate) enum Answer<'a> {
    /// To being configured; these rows are read then.
    Connected { item: u32, result: Result<Connected, ProviderError>, rows: Vec<u32> },
    /// To the reads of rows.
    Read { item: u32, connected: Connected, read: Vec<Read> },
    /// To `plan`.
    Planned { pending: Box<Pending<'a>>, result: Result<PlanResponse, ProviderError> },
    /// To `import`.
    Imported { source: Source<'a>, id: String, result: Result<StoredObject, ProviderError> },
    /// To `read_data`.
    Data { source: Source<'a>, config: ValueBuf, result: Result<ValueBuf, ProviderError> },
    /// To `open`.
    Opened { source: Source<'a>, result: Box<Result<Opened, ProviderError>> },
}

/// One walk through one graph.
pub(crate) struct Walk<'a> {
    pub(crate) request: PlanRequest<'a>,
    pub(crate) graph: &'a ResourceGraph,
    /// What survives when the graph is evaluated again.
    pub(crate) memory: &'a mut Memory,
    pub(crate) selection: Option<Selection>,
    pub(crate) imports: Imports,
    pub(crate) waiting: Waiting,
    pub(crate) nodes: HashMap<&'a Address, u32>,
    pub(crate) extras: Vec<Rc<Extra>>,
    pub(crate) extra_items: HashMap<Address, u32>,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) kinds: Kinds,
    pub(crate) values: ValueArena,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) identities: Identities,
    pub(crate) instances: HashMap<u32, Instance>,
    /// Instances that are reached by what is recorded.
    pub(crate) recorded: RecordedInstances,
    /// Rows of each provider's item, to be read.
    pub(crate) rows_of: HashMap<u32, Vec<u32>>,
    pub(crate) opened: HashMap<u32, Opened>,
    pub(crate) opened_by: Vec<(Connected, Opened)>,
    /// Ephemeral values that a provider is configured with.
    pub(crate) wanted: Vec<bool>,
    create_first: Vec<bool>,
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    pub(crate) deferred: Vec<Deferral>,
    /// Items in the order in which they were done.
    pub(crate) visited: Vec<u32>,
    pending: Vec<u32>,
    dependants: Adjacency,
    extra_dependants: Vec<Vec<u32>>,
    ready: VecDeque<u32>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        request: PlanRequest<'a>,
        graph: &'a ResourceGraph,
        memory: &'a mut Memory,
        selection: Option<Selection>,
        imports: Imports,
    ) -> Self {
        let count = graph.nodes.len();
        let named = (0_u32..).zip(&graph.nodes).filter(|(_, node)| !matches!(node.kind, NodeKind::Junction));
        // A filter does not tell how many come: growing would hash each address again and again.
        let mut nodes = HashMap::with_capacity(count);
        nodes.extend(named.map(|(item, node)| (&node.address, item)));
        Self {
            request,
            graph,
            memory,
            selection,
            imports,
            waiting: Waiting::new(&graph.deferred),
            nodes,
            extras: Vec::new(),
            extra_items: HashMap::new(),
            outcomes: vec![Outcome::default(); count],
            kinds: Kinds::default(),
            values: ValueArena::new(),
            drafts: Vec::with_capacity(count),
            identities: Identities::default(),
            instances: HashMap::new(),
            recorded: RecordedInstances::default(),
            rows_of: HashMap::new(),
            opened: HashMap::new(),
            opened_by: Vec::new(),
            wanted: Vec::new(),
            create_first: Vec::new(),
            problems: Vec::new(),
            warnings: Vec::new(),
            deferred: Vec::new(),
            visited: Vec::with_capacity(count),
            pending: vec![0; count],
            dependants: Adjacency::default(),
            extra_dependants: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// Visits everything. Problems are gathered, not thrown.
    pub(crate) async fn run(&mut self) {
        let late = self.assign_rows();
        if let Some(circle) = self.prepare(&late) {
            self.problems.push(circle);
            return;
        }
        self.connect_recorded().await;
        let mut calls: FuturesUnordered<LocalBoxFuture<'a, Answer<'a>>> = FuturesUnordered::new();
        let limit = self.request.options.parallelism.max(1);
        loop {
            while calls.len() < limit
                && let Some(item) = self.ready.pop_front()
            {
                match self.visit(item) {
                    Visit::Done => self.done(item),
                    Visit::Call(call) => calls.push(call),
                    Visit::Expanded => {}
                }
            }
            let Some(answer) = calls.next().await else { break };
            match self.answered(answer) {
                (item, Visit::Done) => self.done(item),
                (_, Visit::Call(call)) => calls.push(call),
                (_, Visit::Expanded) => {}
            }
        }
        drop(calls);
        self.close_opened().await;
    }

    /// Counts what each item waits for; gives the circle when there is one.
    fn prepare(&mut self, late: &[(u32, u32)]) -> Option<Diagnostic> {
        let graph = self.graph;
        let waits = waits(graph).chain(late.iter().copied());
        for (item, _) in waits.clone() {
            if let Some(count) = self.pending.get_mut(item as usize) {
                *count += 1;
            }
        }
        self.dependants = Adjacency::new(graph.nodes.len(), waits.clone().map(|(item, need)| (need, item)));
        self.ready = (0_u32..).zip(&self.pending).filter(|(_, count)| **count == 0).map(|(item, _)| item).collect();
        let Some(order) = crate::order::sorted(graph.nodes.len(), waits.clone()) else {
            let circle = crate::order::circle(graph.nodes.len(), waits)?;
            let name = |item: u32| graph.node(NodeId(item)).map(|node| (node.address.clone(), node.span));
            return Some(Problem::Circle(circle.into_iter().filter_map(name).collect()).at(None));
        };
        self.create_first = self.created_first(&order);
        self.wanted = self.wanted_ephemerals();
        None
    }

    /// Which objects are created before their old ones are deleted: those that say so, and what they depend on, since
    /// an old object cannot go while one that needs it is still there.
    fn created_first(&self, order: &[u32]) -> Vec<bool> {
        let graph = self.graph;
        let says = |item: u32| match self.kind_of(item) {
            Some(NodeKind::Object(object)) => object.decorators.create_first,
            _ => false,
        };
        let mut first: Vec<bool> = (0..graph.nodes.len() as u32).map(says).collect();
        if !first.contains(&true) {
            return first;
        }
        for item in order.iter().rev().copied() {
            if !first.get(item as usize).copied().unwrap_or(false) {
                continue;
            }
            for need in needs(graph, NodeId(item)) {
                if let Some(slot) = first.get_mut(need as usize) {
                    *slot = true;
                }
            }
        }
        first
    }

    /// Whether a replacement of an item is created first; a row of a block is as its block.
    pub(crate) fn creates_first(&self, item: u32) -> bool {
        let item = self.extra(item).map_or(item, |extra| extra.block);
        self.create_first.get(item as usize).copied().unwrap_or(false)
    }

    /// Which ephemeral values a provider needs, directly or through junctions.
    fn wanted_ephemerals(&self) -> Vec<bool> {
        let is_provider = |id: &NodeId| matches!(self.kind_of(id.0), Some(NodeKind::Provider(_)));
        self.ephemerals_behind(self.graph.ids().filter(is_provider).map(|id| id.0).collect())
    }

    /// Which ephemeral values these items need, directly or through junctions.
    pub(crate) fn ephemerals_behind(&self, mut open: Vec<u32>) -> Vec<bool> {
        let mut wanted = vec![false; self.graph.nodes.len()];
        while let Some(item) = open.pop() {
            for need in self.graph.dependencies(NodeId(item)) {
                let passes = match self.kind_of(need.0) {
                    Some(NodeKind::Junction) => true,
                    Some(NodeKind::Object(object)) => object.kind == ObjectKind::Ephemeral,
                    _ => false,
                };
                if let Some(slot @ false) = wanted.get_mut(need.index())
                    && passes
                {
                    *slot = true;
                    open.push(need.0);
                }
            }
        }
        wanted
    }

    fn kind_of(&self, item: u32) -> Option<&'a NodeKind> {
        self.graph.node(NodeId(item)).map(|node| &node.kind)
    }

    fn visit(&mut self, item: u32) -> Visit<'a> {
        if let Some(extra) = self.extra(item) {
            return match self.block_of(&extra) {
                Some(block) => self.visit_resource(block.row(item, extra)),
                None => Visit::Done,
            };
        }
        let Some(node) = self.graph.node(NodeId(item)) else { return Visit::Done };
        match &node.kind {
            NodeKind::Junction => self.pass_through(item),
            NodeKind::Provider(instance) => self.visit_provider(item, &node.address, instance, node.span),
            NodeKind::Object(_) => match Source::of_node(item, node) {
                Some(source) if self.outcome(item).standing == Standing::Expanded => self.expanded(&source),
                Some(source) => match source.kind() {
                    ObjectKind::Data => self.visit_data(source),
                    ObjectKind::Ephemeral => self.visit_ephemeral(source),
                    ObjectKind::Resource | ObjectKind::Provider => self.visit_resource(source),
                },
                None => Visit::Done,
            },
        }
    }

    fn answered(&mut self, answer: Answer<'a>) -> (u32, Visit<'a>) {
        match answer {
            Answer::Connected { item, result, rows } => (item, self.connected(item, result, &rows)),
            Answer::Read { item, connected, read } => {
                self.rows_read(item, &connected, read);
                (item, Visit::Done)
            }
            Answer::Planned { pending, result } => (pending.source.item, self.planned(*pending, result)),
            Answer::Imported { source, id, result } => (source.item, self.imported(source, id, result)),
            Answer::Data { source, config, result } => (source.item, self.data_read(&source, config, result)),
            Answer::Opened { source, result } => (source.item, self.ephemeral_opened(&source, *result)),
        }
    }

    /// A junction changes when anything behind it does.
    fn pass_through(&mut self, item: u32) -> Visit<'a> {
        let outcome = self.through(item);
        self.set(item, outcome);
        Visit::Done
    }

    /// What passes through an item that does nothing by itself.
    pub(crate) fn through(&self, item: u32) -> Outcome {
        let mut outcome = Outcome { standing: Standing::Settled, ..Outcome::default() };
        for need in needs(self.graph, NodeId(item)) {
            let behind = self.outcome(need);
            outcome.replaced |= behind.replaced;
            outcome.anew |= behind.anew;
            if behind.standing == Standing::Changing {
                outcome.standing = Standing::Changing;
            }
        }
        outcome
    }

    fn done(&mut self, item: u32) {
        self.visited.push(item);
        let extra = self.extra_dependants.get(item as usize).cloned().unwrap_or_default();
        for dependant in self.dependants.of(item).iter().copied().chain(extra) {
            if let Some(count) = self.pending.get_mut(dependant as usize) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.ready.push_back(dependant);
                }
            }
        }
    }

    /// Adds the rows of a block; the block itself is visited again when they are done.
    pub(crate) fn add_extras(&mut self, block: u32, extras: Vec<(Extra, Vec<u32>)>) {
        let count = extras.len() as u32;
        // All of them first: a row may come after one that stands behind it.
        self.extra_dependants.resize(self.outcomes.len() + extras.len(), Vec::new());
        for (extra, after) in extras {
            let item = self.outcomes.len() as u32;
            self.outcomes.push(Outcome::default());
            self.pending.push(after.len() as u32);
            if after.is_empty() {
                self.ready.push_back(item);
            }
            for before in after {
                if let Some(list) = self.extra_dependants.get_mut(before as usize) {
                    list.push(item);
                }
            }
            if let Some(list) = self.extra_dependants.get_mut(item as usize) {
                list.push(block);
            }
            self.extra_items.insert(extra.address.clone(), item);
            self.extras.push(Rc::new(extra));
        }
        if let Some(pending) = self.pending.get_mut(block as usize) {
            *pending = count;
        }
        if count == 0 {
            self.ready.push_back(block);
        }
    }

    /// Whether anything waits for an item.
    pub(crate) fn is_needed(&self, item: u32) -> bool {
        !self.dependants.of(item).is_empty()
    }

    pub(crate) fn extra(&self, item: u32) -> Option<Rc<Extra>> {
        let position = (item as usize).checked_sub(self.graph.nodes.len())?;
        self.extras.get(position).cloned()
    }

    pub(crate) fn block_of(&self, extra: &Extra) -> Option<Source<'a>> {
        let graph = self.graph;
        Source::of_node(extra.block, graph.node(NodeId(extra.block))?)
    }

    /// The object of an item, be it a node or a row of a block.
    pub(crate) fn source(&self, item: u32) -> Option<Source<'a>> {
        match self.extra(item) {
            Some(extra) => Some(self.block_of(&extra)?.row(item, extra)),
            None => {
                let graph = self.graph;
                Source::of_node(item, graph.node(NodeId(item))?)
            }
        }
    }

    /// The item of an address.
    pub(crate) fn item(&self, address: &Address) -> Option<u32> {
        self.nodes.get(address).or_else(|| self.extra_items.get(address)).copied()
    }

    pub(crate) fn outcome(&self, item: u32) -> Outcome {
        self.outcomes.get(item as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, item: u32, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(item as usize) {
            *slot = outcome;
        }
    }

    pub(crate) fn fail(&mut self, item: u32) {
        self.set(item, Outcome { standing: Standing::Failed, ..Outcome::default() });
    }

    pub(crate) fn report(&mut self, problem: &Problem, span: Option<Span>) {
        let diagnostic = problem.at(span);
        if diagnostic.is_error() { self.problems.push(diagnostic) } else { self.warnings.push(diagnostic) }
    }

    /// The type of an object; reports when it is not known.
    pub(crate) fn kind(&mut self, source: &Source<'a>) -> Option<Rc<Kind>> {
        let connections = self.request.connections;
        let name = source.type_name().provider.clone();
        let found =
            self.kinds.get(|| connections.provider(&name).ok(), source.kind(), source.type_name(), source.address());
        found.map_err(|problem| self.report(&problem, Some(source.span()))).ok()
    }

    /// A new draft with nothing but its subject.
    pub(crate) fn draft(&mut self, subject: Subject, action: Action, reason: Reason, through: Through) -> u32 {
        let number = self.drafts.len() as u32;
        self.drafts.push(Draft {
            subject,
            action,
            reason,
            through,
            row: None,
            counterpart: None,
            config: None,
            prior: None,
            planned: None,
            private: Vec::new(),
            replace_paths: Vec::new(),
            replace_when: None,
        });
        number
    }

    /// What must be done before an item, as items.
    pub(crate) fn needs_of(&self, item: u32) -> Vec<u32> {
        match self.extra(item) {
            Some(extra) => extra.needs.clone(),
            None => needs(self.graph, NodeId(item)).collect(),
        }
    }
}

/// All pairs of a node and what it needs.
pub(crate) fn waits(graph: &ResourceGraph) -> impl Iterator<Item = (u32, u32)> + Clone + '_ {
    (0..graph.nodes.len() as u32).flat_map(move |item| needs(graph, NodeId(item)).map(move |need| (item, need)))
}

/// What a node needs: its dependencies, and its provider.
pub(crate) fn needs(graph: &ResourceGraph, id: NodeId) -> impl Iterator<Item = u32> + Clone + '_ {
    let listed = graph.dependencies(id);
    let provider = match graph.node(id).map(|node| &node.kind) {
        Some(NodeKind::Object(object)) if !listed.contains(&object.provider) => Some(object.provider.0),
        _ => None,
    };
    listed.iter().map(|need| need.0).chain(provider)
}
