//! `state resolve`: a person says what became of an object that is uncertain.

use super::session::runtime;
use super::state::{address, change};
use crate::logging;
use crate::project::{Answer, Configured, Failure, Project, refusal};
use crate::registry::Registry;
use formwork_engine::connections::Connections;
use formwork_engine::failure::{Subject, diagnostic};
use formwork_engine::lookup;
use formwork_engine::ports::{InputResolver, Providers};
use formwork_engine::secret_readers;
use formwork_engine::secrets;
use formwork_lang::residual;
use formwork_model::ValueBuf;
use formwork_provider_api::{ImportRequest, ProviderError, StoredObject};
use formwork_state::record::{Condition, Record, Role, Row, State};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn resolve(
    project: &Project,
    environment: &str,
    text: &str,
    adopt: Option<String>,
    timeout: Duration,
) -> Answer {
    let wanted = address(text)?;
    change(project, environment, "state resolve", timeout, |state| {
        let row = state
            .rows
            .values()
            .find(|row| row.key.address == wanted && matches!(row.condition, Condition::Uncertain(_)));
        let row = row.ok_or_else(|| {
            let help = "`formwork state list` shows which objects are uncertain";
            refusal("E3055", format!("`{wanted}` is not uncertain"), help)
        })?;
        match adopt {
            None => {
                let reason = "formwork state resolve --absent".to_owned();
                Ok((
                    vec![Record::Remove { key: row.key.clone(), reason }],
                    format!("`{wanted}` does not exist; the next apply creates it"),
                ))
            }
            Some(id) => {
                let object = runtime()?.block_on(adopted(project, state, row, &id))?;
                let row = Row {
                    values: object.values,
                    private: object.private,
                    role: Role::Current,
                    condition: Condition::Ready,
                    ..row.as_ref().clone()
                };
                Ok((vec![Record::Put(Box::new(row))], format!("`{wanted}` is {id}")))
            }
        }
    })
}

/// The object of an id, as its provider reads it.
async fn adopted(project: &Project, state: &State, row: &Arc<Row>, id: &str) -> Result<StoredObject, Failure> {
    let subject = Subject { verb: "adopt", address: &row.key.address, type_name: &row.type_name, span: None };
    let fail = |error: ProviderError| Failure::from(diagnostic(subject, &error));
    let inputs = project.inputs(Configured::As(secret_readers::of_state(state, &Registry)));
    let recorded = state.providers.get(&row.provider).cloned().unwrap_or_else(ValueBuf::empty_map);
    let configuration =
        residual::resolve_view(recorded.view(), &|object, path| lookup::recorded(state, object, path), &|source| {
            Some(inputs.resolve(source))
        })?;
    let connections = Connections::new(Arc::new(Registry), project.provider_environment());
    let connected = connections.get(&row.provider, &row.type_name.provider, &configuration).await.map_err(fail)?;
    let request = ImportRequest {
        type_name: row.type_name.name.to_string(),
        id: id.to_owned(),
        config: Some(row.config.clone()),
    };
    let object = connected.connection.import(request).await.map_err(fail)?;
    let provider = Registry.provider(&row.type_name.provider);
    let schema = provider.and_then(|provider| provider.schema().resource(&row.type_name.name));
    let values = schema.map_or_else(
        || object.values.clone(),
        |schema| secrets::mark(schema, &[row.config.view()], object.values.clone()),
    );
    logging::secrets().learn(values.view());
    Ok(StoredObject { values, private: object.private })
}
