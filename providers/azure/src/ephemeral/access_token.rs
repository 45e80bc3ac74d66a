//! `azure.access_token`: a token of the provider's own credentials, for whoever takes those of Microsoft Entra ID: the API
//! server of an AKS cluster that signs in with it, as `kubelogin get-token` does.

use crate::resource::identity::text;
use crate::resource::known_map;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{AttributePath, Value, ValueBuf, ValueRef};
use formwork_provider_api::typed::EphemeralType;
use formwork_provider_api::{OpenRequest, Opened, Private, ProviderError};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How a scope says: all that was granted to who asks. Credentials without a person take no other.
const DEFAULT: &str = "/.default";
/// It is renewed so long before it ends. The credentials ask for another one when it has five minutes left, so that a
/// renewal in the last four gets one.
const MARGIN: Duration = Duration::from_secs(4 * 60);

/// The schema.
pub(crate) const SCHEMA: ResourceSchema = ResourceSchema::new(
    "access_token",
    "A bearer token of the provider's credentials for an application of Microsoft Entra ID. It is renewed before it ends.",
)
.attributes(&[
    Attribute::string(
        "scope",
        "For whom: the application's id or address with `/.default`. AKS clusters that sign in with Microsoft Entra ID all \
         have `6dae42f8-4368-4678-94ff-3960e28e3630/.default`.",
    )
    .required(),
    Attribute::string("token", "The token, for `token` of a `kubernetes` or `argocd` provider.").computed().secret(),
    Attribute::string("expires_at", "When it ends, such as `2026-03-01T12:00:00Z`.").computed(),
])
.identity(&["scope"]);

/// The ephemeral type.
pub(crate) static TYPE: AccessToken = AccessToken;

/// See [`SCHEMA`].
pub(crate) struct AccessToken;

impl AccessToken {
    async fn anew(&self, session: &Session, config: ValueRef<'_>) -> Result<Opened, ProviderError> {
        let config = known_map(config);
        let scope = text(&config, "scope").unwrap_or_default();
        let audience = scope.strip_suffix(DEFAULT).filter(|audience| !audience.is_empty()).ok_or_else(|| {
            ProviderError::invalid(format!("`{scope}` is no scope that credentials without a person can have"))
                .at(AttributePath::member("scope"))
                .help(format!("write the application's id or address with `{DEFAULT}` at its end"))
        })?;
        let token = session.arm.credentials().token(audience).await?;
        let left = token.left();
        let ends = Timestamp::now() + SignedDuration::from_secs(i64::try_from(left.as_secs()).unwrap_or_default());
        let ends = Timestamp::from_second(ends.as_second()).unwrap_or(ends);
        let values = Value::map([
            ("scope", Value::string(scope)),
            ("token", Value::string(token.secret()).secret()),
            ("expires_at", Value::string(ends.to_string())),
        ]);
        Ok(Opened {
            type_name: SCHEMA.name.to_owned(),
            values: ValueBuf::from(values),
            private: Private::default(),
            renew_in_ms: u64::try_from(renewal(left).as_millis()).ok(),
        })
    }
}

/// When to renew what lasts so long yet.
fn renewal(left: Duration) -> Duration {
    left.saturating_sub(MARGIN.min(left / 2)).max(Duration::from_secs(10))
}

#[async_trait]
impl EphemeralType<Session> for AccessToken {
    async fn open(&self, session: &Session, request: OpenRequest) -> Result<Opened, ProviderError> {
        self.anew(session, request.config.view()).await
    }

    async fn renew(&self, session: &Session, opened: Opened) -> Result<Opened, ProviderError> {
        self.anew(session, opened.values.view()).await
    }
}
