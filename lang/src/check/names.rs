//! What the declarations of a module are called: one table for each namespace, filled before anything is checked, so
//! that order never matters.

use super::report::NameProblem;
use crate::load::LoadedModule;
use crate::program::{BlockId, CallId, FunctionId, LetId, ParamId, ProviderId};
use crate::tree::{self, Item, ItemKind};
use ecow::EcoString;
use formwork_model::{Diagnostic, Span};
use std::collections::{HashMap, HashSet};

/// What a name of the value namespace stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Meaning {
    /// A param.
    Param(ParamId),
    /// A let.
    Let(LetId),
    /// A resource, data or ephemeral block.
    Block(BlockId),
    /// A module call.
    Call(CallId),
}

/// A declaration with what stands around it.
pub(crate) struct Declared<'a, T> {
    /// Docs, decorators and span.
    pub(crate) item: &'a Item,
    /// The declaration itself.
    pub(crate) what: &'a T,
}

impl<T> Clone for Declared<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Declared<'_, T> {}

/// The declarations of one module by kind (the position is the id), and what their names stand for.
#[derive(Default)]
pub(crate) struct Names<'a> {
    /// Params.
    pub(crate) params: Vec<Declared<'a, tree::Param>>,
    /// Lets.
    pub(crate) lets: Vec<Declared<'a, tree::Let>>,
    /// Functions.
    pub(crate) functions: Vec<Declared<'a, tree::Function>>,
    /// Provider blocks.
    pub(crate) providers: Vec<Declared<'a, tree::Provider>>,
    /// Resource, data and ephemeral blocks.
    pub(crate) blocks: Vec<Declared<'a, tree::Object>>,
    /// Module calls.
    pub(crate) calls: Vec<Declared<'a, tree::ModuleCall>>,
    /// Index into the modules that were loaded, by call; none where it was not found.
    pub(crate) targets: Vec<Option<usize>>,
    /// Outputs.
    pub(crate) outputs: Vec<Declared<'a, tree::Let>>,
    /// Named types.
    pub(crate) types: Vec<Declared<'a, tree::TypeItem>>,
    /// Asserts, moves, imports, forgets.
    pub(crate) others: Vec<&'a Item>,
    /// Namespace of values.
    pub(crate) values: HashMap<&'a str, (Meaning, Span)>,
    /// Namespace of types: positions in `types`.
    pub(crate) type_names: HashMap<&'a str, usize>,
    /// Namespace of functions.
    pub(crate) function_names: HashMap<&'a str, FunctionId>,
    /// Namespace of providers: provider and name; an empty name is the default instance.
    pub(crate) provider_names: HashMap<(&'a str, &'a str), ProviderId>,
    /// Namespace of outputs: positions in `outputs`.
    pub(crate) output_names: HashMap<&'a str, usize>,
    /// Names of declarations that could not be read, of all namespaces.
    lost: HashSet<&'a str>,
}

/// Names that cannot be declared as values.
const RESERVED: &[&str] = &["env", "self"];

impl<'a> Names<'a> {
    /// Fills the tables from the trees of a module.
    pub(crate) fn of(module: &'a LoadedModule, report: &mut Vec<Diagnostic>) -> Self {
        let declared = module.trees.iter().map(|tree| tree.items.len()).sum();
        let mut names = Self { values: HashMap::with_capacity(declared), ..Self::default() };
        let mut calls = module.calls.iter().copied();
        for item in module.trees.iter().flat_map(|tree| &tree.items) {
            if let ItemKind::Module(_) = item.kind {
                names.targets.push(calls.next().flatten());
            }
            names.add(item, report);
        }
        names.lost = module.trees.iter().flat_map(|tree| &tree.lost).map(|word| word.text.as_str()).collect();
        names
    }

    /// Whether a declaration of this name could not be read, which was told: that nothing has the name is no mistake of
    /// its own.
    pub(crate) fn is_lost(&self, name: &str) -> bool {
        self.lost.contains(name)
    }

    fn add(&mut self, item: &'a Item, report: &mut Vec<Diagnostic>) {
        match &item.kind {
            ItemKind::Param(what) => {
                self.value(&what.name, Meaning::Param(ParamId(self.params.len() as u32)), report);
                self.params.push(Declared { item, what });
            }
            ItemKind::Let(what) => {
                self.value(&what.name, Meaning::Let(LetId(self.lets.len() as u32)), report);
                self.lets.push(Declared { item, what });
            }
            ItemKind::Object(what) => {
                self.value(&what.name, Meaning::Block(BlockId(self.blocks.len() as u32)), report);
                self.blocks.push(Declared { item, what });
            }
            ItemKind::Module(what) => {
                self.value(&what.name, Meaning::Call(CallId(self.calls.len() as u32)), report);
                self.calls.push(Declared { item, what });
            }
            ItemKind::Function(what) => self.add_function(item, what, report),
            ItemKind::Type(what) => self.add_type(item, what, report),
            ItemKind::Provider(what) => self.add_provider(item, what, report),
            ItemKind::Output(what) => self.add_output(item, what, report),
            ItemKind::Assert(_) | ItemKind::Moved(_) | ItemKind::Import(_) | ItemKind::Forget(_) => {
                self.others.push(item);
            }
        }
    }

