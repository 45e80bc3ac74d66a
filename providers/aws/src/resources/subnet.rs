//! `aws.subnet`: a part of a virtual network, in one availability zone.

use crate::client::Session;
use crate::ec2::{self, filter};
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::{Findings, known, prefix};
use crate::wait::{self, Progress, Rhythm};
use async_trait::async_trait;
use aws_sdk_ec2::operation::modify_subnet_attribute::builders::ModifySubnetAttributeFluentBuilder;
use aws_sdk_ec2::types::{
    self as sdk, AttributeBooleanValue, ResourceType, SubnetCidrBlockStateCode as Code, SubnetState,
};
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema, Rule};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct Subnet;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    vpc_id: String,
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    ipv6_native: bool,
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    outpost_arn: Option<String>,
    map_public_ip_on_launch: bool,
    assign_ipv6_address_on_creation: bool,
    enable_dns64: bool,
    private_dns_name_options_on_launch: Option<NameOptions>,
    tags: Tags,
    id: String,
    arn: String,
    owner_id: String,
    ipv6_association_id: Option<String>,
    tags_all: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct NameOptions {
    hostname_type: Option<String>,
    enable_resource_name_dns_a_record: Option<bool>,
    enable_resource_name_dns_aaaa_record: Option<bool>,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("vpc_id", &["aws.vpc"], "The network that it is a part of.").required().create_only(),
    Attribute::new("cidr_block", AttributeType::Cidr, "IPv4 range, `/16` to `/28`, within the network's.")
        .create_only()
        .equality(Equality::Network),
    Attribute::new("ipv6_cidr_block", AttributeType::Cidr, "IPv6 range, a `/64` of the network's `/56`.")
        .equality(Equality::Network),
    Attribute::boolean("ipv6_native", "Whether it has IPv6 only.").create_only().default_bool(false),
    Attribute::string("availability_zone", "Zone by name, such as `eu-west-1a`; else AWS chooses.")
        .optional_computed()
        .create_only(),
    Attribute::string("availability_zone_id", "Zone by id, such as `euw1-az1`: the same place in every account.")
        .optional_computed()
        .create_only(),
    Attribute::string("outpost_arn", "ARN of the Outpost that it lies on.").create_only(),
    Attribute::boolean("map_public_ip_on_launch", "Whether instances get a public IPv4 address.").default_bool(false),
    Attribute::boolean("assign_ipv6_address_on_creation", "Whether network interfaces get an IPv6 address.")
        .default_bool(false),
    Attribute::boolean("enable_dns64", "Whether DNS gives IPv6 addresses for IPv4-only names.").default_bool(false),
    Attribute::object(
        "private_dns_name_options_on_launch",
        &[
            Attribute::new(
                "hostname_type",
                AttributeType::Enum(&["ip-name", "resource-name"]),
                "What host names are made of.",
            )
            .optional_computed(),
            Attribute::boolean("enable_resource_name_dns_a_record", "Whether resource names resolve to IPv4.")
                .optional_computed(),
            Attribute::boolean("enable_resource_name_dns_aaaa_record", "Whether resource names resolve to IPv6.")
                .vendor("EnableResourceNameDnsAAAARecord")
                .optional_computed(),
        ],
        "Host names of instances.",
    )
    .optional_computed(),
    TAGS,
    Attribute::string("id", "The subnet's id, `subnet-…`.").computed().vendor("SubnetId"),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("owner_id", "Account that owns it.").computed(),
    Attribute::string("ipv6_association_id", "Id of the IPv6 range's association.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for Subnet {
    const SCHEMA: ResourceSchema =
        ResourceSchema::new("subnet", "A range of a VPC in one availability zone (`AWS::EC2::Subnet`).")
            .attributes(ATTRIBUTES)
            .recognised_by(Recognition::Tag)
            .settles_in_ms(EC2_SETTLE_MS)
            .timeouts(300, 300, 1200)
            .usually_takes_s(3)
            .import_help("the subnet's id, such as subnet-0a1b2c3d")
            .rules(&[
                Rule::AtLeastOneOf(&["cidr_block", "ipv6_cidr_block"]),
                Rule::AtMostOneOf(&["availability_zone", "availability_zone_id"]),
            ])
            .capabilities(FULL);
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] =
        &[("ipv6_association_id", &["ipv6_cidr_block"])];

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_subnets().set_filters(ec2::filters(query, "subnet-id"));
        let subnets: Vec<sdk::Subnet> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        Ok(subnets.iter().map(|subnet| Hit { values: from_sdk(subnet), deleting: false }).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .ec2()
            .create_subnet()
            .vpc_id(&wanted.vpc_id)
            .set_cidr_block(wanted.cidr_block.clone())
            .set_ipv6_cidr_block(wanted.ipv6_cidr_block.clone())
            .set_ipv6_native(wanted.ipv6_native.then_some(true))
            .set_availability_zone(wanted.availability_zone.clone())
            .set_availability_zone_id(wanted.availability_zone_id.clone())
            .set_outpost_arn(wanted.outpost_arn.clone())
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::Subnet, &wanted.tags));
        // A VPC made a moment ago may not be known everywhere.
        let answer =
            wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) })
                .await?;
        answer.subnet.and_then(|subnet| subnet.subnet_id).ok_or_else(|| missing("the subnet's id"))
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
        // Addresses can be assigned only while the range is there.
        let assigns_no_more = present.assign_ipv6_address_on_creation && !wanted.assign_ipv6_address_on_creation;
        if assigns_no_more {
            changed |= modify(&present.id, assign_ipv6(session, present, wanted)).await?;
        }
        changed |= set_ipv6(session, operation, present, wanted).await?;
        if !assigns_no_more {
            changed |= modify(&present.id, assign_ipv6(session, present, wanted)).await?;
        }
        changed |= modify(&present.id, changes(session, present, wanted)).await?;
        Ok(changed)
    }

    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        wait_available(session, operation, id).await
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ec2().delete_subnet().subnet_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        prefix(findings, config, "cidr_block", 16, 28);
        let native = known(config, "ipv6_native").and_then(|value| value.decode().ok()).unwrap_or(false);
        if native && known(config, "cidr_block").is_some() {
            let path = AttributePath::member("cidr_block");
            findings.error(path, "a subnet with IPv6 only has no IPv4 range", "remove `cidr_block` or `ipv6_native`");
        }
    }
}

