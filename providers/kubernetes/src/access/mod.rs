//! From a provider block to a client: kubeconfigs, certificates, tokens, programs that print credentials.

mod exec;
mod kubeconfig;
mod pod;
mod proxy;
mod token;

use crate::configuration::Configuration;
use exec::Program;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use jiff::{SignedDuration, Timestamp};
use kube::config::{KubeConfigOptions, Kubeconfig};
use proxy::Surroundings;
use serde_json::{Value as Json, json};
use std::net::IpAddr;
use std::time::Duration;
use token::TokenFile;
use url::Url;

/// How long a token of a file is used. Session renews a minute before the end: so the file is read again each minute.
const TOKEN_FILE_HOLDS: SignedDuration = SignedDuration::from_secs(120);

/// How a cluster is reached: an address, and where credentials come from. Nothing in it is written anywhere.
pub(crate) struct Access {
    server: String,
    config: kube::Config,
    source: Source,
}

/// Where credentials come from.
enum Source {
    /// They are in the configuration, and stay.
    Fixed,
    /// A program prints them.
    Program(Program),
    /// A file holds the token, and is rotated.
    File(TokenFile),
}

/// A client with the time until which its credentials hold.
pub(crate) struct Opened {
    pub(crate) client: kube::Client,
    pub(crate) until: Option<Timestamp>,
    /// What is connected to, for errors: the server, and the proxy in between.
    pub(crate) reached: String,
}

impl Access {
    /// Reads the block. Contacts nothing.
    pub(crate) async fn new(block: &Configuration, environment: &Environment) -> Result<Self, ProviderError> {
        if block.in_cluster {
            return pod::access(block, environment).await;
        }
        let document = kubeconfig::document(block, environment)?;
        let program = kubeconfig::program(&document, block, environment)?;
        Self::of_document(kubeconfig::without_programs(document), program, block, environment).await
    }

    /// Access as a kubeconfig says it.
    async fn of_document(
        mut document: Json,
        program: Option<Program>,
        block: &Configuration,
        environment: &Environment,
    ) -> Result<Self, ProviderError> {
        let file = kubeconfig::settle_token(&mut document, block)?;
        let source = match (program, file) {
            (Some(program), _) => Source::Program(program),
            (None, Some(file)) => Source::File(TokenFile::new(file)),
            (None, None) => Source::Fixed,
        };
        let proxy = kubeconfig::proxy(&document, block).map(str::to_owned);
        let text =
            |error: &dyn std::fmt::Display| ProviderError::invalid(format!("the kubeconfig cannot be used: {error}"));
        let parsed: Kubeconfig = serde_json::from_value(document).map_err(|error| text(&error))?;
        let options = KubeConfigOptions { context: block.context.clone(), ..KubeConfigOptions::default() };
        let config = kube::Config::from_custom_kubeconfig(parsed, &options).await.map_err(|error| text(&error))?;
        Self::of(config, source, proxy.as_deref(), block, environment)
    }

