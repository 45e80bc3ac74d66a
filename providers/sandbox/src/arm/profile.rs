//! The profiles of resource types: read once from the tables in `profiles/`, which are written in our own words from
//! recorded traffic.

use super::shape::Shape;
pub(crate) use super::verb::{BodyForm, Verb};
use super::wire::Wire;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const TABLES: [&str; 5] = [
    include_str!("profiles/network.yaml"),
    include_str!("profiles/compute.yaml"),
    include_str!("profiles/containers.yaml"),
    include_str!("profiles/identity.yaml"),
    include_str!("profiles/data.yaml"),
];

/// How a type behaves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The type's name, from the table's key.
    #[serde(skip)]
    pub(crate) name: String,
    /// How its service tells of operations.
    #[serde(default)]
    pub(crate) wire: Wire,
    /// The answer to a PUT of a new name.
    pub(crate) create: Verb,
    /// The answer to a PUT of a name that is there.
    pub(crate) update: Option<Verb>,
    /// The answer to a PATCH.
    pub(crate) patch: Option<Verb>,
    /// The answer to a DELETE.
    #[serde(default)]
    pub(crate) delete: Verb,
    /// The form of the etag.
    #[serde(default)]
    pub(crate) etag: EtagForm,
    /// The API version from which on bodies have it.
    pub(crate) etag_since: Option<String>,
    /// Where the body has it: `etag` or `eTag`.
    #[serde(default = "etag_key")]
    pub(crate) etag_key: String,
    /// The type as it is shown, where that differs.
    pub(crate) shown: Option<String>,
    /// How ids are shown.
    #[serde(default)]
    pub(crate) ids: IdForm,
    /// Bodies have `properties.provisioningState`.
    #[serde(default = "yes")]
    pub(crate) state: bool,
    /// Parts show `Succeeded` while the resource is worked on.
    #[serde(default)]
    pub(crate) steady_parts: bool,
    /// A PUT is laid over what is there instead of replacing it.
    #[serde(default)]
    pub(crate) merge: bool,
    /// Maps that such a PUT replaces whole where it sends them; `[]` is any item, `{}` any entry.
    #[serde(default)]
    pub(crate) replaced: Vec<String>,
    /// The `location` of a body.
    #[serde(default)]
    pub(crate) location: LocationRule,
    /// What names must look like.
    pub(crate) names: Option<String>,
    /// The name is taken once for all subscriptions.
    pub(crate) global: Option<String>,
    /// What must be sent.
    #[serde(default)]
    pub(crate) required: Vec<String>,
    /// What is sent and never shown.
    #[serde(default)]
    pub(crate) hidden: Vec<String>,
    /// Objects of which only the id is kept.
    #[serde(default)]
    pub(crate) cut: Vec<String>,
    /// Values whose case is the service's: a path, and the values.
    #[serde(default)]
    pub(crate) case: BTreeMap<String, Vec<String>>,
    /// Empty lists and maps that were sent are not shown.
    #[serde(default)]
    pub(crate) drops_empty: bool,
    /// Explicit nulls are kept.
    #[serde(default)]
    pub(crate) keeps_nulls: bool,
    /// Where the type lies in its parent's body.
    pub(crate) embedded: Option<Embedded>,
    /// The places that hold ids of other resources.
    #[serde(default)]
    pub(crate) references: Vec<Reference>,
    /// The error when something else still uses the resource.
    pub(crate) in_use: Option<String>,
    /// Children of this type must go first.
    pub(crate) children_first: Option<String>,
    /// Places where a private address is taken from a subnet beside it.
    #[serde(default)]
    pub(crate) addresses: Vec<String>,
    /// The answer to a GET of a name that is not there: `gateway` or one of [`super::failure`]'s forms.
    #[serde(default)]
    pub(crate) missing: Missing,
    /// The answer where the parent is not there.
    #[serde(default)]
    pub(crate) orphan: Orphan,
    /// Lists end in a link to an empty page.
    #[serde(default)]
    pub(crate) trailing_page: bool,
    /// Oldest and newest API version.
    pub(crate) versions: Option<(String, String)>,
    /// Bodies have `systemData`.
    #[serde(default)]
    pub(crate) system_data: bool,
    /// The API version from which on they have it.
    pub(crate) system_data_since: Option<String>,
    /// Polls of a deletion carry this error beside their status.
    pub(crate) delete_noise: Option<String>,
    /// Words of progress that the service's polls tell.
    #[serde(default)]
    pub(crate) progress: Vec<String>,
    /// The shape, as it is declared.
    #[serde(default, rename = "shape")]
    pub(crate) declared: Map<String, Json>,
    /// What the service adds.
    #[serde(skip)]
    pub(crate) shape: Shape,
    /// Lists that a PUT which leaves them out does not empty.
    #[serde(default)]
    pub(crate) keeps_lists: Vec<String>,
    /// Bodies have no `type`.
    #[serde(default)]
    pub(crate) typeless: bool,
    /// Another profile that this one is laid over.
    #[serde(default, rename = "like")]
    pub(crate) _like: Option<String>,
}

