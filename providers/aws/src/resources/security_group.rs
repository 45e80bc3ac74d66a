//! `aws.security_group`: which connections network interfaces take and make; rules inline, or as types of their own.

use crate::client::Session;
use crate::ec2;
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::{Findings, exactly_one, is_unknown, items, known, number};
use crate::wait;
use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, UserIdGroupPair};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_model::{AttributePath, Step, ValueRef};
use formwork_provider_api::ProviderError;
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct SecurityGroup;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    group_name: String,
    group_description: String,
    vpc_id: Option<String>,
    security_group_ingress: Option<Vec<Ingress>>,
    security_group_egress: Option<Vec<Egress>>,
    tags: Tags,
    id: String,
    arn: String,
    owner_id: String,
    tags_all: Tags,
}

/// An inline rule, whichever way it leads.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rule {
    ip_protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    security_group_id: Option<String>,
    description: Option<String>,
}

/// Structures with CloudFormation's names for both ways.
macro_rules! directed {
    ($name:ident, $list:ident, $group:ident) => {
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default)]
        struct $name {
            ip_protocol: String,
            from_port: Option<i32>,
            to_port: Option<i32>,
            cidr_ip: Option<String>,
            cidr_ipv6: Option<String>,
            $list: Option<String>,
            $group: Option<String>,
            description: Option<String>,
        }

        impl From<$name> for Rule {
            fn from(rule: $name) -> Self {
                Self {
                    ip_protocol: rule.ip_protocol,
                    from_port: rule.from_port,
                    to_port: rule.to_port,
                    cidr_ip: rule.cidr_ip,
                    cidr_ipv6: rule.cidr_ipv6,
                    prefix_list_id: rule.$list,
                    security_group_id: rule.$group,
                    description: rule.description,
                }
            }
        }

        impl From<Rule> for $name {
            fn from(rule: Rule) -> Self {
                Self {
                    ip_protocol: rule.ip_protocol,
                    from_port: rule.from_port,
                    to_port: rule.to_port,
                    cidr_ip: rule.cidr_ip,
                    cidr_ipv6: rule.cidr_ipv6,
                    $list: rule.prefix_list_id,
                    $group: rule.security_group_id,
                    description: rule.description,
                }
            }
        }
    };
}

directed!(Ingress, source_prefix_list_id, source_security_group_id);
directed!(Egress, destination_prefix_list_id, destination_security_group_id);

/// The attributes that rules of both ways share, inline and as types of their own.
pub(crate) const IP_PROTOCOL: Attribute = Attribute::new(
    "ip_protocol",
    AttributeType::OpenEnum(&["tcp", "udp", "icmp", "icmpv6", "-1"]),
    "Protocol by name or number; `-1` is all, and then all ports.",
)
.required();
pub(crate) const FROM_PORT: Attribute =
    Attribute::int("from_port", "First port, or the ICMP type (-1 for all).").limits(&[Limit::Range(-1, 65535)]);
pub(crate) const TO_PORT: Attribute =
    Attribute::int("to_port", "Last port, or the ICMP code (-1 for all).").limits(&[Limit::Range(-1, 65535)]);
pub(crate) const CIDR_IP: Attribute =
    Attribute::new("cidr_ip", AttributeType::Cidr, "The other side: an IPv4 range.").equality(Equality::Network);
pub(crate) const CIDR_IPV6: Attribute =
    Attribute::new("cidr_ipv6", AttributeType::Cidr, "The other side: an IPv6 range.").equality(Equality::Network);
pub(crate) const DESCRIPTION: Attribute = Attribute::string("description", "What it is for.")
    .equality(Equality::EmptyIsAbsent)
    .limits(&[Limit::Length(0, 255)]);

const INGRESS: &[Attribute] = &[
    IP_PROTOCOL,
    FROM_PORT,
    TO_PORT,
    CIDR_IP,
    CIDR_IPV6,
    Attribute::string("source_prefix_list_id", "The other side: a prefix list."),
    Attribute::reference("source_security_group_id", &["aws.security_group"], "The other side: a security group."),
    DESCRIPTION,
];

