//! Provider blocks, and which instance a block or call uses.

use super::blocks::{BodyOf, CheckedBody};
use super::context::{Frame, ModuleChecker, error};
use super::expression::What;
use super::fits::Secrets;
use super::keys::Keys;
use super::names::Declared;
use super::report::{NameProblem, SchemaProblem, nearest};
use crate::program::{self, Expr, ExprKind, ProviderId, ProviderUse, RecordEntry};
use crate::tree::{self, Entry, Expression, ExpressionKind, Key, ProviderReference, With, Word};
use ecow::EcoString;
use formwork_model::Type;
use formwork_model::schema::{Presence, ProviderSchema};

/// The name of the attribute that every provider has.
const DEFAULTS: &str = "defaults";

impl<'a> ModuleChecker<'_, 'a> {
    /// Checks a provider block.
    pub(crate) fn provider_block(&mut self, declared: Declared<'a, tree::Provider>) -> Option<program::ProviderBlock> {
        let provider = declared.what;
        if let Some(call) = self.called_at {
            let (name, span) = (provider.provider.text.clone(), declared.item.span);
            self.tell(NameProblem::ProviderInModule { name, span, call });
        }
        let frame = Frame { secrets: Secrets::Carried, ephemeral: true, inputs: self.is_root, ..Frame::default() };
        let (block, locals) = self.in_frame(frame, |checker| checker.provider_in_frame(declared));
        block.map(|block| program::ProviderBlock { locals, ..block })
    }

    fn provider_in_frame(&mut self, declared: Declared<'a, tree::Provider>) -> Option<program::ProviderBlock> {
        let provider = declared.what;
        let header = self.header(&provider.header);
        let Some(schema) = self.shared.schemas.provider(&provider.provider.text) else {
            self.unknown_provider(&provider.provider);
            self.infer_entries(&provider.body.entries);
            return None;
        };
        let configuration = self.shared.schemas.configuration(schema);
        let (rest, defaults) = split_defaults(&provider.body.entries);
        let body = self.body(rest, BodyOf::Provider(&provider.provider.text, &configuration));
        let mut uncertain = body.uncertain;
        let mut meant = body.meant;
        let mut attributes = body.attributes;
        let mut checked_defaults = None;
        if let Some((entry, after)) = defaults {
            checked_defaults = Some(self.defaults(entry, schema));
            let rest = self.body(after, BodyOf::Provider(&provider.provider.text, &configuration));
            attributes.extend(rest.attributes);
            meant.extend(rest.meant);
            uncertain |= rest.uncertain;
        }
        let known: Vec<&str> =
            attributes.iter().map(|attribute| &attribute.name).chain(&meant).map(EcoString::as_str).collect();
        self.missing_configuration(provider, schema, &known);
        let body = CheckedBody { attributes, meant, uncertain };
        self.check_configuration_rules(schema, &body, provider.provider.span);
        Some(program::ProviderBlock {
            provider: provider.provider.text.clone(),
            name: provider.name.as_ref().map(|name| name.text.clone()),
            iteration: header.iteration,
            condition: header.condition,
            after: header.after,
            attributes: body.attributes,
            defaults: checked_defaults,
            locals: 0,
            span: declared.item.span,
        })
    }

    fn missing_configuration(&mut self, provider: &tree::Provider, schema: &'static ProviderSchema, known: &[&str]) {
        let required = schema.configuration.iter().filter(|attribute| attribute.presence == Presence::Required);
        for missing in required.filter(|required| !known.contains(&required.name)) {
            self.tell(SchemaProblem::MissingAttribute {
                type_name: format!("provider {}", provider.provider.text),
                name: missing.name.into(),
                ty: missing.config_type().to_string(),
                span: provider.provider.span,
                docs: super::blocks::first_sentence(missing.docs),
            });
        }
    }

    /// `defaults = { … }`: keys are attributes that types of the provider have.
    fn defaults(&mut self, entry: &'a Entry, schema: &'static ProviderSchema) -> Expr {
        match entry {
            Entry::Field { value: Expression { kind: ExpressionKind::Record(entries), span }, .. } => {
                let mut keys = Keys::default();
                let checked = entries.iter().filter_map(|entry| self.default_entry(entry, schema, &mut keys)).collect();
                Expr { kind: ExprKind::Record(checked), ty: Type::map(Type::Any), span: *span }
            }
            Entry::Field { value, .. } => {
                let value = self.infer(value);
                self.default_record(value, schema)
            }
            Entry::Short(word) => {
                let value = self.short(word);
                self.default_record(value, schema)
            }
            Entry::Spread { span, .. } => error(*span),
        }
    }

    fn default_entry(
        &mut self,
        entry: &'a Entry,
        schema: &'static ProviderSchema,
        keys: &mut Keys,
    ) -> Option<RecordEntry> {
        match entry {
            Entry::Field { key: Key::Literal(word), value } => {
                self.note_key(keys, word);
                Some(RecordEntry::Field(word.text.clone(), self.default_value(word, Some(value), schema)))
            }
            Entry::Short(word) => {
                self.note_key(keys, word);
                Some(RecordEntry::Field(word.text.clone(), self.default_value(word, None, schema)))
            }
            Entry::Spread { value, .. } => {
                let value = self.infer(value);
                Some(RecordEntry::Spread(self.default_record(value, schema)))
            }
            Entry::Field { key: Key::Computed(key), value } => {
                let place = "`defaults`".to_owned();
                self.tell(super::report::TypeProblem::ComputedKey { place, span: key.span });
                self.infer(value);
                None
            }
        }
    }

    fn default_value(
        &mut self,
        word: &'a Word,
        value: Option<&'a Expression>,
        schema: &'static ProviderSchema,
    ) -> Expr {
        let table = self.shared.schemas.defaults(schema);
        let what = What::Attribute(&word.text);
        match (table.get(word.text.as_str()), value) {
            (Some(info), Some(value)) => self.check(value, &info.config, what),
            (Some(info), None) => {
                let value = self.short(word);
                self.fit(value, &info.config, what)
            }
            (None, value) => {
                if let Some(value) = value {
                    self.infer(value);
                }
                self.unknown_default(word, schema);
                error(word.span)
            }
        }
    }

    /// A record from elsewhere: its fields are the keys.
    fn default_record(&mut self, value: Expr, schema: &'static ProviderSchema) -> Expr {
        let table = self.shared.schemas.defaults(schema);
        match value.ty.exposed() {
            Type::Record(record) => {
                for field in &record.fields {
                    let word = Word { text: field.name.clone(), span: value.span };
                    match table.get(field.name.as_str()) {
                        None => self.unknown_default(&word, schema),
                        Some(info) => {
                            let found = Expr { ty: field.ty.clone(), ..error(value.span) };
                            self.fit(found, &info.config, What::Attribute(&field.name));
                        }
                    }
                }
                value
            }
            Type::Any | Type::Error => value,
            _ => {
                let expected = Type::map(Type::Any);
                self.mismatch(&value, &expected, What::Attribute(DEFAULTS));
                error(value.span)
            }
        }
    }

    fn unknown_default(&mut self, word: &Word, schema: &'static ProviderSchema) {
        let names: std::collections::BTreeSet<&str> = schema
            .resources
            .iter()
            .flat_map(|resource| resource.attributes)
            .filter(|attribute| attribute.is_defaultable())
            .map(|attribute| attribute.name)
            .collect();
        let nearest = nearest(&word.text, names).map(EcoString::from);
        self.tell(SchemaProblem::UnknownDefault {
            provider: schema.name.into(),
            name: word.text.clone(),
            span: word.span,
            nearest,
        });
    }

    /// The instance that a block of `provider` uses.
    pub(crate) fn provider_use(&mut self, provider: &'a Word, with: Option<&'a With>) -> Option<ProviderUse> {
        match with {
            Some(With::One(reference)) => self.named_use(reference, &provider.text),
            Some(With::Many(references)) => {
                let span = references.first().map_or(provider.span, |(word, _)| word.span);
                let reference = "with { … }".to_owned();
                let help = format!("braces are for module calls: write `with {}.NAME`", provider.text);
                self.tell(NameProblem::WrongInstance { reference, provider: provider.text.clone(), span, help });
                None
            }
            None => self.default_use(provider),
        }
    }

    /// `with azure.hub`, `with aws["eu"]`
    pub(crate) fn named_use(&mut self, reference: &'a ProviderReference, provider: &EcoString) -> Option<ProviderUse> {
        let written = written(reference);
        if reference.provider.text != *provider {
            let help = format!("name an instance of `{provider}`, such as `{provider}.NAME`");
            self.tell(NameProblem::WrongInstance {
                reference: written,
                provider: provider.clone(),
                span: reference.span,
                help,
            });
            return None;
        }
        let name = reference.name.as_ref().map_or("", |name| name.text.as_str());
        let Some(id) = self.names.provider_names.get(&(reference.provider.text.as_str(), name)).copied() else {
            return self.passed_by_name(reference, written);
        };
        super::context::mark(&mut self.used_providers, id.index());
        let declared = self.names.providers.get(id.index())?;
        self.instance_key(reference, id, declared, written)
    }

    fn instance_key(
        &mut self,
        reference: &'a ProviderReference,
        id: ProviderId,
        declared: &Declared<'a, tree::Provider>,
        written: String,
    ) -> Option<ProviderUse> {
        let has_instances = declared.what.header.iteration.is_some();
        let span = declared.what.provider.span;
        match &reference.key {
            Some(key) if has_instances => Some(ProviderUse::Own(id, Some(self.check(key, &Type::String, What::Key)))),
            None if !has_instances => Some(ProviderUse::Own(id, None)),
            Some(key) => {
                self.infer(key);
                let (reason, help) = ("has no instances", "leave out the key".to_owned());
                self.tell(NameProblem::InstanceKey {
                    reference: written,
                    reason,
                    span: reference.span,
                    declared: span,
                    help,
                });
                None
            }
            None => {
                let help = format!("choose one: `with {written}[\"key\"]`");
                let reason = "has several instances";
                self.tell(NameProblem::InstanceKey {
                    reference: written,
                    reason,
                    span: reference.span,
                    declared: span,
                    help,
                });
                None
            }
        }
    }

    /// In a called module the default instance is what is passed.
    fn passed_by_name(&mut self, reference: &ProviderReference, written: String) -> Option<ProviderUse> {
        if !self.is_root && reference.name.is_none() && reference.key.is_none() {
            self.needs.insert(reference.provider.text.clone());
            return Some(ProviderUse::Passed(reference.provider.text.clone()));
        }
        let provider = &reference.provider.text;
        if self.names.is_lost(provider) {
            return None;
        }
        let own = self.names.providers.iter().filter(|declared| declared.what.provider.text == *provider);
        let names: Vec<&str> =
            own.filter_map(|declared| declared.what.name.as_ref().map(|name| name.text.as_str())).collect();
        let near = reference.name.as_ref().and_then(|name| nearest(&name.text, names.iter().copied()));
        let help = match (near, &reference.name) {
            (Some(near), _) => format!("did you mean `{provider}.{near}`?"),
            (None, Some(name)) if self.is_root => format!("declare it: `provider {provider} {} {{ … }}`", name.text),
            (None, None) if self.is_root => format!("declare it: `provider {provider} {{ … }}`"),
            _ => format!(
                "a called module uses what is passed to it: leave out `with`, and pass it in the call, `with {{ {provider} = {written} }}`"
            ),
        };
        self.tell(NameProblem::UnknownInstance { reference: written, span: reference.span, help });
        None
    }

    /// The default instance: of this module, or the caller's, or none where nothing has to be configured.
    pub(crate) fn default_use(&mut self, provider: &'a Word) -> Option<ProviderUse> {
        if let Some(id) = self.names.provider_names.get(&(provider.text.as_str(), "")).copied() {
            super::context::mark(&mut self.used_providers, id.index());
            let declared = self.names.providers.get(id.index())?;
            if declared.what.header.iteration.is_some() {
                let (reference, span, declared) =
                    (provider.text.to_string(), provider.span, declared.what.provider.span);
                let help = format!("choose one: `with {reference}[\"key\"]`");
                self.tell(NameProblem::InstanceKey {
                    reference,
                    reason: "has several instances",
                    span,
                    declared,
                    help,
                });
                return None;
            }
            return Some(ProviderUse::Own(id, None));
        }
        if !self.is_root {
            self.needs.insert(provider.text.clone());
            return Some(ProviderUse::Passed(provider.text.clone()));
        }
        self.implicit_use(provider)
    }

    /// Without any block: fine where the provider needs no configuration.
    pub(crate) fn implicit_use(&mut self, provider: &Word) -> Option<ProviderUse> {
        let schema = self.shared.schemas.provider(&provider.text)?;
        let required: Vec<&str> = schema
            .configuration
            .iter()
            .filter(|attribute| attribute.presence == Presence::Required)
            .map(|attribute| attribute.name)
            .collect();
        if required.is_empty() {
            return Some(ProviderUse::Implicit(provider.text.clone()));
        }
        let instance = self.names.providers.iter().find(|declared| declared.what.provider.text == provider.text);
        let help = match instance.and_then(|declared| declared.what.name.as_ref()) {
            Some(name) => format!(
                "choose an instance with `with {}.{}`, or declare a default one, `provider {} {{ … }}`",
                provider.text, name.text, provider.text
            ),
            None => {
                let fields: Vec<String> = required.iter().map(|name| format!("{name} = …")).collect();
                format!("declare it: `provider {} {{ {} }}`", provider.text, fields.join(", "))
            }
        };
        self.tell(NameProblem::NotConfigured { name: provider.text.clone(), span: provider.span, help });
        None
    }
}

