//! `aws.eks_token`: who the provider is, as EKS' API servers take it.
//!
//! The token is the address of a request to STS, signed in advance; EKS sends that request to learn who asks. Its form is
//! that of `aws eks get-token` (aws-cli, `awscli/customizations/eks/get_token.py`) and of aws-iam-authenticator (its README,
//! "API Authorization from Outside a Cluster"), which takes it until 15 minutes after `X-Amz-Date`.

use super::AwsEphemeral;
use crate::client::Session;
use async_trait::async_trait;
use aws_sdk_sts::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::date_time::{DateTime, Format};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_model::{AttributePath, Redacted};
use formwork_provider_api::{ErrorClass, ProviderError};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime};

/// How a token begins.
const PREFIX: &str = "k8s-aws-v1.";
/// The header that binds the token to a cluster; it is signed, and EKS sends it.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// What EKS sends to STS.
const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
/// `X-Amz-Expires`: what the CLI writes, although the token is taken for longer.
const URL_EXPIRES: Duration = Duration::from_secs(60);
/// For how long EKS takes it.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// It is renewed so long before it ends: a request that is under way, and a renewal that fails at first, have time.
const MARGIN: Duration = Duration::from_secs(2 * 60);

/// The ephemeral type.
pub(crate) struct EksToken;

/// All attributes.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Values {
    cluster: String,
    token: Redacted<String>,
    expires_at: String,
}

#[async_trait]
impl AwsEphemeral for EksToken {
    const SCHEMA: ResourceSchema = ResourceSchema::new(
        "eks_token",
        "A bearer token for the API server of an EKS cluster: who the provider is, as `aws eks get-token` says it. Nothing is \
         asked to make it, so that the cluster may not exist yet. EKS takes it for 15 minutes; it is renewed before.",
    )
    .attributes(&[
        Attribute::reference("cluster", &["aws.eks_cluster"], "The cluster, or its name.").required(),
        Attribute::string("token", "The token, for `token` of a `kubernetes` or `argocd` provider.").computed().secret(),
        Attribute::string("expires_at", "When it ends, such as `2026-03-01T12:00:00Z`.").computed(),
    ])
    .identity(&["cluster"]);

    type Values = Values;

    async fn make(&self, session: &Session, config: Values) -> Result<(Values, Duration), ProviderError> {
        let credentials = session.credentials().await?;
        let now = SystemTime::now();
        let ends = credentials.expiry().map_or(now + LIFE, |expiry| expiry.min(now + LIFE));
        let request =
            Request { endpoint: &session.sts_endpoint().await?, region: &session.region, cluster: &config.cluster };
        let token = request.token(&credentials, now)?;
        let expires_at = DateTime::from_secs(DateTime::from(ends).secs()).fmt(Format::DateTime).unwrap_or_default();
        let renew_in = renewal(ends.duration_since(now).unwrap_or_default());
        Ok((Values { cluster: config.cluster, token: Redacted(token), expires_at }, renew_in))
    }
}

/// When to renew what lasts so long: credentials of a role may end before the token does.
fn renewal(lasts: Duration) -> Duration {
    lasts.saturating_sub(MARGIN.min(lasts / 2)).max(Duration::from_secs(10))
}

/// The request that EKS is to send.
struct Request<'a> {
    /// STS of the region, without a path.
    endpoint: &'a str,
    region: &'a str,
    cluster: &'a str,
}

impl Request<'_> {
    fn token(&self, credentials: &Credentials, now: SystemTime) -> Result<String, ProviderError> {
        Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.presigned(credentials, now)?)))
    }

    /// The request's address with its signature.
    fn presigned(&self, credentials: &Credentials, now: SystemTime) -> Result<String, ProviderError> {
        let unsigned = format!("{}/?{QUERY}", self.endpoint.trim_end_matches('/'));
        let headers = [(CLUSTER_HEADER, self.cluster)];
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(URL_EXPIRES);
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("sts")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| unsigned_for(&error))?
            .into();
        let signable = SignableRequest::new("GET", &unsigned, headers.into_iter(), SignableBody::Bytes(&[]))
            .map_err(|error| unsigned_for(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsigned_for(&error))?.into_parts();
        let mut request = http::Request::get(&unsigned).body(()).map_err(|error| unsigned_for(&error))?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request.uri().to_string())
    }
}

/// A name that is no header's value, an endpoint that is no address.
fn unsigned_for(error: &dyn std::error::Error) -> ProviderError {
    ProviderError::new(ErrorClass::Invalid, format!("the token's request cannot be signed: {error}"))
        .at(AttributePath::member("cluster"))
        .help("give the cluster's name as EKS has it: letters, digits, `-` and `_`")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use std::collections::BTreeMap;

    /// 2026-03-01T12:00:00Z
    const NOW: Duration = Duration::from_secs(1_772_366_400);

    fn parameters(url: &str) -> (String, BTreeMap<String, String>) {
        let (address, query) = url.split_once('?').unwrap();
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap());
        (address.to_owned(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The addresses are those that botocore 1.44.8 makes as `aws eks get-token` asks it to, at the same time.
    #[test]
    fn the_address_is_that_of_the_aws_cli() {
        let cases = [
            (
                "https://sts.eu-west-1.amazonaws.com",
                "eu-west-1",
                None,
                "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
                 &X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260301%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260301T120000Z\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                 &X-Amz-Signature=591b3c49e6928c4bb431d0f128a3c379e147f7eac66fa12838cfd37bb9aa9b14",
            ),
            (
                "https://sts.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                Some("a+token/with=signs"),
                "https://sts.cn-north-1.amazonaws.com.cn/?Action=GetCallerIdentity&Version=2011-06-15\
                 &X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260301%2Fcn-north-1%2Fsts%2Faws4_request&X-Amz-Date=20260301T120000Z\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                 &X-Amz-Security-Token=a%2Btoken%2Fwith%3Dsigns\
                 &X-Amz-Signature=71ecc6584a1874bcd10e4f1b301db0bf8efecb4e49adbaf02fdf914a4b6127be",
            ),
            (
                "http://127.0.0.1:5000/",
                "us-east-1",
                Some("a+token/with=signs"),
                "http://127.0.0.1:5000/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20260301%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20260301T120000Z\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
                 &X-Amz-Security-Token=a%2Btoken%2Fwith%3Dsigns\
                 &X-Amz-Signature=78b587ebda4ab3c2cde82f906822deacbb55b27f9ed23fab6206abdc2ddb24ff",
            ),
        ];
        for (endpoint, region, session, wanted) in cases {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let credentials = Credentials::new("AKIDEXAMPLE", secret, session.map(str::to_owned), None, "test");
            let request = Request { endpoint, region, cluster: "shop_eu-1" };
            let url = request.presigned(&credentials, SystemTime::UNIX_EPOCH + NOW).unwrap();
            assert_eq!(parameters(&url), parameters(wanted), "{url}");
        }
    }

    #[test]
    fn it_is_renewed_before_it_ends() {
        let cases = [(900, 780), (240, 120), (120, 60), (30, 15), (5, 10), (0, 10)];
        for (lasts, renewed_in) in cases {
            assert_eq!(renewal(Duration::from_secs(lasts)), Duration::from_secs(renewed_in), "{lasts} s");
        }
    }

    #[test]
    fn a_name_that_is_no_header_is_refused() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
        let request = Request { endpoint: "https://sts.eu-west-1.amazonaws.com", region: "eu-west-1", cluster: "a\nb" };
        let error = request.token(&credentials, SystemTime::UNIX_EPOCH + NOW).unwrap_err();
        assert_eq!(error.class, ErrorClass::Invalid);
    }
}
