//! A session with AWS: credentials by the SDK's own chain, one HTTP client, a client for each service when needed.

use crate::configuration::{AssumeRole, Configuration, check_endpoint, is_loopback};
use crate::error::{IntoProviderError, chain, missing, unsent_error};
use crate::tags::Tags;
use crate::traced::traced;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::endpoint::{self as sts, ResolveEndpoint};
use aws_sdk_sts::config::{Credentials, ProvideCredentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use formwork_model::AttributePath;
use formwork_provider_api::{AccountIdentity, Environment, ErrorClass, ProviderError};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// Credentials and how services are reached, as the block and the environment say it. The region may be missing.
pub(crate) struct Access {
    /// What the SDK found.
    pub(crate) config: SdkConfig,
    /// The address that answers in place of all services.
    pub(crate) endpoint: Option<String>,
}

impl Access {
    /// Finds region and credentials; nothing is asked before they are needed.
    ///
    /// # Errors
    /// When an endpoint may not be contacted, a CA bundle cannot be read, or a role is to be assumed without a region.
    pub(crate) async fn open(configuration: &Configuration, environment: &Environment) -> Result<Self, ProviderError> {
        let endpoint = endpoint(configuration, environment)?;
        let http = http_client(environment, endpoint.as_deref())?;
        let config = if environment.sandbox {
            sandboxed(configuration, http)
        } else {
            load(configuration, endpoint.as_deref(), http).await
        };
        let found = Self { config, endpoint };
        let Some(role) = configuration.assume_role.as_ref().filter(|_| !environment.sandbox) else { return Ok(found) };
        found.region()?;
        Ok(Self { config: assume(found.config, role).await, ..found })
    }

    /// The region's name.
    ///
    /// # Errors
    /// When nobody says it.
    pub(crate) fn region(&self) -> Result<String, ProviderError> {
        self.config.region().map(ToString::to_string).ok_or_else(|| {
            ProviderError::invalid("no AWS region is given")
                .at(AttributePath::member("region"))
                .help("write `region = \"eu-west-1\"` in the provider block, or set AWS_REGION")
        })
    }

    /// Who the credentials are of.
    pub(crate) async fn ask_caller(&self) -> Result<Caller, ProviderError> {
        let mut builder = aws_sdk_sts::config::Builder::from(&self.config);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        let client = aws_sdk_sts::Client::from_conf(builder.build());
        let answer = client.get_caller_identity().send().await.map_err(IntoProviderError::classify)?;
        Ok(Caller {
            account: answer.account.ok_or_else(|| missing("the account"))?,
            arn: answer.arn.unwrap_or_default(),
            user_id: answer.user_id.unwrap_or_default(),
        })
    }

    /// Credentials that are good now; asked anew each time, since those that were used before may be about to end.
    pub(crate) async fn credentials(&self) -> Result<Credentials, ProviderError> {
        let provider = self.config.credentials_provider();
        let provider = provider.ok_or_else(|| unsent_error("there is no provider of credentials"))?;
        provider.provide_credentials().await.map_err(|error| unsent_error(&format!("credentials: {}", chain(&error))))
    }

    /// Where STS of a region is, or what stands in its place.
    pub(crate) async fn sts_endpoint(&self, region: &str) -> Result<String, ProviderError> {
        let given = self.endpoint.as_deref().or_else(|| self.config.endpoint_url());
        match given {
            Some(given) => Ok(given.to_owned()),
            None => self.vendors_sts(region).await,
        }
    }

    /// Where STS of a region is.
    ///
    /// # Errors
    /// When the region is none.
    pub(crate) async fn vendors_sts(&self, region: &str) -> Result<String, ProviderError> {
        let unknown = |error: &dyn std::error::Error| {
            ProviderError::invalid(format!("the region `{region}` has no STS: {}", chain(error)))
                .at(AttributePath::member("region"))
        };
        let parameters = sts::Params::builder()
            .region(region)
            .use_fips(self.config.use_fips().unwrap_or_default())
            .use_dual_stack(self.config.use_dual_stack().unwrap_or_default())
            .build()
            .map_err(|error| unknown(&error))?;
        let endpoint = sts::DefaultResolver::new().resolve_endpoint(&parameters).await;
        endpoint.map(|endpoint| endpoint.url().to_owned()).map_err(|error| unknown(error.as_ref()))
    }
}

/// Checks that credentials are of an account that the block allows.
///
/// # Errors
/// `Forbidden`.
pub(crate) fn check_account(account: &str, allowed: &[String]) -> Result<(), ProviderError> {
    if allowed.is_empty() || allowed.iter().any(|one| one == account) {
        return Ok(());
    }
    Err(ProviderError::new(ErrorClass::Forbidden, format!("the credentials are of account {account}"))
        .at(AttributePath::member("allowed_account_ids"))
        .help(format!("use credentials of {}", allowed.join(" or "))))
}

/// A configured connection to one account and region.
pub(crate) struct Session {
    /// The region's name.
    pub(crate) region: String,
    /// Tags for everything.
    pub(crate) default_tags: Tags,
    access: Access,
    caller: tokio::sync::OnceCell<Caller>,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    eks: OnceLock<aws_sdk_eks::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
}

/// Who the session is.
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) user_id: String,
}

