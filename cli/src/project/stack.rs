//! A loaded and checked stack with the values of its params.

use super::{Failure, Files, Project, refusal, unreadable};
use crate::arguments::Variables;
use crate::logging;
use crate::registry::{NAMES, Registry};
use formwork_engine::ports::{GraphSource, Providers};
use formwork_lang::check::{Checked, Options, Schemas, check};
use formwork_lang::evaluate::evaluate;
use formwork_lang::given;
use formwork_lang::graph::{Known, ResourceGraph};
use formwork_lang::inputs::{self, Inputs};
use formwork_lang::load::{Loaded, load, read_overlay};
use formwork_lang::program::Program;
use formwork_lang::secret_literals;
use formwork_lang::source::FileTable;
use formwork_model::schema::ProviderSchema;
use formwork_model::{Diagnostic, Value, ValueBuf};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The schemas of the providers that are built in.
pub(crate) struct BuiltIn;

impl Schemas for BuiltIn {
    fn provider(&self, name: &str) -> Option<&'static ProviderSchema> {
        Registry.provider(name).map(|provider| provider.schema())
    }

    fn names(&self) -> Vec<&str> {
        NAMES.to_vec()
    }
}

/// A stack, checked, for one environment.
pub(crate) struct Stack {
    pub(crate) program: Program,
    pub(crate) inputs: Inputs,
    pub(crate) warnings: Vec<Diagnostic>,
    /// Digest of its sources for its environment.
    pub(crate) digest: String,
    root: PathBuf,
}

/// What loading and checking found: the report of `check`.
pub(crate) struct Examined {
    pub(crate) checked: Checked,
    pub(crate) files: FileTable,
}

/// Loads and checks the stack in `root`, with the values that the command and its environment give; also the values of
/// all of the stack's environments.
pub(crate) fn examine(root: &Path, variables: &Variables) -> Result<Examined, Failure> {
    let mut examined = report(read(root, variables)?);
    let of_values = examined.checked.check_values(&Files::new(root));
    examined.checked.diagnostics.extend(of_values);
    formwork_model::diagnostic::sort(&mut examined.checked.diagnostics);
    Ok(examined)
}

/// Reads the stack in `root`, with the values that the command and its environment give.
fn read(root: &Path, variables: &Variables) -> Result<Loaded, Failure> {
    let sources = Files::new(root);
    let mut loaded: Loaded = load(&sources, "");
    for path in &variables.variable_files {
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        let name = path.display().to_string();
        let (overlay, diagnostics) = read_overlay(&mut loaded.files, &name, &name, &text);
        loaded.variable_files.push(overlay);
        loaded.diagnostics.extend(diagnostics);
    }
    loaded.given = given(&loaded, variables)?;
    conceal(&mut loaded);
    Ok(loaded)
}

/// Secrets that are written out are shown neither in the sources beside a message nor in its words.
fn conceal(loaded: &mut Loaded) {
    for span in secret_literals::find(loaded, &BuiltIn) {
        let text = Value::string(loaded.files.text(span)).secret();
        logging::secrets().learn(ValueBuf::from(&text).view());
        loaded.files.conceal(span);
    }
}

/// Checks what was read.
fn report(loaded: Loaded) -> Examined {
    let mut checked = check(&loaded, &BuiltIn, Options::default());
    checked.diagnostics.extend(loaded.manifest.check_providers(&versions()));
    formwork_model::diagnostic::sort(&mut checked.diagnostics);
    Examined { checked, files: loaded.files }
}

/// Versions of the providers that are built in.
fn versions() -> BTreeMap<ecow::EcoString, semver::Version> {
    let provider = |name: &&str| {
        let schema = Registry.provider(name)?.schema();
        Some((schema.name.into(), semver::Version::parse(schema.version).ok()?))
    };
    NAMES.iter().filter_map(provider).collect()
}

impl Stack {
    /// The stack for an environment.
    pub(crate) fn load(project: &Project, environment: &str, variables: &Variables) -> Result<Self, Failure> {
        let loaded = read(&project.root, variables)?;
        let digest = digest(&loaded, environment);
        let Examined { checked, files } = report(loaded);
        let Checked { program, diagnostics, .. } = checked;
        let Some(program) = program.filter(|_| !diagnostics.iter().any(Diagnostic::is_error)) else {
            return Err(Failure { diagnostics, files });
        };
        let inputs = match inputs::resolve(&program, environment) {
            Ok(inputs) => inputs,
            Err(diagnostics) => return Err(Failure { diagnostics, files }),
        };
        let mut warnings = diagnostics;
        warnings.extend(inputs.warnings.iter().cloned());
        Ok(Self { program, inputs, warnings, digest, root: project.root.clone() })
    }

    /// The sources.
    pub(crate) const fn files(&self) -> &FileTable {
        &self.program.files
    }
}

/// Digest of the sources of a stack and of the overlay of an environment, as they are in `root` now; none where the
/// directory holds no sources of that stack.
pub(crate) fn digest_in(root: &Path, stack: &str, environment: &str) -> Option<String> {
    let loaded = load(&Files::new(root), "");
    let is_there = !loaded.modules.is_empty() && loaded.manifest.name == stack;
    is_there.then(|| digest(&loaded, environment))
}

/// Of the text of the files, so that it can be had again without the values, the state and the cloud of the plan.
fn digest(loaded: &Loaded, environment: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in loaded.sources_of(environment) {
        for text in [file.path.as_str(), &file.text] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Values over those of the overlays: variables of the process, then flags.
fn given(loaded: &Loaded, variables: &Variables) -> Result<Vec<given::Given>, Failure> {
    let of_process = |name: &ecow::EcoString| Some((name.clone(), std::env::var(format!("FORMWORK_VAR_{name}")).ok()?));
    let of_process: Vec<_> = loaded.params().filter_map(of_process).collect();
    let mut flags = Vec::new();
    for written in &variables.variables {
        let help = "write `--var NAME=VALUE`, without blanks around the `=`; quote the whole for the shell";
        let pair = written.split_once('=').filter(|(name, _)| !name.is_empty());
        flags.push(pair.ok_or_else(|| refusal("E0591", format!("--var {written}: there is no `NAME=` in it"), help))?);
    }
    let of_process = of_process.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(given::read(of_process, flags))
}

impl GraphSource for Stack {
    fn graph(&self, known: &dyn Known) -> Result<ResourceGraph, Vec<Diagnostic>> {
        let evaluated = evaluate(&self.program, &self.inputs, known, &Files::new(&self.root));
        if evaluated.has_errors() {
            return Err(evaluated.diagnostics);
        }
        let mut graph = evaluated.graph;
        for output in &graph.outputs {
            logging::secrets().learn(ValueBuf::from(&output.value).view());
        }
        graph.warnings.extend(evaluated.diagnostics);
        Ok(graph)
    }
}
