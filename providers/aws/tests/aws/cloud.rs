//! A stand-in for the engine at the contract's level: it proposes, plans, applies, checks each answer against the plan
//! as the engine does, and looks whether a second plan is clean.

use crate::steps::{Step, took};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema};
use formwork_model::{Address, Value, ValueBuf};
use formwork_provider_api::check::{self, CheckError, Subject};
use formwork_provider_api::wire::EncodedProvider;
use formwork_provider_api::{
    Applied, Cancelled, Checkpoint, ConfigureRequest, Connection, CreateRequest, DeleteRequest, Difference,
    Environment, ErrorClass, FindRequest, Found, ImportRequest, ListRequest, Listed, OperationSink, PlanRequest,
    PlanResponse, Provider, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    differences, proposed,
};
use formwork_provider_aws::AwsProvider;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Keeps checkpoints, does not sleep in earnest.
#[derive(Default)]
pub struct Sink {
    pub checkpoints: Mutex<Vec<Checkpoint>>,
    pub progress: Mutex<Vec<String>>,
    /// After so many checkpoints recording fails, as if the process had died right after the call.
    pub dies_after: Option<usize>,
}

#[async_trait::async_trait]
impl OperationSink for Sink {
    async fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), ProviderError> {
        let mut checkpoints = self.checkpoints.lock().unwrap();
        if self.dies_after == Some(checkpoints.len()) {
            return Err(ProviderError::new(ErrorClass::Cancelled, "killed"));
        }
        checkpoints.push(checkpoint);
        Ok(())
    }

    fn warn(&self, message: &str) {
        self.progress(message);
    }

    fn progress(&self, message: &str) {
        self.progress.lock().unwrap().push(message.to_owned());
    }

    async fn sleep(&self, _: Duration) -> Result<(), Cancelled> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok(())
    }
}

/// A managed object.
#[derive(Clone)]
pub struct Object {
    pub schema: &'static ResourceSchema,
    pub config: ValueBuf,
    pub stored: StoredObject,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {:?}", self.schema.name, self.stored.values)
    }
}

impl Object {
    /// An attribute as JSON.
    pub fn get(&self, name: &str) -> Json {
        get(&self.stored, name)
    }

    /// A text attribute.
    pub fn text(&self, name: &str) -> String {
        self.get(name).as_str().unwrap_or_else(|| panic!("{name} is no text: {:?}", self.stored.values)).to_owned()
    }

    pub fn id(&self) -> String {
        self.text("id")
    }
}

/// An attribute of a stored object as JSON; null where it is absent.
pub fn get(stored: &StoredObject, name: &str) -> Json {
    let value = stored.values.view().get(name);
    value.map_or(Json::Null, |value| formwork_model::value::to_json(value, formwork_model::value::Masking::Exposed))
}

/// A connection to one region.
pub struct Cloud {
    pub connection: Arc<dyn Connection>,
    pub sdk: SdkConfig,
    pub endpoint: String,
    pub region: String,
}

static OPERATION: AtomicU32 = AtomicU32::new(1);

/// A fresh operation id.
pub fn operation() -> String {
    format!("op-{}-{}", std::process::id(), OPERATION.fetch_add(1, Ordering::Relaxed))
}

fn address() -> Address {
    Address::resource("it")
}

impl Cloud {
    pub async fn connect(endpoint: &str, region: &str, extra: Json) -> Self {
        let connection = Self::configure(endpoint, region, extra).await.expect("the provider is configured");
        let nobody = Credentials::new("sandbox", "sandbox", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(nobody))
            .endpoint_url(endpoint)
            .build();
        Self { connection, sdk, endpoint: endpoint.to_owned(), region: region.to_owned() }
    }

