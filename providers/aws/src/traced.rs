//! An HTTP client that traces each call: those of the services, and those by which credentials are got.

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use formwork_provider_api::http::{self, Body, Exchange};

/// Makes a client trace what it does.
pub(crate) fn traced(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(TracedClient(client))
}

#[derive(Debug)]
struct TracedClient(SharedHttpClient);

impl HttpClient for TracedClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(TracedConnector(self.0.http_connector(settings, components)))
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct TracedConnector(SharedHttpConnector);

impl HttpConnector for TracedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map_or(Body::Unread, Body::Plain);
        let exchange = Exchange::sent(request.method(), request.uri(), request.headers().iter_bytes(), body);
        let tells_secrets =
            request.headers().get("x-amz-target").is_some_and(|target| target == crate::secrets::TARGET);
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            match answer.await {
                // Nobody knows the secret yet, so that nobody could take it out.
                Ok(answer) if tells_secrets => {
                    exchange.answered(answer.status().as_u16(), answer.headers().iter_bytes(), Body::Secret);
                    Ok(answer)
                }
                Ok(answer) => told(exchange, answer).await,
                Err(error) => {
                    exchange.failed(&crate::error::chain(&error));
                    Err(error)
                }
            }
        })
    }
}

async fn told(exchange: Exchange, mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let status = answer.status().as_u16();
    if !http::tells_bodies() {
        exchange.answered(status, answer.headers().iter_bytes(), Body::Unread);
        return Ok(answer);
    }
    // All answers are read whole anyway; here that happens a little earlier.
    match ByteStream::new(answer.take_body()).collect().await {
        Ok(bytes) => {
            let bytes = bytes.into_bytes();
            exchange.answered(status, answer.headers().iter_bytes(), Body::Plain(&bytes));
            *answer.body_mut() = SdkBody::from(bytes);
            Ok(answer)
        }
        Err(error) => {
            exchange.failed(&error);
            Err(ConnectorError::io(error.into()))
        }
    }
}
