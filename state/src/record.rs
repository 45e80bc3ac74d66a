//! What is kept, and what is written to the journal. State is the replay of records over a snapshot.

use formwork_model::{Address, AttributePath, TypeName, ValueBuf};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Unique id of one changing operation: 16 random bytes, hexadecimal. Stamped on what it creates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationId(pub String);

/// Unique id of one run of a command that changes state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub String);

/// Which object of an address: one address may own several objects while one replaces another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// The address.
    pub address: Address,
    /// Counts the objects of an address; never reused.
    pub generation: u32,
}

/// What an object is to its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The object that the address means.
    Current,
    /// Replaced by a newer one, still to be deleted.
    Deposed,
    /// Its delete has begun.
    Deleting,
}

/// In which condition the last operation left an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As planned.
    Ready,
    /// It exists, but the create or its wait did not finish; why.
    Incomplete(String),
    /// An update of these paths, which cannot be read back, was interrupted: they are sent again.
    Dirty(Vec<AttributePath>),
    /// Whether it exists cannot be told; blocks its own address until `state resolve`; why.
    Uncertain(String),
}

/// Decorators that must outlive the block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// `@protect`
    pub protect: bool,
    /// `@retain`
    pub retain: bool,
    /// `@create_first`
    pub create_first: bool,
    /// `@timeout(delete = …)` in milliseconds.
    pub delete_timeout_ms: Option<u64>,
}

/// What an object lives in: one by which its provider instance was configured, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its address.
    pub address: Address,
    /// Which operation made it; empty where it was imported.
    pub created_by: OperationId,
    /// The values of its identity attributes; null where they are not known.
    pub identity: ValueBuf,
}

/// One object. `Debug` shows neither secrets nor the provider's bytes.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Whose, and which one.
    pub key: RowKey,
    /// What it is to its address.
    pub role: Role,
    /// In which condition.
    pub condition: Condition,
    /// Its type.
    pub type_name: TypeName,
    /// The provider instance that made it; its last configuration is in [`State::providers`].
    pub provider: Address,
    /// What it lives in, where its provider is configured by resources. Empty also in rows that were written before this
    /// was kept.
    pub hosts: Vec<Host>,
    /// Version of the schema that `values` fit.
    pub schema_version: u32,
    /// All attributes, as last applied or read. Secrets are sealed at rest.
    pub values: ValueBuf,
    /// The config of the last apply, known, without ephemeral and write-only values.
    pub config: ValueBuf,
    /// Keyed digest of each write-only attribute that was sent, to see that it changed.
    pub write_only: BTreeMap<String, [u8; 16]>,
    /// The provider's own bytes.
    pub private: Vec<u8>,
    /// Objects that it was applied after; it is deleted before them.
    pub dependencies: Vec<Address>,
    /// Decorators that outlive the block.
    pub lifecycle: Lifecycle,
    /// Which operation created it.
    pub created_by: OperationId,
}

impl fmt::Debug for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Row");
        shown.field("key", &self.key).field("role", &self.role).field("condition", &self.condition);
        shown.field("type_name", &self.type_name).field("provider", &self.provider);
        shown.field("hosts", &self.hosts);
        shown.field("schema_version", &self.schema_version);
        shown.field("values", &self.values).field("config", &self.config);
        shown.field("private", &format_args!("{} bytes", self.private.len()));
        shown.field("dependencies", &self.dependencies).field("lifecycle", &self.lifecycle);
        shown.field("created_by", &self.created_by).finish_non_exhaustive()
    }
}

/// What kind of change a [`Begin`] announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A new object.
    Create,
    /// A change in place.
    Update,
    /// Its end.
    Delete,
}

/// Written, and durable, before any call that changes the cloud.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The operation.
    pub operation: OperationId,
    /// The run that it belongs to.
    pub run: RunId,
    /// When, in Unix milliseconds: services remember the tokens of requests for a while only.
    pub at_ms: i64,
    /// What it will do.
    pub change: Change,
    /// Which object; for a create the generation is the new one.
    pub key: RowKey,
    /// The row as it will be, with the config that is sent and the provider's bytes of the plan. Its values are the
    /// planned ones (which may hold unknowns); for updates those that there are, and a delete's row is as it was.
    pub row: Row,
    /// What was planned.
    pub planned: ValueBuf,
    /// The cloud was asked just before, and nothing was there: what is found now with equal content is ours.
    pub absence_checked: bool,
    /// The paths that an update sends and that cannot be read back.
    pub write_only_paths: Vec<AttributePath>,
}

