//! The sandbox as the command line sees it: whose it is, how it is started and reached.

use crate::arguments::SandboxStartArguments;
use crate::commands::session_runtime;
use crate::isolation;
use crate::project::{Failure, Project, refusal};
use formwork_provider_api::SandboxEndpoint;
use formwork_sandbox::client::Client;
use formwork_sandbox::directory::Directory;
use formwork_sandbox::identity::Identity;
use formwork_sandbox::{Key, Problem, process};
use formwork_state::Keys;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        refusal(problem.code(), problem.to_string(), problem.help())
    }
}

/// The key of sandboxes' files: derived from that of the user's states, which lies in the user's data directory. A copy of a
/// stack's directory (a backup, an archive of a build) so holds nothing that could be read.
pub(crate) fn key() -> Result<Key, Failure> {
    let sealer = Keys::from_environment()?.sealer()?;
    let mut bytes = [0; 32];
    let (first, second) = bytes.split_at_mut(16);
    first.copy_from_slice(&sealer.keyed_digest(b"formwork sandbox key, first half"));
    second.copy_from_slice(&sealer.keyed_digest(b"formwork sandbox key, second half"));
    Ok(Key::new(bytes))
}

/// A client of the sandbox in this directory, which is started where it is not running.
pub(crate) fn ensure(path: &Path) -> Result<Client, Failure> {
    start(path, &SandboxStartArguments::default()).map(|(client, _)| client)
}

/// The same with what `sandbox start` says; and whether it was started.
pub(crate) fn start(path: &Path, arguments: &SandboxStartArguments) -> Result<(Client, bool), Failure> {
    let command = serve_command(path, arguments)?;
    let (directory, key) = (Directory::new(path), key()?);
    let started = process::ensure(&directory, &key, command);
    Ok(session_runtime()?.block_on(started)?)
}

/// The directories of `[sandbox.repositories]` are served with Git.
pub(crate) fn serve_repositories(client: &Client, project: &Project) -> Result<(), Failure> {
    let directories = repositories(project)?;
    if directories.is_empty() {
        return Ok(());
    }
    Ok(session_runtime()?.block_on(client.set_repositories(&directories))?)
}

/// The directories of `[sandbox.repositories]`, by name; paths are relative to the stack.
pub(crate) fn repositories(project: &Project) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut directories = BTreeMap::new();
    for (name, directory) in &project.manifest.sandbox_repositories {
        let told = project.root.join(directory.as_str());
        let real = std::fs::canonicalize(&told).map_err(|error| {
            refusal(
                "E5010",
                format!("the directory `{}` of `[sandbox.repositories]` cannot be read: {error}", told.display()),
                "correct the path, which is relative to formwork.toml",
            )
        })?;
        directories.insert(name.to_string(), real);
    }
    Ok(directories)
}

/// This program, as the process that serves a sandbox.
fn serve_command(path: &Path, arguments: &SandboxStartArguments) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        refusal("E5010", format!("cannot find this program's file: {error}"), "start it by its full path")
    })?;
    let mut command = Command::new(program);
    command.args(["sandbox", "serve"]).arg(path);
    if let Some(latency) = arguments.latency {
        command.arg("--latency").arg(latency.word());
    }
    if let Some(port) = arguments.http {
        command.arg("--http").arg(port.to_string());
    }
    if let Some(idle) = arguments.idle {
        command.arg("--idle").arg(format!("{}ms", idle.as_millis()));
    }
    command.env_clear().envs(isolation::without_credentials(&std::env::vars_os().collect())?);
    Ok(command)
}

/// What providers are told.
pub(crate) fn endpoint(identity: &Identity) -> SandboxEndpoint {
    SandboxEndpoint { url: identity.url(), token: identity.token.clone(), ca_pem: identity.ca_pem.clone() }
}
