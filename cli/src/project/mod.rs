//! The stack that a command works on: its directory, manifest, environment and state.

mod inputs;
mod sources;
mod stack;

pub(crate) use inputs::{Configured, ProcessInputs};
pub(crate) use sources::Files;
pub(crate) use stack::{Examined, Stack, digest_in, examine};

use crate::arguments::Global;
use crate::logging;
use crate::output::Output;
use formwork_engine::plan::{Header, Place};
use formwork_lang::manifest::{self, Allowance, MANIFEST_FILE, Manifest};
use formwork_lang::source::{FileTable, Sources};
use formwork_lang::syntax;
use formwork_model::{Code, Diagnostic, FileId};
use formwork_provider_api::{Environment, SandboxEndpoint};
use formwork_state::store::{Published, Reader, Store, StoreError};
use formwork_state::{Keys, LocalReader, LocalStore, LockOptions};
use inputs::Vaults;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A command that failed, with what is to be reported.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The sources that they point into.
    pub(crate) files: FileTable,
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic], files: FileTable::default() }
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, files: FileTable::default() }
    }
}

impl From<StoreError> for Failure {
    fn from(StoreError(diagnostic): StoreError) -> Self {
        (*diagnostic).into()
    }
}

impl From<formwork_state::Problem> for Failure {
    fn from(problem: formwork_state::Problem) -> Self {
        problem.diagnostic().into()
    }
}

/// What a command answers: its exit code.
pub(crate) type Answer = Result<i32, Failure>;