    /// A connection; sandboxed, so that no credentials of this machine are touched.
    pub async fn configure(endpoint: &str, region: &str, extra: Json) -> Result<Arc<dyn Connection>, ProviderError> {
        let mut configuration = json!({ "region": region, "endpoint": endpoint });
        configuration.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
        let configuration = to_value(&configuration, AwsProvider.schema().configuration);
        let environment = Environment { sandbox: true, ..Environment::default() };
        let request = ConfigureRequest { configuration: ValueBuf::from(configuration), environment };
        // As if the provider ran in another process.
        EncodedProvider(AwsProvider).configure(request).await
    }

    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.sdk)
    }

    pub async fn plan(&self, schema: &ResourceSchema, config: &ValueBuf, prior: Option<&StoredObject>) -> PlanResponse {
        self.try_plan(schema, config, prior).await.unwrap_or_else(|error| panic!("plan: {error}"))
    }

    pub async fn try_plan(
        &self,
        schema: &ResourceSchema,
        config: &ValueBuf,
        prior: Option<&StoredObject>,
    ) -> Result<PlanResponse, ProviderError> {
        let proposed = proposed(schema, &address(), config.view(), prior.map(|prior| prior.values.view()));
        let request = PlanRequest {
            type_name: schema.name.into(),
            address: address(),
            config: config.clone(),
            prior: prior.cloned(),
            prior_config: None,
            proposed,
            write_only_changed: Vec::new(),
        };
        let answer = self.connection.plan(request).await?;
        sound(&check::planned(&subject(schema), schema, config.view(), answer.planned.view()));
        Ok(answer)
    }

    pub async fn create(&self, type_name: &str, config: Json) -> Object {
        self.try_create(type_name, config).await.unwrap_or_else(|error| panic!("create {type_name}: {error:?}"))
    }

    pub async fn try_create(&self, type_name: &str, config: Json) -> Result<Object, ProviderError> {
        let schema = schema(type_name);
        let config = to_config(schema, &config);
        let planned = self.try_plan(schema, &config, None).await?.planned;
        let sink = Sink::default();
        let applied = self.connection.create(create_request(schema, &config, &planned, None), &sink).await?;
        check(schema, &planned, &applied);
        let checkpoints = sink.checkpoints.lock().unwrap();
        assert!(!checkpoints.is_empty(), "{type_name}: the identity was never checkpointed");
        for name in schema.identity {
            let recorded =
                checkpoints.last().and_then(|last| last.identity.view().get(name).map(|value| value.to_buf()));
            let applied = applied.object.values.view().get(name).map(|value| value.to_buf());
            assert_eq!(recorded, applied, "{type_name}: the checkpoint has another `{name}`");
        }
        took(type_name, Step::Create);
        Ok(Object { schema, config, stored: applied.object })
    }

    /// Creates, but dies right after the call that made the object; gives what is asked for it afterwards.
    pub async fn create_and_die(&self, type_name: &str, config: Json) -> FindRequest {
        let sink = Sink { dies_after: Some(0), ..Sink::default() };
        let (error, request) = self.create_in_vain(type_name, config, &sink).await;
        assert_eq!(error.message, "killed", "{type_name}");
        request
    }

    /// Creates, but the answer is lost on the way; gives what is asked for it afterwards.
    pub async fn create_and_lose(&self, type_name: &str, config: Json) -> FindRequest {
        let sink = Sink::default();
        let (error, request) = self.create_in_vain(type_name, config, &sink).await;
        assert_lost(type_name, &error, &sink);
        request
    }

    /// Sends the recorded create again, as the engine does where nothing is found; the answer is lost once more.
    pub async fn repeat_and_lose(&self, find: &FindRequest) {
        let request = create_request(schema(&find.type_name), &find.config, &find.planned, None);
        let request = CreateRequest { operation: find.operation.clone(), ..request };
        let sink = Sink::default();
        let error = self.connection.create(request, &sink).await.expect_err("no answer");
        assert_lost(&find.type_name, &error, &sink);
    }

    async fn create_in_vain(&self, type_name: &str, config: Json, sink: &Sink) -> (ProviderError, FindRequest) {
        let schema = schema(type_name);
        let config = to_config(schema, &config);
        let planned = self.plan(schema, &config, None).await.planned;
        let request = create_request(schema, &config, &planned, None);
        let operation = request.operation.clone();
        let error = self.connection.create(request, sink).await.expect_err("no answer");
        let type_name = schema.name.into();
        (error, FindRequest { type_name, address: address(), operation, config, planned, checkpoint: None })
    }

    /// Finds an unfinished create by its operation, and goes on with it as the engine would.
    pub async fn recover(&self, request: FindRequest) -> Object {
        let schema = schema(&request.type_name);
        let FindRequest { operation, config, planned, .. } = request.clone();
        let Found::Unfinished(checkpoint) = self.connection.find(request).await.expect("find") else {
            panic!("{}: not found by its operation", schema.name)
        };
        let request = create_request(schema, &config, &planned, Some(checkpoint));
        let request = CreateRequest { operation, ..request };
        let applied = self.connection.create(request, &Sink::default()).await.expect("goes on");
        check(schema, &planned, &applied);
        took(schema.name, Step::Recovery);
        Object { schema, config, stored: applied.object }
    }

    /// Creates as if an earlier run had got as far as the checkpoint.
    pub async fn resume(&self, type_name: &str, config: Json, checkpoint: Checkpoint) -> Object {
        let schema = schema(type_name);
        let config = to_config(schema, &config);
        let planned = self.plan(schema, &config, None).await.planned;
        let request = create_request(schema, &config, &planned, Some(checkpoint));
        let applied = self.connection.create(request, &Sink::default()).await.expect("resumes");
        check(schema, &planned, &applied);
        Object { schema, config, stored: applied.object }
    }

    pub async fn read(&self, object: &Object) -> ReadOutcome {
        self.read_all(std::slice::from_ref(object)).await.pop().expect("one answer")
    }

    pub async fn read_all(&self, objects: &[Object]) -> Vec<ReadOutcome> {
        let type_name = objects[0].schema.name.to_owned();
        let stored = objects.iter().map(|object| object.stored.clone()).collect();
        let request = ReadManyRequest { type_name, objects: stored };
        let answers = self.connection.read_many(request.clone()).await.expect("read");
        let schema = objects[0].schema;
        sound(&check::read_count(&subject(schema), &request.objects, &answers));
        for (asked, answer) in request.objects.iter().zip(&answers) {
            sound(&check::read(&subject(schema), schema, asked.values.view(), answer));
        }
        answers
    }

    /// Reads it and makes what was read its state.
    pub async fn refresh(&self, object: &mut Object) {
        match self.read(object).await {
            ReadOutcome::Present(stored) => object.stored = stored,
            other => panic!("{}: {other:?}", object.schema.name),
        }
    }

    /// What a plan would change after a refresh.
    pub async fn changes(&self, object: &mut Object) -> Vec<Difference> {
        self.refresh(object).await;
        let plan = self.plan(object.schema, &object.config, Some(&object.stored)).await;
        assert!(plan.replace.is_empty(), "{:?}", plan.replace);
        differences(object.schema, object.stored.values.view(), plan.planned.view())
    }

    /// The second plan changes nothing, and reading gave what applying gave.
    pub async fn assert_clean(&self, object: &mut Object) {
        let applied = object.stored.clone();
        let changes = self.changes(object).await;
        assert!(changes.is_empty(), "{}: the second plan is not clean: {changes:#?}", object.schema.name);
        let read = differences(object.schema, applied.values.view(), object.stored.values.view());
        assert!(read.is_empty(), "{}: read back differs from applied: {read:#?}", object.schema.name);
        took(object.schema.name, Step::CleanPlan);
    }

    /// Names of the attributes that changed behind our back, as the next plan shows them.
    pub async fn drift(&self, object: &mut Object) -> Vec<String> {
        let mut names: Vec<String> = self
            .changes(object)
            .await
            .iter()
            .filter_map(|change| change.path.first_name().map(str::to_owned))
            .collect();
        names.dedup();
        if !names.is_empty() {
            took(object.schema.name, Step::Drift);
        }
        names
    }

    /// Applies another config in place, and looks that the next plan is clean.
    pub async fn change(&self, object: &mut Object, config: Json) {
        self.change_after(object, config, async {}).await;
    }

    /// The same, with something that happens between plan and apply.
    pub async fn change_after(&self, object: &mut Object, config: Json, meanwhile: impl Future<Output = ()>) {
        let config = to_config(object.schema, &config);
        let plan = self.plan(object.schema, &config, Some(&object.stored)).await;
        let changes = differences(object.schema, object.stored.values.view(), plan.planned.view());
        assert!(!changes.is_empty(), "{}: nothing to change", object.schema.name);
        assert!(changes.iter().all(|change| !change.forces_replacement), "{changes:#?}");
        assert!(plan.replace.is_empty(), "{:?}", plan.replace);
        meanwhile.await;
        object.config = config;
        self.apply(object, plan.planned).await;
        self.assert_clean(object).await;
        took(object.schema.name, Step::Change);
    }

    /// Repairs drift: applies the same config again.
    pub async fn repair(&self, object: &mut Object) {
        let planned = self.plan(object.schema, &object.config, Some(&object.stored)).await.planned;
        self.apply(object, planned).await;
        self.assert_clean(object).await;
    }

    async fn apply(&self, object: &mut Object, planned: ValueBuf) {
        let request = UpdateRequest {
            type_name: object.schema.name.into(),
            address: address(),
            operation: operation(),
            prior: object.stored.clone(),
            prior_config: None,
            config: object.config.clone(),
            planned: planned.clone(),
            private: Vec::new(),
            resume: None,
            timeout_ms: 60_000,
        };
        let applied = self.connection.update(request, &Sink::default()).await;
        let applied = applied.unwrap_or_else(|error| panic!("update {}: {error:?}", object.schema.name));
        check(object.schema, &planned, &applied);
        object.stored = applied.object;
    }

    /// The attributes for which another config replaces the object.
    pub async fn replaced_by(&self, object: &Object, config: Json) -> Vec<String> {
        let config = to_config(object.schema, &config);
        let plan = self.plan(object.schema, &config, Some(&object.stored)).await;
        let changes = differences(object.schema, object.stored.values.view(), plan.planned.view());
        let by_schema = changes.iter().filter(|change| change.forces_replacement).map(|change| change.path.to_string());
        let mut paths: Vec<String> = by_schema.chain(plan.replace.iter().map(ToString::to_string)).collect();
        paths.dedup();
        if !paths.is_empty() {
            took(object.schema.name, Step::Replacement);
        }
        paths
    }

    pub async fn import(&self, type_name: &str, id: &str, config: Json) -> Object {
        let schema = schema(type_name);
        let config = to_config(schema, &config);
        let request = ImportRequest { type_name: type_name.into(), id: id.into(), config: Some(config.clone()) };
        let stored = self.connection.import(request).await.unwrap_or_else(|error| panic!("import: {error:?}"));
        sound(&check::observed(&subject(schema), schema, stored.values.view()));
        took(type_name, Step::Import);
        Object { schema, config, stored }
    }

    pub async fn list(&self, type_name: &str) -> Vec<Listed> {
        let listed = self.connection.list(ListRequest { type_name: type_name.into() }).await.expect("list");
        let schema = schema(type_name);
        for one in &listed {
            sound(&check::observed(&subject(schema), schema, one.object.values.view()));
        }
        if !listed.is_empty() {
            took(type_name, Step::List);
        }
        listed
    }

    pub async fn try_delete(&self, object: &Object) -> Result<(), ProviderError> {
        let request = DeleteRequest {
            type_name: object.schema.name.into(),
            address: address(),
            operation: operation(),
            object: object.stored.clone(),
            config: Some(object.config.clone()),
            resume: None,
            timeout_ms: 60_000,
        };
        self.connection.delete(request, &Sink::default()).await
    }

    /// Deletes it, looks that it is gone, and deletes it again, which is no error.
    pub async fn delete(&self, object: &Object) {
        let name = object.schema.name;
        self.try_delete(object).await.unwrap_or_else(|error| panic!("delete {name}: {error:?}"));
        let outcome = self.read(object).await;
        assert!(matches!(outcome, ReadOutcome::Gone), "{name} after its deletion: {outcome:?}");
        self.try_delete(object).await.unwrap_or_else(|error| panic!("delete {name} again: {error:?}"));
        took(name, Step::Delete);
    }

    pub async fn data(&self, type_name: &str, config: Json) -> Json {
        let schema = AwsProvider.schema().data_source(type_name).expect("a data source");
        let config = ValueBuf::from(to_value(&config, schema.attributes));
        let request = ReadDataRequest { type_name: type_name.into(), config: config.clone() };
        let values = self.connection.read_data(request).await.unwrap_or_else(|error| panic!("{type_name}: {error:?}"));
        sound(&check::answered(&subject(schema), schema, config.view(), values.view()));
        formwork_model::value::to_json(values.view(), formwork_model::value::Masking::Exposed)
    }
}

