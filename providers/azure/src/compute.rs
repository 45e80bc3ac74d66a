//! Microsoft's crate for compute, `azure_mgmt_compute`, behind one face: nothing of it is seen outside of this file.
//!
//! Its request builders make the requests of the compute types, its models are the bodies. What it lacks it gets from us: the
//! connection (proxy, CA, trust, scrubbed traces), the tokens and the classes of errors, all through [`Transport`]; retries are
//! the engine's, long operations are followed as everywhere. Answers are taken as they came, with their headers, and not as
//! models: a model loses what it does not know.
//!
//! What a model cannot carry is sent by our own client: empty lists, which the models leave out although they mean "none any
//! more", and properties that the service told and the crate does not know. Lists of objects are read by our own client, too.

use crate::arm::{Answer, ArmClient, Request, ResourceId, Verb};
use crate::http::Received;
use crate::session::Session;
use async_trait::async_trait;
use azure_core_compute as azure_core;
use azure_core_compute::auth::{AccessToken, TokenCredential};
use azure_core_compute::error::ErrorKind;
use azure_core_compute::headers::Headers;
use azure_core_compute::{HttpClient, Method, RetryOptions, StatusCode, TransportOptions};
use azure_mgmt_compute::package_2024_07_01::{Client, models};
use formwork_provider_api::{ErrorClass, ProviderError};
use futures::{future, stream};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// The types that the crate serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `disks`.
    Disk,
    /// `sshPublicKeys`.
    SshPublicKey,
    /// `virtualMachines`.
    Machine,
    /// `virtualMachineScaleSets`.
    ScaleSet,
}

impl Kind {
    /// The kind of a vendor's type.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "Microsoft.Compute/disks" => Self::Disk,
            "Microsoft.Compute/sshPublicKeys" => Self::SshPublicKey,
            "Microsoft.Compute/virtualMachines" => Self::Machine,
            "Microsoft.Compute/virtualMachineScaleSets" => Self::ScaleSet,
            _ => return None,
        })
    }
}

/// The crate's client, on our connection.
pub(crate) struct Compute(Client);

impl Compute {
    /// A client that sends through `arm`.
    ///
    /// # Errors
    /// When the crate cannot make one.
    pub(crate) fn new(arm: Arc<ArmClient>) -> Result<Self, ProviderError> {
        let builder = Client::builder(Arc::new(Credential))
            .endpoint(arm.endpoint().clone())
            .scopes(&[])
            .retry(RetryOptions::none())
            .transport(TransportOptions::new(Arc::new(Transport(arm))));
        builder.build().map(Self).map_err(of_crate)
    }
}

/// The tokens are ours, and [`Transport`] puts them on the requests: the crate gets a word in their place, since in debug
/// traces it tells the header `Authorization` of all headers.
#[derive(Debug)]
struct Credential;

#[async_trait]
impl TokenCredential for Credential {
    async fn get_token(&self, _: &[&str]) -> azure_core::Result<AccessToken> {
        let never = azure_core::date::parse_rfc3339("9999-12-31T23:59:59Z")?;
        Ok(AccessToken::new("set-by-the-transport".to_owned(), never))
    }

    async fn clear_cache(&self) -> azure_core::Result<()> {
        Ok(())
    }
}

/// Sends what the crate makes through our connection.
struct Transport(Arc<ArmClient>);

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Transport")
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &azure_core::Request) -> azure_core::Result<azure_core::Response> {
        let ours = |error: ProviderError| azure_core::Error::new(ErrorKind::Other, error);
        let verb = verb(*request.method()).map_err(ours)?;
        let body = body(request.body()).map_err(ours)?;
        let if_match = request.headers().get_optional_str(&azure_core::headers::IF_MATCH);
        let url = self.0.below(request.url().path(), request.url().query());
        let received = self.0.exchange(verb, url, self.0.audience(), body.as_ref(), if_match).await.map_err(ours)?;
        response(received)
    }
}

fn verb(method: Method) -> Result<Verb, ProviderError> {
    match method {
        Method::Get => Ok(Verb::Get),
        Method::Put => Ok(Verb::Put),
        Method::Patch => Ok(Verb::Patch),
        Method::Delete => Ok(Verb::Delete),
        Method::Post => Ok(Verb::Post),
        other => Err(ProviderError::unsupported(format!("the compute crate sent {other}"))),
    }
}