/// An error of the command line itself, without place: what and what to do.
pub(crate) fn refusal(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Failure {
    Diagnostic::error(Code::new(code), message).help(help).into()
}

/// A stack's directory with its manifest.
pub(crate) struct Project {
    /// The directory.
    pub(crate) root: PathBuf,
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// Environments that have an overlay, sorted; abstract ones are not told apart here.
    pub(crate) overlays: Vec<String>,
    /// How this run talks.
    pub(crate) output: Output,
    /// What `-e` says.
    environment: Option<String>,
    /// `--untrusted`
    untrusted: bool,
    /// `--sandbox`
    sandbox: bool,
    /// Where the sandbox answers, once a command needs it.
    endpoint: Option<SandboxEndpoint>,
}

impl Project {
    /// Reads the manifest of the directory that `-C` names.
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        let root = global.directory.clone();
        let path = root.join(MANIFEST_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(manifest::missing(&root.display().to_string()).into());
            }
            Err(error) => return Err(unreadable(&path, &error)),
        };
        let mut files = FileTable::default();
        let file = files.add(MANIFEST_FILE, text.as_str());
        let (manifest, diagnostics) = manifest::parse(file, &text);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Failure { diagnostics, files });
        }
        let overlays = overlays(&root);
        let environment = global.environment.clone();
        Ok(Self { root, manifest, overlays, environment, ..Self::bare(global) })
    }

    /// What the command line alone says.
    fn bare(global: &Global) -> Self {
        Self {
            root: global.directory.clone(),
            manifest: Manifest::default(),
            overlays: Vec::new(),
            output: Output::new(global),
            environment: None,
            untrusted: global.untrusted,
            sandbox: global.sandbox,
            endpoint: None,
        }
    }

    /// The environment that is meant: `-e`, the manifest's default, or the only one there is.
    pub(crate) fn environment(&self) -> Result<String, Failure> {
        let names = || self.overlays.join(", ");
        if let Some(name) = &self.environment {
            let known = self.overlays.contains(name) || (self.overlays.is_empty() && name == "default");
            return if known { Ok(name.clone()) } else { Err(self.no_such_environment(name)) };
        }
        if let Some(default) = &self.manifest.default_environment {
            return Ok(default.name.to_string());
        }
        match self.overlays.as_slice() {
            [] => Ok("default".into()),
            [only] => Ok(only.clone()),
            _ => {
                let message = format!("which environment? this stack has {}", names());
                Err(refusal(
                    "E0580",
                    message,
                    "say it with `-e NAME`, or declare `[environments] default` in formwork.toml",
                ))
            }
        }
    }

    fn no_such_environment(&self, name: &str) -> Failure {
        let have = if self.overlays.is_empty() { "none".to_owned() } else { self.overlays.join(", ") };
        let message = format!("there is no environment `{name}`; this stack has {have}");
        let otherwise = if self.overlays.is_empty() { "leave `-e` out" } else { "choose one of these" };
        refusal("E0581", message, format!("write env/{name}.fwvars, or {otherwise}"))
    }

    /// Where the state of an environment lies. A sandbox's lies in the sandbox.
    pub(crate) fn state_directory(&self, environment: &str) -> PathBuf {
        if self.sandbox {
            return self.sandbox_directory(environment).join("state");
        }
        self.root.join(self.manifest.state.path.as_str()).join(environment)
    }

    /// Where the sandbox of an environment lies.
    pub(crate) fn sandbox_directory(&self, environment: &str) -> PathBuf {
        let directory = self.root.join(".formwork/sandbox").join(environment);
        std::path::absolute(&directory).unwrap_or(directory)
    }

    /// Starts the sandbox of an environment where a run that contacts a cloud works in it.
    #[cfg(feature = "sandbox")]
    pub(crate) fn reach_sandbox(&mut self, environment: &str) -> Result<(), Failure> {
        if self.sandbox && self.endpoint.is_none() {
            let client = crate::sandbox::ensure(&self.sandbox_directory(environment))?;
            crate::sandbox::serve_repositories(&client, self)?;
            self.ignore_in_git();
            if !self.output.json {
                let url = client.identity.url();
                crate::output::tell(&format!(
                    "Sandbox of `{environment}` at {url}: nothing outside of it is touched.\n"
                ));
            }
            self.endpoint = Some(crate::sandbox::endpoint(&client.identity));
        }
        Ok(())
    }

    /// A program without the sandbox has none to reach; see [`crate::isolation::enter`].
    #[cfg(not(feature = "sandbox"))]
    pub(crate) fn reach_sandbox(&mut self, _environment: &str) -> Result<(), Failure> {
        Ok(())
    }

    /// The state, for reading.
    pub(crate) fn reader(&self, environment: &str) -> Result<LocalReader, Failure> {
        Ok(LocalStore::open_reader(self.state_directory(environment), keys()?))
    }

    /// The last published state.
    pub(crate) fn published(&self, environment: &str) -> Result<Published, Failure> {
        let published = self.reader(environment)?.read()?;
        for row in published.state.rows.values() {
            logging::secrets().learn(row.values.view());
            logging::secrets().learn(row.config.view());
        }
        logging::secrets().learn(published.state.outputs.view());
        Ok(published)
    }

    /// The state, for writing; tells whom it waits for.
    pub(crate) fn lock(&self, environment: &str, command: &str, timeout: Duration) -> Result<Arc<dyn Store>, Failure> {
        let options = LockOptions::new(who(), command).timeout(timeout).on_wait(|holder| {
            let whom = holder.map_or_else(
                || "another process".into(),
                |holder| format!("{} ({}, process {})", holder.who, holder.command, holder.process),
            );
            crate::output::tell(&format!("Waiting for the lock of the state, held by {whom} …\n"));
        });
        let store = LocalStore::lock_and_open(self.state_directory(environment), options, &keys()?)?;
        self.ignore_in_git();
        Ok(Arc::from(store))
    }

    /// The state holds what the stack knows of the cloud: it must not be committed by accident.
    pub(crate) fn ignore_in_git(&self) {
        let directory = self.root.join(".formwork");
        let ignore = directory.join(".gitignore");
        if directory.is_dir() && !ignore.exists() {
            // A directory that cannot be written has been reported by the state itself.
            drop(std::fs::write(ignore, "*\n"));
        }
    }

    /// What the run allows, for providers.
    pub(crate) fn provider_environment(&self) -> Environment {
        Environment {
            root: std::path::absolute(&self.root).ok().map(|root| root.display().to_string()),
            ca_bundle: ca_bundle(),
            allowed_commands: listed(&self.manifest.allow.commands, self.untrusted),
            allowed_exec: listed(&self.manifest.allow.exec, self.untrusted),
            // A foreign stack would name the place that tokens are sent to.
            allowed_endpoints: listed(&self.manifest.allow.endpoints, self.untrusted),
            untrusted: self.untrusted,
            sandbox: self.sandbox,
            sandbox_endpoint: self.endpoint.clone(),
        }
    }

    /// What a rehearsal allows: a sandbox of its own, whatever else this run works in.
    #[cfg(feature = "sandbox")]
    pub(crate) fn rehearsal_environment(&self, endpoint: SandboxEndpoint) -> Environment {
        Environment { sandbox: true, sandbox_endpoint: Some(endpoint), ..self.provider_environment() }
    }

    /// Variables that the manifest allows by name.
    #[cfg(feature = "sandbox")]
    pub(crate) fn variables(&self) -> Vec<String> {
        listed(&self.manifest.allow.env, false).into_iter().filter(|name| name != "*").collect()
    }

    /// Where plans of this stack belong.
    pub(crate) fn place(&self) -> Place {
        let real = self.root.join(self.manifest.state.path.as_str());
        let state = if self.sandbox { self.root.join(".formwork/sandbox") } else { real };
        Place {
            state: std::path::absolute(&state).unwrap_or(state).display().to_string(),
            variables: listed(&self.manifest.allow.env, false),
            // A plan file holds no credentials: whoever applies it finds the sandbox again.
            environment: Environment { sandbox_endpoint: None, ..self.provider_environment() },
        }
    }

    /// The stack that a plan belongs to, without its sources. A stack of that name in the directory at hand (a checkout
    /// on another machine) comes before the place where the plan was made.
    pub(crate) fn of_plan(global: &Global, header: &Header) -> Result<Self, Failure> {
        same_cloud(global, header)?;
        if let Ok(here) = Self::open(global)
            && here.manifest.name == header.stack
        {
            return Ok(Self { environment: Some(header.environment.clone()), ..here });
        }
        let place = &header.place;
        let state = Path::new(&place.state);
        if !state.is_dir() && !header.lineage.is_empty() {
            let message =
                format!("the state of `{}` is not at {}, where the plan was made", header.stack, state.display());
            return Err(refusal("E0570", message, "name the stack's directory with `-C DIR`"));
        }
        let mut manifest = Manifest { name: header.stack.as_str().into(), ..Manifest::default() };
        manifest.state.path = place.state.as_str().into();
        manifest.allow.env = allowance(&place.variables);
        manifest.allow.commands = allowance(&place.environment.allowed_commands);
        manifest.allow.exec = allowance(&place.environment.allowed_exec);
        manifest.allow.endpoints = allowance(&place.environment.allowed_endpoints);
        let root = place.environment.root.as_ref().map_or_else(|| global.directory.clone(), PathBuf::from);
        let environment = Some(header.environment.clone());
        Ok(Self { root, manifest, environment, ..Self::bare(global) })
    }

    /// Values of the environment and of vaults, as far as the manifest allows.
    pub(crate) fn inputs(&self, configured: Configured) -> Arc<ProcessInputs> {
        Arc::new(self.own_inputs(configured))
    }

    /// The same for a rehearsal: vaults are read only where the real cloud may be asked.
    #[cfg(feature = "sandbox")]
    pub(crate) fn rehearsal_inputs(&self, configured: Configured, asks_cloud: bool) -> Arc<ProcessInputs> {
        let inputs = self.own_inputs(configured);
        Arc::new(if asks_cloud { inputs } else { inputs.without_vaults(self.manifest.sandbox_values.clone()) })
    }

    fn own_inputs(&self, configured: Configured) -> ProcessInputs {
        let vaults = Vaults::new(configured, self.provider_environment(), logging::secrets());
        let allowed = self.manifest.allow.env.clone();
        let inputs = ProcessInputs::new(allowed, self.root.clone(), self.untrusted, logging::secrets(), vaults);
        if self.sandbox { inputs.sandboxed(self.manifest.sandbox_values.clone()) } else { inputs }
    }
}

