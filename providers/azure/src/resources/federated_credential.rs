//! `azure.federated_credential`: tokens of another issuer (a cluster, a pipeline) that stand for an identity.

use crate::resource::{ArmType, Scope};
use crate::schema::{FULL, ID, name, versions};
use formwork_model::schema::{
    Attribute, AttributeType, Default as Preset, Equality, Limit, Recognition, ResourceSchema,
};

const ATTRIBUTES: &[Attribute] = &[
    name(
        "Unique in the identity.",
        &[Limit::Pattern(
            "^[a-zA-Z0-9][a-zA-Z0-9-_]{2,119}$",
            "3 to 120 letters, digits, `-` and `_`, a letter or digit first",
        )],
    ),
    Attribute::reference("identity", &["azure.user_assigned_identity"], "The identity.")
        .required()
        .create_only()
        .equality(Equality::CaseInsensitive),
    Attribute::string("issuer", "Who signs the tokens: a cluster's `oidc_issuer_url`.").required(),
    Attribute::string("subject", "Whom they are for: `system:serviceaccount:NAMESPACE:NAME`.").required(),
    Attribute::new("audiences", AttributeType::List(&AttributeType::String), "What they are meant for.")
        .default(Preset::Json(r#"["api://AzureADTokenExchange"]"#))
        .limits(&[Limit::Length(1, 1)]),
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "federated_credential",
    "Tokens of another issuer that stand for an identity (`…/userAssignedIdentities/federatedIdentityCredentials`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::NaturalKey)
.timeouts(300, 300, 300)
.usually_takes_s(2)
.import_help("the credential's id, `…/userAssignedIdentities/NAME/federatedIdentityCredentials/NAME`")
.capabilities(FULL);

/// The type. Of one identity only one is changed at a time: the service refuses more.
pub(crate) static RESOURCE: ArmType = ArmType::new(
    &SCHEMA,
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    versions::MANAGED_IDENTITY,
    Scope::Child("identity"),
)
.serialised();
