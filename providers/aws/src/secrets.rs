//! Secrets Manager, as far as `secret_from` needs it: one call, signed by hand. Its SDK would make every build longer.

use crate::client::{Access, check_account, timeouts};
use crate::configuration::Configuration;
use crate::error::{IntoProviderError, missing, unsent_error};
use crate::resource::decode;
use async_trait::async_trait;
use aws_sdk_sts::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput};
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::ErrorMetadata;
use formwork_model::Redacted;
use formwork_model::schema::SecretScheme;
use formwork_provider_api::{
    ConfigureRequest, ErrorClass, ProviderError, ReadSecretRequest, SecretReader, configuration,
};
use serde_json::{Value as Json, json};
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, OnceCell};

/// The call, as the service's protocol (JSON 1.1) names it.
pub(crate) const TARGET: &str = "secretsmanager.GetSecretValue";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The variable by which the SDKs take another address for this service alone.
const ENDPOINT_VARIABLE: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

/// What `secret_from` reads here.
pub(crate) const SCHEMES: &[SecretScheme] = &[SecretScheme {
    name: "secrets_manager",
    form: "NAME[?stage=STAGE|?version=ID][#KEY]",
    example: "secrets_manager:prod/db#password",
    docs: "The text of a secret in AWS Secrets Manager; NAME is its name or its ARN, whose region is then asked. Without \
           `?stage=` and `?version=` it is the version `AWSCURRENT`.",
    pattern: r"(?:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@!-]{1,519}(?:\?(?:stage|version)=[A-Za-z0-9/_+=.@!-]{1,256})?",
    keyed: true,
}];

/// Attributes of the block that decide which secret is read.
const DECIDING: &[&str] = &["region", "profile", "endpoint", "assume_role", "allowed_account_ids"];

/// Reads secrets with the credentials of a block.
pub(crate) struct Reader {
    access: Access,
    allowed: Vec<String>,
    checked: OnceCell<()>,
    /// A role is not taken on anew for each secret.
    credentials: Mutex<Option<Credentials>>,
}

/// Credentials that end sooner are asked for again.
const MARGIN: Duration = Duration::from_secs(60);

impl Reader {
    /// Finds the credentials. A region may come with the secret.
    ///
    /// # Errors
    /// As [`Access::open`].
    pub(crate) async fn open(request: ConfigureRequest) -> Result<Self, ProviderError> {
        let known = configuration::known(request.configuration.view(), DECIDING)?;
        let configuration: Configuration = decode(known.view())?;
        let access = Access::open(&configuration, &request.environment).await?;
        Ok(Self {
            access,
            allowed: configuration.allowed_account_ids,
            checked: OnceCell::new(),
            credentials: Mutex::default(),
        })
    }

    async fn credentials(&self) -> Result<Credentials, ProviderError> {
        let mut known = self.credentials.lock().await;
        let lasts = |known: &&Credentials| known.expiry().is_none_or(|ends| ends > SystemTime::now() + MARGIN);
        if let Some(known) = known.as_ref().filter(lasts) {
            return Ok(known.clone());
        }
        Ok(known.insert(self.access.credentials().await?).clone())
    }

    async fn check(&self) -> Result<(), ProviderError> {
        if self.allowed.is_empty() {
            return Ok(());
        }
        let check = async || check_account(&self.access.ask_caller().await?.account, &self.allowed);
        self.checked.get_or_try_init(check).await.copied()
    }

    /// Where the service answers in a region: beside STS, whose rules for partitions the SDK knows.
    async fn address(&self, region: &str) -> Result<String, ProviderError> {
        let variable = || std::env::var(ENDPOINT_VARIABLE).ok().filter(|text| !text.is_empty());
        let given = self.access.endpoint.clone().or_else(variable);
        if let Some(given) = given.or_else(|| self.access.config.endpoint_url().map(str::to_owned)) {
            return Ok(given);
        }
        let sts = self.access.vendors_sts(region).await?;
        let beside = sts.strip_prefix("https://sts").map(|rest| format!("https://secretsmanager{rest}"));
        beside.ok_or_else(|| missing("an address of Secrets Manager"))
    }
}

