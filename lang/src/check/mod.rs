//! Tree → Program: resolves every name, types every expression, and holds blocks against the schemas of their
//! providers. Needs no network and no credentials; tells every mistake of a stack in one run, and each of them once.

mod blocks;
mod calls;
mod comprehension;
mod context;
mod decorators;
mod expression;
mod fits;
mod given;
mod habits;
mod keys;
mod limits;
mod literals;
mod matching;
mod members;
mod merged;
mod mismatch;
mod module;
mod module_calls;
mod moves;
mod names;
mod narrow;
mod operators;
mod order;
mod overlays;
mod providers;
mod references;
pub(crate) mod report;
mod schemas;
mod search;
mod shapes;
mod sound;
mod texts;
mod types;

pub use sound::SoundPart;

use crate::library;
use crate::load::Loaded;
use crate::program::Program;
use crate::source::FileTable;
use context::{Interface, Shared};
use formwork_model::schema::ProviderSchema;
use formwork_model::{Diagnostic, Literal, Type};
use names::Names;
use order::{ModuleFlow, Node, Order};
use std::collections::{BTreeMap, HashMap};

/// Gives the schemas of the providers at hand.
pub trait Schemas {
    /// The provider called `name`.
    fn provider(&self, name: &str) -> Option<&'static ProviderSchema>;

    /// Names of all providers, for suggestions.
    fn names(&self) -> Vec<&str>;
}

impl Schemas for [&'static ProviderSchema] {
    fn provider(&self, name: &str) -> Option<&'static ProviderSchema> {
        self.iter().find(|schema| schema.name == name).copied()
    }

    fn names(&self) -> Vec<&str> {
        self.iter().map(|schema| schema.name).collect()
    }
}

impl Schemas for &[&'static ProviderSchema] {
    fn provider(&self, name: &str) -> Option<&'static ProviderSchema> {
        (**self).provider(name)
    }

    fn names(&self) -> Vec<&str> {
        (**self).names()
    }
}

/// What is checked, and how strictly.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether warnings are looked for as well.
    pub warnings: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { warnings: true }
    }
}

/// The codes of all diagnostics that loading and checking may report, by area.
pub const CODES: &[&[&str]] = &[
    report::NameProblem::CODES,
    report::TypeProblem::CODES,
    report::SchemaProblem::CODES,
    report::OverlayProblem::CODES,
];

