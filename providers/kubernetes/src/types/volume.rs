//! The volumes of a pod.

use super::{any, objects};
use crate::quantity::QUANTITY;
use formwork_model::schema::Attribute;

const ITEMS: Attribute = objects!(
    "items",
    &[
        Attribute::string("key", "The key.").required(),
        Attribute::string("path", "The file.").required(),
        Attribute::int("mode", "Its mode, as a decimal number: 420 is 0644."),
    ],
    "Only these keys."
);

const DEFAULT_MODE: Attribute = Attribute::int("default_mode", "Mode of the files, as a decimal number: 420 is 0644.");
const OPTIONAL: Attribute = Attribute::boolean("optional", "Whether it may be missing.");

const DOWNWARD_ITEMS: Attribute = objects!(
    "items",
    &[
        Attribute::string("path", "The file.").required(),
        Attribute::object(
            "field_ref",
            &[
                Attribute::string("field_path", "The field, such as `metadata.labels`.").required(),
                Attribute::string("api_version", "Version of the field's form."),
            ],
            "A field of the pod.",
        ),
        Attribute::object(
            "resource_field_ref",
            &[
                Attribute::string("resource", "The resource.").required(),
                Attribute::string("container_name", "Of which container."),
                Attribute::string("divisor", "In which unit.").limits(QUANTITY),
            ],
            "What a container may use.",
        ),
        Attribute::int("mode", "Its mode, as a decimal number."),
    ],
    "The files."
);

const PROJECTED: &[Attribute] = &[
    Attribute::object(
        "config_map",
        &[Attribute::string("name", "Its name.").required(), ITEMS, OPTIONAL],
        "A config map.",
    ),
    Attribute::object("secret", &[Attribute::string("name", "Its name.").required(), ITEMS, OPTIONAL], "A secret."),
    Attribute::object("downward_api", &[DOWNWARD_ITEMS], "Fields of the pod.").vendor("downwardAPI"),
    Attribute::object(
        "service_account_token",
        &[
            Attribute::string("path", "The file.").required(),
            Attribute::string("audience", "For whom the token is."),
            Attribute::int("expiration_seconds", "How long it holds."),
        ],
        "A token of the pod's identity.",
    ),
    any!("cluster_trust_bundle", "Certificates of the cluster, in the vendor's own form."),
];

/// A volume: a name, and one of the others.
pub(crate) const VOLUME: &[Attribute] = &[
    Attribute::string("name", "Its name.").required(),
    Attribute::object(
        "empty_dir",
        &[
            Attribute::string("medium", "`Memory` for memory."),
            Attribute::string("size_limit", "At most so large.").limits(QUANTITY),
        ],
        "Empty, for as long as the pod lives.",
    ),
    Attribute::object(
        "config_map",
        &[Attribute::string("name", "Its name.").required(), ITEMS, DEFAULT_MODE, OPTIONAL],
        "The texts of a config map.",
    ),
    Attribute::object(
        "secret",
        &[Attribute::string("secret_name", "Its name."), ITEMS, DEFAULT_MODE, OPTIONAL],
        "The texts of a secret.",
    ),
    Attribute::object(
        "persistent_volume_claim",
        &[
            Attribute::string("claim_name", "The claim.").required(),
            Attribute::boolean("read_only", "Whether it cannot be written."),
        ],
        "A disk.",
    ),
    Attribute::object(
        "projected",
        &[objects!("sources", PROJECTED, "What is in it."), DEFAULT_MODE],
        "Several in one.",
    ),
    Attribute::object("downward_api", &[DOWNWARD_ITEMS, DEFAULT_MODE], "Fields of the pod.").vendor("downwardAPI"),
    Attribute::object(
        "host_path",
        &[Attribute::string("path", "The path.").required(), Attribute::string("type", "What must be there.")],
        "A path of the node.",
    ),
    Attribute::object(
        "csi",
        &[
            Attribute::string("driver", "The driver, such as `secrets-store.csi.k8s.io`.").required(),
            Attribute::boolean("read_only", "Whether it cannot be written."),
            Attribute::string("fs_type", "File system."),
            Attribute::string_map("volume_attributes", "What the driver is told."),
            Attribute::object("node_publish_secret_ref", super::meta::LOCAL_REFERENCE, "Secret that the driver gets."),
        ],
        "A driver's volume, for as long as the pod lives.",
    ),
    Attribute::object(
        "nfs",
        &[
            Attribute::string("server", "The server.").required(),
            Attribute::string("path", "The path.").required(),
            Attribute::boolean("read_only", "Whether it cannot be written."),
        ],
        "A directory of an NFS server.",
    ),
    Attribute::object(
        "image",
        &[Attribute::string("reference", "The image."), Attribute::string("pull_policy", "When it is pulled.")],
        "The files of an image.",
    ),
    any!("ephemeral", "A disk for as long as the pod lives, in the vendor's own form."),
];
