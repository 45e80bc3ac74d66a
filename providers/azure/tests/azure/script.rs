//! Scripted answers as Azure gives them: ARM and the tokens' authority in one.

use formwork_provider_api::testing::script::Manner;
pub use formwork_provider_api::testing::script::Script;
pub use formwork_provider_api::testing::server::Reply;
use serde_json::json;
use std::sync::Arc;

/// Where tokens are asked for.
pub const TOKEN: &str = "POST /tenant/oauth2/v2.0/token";

/// Starts a server that answers as the script says; what it does not know is not found. Tokens last for an hour unless the
/// script says otherwise.
pub async fn start(replies: Vec<(&str, Vec<Reply>)>) -> Script {
    let manner =
        Manner { name: |asked| asked.operation.clone(), otherwise: Arc::new(|_| error(404, "ResourceNotFound")) };
    let tokens = [(TOKEN, vec![token("first", 3600)])];
    Script::start(manner, tokens.into_iter().chain(replies)).await.unwrap()
}

/// All requests apart from those for tokens, as text.
pub fn operations(script: &Script) -> Vec<String> {
    let asked = script.asked().into_iter().map(|asked| asked.operation);
    asked.filter(|operation| operation != TOKEN).collect()
}

/// An error as ARM answers it.
pub fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, json!({"error": {"code": code, "message": format!("{code}, they say")}}))
}

/// An answer with a token.
pub fn token(secret: &str, seconds: u64) -> Reply {
    Reply::json(200, json!({"access_token": secret, "expires_in": seconds, "token_type": "Bearer"}))
}
