//! `aws.nat_gateway`: outgoing connections for subnets without public addresses.

use crate::client::Session;
use crate::ec2::{self, filter};
use crate::error::{IntoProviderError, class_of, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::{Findings, is_unknown, known};
use crate::wait::{self, Progress, Rhythm};
use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, ConnectivityType, NatGatewayState, ResourceType};
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct NatGateway;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    subnet_id: String,
    allocation_id: Option<String>,
    connectivity_type: String,
    private_ip_address: Option<String>,
    tags: Tags,
    id: String,
    arn: String,
    vpc_id: Option<String>,
    public_ip: Option<String>,
    network_interface_id: Option<String>,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("subnet_id", &["aws.subnet"], "The subnet that it lies in; a public one for `public`.")
        .required()
        .create_only(),
    Attribute::reference("allocation_id", &["aws.eip"], "The public address; needed for `public`.").create_only(),
    Attribute::new(
        "connectivity_type",
        AttributeType::Enum(&["public", "private"]),
        "Whether it leads to the internet, or to other private networks only.",
    )
    .default_string("public")
    .create_only(),
    Attribute::new("private_ip_address", AttributeType::Ip, "Its address in the subnet.")
        .optional_computed()
        .create_only(),
    TAGS,
    Attribute::string("id", "The gateway's id, `nat-…`.").computed().vendor("NatGatewayId"),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("vpc_id", "The VPC of its subnet.").computed(),
    Attribute::string("public_ip", "The public address as text.").computed(),
    Attribute::string("network_interface_id", "Its network interface.").computed().vendor("EniId"),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for NatGateway {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "nat_gateway",
        "Outgoing connections for subnets without public addresses (`AWS::EC2::NatGateway`).",
    )
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Tag)
    .settles_in_ms(EC2_SETTLE_MS)
    .timeouts(900, 600, 1800)
    .usually_takes_s(105)
    .import_help("the gateway's id, such as nat-0a1b2c3d")
    .capabilities(FULL);

    // A create that was cut off left it pending.
    const SETTLES_BEFORE_UPDATES: bool = true;

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let mut call = session.ec2().describe_nat_gateways();
        for filter in ec2::filters(query, "nat-gateway-id").unwrap_or_default() {
            call = call.filter(filter);
        }
        let gateways: Vec<sdk::NatGateway> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        let owner = session.account().await?;
        let hits = gateways.iter().filter(|gateway| exists(gateway)).map(|gateway| Hit {
            values: from_sdk(session, owner, gateway),
            deleting: gateway.state == Some(NatGatewayState::Deleting),
        });
        Ok(hits.filter(|hit| ec2::fits(query, &hit.values.tags_all)).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .ec2()
            .create_nat_gateway()
            .subnet_id(&wanted.subnet_id)
            .set_allocation_id(wanted.allocation_id.clone())
            .connectivity_type(ConnectivityType::from(wanted.connectivity_type.as_str()))
            .set_private_ip_address(wanted.private_ip_address.clone())
            .client_token(ec2::client_token(operation))
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::Natgateway, &wanted.tags));
        let answer =
            wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) })
                .await?;
        let id = answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id);
        id.ok_or_else(|| missing("the NAT gateway's id"))
    }

    async fn adjust(
        &self,
        session: &Session,
        _: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        ec2::update_tags(session, &present.id, &present.tags_all, &wanted.tags).await
    }

    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        wait_available(session, operation, id).await
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ec2().delete_nat_gateway().nat_gateway_id(&object.id);
        if found(call.send().await.map_err(IntoProviderError::classify))?.is_none() {
            return Ok(());
        }
        wait::until(operation, Rhythm::SLOW, || async {
            let gateway = describe(session, &object.id).await?;
            Ok(match gateway.filter(exists) {
                None => Progress::Ready(()),
                Some(_) => Progress::Waiting(format!("NAT gateway {} is deleting", object.id)),
            })
        })
        .await
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        if is_unknown(config, "connectivity_type") || is_unknown(config, "allocation_id") {
            return;
        }
        let kind = known(config, "connectivity_type").and_then(ValueRef::as_str).unwrap_or("public");
        let path = AttributePath::member("allocation_id");
        match (kind, known(config, "allocation_id").is_some()) {
            ("public", false) => findings.error(
                path,
                "a public NAT gateway needs a public address",
                "set `allocation_id` to an `aws.eip`, or `connectivity_type = \"private\"`",
            ),
            ("private", true) => {
                findings.error(path, "a private NAT gateway has no public address", "remove `allocation_id`");
            }
            _ => {}
        }
    }
}

async fn describe(session: &Session, id: &str) -> Result<Option<sdk::NatGateway>, ProviderError> {
    let call = session.ec2().describe_nat_gateways().filter(filter("nat-gateway-id", [id]));
    let answer = call.send().await.map_err(IntoProviderError::classify)?;
    Ok(answer.nat_gateways.unwrap_or_default().into_iter().next())
}

async fn wait_available(session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::SLOW, || async {
        let Some(gateway) = describe(session, id).await? else {
            return Ok(Progress::Waiting(format!("NAT gateway {id} is not shown yet")));
        };
        match gateway.state {
            Some(NatGatewayState::Available) => Ok(Progress::Ready(())),
            Some(NatGatewayState::Failed) => Err(failure(&gateway)),
            state => Ok(Progress::Waiting(format!(
                "NAT gateway {id} is {}",
                state.as_ref().map_or("pending", NatGatewayState::as_str)
            ))),
        }
    })
    .await
}

/// A failed gateway never comes back; AWS removes it within an hour, and reading it says that it is gone.
fn failure(gateway: &sdk::NatGateway) -> ProviderError {
    let code = gateway.failure_code.as_deref().unwrap_or_default();
    let message = gateway.failure_message.as_deref().unwrap_or("AWS gives no reason");
    ProviderError::new(class_of(code, 400), format!("the NAT gateway failed: {message}")).vendor(code, "")
}

fn exists(gateway: &sdk::NatGateway) -> bool {
    !matches!(gateway.state, Some(NatGatewayState::Deleted | NatGatewayState::Failed))
}

fn from_sdk(session: &Session, owner: &str, gateway: &sdk::NatGateway) -> Values {
    let addresses = gateway.nat_gateway_addresses();
    let primary = addresses.iter().find(|address| address.is_primary == Some(true)).or_else(|| addresses.first());
    let id = gateway.nat_gateway_id.clone().unwrap_or_default();
    Values {
        subnet_id: gateway.subnet_id.clone().unwrap_or_default(),
        allocation_id: primary.and_then(|address| address.allocation_id.clone()),
        connectivity_type: gateway.connectivity_type.as_ref().map_or("public", ConnectivityType::as_str).to_owned(),
        private_ip_address: primary.and_then(|address| address.private_ip.clone()),
        tags: Tags::new(),
        arn: ec2::arn(session, owner, "natgateway", &id),
        id,
        vpc_id: gateway.vpc_id.clone(),
        public_ip: primary.and_then(|address| address.public_ip.clone()),
        network_interface_id: primary.and_then(|address| address.network_interface_id.clone()),
        tags_all: ec2::from_sdk(gateway.tags()),
    }
}
