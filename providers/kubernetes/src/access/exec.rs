//! Programs that print credentials (`ExecCredential`): named by the block, allowed by the manifest, started with nothing of
//! this process's environment but PATH and HOME.

use super::forbidden;
use super::token::usable;
use crate::configuration::Exec;
use formwork_model::AttributePath;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::process::Stdio;
use std::time::Duration;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Variables of this process that a program gets.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// A program that may run.
#[derive(Debug)]
pub(crate) struct Program {
    command: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    api_version: String,
    directory: Option<String>,
}

/// What it printed.
pub(crate) struct Credential {
    token: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    pub(crate) expires: Option<Timestamp>,
    /// The program, for errors.
    of: String,
}

impl Credential {
    /// As the user of a kubeconfig.
    pub(crate) fn user(self) -> Result<Json, ProviderError> {
        let mut user = Map::new();
        if let Some(token) = &self.token {
            let token = usable(token, &format!("the token that `{}` printed", self.of))?;
            user.insert("token".to_owned(), Json::from(token));
        }
        let encoded = |pem: String| {
            use base64::Engine;
            Json::from(base64::engine::general_purpose::STANDARD.encode(pem))
        };
        user.extend(self.certificate.map(|pem| ("client-certificate-data".to_owned(), encoded(pem))));
        user.extend(self.key.map(|pem| ("client-key-data".to_owned(), encoded(pem))));
        Ok(Json::Object(user))
    }
}

#[derive(Deserialize)]
struct Printed {
    status: Option<PrintedStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrintedStatus {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

impl Program {
    /// The block's own.
    pub(super) fn of_block(exec: &Exec, environment: &Environment) -> Result<Self, ProviderError> {
        check_allowed(&exec.command, environment)?;
        let api_version = exec.api_version.clone().unwrap_or_else(|| "client.authentication.k8s.io/v1".to_owned());
        Ok(Self {
            command: exec.command.clone(),
            args: exec.args.clone(),
            env: exec.env.clone().into_iter().collect(),
            api_version,
            directory: environment.root.clone(),
        })
    }

    /// A kubeconfig's, when the block names it.
    pub(super) fn of_kubeconfig(
        exec: &Json,
        named: &[String],
        environment: &Environment,
    ) -> Result<Self, ProviderError> {
        let text = |name: &str| exec.get(name).and_then(Json::as_str).map(str::to_owned);
        let command =
            text("command").ok_or_else(|| ProviderError::invalid("the kubeconfig's `exec` has no command"))?;
        if !named.contains(&command) {
            return Err(forbidden(format!(
                "the kubeconfig wants to run `{command}`, which the provider block does not name"
            ))
            .at(AttributePath::member("exec_commands"))
            .help(format!("if that is right, set `exec_commands = [{command:?}]`")));
        }
        check_allowed(&command, environment)?;
        let list = |name: &str| exec.get(name).and_then(Json::as_array).cloned().unwrap_or_default();
        let env = list("env")
            .into_iter()
            .filter_map(|pair| Some((pair.get("name")?.as_str()?.to_owned(), pair.get("value")?.as_str()?.to_owned())));
        Ok(Self {
            args: list("args").iter().filter_map(|argument| argument.as_str().map(str::to_owned)).collect(),
            env: env.collect(),
            api_version: text("apiVersion").unwrap_or_else(|| "client.authentication.k8s.io/v1".to_owned()),
            directory: environment.root.clone(),
            command,
        })
    }

    /// Runs it.
    pub(crate) async fn ask(&self) -> Result<Credential, ProviderError> {
        let mut command = tokio::process::Command::new(&self.command);
        command.args(&self.args).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env("KUBERNETES_EXEC_INFO", self.request().to_string()).kill_on_drop(true);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let failed = |reason: String| {
            ProviderError::new(ErrorClass::Forbidden, format!("`{}` gave no credentials: {reason}", self.command))
        };
        let running = tokio::time::timeout(PATIENCE, command.output());
        let output = match running.await {
            Err(_) => return Err(failed(format!("it took longer than {} s", PATIENCE.as_secs()))),
            Ok(Err(error)) => return Err(failed(error.to_string()).help("is it installed?")),
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(500).collect();
            return Err(failed(format!("{}: {said}", output.status)));
        }
        self.read(&output.stdout).map_err(failed)
    }

    fn request(&self) -> Json {
        json!({ "apiVersion": self.api_version, "kind": "ExecCredential", "spec": { "interactive": false } })
    }

    /// What was printed; its text is never quoted.
    fn read(&self, output: &[u8]) -> Result<Credential, String> {
        let printed: Printed = serde_json::from_slice(output).map_err(|_| "it printed no ExecCredential".to_owned())?;
        let status = printed.status.ok_or("it printed an ExecCredential without status")?;
        if status.token.is_none() && (status.client_certificate_data.is_none() || status.client_key_data.is_none()) {
            return Err("it printed neither a token nor a certificate with its key".to_owned());
        }
        let expires = match status.expiration_timestamp {
            Some(text) => {
                Some(text.parse().map_err(|_| "it printed an expirationTimestamp that is no time".to_owned())?)
            }
            None => None,
        };
        Ok(Credential {
            token: status.token,
            certificate: status.client_certificate_data,
            key: status.client_key_data,
            expires,
            of: self.command.clone(),
        })
    }
}

fn check_allowed(command: &str, environment: &Environment) -> Result<(), ProviderError> {
    if environment.untrusted || environment.sandbox {
        let why = if environment.sandbox { "in a sandboxed run" } else { "for an untrusted stack" };
        return Err(forbidden(format!("`{command}` is not run {why}: it would give real credentials")));
    }
    if environment.allowed_exec.iter().any(|allowed| allowed == command || allowed == "*") {
        return Ok(());
    }
    Err(forbidden(format!("formwork.toml does not allow running `{command}` for credentials"))
        .help(format!("add {command:?} to `exec` under `[allow]` in formwork.toml")))
}
