//! `azure.scale_set`: like Linux machines, as many as are needed.

use crate::arm::{Answer, Request};
use crate::compute::{self, Kind};
use crate::resource::{ArmType, Change, Hooks, Scope};
use crate::resources::machine::{
    ADDITIONAL_CAPABILITIES, BOOT_DIAGNOSTICS, CREATE_OPTIONS, DIFF_DISK, DISK_SIZE, GALLERY_APPLICATIONS, IDENTITY,
    IMAGE, MANAGED_DISKS, NAME, PLAN, PUBLIC_ADDRESS_OF_MANY, SCHEDULED_EVENTS_POLICY, SCHEDULED_EVENTS_PROFILE,
    SECURITY, SIZE_PROPERTIES, WRITE_ACCELERATOR, caching, delete_option, interface_configuration, ip_configuration,
    os_profile, pools, time_budget,
};
use crate::resources::virtual_machine::check_sign_in;
use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, ZONES, choice, id_text, name, named, on, texts, versions,
};
use crate::session::Session;
use crate::validate::{Findings, known};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema};
use formwork_model::{AttributePath, Step, ValueRef};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

const OS_DISK: &[Attribute] = &[
    choice("create_option", CREATE_OPTIONS, "How it comes about: `FromImage`.")
        .default_string("FromImage")
        .create_only(),
    DISK_SIZE,
    caching(),
    delete_option("What becomes of it when its machine is deleted, in a flexible set."),
    Attribute::object("managed_disk", MANAGED_DISKS, "The disks themselves.").optional_computed(),
    DIFF_DISK.create_only(),
    WRITE_ACCELERATOR,
];

const DATA_DISK: &[Attribute] = &[
    Attribute::int("lun", "Number by which the system finds it, unique in the machine.").required(),
    choice("create_option", CREATE_OPTIONS, "How it comes about: `Empty`, or `FromImage`.").required(),
    DISK_SIZE,
    caching(),
    delete_option("What becomes of it when its machine is deleted, in a flexible set."),
    Attribute::object("managed_disk", MANAGED_DISKS, "The disks themselves.").optional_computed(),
    Attribute::int("disk_iops_read_write", "Operations a second, of ultra disks.")
        .vendor("diskIOPSReadWrite")
        .optional_computed(),
    Attribute::int("disk_mbps_read_write", "MB a second, of ultra disks.")
        .vendor("diskMBpsReadWrite")
        .optional_computed(),
    WRITE_ACCELERATOR,
];

const ADDRESS: &[Attribute] = ip_configuration![
    PUBLIC_ADDRESS_OF_MANY;
    pools(
        "load_balancer_inbound_nat_pools",
        "properties.loadBalancerInboundNatPools[].id",
        "Ids of load balancers' pools of ports.",
    ),
];

const INTERFACE: &[Attribute] = interface_configuration!(ADDRESS);

const OS_PROFILE: &[Attribute] = os_profile!(
    Attribute::string("computer_name_prefix", "First part of the machines' names.").optional_computed().create_only()
);

const EXTENSION: &[Attribute] = &[
    Attribute::string("name", "Unique in the set.").required(),
    Attribute::string("publisher", "Publisher of the extension.").vendor("properties.publisher"),
    Attribute::string("type", "Its type, such as `CustomScript`.").vendor("properties.type"),
    Attribute::string("type_handler_version", "Its version, such as `2.1`.").vendor("properties.typeHandlerVersion"),
    on("auto_upgrade_minor_version", "Whether a newer minor version is taken.")
        .vendor("properties.autoUpgradeMinorVersion"),
    on("enable_automatic_upgrade", "Whether it is upgraded when there is a newer one.")
        .vendor("properties.enableAutomaticUpgrade"),
    Attribute::string("force_update_tag", "Another text runs it again.").vendor("properties.forceUpdateTag"),
    Attribute::new("settings", AttributeType::Any, "Its settings.").vendor("properties.settings").optional_computed(),
    Attribute::new("protected_settings", AttributeType::Any, "Settings that nobody reads again.")
        .vendor("properties.protectedSettings")
        .write_only()
        .secret(),
    texts("provision_after_extensions", "Extensions that must be done before.")
        .vendor("properties.provisionAfterExtensions"),
    on("suppress_failures", "Whether its failure to connect counts for nothing.").vendor("properties.suppressFailures"),
];

