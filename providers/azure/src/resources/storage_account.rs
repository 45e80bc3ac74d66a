//! `azure.storage_account`: blobs, files, queues and tables.

use crate::resource::{ArmType, Hooks, Scope, identity};
use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, USER_IDENTITIES, choice, id_text, name, on, refer,
    refers, texts, versions,
};
use crate::session::Session;
use crate::validate::{Findings, is_set, known, text};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_model::{AttributePath, Map, ValueRef};
use formwork_provider_api::{PlanRequest, ProviderError};

const NAME: &[Limit] = &[Limit::Pattern("^[a-z0-9]{3,24}$", "3 to 24 digits and small letters")];

const IDENTITY: &[Attribute] = &[
    choice("type", &["None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"], "Whose identity it is.")
        .required(),
    USER_IDENTITIES,
];

/// Encryption of one of the account's services.
const fn service(name: &'static str, docs: &'static str) -> Attribute {
    const SERVICE: &[Attribute] = &[
        on("enabled", "Whether it is encrypted; it always is."),
        choice("key_type", &["Service", "Account"], "Whether the account's key is used.")
            .optional_computed()
            .create_only(),
    ];
    Attribute::object(name, SERVICE, docs).optional_computed()
}

const ENCRYPTION: &[Attribute] = &[
    choice("key_source", &["Microsoft.Storage", "Microsoft.Keyvault"], "Whose key is used.").optional_computed(),
    on("require_infrastructure_encryption", "Whether everything is encrypted twice.").create_only(),
    Attribute::object(
        "key_vault_properties",
        &[
            Attribute::string("key_name", "Name of the key.").vendor("keyname"),
            Attribute::string("key_version", "Its version; left out, the newest one.").vendor("keyversion"),
            Attribute::string("key_vault_uri", "The vault's address.").vendor("keyvaulturi"),
        ],
        "A key of one's own.",
    )
    .vendor("keyvaultproperties"),
    Attribute::object(
        "identity",
        &[
            refers(
                "user_assigned_identity",
                &["azure.user_assigned_identity"],
                "userAssignedIdentity",
                "The identity that reads the key.",
            ),
            Attribute::string("federated_identity_client_id", "Client id of an application, for a vault elsewhere."),
        ],
        "Who reads the key.",
    ),
    Attribute::object(
        "services",
        &[
            service("blob", "Blobs."),
            service("file", "Files."),
            service("queue", "Queues."),
            service("table", "Tables."),
        ],
        "Encryption by service.",
    )
    .optional_computed(),
];

const NETWORK: &[Attribute] = &[
    choice("default_action", &["Allow", "Deny"], "What is done without a rule.").required(),
    Attribute::new(
        "bypass",
        AttributeType::OpenEnum(&["None", "Logging", "Metrics", "AzureServices"]),
        "Who comes in past the rules; several are separated by a comma and a blank.",
    )
    .optional_computed(),
    texts("ip_rules", "Addresses and ranges that may come in.").vendor("ipRules[].value"),
    refer(
        "virtual_network_rules",
        &AttributeType::Reference(&["azure.subnet"]),
        "virtualNetworkRules[].id",
        "Subnets that may come in; they need the service endpoint `Microsoft.Storage`.",
    ),
    Attribute::new(
        "resource_access_rules",
        AttributeType::List(&AttributeType::Object(&[
            id_text("resource_id", "resourceId", "Id of the resource; `*` for any of a kind.").required(),
            Attribute::string("tenant_id", "Its directory.").required(),
        ])),
        "Resources of Azure that may come in.",
    )
    .keyed_by(&["tenant_id", "resource_id"])
    .equality(Equality::EmptyIsAbsent),
];

