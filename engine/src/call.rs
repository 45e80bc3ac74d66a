//! Calls of providers: retried by the class of their error, within the limits of the account. Written once, here; the
//! retries of SDKs are switched off.

use crate::guard;
use crate::ports::{Interruption, InterruptionReceiver};
use formwork_provider_api::{Cancelled, ErrorClass, Limits, ProviderError};
use rand::Rng;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// What a call does, as far as repeating it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Reads, and changes that have the same effect when made twice: also repeated when the answer was lost.
    Always,
    /// A create: a lost answer is for recovery to resolve.
    UnlessSent,
}

/// How often, and for how long, a call is repeated.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// First delay; doubles each time, with jitter of half of it.
    pub first_delay: Duration,
    /// Longest delay.
    pub longest_delay: Duration,
    /// No attempt begins after this.
    pub total: Duration,
    /// Attempts when nothing answers at all; a dead endpoint must not cost half an hour.
    pub unreachable_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(20),
            total: Duration::from_secs(600),
            unreachable_attempts: 3,
        }
    }
}

impl RetryPolicy {
    /// For calls made while planning: people wait for them.
    #[must_use]
    pub fn reading() -> Self {
        Self { total: Duration::from_secs(60), ..Self::default() }
    }

    /// Whether the error is worth another attempt, and after which delay. `attempt` counts from 1.
    #[must_use]
    pub fn delay(&self, error: &ProviderError, repeatable: Repeatable, attempt: u32) -> Option<Duration> {
        let again = match error.class {
            ErrorClass::Retryable => true,
            ErrorClass::Unreachable => attempt < self.unreachable_attempts,
            ErrorClass::AnswerLost => repeatable == Repeatable::Always,
            ErrorClass::Conflict
            | ErrorClass::NotFound
            | ErrorClass::Forbidden
            | ErrorClass::Quota
            | ErrorClass::Invalid
            | ErrorClass::Unsupported
            | ErrorClass::Timeout
            | ErrorClass::Cancelled
            | ErrorClass::Other => false,
        };
        // A provider that panics does it again.
        (again && error.code != guard::PANIC).then(|| match error.retry_after_ms {
            Some(milliseconds) => Duration::from_millis(milliseconds),
            None => self.backoff(attempt),
        })
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = self.first_delay.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let longest = doubled.min(self.longest_delay);
        longest.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

/// A retry that is about to be waited for.
#[derive(Clone, Copy, Debug)]
pub struct Retry<'a> {
    /// Why.
    pub error: &'a ProviderError,
    /// How long is waited.
    pub delay: Duration,
    /// Which attempt failed, from 1.
    pub attempt: u32,
}

/// Makes a call, and again as the policy says. `wait` sleeps, and fails when the run is cancelled meanwhile.
///
/// # Errors
/// The last error.
pub async fn with_retries<T>(
    policy: RetryPolicy,
    repeatable: Repeatable,
    mut wait: impl AsyncFnMut(Retry<'_>) -> Result<(), ProviderError>,
    mut call: impl AsyncFnMut() -> Result<T, ProviderError>,
) -> Result<T, ProviderError> {
    let mut began = None;
    for attempt in 1.. {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // A clock only where something failed: most calls succeed at once.
        let began = *began.get_or_insert_with(Instant::now);
        match policy.delay(&error, repeatable, attempt) {
            Some(delay) if began.elapsed() + delay < policy.total => {
                wait(Retry { error: &error, delay, attempt }).await?;
            }
            _ => return Err(error),
        }
    }
    Err(ProviderError::new(ErrorClass::Other, "too many attempts"))
}

/// Sleeps for the delay of a retry: for calls that nobody cancels.
///
/// # Errors
/// Never; the type is that of [`with_retries`]' `wait`.
pub async fn patiently(retry: Retry<'_>) -> Result<(), ProviderError> {
    tokio::time::sleep(retry.delay).await;
    Ok(())
}

/// The limits of an account: changes at the same time, calls per second.
#[derive(Debug)]
pub struct Limiter {
    changes: Semaphore,
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Limiter {
    /// Keeps these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let changes = Semaphore::new((limits.concurrent_changes as usize).clamp(1, Semaphore::MAX_PERMITS));
        let per_second = limits.calls_per_second;
        let interval = if per_second > 0.0 { Duration::from_secs_f64(1.0 / per_second) } else { Duration::ZERO };
        Self { changes, interval, next: Mutex::default() }
    }

    /// Waits until one more change may run; it may while the permit lives.
    pub async fn change(&self) -> Option<SemaphorePermit<'_>> {
        let permit = self.changes.acquire().await.ok();
        self.call().await;
        permit
    }

    /// Waits until one more call may start.
    pub async fn call(&self) {
        if self.interval.is_zero() {
            return;
        }
        let start = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let start = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(start + self.interval);
            start
        };
        tokio::time::sleep_until(start).await;
    }
}

/// Waits for the next attempt at a call that failed; any interruption ends it, since an attempt would be something new.
pub(crate) async fn wait_to_retry(interruption: &InterruptionReceiver, delay: Duration) -> Result<(), Cancelled> {
    sleep_until(interruption, Interruption::Stop, delay).await
}

/// Sleeps, until the run is interrupted in this way or a more urgent one.
pub(crate) async fn sleep_until(
    interruption: &InterruptionReceiver,
    ends: Interruption,
    duration: Duration,
) -> Result<(), Cancelled> {
    let mut interruption = interruption.clone();
    let interrupted = interruption.wait_for(|state| *state >= ends);
    tokio::select! {
        biased;
        Ok(_) = interrupted => Err(Cancelled),
        () = tokio::time::sleep(duration) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn attempts(class: ErrorClass, repeatable: Repeatable, failures: u32) -> (u32, bool) {
        let mut calls = 0;
        let result = with_retries(RetryPolicy::default(), repeatable, patiently, async || {
            calls += 1;
            if calls <= failures { Err(ProviderError::new(class, "no")) } else { Ok(()) }
        })
        .await;
        (calls, result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn only_errors_that_may_pass_are_retried() {
        assert_eq!(attempts(ErrorClass::Retryable, Repeatable::UnlessSent, 5).await, (6, true));
        assert_eq!(attempts(ErrorClass::Unreachable, Repeatable::Always, 5).await, (3, false));
        assert_eq!(attempts(ErrorClass::AnswerLost, Repeatable::Always, 2).await, (3, true));
        assert_eq!(attempts(ErrorClass::AnswerLost, Repeatable::UnlessSent, 2).await, (1, false));
        assert_eq!(attempts(ErrorClass::Forbidden, Repeatable::Always, 2).await, (1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_says_when() {
        let began = Instant::now();
        let mut first = true;
        let call = async || {
            let error = ProviderError::new(ErrorClass::Retryable, "throttled").retry_after_ms(7_000);
            if std::mem::take(&mut first) { Err(error) } else { Ok(()) }
        };
        with_retries(RetryPolicy::default(), Repeatable::Always, patiently, call).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_are_spread_over_time() {
        let limiter = Limiter::new(Limits { concurrent_changes: 2, calls_per_second: 10.0 });
        let began = Instant::now();
        for _ in 0..11 {
            limiter.call().await;
        }
        assert_eq!(began.elapsed().as_millis(), 1_000);
    }
}
