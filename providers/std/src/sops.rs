//! `secret_from("sops:PATH#KEY")`: a file that sops has encrypted, through the sops that is installed.

use async_trait::async_trait;
use formwork_model::Redacted;
use formwork_model::schema::SecretScheme;
use formwork_provider_api::{Environment, ErrorClass, ProviderError, ReadSecretRequest, SecretReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// What `secret_from` reads here.
pub(crate) const SCHEME: SecretScheme = SecretScheme {
    name: "sops",
    form: "PATH[#KEY]",
    example: "sops:secrets/prod.yaml#db.password",
    docs: "A file that sops has encrypted; a path is relative to the stack's directory. Without `#KEY` it is the whole file, \
           decrypted. `sops` must be installed, and the manifest must allow it (`[allow] exec = [\"sops\"]`).",
    pattern: "[^#]+",
    keyed: true,
};

const PROGRAM: &str = "sops";
/// A key service may have to be asked, or a person.
const PATIENCE: Duration = Duration::from_secs(60);
/// Variables that sops and the key services behind it read, by their beginning. Nothing else of ours is its business.
const INHERITED: &[&str] = &[
    "SOPS_",
    "AWS_",
    "AZURE_",
    "GOOGLE_",
    "CLOUDSDK_",
    "VAULT_",
    "GNUPGHOME",
    "GPG_",
    "SSH_",
    "XDG_",
    "HOME",
    "PATH",
    "USER",
    "LANG",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_",
];

/// Decrypts files.
pub(crate) struct Sops {
    environment: Environment,
}

impl Sops {
    /// As the run allows it.
    ///
    /// # Errors
    /// `Forbidden` where programs are not run for credentials.
    pub(crate) fn new(environment: Environment) -> Result<Self, ProviderError> {
        check_allowed(&environment)?;
        Ok(Self { environment })
    }

    fn path(&self, name: &str) -> Result<PathBuf, ProviderError> {
        let root = self.environment.root.as_deref().unwrap_or(".");
        let path = std::path::absolute(Path::new(root).join(name));
        let path = path.map_err(|error| ProviderError::invalid(format!("`{name}` is no path: {error}")))?;
        if path.is_file() {
            return Ok(path);
        }
        Err(ProviderError::new(ErrorClass::NotFound, format!("there is no file {}", path.display()))
            .help("write the path relative to the stack's directory"))
    }
}

fn check_allowed(environment: &Environment) -> Result<(), ProviderError> {
    let forbidden = |message: &str| ProviderError::new(ErrorClass::Forbidden, message);
    if environment.untrusted || environment.sandbox {
        let why = if environment.sandbox { "in a sandboxed run" } else { "with `--untrusted`" };
        return Err(forbidden(&format!("`{PROGRAM}` is not run {why}: it would give real secrets")));
    }
    if environment.allowed_exec.iter().any(|allowed| allowed == PROGRAM || allowed == "*") {
        return Ok(());
    }
    Err(forbidden(&format!("the manifest does not allow running `{PROGRAM}`"))
        .help(format!("add {PROGRAM:?} to `exec` under `[allow]` in formwork.toml")))
}

#[async_trait]
impl SecretReader for Sops {
    async fn read_secret(&self, request: ReadSecretRequest) -> Result<Redacted<String>, ProviderError> {
        let path = self.path(&request.name)?;
        let mut command = Command::new(PROGRAM);
        command.arg("--decrypt");
        if request.as_json {
            command.args(["--output-type", "json"]);
        }
        command.arg(&path).env_clear().stdin(Stdio::null()).kill_on_drop(true);
        let inherited = |name: &std::ffi::OsString| {
            name.to_str().is_some_and(|name| INHERITED.iter().any(|beginning| name.starts_with(beginning)))
        };
        command.envs(std::env::vars_os().filter(|(name, _)| inherited(name)));
        let failed = |reason: &str| {
            ProviderError::new(ErrorClass::Forbidden, format!("sops cannot decrypt {}: {reason}", path.display()))
        };
        let output = match tokio::time::timeout(PATIENCE, command.output()).await {
            Err(_) => return Err(failed("it took more than a minute")),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ProviderError::unsupported("`sops` is not installed, or not in PATH")
                    .help("install it from https://getsops.io, on each machine that plans or applies"));
            }
            Ok(Err(error)) => return Err(failed(&error.to_string())),
            Ok(Ok(output)) => output,
        };
        if !output.status.success() {
            let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(1000).collect();
            return Err(failed(&format!("{}: {said}", output.status)).help(
                "a key of the file must be at hand: an age key in SOPS_AGE_KEY_FILE, one of GnuPG, or credentials for the key \
                 service that its `sops` section names",
            ));
        }
        let text = String::from_utf8(output.stdout)
            .map_err(|_| ProviderError::invalid(format!("{} holds no text", path.display())))?;
        // As with other files, the newline at the end is no part of the secret.
        Ok(Redacted(text.strip_suffix('\n').unwrap_or(&text).to_owned()))
    }
}
