//! `azure.ssh_public_key`: a public key that machines are made with.

use crate::arm::{Answer, Request};
use crate::compute::{self, Kind};
use crate::resource::{ArmType, Hooks, Scope};
use crate::schema::{FULL, GROUP, ID, LOCATION, TAGS, name, versions};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Limit, Recognition, ResourceSchema};
use formwork_provider_api::ProviderError;

const NAME: &[Limit] = &[Limit::Pattern(r"^[\w().-]{1,128}$", "1 to 128 letters, digits, `_`, `.`, `-` and brackets")];

const ATTRIBUTES: &[Attribute] = &[
    name("Unique in the group.", NAME),
    GROUP,
    LOCATION,
    Attribute::string("public_key", "Key as OpenSSH writes it, `ssh-ed25519 …` or `ssh-rsa …`.").required(),
    TAGS,
    ID,
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "ssh_public_key",
    "A public key that machines are made with (`Microsoft.Compute/sshPublicKeys`).",
)
.attributes(ATTRIBUTES)
.recognised_by(Recognition::Name)
.usually_takes_s(2)
.import_help("the key's id, `…/Microsoft.Compute/sshPublicKeys/NAME`")
.capabilities(FULL);

/// The type.
pub(crate) static RESOURCE: ArmType =
    ArmType::new(&SCHEMA, "Microsoft.Compute/sshPublicKeys", versions::COMPUTE, Scope::Group).with_hooks(&PublicKey);

struct PublicKey;

#[async_trait]
impl Hooks for PublicKey {
    async fn send(&self, session: &Session, request: Request<'_>) -> Result<Answer, ProviderError> {
        compute::send(session, Kind::SshPublicKey, request).await
    }
}