fn body(body: &azure_core::Body) -> Result<Option<Json>, ProviderError> {
    let azure_core::Body::Bytes(bytes) = body else {
        return Err(ProviderError::unsupported("the compute crate sent a stream"));
    };
    if bytes.is_empty() {
        return Ok(None);
    }
    let json = serde_json::from_slice(bytes);
    json.map(Some).map_err(|error| ProviderError::invalid(format!("the compute crate sent no JSON: {error}")))
}

fn response(received: Received) -> azure_core::Result<azure_core::Response> {
    let status = StatusCode::try_from(received.status)
        .map_err(|_| azure_core::Error::message(ErrorKind::Other, format!("HTTP status {}", received.status)))?;
    let mut headers = Headers::new();
    for (name, value) in &received.headers {
        if let Ok(value) = value.to_str() {
            headers.insert(name.as_str().to_owned(), value.to_owned());
        }
    }
    let text = stream::once(future::ready(Ok(received.text.into())));
    Ok(azure_core::Response::new(status, headers, Box::pin(text)))
}

/// The answer as it came.
async fn answer(response: azure_core::Response) -> Result<Answer, ProviderError> {
    let (status, told, body) = response.deconstruct();
    let mut headers = HeaderMap::new();
    for (name, value) in told.iter() {
        if let (Ok(name), Ok(value)) = (name.as_str().parse::<HeaderName>(), HeaderValue::from_str(value.as_str())) {
            headers.insert(name, value);
        }
    }
    let text = body.collect_string().await.map_err(of_crate)?;
    Ok(Answer::from(Received { status: status.into(), headers, text }))
}

/// The error that our connection made, through the crate and back.
fn of_crate(error: azure_core::Error) -> ProviderError {
    error.into_downcast::<ProviderError>().unwrap_or_else(|error| {
        ProviderError::new(ErrorClass::Other, format!("the compute crate could not do it: {error}"))
    })
}

/// Sends a request on an object of one of the crate's types.
///
/// # Errors
/// As [`ArmClient::send`].
pub(crate) async fn send(session: &Session, kind: Kind, request: Request<'_>) -> Result<Answer, ProviderError> {
    let Some(call) = Call::of(kind, &request) else { return session.arm.send(request).await };
    let response = call.send(&session.compute.0, request.if_match).await.map_err(of_crate)?;
    answer(response).await
}

/// Whether the crate's model of a type says all that a body says.
pub(crate) fn carries(kind: Kind, body: &Json) -> bool {
    Model::of(kind, body).is_some()
}

/// A body as the crate has it.
enum Model {
    Disk(Box<models::Disk>),
    SshPublicKey(Box<models::SshPublicKeyResource>),
    Machine(Box<models::VirtualMachine>),
    ScaleSet(Box<models::VirtualMachineScaleSet>),
}

impl Model {
    /// None where something would be lost.
    fn of(kind: Kind, body: &Json) -> Option<Self> {
        Some(match kind {
            Kind::Disk => Self::Disk(whole(body)?),
            Kind::SshPublicKey => Self::SshPublicKey(whole(body)?),
            Kind::Machine => Self::Machine(whole(body)?),
            Kind::ScaleSet => Self::ScaleSet(whole(body)?),
        })
    }
}

fn whole<M: DeserializeOwned + Serialize>(body: &Json) -> Option<Box<M>> {
    let model: M = serde_json::from_value(body.clone()).ok()?;
    let mut again = serde_json::to_value(&model).ok()?;
    // Of times that are not there the models say so.
    drop_nulls(&mut again);
    (again == *body).then(|| Box::new(model))
}

