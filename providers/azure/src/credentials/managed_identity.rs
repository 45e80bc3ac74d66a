//! Tokens of the machine's own identity: App Service, Container Apps and Functions by their variables, else the instance's
//! metadata service.

use super::{Token, token_of};
use crate::configuration::variable;
use crate::http;
use formwork_provider_api::{ErrorClass, ProviderError};
use url::Url;

/// The metadata service of an instance; a fixed address that no router passes on.
const METADATA: &str = "http://169.254.169.254";

/// Whether a service other than the instance's metadata gives tokens.
pub(super) fn is_announced() -> bool {
    variable(&["IDENTITY_ENDPOINT"]).is_some() && variable(&["IDENTITY_HEADER"]).is_some()
}

/// Asks the machine.
pub(super) async fn token(audience: &str, client_id: Option<&str>) -> Result<Token, ProviderError> {
    let client = http::direct()?;
    let request = match (variable(&["IDENTITY_ENDPOINT"]), variable(&["IDENTITY_HEADER"])) {
        (Some(endpoint), Some(header)) => {
            client.get(address(&endpoint, "2019-08-01", audience, client_id)?).header("x-identity-header", header)
        }
        _ => {
            let host = variable(&["AZURE_POD_IDENTITY_AUTHORITY_HOST"]).unwrap_or_else(|| METADATA.to_owned());
            let host = format!("{}/metadata/identity/oauth2/token", host.trim_end_matches('/'));
            client.get(address(&host, "2018-02-01", audience, client_id)?).header("metadata", "true")
        }
    };
    let received = http::send(request).await.map_err(|error| {
        let message = format!("this machine gives no token: {}", error.message);
        ProviderError::new(ErrorClass::Forbidden, message)
            .help("give a credential in the provider block or by variables, or log in with `az login`")
    })?;
    token_of(&received).map_err(|error| explained(error, received.status, client_id))
}

/// The metadata service is away for a minute while it is updated; what else it refuses is the identity's fault.
fn explained(mut error: ProviderError, status: u16, client_id: Option<&str>) -> ProviderError {
    if matches!(status, 404 | 410) {
        error.class = ErrorClass::Retryable;
    }
    error.help = Some(match client_id {
        Some(client_id) => format!("is the identity with the client id {client_id} assigned to this machine?"),
        None => {
            "does this machine have an identity? of several, `client_id` (or AZURE_CLIENT_ID) chooses one".to_owned()
        }
    });
    error
}

/// The request's address.
fn address(endpoint: &str, api_version: &str, audience: &str, client_id: Option<&str>) -> Result<Url, ProviderError> {
    let mut url = Url::parse(endpoint)
        .map_err(|error| ProviderError::invalid(format!("`{endpoint}` is no address for tokens: {error}")))?;
    let mut query = url.query_pairs_mut();
    query.append_pair("api-version", api_version).append_pair("resource", audience);
    if let Some(client_id) = client_id {
        query.append_pair("client_id", client_id);
    }
    drop(query);
    Ok(url)
}
