//! What `azure.virtual_machine` and `azure.scale_set` share: images, disks, sign-in, security; interfaces stand in
//! `machine/interface.rs`.

mod interface;

pub(super) use interface::{
    PUBLIC_ADDRESS_OF_MANY, PUBLIC_ADDRESS_OF_ONE, interface_configuration, ip_configuration, pools,
};

use crate::schema::{USER_IDENTITIES, choice, id_text, on, refers};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit};

/// Names of Linux machines and of sets of them.
pub(super) const NAME: &[Limit] = &[Limit::Pattern(
    r"^[^_\W][\w.-]{0,62}[\w-]$|^[^_\W]$",
    "1 to 64 letters, digits, `_`, `.` and `-`; it does not begin with `_` and does not end with `.`",
)];

/// The block `identity`.
pub(super) const IDENTITY: &[Attribute] = &[
    choice(
        "type",
        &["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"],
        "Whose identity it is.",
    )
    .default_string("SystemAssigned"),
    USER_IDENTITIES,
];

/// The image that a disk is made from.
pub(super) const IMAGE: &[Attribute] = &[
    Attribute::string("publisher", "Publisher, such as `Canonical`.").equality(Equality::CaseInsensitive),
    Attribute::string("offer", "Offer, such as `ubuntu-24_04-lts`.").equality(Equality::CaseInsensitive),
    Attribute::string("sku", "SKU, such as `server`.").equality(Equality::CaseInsensitive),
    Attribute::string("version", "Version; `latest` is the newest when the machine is made."),
    id_text("id", "id", "Id of an image or of a version in a gallery of one's own."),
    Attribute::string("shared_gallery_image_id", "Id in a gallery that somebody shares."),
    Attribute::string("community_gallery_image_id", "Id in a gallery for everybody."),
];

/// The plan under which an image of the marketplace is bought.
pub(super) const PLAN: &[Attribute] = &[
    Attribute::string("name", "Name of the plan."),
    Attribute::string("product", "Product; the image's offer."),
    Attribute::string("publisher", "Publisher."),
    Attribute::string("promotion_code", "Code of a promotion."),
];

/// The managed disk behind a disk of a machine.
pub(super) const MANAGED_DISK: &[Attribute] = &[
    refers("id", &["azure.disk"], "id", "The disk, where it is there already.").optional_computed(),
    STORAGE_TYPE,
    DISK_ENCRYPTION_SET,
    DISK_SECURITY,
];

/// As [`MANAGED_DISK`], for machines that are many.
pub(super) const MANAGED_DISKS: &[Attribute] = &[STORAGE_TYPE, DISK_ENCRYPTION_SET, DISK_SECURITY];

const STORAGE_TYPE: Attribute = choice("storage_account_type", STORAGE_TYPES, "How it is stored.").optional_computed();

/// How disks are stored.
pub(super) const STORAGE_TYPES: &[&str] = &[
    "Standard_LRS",
    "Premium_LRS",
    "StandardSSD_LRS",
    "UltraSSD_LRS",
    "Premium_ZRS",
    "StandardSSD_ZRS",
    "PremiumV2_LRS",
];

const DISK_ENCRYPTION_SET: Attribute =
    id_text("disk_encryption_set", "diskEncryptionSet.id", "Id of the set with the key.");

const DISK_SECURITY: Attribute = Attribute::object(
    "security_profile",
    &[
        choice(
            "security_encryption_type",
            &["VMGuestStateOnly", "DiskWithVMGuestState", "NonPersistedTPM"],
            "What is encrypted.",
        ),
        DISK_ENCRYPTION_SET,
    ],
    "Encryption of a confidential machine.",
);

/// How a disk of a machine comes about.
pub(super) const CREATE_OPTIONS: &[&str] = &["FromImage", "Empty", "Attach", "Copy", "Restore"];

/// How a disk of a machine is cached.
pub(super) const fn caching() -> Attribute {
    choice("caching", &["None", "ReadOnly", "ReadWrite"], "What the host caches.").optional_computed()
}

/// What becomes of a part when its machine is deleted.
pub(super) const fn delete_option(docs: &'static str) -> Attribute {
    choice("delete_option", &["Delete", "Detach"], docs).optional_computed()
}

/// Size of a disk of a machine.
pub(super) const DISK_SIZE: Attribute =
    Attribute::int("disk_size_gb", "Size in GiB; it can grow.").vendor("diskSizeGB").optional_computed();

