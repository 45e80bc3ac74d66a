//! Reads `formwork.toml`: each setting is looked at on its own, so that one mistake hides no other.

use super::problem::{Problem, nearest};
use super::{Allowance, Manifest, ManifestKind, ModuleDependency, NamedEnvironment, ProviderRequirement};
use ecow::EcoString;
use formwork_model::{Diagnostic, FileId, Span};
use semver::{Version, VersionReq};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const TABLES: &[&str] = &["stack", "module", "providers", "modules", "state", "environments", "allow", "sandbox"];
const STACK_ONLY: &[&str] = &["state", "environments", "allow", "sandbox"];

/// The version of Formwork that manifests may ask for.
const FORMWORK_VERSION: &str = env!("CARGO_PKG_VERSION");

type Setting<'a, 'i> = &'a Spanned<DeValue<'i>>;

/// Reads the manifest `text`, which is `file` in the table of files. All mistakes are reported, by place.
#[must_use]
pub fn parse(file: FileId, text: &str) -> (Manifest, Vec<Diagnostic>) {
    let mut reader = Reader { file, diagnostics: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = reader.span(error.span().unwrap_or(0..0));
        reader.report(Problem::Syntax { span, message: error.message().trim().to_owned() });
    }
    let manifest = reader.manifest(document.get_ref(), errors.is_empty());
    let mut diagnostics = reader.diagnostics;
    formwork_model::diagnostic::sort(&mut diagnostics);
    (manifest, diagnostics)
}

struct Reader {
    file: FileId,
    diagnostics: Vec<Diagnostic>,
}

