//! `aws.vpc`: a virtual network.

use crate::client::Session;
use crate::ec2::{self, filter};
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::{Findings, prefix};
use crate::wait::{self, Progress, Rhythm};
use async_trait::async_trait;
use aws_sdk_ec2::types::{
    self as sdk, AttributeBooleanValue, ResourceType, VpcAttributeName, VpcCidrBlockStateCode as Code, VpcState,
};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::ProviderError;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The type.
pub(crate) struct Vpc;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    cidr_block: String,
    ipv4_ipam_pool_id: Option<String>,
    ipv4_netmask_length: Option<i32>,
    instance_tenancy: String,
    enable_dns_support: bool,
    enable_dns_hostnames: bool,
    amazon_provided_ipv6_cidr_block: bool,
    tags: Tags,
    id: String,
    arn: String,
    owner_id: String,
    ipv6_cidr_block: Option<String>,
    ipv6_association_id: Option<String>,
    main_route_table_id: Option<String>,
    default_network_acl_id: Option<String>,
    default_security_group_id: Option<String>,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("cidr_block", AttributeType::Cidr, "IPv4 range, `/16` to `/28`.")
        .optional_computed()
        .create_only()
        .equality(Equality::Network),
    Attribute::string("ipv4_ipam_pool_id", "IPAM pool that gives the IPv4 range.").create_only(),
    Attribute::int("ipv4_netmask_length", "Size of the range that the pool gives.")
        .create_only()
        .limits(&[Limit::Range(16, 28)]),
    Attribute::new(
        "instance_tenancy",
        AttributeType::Enum(&["default", "dedicated", "host"]),
        "Hardware of instances. Changed in place from `dedicated` to `default` only.",
    )
    .default_string("default"),
    Attribute::boolean("enable_dns_support", "Whether Amazon's DNS server answers in the network.").default_bool(true),
    Attribute::boolean(
        "enable_dns_hostnames",
        "Whether instances with public addresses get DNS names. EKS and private endpoints need it.",
    )
    .default_bool(false),
    Attribute::boolean("amazon_provided_ipv6_cidr_block", "Whether Amazon gives the network a `/56` of IPv6.")
        .vendor("CreateVpc.AmazonProvidedIpv6CidrBlock")
        .default_bool(false),
    TAGS,
    Attribute::string("id", "The network's id, `vpc-…`.").computed().vendor("VpcId"),
    Attribute::string("arn", "ARN.").computed().vendor("Arn"),
    Attribute::string("owner_id", "Account that owns it.").computed(),
    Attribute::string("ipv6_cidr_block", "The IPv6 range.").computed().vendor("Ipv6CidrBlocks[0]"),
    Attribute::string("ipv6_association_id", "Id of the IPv6 range's association.").computed(),
    Attribute::string("main_route_table_id", "The route table of subnets that have none of their own.").computed(),
    Attribute::string("default_network_acl_id", "The default network ACL.").computed().vendor("DefaultNetworkAcl"),
    Attribute::string("default_security_group_id", "The default security group.")
        .computed()
        .vendor("DefaultSecurityGroup"),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for Vpc {
    const SCHEMA: ResourceSchema = ResourceSchema::new("vpc", "A virtual private network (`AWS::EC2::VPC`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Tag)
        .settles_in_ms(EC2_SETTLE_MS)
        .timeouts(300, 300, 600)
        .usually_takes_s(3)
        .import_help("the VPC's id, such as vpc-0a1b2c3d")
        .rules(&[
            Rule::ExactlyOneOf(&["cidr_block", "ipv4_ipam_pool_id"]),
            Rule::RequiredWith(&["ipv4_netmask_length", "ipv4_ipam_pool_id"]),
        ])
        .capabilities(FULL);
    const VOLATILE: &'static [(&'static str, &'static [&'static str])] = &[
        ("ipv6_cidr_block", &["amazon_provided_ipv6_cidr_block"]),
        ("ipv6_association_id", &["amazon_provided_ipv6_cidr_block"]),
    ];

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_vpcs().set_filters(ec2::filters(query, "vpc-id"));
        let vpcs: Vec<sdk::Vpc> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        complete(session, vpcs.iter().map(from_sdk).collect()).await
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let cidr_block = Some(wanted.cidr_block.clone()).filter(|range| !range.is_empty());
        let tenancy = Some(wanted.instance_tenancy.as_str()).filter(|tenancy| !tenancy.is_empty());
        let call = session
            .ec2()
            .create_vpc()
            .set_cidr_block(cidr_block)
            .set_ipv4_ipam_pool_id(wanted.ipv4_ipam_pool_id.clone())
            .set_ipv4_netmask_length(wanted.ipv4_netmask_length)
            .set_instance_tenancy(tenancy.map(sdk::Tenancy::from))
            .amazon_provided_ipv6_cidr_block(wanted.amazon_provided_ipv6_cidr_block)
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::Vpc, &wanted.tags));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        answer.vpc.and_then(|vpc| vpc.vpc_id).ok_or_else(|| missing("the VPC's id"))
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
        changed |= set_dns(session, present, wanted).await?;
        changed |= set_tenancy(session, present, wanted).await?;
        changed |= set_ipv6(session, operation, present, wanted).await?;
        Ok(changed)
    }

    async fn settle(&self, session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
        wait_available(session, operation, id).await
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ec2().delete_vpc().vpc_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        prefix(findings, config, "cidr_block", 16, 28);
    }

    fn keep(known: &Values, read: &mut Values) {
        // Where the range came from is not told with the VPC.
        read.ipv4_ipam_pool_id.clone_from(&known.ipv4_ipam_pool_id);
        read.ipv4_netmask_length = known.ipv4_netmask_length;
    }

    fn replace_paths(prior: &Values, wanted: &Values) -> Vec<AttributePath> {
        let changed = prior.instance_tenancy != wanted.instance_tenancy && wanted.instance_tenancy != "default";
        if changed { vec![AttributePath::member("instance_tenancy")] } else { Vec::new() }
    }
}

