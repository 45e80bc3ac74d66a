//! The life of each type in a sandbox that another process serves: create, a clean second plan, a second create that is
//! refused, a forced replacement, a change in place, drift, import, list, delete. `FORMWORK_PROGRAM` names the `formwork`
//! command whose sandbox is used; without it the tests are skipped.

mod machines;
mod network;
mod platform;
mod sandbox;

use crate::stack::trial;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_model::{Address, Map, Value, ValueBuf};
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{
    ConfigureRequest, CreateRequest, Environment, ErrorClass, Found, Provider, ProviderError, ReadOutcome,
    ReadSecretRequest, SecretReader, StoredObject,
};
use formwork_provider_azure::AzureProvider;
use formwork_provider_azure::inspect::types;
use libtest_mimic::{Failed, Trial};
use reqwest::Method;
use sandbox::{Hand, Sandbox};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("life::is_told_of_every_type", of_every_type), trial("life::in_a_sandbox", live)]
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
    let parts = [
        network::networks(),
        network::names(),
        network::attached(),
        machines::stores(),
        platform::platform(),
        machines::machines(),
    ];
    parts.into_iter().flatten().collect()
}

/// The config with the group and a region.
fn at(mut config: Json) -> Json {
    config["group"] = json!("@group");
    config["location"] = json!("westeurope");
    config
}

/// A change of the tags alone.
fn tags() -> Option<Json> {
    Some(json!({"tags": {"team": "other"}}))
}

/// Every type is made, and every one that can be changed is changed.
fn of_every_type() -> Result<(), Failed> {
    let steps = steps();
    let lacks = |schema: &&ResourceSchema| {
        let mut of_type = steps.iter().filter(|step| step.type_name == schema.name);
        if schema.capabilities.update { !of_type.any(|step| step.change.is_some()) } else { of_type.next().is_none() }
    };
    let missing: Vec<&str> = AzureProvider.schema().resources.iter().filter(lacks).map(|schema| schema.name).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no step makes and changes {missing:?}").into()) }
}

fn live(program: &Path) -> Result<(), Failed> {
    let sandbox = Sandbox::start(program)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let environment =
            Environment { sandbox: true, sandbox_endpoint: Some(sandbox.endpoint.clone()), ..Environment::default() };
        let hand = Hand::new(&sandbox.endpoint);
        let configuration = ValueBuf::empty_map();
        let reader = ConfigureRequest { configuration, environment: environment.clone() };
        let reader = AzureProvider.secret_reader(reader).await.unwrap();
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
            match begin(&harness, &hand, step, &ids).await {
                Ok((object, config)) => {
                    ids.insert(step.label.to_owned(), text(&object, "id"));
                    ids.insert(format!("{}.principal_id", step.label), text(&object, "principal_id"));
                    made.push((step, object, config));
                }
                Err(failure) => failures.push(format!("{} {}: {failure}", step.type_name, step.label)),
            }
        }
        if let Err(failure) = looked_up(&harness, &ids).await {
            failures.push(failure);
        }
        if let Err(failure) = read_by_address(&hand, reader.as_ref(), &sandbox.endpoint.url, &ids).await {
            failures.push(failure);
        }
        if let Some((_, object, config)) = made.iter().find(|(step, ..)| step.label == "cluster")
            && let Err(failure) = identity_of_an_add_on(&harness, object, config).await
        {
            failures.push(failure);
        }
        for (step, object, config) in made.iter().rev() {
            if let Err(failure) = end(&harness, step, object, config).await {
                failures.push(format!("{} {}: {failure}", step.type_name, step.label));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
    })
}

/// The identity of the Key Vault add-on is foreseen to change where the add-on is switched off, and only there: what
/// refers to it (a role) would be replaced.
async fn identity_of_an_add_on(harness: &Harness, object: &StoredObject, config: &Value) -> Result<(), String> {
    let address = Address::resource("cluster");
    for (enabled, interval, is_foreseen) in [(true, "7m", true), (false, "5m", false)] {
        let add_on = json!({"addon_profiles": {"azureKeyvaultSecretsProvider":
            {"enabled": enabled, "config": {"rotationPollInterval": interval}}}});
        let schema = harness.resource("kubernetes_cluster").unwrap();
        let config = merged(config, &shaped(schema.attributes, &add_on));
        let planned = harness.plan("kubernetes_cluster", &address, &config, Some(object)).await;
        let planned = planned.map_err(told("plan of an add-on"))?;
        let identity = planned.response.planned.view().get("secrets_provider_object_id").map(|value| value.is_known());
        if planned.differences.is_empty() || identity != Some(is_foreseen) {
            return Err(format!("the add-on's identity, enabled: {enabled}: {:?}", planned.differences));
        }
    }
    Ok(())
}

