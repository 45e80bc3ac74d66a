//! Reading an object by its schema: unknown fields are dropped and named, wrong types refused, amounts made canonical.

use super::super::resource::Resource;
use super::super::status::{Answer, Refusal};
use super::{Schema, Type, quantity};
use base64::Engine as _;
use serde_json::{Map, Value as Json};

/// An object as the API server understands it.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The object, without what the schema does not know.
    pub(crate) object: Json,
    /// The paths of what was dropped.
    pub(crate) unknown: Vec<String>,
}

/// Reads an object.
///
/// # Errors
/// When a value has a type that its field cannot hold; the refusal names the kind and the path.
pub(crate) fn decode(resource: &Resource, object: Json) -> Answer<Decoded> {
    read_fields(resource, object).map_err(|error| cannot_be_handled(resource, &error))
}

/// The same, with the words for what is wrong alone.
///
/// # Errors
/// When a value has a type that its field cannot hold.
pub(crate) fn read_fields(resource: &Resource, object: Json) -> Result<Decoded, String> {
    let mut walk = Walk { unknown: Vec::new(), path: Vec::new(), custom: resource.is_custom() };
    let object = walk.value(resource.schema(), object)?;
    Ok(Decoded { object, unknown: walk.unknown })
}

/// The refusal of an object that cannot be read as its kind.
pub(crate) fn cannot_be_handled(resource: &Resource, error: &str) -> Refusal {
    let Resource { kind, version, .. } = resource;
    Refusal::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {error}"))
}

struct Walk {
    /// Custom objects are only pruned here: their types are checked by validation, after defaulting.
    custom: bool,
    unknown: Vec<String>,
    path: Vec<String>,
}

impl Walk {
    fn here(&self) -> String {
        self.path.concat().trim_start_matches('.').to_owned()
    }

    fn mismatch(&self, found: &Json, wanted: &str) -> String {
        let found = match found {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        format!("json: cannot unmarshal {found} into Go struct field {} of type {wanted}", self.here())
    }

    fn value(&mut self, schema: Schema<'_>, value: Json) -> Result<Json, String> {
        let open = schema.preserves_unknown() && !value.is_object();
        if schema.kind() == Type::Any || open {
            return Ok(value);
        }
        match (schema.kind(), value) {
            (_, Json::Null) => Ok(Json::Null),
            (Type::Object, Json::Object(map)) => self.object(schema, map),
            (Type::List, Json::Array(list)) => self.list(schema, list),
            (Type::Text, Json::String(text)) => self.text(schema, text),
            (Type::Integer, Json::Number(number)) => self.integer(number),
            (Type::Number, value @ Json::Number(_)) | (Type::Boolean, value @ Json::Bool(_)) => Ok(value),
            (Type::IntegerOrText, value @ (Json::Number(_) | Json::String(_))) => Ok(value),
            (Type::Quantity, Json::String(text)) => self.quantity(&text),
            (Type::Quantity, Json::Number(number)) => self.quantity(&number.to_string()),
            (_, value) if self.custom => Ok(value),
            (kind, value) => Err(self.mismatch(&value, wanted(kind))),
        }
    }

    fn object(&mut self, schema: Schema<'_>, map: Map<String, Json>) -> Result<Json, String> {
        let mut kept = Map::new();
        for (name, value) in map {
            self.path.push(format!(".{name}"));
            match schema.field(&name).or_else(|| embedded_field(schema, &name)) {
                Some(field) => drop(kept.insert(name, self.value(field, value)?)),
                None => self.unknown.push(self.here()),
            }
            self.path.pop();
        }
        Ok(Json::Object(kept))
    }

    fn list(&mut self, schema: Schema<'_>, list: Vec<Json>) -> Result<Json, String> {
        let items = schema.items();
        let mut kept = Vec::with_capacity(list.len());
        for (index, value) in list.into_iter().enumerate() {
            self.path.push(format!("[{index}]"));
            kept.push(self.value(items, value)?);
            self.path.pop();
        }
        Ok(Json::Array(kept))
    }

    fn text(&self, schema: Schema<'_>, text: String) -> Result<Json, String> {
        let is_bytes = !self.custom && schema.format() == "byte";
        if is_bytes && base64::engine::general_purpose::STANDARD.decode(&text).is_err() {
            return Err(format!("illegal base64 data in {}", self.here()));
        }
        Ok(Json::String(text))
    }

    fn integer(&self, number: serde_json::Number) -> Result<Json, String> {
        match number.as_f64() {
            _ if !number.is_f64() => Ok(Json::Number(number)),
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => Ok((float as i64).into()),
            _ => Err(self.mismatch(&Json::Number(number), "int64")),
        }
    }

    fn quantity(&self, text: &str) -> Result<Json, String> {
        let refused = || {
            let rule = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
            format!("quantities must match the regular expression '{rule}'")
        };
        quantity::canonical(text).map(Json::String).ok_or_else(refused)
    }
}

/// An embedded object has these whether its schema says so or not.
fn embedded_field(schema: Schema<'_>, name: &str) -> Option<Schema<'static>> {
    let known = schema.is_embedded() && matches!(name, "apiVersion" | "kind" | "metadata");
    known.then(Schema::any)
}

const fn wanted(kind: Type) -> &'static str {
    match kind {
        Type::Object => "map",
        Type::List => "slice",
        Type::Text => "string",
        Type::Integer => "int32",
        Type::Number => "float64",
        Type::Boolean => "bool",
        Type::IntegerOrText => "intstr.IntOrString",
        Type::Quantity => "resource.Quantity",
        Type::Any => "any",
    }
}
