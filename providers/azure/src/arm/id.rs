//! Ids of ARM. Their case does not count, and services change it: they are compared by a key and shown as they were told.

use formwork_provider_api::ProviderError;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The type of a resource group, whose id has no `providers` in it.
pub(crate) const GROUP_TYPE: &str = "Microsoft.Resources/resourceGroups";
const SUBSCRIPTION_TYPE: &str = "Microsoft.Resources/subscriptions";

/// `/subscriptions/S/resourceGroups/G/providers/N/TYPE/NAME/…`, or the id of a subscription or of a group.
#[derive(Clone)]
pub(crate) struct ResourceId {
    text: String,
    segments: Vec<String>,
}

impl ResourceId {
    /// Reads an id; none where the text is no id.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim().trim_end_matches('/');
        let segments: Vec<String> = trimmed.strip_prefix('/')?.split('/').map(str::to_owned).collect();
        let sound = !segments.iter().any(String::is_empty) && segments.iter().all(|segment| is_name(segment));
        let id = Self { text: trimmed.to_owned(), segments };
        (sound && id.has_shape()).then_some(id)
    }

    /// Reads an id that must be one.
    ///
    /// # Errors
    /// `Invalid`, naming what was given.
    pub(crate) fn expect(text: &str) -> Result<Self, ProviderError> {
        Self::parse(text).ok_or_else(|| {
            ProviderError::invalid(format!("`{text}` is no id of Azure")).help(
                "an id looks like /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…",
            )
        })
    }

    /// The id of a subscription.
    pub(crate) fn subscription_of(subscription: &str) -> Self {
        Self::of(format!("/subscriptions/{subscription}"))
    }

    /// The id of a resource group.
    ///
    /// # Errors
    /// When the name cannot be one.
    pub(crate) fn group_of(subscription: &str, name: &str) -> Result<Self, ProviderError> {
        checked(name)?;
        Ok(Self::of(format!("/subscriptions/{subscription}/resourceGroups/{name}")))
    }

    /// The id of a resource of a provider under this scope; `kind` is `Microsoft.Network/virtualNetworks`.
    ///
    /// # Errors
    /// When the name cannot be one.
    pub(crate) fn resource(&self, kind: &str, name: &str) -> Result<Self, ProviderError> {
        checked(name)?;
        Ok(Self::of(format!("{}/providers/{kind}/{name}", self.text)))
    }

    /// The id of a child: `kind` is its own part of the type, such as `subnets`.
    ///
    /// # Errors
    /// When the name cannot be one.
    pub(crate) fn child(&self, kind: &str, name: &str) -> Result<Self, ProviderError> {
        checked(name)?;
        Ok(Self::of(format!("{}/{kind}/{name}", self.text)))
    }

    fn of(text: String) -> Self {
        let segments = text.trim_start_matches('/').split('/').map(str::to_owned).collect();
        Self { text, segments }
    }

    /// As it was told.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What it is compared by.
    pub(crate) fn key(&self) -> String {
        self.text.to_lowercase()
    }

    fn value_of(&self, word: &str) -> Option<&str> {
        let mut pairs = self.segments.chunks_exact(2);
        pairs.find_map(|pair| match pair {
            [key, value] if key.eq_ignore_ascii_case(word) => Some(value.as_str()),
            _ => None,
        })
    }

    /// The subscription that it lies in.
    pub(crate) fn subscription(&self) -> Option<&str> {
        self.value_of("subscriptions")
    }

    /// The name of the group that it lies in.
    pub(crate) fn group(&self) -> Option<&str> {
        self.value_of("resourceGroups")
    }

    /// The id of the group that it lies in.
    pub(crate) fn group_id(&self) -> Option<Self> {
        Self::group_of(self.subscription()?, self.group()?).ok()
    }

    /// Its own name.
    pub(crate) fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// Where the last `providers` stands.
    fn provider_at(&self) -> Option<usize> {
        self.segments.iter().rposition(|segment| segment.eq_ignore_ascii_case("providers"))
    }

    /// `Microsoft.Network/virtualNetworks/subnets`, in the case in which it was told.
    pub(crate) fn resource_type(&self) -> String {
        let Some(position) = self.provider_at() else {
            return if self.group().is_some() { GROUP_TYPE.to_owned() } else { SUBSCRIPTION_TYPE.to_owned() };
        };
        let mut rest = self.segments.iter().skip(position + 1);
        let namespace = rest.next().map_or("", String::as_str);
        rest.step_by(2).fold(namespace.to_owned(), |text, kind| format!("{text}/{kind}"))
    }

    /// Whether it is of this type.
    pub(crate) fn is_type(&self, kind: &str) -> bool {
        self.resource_type().eq_ignore_ascii_case(kind)
    }

    /// What it lies under: the parent of a child, the group or scope of a resource of its own.
    pub(crate) fn parent(&self) -> Option<Self> {
        let position = self.provider_at();
        let depth = position.map_or(self.segments.len(), |position| self.segments.len() - position - 2);
        let cut = match (position, depth) {
            (Some(position), ..=2) => position,
            _ => self.segments.len().saturating_sub(2),
        };
        let segments = self.segments.get(..cut).filter(|segments| !segments.is_empty())?;
        Some(Self::of(format!("/{}", segments.join("/"))))
    }

    /// The resource of its own that it is, or that it is a child of: the virtual network of a subnet.
    pub(crate) fn root(&self) -> Self {
        let end = self.provider_at().map_or(self.segments.len(), |position| (position + 4).min(self.segments.len()));
        let segments = self.segments.get(..end).unwrap_or(&self.segments);
        Self::of(format!("/{}", segments.join("/")))
    }

    fn has_shape(&self) -> bool {
        let first = self.segments.first().is_some_and(|segment| {
            segment.eq_ignore_ascii_case("subscriptions") || segment.eq_ignore_ascii_case("providers")
        });
        match self.provider_at() {
            None => first && self.segments.len().is_multiple_of(2),
            Some(position) => {
                first && self.segments.len() > position + 2 && (self.segments.len() - position).is_multiple_of(2)
            }
        }
    }
}

