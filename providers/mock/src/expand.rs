//! `mock.bundle`: one block becomes many objects.

use formwork_model::{Map, Value, ValueBuf};
use formwork_provider_api::{ExpandRequest, ExpandedRow, ProviderError};

pub(crate) fn expand(request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    if request.type_name != "bundle" {
        return Err(ProviderError::unsupported(format!("`mock.{}` is one object", request.type_name)));
    }
    let config = request.config.to_value();
    let items = config.as_map().and_then(|map| map.get("items")).and_then(Value::as_map);
    let items = items.ok_or_else(|| ProviderError::invalid("`items` must be a map"))?;
    Ok(items.iter().map(|(key, item)| row(key, item)).collect())
}

fn row(key: &str, item: &Value) -> ExpandedRow {
    let empty = Map::new();
    let item = item.as_map().unwrap_or(&empty);
    let text = |name: &str, default: &str| Value::string(item.get(name).and_then(Value::as_str).unwrap_or(default));
    let after = item.get("after").and_then(Value::as_items).unwrap_or_default();
    let mut config = Map::new();
    config.insert("kind", text("kind", "item"));
    config.insert("name", text("name", key));
    if let Some(body) = item.get("body") {
        config.insert("body", body.clone());
    }
    ExpandedRow {
        key: key.to_owned(),
        type_name: "object".to_owned(),
        config: ValueBuf::from(Value::Map(config)),
        after: after.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}
