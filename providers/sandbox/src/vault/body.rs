//! Bodies of requests: what a new version or a change says.

use super::answer::bad_parameter;
use super::object::Version;
use crate::exchange::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

/// The longest secret, in bytes.
const LONGEST: usize = 25_600;

/// A secret's new version.
pub(super) fn secret(request: &Request) -> Result<Version, Response> {
    let value = request.body.as_ref().and_then(|body| body.get("value")?.as_str());
    let value = value.ok_or_else(|| bad_parameter("Property value has invalid value: a text is required."))?;
    if value.len() > LONGEST {
        return Err(bad_parameter("Property value is longer than 25600 bytes."));
    }
    version(request, Json::String(value.to_owned()))
}

/// A key that is made here.
pub(super) fn key(request: &Request) -> Result<Version, Response> {
    let body = request.body.as_ref().and_then(Json::as_object).cloned().unwrap_or_default();
    let kind = body.get("kty").and_then(Json::as_str).unwrap_or_default().to_owned();
    let mut key = Map::new();
    key.insert("kty".into(), kind.clone().into());
    match kind.as_str() {
        "RSA" | "RSA-HSM" => {
            let size = body.get("key_size").and_then(Json::as_u64).unwrap_or(2048);
            if !matches!(size, 2048 | 3072 | 4096) {
                return Err(bad_parameter("Property key_size has invalid value: 2048, 3072 or 4096 is required."));
            }
            operations(&mut key, &body, &["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]);
            key.insert("n".into(), URL_SAFE_NO_PAD.encode(vec![0; usize::try_from(size / 8).unwrap_or(256)]).into());
            key.insert("e".into(), "AQAB".into());
        }
        "EC" | "EC-HSM" => {
            let curve = body.get("crv").and_then(Json::as_str).unwrap_or("P-256");
            let bytes = coordinate(curve).ok_or_else(|| {
                bad_parameter("Property crv has invalid value: P-256, P-256K, P-384 or P-521 is required.")
            })?;
            operations(&mut key, &body, &["sign", "verify"]);
            key.insert("crv".into(), curve.into());
            key.insert("x".into(), URL_SAFE_NO_PAD.encode(vec![0; bytes]).into());
            key.insert("y".into(), URL_SAFE_NO_PAD.encode(vec![0; bytes]).into());
        }
        _ => return Err(bad_parameter("Property kty has invalid value: RSA, RSA-HSM, EC or EC-HSM is required.")),
    }
    fill(&mut key);
    version(request, key.into())
}

fn operations(key: &mut Map<String, Json>, body: &Map<String, Json>, default: &[&str]) {
    let asked = body.get("key_ops").filter(|asked| asked.as_array().is_some_and(|asked| !asked.is_empty()));
    key.insert("key_ops".into(), asked.cloned().unwrap_or_else(|| default.into()));
}

const fn coordinate(curve: &str) -> Option<usize> {
    match curve.as_bytes() {
        b"P-256" | b"P-256K" => Some(32),
        b"P-384" => Some(48),
        b"P-521" => Some(66),
        _ => None,
    }
}

/// Random numbers of the same length in place of a key's public ones: nothing is ever encrypted or signed with them.
pub(super) fn fill(key: &mut Map<String, Json>) {
    for name in ["n", "x", "y"] {
        let Some(Json::String(text)) = key.get_mut(name) else { continue };
        let Ok(mut number) = URL_SAFE_NO_PAD.decode(&text) else { continue };
        rand::fill(number.as_mut_slice());
        if let Some(first) = number.first_mut() {
            *first |= 0x80;
        }
        *text = URL_SAFE_NO_PAD.encode(number);
    }
}

/// A key that comes from elsewhere: its private part is not kept.
pub(super) fn imported_key(request: &Request) -> Result<Version, Response> {
    let key = request.body.as_ref().and_then(|body| body.get("key")?.as_object());
    let key = key.ok_or_else(|| bad_parameter("Property key has invalid value: a JSON web key is required."))?;
    let public = ["kty", "key_ops", "n", "e", "crv", "x", "y"];
    let kept = key.iter().filter(|(name, _)| public.contains(&name.as_str()));
    let kept: Map<String, Json> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    version(request, kept.into())
}

fn version(request: &Request, content: Json) -> Result<Version, Response> {
    let mut version = Version { content, ..Version::default() };
    change(&mut version, request)?;
    Ok(version)
}

/// What a body says of type, tags and attributes; what it does not mention stays.
pub(super) fn change(version: &mut Version, request: &Request) -> Result<(), Response> {
    let Some(body) = request.body.as_ref() else { return Ok(()) };
    let body = body.as_object().ok_or_else(|| bad_parameter("The request's body is no object."))?;
    if let Some(tags) = body.get("tags") {
        version.tags = Some(tags.clone()).filter(|tags| !tags.is_null());
    }
    if let Some(content_type) = body.get("contentType") {
        version.content_type = Some(content_type.clone()).filter(|content_type| !content_type.is_null());
    }
    if let (Some(operations), Some(key)) = (body.get("key_ops"), version.content.as_object_mut()) {
        key.insert("key_ops".into(), operations.clone());
    }
    for (name, value) in body.get("attributes").and_then(Json::as_object).into_iter().flatten() {
        if !matches!(name.as_str(), "enabled" | "nbf" | "exp" | "exportable") {
            continue;
        }
        version.attributes.insert(name.clone(), value.clone());
    }
    Ok(())
}
