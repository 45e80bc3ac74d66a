//! Plan files: everything that an apply needs, sealed, for exactly the state and the accounts that it was made for.
//!
//! ```text
//! "formwork plan" version | lineage | id | sealed: header, providers, …, operations, …, values
//! ```

use crate::connections::Connections;
use crate::plan::{
    Deferral, Drift, Header, Imported, Operation, Output, Plan, PlannedProvider, Recovery, StateChange, Variable,
    values::input_digest, values::input_name,
};
use crate::ports::{InputResolver, KeyedDigest};
use formwork_lang::graph::{Check, Subject};
use formwork_lang::residual;
use formwork_model::{Code, Diagnostic, InputProblem, InputSource, Span, ValueArena, ValueBuf};
use formwork_provider_api::AccountIdentity;
use formwork_state::record::{Outcome, Run, State};
use formwork_state::{SealContext, Sealer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const MAGIC: &[u8] = b"formwork plan";

/// Version of the form. A newer one is refused; an older one too, since plans are short-lived.
const VERSION: u8 = 4;

/// Why a plan file cannot be written, read or applied.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    Lineage,
    Stale { planned: u64, now: u64 },
    Config,
    Version { what: String, planned: String, now: String },
    Account { provider: String, planned: String, now: String },
    Input { name: String, problem: Option<InputProblem> },
    Damaged { path: String, reason: String },
    Newer { path: String, version: u8 },
    Io { path: String, reason: String },
}

impl Refusal {
    const fn code(&self) -> Code {
        Code::new(match self {
            Self::Lineage => "E1030",
            Self::Stale { .. } => "E1031",
            Self::Config => "E1032",
            Self::Version { .. } => "E1033",
            Self::Account { .. } => "E1034",
            Self::Input { .. } => "E1035",
            Self::Damaged { .. } => "E1036",
            Self::Newer { .. } => "E1037",
            Self::Io { .. } => "E1038",
        })
    }

    fn message(&self) -> String {
        match self {
            Self::Lineage => "the plan was made for another state".to_owned(),
            Self::Stale { planned, now } => {
                format!("the plan is stale: it was made for serial {planned} of the state, which is at {now} now")
            }
            Self::Config => "the plan was made of other sources or another overlay".to_owned(),
            Self::Version { what, planned, now } => format!("the plan was made with {what} {planned}, this is {now}"),
            Self::Account { provider, planned, now } => {
                format!("the plan was made for another account: `{provider}` was {planned}, it is {now} now")
            }
            Self::Input { name, problem: None } => {
                format!("the value of {name} is not the one that the plan was made with")
            }
            Self::Input { name, problem: Some(problem) } => {
                format!("cannot get {name}, which the plan was made with: {}", problem.reason)
            }
            Self::Damaged { path, reason } => format!("`{path}` is no plan that can be read here: {reason}"),
            Self::Newer { path, version } => {
                format!("`{path}` has plan format {version}; this version of Formwork knows {VERSION}")
            }
            Self::Io { path, reason } => format!("cannot use the plan file `{path}`: {reason}"),
        }
    }

    fn help(&self) -> &str {
        match self {
            Self::Input { problem: Some(InputProblem { help: Some(help), .. }), .. } => help,
            Self::Lineage => "apply it where its state is, or plan again here",
            Self::Stale { .. } | Self::Config | Self::Input { .. } => {
                "make a new plan, and look at it before it is applied"
            }
            Self::Version { .. } | Self::Newer { .. } => "apply it with the version that made it, or plan again",
            Self::Account { .. } => "use the credentials of the account that was planned for, or plan again",
            Self::Damaged { .. } => {
                "plan again; a plan opens only with the key (FORMWORK_STATE_KEY) that it was written with"
            }
            Self::Io { .. } => "check the path and its permissions",
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.code(), self.message()).help(self.help())
    }

    fn damaged(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Damaged { path: path.display().to_string(), reason: reason.to_string() }
    }

    fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.display().to_string(), reason: error.to_string() }
    }
}

