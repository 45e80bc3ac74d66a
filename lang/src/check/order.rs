//! The order in which the declarations of a module are checked: what an inferred type needs comes first. Finds what
//! needs itself.

use super::names::{Meaning, Names};
use super::references::{Mention, Walk};
use super::report::NameProblem;
use super::search::Search;
use crate::program::{BlockId, CallId, FunctionId, LetId, ParamId, ProviderId};
use crate::tree;
use ecow::EcoString;
use formwork_model::{Diagnostic, Span};

/// Something that depends on others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// A param.
    Param(ParamId),
    /// A let.
    Let(LetId),
    /// A function.
    Function(FunctionId),
    /// A block.
    Block(BlockId),
    /// A provider block.
    Provider(ProviderId),
    /// Which instances of a module there are, and with which providers.
    Header(CallId),
    /// The argument for one param of a module.
    Argument(CallId, u32),
    /// One output of a called module.
    CallOutput(CallId, u32),
    /// An output of this module.
    Output(u32),
}

/// What is known of a module when those that call it are ordered.
#[derive(Default)]
pub(crate) struct ModuleFlow {
    /// For each output the params that it depends on.
    pub(crate) outputs: Vec<Vec<u32>>,
    /// Providers that it uses and does not configure.
    pub(crate) needs: std::collections::BTreeSet<EcoString>,
}

/// The dependencies of a module's declarations.
pub(crate) struct Order<'a, 'n> {
    names: &'n Names<'a>,
    flows: &'n [ModuleFlow],
    nodes: Vec<Node>,
    /// Where the nodes of each kind begin.
    starts: Starts,
    /// For each node where its edges end.
    ends: Vec<u32>,
    edges: Vec<(u32, Span)>,
}

#[derive(Default)]
struct Starts {
    lets: u32,
    functions: u32,
    blocks: u32,
    providers: u32,
    outputs: u32,
    /// By call: its header; arguments and outputs follow.
    calls: Vec<u32>,
    /// By call: number of params of the module.
    arguments: Vec<u32>,
}

