//! Schemas: what a provider says of its types, as constants.
//!
//! A resource type is declared once, as a `const`, in the file that implements it; the compiler lays the tables out at
//! build time, so that start-up reads nothing and builds nothing.
//!
//! ```
//! use formwork_model::schema::{Attribute, Recognition, ResourceSchema};
//! const BUCKET: ResourceSchema = ResourceSchema::new("bucket", "A place for objects.")
//!     .attributes(&[
//!         Attribute::string("name", "Globally unique name.").required().create_only(),
//!         Attribute::boolean("versioned", "Whether old versions are kept.").default_bool(false),
//!         Attribute::string("id", "The bucket's id.").computed(),
//!     ])
//!     .identity(&["id"])
//!     .natural_key("name")
//!     .recognised_by(Recognition::Name);
//! assert!(BUCKET.attribute("versioned").is_some());
//! ```

mod build;
mod language;

pub use language::{read_record_type, record_type};

use crate::Value;
use serde::Serialize;

/// Everything that a provider says of itself.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ProviderSchema {
    /// The provider's name, the first part of its type names.
    pub name: &'static str,
    /// Version of the provider (semver); a plan file applies only with the one that made it.
    pub version: &'static str,
    /// What it is for, in Markdown.
    pub docs: &'static str,
    /// What a `provider` block takes (apart from `defaults`, which every provider has).
    pub configuration: &'static [Attribute],
    /// Rules between the attributes of a `provider` block. A `false` there counts as not set.
    pub configuration_rules: &'static [Rule],
    /// Resource types, by name.
    pub resources: &'static [ResourceSchema],
    /// Data sources, by name.
    pub data: &'static [ResourceSchema],
    /// Ephemeral values, by name.
    pub ephemerals: &'static [ResourceSchema],
    /// Where `secret_from` can read through this provider.
    pub secrets: &'static [SecretScheme],
}

/// A kind of place that `secret_from("SCHEME:NAME")` reads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SecretScheme {
    /// What stands before the first `:`.
    pub name: &'static str,
    /// What follows it, for people: `VAULT/SECRET[/VERSION][#KEY]`. Empty where nothing does.
    pub form: &'static str,
    /// A whole source, as an example.
    pub example: &'static str,
    /// What is read, in a sentence.
    pub docs: &'static str,
    /// The regular expression that NAME matches as a whole.
    pub pattern: &'static str,
    /// Whether `#KEY` may follow: one part of a secret that is a JSON object.
    pub keyed: bool,
}

impl ProviderSchema {
    /// The resource type called `name`.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&'static ResourceSchema> {
        self.resources.iter().find(|schema| schema.name == name)
    }

    /// The data source called `name`.
    #[must_use]
    pub fn data_source(&self, name: &str) -> Option<&'static ResourceSchema> {
        self.data.iter().find(|schema| schema.name == name)
    }

    /// The ephemeral value called `name`.
    #[must_use]
    pub fn ephemeral(&self, name: &str) -> Option<&'static ResourceSchema> {
        self.ephemerals.iter().find(|schema| schema.name == name)
    }
}

/// A resource type, data source or ephemeral value.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ResourceSchema {
    /// Its name within the provider.
    pub name: &'static str,
    /// What it is, in Markdown.
    pub docs: &'static str,
    /// Version of the stored form; raised when stored values must be upgraded.
    pub version: u32,
    /// Attributes in the order in which people want to read them.
    pub attributes: &'static [Attribute],
    /// Attributes that together say which object it is, once it exists; what `read_many` gets.
    pub identity: &'static [&'static str],
    /// The identity attribute that says by itself which object of the account it is, whatever types and provider blocks lead
    /// to it (a Kubernetes object's `id`); empty where objects of one type under one block alone are comparable.
    pub identity_in_account: &'static str,
    /// The attribute by which a literal may also refer to it (a resource group's name); empty for none.
    pub natural_key: &'static str,
    /// How a create is recognised after a crash.
    pub recognition: Recognition,
    /// How long a list or a search may not show a fresh object, in milliseconds.
    pub settle_ms: u64,
    /// Default time limits.
    pub timeouts: Timeouts,
    /// How long a create usually takes, in seconds: longest expected path first, and what progress says.
    pub expected_create_s: u32,
    /// How long an update usually takes, in seconds; half of a create where nothing else is known.
    pub expected_update_s: u32,
    /// How long a delete usually takes, in seconds; half of a create where nothing else is known.
    pub expected_delete_s: u32,
    /// What `import` takes, for people: "the VPC's id, such as vpc-0123".
    pub import_help: &'static str,
    /// What the provider can do with the type.
    pub capabilities: Capabilities,
    /// Rules between attributes.
    pub rules: &'static [Rule],
    /// The service refuses to delete an object while others refer to it.
    pub held_by_users: bool,
}