/// The sealed part.
#[derive(Serialize, Deserialize)]
struct Content<'a> {
    header: Cow<'a, Header>,
    providers: Cow<'a, [PlannedProvider]>,
    state_changes: Cow<'a, [StateChange]>,
    imported: Cow<'a, [Imported]>,
    recoveries: Cow<'a, [Recovery]>,
    operations: Cow<'a, [Operation]>,
    drift: Cow<'a, [Drift]>,
    outputs: Vec<StoredOutput>,
    variables: Cow<'a, [Variable]>,
    checks: Vec<StoredCheck>,
    held: Cow<'a, [Subject]>,
    deferred: Cow<'a, [Deferral]>,
    warnings: Cow<'a, [Diagnostic]>,
    values: Cow<'a, ValueArena>,
}

#[derive(Serialize, Deserialize)]
struct StoredCheck {
    subject: Subject,
    condition: ValueBuf,
    message: ValueBuf,
    span: Span,
}

#[derive(Serialize, Deserialize)]
struct StoredOutput {
    name: String,
    prior: Option<ValueBuf>,
    planned: Option<ValueBuf>,
}

impl<'a> From<&'a Plan> for Content<'a> {
    fn from(plan: &'a Plan) -> Self {
        let output = |output: &Output| StoredOutput {
            name: output.name.clone(),
            prior: output.prior.as_ref().map(ValueBuf::from),
            planned: output.planned.as_ref().map(ValueBuf::from),
        };
        let check = |check: &Check| StoredCheck {
            subject: check.subject.clone(),
            condition: ValueBuf::from(&check.condition),
            message: ValueBuf::from(&check.message),
            span: check.span,
        };
        Self {
            header: Cow::Borrowed(&plan.header),
            providers: plan.providers.as_slice().into(),
            state_changes: plan.state_changes.as_slice().into(),
            imported: plan.imported.as_slice().into(),
            recoveries: plan.recoveries.as_slice().into(),
            operations: plan.operations.as_slice().into(),
            drift: plan.drift.as_slice().into(),
            outputs: plan.outputs.iter().map(output).collect(),
            variables: plan.variables.as_slice().into(),
            checks: plan.checks.iter().map(check).collect(),
            held: plan.held.as_slice().into(),
            deferred: plan.deferred.as_slice().into(),
            warnings: plan.warnings.as_slice().into(),
            values: Cow::Borrowed(&plan.values),
        }
    }
}

impl From<Content<'_>> for Plan {
    fn from(content: Content<'_>) -> Self {
        let output = |output: StoredOutput| Output {
            name: output.name,
            prior: output.prior.map(|value| value.to_value()),
            planned: output.planned.map(|value| value.to_value()),
        };
        let check = |check: StoredCheck| Check {
            subject: check.subject,
            condition: check.condition.to_value(),
            message: check.message.to_value(),
            span: check.span,
        };
        Self {
            header: content.header.into_owned(),
            providers: content.providers.into_owned(),
            state_changes: content.state_changes.into_owned(),
            imported: content.imported.into_owned(),
            recoveries: content.recoveries.into_owned(),
            operations: content.operations.into_owned(),
            drift: content.drift.into_owned(),
            outputs: content.outputs.into_iter().map(output).collect(),
            variables: content.variables.into_owned(),
            checks: content.checks.into_iter().map(check).collect(),
            held: content.held.into_owned(),
            deferred: content.deferred.into_owned(),
            warnings: content.warnings.into_owned(),
            values: content.values.into_owned(),
        }
    }
}

/// Writes a plan, sealed, readable by its owner only. A file of that name is replaced at once or not at all.
///
/// # Errors
/// When it cannot be written.
#[expect(clippy::result_large_err, reason = "made once in a run")]
pub fn write(path: &Path, plan: &Plan, sealer: &Sealer) -> Result<(), Diagnostic> {
    let bytes = encode(plan, sealer).map_err(|reason| Refusal::damaged(path, reason).diagnostic())?;
    replace(path, &bytes).map_err(|error| Refusal::io(path, &error).diagnostic())
}

