//! Random ids of plans and runs.

use rand::Rng;

/// 16 random bytes, hexadecimal.
#[must_use]
pub fn random_id() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}