/// One record of the journal. Each has a version (see the codec) and a round-trip test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A run began.
    RunStarted(Run),
    /// A change is about to be made.
    Begin(Box<Begin>),
    /// How to find the object of an operation again, and how to go on waiting.
    Checkpoint {
        /// Which.
        operation: OperationId,
        /// What is known now; takes the place of an earlier one.
        checkpoint: OperationCheckpoint,
    },
    /// An operation ended well. The row is what is there now; none after a delete.
    Done {
        /// Which.
        operation: OperationId,
        /// The object after it.
        row: Option<Box<Row>>,
    },
    /// An operation failed for certain. The row is what is there now; none when nothing is.
    Failed {
        /// Which.
        operation: OperationId,
        /// Scrubbed message.
        error: String,
        /// The object after it.
        row: Option<Box<Row>>,
    },
    /// A row was read, imported, adopted, resolved or changed in role, without any change of the cloud.
    Put(Box<Row>),
    /// A row is forgotten: the object was gone, or stays on purpose.
    Remove {
        /// Which.
        key: RowKey,
        /// Why, for the history.
        reason: String,
    },
    /// Rows have new addresses, all at once (so that two may swap theirs). The dependencies of other rows follow.
    Moved(Vec<Move>),
    /// A provider instance's configuration, for objects that outlive their block. Holds no `env_var`, secret or exec values:
    /// those are residuals and asked again.
    Provider {
        /// The instance.
        address: Address,
        /// Its configuration, with residual inputs.
        configuration: ValueBuf,
    },
    /// The outputs of the stack.
    Outputs(ValueBuf),
    /// A run ended.
    RunFinished {
        /// Which.
        run: RunId,
        /// When, in Unix milliseconds.
        at_ms: i64,
        /// How.
        outcome: Outcome,
        /// "3 created, 1 changed": for the history.
        summary: String,
    },
}

/// A row's new address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// What it was.
    pub from: RowKey,
    /// What it is.
    pub to: RowKey,
}

/// A run of a command that changes state. Holds no argument list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// `apply`, `destroy`, `import`, `state mv` …
    pub command: String,
    /// Who: user@host.
    pub who: String,
    /// When it began, in Unix milliseconds.
    pub at_ms: i64,
    /// The git commit of the sources, `+` behind it when they had changes; empty for none.
    pub commit: String,
    /// The plan's id, for resuming; empty for none.
    pub plan: String,
    /// Version of Formwork.
    pub version: String,
    /// End of the run, once there is one.
    pub finished: Option<Finished>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// How.
    pub outcome: Outcome,
    /// In words.
    pub summary: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All was done.
    Succeeded,
    /// Something failed.
    Failed,
    /// It was interrupted by a signal.
    Interrupted,
}

/// An operation that has begun and has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenOperation {
    /// Its announcement.
    pub begin: Begin,
    /// Its last checkpoint.
    pub checkpoint: Option<OperationCheckpoint>,
}

/// The last checkpoint of an operation. `Debug` shows neither the provider's bytes nor the handle, which may hold tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationCheckpoint {
    /// Identity attributes as far as known.
    pub identity: ValueBuf,
    /// The provider's own bytes.
    pub private: Vec<u8>,
    /// Handle of the long operation.
    pub poll: String,
}

impl fmt::Debug for OperationCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("OperationCheckpoint");
        shown.field("identity", &self.identity);
        shown.field("private", &format_args!("{} bytes", self.private.len()));
        shown.field("poll", &format_args!("{} bytes", self.poll.len())).finish()
    }
}

/// What a stack manages in one environment: the replay of all records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Random id of this history; a plan applies only to the lineage that it was made of.
    pub lineage: String,
    /// Number of the last record that it holds.
    pub serial: u64,
    /// Objects. Shared, so that a copy of the state copies no row.
    pub rows: BTreeMap<RowKey, Arc<Row>>,
    /// Operations that have begun and not ended.
    pub open: BTreeMap<OperationId, OpenOperation>,
    /// Last configuration of each provider instance that has objects; others are dropped when a run finishes.
    pub providers: BTreeMap<Address, ValueBuf>,
    /// Outputs of the last apply.
    pub outputs: ValueBuf,
    /// The run that has not finished, if any.
    pub running: Option<Run>,
}
