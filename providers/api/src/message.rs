//! The messages of the contract. All are owned and serialisable, so that a provider can move out of the process.
//!
//! Values are maps of the type's attributes. Secrets in them are in the clear (marked), never in `Debug`. Type names are
//! those within the provider: `thing`, not `mock.thing`.

use crate::ProviderError;
use formwork_model::{Address, AttributePath, Value, ValueBuf};
use serde::{Deserialize, Serialize};

/// Bytes that a provider keeps with an object and nobody else reads (an ETag, an API version). No secrets.
pub type Private = Vec<u8>;

/// An object as it is kept: what the cloud told, and what the provider remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredObject {
    /// All attributes, a map; write-only ones are left out.
    pub values: ValueBuf,
    /// The provider's own bytes.
    pub private: Private,
}

/// What a connection is made with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigureRequest {
    /// The provider block's attributes; all known.
    pub configuration: ValueBuf,
    /// What may be done and where to.
    pub environment: Environment,
}

/// What the run allows and how it reaches the network. The same for all providers of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Directory of the stack, for paths that the config gives; none when a plan file is applied without sources.
    pub root: Option<String>,
    /// A bundle of CA certificates (PEM) besides the system's: from `FORMWORK_CA_BUNDLE`, `SSL_CERT_FILE`, or the vendor's
    /// variable.
    pub ca_bundle: Option<String>,
    /// Programs that the manifest allows `std.command` to run (`*` for any).
    pub allowed_commands: Vec<String>,
    /// Programs that the manifest allows to be run for credentials (`*` for any).
    #[serde(default)]
    pub allowed_exec: Vec<String>,
    /// Endpoint overrides that the manifest allows besides https vendor hosts and loopback.
    pub allowed_endpoints: Vec<String>,
    /// No commands, exec, http data (plans of foreign pull requests).
    pub untrusted: bool,
    /// Only loopback may be contacted, real credentials must not be read.
    pub sandbox: bool,
    /// Where the sandbox answers; only when `sandbox` is set and one is running. A provider whose cloud it plays connects
    /// there, and nowhere else.
    #[serde(default)]
    pub sandbox_endpoint: Option<SandboxEndpoint>,
}

impl Environment {
    /// What to do about an endpoint override that may not be contacted: the manifest of a foreign stack allows nothing.
    #[must_use]
    pub fn help_with_endpoint(&self, host: &str) -> String {
        if self.untrusted {
            "with `--untrusted` no manifest allows it; leave that out once you trust whoever wrote the stack".to_owned()
        } else {
            format!("if you trust it, add {host:?} to `endpoints` under `[allow]` in formwork.toml")
        }
    }
}

/// How the sandbox of a run is reached.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SandboxEndpoint {
    /// `https://127.0.0.1:PORT`, without a slash at the end.
    pub url: String,
    /// The bearer token of every request.
    pub token: String,
    /// The certificate (PEM) that signed the server's: the only one to trust there.
    pub ca_pem: String,
}

impl std::fmt::Debug for SandboxEndpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SandboxEndpoint").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Which secret to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReadSecretRequest {
    /// One of the schemes that the provider's schema has.
    pub scheme: String,
    /// Where it is: what follows the scheme, without `#KEY`.
    pub name: String,
    /// A part of it is wanted: what has parts in another form (a YAML file) is given as JSON.
    pub as_json: bool,
}

/// Who a connection is: `{"account": "123456789012", "region": "eu-west-1"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountIdentity(pub std::collections::BTreeMap<String, String>);

/// Limits that the engine keeps for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls of create, update, delete at the same time.
    pub concurrent_changes: u32,
    /// Calls started per second; 0 for no limit.
    pub calls_per_second: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrent_changes: u32::MAX, calls_per_second: 0.0 }
    }
}

/// Which config to check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidateRequest {
    /// A resource, data or ephemeral type; none for the provider's own configuration.
    pub type_name: Option<String>,
    /// The config; may hold unknowns.
    pub config: ValueBuf,
}

