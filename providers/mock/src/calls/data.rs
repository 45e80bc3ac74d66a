//! The data source `mock.lookup`.

use super::{not_found, of_name};
use crate::connection::{Call, MockConnection, entry, name_in};
use crate::kind::Kind;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{ProviderError, ReadDataRequest};

pub(crate) async fn read(connection: &MockConnection, request: &ReadDataRequest) -> Result<ValueBuf, ProviderError> {
    let Some(schema) = crate::SCHEMA.data_source(&request.type_name) else {
        return Err(ProviderError::unsupported(format!("`mock.{}` is no data source", request.type_name)));
    };
    let name = name_in(&request.config);
    let call = Call { word: "read_data", type_name: &request.type_name, name: &name, operation: "", count: 1 };
    let fault = connection.arrive(&call, None).await?;
    let thing = connection.act(|store| {
        store.record(entry(&call, "", "done"))?;
        let first = of_name(store, Kind::Thing, "", &name)?.into_iter().next();
        Ok(first.ok_or_else(|| not_found(Kind::Thing, &name)))
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    let values = thing.values();
    let known =
        schema.attributes.iter().filter_map(|attribute| Some((attribute.name, values.get(attribute.name)?.clone())));
    Ok(ValueBuf::from(Value::map(known)))
}
