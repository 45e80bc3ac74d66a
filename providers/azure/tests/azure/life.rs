//! The life of each type in a sandbox that another process serves: create, a clean second plan, a change in place, find,
//! import, list, delete. `FORMWORK_PROGRAM` names the `formwork` command whose sandbox is used; without it the tests are
//! skipped.

use formwork_model::schema::{Attribute, AttributeType};
use formwork_model::{Map, Value};
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{Environment, ErrorClass, Found, ReadOutcome, SandboxEndpoint, StoredObject};
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    let program = std::env::var_os("FORMWORK_PROGRAM").map(PathBuf::from);
    let skipped = program.is_none();
    let name = if skipped { "life::in_a_sandbox (skipped: FORMWORK_PROGRAM is not set)" } else { "life::in_a_sandbox" };
    let run = move || program.as_ref().map_or(Ok(()), live);
    vec![Trial::test(name, run).with_ignored_flag(skipped)]
}

/// One object: its type, its label, its config (`@label` is another one's id), and what is changed in place.
pub(crate) struct Step {
    pub(crate) type_name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) config: Json,
    change: Option<Json>,
}

fn step(type_name: &'static str, label: &'static str, config: Json, change: Option<Json>) -> Step {
    Step { type_name, label, config, change }
}

/// In the order in which they need each other.
pub(crate) fn steps() -> Vec<Step> {
    let at = |mut config: Json| {
        config["group"] = json!("@group");
        config["location"] = json!("westeurope");
        config
    };
    let tags = || Some(json!({"tags": {"team": "other"}}));
    let mut steps = vec![
        step(
            "resource_group",
            "group",
            json!({"name": "rg-life", "location": "West Europe", "tags": {"team": "x"}}),
            tags(),
        ),
        step(
            "virtual_network",
            "vnet",
            at(json!({"name": "v", "address_space": ["10.0.0.0/16"]})),
            Some(json!({"flow_timeout_in_minutes": 10})),
        ),
        step(
            "virtual_network",
            "hub",
            at(
                json!({"name": "hub", "address_space": ["10.1.0.0/16"], "subnets": [{"name": "in", "address_prefix": "10.1.0.0/24"}]}),
            ),
            tags(),
        ),
        step("network_security_group", "nsg", at(json!({"name": "nsg"})), tags()),
        step(
            "security_rule",
            "rule",
            json!({"name": "https", "network_security_group": "@nsg", "priority": 100, "direction": "Inbound",
            "access": "Allow", "protocol": "Tcp", "source_address_prefix": "*", "source_port_range": "*",
            "destination_address_prefix": "*", "destination_port_range": "443"}),
            Some(json!({"priority": 110})),
        ),
        step("route_table", "table", at(json!({"name": "rt"})), tags()),
        step(
            "route",
            "route",
            json!({"name": "out", "route_table": "@table", "address_prefix": "0.0.0.0/0", "next_hop_type": "Internet"}),
            Some(json!({"next_hop_type": "None"})),
        ),
        step("public_ip_prefix", "prefix", at(json!({"name": "pre", "prefix_length": 30})), tags()),
        step("public_ip", "address", at(json!({"name": "ip"})), Some(json!({"idle_timeout_in_minutes": 10}))),
        step("public_ip", "bastion_address", at(json!({"name": "ip-bastion"})), None),
        step(
            "nat_gateway",
            "nat",
            at(json!({"name": "nat", "public_ip_prefixes": ["@prefix"]})),
            Some(json!({"idle_timeout_in_minutes": 20})),
        ),
        step(
            "subnet",
            "subnet",
            json!({"name": "apps", "vnet": "@vnet", "address_prefix": "10.0.0.0/24", "network_security_group": "@nsg",
            "route_table": "@table", "nat_gateway": "@nat", "service_endpoints": [{"service": "Microsoft.Storage"}],
            "delegations": [{"name": "d", "service_name": "Microsoft.DBforPostgreSQL/flexibleServers"}]}),
            Some(json!({"service_endpoints": [{"service": "Microsoft.KeyVault"}, {"service": "Microsoft.Storage"}]})),
        ),
        step("subnet", "machines", json!({"name": "machines", "vnet": "@vnet", "address_prefix": "10.0.2.0/24"}), None),
        step(
            "subnet",
            "bastion_subnet",
            json!({"name": "AzureBastionSubnet", "vnet": "@vnet", "address_prefix": "10.0.3.0/26"}),
            None,
        ),
        step(
            "virtual_network_peering",
            "peering",
            json!({"name": "to-hub", "vnet": "@vnet", "remote_vnet": "@hub"}),
            Some(json!({"allow_forwarded_traffic": true})),
        ),
        step("private_dns_zone", "zone", json!({"name": "life.internal", "group": "@group"}), tags()),
        step(
            "private_dns_zone_link",
            "link",
            json!({"name": "l", "zone": "@zone", "vnet": "@vnet"}),
            Some(json!({"registration_enabled": true})),
        ),
        step(
            "private_dns_a_record",
            "private_a",
            json!({"name": "www", "zone": "@zone", "ipv4_addresses": ["10.0.0.4"]}),
            Some(json!({"ttl": 60})),
        ),
        step("dns_zone", "public_zone", json!({"name": "life.example", "group": "@group"}), tags()),
        step(
            "dns_a_record",
            "a",
            json!({"name": "@", "zone": "@public_zone", "ipv4_addresses": ["192.0.2.1"]}),
            Some(json!({"ipv4_addresses": ["192.0.2.1", "192.0.2.2"]})),
        ),
        step(
            "dns_cname_record",
            "cname",
            json!({"name": "www", "zone": "@public_zone", "cname": "life.example"}),
            Some(json!({"ttl": 60})),
        ),
        step(
            "dns_txt_record",
            "txt",
            json!({"name": "t", "zone": "@public_zone", "txt_records": [["one"], ["two", "three"]]}),
            Some(json!({"ttl": 60})),
        ),
        step(
            "network_interface",
            "nic",
            at(json!({"name": "nic", "ip_configurations": [{"name": "one", "subnet": "@machines"}]})),
            Some(json!({"enable_ip_forwarding": true})),
        ),
        step(
            "load_balancer",
            "balancer",
            at(
                json!({"name": "lb", "frontend_ip_configurations": [{"name": "front", "public_ip_address": "@address"}],
            "backend_address_pools": [{"name": "pool"}], "probes": [{"name": "tcp", "protocol": "Tcp", "port": 80}],
            "load_balancing_rules": [{"name": "http", "frontend_ip_configuration": "front", "backend_address_pools": ["pool"], "probe": "tcp",
                "protocol": "Tcp", "frontend_port": 80, "backend_port": 80}]}),
            ),
            tags(),
        ),
        step(
            "bastion_host",
            "bastion",
            at(json!({"name": "bas", "ip_configurations": [{"name": "one", "subnet": "@bastion_subnet",
            "public_ip_address": "@bastion_address"}]})),
            tags(),
        ),
    ];
    steps.extend(platform(at));
    steps.push(step("resource", "any", json!({"type": "Microsoft.Network/publicIPAddresses", "api_version": "2024-03-01", "name": "any",
        "parent": "@group", "body": {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}}), None));
    steps
}