impl<'a, 'n> Order<'a, 'n> {
    /// Reads the declarations of a module. `params` gives the names of a called module's params, `flows` what is known
    /// of it, `outputs` the position of an output by name.
    pub(crate) fn of(names: &'n Names<'a>, modules: &'n [Names<'a>], flows: &'n [ModuleFlow]) -> Self {
        let mut order =
            Self { names, flows, nodes: Vec::new(), starts: Starts::default(), ends: Vec::new(), edges: Vec::new() };
        order.number(modules);
        for node in order.nodes.clone() {
            order.connect(node, modules);
            order.ends.push(order.edges.len() as u32);
        }
        order
    }

    fn number(&mut self, modules: &[Names<'a>]) {
        let names = self.names;
        self.nodes.extend((0..names.params.len() as u32).map(|id| Node::Param(ParamId(id))));
        self.starts.lets = self.nodes.len() as u32;
        self.nodes.extend((0..names.lets.len() as u32).map(|id| Node::Let(LetId(id))));
        self.starts.functions = self.nodes.len() as u32;
        self.nodes.extend((0..names.functions.len() as u32).map(|id| Node::Function(FunctionId(id))));
        self.starts.blocks = self.nodes.len() as u32;
        self.nodes.extend((0..names.blocks.len() as u32).map(|id| Node::Block(BlockId(id))));
        self.starts.providers = self.nodes.len() as u32;
        self.nodes.extend((0..names.providers.len() as u32).map(|id| Node::Provider(ProviderId(id))));
        self.starts.outputs = self.nodes.len() as u32;
        self.nodes.extend((0..names.outputs.len() as u32).map(Node::Output));
        for (call, target) in names.targets.iter().enumerate() {
            let target = target.and_then(|target| modules.get(target));
            let (params, outputs) = target.map_or((0, 0), |module| (module.params.len(), module.outputs.len()));
            let id = CallId(call as u32);
            self.starts.calls.push(self.nodes.len() as u32);
            self.starts.arguments.push(params as u32);
            self.nodes.push(Node::Header(id));
            self.nodes.extend((0..params as u32).map(|param| Node::Argument(id, param)));
            self.nodes.extend((0..outputs as u32).map(|output| Node::CallOutput(id, output)));
        }
    }

    fn index(&self, node: Node) -> u32 {
        let call = |id: CallId| self.starts.calls.get(id.index()).copied().unwrap_or(0);
        match node {
            Node::Param(id) => id.0,
            Node::Let(id) => self.starts.lets + id.0,
            Node::Function(id) => self.starts.functions + id.0,
            Node::Block(id) => self.starts.blocks + id.0,
            Node::Provider(id) => self.starts.providers + id.0,
            Node::Output(id) => self.starts.outputs + id,
            Node::Header(id) => call(id),
            Node::Argument(id, param) => call(id) + 1 + param,
            Node::CallOutput(id, output) => {
                call(id) + 1 + self.starts.arguments.get(id.index()).copied().unwrap_or(0) + output
            }
        }
    }

    fn connect(&mut self, node: Node, modules: &'n [Names<'a>]) {
        let names = self.names;
        match node {
            Node::Param(_) => {}
            Node::Let(id) => self.walk(modules, |walk| {
                names.lets.get(id.index()).into_iter().for_each(|item| walk.expression(&item.what.value))
            }),
            Node::Output(id) => self.walk(modules, |walk| {
                names.outputs.get(id as usize).into_iter().for_each(|item| walk.expression(&item.what.value))
            }),
            Node::Function(id) => self.walk(modules, |walk| {
                if let Some(function) = names.functions.get(id.index()) {
                    function.what.parameters.iter().for_each(|parameter| walk.push_local(&parameter.name.text));
                    walk.expression(&function.what.body);
                }
            }),
            Node::Block(id) => {
                let Some(block) = names.blocks.get(id.index()) else { return };
                self.walk(modules, |walk| walk.block(&block.what.header, &block.what.body));
                if block.what.header.with.is_none() {
                    self.default_provider(&block.what.provider);
                }
            }
            Node::Provider(id) => {
                let Some(provider) = names.providers.get(id.index()) else { return };
                self.walk(modules, |walk| walk.block(&provider.what.header, &provider.what.body));
            }
            Node::Header(id) => self.connect_header(id, modules),
            Node::Argument(id, param) => self.connect_argument(id, param, modules),
            Node::CallOutput(id, output) => self.connect_output(id, output),
        }
    }

    fn default_provider(&mut self, provider: &'a tree::Word) {
        if let Some(id) = self.names.provider_names.get(&(provider.text.as_str(), "")) {
            self.edges.push((self.index(Node::Provider(*id)), provider.span));
        }
    }

    fn connect_header(&mut self, id: CallId, modules: &'n [Names<'a>]) {
        let Some(call) = self.names.calls.get(id.index()) else { return };
        self.walk(modules, |walk| walk.header(&call.what.header));
        let given = |provider: &str| match &call.what.header.with {
            Some(tree::With::Many(references)) => references.iter().any(|(word, _)| word.text == provider),
            Some(tree::With::One(reference)) => reference.provider.text == provider,
            None => false,
        };
        let target = self.names.targets.get(id.index()).copied().flatten().and_then(|target| self.flows.get(target));
        for provider in target.into_iter().flat_map(|flow| &flow.needs).filter(|provider| !given(provider)) {
            if let Some(instance) = self.names.provider_names.get(&(provider.as_str(), "")) {
                self.edges.push((self.index(Node::Provider(*instance)), call.what.name.span));
            }
        }
    }

    fn connect_argument(&mut self, id: CallId, param: u32, modules: &'n [Names<'a>]) {
        let target = self.names.targets.get(id.index()).copied().flatten().and_then(|target| modules.get(target));
        let name = target.and_then(|module| module.params.get(param as usize)).map(|param| &param.what.name.text);
        let (Some(call), Some(name)) = (self.names.calls.get(id.index()), name) else { return };
        self.walk(modules, |walk| {
            if let Some(iteration) = &call.what.header.iteration {
                walk.iteration(iteration);
            }
            for entry in &call.what.body.entries {
                let relevant = match entry {
                    tree::Entry::Field { key: tree::Key::Literal(word), .. } | tree::Entry::Short(word) => {
                        word.text == *name
                    }
                    tree::Entry::Field { .. } | tree::Entry::Spread { .. } => true,
                };
                if relevant {
                    walk.entries(std::slice::from_ref(entry));
                }
            }
        });
    }

    fn connect_output(&mut self, id: CallId, output: u32) {
        let Some(call) = self.names.calls.get(id.index()) else { return };
        let span = call.what.name.span;
        self.edges.push((self.index(Node::Header(id)), span));
        let flow = self.names.targets.get(id.index()).copied().flatten().and_then(|target| self.flows.get(target));
        for param in flow.and_then(|flow| flow.outputs.get(output as usize)).into_iter().flatten() {
            self.edges.push((self.index(Node::Argument(id, *param)), span));
        }
    }

    /// Walks a declaration and adds an edge for each mention.
    fn walk(&mut self, modules: &'n [Names<'a>], visit: impl FnOnce(&mut Walk<'a, &mut dyn FnMut(Mention<'a>)>)) {
        let mut edges = std::mem::take(&mut self.edges);
        let mut tell = |mention: Mention<'a>| self.mention(mention, modules, &mut edges);
        visit(&mut Walk::new(&mut tell));
        self.edges = edges;
    }

    fn mention(&self, mention: Mention<'a>, modules: &[Names<'a>], edges: &mut Vec<(u32, Span)>) {
        match mention {
            Mention::Function(name, span) => {
                edges.extend(self.names.function_names.get(name).map(|id| (self.index(Node::Function(*id)), span)));
            }
            Mention::Provider(reference) => {
                let name = reference.name.as_ref().map_or("", |name| name.text.as_str());
                let id = self.names.provider_names.get(&(reference.provider.text.as_str(), name));
                edges.extend(id.map(|id| (self.index(Node::Provider(*id)), reference.span)));
            }
            Mention::Value(name, member, span) => match self.names.values.get(name) {
                Some((Meaning::Param(id), _)) => edges.push((self.index(Node::Param(*id)), span)),
                Some((Meaning::Let(id), _)) => edges.push((self.index(Node::Let(*id)), span)),
                Some((Meaning::Block(id), _)) => edges.push((self.index(Node::Block(*id)), span)),
                Some((Meaning::Call(id), _)) => self.call_mention(*id, member, span, modules, edges),
                None => {}
            },
        }
    }

    fn call_mention(
        &self,
        id: CallId,
        member: Option<&str>,
        span: Span,
        modules: &[Names<'a>],
        edges: &mut Vec<(u32, Span)>,
    ) {
        edges.push((self.index(Node::Header(id)), span));
        let target = self.names.targets.get(id.index()).copied().flatten();
        let Some(module) = target.and_then(|target| modules.get(target)) else { return };
        match member.map(|member| module.output_names.get(member)) {
            Some(Some(output)) => edges.push((self.index(Node::CallOutput(id, *output as u32)), span)),
            Some(None) => {}
            None => {
                edges.extend(
                    (0..module.outputs.len() as u32).map(|output| (self.index(Node::CallOutput(id, output)), span)),
                );
            }
        }
    }

    fn edges_of(&self, node: u32) -> &[(u32, Span)] {
        let end = self.ends.get(node as usize).copied().unwrap_or(0);
        let start = (node as usize).checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.edges.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// All nodes, each after what it needs, and the circles among them.
    pub(crate) fn sorted(&self) -> Sorted {
        let mut sorted = Sorted::default();
        let mut search = Search::new(self.nodes.len());
        for root in 0..self.nodes.len() as u32 {
            search.run(
                root,
                |node, position| self.edges_of(node).get(position).map(|(target, _)| *target),
                &mut |group| {
                    let is_cycle = group.len() > 1
                        || group
                            .first()
                            .is_some_and(|only| self.edges_of(*only).iter().any(|(target, _)| target == only));
                    if is_cycle {
                        sorted.cycles.push(group.to_vec());
                    }
                    sorted.nodes.extend(group.iter().rev().filter_map(|node| self.nodes.get(*node as usize)));
                },
            );
        }
        sorted
    }

    /// The declarations of a circle.
    pub(crate) fn members(&self, cycle: &[u32]) -> impl Iterator<Item = Node> {
        cycle.iter().filter_map(|node| self.nodes.get(*node as usize).copied())
    }

    /// For each output of this module the params that it depends on.
    pub(crate) fn flow(&self) -> ModuleFlow {
        let mut seen = vec![u32::MAX; self.nodes.len()];
        let outputs = (0..self.names.outputs.len() as u32).map(|output| self.params_of(output, &mut seen)).collect();
        ModuleFlow { outputs, needs: self.needs() }
    }

    fn needs(&self) -> std::collections::BTreeSet<EcoString> {
        let own = |provider: &str| self.names.provider_names.contains_key(&(provider, ""));
        let blocks = self.names.blocks.iter().map(|block| block.what.provider.text.clone());
        let called = self.names.targets.iter().flatten().filter_map(|target| self.flows.get(*target));
        let calls = called.flat_map(|flow| flow.needs.iter().cloned());
        blocks.chain(calls).filter(|provider| !own(provider)).collect()
    }

    fn params_of(&self, output: u32, seen: &mut [u32]) -> Vec<u32> {
        let mut params = Vec::new();
        let mut stack = vec![self.index(Node::Output(output))];
        while let Some(node) = stack.pop() {
            let Some(mark) = seen.get_mut(node as usize).filter(|mark| **mark != output) else { continue };
            *mark = output;
            if let Some(Node::Param(id)) = self.nodes.get(node as usize) {
                params.push(id.0);
            }
            stack.extend(self.edges_of(node).iter().map(|(target, _)| *target));
        }
        params.sort_unstable();
        params
    }

    /// Tells of a circle, as a path through the places where one thing names the next.
    pub(crate) fn tell(&self, cycle: &[u32]) -> Diagnostic {
        let path = self.shortest(cycle);
        let functions_only =
            path.iter().all(|(node, _)| matches!(self.nodes.get(*node as usize), Some(Node::Function(_))));
        let name = |node: u32| self.nodes.get(node as usize).map_or_else(String::new, |node| self.describe(*node));
        let span = path.first().map_or(Span::new(formwork_model::FileId(0), 0, 0), |(node, _)| self.span(*node));
        let count = path.len();
        let next = |position: usize| path.get((position + 1) % count).map_or(0, |(node, _)| *node);
        let steps = path
            .iter()
            .enumerate()
            .map(|(position, (node, span))| (*span, format!("{} needs {}", name(*node), name(next(position)))))
            .collect();
        let first = path.first().map_or(0, |(node, _)| *node);
        match self.nodes.get(first as usize) {
            Some(Node::Function(id)) if functions_only => {
                let name = self.names.functions.get(id.index()).map(|function| function.what.name.text.clone());
                NameProblem::Recursion { name: name.unwrap_or_default(), span, steps }.into()
            }
            _ => NameProblem::Cycle { name: name(first), span, steps }.into(),
        }
    }

    /// A shortest way around within a strongly connected group, from its first declaration on: nodes, each with the place
    /// where it names the next one.
    fn shortest(&self, group: &[u32]) -> Vec<(u32, Span)> {
        let members: std::collections::BTreeSet<u32> = group.iter().copied().collect();
        let Some(start) = members.first().copied() else { return Vec::new() };
        let mut came_from = std::collections::BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for (target, span) in self.edges_of(node).iter().filter(|(target, _)| members.contains(target)) {
                if *target == start {
                    return way_back(start, node, *span, &came_from);
                }
                came_from.entry(*target).or_insert_with(|| {
                    queue.push_back(*target);
                    (node, *span)
                });
            }
        }
        Vec::new()
    }

    fn span(&self, node: u32) -> Span {
        let names = self.names;
        let span = self.nodes.get(node as usize).and_then(|node| match *node {
            Node::Param(id) => names.params.get(id.index()).map(|param| param.what.name.span),
            Node::Let(id) => names.lets.get(id.index()).map(|item| item.what.name.span),
            Node::Function(id) => names.functions.get(id.index()).map(|function| function.what.name.span),
            Node::Block(id) => names.blocks.get(id.index()).map(|block| block.what.name.span),
            Node::Provider(id) => names.providers.get(id.index()).map(|provider| provider.what.provider.span),
            Node::Header(id) | Node::Argument(id, _) | Node::CallOutput(id, _) => {
                names.calls.get(id.index()).map(|call| call.what.name.span)
            }
            Node::Output(id) => names.outputs.get(id as usize).map(|output| output.what.name.span),
        });
        span.unwrap_or(Span::new(formwork_model::FileId(0), 0, 0))
    }

    fn describe(&self, node: Node) -> String {
        let names = self.names;
        let call = |id: CallId| names.calls.get(id.index()).map_or("", |call| call.what.name.text.as_str());
        match node {
            Node::Param(id) => {
                names.params.get(id.index()).map_or(String::new(), |param| format!("param `{}`", param.what.name.text))
            }
            Node::Let(id) => {
                names.lets.get(id.index()).map_or(String::new(), |item| format!("`{}`", item.what.name.text))
            }
            Node::Function(id) => names
                .functions
                .get(id.index())
                .map_or(String::new(), |function| format!("function `{}`", function.what.name.text)),
            Node::Block(id) => {
                names.blocks.get(id.index()).map_or(String::new(), |block| format!("`{}`", block.what.name.text))
            }
            Node::Provider(id) => {
                names.providers.get(id.index()).map_or(String::new(), |provider| match &provider.what.name {
                    Some(name) => format!("provider `{}.{}`", provider.what.provider.text, name.text),
                    None => format!("provider `{}`", provider.what.provider.text),
                })
            }
            Node::Header(id) => format!("module `{}`", call(id)),
            Node::Argument(id, _) => format!("what module `{}` is given", call(id)),
            Node::CallOutput(id, _) => format!("an output of module `{}`", call(id)),
            Node::Output(id) => names
                .outputs
                .get(id as usize)
                .map_or(String::new(), |output| format!("output `{}`", output.what.name.text)),
        }
    }
}

fn way_back(
    start: u32,
    last: u32,
    span: Span,
    came_from: &std::collections::BTreeMap<u32, (u32, Span)>,
) -> Vec<(u32, Span)> {
    let mut path = vec![(last, span)];
    let mut node = last;
    while node != start {
        let Some((before, span)) = came_from.get(&node) else { break };
        path.push((*before, *span));
        node = *before;
    }
    path.reverse();
    path
}

/// Declarations in the order of checking.
#[derive(Default)]
pub(crate) struct Sorted {
    /// Each after what it needs.
    pub(crate) nodes: Vec<Node>,
    /// Groups that need each other.
    pub(crate) cycles: Vec<Vec<u32>>,
}
