//! What the stack says, as Terraform's `configuration`: providers and blocks by module, each attribute with its value or
//! with what it refers to. It is told of what was evaluated: a value that is known may have been written as an expression.

use super::{Export, identity, known};
use crate::plan::Operation;
use formwork_model::{Address, AttributePath, ModulePath, Value, ValueRef};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The blocks of a module, and the modules that it calls.
#[derive(Default)]
struct Blocks {
    resources: BTreeMap<String, Json>,
    calls: BTreeMap<String, Blocks>,
}

impl Blocks {
    fn within(&mut self, path: &ModulePath) -> &mut Self {
        path.0.iter().fold(self, |module, step| module.calls.entry(step.name.to_string()).or_default())
    }

    fn json(self) -> Map<String, Json> {
        let mut module = Map::new();
        module.insert("resources".into(), self.resources.into_values().collect());
        if !self.calls.is_empty() {
            let calls = self.calls.into_iter().map(|(name, called)| (name, json!({ "module": called.json() })));
            module.insert("module_calls".into(), Json::Object(calls.collect()));
        }
        module
    }
}

impl Export<'_> {
    pub(super) fn configuration(&self) -> Json {
        let mut providers = Map::new();
        for provider in self.plan.providers.iter().filter(|provider| !provider.recorded) {
            let entry = json!({
                "name": provider.provider,
                "version_constraint": provider.version,
                "expressions": expressions(self.plan.values.get(provider.configuration)),
            });
            providers.insert(provider.address.to_string(), entry);
        }
        let mut blocks = Blocks::default();
        for operation in &self.plan.operations {
            if let Some(config) = self.value(operation.config).filter(|_| !operation.is_junction()) {
                let module = blocks.within(&operation.address.module);
                // Of the instances of a block the first speaks for all.
                let name = block_name(&operation.address);
                module.resources.entry(name.clone()).or_insert_with(|| block(operation, name, config));
            }
        }
        let mut root = blocks.json();
        root.insert("outputs".into(), self.declared_outputs());
        root.insert("variables".into(), self.declared_variables());
        json!({ "provider_config": providers, "root_module": root })
    }

    fn declared_outputs(&self) -> Json {
        let declared = self.plan.outputs.iter().filter_map(|output| {
            let sensitive = output.planned.as_ref()?.holds_secret();
            Some((output.name.clone(), json!({ "sensitive": sensitive })))
        });
        Json::Object(declared.collect())
    }

    fn declared_variables(&self) -> Json {
        let declared = self.plan.variables.iter().map(|variable| {
            let sensitive = variable.sensitive.then(|| ("sensitive".to_owned(), Json::Bool(true)));
            (variable.name.clone(), Json::Object(sensitive.into_iter().collect()))
        });
        Json::Object(declared.collect())
    }

    /// The attributes of objects that something in the plan waits for.
    pub(super) fn relevant_attributes(&self) -> Json {
        let mut found: BTreeSet<(Address, AttributePath)> = BTreeSet::new();
        let configs = self.plan.operations.iter().filter_map(|operation| self.value(operation.config));
        let outputs = self.plan.outputs.iter().filter_map(|output| output.planned.as_ref());
        for value in configs.filter(|config| !config.is_known()).map(|config| config.to_value()) {
            note(&value, &mut found);
        }
        outputs.for_each(|value| note(value, &mut found));
        let each = found
            .iter()
            .map(|(address, path)| json!({ "resource": address.to_string(), "attribute": super::path(path) }));
        each.collect()
    }
}

fn note(value: &Value, found: &mut BTreeSet<(Address, AttributePath)>) {
    value.each_attribute(&mut |address, path| {
        found.insert((address.clone(), path.clone()));
    });
}

/// The block's name within its module.
fn block_name(address: &Address) -> String {
    Address { module: ModulePath::root(), ..address.block() }.to_string()
}

fn block(operation: &Operation, name: String, config: ValueRef<'_>) -> Json {
    let mut entry = identity(&operation.address.block(), &operation.type_name);
    entry.remove("index");
    entry.remove("module_address");
    entry.insert("address".into(), name.into());
    entry.insert("expressions".into(), expressions(config));
    Json::Object(entry)
}

fn expressions(config: ValueRef<'_>) -> Json {
    let each = config.entries().map(|(name, value)| (name.to_owned(), expression(value)));
    Json::Object(each.collect())
}

/// `constant_value` of what is known, `references` of what is not; nothing of what is secret.
fn expression(value: ValueRef<'_>) -> Json {
    let mut entry = Map::new();
    if value.holds_secret() {
        return entry.into();
    }
    if value.is_known() {
        entry.insert("constant_value".into(), known(value));
        return entry.into();
    }
    let mut references: BTreeSet<String> = BTreeSet::new();
    value.to_value().each_attribute(&mut |address, path| {
        if !path.steps().is_empty() {
            references.insert(format!("{address}.{path}"));
        }
        references.insert(address.to_string());
    });
    entry.insert("references".into(), references.into_iter().collect());
    entry.into()
}
