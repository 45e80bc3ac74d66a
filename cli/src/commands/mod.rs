//! The commands: each parses nothing, decides nothing about infrastructure, and shows what the engine says.

mod apply;
mod apply_file;
mod check;
mod drift;
mod env;
mod explain;
mod fmt;
mod graph;
mod init;
mod output;
mod plan;
mod provenance;
#[cfg(feature = "sandbox")]
mod rehearse;
mod resolve;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod session;
mod show;
mod state;
mod unlock;
mod version;

use crate::arguments::{Arguments, Command, Global};
use crate::output::{Output, tell};
use crate::project::Failure;
use crate::render::diagnostics;
use formwork_state::store::Published;

pub(crate) use run::{now_ms, run_record};
#[cfg(feature = "sandbox")]
pub(crate) use session::runtime as session_runtime;

/// Done.
pub(crate) const DONE: i32 = 0;
/// Failed.
pub(crate) const FAILED: i32 = 1;
/// With `--detailed-exitcode`: changes, or a phase left.
pub(crate) const CHANGES: i32 = 2;

/// Runs a command; gives the exit code.
pub(crate) fn run(arguments: Arguments) -> i32 {
    let Arguments { global, command } = arguments;
    let output = Output::new(&global);
    if let Err(failure) = isolate(&global, &command) {
        return fail(&output, failure);
    }
    let answer = match command {
        Command::Init(arguments) => init::run(&global, &arguments),
        Command::Check(arguments) => check::run(&global, &arguments),
        Command::Fmt(arguments) => fmt::run(&global, &arguments),
        Command::Plan(arguments) => plan::run(&global, &arguments),
        Command::Apply(arguments) => apply::run(&global, &arguments),
        Command::Destroy(arguments) => apply::destroy(&global, &arguments),
        Command::Show(arguments) => show::run(&global, &arguments),
        Command::Output(arguments) => output::run(&global, &arguments),
        Command::State(command) => state::run(&global, command),
        Command::Import(arguments) => apply::import(&global, &arguments),
        Command::Refresh(arguments) => apply::refresh(&global, &arguments),
        Command::Drift(arguments) => drift::run(&global, &arguments),
        Command::Graph(arguments) => graph::run(&global, &arguments),
        Command::Explain(arguments) => explain::run(&global, &arguments),
        Command::Env(command) => env::run(&global, &command),
        Command::Unlock(arguments) => unlock::run(&global, &arguments),
        #[cfg(feature = "sandbox")]
        Command::Rehearse(arguments) => rehearse::run(&global, &arguments),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(command) => sandbox::run(&global, &command),
        Command::Version => {
            version::version(&output);
            Ok(DONE)
        }
        Command::Completions { shell } => {
            version::completions(shell);
            Ok(DONE)
        }
    };
    answer.unwrap_or_else(|failure| fail(&output, failure))
}

/// Leaves the user's credentials behind where a command works in a sandbox. A rehearsal reads what the stack itself asks
/// for, so that placeholders can be put in its place; one that is to read data sources elsewhere needs the credentials.
fn isolate(global: &Global, command: &Command) -> Result<(), Failure> {
    #[cfg(feature = "sandbox")]
    if let Command::Rehearse(arguments) = command
        && (global.sandbox || !arguments.read_data)
    {
        return crate::isolation::enter(&crate::project::Project::open(global)?.variables());
    }
    let _ = command;
    if global.sandbox { crate::isolation::enter(&[]) } else { Ok(()) }
}

fn fail(output: &Output, Failure { mut diagnostics, files }: Failure) -> i32 {
    formwork_model::diagnostic::sort(&mut diagnostics);
    diagnostics::report(output, &files, &diagnostics);
    FAILED
}

/// Readers need no lock; they say as of when they see while another writes.
fn tell_as_of(output: &Output, published: &Published) {
    if let (false, Some(holder)) = (output.json, &published.holder) {
        let since = time(holder.since_ms);
        let as_of = time(published.as_of_ms);
        tell(&format!("As of {as_of}; {} has been running `{}` since {since}.\n", holder.who, holder.command));
    }
}

/// A time for people, in UTC: `2026-03-01 12:30:05Z`.
fn time(milliseconds: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(milliseconds);
    time.map_or_else(|_| "at an unknown time".into(), |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}
