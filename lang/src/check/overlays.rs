//! Overlays against the params of the stack, for every environment at once.

use super::context::{Allowed, Frame, ModuleChecker, Shared};
use super::expression::{What, described};
use super::fits::Fields;
use super::merged;
use super::names::{Meaning, Names};
use super::report::{OverlayProblem, listed, nearest};
use crate::load::{Loaded, LoadedOverlay};
use crate::program::{Amendment, Environment, Overlay, ParamId, Setting};
use crate::tree::{OverlayAction, OverlayEntry, PathStep, Word};
use ecow::EcoString;
use formwork_model::{AttributePath, Code, Span, Step, Type};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What checking overlays gives.
#[derive(Default)]
pub(crate) struct CheckedOverlays {
    /// The environments with their chains.
    pub(crate) environments: BTreeMap<EcoString, Environment>,
    /// `--var-file`s.
    pub(crate) variable_files: Vec<Arc<Overlay>>,
    /// `FORMWORK_VAR_name` and `--var`.
    pub(crate) given: Vec<Setting>,
    /// Whether one of those is wrong.
    pub(crate) given_is_wrong: bool,
}

/// What a name of the stack is in an overlay.
pub(crate) const NOT_CONSTANT: Code = Code::new("E0509");

/// The name of the only environment of a stack without overlays.
const ONLY: &str = "default";

/// Checks all overlays, and gives the environments with their chains.
pub(crate) fn check<'a>(loaded: &'a Loaded, names: &[Names<'a>], shared: &mut Shared<'a>) -> CheckedOverlays {
    let Some(root) = names.first() else { return CheckedOverlays::default() };
    let mut checker = ModuleChecker::for_overlays(root, names, shared);
    let overlays: Vec<Arc<Overlay>> =
        loaded.overlays.iter().map(|overlay| Arc::new(checker.overlay(overlay))).collect();
    let before = checker.errors();
    let taken = checker.taken(&loaded.given);
    let mut given_is_wrong = checker.errors() > before;
    let given_entries: Vec<&OverlayEntry> = taken.iter().map(|taken| taken.entry).collect();
    let by_name: HashMap<&str, usize> =
        loaded.overlays.iter().enumerate().map(|(index, overlay)| (overlay.name.as_str(), index)).collect();
    let mut environments = BTreeMap::new();
    let mut incomplete = BTreeMap::new();
    for (index, overlay) in loaded.overlays.iter().enumerate() {
        let chain = checker.extends_chain(index, loaded, &by_name);
        if overlay.tree.is_abstract.is_none() {
            checker.environment_name(overlay);
            for missing in checker.missing(&chain, loaded, &given_entries) {
                incomplete.entry(missing).or_insert_with(Vec::new).push(overlay.name.clone());
            }
            let layers = chain.iter().filter_map(|index| overlays.get(*index).cloned()).collect();
            environments.insert(overlay.name.clone(), Environment { layers });
        }
    }
    // What is wrong at the same place was told already.
    let errors: Vec<Span> =
        checker.shared.report.iter().filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span)).collect();
    incomplete.retain(|(span, _, _): &merged::Missing, _| errors.iter().all(|error| !span.contains(*error)));
    merged::problems(incomplete).for_each(|problem| checker.tell(problem));
    if let (Some(overlay), true) = (loaded.overlays.first(), environments.is_empty()) {
        let span = overlay.tree.is_abstract.unwrap_or(Span::new(overlay.tree.file, 0, 0));
        checker.tell(OverlayProblem::OnlyAbstract { span });
    }
    if loaded.overlays.is_empty() {
        environments.insert(ONLY.into(), Environment::default());
    }
    checker.default_environment(loaded, &environments);
    let variable_files = loaded.variable_files.iter().map(|overlay| Arc::new(checker.overlay(overlay))).collect();
    let before = checker.errors();
    let given = taken.iter().filter_map(|taken| checker.setting(taken)).collect();
    given_is_wrong |= checker.errors() > before;
    checker.retell(&taken);
    CheckedOverlays { environments, variable_files, given, given_is_wrong }
}

impl<'c, 'a> ModuleChecker<'c, 'a> {
    /// A checker of the root module after it was checked: types of params, and nothing else.
    fn for_overlays(root: &'c Names<'a>, names: &'c [Names<'a>], shared: &'c mut Shared<'a>) -> Self {
        let params = shared.interfaces.first().map(|interface| interface.params.clone()).unwrap_or_default();
        ModuleChecker {
            shared,
            names: root,
            all_names: names,
            is_root: true,
            called_at: None,
            named: Vec::new(),
            params,
            lets: Vec::new(),
            blocks: Vec::new(),
            calls: Vec::new(),
            functions: Vec::new(),
            used_params: Vec::new(),
            used_lets: Vec::new(),
            used_functions: Vec::new(),
            used_providers: Vec::new(),
            needs: indexmap::IndexSet::new(),
            frame: Frame::default(),
        }
    }
}