fn assert_lost(type_name: &str, error: &ProviderError, sink: &Sink) {
    assert_eq!(error.class, ErrorClass::AnswerLost, "{type_name}: {error:?}");
    assert!(sink.checkpoints.lock().unwrap().is_empty(), "{type_name}: nothing is known of it");
}

pub fn schema(type_name: &str) -> &'static ResourceSchema {
    AwsProvider.schema().resource(type_name).unwrap_or_else(|| panic!("no type {type_name}"))
}

fn create_request(
    schema: &ResourceSchema,
    config: &ValueBuf,
    planned: &ValueBuf,
    resume: Option<Checkpoint>,
) -> CreateRequest {
    CreateRequest {
        type_name: schema.name.into(),
        address: address(),
        operation: operation(),
        config: config.clone(),
        planned: planned.clone(),
        private: Vec::new(),
        resume,
        timeout_ms: 60_000,
    }
}

/// An answer may not contradict the plan, and nothing in it is unknown.
fn check(schema: &ResourceSchema, planned: &ValueBuf, applied: &Applied) {
    assert_eq!(applied.incomplete, None, "{}", schema.name);
    let values = applied.object.values.view();
    assert!(values.is_known(), "{}: {values:?}", schema.name);
    for attribute in schema.attributes {
        assert!(
            attribute.write_only || values.get(attribute.name).is_some(),
            "{} lacks {}",
            schema.name,
            attribute.name
        );
    }
    sound(&check::applied(&subject(schema), schema, planned.view(), values));
}

