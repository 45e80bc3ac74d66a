//! The life of each type on moto.

mod network;

use crate::MotoTest;

/// All tests that need moto.
pub fn tests() -> impl Iterator<Item = &'static MotoTest> {
    [network::TESTS].into_iter().flatten()
}