impl<'a> ModuleChecker<'_, 'a> {
    /// How many errors were found.
    fn errors(&self) -> usize {
        self.shared.report.iter().filter(|diagnostic| diagnostic.is_error()).count()
    }

    fn overlay(&mut self, overlay: &'a LoadedOverlay) -> Overlay {
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut entries = Vec::with_capacity(overlay.tree.entries.len());
        for entry in &overlay.tree.entries {
            let path = written(&entry.path);
            let place = path_span(entry);
            if let Some(first) = seen.get(&path) {
                self.tell(OverlayProblem::SetTwice { path, span: place, first: *first });
                continue;
            }
            seen.insert(path, place);
            entries.extend(self.entry(entry));
        }
        Overlay { path: overlay.path.clone(), entries }
    }

    fn entry(&mut self, entry: &'a OverlayEntry) -> Option<Amendment> {
        let (param, mut ty) = self.overlaid_param(entry)?;
        let declared = self.names.params.get(param.index())?;
        let mut path = AttributePath::root();
        let mut removable = declared.what.default.is_some();
        for step in entry.path.get(1..).unwrap_or(&[]) {
            let (next, model, may_go) = self.overlay_step(&ty, step, entry)?;
            ty = next;
            path = path.then(model);
            removable = may_go;
        }
        let value = self.overlay_value(entry, &ty, removable)?;
        Some(Amendment { action: entry.action, param, path, value, span: entry.span })
    }

    fn overlaid_param(&mut self, entry: &'a OverlayEntry) -> Option<(ParamId, Type)> {
        let (PathStep::Member(first) | PathStep::Key(first)) = entry.path.first()? else { return None };
        if let Some((Meaning::Param(id), _)) = self.names.values.get(first.text.as_str()).copied() {
            let ty = self.params.get(id.index()).cloned().unwrap_or(Type::Error);
            return Some((id, ty));
        }
        if self.names.is_lost(&first.text) {
            return None;
        }
        let params = self.names.params.iter().map(|param| param.what.name.text.as_str());
        let nearest = nearest(&first.text, params).map(EcoString::from);
        self.tell(OverlayProblem::UnknownParam { name: first.text.clone(), span: first.span, nearest });
        None
    }

    /// One step of a path: the type there, the step, and whether it can be removed.
    fn overlay_step(&mut self, ty: &Type, step: &PathStep, entry: &OverlayEntry) -> Option<(Type, Step, bool)> {
        let (PathStep::Member(name) | PathStep::Key(name)) = step else {
            // Told by the parser.
            return None;
        };
        match ty {
            Type::Optional(inner) | Type::Secret(inner) => self.overlay_step(inner, step, entry),
            Type::Map(inner) => Some((inner.as_ref().clone(), Step::Key(name.text.clone()), true)),
            Type::Any => Some((Type::Any, Step::Key(name.text.clone()), true)),
            Type::Record(record) => match Fields::of(record).get(&name.text) {
                Some(field) => Some((field.ty.clone(), Step::Member(name.text.clone()), field.optional)),
                None => {
                    self.unknown_key(record, name);
                    None
                }
            },
            Type::Error => None,
            other => {
                let (path, ty) = (written_up_to(entry, step), described(other));
                self.tell(OverlayProblem::NoParts { path, ty, span: name.span });
                None
            }
        }
    }

    fn unknown_key(&mut self, record: &formwork_model::RecordType, name: &Word) {
        let names = || record.fields.iter().map(|field| field.name.as_str());
        self.tell(OverlayProblem::UnknownKey {
            ty: super::mismatch::record_name(record),
            name: name.text.clone(),
            span: name.span,
            nearest: nearest(&name.text, names()).map(EcoString::from),
            known: listed(names()),
        });
    }

    /// The value of an entry, as written: the merged whole is made to fit, not its parts.
    #[allow(clippy::option_option, reason = "the outer one says that it is wrong, the inner one that there is none")]
    pub(super) fn overlay_value(
        &mut self,
        entry: &'a OverlayEntry,
        ty: &Type,
        removable: bool,
    ) -> Option<Option<crate::program::Expr>> {
        let path = written(&entry.path);
        let expected = match entry.action {
            OverlayAction::Remove if removable => return Some(None),
            OverlayAction::Remove => {
                let reason = "it must be there, and has no default".to_owned();
                let help = format!("set it to something else: `{path} = …`");
                self.tell(OverlayProblem::CannotRemove { path, reason, span: path_span(entry), help });
                return None;
            }
            OverlayAction::Append => match super::expression::bare(ty) {
                list @ (Type::List(_) | Type::Set(_) | Type::Any) => list.clone(),
                Type::Error => return None,
                other => {
                    let ty = described(other);
                    self.tell(OverlayProblem::CannotAppend { path, ty, span: path_span(entry) });
                    return None;
                }
            },
            OverlayAction::Set | OverlayAction::Replace => ty.clone(),
        };
        let written_value = entry.value.as_ref()?;
        let partial = entry.action == OverlayAction::Set;
        let frame = || Frame { allowed: Allowed::Overlay, inputs: true, partial, ..Frame::default() };
        let what = What::Path(&path);
        let (checked, _) = self.in_frame(frame(), |checker| checker.check(written_value, &expected, what));
        if checked.ty == Type::Error {
            return None;
        }
        // Once more without an expectation: nothing in it is made to fit, since that would fill in defaults of records
        // over what earlier layers say.
        let before = self.shared.report.len();
        let (value, _) = self.in_frame(frame(), |checker| checker.infer(written_value));
        self.shared.report.truncate(before);
        Some(Some(value))
    }

    fn environment_name(&mut self, overlay: &LoadedOverlay) {
        let is_fine =
            |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "-_".contains(character);
        if !overlay.name.chars().all(is_fine) || !overlay.name.starts_with(|first: char| first.is_ascii_alphanumeric())
        {
            self.tell(OverlayProblem::BadName {
                path: overlay.path.to_string(),
                span: Span::new(overlay.tree.file, 0, 0),
            });
        }
    }

    /// Fields that are missing when all layers of a chain, and what the command gives, are laid over each other.
    fn missing(&self, chain: &[usize], loaded: &Loaded, given: &[&OverlayEntry]) -> Vec<merged::Missing> {
        let layers = chain.iter().filter_map(|index| loaded.overlays.get(*index)).chain(&loaded.variable_files);
        let entries: Vec<&OverlayEntry> =
            layers.flat_map(|layer| &layer.tree.entries).chain(given.iter().copied()).collect();
        merged::missing(self.names, &self.params, &self.shared.records, &entries)
    }

    /// The chain of an overlay, outermost ancestor first.
    fn extends_chain(&mut self, index: usize, loaded: &Loaded, by_name: &HashMap<&str, usize>) -> Vec<usize> {
        let mut chain = vec![index];
        let mut steps = Vec::new();
        let mut current = loaded.overlays.get(index);
        while let Some(overlay) = current {
            let Some(word) = &overlay.tree.extends else { break };
            let Some(base) = by_name.get(word.text.as_str()).copied() else {
                // Told once, where it stands.
                if chain.len() == 1 {
                    let nearest = nearest(&word.text, loaded.overlays.iter().map(|overlay| overlay.name.as_str()))
                        .map(EcoString::from);
                    self.tell(OverlayProblem::UnknownBase { name: word.text.clone(), span: word.span, nearest });
                }
                break;
            };
            steps.push((word.span, format!("`{}` extends `{}`", overlay.name, word.text)));
            if chain.contains(&base) {
                if base == index && chain.iter().all(|other| *other >= index) {
                    self.tell(OverlayProblem::ExtendsCycle { name: word.text.clone(), span: word.span, steps });
                }
                break;
            }
            chain.push(base);
            current = loaded.overlays.get(base);
        }
        chain.reverse();
        chain
    }

    fn default_environment(&mut self, loaded: &Loaded, environments: &BTreeMap<EcoString, Environment>) {
        let Some(default) = &loaded.manifest.default_environment else { return };
        if environments.contains_key(&default.name) {
            return;
        }
        let names = || environments.keys().map(EcoString::as_str);
        self.tell(OverlayProblem::UnknownDefault {
            name: default.name.clone(),
            span: default.span,
            nearest: nearest(&default.name, names()).map(EcoString::from),
            known: listed(names()),
        });
    }
}

fn path_span(entry: &OverlayEntry) -> Span {
    match (entry.path.first(), entry.path.last()) {
        (Some(first), Some(last)) => first.span().to(last.span()),
        _ => entry.span,
    }
}

fn written(path: &[PathStep]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            PathStep::Member(word) | PathStep::Key(word) => {
                let is_word = word.text.chars().all(|character| character.is_alphanumeric() || character == '_');
                match (is_word, text.is_empty()) {
                    (true, true) => text.push_str(&word.text),
                    (true, false) => text.push_str(&format!(".{}", word.text)),
                    (false, _) => text.push_str(&format!("[{:?}]", word.text)),
                }
            }
            PathStep::Index(number, _) => text.push_str(&format!("[{number}]")),
            PathStep::Each(_) => text.push_str("[*]"),
        }
    }
    text
}

/// The path of what a step leads into.
fn written_up_to(entry: &OverlayEntry, step: &PathStep) -> String {
    let position = entry.path.iter().position(|other| std::ptr::eq(other, step)).unwrap_or(entry.path.len());
    written(entry.path.get(..position).unwrap_or(&[]))
}