#[async_trait]
impl SecretReader for Reader {
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError> {
        let wanted = Wanted::of(&request.name);
        let region = wanted.region().map_or_else(|| self.access.region(), |region| Ok(region.to_owned()))?;
        self.check().await?;
        let address = self.address(&region).await?;
        let credentials = self.credentials().await?;
        let call = Call { address: &address, region: &region, body: wanted.body() };
        let signed = call.signed(&credentials, SystemTime::now())?;
        let answer = self.send(&address, signed).await.map_err(|error| explained(error, &wanted, &region))?;
        match answer {
            Answer::Text(text) => Ok(text),
            Answer::Binary => Err(ProviderError::invalid(format!("the secret `{}` is binary", wanted.id))
                .help("a secret is read as text: store it as a string, in base64 for instance")),
            Answer::Nothing => Err(missing("the secret's text")),
        }
    }
}

impl Reader {
    async fn send(&self, address: &str, signed: Signed) -> Result<Answer, ProviderError> {
        let client = self.access.config.http_client().ok_or_else(|| unsent_error("there is no HTTP client"))?;
        let operation = Operation::builder()
            .service_name("Secrets Manager")
            .operation_name("GetSecretValue")
            .http_client(client)
            .endpoint_url(address)
            .no_auth()
            // Retries are the engine's.
            .no_retry()
            .timeout_config(timeouts())
            .runtime_plugin(untold())
            .serializer(|signed: Signed| signed.request())
            .deserializer(read)
            .build();
        operation.invoke(signed).await.map_err(IntoProviderError::classify)
    }
}

/// The answer is not in the SDK's own traces either.
fn untold() -> StaticRuntimePlugin {
    let mut layer = Layer::new("secrets");
    layer.store_put(SensitiveOutput);
    StaticRuntimePlugin::new().with_config(layer.freeze())
}

/// Which secret, and which version of it.
struct Wanted<'a> {
    id: &'a str,
    /// Field of the request, and its value.
    version: Option<(&'static str, &'a str)>,
}

impl<'a> Wanted<'a> {
    fn of(name: &'a str) -> Self {
        let (id, version) = name.split_once('?').map_or((name, None), |(id, version)| (id, Some(version)));
        let field = |version: &'a str| {
            let stage = version.strip_prefix("stage=").map(|stage| ("VersionStage", stage));
            stage.or_else(|| version.strip_prefix("version=").map(|version| ("VersionId", version)))
        };
        Self { id, version: version.and_then(field) }
    }

    /// The region of an ARN.
    fn region(&self) -> Option<&'a str> {
        self.id.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(2))
    }

    fn body(&self) -> String {
        let mut body = json!({ "SecretId": self.id });
        if let (Some((field, value)), Some(body)) = (self.version, body.as_object_mut()) {
            body.insert(field.to_owned(), Json::from(value));
        }
        body.to_string()
    }
}

/// A call that is to be signed.
struct Call<'a> {
    address: &'a str,
    region: &'a str,
    body: String,
}

/// A signed call.
#[derive(Clone)]
struct Signed {
    headers: Vec<(String, String)>,
    body: String,
}

impl std::fmt::Debug for Signed {
    /// Without the headers, among which is the signature.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Signed").field("body", &self.body).finish_non_exhaustive()
    }
}

impl Call<'_> {
    fn signed(self, credentials: &Credentials, now: SystemTime) -> Result<Signed, ProviderError> {
        let unsigned = |error: &dyn std::error::Error| unsent_error(&format!("it cannot be signed: {error}"));
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name("secretsmanager")
            .time(now)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let url = format!("{}/", self.address.trim_end_matches('/'));
        let own = [("content-type", CONTENT_TYPE), ("x-amz-target", TARGET)];
        let signable = SignableRequest::new("POST", &url, own.into_iter(), SignableBody::Bytes(self.body.as_bytes()))
            .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| unsigned(&error))?.into_parts();
        let signature = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(Signed { headers: own.chain(signature).collect(), body: self.body })
    }
}

impl Signed {
    fn request(self) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        request.set_method("POST")?;
        request.set_uri("/")?;
        for (name, value) in self.headers {
            request.headers_mut().try_insert(name, value)?;
        }
        Ok(request)
    }
}

/// What the service says.
#[derive(Debug)]
enum Answer {
    Text(Redacted<String>),
    Binary,
    Nothing,
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    // What it is not is not quoted: it may be a part of the secret.
    let json: Option<Json> = serde_json::from_slice(body).ok();
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(response, json.as_ref())));
    }
    let json = json.ok_or_else(|| OrchestratorError::response("it is no JSON".into()))?;
    Ok(match json.get("SecretString").and_then(Json::as_str) {
        Some(text) => Answer::Text(Redacted(text.to_owned())),
        None if json.get("SecretBinary").is_some_and(|binary| !binary.is_null()) => Answer::Binary,
        None => Answer::Nothing,
    })
}

