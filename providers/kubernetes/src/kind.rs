//! Typed objects: from attributes to a manifest and back, by the schema alone.
//!
//! A top-level attribute's vendor path begins at the object's root (`metadata.labels`); one without is a field of `root`
//! (`spec`) under its own name in camel case. Inside, the vendor path is the field's name. Keys of maps stay as they are.
//! A key with dots stands in brackets: `metadata.annotations[argocd.argoproj.io/sync-wave]`. Annotations and the members of
//! `stringData` are texts: numbers and truth values become texts there, and structures JSON.

use formwork_model::schema::{Attribute, AttributeType, Presence, ResourceSchema};
use formwork_model::value::from_json;
use formwork_model::{Map, Value, ValueRef, View};
use serde_json::Value as Json;

/// A kind with its schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// Where attributes without a vendor path lie; empty for the object's root.
    pub(crate) root: &'static str,
    /// A label that all objects of it have, and that nobody has to say.
    label: Option<(&'static str, &'static str)>,
    /// Its root is sent also when nothing is in it.
    needs_root: bool,
}

/// Attributes that say how, not what.
const MANNER: [&str; 6] = ["wait", "force", "propagation_policy", "id", "uid", "admitted"];

impl Kind {
    pub(crate) const fn new(
        schema: &'static ResourceSchema,
        api_version: &'static str,
        kind: &'static str,
        root: &'static str,
    ) -> Self {
        Self { schema, api_version, kind, root, label: None, needs_root: false }
    }

    /// All objects of it have this label.
    pub(crate) const fn labelled(mut self, key: &'static str, value: &'static str) -> Self {
        self.label = Some((key, value));
        self
    }

    /// Its definition requires the root, though everything in it may be left out.
    pub(crate) const fn with_root(mut self) -> Self {
        self.needs_root = true;
        self
    }

    /// Whether it lies in a namespace.
    pub(crate) fn is_namespaced(&self) -> bool {
        self.schema.attribute("namespace").is_some()
    }

    /// The attributes that are fields of the object.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static Attribute> {
        self.schema.attributes.iter().filter(|attribute| !MANNER.contains(&attribute.name))
    }

    /// The path of a top-level attribute, from the object's root.
    pub(crate) fn path(&self, attribute: &Attribute) -> Vec<String> {
        if let Some((path, key)) = attribute.vendor.strip_suffix(']').and_then(|vendor| vendor.split_once('[')) {
            return path.split('.').chain([key]).map(str::to_owned).collect();
        }
        if !attribute.vendor.is_empty() {
            return attribute.vendor.split('.').map(str::to_owned).collect();
        }
        let root = (!self.root.is_empty()).then(|| self.root.to_owned());
        root.into_iter().chain([field_name(attribute)]).collect()
    }

    /// The manifest that values say. What the cloud may choose is in it only where the config says it.
    pub(crate) fn manifest(&self, values: ValueRef<'_>, config: Option<ValueRef<'_>>) -> Value {
        let mut manifest = Map::new();
        manifest.insert("apiVersion", Value::string(self.api_version));
        manifest.insert("kind", Value::string(self.kind));
        if let Some((key, value)) = self.label {
            insert_at(&mut manifest, &["metadata".into(), "labels".into(), key.into()], Value::string(value));
        }
        for attribute in self.fields() {
            let said = |values: ValueRef<'_>| values.get(attribute.name).is_some_and(|value| !value.is_null());
            let counts = match attribute.presence {
                Presence::Computed => false,
                Presence::OptionalComputed => config.is_some_and(said),
                Presence::Required | Presence::Optional => true,
            };
            if let Some(value) = values.get(attribute.name).filter(|value| counts && !value.is_null()) {
                let path = self.path(attribute);
                let value = encoded(&attribute.ty, value);
                let value = if is_text(&path) { as_text(value) } else { value };
                insert_at(&mut manifest, &path, value);
            }
        }
        if self.needs_root && !manifest.contains(self.root) {
            manifest.insert(self.root, Value::Map(Map::new()));
        }
        Value::Map(manifest)
    }

    /// The attributes that a manifest says.
    pub(crate) fn attributes(&self, manifest: &Value) -> Map {
        let chosen = |attribute: &&Attribute| matches!(attribute.presence, Presence::Required | Presence::Optional);
        let found = self.fields().filter(chosen).filter_map(|attribute| {
            let path = self.path(attribute);
            let value = self.without_others(at(manifest, &path)?.clone(), &path)?;
            let value = if is_text(&path) { of_text(&attribute.ty, value) } else { value };
            Some((attribute.name.into(), decoded(&attribute.ty, &value)))
        });
        found.collect()
    }

    /// A map without the keys that are attributes of their own; nothing when nothing is left.
    fn without_others(&self, value: Value, path: &[String]) -> Option<Value> {
        let Value::Map(mut map) = value else { return Some(value) };
        let before = map.len();
        for other in self.fields().map(|attribute| self.path(attribute)) {
            if let Some([key]) = other.strip_prefix(path) {
                map.remove(key);
            }
        }
        if let (Some((key, _)), [metadata, labels]) = (self.label, path)
            && metadata == "metadata"
            && labels == "labels"
        {
            map.remove(key);
        }
        (map.len() == before || !map.is_empty()).then_some(Value::Map(map))
    }

    /// What the cloud chose, as the live object says it.
    pub(crate) fn chosen(&self, live: &Json) -> Map {
        let computed = self.fields().filter(|attribute| attribute.is_computed());
        let found = computed.filter_map(|attribute| {
            let pointer: String = self.path(attribute).iter().map(|part| format!("/{part}")).collect();
            let value = live.pointer(&pointer).filter(|value| !value.is_null())?;
            Some((attribute.name.into(), decoded(&attribute.ty, &from_json(value))))
        });
        found.collect()
    }

    /// The attribute that a field of the object (`spec.selector.matchLabels`) belongs to.
    pub(crate) fn attribute_of_field(&self, field: &str) -> Option<&'static Attribute> {
        self.fields().find(|attribute| {
            let path = self.path(attribute).join(".");
            field.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }
}

