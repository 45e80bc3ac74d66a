//! A run, as the history shows it.

use crate::project::{Project, who};
use formwork_state::record::{Run, RunId};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A run that begins now.
pub(crate) fn run_record(project: &Project, command: &str, plan: &str) -> Run {
    Run {
        id: RunId(formwork_engine::identity::random_id()),
        command: command.to_owned(),
        who: who(),
        at_ms: now_ms(),
        commit: commit(project),
        plan: plan.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        finished: None,
    }
}

/// The commit that the sources are at, `+` behind it when they have changes; empty outside of git.
fn commit(project: &Project) -> String {
    // Asking git costs some milliseconds: only where there is a repository.
    let root = std::path::absolute(&project.root).unwrap_or_else(|_| project.root.clone());
    if !root.ancestors().any(|directory| directory.join(".git").exists()) {
        return String::new();
    }
    let git = |arguments: &[&str]| {
        let output =
            Command::new("git").arg("-C").arg(&project.root).args(arguments).stderr(Stdio::null()).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return String::new() };
    let changed = git(&["status", "--porcelain", "--", "."]).is_some_and(|changes| !changes.is_empty());
    if changed { commit + "+" } else { commit }
}
