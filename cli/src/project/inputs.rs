//! `env_var` and `secret_from`: values that no source file holds. Only what the manifest allows; each is asked for once.

mod vaults;

pub(crate) use vaults::{Configured, Vaults};

use super::stack::BuiltIn;
use ecow::EcoString;
use formwork_engine::ports::InputResolver;
use formwork_engine::secrets::SecretRegistry;
use formwork_lang::manifest::Allowance;
use formwork_lang::secret_source::{self, SecretSource};
use formwork_model::{InputProblem, InputSource, Value, ValueBuf};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Resolves inputs, each once.
pub(crate) struct ProcessInputs {
    allowed: Allowance,
    root: PathBuf,
    untrusted: bool,
    secrets: Arc<SecretRegistry>,
    /// What providers read.
    vaults: Vaults,
    /// Under `--sandbox`: what stands in for real values.
    stand_ins: Option<BTreeMap<EcoString, EcoString>>,
    /// In a rehearsal, which asks no vault: what stands in for its secrets.
    unread: Option<BTreeMap<EcoString, EcoString>>,
    known: Once<InputSource, Value>,
}

/// Answers to questions that are asked once; who asks the same meanwhile waits.
struct Once<Q, A>(Mutex<HashMap<Q, Cell<A>>>);

type Cell<A> = Arc<OnceLock<Result<A, InputProblem>>>;

impl<Q, A> Default for Once<Q, A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: Clone + Eq + Hash, A: Clone> Once<Q, A> {
    fn get(&self, question: &Q, ask: impl FnOnce() -> Result<A, InputProblem>) -> Result<A, InputProblem> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(question.clone()).or_default())
        };
        cell.get_or_init(ask).clone()
    }
}

impl ProcessInputs {
    /// For a stack in `root` whose manifest allows these variables. A foreign stack reads no files but its own.
    pub(super) fn new(
        allowed: Allowance,
        root: PathBuf,
        untrusted: bool,
        secrets: Arc<SecretRegistry>,
        vaults: Vaults,
    ) -> Self {
        let (stand_ins, unread) = (None, None);
        Self { allowed, root, untrusted, secrets, vaults, stand_ins, unread, known: Once::default() }
    }

    /// The same with `[sandbox.values]` in place of everything real: no variable, file or input is read.
    pub(super) fn sandboxed(self, stand_ins: BTreeMap<EcoString, EcoString>) -> Self {
        Self { stand_ins: Some(stand_ins), ..self }
    }

    /// The same without vaults, for who has no credentials: `[sandbox.values]` in place of their secrets, else a text made
    /// up for each.
    #[cfg(feature = "sandbox")]
    pub(super) fn without_vaults(self, stand_ins: BTreeMap<EcoString, EcoString>) -> Self {
        Self { unread: Some(stand_ins), ..self }
    }

    fn ask(&self, source: &InputSource) -> Result<Value, InputProblem> {
        match source {
            InputSource::EnvironmentVariable(name) => self.variable(name).map(Value::string),
            InputSource::Secret(source) => self.secret(source).map(|text| self.learnt(text)),
        }
    }

    /// The secret as a value, which from now on is taken out of every text.
    fn learnt(&self, text: String) -> Value {
        let value = Value::string(text).secret();
        self.secrets.learn(ValueBuf::from(&value).view());
        value
    }

    fn variable(&self, name: &str) -> Result<String, InputProblem> {
        if let Some(stand_ins) = &self.stand_ins {
            return stand_in(stand_ins, name);
        }
        if !self.allowed.permits(name) {
            let help = format!("add it to formwork.toml: [allow] env = [{name:?}]");
            return Err(InputProblem::from("the manifest does not allow it").help(help));
        }
        match std::env::var(name) {
            Ok(value) if value.is_empty() => Err("it is set, but empty".into()),
            Ok(value) => Ok(value),
            Err(std::env::VarError::NotPresent) => Err("it is not set".into()),
            Err(std::env::VarError::NotUnicode(_)) => Err("it is no UTF-8".into()),
        }
    }

    fn secret(&self, written: &str) -> Result<String, InputProblem> {
        if let Some(stand_ins) = &self.stand_ins {
            return stand_in(stand_ins, written);
        }
        let source =
            secret_source::parse(written, &BuiltIn).map_err(|bad| InputProblem::from(bad.message).help(bad.help))?;
        match (source.provider, source.scheme.name) {
            (Some(provider), _) => match &self.unread {
                Some(stand_ins) => Ok(stand_ins.get(written).map_or_else(|| made_up(written), ToString::to_string)),
                None => self.of_provider(provider, &source),
            },
            (None, "env") => self.variable(source.name),
            (None, "file") => self.file(source.name),
            (None, _) => standard_input(),
        }
    }

    fn of_provider(&self, provider: &'static str, source: &SecretSource<'_>) -> Result<String, InputProblem> {
        if self.untrusted {
            let reason = format!(
                "with `--untrusted` nothing is read from `{}:`; whoever wrote the stack would choose what",
                source.scheme.name
            );
            let help = "leave `--untrusted` out once you trust whoever wrote the stack, or plan it with `--sandbox`, which \
                        takes `[sandbox.values]`";
            return Err(InputProblem::from(reason).help(help));
        }
        let whole = self.vaults.read(provider, source, self)?;
        let Some(key) = source.key else { return Ok(whole.0) };
        // What stands around the part is as secret.
        self.learnt(whole.0.clone());
        secret_source::part(&whole.0, key).map_err(InputProblem::from)
    }

    fn file(&self, path: &str) -> Result<String, InputProblem> {
        let full = self.root.join(path);
        if self.untrusted && !self.is_own(&full) {
            return Err("with `--untrusted` a stack reads no files but its own".into());
        }
        let text = std::fs::read_to_string(&full).map_err(|error| format!("{}: {error}", full.display()))?;
        // Editors end files with a newline that is no part of the secret.
        Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
    }

    /// Whether a file lies in the stack's directory, links followed.
    fn is_own(&self, path: &Path) -> bool {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        real(path).zip(real(&self.root)).is_some_and(|(path, root)| path.starts_with(root))
    }
}

fn stand_in(stand_ins: &BTreeMap<EcoString, EcoString>, name: &str) -> Result<String, InputProblem> {
    let found = stand_ins.get(name).map(ToString::to_string);
    found.ok_or_else(|| {
        let help = format!("add to formwork.toml, under [sandbox.values]: {name:?} = \"a value for the sandbox\"");
        InputProblem::from("the sandbox reads no real values, and has none for it").help(help)
    })
}

/// What a rehearsal takes for a secret that it does not read.
fn made_up(written: &str) -> String {
    format!("what is at {written}")
}

fn standard_input() -> Result<String, InputProblem> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

impl InputResolver for ProcessInputs {
    fn resolve(&self, source: &InputSource) -> Result<Value, InputProblem> {
        self.known.get(source, || self.ask(source))
    }
}
