//! From attributes to ids and back.

use crate::arm::ResourceId;
use crate::resource::{ArmType, Scope, meaning};
use crate::session::Session;
use formwork_model::{AttributePath, Map, Value};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

impl ArmType {
    /// The id that an object with these attributes has.
    ///
    /// # Errors
    /// `Invalid` when an attribute cannot be part of an id.
    pub(crate) fn id_of(&self, session: &Session, values: &Map, operation: &str) -> Result<ResourceId, ProviderError> {
        let name = match text(values, "name") {
            Some(name) => name.to_owned(),
            None => self.hooks.name(operation).unwrap_or_else(|| "default".to_owned()),
        };
        match self.scope {
            Scope::Subscription if self.kind == crate::arm::id::GROUP_TYPE => {
                ResourceId::group_of(&session.subscription, &name)
            }
            Scope::Subscription => session.scope().resource(self.kind, &name),
            Scope::Group => {
                let said = text(values, "group").unwrap_or_default();
                let group = meaning::group(session, said).ok_or_else(|| no_group(said))?;
                group.resource(self.kind, &name)
            }
            Scope::Child(parent) => self.child_of(&reference(values, parent)?, &name),
            Scope::Extension(scope) => reference(values, scope)?.resource(self.kind, &name),
        }
        .map_err(|error| if error.path.is_none() { error.at(AttributePath::member("name")) } else { error })
    }

    /// The id of a child of this name, with `default` for the parts between.
    pub(crate) fn child_of(&self, parent: &ResourceId, name: &str) -> Result<ResourceId, ProviderError> {
        let depth = parent.resource_type().split('/').count();
        let mut parts: Vec<&str> = self.kind.split('/').skip(depth).collect();
        let own = parts.pop().unwrap_or_default();
        let above = parts.iter().try_fold(parent.clone(), |id, part| id.child(part, "default"))?;
        above.child(own, name)
    }

    /// The parent that the attribute of [`Scope::Child`] means: above parts that are called `default`.
    pub(crate) fn parent_of(&self, id: &ResourceId) -> Option<ResourceId> {
        let mut parent = id.parent()?;
        while parent.name() == "default" && parent.resource_type().split('/').count() > 2 {
            parent = parent.parent()?;
        }
        Some(parent)
    }

    /// The id of an object that is recorded or planned.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn recorded_id(&self, values: &Map) -> Result<ResourceId, ProviderError> {
        ResourceId::expect(text(values, "id").unwrap_or_default())
    }

    /// Fills in what the id says: the id itself, name, group, parent. What is known keeps its spelling.
    pub(crate) fn name_from_id(&self, id: &ResourceId, body: &Json, known: &Map, values: &mut Map) {
        let told = body.get("id").and_then(Json::as_str).and_then(ResourceId::parse).filter(|told| told == id);
        let told = told.as_ref().unwrap_or(id);
        let mut put = |name: &'static str, text: String, means: &dyn Fn(&str) -> bool| {
            if self.schema.attribute(name).is_some() {
                let spelling = self::text(known, name).filter(|known| means(known)).map_or(text, str::to_owned);
                values.insert(name, Value::string(spelling));
            }
        };
        put("id", told.as_str().to_owned(), &|known| ResourceId::parse(known).as_ref() == Some(told));
        put("name", told.name().to_owned(), &|known| known.to_lowercase() == told.name().to_lowercase());
        match self.scope {
            Scope::Subscription => {}
            Scope::Group => {
                let group = told.group_id().map(|group| group.as_str().to_owned()).unwrap_or_default();
                put("group", group, &|known| meaning::is_group(known, told));
            }
            Scope::Child(attribute) | Scope::Extension(attribute) => {
                let parent = self.parent_of(told);
                let shown = parent.as_ref().map(|parent| parent.as_str().to_owned()).unwrap_or_default();
                put(attribute, shown, &|known| ResourceId::parse(known) == parent);
            }
        }
    }
}

fn reference(values: &Map, attribute: &'static str) -> Result<ResourceId, ProviderError> {
    ResourceId::expect(text(values, attribute).unwrap_or_default())
        .map_err(|error| error.at(AttributePath::member(attribute)))
}

fn no_group(said: &str) -> ProviderError {
    ProviderError::invalid(format!("`{said}` is neither the name nor the id of a resource group"))
        .at(AttributePath::member("group"))
}

/// The text of an attribute; none where it is absent or empty.
pub(crate) fn text<'a>(values: &'a Map, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