const EGRESS: &[Attribute] = &[
    IP_PROTOCOL,
    FROM_PORT,
    TO_PORT,
    CIDR_IP,
    CIDR_IPV6,
    Attribute::string("destination_prefix_list_id", "The other side: a prefix list."),
    Attribute::reference("destination_security_group_id", &["aws.security_group"], "The other side: a security group."),
    DESCRIPTION,
];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::string("group_name", "Name, unique in the VPC; else made from the operation's id.")
        .optional_computed()
        .create_only()
        .limits(&[Limit::Length(1, 255), Limit::Pattern("^(?:[^s]|s[^g]|sg[^-]|s$|sg$)", "does not begin with `sg-`")]),
    Attribute::string("group_description", "What it is for.").required().create_only().limits(&[Limit::Length(1, 255)]),
    Attribute::reference("vpc_id", &["aws.vpc"], "The VPC; else the region's default VPC.")
        .optional_computed()
        .create_only(),
    Attribute::new(
        "security_group_ingress",
        AttributeType::List(&AttributeType::Object(INGRESS)),
        "Connections that are taken: exactly these. Unset: rules are not managed here (use \
         `aws.security_group_ingress_rule`). A rule names one other side.",
    )
    .keyed_by(&[
        "ip_protocol",
        "from_port",
        "to_port",
        "cidr_ip",
        "cidr_ipv6",
        "source_prefix_list_id",
        "source_security_group_id",
    ]),
    Attribute::new(
        "security_group_egress",
        AttributeType::List(&AttributeType::Object(EGRESS)),
        "Connections that are made: exactly these. Unset: AWS's rule that lets everything out stays, and rules are not \
         managed here. `[]` lets nothing out.",
    )
    .keyed_by(&[
        "ip_protocol",
        "from_port",
        "to_port",
        "cidr_ip",
        "cidr_ipv6",
        "destination_prefix_list_id",
        "destination_security_group_id",
    ]),
    TAGS,
    Attribute::string("id", "The group's id, `sg-…`.").computed().vendor("GroupId"),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("owner_id", "Account that owns it.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for SecurityGroup {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "security_group",
        "Which connections network interfaces take and make (`AWS::EC2::SecurityGroup`).",
    )
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Tag)
    .settles_in_ms(EC2_SETTLE_MS)
    .timeouts(300, 300, 900)
    .usually_takes_s(3)
    .import_help("the group's id, such as sg-0a1b2c3d")
    .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_security_groups().set_filters(ec2::filters(query, "group-id"));
        let groups: Vec<sdk::SecurityGroup> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        Ok(groups.iter().map(|group| Hit { values: from_sdk(session, group), deleting: false }).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let generated = || format!("formwork-{}", operation.id);
        let name = Some(wanted.group_name.clone()).filter(|name| !name.is_empty()).unwrap_or_else(generated);
        let call = session
            .ec2()
            .create_security_group()
            .group_name(name)
            .description(&wanted.group_description)
            .set_vpc_id(wanted.vpc_id.clone())
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::SecurityGroup, &wanted.tags));
        let answer =
            wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) })
                .await?;
        answer.group_id.ok_or_else(|| missing("the security group's id"))
    }

    async fn adjust(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        present: &Values,
        prior: Option<&Values>,
        wanted: &Values,
    ) -> Result<bool, ProviderError> {
        let mut changed = ec2::update_tags(session, &present.id, &present.tags_all, &wanted.tags).await?;
        let before = prior.and_then(|prior| prior.security_group_ingress.clone());
        let plan = Rules::between(
            rules(&present.security_group_ingress),
            rules(&before),
            rules(&wanted.security_group_ingress),
        );
        changed |= plan.apply(session, operation, &present.id, Way::In).await?;
        let before = prior.and_then(|prior| prior.security_group_egress.clone());
        let plan =
            Rules::between(rules(&present.security_group_egress), rules(&before), rules(&wanted.security_group_egress));
        changed |= plan.apply(session, operation, &present.id, Way::Out).await?;
        Ok(changed)
    }

    async fn delete(&self, session: &Session, _: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        let call = session.ec2().delete_security_group().group_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        let sides = ["cidr_ip", "cidr_ipv6", "source_prefix_list_id", "source_security_group_id"];
        for (path, rule) in items(config, "security_group_ingress") {
            exactly_one(findings, &path, rule, "other side", &sides);
            check_ports(&path, rule, findings);
        }
        let sides = ["cidr_ip", "cidr_ipv6", "destination_prefix_list_id", "destination_security_group_id"];
        for (path, rule) in items(config, "security_group_egress") {
            exactly_one(findings, &path, rule, "other side", &sides);
            check_ports(&path, rule, findings);
        }
    }

    fn keep(known: &Values, read: &mut Values) {
        read.security_group_ingress = spelled(&known.security_group_ingress, read.security_group_ingress.take());
        read.security_group_egress = spelled(&known.security_group_egress, read.security_group_egress.take());
    }
}

/// Rules of one way; none where they are not managed here.
fn rules<T: Clone + Into<Rule>>(rules: &Option<Vec<T>>) -> Option<Vec<Rule>> {
    rules.as_ref().map(|rules| rules.iter().cloned().map(Into::into).collect())
}

