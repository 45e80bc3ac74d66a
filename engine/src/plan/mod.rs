//! A plan: tables of typed operations in a stable order. Apply does what it says and nothing else.

mod data;
mod dependencies;
mod drift;
mod edges;
mod expand;
mod finish;
mod held;
mod identities;
mod ignore;
mod instances;
pub(crate) mod items;
mod kinds;
mod make;
mod memory;
mod moves;
mod object;
mod orphans;
pub(crate) mod problem;
mod reads;
mod record;
mod recorded;
mod request;
pub(crate) mod rows;
pub(crate) mod values;
mod variable;
pub(crate) mod walk;

pub use make::plan;
pub use request::{PlanOptions, PlanRequest};
pub use variable::Variable;

use crate::secret_readers::Configurations;
use formwork_model::{Address, AttributePath, Diagnostic, InputSource, Span, TypeName, Value, ValueArena, ValueId};
use formwork_provider_api::AccountIdentity;
use formwork_state::record::{Lifecycle, OperationId, Row, RowKey};
use serde::{Deserialize, Serialize};

/// An operation in [`Plan::operations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationIndex(pub u32);

/// A provider instance in [`Plan::providers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderIndex(pub u32);

/// Under this name a row's `write_only` keeps the digest of its `@replace_when` values.
pub const REPLACE_WHEN: &str = "@replace_when";

/// What will be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What it was made of.
    pub header: Header,
    /// Provider instances that it uses.
    pub providers: Vec<PlannedProvider>,
    /// Changes of the state alone, in order, made before all operations: moves, imports, refreshed rows, forgotten rows.
    pub state_changes: Vec<StateChange>,
    /// Addresses of rows in `state_changes` that are imported.
    pub imported: Vec<Imported>,
    /// Resolutions of operations that an earlier run left open, made before all operations.
    pub recoveries: Vec<Recovery>,
    /// Operations, by address; delete before create of the same address. No-ops are in it, for rendering and for values;
    /// also junctions (see [`Operation::is_junction`]), which keep the edges few.
    pub operations: Vec<Operation>,
    /// What the cloud changed behind our back.
    pub drift: Vec<Drift>,
    /// Outputs after the apply.
    pub outputs: Vec<Output>,
    /// Values of the stack's params, as far as its sources and the command tell. No secret is in them.
    pub variables: Vec<Variable>,
    /// Conditions that are decided at apply.
    pub checks: Vec<formwork_lang::graph::Check>,
    /// Asserts that hold, and params whose conditions do.
    pub held: Vec<formwork_lang::graph::Subject>,
    /// What waits for another phase.
    pub deferred: Vec<Deferral>,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
    /// All values.
    pub values: ValueArena,
}

/// What a plan was made of, and is bound to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Header {
    /// Random id.
    pub id: String,
    /// The stack's name.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// Lineage of the state; empty for a state that does not exist yet.
    pub lineage: String,
    /// Serial of the state.
    pub serial: u64,
    /// Digest of the sources and the overlay. Like the place, it is filled in by who has them; empty until then.
    pub config_digest: String,
    /// Version of Formwork.
    pub version: String,
    /// When, in Unix milliseconds.
    pub created_ms: i64,
    /// Everything is destroyed.
    pub destroy: bool,
    /// Counts from 1.
    pub phase: u32,
    /// No phase follows.
    pub complete: bool,
    /// Keyed digests of the inputs (`env_var`, `secret_from`) that configs of objects used: a plan with a changed one is
    /// refused. Credentials of providers are not among them; they may change.
    pub input_digests: Vec<(InputSource, [u8; 16])>,
    /// Configurations by which secrets are read again at apply; inputs in them are asked for then.
    pub secret_readers: Configurations,
    /// Where it belongs, so that it can be applied from anywhere.
    pub place: Place,
    /// `--target`, `--exclude`, `--replace`, as written, for the summary's warning.
    pub selection: Vec<String>,
}

/// Where a plan belongs, and what its stack's manifest allows: what an apply without sources needs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// Directory that holds the state's environments, absolute.
    pub state: String,
    /// Variables that `env_var` and `secret_from` may read; `*` for any.
    pub variables: Vec<String>,
    /// What providers may do, and relative to which directory.
    pub environment: formwork_provider_api::Environment,
}

