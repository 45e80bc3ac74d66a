//! `aws.security_group_ingress_rule` and `aws.security_group_egress_rule`: one rule each, for groups that refer to one
//! another or whose rules come from several places.

use super::security_group::{
    CIDR_IP, CIDR_IPV6, DESCRIPTION, FROM_PORT, IP_PROTOCOL, TO_PORT, check_ports, protocol_name,
};
use crate::client::Session;
use crate::ec2;
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::Findings;
use crate::wait;
use async_trait::async_trait;
use aws_sdk_ec2::types::{
    self as sdk, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, UserIdGroupPair,
};
use formwork_model::schema::{Attribute, Recognition, ResourceSchema, Rule};
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// A rule of either way, with EC2's fields.
#[derive(Clone, Debug, Default)]
struct Fields {
    group_id: String,
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    security_group_id: Option<String>,
    description: Option<String>,
    tags: Tags,
    id: String,
    arn: String,
    tags_all: Tags,
}

const GROUP_ID: Attribute =
    Attribute::reference("group_id", &["aws.security_group"], "The group whose rule it is.").required().create_only();
const ID: Attribute = Attribute::string("id", "The rule's id, `sgr-…`.")
    .computed()
    .vendor("DescribeSecurityGroupRules.SecurityGroupRuleId");
const ARN: Attribute = Attribute::string("arn", "ARN.").computed();

/// One way: structure, schema and type.
macro_rules! way {
    ($type:ident, $module:ident, $egress:literal, $name:literal, $docs:literal, $list:ident, $group:ident) => {
        /// The type.
        pub(crate) struct $type;

        /// Attributes of one way.
        pub(crate) mod $module {
            use super::*;

            /// All attributes.
            #[derive(Clone, Debug, Default, Serialize, Deserialize)]
            #[serde(default)]
            pub(crate) struct Values {
                group_id: String,
                ip_protocol: String,
                from_port: Option<i32>,
                to_port: Option<i32>,
                cidr_ip: Option<String>,
                cidr_ipv6: Option<String>,
                $list: Option<String>,
                $group: Option<String>,
                description: Option<String>,
                tags: Tags,
                pub(super) id: String,
                arn: String,
                tags_all: Tags,
            }

            impl From<Values> for Fields {
                fn from(values: Values) -> Self {
                    Self {
                        group_id: values.group_id,
                        ip_protocol: values.ip_protocol,
                        from_port: values.from_port,
                        to_port: values.to_port,
                        cidr_ip: values.cidr_ip,
                        cidr_ipv6: values.cidr_ipv6,
                        prefix_list_id: values.$list,
                        security_group_id: values.$group,
                        description: values.description,
                        tags: values.tags,
                        id: values.id,
                        arn: values.arn,
                        tags_all: values.tags_all,
                    }
                }
            }

            impl From<Fields> for Values {
                fn from(fields: Fields) -> Self {
                    Self {
                        group_id: fields.group_id,
                        ip_protocol: fields.ip_protocol,
                        from_port: fields.from_port,
                        to_port: fields.to_port,
                        cidr_ip: fields.cidr_ip,
                        cidr_ipv6: fields.cidr_ipv6,
                        $list: fields.prefix_list_id,
                        $group: fields.security_group_id,
                        description: fields.description,
                        tags: fields.tags,
                        id: fields.id,
                        arn: fields.arn,
                        tags_all: fields.tags_all,
                    }
                }
            }

            pub(super) const ATTRIBUTES: &[Attribute] = &[
                GROUP_ID,
                IP_PROTOCOL.create_only(),
                FROM_PORT.create_only(),
                TO_PORT.create_only(),
                CIDR_IP.create_only(),
                CIDR_IPV6.create_only(),
                Attribute::string(stringify!($list), "The other side: a prefix list.").create_only(),
                Attribute::reference(stringify!($group), &["aws.security_group"], "The other side: a security group.")
                    .create_only(),
                DESCRIPTION,
                TAGS,
                ID,
                ARN,
                TAGS_ALL,
            ];
        }

        #[async_trait]
        impl AwsResource for $type {
            const SCHEMA: ResourceSchema = ResourceSchema::new($name, $docs)
                .attributes($module::ATTRIBUTES)
                .recognised_by(Recognition::Tag)
                .settles_in_ms(EC2_SETTLE_MS)
                .timeouts(300, 300, 300)
                .usually_takes_s(2)
                .import_help("the rule's id, such as sgr-0a1b2c3d")
                .rules(&[
                    Rule::ExactlyOneOf(&["cidr_ip", "cidr_ipv6", stringify!($list), stringify!($group)]),
                    Rule::RequiredWith(&["from_port", "to_port"]),
                ])
                .capabilities(FULL);

            type Values = $module::Values;

            fn id(values: &Self::Values) -> &str {
                &values.id
            }

            async fn query(
                &self,
                session: &Session,
                query: Query<'_>,
            ) -> Result<Vec<Hit<Self::Values>>, ProviderError> {
                let hits = describe(session, query, $egress).await?.into_iter();
                Ok(hits.map(|fields| Hit { values: fields.into(), deleting: false }).collect())
            }

            async fn send_create(
                &self,
                session: &Session,
                operation: &Operation<'_>,
                wanted: &Self::Values,
            ) -> Result<String, ProviderError> {
                authorize(session, operation, &wanted.clone().into(), $egress).await
            }

            async fn adjust(
                &self,
                session: &Session,
                _: &Operation<'_>,
                present: &Self::Values,
                _: Option<&Self::Values>,
                wanted: &Self::Values,
            ) -> Result<bool, ProviderError> {
                adjust(session, &present.clone().into(), &wanted.clone().into()).await
            }

            async fn delete(
                &self,
                session: &Session,
                _: &Operation<'_>,
                object: Self::Values,
            ) -> Result<(), ProviderError> {
                revoke(session, &object.into(), $egress).await
            }

            fn validate(config: ValueRef<'_>, findings: &mut Findings) {
                check_ports(&AttributePath::root(), config, findings);
            }

            fn keep(known: &Self::Values, read: &mut Self::Values) {
                let (known, mut fields) = (Fields::from(known.clone()), Fields::from(read.clone()));
                keep_spelling(&known, &mut fields);
                *read = fields.into();
            }
        }
    };
}

