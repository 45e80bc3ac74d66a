//! Traces for those who ask: `FORMWORK_LOG=debug`, `FORMWORK_LOG=info,formwork::http=trace`. They go to standard error,
//! and secrets are taken out of them.

use crate::render::harmless::harmless;
use formwork_engine::secrets::SecretRegistry;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// The secrets of this process, for traces and for everything that is shown.
static SECRETS: LazyLock<Arc<SecretRegistry>> = LazyLock::new(Arc::default);

/// The secrets of this process.
pub(crate) fn secrets() -> Arc<SecretRegistry> {
    Arc::clone(&SECRETS)
}

/// Starts tracing where `FORMWORK_LOG` asks for it.
pub(crate) fn start() {
    let Ok(filter) = std::env::var("FORMWORK_LOG") else { return };
    let wanted = EnvFilter::new(filter).and(filter_fn(|event| *event.level() <= most_of(event.target())));
    let lines = fmt::layer().with_writer(Scrubbed).with_ansi(false).with_filter(wanted);
    tracing_subscriber::registry().with(lines).init();
}

/// How much may be told of what a crate does. At trace level those of others tell requests with their credentials, and
/// TLS and HTTP/2 every byte, before anyone can take a secret out of the pieces. What is worth knowing of a request is
/// told by ourselves. `azure_core` tells whole requests, bodies and token, at debug level already.
fn most_of(target: &str) -> LevelFilter {
    if target.starts_with("formwork") {
        LevelFilter::TRACE
    } else if ["rustls", "h2", "aws_sigv4", "azure_core"].iter().any(|name| target.starts_with(name)) {
        LevelFilter::INFO
    } else {
        LevelFilter::DEBUG
    }
}

/// A breakdown is told without secrets and without a wall of addresses.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().map(ToString::to_string);
        let message = message.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "error: Formwork broke down: {message} ({place})\n  \
             This is a mistake of Formwork: please report it with this text, the command and its version.\n  \
             What was done is recorded; running the same command again goes on from there.\n"
        );
        drop(io::stderr().lock().write_all(secrets().scrub(&text).as_bytes()));
    }));
}

/// Makes writers that take secrets out.
struct Scrubbed;

impl<'a> MakeWriter<'a> for Scrubbed {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// One event's text; written when it is whole, so that no secret is cut in two.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = secrets().scrub(&String::from_utf8_lossy(&self.0));
        let text = harmless(&text);
        // A closed standard error is no reason to stop an apply.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }
}