/// A service's client, made when first needed; an endpoint that the block gives wins over the service's own variable.
macro_rules! service {
    ($(#[$docs:meta])* $name:ident, $sdk:ident) => {
        $(#[$docs])*
        pub(crate) fn $name(&self) -> &$sdk::Client {
            self.$name.get_or_init(|| {
                let mut builder = $sdk::config::Builder::from(&self.access.config);
                if let Some(endpoint) = &self.access.endpoint {
                    builder = builder.endpoint_url(endpoint);
                }
                $sdk::Client::from_conf(builder.build())
            })
        }
    };
}

impl Session {
    service!(
        /// EC2.
        ec2, aws_sdk_ec2
    );
    service!(
        /// ECR.
        ecr, aws_sdk_ecr
    );
    service!(
        /// EKS.
        eks, aws_sdk_eks
    );
    service!(
        /// IAM.
        iam, aws_sdk_iam
    );

    /// Connects: finds region and credentials, and asks who they are.
    pub(crate) async fn open(configuration: Configuration, environment: &Environment) -> Result<Self, ProviderError> {
        let access = Access::open(&configuration, environment).await?;
        let region = access.region()?;
        let session = Self {
            region,
            default_tags: configuration.default_tags,
            access,
            caller: tokio::sync::OnceCell::new(),
            ec2: OnceLock::new(),
            ecr: OnceLock::new(),
            eks: OnceLock::new(),
            iam: OnceLock::new(),
        };
        if !configuration.skip_account_lookup || !configuration.allowed_account_ids.is_empty() {
            check_account(session.account().await?, &configuration.allowed_account_ids)?;
        }
        Ok(session)
    }

    /// The account's digits.
    pub(crate) async fn account(&self) -> Result<&str, ProviderError> {
        Ok(&self.caller().await?.account)
    }

    /// Who the session is; asked once.
    pub(crate) async fn caller(&self) -> Result<&Caller, ProviderError> {
        self.caller.get_or_try_init(|| self.access.ask_caller()).await
    }

    /// As [`Access::credentials`].
    pub(crate) async fn credentials(&self) -> Result<Credentials, ProviderError> {
        self.access.credentials().await
    }

    /// Where STS of the region is, or what stands in its place.
    pub(crate) async fn sts_endpoint(&self) -> Result<String, ProviderError> {
        self.access.sts_endpoint(&self.region).await
    }

    /// The partition of AWS that the region belongs to.
    pub(crate) fn partition(&self) -> &'static str {
        let partitions =
            [("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-iso-", "aws-iso"), ("us-isob-", "aws-iso-b")];
        partitions.iter().find(|(prefix, _)| self.region.starts_with(prefix)).map_or("aws", |(_, name)| name)
    }

    /// What plans are bound to.
    pub(crate) fn identity(&self) -> AccountIdentity {
        let mut identity = BTreeMap::from([("region".to_owned(), self.region.clone())]);
        if let Some(caller) = self.caller.get() {
            identity.insert("account".to_owned(), caller.account.clone());
        }
        AccountIdentity(identity)
    }

    /// The whole tags of an object: default tags and its own.
    pub(crate) fn all_tags(&self, own: &Tags) -> Tags {
        crate::tags::merged(&self.default_tags, own)
    }
}

/// The endpoint override of this run; a sandboxed run must have one on this machine.
fn endpoint(configuration: &Configuration, environment: &Environment) -> Result<Option<String>, ProviderError> {
    let inherited = || std::env::var("AWS_ENDPOINT_URL").ok().filter(|_| environment.sandbox);
    let endpoint = configuration.endpoint.clone().or_else(inherited).filter(|text| !text.is_empty());
    match &endpoint {
        Some(endpoint) => check_endpoint(endpoint, environment)?,
        None if environment.sandbox => {
            return Err(ProviderError::new(ErrorClass::Forbidden, "a sandboxed run cannot connect to AWS itself")
                .at(AttributePath::member("endpoint"))
                .help("give the `endpoint` of an emulator on this machine, or set AWS_ENDPOINT_URL"));
        }
        None => {}
    }
    Ok(endpoint)
}

async fn load(configuration: &Configuration, endpoint: Option<&str>, http: SharedHttpClient) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        // Retries are the engine's, written once for all clouds.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts());
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(region) = &configuration.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &configuration.profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// Fixed stand-in credentials: files and variables with real ones are not read.
fn sandboxed(configuration: &Configuration, http: SharedHttpClient) -> SdkConfig {
    let region = configuration.region.clone().unwrap_or_else(|| "us-east-1".to_owned());
    let nobody = Credentials::new("sandbox", "sandbox", None, None, "formwork-sandbox");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(nobody))
        .http_client(http)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build()
}

