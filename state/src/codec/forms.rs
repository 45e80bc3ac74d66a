//! The stored forms of a row, a run, and what a state holds besides rows.

use super::{Decoded, Decoder, Encoder, malformed, record};
use crate::record::{
    Condition, Finished, Host, Lifecycle, OpenOperation, OperationCheckpoint, OperationId, Outcome, Role, Row, RowKey,
    Run, RunId, State,
};
use formwork_model::{Address, AttributePath, ModulePath, ModuleStep, ObjectKind, Step, TypeName};

/// Since version 2 rows keep their hosts.
const ROW: u8 = 2;
const RUN: u8 = 1;
const REST: u8 = 2;

/// The version of a form that holds rows from which on they keep their hosts: the same for each of these forms.
const HOSTS: u8 = 2;

/// What the outputs are sealed for, in the place of an address.
const OUTPUTS: &str = "outputs";

/// A row with its version.
pub(crate) fn write_row(encoder: &mut Encoder<'_>, row: &Row) {
    encoder.byte(ROW);
    row_content(encoder, row);
}

/// The reverse of [`write_row`].
pub(crate) fn read_row(decoder: &mut Decoder<'_>) -> Decoded<Row> {
    let version = decoder.version("row", ROW)?;
    row_from(decoder, version)
}

/// A row inside a form that has a version of its own.
pub(super) fn row_content(encoder: &mut Encoder<'_>, row: &Row) {
    let object = &row.key.address;
    write_key(encoder, &row.key);
    encoder.byte(match row.role {
        Role::Current => 0,
        Role::Deposed => 1,
        Role::Deleting => 2,
    });
    write_condition(encoder, &row.condition);
    write_type(encoder, &row.type_name);
    write_address(encoder, &row.provider);
    encoder.number(u64::from(row.schema_version));
    encoder.value(&row.values, object, "values");
    encoder.value(&row.config, object, "config");
    encoder.list(row.write_only.iter(), |encoder, (name, digest)| {
        encoder.text(name);
        encoder.bytes.extend_from_slice(digest);
    });
    encoder.sealed(&row.private, object, "private");
    encoder.list(row.dependencies.iter(), write_address);
    encoder.flag(row.lifecycle.protect);
    encoder.flag(row.lifecycle.retain);
    encoder.flag(row.lifecycle.create_first);
    encoder.option(row.lifecycle.delete_timeout_ms, Encoder::number);
    encoder.text(&row.created_by.0);
    encoder.list(row.hosts.iter(), |encoder, host| {
        write_address(encoder, &host.address);
        encoder.text(&host.created_by.0);
        encoder.value(&host.identity, object, "host");
    });
}

/// The reverse of [`row_content`], in a form of this version.
pub(super) fn row_from(decoder: &mut Decoder<'_>, version: u8) -> Decoded<Row> {
    let key = read_key(decoder)?;
    let role = match decoder.byte()? {
        0 => Role::Current,
        1 => Role::Deposed,
        2 => Role::Deleting,
        _ => return malformed("unknown role"),
    };
    Ok(Row {
        role,
        condition: read_condition(decoder)?,
        type_name: read_type(decoder)?,
        provider: read_address(decoder)?,
        schema_version: decoder.small()?,
        values: decoder.value(&key.address, "values")?,
        config: decoder.value(&key.address, "config")?,
        write_only: decoder.list(|decoder| Ok((decoder.text()?, read_digest(decoder)?)))?,
        private: decoder.sealed(&key.address, "private")?,
        dependencies: decoder.list(read_address)?,
        lifecycle: Lifecycle {
            protect: decoder.flag()?,
            retain: decoder.flag()?,
            create_first: decoder.flag()?,
            delete_timeout_ms: decoder.option(Decoder::number)?,
        },
        created_by: OperationId(decoder.text()?),
        hosts: if version < HOSTS { Vec::new() } else { decoder.list(|decoder| read_host(decoder, &key.address))? },
        key,
    })
}

fn read_host(decoder: &mut Decoder<'_>, object: &Address) -> Decoded<Host> {
    Ok(Host {
        address: read_address(decoder)?,
        created_by: OperationId(decoder.text()?),
        identity: decoder.value(object, "host")?,
    })
}