/// A field's name as Kubernetes writes it.
pub(crate) fn field_name(attribute: &Attribute) -> String {
    if !attribute.vendor.is_empty() {
        return attribute.vendor.to_owned();
    }
    let mut name = String::with_capacity(attribute.name.len());
    let mut upper = false;
    for character in attribute.name.chars() {
        match character {
            '_' => upper = true,
            other if upper => {
                name.extend(other.to_uppercase());
                upper = false;
            }
            other => name.push(other),
        }
    }
    name
}

/// Whether all that stands at a path is text.
fn is_text(path: &[String]) -> bool {
    match path {
        [first, _] => first == "stringData",
        [metadata, annotations, _] => metadata == "metadata" && annotations == "annotations",
        _ => false,
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::Secret(inner) => as_text(inner.as_ref().clone()).secret(),
        Value::Bool(truth) => Value::string(truth.to_string()),
        Value::Int(number) => Value::string(number.to_string()),
        Value::Map(_) | Value::List(_) if value.is_known() => {
            let json = crate::manifest::wire(&value).unwrap_or_default();
            let text = Value::string(json.to_string());
            if value.holds_secret() { text.secret() } else { text }
        }
        other => other,
    }
}

/// A text as a value of its attribute; what is no such value stays a text, and shows as a change.
fn of_text(ty: &AttributeType, value: Value) -> Value {
    if let Value::Secret(inner) = value {
        return of_text(ty, inner.as_ref().clone()).secret();
    }
    let Some(text) = value.as_str() else { return value };
    let read = match ty {
        AttributeType::Bool => text.parse().ok().map(Value::Bool),
        AttributeType::Int => text.parse().ok().map(Value::Int),
        AttributeType::Object(_) | AttributeType::List(_) | AttributeType::Map(_) => {
            serde_json::from_str(text).ok().map(|json| from_json(&json))
        }
        _ => None,
    };
    read.unwrap_or(value)
}

fn insert_at(map: &mut Map, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        let value = match (map.get(first), value) {
            // Keys that are attributes of their own, or a label that all have.
            (Some(Value::Map(before)), Value::Map(more)) => {
                Value::Map(before.clone().into_iter().chain(more).collect())
            }
            (_, value) => value,
        };
        map.insert(first.as_str(), value);
        return;
    }
    let mut inner = map.get(first).and_then(Value::as_map).cloned().unwrap_or_default();
    insert_at(&mut inner, rest, value);
    map.insert(first.as_str(), Value::Map(inner));
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.as_map()?.get(key))
}

/// The value in Kubernetes' names.
fn encoded(ty: &AttributeType, value: ValueRef<'_>) -> Value {
    match (ty, value.view()) {
        (_, View::Secret(inner)) => encoded(ty, inner).secret(),
        (AttributeType::Object(fields), View::Map(_)) => encoded_fields(fields, value),
        (AttributeType::List(item) | AttributeType::Set(item), View::List(items) | View::Set(items)) => {
            Value::list(items.map(|value| encoded(item, value)))
        }
        (AttributeType::Map(entry), View::Map(entries)) => {
            Value::map(entries.map(|(key, value)| (key, encoded(entry, value))))
        }
        _ => value.to_value(),
    }
}

fn encoded_fields(fields: &[Attribute], value: ValueRef<'_>) -> Value {
    let entries = value.entries().filter_map(|(name, value)| {
        let field = fields.iter().find(|field| field.name == name)?;
        Some((field_name(field), encoded(&field.ty, value)))
    });
    Value::map(entries.collect::<Vec<_>>())
}

