//! The wall clock, for what people read. Waits and limits use the runtime's monotonic one.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds; 0 on a clock before 1970.
#[must_use]
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
