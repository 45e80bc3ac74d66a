//! The service account of the pod that this runs in, where the kubelet puts it:
//! <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api>.

use super::{Access, forbidden, single};
use crate::configuration::Configuration;
use formwork_model::AttributePath;
use formwork_provider_api::{Environment, ProviderError};
use serde_json::json;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What a pod is told of its cluster.
struct Pod {
    host: String,
    port: String,
    /// Where `token` and `ca.crt` lie.
    folder: PathBuf,
}

/// Access by the service account of this pod.
pub(super) async fn access(block: &Configuration, environment: &Environment) -> Result<Access, ProviderError> {
    if environment.sandbox {
        return Err(forbidden("a sandboxed run does not use the service account of this pod")
            .at(AttributePath::member("in_cluster")));
    }
    let said = |name: &str| {
        std::env::var(name).map_err(|_| {
            ProviderError::invalid(format!("this does not run in a pod with a service account: {name} is not set"))
                .at(AttributePath::member("in_cluster"))
        })
    };
    let pod = Pod {
        host: said("KUBERNETES_SERVICE_HOST")?,
        port: said("KUBERNETES_SERVICE_PORT")?,
        folder: Path::new(FOLDER).to_path_buf(),
    };
    pod.access(block, environment).await
}

impl Pod {
    async fn access(&self, block: &Configuration, environment: &Environment) -> Result<Access, ProviderError> {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let file = |name: &str| self.folder.join(name).display().to_string();
        let cluster =
            json!({ "server": format!("https://{host}:{}", self.port), "certificate-authority": file("ca.crt") });
        let document = single(cluster, json!({ "tokenFile": file("token") }));
        let mut access = Access::of_document(document, None, block, environment).await?;
        // The API of a pod's own cluster is beside it: a proxy to the world, as `HTTPS_PROXY` names it, does not lead there.
        if block.proxy_url.is_none() {
            access.config.proxy_url = None;
        }
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use formwork_model::value::Redacted;
    use kube::client::Body;
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server that says what it was asked, and whose certificate is for `api.test` alone.
    async fn server(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> u16 {
        let key = rustls::pki_types::PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], key)
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = vec![0; 4096];
                let length = stream.read(&mut asked).await.unwrap();
                asked.truncate(length);
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
                stream.write_all(&[head.as_bytes(), &asked].concat()).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        port
    }

    async fn ask(access: &Access) -> Result<String, String> {
        let client = access.open().await.unwrap().client;
        let request = http::Request::get("/version").body(Body::empty()).unwrap();
        let response = client.send(request).await.map_err(|error| format!("{error:?}"))?;
        Ok(String::from_utf8(response.into_body().collect_bytes().await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn files_and_variables_of_a_pod_are_used_and_the_blocks_settings_besides() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = rcgen::generate_simple_self_signed(["api.test".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.crt"), certificate.cert.pem()).unwrap();
        std::fs::write(folder.path().join("token"), "first\n").unwrap();
        let port = server(&certificate).await.to_string();
        let pod = Pod { host: "127.0.0.1".to_owned(), port, folder: folder.path().to_path_buf() };
        let environment = Environment::default();

        let named = Configuration { tls_server_name: Some("api.test".to_owned()), ..Configuration::default() };
        let access = pod.access(&named, &environment).await.unwrap();
        let asked = ask(&access).await.unwrap();
        assert!(asked.contains("GET /version") && asked.contains("authorization: Bearer first\r\n"), "{asked}");
        // The kubelet rotates it.
        std::fs::write(folder.path().join("token"), "second\n").unwrap();
        assert!(ask(&access).await.unwrap().contains("Bearer second\r\n"));

        let plain = pod.access(&Configuration::default(), &environment).await.unwrap();
        let error = ask(&plain).await.unwrap_err();
        assert!(error.contains("InvalidCertificate(NotValidForName"), "it is for another name: {error}");
        let trusting = Configuration { insecure_skip_tls_verify: true, ..Configuration::default() };
        assert!(ask(&pod.access(&trusting, &environment).await.unwrap()).await.is_ok());

        let proxied = Configuration { proxy_url: Some(Redacted("http://user:pass@127.0.0.1:9".to_owned())), ..named };
        let reached = pod.access(&proxied, &environment).await.unwrap().open().await.unwrap().reached;
        assert!(reached.ends_with("through the proxy http://127.0.0.1:9"), "{reached}");
        let sandbox = Environment { sandbox: true, ..Environment::default() };
        assert!(super::access(&proxied, &sandbox).await.is_err());
    }
}