fn encode(plan: &Plan, sealer: &Sealer) -> Result<Vec<u8>, String> {
    let content = postcard::to_stdvec(&Content::from(plan)).map_err(|error| error.to_string())?;
    comes_back(&content)?;
    let context = SealContext { lineage: &plan.header.lineage, object: &plan.header.id, part: "plan" };
    let sealed = sealer.seal_bytes(&content, &context).map_err(|problem| problem.diagnostic().message)?;
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    let front = postcard::to_stdvec(&(&plan.header.lineage, &plan.header.id)).map_err(|error| error.to_string())?;
    bytes.extend_from_slice(&front);
    bytes.extend_from_slice(&sealed);
    Ok(bytes)
}

/// A plan that was approved and cannot be read is worse than none: what is written is read before anybody relies on it.
fn comes_back(content: &[u8]) -> Result<(), String> {
    let read = postcard::from_bytes::<Content<'_>>(content).map_err(|error| error.to_string())?;
    let again = postcard::to_stdvec(&read).map_err(|error| error.to_string())?;
    if again == content { Ok(()) } else { Err("what is written does not come back".to_owned()) }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(hidden);
    let written = write_new(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // Best effort: the first error is the one to tell.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a plan.
///
/// # Errors
/// When it cannot be read, was damaged or changed, was sealed with another key, or is of another version.
#[expect(clippy::result_large_err, reason = "made once in a run")]
pub fn read(path: &Path, sealer: &Sealer) -> Result<Plan, Diagnostic> {
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    opened.map_err(|error| Refusal::io(path, &error).diagnostic())?;
    decode(path, &bytes, sealer).map_err(|refusal| refusal.diagnostic())
}

fn decode(path: &Path, bytes: &[u8], sealer: &Sealer) -> Result<Plan, Refusal> {
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| Refusal::damaged(path, "it does not begin like one"))?;
    let (version, rest) = rest.split_first().ok_or_else(|| Refusal::damaged(path, "it ends too early"))?;
    if *version != VERSION {
        return Err(Refusal::Newer { path: path.display().to_string(), version: *version });
    }
    let front: (String, String);
    let sealed;
    (front, sealed) = postcard::take_from_bytes(rest).map_err(|error| Refusal::damaged(path, error))?;
    let context = SealContext { lineage: &front.0, object: &front.1, part: "plan" };
    let content =
        sealer.open_bytes(sealed, &context).map_err(|problem| Refusal::damaged(path, problem.diagnostic().message))?;
    let content: Content<'_> = postcard::from_bytes(&content).map_err(|error| Refusal::damaged(path, error))?;
    Ok(Plan::from(content))
}

/// What a plan is held against before it is applied.
#[derive(Clone, Copy)]
pub struct Verification<'a> {
    /// The state, read under the lock.
    pub state: &'a State,
    /// The newest run of the history, to tell a resumed plan from a stale one.
    pub last_run: Option<&'a Run>,
    /// Digest of the sources, where there are any.
    pub config_digest: Option<&'a str>,
    /// Connections of this run.
    pub connections: &'a Connections,
    /// Values of the environment.
    pub inputs: &'a dyn InputResolver,
    /// The digest of inputs.
    pub digest: &'a dyn KeyedDigest,
}

