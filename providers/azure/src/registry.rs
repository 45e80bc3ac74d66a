//! Every type of the provider: one word each, in alphabetical order.

use crate::data::{self, Source};
use crate::ephemeral;
use crate::resource::Resource;
use crate::resources;
use crate::session::Session;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::typed::{DataSource, EphemeralType};

macro_rules! registry {
    (
        served { $($($served:ident)::+,)* }
        resources { $($resource:ident,)* }
        data { $($source:ident,)* }
        ephemerals { $($ephemeral:ident,)* }
    ) => {
        /// Schemas of all resource types.
        pub(crate) const RESOURCE_SCHEMAS: &[ResourceSchema] =
            &data::sorted([$(resources::$($served)::+::SCHEMA,)* $(resources::$resource::SCHEMA,)*]);
        static RESOURCES: &[(&str, &dyn Resource)] = &[
            $((resources::$($served)::+::SCHEMA.name, &resources::$($served)::+::RESOURCE),)*
            $((resources::$resource::SCHEMA.name, &resources::$resource::RESOURCE),)*
        ];
        /// Schemas of all data sources.
        pub(crate) const DATA_SCHEMAS: &[ResourceSchema] = &data::sorted([
            $(data::$source::SCHEMA,)*
            $(data::schema(&resources::$($served)::+::SCHEMA, {
                const COUNT: usize = data::count(resources::$($served)::+::SCHEMA.attributes);
                const ATTRIBUTES: [Attribute; COUNT] = data::attributes(resources::$($served)::+::SCHEMA.attributes);
                &ATTRIBUTES
            }),)*
        ]);
        static DATA: &[(&str, &dyn DataSource<Session>)] = &[
            $((data::$source::SCHEMA.name, &Source(&data::$source::SOURCE)),)*
            $((resources::$($served)::+::SCHEMA.name, &Source(&resources::$($served)::+::RESOURCE)),)*
        ];
        /// Schemas of all types of ephemeral values.
        pub(crate) const EPHEMERAL_SCHEMAS: &[ResourceSchema] = &[$(ephemeral::$ephemeral::SCHEMA,)*];
        static EPHEMERALS: &[(&str, &dyn EphemeralType<Session>)] =
            &[$((ephemeral::$ephemeral::SCHEMA.name, &ephemeral::$ephemeral::TYPE),)*];
    };
}

registry! {
    // What ARM serves: each is a resource type, and a data source for what others made.
    served {
        bastion_host,
        blob_container,
        container_registry,
        container_registry_replication,
        disk,
        dns_zone,
        federated_credential,
        key_vault,
        kubernetes_cluster,
        load_balancer,
        log_analytics_workspace,
        maintenance_configuration,
        nat_gateway,
        network_interface,
        network_security_group,
        node_pool,
        private_dns_zone,
        private_dns_zone_group,
        private_dns_zone_link,
        private_endpoint,
        public_ip,
        public_ip_prefix,
        record_set::a,
        record_set::cname,
        record_set::private_a,
        record_set::txt,
        resource_group,
        role_assignment,
        role_definition,
        route,
        route_table,
        scale_set,
        security_rule,
        ssh_public_key,
        storage_account,
        subnet,
        user_assigned_identity,
        virtual_machine,
        virtual_network,
        virtual_network_peering,
    }
    // What has another data source than that of its attributes.
    resources {
        key,
        resource,
        secret,
    }
    // Data sources with a call of their own.
    data {
        client_config,
        key,
        kubernetes_credentials,
        kubernetes_versions,
        locations,
        resource,
        secret,
        storage_account_keys,
        subscription,
    }
    ephemerals {
        access_token,
    }
}

/// The resource type called `name`.
pub(crate) fn resource(name: &str) -> Option<&'static dyn Resource> {
    RESOURCES.iter().find(|(known, _)| *known == name).map(|(_, resource)| *resource)
}

/// All resource types.
pub(crate) fn resources() -> impl Iterator<Item = &'static dyn Resource> {
    RESOURCES.iter().map(|(_, resource)| *resource)
}

/// The data source called `name`.
pub(crate) fn data_source(name: &str) -> Option<&'static dyn DataSource<Session>> {
    DATA.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// The type of ephemeral values called `name`.
pub(crate) fn ephemeral_type(name: &str) -> Option<&'static dyn EphemeralType<Session>> {
    EPHEMERALS.iter().find(|(known, _)| *known == name).map(|(_, ephemeral)| *ephemeral)
}