way!(
    IngressRule,
    ingress,
    false,
    "security_group_ingress_rule",
    "One rule for connections that a group takes (`AWS::EC2::SecurityGroupIngress`). Not together with the group's own \
     `security_group_ingress`.",
    source_prefix_list_id,
    source_security_group_id
);
way!(
    EgressRule,
    egress,
    true,
    "security_group_egress_rule",
    "One rule for connections that a group makes (`AWS::EC2::SecurityGroupEgress`). Not together with the group's own \
     `security_group_egress`; while that is unset, AWS's rule that lets everything out stays.",
    destination_prefix_list_id,
    destination_security_group_id
);

async fn describe(session: &Session, query: Query<'_>, egress: bool) -> Result<Vec<Fields>, ProviderError> {
    let filters = ec2::filters(query, "security-group-rule-id");
    let call = session.ec2().describe_security_group_rules().set_filters(filters);
    let rules: Vec<sdk::SecurityGroupRule> =
        call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
    Ok(rules
        .iter()
        .filter(|rule| rule.is_egress.unwrap_or_default() == egress)
        .map(|rule| from_sdk(session, rule))
        .collect())
}

async fn authorize(
    session: &Session,
    operation: &Operation<'_>,
    wanted: &Fields,
    egress: bool,
) -> Result<String, ProviderError> {
    let tags = ec2::tag_specification(session, operation, ResourceType::SecurityGroupRule, &wanted.tags);
    let rules = wait::while_unknown(operation, || async {
        let (client, tags) = (session.ec2(), tags.clone());
        Ok(if egress {
            let call = client.authorize_security_group_egress().group_id(&wanted.group_id);
            let call = call.ip_permissions(permission(wanted)).tag_specifications(tags);
            call.send().await.map_err(IntoProviderError::classify)?.security_group_rules
        } else {
            let call = client.authorize_security_group_ingress().group_id(&wanted.group_id);
            let call = call.ip_permissions(permission(wanted)).tag_specifications(tags);
            call.send().await.map_err(IntoProviderError::classify)?.security_group_rules
        })
    })
    .await?;
    let made = rules.unwrap_or_default().into_iter().find_map(|rule| rule.security_group_rule_id);
    made.ok_or_else(|| missing("the rule's id"))
}

