//! `aws.route_table`: where a subnet's packets go; with its routes and associations.

use crate::client::Session;
use crate::ec2::{self, filter};
use crate::error::{IntoProviderError, found, missing};
use crate::resource::{AwsResource, Hit, Operation, Query};
use crate::schema::{EC2_SETTLE_MS, FULL, TAGS, TAGS_ALL};
use crate::tags::Tags;
use crate::validate::{Findings, exactly_one, items, known};
use crate::wait;
use async_trait::async_trait;
use aws_sdk_ec2::types::{self as sdk, ResourceType, RouteOrigin, RouteTableAssociationStateCode};
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Equality, Recognition, ResourceSchema};
use formwork_model::{SetOf, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde::{Deserialize, Serialize};

/// The type.
pub(crate) struct RouteTable;

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    vpc_id: String,
    routes: Vec<Route>,
    subnet_ids: SetOf<String>,
    gateway_ids: SetOf<String>,
    propagating_vgw_ids: SetOf<String>,
    tags: Tags,
    id: String,
    arn: String,
    owner_id: String,
    tags_all: Tags,
}

/// One route: a destination and a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Route {
    destination_cidr_block: Option<String>,
    destination_ipv6_cidr_block: Option<String>,
    destination_prefix_list_id: Option<String>,
    gateway_id: Option<String>,
    nat_gateway_id: Option<String>,
    egress_only_internet_gateway_id: Option<String>,
    transit_gateway_id: Option<String>,
    vpc_peering_connection_id: Option<String>,
    vpc_endpoint_id: Option<String>,
    network_interface_id: Option<String>,
    carrier_gateway_id: Option<String>,
    local_gateway_id: Option<String>,
    core_network_arn: Option<String>,
}

const ROUTE: &[Attribute] = &[
    Attribute::new("destination_cidr_block", AttributeType::Cidr, "Destination, IPv4. One of the three is needed.")
        .equality(Equality::Network),
    Attribute::new("destination_ipv6_cidr_block", AttributeType::Cidr, "Destination, IPv6.")
        .equality(Equality::Network),
    Attribute::string("destination_prefix_list_id", "Destination, a prefix list."),
    Attribute::reference(
        "gateway_id",
        &["aws.internet_gateway"],
        "Target: an internet gateway, or a virtual private gateway by its id. One target is needed.",
    ),
    Attribute::reference("nat_gateway_id", &["aws.nat_gateway"], "Target: a NAT gateway."),
    Attribute::string("egress_only_internet_gateway_id", "Target: an egress-only internet gateway (IPv6)."),
    Attribute::string("transit_gateway_id", "Target: a transit gateway."),
    Attribute::string("vpc_peering_connection_id", "Target: a peered VPC."),
    Attribute::string("vpc_endpoint_id", "Target: a gateway load balancer's endpoint."),
    Attribute::string("network_interface_id", "Target: a network interface."),
    Attribute::string("carrier_gateway_id", "Target: a carrier gateway."),
    Attribute::string("local_gateway_id", "Target: an Outpost's local gateway."),
    Attribute::string("core_network_arn", "Target: a core network."),
];

const DESTINATIONS: &[&str] = &["destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"];

const TARGETS: &[&str] = &[
    "gateway_id",
    "nat_gateway_id",
    "egress_only_internet_gateway_id",
    "transit_gateway_id",
    "vpc_peering_connection_id",
    "vpc_endpoint_id",
    "network_interface_id",
    "carrier_gateway_id",
    "local_gateway_id",
    "core_network_arn",
];

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("vpc_id", &["aws.vpc"], "The VPC.").required().create_only(),
    Attribute::new(
        "routes",
        AttributeType::List(&AttributeType::Object(ROUTE)),
        "All routes, each destination once. The VPC's local route, propagated routes and those of gateway endpoints are not \
         listed and not touched; any other is removed.",
    )
    .keyed_by(DESTINATIONS)
    .vendor("AWS::EC2::Route")
    .default(Preset::Empty),
    Attribute::new(
        "subnet_ids",
        AttributeType::Set(&AttributeType::Reference(&["aws.subnet"])),
        "Subnets that use this table. A subnet uses one table, else the VPC's main one.",
    )
    .vendor("AWS::EC2::SubnetRouteTableAssociation.SubnetId")
    .default(Preset::Empty),
    Attribute::new(
        "gateway_ids",
        AttributeType::Set(&AttributeType::Reference(&["aws.internet_gateway"])),
        "Gateways whose incoming packets use this table (edge association).",
    )
    .vendor("AWS::EC2::GatewayRouteTableAssociation.GatewayId")
    .default(Preset::Empty),
    Attribute::new(
        "propagating_vgw_ids",
        AttributeType::Set(&AttributeType::String),
        "Virtual private gateways that add their routes.",
    )
    .vendor("AWS::EC2::VPNGatewayRoutePropagation.VpnGatewayId")
    .default(Preset::Empty),
    TAGS,
    Attribute::string("id", "The table's id, `rtb-…`.").computed().vendor("RouteTableId"),
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("owner_id", "Account that owns it.").computed(),
    TAGS_ALL,
];

