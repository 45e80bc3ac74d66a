//! The provider block: its attributes, and what can be said of them offline. `kubernetes` and `argocd` take the same.

use formwork_model::schema::{Attribute, AttributeType, Default as Preset, Rule};
use formwork_model::value::Redacted;
use formwork_model::{AttributePath, ValueRef};
use formwork_provider_api::Finding;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a `provider kubernetes` or `provider argocd` block takes.
pub(crate) const ATTRIBUTES: &[Attribute] = &[
    Attribute::string(
        "kubeconfig",
        "The text of a kubeconfig, such as a cluster's `kubeconfig`. Files that it names are refused.",
    )
    .secret(),
    Attribute::string(
        "kubeconfig_path",
        "A kubeconfig's file, from the stack's directory; `~/` is the home directory.",
    ),
    Attribute::string("context", "Context of the kubeconfig; else its current one."),
    Attribute::string("host", "Address of the API server, `https://…`; http only on this machine."),
    Attribute::string(
        "cluster_ca_certificate",
        "The API server's CA (PEM); else the system's are trusted, or `FORMWORK_CA_BUNDLE`.",
    ),
    Attribute::string("token", "Bearer token; may be `ephemeral`.").secret(),
    Attribute::string("token_file", "A file with the bearer token, read again each minute, so that it may be rotated."),
    Attribute::string("client_certificate", "Client certificate (PEM)."),
    Attribute::string("client_key", "Key of the client certificate (PEM).").secret(),
    Attribute::object(
        "exec",
        &[
            Attribute::string("command", "The program, such as `aws` or `kubelogin`.").required(),
            Attribute::strings("args", "Its arguments.").default(Preset::Empty),
            Attribute::string_map("env", "Its environment, besides PATH and HOME.").default(Preset::Empty),
            Attribute::string("api_version", "Version of the credential that it prints.")
                .default_string("client.authentication.k8s.io/v1"),
        ],
        "A program that prints credentials (`ExecCredential`). The manifest allows it by name; it is asked again when they expire.",
    ),
    Attribute::strings(
        "exec_commands",
        "Programs that the kubeconfig's own `exec` entry may run; the manifest must allow them, too.",
    )
    .default(Preset::Empty),
    Attribute::boolean("in_cluster", "Use the service account of the pod that this runs in.").default_bool(false),
    Attribute::string(
        "proxy_url",
        "Proxy to the API server (`http://`, `https://` or `socks5://`), with `USER:PASSWORD@` where it asks for one; else the \
         kubeconfig's `proxy-url`, else `HTTPS_PROXY`, but for the hosts of `NO_PROXY`.",
    )
    .secret(),
    Attribute::string("tls_server_name", "Name that the API server's certificate must have; else the host's."),
    Attribute::boolean("insecure_skip_tls_verify", "Trust any certificate. Whoever answers gets the credentials.")
        .default_bool(false),
    Attribute::new(
        "cluster",
        AttributeType::Any,
        "What the cluster is, such as the cluster's own resource or id: when it is replaced, the objects in it are created anew. \
         Needed only where nothing else in the block refers to the cluster, except secrets that are rotated.",
    ),
    Attribute::string("field_manager", "Name under which fields are owned on the server.").default_string("formwork"),
];

/// What holds between them, whatever their values are.
pub(crate) const RULES: &[Rule] =
    &[Rule::ExactlyOneOf(&SOURCES), Rule::RequiredWith(&["client_certificate", "client_key"])];

/// The block, decoded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Configuration {
    pub(crate) kubeconfig: Option<Redacted<String>>,
    pub(crate) kubeconfig_path: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) cluster_ca_certificate: Option<String>,
    pub(crate) token: Option<Redacted<String>>,
    pub(crate) token_file: Option<String>,
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_key: Option<Redacted<String>>,
    pub(crate) exec: Option<Exec>,
    pub(crate) exec_commands: Vec<String>,
    pub(crate) in_cluster: bool,
    pub(crate) proxy_url: Option<Redacted<String>>,
    pub(crate) tls_server_name: Option<String>,
    pub(crate) insecure_skip_tls_verify: bool,
    pub(crate) field_manager: Option<String>,
}

impl Configuration {
    /// The name under which fields are owned.
    pub(crate) fn manager(&self) -> &str {
        self.field_manager.as_deref().unwrap_or("formwork")
    }
}

/// A program that prints credentials.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exec {
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) api_version: Option<String>,
}

/// The ways of saying which cluster it is.
const SOURCES: [&str; 4] = ["kubeconfig", "kubeconfig_path", "host", "in_cluster"];

/// What is wrong with a block, as far as it is known.
pub(crate) fn findings(config: ValueRef<'_>) -> Vec<Finding> {
    let given = |name: &str| config.get(name).filter(|value| !value.is_null() && value.to_value() != false_value());
    let sources: Vec<&str> = SOURCES.into_iter().filter(|name| given(name).is_some()).collect();
    let mut findings = Vec::new();
    match sources.as_slice() {
        [_] => {}
        [] => findings.push(finding(
            "host",
            "which cluster it is about is not said",
            "set `kubeconfig`, `kubeconfig_path`, `host` or `in_cluster`",
        )),
        [_, second, ..] => findings.push(finding(
            second,
            "which cluster it is about is said twice",
            "set one of `kubeconfig`, `kubeconfig_path`, `host` and `in_cluster`",
        )),
    }
    if given("client_certificate").is_some() != given("client_key").is_some() {
        findings.push(finding(
            "client_certificate",
            "a client certificate needs its key",
            "set both `client_certificate` and `client_key`",
        ));
    }
    findings
}

fn false_value() -> formwork_model::Value {
    formwork_model::Value::Bool(false)
}

fn finding(attribute: &str, message: &str, help: &str) -> Finding {
    Finding {
        warning: false,
        path: AttributePath::member(attribute),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    }
}
