//! `kubernetes.storage_class`.

use super::{objects, one_of};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const TERM: &[Attribute] = &[objects!(
    "match_label_expressions",
    &[
        Attribute::string("key", "Label of nodes, such as `topology.kubernetes.io/zone`.").required(),
        Attribute::strings("values", "One of these.").required(),
    ],
    "Requirements, all of which must hold."
)];

const SCHEMA: ResourceSchema = object(
    "storage_class",
    "A kind of disks that claims may ask for.",
    object_attributes![cluster;
        Attribute::string("provisioner", "Driver that makes the disks, such as `disk.csi.azure.com`.").required().create_only(),
        Attribute::string_map("parameters", "What the driver is told.").create_only(),
        one_of!("reclaim_policy", ["Delete", "Retain"], "What becomes of a disk when its claim goes.").create_only(),
        one_of!("volume_binding_mode", ["Immediate", "WaitForFirstConsumer"], "When a disk is made.").create_only(),
        Attribute::boolean("allow_volume_expansion", "Whether disks may grow."),
        Attribute::strings("mount_options", "Options of the mount."),
        objects!("allowed_topologies", TERM, "Where disks may be made.").create_only(),
    ],
);

pub(crate) const STORAGE_CLASS: Kind = Kind::new(&SCHEMA, "storage.k8s.io/v1", "StorageClass", "");
