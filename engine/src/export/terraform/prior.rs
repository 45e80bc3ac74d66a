//! What there is before a plan: of the state, or of what the plan keeps of it.

use super::{Export, Module, identity, known, marks};
use formwork_model::{ValueBuf, ValueRef, View};
use formwork_state::record::{Role, State};
use serde_json::{Map, Value as Json, json};

/// The version of Terraform's format of a state that this follows.
const FORMAT: &str = "1.0";

pub(super) fn of_state(state: &State) -> Json {
    let mut root = Module::default();
    for row in state.rows.values().filter(|row| row.role == Role::Current) {
        let mut entry = identity(&row.key.address, &row.type_name);
        entry.insert("provider_name".into(), row.type_name.provider.as_str().into());
        entry.insert("schema_version".into(), row.schema_version.into());
        put_values(&mut entry, row.values.view());
        entry.insert("depends_on".into(), row.dependencies.iter().map(ToString::to_string).collect());
        root.add(&row.key.address, Json::Object(entry));
    }
    let outputs = state.outputs.view().entries().map(|(name, value)| (name.to_owned(), output(value)));
    whole(outputs.collect(), root)
}

impl Export<'_> {
    /// What the plan knows of what there is: of each object that it speaks of.
    pub(super) fn prior_state(&self) -> Json {
        let mut root = Module::default();
        for operation in &self.plan.operations {
            let is_current = operation.row.as_ref().is_some_and(|row| row.address == operation.address);
            let Some(value) = self.value(operation.prior).filter(|_| is_current && !operation.is_junction()) else {
                continue;
            };
            if operation.reason == crate::plan::Reason::Deposed {
                continue;
            }
            let mut entry = self.identity(&operation.address, &operation.type_name, Some(operation.provider));
            put_values(&mut entry, value);
            root.add(&operation.address, Json::Object(entry));
        }
        let outputs = self.plan.outputs.iter().filter_map(|planned| {
            let value = ValueBuf::from(planned.prior.as_ref()?);
            Some((planned.name.clone(), output(value.view())))
        });
        whole(outputs.collect(), root)
    }
}

fn put_values(entry: &mut Map<String, Json>, value: ValueRef<'_>) {
    entry.insert("values".into(), known(value));
    entry.insert("sensitive_values".into(), marks(value, &is_secret));
}

fn output(value: ValueRef<'_>) -> Json {
    json!({ "sensitive": value.holds_secret(), "value": known(value) })
}

fn is_secret(value: ValueRef<'_>) -> bool {
    matches!(value.view(), View::Secret(_) | View::Sealed(_))
}

fn whole(outputs: Map<String, Json>, root: Module) -> Json {
    json!({ "format_version": FORMAT, "values": { "outputs": outputs, "root_module": root.json("") } })
}