async fn wait_available(session: &Session, operation: &Operation<'_>, id: &str) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::QUICK, || async {
        let call = session.ec2().describe_vpcs().filters(filter("vpc-id", [id]));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        Ok(match answer.vpcs().first().and_then(|vpc| vpc.state.as_ref()) {
            Some(VpcState::Available) => Progress::Ready(()),
            state => Progress::Waiting(format!("VPC {id} is {}", state.map_or("not shown yet", VpcState::as_str))),
        })
    })
    .await
}

/// Host names need the DNS server: on in this order, off in the other.
async fn set_dns(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let support = (present.enable_dns_support != wanted.enable_dns_support)
        .then(|| session.ec2().modify_vpc_attribute().enable_dns_support(boolean(wanted.enable_dns_support)));
    let hostnames = (present.enable_dns_hostnames != wanted.enable_dns_hostnames)
        .then(|| session.ec2().modify_vpc_attribute().enable_dns_hostnames(boolean(wanted.enable_dns_hostnames)));
    let calls = if wanted.enable_dns_support { [support, hostnames] } else { [hostnames, support] };
    let mut changed = false;
    for call in calls.into_iter().flatten() {
        call.vpc_id(&present.id).send().await.map_err(IntoProviderError::classify)?;
        changed = true;
    }
    Ok(changed)
}