/// A provider instance of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedProvider {
    /// Its address.
    pub address: Address,
    /// The provider.
    pub provider: String,
    /// Its version.
    pub version: String,
    /// Configuration; may hold unknowns (inputs, attributes). Recorded in state as it is here.
    pub configuration: ValueId,
    /// The resources that it is configured by, directly or through data: what its objects live in.
    pub hosts: Vec<Address>,
    /// Who it was connected to; none when it could not be configured yet.
    pub account: Option<AccountIdentity>,
    /// What must be done before it can be configured.
    pub depends_on: Vec<OperationIndex>,
    /// It is the instance of an earlier apply: of a block that is gone, or of a cluster that is or was replaced, whose
    /// recorded attributes are put in already. It is not recorded again.
    pub recorded: bool,
}

/// A change of the state alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StateChange {
    /// A row that was imported or found changed by the refresh.
    Put(Box<Row>),
    /// A row is taken out.
    Remove(Box<Row>, Removal),
    /// A row, as it was, has a new address.
    Move(Box<Row>, RowKey),
}

/// Why a row is taken out of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Its object is gone.
    Gone,
    /// `forget`: the object stays.
    Forgotten,
}

impl Removal {
    /// In words, for people and for the history.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gone => "it is gone from the cloud",
            Self::Forgotten => "the stack says so",
        }
    }
}

/// An object that exists and becomes part of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its address.
    pub address: Address,
    /// What the provider's import was given.
    pub id: String,
}

/// How an open operation of an earlier run is resolved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recovery {
    /// Which.
    pub operation: OperationId,
    /// Of which object.
    pub address: Address,
    /// How.
    pub resolution: Resolution,
}

/// What is done about an open operation. `plan` finds out read-only; `apply` finds out again and does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// What was found is ours: recorded.
    Adopt,
    /// Nothing was done: the recorded request is sent again, or planned anew.
    Repeat,
    /// It goes on waiting by the recorded handle.
    Resume,
    /// It cannot be told: uncertain until `state resolve`.
    Uncertain,
}

/// One operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Operation {
    /// Of which object.
    pub address: Address,
    /// Of which type.
    pub type_name: TypeName,
    /// What.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// By which provider instance.
    pub provider: ProviderIndex,
    /// What must be done before.
    pub depends_on: Vec<OperationIndex>,
    /// The row that it changes or deletes; none for a create and for what is not in state.
    pub row: Option<RowKey>,
    /// For the delete of a replacement its create, and the other way round.
    pub counterpart: Option<OperationIndex>,
    /// The config; may hold unknowns that are resolved when what it depends on is done. None for a delete.
    pub config: Option<ValueId>,
    /// What there is; none for a create.
    pub prior: Option<ValueId>,
    /// What will be; none for a delete.
    pub planned: Option<ValueId>,
    /// The provider's bytes from its plan.
    pub private: Vec<u8>,
    /// Changed paths for which the object is replaced.
    pub replace_paths: Vec<AttributePath>,
    /// `@ignore`
    pub ignore: Vec<AttributePath>,
    /// `@replace_when`: value to record, in the config under no name; see the planner.
    pub replace_when: Option<ValueId>,
    /// Decorators that are recorded with the row.
    pub lifecycle: Lifecycle,
    /// Addresses that the row will list as its dependencies.
    pub dependencies: Vec<Address>,
    /// Time limit in milliseconds.
    pub timeout_ms: u64,
    /// How long it usually takes, in seconds.
    pub expected_s: u32,
    /// Where its block stands; none when the block is gone.
    pub span: Option<Span>,
}

impl Operation {
    /// Whether it is only a point that many dependencies pass through: a no-op without a type.
    #[must_use]
    pub fn is_junction(&self) -> bool {
        self.type_name.name.is_empty()
    }
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing; its values are known.
    NoOp,
    /// Makes a new object.
    Create,
    /// Changes an object in place.
    Update,
    /// Deletes an object.
    Delete,
    /// Reads a data source at apply.
    Read,
    /// Opens an ephemeral value, closes it at the end.
    Open,
    /// Takes a row out of state, the object stays.
    Forget,
}

