//! Addresses: the identity of everything that a stack manages. They are structs; the written form
//! `cluster["eu"].pool["x"]` is made and read at the edges only, here and nowhere else.

use ecow::{EcoString, EcoVec};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// The name of a resource, data or ephemeral type: `azure.subnet`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TypeName {
    /// The provider that knows the type.
    pub provider: EcoString,
    /// The type's own name within the provider.
    pub name: EcoString,
}

impl TypeName {
    /// `provider.name`.
    #[must_use]
    pub fn new(provider: impl Into<EcoString>, name: impl Into<EcoString>) -> Self {
        Self { provider: provider.into(), name: name.into() }
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.provider, self.name)
    }
}

/// What kind of block an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A `resource` block: managed by this stack.
    Resource,
    /// A `data` block: read, never owned. Written with `data.` in front.
    Data,
    /// An `ephemeral` block: opened when needed, never stored. Written with `ephemeral.` in front.
    Ephemeral,
    /// A `provider` block. Written with `provider.` in front: `provider.aws` is the default instance, and what has a
    /// name of its own stands below the provider, `provider.aws.audit`.
    Provider,
}

impl ObjectKind {
    /// The word in front of a written address; empty for resources.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Resource => "",
            Self::Data => "data.",
            Self::Ephemeral => "ephemeral.",
            Self::Provider => "provider.",
        }
    }
}

/// One call of a module on the way down from the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModuleStep {
    /// The name of the `module` block.
    pub name: EcoString,
    /// Its instance, when the block has a `for`.
    pub key: Option<EcoString>,
}

/// The calls that lead from the root module to a module instance; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ModulePath(pub EcoVec<ModuleStep>);

impl ModulePath {
    /// The root module.
    #[must_use]
    pub const fn root() -> Self {
        Self(EcoVec::new())
    }

    /// The path one call further down.
    #[must_use]
    pub fn child(&self, name: impl Into<EcoString>, key: Option<EcoString>) -> Self {
        let mut steps = self.0.clone();
        steps.push(ModuleStep { name: name.into(), key });
        Self(steps)
    }

    /// Whether this is the root module.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` is this module instance or lies within it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.len() >= self.0.len() && self.0.iter().zip(other.0.iter()).all(|(one, two)| one == two)
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str(".")?;
            }
            write_part(formatter, &step.name, step.key.as_ref())?;
        }
        Ok(())
    }
}

/// The absolute address of one object: module path, kind, name and instance keys.
///
/// ```
/// use formwork_model::Address;
/// let address: Address = r#"cluster["eu"].pool["x"]"#.parse()?;
/// assert_eq!(address.name, "pool");
/// assert_eq!(address.to_string(), r#"cluster["eu"].pool["x"]"#);
/// # Ok::<(), formwork_model::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The module instance that the block stands in.
    pub module: ModulePath,
    /// Which kind of block.
    pub kind: ObjectKind,
    /// The block's name.
    pub name: EcoString,
    /// Its instance, when the block has a `for`.
    pub key: Option<EcoString>,
    /// The row, when the provider expands the block into many (`expand` of the provider contract). A block that has
    /// both `for` and rows is written `name["key"]["row"]`; one that has rows only `name["row"]`.
    pub row: Option<EcoString>,
}

impl Address {
    /// The address of a block that has no instances.
    #[must_use]
    pub fn new(module: ModulePath, kind: ObjectKind, name: impl Into<EcoString>) -> Self {
        Self { module, kind, name: name.into(), key: None, row: None }
    }

    /// A resource of the root module.
    #[must_use]
    pub fn resource(name: impl Into<EcoString>) -> Self {
        Self::new(ModulePath::root(), ObjectKind::Resource, name)
    }

    /// An instance of a provider: the default one, or one with a name of its own. Providers stand in the root module
    /// only; the module path of a named instance is the provider that it belongs to, so that two providers may each
    /// have an instance of one name.
    #[must_use]
    pub fn provider(provider: impl Into<EcoString>, instance: Option<EcoString>) -> Self {
        match instance {
            Some(name) => Self::new(ModulePath::root().child(provider, None), ObjectKind::Provider, name),
            None => Self::new(ModulePath::root(), ObjectKind::Provider, provider),
        }
    }

    /// The same block's instance `key`.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<EcoString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The same instance's expanded row `row`.
    #[must_use]
    pub fn with_row(mut self, row: impl Into<EcoString>) -> Self {
        self.row = Some(row.into());
        self
    }