/// A body without `defaults`: what stands before it, the entry, and what stands behind it.
fn split_defaults(entries: &[Entry]) -> (&[Entry], Option<(&Entry, &[Entry])>) {
    let position = entries.iter().position(|entry| match entry {
        Entry::Field { key: Key::Literal(word), .. } | Entry::Short(word) => word.text == DEFAULTS,
        Entry::Field { .. } | Entry::Spread { .. } => false,
    });
    match position.and_then(|position| entries.split_at_checked(position)) {
        Some((before, rest)) => (before, rest.split_first()),
        None => (entries, None),
    }
}

/// The keys of the `defaults` of a provider block, as far as they are written out.
pub(crate) fn default_names(provider: &tree::Provider) -> Option<Vec<EcoString>> {
    let Some((entry, _)) = split_defaults(&provider.body.entries).1 else { return Some(Vec::new()) };
    let Entry::Field { value: Expression { kind: ExpressionKind::Record(entries), .. }, .. } = entry else {
        return None;
    };
    entries
        .iter()
        .map(|entry| match entry {
            Entry::Field { key: Key::Literal(word), .. } | Entry::Short(word) => Some(word.text.clone()),
            Entry::Field { .. } | Entry::Spread { .. } => None,
        })
        .collect()
}

fn written(reference: &ProviderReference) -> String {
    match &reference.name {
        Some(name) => format!("{}.{}", reference.provider.text, name.text),
        None => reference.provider.text.to_string(),
    }
}