/// What a provider can do with a type; what it cannot has a written fallback in the engine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Capabilities {
    /// Can change an object in place. Without it every change replaces.
    pub update: bool,
    /// Answers `find`. Without it an unfinished create becomes uncertain.
    pub find: bool,
    /// `read_many` of many costs few calls. Without it the engine reads in parallel, one by one.
    pub batch_read: bool,
    /// Can list objects that nobody manages.
    pub list: bool,
    /// Can import.
    pub import: bool,
    /// One block becomes many rows by `expand`.
    pub expand: bool,
    /// A create that failed after a checkpoint can be repaired by an update; otherwise it is replaced.
    pub repair: bool,
}

/// How a create is recognised after a crash (architecture, Recovery).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recognition {
    /// The name is chosen by the caller and unique; absence is checked before the create.
    Name,
    /// The request carries a token; repeating it within this many seconds gives the same object.
    Token {
        /// For how long the service remembers a token, in seconds.
        ttl_s: u32,
    },
    /// The operation's id is stamped on the object as a tag.
    Tag,
    /// Attributes that the caller chooses identify it, without being a name (a route's table and destination).
    NaturalKey,
    /// What it makes exists in the state alone (a random password): an unfinished create left nothing and is repeated,
    /// without asking.
    Repeatable,
    /// There is no way: after a crash in the window the row is uncertain, unless the type has the capability `find` and
    /// answers that it may be repeated. Absence cannot be checked before a create.
    None,
}

/// Time limits in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Of a create.
    pub create_s: u32,
    /// Of an update.
    pub update_s: u32,
    /// Of a delete.
    pub delete_s: u32,
}

/// A rule between top-level attributes.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Rule {
    /// Exactly one is set.
    ExactlyOneOf(&'static [&'static str]),
    /// At most one is set.
    AtMostOneOf(&'static [&'static str]),
    /// At least one is set.
    AtLeastOneOf(&'static [&'static str]),
    /// When the first is set, so are the others.
    RequiredWith(&'static [&'static str]),
}

/// One attribute of a type or of a nested block.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Attribute {
    /// Its name in the language: the vendor's in `snake_case`.
    pub name: &'static str,
    /// Meaning, unit and source, in Markdown.
    pub docs: &'static str,
    /// What it takes.
    pub ty: AttributeType,
    /// Who sets it.
    pub presence: Presence,
    /// What it is when the config does not say.
    pub default: Default,
    /// Can only be given at creation: a change replaces the object.
    pub create_only: bool,
    /// Is sent but never read back; the engine compares with what was sent.
    pub write_only: bool,
    /// Is secret, whatever its value.
    pub secret: bool,
    /// When two different values mean the same.
    pub equality: Equality,
    /// For a list of objects: the fields that tell which is which, so that order does not matter.
    pub element_keys: &'static [&'static str],
    /// The vendor's path, where it is not the name in camel case.
    pub vendor: &'static str,
    /// Limits of the value, checked offline.
    pub limits: &'static [Limit],
    /// Members of an open value that are secret by what the value says of itself.
    pub secret_members: &'static [SecretMembers],
}

/// Members of an open value (a Kubernetes manifest) that are secret when another member has a certain text: nobody has to
/// say it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SecretMembers {
    /// The member, and the text that it has then.
    pub when: (&'static str, &'static str),
    /// The members that are secret then.
    pub members: &'static [&'static str],
}

impl SecretMembers {
    /// The value with these members marked, where they are secret.
    fn mark(self, value: Value) -> Value {
        let (name, text) = self.when;
        match value {
            Value::Map(map) if map.get(name).and_then(Value::as_str) == Some(text) => {
                let marked = map.iter().map(|(key, value)| {
                    let secret = self.members.contains(&key.as_str()) && !value.is_null();
                    (key.clone(), if secret { value.clone().secret() } else { value.clone() })
                });
                Value::Map(marked.collect())
            }
            other => other,
        }
    }
}