/// `__type` may begin with a namespace, the header may end with an address.
fn refusal(response: &HttpResponse, json: Option<&Json>) -> ErrorMetadata {
    let word = |names: &[&str]| names.iter().find_map(|name| json?.get(*name)?.as_str());
    let code = response.headers().get("x-amzn-errortype").or_else(|| word(&["__type", "code"])).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    let mut metadata = ErrorMetadata::builder().code(code);
    if let Some(message) = word(&["message", "Message"]) {
        metadata = metadata.message(message);
    }
    metadata.build()
}

/// The error with the secret that it is about, and what to do.
fn explained(error: ProviderError, wanted: &Wanted<'_>, region: &str) -> ProviderError {
    let help = match error.code.as_str() {
        "ResourceNotFoundException" => {
            Some(format!("check its name, its version, and the region: it was asked for in {region}"))
        }
        "AccessDeniedException" | "AccessDenied" => Some(
            "the credentials need `secretsmanager:GetSecretValue` on it, and `kms:Decrypt` where its key is not AWS's own"
                .to_owned(),
        ),
        "DecryptionFailure" | "DecryptionFailureException" => {
            Some("the KMS key of the secret must exist, be enabled, and allow `kms:Decrypt` to the credentials".to_owned())
        }
        "InvalidRequestException" => Some(
            "a secret that is marked for deletion can be brought back until it is gone: `aws secretsmanager restore-secret`"
                .to_owned(),
        ),
        _ => None,
    };
    let answered = !matches!(error.class, ErrorClass::Unreachable | ErrorClass::AnswerLost);
    let message = match answered && !error.code.is_empty() {
        true => format!("Secrets Manager does not give `{}`: {} ({})", wanted.id, error.message, error.code),
        false => format!("Secrets Manager cannot be asked for `{}`: {}", wanted.id, error.message),
    };
    let error = ProviderError { message, ..error };
    match help {
        Some(help) => error.help(help),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_source_says_secret_region_and_version() {
        let cases = [
            ("prod/db", None, r#"{"SecretId":"prod/db"}"#),
            ("prod/db?stage=AWSPREVIOUS", None, r#"{"SecretId":"prod/db","VersionStage":"AWSPREVIOUS"}"#),
            (
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf?version=1-2",
                Some("eu-west-1"),
                r#"{"SecretId":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf","VersionId":"1-2"}"#,
            ),
        ];
        for (name, region, body) in cases {
            let wanted = Wanted::of(name);
            assert_eq!(wanted.region(), region, "{name}");
            let body: Json = serde_json::from_str(body).unwrap();
            assert_eq!(serde_json::from_str::<Json>(&wanted.body()).unwrap(), body, "{name}");
        }
    }

    /// The signatures are those of botocore 1.44.8 for the same call at the same time.
    #[test]
    fn the_signature_is_that_of_botocore() {
        let cases = [SIGNED_PLAIN, SIGNED_WITH_SESSION];
        for (address, region, session, wanted) in cases {
            let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
            let credentials = Credentials::new("AKIDEXAMPLE", secret, session.map(str::to_owned), None, "test");
            let call = Call { address, region, body: r#"{"SecretId": "prod/db"}"#.to_owned() };
            // 2026-03-01T12:00:00Z
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400);
            let signed = call.signed(&credentials, now).unwrap();
            let header = signed.headers.iter().find(|(name, _)| name == "authorization").unwrap();
            assert_eq!(header.1, wanted, "{address}");
        }
    }

    type Case = (&'static str, &'static str, Option<&'static str>, &'static str);
    const SIGNED_PLAIN: Case = (
        "https://secretsmanager.eu-west-1.amazonaws.com",
        "eu-west-1",
        None,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/eu-west-1/secretsmanager/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
         Signature=5a025dc6f44ccf1afb0641ddcf9d105d03a4d5533120fba0d4813fc2b6175753",
    );
    const SIGNED_WITH_SESSION: Case = (
        "http://127.0.0.1:5000/",
        "us-east-1",
        Some("a+token/with=signs"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/secretsmanager/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, \
         Signature=c718e1d616d5444ee7be22a43dfd4eea8cfe3b09336be8a845c2f9fb807f2076",
    );
}