/// The value in our names; fields that the schema does not have are left out.
fn decoded(ty: &AttributeType, value: &Value) -> Value {
    match (ty, value) {
        (_, Value::Secret(inner)) => decoded(ty, inner).secret(),
        (AttributeType::Object(fields), Value::Map(map)) => {
            let entries =
                fields.iter().filter_map(|field| Some((field.name, decoded(&field.ty, map.get(&field_name(field))?))));
            Value::map(entries.collect::<Vec<_>>())
        }
        (AttributeType::List(item), Value::List(items)) => Value::list(items.iter().map(|value| decoded(item, value))),
        (AttributeType::Set(item), Value::List(items) | Value::Set(items)) => {
            Value::set(items.iter().map(|value| decoded(item, value)))
        }
        (AttributeType::Map(entry), Value::Map(map)) => {
            Value::map(map.iter().map(|(key, value)| (key.clone(), decoded(entry, value))))
        }
        (AttributeType::String, Value::Int(number)) => Value::string(number.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "a whole number where a fraction is expected")]
        (AttributeType::Float, Value::Int(number)) => Value::Float(*number as f64),
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::schema::{object, object_attributes};
    use formwork_model::ValueBuf;
    use serde_json::json;

    const PORTS: &[Attribute] =
        &[Attribute::int("target_port", "Port."), Attribute::string("host_ip", "Address.").vendor("hostIP")];
    const THING: ResourceSchema = object(
        "thing",
        "A thing.",
        object_attributes![namespaced;
            Attribute::new("ports", AttributeType::List(&AttributeType::Object(PORTS)), "Ports."),
            Attribute::string_map("node_selector", "Labels of nodes."),
            Attribute::string("cluster_ip", "Address.").vendor("spec.clusterIP").optional_computed(),
        ],
    );
    const KIND: Kind = Kind::new(&THING, "v1", "Thing", "spec");

    fn values() -> ValueBuf {
        ValueBuf::from(from_json(&json!({
            "name": "a", "namespace": "b", "labels": { "app.kubernetes.io/name": "x_y" },
            "ports": [{ "target_port": 1, "host_ip": "::1" }], "node_selector": { "snake_case": "y" },
            "cluster_ip": "10.0.0.1", "force": true, "id": "i",
        })))
    }

    #[test]
    fn attributes_become_a_manifest_and_come_back() {
        let values = values();
        let manifest = KIND.manifest(values.view(), None);
        let wanted = json!({
            "apiVersion": "v1", "kind": "Thing",
            "metadata": { "name": "a", "namespace": "b", "labels": { "app.kubernetes.io/name": "x_y" } },
            "spec": { "ports": [{ "targetPort": 1, "hostIP": "::1" }], "nodeSelector": { "snake_case": "y" } },
        });
        assert_eq!(manifest, from_json(&wanted));
        let back = KIND.attributes(&manifest);
        for name in ["name", "namespace", "labels", "ports", "node_selector"] {
            assert_eq!(back.get(name).cloned(), values.view().get(name).map(ValueRef::to_value), "{name}");
        }
        assert_eq!(back.len(), 5);
    }

    #[test]
    fn what_the_cloud_may_choose_is_sent_only_where_the_config_says_it() {
        let values = values();
        let said = KIND.manifest(values.view(), Some(values.view()));
        assert_eq!(at(&said, &["spec".into(), "clusterIP".into()]), Some(&Value::string("10.0.0.1")));
        let chosen = KIND.chosen(&json!({ "spec": { "clusterIP": "10.0.0.2" } }));
        assert_eq!(chosen.get("cluster_ip"), Some(&Value::string("10.0.0.2")));
    }

    const NOTED: ResourceSchema = object(
        "noted",
        "A thing.",
        object_attributes![namespaced;
            Attribute::int("wave", "When.").vendor("metadata.annotations[x.io/wave]"),
            Attribute::boolean("insecure", "Whether.").vendor("stringData.insecure"),
            Attribute::object("config", &[Attribute::string("bearer_token", "T.").secret()], "C.").vendor("stringData.config"),
        ],
    );
    const NOTED_KIND: Kind = Kind::new(&NOTED, "v1", "Secret", "stringData").labelled("x.io/kind", "noted");

    #[test]
    fn texts_are_made_and_read() {
        let values = ValueBuf::from(from_json(&json!({
            "name": "a", "namespace": "b", "annotations": { "y": "z" }, "wave": 3, "insecure": true,
            "config": { "bearer_token": "t" },
        })));
        let manifest = NOTED_KIND.manifest(values.view(), None);
        let json = crate::manifest::wire(&manifest).unwrap();
        assert_eq!(json["metadata"]["annotations"], json!({ "x.io/wave": "3", "y": "z" }));
        assert_eq!(json["metadata"]["labels"], json!({ "x.io/kind": "noted" }));
        assert_eq!(json["stringData"], json!({ "insecure": "true", "config": "{\"bearerToken\":\"t\"}" }));
        let back = NOTED_KIND.attributes(&manifest);
        for name in ["annotations", "wave", "insecure", "config"] {
            assert_eq!(back.get(name).cloned(), values.view().get(name).map(ValueRef::to_value), "{name}");
        }
    }

    #[test]
    fn fields_lead_back_to_attributes() {
        assert_eq!(KIND.attribute_of_field("spec.ports[0].hostIP").unwrap().name, "ports");
        assert_eq!(KIND.attribute_of_field("metadata.labels").unwrap().name, "labels");
        assert!(KIND.attribute_of_field("spec.portsNot").is_none());
    }
}
