//! Data sources that are read at apply, and ephemeral values.

use super::work::Work;
use super::{Stopped, Success};
use crate::apply::ephemeral::{self, Kept};
use crate::apply::values::Known;
use crate::call::wait_to_retry;
use crate::call::{Repeatable, RetryPolicy};
use crate::event::ChangeKind;
use crate::secrets;
use formwork_provider_api::{OpenRequest, ProviderError, ReadDataRequest};
use std::future::Future;

async fn patiently<T, F>(work: &Work<'_>, mut call: impl FnMut() -> F) -> Result<T, ProviderError>
where
    F: Future<Output = Result<T, ProviderError>> + Send,
{
    let policy = RetryPolicy::reading();
    let began = std::time::Instant::now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match work.call("read", call()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let delay = policy.delay(&error, Repeatable::Always, attempt);
        let Some(delay) = delay.filter(|delay| began.elapsed() + *delay < policy.total) else { return Err(error) };
        work.tell_retry(&error, delay, attempt);
        if wait_to_retry(&work.shared.interruption, delay).await.is_err() {
            return Err(error);
        }
    }
}

pub(super) async fn read(work: &Work<'_>) -> Result<Success, Stopped> {
    let config = work.config()?;
    let connected = work.connect().await?;
    let schema = work.schema(&connected)?;
    let _permit = work.permit(&connected).await?;
    work.announce(ChangeKind::Read);
    let type_name = work.operation.type_name.name.to_string();
    let answer = patiently(work, || {
        let request = ReadDataRequest { type_name: type_name.clone(), config: config.clone() };
        connected.connection.read_data(request)
    })
    .await
    .map_err(|error| work.failure("read", &error))?;
    let values = secrets::mark(schema, &[config.view()], answer);
    work.shared.values.set(work.operation.address.clone(), Some(Known { values, row: None }));
    Ok(Success::default())
}

pub(super) async fn open(work: &Work<'_>) -> Result<Success, Stopped> {
    let config = work.config()?;
    let connected = work.connect().await?;
    let schema = work.schema(&connected)?;
    let _permit = work.permit(&connected).await?;
    work.announce(ChangeKind::Open);
    let type_name = work.operation.type_name.name.to_string();
    let opened = patiently(work, || {
        let request = OpenRequest { type_name: type_name.clone(), config: config.clone() };
        connected.connection.open(request)
    })
    .await
    .map_err(|error| work.failure("open", &error))?;
    let (address, connection) = (work.operation.address.clone(), connected.connection.clone());
    ephemeral::keep(work.shared, Kept { address, schema, config, connection, opened });
    Ok(Success::default())
}
