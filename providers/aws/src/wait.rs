//! Waiting: always through the engine's sink, so that a cancelled run ends at once and tests do not wait.

use crate::resource::Operation;
use formwork_provider_api::{ErrorClass, ProviderError};
use std::future::Future;
use std::time::{Duration, Instant};

/// What a look at a long operation found.
pub(crate) enum Progress<T> {
    /// It is through.
    Ready(T),
    /// It goes on; what to tell people.
    Waiting(String),
}

/// How often to look: first soon, then less and less often.
#[derive(Clone, Copy)]
pub(crate) struct Rhythm {
    /// The first pause.
    pub(crate) first: Duration,
    /// The longest pause.
    pub(crate) longest: Duration,
}

impl Rhythm {
    /// For what takes seconds.
    pub(crate) const QUICK: Self = Self { first: Duration::from_millis(500), longest: Duration::from_secs(5) };
    /// For what takes minutes.
    pub(crate) const SLOW: Self = Self { first: Duration::from_secs(2), longest: Duration::from_secs(20) };
}

/// Looks again and again until it is ready.
///
/// # Errors
/// The look's own; `Timeout` when the operation's time limit passes; `Cancelled`.
pub(crate) async fn until<T, F, Fut>(operation: &Operation<'_>, rhythm: Rhythm, mut look: F) -> Result<T, ProviderError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<Progress<T>, ProviderError>> + Send,
    T: Send,
{
    let started = Instant::now();
    // The sink may not sleep in earnest (tests): its pauses count as if it had.
    let mut slept = Duration::ZERO;
    let mut pause = rhythm.first;
    loop {
        let message = match look().await {
            Ok(Progress::Ready(value)) => return Ok(value),
            Ok(Progress::Waiting(message)) => message,
            // A look changes nothing: when it fails in passing, look again.
            Err(error) if error.class.is_passing() => error.message,
            Err(error) => return Err(error),
        };
        operation.sink.progress(&message);
        if started.elapsed().max(slept) >= operation.timeout {
            let seconds = operation.timeout.as_secs();
            return Err(ProviderError::new(ErrorClass::Timeout, format!("not finished after {seconds} s: {message}"))
                .help("raise the limit with `@timeout(…)`"));
        }
        operation.sink.sleep(pause).await?;
        slept += pause;
        pause = (pause * 3 / 2).min(rhythm.longest);
    }
}

/// How long AWS may take to know what it has just made.
const VISIBILITY: Duration = Duration::from_secs(60);

/// Repeats a call on a fresh object while AWS does not know the object yet.
///
/// # Errors
/// The call's own; `NotFound` when the object stays unknown.
pub(crate) async fn while_unknown<T, F, Fut>(operation: &Operation<'_>, call: F) -> Result<T, ProviderError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, ProviderError>> + Send,
    T: Send,
{
    while_refused(operation, |error| error.class == ErrorClass::NotFound, call).await
}

/// Repeats a call while it is refused for a reason that passes (a role that is not known everywhere yet).
///
/// # Errors
/// The call's own, once it is another or lasts.
pub(crate) async fn while_refused<T, F, Fut>(
    operation: &Operation<'_>,
    passes: impl Fn(&ProviderError) -> bool + Send,
    mut call: F,
) -> Result<T, ProviderError>
where
    F: FnMut() -> Fut + Send,
    Fut: Future<Output = Result<T, ProviderError>> + Send,
    T: Send,
{
    let mut slept = Duration::ZERO;
    let mut pause = Duration::from_millis(250);
    loop {
        match call().await {
            Err(error) if passes(&error) && slept < VISIBILITY => {
                operation.sink.progress("waiting until AWS knows it everywhere");
                operation.sink.sleep(pause).await?;
                slept += pause;
                pause = (pause * 2).min(Duration::from_secs(8));
            }
            result => return result,
        }
    }
}