#[async_trait]
impl AwsResource for RouteTable {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "route_table",
        "Where packets go (`AWS::EC2::RouteTable` with its routes and associations). The VPC's main table is another \
         one and is left alone.",
    )
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Tag)
    .settles_in_ms(EC2_SETTLE_MS)
    .timeouts(300, 300, 300)
    .usually_takes_s(3)
    .import_help("the table's id, such as rtb-0a1b2c3d")
    .capabilities(FULL);

    type Values = Values;

    fn id(values: &Values) -> &str {
        &values.id
    }

    async fn query(&self, session: &Session, query: Query<'_>) -> Result<Vec<Hit<Values>>, ProviderError> {
        let call = session.ec2().describe_route_tables().set_filters(ec2::filters(query, "route-table-id"));
        let tables: Vec<sdk::RouteTable> =
            call.into_paginator().items().send().try_collect().await.map_err(IntoProviderError::classify)?;
        Ok(tables.iter().map(|table| Hit { values: from_sdk(session, table), deleting: false }).collect())
    }

    async fn send_create(
        &self,
        session: &Session,
        operation: &Operation<'_>,
        wanted: &Values,
    ) -> Result<String, ProviderError> {
        let call = session
            .ec2()
            .create_route_table()
            .vpc_id(&wanted.vpc_id)
            .client_token(ec2::client_token(operation))
            .tag_specifications(ec2::tag_specification(session, operation, ResourceType::RouteTable, &wanted.tags));
        let answer =
            wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) })
                .await?;
        let id =
            answer.route_table.and_then(|table| table.route_table_id).ok_or_else(|| missing("the route table's id"))?;
        Ok(id)
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
        changed |= set_routes(session, operation, present, wanted).await?;
        changed |= set_associations(session, operation, present, wanted).await?;
        changed |= set_propagation(session, present, wanted).await?;
        Ok(changed)
    }

    async fn delete(&self, session: &Session, operation: &Operation<'_>, object: Values) -> Result<(), ProviderError> {
        for association in associations(session, &object.id).await? {
            operation.sink.progress(&format!("taking {} off its subnets", object.id));
            disassociate(session, &association.id).await?;
        }
        let call = session.ec2().delete_route_table().route_table_id(&object.id);
        found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
    }

    fn validate(config: ValueRef<'_>, findings: &mut Findings) {
        let mut seen: Vec<String> = Vec::new();
        for (path, route) in items(config, "routes") {
            exactly_one(findings, &path, route, "destination", DESTINATIONS);
            exactly_one(findings, &path, route, "target", TARGETS);
            let destination = DESTINATIONS.iter().find_map(|name| known(route, name)?.as_str()).map(ec2::network);
            match destination {
                Some(destination) if seen.contains(&destination) => {
                    let message = format!("a second route to `{destination}`");
                    findings.error(path, message, "a destination has one target: remove one of the routes");
                }
                Some(destination) => seen.push(destination),
                None => {}
            }
        }
    }
}

impl Route {
    /// The destination in one normal form.
    fn destination(&self) -> (Option<String>, Option<&str>) {
        let range = self.destination_cidr_block.as_deref().or(self.destination_ipv6_cidr_block.as_deref());
        (range.map(ec2::network), self.destination_prefix_list_id.as_deref())
    }

    fn same_target(&self, other: &Self) -> bool {
        let targets = |route: &Self| Self {
            destination_cidr_block: None,
            destination_ipv6_cidr_block: None,
            destination_prefix_list_id: None,
            ..route.clone()
        };
        targets(self) == targets(other)
    }
}

