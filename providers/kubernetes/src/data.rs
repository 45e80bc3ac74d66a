//! `data kubernetes.object`: a live object, whoever made it, with its status.

use crate::discovery::Served;
use crate::session::Session;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema, SecretMembers};
use formwork_model::value::from_json;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::{ErrorClass, ProviderError};

pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("object", "An object that lives in the cluster, whoever made it, with its status.")
        .attributes(&[
            Attribute::string("api_version", "Its group and version.").default_string("v1"),
            Attribute::string("kind", "Its kind.").required(),
            Attribute::string("namespace", "Its namespace; `default` if absent."),
            Attribute::string("name", "Its name.").required(),
            Attribute::new("object", AttributeType::Any, "All of it.")
                .secret_members(&[SecretMembers { when: ("kind", "Secret"), members: &["data"] }])
                .computed(),
        ])
        .identity(&[]);

pub(crate) async fn read(session: &Session, config: &ValueBuf) -> Result<ValueBuf, ProviderError> {
    let text = |name: &str| config.view().get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let (kind, name) = (text("kind").unwrap_or_default(), text("name").unwrap_or_default());
    let api_version = text("api_version").unwrap_or_else(|| "v1".to_owned());
    let missing =
        |what: String| ProviderError::new(ErrorClass::NotFound, format!("{} has no {what}", session.server()));
    let served: Served =
        session.served(&api_version, &kind).await?.ok_or_else(|| missing(format!("kind {kind} in {api_version}")))?;
    let given = text("namespace");
    let namespace = given.clone().or_else(|| served.namespaced.then(|| "default".to_owned()));
    let path = served.object(namespace.as_deref(), &name);
    let live = session.get(path, &format!("reading {kind} {name}")).await?;
    let live = crate::manifest::without_bookkeeping(live.ok_or_else(|| missing(format!("{kind} {name}")))?);
    let mut values = vec![
        ("api_version", Value::string(api_version)),
        ("kind", Value::string(kind)),
        ("name", Value::string(name)),
        ("object", from_json(&live)),
    ];
    values.extend(given.map(|namespace| ("namespace", Value::string(namespace))));
    Ok(ValueBuf::from(Value::map(values)))
}
