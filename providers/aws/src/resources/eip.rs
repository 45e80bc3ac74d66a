//! `aws.eip`: a public IPv4 address that stays.

use crate::client::Session;
use crate::ec2;
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, DomainType, ResourceType};
use formwork_model::schema::{Attribute, AttributeType, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct Eip;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    domain: String,
    public_ipv4_pool: Option<String>,
    network_border_group: Option<String>,
    instance_id: Option<String>,
    tags: Tags,
    id: String,
    public_ip: String,
    arn: String,
    tags_all: Tags,
}

const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("domain", AttributeType::Enum(&["vpc"]), "Where it is used; EC2 has `vpc` only.")
        .default_string("vpc")
        .create_only(),
    Attribute::string("public_ipv4_pool", "Pool that it is taken from; else Amazon's.")
        .optional_computed()
        .create_only(),
    Attribute::string("network_border_group", "Zones from which it is announced; else the whole region.")
        .optional_computed()
        .create_only(),
    Attribute::string("instance_id", "Instance that it belongs to. Unset: not decided here.").optional_computed(),
    TAGS,
    Attribute::string("id", "The allocation's id, `eipalloc-…`.").computed().vendor("AllocationId"),
    Attribute::string("public_ip", "The address.").computed(),
    Attribute::string("arn", "ARN.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for Eip {
    const SCHEMA: ResourceSchema =
        ResourceSchema::new("eip", "A public IPv4 address that stays until it is released (`AWS::EC2::EIP`).")
            .attributes(ATTRIBUTES)
            .recognised_by(Recognition::Tag)
            .settles_in_ms(EC2_SETTLE_MS)
            .timeouts(300, 300, 600)
            .usually_takes_s(2)
            .import_help("the allocation's id, such as eipalloc-0a1b2c3d")
            .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_addresses().set_filters(ec2::filters(query, "allocation-id"));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        // Addresses without an allocation are of the classic network, which is no more.
        let addresses = answer.addresses.unwrap_or_default().into_iter().filter(|one| one.allocation_id.is_some());
        let owner = session.account().await?;
        Ok(addresses.map(|one| Hit { values: from_sdk(session, owner, one), deleting: false }).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .ec2()
            .allocate_address()
            .domain(DomainType::Vpc)
            .set_public_ipv4_pool(wanted.public_ipv4_pool.clone())
            .set_network_border_group(wanted.network_border_group.clone())
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::ElasticIp, &wanted.tags));
        let answer = call.send().await.map_err(IntoProviderError::classify)?;
        answer.allocation_id.ok_or_else(|| missing("the allocation's id"))
    }

    async fn adjust(
        &self,
        session: &Session,
        _: &Operation<'_>,
        present: &Values,
        _: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = ec2::update_tags(session, &present.id, &present.tags_all, &wanted.tags).await?;
        if let Some(instance) = wanted.instance_id.as_ref().filter(|id| present.instance_id.as_ref() != Some(id)) {
            let call = session.ec2().associate_address().allocation_id(&present.id).instance_id(instance);
            call.allow_reassociation(true).send().await.map_err(IntoProviderError::classify)?;
            changed = true;
        }
        Ok(changed)
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ec2().release_address().allocation_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }
}

fn from_sdk(session: &Session, owner: &str, address: sdk::Address) -> Values {
    let id = address.allocation_id.unwrap_or_default();
    Values {
        domain: "vpc".to_owned(),
        public_ipv4_pool: address.public_ipv4_pool,
        network_border_group: address.network_border_group,
        instance_id: address.instance_id.filter(|id| !id.is_empty()),
        tags: Tags::new(),
        public_ip: address.public_ip.unwrap_or_default(),
        arn: ec2::arn(session, owner, "elastic-ip", &id),
        id,
        tags_all: ec2::from_sdk(address.tags.as_deref().unwrap_or_default()),
    }
}
