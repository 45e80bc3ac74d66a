//! The provider's tests: each type's life on moto (which the tests start themselves), answers that moto does not give
//! replayed by a scripted server, and the schemas held against CloudFormation's.
//!
//! Without moto the tests that need it are skipped and say so.
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

mod chain;
mod cloud;
mod kubernetes;
mod life;
mod moto;
mod network;
mod offline;
mod page;
mod replay;
mod schemas;
mod script;
mod secrets;
mod steps;

use cloud::Cloud;
use libtest_mimic::{Arguments, Failed, Trial};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A test on moto: gets a connection to a region of its own.
pub struct MotoTest {
    pub name: &'static str,
    pub run: fn(Cloud) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Names a test function for the table of its module.
#[macro_export]
macro_rules! moto_tests {
    ($($name:ident),* $(,)?) => {
        pub const TESTS: &[$crate::MotoTest] = &[$($crate::MotoTest {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |cloud| Box::pin($name(cloud)),
        }),*];
    };
}

fn main() {
    if chain::run_case() {
        return;
    }
    let arguments = Arguments::from_args();
    let moto = moto::Server::start();
    let endpoint: Arc<Result<String, String>> =
        Arc::new(moto.as_ref().map(|server| server.endpoint.clone()).map_err(Clone::clone));
    let mut trials: Vec<Trial> = Vec::new();
    for (position, test) in life::tests().enumerate() {
        let endpoint = endpoint.clone();
        let skipped = endpoint.is_err();
        let run = move || match endpoint.as_ref() {
            Ok(endpoint) => on_moto(endpoint, position, test),
            Err(_) => Ok(()),
        };
        let name = test.name.trim_start_matches("aws::");
        let name = if skipped { format!("{name} (skipped: no moto)") } else { name.to_owned() };
        trials.push(Trial::test(name, run).with_ignored_flag(skipped));
    }
    trials.extend(offline::tests());
    trials.extend(schemas::tests());
    trials.extend(replay::tests());
    trials.extend(kubernetes::tests());
    trials.extend(chain::tests());
    trials.extend(network::tests());
    trials.extend(page::tests());
    trials.extend(secrets::tests());
    if let Err(reason) = &moto {
        eprintln!("skipped: {reason}");
    }
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && moto.is_ok();
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(moto);
    if whole && !conclusion.has_failed() {
        libtest_mimic::run(&arguments, steps::tests()).exit();
    }
    conclusion.exit();
}

/// moto keeps its objects by region: each test has one to itself.
fn on_moto(endpoint: &str, position: usize, test: &MotoTest) -> Result<(), Failed> {
    let region = format!("{}-{}", REGIONS[position % REGIONS.len()], 1 + position / REGIONS.len() % 2);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let cloud = Cloud::connect(endpoint, &region, serde_json::json!({})).await;
        (test.run)(cloud).await;
    });
    Ok(())
}

const REGIONS: &[&str] = &["us-east", "us-west", "eu-west", "ap-southeast", "ap-northeast"];
