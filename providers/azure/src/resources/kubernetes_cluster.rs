//! `azure.kubernetes_cluster`: AKS. What it does besides its declaration stands in `kubernetes_cluster/hooks.rs`.

mod hooks;
mod network;

pub(crate) use hooks::{Whose, credentials};

use crate::resource::{ArmType, Scope};
use crate::resources::kubernetes_node::{self, pool_fields};
use crate::resources::node_pool::POOL_NAME;
use crate::schema::{FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, USER_IDENTITIES, name, on, refers, versions};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema, Rule};

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

const ADDON: &[Attribute] = &[
    Attribute::boolean("enabled", "Whether it runs.").required(),
    Attribute::string_map(
        "config",
        "Its settings; those of `azureKeyvaultSecretsProvider` are `enableSecretRotation` and `rotationPollInterval`.",
    )
    .optional_computed(),
    refers(
        "log_analytics_workspace",
        &["azure.log_analytics_workspace"],
        "config.logAnalyticsWorkspaceResourceID",
        "The workspace that logs go to, for `omsagent`.",
    ),
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

const AUTO_UPGRADE: &[Attribute] = &[
    Attribute::new(
        "upgrade_channel",
        AttributeType::Enum(&["rapid", "stable", "patch", "node-image", "none"]),
        "Which new Kubernetes versions are taken.",
    )
    .optional_computed(),
    Attribute::new(
        "node_os_upgrade_channel",
        AttributeType::Enum(&["None", "Unmanaged", "NodeImage", "SecurityPatch"]),
        "Which new images of the nodes are taken.",
    )
    .vendor("nodeOSUpgradeChannel")
    .optional_computed(),
];

/// A setting of the cluster autoscaler: all are texts.
const fn scaler(name: &'static str, vendor: &'static str, docs: &'static str) -> Attribute {
    Attribute::string(name, docs).vendor(vendor).optional_computed()
}

const AUTO_SCALER: &[Attribute] = &[
    scaler(
        "balance_similar_node_groups",
        "balance-similar-node-groups",
        "Whether like pools are kept alike (`\"true\"`).",
    ),
    on("daemonset_eviction_for_empty_nodes", "Whether daemons of empty nodes are evicted.")
        .vendor("daemonset-eviction-for-empty-nodes"),
    on("daemonset_eviction_for_occupied_nodes", "Whether daemons of other nodes are evicted.")
        .vendor("daemonset-eviction-for-occupied-nodes"),
    Attribute::new(
        "expander",
        AttributeType::Enum(&["least-waste", "most-pods", "priority", "random"]),
        "Which pool grows.",
    )
    .optional_computed(),
    on("ignore_daemonsets_utilization", "Whether daemons count as use.").vendor("ignore-daemonsets-utilization"),
    scaler("max_empty_bulk_delete", "max-empty-bulk-delete", "Empty nodes removed at once."),
    scaler(
        "max_graceful_termination_sec",
        "max-graceful-termination-sec",
        "How long a pod may take to end, in seconds.",
    ),
    scaler("max_node_provision_time", "max-node-provision-time", "How long a node may take to appear, such as `15m`."),
    scaler(
        "max_total_unready_percentage",
        "max-total-unready-percentage",
        "Share of unready nodes that stops scaling.",
    ),
    scaler("new_pod_scale_up_delay", "new-pod-scale-up-delay", "Age of a pod before nodes are added, such as `10s`."),
    scaler("ok_total_unready_count", "ok-total-unready-count", "Unready nodes that are allowed."),
    scaler("scale_down_delay_after_add", "scale-down-delay-after-add", "Pause after nodes were added."),
    scaler("scale_down_delay_after_delete", "scale-down-delay-after-delete", "Pause after nodes were removed."),
    scaler("scale_down_delay_after_failure", "scale-down-delay-after-failure", "Pause after a removal failed."),
    scaler("scale_down_unneeded_time", "scale-down-unneeded-time", "How long a node must be of no use."),
    scaler("scale_down_unready_time", "scale-down-unready-time", "How long an unready node must be of no use."),
    scaler("scale_down_utilization_threshold", "scale-down-utilization-threshold", "Use below which a node may go."),
    scaler("scan_interval", "scan-interval", "How often it looks, such as `10s`."),
    scaler("skip_nodes_with_local_storage", "skip-nodes-with-local-storage", "Whether such nodes stay."),
    scaler("skip_nodes_with_system_pods", "skip-nodes-with-system-pods", "Whether such nodes stay."),
];

const SECURITY: &[Attribute] = &[
    Attribute::object(
        "azure_key_vault_kms",
        &[
            on("enabled", "Whether secrets in etcd are encrypted with a key of Key Vault."),
            Attribute::string("key_id", "Id of the key, with its version.").optional_computed(),
            Attribute::new(
                "key_vault_network_access",
                AttributeType::Enum(&["Public", "Private"]),
                "How the vault is reached.",
            )
            .optional_computed(),
            Attribute::reference("key_vault", &["azure.key_vault"], "The vault, where it is private.")
                .vendor("keyVaultResourceId")
                .equality(Equality::CaseInsensitive),
        ],
        "Encryption of etcd.",
    )
    .optional_computed(),
    Attribute::object(
        "defender",
        &[
            refers(
                "log_analytics_workspace",
                &["azure.log_analytics_workspace"],
                "logAnalyticsWorkspaceResourceId",
                "The workspace that findings go to.",
            ),
            Attribute::object("security_monitoring", &[on("enabled", "Whether it runs.")], "Watching of the nodes.")
                .optional_computed(),
        ],
        "Microsoft Defender.",
    )
    .optional_computed(),
    Attribute::object(
        "image_cleaner",
        &[
            on("enabled", "Whether unused images are removed."),
            Attribute::int("interval_hours", "How often, in hours.").optional_computed(),
        ],
        "Removal of unused images.",
    )
    .optional_computed(),
    Attribute::object(
        "workload_identity",
        &[on("enabled", "Whether pods can sign in with federated credentials; needs the OIDC issuer.")],
        "Identities of pods.",
    )
    .optional_computed(),
];

/// A feature with a switch and nothing else.
const fn switch(name: &'static str, docs: &'static str) -> Attribute {
    const SWITCH: &[Attribute] = &[on("enabled", "Whether it is on.")];
    Attribute::object(name, SWITCH, docs).optional_computed()
}

/// A feature with a switch that must be said.
const fn told_switch(name: &'static str, docs: &'static str) -> Attribute {
    const SWITCH: &[Attribute] = &[Attribute::boolean("enabled", "Whether it is on.").required()];
    Attribute::object(name, SWITCH, docs).optional_computed()
}

const STORAGE: &[Attribute] = &[
    switch("blob_csi_driver", "Volumes of blob containers.").vendor("blobCSIDriver"),
    switch("disk_csi_driver", "Volumes of disks.").vendor("diskCSIDriver"),
    switch("file_csi_driver", "Volumes of file shares.").vendor("fileCSIDriver"),
    switch("snapshot_controller", "Snapshots of volumes."),
];

const MESH: &[Attribute] = &[
    Attribute::new("mode", AttributeType::Enum(&["Istio", "Disabled"]), "Whether there is one.").required(),
    Attribute::object(
        "istio",
        &[
            Attribute::object(
                "certificate_authority",
                &[Attribute::object(
                    "plugin",
                    &[
                        Attribute::string("cert_chain_object_name", "Chain of certificates, in the vault."),
                        Attribute::string("cert_object_name", "Intermediate certificate, in the vault."),
                        Attribute::string("key_object_name", "Its key, in the vault."),
                        Attribute::reference("key_vault", &["azure.key_vault"], "The vault.")
                            .vendor("keyVaultId")
                            .equality(Equality::CaseInsensitive),
                        Attribute::string("root_cert_object_name", "Root certificate, in the vault."),
                    ],
                    "A certificate authority of one's own.",
                )],
                "Who signs the certificates of the mesh.",
            ),
            Attribute::object(
                "components",
                &[
                    Attribute::new(
                        "egress_gateways",
                        AttributeType::List(&AttributeType::Object(&[Attribute::boolean(
                            "enabled",
                            "Whether it is on.",
                        )
                        .required()])),
                        "Gateways for what goes out.",
                    )
                    .equality(Equality::EmptyIsAbsent),
                    Attribute::new(
                        "ingress_gateways",
                        AttributeType::List(&AttributeType::Object(&[
                            Attribute::new("mode", AttributeType::Enum(&["External", "Internal"]), "Who reaches it.")
                                .required(),
                            Attribute::boolean("enabled", "Whether it is on.").required(),
                        ])),
                        "Gateways for what comes in.",
                    )
                    .keyed_by(&["mode"])
                    .equality(Equality::EmptyIsAbsent),
                ],
                "Parts of the mesh.",
            ),
            Attribute::strings("revisions", "Revisions of the control plane, such as `asm-1-22`.").optional_computed(),
        ],
        "Istio's settings.",
    )
    .optional_computed(),
];

const POD_IDENTITY: &[Attribute] = &[
    on("enabled", "Whether it is on."),
    on("allow_network_plugin_kubenet", "Whether it may run on kubenet, which is not secure."),
    Attribute::new(
        "user_assigned_identities",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::string("name", "Name of the binding.").required(),
            Attribute::string("namespace", "Namespace of the pods.").required(),
            Attribute::string("binding_selector", "Label of the pods."),
            Attribute::object("identity", IDENTITY_IDS, "The identity.").required(),
        ])),
        "Identities of pods.",
    )
    .keyed_by(&["namespace", "name"])
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "user_assigned_identity_exceptions",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::string("name", "Name of the exception.").required(),
            Attribute::string("namespace", "Namespace of the pods.").required(),
            Attribute::string_map("pod_labels", "Labels of the pods.").required(),
        ])),
        "Pods that reach the metadata service all the same.",
    )
    .keyed_by(&["namespace", "name"])
    .equality(Equality::EmptyIsAbsent),
];