fn drop_nulls(json: &mut Json) {
    match json {
        Json::Object(entries) => entries.retain(|_, value| {
            drop_nulls(value);
            !value.is_null()
        }),
        Json::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// What can be done with an object.
enum Action {
    Get(Kind),
    Put(Model),
    Delete(Kind),
}

/// A request that the crate can make.
struct Call {
    action: Action,
    subscription: String,
    group: String,
    name: String,
}

impl Call {
    /// None where the crate cannot make it.
    fn of(kind: Kind, request: &Request<'_>) -> Option<Self> {
        let id = ResourceId::parse(&request.path)?;
        let action = match request.verb {
            Verb::Get => Action::Get(kind),
            Verb::Put => Action::Put(Model::of(kind, request.body?)?),
            Verb::Delete => Action::Delete(kind),
            Verb::Patch | Verb::Post => return None,
        };
        let group = id.group_id()?;
        let (subscription, group) = (id.subscription()?.to_owned(), group.name().to_owned());
        Some(Self { action, subscription, group, name: id.name().to_owned() })
    }

    async fn send(self, client: &Client, if_match: Option<String>) -> azure_core::Result<azure_core::Response> {
        let Self { action, subscription, group, name } = self;
        let (disks, keys) = (client.disks_client(), client.ssh_public_keys_client());
        let (machines, sets) = (client.virtual_machines_client(), client.virtual_machine_scale_sets_client());
        Ok(match action {
            Action::Get(Kind::Disk) => disks.get(subscription, group, name).send().await?.into_raw_response(),
            Action::Get(Kind::SshPublicKey) => keys.get(group, name, subscription).send().await?.into_raw_response(),
            Action::Get(Kind::Machine) => machines.get(group, name, subscription).send().await?.into_raw_response(),
            Action::Get(Kind::ScaleSet) => sets.get(group, name, subscription).send().await?.into_raw_response(),
            Action::Put(Model::Disk(disk)) => {
                disks.create_or_update(subscription, group, name, *disk).send().await?.into_raw_response()
            }
            Action::Put(Model::SshPublicKey(key)) => {
                keys.create(group, name, *key, subscription).send().await?.into_raw_response()
            }
            Action::Put(Model::Machine(machine)) => {
                let mut request = machines.create_or_update(group, name, *machine, subscription);
                if let Some(etag) = if_match {
                    request = request.if_match(etag);
                }
                request.send().await?.into_raw_response()
            }
            Action::Put(Model::ScaleSet(set)) => {
                let mut request = sets.create_or_update(group, name, *set, subscription);
                if let Some(etag) = if_match {
                    request = request.if_match(etag);
                }
                request.send().await?.into_raw_response()
            }
            Action::Delete(Kind::Disk) => disks.delete(subscription, group, name).send().await?.into_raw_response(),
            Action::Delete(Kind::SshPublicKey) => {
                keys.delete(group, name, subscription).send().await?.into_raw_response()
            }
            Action::Delete(Kind::Machine) => {
                machines.delete(group, name, subscription).send().await?.into_raw_response()
            }
            Action::Delete(Kind::ScaleSet) => sets.delete(group, name, subscription).send().await?.into_raw_response(),
        })
    }
}

/// Takes away empty lists and maps of a body that mean nothing: where there is nothing now either. The models cannot carry
/// them.
pub(crate) fn drop_idle_empties(body: &mut Json, current: Option<&Json>) {
    let there: Vec<&Json> = current.into_iter().collect();
    strip(body, &there);
}

/// `there`: what may stand at this place now.
fn strip(json: &mut Json, there: &[&Json]) {
    match json {
        Json::Object(entries) => {
            entries.retain(|name, value| {
                let below: Vec<&Json> = there.iter().filter_map(|one| one.get(name)).collect();
                strip(value, &below);
                !(is_empty(value) && below.iter().all(|one| is_empty(one)))
            });
        }
        Json::Array(items) => {
            let below: Vec<&Json> = there.iter().filter_map(|one| one.as_array()).flatten().collect();
            items.iter_mut().for_each(|item| strip(item, &below));
        }
        _ => {}
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_model_that_would_lose_something_is_not_used() {
        let disk = json!({"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}}});
        assert!(carries(Kind::Disk, &disk));
        let newer =
            json!({"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}, "new": 1}});
        assert!(!carries(Kind::Disk, &newer));
        let emptied = json!({"location": "westeurope", "properties": {"storageProfile": {"dataDisks": []}}});
        assert!(!carries(Kind::Machine, &emptied));
    }

    #[test]
    fn only_empties_that_change_nothing_go() {
        let there = json!({"a": [], "b": [1], "list": [{"c": []}, {"c": [1], "d": []}]});
        let mut body = json!({"a": [], "b": [], "new": [], "list": [{"c": [], "d": []}], "map": {}});
        drop_idle_empties(&mut body, Some(&there));
        assert_eq!(body, json!({"b": [], "list": [{"c": []}], "map": {}}));
    }
}
