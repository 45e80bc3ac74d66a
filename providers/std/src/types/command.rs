//! `std.command`: runs a program when it is created, and another when it is destroyed.
//!
//! Only what the manifest allows is run, with a cleared environment, its secrets on standard input.

use super::TRIGGERS;
use crate::connection::StdConnection;
use crate::local::{LocalType, applied, settled};
use async_trait::async_trait;
use formwork_model::schema::{self, Attribute, AttributeType, Capabilities, Recognition, ResourceSchema};
use formwork_model::{AttributePath, Map, Milliseconds, Redacted, Value, ValueBuf};
use formwork_provider_api::{
    Applied, CreateRequest, DeleteRequest, Environment, ErrorClass, FindRequest, Found, OperationSink, PlanRequest,
    PlanResponse, ProviderError, StoredObject,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command as Process};

/// More of what a program writes is not kept: rows of the state stay small.
const LONGEST_OUTPUT: usize = 32 * 1024;

const CALL: &[Attribute] = &[
    Attribute::string("program", "The program: a name that is looked up in PATH, or a path.").required(),
    Attribute::strings("arguments", "Its arguments; anybody on the machine can see them."),
    Attribute::string_map("environment", "Its whole environment, besides PATH and HOME."),
    Attribute::string("input", "What it reads from standard input: the place for secrets.").secret(),
];

pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "command",
    "Runs a program once. The manifest must allow it (`[allow] commands = [\"program\"]`), and `--untrusted` forbids it.",
)
.attributes(&[
    Attribute::string("program", "The program: a name that is looked up in PATH, or a path.").required().create_only(),
    Attribute::strings("arguments", "Its arguments; anybody on the machine can see them.").create_only(),
    Attribute::string_map("environment", "Its whole environment, besides PATH and HOME.").create_only(),
    Attribute::string("input", "What it reads from standard input: the place for secrets.").secret().create_only(),
    Attribute::string("directory", "Where it runs; left out, or relative: in the stack's directory.").create_only(),
    Attribute::new("format", AttributeType::Enum(&["text", "json"]), "What it writes to standard output.")
        .default_string("text")
        .create_only(),
    Attribute::boolean(
        "sensitive",
        "What it writes is secret: it comes as `secret_output`. Left out: `output` and `result` are secret as values where the \
         program was told a secret, in `input` or elsewhere; `false` says that they are not.",
    )
    .optional_computed()
    .create_only(),
    TRIGGERS,
    Attribute::new("timeout", AttributeType::Duration, "It is ended after so long.").default(schema::Default::Duration(600_000)),
    Attribute::object("destroy", CALL, "What runs when it is destroyed."),
    Attribute::new(
        "on_unknown",
        AttributeType::Enum(&["ask", "repeat", "done"]),
        "When Formwork was killed while it ran: `ask` leaves it to you, `repeat` runs it again, `done` takes it as done.",
    )
    .default_string("ask"),
    Attribute::string("output", "What it wrote to standard output, at most 32 KiB.").computed(),
    Attribute::string("secret_output", "The same, when it is sensitive.").computed().secret(),
    Attribute::new("result", AttributeType::Any, "The JSON that it wrote, with `format = \"json\"`.").computed(),
])
.identity(&[])
.recognised_by(Recognition::None)
.import_help("")
.capabilities(Capabilities {
    update: true,
    find: true,
    batch_read: true,
    list: false,
    import: false,
    expand: false,
    repair: false,
});

pub(crate) struct Command;

#[async_trait]
impl LocalType for Command {
    fn plans(&self) -> bool {
        true
    }

    /// Which of the three outputs there will be is known before it runs.
    fn plan(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut response = PlanResponse::as_proposed(request);
        let Value::Map(mut values) = request.proposed.to_value() else { return Ok(response) };
        if request.prior.is_none() {
            if values.get("sensitive").is_none_or(|said| !said.is_known()) {
                values.insert("sensitive", Value::Bool(false));
            }
            without_other_outputs(&mut values);
            response.planned = ValueBuf::from(Value::Map(values));
        }
        Ok(response)
    }

