//! Chaos: random stacks with failing providers, through plan, apply and recovery, held against a slow, obviously right
//! oracle. `FORMWORK_CHAOS` says how many cases, `FORMWORK_CHAOS_SEED` which one alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)]

#[path = "../plan/support.rs"]
#[allow(dead_code)]
mod builder;
mod faults;
mod oracle;
mod stack;
mod store;
mod world;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stack::Stack;
use std::collections::BTreeMap;
use world::World;

/// What a case went through, to be counted.
pub(crate) type Counts = BTreeMap<&'static str, usize>;

/// Cases that found a mistake, beyond those of every run.
const FAILED_ONCE: [u64; 4] = [299, 444, 802, 2010];

#[test]
fn failing_providers_leave_a_valid_state() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("FORMWORK_CHAOS_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("FORMWORK_CHAOS").unwrap_or(100)).chain(FAILED_ONCE).collect(),
    };
    if number("FORMWORK_CHAOS_SEED").is_none() {
        quiet_panics();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut counts = Counts::new();
    for seed in &seeds {
        let failed = Failed(*seed);
        runtime.block_on(case(*seed, &mut counts));
        std::mem::forget(failed);
    }
    eprintln!("{} cases: {counts:#?}", seeds.len());
}

/// Tells the seed of a case that panics.
struct Failed(u64);

impl Drop for Failed {
    fn drop(&mut self) {
        eprintln!("it was FORMWORK_CHAOS_SEED={}", self.0);
    }
}

/// Panics that are scripted need no report.
fn quiet_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some("scripted panic") {
            before(panic);
        }
    }));
}

async fn case(seed: u64, counts: &mut Counts) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut world = World::new();
    let mut stack = Stack::default();
    for _ in 0..random.random_range(2..=4) {
        stack.edit(&mut random);
        world.faults(&mut random);
        world.round(&stack, &mut random, counts).await;
        oracle::check(&world);
    }
    world.calm();
    world.resolve_uncertain(counts);
    world.converge(&stack, counts).await;
    oracle::check(&world);
    oracle::check_values(&world, &stack);
    world.destroy(&stack).await;
    assert!(world.objects().is_empty(), "orphans: {:#?}", world.objects());
    assert!(world.state().rows.is_empty());
}
