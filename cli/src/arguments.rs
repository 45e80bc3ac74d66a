//! What the command line takes.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Typed infrastructure: check it, plan it, apply it, and nothing is lost.
#[derive(Parser, Debug)]
#[command(name = "formwork", version, propagate_version = true, disable_help_subcommand = true, max_term_width = 110)]
pub(crate) struct Arguments {
    /// What all commands take.
    #[command(flatten)]
    pub(crate) global: Global,
    /// Which command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands take.
#[derive(Args, Debug, Clone)]
pub(crate) struct Global {
    /// Directory of the stack.
    #[arg(
        short = 'C',
        long = "chdir",
        value_name = "DIR",
        global = true,
        default_value = ".",
        hide_default_value = true
    )]
    pub(crate) directory: PathBuf,
    /// Environment: the overlay env/NAME.fwvars.
    #[arg(short, long = "env", value_name = "ENV", global = true, env = "FORMWORK_ENV")]
    pub(crate) environment: Option<String>,
    /// JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No colours (NO_COLOR does the same).
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Show long new values whole in a plan; else their first lines stand for them.
    #[arg(long, global = true)]
    pub(crate) full: bool,
    /// For plans of foreign pull requests: no commands, exec credentials or http data.
    #[arg(long, global = true)]
    pub(crate) untrusted: bool,
    /// Work in a local cloud instead of the real one; it is started when it is needed, and has a state of its own.
    #[arg(long, global = true)]
    pub(crate) sandbox: bool,
    /// Whether a question may be asked; `false` makes it an error, and so does a standard input that is no terminal.
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) input: bool,
}

impl Arguments {
    /// Reads the command line.
    ///
    /// # Errors
    /// What is wrong with it; also help and version, where they are asked for.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let arguments = Self::try_parse()?;
        match arguments.without_effect() {
            Some((command, flag)) => {
                let text = format!("`{flag}` does nothing for `{command}`; leave it out");
                Err(Self::command().error(ErrorKind::ArgumentConflict, text))
            }
            None => Ok(arguments),
        }
    }

    /// A flag of all commands that the given one has no use for.
    fn without_effect(&self) -> Option<(&'static str, &'static str)> {
        let Global { json, full, sandbox, .. } = self.global;
        let (command, flags): (_, &[_]) = match self.command {
            Command::Fmt(_) => ("fmt", &[("--json", json), ("--full", full), ("--sandbox", sandbox)]),
            Command::Graph(_) => ("graph", &[("--json", json), ("--full", full)]),
            _ => return None,
        };
        flags.iter().find(|(_, is_given)| *is_given).map(|(flag, _)| (command, *flag))
    }
}

/// Values for params.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Variables {
    /// Sets a param: raw text for a string, else an expression. Refused for secrets.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) variables: Vec<String>,
    /// Another overlay file, over that of the environment.
    #[arg(long = "var-file", value_name = "FILE")]
    pub(crate) variable_files: Vec<PathBuf>,
}

/// What is planned.
#[derive(Args, Debug, Clone)]
pub(crate) struct Planning {
    /// Values for params.
    #[command(flatten)]
    pub(crate) variables: Variables,
    /// Only this object (or block, or module) and what it needs.
    #[arg(long = "target", value_name = "ADDRESS")]
    pub(crate) targets: Vec<String>,
    /// All but this object and what needs it.
    #[arg(long = "exclude", value_name = "ADDRESS")]
    pub(crate) excludes: Vec<String>,
    /// Replace this object.
    #[arg(long = "replace", value_name = "ADDRESS")]
    pub(crate) replaces: Vec<String>,
    /// Ask the cloud what there is (default), or trust the state.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) refresh: bool,
    /// Plan only to record what the cloud says.
    #[arg(long)]
    pub(crate) refresh_only: bool,
    /// Calls at the same time.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) parallelism: usize,
    /// Exit code 2 when there are changes, or another phase is left.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Forget objects whose cluster cannot be reached any more, instead of failing.
    #[arg(long)]
    pub(crate) forget_unreachable: bool,
}

