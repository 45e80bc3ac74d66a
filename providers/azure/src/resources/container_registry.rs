//! `azure.container_registry`: images and charts.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, GROUP, ID, LOCATION, PRINCIPAL_ID, TAGS, USER_IDENTITIES, name, versions};
use crate::validate::{Findings, known, text};
use formwork_model::schema::{Attribute, AttributeType, Equality, Limit, Recognition, ResourceSchema};
use formwork_model::{AttributePath, ValueRef};

/// Names of registries: a part of their address.
const NAME: &[Limit] = &[Limit::Pattern("^[a-zA-Z0-9]{5,50}$", "5 to 50 letters and digits")];

const STATUS: AttributeType = AttributeType::Enum(&["enabled", "disabled"]);

/// A policy with a switch and nothing else.
const fn policy(name: &'static str, docs: &'static str) -> Attribute {
    const SWITCH: &[Attribute] = &[Attribute::new("status", STATUS, "Whether it holds.").optional_computed()];
    Attribute::object(name, SWITCH, docs).optional_computed()
}

const POLICIES: &[Attribute] = &[
    policy("export_policy", "Whether images may leave the registry; off only without public access."),
    policy("quarantine_policy", "Whether new images wait for a check."),
    Attribute::object(
        "retention_policy",
        &[
            Attribute::new("status", STATUS, "Whether untagged manifests are removed.").optional_computed(),
            Attribute::int("days", "After how many days, 0 to 365.")
                .optional_computed()
                .limits(&[Limit::Range(0, 365)]),
        ],
        "Removal of untagged manifests.",
    )
    .optional_computed(),
    Attribute::object(
        "trust_policy",
        &[
            Attribute::new("status", STATUS, "Whether it holds.").optional_computed(),
            Attribute::new("type", AttributeType::Enum(&["Notary"]), "Kind of signatures.").optional_computed(),
        ],
        "Signatures of images.",
    )
    .optional_computed(),
];

const IP_RULE: &[Attribute] = &[
    Attribute::string("value", "Address or range.").required(),
    Attribute::new("action", AttributeType::Enum(&["Allow"]), "What is done.").default_string("Allow"),
];

const NETWORK: &[Attribute] = &[
    Attribute::new("default_action", AttributeType::Enum(&["Allow", "Deny"]), "What is done without a rule.")
        .required(),
    Attribute::new("ip_rules", AttributeType::List(&AttributeType::Object(IP_RULE)), "Addresses that may come in.")
        .keyed_by(&["value"])
        .equality(Equality::EmptyIsAbsent),
];

const IDENTITY: &[Attribute] = &[
    Attribute::new(
        "type",
        AttributeType::Enum(&["SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned", "None"]),
        "Whose identity it is.",
    )
    .required(),
    USER_IDENTITIES,
];

const ENCRYPTION: &[Attribute] = &[
    Attribute::new("status", STATUS, "Whether images are encrypted with a key of one's own.").optional_computed(),
    Attribute::object(
        "key_vault_properties",
        &[
            Attribute::string("key_identifier", "URI of the key, without a version so that it may be rotated."),
            Attribute::string("identity", "Client id of the identity that reads the key."),
        ],
        "The key.",
    ),
];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the world: it is a part of the address.", NAME),
    GROUP,
    LOCATION,
    Attribute::object(
        "sku",
        &[Attribute::new(
            "name",
            AttributeType::Enum(&["Classic", "Basic", "Standard", "Premium"]),
            "Size and features.",
        )
        .required()],
        "Size and features.",
    )
    .required(),
    Attribute::boolean("admin_user_enabled", "Whether there is a user with a password.").default_bool(false),
    Attribute::boolean("data_endpoint_enabled", "Whether layers come from an address of the registry's own (Premium).")
        .default_bool(false),
    Attribute::new(
        "public_network_access",
        AttributeType::Enum(&["Enabled", "Disabled"]),
        "Whether it has a public address.",
    )
    .default_string("Enabled"),
    Attribute::object("network_rule_set", NETWORK, "Who may come in (Premium).").optional_computed(),
    Attribute::new(
        "network_rule_bypass_options",
        AttributeType::Enum(&["AzureServices", "None"]),
        "Who comes in past the rules.",
    )
    .default_string("AzureServices"),
    Attribute::object("policies", POLICIES, "Retention, quarantine, trust, export.").optional_computed(),
    Attribute::new(
        "zone_redundancy",
        AttributeType::Enum(&["Enabled", "Disabled"]),
        "Whether it lies in several zones (Premium).",
    )
    .default_string("Disabled")
    .create_only(),
    Attribute::object("identity", IDENTITY, "Identities of the registry."),
    Attribute::object("encryption", ENCRYPTION, "Encryption with a key of one's own (Premium).").optional_computed(),
    TAGS,
    ID,
    Attribute::string("login_server", "Address, such as `example.azurecr.io`.").computed(),
    PRINCIPAL_ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("container_registry", "A registry of images (`Microsoft.ContainerRegistry/registries`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(1800, 1800, 1800)
        .usually_takes_s(15)
        .import_help("the registry's id, `…/Microsoft.ContainerRegistry/registries/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.ContainerRegistry/registries", versions::CONTAINER_REGISTRY, Scope::Group)
        .with_volatile(&[("principal_id", &["identity"])])
        .with_hooks(&Registry);

struct Registry;

impl crate::resource::Hooks for Registry {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let sku = known(config, "sku").and_then(|sku| text(sku, "name"));
        let Some(sku) = sku.filter(|sku| *sku != "Premium") else { return };
        let yes = |name| known(config, name).and_then(|value| value.decode().ok()).unwrap_or(false);
        let is = |name, value| text(config, name) == Some(value);
        let premium = [
            ("data_endpoint_enabled", yes("data_endpoint_enabled")),
            ("public_network_access", is("public_network_access", "Disabled")),
            ("zone_redundancy", is("zone_redundancy", "Enabled")),
            ("network_rule_set", known(config, "network_rule_set").is_some()),
            ("encryption", known(config, "encryption").and_then(|one| text(one, "status")) == Some("enabled")),
        ];
        for (name, _) in premium.into_iter().filter(|(_, wanted)| *wanted) {
            findings.error(
                AttributePath::member(name),
                format!("a registry of the sku {sku} cannot have this"),
                "write `sku = { name = \"Premium\" }`, or take it away",
            );
        }
    }
}