    fn of(
        mut config: kube::Config,
        source: Source,
        proxy: Option<&str>,
        block: &Configuration,
        environment: &Environment,
    ) -> Result<Self, ProviderError> {
        let server = config.cluster_url.to_string();
        let loopback = check_server(&server, environment)?;
        if config.accept_invalid_certs && !block.insecure_skip_tls_verify {
            let message =
                format!("the kubeconfig trusts any certificate of {server}: whoever answers gets the credentials");
            return Err(ProviderError::new(ErrorClass::Forbidden, message)
                .help("set `insecure_skip_tls_verify = true` in the provider block if you want that"));
        }
        config.accept_invalid_certs |= block.insecure_skip_tls_verify;
        config.proxy_url = match loopback && block.proxy_url.is_none() {
            true => None,
            false => proxy::chosen(&config.cluster_url, block, proxy, &Surroundings::of_process())?,
        };
        if block.tls_server_name.is_some() {
            config.tls_server_name.clone_from(&block.tls_server_name);
        }
        // Retries are the engine's. An answer that takes longer than this is lost.
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(10));
        config.read_timeout = Some(Duration::from_secs(90));
        Ok(Self { server: server.trim_end_matches('/').to_owned(), config, source })
    }

    /// The API server's address.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Whether credentials can be asked again.
    pub(crate) const fn renews(&self) -> bool {
        !matches!(self.source, Source::Fixed)
    }

    /// A client with fresh credentials.
    pub(crate) async fn open(&self) -> Result<Opened, ProviderError> {
        let mut config = self.config.clone();
        let mut until = None;
        match &self.source {
            Source::Fixed => {}
            Source::Program(program) => {
                let credential = program.ask().await?;
                until = credential.expires;
                config.auth_info = user(credential.user()?)?;
            }
            Source::File(file) => {
                until = Some(Timestamp::now() + TOKEN_FILE_HOLDS);
                // Besides a client certificate, where there is one.
                config.auth_info.token = user(json!({ "token": file.read()? }))?.token;
            }
        }
        let reached = self.reached();
        let client = kube::Client::try_from(config).map_err(|error| {
            ProviderError::invalid(format!("the connection to {} cannot be made: {error}", self.server))
        })?;
        Ok(Opened { client, until, reached })
    }

    /// The server, and the proxy on the way to it, without the proxy's password.
    fn reached(&self) -> String {
        let proxy = self.config.proxy_url.as_ref().and_then(|proxy| {
            let host = proxy.authority()?.as_str().rsplit('@').next()?;
            Some(format!("{}://{host}", proxy.scheme_str().unwrap_or("http")))
        });
        match proxy {
            Some(proxy) => format!("{} through the proxy {proxy}", self.server),
            None => self.server.clone(),
        }
    }
}

/// A user of a kubeconfig as kube has it.
fn user(user: Json) -> Result<kube::config::AuthInfo, ProviderError> {
    serde_json::from_value(user)
        .map_err(|error| ProviderError::new(ErrorClass::Forbidden, format!("the credentials cannot be used: {error}")))
}

fn forbidden(message: impl Into<String>) -> ProviderError {
    ProviderError::new(ErrorClass::Forbidden, message)
}

/// Whether credentials may be sent to an API server; says whether it is on this machine.
fn check_server(server: &str, environment: &Environment) -> Result<bool, ProviderError> {
    let invalid = || {
        ProviderError::invalid(format!("`{server}` is no address of an API server")).help("write `https://HOST[:PORT]`")
    };
    let url = Url::parse(server).map_err(|_| invalid())?;
    let host = url.host_str().ok_or_else(invalid)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid());
    }
    let loopback = host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if environment.sandbox && !loopback {
        return Err(forbidden(format!("`{server}` is not on this machine, and the run is sandboxed")));
    }
    match url.scheme() {
        "https" => Ok(loopback),
        "http" if loopback => Ok(true),
        "http" => Err(forbidden(format!("`{server}` would get the credentials in the clear")).help("use https")),
        _ => Err(invalid()),
    }
}

/// A kubeconfig document with one cluster and one user.
fn single(cluster: Json, user: Json) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "formwork",
        "contexts": [{ "name": "formwork", "context": { "cluster": "formwork", "user": "formwork" } }],
        "clusters": [{ "name": "formwork", "cluster": cluster }],
        "users": [{ "name": "formwork", "user": user }],
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn credentials_go_to_https_or_to_this_machine_only() {
        let plain = Environment::default();
        let sandbox = Environment { sandbox: true, ..Environment::default() };
        let cases: &[(&str, &Environment, Option<bool>)] = &[
            ("https://k8s.example:6443", &plain, Some(false)),
            ("https://127.0.0.1:6443/prefix", &sandbox, Some(true)),
            ("http://localhost:8080", &plain, Some(true)),
            ("http://[::1]:8080", &sandbox, Some(true)),
            ("http://k8s.example", &plain, None),
            ("https://k8s.example", &sandbox, None),
            ("https://localhost.example", &sandbox, None),
            ("https://127.0.0.1@evil.example", &sandbox, None),
            ("ftp://127.0.0.1", &plain, None),
            ("k8s.example", &plain, None),
        ];
        for (server, environment, wanted) in cases {
            assert_eq!(check_server(server, environment).ok(), *wanted, "{server}");
        }
    }
}
