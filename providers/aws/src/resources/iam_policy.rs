//! `aws.iam_policy`: a policy of its own, to be attached to several roles.

use crate::client::Session;
use crate::document;
use crate::error::{IntoProviderError, found, missing};
use crate::iam::{self, Tagged, done};
use crate::resource::{AwsResource, Hit, Operation, Query, Search};
use crate::schema::{FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use async_trait::async_trait;
use aws_sdk_iam::types::{PolicyScopeType, PolicyVersion, Tag};
use formwork_model::schema::{Attribute, Equality, Limit, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct Policy;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    managed_policy_name: String,
    path: String,
    description: Option<String>,
    policy_document: String,
    tags: Tags,
    arn: String,
    policy_id: String,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("managed_policy_name", "Name, unique in the account.")
        .required()
        .create_only()
        .limits(&[Limit::Length(1, 128), Limit::Pattern("^[\\w+=,.@-]+$", "letters, digits and `+=,.@_-`")]),
    Attribute::string("path", "Path, such as `/team/`.").default_string("/").create_only(),
    Attribute::string("description", "What it is for.")
        .create_only()
        .equality(Equality::EmptyIsAbsent)
        .limits(&[Limit::Length(0, 1000)]),
    Attribute::string("policy_document", "The policy, as JSON text (`json_encode`).")
        .required()
        .equality(Equality::Json)
        .limits(&[Limit::Length(2, 6144)]),
    TAGS,
    Attribute::string("arn", "ARN; the policy's identity.").computed().vendor("PolicyArn"),
    Attribute::string("policy_id", "Unique id, `ANPA…`.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for Policy {
    const SCHEMA: ResourceSchema =
        ResourceSchema::new("iam_policy", "A policy of its own, for several roles (`AWS::IAM::ManagedPolicy`).")
            .attributes(ATTRIBUTES)
            .identity(&["arn"])
            .recognised_by(Recognition::Name)
            .settles_in_ms(iam::SETTLE_MS)
            .timeouts(300, 300, 300)
            .usually_takes_s(2)
            .import_help("the policy's ARN, such as arn:aws:iam::123456789012:policy/name")
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
        let policies = iam::read_each(arns, |arn| read(session, arn)).await?;
        Ok(policies.into_iter().map(|values| Hit { values, deleting: false }).collect())
    }

    async fn find(&self, session: &Session, operation: &str, wanted: &Values) -> Result<Search<Values>, ProviderError> {
        let arn = arn_of(session, wanted).await?;
        let present = read(session, arn.clone()).await?;
        Ok(iam::search_by_stamp(present, |values| &values.tags_all, &format!("the policy {arn}"), operation))
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .iam()
            .create_policy()
            .policy_name(&wanted.managed_policy_name)
            .path(&wanted.path)
            .set_description(wanted.description.clone())
            .policy_document(&wanted.policy_document)
            .set_tags(Some(iam::create_tags(session, operation, &wanted.tags)?));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        answer.policy.and_then(|policy| policy.arn).ok_or_else(|| missing("the policy's ARN"))
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
        if !document::same(&present.policy_document, &wanted.policy_document) {
            make_room(session, &present.arn).await?;
            let call = session.iam().create_policy_version().policy_arn(&present.arn).set_as_default(true);
            done(call.policy_document(&wanted.policy_document).send().await)?;
            changed = true;
        }
        Ok(changed)
    }

    fn shows(read: &Values, wanted: &Values) -> bool {
        document::same(&read.policy_document, &wanted.policy_document)
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let Some(versions) = found(versions(session, &object.arn).await)? else { return Ok(()) };
        for version in versions.iter().filter(|version| !version.is_default_version) {
            delete_version(session, &object.arn, version).await?;
        }
        found(done(session.iam().delete_policy().policy_arn(&object.arn).send().await)).map(drop)
    }
}

#[async_trait]
impl Tagged for Policy {
    async fn tag(&self, session: &Session, id: &str, tags: Vec<Tag>) -> Result<(), ProviderError> {
        done(session.iam().tag_policy().policy_arn(id).set_tags(Some(tags)).send().await)
    }

    async fn untag(&self, session: &Session, id: &str, keys: Vec<String>) -> Result<(), ProviderError> {
        done(session.iam().untag_policy().policy_arn(id).set_tag_keys(Some(keys)).send().await)
    }
}

async fn arn_of(session: &Session, wanted: &Values) -> Result<String, ProviderError> {
    let (partition, account) = (session.partition(), session.account().await?);
    Ok(format!("arn:{partition}:iam::{account}:policy{}{}", wanted.path, wanted.managed_policy_name))
}

async fn list_arns(session: &Session) -> Result<Vec<String>, ProviderError> {
    let call = session.iam().list_policies().scope(PolicyScopeType::Local);
    let policies: Vec<_> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(policies.into_iter().filter_map(|policy| policy.arn).collect())
}

async fn read(session: &Session, arn: String) -> Result<Option<Values>, ProviderError> {
    let call = session.iam().get_policy().policy_arn(&arn);
    let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    let policy = answer.policy.ok_or_else(|| missing("the policy"))?;
    let version = policy.default_version_id.clone().unwrap_or_default();
    let call = session.iam().get_policy_version().policy_arn(&arn).version_id(version);
    let Some(answer) = found(call.send().await.map_err(IntoProviderError::classify))? else { return Ok(None) };
    let document = answer.policy_version.and_then(|version| version.document);
    Ok(Some(Values {
        managed_policy_name: policy.policy_name.unwrap_or_default(),
        path: policy.path.unwrap_or_default(),
        description: policy.description.filter(|text| !text.is_empty()),
        policy_document: iam::document(document.as_deref())?,
        tags: Tags::new(),
        arn,
        policy_id: policy.policy_id.unwrap_or_default(),
        tags_all: iam::from_sdk(policy.tags.as_deref().unwrap_or_default()),
    }))
}

async fn versions(session: &Session, arn: &str) -> Result<Vec<PolicyVersion>, ProviderError> {
    let call = session.iam().list_policy_versions().policy_arn(arn);
    call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)
}

async fn delete_version(session: &Session, arn: &str, version: &PolicyVersion) -> Result<(), ProviderError> {
    let id = version.version_id.as_deref().unwrap_or_default();
    found(done(session.iam().delete_policy_version().policy_arn(arn).version_id(id).send().await)).map(drop)
}

/// IAM keeps five versions of a policy: the oldest goes before a sixth comes.
async fn make_room(session: &Session, arn: &str) -> Result<(), ProviderError> {
    const KEPT: usize = 5;
    let versions = versions(session, arn).await?;
    if versions.len() < KEPT {
        return Ok(());
    }
    let others = versions.iter().filter(|version| !version.is_default_version);
    let oldest = others.min_by_key(|version| version.create_date.map(|date| date.as_nanos()));
    match oldest {
        Some(oldest) => delete_version(session, arn, oldest).await,
        None => Ok(()),
    }
}
