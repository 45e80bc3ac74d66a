//! Reads a stack: its manifest, its files, the modules that it calls, its overlays. Goes on after every mistake, so that
//! one report has them all.

use crate::check::report::NameProblem;
use crate::given::Given;
use crate::manifest::{self, MANIFEST_FILE, Manifest};
use crate::source::{FileTable, SourceError, SourceFile, Sources};
use crate::syntax;
use crate::tree::{ItemKind, ModuleSource, OverlayTree, Tree, Word};
use ecow::EcoString;
use formwork_model::{Diagnostic, FileId, Span};
use std::collections::HashMap;

/// A stack as it was read; what is broken was left out and reported.
#[derive(Debug, Default)]
pub struct Loaded {
    /// All files.
    pub files: FileTable,
    /// The stack's manifest.
    pub manifest: Manifest,
    /// Modules; the stack itself first.
    pub modules: Vec<LoadedModule>,
    /// Positions in `modules`: each after those that it calls.
    pub order: Vec<usize>,
    /// Overlays, by name.
    pub overlays: Vec<LoadedOverlay>,
    /// `--var-file`, in the order given (see [`read_overlay`]): overlays over the selected environment's.
    pub variable_files: Vec<LoadedOverlay>,
    /// `FORMWORK_VAR_name` and `--var`, in the order in which they apply: over everything else.
    pub given: Vec<Given>,
    /// What was found wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Names of the stack's params.
    pub fn params(&self) -> impl Iterator<Item = &EcoString> {
        let items = self.modules.first().into_iter().flat_map(|root| &root.trees).flat_map(|tree| &tree.items);
        items.filter_map(|item| match &item.kind {
            ItemKind::Param(param) => Some(&param.name.text),
            _ => None,
        })
    }

    /// The files that decide what an environment is: those of the stack and its modules, its overlay and those that it
    /// extends. Overlays of other environments and `--var-file` are not among them.
    pub fn sources_of<'l>(&'l self, environment: &str) -> impl Iterator<Item = &'l SourceFile> {
        let mut others: Vec<&LoadedOverlay> = self.overlays.iter().collect();
        let mut next = Some(environment);
        // Taking each out of the list ends a cycle.
        while let Some(position) = next.and_then(|name| others.iter().position(|overlay| overlay.name == name)) {
            next = others.swap_remove(position).tree.extends.as_ref().map(|base| base.text.as_str());
        }
        let left_out: Vec<FileId> =
            others.iter().copied().chain(&self.variable_files).map(|overlay| overlay.tree.file).collect();
        self.files.iter().filter(move |(id, _)| !left_out.contains(id)).map(|(_, file)| file)
    }
}

/// A directory of `.fw` files.
#[derive(Debug, Default)]
pub struct LoadedModule {
    /// Relative to the stack's root; empty for the root.
    pub directory: String,
    /// Its files, by name.
    pub trees: Vec<Tree>,
    /// Its manifest; a called module may do without.
    pub manifest: Option<Manifest>,
    /// For each module call, in the order of the trees: the position of the module, if it was found.
    pub calls: Vec<Option<usize>>,
}

/// An `env/NAME.fwvars` file.
#[derive(Debug)]
pub struct LoadedOverlay {
    /// Its name.
    pub name: EcoString,
    /// Its path.
    pub path: EcoString,
    /// What it says.
    pub tree: OverlayTree,
}

/// Extension of sources.
const SOURCE_EXTENSION: &str = ".fw";
/// Sources of tests, which are no part of the module.
const TEST_EXTENSION: &str = ".test.fw";
/// Extension of overlays.
const OVERLAY_EXTENSION: &str = ".fwvars";
/// Where overlays are.
const OVERLAY_DIRECTORY: &str = "env";

/// Reads the stack in `root` (relative to the sources' own root; empty for that).
#[must_use]
pub fn load(sources: &dyn Sources, root: &str) -> Loaded {
    let mut loader = Loader { sources, loaded: Loaded::default(), by_directory: HashMap::new(), open: Vec::new() };
    let root = normalise(root);
    let has_manifest = loader.manifest(&root);
    if let Err(error) = loader.module(&root, None)
        // Where there is no stack at all, one word is enough.
        && (has_manifest || !error.not_found)
    {
        loader.loaded.diagnostics.push(unreadable(&error));
    }
    loader.overlays(&root);
    loader.loaded
}

