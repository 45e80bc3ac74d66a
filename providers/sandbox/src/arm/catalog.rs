//! What ARM itself knows: tenants, subscriptions, locations, providers, tags, and lists of everything.

use super::failure::Failure;
use super::id::{Id, group_key};
use super::path;
use super::{Arm, Call, failure};
use crate::exchange::{Request, Response};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Locations: name, display name, and how many availability zones.
pub(super) const LOCATIONS: [(&str, &str, u8); 40] = [
    ("centralus", "Central US", 3),
    ("eastasia", "East Asia", 3),
    ("southeastasia", "Southeast Asia", 3),
    ("eastus", "East US", 3),
    ("eastus2", "East US 2", 3),
    ("westus", "West US", 0),
    ("westus2", "West US 2", 3),
    ("northcentralus", "North Central US", 0),
    ("southcentralus", "South Central US", 3),
    ("westcentralus", "West Central US", 0),
    ("northeurope", "North Europe", 3),
    ("westeurope", "West Europe", 3),
    ("japaneast", "Japan East", 3),
    ("japanwest", "Japan West", 0),
    ("brazilsouth", "Brazil South", 3),
    ("australiasoutheast", "Australia Southeast", 0),
    ("australiaeast", "Australia East", 3),
    ("westindia", "West India", 0),
    ("southindia", "South India", 0),
    ("centralindia", "Central India", 3),
    ("canadacentral", "Canada Central", 3),
    ("canadaeast", "Canada East", 0),
    ("uksouth", "UK South", 3),
    ("ukwest", "UK West", 0),
    ("koreacentral", "Korea Central", 3),
    ("koreasouth", "Korea South", 0),
    ("francecentral", "France Central", 3),
    ("southafricanorth", "South Africa North", 3),
    ("uaenorth", "UAE North", 3),
    ("switzerlandnorth", "Switzerland North", 3),
    ("germanywestcentral", "Germany West Central", 3),
    ("norwayeast", "Norway East", 3),
    ("westus3", "West US 3", 3),
    ("swedencentral", "Sweden Central", 3),
    ("qatarcentral", "Qatar Central", 3),
    ("polandcentral", "Poland Central", 3),
    ("italynorth", "Italy North", 3),
    ("israelcentral", "Israel Central", 3),
    ("spaincentral", "Spain Central", 3),
    ("mexicocentral", "Mexico Central", 3),
];

/// A location as ARM writes it: `West US 2` is `westus2`.
pub(super) fn normal_location(text: &str) -> String {
    text.chars().filter(|one| !one.is_whitespace()).collect::<String>().to_lowercase()
}

/// The sandbox has such a location; those of previews and of stages count too.
pub(super) fn is_location(name: &str) -> bool {
    LOCATIONS.iter().any(|one| one.0 == name) || name.ends_with("euap") || name.ends_with("stage")
}

/// A resource as lists over all types show it.
pub(super) fn bare(whole: &Json) -> Json {
    let mut shown = json!({});
    for key in ["id", "name", "type", "location", "kind", "sku", "identity", "tags", "managedBy", "zones"] {
        if let Some(value) = whole.get(key) {
            path::set(&mut shown, key, value.clone());
        }
    }
    shown
}

/// `$filter=tagName eq 'a' and tagValue eq 'b'`, where it is asked for.
pub(super) fn tag_matches(request: &Request, shown: &Json) -> bool {
    let Some(filter) = request.parameter("$filter").filter(|filter| filter.to_lowercase().contains("tagname")) else {
        return true;
    };
    let mut quoted = filter.split('\'').skip(1).step_by(2);
    let (name, value) = (quoted.next().unwrap_or_default(), quoted.next());
    let tag = shown.get("tags").and_then(|tags| tags.get(name)).and_then(Json::as_str);
    tag.is_some() && value.is_none_or(|value| tag == Some(value))
}

impl Arm {
    pub(super) fn tenants(&self) -> Response {
        let tenant = json!({"id": format!("/tenants/{}", self.tenant), "tenantId": self.tenant, "displayName": "Sandbox", "defaultDomain": "sandbox.example", "tenantCategory": "Home", "countryCode": "DE", "domains": ["sandbox.example"]});
        Response::json(200, json!({ "value": [tenant] }))
    }

    /// The subscriptions that anything was asked of, and one to begin with.
    pub(super) fn subscriptions(&self) -> Response {
        let mut ids = BTreeSet::from([Self::SUBSCRIPTION.to_owned()]);
        ids.extend(self.records("").iter().filter_map(|record| record.id.split('/').nth(2).map(str::to_lowercase)));
        let shown: Vec<Json> = ids.iter().map(|id| self.subscription(id)).collect();
        Response::json(200, json!({"value": shown, "count": {"type": "Total", "value": shown.len()}}))
    }

    /// The subscription that a sandbox begins with.
    pub const SUBSCRIPTION: &'static str = crate::SUBSCRIPTION;

    pub(super) fn subscription(&self, id: &str) -> Json {
        json!({
            "id": format!("/subscriptions/{id}"),
            "subscriptionId": id,
            "tenantId": self.tenant,
            "displayName": "Sandbox",
            "state": "Enabled",
            "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
        })
    }

    /// What ARM answers of a subscription.
    pub(super) fn of_subscription(&self, call: &Call<'_>, id: &str, kind: &str) -> Result<Response, Failure> {
        match kind.to_ascii_lowercase().as_str() {
            "locations" => Ok(Response::json(200, json!({"value": LOCATIONS.map(|one| location(id, one)).to_vec()}))),
            "resources" => self.list_all(call, &format!("/subscriptions/{id}")),
            "tagnames" => Ok(Response::json(200, json!({"value": self.tag_names(id)}))),
            _ => Err(Failure::gateway(404, "NotFound", format!("There is no '{kind}' of a subscription."))),
        }
    }

