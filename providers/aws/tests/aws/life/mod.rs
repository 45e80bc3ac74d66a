//! The life of each type on moto.

mod alike;
mod clusters;
mod identity;
mod network;
mod registry;
mod roles;
mod routing;
mod samples;
mod security;
mod tokens;

use crate::MotoTest;

/// All tests that need moto.
pub fn tests() -> impl Iterator<Item = &'static MotoTest> {
    [
        alike::TESTS,
        clusters::TESTS,
        identity::TESTS,
        network::TESTS,
        registry::TESTS,
        roles::TESTS,
        routing::TESTS,
        security::TESTS,
        tokens::TESTS,
    ]
    .into_iter()
    .flatten()
}