/// What data sources tell while everything is there.
async fn looked_up(harness: &Harness, ids: &BTreeMap<String, String>) -> Result<(), String> {
    let of = async |name: &'static str, config: Json| {
        let config = formwork_model::value::from_json(&config);
        let told = harness.data(name, &config).await.map_err(|error| format!("data {name}: {error:?}"))?;
        Ok::<Map, String>(told.as_map().cloned().unwrap_or_default())
    };
    let offered = of("kubernetes_versions", json!({"location": "West Europe"})).await?;
    let names = offered.get("names").and_then(Value::as_items).unwrap_or_default();
    if names.is_empty() || offered.get("default_version").is_none() || offered.get("latest_patch").is_none() {
        return Err(format!("versions of Kubernetes: {offered:?}"));
    }
    for (role, told) in [("admin", "clusterAdmin"), ("user", "clusterUser")] {
        let given = of("kubernetes_credentials", json!({"cluster": ids.get("cluster"), "role": role})).await?;
        let name = given.get("name").and_then(Value::as_str);
        let kubeconfig = given.get("kubeconfig");
        let text = kubeconfig.map(Value::exposed).and_then(Value::as_str).unwrap_or_default();
        if name != Some(told) || !matches!(kubeconfig, Some(Value::Secret(_))) || !text.contains("apiVersion") {
            return Err(format!("credentials of {role}: {name:?}"));
        }
    }
    for (name, named, told) in [
        ("storage_account", "stlifeone", "primary_blob_endpoint"),
        ("log_analytics_workspace", "log-life", "customer_id"),
        ("disk", "data", "unique_id"),
        ("ssh_public_key", "ops", "public_key"),
        ("virtual_machine", "vm-life", "vm_id"),
        ("scale_set", "vmss-life", "unique_id"),
    ] {
        let values = of(name, json!({"name": named, "group": ids.get("group")})).await?;
        if values.get(told).and_then(Value::as_str).is_none() {
            return Err(format!("data {name} has no {told}: {values:?}"));
        }
    }
    let secret = of("secret", json!({"name": "password", "vault": ids.get("vault")})).await?;
    let key = of("key", json!({"name": "lock", "vault": ids.get("vault")})).await?;
    let keys = of("storage_account_keys", json!({"account": ids.get("account")})).await?;
    let any = of("resource", json!({"id": ids.get("any"), "api_version": "2024-03-01"})).await?;
    let is_told = [
        secret.get("value") == Some(&Value::string("close sesame").secret()),
        key.get("n").and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
        matches!(keys.get("secondary_connection_string"), Some(Value::Secret(_))),
        any.get("output").and_then(Value::as_map).is_some_and(|output| output.contains("properties")),
    ];
    if is_told != [true; 4] {
        return Err(format!("a secret, a key, the keys of an account, any object: {is_told:?}"));
    }
    Ok(())
}

