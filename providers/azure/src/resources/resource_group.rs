//! `azure.resource_group`: what most other objects lie in. Azure deletes a group with everything in it; here it is looked
//! at first, since what is left then belongs to somebody else.

use crate::arm::error::found;
use crate::arm::id::GROUP_TYPE;
use crate::arm::operation::is_deleting;
use crate::arm::{Request, ResourceId, Verb};
use crate::registry;
use crate::resource::path::LOCAL;
use crate::resource::{ArmType, Change, Hooks, Scope};
use crate::schema::{FULL, ID, LOCATION, TAGS, name, versions};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::Value;
use formwork_model::schema::{Attribute, Equality, Limit, Recognition, ResourceSchema};
use formwork_provider_api::{ErrorClass, ProviderError};
use std::time::Duration;

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the subscription.",
        &[
            Limit::Length(1, 90),
            Limit::Pattern(
                r"^[\p{L}\p{N}_().-]*[\p{L}\p{N}_()-]$",
                "letters, digits, `_`, `-`, `.` and parentheses; it does not end with a point",
            ),
        ],
    ),
    LOCATION,
    Attribute::string("managed_by", "Id of the object that manages it.")
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::boolean(
        "delete_with_contents",
        "Whether a delete takes with it what this stack does not know; else it is refused while such things are in the group.",
    )
    .vendor(LOCAL)
    .default_bool(false),
    TAGS,
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "resource_group",
    "A group of objects that live and die together (`Microsoft.Resources/resourceGroups`).",
)
.attributes(ATTRIBUTES)
.natural_key("name")
.recognised_by(Recognition::Name)
.timeouts(600, 600, 5400)
.usually_takes_s(2)
.import_help("the group's id, `/subscriptions/…/resourceGroups/…`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, GROUP_TYPE, versions::RESOURCES, Scope::Subscription).with_hooks(&Group);

struct Group;

/// How long a group may still list what is gone, or going.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(10);
/// So many objects are named where a delete is refused.
const NAMED: usize = 5;

#[async_trait]
impl Hooks for Group {
    async fn before_delete(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        if matches!(change.wanted.get("delete_with_contents"), Some(Value::Bool(true))) {
            return Ok(());
        }
        let mut slept = Duration::ZERO;
        loop {
            let contents = Contents::of(change.session, change.id).await?;
            if !contents.staying.is_empty() || (slept >= PATIENCE && !contents.leaving.is_empty()) {
                return Err(contents.refusal(change.id));
            }
            if contents.leaving.is_empty() {
                return Ok(());
            }
            change.sink.progress(&format!("waiting until {} is empty", change.id.name()));
            change.sink.sleep(PAUSE).await?;
            slept += PAUSE;
        }
    }
}

/// What a group lists.
#[derive(Default)]
struct Contents {
    /// It is there.
    staying: Vec<ResourceId>,
    /// It is on its way out, or of a type that cannot be asked here: lists lag behind.
    leaving: Vec<ResourceId>,
}

impl Contents {
    async fn of(session: &Session, group: &ResourceId) -> Result<Self, ProviderError> {
        let request = Request::at(Verb::Get, format!("{group}/resources"), versions::RESOURCES);
        let items = found(session.arm.list(request).await)?.unwrap_or_default();
        let ids = items.iter().filter_map(|item| ResourceId::parse(item.get("id")?.as_str()?));
        let mut contents = Self::default();
        for id in ids {
            let known = registry::resources().filter_map(|one| one.arm()).find(|ty| id.is_type(ty.kind));
            let Some(ty) = known else {
                contents.leaving.push(id);
                continue;
            };
            match session.arm.get(&id, ty.api_version).await?.map(|answer| answer.body) {
                None => {}
                Some(body) if is_deleting(&body) => contents.leaving.push(id),
                Some(_) => contents.staying.push(id),
            }
        }
        Ok(contents)
    }

    fn refusal(&self, group: &ResourceId) -> ProviderError {
        let all: Vec<String> = self.staying.iter().chain(&self.leaving).map(named).collect();
        let named = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = match all.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("the group {} holds what is not of this stack: {named}{more}", group.name());
        ProviderError::new(ErrorClass::Conflict, message).help(
            "delete or move them, or write `delete_with_contents = true` and apply, and the group is deleted with all that \
             is in it",
        )
    }
}

/// `Microsoft.Network/publicIPAddresses/NAME`.
fn named(id: &ResourceId) -> String {
    format!("{}/{}", id.resource_type(), id.name())
}
