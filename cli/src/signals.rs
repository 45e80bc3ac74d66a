//! Ctrl-C and SIGTERM: the first asks the run to stop, the second to cancel. It never exits without recording.

use formwork_engine::ports::{Interruption, InterruptionReceiver};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Listens from now on; must be called within the runtime.
///
/// # Errors
/// When the operating system refuses a handler.
pub(crate) fn listen() -> std::io::Result<InterruptionReceiver> {
    let (sender, receiver) = watch::channel(Interruption::None);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        for next in [Interruption::Stop, Interruption::Cancel] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            sender.send_replace(next);
        }
        // Keeps the sender: a closed channel would look like an end.
        std::future::pending::<()>().await;
    });
    Ok(receiver)
}