    fn value(&mut self, name: &'a tree::Word, meaning: Meaning, report: &mut Vec<Diagnostic>) {
        if RESERVED.contains(&name.text.as_str()) {
            report.push(NameProblem::Reserved { name: name.text.clone(), span: name.span }.into());
        } else if let Some((_, first)) = self.values.get(name.text.as_str()) {
            report.push(duplicate("the name", &name.text, name.span, *first));
        } else {
            self.values.insert(&name.text, (meaning, name.span));
        }
    }

    fn add_function(&mut self, item: &'a Item, what: &'a tree::Function, report: &mut Vec<Diagnostic>) {
        let id = FunctionId(self.functions.len() as u32);
        match self.function_names.get(what.name.text.as_str()).and_then(|first| self.functions.get(first.index())) {
            Some(first) => report.push(duplicate("function", &what.name.text, what.name.span, first.what.name.span)),
            None => {
                self.function_names.insert(&what.name.text, id);
            }
        }
        self.functions.push(Declared { item, what });
    }

    fn add_type(&mut self, item: &'a Item, what: &'a tree::TypeItem, report: &mut Vec<Diagnostic>) {
        if super::types::is_builtin(&what.name.text) {
            report.push(NameProblem::Reserved { name: what.name.text.clone(), span: what.name.span }.into());
        }
        match self.type_names.get(what.name.text.as_str()).and_then(|first| self.types.get(*first)) {
            Some(first) => report.push(duplicate("type", &what.name.text, what.name.span, first.what.name.span)),
            None => {
                self.type_names.insert(&what.name.text, self.types.len());
            }
        }
        self.types.push(Declared { item, what });
    }

    fn add_provider(&mut self, item: &'a Item, what: &'a tree::Provider, report: &mut Vec<Diagnostic>) {
        let key = (what.provider.text.as_str(), what.name.as_ref().map_or("", |name| name.text.as_str()));
        let id = ProviderId(self.providers.len() as u32);
        match self.provider_names.get(&key).and_then(|first| self.providers.get(first.index())) {
            Some(first) => {
                let word = |provider: &'a tree::Provider| provider.name.as_ref().unwrap_or(&provider.provider);
                report.push(duplicate("provider", &word(what).text, word(what).span, word(first.what).span));
            }
            None => {
                self.provider_names.insert(key, id);
            }
        }
        self.providers.push(Declared { item, what });
    }

    fn add_output(&mut self, item: &'a Item, what: &'a tree::Let, report: &mut Vec<Diagnostic>) {
        match self.output_names.get(what.name.text.as_str()).and_then(|first| self.outputs.get(*first)) {
            Some(first) => report.push(duplicate("output", &what.name.text, what.name.span, first.what.name.span)),
            None => {
                self.output_names.insert(&what.name.text, self.outputs.len());
            }
        }
        self.outputs.push(Declared { item, what });
    }

    /// All declarations, by kind.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a Item> {
        fn of<'n, 'a, T>(declared: &'n [Declared<'a, T>]) -> impl Iterator<Item = &'a Item> + use<'n, 'a, T> {
            declared.iter().map(|declared| declared.item)
        }
        let values = of(&self.params).chain(of(&self.lets)).chain(of(&self.functions)).chain(of(&self.outputs));
        let objects = of(&self.providers).chain(of(&self.blocks)).chain(of(&self.calls)).chain(of(&self.types));
        values.chain(objects).chain(self.others.iter().copied())
    }

    /// All names of values, in the order of declaration.
    pub(crate) fn value_names(&self) -> impl Iterator<Item = &'a str> {
        let params = self.params.iter().map(|param| param.what.name.text.as_str());
        let lets = self.lets.iter().map(|item| item.what.name.text.as_str());
        let blocks = self.blocks.iter().map(|block| block.what.name.text.as_str());
        let calls = self.calls.iter().map(|call| call.what.name.text.as_str());
        params.chain(lets).chain(blocks).chain(calls)
    }
}

fn duplicate(what: &'static str, name: &EcoString, span: Span, first: Span) -> Diagnostic {
    NameProblem::Duplicate { what, name: name.clone(), span, first }.into()
}