/// What was read, in the spelling that is known (`6` for `tcp`, ports of a rule for all protocols); none where rules are
/// not managed here.
fn spelled<T: Clone + Into<Rule> + From<Rule>>(known: &Option<Vec<T>>, read: Option<Vec<T>>) -> Option<Vec<T>> {
    let known = rules(known)?;
    let read = rules(&read).unwrap_or_default().into_iter().map(|rule| {
        let twin = known.iter().find(|known| known.key() == rule.key());
        let spelled = twin.map(|known| Rule { description: rule.description.clone(), ..known.clone() });
        spelled.unwrap_or(rule).into()
    });
    Some(read.collect())
}

type RuleKey<'a> =
    (&'a str, Option<i32>, Option<i32>, Option<String>, Option<String>, Option<&'a str>, Option<&'a str>);

/// The name that EC2 gives a protocol; numbers without a name stay.
pub(crate) fn protocol_name(protocol: &str) -> &str {
    match protocol {
        "6" | "TCP" => "tcp",
        "17" | "UDP" => "udp",
        "1" | "ICMP" => "icmp",
        "58" | "ICMPV6" => "icmpv6",
        "all" | "ALL" => "-1",
        other => other,
    }
}

/// Ports of a rule: needed for protocols that have them, in order.
pub(crate) fn check_ports(path: &AttributePath, rule: ValueRef<'_>, findings: &mut Findings) {
    let Some(protocol) = known(rule, "ip_protocol").and_then(ValueRef::as_str).map(protocol_name) else { return };
    if is_unknown(rule, "from_port") || is_unknown(rule, "to_port") {
        return;
    }
    let at = |name: &str| path.then(Step::Member(name.into()));
    match (number(rule, "from_port"), number(rule, "to_port")) {
        (Some(from), Some(to)) if from > to && matches!(protocol, "tcp" | "udp") => {
            findings.error(at("to_port"), format!("the last port {to} is below the first {from}"), "exchange them");
        }
        (Some(_), Some(_)) => {}
        _ if matches!(protocol, "tcp" | "udp" | "icmp") => {
            let name = if number(rule, "from_port").is_none() { "from_port" } else { "to_port" };
            let help =
                "set `from_port` and `to_port` (the same for one port), or `ip_protocol = \"-1\"` for everything";
            findings.error(at(name), format!("a rule for {protocol} needs `{name}`"), help);
        }
        _ => {}
    }
}

impl Rule {
    /// What makes two rules one for EC2: all but the description.
    fn key(&self) -> RuleKey<'_> {
        let protocol = protocol_name(&self.ip_protocol);
        let ports = matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6");
        (
            protocol,
            self.from_port.filter(|_| ports),
            self.to_port.filter(|_| ports),
            self.cidr_ip.as_deref().map(ec2::network),
            self.cidr_ipv6.as_deref().map(ec2::network),
            self.prefix_list_id.as_deref(),
            self.security_group_id.as_deref(),
        )
    }

    fn to_sdk(&self) -> IpPermission {
        let (protocol, from_port, to_port, ..) = self.key();
        let description = || self.description.clone().filter(|text| !text.is_empty());
        IpPermission::builder()
            .ip_protocol(protocol)
            .set_from_port(from_port)
            .set_to_port(to_port)
            .set_ip_ranges(
                self.cidr_ip
                    .as_ref()
                    .map(|range| vec![IpRange::builder().cidr_ip(range).set_description(description()).build()]),
            )
            .set_ipv6_ranges(
                self.cidr_ipv6
                    .as_ref()
                    .map(|range| vec![Ipv6Range::builder().cidr_ipv6(range).set_description(description()).build()]),
            )
            .set_prefix_list_ids(
                self.prefix_list_id.as_ref().map(|list| {
                    vec![PrefixListId::builder().prefix_list_id(list).set_description(description()).build()]
                }),
            )
            .set_user_id_group_pairs(
                self.security_group_id.as_ref().map(|group| {
                    vec![UserIdGroupPair::builder().group_id(group).set_description(description()).build()]
                }),
            )
            .build()
    }
}

/// Which way connections go.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

/// What has to be done to the rules of one way.
struct Rules {
    revoke: Vec<Rule>,
    authorize: Vec<Rule>,
    describe: Vec<Rule>,
}

impl Rules {
    /// Where rules are no longer managed here, those that were are revoked, and others stay.
    fn between(present: Option<Vec<Rule>>, before: Option<Vec<Rule>>, wanted: Option<Vec<Rule>>) -> Self {
        let present = present.unwrap_or_default();
        let has = |rules: &[Rule], rule: &Rule| rules.iter().any(|other| other.key() == rule.key());
        let Some(wanted) = wanted else {
            let before = before.unwrap_or_default();
            let revoke = present.into_iter().filter(|rule| has(&before, rule)).collect();
            return Self { revoke, authorize: Vec::new(), describe: Vec::new() };
        };
        let text = |rule: &Rule| rule.description.clone().unwrap_or_default();
        let describe = wanted
            .iter()
            .filter(|rule| present.iter().any(|other| other.key() == rule.key() && text(other) != text(rule)));
        Self {
            describe: describe.cloned().collect(),
            authorize: wanted.iter().filter(|rule| !has(&present, rule)).cloned().collect(),
            revoke: present.into_iter().filter(|rule| !has(&wanted, rule)).collect(),
        }
    }

