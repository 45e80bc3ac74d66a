//! Every type of the provider: one word each, sorted by the type's name.

use crate::data::{self, Source};
use crate::resource::Resource;
use crate::resources;
use crate::session::Session;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::typed::DataSource;

macro_rules! registry {
    (
        resources { $($($module:ident)::+,)* }
        // Types that ARM serves are data sources, too.
        also_data { $($($served:ident)::+,)* }
        data { $($source:ident,)* }
    ) => {
        /// Schemas of all resource types.
        pub(crate) const RESOURCE_SCHEMAS: &[ResourceSchema] = &[$(resources::$($module)::+::SCHEMA),*];
        static RESOURCES: &[&dyn Resource] = &[$(&resources::$($module)::+::RESOURCE),*];
        /// Schemas of all data sources.
        pub(crate) const DATA_SCHEMAS: &[ResourceSchema] = &data::sorted([
            $(data::$source::SCHEMA,)*
            $(data::schema(&resources::$($served)::+::SCHEMA, {
                const COUNT: usize = resources::$($served)::+::SCHEMA.attributes.len();
                const ATTRIBUTES: [Attribute; COUNT] = data::attributes(resources::$($served)::+::SCHEMA.attributes);
                &ATTRIBUTES
            }),)*
        ]);
        static DATA: &[(&str, &dyn DataSource<Session>)] = &[
            $((data::$source::SCHEMA.name, &Source(&data::$source::SOURCE)),)*
            $((resources::$($served)::+::SCHEMA.name, &Source(&resources::$($served)::+::RESOURCE)),)*
        ];
    };
}

registry! {
    resources {
        bastion_host,
        container_registry,
        container_registry_replication,
        record_set::a,
        record_set::cname,
        record_set::txt,
        dns_zone,
        federated_credential,
        key,
        key_vault,
        kubernetes_cluster,
        load_balancer,
        maintenance_configuration,
        nat_gateway,
        network_interface,
        network_security_group,
        node_pool,
        record_set::private_a,
        private_dns_zone,
        private_dns_zone_group,
        private_dns_zone_link,
        private_endpoint,
        public_ip,
        public_ip_prefix,
        resource,
        resource_group,
        role_assignment,
        role_definition,
        route,
        route_table,
        secret,
        security_rule,
        subnet,
        user_assigned_identity,
        virtual_network,
        virtual_network_peering,
    }
    also_data {
        bastion_host,
        container_registry,
        container_registry_replication,
        record_set::a,
        record_set::cname,
        record_set::txt,
        dns_zone,
        federated_credential,
        key_vault,
        kubernetes_cluster,
        load_balancer,
        maintenance_configuration,
        nat_gateway,
        network_interface,
        network_security_group,
        node_pool,
        record_set::private_a,
        private_dns_zone,
        private_dns_zone_group,
        private_dns_zone_link,
        private_endpoint,
        public_ip,
        public_ip_prefix,
        resource_group,
        role_assignment,
        role_definition,
        route,
        route_table,
        security_rule,
        subnet,
        user_assigned_identity,
        virtual_network,
        virtual_network_peering,
    }
    data {
        client_config,
        locations,
        subscription,
    }
}

/// The resource type called `name`.
pub(crate) fn resource(name: &str) -> Option<&'static dyn Resource> {
    let position = RESOURCE_SCHEMAS.iter().position(|schema| schema.name == name)?;
    RESOURCES.get(position).copied()
}

/// All resource types.
pub(crate) fn resources() -> impl Iterator<Item = &'static dyn Resource> {
    RESOURCES.iter().copied()
}

/// The data source called `name`.
pub(crate) fn data_source(name: &str) -> Option<&'static dyn DataSource<Session>> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}