/// The same fields of `CreateRoute` and `ReplaceRoute`.
macro_rules! with_route {
    ($call:expr, $route:expr, $table:expr) => {
        $call
            .route_table_id($table)
            .set_destination_cidr_block($route.destination_cidr_block.clone())
            .set_destination_ipv6_cidr_block($route.destination_ipv6_cidr_block.clone())
            .set_destination_prefix_list_id($route.destination_prefix_list_id.clone())
            .set_gateway_id($route.gateway_id.clone())
            .set_nat_gateway_id($route.nat_gateway_id.clone())
            .set_egress_only_internet_gateway_id($route.egress_only_internet_gateway_id.clone())
            .set_transit_gateway_id($route.transit_gateway_id.clone())
            .set_vpc_peering_connection_id($route.vpc_peering_connection_id.clone())
            .set_vpc_endpoint_id($route.vpc_endpoint_id.clone())
            .set_network_interface_id($route.network_interface_id.clone())
            .set_carrier_gateway_id($route.carrier_gateway_id.clone())
            .set_local_gateway_id($route.local_gateway_id.clone())
            .set_core_network_arn($route.core_network_arn.clone())
    };
}

async fn set_routes(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    let mut changed = false;
    let is = |one: &Route, other: &Route| one.destination() == other.destination();
    for route in present.routes.iter().filter(|old| !wanted.routes.iter().any(|new| is(new, old))) {
        delete_route(session, &present.id, route).await?;
        changed = true;
    }
    for route in &wanted.routes {
        match present.routes.iter().find(|old| is(old, route)) {
            Some(old) if old.same_target(route) => continue,
            Some(_) => {
                let call = with_route!(session.ec2().replace_route(), route, &present.id);
                call.send().await.map_err(IntoProviderError::classify)?;
            }
            None => create_route(session, operation, &present.id, route).await?,
        }
        changed = true;
    }
    Ok(changed)
}

async fn create_route(
    session: &Session,
    operation: &Operation<'_>,
    table: &str,
    route: &Route,
) -> Result<(), ProviderError> {
    let call = with_route!(session.ec2().create_route(), route, table);
    // A gateway made a moment ago may not be known everywhere.
    wait::while_unknown(operation, || async { call.clone().send().await.map_err(IntoProviderError::classify) }).await?;
    Ok(())
}

async fn delete_route(session: &Session, table: &str, route: &Route) -> Result<(), ProviderError> {
    let call = session
        .ec2()
        .delete_route()
        .route_table_id(table)
        .set_destination_cidr_block(route.destination_cidr_block.clone())
        .set_destination_ipv6_cidr_block(route.destination_ipv6_cidr_block.clone())
        .set_destination_prefix_list_id(route.destination_prefix_list_id.clone());
    found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
}

/// An association of a table with a subnet or a gateway.
struct Association {
    id: String,
    subject: String,
}

async fn associations(session: &Session, table: &str) -> Result<Vec<Association>, ProviderError> {
    let call = session.ec2().describe_route_tables().filters(filter("route-table-id", [table]));
    let answer = call.send().await.map_err(IntoProviderError::classify)?;
    let tables = answer.route_tables();
    Ok(tables.iter().flat_map(sdk::RouteTable::associations).filter(|one| is_live(one)).filter_map(explicit).collect())
}

/// An association that is neither the main one nor going away.
fn explicit(association: &sdk::RouteTableAssociation) -> Option<Association> {
    let subject = association.subnet_id.clone().or_else(|| association.gateway_id.clone())?;
    let main = association.main.unwrap_or_default();
    (!main).then(|| Association { id: association.route_table_association_id.clone().unwrap_or_default(), subject })
}

fn is_live(association: &sdk::RouteTableAssociation) -> bool {
    let state = association.association_state.as_ref().and_then(|state| state.state.as_ref());
    !matches!(
        state,
        Some(RouteTableAssociationStateCode::Disassociating | RouteTableAssociationStateCode::Disassociated)
    )
}

async fn set_associations(
    session: &Session,
    operation: &Operation<'_>,
    present: &Values,
    wanted: &Values,
) -> Result<bool, ProviderError> {
    let subjects =
        |values: &Values| -> Vec<String> { values.subnet_ids.0.iter().chain(&values.gateway_ids.0).cloned().collect() };
    let (before, after) = (subjects(present), subjects(wanted));
    let mut changed = false;
    if before.iter().any(|subject| !after.contains(subject)) {
        let all = associations(session, &present.id).await?;
        for association in all.iter().filter(|association| !after.contains(&association.subject)) {
            disassociate(session, &association.id).await?;
            changed = true;
        }
    }
    for subnet in wanted.subnet_ids.0.iter().filter(|id| !before.contains(id)) {
        associate(session, operation, &present.id, Some(subnet), None).await?;
        changed = true;
    }
    for gateway in wanted.gateway_ids.0.iter().filter(|id| !before.contains(id)) {
        associate(session, operation, &present.id, None, Some(gateway)).await?;
        changed = true;
    }
    Ok(changed)
}