const DIRECTORY: &[Attribute] = &[
    choice("directory_service_options", &["None", "AADDS", "AD", "AADKERB"], "Which directory signs in.").required(),
    choice(
        "default_share_permission",
        &[
            "None",
            "StorageFileDataSmbShareReader",
            "StorageFileDataSmbShareContributor",
            "StorageFileDataSmbShareElevatedContributor",
        ],
        "What those may do who have no role.",
    )
    .optional_computed(),
    Attribute::object(
        "active_directory_properties",
        &[
            choice("account_type", &["User", "Computer"], "Kind of the account.").optional_computed(),
            Attribute::string("azure_storage_sid", "Security id of the storage."),
            Attribute::string("domain_guid", "GUID of the domain.").required(),
            Attribute::string("domain_name", "Primary domain.").required(),
            Attribute::string("domain_sid", "Security id of the domain."),
            Attribute::string("forest_name", "The forest."),
            Attribute::string("net_bios_domain_name", "NetBIOS name of the domain."),
            Attribute::string("sam_account_name", "Name of the account."),
        ],
        "The domain, for `AD`.",
    ),
];

const IMMUTABILITY: &[Attribute] = &[
    on("enabled", "Whether versions cannot be changed by default."),
    Attribute::object(
        "immutability_policy",
        &[
            on("allow_protected_append_writes", "Whether blocks can be added to append blobs."),
            Attribute::int("immutability_period_since_creation_in_days", "For how many days."),
            choice("state", &["Unlocked", "Locked", "Disabled"], "Whether the policy itself can be changed."),
        ],
        "For how long.",
    ),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the world: it is a part of the address.", NAME),
    GROUP,
    LOCATION,
    choice(
        "sku",
        &[
            "Standard_LRS",
            "Standard_GRS",
            "Standard_RAGRS",
            "Standard_ZRS",
            "Premium_LRS",
            "Premium_ZRS",
            "Standard_GZRS",
            "Standard_RAGZRS",
        ],
        "How often and where it is stored.",
    )
    .vendor("sku.name")
    .required(),
    choice(
        "kind",
        &["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"],
        "Kind of account. `Storage` and `BlobStorage` become `StorageV2` in place; any other change replaces it.",
    )
    .default_string("StorageV2"),
    choice("access_tier", &["Hot", "Cool", "Premium", "Cold"], "How often blobs are read.").optional_computed(),
    Attribute::boolean("allow_blob_public_access", "Whether containers may be open to everybody.").default_bool(false),
    Attribute::boolean("allow_cross_tenant_replication", "Whether objects may be replicated to other directories.")
        .default_bool(false),
    Attribute::boolean("allow_shared_key_access", "Whether the account's keys open it; else Microsoft Entra ID alone.")
        .default_bool(true),
    choice("allowed_copy_scope", &["PrivateLink", "AAD"], "From where blobs may be copied."),
    Attribute::object("azure_files_identity_based_authentication", DIRECTORY, "Sign-in to file shares."),
    Attribute::object(
        "custom_domain",
        &[
            Attribute::string("name", "The name.").required(),
            Attribute::boolean("use_sub_domain_name", "Whether the name is checked by a subdomain.").write_only(),
        ],
        "A name of one's own for the blobs.",
    ),
    Attribute::boolean("default_to_oauth_authentication", "Whether the portal signs in with Microsoft Entra ID.")
        .vendor("properties.defaultToOAuthAuthentication")
        .default_bool(false),
    choice("dns_endpoint_type", &["Standard", "AzureDnsZone"], "Which zone its addresses are in.")
        .optional_computed()
        .create_only(),
    on("enable_extended_groups", "Whether users may be in many groups (NFS)."),
    Attribute::object("encryption", ENCRYPTION, "Encryption.").optional_computed(),
    Attribute::object("immutable_storage_with_versioning", IMMUTABILITY, "Versions that cannot be changed.")
        .create_only(),
    on("is_hns_enabled", "Whether there are folders (Data Lake).").create_only(),
    on("is_local_user_enabled", "Whether there are users of the account's own (SFTP)."),
    on("is_nfs_v3_enabled", "Whether NFS 3 is spoken.").create_only(),
    on("is_sftp_enabled", "Whether SFTP is spoken."),
    Attribute::object(
        "key_policy",
        &[Attribute::int("key_expiration_period_in_days", "After how many days keys should be changed.").required()],
        "Age of the keys.",
    ),
    choice("large_file_shares_state", &["Disabled", "Enabled"], "Whether file shares may be large; not to be undone.")
        .optional_computed(),
    choice("minimum_tls_version", &["TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"], "The oldest TLS that is spoken.")
        .default_string("TLS1_2"),
    Attribute::object("network_acls", NETWORK, "Who may come in.").optional_computed(),
    choice("public_network_access", &["Enabled", "Disabled", "SecuredByPerimeter"], "Whether it has a public address.")
        .default_string("Enabled"),
    Attribute::object(
        "routing_preference",
        &[
            choice("routing_choice", &["MicrosoftRouting", "InternetRouting"], "How requests travel.")
                .optional_computed(),
            on("publish_internet_endpoints", "Whether there are addresses over the internet."),
            on("publish_microsoft_endpoints", "Whether there are addresses over Microsoft's network."),
        ],
        "How requests travel.",
    ),
    Attribute::object(
        "sas_policy",
        &[
            choice("expiration_action", &["Log", "Block"], "What happens to those that last longer.")
                .default_string("Log"),
            Attribute::string("sas_expiration_period", "How long signatures should last, `DD.HH:MM:SS`.").required(),
        ],
        "Age of shared access signatures.",
    ),
    Attribute::boolean("supports_https_traffic_only", "Whether HTTPS alone is spoken.").default_bool(true),
    Attribute::object("identity", IDENTITY, "Identities of the account."),
    EDGE_ZONE,
    TAGS,
    ID,
    PRINCIPAL_ID,
    endpoint("primary_blob_endpoint", "properties.primaryEndpoints.blob"),
    endpoint("primary_dfs_endpoint", "properties.primaryEndpoints.dfs"),
    endpoint("primary_file_endpoint", "properties.primaryEndpoints.file"),
    endpoint("primary_queue_endpoint", "properties.primaryEndpoints.queue"),
    endpoint("primary_table_endpoint", "properties.primaryEndpoints.table"),
    endpoint("primary_web_endpoint", "properties.primaryEndpoints.web"),
    Attribute::string("primary_location", "Where it is stored.").computed(),
    Attribute::string("secondary_location", "Where the copy is, if there is one.").computed(),
];

