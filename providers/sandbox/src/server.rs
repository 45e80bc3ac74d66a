//! The server: sockets, TLS, and what happens to a request before a service sees it.
//!
//! It listens on 127.0.0.1 only. A request is let in when its `Host` is this machine's (a page in a browser that was led
//! here by its own name is not) and it shows the token; then failure rules are asked; then a service answers.

mod answer;
pub mod control;
mod route;

use crate::arm::StandIn;
use crate::clock::{Clock, Latency, PacedClock};
use crate::cloud::Cloud;
use crate::failure::Failures;
use crate::identity::Identity;
use crate::problem::Problem;
use crate::requests::Requests;
use crate::store::Store;
use crate::token::Tokens;
use answer::Cut;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

const SETTINGS: &str = "sandbox.settings";
/// A client that connects and says nothing is let go.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server is made of.
#[derive(Debug)]
pub struct Parts {
    /// What clients know it by; its port is the listener's.
    pub identity: Identity,
    /// What exists.
    pub store: Arc<Store>,
    /// How long work takes; none for what was set last.
    pub latency: Option<Latency>,
    /// The log.
    pub requests: Requests,
    /// Where Git data lies.
    pub folder: PathBuf,
}

/// A server that may listen on several ports.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// What all requests share.
struct Shared {
    identity: Identity,
    store: Arc<Store>,
    clock: Arc<PacedClock>,
    cloud: Cloud,
    tokens: Tokens,
    failures: Failures,
    requests: Requests,
    /// Where it listens: with TLS, and then without.
    ports: Mutex<Vec<u16>>,
    stop: Notify,
    /// Connections that are open.
    connected: AtomicUsize,
    /// Requests that are being answered.
    open: AtomicUsize,
    answered: AtomicUsize,
    /// When the last connection ended, on the machine's clock.
    last: Mutex<Instant>,
    since_ms: i64,
}

/// Binds a port on loopback; 0 for any.
///
/// # Errors
/// [`Problem::PortTaken`], or whatever else the machine says.
pub async fn bind(port: u16) -> Result<TcpListener, Problem> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => Problem::PortTaken { port },
        _ => Problem::Random(format!("cannot listen on 127.0.0.1:{port}: {error}")),
    })
}

impl Server {
    /// Of these parts; within a runtime.
    ///
    /// # Errors
    /// When the pace cannot be kept.
    pub fn new(parts: Parts) -> Result<Self, Problem> {
        let Parts { identity, store, latency, requests, folder } = parts;
        let ahead = store.get(SETTINGS, "ahead_ms").and_then(|ahead| ahead.as_i64()).unwrap_or_default();
        let clock = Arc::new(PacedClock::new(settled(&store, latency)?, ahead));
        let shared_clock: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let now = clock.now_ms();
        let shared = Shared {
            cloud: Cloud::new(&store, &shared_clock, &identity, folder),
            tokens: Tokens::new(identity.token.clone(), identity.url()),
            failures: Failures::new(Arc::clone(&store)),
            ports: Mutex::new(vec![identity.port]),
            identity,
            store,
            clock,
            requests,
            stop: Notify::new(),
            connected: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            answered: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
            since_ms: now,
        };
        let kept = shared.store.get(SETTINGS, "repositories").and_then(|kept| serde_json::from_value(kept).ok());
        shared.cloud.serve(kept.unwrap_or_default());
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The rules of what goes wrong.
    #[must_use]
    pub fn failures(&self) -> &Failures {
        &self.shared.failures
    }

    /// Takes a stand-in of a resource that exists elsewhere, for others to refer to; whether there can be one. Resources with
    /// the ids of `besides` (in lower case) are made otherwise.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn stand_in(&self, known: &StandIn, besides: &BTreeSet<String>) -> Result<bool, Problem> {
        self.shared.cloud.stand_in(known, besides).map_err(|reason| Problem::Refused { reason })
    }

    /// Serves TLS; until the task is dropped.
    ///
    /// # Errors
    /// When the certificate cannot be made.
    pub async fn serve_tls(&self, listener: TcpListener) -> Result<(), Problem> {
        let acceptor = TlsAcceptor::from(Arc::new(self.shared.identity.tls()?));
        loop {
            let Some(stream) = accept(&listener).await else { continue };
            let (acceptor, shared) = (acceptor.clone(), Arc::clone(&self.shared));
            tokio::spawn(async move {
                match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => serve(shared, stream, Scheme::Https).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a client did not agree on TLS"),
                    Err(_) => tracing::debug!("a client did not begin TLS"),
                }
            });
        }
    }

    /// Serves plain HTTP, for clients of a test that know no TLS; until the task is dropped. That it does is told from the
    /// call on.
    pub fn serve_plain(&self, listener: TcpListener) -> impl Future<Output = ()> + use<> {
        if let Ok(address) = listener.local_addr() {
            self.shared.ports.lock().unwrap_or_else(PoisonError::into_inner).push(address.port());
        }
        let shared = Arc::clone(&self.shared);
        async move {
            loop {
                if let Some(stream) = accept(&listener).await {
                    tokio::spawn(serve(Arc::clone(&shared), stream, Scheme::Http));
                }
            }
        }
    }

    /// Waits until someone asks for the end, or nobody asked for anything so long.
    pub async fn ended(&self, idle: Duration) {
        let look = (idle / 4).clamp(Duration::from_millis(20), Duration::from_secs(15));
        loop {
            tokio::select! {
                () = self.shared.stop.notified() => return,
                () = tokio::time::sleep(look) => {}
            }
            if self.shared.idle_for() >= idle {
                tracing::info!("nobody asked for anything: the sandbox ends");
                return;
            }
        }
    }

    /// Waits until what is in flight is answered, but not for ever.
    pub async fn drained(&self) {
        for _ in 0..200 {
            if self.shared.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// The pace that is asked for now, else the last one.
fn settled(store: &Store, asked: Option<Latency>) -> Result<Latency, Problem> {
    let last = || store.get(SETTINGS, "latency").and_then(|last| serde_json::from_value(last).ok());
    let latency = asked.or_else(last).unwrap_or_default();
    let document = serde_json::to_value(latency).unwrap_or_default();
    store.put(SETTINGS, "latency", document).map_err(|error| Problem::Random(error.0))?;
    Ok(latency)
}

async fn accept(listener: &TcpListener) -> Option<TcpStream> {
    match listener.accept().await {
        Ok((stream, _)) => {
            // Answers are small and waited for.
            drop(stream.set_nodelay(true));
            Some(stream)
        }
        Err(error) => {
            // Out of file descriptors, most likely: others must end first.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// How a client came in: its answers name the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
}

async fn serve<S>(shared: Arc<Shared>, stream: S, scheme: Scheme)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let _counted = Counted::new(&shared);
    let shared = Arc::clone(&shared);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move { shared.answer(request, scheme).await.ok_or(Cut) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    if let Err(error) = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await {
        tracing::debug!(error, "a connection ended");
    }
}

/// A connection that is open, while it lives.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.connected.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.connected.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// How long nobody has been there; not at all while someone is connected (a watch).
    fn idle_for(&self) -> Duration {
        if self.connected.load(Ordering::SeqCst) > 0 {
            return Duration::ZERO;
        }
        self.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}
