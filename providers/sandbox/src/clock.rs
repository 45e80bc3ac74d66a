//! The sandbox's time: real, scaled, or moved by hand in tests.

use std::sync::Mutex;
use std::sync::PoisonError;
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
