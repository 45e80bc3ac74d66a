//! Which credential a connection uses: what the block names, else the first for which something is there.

use super::oidc::{self, Assertion};
use super::{Application, Source, command_line, managed_identity};
use crate::configuration::{Configuration, variable};
use crate::trust::Trust;
use formwork_model::AttributePath;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use url::Url;

/// Chooses.
///
/// # Errors
/// When what is asked for is not complete, or not allowed in this run.
pub(crate) fn choose(
    configuration: &Configuration,
    environment: &Environment,
    trust: &Trust,
    authority: &Url,
) -> Result<Source, ProviderError> {
    let chooser = Chooser { configuration, environment, trust, authority };
    match configuration.credential.as_deref() {
        Some("client_secret") => chooser.client_secret()?.ok_or_else(|| incomplete("client_secret", "`client_secret`")),
        Some("client_certificate") => {
            chooser.client_certificate()?.ok_or_else(|| incomplete("client_certificate", "`client_certificate_path`"))
        }
        Some("workload_identity") => chooser.workload()?.ok_or_else(|| chooser.without_tokens()),
        Some("managed_identity") => Ok(chooser.managed_identity()),
        Some(_) => chooser.command_line(),
        None => chooser.first(),
    }
}

struct Chooser<'a> {
    configuration: &'a Configuration,
    environment: &'a Environment,
    trust: &'a Trust,
    authority: &'a Url,
}

impl Chooser<'_> {
    fn first(&self) -> Result<Source, ProviderError> {
        if let Some(source) = self.client_secret()? {
            return Ok(source);
        }
        if let Some(source) = self.client_certificate()? {
            return Ok(source);
        }
        if let Some(source) = self.workload()? {
            return Ok(source);
        }
        if !managed_identity::is_announced() && command_line::is_there() && !self.environment.untrusted {
            return self.command_line();
        }
        Ok(self.managed_identity())
    }

    fn application(&self) -> Result<Application, ProviderError> {
        let missing = |name: &'static str, variable: &str| {
            ProviderError::new(ErrorClass::Forbidden, format!("the application's `{name}` is not given"))
                .at(AttributePath::member(name))
                .help(format!("write `{name}` in the provider block, or set {variable}"))
        };
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Application {
            authority: self.authority.clone(),
            tenant: said(&self.configuration.tenant_id).ok_or_else(|| missing("tenant_id", "AZURE_TENANT_ID"))?,
            client_id: said(&self.configuration.client_id).ok_or_else(|| missing("client_id", "AZURE_CLIENT_ID"))?,
        })
    }

    fn client_secret(&self) -> Result<Option<Source>, ProviderError> {
        let secret = self.configuration.client_secret.as_ref().filter(|secret| !secret.0.is_empty());
        secret.map(|secret| Ok(Source::ClientSecret(self.application()?, secret.clone()))).transpose()
    }

    fn client_certificate(&self) -> Result<Option<Source>, ProviderError> {
        let path = self.configuration.client_certificate_path.as_ref().filter(|path| !path.is_empty());
        path.map(|path| Ok(Source::ClientCertificate(self.application()?, path.clone()))).transpose()
    }

    fn workload(&self) -> Result<Option<Source>, ProviderError> {
        // Pipelines announce their tokens to everybody: only who names an application means to use them.
        if self.configuration.client_id.as_ref().is_none_or(String::is_empty) {
            return Ok(None);
        }
        self.assertion()?.map(|assertion| Ok(Source::Workload(self.application()?, assertion))).transpose()
    }

    fn assertion(&self) -> Result<Option<Assertion>, ProviderError> {
        let block = self.configuration;
        if let Some(token) = block.oidc_token.as_ref().filter(|token| !token.0.is_empty()) {
            return Ok(Some(Assertion::Token(token.clone())));
        }
        if let Some(program) = block.oidc_token_command.first() {
            self.check_command(program)?;
            return Ok(Some(Assertion::Command(block.oidc_token_command.clone())));
        }
        if let Some(path) = block.oidc_token_file.as_ref().filter(|path| !path.is_empty()) {
            return Ok(Some(Assertion::File(path.clone())));
        }
        let (Some(address), Some(token)) = (&block.oidc_request_url, &block.oidc_request_token) else {
            return Ok(None);
        };
        let mut url = Url::parse(address).map_err(|error| {
            ProviderError::invalid(format!("`{address}` is no address for tokens: {error}"))
                .at(AttributePath::member("oidc_request_url"))
        })?;
        self.trust.check_pipeline(&url)?;
        let Some(connection) = block.service_connection_id.as_ref().filter(|id| !id.is_empty()) else {
            let github = Assertion::GitHub { url: url.clone(), token: token.clone() };
            return if oidc::is_of_azure_devops(&url) { Err(no_connection()) } else { Ok(Some(github)) };
        };
        url.query_pairs_mut().append_pair("api-version", "7.1").append_pair("serviceConnectionId", connection);
        Ok(Some(Assertion::AzureDevOps { url, token: token.clone() }))
    }

    /// Why `workload_identity` has nothing to prove itself with, where it was asked for.
    fn without_tokens(&self) -> ProviderError {
        let error = if self.configuration.client_id.as_ref().is_none_or(String::is_empty) {
            incomplete("workload_identity", "the application's `client_id`")
        } else {
            incomplete("workload_identity", "a source of tokens (`oidc_token_file` …)")
        };
        if variable(&["GITHUB_ACTIONS"]).is_some() {
            return error
                .help("GitHub gives tokens to a job that says `permissions: id-token: write`, and to no other");
        }
        if self.configuration.oidc_request_url.is_some() && self.configuration.oidc_request_token.is_none() {
            return error.help(
                "Azure DevOps gives tokens to a step that passes its own on: `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`",
            );
        }
        error
    }

    fn check_command(&self, program: &str) -> Result<(), ProviderError> {
        let allowed = self.environment.allowed_commands.iter().any(|allowed| allowed == "*" || allowed == program);
        if allowed && !self.environment.untrusted {
            return Ok(());
        }
        Err(ProviderError::new(ErrorClass::Forbidden, format!("this run may not start `{program}`"))
            .at(AttributePath::member("oidc_token_command"))
            .help(format!("add \"{program}\" to `commands` under `[allow]` in formwork.toml")))
    }

    fn managed_identity(&self) -> Source {
        Source::ManagedIdentity { client_id: self.configuration.client_id.clone().filter(|id| !id.is_empty()) }
    }

    fn command_line(&self) -> Result<Source, ProviderError> {
        if self.environment.untrusted {
            return Err(ProviderError::new(ErrorClass::Forbidden, "an untrusted run does not start the Azure CLI")
                .at(AttributePath::member("credential")));
        }
        Ok(Source::CommandLine { tenant: self.configuration.tenant_id.clone().filter(|tenant| !tenant.is_empty()) })
    }
}

/// Azure DevOps has a token for each service connection, and asks which.
fn no_connection() -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, "Azure DevOps gives a token of a service connection, and none is named")
        .at(AttributePath::member("service_connection_id"))
        .help(
            "write `service_connection_id` in the provider block, or set ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID (the tasks \
             AzureCLI and AzurePowerShell set AZURESUBSCRIPTION_SERVICE_CONNECTION_ID); or say with `credential` what else is \
             meant",
        )
}

fn incomplete(kind: &str, what: &str) -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, format!("the credential `{kind}` needs {what}"))
        .at(AttributePath::member("credential"))
        .help("give it in the provider block, or by the variables that the provider's page lists")
}
