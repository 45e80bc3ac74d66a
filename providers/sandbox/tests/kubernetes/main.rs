//! The sandbox's clusters, driven over TLS by clients that are not ours: kubectl, the Python client, git.
//!
//! Without a client its tests are skipped and say so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

mod argocd;
mod charts;
mod http;
mod kubectl;
mod objects;
mod python;
mod schemas;
mod server;

use libtest_mimic::{Arguments, Trial};
use server::Server;
use std::sync::Arc;

/// A test on a server that others use too; it keeps to its own namespaces.
pub type Test = (&'static str, fn(&Server));

/// Names test functions for the table of their module.
#[macro_export]
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::Test] = &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*];
    };
}

fn main() {
    let arguments = Arguments::from_args();
    let server = Arc::new(Server::start(0.05));
    let vendor = argocd::manifests().map(drop).ok_or("no vendor data");
    let argo = kubectl::available().and(vendor.map_err(str::to_owned));
    let groups: [(&[Test], Result<(), String>); 7] = [
        (http::TESTS, Ok(())),
        (kubectl::TESTS, kubectl::available()),
        (objects::TESTS, kubectl::available()),
        (argocd::TESTS, argo.clone()),
        (charts::TESTS, argo.and(charts::available())),
        (python::TESTS, python::available("kubernetes")),
        (schemas::TESTS, python::available("kubernetes_validate")),
    ];
    let mut trials = Vec::new();
    for (tests, available) in groups {
        for &(name, run) in tests {
            let (server, skipped) = (Arc::clone(&server), available.is_err());
            let trial = Trial::test(name, move || {
                run(&server);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(skipped));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