    /// New rules come before old ones go, so that connections that both allow are not cut.
    async fn apply(
        self,
        session: &Session,
        operation: &Operation<'_>,
        group: &str,
        way: Way,
    ) -> Result<bool, ProviderError> {
        let changed = !(self.revoke.is_empty() && self.authorize.is_empty() && self.describe.is_empty());
        let permissions = |rules: &[Rule]| Some(rules.iter().map(Rule::to_sdk).collect::<Vec<_>>());
        if !self.authorize.is_empty() {
            // A group that a rule names may not be known everywhere yet.
            wait::while_unknown(operation, || authorize(session, group, way, permissions(&self.authorize))).await?;
        }
        if !self.describe.is_empty() {
            describe(session, group, way, permissions(&self.describe)).await?;
        }
        if !self.revoke.is_empty() {
            found(revoke(session, group, way, permissions(&self.revoke)).await)?;
        }
        Ok(changed)
    }
}

type Permissions = Option<Vec<IpPermission>>;

async fn authorize(session: &Session, group: &str, way: Way, rules: Permissions) -> Result<(), ProviderError> {
    let client = session.ec2();
    match way {
        Way::In => {
            let call = client.authorize_security_group_ingress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
        Way::Out => {
            let call = client.authorize_security_group_egress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
    }
}

async fn revoke(session: &Session, group: &str, way: Way, rules: Permissions) -> Result<(), ProviderError> {
    let client = session.ec2();
    match way {
        Way::In => {
            let call = client.revoke_security_group_ingress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
        Way::Out => {
            let call = client.revoke_security_group_egress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
    }
}

async fn describe(session: &Session, group: &str, way: Way, rules: Permissions) -> Result<(), ProviderError> {
    let client = session.ec2();
    match way {
        Way::In => {
            let call =
                client.update_security_group_rule_descriptions_ingress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
        Way::Out => {
            let call =
                client.update_security_group_rule_descriptions_egress().group_id(group).set_ip_permissions(rules);
            call.send().await.map(drop).map_err(IntoProviderError::classify)
        }
    }
}

fn from_sdk(session: &Session, group: &sdk::SecurityGroup) -> Values {
    let id = group.group_id.clone().unwrap_or_default();
    let owner_id = group.owner_id.clone().unwrap_or_default();
    Values {
        group_name: group.group_name.clone().unwrap_or_default(),
        group_description: group.description.clone().unwrap_or_default(),
        vpc_id: group.vpc_id.clone(),
        security_group_ingress: Some(flat(group.ip_permissions()).map(Into::into).collect()),
        security_group_egress: Some(flat(group.ip_permissions_egress()).map(Into::into).collect()),
        tags: Tags::new(),
        arn: ec2::arn(session, &owner_id, "security-group", &id),
        id,
        owner_id,
        tags_all: ec2::from_sdk(group.tags()),
    }
}

/// EC2 groups rules by protocol and ports; here each other side is a rule.
fn flat(permissions: &[IpPermission]) -> impl Iterator<Item = Rule> {
    permissions.iter().flat_map(|permission| {
        let base = Rule {
            ip_protocol: permission.ip_protocol.clone().unwrap_or_default(),
            from_port: permission.from_port,
            to_port: permission.to_port,
            ..Rule::default()
        };
        let base = if base.ip_protocol == "-1" { Rule { from_port: None, to_port: None, ..base } } else { base };
        other_sides(permission).into_iter().map(move |side| Rule {
            ip_protocol: base.ip_protocol.clone(),
            from_port: base.from_port,
            to_port: base.to_port,
            ..side
        })
    })
}

fn other_sides(permission: &IpPermission) -> Vec<Rule> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let ranges = permission.ip_ranges().iter().map(|range| Rule {
        cidr_ip: text(&range.cidr_ip),
        description: text(&range.description),
        ..Rule::default()
    });
    let ranges6 = permission.ipv6_ranges().iter().map(|range| Rule {
        cidr_ipv6: text(&range.cidr_ipv6),
        description: text(&range.description),
        ..Rule::default()
    });
    let lists = permission.prefix_list_ids().iter().map(|list| Rule {
        prefix_list_id: text(&list.prefix_list_id),
        description: text(&list.description),
        ..Rule::default()
    });
    let groups = permission.user_id_group_pairs().iter().map(|group| Rule {
        security_group_id: text(&group.group_id),
        description: text(&group.description),
        ..Rule::default()
    });
    ranges.chain(ranges6).chain(lists).chain(groups).collect()
}
