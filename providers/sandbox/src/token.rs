//! Azure AD as far as clients need it: tokens for a client secret, and the documents that say where to ask.
//!
//! The client secret is the sandbox's token. Any other is refused, so that nobody on this machine gets in by asking, and
//! real credentials that were sent here by mistake come to nothing.

use crate::exchange::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Sha256;

/// The tenant of a sandbox.
pub const TENANT: &str = "00000000-0000-4000-8000-0000000000aa";
/// The subscription of a sandbox.
pub const SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";
/// The application that clients are signed in as.
pub const CLIENT: &str = "00000000-0000-4000-8000-0000000000cc";
/// Its object in the directory.
pub const PRINCIPAL: &str = "00000000-0000-4000-8000-0000000000dd";
/// How long a token is good for, as in the real service.
const LIFETIME_SECONDS: i64 = 3599;

/// Issues tokens and checks them.
pub(crate) struct Tokens {
    secret: String,
    url: String,
}

impl Tokens {
    /// For a sandbox with this token at this URL.
    pub(crate) const fn new(secret: String, url: String) -> Self {
        Self { secret, url }
    }

    /// Whether a request with this `Authorization` may come in.
    pub(crate) fn admits(&self, authorization: Option<&str>, now_ms: i64) -> bool {
        let bearer = authorization.and_then(|text| text.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        token.is_some_and(|token| self.is_secret(token) || self.is_current(token, now_ms))
    }

    /// Compared by their tags, so that the time it takes tells nothing.
    fn is_secret(&self, token: &str) -> bool {
        let tag = |text: &str| self.mac(text).finalize().into_bytes();
        tag(token) == tag(&self.secret)
    }

    fn is_current(&self, token: &str, now_ms: i64) -> bool {
        let Some((signed, signature)) = token.rsplit_once('.') else { return false };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let claims = signed.split_once('.').and_then(|(_, claims)| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims: Option<Json> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
        let expires = claims.and_then(|claims| claims.get("exp")?.as_i64());
        self.mac(signed).verify_slice(&signature).is_ok() && expires.is_some_and(|expires| now_ms / 1000 < expires)
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.secret.as_bytes()).expect("any length");
        mac.update(text.as_bytes());
        mac
    }

    /// Answers a token request (a form).
    pub(crate) fn issue(&self, tenant: &str, form: &[(String, String)], now_ms: i64) -> Response {
        let field = |name: &str| form.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("client_credentials") {
            let text = "AADSTS70003: the sandbox knows the grant type client_credentials only.";
            return refused(400, "unsupported_grant_type", text);
        }
        if !field("client_secret").is_some_and(|secret| self.is_secret(secret)) {
            let text = "AADSTS7000215: Invalid client secret provided: the sandbox takes its own token as client secret \
                        (`formwork sandbox start --json` prints it).";
            return refused(401, "invalid_client", text);
        }
        let audience = field("scope").and_then(|scope| scope.split(' ').next()).or(field("resource"));
        let audience = audience.unwrap_or_default().trim_end_matches("/.default").to_owned();
        let client = field("client_id").unwrap_or(CLIENT);
        let now = now_ms / 1000;
        let claims = json!({
            "aud": audience, "iss": format!("{}/{tenant}/", self.url), "iat": now, "nbf": now, "exp": now + LIFETIME_SECONDS,
            "appid": client, "oid": PRINCIPAL, "sub": PRINCIPAL, "tid": tenant, "ver": "1.0",
        });
        let token = self.signed(&claims);
        let answer = json!({
            "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "ext_expires_in": LIFETIME_SECONDS,
            "expires_on": (now + LIFETIME_SECONDS).to_string(), "resource": audience, "access_token": token,
        });
        Response::json(200, answer).header("cache-control", "no-store")
    }

    fn signed(&self, claims: &Json) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(claims));
        let signature = self.mac(&signed).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Where a tenant's endpoints are.
    pub(crate) fn openid(&self, tenant: &str) -> Response {
        let at = |path: &str| format!("{}/{tenant}/{path}", self.url);
        Response::json(
            200,
            json!({
                "issuer": at("v2.0"), "token_endpoint": at("oauth2/v2.0/token"),
                "authorization_endpoint": at("oauth2/v2.0/authorize"), "jwks_uri": at("discovery/v2.0/keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "response_types_supported": ["token"], "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["HS256"], "tenant_region_scope": null,
            }),
        )
    }

    /// Which authorities there are: this one.
    pub(crate) fn instances(&self) -> Response {
        let host = self.url.trim_start_matches("https://");
        let endpoint = format!("{}/common/.well-known/openid-configuration", self.url);
        let metadata = json!([{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }]);
        Response::json(
            200,
            json!({ "tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": metadata }),
        )
    }

    /// The cloud's endpoints, as a client registers a cloud by its ARM address.
    pub(crate) fn cloud(&self) -> Response {
        let url = &self.url;
        Response::json(
            200,
            json!([{
                "name": "Formwork sandbox", "portal": url, "resourceManager": format!("{url}/"),
                "authentication": {
                    "loginEndpoint": format!("{url}/"), "audiences": [format!("{url}/"), "https://management.azure.com/"],
                    "tenant": TENANT, "identityProvider": "AAD",
                },
                "suffixes": { "keyVaultDns": format!("{}/vaults", url.trim_start_matches("https://")) },
            }]),
        )
    }
}

fn refused(status: u16, error: &str, description: &str) -> Response {
    Response::json(status, json!({ "error": error, "error_description": description, "error_codes": [] }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn only_the_sandbox_s_own_token_buys_one_and_it_ends() {
        let tokens = Tokens::new("own".into(), "https://127.0.0.1:1".into());
        let ask = |secret: &str| {
            let form = form(&[
                ("grant_type", "client_credentials"),
                ("client_secret", secret),
                ("scope", "https://x/.default"),
            ]);
            tokens.issue("t", &form, 1_000_000)
        };
        assert_eq!(ask("a-real-secret").status, 401);
        let answer = ask("own");
        let token = answer.body.unwrap()["access_token"].as_str().unwrap().to_owned();
        let bearer = format!("Bearer {token}");
        assert!(tokens.admits(Some(&bearer), 1_000_000));
        assert!(!tokens.admits(Some(&bearer), 1_000_000 + 3_600_000), "it has expired");
        assert!(!Tokens::new("other".into(), String::new()).admits(Some(&bearer), 1_000_000));
        assert!(tokens.admits(Some("bearer own"), 0));
        for wrong in [None, Some("own"), Some("Basic own"), Some("Bearer "), Some("Bearer a.b.c"), Some("Bearer owner")]
        {
            assert!(!tokens.admits(wrong, 1_000_000), "{wrong:?}");
        }
        assert_eq!(tokens.issue("t", &form(&[("grant_type", "password")]), 0).status, 400);
    }
}
