//! Killed at any instant: afterwards one plain apply, without a flag, brings the cloud and the state together, and the
//! plan after it is clean. `FORMWORK_KILLS` says how many kills on the mock cloud, `FORMWORK_MOTO_KILLS` how many on moto,
//! `FORMWORK_PLATFORM_KILLS` how many of a platform in the sandbox.

mod mock;
mod moto;
mod proxy;
mod replacement;
mod sandbox;
mod table;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = mock::trials();
    trials.extend(replacement::trials());
    trials.extend(moto::trials());
    trials.extend(sandbox::trials());
    trials
}

/// A number that a variable gives, for the long forms.
fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