/// Whether a text can be one part of a path. Blanks and the like are escaped when it is sent.
fn is_name(text: &str) -> bool {
    let harmful = |character: char| matches!(character, '/' | '\\' | '?' | '#' | '%') || character.is_control();
    !text.is_empty() && text != "." && text != ".." && !text.chars().any(harmful)
}

fn checked(name: &str) -> Result<(), ProviderError> {
    if is_name(name) {
        return Ok(());
    }
    Err(ProviderError::invalid(format!("`{name}` cannot be the name of anything in Azure")))
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text) || self.key() == other.key()
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SUBNET: &str = "/subscriptions/S/resourcegroups/G/providers/Microsoft.Network/virtualNetworks/V/subnets/a";

    #[test]
    fn an_id_is_taken_apart() {
        let id = ResourceId::parse(SUBNET).unwrap();
        assert_eq!((id.subscription(), id.group(), id.name()), (Some("S"), Some("G"), "a"));
        assert_eq!(id.resource_type(), "Microsoft.Network/virtualNetworks/subnets");
        assert!(id.is_type("microsoft.network/VIRTUALNETWORKS/subnets"));
        let network = id.parent().unwrap();
        assert_eq!(network.as_str(), "/subscriptions/S/resourcegroups/G/providers/Microsoft.Network/virtualNetworks/V");
        assert_eq!(id.root(), network);
        assert_eq!(network.root(), network);
        assert_eq!(network.parent(), Some(ResourceId::group_of("s", "g").unwrap()));
        let group = network.parent().unwrap();
        assert_eq!((group.resource_type().as_str(), group.name()), (GROUP_TYPE, "G"));
        assert_eq!(group.parent(), Some(ResourceId::subscription_of("S")));
        assert_eq!(group.parent().unwrap().parent(), None);
    }

    #[test]
    fn a_resource_may_extend_another() {
        let text = format!("{SUBNET}/providers/Microsoft.Authorization/roleAssignments/r");
        let id = ResourceId::parse(&text).unwrap();
        assert_eq!(id.resource_type(), "Microsoft.Authorization/roleAssignments");
        assert_eq!(id.parent(), ResourceId::parse(SUBNET));
        let global = "/providers/Microsoft.Management/managementGroups/m";
        assert_eq!(ResourceId::parse(global).unwrap().name(), "m");
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(ResourceId::parse(SUBNET), ResourceId::parse(&SUBNET.to_uppercase()));
        assert_ne!(ResourceId::parse(SUBNET), ResourceId::parse(&SUBNET.replace("/a", "/b")));
    }

    #[test]
    fn what_could_leave_its_path_is_no_id() {
        let wrong = [
            "",
            "rg",
            "/subscriptions",
            "/subscriptions/S/resourceGroups",
            "/subscriptions/S/resourceGroups/../x/y",
            "/subscriptions/S//resourceGroups/G",
            "/subscriptions/S/resourceGroups/G?x=1",
            "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks",
            "https://management.azure.com/subscriptions/S",
        ];
        for text in wrong {
            assert!(ResourceId::parse(text).is_none(), "{text}");
        }
        assert!(ResourceId::group_of("S", "a/b").is_err());
        assert!(ResourceId::group_of("S", "..").is_err());
    }
}
