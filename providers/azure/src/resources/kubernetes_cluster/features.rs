//! What a cluster can be given besides nodes and networks: add-ons, security, volumes, a mesh, identities of pods.

use crate::schema::{on, refers};
use formwork_model::schema::{Attribute, AttributeType, Equality};

pub(super) const ADDON: &[Attribute] = &[
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

pub(super) const SECURITY: &[Attribute] = &[
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
pub(super) const fn switch(name: &'static str, docs: &'static str) -> Attribute {
    const SWITCH: &[Attribute] = &[on("enabled", "Whether it is on.")];
    Attribute::object(name, SWITCH, docs).optional_computed()
}

/// A feature with a switch that must be said.
pub(super) const fn told_switch(name: &'static str, docs: &'static str) -> Attribute {
    const SWITCH: &[Attribute] = &[Attribute::boolean("enabled", "Whether it is on.").required()];
    Attribute::object(name, SWITCH, docs).optional_computed()
}

pub(super) const STORAGE: &[Attribute] = &[
    switch("blob_csi_driver", "Volumes of blob containers.").vendor("blobCSIDriver"),
    switch("disk_csi_driver", "Volumes of disks.").vendor("diskCSIDriver"),
    switch("file_csi_driver", "Volumes of file shares.").vendor("fileCSIDriver"),
    switch("snapshot_controller", "Snapshots of volumes."),
];

pub(super) const MESH: &[Attribute] = &[
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

pub(super) const POD_IDENTITY: &[Attribute] = &[
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

pub(super) const IDENTITY_IDS: &[Attribute] = &[
    Attribute::reference("resource_id", &["azure.user_assigned_identity"], "The identity.")
        .optional_computed()
        .equality(Equality::CaseInsensitive),
    Attribute::string("client_id", "Its client id.").optional_computed(),
    Attribute::string("object_id", "Its object id.").optional_computed(),
];