/// What an attribute takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum AttributeType {
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `float`
    Float,
    /// `string`
    String,
    /// `duration`
    Duration,
    /// `cidr`
    Cidr,
    /// `ip`
    Ip,
    /// `url`
    Url,
    /// Any value.
    Any,
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// One of these texts or another one: the vendor adds values; a near miss is a warning.
    OpenEnum(&'static [&'static str]),
    /// An object of one of these types (`provider.type`), or its identity as text.
    Reference(&'static [&'static str]),
    /// `list<…>`
    List(&'static Self),
    /// `set<…>`
    Set(&'static Self),
    /// `map<…>`
    Map(&'static Self),
    /// A nested block.
    Object(&'static [Attribute]),
    /// The same type as another attribute's value has (`output` of `std.value`).
    SameAs(&'static str),
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The config, always.
    Required,
    /// The config, or nobody.
    Optional,
    /// The cloud.
    Computed,
    /// The config, or else the cloud; unset keeps the prior value.
    OptionalComputed,
}

/// A default, as a constant.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Default {
    /// None: unset stays unset.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    String(&'static str),
    /// A duration in milliseconds.
    Duration(i64),
    /// An empty list, set or map, by the attribute's type.
    Empty,
    /// Anything else, as JSON text.
    Json(&'static str),
}

/// When two values of an attribute mean the same although they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Equality {
    /// Never.
    Exact,
    /// Texts that differ in case only (ARM ids, enums of ARM).
    CaseInsensitive,
    /// JSON texts with the same content (policy documents).
    Json,
    /// Lists with the same items in another order.
    Unordered,
    /// Absent, null, an empty list, map or text.
    EmptyIsAbsent,
    /// Address ranges that cover the same addresses (`10.0.1.0/8` is `10.0.0.0/8`).
    Network,
}

/// A limit of a value that can be checked offline.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Limit {
    /// A number lies within (inclusive).
    Range(i64, i64),
    /// A text has so many characters, a collection so many items (inclusive).
    Length(u32, u32),
    /// A text matches this regular expression (whole text is anchored by the pattern itself); the second text says it
    /// in words.
    Pattern(&'static str, &'static str),
    /// A text is one of these, whatever its case, or matches the regular expression (an id, where names are known); the last
    /// text says so in words, such as `the name of a built-in role, or a role's id`.
    OneOf(&'static [&'static str], &'static str, &'static str),
}

impl Attribute {
    /// The value with the members marked that are secret by what it says of itself.
    #[must_use]
    pub fn members_marked(&self, value: Value) -> Value {
        self.secret_members.iter().fold(value, |value, members| members.mark(value))
    }

    /// Whether the config may set it.
    #[must_use]
    pub const fn is_settable(&self) -> bool {
        !matches!(self.presence, Presence::Computed)
    }

    /// Whether it has one value for ever (the location `global` of what is in no region): the config may write it down, and
    /// can mean nothing else.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self.ty, AttributeType::Enum([_]))
    }

    /// Whether `defaults` of the provider's block give it a value: the config may set it, and has a choice.
    #[must_use]
    pub const fn is_defaultable(&self) -> bool {
        self.is_settable() && !self.is_fixed()
    }

    /// Whether the cloud may set it.
    #[must_use]
    pub const fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }

    /// The default as a value.
    #[must_use]
    pub fn default_value(&self) -> Option<Value> {
        match self.default {
            Default::None => None,
            Default::Bool(truth) => Some(Value::Bool(truth)),
            Default::Int(number) => Some(Value::Int(number)),
            Default::String(text) => Some(Value::string(text)),
            Default::Duration(milliseconds) => Some(Value::Duration(milliseconds)),
            Default::Empty => Some(match self.ty {
                AttributeType::Map(_) | AttributeType::Object(_) => Value::Map(crate::Map::new()),
                AttributeType::Set(_) => Value::set([]),
                _ => Value::list([]),
            }),
            // A wrong text is a mistake of the provider's author; the provider-api's schema test finds it.
            Default::Json(text) => serde_json::from_str(text).ok().map(|json| crate::value::from_json(&json)),
        }
    }
}

impl ResourceSchema {
    /// The attribute called `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}
