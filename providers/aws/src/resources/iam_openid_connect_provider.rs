//! `aws.iam_openid_connect_provider`: whose tokens the account trusts (service accounts of EKS, CI).

use crate::client::Session;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{self, Tagged, done};
use crate::resource::{AwsResource, Hit, Operation, Query, Search};
use crate::schema::{FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use formwork_model::SetOf;
use formwork_model::schema::{
    Attribute, AttributeType, Default as Preset, Equality, Limit, Recognition, ResourceSchema,
};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct OpenIdConnectProvider;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    url: String,
    client_id_list: SetOf<String>,
    thumbprint_list: Vec<String>,
    tags: Tags,
    arn: String,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("url", AttributeType::Url, "The issuer, with https: `cluster.oidc_issuer`, or that of a CI.")
        .required()
        .create_only()
        .limits(&[Limit::Pattern("^https://", "begins with `https://`")]),
    Attribute::new(
        "client_id_list",
        AttributeType::Set(&AttributeType::String),
        "Audiences that are taken, such as `sts.amazonaws.com`.",
    )
    .default(Preset::Empty),
    Attribute::strings(
        "thumbprint_list",
        "SHA-1 fingerprints of the issuer's certificate authority; else AWS finds them.",
    )
    .optional_computed()
    .equality(Equality::Unordered),
    TAGS,
    Attribute::string("arn", "ARN; the provider's identity.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for OpenIdConnectProvider {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "iam_openid_connect_provider",
        "An issuer whose tokens the account trusts: of EKS for roles of service accounts, of a CI \
         (`AWS::IAM::OIDCProvider`).",
    )
    .attributes(ATTRIBUTES)
    .identity(&["arn"])
    .recognised_by(Recognition::Name)
    .settles_in_ms(iam::SETTLE_MS)
    .timeouts(300, 300, 300)
    .usually_takes_s(2)
    .import_help(
        "the provider's ARN, such as arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    )
    .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.arn
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let arns = match query {
            Query::Ids(arns) => arns.to_vec(),
            Query::Operation(_) | Query::All => list_arns(session).await?,
        };
        let providers = iam::read_each(arns, |arn| read(session, arn)).await?;
        Ok(providers.into_iter().map(|values| Hit { values, deleting: false }).collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let (partition, account) = (session.partition(), session.account().await?);
        let arn = format!("arn:{partition}:iam::{account}:oidc-provider/{}", host(&wanted.url));
        let present = read(session, arn.clone()).await?;
        Ok(iam::search_by_stamp(present, |values| &values.tags_all, &arn, operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let thumbprints = Some(wanted.thumbprint_list.clone()).filter(|list| !list.is_empty());
        let call = session
            .iam()
            .create_open_id_connect_provider()
            .url(&wanted.url)
            .set_client_id_list(Some(wanted.client_id_list.0.clone()))
            .set_thumbprint_list(thumbprints)
            .set_tags(Some(iam::create_tags(session, operation, &wanted.tags)?));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        answer.open_id_connect_provider_arn.ok_or_else(|| missing("the provider's ARN"))
    }

    async fn adjust(
        &self,
        session: &Session,
        _: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = self.update_tags(session, &present.arn, &present.tags_all, &wanted.tags).await?;
        changed |= set_client_ids(session, present, wanted).await?;
        let sorted = |list: &[String]| {
            let mut list: Vec<String> = list.iter().map(|text| text.to_ascii_lowercase()).collect();
            list.sort();
            list
        };
        let thumbprints = &wanted.thumbprint_list;
        if !thumbprints.is_empty() && sorted(thumbprints) != sorted(&present.thumbprint_list) {
            let call = session.iam().update_open_id_connect_provider_thumbprint();
            let call = call.open_id_connect_provider_arn(&present.arn).set_thumbprint_list(Some(thumbprints.clone()));
            done(call.send().await)?;
            changed = true;
        }
        Ok(changed)
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(&object.arn);
        found(done(call.send().await)).map(drop)
    }

    fn keep(known: &Values, read: &mut Values) {
        // IAM tells the issuer without its scheme, and with or without a slash at the end.
        if host(&known.url) == host(&read.url) {
            read.url.clone_from(&known.url);
        }
    }
}

#[async_trait]
impl Tagged for OpenIdConnectProvider {
    async fn tag(&self, session: &Session, id: &str, tags: Vec<Tag>) -> Result<(), ProviderError> {
        let call = session.iam().tag_open_id_connect_provider().open_id_connect_provider_arn(id);
        done(call.set_tags(Some(tags)).send().await)
    }

    async fn untag(&self, session: &Session, id: &str, keys: Vec<String>) -> Result<(), ProviderError> {
        let call = session.iam().untag_open_id_connect_provider().open_id_connect_provider_arn(id);
        done(call.set_tag_keys(Some(keys)).send().await)
    }
}

async fn set_client_ids(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let (before, after) = (&present.client_id_list.0, &wanted.client_id_list.0);
    let mut changed = false;
    for id in after.iter().filter(|id| !before.contains(id)) {
        let call = session.iam().add_client_id_to_open_id_connect_provider().client_id(id);
        done(call.open_id_connect_provider_arn(&present.arn).send().await)?;
        changed = true;
    }
    for id in before.iter().filter(|id| !after.contains(id)) {
        let call = session.iam().remove_client_id_from_open_id_connect_provider().client_id(id);
        done(call.open_id_connect_provider_arn(&present.arn).send().await)?;
        changed = true;
    }
    Ok(changed)
}

/// The issuer as ARNs and answers have it.
fn host(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url).trim_end_matches('/')
}

async fn list_arns(session: &Session) -> Result<Vec<String>, ProviderError> {
    let answer = session.iam().list_open_id_connect_providers().send().await.map_err(IntoProviderError::classify)?;
    let providers = answer.open_id_connect_provider_list.unwrap_or_default();
    Ok(providers.into_iter().filter_map(|provider| provider.arn).collect())
}

async fn read(session: &Session, arn: String) -> Result<Option<Values>, ProviderError> {
    let call = session.iam().get_open_id_connect_provider().open_id_connect_provider_arn(&arn);
    let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    Ok(Some(Values {
        url: format!("https://{}", host(&answer.url.unwrap_or_default())),
        client_id_list: SetOf(answer.client_id_list.unwrap_or_default()),
        thumbprint_list: answer.thumbprint_list.unwrap_or_default(),
        tags: Tags::new(),
        arn,
        tags_all: iam::from_sdk(answer.tags.as_deref().unwrap_or_default()),
    }))
}