/// What `secret_from` reads: by the address of the vault that the sandbox serves.
async fn read_by_address(
    hand: &Hand,
    reader: &dyn SecretReader,
    url: &str,
    ids: &BTreeMap<String, String>,
) -> Result<(), String> {
    let read = async |name: String| {
        let request = ReadSecretRequest { scheme: "key_vault".into(), name, as_json: false };
        reader.read_secret(request).await.map(|secret| secret.0)
    };
    let name = ids.get("vault").and_then(|id| id.rsplit('/').next()).unwrap_or_default();
    let vault = format!("{}/vaults/{name}", url.trim_end_matches('/'));
    let put = async |value: &str| {
        let body = json!({ "value": value });
        let made = hand.send(Method::PUT, &format!("{vault}/secrets/told"), "7.5", Some(&body)).await?;
        let version = made["id"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        Ok::<String, String>(version)
    };
    let first = put("first").await?;
    put("second").await?;
    let told = [read(format!("{vault}/told")).await, read(format!("{vault}/told/{first}")).await];
    let told = told.map(|told| told.unwrap_or_else(|error| format!("{error:?}")));
    if told != ["second", "first"] {
        return Err(format!("two versions of a secret, by address: {told:?}"));
    }
    let off = json!({ "attributes": { "enabled": false } });
    hand.send(Method::PATCH, &format!("{vault}/secrets/told"), "7.5", Some(&off)).await?;
    for (name, class, word) in [
        (format!("{vault}/told"), ErrorClass::Forbidden, "is disabled"),
        (format!("{vault}/never"), ErrorClass::NotFound, "there is no"),
    ] {
        match read(name).await {
            Err(error) if error.class == class && error.message.contains(word) => {}
            other => return Err(format!("{word}: {other:?}")),
        }
    }
    Ok(())
}

/// All of a life but its end.
async fn begin(
    harness: &Harness,
    hand: &Hand,
    step: &Step,
    ids: &BTreeMap<String, String>,
) -> Result<(StoredObject, Value), String> {
    let schema = harness.resource(step.type_name).unwrap();
    let life = Life { harness, hand, step, schema };
    let mut config = shaped(schema.attributes, &filled(&step.config, ids));
    let object = life.made(&config).await?;
    life.refused(&config, &object).await?;
    let mut object = life.replaced(&config, object).await?;
    if let Some(change) = &step.change {
        config = merged(&config, &shaped(schema.attributes, &filled(change, ids)));
        let before = life.seen(&object).await?;
        object = life.changed(&config, &object).await?;
        object = life.drifted(&config, object, before).await?;
    }
    life.imported(&config, &object).await?;
    life.listed(&object).await?;
    Ok((object, config))
}

/// One object's life.
struct Life<'a> {
    harness: &'a Harness,
    hand: &'a Hand,
    step: &'a Step,
    schema: &'static ResourceSchema,
}

fn told(what: &'static str) -> impl Fn(ProviderError) -> String {
    move |error| format!("{what}: {error:?}")
}