async fn assume(config: SdkConfig, role: &AssumeRole) -> SdkConfig {
    let mut builder = AssumeRoleProvider::builder(&role.role_arn)
        .configure(&config)
        .session_name(role.session_name.as_deref().unwrap_or("formwork"));
    if let Some(external_id) = &role.external_id {
        builder = builder.external_id(external_id);
    }
    if let Some(length) = role.duration.and_then(|duration| u64::try_from(duration.0).ok()) {
        builder = builder.session_length(Duration::from_millis(length));
    }
    let provider = builder.build().await;
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// How long a call may take.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .operation_attempt_timeout(Duration::from_secs(120))
        .build()
}

/// One HTTP client for all services, with the run's CA bundle and the proxies of the environment.
fn http_client(environment: &Environment, endpoint: Option<&str>) -> Result<SharedHttpClient, ProviderError> {
    let tls = tls_context(environment)?;
    let direct = environment.sandbox || endpoint.is_some_and(is_loopback);
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        builder.set_proxy_config(Some(if direct { ProxyConfig::disabled() } else { ProxyConfig::from_env() }));
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls.clone()).build()
    });
    Ok(traced(client))
}

fn tls_context(environment: &Environment) -> Result<TlsContext, ProviderError> {
    let bundle = environment.ca_bundle.clone().or_else(|| std::env::var("AWS_CA_BUNDLE").ok());
    let mut store = TrustStore::default().with_native_roots(true);
    if let Some(bundle) = bundle.filter(|text| !text.is_empty()) {
        store = store.with_pem_certificate(read_bundle(&bundle)?);
    }
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| ProviderError::invalid(format!("the CA bundle cannot be used: {error}")))
}

/// The PEM text itself, or that of the file which is named.
fn read_bundle(bundle: &str) -> Result<Vec<u8>, ProviderError> {
    if bundle.contains("-----BEGIN") {
        return Ok(bundle.as_bytes().to_vec());
    }
    std::fs::read(bundle)
        .map_err(|error| ProviderError::invalid(format!("the CA bundle `{bundle}` cannot be read: {error}")))
}
