//! A plan in the field names of Terraform's JSON plan (`format_version` 1.2), so that policies over `resource_changes`
//! read it. Types keep our names. Every secret is masked.

mod checks;
mod configuration;
mod prior;

use crate::plan::{Action, Drift, Operation, Output, Plan, ProviderIndex, Reason, Removal, StateChange, Variable};
use formwork_model::value::{Masking, to_json};
use formwork_model::{Address, AttributePath, ObjectKind, Step, TypeName, Value, ValueBuf, ValueId, ValueRef, View};
use formwork_state::record::{Role, Row, RowKey, State};
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version of Terraform's format that this follows.
const FORMAT: &str = "1.2";

/// The plan as JSON. What there was before is told of `state`; without it, of what the plan itself keeps.
#[must_use]
pub fn terraform_json(plan: &Plan, state: Option<&State>) -> Json {
    let export = Export { plan };
    json!({
        "format_version": FORMAT,
        "formwork_version": plan.header.version,
        "timestamp": timestamp(plan.header.created_ms),
        "applyable": plan.has_changes(),
        "complete": plan.header.complete,
        "errored": false,
        "variables": variables(&plan.variables),
        "planned_values": export.planned_values(),
        "resource_drift": plan.drift.iter().map(|drift| export.drift(drift)).collect::<Vec<_>>(),
        "resource_changes": export.resource_changes(),
        "deferred_changes": plan.deferred.iter().map(deferral).collect::<Vec<_>>(),
        "output_changes": output_changes(&plan.outputs),
        "prior_state": state.map_or_else(|| export.prior_state(), state_json),
        "configuration": export.configuration(),
        "relevant_attributes": export.relevant_attributes(),
        "checks": checks::json(&plan.checks, &plan.held),
    })
}

/// The state as JSON, as `terraform show -json` has it.
#[must_use]
pub fn state_json(state: &State) -> Json {
    prior::of_state(state)
}

/// A moment as RFC 3339, in UTC, to the second.
fn timestamp(milliseconds: i64) -> Json {
    let second = jiff::Timestamp::from_second(milliseconds.div_euclid(1000));
    second.map_or(Json::Null, |moment| moment.to_string().into())
}

/// Secrets have given way to a mask when the plan was made.
fn variables(variables: &[Variable]) -> Json {
    let each = variables.iter().map(|variable| {
        let mut entry = Map::new();
        entry.extend(variable.value.as_ref().map(|value| ("value".to_owned(), known(value.view()))));
        if variable.sensitive {
            entry.insert("sensitive".into(), true.into());
        }
        (variable.name.clone(), Json::Object(entry))
    });
    Json::Object(each.collect())
}

fn deferral(deferred: &crate::plan::Deferral) -> Json {
    json!({ "reason": deferred.reason, "resource_change": { "address": deferred.address.to_string() } })
}

struct Export<'a> {
    plan: &'a Plan,
}

