//! The sandbox's time: real, scaled, or moved by hand in tests.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What time it is, and how long work takes.
pub trait Clock: Send + Sync {
    /// Milliseconds since the epoch.
    fn now_ms(&self) -> i64;

    /// How long something takes here that takes so long in the real cloud.
    fn scaled(&self, real: Duration) -> Duration;
}

/// The machine's clock; durations are those of the cloud times a factor (0: everything is done at once).
#[derive(Clone, Copy, Debug)]
pub struct RealClock {
    /// 1 for the cloud's own pace.
    pub factor: f64,
}

impl Clock for RealClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn scaled(&self, real: Duration) -> Duration {
        real.mul_f64(self.factor.max(0.0))
    }
}

/// The clock of a running sandbox: the machine's, with a factor that can be changed while it runs, and with time that was
/// skipped.
#[derive(Debug)]
pub struct PacedClock {
    factor: AtomicU64,
    ahead_ms: AtomicI64,
}

impl PacedClock {
    /// With this pace, and so far ahead of the machine's.
    #[must_use]
    pub const fn new(latency: Latency, ahead_ms: i64) -> Self {
        Self { factor: AtomicU64::new(latency.factor().to_bits()), ahead_ms: AtomicI64::new(ahead_ms) }
    }

    /// Another pace, for work that begins from now on.
    pub fn set(&self, latency: Latency) {
        self.factor.store(latency.factor().to_bits(), Ordering::Relaxed);
    }

    /// Lets time pass at once: what is under way is so much further. How far ahead of the machine's clock it is then.
    pub fn skip(&self, by: Duration) -> i64 {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let add = |ahead: i64| Some(ahead.saturating_add(by));
        self.ahead_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap_or_default().saturating_add(by)
    }

    fn factor(&self) -> f64 {
        f64::from_bits(self.factor.load(Ordering::Relaxed))
    }
}

impl Clock for PacedClock {
    fn now_ms(&self) -> i64 {
        RealClock { factor: 1.0 }.now_ms().saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    fn scaled(&self, real: Duration) -> Duration {
        RealClock { factor: self.factor() }.scaled(real)
    }
}

/// How long work takes in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Latency {
    /// Scaled: a cluster takes seconds, and states in between can be seen.
    #[default]
    Fast,
    /// As long as in the cloud.
    Real,
    /// Done at once.
    None,
}

impl Latency {
    /// What durations of the cloud are multiplied with.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Self::Fast => 0.01,
            Self::Real => 1.0,
            Self::None => 0.0,
        }
    }
}

/// A clock that tests move.
#[derive(Debug, Default)]
pub struct HandClock(Mutex<i64>);

impl HandClock {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += i64::try_from(by.as_millis()).unwrap_or(0);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> i64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scaled(&self, real: Duration) -> Duration {
        real
    }
}
