//! Random faults of every class, and of every call.

use formwork_provider_mock::{Fault, FaultKind};
use rand::Rng;
use rand::rngs::StdRng;

const CALLS: &[&str] = &[
    "create",
    "create",
    "create",
    "update",
    "update",
    "delete",
    "delete",
    "poll",
    "find",
    "read",
    "plan",
    "configure",
];

const KINDS: &[FaultKind] = &[
    FaultKind::Retryable,
    FaultKind::AnswerLostBefore,
    FaultKind::AnswerLostAfter,
    FaultKind::AnswerLostAfter,
    FaultKind::Unreachable,
    FaultKind::Conflict,
    FaultKind::NotFound,
    FaultKind::Forbidden,
    FaultKind::Quota,
    FaultKind::Invalid,
    FaultKind::Unsupported,
    FaultKind::Timeout,
    FaultKind::Cancelled,
    FaultKind::Other,
    FaultKind::Partial,
    FaultKind::Incomplete,
    FaultKind::Panic,
    FaultKind::WrongAnswer,
    FaultKind::WrongCount,
];

/// A few faults. Those that are tried again pass after some attempts, and say that the next may come at once.
pub(crate) fn random(random: &mut StdRng) -> Vec<Fault> {
    let count = random.random_range(0..5);
    (0..count).map(|_| one(random)).collect()
}

fn one(random: &mut StdRng) -> Fault {
    let call = CALLS[random.random_range(0..CALLS.len())];
    let mut kind = KINDS[random.random_range(0..KINDS.len())];
    let is_believed = match kind {
        // Who says of an object that it is gone, or of a type that its objects cannot be found.
        FaultKind::NotFound => ["delete", "poll"].contains(&call),
        FaultKind::Unsupported => call == "find",
        _ => false,
    };
    if is_believed {
        kind = FaultKind::Forbidden;
    }
    let mut fault = Fault::new(kind).call(call);
    fault.retry_after_ms = Some(0);
    if random.random_bool(0.5) {
        fault.nth = Some(random.random_range(1..6));
    } else {
        fault.times = Some(random.random_range(1..4));
    }
    fault
}
