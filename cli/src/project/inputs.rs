//! `env_var` and `secret_from`: values that no source file holds. Only what the manifest allows.

use ecow::EcoString;
use formwork_engine::ports::InputResolver;
use formwork_engine::secrets::SecretRegistry;
use formwork_lang::manifest::Allowance;
use formwork_model::{InputSource, Value, ValueBuf};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Resolves inputs, each once.
pub(crate) struct ProcessInputs {
    allowed: Allowance,
    root: PathBuf,
    untrusted: bool,
    secrets: Arc<SecretRegistry>,
    /// Under `--sandbox`: what stands in for real values.
    stand_ins: Option<BTreeMap<EcoString, EcoString>>,
    known: Mutex<HashMap<InputSource, Result<Value, String>>>,
}

impl ProcessInputs {
    /// For a stack in `root` whose manifest allows these variables. A foreign stack reads no files but its own.
    pub(crate) fn new(allowed: Allowance, root: PathBuf, untrusted: bool, secrets: Arc<SecretRegistry>) -> Self {
        Self { allowed, root, untrusted, secrets, stand_ins: None, known: Mutex::default() }
    }

    /// The same with `[sandbox.values]` in place of everything real: no variable, file or input is read.
    pub(crate) fn sandboxed(self, stand_ins: BTreeMap<EcoString, EcoString>) -> Self {
        Self { stand_ins: Some(stand_ins), ..self }
    }

    fn ask(&self, source: &InputSource) -> Result<Value, String> {
        match source {
            InputSource::EnvironmentVariable(name) => self.variable(name).map(Value::string),
            InputSource::Secret(source) => {
                let value = Value::string(self.secret(source)?).secret();
                self.secrets.learn(ValueBuf::from(&value).view());
                Ok(value)
            }
        }
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        if let Some(stand_ins) = &self.stand_ins {
            return stand_in(stand_ins, name);
        }
        if !self.allowed.permits(name) {
            return Err(format!("the manifest does not allow it; add it to formwork.toml: [allow] env = [\"{name}\"]"));
        }
        match std::env::var(name) {
            Ok(value) if value.is_empty() => Err("it is set, but empty".into()),
            Ok(value) => Ok(value),
            Err(std::env::VarError::NotPresent) => Err("it is not set".into()),
            Err(std::env::VarError::NotUnicode(_)) => Err("it is no UTF-8".into()),
        }
    }

    fn secret(&self, source: &str) -> Result<String, String> {
        if let Some(stand_ins) = &self.stand_ins {
            return stand_in(stand_ins, source);
        }
        match source.split_once(':') {
            Some(("env", name)) => self.variable(name),
            Some(("file", path)) => self.file(path),
            Some(("stdin", "")) | None if source.trim_end_matches(':') == "stdin" => standard_input(),
            Some((scheme, _)) => Err(format!("`{scheme}:` is not supported; use env:NAME, file:PATH or stdin")),
            None => Err("write env:NAME, file:PATH or stdin".into()),
        }
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let full = self.root.join(path);
        if self.untrusted && !self.is_own(&full) {
            return Err("with `--untrusted` a stack reads no files but its own".into());
        }
        let text = std::fs::read_to_string(&full).map_err(|error| format!("{}: {error}", full.display()))?;
        // Editors end files with a newline that is no part of the secret.
        Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
    }
}

impl ProcessInputs {
    /// Whether a file lies in the stack's directory, links followed.
    fn is_own(&self, path: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        real(path).zip(real(&self.root)).is_some_and(|(path, root)| path.starts_with(root))
    }
}

fn stand_in(stand_ins: &BTreeMap<EcoString, EcoString>, name: &str) -> Result<String, String> {
    let found = stand_ins.get(name).map(ToString::to_string);
    found.ok_or_else(|| {
        format!(
            "the sandbox reads no real values, and has none for it; add to formwork.toml: [sandbox.values] \
             \"{name}\" = \"a value for the sandbox\""
        )
    })
}

fn standard_input() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl InputResolver for ProcessInputs {
    fn resolve(&self, source: &InputSource) -> Result<Value, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(source.clone()).or_insert_with(|| self.ask(source)).clone()
    }
}
