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
    let text = output(&words).await?;
    let json: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    let secret = json.get("accessToken").and_then(Json::as_str);
    let secret = secret.ok_or_else(|| failed("az", "it printed no token"))?;
    Ok(Token::lasting(secret, left(&json)))
}

/// `expires_on` counts seconds since 1970; older versions have only a local time, which is not worth reading.
fn left(json: &Json) -> u64 {
    let end = json.get("expires_on").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let left = end.map(|end| end - jiff::Timestamp::now().as_second());
    left.map_or(600, |left| u64::try_from(left).unwrap_or(0))
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
    Err(failed(program, words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed")))
}

fn failed(program: &str, why: &str) -> ProviderError {
    let error = ProviderError::new(ErrorClass::Forbidden, format!("no token from `{program}`: {}", why.trim()));
    if program == "az" { error.help("log in with `az login`, or give another credential") } else { error }
}