impl Export<'_> {
    fn value(&self, id: Option<ValueId>) -> Option<ValueRef<'_>> {
        id.map(|id| self.plan.values.get(id))
    }

    /// One entry for each object; the two halves of a replacement are one.
    fn resource_changes(&self) -> Vec<Json> {
        let operations = &self.plan.operations;
        let replaced = |operation: &&Operation| {
            // The delete of a replacement is told by its create.
            !(operation.action == Action::Delete && operation.counterpart.is_some())
        };
        let shown = operations.iter().filter(|operation| !operation.is_junction() && operation.action != Action::Open);
        let told = shown.filter(replaced).map(|operation| self.change(operation));
        told.chain(self.state_only()).collect()
    }

    /// What changes in the state alone and has no operation: what the stack says to forget, and moves of what is not
    /// planned.
    fn state_only(&self) -> Vec<Json> {
        let operations = &self.plan.operations;
        let planned: BTreeSet<&Address> = operations.iter().map(|operation| &operation.address).collect();
        let changes = self.plan.state_changes.iter();
        let told = changes.filter_map(|change| match change {
            StateChange::Remove(row, Removal::Forgotten) => Some(self.row(row, &row.key, Action::Forget)),
            StateChange::Move(row, to) if !planned.contains(&to.address) => Some(self.row(row, to, Action::NoOp)),
            StateChange::Remove(_, Removal::Gone) | StateChange::Put(_) | StateChange::Move(..) => None,
        });
        told.collect()
    }

    fn row(&self, row: &Row, key: &RowKey, action: Action) -> Json {
        let mut entry = self.identity(&key.address, &row.type_name, None);
        let before = Some(row.values.view());
        let after = if action == Action::NoOp { before } else { None };
        entry.insert("change".into(), change(actions(action, false, false), before, after, &[]));
        if row.role != Role::Current {
            entry.insert("deposed".into(), deposed(key));
        }
        if *key != row.key {
            entry.insert("previous_address".into(), row.key.address.to_string().into());
        }
        Json::Object(entry)
    }

    fn change(&self, operation: &Operation) -> Json {
        let delete = operation.counterpart.and_then(|index| self.plan.operation(index));
        let before = match delete {
            Some(delete) => self.value(delete.prior),
            None => self.value(operation.prior),
        };
        let after = if matches!(operation.action, Action::Delete | Action::Forget) {
            None
        } else {
            self.value(operation.planned)
        };
        let first = operation.lifecycle.create_first;
        let actions = actions(operation.action, delete.is_some(), first);
        let mut entry = self.identity(&operation.address, &operation.type_name, Some(operation.provider));
        let mut change = change(actions, before, after, &operation.replace_paths);
        if let (Some(change), Some(id)) = (change.as_object_mut(), self.imported_from(&operation.address)) {
            change.insert("importing".into(), json!({ "id": id }));
        }
        entry.insert("change".into(), change);
        if let Some(reason) = action_reason(operation, delete.is_some()) {
            entry.insert("action_reason".into(), reason.into());
        }
        if operation.reason == Reason::Deposed
            && let Some(key) = &operation.row
        {
            entry.insert("deposed".into(), deposed(key));
        }
        if let Some(moved) = self.moved_from(&operation.address) {
            entry.insert("previous_address".into(), moved.into());
        }
        Json::Object(entry)
    }

    fn imported_from(&self, address: &Address) -> Option<&str> {
        let found = self.plan.imported.iter().find(|imported| imported.address == *address);
        found.map(|imported| imported.id.as_str())
    }

    fn moved_from(&self, address: &Address) -> Option<String> {
        self.plan.state_changes.iter().find_map(|change| match change {
            StateChange::Move(from, to) if to.address == *address => Some(from.key.address.to_string()),
            _ => None,
        })
    }

    fn identity(&self, address: &Address, type_name: &TypeName, provider: Option<ProviderIndex>) -> Map<String, Json> {
        let mut entry = identity(address, type_name);
        let provider = provider.and_then(|index| self.plan.providers.get(index.0 as usize));
        let name = provider.map_or_else(|| type_name.provider.to_string(), |provider| provider.provider.clone());
        entry.insert("provider_name".into(), name.into());
        entry
    }

    fn drift(&self, drift: &Drift) -> Json {
        let before = Some(self.plan.values.get(drift.recorded));
        let after = self.value(drift.observed);
        let actions = if after.is_some() { ["update"] } else { ["delete"] };
        let mut entry = self.identity(&drift.address, &drift.type_name, None);
        entry.insert("change".into(), change(&actions, before, after, &[]));
        Json::Object(entry)
    }

    /// What there will be.
    fn planned_values(&self) -> Json {
        let mut root = Module::default();
        for operation in &self.plan.operations {
            let gone = matches!(operation.action, Action::Delete | Action::Forget | Action::Open);
            let Some(value) = self.value(operation.planned).filter(|_| !gone && !operation.is_junction()) else {
                continue;
            };
            let mut entry = self.identity(&operation.address, &operation.type_name, Some(operation.provider));
            entry.insert("values".into(), known(value));
            entry.insert("sensitive_values".into(), marks(value, &|value| matches!(value.view(), View::Secret(_))));
            root.add(&operation.address, Json::Object(entry));
        }
        let outputs = self.plan.outputs.iter().filter_map(|output| {
            let value = ValueBuf::from(output.planned.as_ref()?);
            let sensitive = value.view().holds_secret();
            Some((output.name.clone(), json!({ "sensitive": sensitive, "value": known(value.view()) })))
        });
        json!({ "outputs": outputs.collect::<Map<_, _>>(), "root_module": root.json("") })
    }
}

/// Resources of a module, and the modules within.
#[derive(Default)]
struct Module {
    resources: Vec<Json>,
    children: BTreeMap<String, Module>,
}

impl Module {
    fn add(&mut self, address: &Address, resource: Json) {
        let mut module = self;
        let mut path = formwork_model::ModulePath::root();
        for step in &address.module.0 {
            path = path.child(step.name.clone(), step.key.clone());
            module = module.children.entry(path.to_string()).or_default();
        }
        module.resources.push(resource);
    }

    fn json(self, address: &str) -> Json {
        let children: Vec<Json> = self.children.into_iter().map(|(address, child)| child.json(&address)).collect();
        let mut entry = Map::new();
        if !address.is_empty() {
            entry.insert("address".into(), address.into());
        }
        entry.insert("resources".into(), self.resources.into());
        if !children.is_empty() {
            entry.insert("child_modules".into(), children.into());
        }
        Json::Object(entry)
    }
}

fn identity(address: &Address, type_name: &TypeName) -> Map<String, Json> {
    let mut entry = Map::new();
    entry.insert("address".into(), address.to_string().into());
    if !address.module.is_root() {
        entry.insert("module_address".into(), address.module.to_string().into());
    }
    let mode = if address.kind == ObjectKind::Data { "data" } else { "managed" };
    entry.insert("mode".into(), mode.into());
    entry.insert("type".into(), type_name.to_string().into());
    entry.insert("name".into(), address.name.as_str().into());
    let index = match (&address.key, &address.row) {
        (Some(key), Some(row)) => Some(format!("{key}/{row}")),
        (key, row) => key.as_ref().or(row.as_ref()).map(ToString::to_string),
    };
    if let Some(index) = index {
        entry.insert("index".into(), index.into());
    }
    entry
}

