//! `azure.disk`: a managed disk.

use crate::arm::{Answer, Request};
use crate::compute::{self, Kind};
use crate::resource::{ArmType, Hooks, Scope};
use crate::resources::machine::STORAGE_TYPES;
use crate::schema::{EDGE_ZONE, FULL, GROUP, ID, LOCATION, TAGS, ZONES, choice, id_text, name, on, refers, versions};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Limit, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;

const NAME: &[Limit] = &[Limit::Pattern(r"^[\w.-]{1,80}$", "1 to 80 letters, digits, `_`, `.` and `-`")];

const IMAGE: &[Attribute] = &[
    id_text("id", "id", "Id of the image's version."),
    Attribute::int("lun", "Number of one of its data disks; else its system disk."),
    Attribute::string("shared_gallery_image_id", "Id in a gallery that somebody shares."),
    Attribute::string("community_gallery_image_id", "Id in a gallery for everybody."),
];

const CREATION: &[Attribute] = &[
    choice(
        "create_option",
        &[
            "Empty",
            "Attach",
            "FromImage",
            "Import",
            "Copy",
            "Restore",
            "Upload",
            "CopyStart",
            "ImportSecure",
            "UploadPreparedSecure",
            "CopyFromSanSnapshot",
        ],
        "How it comes about.",
    )
    .required(),
    id_text("source_resource", "sourceResourceId", "Id of the disk or snapshot that is copied."),
    Attribute::string("source_uri", "Address of the blob that is imported."),
    refers("storage_account", &["azure.storage_account"], "storageAccountId", "The account of that blob."),
    Attribute::object("image_reference", IMAGE, "Image of the marketplace."),
    Attribute::object("gallery_image_reference", IMAGE, "Image of a gallery."),
    id_text("elastic_san_resource", "elasticSanResourceId", "Id of a snapshot of an Elastic SAN."),
    Attribute::string("security_data_uri", "Address of the blob with a confidential machine's state."),
    Attribute::int("upload_size_bytes", "Size of what is uploaded, with the footer of 512 bytes."),
    Attribute::int("logical_sector_size", "512 or 4096, of ultra disks.").optional_computed(),
    on("performance_plus", "Whether a disk above 512 GiB is faster."),
    choice("provisioned_bandwidth_copy_speed", &["None", "Enhanced"], "How fast it is copied."),
];

const ENCRYPTION: &[Attribute] = &[
    choice(
        "type",
        &[
            "EncryptionAtRestWithPlatformKey",
            "EncryptionAtRestWithCustomerKey",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
        ],
        "Whose key is used.",
    )
    .optional_computed(),
    id_text("disk_encryption_set", "diskEncryptionSetId", "Id of the set with the key."),
];

/// A speed that the size and the kind decide, unless it is given.
const fn speed(name: &'static str, path: &'static str, docs: &'static str) -> Attribute {
    Attribute::int(name, docs).vendor(path).optional_computed()
}

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NAME),
    GROUP,
    LOCATION,
    choice("sku", STORAGE_TYPES, "How it is stored; else `Standard_LRS`.").vendor("sku.name").optional_computed(),
    Attribute::object(
        "creation_data",
        CREATION,
        "How it comes about; `{ create_option = \"Empty\" }` for an empty one.",
    )
    .required()
    .create_only(),
    Attribute::int("disk_size_gb", "Size in GiB; it can grow.").vendor("properties.diskSizeGB").optional_computed(),
    Attribute::string("tier", "Performance tier, such as `P30`; else that of the size.").optional_computed(),
    speed("disk_iops_read_write", "properties.diskIOPSReadWrite", "Operations a second."),
    speed("disk_mbps_read_write", "properties.diskMBpsReadWrite", "MB a second."),
    speed("disk_iops_read_only", "properties.diskIOPSReadOnly", "Operations a second of those who read alone."),
    speed("disk_mbps_read_only", "properties.diskMBpsReadOnly", "MB a second of those who read alone."),
    Attribute::int("max_shares", "How many machines may attach it.").optional_computed(),
    on("bursting_enabled", "Whether it may be faster for a while, at a price."),
    on("optimized_for_frequent_attach", "Whether it is attached to another machine often."),
    choice("os_type", &["Windows", "Linux"], "System that is on it."),
    choice("hyper_v_generation", &["V1", "V2"], "Generation of the machines that start from it.")
        .vendor("properties.hyperVGeneration")
        .optional_computed()
        .create_only(),
    on("supports_hibernation", "Whether its system can hibernate."),
    Attribute::object(
        "supported_capabilities",
        &[
            on("accelerated_network", "Whether its system can talk to the hardware."),
            choice("architecture", &["x64", "Arm64"], "Processor that it needs.").optional_computed(),
            Attribute::string("disk_controller_types", "How it can be attached: `SCSI, NVMe`.").optional_computed(),
        ],
        "What its system can.",
    )
    .optional_computed(),
    Attribute::object("encryption", ENCRYPTION, "Encryption.").optional_computed(),
    choice("network_access_policy", &["AllowAll", "AllowPrivate", "DenyAll"], "From where it can be exported.")
        .optional_computed(),
    id_text("disk_access", "properties.diskAccessId", "Id of a disk access, for `AllowPrivate`."),
    choice("public_network_access", &["Enabled", "Disabled"], "Whether it is exported to the internet.")
        .optional_computed(),
    choice("data_access_auth_mode", &["AzureActiveDirectory", "None"], "Whether an export needs a role, too."),
    Attribute::object(
        "security_profile",
        &[
            choice(
                "security_type",
                &[
                    "TrustedLaunch",
                    "ConfidentialVM_VMGuestStateOnlyEncryptedWithPlatformKey",
                    "ConfidentialVM_DiskEncryptedWithPlatformKey",
                    "ConfidentialVM_DiskEncryptedWithCustomerKey",
                    "ConfidentialVM_NonPersistedTPM",
                ],
                "Kind of protection.",
            ),
            id_text("secure_vm_disk_encryption_set", "secureVMDiskEncryptionSetId", "Id of the set with the key."),
        ],
        "Protection of the machine that starts from it.",
    )
    .create_only(),
    Attribute::object(
        "purchase_plan",
        &[
            Attribute::string("name", "Name of the plan.").required(),
            Attribute::string("product", "Product.").required(),
            Attribute::string("publisher", "Publisher.").required(),
            Attribute::string("promotion_code", "Code of a promotion."),
        ],
        "Plan under which its image was bought.",
    )
    .optional_computed()
    .create_only(),
    ZONES,
    EDGE_ZONE,
    TAGS,
    ID,
    Attribute::string("unique_id", "Id that no other disk has.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new("disk", "A managed disk (`Microsoft.Compute/disks`).")
    .attributes(ATTRIBUTES)
    .recognised_by(Recognition::Name)
    .held_by_users()
    .usually_takes_s(5)
    .import_help("the disk's id, `…/Microsoft.Compute/disks/NAME`")
    .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType = ArmType::new(&SCHEMA, "Microsoft.Compute/disks", versions::DISKS, Scope::Group)
    .with_volatile(&[
        ("tier", &["sku", "disk_size_gb"]),
        ("disk_iops_read_write", &["sku", "disk_size_gb", "tier"]),
        ("disk_mbps_read_write", &["sku", "disk_size_gb", "tier"]),
    ])
    .with_hooks(&Disk);

struct Disk;

#[async_trait]
impl Hooks for Disk {
    async fn send(&self, session: &Session, request: Request<'_>) -> Result<Answer, ProviderError> {
        compute::send(session, Kind::Disk, request).await
    }
}