struct Loader<'s> {
    sources: &'s dyn Sources,
    loaded: Loaded,
    by_directory: HashMap<String, usize>,
    /// Modules that are being read, from the stack down, with the call that led to the next.
    open: Vec<(usize, Option<Span>)>,
}

impl Loader<'_> {
    /// Reads the stack's manifest; whether there is one.
    fn manifest(&mut self, root: &str) -> bool {
        let found = self.read_manifest(root);
        let is_there = found.is_some();
        match found {
            Some(manifest) => self.loaded.manifest = manifest,
            None => {
                let shown = if root.is_empty() { "this directory" } else { root };
                self.loaded.diagnostics.push(manifest::missing(shown));
            }
        }
        is_there
    }

    fn read_manifest(&mut self, directory: &str) -> Option<Manifest> {
        let path = join(directory, MANIFEST_FILE);
        let bytes = match self.sources.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.not_found => return None,
            Err(error) => {
                self.loaded.diagnostics.push(unreadable(&error));
                return Some(Manifest::default());
            }
        };
        let (file, text) = self.add(path, &bytes);
        let (manifest, diagnostics) = manifest::parse(file, &text);
        self.loaded.diagnostics.extend(diagnostics);
        Some(manifest)
    }

    /// Adds a file; what is no UTF-8 is reported and replaced.
    fn add(&mut self, path: String, bytes: &[u8]) -> (FileId, std::sync::Arc<str>) {
        let read = std::str::from_utf8(bytes);
        let text: std::sync::Arc<str> = read.map_or_else(|_| String::from_utf8_lossy(bytes).into(), Into::into);
        let file = self.loaded.files.add(path, text.clone());
        if let Err(error) = read {
            let at = error.valid_up_to() as u32;
            let path = self.loaded.files.get(file).map_or("", |file| file.path.as_str()).to_owned();
            let span = Span::new(file, at, at.saturating_add(3));
            self.loaded.diagnostics.push(NameProblem::NotUtf8 { path, span }.into());
        }
        (file, text)
    }

    /// Reads the module in `directory` and those that it calls.
    fn module(&mut self, directory: &str, call: Option<Span>) -> Result<usize, SourceError> {
        let names = self.sources.list(directory)?;
        let mut module = LoadedModule { directory: directory.to_owned(), ..LoadedModule::default() };
        for name in names.iter().filter(|name| name.ends_with(SOURCE_EXTENSION) && !name.ends_with(TEST_EXTENSION)) {
            let path = join(directory, name);
            let bytes = match self.sources.read(&path) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.loaded.diagnostics.push(unreadable(&error));
                    continue;
                }
            };
            let (file, text) = self.add(path, &bytes);
            let (tree, diagnostics) = syntax::parse(file, &text);
            self.loaded.diagnostics.extend(diagnostics);
            module.trees.push(tree);
        }
        if module.trees.is_empty() {
            let reason = format!("there are no {SOURCE_EXTENSION} files in it");
            return Err(SourceError { path: shown(directory), not_found: true, reason });
        }
        let index = self.loaded.modules.len();
        self.by_directory.insert(directory.to_owned(), index);
        if call.is_some() {
            module.manifest = self.read_manifest(directory);
        }
        self.loaded.modules.push(LoadedModule::default());
        self.open.push((index, call));
        module.calls = self.calls(&module);
        self.open.pop();
        if let Some(slot) = self.loaded.modules.get_mut(index) {
            *slot = module;
        }
        self.loaded.order.push(index);
        Ok(index)
    }

    fn calls(&mut self, module: &LoadedModule) -> Vec<Option<usize>> {
        let mut calls = Vec::new();
        for item in module.trees.iter().flat_map(|tree| &tree.items) {
            if let ItemKind::Module(call) = &item.kind {
                calls.push(self.call(module, &call.source));
            }
        }
        calls
    }

    fn call(&mut self, module: &LoadedModule, source: &ModuleSource) -> Option<usize> {
        let (path, span) = self.resolve(module, source)?;
        let directory = normalise(&join(&module.directory, &path));
        if let Some(index) = self.by_directory.get(&directory).copied() {
            return self.is_free(index, &directory, span).then_some(index);
        }
        match self.module(&directory, Some(span)) {
            Ok(index) => Some(index),
            Err(error) => {
                self.loaded.diagnostics.push(NameProblem::ModuleNotFound { path, span, reason: error.reason }.into());
                None
            }
        }
    }

    /// Whether a module may be called: not while it is being read itself.
    fn is_free(&mut self, index: usize, directory: &str, span: Span) -> bool {
        let Some(position) = self.open.iter().position(|(open, _)| *open == index) else { return true };
        let way = self.open.get(position + 1..).unwrap_or(&[]);
        let steps = way.iter().filter_map(|(_, call)| Some(((*call)?, "on the way here".to_owned()))).collect();
        let problem = NameProblem::ModuleCycle { directory: shown(directory), span, steps };
        self.loaded.diagnostics.push(problem.into());
        false
    }

    /// The path of a call's source, relative to the module.
    fn resolve(&mut self, module: &LoadedModule, source: &ModuleSource) -> Option<(String, Span)> {
        match source {
            ModuleSource::Path(word) if is_remote(&word.text) => {
                self.loaded
                    .diagnostics
                    .push(NameProblem::RemoteModule { path: word.text.to_string(), span: word.span }.into());
                None
            }
            ModuleSource::Path(word) => Some((word.text.to_string(), word.span)),
            ModuleSource::Dependency(words) => self.dependency(module, words),
        }
    }

    fn dependency(&mut self, module: &LoadedModule, words: &[Word]) -> Option<(String, Span)> {
        let (first, rest) = words.split_first()?;
        // Of a called module only its own manifest counts; the stack's is kept apart.
        let is_root = self.open.len() == 1;
        let manifest = if is_root { Some(&self.loaded.manifest) } else { module.manifest.as_ref() };
        let Some(dependency) = manifest.and_then(|manifest| manifest.modules.get(&first.text)) else {
            let names = manifest.into_iter().flat_map(|manifest| manifest.modules.keys()).map(EcoString::as_str);
            let nearest = crate::check::report::nearest(&first.text, names).map(EcoString::from);
            let (name, span) = (first.text.clone(), first.span);
            self.loaded.diagnostics.push(NameProblem::UnknownDependency { name, span, nearest }.into());
            return None;
        };
        let path = rest.iter().fold(dependency.path.to_string(), |path, word| join(&path, &word.text));
        let span = rest.last().map_or(first.span, |last| first.span.to(last.span));
        Some((path, span))
    }

    fn overlays(&mut self, root: &str) {
        let directory = join(root, OVERLAY_DIRECTORY);
        let names = match self.sources.list(&directory) {
            Ok(names) => names,
            Err(error) if error.not_found => return,
            Err(error) => {
                self.loaded.diagnostics.push(unreadable(&error));
                return;
            }
        };
        for name in &names {
            let Some(overlay) = name.strip_suffix(OVERLAY_EXTENSION) else { continue };
            let path = join(&directory, name);
            match self.sources.read(&path) {
                Ok(bytes) => self.overlay(overlay, path, &bytes),
                Err(error) => self.loaded.diagnostics.push(unreadable(&error)),
            }
        }
    }

    fn overlay(&mut self, name: &str, path: String, bytes: &[u8]) {
        let (file, text) = self.add(path.clone(), bytes);
        let (tree, diagnostics) = syntax::parse_overlay(file, &text);
        self.loaded.diagnostics.extend(diagnostics);
        self.loaded.overlays.push(LoadedOverlay { name: name.into(), path: path.into(), tree });
    }
}

/// Reads an overlay from anywhere (`--var-file`); adds its file.
#[must_use]
pub fn read_overlay(files: &mut FileTable, name: &str, path: &str, text: &str) -> (LoadedOverlay, Vec<Diagnostic>) {
    let file = files.add(path, text);
    let (tree, diagnostics) = syntax::parse_overlay(file, text);
    (LoadedOverlay { name: name.into(), path: path.into(), tree }, diagnostics)
}

fn is_remote(path: &str) -> bool {
    path.contains("://") || path.starts_with("git@") || path.starts_with("git::") || path.starts_with("github.com/")
}

fn unreadable(error: &SourceError) -> Diagnostic {
    NameProblem::Unreadable { path: error.path.clone(), reason: error.reason.clone() }.into()
}

fn shown(directory: &str) -> String {
    if directory.is_empty() { ".".to_owned() } else { directory.to_owned() }
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// A path without `.`, inner `..` and doubled `/`.
fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn paths_have_one_form() {
        assert_eq!(normalise("./a//b/../c/"), "a/c");
        assert_eq!(normalise("../../modules/x"), "../../modules/x");
        assert_eq!(normalise("examples/shop/../../modules/x"), "modules/x");
        assert_eq!(normalise(""), "");
    }
}