/// Why an operation is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The config says so.
    #[default]
    Config,
    /// A create-only path changed: replaced.
    CannotUpdate,
    /// `--replace`
    Requested,
    /// `@replace_when`
    ReplaceTriggered,
    /// The object was left incomplete and cannot be repaired.
    Tainted,
    /// An interrupted update of paths that cannot be read back is sent again.
    Dirty,
    /// The object is gone from the cloud.
    Gone,
    /// The block is gone.
    BlockRemoved,
    /// The instance's key is gone.
    KeyRemoved,
    /// It was replaced and is still there.
    Deposed,
    /// Its cluster (or whatever its provider is configured by) is replaced.
    ProviderReplaced,
    /// A data source whose inputs are known at apply only.
    UnknownInputs,
    /// A data source that depends on what changes.
    DependencyChanges,
    /// Everything is destroyed.
    Destroy,
    /// `@retain` or `forget`.
    Retained,
}

/// What the cloud changed behind our back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Drift {
    /// Of which object.
    pub address: Address,
    /// Of which type.
    pub type_name: TypeName,
    /// What was recorded.
    pub recorded: ValueId,
    /// What is there now; none when it is gone.
    pub observed: Option<ValueId>,
    /// What was last applied says otherwise. Where not, only what the cloud itself decides has changed (or what is
    /// ignored): it is shown and recorded, and counts for nothing.
    pub contradicts: bool,
}

/// An output after the apply.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What it was; none when new.
    pub prior: Option<Value>,
    /// What it will be; may hold unknowns. None when removed.
    pub planned: Option<Value>,
}

impl Output {
    /// Whether it will mean something else. A field that the cloud was asked for and did not fill is recorded as null, and is
    /// not there when the object is read the next time: both say that there is nothing.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        match (&self.prior, &self.planned) {
            (Some(prior), Some(planned)) => prior != planned && without_nulls(prior) != without_nulls(planned),
            (prior, planned) => prior != planned,
        }
    }
}

/// A value without the entries of its maps that are null.
fn without_nulls(value: &Value) -> Value {
    let items = |items: &[Value]| items.iter().map(without_nulls).collect::<Vec<_>>();
    match value {
        Value::Map(map) => {
            let there = map.iter().filter(|(_, value)| !value.is_null());
            Value::Map(there.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::List(list) => Value::list(items(list)),
        Value::Secret(inner) => without_nulls(inner).secret(),
        other => other.clone(),
    }
}

/// What waits for another phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deferral {
    /// The block (or module call).
    pub address: Address,
    /// Why, in words: "`for` waits for `cluster.pools`, known after apply".
    pub reason: String,
    /// No phase decides it: it waits until a person has said with `state resolve` what became of an object.
    pub uncertain: bool,
    /// Where it stands.
    pub span: Option<Span>,
}

impl Plan {
    /// The operation of an index.
    #[must_use]
    pub fn operation(&self, index: OperationIndex) -> Option<&Operation> {
        self.operations.get(index.0 as usize)
    }

    /// Whether applying it would write down something that nobody has to confirm: what the refresh found, decorators that
    /// outlive their block, the config of objects that stay as they are.
    #[must_use]
    pub fn has_notes(&self) -> bool {
        !self.state_changes.is_empty()
    }

    /// Objects that are no longer as they were last applied.
    #[must_use]
    pub fn drifted(&self) -> usize {
        self.drift.iter().filter(|drift| drift.contradicts).count()
    }

    /// Whether applying it would change the cloud, the state or an output. What is only noted does not count: see
    /// [`Self::has_notes`].
    #[must_use]
    pub fn has_changes(&self) -> bool {
        let acts = |operation: &Operation| !matches!(operation.action, Action::NoOp | Action::Read | Action::Open);
        self.operations.iter().any(acts)
            || self.state_changes.iter().any(|change| !matches!(change, StateChange::Put(_)))
            || !self.imported.is_empty()
            || !self.recoveries.is_empty()
            || self.outputs.iter().any(Output::is_changed)
    }
}
