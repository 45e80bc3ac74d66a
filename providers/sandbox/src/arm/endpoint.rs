//! Private endpoints: their interface, the names under which the service is reached there, and the records of these names in
//! private zones.

use super::failure::Failure;
use super::id::Id;
use super::path;
use super::record::Record;
use super::{Arm, Call, scope};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

impl Arm {
    /// A private endpoint has a network interface of its own, with an address of its subnet, and tells under which names
    /// the service is reached there.
    pub(super) fn complete_endpoint(
        &self,
        call: &Call<'_>,
        id: &Id,
        body: &mut Json,
        old: Option<&Json>,
    ) -> Result<(), Failure> {
        if let Some(old) = old {
            for place in ["properties.networkInterfaces", "properties.names"] {
                if let Some(kept) = path::get(old, place) {
                    path::set(body, place, kept.clone());
                }
            }
            return Ok(());
        }
        let custom = path::text(body, "properties.customNetworkInterfaceName").filter(|name| !name.is_empty());
        let name = custom.map_or_else(|| format!("{}.nic.{}", id.name(), uuid::Uuid::new_v4()), str::to_owned);
        let nic = Id { pairs: vec![("networkInterfaces".to_owned(), name)], ..id.clone() };
        let address = self.endpoint_interface(call, id, &nic, body)?;
        path::set(body, "properties.networkInterfaces", json!([{"id": nic.text()}]));
        if let (Some((fqdn, _)), Some(address)) = (endpoint_target(body), address) {
            path::set(body, "properties.names", json!([{"fqdn": fqdn, "ipAddresses": [address]}]));
        }
        Ok(())
    }