/// The fast path for writes of M-series machines.
pub(super) const WRITE_ACCELERATOR: Attribute =
    on("write_accelerator_enabled", "Whether writes are accelerated (M-series).");

/// A system disk that is not kept.
pub(super) const DIFF_DISK: Attribute = Attribute::object(
    "diff_disk_settings",
    &[
        choice("option", &["Local"], "Always `Local`.").default_string("Local"),
        choice("placement", &["CacheDisk", "ResourceDisk", "NvmeDisk"], "Where it lies.").optional_computed(),
    ],
    "A system disk on the host that is lost when the machine stops.",
);

const PATCHES: &[Attribute] = &[
    choice("patch_mode", &["ImageDefault", "AutomaticByPlatform"], "Who installs patches.").optional_computed(),
    choice("assessment_mode", &["ImageDefault", "AutomaticByPlatform"], "Who looks for patches.").optional_computed(),
    Attribute::object(
        "automatic_by_platform_settings",
        &[
            on(
                "bypass_platform_safety_checks_on_user_schedule",
                "Whether checks are passed over in one's own schedule.",
            ),
            choice("reboot_setting", &["Unknown", "IfRequired", "Never", "Always"], "Whether patches reboot.")
                .optional_computed(),
        ],
        "Settings of Azure's patches.",
    ),
];

const SSH_KEY: &[Attribute] = &[
    Attribute::string("path", "File that it is written to: `/home/USER/.ssh/authorized_keys`.").required(),
    Attribute::string(
        "key_data",
        "Public key, as OpenSSH writes it; that of an `azure.ssh_public_key` is `public_key`.",
    )
    .required(),
];

/// Settings of a Linux system.
pub(super) const LINUX: &[Attribute] = &[
    on("disable_password_authentication", "Whether keys alone sign in.").create_only(),
    on("enable_vm_agent_platform_updates", "Whether Azure updates its agent.").vendor("enableVMAgentPlatformUpdates"),
    on("provision_vm_agent", "Whether Azure's agent is installed.").vendor("provisionVMAgent").create_only(),
    Attribute::object("patch_settings", PATCHES, "Patches.").optional_computed(),
    Attribute::new("ssh_public_keys", AttributeType::List(&AttributeType::Object(SSH_KEY)), "Keys that sign in.")
        .vendor("ssh.publicKeys")
        .keyed_by(&["path"])
        .create_only()
        .equality(Equality::EmptyIsAbsent),
];

const VAULT_CERTIFICATES: &[Attribute] = &[
    Attribute::string("certificate_url", "Address of the certificate's secret in the vault.").required(),
    Attribute::string("certificate_store", "Store on Windows; not for Linux."),
];

/// Sign-in and first steps; `$name` is the attribute by which machines are called.
macro_rules! os_profile {
    ($name:expr) => {
        &[
            $name,
            Attribute::string("admin_username", "The administrator.").create_only(),
            Attribute::string("admin_password", "The password, where one may be used.")
                .write_only()
                .secret()
                .create_only(),
            Attribute::string("custom_data", "What cloud-init does first, in base64; `std.base64(…)` makes it.")
                .write_only()
                .secret()
                .create_only(),
            on("allow_extension_operations", "Whether extensions may be installed."),
            on("require_guest_provision_signal", "Whether the machine must tell that it has come up.").create_only(),
            Attribute::object("linux_configuration", $crate::resources::machine::LINUX, "Settings of Linux.")
                .optional_computed(),
            $crate::resources::machine::SECRETS,
        ]
    };
}
pub(super) use os_profile;

/// Certificates that are put into machines.
pub(super) const SECRETS: Attribute = Attribute::new(
    "secrets",
    AttributeType::List(&AttributeType::Object(&[
        refers("source_vault", &["azure.key_vault"], "sourceVault.id", "The vault.").required(),
        Attribute::new(
            "vault_certificates",
            AttributeType::List(&AttributeType::Object(VAULT_CERTIFICATES)),
            "The certificates.",
        )
        .keyed_by(&["certificate_url"])
        .required(),
    ])),
    "Certificates that are put into the machine.",
)
.keyed_by(&["source_vault"])
.equality(Equality::EmptyIsAbsent);