    /// What ARM answers of a group.
    pub(super) fn of_group(&self, call: &Call<'_>, id: &str, group: &str, kind: &str) -> Result<Response, Failure> {
        if self.record(&group_key(id, group)).is_none() {
            return Err(failure::no_group(group));
        }
        match kind.to_ascii_lowercase().as_str() {
            "resources" => self.list_all(call, &format!("/subscriptions/{id}/resourceGroups/{group}")),
            _ => Err(Failure::gateway(404, "NotFound", format!("There is no '{kind}' of a resource group."))),
        }
    }

    fn tag_names(&self, subscription: &str) -> Vec<Json> {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for record in self.records(&format!("/subscriptions/{}/", subscription.to_lowercase())) {
            for name in record.body.get("tags").and_then(Json::as_object).into_iter().flat_map(|tags| tags.keys()) {
                *names.entry(name.clone()).or_default() += 1;
            }
        }
        names
            .iter()
            .map(|(name, count)| json!({"id": format!("/subscriptions/{subscription}/tagNames/{name}"), "tagName": name, "count": {"type": "Total", "value": count}, "values": []}))
            .collect()
    }

    /// All namespaces that have profiles.
    pub(super) fn providers(&self, subscription: &str) -> Response {
        let mut names: BTreeSet<&str> = BTreeSet::from(["Microsoft.Resources"]);
        names.extend(self.profiles.types().filter_map(|profile| profile.name.split('/').next()));
        let shown: Vec<Json> = names.iter().map(|name| self.shown_provider(subscription, name)).collect();
        Response::json(200, json!({ "value": shown }))
    }

    /// One namespace: everything is registered here.
    pub(super) fn provider(&self, subscription: &str, namespace: &str) -> Response {
        let known = self
            .profiles
            .types()
            .find_map(|profile| profile.name.split('/').next().filter(|name| name.eq_ignore_ascii_case(namespace)));
        Response::json(200, self.shown_provider(subscription, known.unwrap_or(namespace)))
    }

    fn shown_provider(&self, subscription: &str, namespace: &str) -> Json {
        let regions: Vec<&'static str> = LOCATIONS.iter().map(|one| one.1).collect();
        let of = self.profiles.types().filter_map(|profile| {
            let (own, kind) = profile.name.split_once('/')?;
            if !own.eq_ignore_ascii_case(namespace) {
                return None;
            }
            let versions = profile.versions.as_ref().map(|(oldest, newest)| vec![newest.clone(), oldest.clone()]);
            Some(json!({"resourceType": kind, "locations": profile.location.among(regions.clone()), "apiVersions": versions.unwrap_or_default(), "capabilities": "CrossResourceGroupResourceMove, CrossSubscriptionResourceMove, SupportsTags, SupportsLocation"}))
        });
        json!({
            "id": format!("/subscriptions/{subscription}/providers/{namespace}"),
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered",
            "resourceTypes": of.collect::<Vec<Json>>(),
        })
    }

    /// The tags of a scope, as a resource of their own.
    pub(super) fn tags_of(&self, call: &Call<'_>, scope: &str) -> Result<Response, Failure> {
        let key = scope.to_lowercase();
        let Some(mut record) = self.record(&Id::parse(scope).map_or(key, |id| id.key())) else {
            return Err(Failure::gateway(404, "ResourceNotFound", format!("The resource '{scope}' was not found.")));
        };
        let old = record.body.get("tags").cloned().unwrap_or_else(|| json!({}));
        let sent = call
            .request
            .body
            .as_ref()
            .and_then(|body| path::get(body, "properties.tags"))
            .cloned()
            .unwrap_or_else(|| json!({}));
        let operation = call.request.body.as_ref().and_then(|body| path::text(body, "operation")).unwrap_or("Replace");
        let tags = match (call.request.method.as_str(), operation.to_ascii_lowercase().as_str()) {
            ("GET", _) => old,
            ("DELETE", _) => json!({}),
            ("PATCH", "merge") => joined(old, &sent),
            ("PATCH", "delete") => without(old, &sent),
            _ => sent,
        };
        if call.request.method != "GET" {
            path::set(&mut record.body, "tags", tags.clone());
            self.keep(&record)?;
        }
        if call.request.method == "DELETE" {
            return Ok(Response::empty(200));
        }
        Ok(Response::json(
            200,
            json!({"id": format!("{scope}/providers/Microsoft.Resources/tags/default"), "name": "default", "type": "Microsoft.Resources/tags", "properties": {"tags": tags}}),
        ))
    }
}

fn joined(mut old: Json, sent: &Json) -> Json {
    path::merge(&mut old, sent);
    old
}

fn without(mut old: Json, sent: &Json) -> Json {
    if let Some(map) = old.as_object_mut() {
        map.retain(|name, _| sent.get(name).is_none());
    }
    old
}

fn location(subscription: &str, (name, display, zones): (&str, &str, u8)) -> Json {
    let zones: Vec<Json> = (1..=zones)
        .map(|zone| json!({"logicalZone": zone.to_string(), "physicalZone": format!("{name}-az{zone}")}))
        .collect();
    let mut shown = json!({
        "id": format!("/subscriptions/{subscription}/locations/{name}"),
        "name": name,
        "type": "Region",
        "displayName": display,
        "regionalDisplayName": display,
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
    });
    if !zones.is_empty() {
        path::set(&mut shown, "availabilityZoneMappings", Json::Array(zones));
    }
    shown
}
