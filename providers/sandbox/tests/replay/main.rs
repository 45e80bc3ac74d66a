//! Recorded traffic of Azure Resource Manager, sent again to the sandbox request by request.
//!
//! A pair agrees when status, operation headers, error code, terminal state and the set of (JSON path, type) of the body
//! are those recorded, with runs of polls that say "not yet" taken as one. What is passed over stands, with its reason, in
//! `ignored.txt`. What a recording tells (guids, tokens, URLs of operations) is only used to recognise a URL that the
//! recorded client had been given, and to send our own in its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod compare;
mod recording;
mod replay;

use libtest_mimic::{Arguments, Failed, Trial};
use replay::{Names, Outcome};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The share of pairs that has to agree.
const SHARE: f64 = 0.95;

fn main() {
    let arguments = Arguments::from_args();
    let recordings = recording::all();
    let present = !recordings.is_empty();
    let mut trials = Vec::new();
    for (name, names) in
        [("recordings agree", Names::AsRecorded), ("recordings agree under other names", Names::Others)]
    {
        let recordings = recordings.clone();
        trials.push(Trial::test(name, move || agree(&recordings, names)).with_ignored_flag(!present));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn agree(recordings: &[recording::Recording], names: Names) -> Result<(), Failed> {
    let ignored = compare::Ignored::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/replay/ignored.txt"));
    let only = std::env::var("FORMWORK_REPLAY").ok();
    let mut types: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut differing = Vec::new();
    for recording in recordings {
        if only.as_ref().is_some_and(|only| !recording.name.contains(only.as_str())) {
            continue;
        }
        for pair in replay::replay(recording, names, &ignored) {
            let counts = types.entry(pair.kind.clone()).or_default();
            counts.1 += 1;
            match pair.outcome {
                Outcome::Agrees => counts.0 += 1,
                Outcome::Differs(reasons) => differing.push((recording.name.clone(), pair.label, reasons)),
            }
        }
    }
    report(&types, &differing, &reasons())
}

/// Why pairs differ: recording, number of the pair, reason.
fn reasons() -> BTreeMap<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/replay/differences.txt");
    let text = std::fs::read_to_string(path).expect("the list of differences");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once("  # "))
        .map(|(pair, why)| (pair.trim().to_owned(), why.to_owned()))
        .collect()
}

fn report(
    types: &BTreeMap<String, (usize, usize)>,
    differing: &[(String, String, Vec<String>)],
    known: &BTreeMap<String, String>,
) -> Result<(), Failed> {
    let (agreeing, all) = types.values().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let mut text = String::new();
    for (kind, (agreeing, all)) in types {
        text.push_str(&format!("{agreeing:5} of {all:5}  {kind}\n"));
    }
    for (recording, label, reasons) in differing {
        let number = label.split(' ').next().unwrap_or_default();
        let why = known.get(&format!("{recording} {number}")).map_or("not explained", String::as_str);
        text.push_str(&format!("{recording} {label}\n    # {why}\n"));
        for reason in reasons {
            text.push_str(&format!("    {reason}\n"));
        }
    }
    let share = agreeing as f64 / all.max(1) as f64;
    text.push_str(&format!("{agreeing} of {all} pairs agree: {:.1} %\n", share * 100.0));
    eprintln!("{text}");
    if share < SHARE {
        return Err(format!("{:.1} % of pairs agree, {:.0} % must", share * 100.0, SHARE * 100.0).into());
    }
    Ok(())
}