/// Security of machines.
pub(super) const SECURITY: &[Attribute] = &[
    on("encryption_at_host", "Whether the host encrypts its disks and caches."),
    choice("security_type", &["TrustedLaunch", "ConfidentialVM"], "Kind of protection.").optional_computed(),
    Attribute::object(
        "uefi_settings",
        &[
            on("secure_boot_enabled", "Whether only signed systems start."),
            on("v_tpm_enabled", "Whether there is a virtual TPM.").vendor("vTpmEnabled"),
        ],
        "The firmware.",
    )
    .optional_computed(),
    refers(
        "encryption_identity",
        &["azure.user_assigned_identity"],
        "encryptionIdentity.userAssignedIdentityResourceId",
        "The identity that reads keys of disk encryption.",
    ),
    Attribute::object(
        "proxy_agent_settings",
        &[
            on("enabled", "Whether requests for metadata are guarded."),
            choice("mode", &["Audit", "Enforce"], "Whether what is not allowed is only noted.").optional_computed(),
            Attribute::int("key_incarnation_id", "Another number makes another key.").optional_computed(),
        ],
        "The guard of the metadata service.",
    ),
];

/// Pictures and output of the start.
pub(super) const BOOT_DIAGNOSTICS: &[Attribute] = &[
    on("enabled", "Whether they are kept."),
    Attribute::string("storage_uri", "Address of the storage account; else one of Azure's own."),
];

/// Features that are not in every host.
pub(super) const ADDITIONAL_CAPABILITIES: &[Attribute] = &[
    on("ultra_ssd_enabled", "Whether ultra disks can be attached.").vendor("ultraSSDEnabled"),
    on("hibernation_enabled", "Whether the machine can hibernate."),
];

/// Cores that the system sees.
pub(super) const SIZE_PROPERTIES: &[Attribute] = &[
    Attribute::int("v_cpus_available", "How many cores.").vendor("vCPUsAvailable").optional_computed(),
    Attribute::int("v_cpus_per_core", "How many threads a core has.").vendor("vCPUsPerCore").optional_computed(),
];

const GALLERY_APPLICATION: &[Attribute] = &[
    id_text("package_reference_id", "packageReferenceId", "Id of the application's version.").required(),
    Attribute::string("configuration_reference", "Address of a blob that takes the place of the default settings."),
    on("enable_automatic_upgrade", "Whether a newer version is installed when there is one."),
    Attribute::int("order", "In which order it is installed."),
    Attribute::string("tags", "Words that are passed to it."),
    on("treat_failure_as_deployment_failure", "Whether its failure is the machine's."),
];

/// Applications of galleries.
pub(super) const GALLERY_APPLICATIONS: AttributeType = AttributeType::List(&AttributeType::Object(GALLERY_APPLICATION));

/// A notice before an event.
const fn notice(name: &'static str, docs: &'static str) -> Attribute {
    const NOTICE: &[Attribute] = &[
        on("enable", "Whether there is one."),
        Attribute::string("not_before_timeout", "How long before (ISO 8601), `PT5M` to `PT15M`.").optional_computed(),
    ];
    Attribute::object(name, NOTICE, docs)
}

/// Notices of what Azure is going to do.
pub(super) const SCHEDULED_EVENTS_PROFILE: &[Attribute] = &[
    notice("terminate_notification_profile", "Before a machine is deleted."),
    notice("os_image_notification_profile", "Before the system is changed."),
];

/// Approval of what a user asks for.
const fn approval(name: &'static str, docs: &'static str) -> Attribute {
    const APPROVAL: &[Attribute] = &[on("automatically_approve", "Whether it is done at once.")];
    Attribute::object(name, APPROVAL, docs)
}

/// Events that users bring about.
pub(super) const SCHEDULED_EVENTS_POLICY: &[Attribute] = &[
    approval("user_initiated_redeploy", "A move to another host."),
    approval("user_initiated_reboot", "A reboot."),
    Attribute::boolean("event_grid_and_resource_graph", "Whether events are told to Event Grid, too.")
        .vendor("scheduledEventsAdditionalPublishingTargets.eventGridAndResourceGraph.enable"),
];

/// How long the whole of the extensions may take.
pub(super) const fn time_budget(path: &'static str) -> Attribute {
    Attribute::string("extensions_time_budget", "How long all extensions may take together (ISO 8601), `PT1H30M`.")
        .vendor(path)
        .optional_computed()
}
