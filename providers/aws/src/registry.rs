//! Every type of the provider: one line each.

use crate::client::Session;
use crate::data::{self, AwsData, Source};
use crate::ephemeral::{self, AwsEphemeral, Made};
use crate::resource::{AwsResource, Typed};
use crate::resources::{
    ecr_repository, eip, eks_cluster, eks_node_group, iam_openid_connect_provider, iam_policy, iam_role,
    internet_gateway, nat_gateway, route_table, security_group, security_group_rule, subnet, vpc,
};
use formwork_model::schema::ResourceSchema;
use formwork_provider_api::typed::{DataSource, EphemeralType, ResourceType};

macro_rules! registry {
    (resources { $($resource:path,)* } data { $($data:path,)* } ephemerals { $($ephemeral:path,)* }) => {
        /// Schemas of all resource types.
        pub(crate) const RESOURCE_SCHEMAS: &[ResourceSchema] = &[$(<$resource as AwsResource>::SCHEMA),*];
        /// Schemas of all data sources.
        pub(crate) const DATA_SCHEMAS: &[ResourceSchema] = &[$(<$data as AwsData>::SCHEMA),*];
        /// Schemas of all types of ephemeral values.
        pub(crate) const EPHEMERAL_SCHEMAS: &[ResourceSchema] = &[$(<$ephemeral as AwsEphemeral>::SCHEMA),*];
        static RESOURCES: &[&dyn ResourceType<Session>] = &[$(&Typed($resource)),*];
        static DATA: &[&dyn DataSource<Session>] = &[$(&Source($data)),*];
        static EPHEMERALS: &[&dyn EphemeralType<Session>] = &[$(&Made($ephemeral)),*];
    };
}

registry! {
    resources {
        ecr_repository::Repository,
        eip::Eip,
        eks_cluster::Cluster,
        eks_node_group::NodeGroup,
        iam_openid_connect_provider::OpenIdConnectProvider,
        iam_policy::Policy,
        iam_role::Role,
        internet_gateway::InternetGateway,
        nat_gateway::NatGateway,
        route_table::RouteTable,
        security_group::SecurityGroup,
        security_group_rule::EgressRule,
        security_group_rule::IngressRule,
        subnet::Subnet,
        vpc::Vpc,
    }
    data {
        data::availability_zones::AvailabilityZones,
        data::caller_identity::CallerIdentity,
    }
    ephemerals {
        ephemeral::eks_token::EksToken,
    }
}

/// The resource type called `name`.
pub(crate) fn resource(name: &str) -> Option<&'static dyn ResourceType<Session>> {
    let position = RESOURCE_SCHEMAS.iter().position(|schema| schema.name == name)?;
    RESOURCES.get(position).copied()
}

/// The data source called `name`.
pub(crate) fn data_source(name: &str) -> Option<&'static dyn DataSource<Session>> {
    let position = DATA_SCHEMAS.iter().position(|schema| schema.name == name)?;
    DATA.get(position).copied()
}

/// The type of ephemeral values called `name`.
pub(crate) fn ephemeral_type(name: &str) -> Option<&'static dyn EphemeralType<Session>> {
    let position = EPHEMERAL_SCHEMAS.iter().position(|schema| schema.name == name)?;
    EPHEMERALS.get(position).copied()
}
