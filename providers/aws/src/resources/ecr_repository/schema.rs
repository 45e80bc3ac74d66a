//! What a repository is made of.

use crate::schema::{TAGS, TAGS_ALL};
use crate::tags::Tags;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Equality, Limit};
use serde::{Deserialize, Serialize};

/// All attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    pub(super) repository_name: String,
    pub(super) image_tag_mutability: String,
    pub(super) image_tag_mutability_exclusion_filters: Vec<Filter>,
    pub(super) image_scanning_configuration: Scanning,
    pub(super) encryption_configuration: Option<Encryption>,
    pub(super) lifecycle_policy: Option<Lifecycle>,
    pub(super) repository_policy_text: Option<String>,
    pub(super) empty_on_delete: bool,
    pub(super) tags: Tags,
    pub(super) arn: String,
    pub(super) repository_uri: String,
    pub(super) registry_id: String,
    pub(super) tags_all: Tags,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub(super) image_tag_mutability_exclusion_filter_type: String,
    pub(super) image_tag_mutability_exclusion_filter_value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Scanning {
    pub(super) scan_on_push: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Encryption {
    pub(super) encryption_type: String,
    pub(super) kms_key: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lifecycle {
    pub(super) lifecycle_policy_text: String,
    pub(super) registry_id: Option<String>,
}

pub(super) const ATTRIBUTES: &[Attribute] = &[
    Attribute::string(
        "repository_name",
        "Name with its slashes, unique in the region; else made of the operation's id.",
    )
    .optional_computed()
    .create_only()
    .limits(&[
        Limit::Length(2, 256),
        Limit::Pattern(
            "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*$",
            "small letters and digits, parted by `.`, `_`, `-` or `/`",
        ),
    ]),
    Attribute::new(
        "image_tag_mutability",
        AttributeType::Enum(&["MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"]),
        "Whether a tag can be pushed again with another image.",
    )
    .default_string("MUTABLE"),
    Attribute::new(
        "image_tag_mutability_exclusion_filters",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::new(
                "image_tag_mutability_exclusion_filter_type",
                AttributeType::Enum(&["WILDCARD"]),
                "How tags are compared.",
            )
            .default_string("WILDCARD"),
            Attribute::string("image_tag_mutability_exclusion_filter_value", "Tags, with `*` for anything.").required(),
        ])),
        "Tags for which the opposite holds; needed for the `…_WITH_EXCLUSION` kinds, at most five.",
    )
    .keyed_by(&["image_tag_mutability_exclusion_filter_value"])
    .default(Preset::Empty)
    .limits(&[Limit::Length(0, 5)]),
    Attribute::object(
        "image_scanning_configuration",
        &[Attribute::boolean("scan_on_push", "Whether images are scanned for known weaknesses when pushed.")
            .default_bool(false)],
        "Scanning of images, where the registry does not scan by rules of its own.",
    )
    .default(Preset::Json("{\"scan_on_push\": false}")),
    Attribute::object(
        "encryption_configuration",
        &[
            Attribute::new(
                "encryption_type",
                AttributeType::Enum(&["AES256", "KMS", "KMS_DSSE"]),
                "Whose key encrypts: that of S3, or one of KMS (once or twice).",
            )
            .required(),
            Attribute::string("kms_key", "ARN or id of the KMS key; else AWS's own for ECR.").optional_computed(),
        ],
        "Encryption of the images at rest.",
    )
    .optional_computed()
    .create_only(),
    Attribute::object(
        "lifecycle_policy",
        &[
            Attribute::string("lifecycle_policy_text", "The rules, as JSON text (`json_encode`).")
                .required()
                .equality(Equality::Json),
            Attribute::string("registry_id", "Account that owns the registry.").optional_computed(),
        ],
        "Which images go by themselves.",
    ),
    Attribute::string("repository_policy_text", "Who else may push and pull, as JSON text (`json_encode`).")
        .equality(Equality::Json),
    Attribute::boolean("empty_on_delete", "Whether deleting the repository deletes the images in it.")
        .default_bool(false),
    TAGS,
    Attribute::string("arn", "ARN.").computed(),
    Attribute::string("repository_uri", "What images are tagged with: `account.dkr.ecr.region.amazonaws.com/name`.")
        .computed(),
    Attribute::string("registry_id", "Account that owns the registry.").computed(),
    TAGS_ALL,
];