const MACHINE: &[Attribute] = &[
    Attribute::object("image_reference", IMAGE, "The image that system disks are made from.")
        .vendor("storageProfile.imageReference"),
    Attribute::object("os_disk", OS_DISK, "The system disk.").vendor("storageProfile.osDisk").optional_computed(),
    Attribute::new("data_disks", AttributeType::List(&AttributeType::Object(DATA_DISK)), "Further disks.")
        .vendor("storageProfile.dataDisks")
        .keyed_by(&["lun"])
        .equality(Equality::EmptyIsAbsent),
    Attribute::string("disk_controller_type", "How disks are attached: `SCSI`, `NVMe`.")
        .vendor("storageProfile.diskControllerType")
        .optional_computed(),
    Attribute::object("os_profile", OS_PROFILE, "Sign-in and first steps."),
    named(
        "network_interface_configurations",
        &AttributeType::Object(INTERFACE),
        "networkProfile.networkInterfaceConfigurations",
        "Interfaces of each machine.",
    ),
    choice("network_api_version", &["2020-11-01"], "Version of the network's interface, in a flexible set.")
        .vendor("networkProfile.networkApiVersion")
        .write_only()
        .create_only(),
    id_text("health_probe", "networkProfile.healthProbe.id", "Id of the probe of a load balancer that tells health."),
    named(
        "extensions",
        &AttributeType::Object(EXTENSION),
        "extensionProfile.extensions",
        "Extensions that are installed.",
    ),
    time_budget("extensionProfile.extensionsTimeBudget"),
    Attribute::object("security_profile", SECURITY, "Protection.").optional_computed(),
    Attribute::object("boot_diagnostics", BOOT_DIAGNOSTICS, "Pictures and output of the start.")
        .vendor("diagnosticsProfile.bootDiagnostics"),
    Attribute::object("vm_size_properties", SIZE_PROPERTIES, "Cores that the system sees.")
        .vendor("hardwareProfile.vmSizeProperties"),
    Attribute::string("user_data", "What programs in the machines can ask for, in base64.").write_only().secret(),
    Attribute::string("license_type", "Licence that is there already: `RHEL_BYOS`, `SLES_BYOS`."),
    choice("priority", &["Regular", "Low", "Spot"], "Whether Azure may take machines away.").create_only(),
    choice("eviction_policy", &["Deallocate", "Delete"], "What becomes of them then.")
        .optional_computed()
        .create_only(),
    Attribute::new(
        "max_price",
        AttributeType::Float,
        "The most one may cost in an hour, in US dollars; -1 for any price.",
    )
    .vendor("billingProfile.maxPrice"),
    id_text(
        "capacity_reservation_group",
        "capacityReservation.capacityReservationGroup.id",
        "Id of a group of reservations.",
    ),
    Attribute::new("gallery_applications", GALLERY_APPLICATIONS, "Applications of galleries.")
        .vendor("applicationProfile.galleryApplications")
        .keyed_by(&["package_reference_id"])
        .equality(Equality::EmptyIsAbsent),
    Attribute::object("scheduled_events_profile", SCHEDULED_EVENTS_PROFILE, "Notices of what is going to happen."),
];

