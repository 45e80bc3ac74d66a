//! The resource types by behaviour.

use formwork_model::Map;
use formwork_model::schema::ResourceSchema;
use formwork_provider_api::ProviderError;

/// Which resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Anonymous,
    Cluster,
    Keyed,
    Named,
    Object,
    Slow,
    Soft,
    Tagged,
    Thing,
    Tokened,
    Wrong,
}

impl Kind {
    /// The type of this name; messages name types without the provider.
    pub(crate) fn of(type_name: &str) -> Result<Self, ProviderError> {
        Ok(match type_name {
            "anonymous" => Self::Anonymous,
            "cluster" => Self::Cluster,
            "keyed" => Self::Keyed,
            "named" => Self::Named,
            "object" => Self::Object,
            "slow" => Self::Slow,
            "soft" => Self::Soft,
            "tagged" => Self::Tagged,
            "thing" => Self::Thing,
            "tokened" => Self::Tokened,
            "wrong" => Self::Wrong,
            other => return Err(ProviderError::unsupported(format!("the provider has no resource type `{other}`"))),
        })
    }

    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Cluster => "cluster",
            Self::Keyed => "keyed",
            Self::Named => "named",
            Self::Object => "object",
            Self::Slow => "slow",
            Self::Soft => "soft",
            Self::Tagged => "tagged",
            Self::Thing => "thing",
            Self::Tokened => "tokened",
            Self::Wrong => "wrong",
        }
    }

    pub(crate) fn schema(self) -> Result<&'static ResourceSchema, ProviderError> {
        let missing = || ProviderError::unsupported(format!("`mock.{}` has no schema", self.type_name()));
        crate::SCHEMA.resource(self.type_name()).ok_or_else(missing)
    }

    /// Whether two objects of one name cannot be.
    pub(crate) const fn names_are_unique(self) -> bool {
        matches!(self, Self::Named | Self::Soft | Self::Keyed | Self::Object | Self::Wrong)
    }

    /// What an object is called: its name, or the attributes that the caller chose for it.
    pub(crate) fn name_of(self, values: &Map) -> String {
        let text = |attribute| values.get(attribute).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        match self {
            Self::Keyed => format!("{}/{}", text("table"), text("destination")),
            Self::Object => format!("{}/{}", text("kind"), text("name")),
            _ => text("name"),
        }
    }
}