fn read_digest(decoder: &mut Decoder<'_>) -> Decoded<[u8; 16]> {
    let mut digest = [0; 16];
    digest.copy_from_slice(decoder.take(16)?);
    Ok(digest)
}

fn write_condition(encoder: &mut Encoder<'_>, condition: &Condition) {
    match condition {
        Condition::Ready => encoder.byte(0),
        Condition::Incomplete(reason) => {
            encoder.byte(1);
            encoder.text(reason);
        }
        Condition::Dirty(paths) => {
            encoder.byte(2);
            encoder.list(paths.iter(), write_path);
        }
        Condition::Uncertain(reason) => {
            encoder.byte(3);
            encoder.text(reason);
        }
    }
}

fn read_condition(decoder: &mut Decoder<'_>) -> Decoded<Condition> {
    Ok(match decoder.byte()? {
        0 => Condition::Ready,
        1 => Condition::Incomplete(decoder.text()?),
        2 => Condition::Dirty(decoder.list(read_path)?),
        3 => Condition::Uncertain(decoder.text()?),
        _ => return malformed("unknown condition"),
    })
}

fn write_type(encoder: &mut Encoder<'_>, name: &TypeName) {
    encoder.text(&name.provider);
    encoder.text(&name.name);
}

fn read_type(decoder: &mut Decoder<'_>) -> Decoded<TypeName> {
    Ok(TypeName { provider: decoder.name()?, name: decoder.name()? })
}

/// Which object of which address.
pub(crate) fn write_key(encoder: &mut Encoder<'_>, key: &RowKey) {
    write_address(encoder, &key.address);
    encoder.number(u64::from(key.generation));
}

/// The reverse of [`write_key`].
pub(crate) fn read_key(decoder: &mut Decoder<'_>) -> Decoded<RowKey> {
    Ok(RowKey { address: read_address(decoder)?, generation: decoder.small()? })
}

pub(super) fn write_address(encoder: &mut Encoder<'_>, address: &Address) {
    encoder.byte(match address.kind {
        ObjectKind::Resource => 0,
        ObjectKind::Data => 1,
        ObjectKind::Ephemeral => 2,
        ObjectKind::Provider => 3,
    });
    encoder.list(address.module.0.iter(), |encoder, step| {
        encoder.text(&step.name);
        encoder.option(step.key.as_deref(), Encoder::text);
    });
    encoder.text(&address.name);
    encoder.option(address.key.as_deref(), Encoder::text);
    encoder.option(address.row.as_deref(), Encoder::text);
}

pub(super) fn read_address(decoder: &mut Decoder<'_>) -> Decoded<Address> {
    let kind = match decoder.byte()? {
        0 => ObjectKind::Resource,
        1 => ObjectKind::Data,
        2 => ObjectKind::Ephemeral,
        3 => ObjectKind::Provider,
        _ => return malformed("unknown kind of address"),
    };
    let step =
        |decoder: &mut Decoder<'_>| Ok(ModuleStep { name: decoder.name()?, key: decoder.option(Decoder::name)? });
    Ok(Address {
        kind,
        module: ModulePath(decoder.list(step)?),
        name: decoder.name()?,
        key: decoder.option(Decoder::name)?,
        row: decoder.option(Decoder::name)?,
    })
}

pub(super) fn write_path(encoder: &mut Encoder<'_>, path: &AttributePath) {
    encoder.list(path.steps().iter(), |encoder, step| match step {
        Step::Member(name) => {
            encoder.byte(0);
            encoder.text(name);
        }
        Step::Key(name) => {
            encoder.byte(1);
            encoder.text(name);
        }
        Step::Index(index) => {
            encoder.byte(2);
            encoder.number(u64::from(*index));
        }
        Step::Each => encoder.byte(3),
    });
}

pub(super) fn read_path(decoder: &mut Decoder<'_>) -> Decoded<AttributePath> {
    decoder.list(|decoder| {
        Ok(match decoder.byte()? {
            0 => Step::Member(decoder.name()?),
            1 => Step::Key(decoder.name()?),
            2 => Step::Index(decoder.small()?),
            3 => Step::Each,
            _ => return malformed("unknown step of a path"),
        })
    })
}

/// A run with its version.
pub(crate) fn write_run(encoder: &mut Encoder<'_>, run: &Run) {
    encoder.byte(RUN);
    run_content(encoder, run);
}