const UPGRADE: &[Attribute] = &[
    choice(
        "mode",
        &["Automatic", "Manual", "Rolling"],
        "How machines get a new model; `Manual` leaves them as they are.",
    )
    .optional_computed(),
    Attribute::object(
        "automatic_os_upgrade_policy",
        &[
            on("enable_automatic_os_upgrade", "Whether new images are taken.").vendor("enableAutomaticOSUpgrade"),
            on("disable_automatic_rollback", "Whether a failed one stays."),
            on("use_rolling_upgrade_policy", "Whether they come as the rolling upgrades do."),
            on("os_rolling_upgrade_deferral", "Whether they wait for maintenance."),
        ],
        "New images.",
    )
    .vendor("automaticOSUpgradePolicy")
    .optional_computed(),
    Attribute::object(
        "rolling_upgrade_policy",
        &[
            Attribute::int("max_batch_instance_percent", "How many are changed at once, in percent.")
                .optional_computed(),
            Attribute::int("max_unhealthy_instance_percent", "How many may be ill before, in percent.")
                .optional_computed(),
            Attribute::int("max_unhealthy_upgraded_instance_percent", "How many may fall ill by it, in percent.")
                .optional_computed(),
            Attribute::string("pause_time_between_batches", "Pause after a batch (ISO 8601), `PT1M`.")
                .optional_computed(),
            on("enable_cross_zone_upgrade", "Whether a batch may span zones."),
            on("prioritize_unhealthy_instances", "Whether ill ones come first."),
            on("rollback_failed_instances_on_policy_breach", "Whether failed ones go back."),
            on("max_surge", "Whether new machines take the place of old ones."),
        ],
        "Rolling upgrades.",
    )
    .optional_computed(),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NAME),
    GROUP,
    LOCATION,
    Attribute::string("sku", "Size of the machines, such as `Standard_D2s_v5`.")
        .vendor("sku.name")
        .optional_computed()
        .equality(Equality::CaseInsensitive),
    Attribute::string("sku_tier", "Tier of the size.").vendor("sku.tier").optional_computed(),
    Attribute::int("capacity", "How many machines there are; left out, whoever scales decides.")
        .vendor("sku.capacity")
        .optional_computed(),
    choice("orchestration_mode", &["Uniform", "Flexible"], "Whether machines are alike, or can be changed one by one.")
        .optional_computed()
        .create_only(),
    Attribute::object("virtual_machine_profile", MACHINE, "What each machine is."),
    Attribute::object("upgrade_policy", UPGRADE, "How machines get a new model.").optional_computed(),
    Attribute::object(
        "automatic_repairs_policy",
        &[
            on("enabled", "Whether ill machines are repaired."),
            Attribute::string("grace_period", "How long one is left alone after a change (ISO 8601), `PT10M`.")
                .optional_computed(),
            choice("repair_action", &["Replace", "Restart", "Reimage"], "What is done.").optional_computed(),
        ],
        "Repairs.",
    ),
    Attribute::object(
        "scale_in_policy",
        &[
            Attribute::new(
                "rules",
                AttributeType::List(&AttributeType::Enum(&["Default", "OldestVM", "NewestVM"])),
                "Which machines go first.",
            ),
            on("force_deletion", "Whether they are deleted by force."),
        ],
        "Which machines go first.",
    ),
    Attribute::object(
        "spot_restore_policy",
        &[
            on("enabled", "Whether machines that Azure took away are made again."),
            Attribute::string("restore_timeout", "For how long it is tried (ISO 8601).").optional_computed(),
        ],
        "Machines that Azure took away.",
    ),
    Attribute::object(
        "priority_mix_policy",
        &[
            Attribute::int("base_regular_priority_count", "Machines that are never taken away."),
            Attribute::int("regular_priority_percentage_above_base", "Share of such beyond these, in percent."),
        ],
        "How many machines may be taken away, in a flexible set.",
    ),
    Attribute::object(
        "resiliency_policy",
        &[
            on("create", "Whether failed machines are made again.").vendor("resilientVMCreationPolicy.enabled"),
            on("delete", "Whether failed deletes are tried again.").vendor("resilientVMDeletionPolicy.enabled"),
        ],
        "What is tried again.",
    ),
    Attribute::object(
        "sku_profile",
        &[
            texts("vm_sizes", "Sizes that are mixed.").vendor("vmSizes[].name"),
            choice("allocation_strategy", &["LowestPrice", "CapacityOptimized"], "Which size is taken.")
                .optional_computed(),
        ],
        "A mix of sizes, with the SKU `Mix`.",
    ),
    Attribute::object("scheduled_events_policy", SCHEDULED_EVENTS_POLICY, "Events that users bring about."),
    Attribute::object("additional_capabilities", ADDITIONAL_CAPABILITIES, "Features that not every host has."),
    on("overprovision", "Whether more machines are made at first than are kept."),
    on("do_not_run_extensions_on_overprovisioned_vms", "Whether extensions wait until it is known which are kept.")
        .vendor("properties.doNotRunExtensionsOnOverprovisionedVMs"),
    on("single_placement_group", "Whether there are at most 100, close together."),
    on("zone_balance", "Whether zones have to be balanced.").create_only(),
    choice(
        "zonal_platform_fault_domain_align_mode",
        &["Aligned", "Unaligned"],
        "Whether disks are in the machines' domains.",
    )
    .optional_computed()
    .create_only(),
    Attribute::int("platform_fault_domain_count", "Fault domains of each placement group.")
        .optional_computed()
        .create_only(),
    on("constrained_maximum_capacity", "Whether the set cannot grow beyond one placement group."),
    id_text("proximity_placement_group", "properties.proximityPlacementGroup.id", "Id of a placement group."),
    id_text("host_group", "properties.hostGroup.id", "Id of a group of dedicated hosts.").create_only(),
    Attribute::object("identity", IDENTITY, "Identities of the machines."),
    Attribute::object("plan", PLAN, "Plan under which the image is bought.").create_only(),
    ZONES,
    EDGE_ZONE,
    TAGS,
    ID,
    PRINCIPAL_ID,
    Attribute::string("unique_id", "Id that no other set has.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("scale_set", "Like Linux machines (`Microsoft.Compute/virtualMachineScaleSets`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(3600, 3600, 3600)
        .usually_takes_s(90)
        .import_help("the set's id, `…/Microsoft.Compute/virtualMachineScaleSets/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Compute/virtualMachineScaleSets", versions::COMPUTE, Scope::Group)
        .with_etag()
        .with_volatile(&[("principal_id", &["identity"]), ("sku_tier", &["sku"])])
        .with_hooks(&ScaleSet);

struct ScaleSet;

#[async_trait]
impl Hooks for ScaleSet {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let profile = known(config, "virtual_machine_profile").and_then(|machine| known(machine, "os_profile"));
        if let Some(profile) = profile {
            let at = AttributePath::member("virtual_machine_profile").then(Step::Member("os_profile".into()));
            check_sign_in(profile, &at, findings);
        }
    }

    fn body(&self, _: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let storage =
            body.pointer_mut("/properties/virtualMachineProfile/storageProfile").and_then(Json::as_object_mut);
        if let (Some(storage), None) = (storage, current) {
            let disk = storage.entry("osDisk").or_insert_with(|| Json::Object(serde_json::Map::new()));
            if let Some(disk) = disk.as_object_mut() {
                disk.entry("createOption").or_insert_with(|| Json::from("FromImage"));
            }
        }
        compute::drop_idle_empties(body, current);
        Ok(())
    }

    async fn send(&self, session: &Session, request: Request<'_>) -> Result<Answer, ProviderError> {
        compute::send(session, Kind::ScaleSet, request).await
    }
}
