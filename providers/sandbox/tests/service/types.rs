//! What the sandbox refuses of a type, and tells of it, beyond the recordings: places, limits, identities, peerings, names of
//! private endpoints.

use crate::{Cloud, GROUP, code};
use serde_json::{Value as Json, json};

#[test]
fn each_type_is_where_its_service_is() {
    let cloud = Cloud::new();
    let at = |path: &str, location: &str| {
        let id = format!("{GROUP}/providers/Microsoft.{path}");
        let body = json!({"location": location, "properties": {}, "sku": {"name": "Standard"}});
        let answer = cloud.put(&id, body);
        let message = answer.body.as_ref().and_then(|body| body["error"]["message"].as_str()).unwrap_or_default();
        (code(&answer).to_owned(), message.to_owned())
    };
    let refused = "LocationNotAvailableForResourceType";
    for everywhere in [
        "Network/dnsZones/example.com",
        "Network/privateDnsZones/example.internal",
        "Network/privateDnsZones/example.internal/virtualNetworkLinks/link",
    ] {
        let (code, message) = at(everywhere, "West Europe");
        assert_eq!(code, refused, "{everywhere}");
        assert!(
            message.starts_with("The provided location 'westeurope' is not available for resource type 'Microsoft.")
        );
        assert!(message.ends_with("List of available regions for the resource type is 'global'."), "{message}");
    }
    assert_eq!(at("Network/dnsZones/example.com", "Global").0, "");
    for regional in [
        "Network/virtualNetworks/v",
        "Network/natGateways/n",
        "ContainerService/managedClusters/c",
        "KeyVault/vaults/vault-of-a-region",
        "ManagedIdentity/userAssignedIdentities/identity",
    ] {
        let (code, message) = at(regional, "global");
        assert_eq!(code, refused, "{regional}");
        assert!(message.contains("'centralus,") && !message.contains("global,"), "{message}");
    }
    assert_eq!(at("Network/natGateways/n", "westeurope").0, "");
    for either in ["global", "westus"] {
        assert_eq!(at(&format!("Cdn/profiles/{either}"), either).0, "");
    }
    let shown = cloud.get("/subscriptions/s/providers/Microsoft.Network").body.unwrap();
    let types = shown["resourceTypes"].as_array().unwrap();
    let zones = types.iter().find(|one| one["resourceType"] == "dnsZones").unwrap();
    assert_eq!(zones["locations"], json!(["global"]));
}