    /// The block without instance keys.
    #[must_use]
    pub fn block(&self) -> Self {
        Self { key: None, row: None, ..self.clone() }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.prefix())?;
        if !self.module.is_root() {
            write!(formatter, "{}.", self.module)?;
        }
        write_part(formatter, &self.name, self.key.as_ref())?;
        self.row.as_ref().map_or(Ok(()), |row| write_key(formatter, row))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn write_part(formatter: &mut fmt::Formatter<'_>, name: &str, key: Option<&EcoString>) -> fmt::Result {
    formatter.write_str(name)?;
    key.map_or(Ok(()), |key| write_key(formatter, key))
}

fn write_key(formatter: &mut fmt::Formatter<'_>, key: &str) -> fmt::Result {
    formatter.write_str("[\"")?;
    for character in key.chars() {
        match character {
            '"' => formatter.write_str("\\\"")?,
            '\\' => formatter.write_str("\\\\")?,
            '\n' => formatter.write_str("\\n")?,
            '\t' => formatter.write_str("\\t")?,
            '\r' => formatter.write_str("\\r")?,
            other => fmt::Write::write_char(formatter, other)?,
        }
    }
    formatter.write_str("\"]")
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {reason}")]
pub struct AddressError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let fail = |reason| AddressError { text: text.to_owned(), reason };
        let (kind, rest) = [ObjectKind::Data, ObjectKind::Ephemeral, ObjectKind::Provider]
            .into_iter()
            .find_map(|kind| text.strip_prefix(kind.prefix()).map(|rest| (kind, rest)))
            .unwrap_or((ObjectKind::Resource, text));
        let mut parts = Reader { rest }.parts().map_err(fail)?;
        let (name, mut keys) = parts.pop().ok_or_else(|| fail("it is empty"))?;
        if keys.len() > 2 {
            return Err(fail("a block has at most two keys"));
        }
        let row = if keys.len() == 2 { keys.pop() } else { None };
        let mut module = ModulePath::root();
        for (name, mut keys) in parts {
            if keys.len() > 1 {
                return Err(fail("a module has at most one key"));
            }
            module = module.child(name, keys.pop());
        }
        Ok(Self { module, kind, name, key: keys.pop(), row })
    }
}

/// Reads `name["key"].name…`; the only place where an address is taken apart as text.
struct Reader<'a> {
    rest: &'a str,
}

type Part = (EcoString, Vec<EcoString>);

impl Reader<'_> {
    fn parts(mut self) -> Result<Vec<Part>, &'static str> {
        let mut parts = Vec::new();
        loop {
            parts.push(self.part()?);
            match self.rest.strip_prefix('.') {
                Some(rest) => self.rest = rest,
                None if self.rest.is_empty() => return Ok(parts),
                None => return Err("expected `.` or the end"),
            }
        }
    }

    fn part(&mut self) -> Result<Part, &'static str> {
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let starts_well = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
        if !starts_well || !name.chars().all(|character| character.is_alphanumeric() || character == '_') {
            return Err("expected a name");
        }
        self.rest = rest;
        let mut keys = Vec::new();
        while let Some(rest) = self.rest.strip_prefix("[\"") {
            self.rest = rest;
            keys.push(self.key()?);
        }
        Ok((name.into(), keys))
    }

    fn key(&mut self) -> Result<EcoString, &'static str> {
        let mut key = EcoString::new();
        let mut characters = self.rest.char_indices();
        while let Some((position, character)) = characters.next() {
            match character {
                '"' => {
                    let rest = self.rest.get(position + 1..).unwrap_or("");
                    self.rest = rest.strip_prefix(']').ok_or("expected `]` after the key")?;
                    return Ok(key);
                }
                '\\' => match characters.next() {
                    Some((_, 'n')) => key.push('\n'),
                    Some((_, 't')) => key.push('\t'),
                    Some((_, 'r')) => key.push('\r'),
                    Some((_, other @ ('"' | '\\'))) => key.push(other),
                    _ => return Err("unknown escape in a key"),
                },
                other => key.push(other),
            }
        }
        Err("the key does not end; a shell may have eaten its quotes")
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms_come_back() {
        for text in [
            "vnet",
            r#"subnet["aks"]"#,
            r#"cluster["eu"].pool["x"]"#,
            "data.zone",
            r#"data.edge["a"].zone"#,
            r#"provider.aws["eu-west-1"]"#,
            "provider.aws.audit",
            r#"provider.aws.each["eu-west-1"]"#,
            r#"objects["a/b \"c\" \\"]["apps/Deployment"]"#,
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn instances_of_two_providers_differ() {
        let hub = |provider: &str| Address::provider(provider, Some("hub".into()));
        assert_ne!(hub("azure"), hub("aws"));
        assert_eq!(hub("aws"), "provider.aws.hub".parse().expect("an address"));
        assert_eq!(Address::provider("aws", None), "provider.aws".parse().expect("an address"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "a.", "a[0]", "a[\"x\"", "a[\"x\"][\"y\"][\"z\"]", "m[\"x\"][\"y\"].a", "1a", "a b", "a[x]"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