/// Whether the plan may be applied here and now. A plan whose own apply was interrupted, or failed, goes on.
///
/// # Errors
/// Every reason against it.
pub async fn verify(plan: &Plan, against: Verification<'_>) -> Result<(), Vec<Diagnostic>> {
    let mut refusals = Vec::new();
    let header = &plan.header;
    refusals.extend(bound_to_state(header, &against));
    let is_other = against.config_digest.is_some_and(|digest| digest != header.config_digest);
    // Sources beside the state of another stack are another's, of course.
    if is_other && !refusals.contains(&Refusal::Lineage) {
        refusals.push(Refusal::Config);
    }
    refusals.extend(versions(plan, &against));
    refusals.extend(inputs(header, &against));
    let mut problems: Vec<Diagnostic> = refusals.iter().map(Refusal::diagnostic).collect();
    if problems.is_empty() {
        accounts(plan, &against, &mut problems).await;
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn bound_to_state(header: &Header, against: &Verification<'_>) -> Option<Refusal> {
    let state = against.state;
    let fresh = header.lineage.is_empty() && header.serial == 0 && state.rows.is_empty();
    if resumes(header, against) || (fresh && state.serial == 0) {
        return None;
    }
    if header.lineage != state.lineage && !fresh {
        return Some(Refusal::Lineage);
    }
    (header.serial != state.serial).then_some(Refusal::Stale { planned: header.serial, now: state.serial })
}

/// Whether the last run applied this very plan and did not finish it.
fn resumes(header: &Header, against: &Verification<'_>) -> bool {
    let unfinished = |run: &Run| run.finished.as_ref().is_none_or(|finished| finished.outcome != Outcome::Succeeded);
    let runs = against.state.running.iter().chain(against.last_run);
    runs.into_iter().any(|run| run.plan == header.id && unfinished(run))
}

fn versions(plan: &Plan, against: &Verification<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let now = env!("CARGO_PKG_VERSION");
    if plan.header.version != now {
        let planned = plan.header.version.clone();
        refusals.push(Refusal::Version { what: "Formwork".to_owned(), planned, now: now.to_owned() });
    }
    for planned in &plan.providers {
        let now = against.connections.provider(&planned.provider).map(|provider| provider.schema().version);
        let now = now.unwrap_or("not there");
        if planned.version != now && !planned.provider.is_empty() {
            let what = format!("provider `{}`", planned.provider);
            let refusal = Refusal::Version { what, planned: planned.version.clone(), now: now.to_owned() };
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
    }
    refusals
}

fn inputs(header: &Header, against: &Verification<'_>) -> Vec<Refusal> {
    let refusal = |(source, planned): &(InputSource, [u8; 16])| {
        let problem = match against.inputs.resolve(source) {
            Ok(value) if input_digest(&value, against.digest) == *planned => return None,
            Ok(_) => None,
            Err(problem) => Some(problem),
        };
        Some(Refusal::Input { name: input_name(source), problem })
    };
    header.input_digests.iter().filter_map(refusal).collect()
}

/// Connects to each provider that was connected to, and asks who it is.
async fn accounts(plan: &Plan, against: &Verification<'_>, problems: &mut Vec<Diagnostic>) {
    for planned in &plan.providers {
        let Some(account) = &planned.account else { continue };
        let given = plan.values.get(planned.configuration).to_value();
        let objects = |object: &_, path: &_| crate::lookup::recorded(against.state, object, path);
        let inputs = |source: &_| Some(against.inputs.resolve(source));
        let configuration = match residual::resolve(&given, &objects, &inputs) {
            Ok(configuration) => ValueBuf::from(&configuration),
            Err(diagnostic) => {
                problems.push(diagnostic);
                continue;
            }
        };
        // What the run itself has changed since is configured anew when its time comes.
        if !configuration.view().is_known() {
            continue;
        }
        match against.connections.get(&planned.address, &planned.provider, &configuration).await {
            Ok(connected) if connected.connection.account() == *account => {}
            Ok(connected) => problems.push(
                Refusal::Account {
                    provider: planned.address.to_string(),
                    planned: shown(account),
                    now: shown(&connected.connection.account()),
                }
                .diagnostic(),
            ),
            Err(error) => {
                let type_name = formwork_model::TypeName::new(planned.provider.as_str(), "");
                let address = &planned.address;
                let subject = crate::failure::Subject { verb: "configure", address, type_name: &type_name, span: None };
                problems.push(crate::failure::diagnostic(subject, &error));
            }
        }
    }
}

fn shown(account: &AccountIdentity) -> String {
    let parts: Vec<String> = account.0.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join(", ") }
}