    /// Makes the interface of an endpoint, and tells its address.
    fn endpoint_interface(
        &self,
        call: &Call<'_>,
        id: &Id,
        nic: &Id,
        endpoint: &Json,
    ) -> Result<Option<String>, Failure> {
        let Some(subnet) = path::text(endpoint, "properties.subnet.id") else { return Ok(None) };
        let (fqdn, member) = endpoint_target(endpoint).unwrap_or_default();
        let connection = json!({"groupId": member, "requiredMemberName": member, "fqdns": [fqdn]});
        let properties = json!({"privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet}, "privateLinkConnectionProperties": connection});
        let mut body = json!({
            "location": endpoint.get("location"),
            "managedBy": id.text(),
            "properties": {
                "macAddress": "",
                "ipConfigurations": [{"name": "privateEndpointIpConfig", "properties": properties}],
                "privateEndpoint": {"id": id.text()},
            },
        });
        self.allocate(nic, &mut body, None, &self.profiles.of(&nic.type_name()).addresses)?;
        let address = path::all(&body, "properties.ipConfigurations[].properties.privateIPAddress");
        let address = address.first().and_then(|spot| spot.value.as_str()).map(str::to_owned);
        let now = self.clock.now_ms();
        let born = call.version.clone();
        self.keep(&Record {
            id: nic.text(),
            body,
            born,
            created: now,
            modified: now,
            revision: 1,
            work: BTreeMap::new(),
        })?;
        Ok(address)
    }

    /// A zone group writes the names of its endpoint into each of its zones.
    pub(super) fn complete_zone_group(&self, id: &Id, body: &mut Json) {
        let endpoint = id.parent().and_then(|endpoint| self.record(&endpoint.key()));
        let names = endpoint.and_then(|record| path::get(&record.body, "properties.names").cloned());
        let Some(first) = names.as_ref().and_then(|names| names.get(0)) else { return };
        let account = path::text(first, "fqdn").and_then(|fqdn| fqdn.split('.').next()).unwrap_or_default().to_owned();
        let addresses = first.get("ipAddresses").cloned().unwrap_or_default();
        path::each_mut(body, "properties.privateDnsZoneConfigs[].properties", &mut |config| {
            let zone =
                path::text(config, "privateDnsZoneId").and_then(|zone| zone.rsplit('/').next()).unwrap_or_default();
            let fqdn = format!("{account}.{zone}");
            let set = json!({"recordType": "A", "recordSetName": account, "fqdn": fqdn, "ttl": 10, "ipAddresses": addresses, "provisioningState": "Succeeded"});
            path::set(config, "recordSets", json!([set]));
        });
    }

    /// The names of a zone group stand in the zones as records.
    pub(super) fn write_names(&self, call: &Call<'_>, id: &Id, group: &Record) -> Result<(), Failure> {
        let Some(creator) = creator_of(id) else { return Ok(()) };
        let now = self.clock.now_ms();
        let mut kept = Vec::new();
        for config in path::all(&group.body, "properties.privateDnsZoneConfigs[].properties") {
            let zone = path::text(config.value, "privateDnsZoneId").and_then(Id::parse);
            let Some(zone) = zone.filter(|zone| self.record(&zone.key()).is_some()) else { continue };
            for set in path::all(config.value, "recordSets[]") {
                let mut name = zone.clone();
                name.pairs
                    .push(("A".to_owned(), path::text(set.value, "recordSetName").unwrap_or_default().to_owned()));
                let addresses = path::all(set.value, "ipAddresses[]");
                let addresses: Vec<Json> = addresses.iter().map(|one| json!({"ipv4Address": one.value})).collect();
                let properties = json!({"ttl": 10, "aRecords": addresses, "metadata": {"creator": creator}});
                let old = self.record(&name.key());
                kept.push(name.key());
                self.keep(&Record {
                    id: name.text(),
                    body: json!({ "properties": properties }),
                    born: call.version.clone(),
                    created: old.as_ref().map_or(now, |old| old.created),
                    modified: now,
                    revision: old.map_or(1, |old| old.revision + 1),
                    work: BTreeMap::new(),
                })?;
            }
        }
        self.forget_names(&creator, &kept);
        Ok(())
    }

    /// The names of a zone group go with it.
    pub(super) fn names_gone(&self, group: &Id) {
        if let Some(creator) = creator_of(group) {
            self.forget_names(&creator, &[]);
        }
    }

    /// Takes out the records that an endpoint made, apart from some.
    fn forget_names(&self, creator: &str, but: &[String]) {
        for record in self.records("") {
            let key = record.id.to_lowercase();
            if path::text(&record.body, "properties.metadata.creator") == Some(creator) && !but.contains(&key) {
                self.forget(&key);
            }
        }
    }

    pub(super) fn endpoint_gone(&self, record: &Record) {
        for spot in path::all(&record.body, "properties.networkInterfaces[].id") {
            if let Some(nic) = spot.value.as_str().and_then(Id::parse) {
                self.forget(&nic.key());
            }
        }
    }
}

/// What zones say of who made a record: the endpoint that a zone group is of.
fn creator_of(group: &Id) -> Option<String> {
    let endpoint = group.parent()?;
    let guid = scope::guid(&endpoint.key());
    Some(format!("created by private endpoint {} with resource guid {guid}", endpoint.name()))
}

/// The public name of what an endpoint leads to, and the part of it; none of a private link service.
fn endpoint_target(endpoint: &Json) -> Option<(String, String)> {
    let connection = path::all(endpoint, "properties.privateLinkServiceConnections[].properties");
    let connection = connection.first()?.value;
    let member = connection.get("groupIds")?.get(0)?.as_str()?.to_owned();
    let service = Id::parse(path::text(connection, "privateLinkServiceId")?)?;
    Some((format!("{}.{}", service.name(), public_suffix(&service.type_name(), &member)), member))
}

/// Under which name the public knows a service: see the vendor's list of private DNS zones, in its column of public ones.
fn public_suffix(kind: &str, member: &str) -> String {
    match kind.to_lowercase().as_str() {
        "microsoft.keyvault/vaults" => "vault.azure.net".to_owned(),
        "microsoft.containerregistry/registries" => "azurecr.io".to_owned(),
        _ => format!("{member}.core.windows.net"),
    }
}
