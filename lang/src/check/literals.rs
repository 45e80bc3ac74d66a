//! Lists, records and maps as written; texts that have to be addresses.

use super::context::ModuleChecker;
use super::expression::{What, bare, coerced, described};
use super::fits::{self, Fields, Fit, join};
use super::keys::Keys;
use super::mismatch::{missing_field, unknown_field};
use super::report::{NameProblem, TypeProblem};
use crate::program::{Expr, ExprKind, ListItem, RecordEntry};
use crate::tree::{self, Entry, Key, Word};
use ecow::EcoString;
use formwork_model::{Field, RecordType, Span, Type};
use std::sync::Arc;

impl<'a> ModuleChecker<'_, 'a> {
    /// A list by itself: its items share a type. An empty one fits any.
    pub(crate) fn infer_list(&mut self, items: &'a [tree::ListItem], span: Span) -> Expr {
        let mut checked = Vec::with_capacity(items.len());
        let mut sum: Option<(Type, Span)> = None;
        let mut failed = false;
        for item in items {
            let value = self.infer(&item.value);
            let ty = if item.spread { self.spread_item(&value) } else { value.ty.clone() };
            match sum.take() {
                None => sum = Some((ty, value.span)),
                Some((before, first)) => match join(&before, &ty) {
                    Some(joined) => sum = Some((joined, first)),
                    None if self.frame.open => sum = Some((Type::Any, first)),
                    None => {
                        if !failed && !fits::holds_error(&before) && !fits::holds_error(&ty) {
                            self.tell(TypeProblem::Branches {
                                construct: "this list",
                                first: described(&before),
                                first_span: first,
                                other: described(&ty),
                                span: value.span,
                            });
                        }
                        failed = true;
                        sum = Some((before, first));
                    }
                },
            }
            checked.push(ListItem { spread: item.spread, value });
        }
        let ty = match sum {
            _ if failed => Type::Error,
            None => Type::Any,
            Some((ty, _)) => ty,
        };
        for item in &mut checked {
            self.fit_item(item, &ty);
        }
        let ty = if failed { Type::Error } else { Type::list(ty) };
        Expr { kind: ExprKind::List(checked), ty, span }
    }

    /// Makes an item one of the common type.
    fn fit_item(&self, item: &mut ListItem, ty: &Type) {
        let target = if item.spread { Type::list(ty.clone()) } else { ty.clone() };
        if !item.spread && fits::fits(&item.value.ty, &target, self.frame.secrets) == Fit::Coerce {
            let span = item.value.span;
            let value = std::mem::replace(&mut item.value, super::context::error(span));
            item.value = coerced(value, &target);
        }
    }

    /// The type of the items of what is spread into a list.
    fn spread_item(&mut self, value: &Expr) -> Type {
        match &value.ty {
            Type::List(item) | Type::Set(item) => item.as_ref().clone(),
            Type::Secret(inner) => match inner.as_ref() {
                Type::List(item) | Type::Set(item) => item.as_ref().clone().secret(),
                _ => self.bad_list_spread(value),
            },
            Type::Any | Type::Error => value.ty.clone(),
            _ => self.bad_list_spread(value),
        }
    }

    fn bad_list_spread(&mut self, value: &Expr) -> Type {
        let help = match &value.ty {
            Type::Map(_) | Type::Record(_) => "spread its values, `...values(x)`, or write braces instead of brackets",
            Type::Optional(_) => "give a value for null: `...(x ?? [])`",
            _ => "leave out the dots",
        };
        let found = described(&value.ty);
        self.tell(TypeProblem::BadSpread { found, span: value.span, help: help.to_owned() });
        Type::Error
    }

    /// A list where a list or set is expected.
    pub(crate) fn check_list(
        &mut self,
        items: &'a [tree::ListItem],
        target: &Type,
        item_type: &Type,
        span: Span,
    ) -> Expr {
        let mut checked = Vec::with_capacity(items.len());
        let mut broken = false;
        let mut inferred = Type::Error;
        for item in items {
            let value = if item.spread {
                let value = self.infer(&item.value);
                self.fit_spread(value, item_type)
            } else {
                self.check(&item.value, item_type, What::Item)
            };
            broken |= value.ty == Type::Error;
            if matches!(item_type, Type::Any) {
                inferred = join(&inferred, &value.ty).unwrap_or(Type::Any);
            }
            checked.push(ListItem { spread: item.spread, value });
        }
        let item_type = if matches!(item_type, Type::Any) && !items.is_empty() { inferred } else { item_type.clone() };
        let list = Expr {
            kind: ExprKind::List(checked),
            ty: if broken { Type::Error } else { Type::list(item_type.clone()) },
            span,
        };
        if matches!(target, Type::Set(_)) && !broken { coerced(list, &Type::set(item_type)) } else { list }
    }

    fn fit_spread(&mut self, value: Expr, item: &Type) -> Expr {
        let found = self.spread_item(&value);
        match fits::fits(&found, item, self.frame.secrets) {
            Fit::Same => value,
            Fit::Coerce => match bare(&value.ty) {
                Type::Set(_) => coerced(value, &Type::set(item.clone())),
                _ => coerced(value, &Type::list(item.clone())),
            },
            Fit::No => {
                let span = value.span;
                self.mismatch(&value, &Type::list(item.clone()), What::Item);
                super::context::error(span)
            }
        }
    }

    /// A record by itself; a map, where keys are computed or a map is spread into it.
    pub(crate) fn infer_record(&mut self, entries: &'a [Entry], span: Span) -> Expr {
        let mut keys = Keys::default();
        let mut fields: indexmap::IndexMap<EcoString, Field> = indexmap::IndexMap::with_capacity(entries.len());
        let mut map: Option<Type> = None;
        let mut checked = Vec::with_capacity(entries.len());
        for entry in entries {
            let entry = self.infer_entry(entry, &mut keys);
            match &entry {
                RecordEntry::Field(name, value) => {
                    fields.insert(name.clone(), field(name, value.ty.clone(), Some(value.span)));
                }
                RecordEntry::Computed(entry) => self.add_to_map(&mut map, &entry.1.ty, entry.1.span),
                RecordEntry::Spread(value) => self.add_spread(&mut map, &mut fields, value),
            }
            checked.push(entry);
        }
        let ty = match map {
            None => Type::Record(Arc::new(RecordType {
                name: None,
                declaration: None,
                fields: fields.into_values().collect(),
            })),
            Some(mut sum) => {
                for field in fields.values() {
                    match join(&sum, &field.ty) {
                        Some(joined) => sum = joined,
                        None if self.frame.open || fits::holds_error(&sum) || fits::holds_error(&field.ty) => {
                            sum = Type::Any
                        }
                        None => self.tell(TypeProblem::Branches {
                            construct: "this map",
                            first: described(&sum),
                            first_span: span,
                            other: described(&field.ty),
                            span: field.span.unwrap_or(span),
                        }),
                    }
                }
                Type::map(sum)
            }
        };
        Expr { kind: ExprKind::Record(checked), ty, span }
    }

    fn infer_entry(&mut self, entry: &'a Entry, keys: &mut Keys) -> RecordEntry {
        match entry {
            Entry::Field { key: Key::Literal(word), value } => {
                self.note_key(keys, word);
                RecordEntry::Field(word.text.clone(), self.infer(value))
            }
            Entry::Field { key: Key::Computed(key), value } => {
                let key = self.key(key);
                RecordEntry::Computed(Box::new((key, self.infer(value))))
            }
            Entry::Short(word) => {
                self.note_key(keys, word);
                RecordEntry::Field(word.text.clone(), self.short(word))
            }
            Entry::Spread { value, .. } => RecordEntry::Spread(self.infer(value)),
        }
    }

    /// `name`, short for `name = name`.
    pub(crate) fn short(&mut self, word: &'a Word) -> Expr {
        let value = self.name(&word.text, word.span);
        self.narrowed(value)
    }

    fn key(&mut self, key: &'a tree::Expression) -> Expr {
        let found = self.infer(key);
        if found.ty.is_secret() {
            let span = found.span;
            let help = "keys are shown in plans and addresses: use something that may be seen".to_owned();
            return self.broken(
                span,
                TypeProblem::SecretExposed { what: "a key".to_owned(), found: found.ty.to_string(), span, help },
            );
        }
        self.fit(found, &Type::String, What::Key)
    }

    /// Reports a key that stands twice in one literal.
    pub(crate) fn note_key(&mut self, keys: &mut Keys, word: &Word) {
        if let Some(first) = keys.insert(&word.text, word.span) {
            self.tell(NameProblem::DuplicateKey { name: word.text.clone(), span: word.span, first });
        }
    }

    fn add_to_map(&mut self, map: &mut Option<Type>, ty: &Type, span: Span) {
        let before = map.take();
        *map = Some(match before {
            None => ty.clone(),
            Some(before) => join(&before, ty).unwrap_or_else(|| {
                if self.frame.open || fits::holds_error(&before) || fits::holds_error(ty) {
                    return Type::Any;
                }
                self.tell(TypeProblem::Branches {
                    construct: "this map",
                    first: described(&before),
                    first_span: span,
                    other: described(ty),
                    span,
                });
                Type::Error
            }),
        });
    }

    fn add_spread(&mut self, map: &mut Option<Type>, fields: &mut indexmap::IndexMap<EcoString, Field>, value: &Expr) {
        let secret = value.ty.is_secret();
        let mark = |ty: &Type| if secret { ty.clone().secret() } else { ty.clone() };
        match value.ty.exposed() {
            Type::Record(record) | Type::Module(record) => {
                for spread in &record.fields {
                    fields.insert(spread.name.clone(), Field { ty: mark(&spread.ty), ..spread.clone() });
                }
            }
            Type::Map(entry) => self.add_to_map(map, &mark(entry), value.span),
            Type::Any => *map = Some(mark(&Type::Any)),
            Type::Error => *map = Some(Type::Error),
            _ => self.bad_record_spread(value),
        }
    }

    pub(crate) fn bad_record_spread(&mut self, value: &Expr) {
        let help = match value.ty.exposed() {
            Type::List(_) | Type::Set(_) => "write brackets instead of braces",
            Type::Optional(_) => "give a value for null: `...(x ?? {})`",
            Type::Object(_) => "name the attributes that are needed",
            _ => "leave out the dots",
        };
        let found = described(&value.ty);
        self.tell(TypeProblem::BadSpread { found, span: value.span, help: help.to_owned() });
    }

    /// A record literal where a map is expected.
    pub(crate) fn check_map(&mut self, entries: &'a [Entry], entry_type: &Type, span: Span) -> Expr {
        let mut keys = Keys::default();
        let mut broken = false;
        let mut inferred = Type::Error;
        let mut checked = Vec::with_capacity(entries.len());
        for entry in entries {
            let entry = self.check_map_entry(entry, entry_type, &mut keys);
            let ty = match &entry {
                RecordEntry::Field(_, value) => value.ty.clone(),
                RecordEntry::Computed(entry) => entry.1.ty.clone(),
                RecordEntry::Spread(value) => map_entry(&value.ty),
            };
            broken |= ty == Type::Error;
            if matches!(entry_type, Type::Any) {
                inferred = join(&inferred, &ty).unwrap_or(Type::Any);
            }
            checked.push(entry);
        }
        let ty = if matches!(entry_type, Type::Any) && !entries.is_empty() { inferred } else { entry_type.clone() };
        Expr { kind: ExprKind::Record(checked), ty: if broken { Type::Error } else { Type::map(ty) }, span }
    }

    fn check_map_entry(&mut self, entry: &'a Entry, ty: &Type, keys: &mut Keys) -> RecordEntry {
        match entry {
            Entry::Field { key: Key::Literal(word), value } => {
                self.note_key(keys, word);
                RecordEntry::Field(word.text.clone(), self.check(value, ty, What::Entry))
            }
            Entry::Field { key: Key::Computed(key), value } => {
                let key = self.key(key);
                RecordEntry::Computed(Box::new((key, self.check(value, ty, What::Entry))))
            }
            Entry::Short(word) => {
                self.note_key(keys, word);
                let value = self.short(word);
                RecordEntry::Field(word.text.clone(), self.fit(value, ty, What::Entry))
            }
            Entry::Spread { value, .. } => {
                let value = self.infer(value);
                let is_spreadable = matches!(
                    value.ty.exposed(),
                    Type::Record(_) | Type::Module(_) | Type::Map(_) | Type::Any | Type::Error
                );
                if !is_spreadable {
                    self.bad_record_spread(&value);
                    return RecordEntry::Spread(super::context::error(value.span));
                }
                RecordEntry::Spread(self.fit(value, &Type::map(ty.clone()), What::Entry))
            }
        }
    }

    /// A record literal where a record is expected.
    pub(crate) fn check_record(&mut self, entries: &'a [Entry], record: &Arc<RecordType>, span: Span) -> Expr {
        let index = Fields::of(record);
        let mut keys = Keys::default();
        let mut present = Present { names: Keys::with_capacity(entries.len()), coerced: record.declaration.is_some() };
        let mut checked = Vec::with_capacity(entries.len());
        let mut broken = false;
        let mut certain = true;
        for entry in entries {
            let (name, value) = match entry {
                Entry::Field { key: Key::Literal(word), value } => {
                    self.note_key(&mut keys, word);
                    (word, self.record_field(&index, record, word, Some(value)))
                }
                Entry::Short(word) => {
                    self.note_key(&mut keys, word);
                    (word, self.record_field(&index, record, word, None))
                }
                Entry::Field { key: Key::Computed(key), value } => {
                    self.tell(TypeProblem::ComputedKey { place: super::mismatch::record_name(record), span: key.span });
                    self.infer(value);
                    certain = false;
                    continue;
                }
                Entry::Spread { value, .. } => {
                    let value = self.infer(value);
                    certain &= self.spread_into_record(&value, record, &index, &mut present);
                    checked.push(RecordEntry::Spread(value));
                    continue;
                }
            };
            broken |= value.ty == Type::Error;
            present.names.insert(&name.text, name.span);
            checked.push(RecordEntry::Field(name.text.clone(), value));
        }
        broken |= !certain;
        if !self.frame.partial && certain {
            broken |= !self.nothing_missing(record, &present.names, span);
        }
        // Its fields were made to fit one by one: it is of the type that was expected, shared by all such literals.
        let ty = if broken { Type::Error } else { Type::Record(record.clone()) };
        let literal = Expr { kind: ExprKind::Record(checked), ty, span };
        if broken || !present.coerced || self.frame.partial {
            return literal;
        }
        coerced(literal, &Type::Record(record.clone()))
    }

    fn record_field(
        &mut self,
        index: &Fields<'_>,
        record: &RecordType,
        word: &'a Word,
        value: Option<&'a tree::Expression>,
    ) -> Expr {
        let Some(target) = index.get(&word.text) else {
            self.tell(unknown_field(record, &word.text, word.span));
            if let Some(value) = value {
                self.infer(value);
            }
            return super::context::error(word.span);
        };
        self.warn_deprecated(&target.docs, || format!("field `{}`", word.text), word.span);
        let what = What::Field(&word.text);
        match value {
            Some(value) => self.check(value, &target.ty, what),
            None => {
                let value = self.short(word);
                self.fit(value, &target.ty, what)
            }
        }
    }

    fn spread_into_record(
        &mut self,
        value: &Expr,
        record: &RecordType,
        index: &Fields<'_>,
        present: &mut Present,
    ) -> bool {
        let secret = value.ty.is_secret();
        match value.ty.exposed() {
            Type::Record(spread) | Type::Module(spread) => {
                let mut fine = true;
                for from in &spread.fields {
                    let Some(target) = index.get(&from.name) else {
                        self.tell(unknown_field(record, &from.name, value.span));
                        fine = false;
                        continue;
                    };
                    let ty = if secret { from.ty.clone().secret() } else { from.ty.clone() };
                    match fits::fits(&ty, &target.ty, self.frame.secrets) {
                        Fit::Same => {}
                        Fit::Coerce => present.coerced = true,
                        Fit::No => {
                            let found = Expr { ty, ..super::context::error(value.span) };
                            self.mismatch(&found, &target.ty, What::Field(&from.name));
                            fine = false;
                        }
                    }
                    present.names.insert(&from.name, value.span);
                }
                fine
            }
            Type::Any => {
                // What is in it is only known when it is evaluated; it is checked then.
                present.coerced = true;
                record.fields.iter().for_each(|target| {
                    present.names.insert(&target.name, value.span);
                });
                true
            }
            Type::Error => false,
            Type::Map(_) => {
                let found = described(&value.ty);
                let help = "the keys of a map are not known: name the fields, or make the map a record".to_owned();
                self.tell(TypeProblem::BadSpread { found, span: value.span, help });
                false
            }
            _ => {
                self.bad_record_spread(value);
                false
            }
        }
    }

    fn nothing_missing(&mut self, record: &RecordType, present: &Keys, span: Span) -> bool {
        let mut missing =
            record.fields.iter().filter(|field| !field.optional && !present.contains(&field.name)).peekable();
        if missing.peek().is_none() {
            return true;
        }
        let mut fine = true;
        // What a misspelt name means was told already.
        let misspelt = present.names().filter(|name| record.field(name).is_none());
        let meant: Vec<&str> = misspelt
            .filter_map(|name| super::report::nearest(name, record.fields.iter().map(|field| field.name.as_str())))
            .collect();
        for field in missing {
            if meant.contains(&field.name.as_str()) {
                fine = false;
                continue;
            }
            self.tell(missing_field(record, field, Span { end: span.start.saturating_add(1).min(span.end), ..span }));
            fine = false;
        }
        fine
    }
}

/// Which fields a record literal has, and whether the whole has to be made to fit: to fill in defaults, or because of
/// something that was spread into it.
struct Present {
    names: Keys,
    coerced: bool,
}

fn field(name: &EcoString, ty: Type, span: Option<Span>) -> Field {
    Field { name: name.clone(), ty, optional: false, docs: EcoString::new(), span }
}

fn map_entry(ty: &Type) -> Type {
    match ty {
        Type::Map(entry) => entry.as_ref().clone(),
        Type::Secret(inner) => map_entry(inner).secret(),
        Type::Record(record) => {
            let joined = record.fields.iter().try_fold(Type::Error, |sum, field| join(&sum, &field.ty));
            if record.fields.is_empty() { Type::Any } else { joined.unwrap_or(Type::Any) }
        }
        Type::Error => Type::Error,
        _ => Type::Any,
    }
}
