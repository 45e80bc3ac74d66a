//! Scripted answers as AWS gives them; and a server before moto, which loses answers and counts what is asked.

use formwork_provider_api::testing::script::Manner;
pub use formwork_provider_api::testing::script::Script;
pub use formwork_provider_api::testing::server::{Asked, Reply};
use std::sync::Arc;

/// Starts a server that answers as the script says, and nothing else.
pub async fn start(replies: Vec<(&str, Vec<Reply>)>) -> Script {
    let otherwise = |asked: &Asked| Reply::text(599, format!("no reply for {}", asked.operation));
    Script::start(Manner { name: operation, otherwise: Arc::new(otherwise) }, replies).await.unwrap()
}

/// Starts a server before another one: what the script does not know is passed on.
pub async fn before(endpoint: &str, replies: Vec<(&str, Vec<Reply>)>) -> Script {
    let server = address(endpoint);
    let otherwise = move |_: &Asked| Reply::Forward(server.clone());
    Script::start(Manner { name: operation, otherwise: Arc::new(otherwise) }, replies).await.unwrap()
}

/// The `HOST:PORT` of an endpoint.
pub fn address(endpoint: &str) -> String {
    endpoint.trim_start_matches("http://").to_owned()
}

/// `DescribeVpcs` for the query and JSON-target protocols, `GET /clusters/x?y=z` for REST.
fn operation(asked: &Asked) -> String {
    match asked.header("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap().to_owned(),
        None => asked
            .body
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .map_or_else(|| asked.line.clone(), str::to_owned),
    }
}

/// The `Authorization` header: whose keys signed it.
pub fn authorization(asked: &Asked) -> &str {
    asked.header("authorization").unwrap_or_default()
}

/// An error of EC2's query protocol.
pub fn ec2_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::text(
        status,
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>req-1</RequestID></Response>"
        ),
    )
}

/// An error of the JSON protocols (EKS, ECR).
pub fn json_error(status: u16, code: &str, message: &str) -> Reply {
    let body = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
    Reply::text(status, body).header("x-amzn-errortype", code)
}
