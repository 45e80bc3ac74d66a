//! The clusters behind TLS on a loopback port, as the sandbox's own server will have them.

use formwork_sandbox::clock::{Clock, RealClock};
use formwork_sandbox::git::Repositories;
use formwork_sandbox::kubernetes::{ClusterSpec, Clusters, Credential, Pool};
use formwork_sandbox::store::Store;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with one cluster, `c1`.
pub struct Server {
    /// The clusters.
    pub clusters: Arc<Clusters>,
    /// Where they are.
    pub url: String,
    /// By what they are trusted.
    pub authority: String,
    /// Directories that are served as repositories.
    pub repositories: Arc<Repositories>,
    runtime: tokio::runtime::Runtime,
    acceptor: TlsAcceptor,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server; durations are those of a real cluster times the factor.
    pub fn start(factor: f64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(RealClock { factor });
        let clusters = Clusters::new(Arc::new(Store::in_memory()), clock);
        clusters.create(spec("c1")).unwrap();
        let certificate = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let acceptor = acceptor(&certificate);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let authority = certificate.cert.pem();
        let guard = runtime.enter();
        let folder = tempfile::tempdir().unwrap();
        let repositories = Repositories::new(folder.path().join("repositories"));
        let router = Arc::clone(&clusters).router().merge(Arc::clone(&repositories).router());
        drop(guard);
        runtime.spawn(serve(listener, acceptor.clone(), router));
        let work = folder.path().join("argocd");
        runtime.spawn(formwork_sandbox::argocd::run(Arc::clone(&clusters), Arc::clone(&repositories), work));
        Self { clusters, url, authority, repositories, runtime, acceptor, _folder: folder }
    }

    /// The kubeconfig of a cluster.
    pub fn kubeconfig(&self, id: &str) -> String {
        self.clusters.kubeconfig(id, &self.url, &self.authority, Credential::Admin).unwrap()
    }

    /// Serves other clusters on a port of their own; gives their URL.
    pub fn serve(&self, clusters: Arc<Clusters>) -> (Arc<Clusters>, String) {
        let listener = self.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let _guard = self.runtime.enter();
        self.runtime.spawn(serve(listener, self.acceptor.clone(), Arc::clone(&clusters).router()));
        (clusters, url)
    }

    /// Runs something of the server's own.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

/// A cluster of two nodes.
pub fn spec(id: &str) -> ClusterSpec {
    let pool = Pool {
        name: "system".into(),
        count: 2,
        size: "Standard_D4s_v5".into(),
        mode: "System".into(),
        ..Pool::default()
    };
    ClusterSpec { id: id.into(), name: id.into(), version: "1.33.2".into(), directory_token: None, pools: vec![pool] }
}

fn acceptor(certificate: &rcgen::CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der()));
    let chain = vec![certificate.cert.der().clone()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: axum::Router) {
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            // A client that hangs up is no failure of the test.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