/// What a platform stands on: identities, roles, a vault with what lies in it, a registry, a cluster.
fn platform(at: impl Fn(Json) -> Json) -> Vec<Step> {
    let tags = || Some(json!({"tags": {"team": "other"}}));
    vec![
        step("user_assigned_identity", "identity", at(json!({"name": "id-life"})), tags()),
        step(
            "federated_credential",
            "credential",
            json!({"name": "pods", "identity": "@identity", "issuer": "https://issuer.example/1/",
            "subject": "system:serviceaccount:shop:web"}),
            Some(json!({"subject": "system:serviceaccount:shop:worker"})),
        ),
        step(
            "role_definition",
            "role",
            json!({"scope": "@group", "role_name": "Reader of life", "permissions": [{"actions": ["*/read"]}]}),
            Some(json!({"description": "reads"})),
        ),
        step(
            "role_assignment",
            "assignment",
            json!({"scope": "@group", "role_definition": "Reader", "principal_id": "@identity.principal_id"}),
            None,
        ),
        step(
            "key_vault",
            "vault",
            at(json!({"name": "kv-life-1", "enable_rbac_authorization": true, "purge_on_delete": true,
            "tenant_id": "00000000-0000-4000-8000-0000000000aa"})),
            Some(json!({"enabled_for_deployment": true})),
        ),
        step(
            "secret",
            "secret",
            json!({"name": "password", "vault": "@vault", "value": "open sesame", "tags": {"of": "life"}, "purge_on_delete": true}),
            Some(json!({"value": "close sesame"})),
        ),
        step(
            "key",
            "key",
            json!({"name": "lock", "vault": "@vault", "kty": "RSA", "key_size": 2048, "purge_on_delete": true}),
            Some(json!({"enabled": false})),
        ),
        step(
            "container_registry",
            "registry",
            at(json!({"name": "lifeofregistry", "sku": {"name": "Premium"}})),
            Some(json!({"admin_user_enabled": true})),
        ),
        step(
            "container_registry_replication",
            "replication",
            json!({"name": "northeurope", "registry": "@registry", "location": "northeurope"}),
            tags(),
        ),
        step(
            "kubernetes_cluster",
            "cluster",
            at(json!({"name": "aks-life", "kubernetes_version": "1.33", "oidc_issuer_profile": {"enabled": true},
            "security_profile": {"workload_identity": {"enabled": true}},
            "network_profile": {"network_plugin": "azure", "network_plugin_mode": "overlay", "network_policy": "calico"},
            "addon_profiles": {"azureKeyvaultSecretsProvider": {"enabled": true, "config": {"enableSecretRotation": "true"}}},
            "agent_pool_profiles": [{"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "enable_auto_scaling": true,
                "min_count": 1, "max_count": 3, "availability_zones": ["1", "2", "3"], "vnet_subnet": "@machines"}]})),
            Some(json!({"sku": {"name": "Base", "tier": "Standard"},
            "agent_pool_profiles": [{"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "enable_auto_scaling": true,
                "min_count": 3, "max_count": 5, "availability_zones": ["1", "2", "3"], "vnet_subnet": "@machines"}]})),
        ),
        step(
            "node_pool",
            "pool",
            json!({"name": "apps", "cluster": "@cluster", "vm_size": "Standard_D8s_v5", "enable_auto_scaling": true,
            "min_count": 1, "max_count": 5, "node_labels": {"for": "apps"}, "node_taints": ["for=apps:NoSchedule"]}),
            Some(json!({"min_count": 2, "max_count": 8})),
        ),
        step(
            "maintenance_configuration",
            "maintenance",
            json!({"name": "aksManagedAutoUpgradeSchedule", "cluster": "@cluster", "maintenance_window":
                {"schedule": {"weekly": {"day_of_week": "Sunday", "interval_weeks": 1}}, "duration_hours": 4, "start_time": "02:00"}}),
            None,
        ),
    ]
}