/// An address of the account; it ends in `/`.
const fn endpoint(name: &'static str, path: &'static str) -> Attribute {
    Attribute::string(name, "Address, with `/` at its end; none where the kind does not have it.")
        .vendor(path)
        .computed()
}

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("storage_account", "Blobs, files, queues and tables (`Microsoft.Storage/storageAccounts`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .usually_takes_s(25)
        .import_help("the account's id, `…/Microsoft.Storage/storageAccounts/NAME`")
        .capabilities(FULL);

/// The type. An update by PUT would have to say again what the service filled in; PATCH says what differs.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Storage/storageAccounts", versions::STORAGE, Scope::Group)
        .with_patch()
        .with_volatile(&[
            ("principal_id", &["identity"]),
            ("secondary_location", &["sku"]),
            ("access_tier", &["kind"]),
            ("primary_dfs_endpoint", &["kind"]),
            ("primary_web_endpoint", &["kind"]),
            ("primary_file_endpoint", &["kind"]),
            ("primary_queue_endpoint", &["kind"]),
        ])
        .with_hooks(&Account);

struct Account;

impl Hooks for Account {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let encryption = known(config, "encryption");
        let own_key = encryption.is_some_and(|one| text(one, "key_source") == Some("Microsoft.Keyvault"));
        if own_key && encryption.is_some_and(|one| !is_set(one, "key_vault_properties")) {
            findings.error(
                AttributePath::member("encryption"),
                "encryption with a key of one's own needs the key",
                "write `key_vault_properties`, or take `key_source` away",
            );
        }
    }

    fn plan(
        &self,
        _: &Session,
        request: &PlanRequest,
        planned: &mut Map,
        replace: &mut Vec<AttributePath>,
    ) -> Result<(), ProviderError> {
        let before = request.prior.as_ref().and_then(|prior| prior.values.view().get("kind")?.as_str());
        if let (Some(before), Some(after)) = (before, identity::text(planned, "kind"))
            && before != after
            && !(after == "StorageV2" && ["Storage", "BlobStorage"].contains(&before))
        {
            replace.push(AttributePath::member("kind"));
        }
        Ok(())
    }
}
