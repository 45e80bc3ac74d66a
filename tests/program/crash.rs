//! Killed at any instant: afterwards one plain apply, without a flag, brings the cloud and the state together, and the
//! plan after it is clean. `FORMWORK_KILLS` says how many kills (300 for the full count).

use super::support::{Bench, Ran, inventory};
use super::trial;
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("crash::killed_at_any_instant", killed_at_any_instant)]
}

const TYPES: &[&str] = &["named", "tokened", "tagged", "keyed", "thing", "slow"];

/// One object of each recognisable type, and some that need each other.
fn stack(version: u32) -> String {
    format!(
        r#"
provider mock {{}}
resource named: mock.named {{ name = "named" }}
resource tokened: mock.tokened for key in to_set(["a", "b"]) {{ name = "tokened-${{key}}" }}
resource tagged: mock.tagged after named {{ name = "tagged" }}
resource keyed: mock.keyed {{ table = "main", destination = "10.0.0.0/8", target = "gateway-{version}" }}
resource root: mock.thing {{ name = "root", size = {version} }}
@create_first
resource first: mock.thing {{ name = "first-{version}", zone = "zone-{version}", parent = root }}
resource last: mock.thing {{ name = "last", zone = "zone-{version}", tags = {{ of = first.id }} }}
{}
"#,
        if version == 1 { "resource gone: mock.thing { name = \"gone\", parent = root }" } else { "" }
    )
}

fn killed_at_any_instant() {
    let kills: usize = std::env::var("FORMWORK_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(36);
    let mut random = StdRng::seed_from_u64(7);
    let mut counts = BTreeMap::new();
    let mut done = 0;
    while done < kills {
        done += life(&mut random, &mut counts);
    }
    eprintln!("kills by window: {counts:#?}");
}

/// Creates, changes and destroys a stack, killed once in each; gives the number of kills that hit.
fn life(random: &mut StdRng, counts: &mut BTreeMap<String, usize>) -> usize {
    let bench = Bench::new(&[("main.fw", &stack(1))]);
    std::fs::create_dir_all(bench.home().join("cloud")).unwrap();
    // Calls take some time, so that kills fall into them.
    let delay = r#"[{"call": "create", "delay_ms": 3, "answer_delay_ms": 3}, {"call": "delete", "delay_ms": 3, "answer_delay_ms": 3}]"#;
    std::fs::write(bench.home().join("cloud/faults.json"), delay).unwrap();
    let mut hits = kill(&bench, random, counts, &["apply", "--auto-approve"], "create");
    converge(&bench);
    bench.write("main.fw", &stack(2));
    hits += kill(&bench, random, counts, &["apply", "--auto-approve"], "*");
    converge(&bench);
    hits += kill(&bench, random, counts, &["destroy", "--auto-approve"], "delete");
    bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(inventory(&bench.cloud(), TYPES).is_empty(), "orphans: {:?}", inventory(&bench.cloud(), TYPES));
    assert!(bench.recorded_ids().is_empty());
    hits
}

fn converge(bench: &Bench) {
    bench.apply().expect(0);
    bench.expect_clean();
    assert_eq!(bench.recorded_ids(), inventory(&bench.cloud(), TYPES));
}

const NAMES: &[&str] = &["named", "tokened-a", "tokened-b", "tagged", "root", "first-1", "first-2", "last", "gone"];

/// Runs a command and kills it: at a place of a call, or at a random time.
fn kill(
    bench: &Bench,
    random: &mut StdRng,
    counts: &mut BTreeMap<String, usize>,
    arguments: &[&str],
    call: &str,
) -> usize {
    let mut command = bench.command(arguments);
    let window = match random.random_range(0..6) {
        0 => "timed",
        1 | 2 => "before_send",
        3 => "after_checkpoint",
        4 => "after_send",
        _ => "before_answer",
    };
    if window == "timed" {
        return kill_in_time(bench, command, random, counts);
    }
    let call = if call == "*" { ["create", "update", "delete"][random.random_range(0..3)] } else { call };
    let name = NAMES[random.random_range(0..NAMES.len())];
    let output = command.env("FORMWORK_MOCK_ABORT", format!("{call}:{name}:{window}")).output().unwrap();
    let hit = output.status.signal().is_some();
    if hit {
        let place = match window {
            "before_send" => "Begin to send",
            "before_answer" => "before Done",
            _ => "done at the server to answer read",
        };
        *counts.entry(format!("{place} ({call})")).or_default() += 1;
    } else {
        Ran::of(&output).expect(0);
    }
    usize::from(hit)
}

fn kill_in_time(
    bench: &Bench,
    mut command: std::process::Command,
    random: &mut StdRng,
    counts: &mut BTreeMap<String, usize>,
) -> usize {
    let before = calls(bench);
    let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.random_range(5_000..150_000)));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    if status.signal().is_none() {
        return 0;
    }
    let place = if calls(bench) == before { "before Begin (timed)" } else { "anywhere (timed)" };
    *counts.entry(place.to_owned()).or_default() += 1;
    1
}

/// Changing calls that the cloud has heard of.
fn calls(bench: &Bench) -> usize {
    let changing = |call: &str| matches!(call, "create" | "update" | "delete");
    bench.cloud().log().unwrap().iter().filter(|entry| changing(&entry.call)).count()
}