/// Where a child lies in its parent's body.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Embedded {
    /// The list.
    pub(crate) at: String,
    /// Items are the child's properties themselves, with the name among them.
    #[serde(default)]
    pub(crate) flat: bool,
}

/// A place that holds the id of another resource.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reference {
    /// The place, which leads to an object with an id, or to an id.
    pub(crate) at: String,
    /// Where the other one shows who refers to it; a list where it ends in `[]`.
    pub(crate) back: Option<String>,
    /// What is shown there is in upper case, apart from `…/providers/namespace/type`.
    #[serde(default)]
    pub(crate) upper: bool,
    /// The error when it is not there.
    #[serde(default)]
    pub(crate) absent: Absent,
    /// The reference does not keep the other one from being deleted.
    #[serde(default)]
    pub(crate) loose: bool,
}

/// What happens when a referenced resource is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Absent {
    /// 400 `InvalidResourceReference`.
    #[default]
    Invalid,
    /// 404 `NotFound`.
    NotFound,
    /// Nothing.
    Fine,
}

/// The form of an etag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EtagForm {
    /// None.
    #[default]
    None,
    /// `W/"guid"`.
    Weak,
    /// `"guid"`.
    Quoted,
    /// `guid`.
    Bare,
    /// `"3"`.
    Counter,
    /// `"0x8D…"`.
    Blob,
}

/// How ids are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdForm {
    /// As they were sent.
    #[default]
    Sent,
    /// With `resourcegroups`.
    LowerKeyword,
    /// With the group's name in upper case.
    UpperGroup,
    /// With group and names in lower case.
    LowerNames,
}

/// The `location` of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LocationRule {
    /// A region: required and kept.
    #[default]
    Required,
    /// `global` and nothing else, required and kept: the type is in no region.
    Global,
    /// A region or `global`, required and kept.
    Anywhere,
    /// A region or `global`, kept where it is sent.
    Optional,
    /// The type has none.
    None,
}

/// The answer to a GET of a name that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Missing {
    /// ARM answers: `ResourceNotFound`.
    #[default]
    Gateway,
    /// `ResourceNotFound`, told by the service.
    Service,
    /// `NotFound`, `Resource ID not found.`
    Network,
    /// `NotFound`, `Resource NAME not found.`
    NetworkName,
    /// `NotFound` of DNS.
    Record,
    /// `NotFound` in Compute's words.
    Compute,
    /// `NotFound` in Compute's words for disks.
    Disk,
    /// A bare error of AKS.
    Pool,
    /// `NotFound` of managed identity.
    Credential,
    /// `NotFound` of Cdn.
    Cdn,
    /// `ContainerNotFound`.
    Container,
    /// `ShareNotFound`.
    Share,
    /// `RoleAssignmentNotFound`.
    RoleAssignment,
    /// `RoleDefinitionDoesNotExist`.
    RoleDefinition,
}

/// The answer where the parent is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Orphan {
    /// `ParentResourceNotFound`, with the operation and the type.
    #[default]
    Parent,
    /// `ParentResourceNotFound`, in the words for nested resources; told even where the group is gone.
    Nested,
    /// `ParentResourceNotFound` even where the group is gone.
    ParentFirst,
    /// `ResourceNotFound` that names the parent.
    NamesParent,
    /// The same even where the group is gone.
    NamesParentFirst,
    /// A DELETE is done.
    Gone,
}

