//! Stand-ins of resources that exist elsewhere: of them little more than the id is known, and others may refer to it.

use super::dress::Part;
use super::id::{Address, Id, group_key};
use super::path;
use super::record::Record;
use super::{Arm, catalog};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// The API version that a stand-in seems to be made with: no type shows less under it than it must.
const VERSION: &str = "2020-01-01";
/// Where a stand-in is of which nobody knows that.
const LOCATION: &str = "westeurope";

/// What is known of a resource that exists elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub location: Option<String>,
    /// The range of a subnet.
    pub address_prefix: Option<String>,
}

impl Arm {
    /// Takes a stand-in of a resource, with its group and its parents; what is there already stays, and what `besides` (ids
    /// in lower case) holds is made by somebody else. Whether this was the id of a resource or of a group.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn stand_in(&self, known: &Known, besides: &BTreeSet<String>) -> Result<bool, String> {
        let _gate = self.lock();
        let location = known.location.as_deref().map_or_else(|| LOCATION.to_owned(), catalog::normal_location);
        let (subscription, group, id) = match Address::parse(&known.id) {
            Address::Group(subscription, group) => (subscription, Some(group), None),
            Address::Resource(id) if known.id.starts_with('/') => {
                let id = self.canonical(&id);
                (id.subscription().to_owned(), id.group().map(str::to_owned), Some(id))
            }
            _ => return Ok(false),
        };
        let group = group.filter(|group| !besides.contains(&group_key(&subscription, group)));
        if let Some(group) = group {
            let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
            self.stand_in_record(&group_key(&subscription, &group), id, &location)?;
        }
        let Some(id) = id else { return Ok(true) };
        for length in 1..=id.pairs.len() {
            let one = Id { pairs: id.pairs.iter().take(length).cloned().collect(), ..id.clone() };
            if besides.contains(&one.key()) {
                continue;
            }
            let own = known.address_prefix.as_ref().filter(|_| length == id.pairs.len());
            self.stand_in_resource(&one, &location, own)?;
        }
        Ok(true)
    }

    fn stand_in_resource(&self, id: &Id, location: &str, address_prefix: Option<&String>) -> Result<(), String> {
        let embedded = self.profiles.of(&id.type_name()).embedded.clone();
        let (Some(embedded), Some(parent)) = (embedded, id.parent()) else {
            return self.stand_in_record(&id.key(), id.text(), location);
        };
        let part = Part {
            at: embedded.at,
            flat: embedded.flat,
            kind: id.pairs.last().map(|(kind, _)| kind.clone()).unwrap_or_default(),
            name: id.name().to_owned(),
        };
        let Some(mut record) = self.record(&parent.key()).filter(|record| part.take(&record.body).is_none()) else {
            return Ok(());
        };
        let mut body = json!({ "name": id.name(), "properties": {} });
        if let Some(prefix) = address_prefix {
            path::set(&mut body, "properties.addressPrefix", prefix.clone().into());
        }
        part.put(&mut record.body, Some(body));
        self.keep(&record).map_err(|failure| failure.message)
    }

    fn stand_in_record(&self, key: &str, id: String, location: &str) -> Result<(), String> {
        if self.record(key).is_some() {
            return Ok(());
        }
        let now = self.clock.now_ms();
        let body: Json = json!({ "location": location });
        let born = VERSION.to_owned();
        let record = Record { id, body, born, created: now, modified: now, revision: 1, work: BTreeMap::new() };
        self.keep(&record).map_err(|failure| failure.message)
    }
}
