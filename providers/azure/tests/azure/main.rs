//! The provider's tests: every type held against the vendor's data, and the client against scripted answers.
//!
//! Without the vendor's data (`FORMWORK_VENDOR_DATA`) the tests that need it are skipped and say so.
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

mod advice;
mod bodies;
mod client;
mod compute;
mod credentials;
mod data;
mod examples;
mod exceptions;
mod generic;
mod life;
mod lost;
mod marks;
mod order;
mod others;
mod page;
mod refresh;
mod replaced;
mod schemas;
mod script;
mod secrets;
mod stack;
mod tokens;
mod vendor;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if credentials::is_child() {
        return;
    }
    let arguments = Arguments::from_args();
    let vendor = vendor::Vendor::open();
    let mut trials: Vec<Trial> = schemas::tests(vendor.as_ref());
    trials.extend(bodies::tests(vendor.as_ref()));
    trials.extend(examples::tests(vendor.as_ref()));
    trials.extend(exceptions::tests());
    trials.extend(advice::tests());
    trials.extend(client::tests());
    trials.extend(compute::tests());
    trials.extend(credentials::tests());
    trials.extend(data::tests());
    trials.extend(generic::tests());
    trials.extend(life::tests());
    trials.extend(lost::tests());
    trials.extend(marks::tests());
    trials.extend(order::tests());
    trials.extend(others::tests());
    trials.extend(page::tests());
    trials.extend(refresh::tests());
    trials.extend(replaced::tests());
    trials.extend(secrets::tests());
    trials.extend(tokens::tests());
    if vendor.is_none() {
        eprintln!("skipped: FORMWORK_VENDOR_DATA is not set, or has no folder azure");
    }
    libtest_mimic::run(&arguments, trials).exit();
}
