//! The ephemeral value `mock.lease`.

use crate::cloud::{CloudObject, Store, next_id};
use crate::connection::{Answer, Call, MockConnection, entry, name_in, now_ms};
use crate::fill::digest;
use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::{ErrorClass, OpenRequest, Opened, ProviderError};

const TYPE: &str = "lease";

/// How a lease's token begins.
const TOKEN: &str = "mock-secret-lease-";

/// Whether a provider's token is that of a lease.
pub(crate) fn is_token(token: &str) -> bool {
    token.starts_with(TOKEN)
}

/// Refuses a token that has ended: it holds until the lease is renewed for the second time after it, or closed.
pub(crate) fn check(store: &mut dyn Store, token: &str) -> Answer<()> {
    let holds = |lease: &CloudObject| {
        let of = |renewals: u64| token_of(&lease.id, renewals) == token;
        of(lease.revision) || lease.revision.checked_sub(1).is_some_and(of)
    };
    if store.all(TYPE)?.iter().any(holds) {
        return Ok(Ok(()));
    }
    let error = ProviderError::new(ErrorClass::Forbidden, "the token of the lease has ended");
    Ok(Err(error.vendor("Unauthorized", "mock-request")))
}

pub(crate) async fn open(connection: &MockConnection, request: &OpenRequest) -> Result<Opened, ProviderError> {
    if request.type_name != TYPE {
        return Err(ProviderError::unsupported(format!("`mock.{}` is no ephemeral value", request.type_name)));
    }
    let name = name_in(&request.config);
    let call = Call { word: "open", type_name: TYPE, name: &name, operation: "", count: 1 };
    let fault = connection.arrive(&call, None).await?;
    let config = request.config.to_value().as_map().cloned().unwrap_or_default();
    let lease = connection.act(|store| {
        let id = next_id(store, TYPE, &name);
        let mut lease = CloudObject { type_name: TYPE.to_owned(), id, name: name.clone(), ..Default::default() };
        lease.created_ms = now_ms();
        lease.set_values(&config);
        renewed(&mut lease, 0);
        store.save(&lease)?;
        store.record(entry(&call, &lease.id, "done"))?;
        Ok(Ok(lease))
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    Ok(opened(&lease))
}

/// A lease with the token of so many renewals.
fn renewed(lease: &mut CloudObject, renewals: u64) {
    let mut values = lease.values();
    values.insert("token", Value::string(token_of(&lease.id, renewals)).secret());
    values.insert("renewals", Value::Int(i64::try_from(renewals).unwrap_or(i64::MAX)));
    lease.revision = renewals;
    lease.set_values(&values);
}

fn token_of(id: &str, renewals: u64) -> String {
    format!("{TOKEN}{:016x}", digest(&format!("{id}/{renewals}")))
}

fn opened(lease: &CloudObject) -> Opened {
    let values: Map = lease.values().into_iter().filter(|(_, value)| !value.is_null()).collect();
    let renew_in_ms = match values.get("renew_every") {
        Some(Value::Duration(milliseconds)) => u64::try_from(*milliseconds).ok(),
        _ => None,
    };
    Opened {
        type_name: TYPE.to_owned(),
        values: ValueBuf::from(Value::Map(values)),
        private: lease.id.clone().into_bytes(),
        renew_in_ms,
    }
}

fn id_of(opened: &Opened) -> String {
    String::from_utf8_lossy(&opened.private).into_owned()
}

pub(crate) async fn renew(connection: &MockConnection, before: Opened) -> Result<Opened, ProviderError> {
    let (id, name) = (id_of(&before), name_in(&before.values));
    let call = Call { word: "renew", type_name: TYPE, name: &name, operation: "", count: 1 };
    let fault = connection.arrive(&call, None).await?;
    let lease = connection.act(|store| {
        let Some(mut lease) = store.load(TYPE, &id)? else {
            return Ok(Err(ProviderError::new(ErrorClass::NotFound, format!("the lease {id:?} has ended"))));
        };
        let renewals = lease.revision + 1;
        renewed(&mut lease, renewals);
        store.save(&lease)?;
        store.record(entry(&call, &id, "done"))?;
        Ok(Ok(lease))
    })?;
    connection.leave(&call, fault.as_ref(), None).await?;
    Ok(opened(&lease))
}

pub(crate) async fn close(connection: &MockConnection, opened: &Opened) -> Result<(), ProviderError> {
    let (id, name) = (id_of(opened), name_in(&opened.values));
    let call = Call { word: "close", type_name: TYPE, name: &name, operation: "", count: 1 };
    let fault = connection.arrive(&call, None).await?;
    connection.act(|store| {
        store.bury(TYPE, &id)?;
        store.record(entry(&call, &id, "done"))?;
        Ok(Ok(()))
    })?;
    connection.leave(&call, fault.as_ref(), None).await
}
