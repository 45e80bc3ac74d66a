//! Each stage alone, at sizes ten times apart: that it grows linearly can be seen in the throughput, which stays the same.
//!
//! `cargo bench -p formwork-benches --bench stages -- plan` runs those whose name holds `plan`.
#![allow(missing_docs, reason = "criterion makes functions without docs")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot prepare itself measures nothing")]

mod language;
mod parse;
mod planning;
mod records;

use criterion::{Criterion, criterion_group, criterion_main};
use std::time::Duration;

/// Few samples: the stages take milliseconds, and what is asked for is how they grow.
fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = stages;
    config = settings();
    targets = parse::parse, language::check, language::evaluate, planning::plan_new, planning::plan_again,
        records::append, records::replay, records::snapshot
}
criterion_main!(stages);
