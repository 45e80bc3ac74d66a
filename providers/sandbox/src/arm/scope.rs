//! What a shape is laid over: which resource, seen under which API version, at which moment of its life.

use super::path;
use super::reference::Back;
use jiff::Timestamp;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::rc::Rc;

/// One look at one resource.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    /// The resource as far as it is known before its shape is laid over it.
    pub(crate) root: &'a Json,
    /// What was sent.
    pub(crate) sent: &'a Json,
    /// Its id, as it is shown.
    pub(crate) id: String,
    /// Its type, as it is shown.
    pub(crate) kind: String,
    /// Its etag, where the type has one.
    pub(crate) etag: Option<String>,
    /// Its provisioning state.
    pub(crate) state: String,
    /// The state of its parts, where it differs.
    pub(crate) parts: String,
    /// The API version of the request.
    pub(crate) version: String,
    /// The API version of the creation.
    pub(crate) born: String,
    /// The creation is not over.
    pub(crate) creating: bool,
    /// This is the answer to a PUT.
    pub(crate) answers_put: bool,
    /// This is an item of a list.
    pub(crate) listed: bool,
    /// When it was created and last changed, in milliseconds.
    pub(crate) times: (i64, i64),
    /// The location, its own or its parent's.
    pub(crate) location: String,
    /// The tenant.
    pub(crate) tenant: String,
    /// Who asks.
    pub(crate) caller: String,
    /// The collections and names of the parts that lead here.
    pub(crate) item: Option<String>,
    /// The names on the way here, which make values differ from place to place.
    pub(crate) place: String,
    /// The states of children that are worked on.
    pub(crate) children: Rc<BTreeMap<String, String>>,
    /// Who refers to whom.
    pub(crate) back: &'a Back,
}