fn subject(schema: &ResourceSchema) -> Subject<'_> {
    Subject { provider: "aws", version: "test", type_name: schema.name, address: None }
}

fn sound(breaches: &[CheckError]) {
    let texts: Vec<String> =
        breaches.iter().map(|breach| format!("{breach}: {} not {}", breach.came, breach.promised)).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
}

pub fn to_config(schema: &ResourceSchema, config: &Json) -> ValueBuf {
    ValueBuf::from(to_value(config, schema.attributes))
}

/// A config as the language makes it: sets, durations, references by identity.
pub fn to_value(json: &Json, attributes: &[Attribute]) -> Value {
    let entries = json.as_object().expect("a map").iter().map(|(name, json)| {
        let attribute = attributes.iter().find(|attribute| attribute.name == name);
        let attribute = attribute.unwrap_or_else(|| panic!("no attribute {name}"));
        assert!(attribute.is_settable(), "{name} is computed");
        (name.as_str(), typed(json, &attribute.ty))
    });
    Value::map(entries.collect::<Vec<_>>())
}

fn typed(json: &Json, ty: &AttributeType) -> Value {
    match (json, ty) {
        (Json::Object(_), AttributeType::Object(fields)) => to_value(json, fields),
        (Json::Object(entries), AttributeType::Map(entry)) => {
            Value::map(entries.iter().map(|(key, json)| (key.as_str(), typed(json, entry))))
        }
        (Json::Array(items), AttributeType::List(item)) => Value::list(items.iter().map(|json| typed(json, item))),
        (Json::Array(items), AttributeType::Set(item)) => Value::set(items.iter().map(|json| typed(json, item))),
        (Json::Number(number), AttributeType::Duration) => Value::Duration(number.as_i64().unwrap()),
        _ => formwork_model::value::from_json(json),
    }
}