/// Something that a provider says of a config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Warning instead of error.
    pub warning: bool,
    /// The attribute.
    pub path: AttributePath,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Which block to expand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpandRequest {
    /// The block's type.
    pub type_name: String,
    /// Its config, known.
    pub config: ValueBuf,
    /// What the run allows.
    pub environment: Environment,
}

/// One row of an expanded block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpandedRow {
    /// The row's key, unique in the block: `apps/Deployment/argocd/argocd-server`.
    pub key: String,
    /// The row's own type.
    pub type_name: String,
    /// The row's config.
    pub config: ValueBuf,
    /// Keys of the rows that must be applied before it.
    pub after: Vec<String>,
}

/// Stored values of an older schema version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpgradeRequest {
    /// The type.
    pub type_name: String,
    /// The version that wrote it.
    pub from_version: u32,
    /// What is stored.
    pub object: StoredObject,
}

/// One object to plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// The type.
    pub type_name: String,
    /// The address, so that what only the cloud can tell says what it waits for: see [`PlanRequest::unknown`].
    pub address: Address,
    /// What the config says; may hold unknowns.
    pub config: ValueBuf,
    /// What there is; none for a create, and for the second plan of a replacement.
    pub prior: Option<StoredObject>,
    /// The config of the last apply; none when nothing is recorded.
    pub prior_config: Option<ValueBuf>,
    /// Config, defaults and prior merged by schema: see [`crate::propose::proposed`].
    pub proposed: ValueBuf,
    /// Write-only attributes whose value is not the one that was sent last; empty for a create.
    pub write_only_changed: Vec<String>,
}

impl PlanRequest {
    /// The value of an attribute that only the cloud can tell, after this change.
    #[must_use]
    pub fn unknown(&self, attribute: &str) -> Value {
        Value::attribute(self.address.clone(), AttributePath::member(attribute))
    }
}

/// A planned object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanResponse {
    /// What it will be; unknown where only the cloud can tell.
    pub planned: ValueBuf,
    /// Changed paths for which the object must be replaced, besides those that are create-only by schema.
    pub replace: Vec<AttributePath>,
    /// The provider's own bytes, given back at apply.
    pub private: Private,
    /// What is to be told of the plan besides: warnings (an error fails the plan).
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl PlanResponse {
    /// The plan that the engine proposed.
    #[must_use]
    pub fn as_proposed(request: &PlanRequest) -> Self {
        Self {
            planned: request.proposed.clone(),
            replace: Vec::new(),
            private: request.prior.as_ref().map(|prior| prior.private.clone()).unwrap_or_default(),
            findings: Vec::new(),
        }
    }
}

/// Which objects to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadManyRequest {
    /// The type of all of them.
    pub type_name: String,
    /// What is stored of each: at least the identity attributes.
    pub objects: Vec<StoredObject>,
}

/// What became of an object that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReadOutcome {
    /// It is there.
    Present(StoredObject),
    /// It is being deleted; wait for it before anything of that name is created.
    Deleting,
    /// It was deleted and can be recovered; its name is taken (Key Vault).
    SoftDeleted,
    /// It is gone.
    Gone,
    /// It could not be read.
    Failed(ProviderError),
}

/// What to create.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CreateRequest {
    /// The type.
    pub type_name: String,
    /// The address, for names that a provider derives and for messages.
    pub address: Address,
    /// The operation's id, unique: stamp it on the object (tag `formwork-operation`), or derive tokens and GUIDs from it.
    pub operation: String,
    /// What the config says, all known, with write-only attributes and ephemeral values.
    pub config: ValueBuf,
    /// What was planned; unknown where only the cloud can tell.
    pub planned: ValueBuf,
    /// The provider's bytes of the plan.
    pub private: Private,
    /// The last checkpoint of this operation, when it is resumed: go on waiting, do not send the request again.
    pub resume: Option<Checkpoint>,
    /// Time limit in milliseconds.
    pub timeout_ms: u64,
}

