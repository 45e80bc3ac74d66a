//! The stored form of a record.

use super::forms::{
    read_address, read_checkpoint, read_finished, read_key, read_path, row_content, row_from, run_content, run_from,
    write_address, write_checkpoint, write_finished, write_key, write_path,
};
use super::{Decoded, Decoder, Encoder, malformed};
use crate::record::{Begin, Change, Finished, Move, OperationId, Record, Row, RunId};

/// Since version 2 rows keep their hosts.
const VERSION: u8 = 2;

const RUN_STARTED: u8 = 1;
const BEGIN: u8 = 2;
const CHECKPOINT: u8 = 3;
const DONE: u8 = 4;
const FAILED: u8 = 5;
const PUT: u8 = 6;
const REMOVE: u8 = 7;
const MOVED: u8 = 8;
const PROVIDER: u8 = 9;
const OUTPUTS: u8 = 10;
const RUN_FINISHED: u8 = 11;

/// A record with its version.
pub(crate) fn write_record(encoder: &mut Encoder<'_>, record: &Record) {
    encoder.byte(VERSION);
    match record {
        Record::RunStarted(run) => {
            encoder.byte(RUN_STARTED);
            run_content(encoder, run);
        }
        Record::Begin(begin) => {
            encoder.byte(BEGIN);
            write_begin(encoder, begin);
        }
        Record::Checkpoint { operation, checkpoint } => {
            encoder.byte(CHECKPOINT);
            encoder.text(&operation.0);
            write_checkpoint(encoder, operation, checkpoint);
        }
        Record::Done { operation, row } => {
            encoder.byte(DONE);
            encoder.text(&operation.0);
            encoder.option(row.as_deref(), row_content);
        }
        Record::Failed { operation, error, row } => {
            encoder.byte(FAILED);
            encoder.text(&operation.0);
            encoder.text(error);
            encoder.option(row.as_deref(), row_content);
        }
        Record::Put(row) => {
            encoder.byte(PUT);
            row_content(encoder, row);
        }
        Record::Remove { key, reason } => {
            encoder.byte(REMOVE);
            write_key(encoder, key);
            encoder.text(reason);
        }
        Record::Moved(moves) => {
            encoder.byte(MOVED);
            encoder.list(moves.iter(), |encoder, step| {
                write_key(encoder, &step.from);
                write_key(encoder, &step.to);
            });
        }
        Record::Provider { address, configuration } => {
            encoder.byte(PROVIDER);
            write_address(encoder, address);
            encoder.value(configuration, address, "configuration");
        }
        Record::Outputs(outputs) => {
            encoder.byte(OUTPUTS);
            encoder.value(outputs, &"outputs", "outputs");
        }
        Record::RunFinished { run, at_ms, outcome, summary } => {
            encoder.byte(RUN_FINISHED);
            encoder.text(&run.0);
            let finished = Finished { at_ms: *at_ms, outcome: *outcome, summary: summary.clone() };
            write_finished(encoder, &finished);
        }
    }
}

/// The reverse of [`write_record`].
pub(crate) fn read_record(decoder: &mut Decoder<'_>) -> Decoded<Record> {
    let version = decoder.version("journal record", VERSION)?;
    Ok(match decoder.byte()? {
        RUN_STARTED => Record::RunStarted(run_from(decoder)?),
        BEGIN => Record::Begin(Box::new(read_begin(decoder, version)?)),
        CHECKPOINT => {
            let operation = OperationId(decoder.text()?);
            Record::Checkpoint { checkpoint: read_checkpoint(decoder, &operation)?, operation }
        }
        DONE => Record::Done { operation: OperationId(decoder.text()?), row: boxed_row(decoder, version)? },
        FAILED => Record::Failed {
            operation: OperationId(decoder.text()?),
            error: decoder.text()?,
            row: boxed_row(decoder, version)?,
        },
        PUT => Record::Put(Box::new(row_from(decoder, version)?)),
        REMOVE => Record::Remove { key: read_key(decoder)?, reason: decoder.text()? },
        MOVED => Record::Moved(decoder.list(|decoder| Ok(Move { from: read_key(decoder)?, to: read_key(decoder)? }))?),
        PROVIDER => {
            let address = read_address(decoder)?;
            Record::Provider { configuration: decoder.value(&address, "configuration")?, address }
        }
        OUTPUTS => Record::Outputs(decoder.value(&"outputs", "outputs")?),
        RUN_FINISHED => {
            let run = RunId(decoder.text()?);
            let Finished { at_ms, outcome, summary } = read_finished(decoder)?;
            Record::RunFinished { run, at_ms, outcome, summary }
        }
        _ => return malformed("unknown kind of record"),
    })
}

fn boxed_row(decoder: &mut Decoder<'_>, version: u8) -> Decoded<Option<Box<Row>>> {
    decoder.option(|decoder| row_from(decoder, version).map(Box::new))
}

/// An announcement, inside a form that has a version.
pub(super) fn write_begin(encoder: &mut Encoder<'_>, begin: &Begin) {
    encoder.text(&begin.operation.0);
    encoder.text(&begin.run.0);
    encoder.signed(begin.at_ms);
    encoder.byte(match begin.change {
        Change::Create => 0,
        Change::Update => 1,
        Change::Delete => 2,
    });
    write_key(encoder, &begin.key);
    row_content(encoder, &begin.row);
    encoder.value(&begin.planned, &begin.key.address, "planned");
    encoder.flag(begin.absence_checked);
    encoder.list(begin.write_only_paths.iter(), write_path);
}

/// The reverse of [`write_begin`].
pub(super) fn read_begin(decoder: &mut Decoder<'_>, version: u8) -> Decoded<Begin> {
    let operation = OperationId(decoder.text()?);
    let run = RunId(decoder.text()?);
    let at_ms = decoder.signed()?;
    let change = match decoder.byte()? {
        0 => Change::Create,
        1 => Change::Update,
        2 => Change::Delete,
        _ => return malformed("unknown change"),
    };
    let key = read_key(decoder)?;
    let row = row_from(decoder, version)?;
    let planned = decoder.value(&key.address, "planned")?;
    let absence_checked = decoder.flag()?;
    let write_only_paths = decoder.list(read_path)?;
    Ok(Begin { operation, run, at_ms, change, key, row, planned, absence_checked, write_only_paths })
}
