//! Recorded traffic of Azure Resource Manager, sent again to the sandbox request by request.
//!
//! A pair agrees when status, operation headers, error code, terminal state and the set of (JSON path, type) of the body
//! are those recorded, with runs of polls that say "not yet" taken as one. What is passed over stands, with its reason, in
//! `ignored.txt`. They are sent to the service in this process, and to a sandbox's process over HTTPS, where `FORMWORK_PROGRAM`
//! names the `formwork` command: there it has to come out the same, pair by pair, of some recordings or, with
//! `FORMWORK_REPLAY_PROCESS=all`, of all. What a recording tells (guids, tokens, URLs of operations) is only used to recognise
//! a URL that the recorded client had been given, and to send our own in its place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

mod compare;
#[path = "../process/mod.rs"]
mod process;
mod recording;
mod replay;
mod service;

use libtest_mimic::{Arguments, Failed, Trial};
use replay::{Names, Outcome};
use service::{Here, Process};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    let program = process::program();
    let skipped = !present || program.is_none();
    let run = move || program.as_ref().map_or(Ok(()), |program| over_https(&recordings, program));
    trials.push(Trial::test("recordings agree over https", run).with_ignored_flag(skipped));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Of so many recordings one is sent to a process, where not all are asked for.
const STEP: usize = 8;

fn over_https(recordings: &[recording::Recording], program: &Path) -> Result<(), Failed> {
    let ignored = ignored();
    let all = std::env::var("FORMWORK_REPLAY_PROCESS").is_ok_and(|which| which == "all");
    let only = std::env::var("FORMWORK_REPLAY").unwrap_or_default();
    let (mut pairs, mut agreeing) = (0, 0);
    let chosen = recordings.iter().filter(|recording| recording.name.contains(&only));
    for recording in chosen.step_by(if all { 1 } else { STEP }) {
        let folder = tempfile::tempdir()?;
        let process = Process::start(program, folder.path());
        let there = replay::replay(recording, Names::AsRecorded, &ignored, &process);
        let here = replay::replay(recording, Names::AsRecorded, &ignored, &Here::new());
        for (there, here) in there.iter().zip(&here) {
            if (&there.label, gist(&there.outcome)) != (&here.label, gist(&here.outcome)) {
                let (name, label) = (&recording.name, &here.label);
                let (there, here) = (&there.outcome, &here.outcome);
                return Err(format!("{name} {label}\nover HTTPS: {there:?}\nin this process: {here:?}").into());
            }
            pairs += 1;
            agreeing += usize::from(there.outcome == Outcome::Agrees);
        }
    }
    eprintln!("{agreeing} of {pairs} pairs agree over HTTPS, as in this process");
    Ok(())
}

/// An outcome without the answer's body, which holds times.
fn gist(outcome: &Outcome) -> Vec<&str> {
    let Outcome::Differs(reasons) = outcome else { return Vec::new() };
    reasons.iter().map(|reason| reason.split(" {").next().unwrap_or_default()).collect()
}

fn ignored() -> compare::Ignored {
    compare::Ignored::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/replay/ignored.txt"))
}

fn agree(recordings: &[recording::Recording], names: Names) -> Result<(), Failed> {
    let ignored = ignored();
    let only = std::env::var("FORMWORK_REPLAY").ok();
    let mut types: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut differing = Vec::new();
    for recording in recordings {
        if only.as_ref().is_some_and(|only| !recording.name.contains(only.as_str())) {
            continue;
        }
        for pair in replay::replay(recording, names, &ignored, &Here::new()) {
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