impl<'a> Scope<'a> {
    /// The same look, one name deeper.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self { place: format!("{}.{name}", self.place), ..self.clone() }
    }

    /// The same look at an item of a collection.
    pub(crate) fn item(&self, collection: &str, name: &str) -> Self {
        Self { place: format!("{}.{collection}/{name}", self.place), item: Some(name.to_owned()), ..self.clone() }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn type_name(&self) -> &str {
        &self.kind
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    pub(crate) fn part_state(&self) -> &str {
        &self.parts
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn born(&self) -> &str {
        &self.born
    }

    pub(crate) const fn creating(&self) -> bool {
        self.creating
    }

    pub(crate) const fn answers_put(&self) -> bool {
        self.answers_put
    }

    pub(crate) const fn listed(&self) -> bool {
        self.listed
    }

    /// What a condition's path leads to, from the resource's root.
    pub(crate) fn look(&self, place: &str) -> Option<&'a Json> {
        path::get(self.root, place)
    }

    /// Replaces `{words}` in each text of a value.
    pub(crate) fn expand_all(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => self.expand(text),
            Json::Array(items) => Json::Array(
                items.iter().enumerate().map(|(at, item)| self.below(&at.to_string()).expand_all(item)).collect(),
            ),
            Json::Object(map) => {
                Json::Object(map.iter().map(|(key, value)| (key.clone(), self.below(key).expand_all(value))).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        }
    }

    /// Replaces `{words}` in a text. A text that is only `{seconds}`, or `{=path}`, becomes a number or the value there.
    pub(crate) fn expand(&self, text: &str) -> Json {
        if let Some(place) = text.strip_prefix("{=").and_then(|rest| rest.strip_suffix('}')) {
            return self.look(place).cloned().unwrap_or(Json::Null);
        }
        if let Some(place) = text.strip_prefix("{~").and_then(|rest| rest.strip_suffix('}')) {
            return path::get(self.sent, place).cloned().unwrap_or(Json::Null);
        }
        if text == "{seconds}" {
            return (self.times.0 / 1000).into();
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((word, tail)) = after.split_once('}') else { break };
            out.push_str(before);
            out.push_str(&self.word(word));
            rest = tail;
        }
        out.push_str(rest);
        Json::String(out)
    }

    fn word(&self, word: &str) -> String {
        let segment = |at: usize| self.id.split('/').filter(|part| !part.is_empty()).nth(at).unwrap_or_default();
        let from_end = |at: usize| self.id.rsplit('/').nth(at).unwrap_or_default().to_owned();
        match word {
            "id" => self.id.clone(),
            "type" => self.kind.clone(),
            "name" => from_end(0),
            "parent" => from_end(2),
            "grandparent" => from_end(4),
            "parent.id" => self.id.rsplitn(3, '/').nth(2).unwrap_or_default().to_owned(),
            "scope" => self.id.rsplit_once("/providers/").map_or("", |(scope, _)| scope).to_owned(),
            "subscription" => segment(1).to_owned(),
            "group" => segment(3).to_owned(),
            "location" => self.location.clone(),
            "item" => self.item.clone().unwrap_or_default(),
            "etag" => self.etag.clone().unwrap_or_default(),
            "state" => self.state.clone(),
            "parts" => self.parts.clone(),
            "tenant" => self.tenant.clone(),
            "caller" => self.caller.clone(),
            "now" | "created" => instant(self.times.0),
            "modified" => instant(self.times.1),
            "day" => instant(self.times.0).chars().take(10).collect(),
            "guid" => guid(&self.seed("guid")),
            "public.ip" => public_address(&self.seed("ip")),
            other => self.derived(other),
        }
    }

    fn derived(&self, word: &str) -> String {
        match word.split_once(':') {
            Some(("guid", name)) => guid(&self.own_seed(name)),
            Some(("hex", length)) => digest(&self.seed("hex")).chars().take(length.parse().unwrap_or(32)).collect(),
            Some(("token", length)) => token(&self.seed("token"), length.parse().unwrap_or(8)),
            Some(("kubelet", what)) => guid(&own_seed(&self.kubelet(), self.times.0, what)),
            Some(("own", name)) => token(&self.own_seed(name), 8),
            Some(("first", place)) => {
                path::all(self.root, place).first().and_then(|spot| spot.value.as_str()).unwrap_or_default().to_owned()
            }
            Some(("text", place)) => path::text(self.root, place).unwrap_or_default().to_owned(),
            _ => String::new(),
        }
    }

    /// The identity that AKS makes for a cluster's nodes.
    fn kubelet(&self) -> String {
        let (subscription, name) = (self.word("subscription"), self.word("name"));
        let sent = path::text(self.root, "properties.nodeResourceGroup").filter(|group| !group.is_empty());
        let made = || format!("MC_{}_{name}_{}", self.word("group"), self.location);
        let group = sent.map_or_else(made, str::to_owned);
        let kind = "providers/Microsoft.ManagedIdentity/userAssignedIdentities";
        format!("/subscriptions/{subscription}/resourceGroups/{group}/{kind}/{name}-agentpool")
    }

    fn seed(&self, what: &str) -> String {
        format!("{}|{}|{}|{what}", self.id.to_lowercase(), self.times.0, self.place)
    }

    /// The same for a resource wherever it is asked for.
    fn own_seed(&self, what: &str) -> String {
        own_seed(&self.id, self.times.0, what)
    }
}

/// The seed of a value that a resource keeps for its life.
pub(crate) fn own_seed(id: &str, created: i64, what: &str) -> String {
    format!("{}|{created}|{what}", id.to_lowercase())
}

fn digest(seed: &str) -> String {
    hex::encode(Sha256::digest(seed.as_bytes()))
}

/// A guid that follows from a seed.
pub(crate) fn guid(seed: &str) -> String {
    let text = digest(seed);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Lower-case letters and digits that follow from a seed.
pub(crate) fn token(seed: &str, length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let bytes = Sha256::digest(seed.as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).map_or('a', |letter| char::from(*letter));
    bytes.iter().cycle().take(length).map(letter).collect()
}

/// An address of a block that is kept for documentation and benchmarks, so that nobody is reached by it.
fn public_address(seed: &str) -> String {
    let bytes = Sha256::digest(seed.as_bytes());
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(1);
    format!("198.{}.{}.{}", 18 + byte(0) % 2, byte(1), 1 + byte(2) % 254)
}

/// A time as services write it.
pub(crate) fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| format!("{time:.3}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_guid_has_its_form_and_follows_from_its_seed() {
        let one = guid("a");
        assert!(uuid::Uuid::parse_str(&one).is_ok(), "{one}");
        assert_eq!(one, guid("a"));
        assert_ne!(one, guid("b"));
    }

    #[test]
    fn public_addresses_reach_nobody() {
        let address: std::net::Ipv4Addr = public_address("x").parse().expect("an address");
        assert!(matches!(address.octets(), [198, 18 | 19, _, _]));
    }
}