/// Of commands that write the state.
#[derive(Args, Debug, Clone)]
pub(crate) struct Locking {
    /// Wait so long for the state's lock: 30s, 5m.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
    pub(crate) lock_timeout: Duration,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Write a small stack that plans and applies at once.
    Init(InitArguments),
    /// Report every mistake of the stack, for all environments, without any network.
    Check(CheckArguments),
    /// Write the one canonical style.
    Fmt(FmtArguments),
    /// Show what an apply would do.
    Plan(PlanArguments),
    /// Make it so.
    Apply(ApplyArguments),
    /// Delete everything that the stack manages in this environment.
    Destroy(DestroyArguments),
    /// Show the state, or a plan file.
    Show(ShowArguments),
    /// Show outputs.
    Output(OutputArguments),
    /// Look into the state, and change it by hand.
    #[command(subcommand)]
    State(StateCommand),
    /// Take an existing object into the state.
    Import(ImportArguments),
    /// Record what the cloud says.
    Refresh(RefreshArguments),
    /// Show what was changed behind our back; exit code 2 when something was.
    Drift(DriftArguments),
    /// Draw the graph, as DOT or Mermaid.
    Graph(GraphArguments),
    /// Explain a diagnostic code, or where a value comes from.
    Explain(ExplainArguments),
    /// Environments of the stack.
    #[command(subcommand)]
    Env(EnvCommand),
    /// Release the state's lock that another left behind.
    Unlock(UnlockArguments),
    /// Try a change out in a private sandbox with everything that is recorded, before anything real is touched.
    #[cfg(feature = "sandbox")]
    Rehearse(RehearseArguments),
    /// The local cloud of an environment, that `--sandbox` works in.
    #[cfg(feature = "sandbox")]
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// Show the version, and the providers that are built in.
    Version,
    /// Write a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// `init`
#[derive(Args, Debug)]
pub(crate) struct InitArguments {
    /// Name of the stack; the directory's by default.
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// `check`
#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// As what.
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Warnings are errors.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Values for params.
    #[command(flatten)]
    pub(crate) variables: Variables,
}

/// Forms of a check's report.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// One object with the array `diagnostics`.
    Json,
    /// For code scanning.
    Sarif,
}

/// `fmt`
#[derive(Args, Debug)]
pub(crate) struct FmtArguments {
    /// Files or directories; the stack's directory by default; `-` for standard input.
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; exit code 1 where a file would change.
    #[arg(long)]
    pub(crate) check: bool,
    /// Show what would change.
    #[arg(long)]
    pub(crate) diff: bool,
}

/// `plan`
#[derive(Args, Debug)]
pub(crate) struct PlanArguments {
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Plan to delete everything.
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Write the plan to a file, for `apply FILE`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// `apply`
#[derive(Args, Debug)]
pub(crate) struct ApplyArguments {
    /// A plan file; without it a plan is made and shown first.
    pub(crate) plan: Option<PathBuf>,
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Whether it waits for the lock.
    #[command(flatten)]
    pub(crate) locking: Locking,
    /// Do it without asking first.
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// With a plan file: write the next phase's plan here.
    #[arg(long, value_name = "FILE")]
    pub(crate) next_out: Option<PathBuf>,
}

/// `destroy`
#[derive(Args, Debug)]
pub(crate) struct DestroyArguments {
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Whether it waits for the lock.
    #[command(flatten)]
    pub(crate) locking: Locking,
    /// Do it without asking first.
    #[arg(long)]
    pub(crate) auto_approve: bool,
}

/// `show`
#[derive(Args, Debug)]
pub(crate) struct ShowArguments {
    /// A plan file; the state without it.
    pub(crate) plan: Option<PathBuf>,
    /// For a pull request's comment.
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// `output`
#[derive(Args, Debug)]
pub(crate) struct OutputArguments {
    /// Which; all without it.
    pub(crate) name: Option<String>,
    /// The text alone, without quotes; a secret, which has to be named for it, in the clear.
    #[arg(long, requires = "name")]
    pub(crate) raw: bool,
    /// Show secrets in the clear.
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// `state`
#[derive(Subcommand, Debug)]
pub(crate) enum StateCommand {
    /// List objects.
    List {
        /// Only these: an address, a block or a module.
        address: Option<String>,
    },
    /// Show an object.
    Show {
        /// Which.
        address: String,
    },
    /// Give an object, a block or a module another address (better: write `moved` in the stack).
    Mv {
        /// What it is called.
        from: String,
        /// What it shall be called.
        to: String,
        /// Wait so long for the lock.
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
        lock_timeout: Duration,
    },
    /// Forget an object; it stays in the cloud (better: write `forget` in the stack).
    Rm {
        /// Which.
        #[arg(required = true)]
        addresses: Vec<String>,
        /// Wait so long for the lock.
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
        lock_timeout: Duration,
    },
    /// List runs.
    History {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show who holds the lock.
    Lock,
    /// Say what became of an object that is uncertain.
    #[command(group = clap::ArgGroup::new("answer").required(true))]
    Resolve {
        /// Which.
        address: String,
        /// It exists, with this id.
        #[arg(long, value_name = "ID", group = "answer")]
        adopt: Option<String>,
        /// It does not exist.
        #[arg(long, group = "answer")]
        absent: bool,
        /// Wait so long for the lock.
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration)]
        lock_timeout: Duration,
    },
}

/// `import`
#[derive(Args, Debug)]
pub(crate) struct ImportArguments {
    /// The resource of the stack.
    pub(crate) address: String,
    /// The object's id, in the provider's form.
    pub(crate) id: String,
    /// Values for params.
    #[command(flatten)]
    pub(crate) variables: Variables,
    /// Whether it waits for the lock.
    #[command(flatten)]
    pub(crate) locking: Locking,
}

/// `refresh`
#[derive(Args, Debug)]
pub(crate) struct RefreshArguments {
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Whether it waits for the lock.
    #[command(flatten)]
    pub(crate) locking: Locking,
    /// Do it without asking first.
    #[arg(long)]
    pub(crate) auto_approve: bool,
}

/// `drift`
#[derive(Args, Debug)]
pub(crate) struct DriftArguments {
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
}

/// `graph`
#[derive(Args, Debug)]
pub(crate) struct GraphArguments {
    /// In which language.
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub(crate) format: GraphFormat,
    /// Values for params.
    #[command(flatten)]
    pub(crate) variables: Variables,
}

/// Languages of a drawn graph.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid, as Markdown renders it.
    Mermaid,
}

/// `explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    /// A code (E0312), or an address with a path (vnet.address_space).
    pub(crate) subject: String,
    /// Values for params.
    #[command(flatten)]
    pub(crate) variables: Variables,
}