impl Profile {
    fn declared(name: &str, declared: &BTreeMap<String, Map<String, Json>>) -> Result<Self, String> {
        let whole = overlaid(name, declared, 0)?;
        let mut profile: Self = serde_json::from_value(Json::Object(whole)).map_err(|err| err.to_string())?;
        profile.name = name.to_owned();
        profile.shape = Shape::parse(&profile.declared);
        Ok(profile)
    }
}

fn etag_key() -> String {
    "etag".to_owned()
}

const fn yes() -> bool {
    true
}

/// All profiles, by type in lower case.
#[derive(Debug)]
pub(crate) struct Profiles {
    types: BTreeMap<String, Profile>,
    fallback: Profile,
}

impl Profiles {
    /// The profiles of the program. A declaration that cannot be read is left out and told; a test sees to it that there
    /// is none.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Profiles> = OnceLock::new();
        SHARED.get_or_init(|| {
            let (profiles, problems) = Self::read();
            problems.iter().for_each(|problem| tracing::error!(problem, "a profile cannot be read"));
            profiles
        })
    }

    /// Reads the tables; what cannot be read is told beside the profiles.
    fn read() -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut declared: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
        for table in TABLES {
            match serde_norway::from_str::<BTreeMap<String, Map<String, Json>>>(table) {
                Ok(table) => declared.extend(table),
                Err(err) => problems.push(err.to_string()),
            }
        }
        let mut types = BTreeMap::new();
        for name in declared.keys() {
            match Profile::declared(name, &declared) {
                Ok(profile) => drop(types.insert(name.to_lowercase(), profile)),
                Err(err) => problems.push(format!("{name}: {err}")),
            }
        }
        (Self { types, fallback: fallback() }, problems)
    }

    /// The profile of a type; a general one where there is none of its own.
    pub(crate) fn of(&self, kind: &str) -> &Profile {
        self.types.get(&kind.to_lowercase()).unwrap_or(&self.fallback)
    }

    /// The profile of a type, if it has one of its own.
    pub(crate) fn known(&self, kind: &str) -> Option<&Profile> {
        self.types.get(&kind.to_lowercase())
    }

    /// All types that have a profile, in order.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Profile> {
        self.types.values()
    }
}

/// How a type behaves that nobody has described.
fn fallback() -> Profile {
    Profile {
        create: Verb::parse("201 Creating 2s"),
        update: Some(Verb::parse("200 Updating 2s")),
        delete: Verb::parse("202 2s nothing"),
        location: LocationRule::Optional,
        state: true,
        etag_key: etag_key(),
        ..Profile::default()
    }
}

/// A declaration over those that it is `like`.
fn overlaid(
    name: &str,
    declared: &BTreeMap<String, Map<String, Json>>,
    depth: usize,
) -> Result<Map<String, Json>, String> {
    let own = declared.get(name).ok_or_else(|| format!("{name} is like a type that is not declared"))?;
    let Some(like) = own.get("like").and_then(Json::as_str).filter(|_| depth < 8) else { return Ok(own.clone()) };
    let mut whole = overlaid(like, declared, depth + 1)?;
    for (key, value) in own {
        match (key.as_str(), whole.get_mut(key), value) {
            ("shape", Some(Json::Object(under)), Json::Object(over)) => lay_over(under, over),
            _ => {
                whole.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(whole)
}

fn lay_over(under: &mut Map<String, Json>, over: &Map<String, Json>) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Json::Object(under)), Json::Object(over)) => lay_over(under, over),
            _ => {
                under.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_tables_can_be_read() {
        let (profiles, problems) = Profiles::read();
        assert!(problems.is_empty(), "{problems:#?}");
        assert!(profiles.types().count() > 60);
    }

    #[test]
    fn embedded_types_name_a_list_and_have_a_parent() {
        let (profiles, _) = Profiles::read();
        for profile in profiles.types().filter(|profile| profile.embedded.is_some()) {
            let parent = profile.name.rsplit_once('/').map(|(parent, _)| parent).expect("a parent");
            assert!(profiles.known(parent).is_some(), "{} has no parent", profile.name);
        }
    }
}
