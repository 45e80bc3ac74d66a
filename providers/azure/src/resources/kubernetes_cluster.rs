//! `azure.kubernetes_cluster`: AKS. What it does besides its declaration stands in `kubernetes_cluster/hooks.rs`.

mod features;
mod hooks;
mod network;
mod upkeep;

pub(crate) use hooks::{Whose, credentials};

use crate::resource::{ArmType, Scope};
use crate::resources::kubernetes_node::{self, pool_fields};
use crate::resources::node_pool::POOL_NAME;
use crate::schema::{FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, USER_IDENTITIES, name, on, versions};
use features::{ADDON, IDENTITY_IDS, MESH, POD_IDENTITY, SECURITY, STORAGE, switch, told_switch};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};
use upkeep::{AUTO_SCALER, AUTO_UPGRADE};

const POOL: &[Attribute] = pool_fields![
    "";
    Attribute::string("name", "Unique in the cluster.").required().limits(POOL_NAME),
    ;
    Attribute::string_map("tags", "Tags of the pool's machines.").equality(Equality::EmptyIsAbsent),
];

const IDENTITY: &[Attribute] = &[
    Attribute::new("type", AttributeType::Enum(&["SystemAssigned", "UserAssigned", "None"]), "Whose identity it is.")
        .default_string("SystemAssigned"),
    USER_IDENTITIES,
];

const DIRECTORY: &[Attribute] = &[
    on("managed", "Whether Microsoft Entra ID is set up by AKS."),
    on("enable_azure_rbac", "Whether role assignments of Azure say who may do what.").vendor("enableAzureRBAC"),
    Attribute::strings("admin_group_object_ids", "Object ids of the groups that are cluster administrators.")
        .vendor("adminGroupObjectIDs")
        .optional_computed()
        .equality(Equality::EmptyIsAbsent),
    Attribute::string("tenant_id", "The directory; else the subscription's.").vendor("tenantID").optional_computed(),
    Attribute::string("client_app_id", "Client application of the old integration.").vendor("clientAppID"),
    Attribute::string("server_app_id", "Server application of the old integration.").vendor("serverAppID"),
    Attribute::string("server_app_secret", "Its password.").vendor("serverAppSecret").write_only().secret(),
];

const API_SERVER: &[Attribute] = &[
    Attribute::new(
        "authorized_ip_ranges",
        AttributeType::Set(&AttributeType::Cidr),
        "Ranges from which the API may be reached; empty for any.",
    )
    .vendor("authorizedIPRanges")
    .equality(Equality::EmptyIsAbsent),
    on("enable_private_cluster", "Whether the API has a private address alone.").create_only(),
    on("enable_private_cluster_public_fqdn", "Whether the private address has a public name.")
        .vendor("enablePrivateClusterPublicFQDN"),
    Attribute::string("private_dns_zone", "Id of the private zone; `system` for one that AKS makes, `none` for none.")
        .vendor("privateDNSZone")
        .optional_computed()
        .create_only()
        .equality(Equality::CaseInsensitive),
    on("disable_run_command", "Whether commands cannot be run through Azure."),
];

