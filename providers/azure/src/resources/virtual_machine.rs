//! `azure.virtual_machine`: a machine that runs Linux. What stands in ARM's profiles stands here without them.

use crate::arm::{Answer, Request};
use crate::compute::{self, Kind};
use crate::resource::{ArmType, Change, Hooks, Scope};
use crate::resources::machine::{
    ADDITIONAL_CAPABILITIES, BOOT_DIAGNOSTICS, CREATE_OPTIONS, DIFF_DISK, DISK_SIZE, GALLERY_APPLICATIONS, IDENTITY,
    IMAGE, MANAGED_DISK, NAME, PLAN, PUBLIC_ADDRESS_OF_ONE, SCHEDULED_EVENTS_POLICY, SCHEDULED_EVENTS_PROFILE,
    SECURITY, SIZE_PROPERTIES, WRITE_ACCELERATOR, caching, delete_option, interface_configuration, ip_configuration,
    os_profile, time_budget,
};
use crate::schema::{
    EDGE_ZONE, FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, ZONES, choice, id_text, name, named, on, refers, versions,
};
use crate::session::Session;
use crate::validate::{Findings, is_set, known};
use async_trait::async_trait;
use formwork_model::schema::{Attribute, AttributeType, Equality, Recognition, ResourceSchema, Rule};
use formwork_model::{AttributePath, Map, Value, ValueRef};
use formwork_provider_api::ProviderError;
use serde_json::Value as Json;

const OS_DISK: &[Attribute] = &[
    Attribute::string("name", "Name of the disk; else one that Azure makes up.").optional_computed().create_only(),
    choice("create_option", CREATE_OPTIONS, "Whether it is made from the image or is there already.")
        .default_string("FromImage")
        .create_only(),
    DISK_SIZE,
    caching(),
    delete_option("What becomes of it when the machine is deleted; one that is made from the image goes, too."),
    Attribute::object("managed_disk", MANAGED_DISK, "The disk itself.").optional_computed(),
    DIFF_DISK.create_only(),
    WRITE_ACCELERATOR,
];

const DATA_DISK: &[Attribute] = &[
    Attribute::int("lun", "Number by which the system finds it, unique in the machine.").required(),
    Attribute::string("name", "Name of the disk; else one that Azure makes up.").optional_computed(),
    choice(
        "create_option",
        CREATE_OPTIONS,
        "Whether it is made (`Empty`, `FromImage`) or is there already (`Attach`).",
    )
    .required(),
    DISK_SIZE,
    caching(),
    delete_option("What becomes of it when the machine is deleted."),
    choice("detach_option", &["ForceDetach"], "Whether it is taken away by force.").write_only(),
    on("to_be_detached", "Whether it is being taken away."),
    Attribute::object("managed_disk", MANAGED_DISK, "The disk itself.").optional_computed(),
    id_text("source_resource", "sourceResource.id", "Id of the disk or snapshot that is copied."),
    WRITE_ACCELERATOR,
];

const NETWORK_INTERFACE: &[Attribute] = &[
    refers("network_interface", &["azure.network_interface"], "id", "The interface.").required(),
    on("primary", "Whether it is the first one.").vendor("properties.primary"),
    delete_option("What becomes of it when the machine is deleted.").vendor("properties.deleteOption"),
];

const ADDRESS: &[Attribute] = ip_configuration![PUBLIC_ADDRESS_OF_ONE;];

const INTERFACE: &[Attribute] = interface_configuration!(ADDRESS);

