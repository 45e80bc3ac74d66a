//! Programs that render: their versions are checked, their environment is cleared, their text is not trusted.

use super::fetch::waited;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program with its arguments.
pub(crate) struct Program<'a> {
    pub(crate) name: &'a str,
    pub(crate) args: Vec<String>,
    pub(crate) directory: Option<&'a Path>,
    pub(crate) env: Vec<(String, String)>,
    /// What it reads.
    pub(crate) input: String,
}

/// Whether anything may be rendered.
pub(crate) fn check_allowed(what: &str, environment: &Environment) -> Result<(), ProviderError> {
    if !environment.untrusted {
        return Ok(());
    }
    Err(ProviderError::new(
        ErrorClass::Forbidden,
        format!("{what} is not rendered for an untrusted stack: it runs a program"),
    )
    .help("commit the rendered manifests, and use `kubernetes.manifests`"))
}

impl Program<'_> {
    /// What it prints.
    ///
    /// # Errors
    /// `NotFound` when it is not installed.
    pub(crate) fn output(&self) -> Result<String, ProviderError> {
        waited(|| self.run())
    }

    async fn run(&self) -> Result<String, ProviderError> {
        let mut command = tokio::process::Command::new(self.name);
        command.args(&self.args).env_clear().kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().map_err(|error| {
            let class =
                if error.kind() == std::io::ErrorKind::NotFound { ErrorClass::NotFound } else { ErrorClass::Other };
            ProviderError::new(class, format!("`{}` cannot be run: {error}", self.name))
                .help(format!("install `{}`", self.name))
        })?;
        let input = child.stdin.take();
        let writing = async {
            if let Some(mut input) = input {
                // A program that does not read closes its input early.
                drop(input.write_all(self.input.as_bytes()).await);
            }
        };
        let running = async { tokio::join!(writing, child.wait_with_output()).1 };
        let failed = |reason: String| ProviderError::invalid(format!("`{}` failed: {reason}", self.name));
        let output = tokio::time::timeout(PATIENCE, running)
            .await
            .map_err(|_| failed(format!("it took longer than {} s", PATIENCE.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(1500).collect();
            return Err(failed(said));
        }
        String::from_utf8(output.stdout).map_err(|_| failed("it printed no text".to_owned()))
    }
}

/// What a program says when it is asked for its version.
pub(crate) fn said_version(name: &str, args: &[&str]) -> Result<String, ProviderError> {
    let program = Program {
        name,
        args: args.iter().map(|argument| (*argument).to_owned()).collect(),
        directory: None,
        env: Vec::new(),
        input: String::new(),
    };
    program.output()
}

/// The first version in a text, without a leading `v`; where there is none, the text.
pub(crate) fn version_in(text: &str) -> String {
    let plain = |text: &str| text.trim().trim_start_matches('v').to_owned();
    let mut words = text.split(|character: char| character.is_whitespace() || character == ':' || character == '+');
    let is = words.find(|word| {
        plain(word).split('.').count() >= 3 && plain(word).starts_with(|first: char| first.is_ascii_digit())
    });
    is.map_or_else(|| text.trim().to_owned(), plain)
}

/// Refuses a program of another version than the one that is pinned.
pub(crate) fn check_version(name: &str, is: &str, wanted: Option<&str>) -> Result<(), ProviderError> {
    match wanted {
        Some(wanted) if version_in(wanted) != is => {
            Err(ProviderError::invalid(format!("`{name}` is of version {is}, and {wanted} is wanted"))
                .help("install that version, or change the pin: another version may render something else"))
        }
        _ => Ok(()),
    }
}