/// The reverse of [`write_run`].
pub(crate) fn read_run(decoder: &mut Decoder<'_>) -> Decoded<Run> {
    decoder.version("run", RUN)?;
    run_from(decoder)
}

pub(super) fn run_content(encoder: &mut Encoder<'_>, run: &Run) {
    for text in [&run.id.0, &run.command, &run.who, &run.commit, &run.plan, &run.version] {
        encoder.text(text);
    }
    encoder.signed(run.at_ms);
    encoder.option(run.finished.as_ref(), write_finished);
}

pub(super) fn run_from(decoder: &mut Decoder<'_>) -> Decoded<Run> {
    Ok(Run {
        id: RunId(decoder.text()?),
        command: decoder.text()?,
        who: decoder.text()?,
        commit: decoder.text()?,
        plan: decoder.text()?,
        version: decoder.text()?,
        at_ms: decoder.signed()?,
        finished: decoder.option(read_finished)?,
    })
}

pub(super) fn write_finished(encoder: &mut Encoder<'_>, finished: &Finished) {
    encoder.signed(finished.at_ms);
    encoder.byte(match finished.outcome {
        Outcome::Succeeded => 0,
        Outcome::Failed => 1,
        Outcome::Interrupted => 2,
    });
    encoder.text(&finished.summary);
}

pub(super) fn read_finished(decoder: &mut Decoder<'_>) -> Decoded<Finished> {
    let at_ms = decoder.signed()?;
    let outcome = match decoder.byte()? {
        0 => Outcome::Succeeded,
        1 => Outcome::Failed,
        2 => Outcome::Interrupted,
        _ => return malformed("unknown outcome"),
    };
    Ok(Finished { at_ms, outcome, summary: decoder.text()? })
}

pub(super) fn write_checkpoint(encoder: &mut Encoder<'_>, operation: &OperationId, checkpoint: &OperationCheckpoint) {
    encoder.value(&checkpoint.identity, &operation.0, "identity");
    encoder.sealed(&checkpoint.private, &operation.0, "private");
    encoder.sealed(checkpoint.poll.as_bytes(), &operation.0, "poll");
}

pub(super) fn read_checkpoint(decoder: &mut Decoder<'_>, operation: &OperationId) -> Decoded<OperationCheckpoint> {
    let identity = decoder.value(&operation.0, "identity")?;
    let private = decoder.sealed(&operation.0, "private")?;
    let poll = decoder.sealed(&operation.0, "poll")?;
    let poll = String::from_utf8(poll).or_else(|_| malformed("a poll handle is not UTF-8"))?;
    Ok(OperationCheckpoint { identity, private, poll })
}

/// All that a state holds besides its rows, its lineage and its serial.
pub(crate) fn write_rest(encoder: &mut Encoder<'_>, state: &State) {
    encoder.byte(REST);
    encoder.list(state.open.values(), |encoder, open| {
        record::write_begin(encoder, &open.begin);
        encoder.option(open.checkpoint.as_ref(), |encoder, checkpoint| {
            write_checkpoint(encoder, &open.begin.operation, checkpoint);
        });
    });
    encoder.list(state.providers.iter(), |encoder, (address, configuration)| {
        write_address(encoder, address);
        encoder.value(configuration, address, "configuration");
    });
    encoder.value(&state.outputs, &OUTPUTS, OUTPUTS);
    encoder.option(state.running.as_ref(), run_content);
}

/// The reverse of [`write_rest`]; the rows are empty.
pub(crate) fn read_rest(decoder: &mut Decoder<'_>) -> Decoded<State> {
    let version = decoder.version("snapshot", REST)?;
    let open = decoder.list(|decoder| {
        let begin = record::read_begin(decoder, version)?;
        let checkpoint = decoder.option(|decoder| read_checkpoint(decoder, &begin.operation))?;
        Ok((begin.operation.clone(), OpenOperation { begin, checkpoint }))
    })?;
    let providers = decoder.list(|decoder| {
        let address = read_address(decoder)?;
        let configuration = decoder.value(&address, "configuration")?;
        Ok((address, configuration))
    })?;
    Ok(State {
        open,
        providers,
        outputs: decoder.value(&OUTPUTS, OUTPUTS)?,
        running: decoder.option(run_from)?,
        ..State::default()
    })
}
