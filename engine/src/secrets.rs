//! Keeping secrets marked. Providers answer with plain texts; what a schema calls secret, and what was secret in the
//! config, is marked again before anything is recorded or compared.

use formwork_model::schema::ResourceSchema;
use formwork_model::{Value, ValueBuf, ValueRef, View};
use formwork_provider_api::scrub::Scrubber;
use formwork_provider_api::{ProviderError, secrecy};
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// Marks what is secret in the values of an object: by schema, by place, and wherever a text of `sources` (configs,
/// earlier values) that is secret there comes back elsewhere, as it was or encoded.
#[must_use]
pub fn mark(schema: &ResourceSchema, sources: &[ValueRef<'_>], values: ValueBuf) -> ValueBuf {
    let mut secrets = BTreeSet::new();
    sources.iter().for_each(|source| collect(*source, &mut secrets));
    let marked = secrecy::marked(schema.attributes, sources, values);
    if secrets.is_empty() {
        return marked;
    }
    let mut scrubber = Scrubber::new();
    secrets.iter().for_each(|secret| scrubber.learn_whole(secret));
    ValueBuf::from(&mark_texts(&marked.to_value(), &scrubber))
}

/// The secrets of a run, learnt as they become known: taken out of every text that leaves the engine.
#[derive(Debug, Default)]
pub struct SecretRegistry(RwLock<Scrubber>);

impl SecretRegistry {
    /// Learns the secrets in a value.
    pub fn learn(&self, value: ValueRef<'_>) {
        if value.holds_secret() {
            self.0.write().unwrap_or_else(PoisonError::into_inner).learn(value);
        }
    }

    /// Learns the secrets of a plan: those that its file carried.
    pub fn learn_plan(&self, plan: &crate::plan::Plan) {
        plan.values.iter().for_each(|value| self.learn(value));
    }

    /// The text without secrets.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).scrub(text)
    }

    /// The error without secrets.
    #[must_use]
    pub fn scrub_error(&self, error: ProviderError) -> ProviderError {
        self.0.read().unwrap_or_else(PoisonError::into_inner).scrub_error(error)
    }
}

/// All secret texts in a value.
pub fn collect(value: ValueRef<'_>, secrets: &mut BTreeSet<String>) {
    match value.view() {
        View::List(items) | View::Set(items) => items.for_each(|item| collect(item, secrets)),
        View::Map(entries) => entries.into_iter().for_each(|(_, value)| collect(value, secrets)),
        View::Secret(inner) => collect_all(inner, secrets),
        _ => {}
    }
}

fn collect_all(value: ValueRef<'_>, secrets: &mut BTreeSet<String>) {
    match value.view() {
        // Shorter texts would turn ordinary words secret, and protect nothing.
        View::String(text) if text.len() >= 4 => {
            secrets.insert(text.to_owned());
        }
        View::List(items) | View::Set(items) => items.for_each(|item| collect_all(item, secrets)),
        View::Map(entries) => entries.into_iter().for_each(|(_, value)| collect_all(value, secrets)),
        View::Secret(inner) => collect_all(inner, secrets),
        _ => {}
    }
}

fn mark_texts(value: &Value, secrets: &Scrubber) -> Value {
    match value {
        Value::String(text) if secrets.finds(text) => value.clone().secret(),
        // A key cannot be secret by itself.
        Value::Map(map) if map.keys().any(|key| secrets.finds(key)) => value.clone().secret(),
        Value::List(items) => Value::list(items.iter().map(|item| mark_texts(item, secrets))),
        Value::Set(items) => Value::set(items.iter().map(|item| mark_texts(item, secrets))),
        Value::Map(map) => {
            Value::Map(map.iter().map(|(key, value)| (key.clone(), mark_texts(value, secrets))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use formwork_model::schema::{Attribute, AttributeType};

    const SCHEMA: ResourceSchema = ResourceSchema::new("thing", "A thing.").attributes(&[
        Attribute::string("token", "A token.").computed().secret(),
        Attribute::string_map("tags", "Tags."),
        Attribute::new("users", AttributeType::List(&AttributeType::Object(USERS)), "Users."),
    ]);
    const USERS: &[Attribute] = &[Attribute::string("name", "Name."), Attribute::string("key", "Key.").secret()];

    #[test]
    fn secrets_are_marked_by_schema_and_by_value() {
        let config = ValueBuf::from(Value::map([("tags", Value::map([("p", Value::string("hunter2").secret())]))]));
        let answer = ValueBuf::from(Value::map([
            ("token", Value::string("abc")),
            ("tags", Value::map([("p", Value::string("hunter2")), ("q", Value::string("user=hunter2;"))])),
            ("other", Value::map([("base64", Value::string("dXNlcj1odW50ZXIyOw==")), ("r", Value::string("b"))])),
            ("keys", Value::map([("of hunter2", Value::string("c"))])),
            ("users", Value::list([Value::map([("name", Value::string("a")), ("key", Value::string("k"))])])),
        ]));
        let text = format!("{:?}", mark(&SCHEMA, &[config.view()], answer));
        assert!(!text.contains("hunter2") && !text.contains("abc") && !text.contains("\"k\""), "{text}");
        assert!(!text.contains("dXNlcj1odW50ZXIyOw") && !text.contains("\"c\""), "{text}");
        assert!(text.contains("\"a\"") && text.contains("\"b\""), "{text}");
    }
}