/// What to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateRequest {
    /// The type.
    pub type_name: String,
    /// The address.
    pub address: Address,
    /// The operation's id.
    pub operation: String,
    /// What there is.
    pub prior: StoredObject,
    /// The config of the last apply.
    pub prior_config: Option<ValueBuf>,
    /// What the config says, all known.
    pub config: ValueBuf,
    /// What was planned.
    pub planned: ValueBuf,
    /// The provider's bytes of the plan.
    pub private: Private,
    /// The last checkpoint of this operation, when it is resumed.
    pub resume: Option<Checkpoint>,
    /// Time limit in milliseconds.
    pub timeout_ms: u64,
}

/// What to delete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeleteRequest {
    /// The type.
    pub type_name: String,
    /// The address.
    pub address: Address,
    /// The operation's id.
    pub operation: String,
    /// What is stored.
    pub object: StoredObject,
    /// The config of the last apply (`force_delete` and the like).
    pub config: Option<ValueBuf>,
    /// The last checkpoint of this operation, when it is resumed.
    pub resume: Option<Checkpoint>,
    /// Time limit in milliseconds.
    pub timeout_ms: u64,
}

/// How to find an object again, and how to go on waiting for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Identity attributes, as far as they are known: enough for `read_many`, `delete` and `find`.
    pub identity: ValueBuf,
    /// The provider's own bytes.
    pub private: Private,
    /// The handle of a long operation (a polling URL, an update id); empty for none.
    pub poll: String,
}

/// What a create or update made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// The object, read back or known from the answer; nothing in it is unknown.
    pub object: StoredObject,
    /// It exists but is not as wanted yet (a wait timed out): recorded as incomplete, with this reason.
    pub incomplete: Option<String>,
}

impl Applied {
    /// A finished object.
    #[must_use]
    pub fn new(values: ValueBuf, private: Private) -> Self {
        Self { object: StoredObject { values, private }, incomplete: None }
    }
}

/// Which unfinished create to look for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindRequest {
    /// The type.
    pub type_name: String,
    /// The address.
    pub address: Address,
    /// The operation's id.
    pub operation: String,
    /// The config that was sent.
    pub config: ValueBuf,
    /// What was planned.
    pub planned: ValueBuf,
    /// The last checkpoint, if there was one.
    pub checkpoint: Option<Checkpoint>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    /// This operation made it, and it is as far as `create` would have brought it.
    Ours(StoredObject),
    /// This operation made it, and its create is not through: `create` is called again with this as `resume`.
    Unfinished(Checkpoint),
    /// Nothing there.
    Absent,
    /// Something of that name that this operation did not make.
    Foreign(String),
    /// It cannot be told; why.
    Ambiguous(String),
}

/// What to import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The type.
    pub type_name: String,
    /// What a person gives: the schema's `import_help` says what.
    pub id: String,
    /// What the config says, for what the cloud cannot tell; may hold unknowns.
    pub config: Option<ValueBuf>,
}

/// What to list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRequest {
    /// The type.
    pub type_name: String,
}

/// One listed object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// What `import` takes.
    pub id: String,
    /// The object, as `read_many` would give it.
    pub object: StoredObject,
}

/// Which data source to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadDataRequest {
    /// The data source.
    pub type_name: String,
    /// What the config says, all known.
    pub config: ValueBuf,
}

/// Which ephemeral value to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenRequest {
    /// The ephemeral type.
    pub type_name: String,
    /// What the config says, all known.
    pub config: ValueBuf,
}

/// An open ephemeral value. Never recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The ephemeral type.
    pub type_name: String,
    /// Its attributes.
    pub values: ValueBuf,
    /// The provider's own bytes (a lease's id).
    pub private: Private,
    /// When it should be renewed, in milliseconds from now; none for never.
    pub renew_in_ms: Option<u64>,
}
