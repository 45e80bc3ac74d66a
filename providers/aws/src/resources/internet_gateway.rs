//! `aws.internet_gateway`: the way from a VPC to the internet, with its attachment.

use crate::client::Session;
use crate::ec2;
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::wait;
use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, AttachmentStatus, ResourceType};
use formwork_model::schema::{Attribute, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct InternetGateway;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    vpc_id: Option<String>,
    tags: Tags,
    id: String,
    arn: String,
    owner_id: String,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("vpc_id", &["aws.vpc"], "The VPC that it is attached to; a VPC has at most one.")
        .vendor("AWS::EC2::VPCGatewayAttachment.VpcId"),
    TAGS,
    Attribute::string("id", "The gateway's id, `igw-…`.").computed().vendor("InternetGatewayId"),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("owner_id", "Account that owns it.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for InternetGateway {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "internet_gateway",
        "The way from a VPC to the internet (`AWS::EC2::InternetGateway` with `AWS::EC2::VPCGatewayAttachment`).",
    )
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Tag)
    .settles_in_ms(EC2_SETTLE_MS)
    .timeouts(300, 300, 1200)
    .usually_takes_s(3)
    .import_help("the gateway's id, such as igw-0a1b2c3d")
    .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_internet_gateways().set_filters(ec2::filters(query, "internet-gateway-id"));
        let gateways: Vec<sdk::InternetGateway> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        Ok(gateways.iter().map(|gateway| Hit { values: from_sdk(session, gateway), deleting: false }).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let tags = ec2::tag_specification(session, operation, ResourceType::InternetGateway, &wanted.tags);
        let call = session.ec2().create_internet_gateway().tag_specifications(tags);
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        let id = answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id);
        id.ok_or_else(|| missing("the internet gateway's id"))
    }

    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = ec2::update_tags(session, &present.id, &present.tags_all, &wanted.tags).await?;
        if present.vpc_id != wanted.vpc_id {
            if let Some(vpc) = &present.vpc_id {
                detach(session, &present.id, vpc).await?;
            }
            if let Some(vpc) = &wanted.vpc_id {
                attach(session, operation, &present.id, vpc).await?;
            }
            changed = true;
        }
        Ok(changed)
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        // What is attached now, not what was recorded, has to be detached.
        let Some(present) = found(self.import(session, &object.id).await)? else { return Ok(()) };
        if let Some(vpc) = &present.vpc_id {
            operation.sink.progress(&format!("detaching {} from {vpc}", object.id));
            detach(session, &object.id, vpc).await?;
        }
        let call = session.ec2().delete_internet_gateway().internet_gateway_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }
}

async fn attach(session: &Session, operation: &Operation<'_>, id: &str, vpc: &str) -> Result<(), ProviderError> {
    let call = session.ec2().attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) }).await?;
    Ok(())
}

/// Fails with `DependencyViolation` while public addresses are in use; the engine tries again.
async fn detach(session: &Session, id: &str, vpc: &str) -> Result<(), ProviderError> {
    let call = session.ec2().detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc);
    match call.send().await.map_err(IntoProviderError::classify) {
        Err(error) if error.code != "Gateway.NotAttached" => found(Err(error)).map(|_: Option<()>| ()),
        _ => Ok(()),
    }
}

fn from_sdk(session: &Session, gateway: &sdk::InternetGateway) -> Values {
    let id = gateway.internet_gateway_id.clone().unwrap_or_default();
    let owner_id = gateway.owner_id.clone().unwrap_or_default();
    let attached = gateway
        .attachments()
        .iter()
        .find(|attachment| !matches!(attachment.state, Some(AttachmentStatus::Detached | AttachmentStatus::Detaching)));
    Values {
        vpc_id: attached.and_then(|attachment| attachment.vpc_id.clone()),
        tags: Tags::new(),
        arn: ec2::arn(session, &owner_id, "internet-gateway", &id),
        id,
        owner_id,
        tags_all: ec2::from_sdk(gateway.tags()),
    }
}
