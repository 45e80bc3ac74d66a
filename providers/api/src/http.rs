//! HTTP as it is traced, alike for every provider: a line for each exchange at debug level, headers and bodies at trace
//! level.
//!
//! A provider calls [`Exchange::sent`] before it sends a request, and [`Exchange::answered`] or [`Exchange::failed`] after.
//! What looks like a credential by its name is masked here; secrets that the run knows are taken out by value where the
//! traces are written (so texts are told as they are, not quoted: a form more would have to be looked for).

mod mask;

pub use mask::masked_url;

use mask::{masked_body, masked_headers};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::{debug, trace};

/// The target of these traces: `FORMWORK_LOG=formwork::http=debug`.
pub const TARGET: &str = "formwork::http";

/// A larger body is not told. It is not cut short either: half a secret would not be recognised.
const LARGEST_BODY: usize = 256 * 1024;

/// Headers by which services name a request, so that their support can find it.
const REQUEST_IDS: [&str; 6] = [
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-amzn-request-id",
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "audit-id",
];

/// Exchanges of this process, to tell which answer belongs to which request.
static EXCHANGES: AtomicU64 = AtomicU64::new(1);

/// A body as a trace may tell it.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Told at trace level, without what is named like a credential.
    Plain(&'a [u8]),
    /// Never told: it may hold secrets that nobody knows yet (an answer with a kubeconfig).
    Secret,
    /// Not at hand.
    Unread,
}

/// Whether headers and bodies are told: a client that would have to read an answer's body first needs to know.
#[must_use]
pub fn tells_bodies() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::TRACE)
}

/// One request and what comes of it. When it is dropped before that is known, it says so.
#[derive(Debug)]
#[must_use = "an exchange ends with an answer or a failure"]
pub struct Exchange {
    /// None where nobody listens.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    number: u64,
    method: String,
    url: String,
    started: Instant,
}

impl Exchange {
    /// A request that is about to be sent.
    pub fn sent<N: AsRef<str>, V: AsRef<[u8]>>(
        method: &str,
        url: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        body: Body<'_>,
    ) -> Self {
        if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            return Self { open: None };
        }
        let number = EXCHANGES.fetch_add(1, Ordering::Relaxed);
        let url = masked_url(url);
        if tells_bodies() {
            let (headers, body) = (masked_headers(headers), told(body));
            trace!(target: TARGET, exchange = number, %method, %url, %headers, %body, "request");
        }
        Self { open: Some(Open { number, method: method.to_owned(), url, started: Instant::now() }) }
    }

    /// The answer came.
    pub fn answered<N: AsRef<str>, V: AsRef<[u8]>>(
        mut self,
        status: u16,
        headers: impl IntoIterator<Item = (N, V)>,
        body: Body<'_>,
    ) {
        let Some(open) = self.open.take() else { return };
        let headers: Vec<(N, V)> = headers.into_iter().collect();
        let Open { number, method, url, started } = open;
        let (ms, request) = (milliseconds(started.elapsed()), request_id(&headers));
        debug!(target: TARGET, exchange = number, %method, %url, status, ms, %request, "answered");
        if tells_bodies() {
            let (headers, body) = (masked_headers(headers), told(body));
            trace!(target: TARGET, exchange = number, status, %headers, %body, "answer");
        }
    }

    /// No answer came.
    pub fn failed(mut self, error: &dyn Display) {
        if let Some(open) = self.open.take() {
            open.end("failed", &error.to_string());
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.end("given up", "nobody waits for the answer any more");
        }
    }
}

impl Open {
    fn end(self, outcome: &str, error: &str) {
        let Self { number, method, url, started } = self;
        let ms = milliseconds(started.elapsed());
        debug!(target: TARGET, exchange = number, %method, %url, ms, error = %mask::one_line(error), "{outcome}");
    }
}

/// A client follows a redirect by itself: the exchange goes on with another request.
pub fn redirected(status: u16, to: &str) {
    if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
        debug!(target: TARGET, status, to = %masked_url(to), "redirected");
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn request_id<N: AsRef<str>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> String {
    let named = |name: &&str| headers.iter().find(|(header, _)| header.as_ref().eq_ignore_ascii_case(name));
    let found = REQUEST_IDS.iter().find_map(named);
    found.map_or_else(String::new, |(_, value)| mask::one_line(&String::from_utf8_lossy(value.as_ref())))
}

fn told(body: Body<'_>) -> String {
    match body {
        Body::Plain(bytes) if bytes.len() > LARGEST_BODY => format!("({} bytes)", bytes.len()),
        Body::Plain(bytes) => {
            std::str::from_utf8(bytes).map_or_else(|_| format!("({} bytes that are no text)", bytes.len()), masked_body)
        }
        Body::Secret => "(may hold secrets)".to_owned(),
        Body::Unread => "(not read)".to_owned(),
    }
}
