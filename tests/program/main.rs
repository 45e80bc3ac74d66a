//! Tests of the whole program: the built `formwork` binary, the mock cloud in a directory, and what is left on disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr, missing_docs)]

mod cli;
mod cloud;
mod commands;
mod crash;
mod eks;
mod examples;
mod kubernetes;
mod life;
mod moto;
mod plan_files;
mod platform;
mod rehearse;
mod rehearse_azure;
mod sandbox;
mod secrets;
mod signals;
mod suite;
mod support;
mod tidy;
mod vaults;
mod wire;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    trials.extend(kubernetes::trials());
    trials.extend(eks::trials());
    trials.extend(life::trials());
    trials.extend(plan_files::trials());
    trials.extend(platform::trials());
    trials.extend(sandbox::trials());
    trials.extend(rehearse::trials());
    trials.extend(rehearse_azure::trials());
    trials.extend(secrets::trials());
    trials.extend(vaults::trials());
    trials.extend(crash::trials());
    trials.extend(signals::trials());
    trials.extend(cli::trials());
    trials.extend(commands::trials());
    trials.extend(examples::trials());
    trials.extend(suite::trials());
    trials.extend(tidy::trials());
    libtest_mimic::run(&arguments, trials).exit();
}

/// A trial of a function that panics when it fails.
fn trial(name: &'static str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
