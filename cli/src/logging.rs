//! Traces for those who ask: `FORMWORK_LOG=debug`, `FORMWORK_LOG=formwork=debug,aws=trace`. They go to standard error,
//! and secrets are taken out of them.

use formwork_engine::secrets::SecretRegistry;
use std::io::{self, Write};
use std::sync::{Arc, LazyLock};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The secrets of this process, for traces and for everything that is shown.
static SECRETS: LazyLock<Arc<SecretRegistry>> = LazyLock::new(Arc::default);

/// The secrets of this process.
pub(crate) fn secrets() -> Arc<SecretRegistry> {
    Arc::clone(&SECRETS)
}

/// Starts tracing where `FORMWORK_LOG` asks for it.
pub(crate) fn start() {
    let Ok(filter) = std::env::var("FORMWORK_LOG") else { return };
    // TLS and HTTP/2 tell every byte at trace level, before anyone can take a secret out of the pieces.
    let filter = format!("{filter},rustls=info,h2=info,hyper_util=debug");
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(Scrubbed).with_ansi(false).init();
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
        // A closed standard error is no reason to stop an apply.
        drop(io::stderr().lock().write_all(text.as_bytes()));
    }
}