/// What checking gives.
#[derive(Debug)]
pub struct Checked {
    /// The program; none where there is an error.
    pub program: Option<Program>,
    /// Where there is an error: what is sound all the same, so that its values can be checked too.
    pub sound: Option<SoundPart>,
    /// All that was found, also while loading, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a stack with all its modules and overlays.
#[must_use]
pub fn check(loaded: &Loaded, schemas: &dyn Schemas, options: Options) -> Checked {
    let mut shared = Shared {
        schemas: schemas::SchemaTable::new(schemas),
        library: library::FUNCTIONS.iter().map(|function| (function.name, function)).collect(),
        records: Vec::new(),
        report: retold(loaded, schemas),
        environment: environment_type(loaded),
        interfaces: Vec::new(),
        defaults: HashMap::new(),
    };
    let names: Vec<Names<'_>> = loaded.modules.iter().map(|module| Names::of(module, &mut shared.report)).collect();
    shared.interfaces = names.iter().map(|_| Interface::default()).collect();
    note_calls(&names, &mut shared);
    note_defaults(&names, &mut shared);
    let CheckedModules { modules, circles } = check_modules(loaded, &names, &mut shared);
    let overlays = overlays::check(loaded, &names, &mut shared);
    let mut diagnostics = std::mem::take(&mut shared.report);
    let read = loaded.diagnostics.len();
    forget_consequences(&mut diagnostics, read, &loaded.files);
    let given = overlays.given_is_wrong;
    let program = assemble(loaded, shared, modules, overlays);
    let is_right = !diagnostics.iter().any(Diagnostic::is_error);
    let (program, sound) = match program {
        Some(program) if is_right => (Some(program), None),
        Some(program) => {
            let mistakes = sound::Mistakes { diagnostics: &diagnostics, read, circles: &circles, given };
            (None, Some(sound::part(program, loaded, &names, &mistakes)))
        }
        None => (None, None),
    };
    diagnostics.retain(|diagnostic| options.warnings || diagnostic.is_error());
    formwork_model::diagnostic::sort(&mut diagnostics);
    Checked { program, sound, diagnostics }
}

/// What was found while loading; habits of other languages in words of their own.
fn retold(loaded: &Loaded, schemas: &dyn Schemas) -> Vec<Diagnostic> {
    let providers: Vec<ecow::EcoString> = schemas.names().into_iter().map(Into::into).collect();
    loaded.diagnostics.iter().map(|diagnostic| habits::retold(diagnostic, &loaded.files, &providers)).collect()
}

/// Where reading found a mistake, checking finds what comes of it: that was told already. The first `read` diagnostics are
/// those of reading.
fn forget_consequences(diagnostics: &mut Vec<Diagnostic>, read: usize, files: &FileTable) {
    let place = |diagnostic: &Diagnostic| diagnostic.primary.as_ref().map(|label| label.span);
    let broken: Vec<formwork_model::Span> =
        diagnostics.iter().take(read).filter(|found| found.is_error()).filter_map(place).collect();
    let blocks: Vec<formwork_model::Span> =
        diagnostics.iter().take(read).filter(|found| found.code.0 == "E0207").filter_map(place).collect();
    // `rules { … }` is read as if `=` stood there: that it should be a list is told already.
    let is_block = |diagnostic: &Diagnostic, span: formwork_model::Span| {
        diagnostic.code.0 == "E0402" && blocks.iter().any(|block| stands_behind(files, *block, span))
    };
    let mut position = 0;
    diagnostics.retain(|diagnostic| {
        position += 1;
        let within = |span: formwork_model::Span| broken.iter().any(|broken| broken.contains(span));
        position <= read || !place(diagnostic).is_some_and(|span| within(span) || is_block(diagnostic, span))
    });
}

/// Whether a value stands right behind a key.
fn stands_behind(files: &FileTable, key: formwork_model::Span, value: formwork_model::Span) -> bool {
    let text = files.get(key.file).filter(|_| key.file == value.file);
    let between = text.and_then(|file| file.text.get(key.end as usize..value.start as usize));
    between.is_some_and(|between| between.trim().is_empty())
}

/// The type of `env`: the union of the environments, or any text where there are no overlays.
fn environment_type(loaded: &Loaded) -> Type {
    let names: Vec<Literal> = loaded
        .overlays
        .iter()
        .filter(|overlay| overlay.tree.is_abstract.is_none())
        .map(|overlay| Literal::String(overlay.name.clone()))
        .collect();
    if names.is_empty() { Type::String } else { fits::union_of(names) }
}

/// Notes for each module one call of it: where it is not the stack itself.
fn note_calls(names: &[Names<'_>], shared: &mut Shared<'_>) {
    for module in names {
        for (call, target) in module.calls.iter().zip(&module.targets) {
            if let Some(interface) = target.and_then(|target| shared.interfaces.get_mut(target)) {
                interface.called_at.get_or_insert(call.what.name.span);
            }
        }
    }
}

/// Notes what the `defaults` of the stack's provider blocks set, for attributes that would else be missing.
fn note_defaults(names: &[Names<'_>], shared: &mut Shared<'_>) {
    for declared in names.first().into_iter().flat_map(|root| &root.providers) {
        let found = providers::default_names(declared.what);
        let entry = shared.defaults.entry(declared.what.provider.text.clone()).or_insert_with(|| Some(Vec::new()));
        match (entry.as_mut(), found) {
            (Some(all), Some(found)) => all.extend(found),
            _ => *entry = None,
        }
    }
}

/// What checking modules gives.
struct CheckedModules {
    modules: BTreeMap<usize, crate::program::Module>,
    /// Declarations that need themselves, by module.
    circles: Vec<(usize, Node)>,
}

/// Checks modules, each after those that it calls.
fn check_modules<'a>(loaded: &'a Loaded, names: &[Names<'a>], shared: &mut Shared<'a>) -> CheckedModules {
    let mut flows: Vec<ModuleFlow> = names.iter().map(|_| ModuleFlow::default()).collect();
    let mut modules = BTreeMap::new();
    let mut circles = Vec::new();
    for index in &loaded.order {
        let Some(own) = names.get(*index) else { continue };
        let (sorted, flow) = {
            let order = Order::of(own, names, &flows);
            let sorted = order.sorted();
            for cycle in &sorted.cycles {
                shared.report.push(order.tell(cycle));
                circles.extend(order.members(cycle).map(|node| (*index, node)));
            }
            (sorted, order.flow())
        };
        let module = module::check(*index, loaded, names, sorted, shared);
        if let Some(slot) = flows.get_mut(*index) {
            *slot = flow;
        }
        modules.insert(*index, module);
    }
    CheckedModules { modules, circles }
}

fn assemble(
    loaded: &Loaded,
    shared: Shared<'_>,
    mut modules: BTreeMap<usize, crate::program::Module>,
    overlays: overlays::CheckedOverlays,
) -> Option<Program> {
    let modules = (0..loaded.modules.len()).map(|index| modules.remove(&index)).collect::<Option<Vec<_>>>()?;
    let default_environment = loaded.manifest.default_environment.as_ref().map(|named| named.name.clone());
    Some(Program {
        name: loaded.manifest.name.clone(),
        files: loaded.files.clone(),
        modules,
        records: shared.records,
        environments: overlays.environments,
        variable_files: overlays.variable_files,
        given: overlays.given,
        default_environment,
    })
}