async fn wait_available(session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::QUICK, || async {
        let subnet = describe(session, id).await?;
        Ok(match subnet.and_then(|subnet| subnet.state) {
            Some(SubnetState::Available) => Progress::Ready(()),
            state => Progress::Waiting(format!(
                "subnet {id} is {}",
                state.as_ref().map_or("not shown yet", SubnetState::as_str)
            )),
        })
    })
    .await
}

async fn describe(session: &Session, id: &str) -> Result<Option<sdk::Subnet>, ProviderError> {
    let call = session.ec2().describe_subnets().filters(filter("subnet-id", [id]));
    let answer = call.send().await.map_err(IntoProviderError::classify)?;
    Ok(answer.subnets.unwrap_or_default().into_iter().next())
}

type Modify = ModifySubnetAttributeFluentBuilder;

/// `ModifySubnetAttribute` takes one attribute a call.
async fn modify(id: &str, calls: impl IntoIterator<Item = Modify>) -> Result<bool, ProviderError> {
    let mut changed = false;
    for call in calls {
        call.subnet_id(id).send().await.map_err(IntoProviderError::classify)?;
        changed = true;
    }
    Ok(changed)
}

fn assign_ipv6(session: &Session, present: &Values, wanted: &Values) -> Option<Modify> {
    let wanted = wanted.assign_ipv6_address_on_creation;
    (present.assign_ipv6_address_on_creation != wanted)
        .then(|| session.ec2().modify_subnet_attribute().assign_ipv6_address_on_creation(boolean(wanted)))
}