const OS_PROFILE: &[Attribute] = os_profile!(
    Attribute::string("computer_name", "Name within the system; else the machine's.").optional_computed().create_only()
);

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NAME),
    GROUP,
    LOCATION,
    Attribute::string("vm_size", "Size, such as `Standard_D2s_v5`. Another size reboots the machine.")
        .vendor("properties.hardwareProfile.vmSize")
        .required()
        .equality(Equality::CaseInsensitive),
    Attribute::object("vm_size_properties", SIZE_PROPERTIES, "Cores that the system sees.")
        .vendor("properties.hardwareProfile.vmSizeProperties"),
    Attribute::object("image_reference", IMAGE, "The image that the system disk is made from.")
        .vendor("properties.storageProfile.imageReference")
        .create_only(),
    Attribute::object("os_disk", OS_DISK, "The system disk.")
        .vendor("properties.storageProfile.osDisk")
        .optional_computed(),
    Attribute::new("data_disks", AttributeType::List(&AttributeType::Object(DATA_DISK)), "Further disks.")
        .vendor("properties.storageProfile.dataDisks")
        .keyed_by(&["lun"])
        .equality(Equality::EmptyIsAbsent),
    choice("disk_controller_type", &["SCSI", "NVMe"], "How disks are attached.")
        .vendor("properties.storageProfile.diskControllerType")
        .optional_computed(),
    Attribute::object("os_profile", OS_PROFILE, "Sign-in and first steps; none with a disk that is there already."),
    Attribute::new(
        "network_interfaces",
        AttributeType::List(&AttributeType::Object(NETWORK_INTERFACE)),
        "Its interfaces.",
    )
    .vendor("properties.networkProfile.networkInterfaces")
    .keyed_by(&["network_interface"])
    .optional_computed(),
    named(
        "network_interface_configurations",
        &AttributeType::Object(INTERFACE),
        "properties.networkProfile.networkInterfaceConfigurations",
        "Interfaces that are made with the machine; they show as `network_interfaces`.",
    )
    .write_only()
    .create_only(),
    choice("network_api_version", &["2020-11-01"], "Version of the network's interface, with interfaces of its own.")
        .vendor("properties.networkProfile.networkApiVersion")
        .write_only()
        .create_only(),
    Attribute::object("identity", IDENTITY, "Identities of the machine."),
    Attribute::object("security_profile", SECURITY, "Protection.").optional_computed(),
    Attribute::object("boot_diagnostics", BOOT_DIAGNOSTICS, "Pictures and output of the start.")
        .vendor("properties.diagnosticsProfile.bootDiagnostics"),
    Attribute::object("additional_capabilities", ADDITIONAL_CAPABILITIES, "Features that not every host has."),
    Attribute::string("user_data", "What programs in the machine can ask for, in base64.").write_only().secret(),
    Attribute::string("license_type", "Licence that is there already: `RHEL_BYOS`, `SLES_BYOS`."),
    choice("priority", &["Regular", "Low", "Spot"], "Whether Azure may take the machine away.").create_only(),
    choice("eviction_policy", &["Deallocate", "Delete"], "What becomes of it then.").optional_computed().create_only(),
    Attribute::new(
        "max_price",
        AttributeType::Float,
        "The most it may cost in an hour, in US dollars; -1 for any price.",
    )
    .vendor("properties.billingProfile.maxPrice"),
    Attribute::new("gallery_applications", GALLERY_APPLICATIONS, "Applications of galleries.")
        .vendor("properties.applicationProfile.galleryApplications")
        .keyed_by(&["package_reference_id"])
        .equality(Equality::EmptyIsAbsent),
    Attribute::object("scheduled_events_profile", SCHEDULED_EVENTS_PROFILE, "Notices of what is going to happen."),
    Attribute::object("scheduled_events_policy", SCHEDULED_EVENTS_POLICY, "Events that users bring about."),
    time_budget(""),
    id_text("availability_set", "properties.availabilitySet.id", "Id of an availability set.").create_only(),
    id_text("proximity_placement_group", "properties.proximityPlacementGroup.id", "Id of a placement group."),
    id_text("host", "properties.host.id", "Id of a dedicated host."),
    id_text("host_group", "properties.hostGroup.id", "Id of a group of dedicated hosts."),
    id_text(
        "capacity_reservation_group",
        "properties.capacityReservation.capacityReservationGroup.id",
        "Id of a group of reservations.",
    ),
    refers(
        "scale_set",
        &["azure.scale_set"],
        "properties.virtualMachineScaleSet.id",
        "A flexible scale set that it is in.",
    )
    .create_only(),
    Attribute::int("platform_fault_domain", "Fault domain within the scale set.").create_only(),
    Attribute::object("plan", PLAN, "Plan under which the image is bought.").create_only(),
    ZONES,
    EDGE_ZONE,
    TAGS,
    ID,
    PRINCIPAL_ID,
    Attribute::string("vm_id", "Id that no other machine has.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("virtual_machine", "A Linux machine (`Microsoft.Compute/virtualMachines`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(2700, 2700, 2700)
        .usually_takes_s(60)
        .import_help("the machine's id, `…/Microsoft.Compute/virtualMachines/NAME`")
        .rules(&[
            Rule::AtMostOneOf(&["network_interfaces", "network_interface_configurations"]),
            Rule::AtMostOneOf(&["host", "host_group"]),
        ])
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Compute/virtualMachines", versions::COMPUTE, Scope::Group)
        .with_etag()
        .with_fixed(&[("properties.storageProfile.osDisk.osType", "\"Linux\"")])
        .with_volatile(&[("principal_id", &["identity"])])
        .with_hooks(&Machine);

struct Machine;

#[async_trait]
impl Hooks for Machine {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let disk = known(config, "os_disk");
        let made = disk.and_then(|disk| crate::validate::text(disk, "create_option")).unwrap_or("FromImage");
        if made == "FromImage" && !is_set(config, "image_reference") {
            findings.error(
                AttributePath::member("image_reference"),
                "the system disk is made from an image, and none is given",
                "write `image_reference`, or `create_option = \"Attach\"` and the disk in `os_disk`",
            );
        }
        if let Some(profile) = known(config, "os_profile") {
            check_sign_in(profile, &AttributePath::member("os_profile"), findings);
        }
    }

    fn decode(&self, _: &Json, known: &Map, values: &mut Map) {
        // An identity of the kind `None` is not shown.
        let kind = known.get("identity").and_then(Value::as_map).and_then(|identity| identity.get("type"));
        if let (Some("None"), false, Some(identity)) =
            (kind.and_then(Value::as_str), values.contains("identity"), known.get("identity"))
        {
            values.insert("identity", identity.clone());
        }
    }

    fn body(&self, _: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        if current.is_none() {
            complete_disk(body);
        }
        // What the service tells of the machine's extensions and its owner.
        for told in ["resources", "managedBy"] {
            body.as_object_mut().map(|body| body.shift_remove(told));
        }
        // Interfaces are made once; then they stand among the others.
        let network = body.pointer_mut("/properties/networkProfile").and_then(Json::as_object_mut);
        if let (Some(network), Some(_)) = (network, current) {
            network.shift_remove("networkInterfaceConfigurations");
            network.shift_remove("networkApiVersion");
        }
        compute::drop_idle_empties(body, current);
        Ok(())
    }

    async fn send(&self, session: &Session, request: Request<'_>) -> Result<Answer, ProviderError> {
        compute::send(session, Kind::Machine, request).await
    }
}

/// Somebody must be able to sign in: ARM refuses Linux machines without a password and without a key.
pub(super) fn check_sign_in(profile: ValueRef<'_>, at: &AttributePath, findings: &mut Findings) {
    let linux = profile.get("linux_configuration").map(ValueRef::exposed);
    if linux.is_some_and(ValueRef::is_unknown) || is_set(profile, "admin_password") {
        return;
    }
    if !linux.is_some_and(|linux| !linux.is_null() && is_set(linux, "ssh_public_keys")) {
        findings.error(
            at.clone(),
            "nobody could sign in: there is neither a password nor a key",
            "write `linux_configuration = { ssh_public_keys = [{ path, key_data }] }`, or `admin_password`",
        );
    }
}

/// A system disk is made from the image; and it goes with its machine, else nobody would delete it.
fn complete_disk(body: &mut Json) {
    let Some(disk) = body.pointer_mut("/properties/storageProfile/osDisk").and_then(Json::as_object_mut) else {
        return;
    };
    let option = disk.entry("createOption").or_insert_with(|| Json::from("FromImage"));
    if option == "FromImage" {
        disk.entry("deleteOption").or_insert_with(|| Json::from("Delete"));
    }
}