const WINDOWS: &[Attribute] = &[
    Attribute::string("admin_username", "Administrator of the nodes.").required().create_only(),
    Attribute::string("admin_password", "The password.").write_only().secret(),
    on("enable_csi_proxy", "Whether the CSI proxy runs.").vendor("enableCSIProxy"),
    Attribute::new("license_type", AttributeType::Enum(&["None", "Windows_Server"]), "Licence.").optional_computed(),
    Attribute::object(
        "gmsa_profile",
        &[
            on("enabled", "Whether it is on."),
            Attribute::string("dns_server", "DNS server of the domain."),
            Attribute::string("root_domain_name", "Root of the domain."),
        ],
        "Group managed service accounts.",
    ),
];

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the group.",
        &[Limit::Pattern(
            "^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$",
            "1 to 63 letters, digits, `-` and `_`, a letter or digit first and last",
        )],
    ),
    GROUP,
    LOCATION,
    Attribute::object(
        "sku",
        &[
            Attribute::new("name", AttributeType::Enum(&["Base"]), "Always `Base`.").optional_computed(),
            Attribute::new("tier", AttributeType::Enum(&["Free", "Standard", "Premium"]), "Service level of the control plane.")
                .optional_computed(),
        ],
        "Service level.",
    )
    .optional_computed(),
    Attribute::string("kubernetes_version", "Version of the control plane, such as `1.33`; else AKS' default.")
        .optional_computed(),
    Attribute::string("dns_prefix", "First part of the API's name; else the cluster's name.").optional_computed().create_only(),
    Attribute::string("fqdn_subdomain", "First part of the API's name in a private zone of one's own.").create_only(),
    Attribute::object("identity", IDENTITY, "Identity of the control plane.")
        .default(formwork_model::schema::Default::Json(r#"{"type":"SystemAssigned"}"#)),
    Attribute::new(
        "agent_pool_profiles",
        AttributeType::List(&AttributeType::Object(POOL)),
        "Pools that are made with the cluster; at least one of mode `System`. Further ones are `azure.node_pool`.",
    )
    .required()
    .keyed_by(&["name"])
    .limits(&[Limit::Length(1, 100)]),
    Attribute::object("network_profile", network::FIELDS, "Networks of nodes, pods and services.").optional_computed(),
    Attribute::object("api_server_access_profile", API_SERVER, "Who reaches the API.").optional_computed(),
    Attribute::object("aad_profile", DIRECTORY, "Sign-in with Microsoft Entra ID."),
    Attribute::boolean("disable_local_accounts", "Whether only Microsoft Entra ID signs in.").optional_computed(),
    Attribute::boolean("enable_rbac", "Whether Kubernetes checks roles.").vendor("properties.enableRBAC").default_bool(true).create_only(),
    Attribute::object("oidc_issuer_profile", &[on("enabled", "Whether the cluster issues tokens that others trust. It cannot be turned off again.")], "The OIDC issuer.")
        .optional_computed(),
    Attribute::object("security_profile", SECURITY, "Workload identity, encryption, Defender.").optional_computed(),
    Attribute::new("addon_profiles", AttributeType::Map(&AttributeType::Object(ADDON)), "Add-ons by name: `azureKeyvaultSecretsProvider`, `omsagent`, `azurepolicy`, `httpApplicationRouting`, `ingressApplicationGateway`, … Those that are not named are left as they are.")
        .optional_computed(),
    Attribute::object("auto_upgrade_profile", AUTO_UPGRADE, "Upgrades that AKS makes by itself, within `azure.maintenance_configuration`.")
        .optional_computed(),
    Attribute::object("auto_scaler_profile", AUTO_SCALER, "How the autoscaler of all pools behaves.").optional_computed(),
    Attribute::object(
        "upgrade_settings",
        &[Attribute::object(
            "override_settings",
            &[
                Attribute::boolean("force_upgrade", "Whether checks are passed over."),
                Attribute::string("until", "Until when (RFC 3339)."),
            ],
            "Passing over of checks.",
        )],
        "How the cluster is upgraded.",
    ),
    Attribute::object("azure_monitor_profile", &[Attribute::object(
        "metrics",
        &[
            Attribute::boolean("enabled", "Whether metrics are gathered.").required(),
            Attribute::object(
                "kube_state_metrics",
                &[
                    Attribute::string("metric_annotations_allow_list", "Annotations that are gathered, `namespaces=[kubernetes.io/team]`."),
                    Attribute::string("metric_labels_allowlist", "Labels that are gathered."),
                ],
                "Which labels and annotations are gathered.",
            ),
        ],
        "Managed Prometheus.",
    )], "Azure Monitor.").optional_computed(),
    Attribute::object("ingress_profile", &[Attribute::object(
        "web_app_routing",
        &[
            on("enabled", "Whether the ingress controller of AKS runs."),
            Attribute::new("dns_zone_resource_ids", AttributeType::List(&AttributeType::Reference(&["azure.dns_zone", "azure.private_dns_zone"])), "Zones in which it writes.")
                .equality(Equality::EmptyIsAbsent),
        ],
        "Application routing.",
    )], "Ingress of AKS' own.").optional_computed(),
    Attribute::object("service_mesh_profile", MESH, "AKS' own Istio.").optional_computed(),
    Attribute::object("storage_profile", STORAGE, "Drivers of volumes.").optional_computed(),
    Attribute::object(
        "workload_auto_scaler_profile",
        &[told_switch("keda", "KEDA."), told_switch("vertical_pod_autoscaler", "Vertical pod autoscaler.")],
        "Autoscalers of workloads.",
    )
    .optional_computed(),
    Attribute::object("metrics_profile", &[switch("cost_analysis", "Cost by namespace; needs a paid tier.")], "What is measured.")
        .optional_computed(),
    Attribute::object(
        "http_proxy_config",
        &[
            Attribute::string("http_proxy", "Proxy for HTTP.").create_only(),
            Attribute::string("https_proxy", "Proxy for HTTPS.").create_only(),
            Attribute::strings("no_proxy", "What goes without it.").optional_computed().equality(Equality::Unordered),
            Attribute::string("trusted_ca", "Certificate of the proxy, in base64."),
        ],
        "Proxy of the nodes.",
    ),
    Attribute::object(
        "linux_profile",
        &[
            Attribute::string("admin_username", "Administrator of the nodes.").required().create_only(),
            Attribute::object(
                "ssh",
                &[Attribute::new(
                    "public_keys",
                    AttributeType::List(&AttributeType::Object(&[Attribute::string("key_data", "Public key, as OpenSSH writes it.").required()])),
                    "Keys.",
                )
                .required()],
                "Keys that sign in.",
            )
            .required(),
        ],
        "Sign-in on Linux nodes.",
    )
    .create_only(),
    Attribute::object("windows_profile", WINDOWS, "Sign-in on Windows nodes.").optional_computed(),
    Attribute::object("pod_identity_profile", POD_IDENTITY, "The old pod identities; workload identity takes their place.").optional_computed(),
    Attribute::object(
        "service_principal_profile",
        &[
            Attribute::string("client_id", "Client id; `msi` for a managed identity.").required(),
            Attribute::string("secret", "Its password.").write_only().secret(),
        ],
        "A service principal, where there is no managed identity.",
    )
    .optional_computed(),
    Attribute::new("identity_profile", AttributeType::Map(&AttributeType::Object(IDENTITY_IDS)), "Identities of the nodes: `kubeletidentity`.")
        .optional_computed(),
    Attribute::new(
        "private_link_resources",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::string("name", "Name.").optional_computed(),
            Attribute::string("id", "Id.").optional_computed().equality(Equality::CaseInsensitive),
            Attribute::string("group_id", "Group, such as `management`.").optional_computed(),
            Attribute::string("type", "Type.").optional_computed(),
            Attribute::strings("required_members", "Members of the group.").optional_computed(),
        ])),
        "What private endpoints can connect to.",
    )
    .optional_computed()
    .create_only(),
    Attribute::string("disk_encryption_set", "Id of a disk encryption set.")
        .vendor("properties.diskEncryptionSetID")
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::string("node_resource_group", "Name of the group that AKS puts machines into; else `MC_group_name_location`.")
        .optional_computed()
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::object(
        "node_resource_group_profile",
        &[Attribute::new("restriction_level", AttributeType::Enum(&["Unrestricted", "ReadOnly"]), "Who may change it.").optional_computed()],
        "That group.",
    )
    .optional_computed(),
    Attribute::new("public_network_access", AttributeType::Enum(&["Enabled", "Disabled"]), "Whether the API has a public address.")
        .optional_computed(),
    Attribute::new("support_plan", AttributeType::Enum(&["KubernetesOfficial", "AKSLongTermSupport"]), "How long a version is supported.")
        .optional_computed(),
    Attribute::string("edge_zone", "Edge zone that it lies in.").vendor("extendedLocation.name").create_only(),
    TAGS,
    ID,
    Attribute::string("fqdn", "Public name of the API.").computed(),
    Attribute::string("private_fqdn", "Private name of the API.").vendor("properties.privateFQDN").computed(),
    Attribute::string("current_kubernetes_version", "Version that the control plane runs.").computed(),
    Attribute::string("oidc_issuer_url", "Issuer of tokens, for `azure.federated_credential`.")
        .vendor("properties.oidcIssuerProfile.issuerURL")
        .computed(),
    PRINCIPAL_ID,
    Attribute::string("kubelet_object_id", "Object id of the nodes' identity: it pulls images.")
        .vendor("properties.identityProfile.kubeletidentity.objectId")
        .computed(),
    Attribute::string("kubelet_client_id", "Client id of the nodes' identity.")
        .vendor("properties.identityProfile.kubeletidentity.clientId")
        .computed(),
    Attribute::string("secrets_provider_client_id", "Client id of the identity of the add-on `azureKeyvaultSecretsProvider`.")
        .vendor("properties.addonProfiles.azureKeyvaultSecretsProvider.identity.clientId")
        .computed(),
    Attribute::string("secrets_provider_object_id", "Object id of that identity.")
        .vendor("properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId")
        .computed(),
    Attribute::string("resource_uid", "Id of the cluster that no other one has.").vendor("properties.resourceUID").computed(),
    Attribute::string("kubeconfig", "Kubeconfig of an administrator; that of a user where local accounts are off.")
        .vendor(crate::resource::path::LOCAL)
        .computed()
        .secret(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "kubernetes_cluster",
    "A managed Kubernetes cluster, AKS (`Microsoft.ContainerService/managedClusters`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.timeouts(3600, 5400, 3600)
.usually_takes_s(300)
.usually_changes_in_s(120, 180)
.import_help("the cluster's id, `…/Microsoft.ContainerService/managedClusters/NAME`")
.rules(&[Rule::AtMostOneOf(&["dns_prefix", "fqdn_subdomain"])])
.capabilities(FULL);

/// The add-on's identity comes with it and goes with it; its other settings leave the identity alone.
const SECRETS_PROVIDER_ENABLED: &str = "addon_profiles.azureKeyvaultSecretsProvider.enabled";

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.ContainerService/managedClusters", versions::CONTAINER_SERVICE, Scope::Group)
        .serialised()
        .with_named_children(&["agent_pool_profiles"])
        .with_volatile(&[
            ("current_kubernetes_version", &["kubernetes_version"]),
            ("oidc_issuer_url", &["oidc_issuer_profile"]),
            ("principal_id", &["identity"]),
            ("secrets_provider_client_id", &[SECRETS_PROVIDER_ENABLED]),
            ("secrets_provider_object_id", &[SECRETS_PROVIDER_ENABLED]),
            ("fqdn", &["public_network_access", "api_server_access_profile"]),
            ("private_fqdn", &["public_network_access", "api_server_access_profile"]),
            ("kubeconfig", &["disable_local_accounts", "aad_profile"]),
        ])
        .with_hooks(&hooks::Cluster);