fn changes(session: &Session, present: &Values, wanted: &Values) -> Vec<Modify> {
    let start = || session.ec2().modify_subnet_attribute();
    let mut calls = Vec::new();
    if present.map_public_ip_on_launch != wanted.map_public_ip_on_launch {
        calls.push(start().map_public_ip_on_launch(boolean(wanted.map_public_ip_on_launch)));
    }
    if present.enable_dns64 != wanted.enable_dns64 {
        calls.push(start().enable_dns64(boolean(wanted.enable_dns64)));
    }
    let Some(names) = &wanted.private_dns_name_options_on_launch else { return calls };
    let before = present.private_dns_name_options_on_launch.clone().unwrap_or_default();
    if let Some(kind) = names.hostname_type.as_ref().filter(|kind| before.hostname_type.as_ref() != Some(kind)) {
        calls.push(start().private_dns_hostname_type_on_launch(sdk::HostnameType::from(kind.as_str())));
    }
    let differs = |wanted: Option<bool>, before: Option<bool>| wanted.filter(|_| wanted != before);
    if let Some(on) = differs(names.enable_resource_name_dns_a_record, before.enable_resource_name_dns_a_record) {
        calls.push(start().enable_resource_name_dns_a_record_on_launch(boolean(on)));
    }
    if let Some(on) = differs(names.enable_resource_name_dns_aaaa_record, before.enable_resource_name_dns_aaaa_record) {
        calls.push(start().enable_resource_name_dns_aaaa_record_on_launch(boolean(on)));
    }
    calls
}

fn boolean(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

async fn set_ipv6(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    if present.ipv6_cidr_block == wanted.ipv6_cidr_block {
        return Ok(false);
    }
    if let Some(association) = &present.ipv6_association_id {
        let call = session.ec2().disassociate_subnet_cidr_block().association_id(association);
        found(call.send().await.map_err(IntoProviderError::classify))?;
        wait_ipv6(session, operation, &present.id, None).await?;
    }
    if let Some(range) = &wanted.ipv6_cidr_block {
        let call = session.ec2().associate_subnet_cidr_block().subnet_id(&present.id).ipv6_cidr_block(range);
        call.send().await.map_err(IntoProviderError::classify)?;
        wait_ipv6(session, operation, &present.id, Some(range)).await?;
    }
    Ok(true)
}

async fn wait_ipv6(
    session: &Session,
    operation: &Operation<'_>,
    id: &str,
    wanted: Option<&String>,
) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::QUICK, || async {
        let subnet = describe(session, id).await?;
        let range = subnet.as_ref().and_then(ipv6).and_then(|ipv6| ipv6.ipv6_cidr_block.as_ref());
        Ok(if range.is_some() == wanted.is_some() {
            Progress::Ready(())
        } else {
            Progress::Waiting(format!("the IPv6 range of {id} is being changed"))
        })
    })
    .await
}

fn ipv6(subnet: &sdk::Subnet) -> Option<&sdk::SubnetIpv6CidrBlockAssociation> {
    subnet.ipv6_cidr_block_association_set().iter().find(|association| {
        let state = association.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
        !matches!(
            state,
            Some(Code::Associating | Code::Disassociating | Code::Disassociated | Code::Failing | Code::Failed)
        )
    })
}

fn from_sdk(subnet: &sdk::Subnet) -> Values {
    let ipv6 = ipv6(subnet);
    Values {
        vpc_id: subnet.vpc_id.clone().unwrap_or_default(),
        cidr_block: subnet.cidr_block.clone().filter(|range| !range.is_empty()),
        ipv6_cidr_block: ipv6.and_then(|ipv6| ipv6.ipv6_cidr_block.clone()),
        ipv6_native: subnet.ipv6_native.unwrap_or_default(),
        availability_zone: subnet.availability_zone.clone(),
        availability_zone_id: subnet.availability_zone_id.clone(),
        outpost_arn: subnet.outpost_arn.clone(),
        map_public_ip_on_launch: subnet.map_public_ip_on_launch.unwrap_or_default(),
        assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation.unwrap_or_default(),
        enable_dns64: subnet.enable_dns64.unwrap_or_default(),
        private_dns_name_options_on_launch: subnet.private_dns_name_options_on_launch.as_ref().map(names),
        id: subnet.subnet_id.clone().unwrap_or_default(),
        arn: subnet.subnet_arn.clone().unwrap_or_default(),
        owner_id: subnet.owner_id.clone().unwrap_or_default(),
        ipv6_association_id: ipv6.and_then(|ipv6| ipv6.association_id.clone()),
        tags: Tags::new(),
        tags_all: ec2::from_sdk(subnet.tags()),
    }
}

fn names(options: &sdk::PrivateDnsNameOptionsOnLaunch) -> NameOptions {
    NameOptions {
        hostname_type: options.hostname_type.as_ref().map(|kind| kind.as_str().to_owned()),
        enable_resource_name_dns_a_record: options.enable_resource_name_dns_a_record,
        enable_resource_name_dns_aaaa_record: options.enable_resource_name_dns_aaaa_record,
    }
}