const IDENTITY_IDS: &[Attribute] = &[
    Attribute::reference("resource_id", &["azure.user_assigned_identity"], "The identity.")
        .optional_computed()
        .equality(Equality::CaseInsensitive),
    Attribute::string("client_id", "Its client id.").optional_computed(),
    Attribute::string("object_id", "Its object id.").optional_computed(),
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
.import_help("the cluster's id, `…/Microsoft.ContainerService/managedClusters/NAME`")
.rules(&[Rule::AtMostOneOf(&["dns_prefix", "fqdn_subdomain"])])
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.ContainerService/managedClusters", versions::CONTAINER_SERVICE, Scope::Group)
        .serialised()
        .with_volatile(&[
            ("current_kubernetes_version", &["kubernetes_version"]),
            ("oidc_issuer_url", &["oidc_issuer_profile"]),
            ("principal_id", &["identity"]),
            ("secrets_provider_client_id", &["addon_profiles"]),
            ("secrets_provider_object_id", &["addon_profiles"]),
            ("fqdn", &["public_network_access", "api_server_access_profile"]),
            ("private_fqdn", &["public_network_access", "api_server_access_profile"]),
            ("kubeconfig", &["disable_local_accounts", "aad_profile"]),
        ])
        .with_hooks(&hooks::Cluster);
