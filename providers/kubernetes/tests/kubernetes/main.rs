//! The providers' tests: connections and errors against a scripted server, schemas held against Kubernetes' and Argo CD's own,
//! and a suite over a kubeconfig that runs against any cluster that `FORMWORK_TEST_KUBECONFIG` names, against a real API server
//! where `KUBEBUILDER_ASSETS` names one, and else against a sandbox's, which the command that `FORMWORK_PROGRAM` names starts.
//!
//! Without any of them the suite is skipped and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::panic,
    unreachable_pub,
    missing_docs
)]

mod alike;
mod connection;
mod fake;
mod files;
mod page;
mod rendered;
mod schemas;
mod server;
mod suite;

use libtest_mimic::{Arguments, Failed, Trial};
use std::future::Future;

/// Runs a test on a runtime of its own; a panic fails it.
pub fn run(test: impl Future<Output = ()>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test);
    Ok(())
}

fn main() {
    let arguments = Arguments::from_args();
    let server = if arguments.list { Err("listing".to_owned()) } else { server::Server::find() };
    let mut trials: Vec<Trial> = Vec::new();
    trials.extend(page::tests());
    trials.extend(schemas::tests());
    trials.extend(connection::tests());
    trials.extend(rendered::tests());
    trials.extend(suite::tests(&server));
    trials.extend(alike::tests(&server));
    if let Err(reason) = &server {
        eprintln!("skipped: the suite ({reason})");
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(server);
    conclusion.exit();
}