/// Brings tags and description to what is wanted; whether anything changed.
async fn adjust(session: &Session, present: &Fields, wanted: &Fields) -> Result<bool, ProviderError> {
    let changed = ec2::update_tags(session, &present.id, &present.tags_all, &wanted.tags).await?;
    let text = |fields: &Fields| fields.description.clone().unwrap_or_default();
    if text(present) == text(wanted) {
        return Ok(changed);
    }
    // The call replaces the whole rule: what is not named would be lost.
    let request = SecurityGroupRuleRequest::builder()
        .ip_protocol(protocol_name(&wanted.ip_protocol))
        .set_from_port(wanted.from_port)
        .set_to_port(wanted.to_port)
        .set_cidr_ipv4(wanted.cidr_ip.clone())
        .set_cidr_ipv6(wanted.cidr_ipv6.clone())
        .set_prefix_list_id(wanted.prefix_list_id.clone())
        .set_referenced_group_id(wanted.security_group_id.clone())
        .description(text(wanted))
        .build();
    let update =
        SecurityGroupRuleUpdate::builder().security_group_rule_id(&present.id).security_group_rule(request).build();
    let call = session.ec2().modify_security_group_rules().group_id(&present.group_id).security_group_rules(update);
    call.send().await.map_err(IntoProviderError::classify)?;
    Ok(true)
}

async fn revoke(session: &Session, rule: &Fields, egress: bool) -> Result<(), ProviderError> {
    let client = session.ec2();
    let result = if egress {
        let call = client.revoke_security_group_egress().group_id(&rule.group_id).security_group_rule_ids(&rule.id);
        call.send().await.map(drop).map_err(IntoProviderError::classify)
    } else {
        let call = client.revoke_security_group_ingress().group_id(&rule.group_id).security_group_rule_ids(&rule.id);
        call.send().await.map(drop).map_err(IntoProviderError::classify)
    };
    found(result).map(drop)
}

fn permission(rule: &Fields) -> IpPermission {
    let description = || rule.description.clone().filter(|text| !text.is_empty());
    let builder = IpPermission::builder()
        .ip_protocol(protocol_name(&rule.ip_protocol))
        .set_from_port(rule.from_port)
        .set_to_port(rule.to_port);
    if let Some(range) = &rule.cidr_ip {
        return builder.ip_ranges(IpRange::builder().cidr_ip(range).set_description(description()).build()).build();
    }
    if let Some(range) = &rule.cidr_ipv6 {
        let range = Ipv6Range::builder().cidr_ipv6(range).set_description(description()).build();
        return builder.ipv6_ranges(range).build();
    }
    if let Some(list) = &rule.prefix_list_id {
        let list = PrefixListId::builder().prefix_list_id(list).set_description(description()).build();
        return builder.prefix_list_ids(list).build();
    }
    let group = UserIdGroupPair::builder().set_group_id(rule.security_group_id.clone());
    builder.user_id_group_pairs(group.set_description(description()).build()).build()
}

/// Ports do not count for protocols that have none; protocols have two spellings.
fn keep_spelling(known: &Fields, read: &mut Fields) {
    if protocol_name(&known.ip_protocol) != read.ip_protocol {
        return;
    }
    read.ip_protocol.clone_from(&known.ip_protocol);
    if read.from_port.is_none() && read.to_port.is_none() {
        read.from_port = known.from_port;
        read.to_port = known.to_port;
    }
}

fn from_sdk(session: &Session, rule: &sdk::SecurityGroupRule) -> Fields {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let protocol = rule.ip_protocol.clone().unwrap_or_default();
    let has_ports = matches!(protocol.as_str(), "tcp" | "udp" | "icmp" | "icmpv6");
    let id = rule.security_group_rule_id.clone().unwrap_or_default();
    let owner = rule.group_owner_id.as_deref().unwrap_or_default();
    Fields {
        group_id: rule.group_id.clone().unwrap_or_default(),
        from_port: rule.from_port.filter(|_| has_ports),
        to_port: rule.to_port.filter(|_| has_ports),
        ip_protocol: protocol,
        cidr_ip: text(&rule.cidr_ipv4),
        cidr_ipv6: text(&rule.cidr_ipv6),
        prefix_list_id: text(&rule.prefix_list_id),
        security_group_id: rule.referenced_group_info.as_ref().and_then(|group| text(&group.group_id)),
        description: text(&rule.description),
        tags: Tags::new(),
        arn: ec2::arn(session, owner, "security-group-rule", &id),
        id,
        tags_all: ec2::from_sdk(rule.tags()),
    }
}
