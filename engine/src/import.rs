//! Imports: objects that exist and become part of the stack.

use crate::plan::items::Source;
use crate::plan::problem::Problem;
use crate::plan::walk::{Answer, Visit, Walk};
use crate::secrets;
use crate::select::{means, nearest};
use formwork_model::{Address, ObjectKind, ValueBuf};
use formwork_provider_api::{Connection, ImportRequest, ProviderError, StoredObject, check};
use formwork_state::record::{Condition, Lifecycle, OperationId, Role, Row, RowKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Which objects are imported: address, and what the provider's import takes.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    wanted: HashMap<Address, String>,
}

impl Imports {
    /// Imports of the stack and of the command.
    pub(crate) fn new(wanted: impl Iterator<Item = (Address, String)>) -> Self {
        Self { wanted: wanted.collect() }
    }

    /// What is imported to an address.
    pub(crate) fn id(&self, address: &Address) -> Option<&String> {
        self.wanted.get(address)
    }

    /// All of them, by address.
    pub(crate) fn sorted(&self) -> BTreeMap<&Address, &String> {
        self.wanted.iter().collect()
    }
}

impl<'a> Walk<'a> {
    /// What is imported to an object, if anything.
    pub(crate) fn import_of(&self, source: &Source<'a>) -> Option<String> {
        self.imports.id(source.address()).cloned()
    }

    /// Asks the provider for the object.
    pub(crate) fn import(&mut self, source: Source<'a>, id: String) -> Visit<'a> {
        if self.instance_failed(source.provider()) {
            self.fail(source.item);
            return Visit::Done;
        }
        let config = self.config(&source).map(|config| config.to_buf());
        let Some(connected) = self.connection(source.provider()).cloned() else {
            self.block(&source, "its provider cannot be configured yet, so it cannot be imported".to_owned(), false);
            return Visit::Done;
        };
        let request = ImportRequest { type_name: source.type_name().name.to_string(), id: id.clone(), config };
        Visit::Call(Box::pin(async move {
            let call = async |connection: &dyn Connection| connection.import(request.clone()).await;
            let result = connected.ask(call).await;
            Answer::Imported { source, id, result }
        }))
    }

    /// Takes the object as a row, and plans it like any other.
    pub(crate) fn imported(
        &mut self,
        source: Source<'a>,
        id: String,
        result: Result<StoredObject, ProviderError>,
    ) -> Visit<'a> {
        let Some(kind) = self.kind(&source) else {
            self.fail(source.item);
            return Visit::Done;
        };
        let object = match result {
            Ok(object) => object,
            Err(error) => {
                let verb = format!("import {id:?} as");
                self.failed_call(&verb, source.address(), source.type_name(), Some(source.span()), &error);
                self.fail(source.item);
                return Visit::Done;
            }
        };
        let values = secrets::mark(kind.schema, &[], object.values);
        let schema = kind.provider.schema();
        let subject = check::Subject {
            provider: schema.name,
            version: schema.version,
            type_name: kind.schema.name,
            address: Some(source.address()),
        };
        let breaches = check::observed(&subject, kind.schema, values.view());
        if !breaches.is_empty() {
            self.problems.extend(breaches.iter().map(|breach| breach.diagnostic().at(source.span(), "")));
            self.fail(source.item);
            return Visit::Done;
        }
        let row = self.row_of(&source, kind.schema.version, values, object.private);
        self.memory.rows.add(row);
        self.visit_resource(source)
    }

    fn row_of(&self, source: &Source<'a>, schema_version: u32, values: ValueBuf, private: Vec<u8>) -> Row {
        let address = source.address().clone();
        let key = |generation| RowKey { address: address.clone(), generation };
        let used = self.request.state.rows.range(key(0)..=key(u32::MAX)).next_back();
        let generation = used.map_or(1, |(key, _)| key.generation + 1);
        let provider = self.graph.node(formwork_lang::graph::NodeId(source.provider()));
        Row {
            key: RowKey { address, generation },
            role: Role::Current,
            condition: Condition::Ready,
            type_name: source.type_name().clone(),
            provider: provider.map_or_else(|| source.address().clone(), |node| node.address.clone()),
            schema_version,
            values,
            config: ValueBuf::empty_map(),
            write_only: BTreeMap::new(),
            private,
            dependencies: Vec::new(),
            lifecycle: Lifecycle::default(),
            created_by: OperationId(String::new()),
            hosts: self.hosts_of(source.provider()),
        }
    }

    /// Resources that an import may have meant: the instances of its block, or of the block with the most similar name;
    /// else all.
    fn meant(&self, address: &Address) -> Vec<Address> {
        let is_resource = |known: &&Address| known.kind == ObjectKind::Resource;
        let known: BTreeSet<&Address> = self.nodes.keys().copied().filter(is_resource).collect();
        let of_block = |block: &Address| known.iter().filter(|known| means(block, known)).copied().cloned().collect();
        let instances: Vec<Address> = of_block(&address.block());
        if !instances.is_empty() {
            return instances;
        }
        match nearest(address, known.iter().copied()) {
            Some(near) => of_block(&near),
            None => known.into_iter().cloned().collect(),
        }
    }

    /// Reports imports that lead nowhere, and, where rows stand where they belong, those to an address that has another
    /// object.
    pub(crate) fn check_imports(&mut self, rows_are_right: bool) {
        let mut problems = Vec::new();
        for (address, id) in self.imports.sorted() {
            if self.item(address).is_none() {
                problems.push(Problem::ImportUnknown { address: address.clone(), meant: self.meant(address) });
            } else if let Some(held) = self.memory.rows.current(address).and_then(|row| self.memory.rows.get(row))
                && rows_are_right
                && !held.fresh
                && !mentions(held.row.values.view(), id)
            {
                problems.push(Problem::ImportTaken { address: address.clone(), id: id.clone() });
            }
        }
        for problem in problems {
            let span = self.graph.imports.iter().find(|import| match &problem {
                Problem::ImportUnknown { address, .. } | Problem::ImportTaken { address, .. } => import.to == *address,
                _ => false,
            });
            self.report(&problem, span.map(|import| import.span));
        }
    }
}

/// Whether an object is the one that an import means: one of its attributes, or several of them joined, is what people
/// gave. An import that was done stays in the sources for a while, and must do no harm there.
fn mentions(values: formwork_model::ValueRef<'_>, id: &str) -> bool {
    let texts: Vec<&str> =
        values.entries().filter_map(|(_, value)| value.as_str()).filter(|text| !text.is_empty()).collect();
    if texts.contains(&id) {
        return true;
    }
    let parts: Vec<&str> = id.split(['/', ',', ':', '|']).filter(|part| !part.is_empty()).collect();
    parts.len() > 1 && parts.iter().all(|part| texts.contains(part))
}
