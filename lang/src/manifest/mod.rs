//! `formwork.toml`, the manifest of a stack or a module, and `formwork.lock`, what it was resolved to. Reading is pure:
//! text in, [`Manifest`] and every mistake out.

mod lock;
mod problem;
mod read;

pub use lock::{LOCK_FILE, Lock, LockedModule};
pub use read::parse;

use ecow::EcoString;
use formwork_model::{Diagnostic, Span};
use problem::Problem;
use semver::{Version, VersionReq};
use std::collections::BTreeMap;

/// The manifest's file name.
pub const MANIFEST_FILE: &str = "formwork.toml";

/// What a manifest says. Where something was wrong, the default stands in its place and [`parse`] has reported it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Whether it is planned itself or called by others.
    pub kind: ManifestKind,
    /// `name`: state belongs to it (with the environment). Empty where it is missing, which was reported.
    pub name: EcoString,
    /// Where the name stands.
    pub name_span: Option<Span>,
    /// `version`, for what is published.
    pub version: Option<Version>,
    /// `description`, for people.
    pub description: String,
    /// `formwork`: versions of Formwork that it works with.
    pub formwork: Option<VersionReq>,
    /// `[providers]`: the versions that it works with, by provider.
    pub providers: BTreeMap<EcoString, ProviderRequirement>,
    /// `[modules]`: modules that `module NAME: ALIAS.…` finds, by alias.
    pub modules: BTreeMap<EcoString, ModuleDependency>,
    /// `[state]`: where state is kept.
    pub state: StateSettings,
    /// `[environments] default`: the environment that is meant where `-e` is not given.
    pub default_environment: Option<NamedEnvironment>,
    /// `[allow]`: what the stack may reach beside its providers.
    pub allow: Allow,
    /// `[sandbox.values]`: what `env_var(NAME)` and `secret_from(SOURCE)` give under `--sandbox`, by NAME or SOURCE.
    pub sandbox_values: BTreeMap<EcoString, EcoString>,
    /// `[sandbox.repositories]`: directories of the stack that the sandbox serves with Git, by the name behind `/git/`.
    pub sandbox_repositories: BTreeMap<EcoString, EcoString>,
}

/// What a manifest describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManifestKind {
    /// `[stack]`: planned and applied itself.
    #[default]
    Stack,
    /// `[module]`: called by others.
    Module,
}

/// An entry of `[providers]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRequirement {
    /// The versions that fit.
    pub version: VersionReq,
    /// Where the requirement stands.
    pub span: Span,
}

/// An entry of `[modules]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleDependency {
    /// Directory, relative to the manifest's, as written.
    pub path: EcoString,
    /// Where it stands.
    pub span: Span,
}

/// `[state]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSettings {
    /// `backend`: `local` is the only one so far.
    pub backend: EcoString,
    /// `path`: the directory that holds one directory for each environment; relative to the manifest's, or absolute.
    pub path: EcoString,
}

impl Default for StateSettings {
    fn default() -> Self {
        Self { backend: "local".into(), path: ".formwork/state".into() }
    }
}

/// The name of an environment, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedEnvironment {
    /// Its name.
    pub name: EcoString,
    /// Where it stands.
    pub span: Span,
}

/// `[allow]`: only the root manifest's word counts, and nothing is allowed that it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// `env`: environment variables that `env_var` and `secret_from("env:…")` may read.
    pub env: Allowance,
    /// `exec`: programs that may be run to get credentials.
    pub exec: Allowance,
    /// `commands`: programs that `std.command` may run.
    pub commands: Allowance,
    /// `endpoints`: addresses beside the vendors' own and loopback that providers may send credentials to.
    pub endpoints: Allowance,
}

/// How much of something is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Allowance {
    /// Nothing: not written, or `false`.
    #[default]
    Nothing,
    /// What is listed.
    Only(Vec<EcoString>),
    /// Anything: `true` or `"*"`.
    Anything,
}

impl Allowance {
    /// Whether `name` is allowed.
    #[must_use]
    pub fn permits(&self, name: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(names) => names.iter().any(|allowed| allowed == name),
            Self::Anything => true,
        }
    }
}

/// What is said where a directory has no manifest; `directory` as it is shown to people.
#[must_use]
pub fn missing(directory: &str) -> Diagnostic {
    Problem::NoManifest { directory: directory.to_owned() }.into_diagnostic()
}

impl Manifest {
    /// Tells which of the providers at hand do not fit `[providers]`: `available` has each with its version.
    #[must_use]
    pub fn check_providers(&self, available: &BTreeMap<EcoString, Version>) -> Vec<Diagnostic> {
        let problem = |(name, requirement): (&EcoString, &ProviderRequirement)| match available.get(name) {
            None => Some(Problem::UnknownProvider {
                span: requirement.span,
                name: name.clone(),
                nearest: problem::nearest(name, available.keys().map(EcoString::as_str)),
            }),
            Some(version) if !requirement.version.matches(version) => Some(Problem::ProviderVersion {
                span: requirement.span,
                name: name.clone(),
                required: requirement.version.clone(),
                found: version.clone(),
            }),
            Some(_) => None,
        };
        self.providers.iter().filter_map(problem).map(Problem::into_diagnostic).collect()
    }
}

#[cfg(test)]
mod tests;