/// A sandbox of its own directory; stopped when it goes.
struct Sandbox {
    program: PathBuf,
    folder: tempfile::TempDir,
    endpoint: SandboxEndpoint,
}

impl Sandbox {
    fn start(program: &PathBuf) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("formwork.toml"), "[stack]\nname = \"life\"\nversion = \"0.1.0\"\n")?;
        let arguments = ["sandbox", "start", "--json", "--latency", "none", "--idle", "10m"];
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output()?;
        let told: Json = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("no sandbox: {}", String::from_utf8_lossy(&output.stderr)))?;
        let word = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let endpoint =
            SandboxEndpoint { url: word("url"), token: word("token"), ca_pem: std::fs::read_to_string(word("ca"))? };
        Ok(Self { program: program.clone(), folder, endpoint })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = Command::new(&self.program).args(["sandbox", "stop"]).current_dir(self.folder.path()).output();
    }
}

fn live(program: &PathBuf) -> Result<(), Failed> {
    let sandbox = Sandbox::start(program)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let environment =
            Environment { sandbox: true, sandbox_endpoint: Some(sandbox.endpoint.clone()), ..Environment::default() };
        let harness = Harness::encoded(AzureProvider, Value::map::<&str>([]), environment).await.unwrap();
        let connection = harness.data("client_config", &Value::map::<&str>([])).await.unwrap();
        for said in ["subscription_id", "tenant_id", "client_id", "object_id"] {
            let text = connection.as_map().unwrap().get(said).and_then(Value::as_str);
            assert!(text.is_some_and(|text| !text.is_empty()), "{said} of the sandbox's connection: {text:?}");
        }
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        let mut made: Vec<(&Step, StoredObject, Value)> = Vec::new();
        let (steps, mut failures) = (steps(), Vec::new());
        for step in &steps {
            match begin(&harness, step, &ids).await {
                Ok((object, config)) => {
                    ids.insert(step.label.to_owned(), text(&object, "id"));
                    ids.insert(format!("{}.principal_id", step.label), text(&object, "principal_id"));
                    made.push((step, object, config));
                }
                Err(failure) => failures.push(format!("{} {}: {failure}", step.type_name, step.label)),
            }
        }
        for (step, object, config) in made.iter().rev() {
            if let Err(failure) = end(&harness, step, object, config).await {
                failures.push(format!("{} {}: {failure}", step.type_name, step.label));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
    })
}