    async fn create(
        &self,
        connection: &StdConnection,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError> {
        let mut values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        let call: Call = ValueBuf::from(Value::Map(values.clone())).view().decode()?;
        let output = call.run(&connection.environment, request.timeout_ms, sink).await?;
        match keep(&mut values, output, was_told_a_secret(&request.config)) {
            Ok(()) => Ok(applied(values)),
            // It ran: what it was is recorded, and that its answer is of no use.
            Err(error) => Err(error.partial(applied(values).object)),
        }
    }

    async fn delete(
        &self,
        connection: &StdConnection,
        request: DeleteRequest,
        sink: &dyn OperationSink,
    ) -> Result<(), ProviderError> {
        let values = request.object.values.to_value().as_map().cloned().unwrap_or_default();
        let Some(destroy) = values.get("destroy").filter(|destroy| !destroy.is_null()) else { return Ok(()) };
        let mut call: Call = ValueBuf::from(destroy).view().decode()?;
        call.directory = values.get("directory").and_then(Value::as_str).map(str::to_owned);
        if let Some(Value::Duration(timeout)) = values.get("timeout") {
            call.timeout = Milliseconds(*timeout);
        }
        call.run(&connection.environment, request.timeout_ms, sink).await.map(drop)
    }

    async fn find(&self, _: &StdConnection, request: FindRequest) -> Result<Found, ProviderError> {
        let values = settled(&SCHEMA, &request.address, &request.config, &request.planned);
        Ok(match values.get("on_unknown").and_then(Value::as_str) {
            Some("repeat") => Found::Absent,
            Some("done") => Found::Ours(assumed(values)?),
            _ => Found::Ambiguous("whether the program ran cannot be told; `on_unknown` can decide it".to_owned()),
        })
    }
}

/// The object of a run whose output is lost.
fn assumed(mut values: Map) -> Result<StoredObject, ProviderError> {
    let json = values.get("format").and_then(Value::as_str) == Some("json");
    keep(&mut values, if json { b"null".to_vec() } else { Vec::new() }, false)?;
    Ok(applied(values).object)
}

fn without_other_outputs(values: &mut Map) {
    let text = |values: &Map, name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let sensitive = match values.get("sensitive") {
        Some(Value::Bool(truth)) => *truth,
        _ => false,
    };
    values.remove(if sensitive { "output" } else { "secret_output" });
    if sensitive || text(values, "format") != "json" {
        values.remove("result");
    }
}

/// Whether the program got a secret, and the block does not say what becomes of its answer: it may hold it in another form.
fn was_told_a_secret(config: &ValueBuf) -> bool {
    let says_nothing = config.view().get("sensitive").is_none_or(|said| said.is_null());
    says_nothing && config.view().entries().any(|(name, value)| name != "destroy" && value.holds_secret())
}

/// Puts the output where it belongs; `hidden` marks it as secret where it is.
fn keep(values: &mut Map, output: Vec<u8>, hidden: bool) -> Result<(), ProviderError> {
    let shown = |value: Value| if hidden { value.secret() } else { value };
    let text = String::from_utf8_lossy(&output);
    let text = text.trim_end_matches('\n');
    if values.get("sensitive") == Some(&Value::Bool(true)) {
        values.insert("secret_output", Value::string(text).secret());
        return Ok(());
    }
    values.insert("output", shown(Value::string(text)));
    if values.get("format").and_then(Value::as_str) != Some("json") {
        return Ok(());
    }
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("the program ran, and what it wrote is no JSON: {error}");
        ProviderError::new(ErrorClass::Invalid, message).at(AttributePath::member("format"))
    })?;
    let result = formwork_model::value::from_json(&json);
    if !result.is_null() {
        values.insert("result", shown(result));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Call {
    program: String,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    input: Option<Redacted<String>>,
    directory: Option<String>,
    #[serde(default = "ten_minutes")]
    timeout: Milliseconds,
}

const fn ten_minutes() -> Milliseconds {
    Milliseconds(600_000)
}

/// Refuses a program that could not run at apply: whoever reads the plan shall know. What is in the state already runs
/// only when it is deleted.
pub(crate) fn check_planned(environment: &Environment, request: &PlanRequest) -> Result<(), ProviderError> {
    let config = request.config.view();
    let program = config.get("program").and_then(|program| program.as_str());
    match (&request.prior, program) {
        (None, _) if environment.untrusted => check_allowed(environment, ""),
        (None, Some(program)) => check_allowed(environment, program),
        _ => Ok(()),
    }
}

fn check_allowed(environment: &Environment, program: &str) -> Result<(), ProviderError> {
    if environment.untrusted {
        let error = ProviderError::new(ErrorClass::Forbidden, "commands do not run with --untrusted");
        return Err(error.help("leave `--untrusted` out if you trust whoever wrote the stack, or exclude the block"));
    }
    if environment.allowed_commands.iter().any(|allowed| allowed == "*" || allowed == program) {
        return Ok(());
    }
    Err(ProviderError::new(ErrorClass::Forbidden, format!("the manifest does not allow {:?}", program))
        .at(AttributePath::member("program"))
        .help(format!("add to formwork.toml:\n[allow]\ncommands = [{:?}]", program)))
}

impl Call {
    /// Runs the program to its end, and gives what it wrote.
    async fn run(
        &self,
        environment: &Environment,
        limit_ms: u64,
        sink: &dyn OperationSink,
    ) -> Result<Vec<u8>, ProviderError> {
        check_allowed(environment, &self.program)?;
        sink.progress(&format!("{} runs", self.program));
        let own = u64::try_from(self.timeout.0).unwrap_or(0);
        let limit = Duration::from_millis(if limit_ms == 0 { own } else { own.min(limit_ms) });
        let mut child = self.process(environment).spawn().map_err(|error| self.failed(&error.to_string()))?;
        let work = self.converse(&mut child);
        tokio::pin!(work);
        let written = tokio::select! {
            biased;
            written = &mut work => written,
            waited = sink.sleep(limit) => Err(match waited {
                Ok(()) => ProviderError::new(ErrorClass::Timeout, format!("{} ran longer than {limit:?}", self.program)),
                Err(cancelled) => cancelled.into(),
            }),
        };
        written
    }

    fn process(&self, environment: &Environment) -> Process {
        let mut process = Process::new(&self.program);
        process.args(&self.arguments).env_clear();
        // A program is found by PATH, and many look into HOME; nothing else of ours is its business.
        for name in ["PATH", "HOME"] {
            process.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        process.envs(&self.environment).kill_on_drop(true);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let root = environment.root.as_deref().map(std::path::Path::new);
        match (root, &self.directory) {
            (Some(root), Some(directory)) => drop(process.current_dir(root.join(directory))),
            (Some(root), None) => drop(process.current_dir(root)),
            (None, Some(directory)) => drop(process.current_dir(directory)),
            (None, None) => {}
        }
        process
    }

    /// Feeds the program and reads both of its outputs at the same time, so that neither side waits for the other.
    async fn converse(&self, child: &mut Child) -> Result<Vec<u8>, ProviderError> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin, &self.input) {
                // A program that does not read its input is none of our business.
                let _ = stdin.write_all(input.0.as_bytes()).await;
            }
        };
        let ((), output, errors) = tokio::join!(feed, collect(stdout), collect(stderr));
        let status = child.wait().await.map_err(|error| self.failed(&error.to_string()))?;
        if status.success() {
            return Ok(output);
        }
        let errors = String::from_utf8_lossy(&errors);
        let last: Vec<&str> = errors.trim().lines().rev().take(5).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Err(self.failed(&format!("{status}: {}", last.join("\n"))))
    }

    fn failed(&self, why: &str) -> ProviderError {
        ProviderError::new(ErrorClass::Other, format!("{} failed: {why}", self.program))
    }
}

/// The beginning of what a program writes; the rest is read and dropped, so that it need not wait.
async fn collect(stream: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else { return kept };
    let mut buffer = vec![0; 8192];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = LONGEST_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
    }
    kept
}