/// Which of several objects of one address it is.
fn deposed(key: &RowKey) -> Json {
    format!("{:08x}", key.generation).into()
}

const fn actions(action: Action, replaces: bool, create_first: bool) -> &'static [&'static str] {
    match action {
        Action::NoOp => &["no-op"],
        Action::Create if replaces && create_first => &["create", "delete"],
        Action::Create if replaces => &["delete", "create"],
        Action::Create => &["create"],
        Action::Update => &["update"],
        Action::Delete => &["delete"],
        Action::Read | Action::Open => &["read"],
        Action::Forget => &["forget"],
    }
}

/// Terraform's word for why, where it has one.
const fn action_reason(operation: &Operation, replaces: bool) -> Option<&'static str> {
    Some(match operation.reason {
        Reason::CannotUpdate if replaces => "replace_because_cannot_update",
        Reason::Requested => "replace_by_request",
        Reason::ReplaceTriggered => "replace_by_triggers",
        Reason::Tainted if replaces => "replace_because_tainted",
        Reason::KeyRemoved => "delete_because_each_key",
        Reason::BlockRemoved => "delete_because_no_resource_config",
        Reason::UnknownInputs => "read_because_config_unknown",
        Reason::DependencyChanges => "read_because_dependency_pending",
        _ => return None,
    })
}

fn change(
    actions: &[&str],
    before: Option<ValueRef<'_>>,
    after: Option<ValueRef<'_>>,
    replace: &[AttributePath],
) -> Json {
    let is_secret = |value: ValueRef<'_>| matches!(value.view(), View::Secret(_) | View::Sealed(_));
    let is_unknown = |value: ValueRef<'_>| value.is_unknown();
    let absent = || Json::Bool(false);
    let mut entry = json!({
        "actions": actions,
        "before": before.map_or(Json::Null, known),
        "after": after.map_or(Json::Null, known),
        "after_unknown": after.map_or_else(absent, |after| marks(after, &is_unknown)),
        "before_sensitive": before.map_or_else(absent, |before| marks(before, &is_secret)),
        "after_sensitive": after.map_or_else(absent, |after| marks(after, &is_secret)),
    });
    if !replace.is_empty()
        && let Some(entry) = entry.as_object_mut()
    {
        entry.insert("replace_paths".into(), replace.iter().map(path).collect());
    }
    entry
}

fn path(path: &AttributePath) -> Json {
    let steps = path.steps().iter().map(|step| match step {
        Step::Member(name) | Step::Key(name) => Json::from(name.as_str()),
        Step::Index(index) => Json::from(*index),
        Step::Each => Json::from("*"),
    });
    steps.collect()
}

/// The value without what is unknown, secrets masked.
fn known(value: ValueRef<'_>) -> Json {
    match value.view() {
        View::Map(entries) => {
            let known = entries.filter(|(_, value)| !value.is_unknown());
            known.map(|(name, value)| (name.to_owned(), self::known(value))).collect()
        }
        View::List(items) | View::Set(items) => items.map(known).collect(),
        _ => to_json(value, Masking::Masked),
    }
}

/// `true` wherever the mark is, in the value's own shape; empty where there is none.
fn marks(value: ValueRef<'_>, is: &dyn Fn(ValueRef<'_>) -> bool) -> Json {
    if is(value) {
        return Json::Bool(true);
    }
    match value.view() {
        View::Map(entries) => {
            let marked = entries.map(|(name, value)| (name.to_owned(), marks(value, is)));
            marked.filter(|(_, mark)| holds_mark(mark)).collect()
        }
        View::List(items) | View::Set(items) => items.map(|item| marks(item, is)).collect(),
        _ => Json::Bool(false),
    }
}

fn holds_mark(mark: &Json) -> bool {
    match mark {
        Json::Bool(truth) => *truth,
        Json::Array(items) => items.iter().any(holds_mark),
        Json::Object(entries) => !entries.is_empty(),
        _ => false,
    }
}

fn output_changes(outputs: &[Output]) -> Json {
    let changes = outputs.iter().map(|output| {
        let buffer = |value: &Option<Value>| value.as_ref().map(ValueBuf::from);
        let (before, after) = (buffer(&output.prior), buffer(&output.planned));
        let actions: &[&str] = match (&before, &after) {
            (None, Some(_)) => &["create"],
            (Some(_), None) => &["delete"],
            (before, after) if before == after => &["no-op"],
            _ => &["update"],
        };
        (
            output.name.clone(),
            change(actions, before.as_ref().map(ValueBuf::view), after.as_ref().map(ValueBuf::view), &[]),
        )
    });
    Json::Object(changes.collect())
}
