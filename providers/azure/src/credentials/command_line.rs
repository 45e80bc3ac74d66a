//! Tokens from a program: the Azure CLI, or one that the manifest allows.

use super::Token;
use formwork_provider_api::{ErrorClass, ProviderError};
use serde_json::Value as Json;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(60);

/// Whether the Azure CLI is there.
pub(super) fn is_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("az").is_file())
}

/// Asks the Azure CLI.
pub(super) async fn token(audience: &str, tenant: Option<&str>) -> Result<Token, ProviderError> {
    let mut words: Vec<String> =
        ["az", "account", "get-access-token", "--output", "json", "--resource", audience].map(str::to_owned).into();
    if let Some(tenant) = tenant {
        words.extend(["--tenant".to_owned(), tenant.to_owned()]);
    }
    if !is_there() {
        return Err(ProviderError::new(ErrorClass::Forbidden, "no token from the Azure CLI: there is no program `az`")
            .help("install the Azure CLI and log in with `az login`, or give another credential"));
    }
    let text = output(&words).await?;
    let json: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    let secret = json.get("accessToken").and_then(Json::as_str);
    let secret = secret.ok_or_else(|| failed("az", "it printed no token"))?;
    // Older versions have only a local time, which is not worth reading.
    Ok(Token::lasting(secret, super::seconds(&json)))
}

/// What a program prints.
pub(super) async fn output(words: &[String]) -> Result<String, ProviderError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(ProviderError::invalid("the command that prints a token is empty"));
    };
    let child = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, child).await.map_err(|_| failed(program, "it took more than a minute"))?;
    let output = output.map_err(|error| failed(program, &error.to_string()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    // Its words tell people to log in; they hold no token, which would be on the other stream.
    let words = String::from_utf8_lossy(&output.stderr);
    Err(failed(program, reason(&words)))
}

/// The line that says why: before it there may be warnings.
fn reason(words: &str) -> &str {
    let told = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = told().find_map(|line| line.strip_prefix("ERROR:"));
    error.or_else(|| told().find(|line| !line.starts_with("WARNING"))).unwrap_or("it failed")
}

fn failed(program: &str, why: &str) -> ProviderError {
    let error = ProviderError::new(ErrorClass::Forbidden, format!("no token from `{program}`: {}", why.trim()));
    if program == "az" { error.help("log in with `az login`, or give another credential") } else { error }
}