impl Reader {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start as u32, range.end as u32)
    }

    fn report(&mut self, problem: Problem) {
        self.diagnostics.push(problem.into_diagnostic());
    }

    fn manifest(&mut self, document: &DeTable<'_>, whole: bool) -> Manifest {
        self.known(document, "formwork.toml", TABLES);
        let mut manifest = Manifest::default();
        self.identity(document, &mut manifest, whole);
        if manifest.kind == ManifestKind::Module {
            self.refuse_in_module(document);
        }
        manifest.providers = self.providers(document);
        manifest.modules = self.modules(document);
        self.state(document, &mut manifest);
        manifest.default_environment = self.environments(document);
        self.allow(document, &mut manifest);
        self.sandbox(document, &mut manifest);
        manifest
    }

    fn identity(&mut self, document: &DeTable<'_>, manifest: &mut Manifest, whole: bool) {
        let heading = |name: &str| document.iter().find(|(key, _)| key.get_ref() == name);
        let (table, key, value) = match (heading("stack"), heading("module")) {
            (Some((stack, _)), Some((module, value))) => {
                self.report(Problem::StackAndModule {
                    stack: self.span(stack.span()),
                    module: self.span(module.span()),
                });
                ("module", module, value)
            }
            (Some((key, value)), None) => ("stack", key, value),
            (None, Some((key, value))) => ("module", key, value),
            (None, None) => {
                if whole {
                    self.report(Problem::MissingTable { span: self.span(0..0) });
                }
                return;
            }
        };
        manifest.kind = if table == "stack" { ManifestKind::Stack } else { ManifestKind::Module };
        let heading_span = self.span(key.span());
        let Some(entries) = self.table(value, table) else { return };
        self.known(entries, &format!("`[{table}]`"), &["name", "version", "description", "formwork"]);
        self.name(entries, table, heading_span, manifest);
        manifest.version = self.version(entries, table);
        manifest.description =
            self.text(entries, table, "description").map(|(text, _)| text.into()).unwrap_or_default();
        manifest.formwork = self.formwork(entries, table);
    }

    fn name(&mut self, entries: &DeTable<'_>, table: &'static str, heading: Span, manifest: &mut Manifest) {
        if !entries.contains_key("name") {
            self.report(Problem::MissingName { span: heading, table });
        }
        let Some((name, span)) = self.text(entries, table, "name") else { return };
        manifest.name_span = Some(span);
        if is_name(name) {
            manifest.name = name.into();
        } else {
            self.report(Problem::BadName { span, setting: format!("the name of a {table}"), name: name.to_owned() });
        }
    }

    fn version(&mut self, entries: &DeTable<'_>, table: &str) -> Option<Version> {
        let (text, span) = self.text(entries, table, "version")?;
        let problem = |error: semver::Error| Problem::BadVersion {
            span,
            setting: "version".to_owned(),
            text: text.to_owned(),
            reason: error.to_string(),
            example: "version = \"1.4.0\"",
        };
        Version::parse(text).map_err(|error| self.report(problem(error))).ok()
    }

    fn formwork(&mut self, entries: &DeTable<'_>, table: &str) -> Option<VersionReq> {
        let (text, span) = self.text(entries, table, "formwork")?;
        let required = self.requirement("formwork", text, span, "formwork = \">=0.1\"")?;
        let found = Version::parse(FORMWORK_VERSION).ok()?;
        if !required.matches(&found) {
            self.report(Problem::FormworkVersion { span, required: required.clone(), found });
        }
        Some(required)
    }

    fn refuse_in_module(&mut self, document: &DeTable<'_>) {
        for (key, _) in document.iter().filter(|(key, _)| STACK_ONLY.contains(&key.get_ref().as_ref())) {
            self.report(Problem::NotInModule { span: self.span(key.span()), table: key.get_ref().to_string() });
        }
    }

    fn providers(&mut self, document: &DeTable<'_>) -> BTreeMap<EcoString, ProviderRequirement> {
        let mut providers = BTreeMap::new();
        for (name, value) in self.section(document, "providers") {
            let setting = format!("providers.{}", name.get_ref());
            let example = "aws = \"1\"";
            let Some((text, span)) = self.text_or_member(value, &setting, "version", example) else { continue };
            if let Some(version) = self.requirement(&setting, text, span, example) {
                providers.insert(name.get_ref().as_ref().into(), ProviderRequirement { version, span });
            }
        }
        providers
    }

    fn requirement(&mut self, setting: &str, text: &str, span: Span, example: &'static str) -> Option<VersionReq> {
        let problem = |error: semver::Error| Problem::BadVersion {
            span,
            setting: setting.to_owned(),
            text: text.to_owned(),
            reason: error.to_string(),
            example,
        };
        VersionReq::parse(text).map_err(|error| self.report(problem(error))).ok()
    }

    fn modules(&mut self, document: &DeTable<'_>) -> BTreeMap<EcoString, ModuleDependency> {
        let mut modules = BTreeMap::new();
        for (name, value) in self.section(document, "modules") {
            let setting = format!("modules.{}", name.get_ref());
            let example = "network = \"../modules/network\"";
            let Some((path, span)) = self.text_or_member(value, &setting, "path", example) else { continue };
            if is_relative_directory(path) {
                modules.insert(name.get_ref().as_ref().into(), ModuleDependency { path: path.into(), span });
            } else {
                self.report(Problem::ModuleSource { span, source: path.to_owned() });
            }
        }
        modules
    }

    fn state(&mut self, document: &DeTable<'_>, manifest: &mut Manifest) {
        let Some(entries) = document.get("state").and_then(|value| self.table(value, "state")) else { return };
        self.known(entries, "`[state]`", &["backend", "path"]);
        if let Some((backend, span)) = self.text(entries, "state", "backend")
            && backend != "local"
        {
            self.report(Problem::UnknownBackend { span, backend: backend.to_owned() });
        }
        if let Some((path, _)) = self.text(entries, "state", "path") {
            manifest.state.path = path.into();
        }
    }

    fn environments(&mut self, document: &DeTable<'_>) -> Option<NamedEnvironment> {
        let entries = self.table(document.get("environments")?, "environments")?;
        self.known(entries, "`[environments]`", &["default"]);
        let (name, span) = self.text(entries, "environments", "default")?;
        Some(NamedEnvironment { name: name.into(), span })
    }

    fn allow(&mut self, document: &DeTable<'_>, manifest: &mut Manifest) {
        let Some(entries) = document.get("allow").and_then(|value| self.table(value, "allow")) else { return };
        self.known(entries, "`[allow]`", &["env", "exec", "commands", "endpoints"]);
        manifest.allow.env = self.allowance(entries, "env", "env = [\"DB_PASSWORD\"]");
        manifest.allow.exec = self.allowance(entries, "exec", "exec = [\"aws\"]");
        manifest.allow.commands = self.allowance(entries, "commands", "commands = [\"make\"]");
        let example = "endpoints = [\"https://ec2.internal.example.com\"]";
        manifest.allow.endpoints = self.allowance(entries, "endpoints", example);
        self.check_endpoints(entries);
    }

    fn allowance(&mut self, entries: &DeTable<'_>, key: &str, example: &'static str) -> Allowance {
        let Some(value) = entries.get(key) else { return Allowance::Nothing };
        match value.get_ref() {
            DeValue::Boolean(true) => Allowance::Anything,
            DeValue::Boolean(false) => Allowance::Nothing,
            DeValue::String(text) if text == "*" => Allowance::Anything,
            DeValue::Array(items) => self.names(items, key, example),
            _ => {
                self.wrong_type(value, &format!("allow.{key}"), "a list of texts, or true for all", example);
                Allowance::Nothing
            }
        }
    }

    fn names(&mut self, items: &[Spanned<DeValue<'_>>], key: &str, example: &'static str) -> Allowance {
        let mut names = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some("*") => return Allowance::Anything,
                Some(name) => names.push(name.into()),
                None => self.wrong_type(item, &format!("allow.{key}"), "texts", example),
            }
        }
        Allowance::Only(names)
    }

    fn check_endpoints(&mut self, entries: &DeTable<'_>) {
        let items = entries.get("endpoints").and_then(|value| value.get_ref().as_array());
        for item in items.into_iter().flatten() {
            let Some(text) = item.get_ref().as_str().filter(|text| *text != "*") else { continue };
            if let Err(reason) = check_endpoint(text) {
                self.report(Problem::BadEndpoint { span: self.span(item.span()), text: text.to_owned(), reason });
            }
        }
    }

    fn sandbox(&mut self, document: &DeTable<'_>, manifest: &mut Manifest) {
        let Some(entries) = document.get("sandbox").and_then(|value| self.table(value, "sandbox")) else { return };
        self.known(entries, "`[sandbox]`", &["values", "repositories"]);
        manifest.sandbox_values = self.texts(entries, "values", "\"env:DB_PASSWORD\" = \"only-for-the-sandbox\"");
        manifest.sandbox_repositories = self.texts(entries, "repositories", "gitops = \"gitops\"");
    }

    /// A table of texts by names that are the user's own.
    fn texts(&mut self, sandbox: &DeTable<'_>, name: &str, example: &'static str) -> BTreeMap<EcoString, EcoString> {
        let mut texts = BTreeMap::new();
        let setting = format!("sandbox.{name}");
        let entries = sandbox.get(name).and_then(|value| self.table(value, &setting));
        for (key, value) in entries.into_iter().flatten() {
            match value.get_ref().as_str() {
                Some(text) => drop(texts.insert(key.get_ref().as_ref().into(), text.into())),
                None => self.wrong_type(value, &format!("{setting}.{}", key.get_ref()), "a text", example),
            }
        }
        texts
    }

    /// The entries of a table whose keys are the user's own.
    fn section<'a, 'i>(&mut self, document: &'a DeTable<'i>, name: &str) -> Vec<(&'a Key<'i>, Setting<'a, 'i>)> {
        let table = document.get(name).and_then(|value| self.table(value, name));
        table.into_iter().flatten().collect()
    }

    fn known(&mut self, entries: &DeTable<'_>, place: &str, known: &'static [&'static str]) {
        for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.get_ref().as_ref())) {
            self.report(Problem::UnknownKey {
                span: self.span(key.span()),
                key: key.get_ref().to_string(),
                place: place.to_owned(),
                nearest: nearest(key.get_ref(), known.iter().copied()),
                known,
            });
        }
    }

    fn table<'a, 'i>(&mut self, value: Setting<'a, 'i>, name: &str) -> Option<&'a DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, name, "a table", "[stack]");
        }
        table
    }

    fn text<'a>(&mut self, entries: &'a DeTable<'_>, table: &str, key: &str) -> Option<(&'a str, Span)> {
        let value = entries.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            let example = if key == "version" { "version = \"1.4.0\"" } else { "name = \"shop\"" };
            self.wrong_type(value, &format!("{table}.{key}"), "a text", example);
        }
        Some((text?, self.span(value.span())))
    }

    /// `"text"`, or the same as `{ member = "text" }`.
    fn text_or_member<'a>(
        &mut self,
        value: Setting<'a, '_>,
        setting: &str,
        member: &'static str,
        example: &'static str,
    ) -> Option<(&'a str, Span)> {
        let text = match value.get_ref() {
            DeValue::Table(entries) => {
                let known: &'static [&'static str] = if member == "path" { &["path"] } else { &["version"] };
                self.known(entries, &format!("`{setting}`"), known);
                entries.get(member).unwrap_or(value)
            }
            _ => value,
        };
        if text.get_ref().as_str().is_none() {
            self.wrong_type(text, setting, "a text", example);
        }
        Some((text.get_ref().as_str()?, self.span(text.span())))
    }

    fn wrong_type(&mut self, value: Setting<'_, '_>, setting: &str, expected: &'static str, example: &'static str) {
        let span = self.span(value.span());
        let found = kind(value.get_ref());
        self.report(Problem::WrongType { span, setting: setting.to_owned(), expected, found, example });
    }
}

type Key<'i> = Spanned<toml::de::DeString<'i>>;

/// Kinds of values, in words.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Names become parts of paths, tags and messages: kept to what is safe in all of them.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    name.len() <= 63 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(allowed)
}

fn is_relative_directory(path: &str) -> bool {
    !path.is_empty() && !path.contains("://") && !path.contains("::") && !path.starts_with('/') && !path.contains('\\')
}

fn check_endpoint(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("it needs `https://` and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials do not belong in it".to_owned());
    }
    Ok(())
}