/// Create, settle, change, find, import.
async fn begin(
    harness: &Harness,
    step: &Step,
    ids: &BTreeMap<String, String>,
) -> Result<(StoredObject, Value), String> {
    let schema = harness.resource(step.type_name).unwrap();
    let config = shaped(schema.attributes, &filled(&step.config, ids));
    let told = |what: &str, error: formwork_provider_api::ProviderError| format!("{what}: {error:?}");
    let request =
        harness.create_request(step.type_name, step.label, &config).await.map_err(|error| told("plan", error))?;
    let absent = harness.find(&request).await.map_err(|error| told("find before", error))?;
    if absent != Found::Absent {
        return Err(format!("before it is made: {absent:?}"));
    }
    let object = harness.send_create(request.clone()).await.map_err(|error| told("create", error))?.object;
    harness
        .assert_settled(step.type_name, step.label, &config, &object)
        .await
        .map_err(|error| told("settle", error))?;
    let found = harness.find(&request).await.map_err(|error| told("find after", error))?;
    if !matches!(found, Found::Ours(_)) {
        return Err(format!("after it is made: {found:?}"));
    }
    let again = harness
        .send_create(
            harness.create_request(step.type_name, step.label, &config).await.map_err(|error| told("plan", error))?,
        )
        .await;
    // What the operation names has another name each time.
    let is_named = config.as_map().is_some_and(|config| config.contains("name"));
    if is_named && again.as_ref().err().map(|error| error.class) != Some(ErrorClass::Conflict) {
        return Err(format!("made twice: {again:?}"));
    }
    let (mut object, mut config) = (object, config);
    if let Some(change) = &step.change {
        config = merged(&config, &shaped(schema.attributes, &filled(change, ids)));
        object = harness
            .update(step.type_name, step.label, &config, &object)
            .await
            .map_err(|error| told("update", error))?;
        harness
            .assert_settled(step.type_name, step.label, &config, &object)
            .await
            .map_err(|error| told("settle", error))?;
    }
    let imported =
        harness.import(step.type_name, &text(&object, "id"), &config).await.map_err(|error| told("import", error))?;
    let planned = harness
        .plan(step.type_name, &request.address, &config, Some(&imported))
        .await
        .map_err(|error| told("plan", error))?;
    if planned.is_clean() { Ok((object, config)) } else { Err(format!("after import: {:?}", planned.differences)) }
}

async fn end(harness: &Harness, step: &Step, object: &StoredObject, config: &Value) -> Result<(), String> {
    let told = |what: &str, error: formwork_provider_api::ProviderError| format!("{what}: {error:?}");
    harness.delete(step.type_name, object, config).await.map_err(|error| told("delete", error))?;
    let read = harness.read(step.type_name, object).await.map_err(|error| told("read", error))?;
    if read == ReadOutcome::Gone { Ok(()) } else { Err(format!("after delete: {read:?}")) }
}

fn filled(json: &Json, ids: &BTreeMap<String, String>) -> Json {
    match json {
        Json::String(text) => match text.strip_prefix('@').and_then(|label| ids.get(label)) {
            Some(id) => Json::from(id.as_str()),
            None => json.clone(),
        },
        Json::Array(items) => items.iter().map(|item| filled(item, ids)).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), filled(value, ids))).collect(),
        other => other.clone(),
    }
}

fn merged(one: &Value, other: &Value) -> Value {
    let mut map = one.as_map().cloned().unwrap_or_default();
    for (key, value) in other.as_map().unwrap().iter() {
        map.insert(key.clone(), value.clone());
    }
    Value::Map(map)
}

/// A config as the language would give it: sets are sets.
fn shaped(attributes: &[Attribute], json: &Json) -> Value {
    let entries = json.as_object().unwrap().iter().map(|(name, value)| {
        let attribute =
            attributes.iter().find(|attribute| attribute.name == name).unwrap_or_else(|| panic!("no {name}"));
        (name.as_str().into(), shaped_as(&attribute.ty, value))
    });
    Value::Map(entries.collect::<Map>())
}

fn shaped_as(ty: &AttributeType, json: &Json) -> Value {
    match (ty, json) {
        (AttributeType::Object(fields), _) => shaped(fields, json),
        (AttributeType::List(inner), Json::Array(items)) => {
            Value::list(items.iter().map(|item| shaped_as(inner, item)))
        }
        (AttributeType::Set(inner), Json::Array(items)) => Value::set(items.iter().map(|item| shaped_as(inner, item))),
        (AttributeType::Map(inner), Json::Object(entries)) => {
            Value::map(entries.iter().map(|(key, value)| (key.as_str(), shaped_as(inner, value))))
        }
        _ => formwork_model::value::from_json(json),
    }
}