impl Life<'_> {
    async fn request(&self, config: &Value) -> Result<CreateRequest, String> {
        self.harness.create_request(self.step.type_name, self.step.label, config).await.map_err(told("plan"))
    }

    async fn settled(&self, config: &Value, object: &StoredObject) -> Result<(), String> {
        let settled = self.harness.assert_settled(self.step.type_name, self.step.label, config, object).await;
        settled.map_err(told("settle"))
    }

    /// It is not there, is made, has nothing left to do, and is known as ours.
    async fn made(&self, config: &Value) -> Result<StoredObject, String> {
        let request = self.request(config).await?;
        let absent = self.harness.find(&request).await.map_err(told("find before"))?;
        if absent != Found::Absent {
            return Err(format!("before it is made: {absent:?}"));
        }
        let object = self.harness.send_create(request.clone()).await.map_err(told("create"))?.object;
        self.settled(config, &object).await?;
        let found = self.harness.find(&request).await.map_err(told("find after"))?;
        if matches!(found, Found::Ours(_)) { Ok(object) } else { Err(format!("after it is made: {found:?}")) }
    }

    /// Whoever makes it once more is refused, and leaves it as it was.
    async fn refused(&self, config: &Value, object: &StoredObject) -> Result<(), String> {
        let before = self.stands(object).await?;
        self.made_twice(config).await?;
        let after = self.stands(object).await?;
        if after == before {
            Ok(())
        } else {
            Err(format!("who is refused changes it: before {before:?}, after {after:?}"))
        }
    }

    /// What there is: to ARM, and to the provider.
    async fn stands(&self, object: &StoredObject) -> Result<(Option<Json>, ReadOutcome), String> {
        let read = self.harness.read(self.step.type_name, object).await.map_err(told("read"))?;
        Ok((self.seen(object).await?, read))
    }

    async fn made_twice(&self, config: &Value) -> Result<(), String> {
        let again = self.harness.send_create(self.request(config).await?).await;
        // What the operation names has another name each time.
        let is_named = config.as_map().is_some_and(|config| config.contains("name"));
        match again {
            Err(error) if error.class == ErrorClass::Conflict => Ok(()),
            _ if !is_named => Ok(()),
            other => Err(format!("made twice: {other:?}")),
        }
    }

    /// Each text of the config that is fixed replaces the object when it changes; it is deleted and made anew.
    async fn replaced(&self, config: &Value, object: StoredObject) -> Result<StoredObject, String> {
        let address = Address::resource(self.step.label);
        let values = config.as_map().unwrap();
        let is_fixed = |one: &&Attribute| one.create_only || ["group", "location"].contains(&one.name);
        let fixed: Vec<(&str, &str)> = self
            .schema
            .attributes
            .iter()
            .filter(is_fixed)
            .filter_map(|attribute| Some((attribute.name, values.get(attribute.name)?.as_str()?)))
            .collect();
        if fixed.is_empty() {
            return Err("nothing in the config replaces it".to_owned());
        }
        for (name, text) in fixed {
            let other = merged(config, &Value::map([(name, Value::string(format!("{text}x")))]));
            let planned = self.harness.plan(self.step.type_name, &address, &other, Some(&object)).await;
            let planned = planned.map_err(told("plan of a replacement"))?;
            if !planned.replaces() {
                return Err(format!("another `{name}` does not replace it: {planned:?}"));
            }
        }
        self.harness.delete(self.step.type_name, &object, config).await.map_err(told("delete"))?;
        self.made(config).await
    }

    async fn changed(&self, config: &Value, object: &StoredObject) -> Result<StoredObject, String> {
        let update = self.harness.update(self.step.type_name, self.step.label, config, object).await;
        let object = update.map_err(told("update"))?;
        self.settled(config, &object).await?;
        Ok(object)
    }

    /// The version by which ARM is asked about it; none for what lies in a vault.
    fn version(&self) -> Option<String> {
        let inspected = types().into_iter().find(|ty| ty.schema().name == self.step.type_name);
        let said = self.step.config.get("api_version").and_then(Json::as_str).map(str::to_owned);
        inspected.map(|ty| ty.api_version().to_owned()).or(said)
    }

    /// The object as ARM has it now.
    async fn seen(&self, object: &StoredObject) -> Result<Option<Json>, String> {
        let Some(version) = self.version() else { return Ok(None) };
        self.hand.at_rest(&text(object, "id"), &version).await.map(Some)
    }

    /// Somebody undoes the change by hand: it is noticed, and made again.
    async fn drifted(
        &self,
        config: &Value,
        object: StoredObject,
        before: Option<Json>,
    ) -> Result<StoredObject, String> {
        self.undone_by_hand(&text(&object, "id"), before).await?;
        let read = self.harness.read(self.step.type_name, &object).await.map_err(told("read of drift"))?;
        let ReadOutcome::Present(drifted) = read else { return Err(format!("after a change by hand: {read:?}")) };
        let address = Address::resource(self.step.label);
        let planned = self.harness.plan(self.step.type_name, &address, config, Some(&drifted)).await;
        let planned = planned.map_err(told("plan of drift"))?;
        if planned.differences.is_empty() {
            return Err(format!("drift is not seen: {:?}", drifted.values));
        }
        self.changed(config, &drifted).await
    }

    async fn undone_by_hand(&self, id: &str, before: Option<Json>) -> Result<(), String> {
        const VAULT: &str = "7.5";
        match (self.version(), before) {
            (Some(version), Some(before)) => {
                self.hand.send(Method::PUT, id, &version, Some(&before)).await?;
                self.hand.at_rest(id, &version).await.map(drop)
            }
            _ if self.step.type_name == "secret" => {
                self.hand.send(Method::PUT, id, VAULT, Some(&json!({"value": "by hand"}))).await.map(drop)
            }
            _ => self
                .hand
                .send(Method::PATCH, id, VAULT, Some(&json!({"attributes": {"enabled": true}})))
                .await
                .map(drop),
        }
    }

    async fn imported(&self, config: &Value, object: &StoredObject) -> Result<(), String> {
        let imported = self.harness.import(self.step.type_name, &text(object, "id"), config).await;
        let imported = imported.map_err(told("import"))?;
        let address = Address::resource(self.step.label);
        let planned = self.harness.plan(self.step.type_name, &address, config, Some(&imported)).await;
        let planned = planned.map_err(told("plan of an import"))?;
        if planned.is_clean() { Ok(()) } else { Err(format!("after import: {:?}", planned.differences)) }
    }

    async fn listed(&self, object: &StoredObject) -> Result<(), String> {
        if !self.schema.capabilities.list {
            return Ok(());
        }
        let list = self.harness.list(self.step.type_name).await.map_err(told("list"))?;
        let id = text(object, "id").to_lowercase();
        let is_there = list.iter().any(|listed| listed.id.to_lowercase() == id);
        if is_there { Ok(()) } else { Err(format!("the list does not show it: {list:?}")) }
    }
}

async fn end(harness: &Harness, step: &Step, object: &StoredObject, config: &Value) -> Result<(), String> {
    harness.delete(step.type_name, object, config).await.map_err(told("delete"))?;
    let read = harness.read(step.type_name, object).await.map_err(told("read"))?;
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
pub(crate) fn shaped(attributes: &[Attribute], json: &Json) -> Value {
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
