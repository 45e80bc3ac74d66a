//! The provider block: its attributes, and what the environment adds to it.

use formwork_model::Redacted;
use formwork_model::schema::{Attribute, AttributeType, Default as Preset};
use serde::Deserialize;

/// What a `provider azure` block takes.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::string(
        "subscription_id",
        "Subscription to work in; else `AZURE_SUBSCRIPTION_ID`, else `ARM_SUBSCRIPTION_ID`.",
    ),
    Attribute::string("tenant_id", "Tenant of the credentials; else `AZURE_TENANT_ID`, else `ARM_TENANT_ID`."),
    Attribute::string("client_id", "Application or managed identity; else `AZURE_CLIENT_ID`, else `ARM_CLIENT_ID`."),
    Attribute::string(
        "client_secret",
        "Secret of the application; else `AZURE_CLIENT_SECRET`, else `ARM_CLIENT_SECRET`.",
    )
    .secret(),
    Attribute::string(
        "client_certificate_path",
        "PEM file with a certificate of the application and its RSA key, read again each time; else \
         `AZURE_CLIENT_CERTIFICATE_PATH`, else `ARM_CLIENT_CERTIFICATE_PATH`.",
    ),
    Attribute::new(
        "credential",
        AttributeType::Enum(&["client_secret", "client_certificate", "workload_identity", "managed_identity", "cli"]),
        "Which credential to use; else the first of these for which something is there.",
    ),
    Attribute::string(
        "oidc_token",
        "Token of a pipeline (GitLab's `id_tokens`) that the tenant trusts; else `ARM_OIDC_TOKEN`.",
    )
    .secret(),
    Attribute::string(
        "oidc_token_file",
        "File with such a token, read again each time; else `AZURE_FEDERATED_TOKEN_FILE`.",
    ),
    Attribute::strings(
        "oidc_token_command",
        "Program that prints such a token, with its arguments; needs `commands` under `[allow]` in the manifest.",
    )
    .default(Preset::Empty),
    Attribute::string(
        "oidc_request_url",
        "Address that gives such tokens; else `ACTIONS_ID_TOKEN_REQUEST_URL` (GitHub), `SYSTEM_OIDCREQUESTURI` (Azure \
         DevOps).",
    ),
    Attribute::string(
        "oidc_request_token",
        "What that address asks for; else `ACTIONS_ID_TOKEN_REQUEST_TOKEN`, `SYSTEM_ACCESSTOKEN`.",
    )
    .secret(),
    Attribute::string(
        "service_connection_id",
        "Azure DevOps: the service connection whose token is asked for; else `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`, \
         `ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID`.",
    ),
    Attribute::new("cloud", AttributeType::Enum(&["public", "us_government", "china"]), "Which of Azure's clouds.")
        .default_string("public"),
    Attribute::string(
        "endpoint",
        "Address that answers in place of Azure Resource Manager. Hosts of Azure over https and loopback are allowed, others \
         need the manifest's `[allow] endpoints`.",
    ),
    Attribute::string(
        "authority_host",
        "Address that gives tokens in place of the cloud's; else `AZURE_AUTHORITY_HOST`. The same hosts are allowed.",
    ),
];

/// The block, decoded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    pub(crate) subscription_id: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Redacted<String>>,
    pub(crate) client_certificate_path: Option<String>,
    pub(crate) credential: Option<String>,
    pub(crate) oidc_token: Option<Redacted<String>>,
    pub(crate) oidc_token_file: Option<String>,
    pub(crate) oidc_token_command: Vec<String>,
    pub(crate) oidc_request_url: Option<String>,
    pub(crate) oidc_request_token: Option<Redacted<String>>,
    pub(crate) service_connection_id: Option<String>,
    pub(crate) cloud: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) authority_host: Option<String>,
}

/// The first of these variables that says something.
pub(crate) fn variable(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()))
}

impl Configuration {
    /// With what the process's environment says where the block does not. Never asked for in a sandboxed run.
    pub(crate) fn with_variables(mut self) -> Self {
        let fill = |slot: &mut Option<String>, names: &[&str]| {
            if slot.as_ref().is_none_or(String::is_empty) {
                *slot = variable(names);
            }
        };
        let fill_secret = |slot: &mut Option<Redacted<String>>, names: &[&str]| {
            if slot.as_ref().is_none_or(|secret| secret.0.is_empty()) {
                *slot = variable(names).map(Redacted);
            }
        };
        fill(&mut self.subscription_id, &["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"]);
        fill(&mut self.tenant_id, &["AZURE_TENANT_ID", "ARM_TENANT_ID"]);
        fill(&mut self.client_id, &["AZURE_CLIENT_ID", "ARM_CLIENT_ID"]);
        fill_secret(&mut self.client_secret, &["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"]);
        fill(&mut self.client_certificate_path, &["AZURE_CLIENT_CERTIFICATE_PATH", "ARM_CLIENT_CERTIFICATE_PATH"]);
        fill(&mut self.oidc_token_file, &["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"]);
        fill_secret(&mut self.oidc_token, &["ARM_OIDC_TOKEN"]);
        // The address and what it asks for are of the same pipeline.
        let (url, token) = match variable(&["ACTIONS_ID_TOKEN_REQUEST_URL"]) {
            Some(_) => ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
            None => ("SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"),
        };
        fill(&mut self.oidc_request_url, &[url]);
        fill_secret(&mut self.oidc_request_token, &[token]);
        fill(
            &mut self.service_connection_id,
            &["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"],
        );
        fill(&mut self.authority_host, &["AZURE_AUTHORITY_HOST"]);
        self
    }
}

/// Addresses and audiences of one of Azure's clouds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cloud {
    /// Azure Resource Manager, and the audience of its tokens.
    pub(crate) resource_manager: &'static str,
    /// Who gives tokens.
    pub(crate) authority: &'static str,
    /// The audience of Key Vault's tokens.
    pub(crate) vault: &'static str,
}

/// The cloud called so.
pub(crate) fn cloud(name: Option<&str>) -> Cloud {
    match name {
        Some("us_government") => Cloud {
            resource_manager: "https://management.usgovcloudapi.net",
            authority: "https://login.microsoftonline.us",
            vault: "https://vault.usgovcloudapi.net",
        },
        Some("china") => Cloud {
            resource_manager: "https://management.chinacloudapi.cn",
            authority: "https://login.partner.microsoftonline.cn",
            vault: "https://vault.azure.cn",
        },
        _ => Cloud {
            resource_manager: "https://management.azure.com",
            authority: "https://login.microsoftonline.com",
            vault: "https://vault.azure.net",
        },
    }
}
