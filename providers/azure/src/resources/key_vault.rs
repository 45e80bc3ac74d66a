//! `azure.key_vault`: secrets, keys and certificates. A deleted vault keeps its name until it is purged.

use crate::arm::operation::{Handle, Waiting};
use crate::arm::{Request, ResourceId, Verb};
use crate::resource::path::LOCAL;
use crate::resource::{ArmType, Change, Hooks, Scope, meaning};
use crate::schema::{FULL, GROUP, ID, LOCATION, TAGS, name, versions};
use crate::session::Session;
use crate::validate::{Findings, known};
use async_trait::async_trait;
use formwork_model::schema::{
    Attribute, AttributeType, Default as Preset, Equality, Limit, Recognition, ResourceSchema,
};
use formwork_model::{AttributePath, Map, Value, ValueRef};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;
use std::time::Duration;

const PERMISSIONS: &[Attribute] = &[
    Attribute::new(
        "secrets",
        AttributeType::Set(&AttributeType::Enum(&[
            "all", "get", "list", "set", "delete", "backup", "restore", "recover", "purge",
        ])),
        "What may be done with secrets.",
    )
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "keys",
        AttributeType::Set(&AttributeType::Enum(&[
            "all",
            "encrypt",
            "decrypt",
            "wrapKey",
            "unwrapKey",
            "sign",
            "verify",
            "get",
            "list",
            "create",
            "update",
            "import",
            "delete",
            "backup",
            "restore",
            "recover",
            "purge",
            "release",
            "rotate",
            "getrotationpolicy",
            "setrotationpolicy",
        ])),
        "What may be done with keys.",
    )
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "certificates",
        AttributeType::Set(&AttributeType::Enum(&[
            "all",
            "get",
            "list",
            "delete",
            "create",
            "import",
            "update",
            "managecontacts",
            "getissuers",
            "listissuers",
            "setissuers",
            "deleteissuers",
            "manageissuers",
            "recover",
            "purge",
            "backup",
            "restore",
        ])),
        "What may be done with certificates.",
    )
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "storage",
        AttributeType::Set(&AttributeType::Enum(&[
            "all",
            "get",
            "list",
            "delete",
            "set",
            "update",
            "regeneratekey",
            "recover",
            "purge",
            "backup",
            "restore",
            "setsas",
            "listsas",
            "getsas",
            "deletesas",
        ])),
        "What may be done with keys of storage accounts.",
    )
    .equality(Equality::EmptyIsAbsent),
];

const ACCESS_POLICY: &[Attribute] = &[
    Attribute::string("tenant_id", "Directory.").required().equality(Equality::CaseInsensitive),
    Attribute::string("object_id", "Object id of who may.").required().equality(Equality::CaseInsensitive),
    Attribute::string("application_id", "Application through which alone.").equality(Equality::CaseInsensitive),
    Attribute::object("permissions", PERMISSIONS, "What is allowed.").required(),
];