#[test]
fn values_out_of_limits_are_refused_as_the_services_do() {
    let cloud = Cloud::new();
    let group = format!("{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n");
    assert_eq!(cloud.put(&group, json!({"location": "westeurope"})).status, 201);
    cloud.wait(60);
    let rule = |place: &str, value: Json| {
        let mut rule = json!({"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
            "sourceAddressPrefix": "Storage.WestEurope", "sourcePortRange": "*", "destinationAddressPrefix": "10.0.0.0/8",
            "destinationPortRange": "443-444"});
        rule[place] = value;
        rule
    };
    for (place, value, refused) in [
        ("priority", json!(99), "SecurityRuleInvalidPriority"),
        ("priority", json!(4097), "SecurityRuleInvalidPriority"),
        ("destinationPortRange", json!("99999"), "SecurityRuleInvalidPortRange"),
        ("sourcePortRanges", json!(["22", "90-80"]), "SecurityRuleInvalidPortRange"),
        ("sourceAddressPrefix", json!("10.0.0.0/99"), "SecurityRuleInvalidAddressPrefix"),
        ("destinationAddressPrefixes", json!(["50.206.209.68/27"]), "SecurityRuleInvalidAddressPrefix"),
        ("protocol", json!("Http"), "InvalidRequestFormat"),
    ] {
        let alone = cloud.put(&format!("{group}/securityRules/r"), json!({"properties": rule(place, value.clone())}));
        assert_eq!((alone.status, code(&alone)), (400, refused), "{place} {value}");
        let within = json!([{"name": "r", "properties": rule(place, value)}]);
        let body = json!({"location": "westeurope", "properties": {"securityRules": within}});
        assert_eq!(code(&cloud.put(&group, body)), refused);
    }
    let good = json!({"properties": rule("priority", json!(4096))});
    assert_eq!(code(&cloud.put(&format!("{group}/securityRules/with a blank"), good.clone())), "InvalidResourceName");
    assert_eq!(code(&cloud.put(&format!("{group}/securityRules/r"), good.clone())), "");
    let mut named = good;
    named["name"] = json!("with a blank");
    let body = json!({"location": "westeurope", "properties": {"securityRules": [named]}});
    assert_eq!(code(&cloud.put(&group, body)), "InvalidResourceName");
    let space = |prefix: &str| {
        let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": [prefix]}}});
        code(&cloud.put(&format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/w"), body)).to_owned()
    };
    assert_eq!(space("10.0.0.0/99"), "InvalidAddressPrefixFormat");
    assert_eq!(space("10.0.0.0"), "InvalidAddressPrefixFormat");
    assert_eq!(space("10.0.1.0/16"), "InvalidCIDRNotation");
    let network = cloud.network();
    let subnet = json!({"properties": {"addressPrefixes": ["10.0.1.1/24"]}});
    assert_eq!(code(&cloud.put(&format!("{network}/subnets/b"), subnet)), "InvalidCIDRNotation");
    let vault =
        json!({"location": "westeurope", "properties": {"tenantId": "t", "sku": {"family": "A", "name": "standard"}}});
    assert_eq!(
        code(&cloud.put(&format!("{GROUP}/providers/Microsoft.KeyVault/vaults/kv-abc--d"), vault)),
        "VaultNameNotValid"
    );
    let pool = |name: &str, pods: u32| json!({"name": name, "mode": "System", "count": 1, "vmSize": "Standard_D2s_v5", "maxPods": pods});
    let cluster = |pool: Json| {
        let body = json!({"location": "westeurope", "properties": {"dnsPrefix": "c", "agentPoolProfiles": [pool]}});
        code(&cloud.put(&format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/c"), body)).to_owned()
    };
    assert_eq!(cluster(pool("system", 5)), "InvalidParameter");
    assert_eq!(cluster(pool("Bad-Pool_Name", 30)), "InvalidParameter");
    assert_eq!(cluster(pool("system", 30)), "");
}

#[test]
fn an_identity_of_both_kinds_is_told_in_full() {
    let cloud = Cloud::new();
    let own = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/own");
    let known = cloud.put(&own, json!({"location": "westeurope"})).body.unwrap()["properties"].clone();
    let bodies = [
        ("Compute/virtualMachines/v", json!({})),
        ("Storage/storageAccounts/account", json!({})),
        ("ContainerRegistry/registries/registry", json!({"name": "Premium"})),
    ];
    for (path, sku) in bodies {
        let id = format!("{GROUP}/providers/Microsoft.{path}");
        let identity = json!({"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {&own: {}}});
        let mut body = json!({"location": "westeurope", "kind": "StorageV2", "identity": identity, "properties": {}});
        body["sku"] = if path.starts_with("Storage") { json!({"name": "Standard_LRS"}) } else { sku };
        let put = cloud.put(&id, body);
        assert!(matches!(put.status, 200..=202), "{path}: {:?}", put.body);
        cloud.wait(600);
        let shown = cloud.get(&id).body.unwrap()["identity"].clone();
        assert!(shown["principalId"].is_string() && shown["tenantId"].is_string(), "{path}: {shown}");
        let user = &shown["userAssignedIdentities"][&own];
        assert_eq!(
            user,
            &json!({"principalId": known["principalId"], "clientId": known["clientId"]}),
            "{path}: {shown}"
        );
    }
}

#[test]
fn the_other_side_of_a_peering_that_is_gone_is_disconnected() {
    let cloud = Cloud::new();
    let networks =
        ["hub", "one", "two"].map(|name| format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/{name}"));
    for (at, network) in networks.iter().enumerate() {
        let space = json!({"addressSpace": {"addressPrefixes": [format!("10.{at}.0.0/16")]}});
        assert_eq!(cloud.put(network, json!({"location": "westeurope", "properties": space})).status, 201);
    }
    cloud.wait(60);
    let [hub, one, two] = &networks;
    let peer = |from: &str, to: &str, name: &str| {
        let id = format!("{from}/virtualNetworkPeerings/{name}");
        assert_eq!(code(&cloud.put(&id, json!({"properties": {"remoteVirtualNetwork": {"id": to}}}))), "");
        cloud.wait(60);
        id
    };
    let state = |id: &str| cloud.get(id).body.unwrap()["properties"]["peeringState"].as_str().unwrap().to_owned();
    let (to_one, from_one) = (peer(hub, one, "to-one"), peer(one, hub, "to-hub"));
    let (_, from_two) = (peer(hub, two, "to-two"), peer(two, hub, "to-hub"));
    assert_eq!([state(&from_one), state(&from_two)], ["Connected", "Connected"]);
    cloud.ask("DELETE", &to_one, None);
    cloud.wait(60);
    assert_eq!(cloud.get(&to_one).status, 404);
    assert_eq!([state(&from_one), state(&from_two)], ["Disconnected", "Connected"]);
    cloud.ask("DELETE", hub, None);
    cloud.wait(60);
    assert_eq!(cloud.get(hub).status, 404);
    assert_eq!([state(&from_one), state(&from_two)], ["Disconnected", "Disconnected"]);
}

#[test]
fn a_private_endpoint_of_a_vault_has_its_name_in_the_zone() {
    let cloud = Cloud::new();
    let subnet = format!("{}/subnets/a", cloud.network());
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/vault-one");
    let body = json!({"location": "westeurope", "properties": {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}});
    assert_eq!(code(&cloud.put(&vault, body)), "");
    let zone = format!("{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net");
    assert_eq!(cloud.put(&zone, json!({"location": "global"})).status, 202);
    cloud.wait(60);
    let endpoint = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/e");
    let connection = json!({"name": "c", "properties": {"privateLinkServiceId": vault, "groupIds": ["vault"]}});
    let properties = json!({"subnet": {"id": subnet}, "privateLinkServiceConnections": [connection]});
    assert_eq!(code(&cloud.put(&endpoint, json!({"location": "westeurope", "properties": properties}))), "");
    cloud.wait(60);
    let shown = cloud.get(&endpoint).body.unwrap();
    let named = &shown["properties"]["customDnsConfigs"][0];
    assert_eq!(named["fqdn"], "vault-one.vault.azure.net", "{shown}");
    let group = format!("{endpoint}/privateDnsZoneGroups/default");
    assert_eq!(code(&cloud.put(&group, json!({"properties": {"privateDnsZoneConfigs": [config_of(&zone)]}}))), "");
    cloud.wait(60);
    let record = cloud.get(&format!("{zone}/A/vault-one")).body.unwrap();
    assert_eq!(record["properties"]["aRecords"], json!([{"ipv4Address": named["ipAddresses"][0]}]), "{record}");
    assert_eq!(record["properties"]["fqdn"], "vault-one.privatelink.vaultcore.azure.net.");
    cloud.ask("DELETE", &group, None);
    cloud.wait(60);
    assert_eq!(cloud.get(&format!("{zone}/A/vault-one")).status, 404);
    assert_eq!(code(&cloud.put(&group, json!({"properties": {"privateDnsZoneConfigs": [config_of(&zone)]}}))), "");
    cloud.wait(60);
    assert_eq!(cloud.get(&format!("{zone}/A/vault-one")).status, 200);
    cloud.ask("DELETE", &endpoint, None);
    cloud.wait(60);
    assert_eq!(cloud.get(&format!("{zone}/A/vault-one")).status, 404);
}

fn config_of(zone: &str) -> Json {
    json!({"name": "vault", "properties": {"privateDnsZoneId": zone}})
}