/// `env`
#[derive(Subcommand, Debug)]
pub(crate) enum EnvCommand {
    /// List environments.
    List,
    /// Show what two environments differ in.
    Diff {
        /// One.
        from: String,
        /// The other.
        to: String,
    },
}

/// `unlock`
#[derive(Args, Debug)]
pub(crate) struct UnlockArguments {
    /// Unlock without asking first.
    #[arg(long)]
    pub(crate) force: bool,
}

/// `rehearse`
#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct RehearseArguments {
    /// What is planned.
    #[command(flatten)]
    pub(crate) planning: Planning,
    /// Rehearse deleting everything.
    #[arg(long)]
    pub(crate) destroy: bool,
    /// What goes wrong while the change is made: `sandbox fail` has the form of such rules.
    #[arg(long = "fail", value_name = "RULE")]
    pub(crate) failures: Vec<String>,
    /// Read data sources of objects that are not recorded, and secrets of vaults, where an apply reads them, with your
    /// credentials.
    #[arg(long)]
    pub(crate) read_data: bool,
}

/// `sandbox`
#[cfg(feature = "sandbox")]
#[derive(Subcommand, Debug)]
pub(crate) enum SandboxCommand {
    /// Start it, and show how other programs reach it.
    Start(SandboxStartArguments),
    /// End its process; what exists in it is kept.
    Stop,
    /// Show whether it runs, and what exists in it.
    Status,
    /// Forget everything that exists in it, its state, its port, its token and its certificate authority.
    Reset,
    /// Show its requests.
    Log {
        /// Go on showing new ones.
        #[arg(long, short)]
        follow: bool,
    },
    /// List what goes wrong in it, or add and remove such rules.
    Fail {
        /// Rules, for example "type=Microsoft.Network/virtualNetworks,method=PUT,nth=2,error=throttled".
        rules: Vec<String>,
        /// Remove the rule with this number.
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["rules", "clear"])]
        remove: Option<u64>,
        /// Remove all rules.
        #[arg(long, conflicts_with = "rules")]
        clear: bool,
    },
    /// What the detached process does.
    #[command(hide = true)]
    Serve(SandboxServeArguments),
}

/// `sandbox start`
#[cfg(feature = "sandbox")]
#[derive(Args, Debug, Default)]
pub(crate) struct SandboxStartArguments {
    /// How long work takes in it: scaled, as in the cloud, or no time at all. What was said last stays; at first fast.
    #[arg(long, value_enum)]
    pub(crate) latency: Option<SandboxLatency>,
    /// What goes wrong in it: `sandbox fail` lists and removes such rules.
    #[arg(long = "fail", value_name = "RULE")]
    pub(crate) failures: Vec<String>,
    /// Serve plain HTTP on this port of 127.0.0.1 besides, for clients of a test that know no TLS.
    #[arg(long, value_name = "PORT")]
    pub(crate) http: Option<u16>,
    /// It ends by itself when nobody has asked for anything so long; 30m without it.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) idle: Option<Duration>,
}

/// `sandbox serve`
#[cfg(feature = "sandbox")]
#[derive(Args, Debug)]
pub(crate) struct SandboxServeArguments {
    /// The sandbox's directory.
    pub(crate) path: PathBuf,
    /// As `start` has it.
    #[command(flatten)]
    pub(crate) start: SandboxStartArguments,
}

/// How long work takes in a sandbox.
#[cfg(feature = "sandbox")]
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SandboxLatency {
    /// A hundredth of the cloud's time.
    Fast,
    /// The cloud's time.
    Real,
    /// No time.
    None,
}

/// `500ms`, `30s`, `5m`, `1h30m`; a bare number is seconds.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut milliseconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let (number, behind) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| format!("`{text}` is no duration; write 30s, 5m or 1h30m"))?;
        let letters = behind.find(|character: char| character.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let factor = match unit {
            "ms" => 1,
            "s" | "" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(format!("`{unit}` is no unit; write ms, s, m, h or d")),
        };
        milliseconds = milliseconds.saturating_add(number.saturating_mul(factor));
        rest = behind;
    }
    Ok(Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("7"), Ok(Duration::from_secs(7)));
        assert!(parse_duration("soon").is_err());
    }
}