/// A plan that was made in the sandbox is applied there, and any other is not.
fn same_cloud(global: &Global, header: &Header) -> Result<(), Failure> {
    match (header.place.environment.sandbox, global.sandbox) {
        (true, false) => Err(refusal(
            "E5009",
            "the plan was made in the sandbox, and this would apply it to the real cloud",
            "add `--sandbox`, or make a plan without it",
        )),
        (false, true) => Err(refusal(
            "E5009",
            "the plan was made for the real cloud, and this would apply it in the sandbox",
            "leave out `--sandbox`, or make a plan with it; `formwork rehearse` tries out a change before it is real",
        )),
        _ => Ok(()),
    }
}

/// The keys of this process: one that has just been made is told of once.
pub(crate) fn keys() -> Result<Keys, Failure> {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    if let Some(keys) = KEYS.get() {
        return Ok(keys.clone());
    }
    let keys = Keys::from_environment()?;
    Ok(KEYS.get_or_init(|| keys).clone())
}

/// user@host, for locks and the history.
pub(crate) fn who() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|name| !name.is_empty());
    let user = named("USER").or_else(|| named("LOGNAME")).unwrap_or_else(user_id);
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host =
        if host.trim().is_empty() { std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".into()) } else { host };
    format!("{user}@{}", host.trim())
}

/// The number of the user that this process runs as, for containers in which nobody has a name: `uid1000`. Linux says it
/// by the owner of the process's own directory.
fn user_id() -> String {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").map_or_else(|_| "unknown".into(), |process| format!("uid{}", process.uid()))
}

/// A file that cannot be read.
pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    refusal(
        "E0582",
        format!("cannot read {}: {error}", path.display()),
        "check that it exists and that you may read it",
    )
}

/// A file that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let help = "check that the directory exists, that you may write there, and that the disk is not full";
    refusal("E0583", format!("cannot write {}: {error}", path.display()), help)
}

/// Overlays that are environments: `abstract` ones are left out.
fn overlays(root: &Path) -> Vec<String> {
    let names = Files::new(root).list("env").unwrap_or_default();
    let is_abstract = |name: &str| {
        let text = std::fs::read_to_string(root.join("env").join(name)).unwrap_or_default();
        syntax::parse_overlay(FileId(0), &text).0.is_abstract.is_some()
    };
    names
        .iter()
        .filter(|name| !is_abstract(name))
        .filter_map(|name| name.strip_suffix(".fwvars").map(str::to_owned))
        .collect()
}

fn listed(allowance: &Allowance, denied: bool) -> Vec<String> {
    match allowance {
        _ if denied => Vec::new(),
        Allowance::Nothing => Vec::new(),
        Allowance::Only(names) => names.iter().map(ToString::to_string).collect(),
        Allowance::Anything => vec!["*".into()],
    }
}

fn allowance(names: &[String]) -> Allowance {
    match names {
        [] => Allowance::Nothing,
        [any] if any == "*" => Allowance::Anything,
        names => Allowance::Only(names.iter().map(|name| name.as_str().into()).collect()),
    }
}

fn ca_bundle() -> Option<String> {
    ["FORMWORK_CA_BUNDLE", "SSL_CERT_FILE"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|path| !path.is_empty()))
}
