//! Schemas of built-in and custom kinds, as one view.
//!
//! A schema is `OpenAPI`'s JSON. References lead into the definitions of the built-in API only, which are made once, when
//! first asked for, from the types of `k8s-openapi` and the table of [`merge_keys`].

mod builtin;
mod decode;
mod merge_keys;
mod quantity;

pub(crate) use builtin::{builtins, definition, definitions, reference};
pub(crate) use decode::{cannot_be_handled, decode, read_fields};

use serde_json::Value as Json;

/// A node of a schema; `outer` is what stands where it is used, `inner` what that refers to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    outer: &'a Json,
    inner: &'a Json,
}

/// What a node takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// An object.
    Object,
    /// A list.
    List,
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A whole number or a text.
    IntegerOrText,
    /// An amount such as `500m`.
    Quantity,
    /// Anything.
    Any,
}

/// How the items of a list are told apart by server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListType<'a> {
    /// Not at all.
    Atomic,
    /// By their value.
    Set,
    /// By these fields.
    Map(Vec<&'a str>),
}

/// The texts and numbers of which the definition of an amount consists.
fn is_amount(kinds: &Json) -> bool {
    kinds.pointer("/1/type").is_some_and(|kind| kind == "number")
}

/// Of this nothing is known.
static ANY: Json = Json::Null;

impl<'a> Schema<'a> {
    /// A view of a node.
    pub(crate) fn new(node: &'a Json) -> Self {
        Self { outer: node, inner: resolve(node) }
    }

    /// A schema that takes anything.
    pub(crate) fn any() -> Self {
        Self { outer: &ANY, inner: &ANY }
    }

    fn word(self, key: &str) -> Option<&'a Json> {
        self.outer.get(key).or_else(|| self.inner.get(key))
    }

    fn says(self, key: &str) -> bool {
        self.word(key).and_then(Json::as_bool).unwrap_or_default()
    }

    /// The field that the schema names.
    pub(crate) fn named_field(self, name: &str) -> Option<Self> {
        self.inner.get("properties")?.get(name).map(Self::new)
    }

    /// The schema of a field, named or not; none if there may be no such field.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.named_field(name).or_else(|| self.other_fields())
    }

    /// Names and schemas of the named fields.
    pub(crate) fn fields(self) -> impl Iterator<Item = (&'a String, Self)> {
        let fields = self.inner.get("properties").and_then(Json::as_object);
        fields.into_iter().flatten().map(|(name, node)| (name, Self::new(node)))
    }

    /// The schema of fields that are not named.
    pub(crate) fn other_fields(self) -> Option<Self> {
        match self.inner.get("additionalProperties") {
            Some(Json::Bool(false)) => None,
            Some(node @ Json::Object(_)) => Some(Self::new(node)),
            Some(_) => Some(Schema::any()),
            None if self.preserves_unknown() || self.kind() == Type::Any => Some(Schema::any()),
            None if self.inner.get("properties").is_none() && !self.is_embedded() => Some(Schema::any()),
            None => None,
        }
    }

    /// The schema of a list's items.
    pub(crate) fn items(self) -> Self {
        self.inner.get("items").map_or_else(Schema::any, Self::new)
    }

    /// Whether fields that the schema does not name are kept.
    pub(crate) fn preserves_unknown(self) -> bool {
        self.says("x-kubernetes-preserve-unknown-fields")
    }

    /// Whether a whole object lies here, with its own `apiVersion`, `kind` and `metadata`.
    pub(crate) fn is_embedded(self) -> bool {
        self.says("x-kubernetes-embedded-resource")
    }

    /// What it takes.
    pub(crate) fn kind(self) -> Type {
        if self.says("x-kubernetes-int-or-string") {
            return Type::IntegerOrText;
        }
        match self.inner.get("type").and_then(Json::as_str) {
            Some("object") => Type::Object,
            Some("array") => Type::List,
            Some("string") => Type::Text,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            _ if self.inner.get("properties").is_some() => Type::Object,
            _ if self.inner.get("oneOf").is_some_and(is_amount) => Type::Quantity,
            _ => Type::Any,
        }
    }

    /// `format`, such as `byte` and `date-time`.
    pub(crate) fn format(self) -> &'a str {
        self.word("format").and_then(Json::as_str).unwrap_or_default()
    }

    /// The default that the schema itself gives.
    pub(crate) fn default(self) -> Option<&'a Json> {
        self.word("default")
    }

    /// Fields that have to be given.
    pub(crate) fn required(self) -> impl Iterator<Item = &'a str> {
        let required = self.inner.get("required").and_then(Json::as_array);
        required.into_iter().flatten().filter_map(Json::as_str)
    }

    /// Whether null is a value here.
    pub(crate) fn is_nullable(self) -> bool {
        self.says("nullable")
    }

    /// Whether an object is owned as a whole.
    pub(crate) fn is_atomic_map(self) -> bool {
        self.word("x-kubernetes-map-type").is_some_and(|kind| kind == "atomic")
    }

    /// How a list's items are told apart.
    pub(crate) fn list_type(self) -> ListType<'a> {
        match self.word("x-kubernetes-list-type").and_then(Json::as_str) {
            Some("set") => ListType::Set,
            Some("map") => ListType::Map(self.list_map_keys()),
            _ => ListType::Atomic,
        }
    }

    fn list_map_keys(self) -> Vec<&'a str> {
        let keys = self.word("x-kubernetes-list-map-keys").and_then(Json::as_array);
        keys.into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// The key by which a strategic merge patch merges a list's items.
    pub(crate) fn patch_merge_key(self) -> Option<&'a str> {
        self.word("x-kubernetes-patch-merge-key").and_then(Json::as_str)
    }

    /// Whether a strategic merge patch does this with the field: `merge`, `replace`, `retainKeys`.
    pub(crate) fn has_patch_strategy(self, strategy: &str) -> bool {
        let written = self.word("x-kubernetes-patch-strategy").and_then(Json::as_str).unwrap_or_default();
        written.split(',').any(|one| one == strategy)
    }
}

/// What a node refers to, directly or as the one member of `allOf` (so that it can have words of its own).
fn resolve(node: &Json) -> &Json {
    let reference = node.get("$ref").or_else(|| node.get("allOf")?.get(0)?.get("$ref"));
    let Some(path) = reference.and_then(Json::as_str) else { return node };
    path.rsplit('/').next().map_or(node, |name| definition(name))
}
