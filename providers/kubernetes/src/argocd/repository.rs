//! `argocd.repository`, `argocd.repository_credentials`: Secrets that Argo CD knows by their label.

use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use crate::types::one_of;
use formwork_model::schema::{Attribute, ResourceSchema};

const LABEL: &str = "argocd.argoproj.io/secret-type";

macro_rules! credentials {
    ($($more:expr),* $(,)?) => {
        object_attributes![secret;
            $crate::schema::LABELS,
            Attribute::string("url", "Its address.").required(),
            one_of!("type", ["git", "helm", "oci"], "What it is.").default_string("git"),
            $($more,)*
            Attribute::string("username", "User."),
            Attribute::string("password", "Password or token.").secret(),
            Attribute::string("bearer_token", "Token that is sent as it is; Bitbucket Server.").secret(),
            Attribute::string("ssh_private_key", "Key for `git@…`.").secret(),
            Attribute::string("tls_client_cert_data", "Client certificate (PEM)."),
            Attribute::string("tls_client_cert_key", "Its key (PEM).").secret(),
            Attribute::int("github_app_id", "Id of a GitHub App.").vendor("stringData.githubAppID"),
            Attribute::int("github_app_installation_id", "Id of its installation.").vendor("stringData.githubAppInstallationID"),
            Attribute::string("github_app_private_key", "Its key (PEM).").secret(),
            Attribute::string("github_app_enterprise_base_url", "Address of GitHub Enterprise."),
            Attribute::string("gcp_service_account_key", "Key of a Google service account (JSON).").secret(),
            Attribute::boolean("use_azure_workload_identity", "Whether Azure's workload identity is used."),
            Attribute::boolean("force_http_basic_auth", "Whether user and password are sent without being asked for."),
            Attribute::string("proxy", "Proxy."),
            Attribute::string("no_proxy", "Hosts without proxy."),
            Attribute::boolean("enable_oci", "Whether a Helm repository is an OCI registry.").vendor("stringData.enableOCI"),
        ]
    };
}

const REPOSITORY_SCHEMA: ResourceSchema = object(
    "repository",
    "A repository with its credentials, which are sealed in the state and never shown.",
    credentials![
        Attribute::string("display_name", "Its name; Helm repositories need one.").vendor("stringData.name"),
        Attribute::reference("project", &["argocd.project"], "Only for this project."),
        Attribute::boolean("insecure", "Whether any certificate or host key is trusted."),
        Attribute::boolean("enable_lfs", "Whether large files are fetched (Git LFS)."),
    ],
);

pub(crate) const REPOSITORY: Kind =
    Kind::new(&REPOSITORY_SCHEMA, "v1", "Secret", "stringData").labelled(LABEL, "repository");

const CREDENTIALS_SCHEMA: ResourceSchema = object(
    "repository_credentials",
    "Credentials for all repositories whose address begins with `url`; sealed in the state and never shown.",
    credentials![],
);

pub(crate) const REPOSITORY_CREDENTIALS: Kind =
    Kind::new(&CREDENTIALS_SCHEMA, "v1", "Secret", "stringData").labelled(LABEL, "repo-creds");