fn boolean(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

async fn set_tenancy(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    if present.instance_tenancy == wanted.instance_tenancy || wanted.instance_tenancy != "default" {
        return Ok(false);
    }
    let call = session.ec2().modify_vpc_tenancy().vpc_id(&present.id);
    call.instance_tenancy(sdk::VpcTenancy::Default).send().await.map_err(IntoProviderError::classify)?;
    Ok(true)
}

async fn set_ipv6(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    match (present.amazon_provided_ipv6_cidr_block, wanted.amazon_provided_ipv6_cidr_block) {
        (false, true) => {
            let call = session.ec2().associate_vpc_cidr_block().vpc_id(&present.id);
            call.amazon_provided_ipv6_cidr_block(true).send().await.map_err(IntoProviderError::classify)?;
        }
        (true, false) => {
            let association = present.ipv6_association_id.clone().unwrap_or_default();
            let call = session.ec2().disassociate_vpc_cidr_block().association_id(association);
            found(call.send().await.map_err(IntoProviderError::classify))?;
        }
        _ => return Ok(false),
    }
    wait_ipv6(session, operation, &present.id, wanted.amazon_provided_ipv6_cidr_block).await?;
    Ok(true)
}

async fn wait_ipv6(session: &Session, operation: &Operation<'_>, id: &str, wanted: bool) -> Result<(), ProviderError> {
    wait::until(operation, Rhythm::QUICK, || async {
        let call = session.ec2().describe_vpcs().filters(filter("vpc-id", [id]));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        let associations = answer.vpcs().first().map(sdk::Vpc::ipv6_cidr_block_association_set).unwrap_or_default();
        let there = associations.iter().any(is_associated);
        Ok(if there == wanted {
            Progress::Ready(())
        } else {
            Progress::Waiting(format!("the IPv6 range of {id} is being changed"))
        })
    })
    .await
}

fn is_associated(association: &sdk::VpcIpv6CidrBlockAssociation) -> bool {
    let state = association.ipv6_cidr_block_state.as_ref().and_then(|state| state.state.as_ref());
    !matches!(
        state,
        Some(Code::Associating | Code::Disassociating | Code::Disassociated | Code::Failing | Code::Failed)
    )
}

fn from_sdk(vpc: &sdk::Vpc) -> Values {
    let ipv6 = vpc.ipv6_cidr_block_association_set().iter().find(|association| is_associated(association));
    Values {
        cidr_block: vpc.cidr_block.clone().unwrap_or_default(),
        instance_tenancy: vpc.instance_tenancy.as_ref().map_or("default", sdk::Tenancy::as_str).to_owned(),
        amazon_provided_ipv6_cidr_block: ipv6
            .is_some_and(|ipv6| ipv6.ipv6_pool.as_deref().is_none_or(|pool| pool.eq_ignore_ascii_case("amazon"))),
        id: vpc.vpc_id.clone().unwrap_or_default(),
        owner_id: vpc.owner_id.clone().unwrap_or_default(),
        ipv6_cidr_block: ipv6.and_then(|ipv6| ipv6.ipv6_cidr_block.clone()),
        ipv6_association_id: ipv6.and_then(|ipv6| ipv6.association_id.clone()),
        tags_all: ec2::from_sdk(vpc.tags()),
        ..Values::default()
    }
}

/// How many single-object calls run at a time.
const PARALLEL: usize = 8;

/// Adds what `DescribeVpcs` does not tell: attributes one by one, the defaults of all in one call each.
async fn complete(session: &Session, vpcs: Vec<Values>) -> Result<Vec<Hit<Values>>, ProviderError> {
    if vpcs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = vpcs.iter().map(|vpc| vpc.id.clone()).collect();
    let (groups, acls, tables) = futures::try_join!(
        default_groups(session, &ids),
        default_acls(session, &ids),
        main_route_tables(session, &ids)
    )?;
    let calls = vpcs.into_iter().map(|mut vpc| {
        vpc.arn = ec2::arn(session, &vpc.owner_id, "vpc", &vpc.id);
        vpc.default_security_group_id = groups.get(&vpc.id).cloned();
        vpc.default_network_acl_id = acls.get(&vpc.id).cloned();
        vpc.main_route_table_id = tables.get(&vpc.id).cloned();
        with_dns(session, vpc)
    });
    let vpcs: Vec<Option<Values>> = stream::iter(calls).buffered(PARALLEL).try_collect().await?;
    Ok(vpcs.into_iter().flatten().map(|values| Hit { values, deleting: false }).collect())
}

/// The VPC with its DNS attributes; none when it went away meanwhile.
async fn with_dns(session: &Session, mut vpc: Values) -> Result<Option<Values>, ProviderError> {
    let ask = async |name: VpcAttributeName| {
        let call = session.ec2().describe_vpc_attribute().vpc_id(&vpc.id).attribute(name);
        found(call.send().await.map_err(IntoProviderError::classify))
    };
    let answers =
        futures::try_join!(ask(VpcAttributeName::EnableDnsSupport), ask(VpcAttributeName::EnableDnsHostnames))?;
    let (Some(support), Some(hostnames)) = answers else { return Ok(None) };
    vpc.enable_dns_support = support.enable_dns_support.and_then(|value| value.value).unwrap_or_default();
    vpc.enable_dns_hostnames = hostnames.enable_dns_hostnames.and_then(|value| value.value).unwrap_or_default();
    Ok(Some(vpc))
}

type ByVpc = BTreeMap<String, String>;

async fn default_groups(session: &Session, ids: &[String]) -> Result<ByVpc, ProviderError> {
    let call = session.ec2().describe_security_groups();
    let call = call.filters(filter("vpc-id", ids)).filters(filter("group-name", ["default"]));
    let groups: Vec<sdk::SecurityGroup> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(groups.into_iter().filter_map(|group| group.vpc_id.zip(group.group_id)).collect())
}

async fn default_acls(session: &Session, ids: &[String]) -> Result<ByVpc, ProviderError> {
    let call = session.ec2().describe_network_acls();
    let call = call.filters(filter("vpc-id", ids)).filters(filter("default", ["true"]));
    let acls: Vec<sdk::NetworkAcl> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(acls.into_iter().filter_map(|acl| acl.vpc_id.zip(acl.network_acl_id)).collect())
}

async fn main_route_tables(session: &Session, ids: &[String]) -> Result<ByVpc, ProviderError> {
    let call = session.ec2().describe_route_tables();
    let call = call.filters(filter("vpc-id", ids)).filters(filter("association.main", ["true"]));
    let tables: Vec<sdk::RouteTable> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(tables.into_iter().filter_map(|table| table.vpc_id.zip(table.route_table_id)).collect())
}