const NETWORK_ACLS: &[Attribute] = &[
    Attribute::new("bypass", AttributeType::Enum(&["AzureServices", "None"]), "Who comes in past the rules.")
        .default_string("AzureServices"),
    Attribute::new("default_action", AttributeType::Enum(&["Allow", "Deny"]), "What is done without a rule.")
        .default_string("Allow"),
    Attribute::new(
        "ip_rules",
        AttributeType::List(&AttributeType::Object(&[Attribute::string(
            "value",
            "Range; of a single address, with `/32`.",
        )
        .required()])),
        "Addresses that may come in.",
    )
    .keyed_by(&["value"])
    .equality(Equality::EmptyIsAbsent),
    Attribute::new(
        "virtual_network_rules",
        AttributeType::List(&AttributeType::Object(&[
            Attribute::reference("subnet", &["azure.subnet"], "Subnet with the service endpoint `Microsoft.KeyVault`.")
                .vendor("id")
                .required()
                .equality(Equality::CaseInsensitive),
            Attribute::boolean("ignore_missing_vnet_service_endpoint", "Whether the endpoint may come later.")
                .optional_computed(),
        ])),
        "Subnets that may come in.",
    )
    .keyed_by(&["subnet"])
    .equality(Equality::EmptyIsAbsent),
];

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the world: it is a part of the address.",
        &[Limit::Pattern(
            "^[a-zA-Z](?:[a-zA-Z0-9]|-[a-zA-Z0-9]){1,22}[a-zA-Z0-9]?$",
            "3 to 24 letters, digits and single `-`, a letter first, a letter or digit last",
        )],
    ),
    GROUP,
    LOCATION,
    Attribute::string("tenant_id", "Directory whose principals may come in; else the provider's `tenant_id`.")
        .optional_computed()
        .equality(Equality::CaseInsensitive),
    Attribute::object(
        "sku",
        &[
            Attribute::new("name", AttributeType::Enum(&["standard", "premium"]), "`premium` keeps keys in hardware.")
                .default_string("standard"),
            Attribute::new("family", AttributeType::Enum(&["A"]), "Always `A`.").default_string("A"),
        ],
        "Kind of vault.",
    )
    .vendor("properties.sku")
    .default(Preset::Json(r#"{"name":"standard","family":"A"}"#)),
    Attribute::boolean(
        "enable_rbac_authorization",
        "Whether role assignments say who may do what, and not `access_policies`.",
    )
    .default_bool(false),
    Attribute::new(
        "access_policies",
        AttributeType::List(&AttributeType::Object(ACCESS_POLICY)),
        "Who may do what, where roles do not say it.",
    )
    .keyed_by(&["object_id", "application_id"])
    .default(Preset::Empty),
    Attribute::boolean("enable_purge_protection", "Whether nobody can purge the vault. It cannot be turned off again."),
    Attribute::boolean("enable_soft_delete", "Always true: Azure has no vaults without.").default_bool(true),
    Attribute::int("soft_delete_retention_in_days", "How long a deleted vault is kept, 7 to 90 days.")
        .default_int(90)
        .create_only()
        .limits(&[Limit::Range(7, 90)]),
    Attribute::boolean("enabled_for_deployment", "Whether virtual machines read certificates.").default_bool(false),
    Attribute::boolean("enabled_for_disk_encryption", "Whether disk encryption reads keys.").optional_computed(),
    Attribute::boolean("enabled_for_template_deployment", "Whether ARM templates read secrets.").optional_computed(),
    Attribute::new(
        "public_network_access",
        AttributeType::Enum(&["Enabled", "Disabled"]),
        "Whether it has a public address.",
    )
    .default_string("Enabled"),
    Attribute::object("network_acls", NETWORK_ACLS, "Who may come in.").optional_computed(),
    Attribute::boolean(
        "recover_soft_deleted",
        "Whether a deleted vault of that name is brought back, with what is in it.",
    )
    .vendor(LOCAL)
    .default_bool(false),
    Attribute::boolean("purge_on_delete", "Whether a delete purges the vault, so that its name is free again.")
        .vendor(LOCAL)
        .default_bool(false),
    TAGS,
    ID,
    Attribute::string("vault_uri", "Address, with a `/` at the end.").computed(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("key_vault", "Secrets, keys and certificates (`Microsoft.KeyVault/vaults`).")
        .attributes(ATTRIBUTES)
        .recognised_by(Recognition::Name)
        .timeouts(1800, 1800, 1800)
        .usually_takes_s(25)
        .import_help("the vault's id, `…/Microsoft.KeyVault/vaults/NAME`")
        .capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.KeyVault/vaults", versions::KEY_VAULT, Scope::Group)
        .serialised()
        .with_hooks(&Vault);

struct Vault;

/// How long a purge may take.
const PURGE: Duration = Duration::from_secs(1200);

#[async_trait]
impl Hooks for Vault {
    fn validate(&self, config: ValueRef<'_>, findings: &mut Findings) {
        let is = |name, truth: bool| known(config, name).and_then(|value| value.decode().ok()) == Some(truth);
        if is("enable_purge_protection", false) {
            findings.error(
                AttributePath::member("enable_purge_protection"),
                "purge protection cannot be turned off, and Azure takes no `false`",
                "take the attribute away",
            );
        }
        if is("enable_soft_delete", false) {
            findings.error(
                AttributePath::member("enable_soft_delete"),
                "Azure has no vaults without it, and takes `false` for `true`",
                "take the attribute away; `purge_on_delete` frees the name of a deleted vault",
            );
        }
        if is("enable_purge_protection", true) && is("purge_on_delete", true) {
            findings.error(
                AttributePath::member("purge_on_delete"),
                "a vault with purge protection cannot be purged",
                "take one of `purge_on_delete` and `enable_purge_protection` away",
            );
        }
    }

    fn body(&self, change: &Change<'_>, current: Option<&Json>, body: &mut Json) -> Result<(), ProviderError> {
        let Some(properties) = body.get_mut("properties").and_then(Json::as_object_mut) else { return Ok(()) };
        if !properties.contains_key("tenantId") {
            let tenant = change.session.tenant.clone().ok_or_else(|| {
                ProviderError::invalid("a vault needs the directory whose principals may come in")
                    .at(AttributePath::member("tenant_id"))
                    .help("write `tenant_id` here or in the provider block")
            })?;
            properties.insert("tenantId".to_owned(), Json::from(tenant));
        }
        properties.entry("accessPolicies").or_insert_with(|| Json::Array(Vec::new()));
        for told in ["vaultUri", "hsmPoolResourceId", "privateEndpointConnections"] {
            properties.shift_remove(told);
        }
        if current.is_none() && says(change.wanted, "recover_soft_deleted") {
            properties.insert("createMode".to_owned(), Json::from("recover"));
        }
        Ok(())
    }

    fn foresees(&self) -> bool {
        true
    }

    async fn foresee(&self, session: &Session, planned: &Map, findings: &mut Findings) -> Result<(), ProviderError> {
        // A name or a group that is not known yet tells at apply.
        let Ok(id) = RESOURCE.id_of(session, planned, "") else { return Ok(()) };
        let is_deleted = match self.is_soft_deleted(session, &id, planned).await {
            Ok(is_deleted) => is_deleted,
            // Not everybody may look; the create looks again.
            Err(error) if error.class == ErrorClass::Forbidden => return Ok(()),
            Err(error) => return Err(error),
        };
        match (is_deleted, says(planned, "recover_soft_deleted")) {
            (true, false) => findings.warning(AttributePath::member("name"), taken(id.name()), TAKEN),
            (false, true) => {
                let at = AttributePath::member("recover_soft_deleted");
                findings.warning(at, nothing_to_recover(id.name()), NOTHING_TO_RECOVER);
            }
            _ => {}
        }
        Ok(())
    }

    async fn before_create(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let is_deleted = self.is_soft_deleted(change.session, change.id, change.wanted).await?;
        match (is_deleted, says(change.wanted, "recover_soft_deleted")) {
            (true, false) => Err(ProviderError::new(ErrorClass::Conflict, taken(change.id.name())).help(TAKEN)),
            // Azure refuses to recover what is not there.
            (false, true) => Err(ProviderError::invalid(nothing_to_recover(change.id.name()))
                .at(AttributePath::member("recover_soft_deleted"))
                .help(NOTHING_TO_RECOVER)),
            _ => Ok(()),
        }
    }

    async fn is_soft_deleted(&self, session: &Session, id: &ResourceId, known: &Map) -> Result<bool, ProviderError> {
        let Some(path) = deleted(id, known) else { return Ok(false) };
        let request = Request::at(Verb::Get, path, versions::KEY_VAULT);
        crate::arm::error::found(session.arm.send(request).await).map(|answer| answer.is_some())
    }

    async fn after_delete(&self, change: &Change<'_>) -> Result<(), ProviderError> {
        let Some(path) = deleted(change.id, change.wanted) else { return Ok(()) };
        if !says(change.wanted, "purge_on_delete") || says(change.wanted, "enable_purge_protection") {
            return Ok(());
        }
        let arm = &change.session.arm;
        let request = Request::at(Verb::Post, format!("{path}/purge"), versions::KEY_VAULT);
        let Some(answer) = crate::arm::error::found(arm.send(request).await)? else { return Ok(()) };
        let Some(handle) = Handle::of_delete(&answer, change.id, versions::KEY_VAULT) else { return Ok(()) };
        let what = format!("purging the vault {}", change.id.name());
        Waiting { sink: change.sink, timeout: PURGE, what }.until_done(arm, handle).await
    }
}

const TAKEN: &str = "write `recover_soft_deleted = true` to bring it back, purge it, or choose another name";
const NOTHING_TO_RECOVER: &str = "take `recover_soft_deleted` away";

fn taken(name: &str) -> String {
    format!("a deleted vault keeps the name {name} until it is purged")
}

fn nothing_to_recover(name: &str) -> String {
    format!("there is no deleted vault {name} to bring back")
}

fn says(values: &Map, name: &str) -> bool {
    matches!(values.get(name), Some(Value::Bool(true)))
}

/// Where a deleted vault is told of.
fn deleted(id: &ResourceId, known: &Map) -> Option<String> {
    let location = meaning::location(known.get("location")?.as_str()?);
    let subscription = id.subscription()?;
    Some(format!(
        "/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations/{location}/deletedVaults/{}",
        id.name()
    ))
}