/// A subnet that moves from another table of the same run is free as soon as that one is changed.
async fn associate(
    session: &Session,
    operation: &Operation<'_>,
    table: &str,
    subnet: Option<&String>,
    gateway: Option<&String>,
) -> Result<(), ProviderError> {
    let call = session.ec2().associate_route_table().route_table_id(table);
    let call = call.set_subnet_id(subnet.cloned()).set_gateway_id(gateway.cloned());
    let passes =
        |error: &ProviderError| error.code == "Resource.AlreadyAssociated" || error.class == ErrorClass::NotFound;
    wait::while_refused(operation, passes, || async { call.clone().send().await.map_err(IntoProviderError::classify) })
        .await?;
    Ok(())
}

async fn disassociate(session: &Session, association: &str) -> Result<(), ProviderError> {
    let call = session.ec2().disassociate_route_table().association_id(association);
    found(call.send().await.map_err(IntoProviderError::classify)).map(drop)
}

async fn set_propagation(session: &Session, present: &Values, wanted: &Values) -> Result<bool, ProviderError> {
    let (before, after) = (&present.propagating_vgw_ids.0, &wanted.propagating_vgw_ids.0);
    let mut changed = false;
    for gateway in before.iter().filter(|id| !after.contains(id)) {
        let call = session.ec2().disable_vgw_route_propagation().route_table_id(&present.id).gateway_id(gateway);
        found(call.send().await.map_err(IntoProviderError::classify))?;
        changed = true;
    }
    for gateway in after.iter().filter(|id| !before.contains(id)) {
        let call = session.ec2().enable_vgw_route_propagation().route_table_id(&present.id).gateway_id(gateway);
        call.send().await.map_err(IntoProviderError::classify)?;
        changed = true;
    }
    Ok(changed)
}

fn from_sdk(session: &Session, table: &sdk::RouteTable) -> Values {
    let id = table.route_table_id.clone().unwrap_or_default();
    let owner_id = table.owner_id.clone().unwrap_or_default();
    let live = || table.associations().iter().filter(|one| is_live(one) && one.main != Some(true));
    Values {
        vpc_id: table.vpc_id.clone().unwrap_or_default(),
        routes: table.routes().iter().filter(|route| is_ours(route)).map(route).collect(),
        subnet_ids: SetOf(live().filter_map(|one| one.subnet_id.clone()).collect()),
        gateway_ids: SetOf(live().filter_map(|one| one.gateway_id.clone()).collect()),
        propagating_vgw_ids: SetOf(table.propagating_vgws().iter().filter_map(|one| one.gateway_id.clone()).collect()),
        tags: Tags::new(),
        arn: ec2::arn(session, &owner_id, "route-table", &id),
        id,
        owner_id,
        tags_all: ec2::from_sdk(table.tags()),
    }
}

/// Whether somebody wrote the route: not the VPC's local one, no propagated one, none of a gateway endpoint.
fn is_ours(route: &sdk::Route) -> bool {
    let made = !matches!(route.origin, Some(RouteOrigin::CreateRouteTable | RouteOrigin::EnableVgwRoutePropagation));
    let gateway = route.gateway_id.as_deref().unwrap_or_default();
    let endpoint = gateway.starts_with("vpce-") && route.destination_prefix_list_id.is_some();
    made && gateway != "local" && !endpoint
}

fn route(route: &sdk::Route) -> Route {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let gateway = text(&route.gateway_id);
    let is_endpoint = gateway.as_ref().is_some_and(|id| id.starts_with("vpce-"));
    Route {
        destination_cidr_block: text(&route.destination_cidr_block),
        destination_ipv6_cidr_block: text(&route.destination_ipv6_cidr_block),
        destination_prefix_list_id: text(&route.destination_prefix_list_id),
        vpc_endpoint_id: gateway.clone().filter(|_| is_endpoint),
        gateway_id: gateway.filter(|_| !is_endpoint),
        nat_gateway_id: text(&route.nat_gateway_id),
        egress_only_internet_gateway_id: text(&route.egress_only_internet_gateway_id),
        transit_gateway_id: text(&route.transit_gateway_id),
        vpc_peering_connection_id: text(&route.vpc_peering_connection_id),
        network_interface_id: text(&route.network_interface_id),
        carrier_gateway_id: text(&route.carrier_gateway_id),
        local_gateway_id: text(&route.local_gateway_id),
        core_network_arn: text(&route.core_network_arn),
    }
}
