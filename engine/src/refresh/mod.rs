//! Reading what there is: batched by type, in parallel, each row's answer on its own.

pub(crate) mod rows;

use crate::connections::Connected;
use crate::event::Event;
use crate::ports::EventSink;
use formwork_model::{Diagnostic, TypeName};
use formwork_provider_api::{ReadOutcome, StoredObject};
use futures::StreamExt;
use futures::stream;

/// Rows of one type that are read by one connection.
pub(crate) struct Batch {
    /// The type.
    pub(crate) type_name: TypeName,
    /// Numbers of the rows.
    pub(crate) rows: Vec<u32>,
    /// What is stored of each.
    pub(crate) objects: Vec<StoredObject>,
    /// Whether many cost few calls.
    pub(crate) batched: bool,
}

/// What was read of a row.
pub(crate) type Read = (u32, Answer);

/// What a provider said of a row.
pub(crate) enum Answer {
    /// This.
    Told(ReadOutcome),
    /// Nothing that could be told from what it said of others; the breach with the first of them.
    Broken(Option<Box<Diagnostic>>),
}

/// How many objects one call is asked for.
const CALL_SIZE: usize = 500;

/// Reads all batches, `parallelism` calls at a time. Answers come by row.
pub(crate) async fn read(
    connected: &Connected,
    batches: Vec<Batch>,
    parallelism: usize,
    events: &dyn EventSink,
) -> Vec<Read> {
    let asked: Vec<Batch> =
        batches.into_iter().filter(|batch| connected.connection.reads(&batch.type_name.name)).collect();
    for batch in &asked {
        events.emit(Event::RefreshStarted { type_name: batch.type_name.clone(), count: batch.rows.len() });
    }
    let finished: Vec<(TypeName, usize)> =
        asked.iter().map(|batch| (batch.type_name.clone(), batch.rows.len())).collect();
    let calls = asked.into_iter().flat_map(split).map(|batch| read_batch(connected, batch));
    let mut read: Vec<Read> = stream::iter(calls)
        .buffer_unordered(parallelism.max(1))
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flatten()
        .collect();
    for (type_name, count) in finished {
        events.emit(Event::RefreshFinished { type_name, count });
    }
    read.sort_by_key(|(row, _)| *row);
    read
}

fn split(batch: Batch) -> Vec<Batch> {
    let size = if batch.batched { CALL_SIZE } else { 1 };
    let mut objects = batch.objects.into_iter();
    let part = |rows: &[u32]| Batch {
        type_name: batch.type_name.clone(),
        rows: rows.to_vec(),
        objects: objects.by_ref().take(rows.len()).collect(),
        batched: batch.batched,
    };
    batch.rows.chunks(size).map(part).collect()
}

async fn read_batch(connected: &Connected, batch: Batch) -> Vec<Read> {
    match rows::read(connected, &batch.type_name.name, batch.objects).await {
        Ok(outcomes) => batch.rows.into_iter().zip(outcomes.into_iter().map(Answer::Told)).collect(),
        Err(breach) => {
            let mut breach = Some(breach);
            batch.rows.into_iter().map(|row| (row, Answer::Broken(breach.take()))).collect()
        }
    }
}
