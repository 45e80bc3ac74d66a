//! Kills against the mock cloud: at chosen places of chosen calls, and at random times.

use super::number;
use super::table::{Kind, Table, Window, found};
use crate::support::{Bench, Ran, inventory};
use crate::trial;
use formwork_state::record::{Change, Condition};
use libtest_mimic::Trial;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("crash::killed_at_any_instant", killed_at_any_instant),
        trial("crash::what_cannot_be_recognised_is_asked_about", what_cannot_be_recognised_is_asked_about),
    ]
}

const TYPES: &[&str] = &["named", "tokened", "tagged", "keyed", "thing", "slow"];

/// One object of each recognisable type, and some that need each other.
fn stack(version: u32) -> String {
    format!(
        r#"
provider mock {{}}
resource named: mock.named {{ name = "named", size = {version} }}
resource tokened: mock.tokened for key in to_set(["a", "b"]) {{ name = "tokened-${{key}}" }}
resource tagged: mock.tagged after named {{ name = "tagged" }}
resource keyed: mock.keyed {{ table = "main", destination = "route", target = "gateway-{version}" }}
resource slow: mock.slow {{ name = "slow", size = {version}, polls = 3 }}
resource root: mock.thing {{ name = "root", size = {version}, seed = "seed-{version}" }}
@create_first
resource first: mock.named {{ name = "first-{version}", zone = "zone-{version}", tags = {{ of = root.id }} }}
resource last: mock.thing {{ name = "last", zone = "zone-{version}", parent = root, tags = {{ of = first.id }} }}
{}
"#,
        if version == 1 { "resource gone: mock.thing { name = \"gone\", parent = root }" } else { "" }
    )
}

fn killed_at_any_instant() {
    let kills = number("FORMWORK_KILLS", 24);
    let mut random = StdRng::seed_from_u64(7);
    let (mut chosen, mut timed) = (Table::default(), Table::default());
    while chosen.total() + timed.total() < kills || !chosen.is_full() {
        life(&mut random, &mut chosen, &mut timed);
    }
    eprintln!("at chosen places:\n{chosen}\nat random times:\n{timed}");
}

/// Creates, changes and destroys a stack, killed once in each.
fn life(random: &mut StdRng, chosen: &mut Table, timed: &mut Table) {
    let bench = Bench::new(&[("main.fw", &stack(1))]);
    std::fs::create_dir_all(bench.home().join("cloud")).unwrap();
    kill(&bench, random, chosen, timed, "apply", &[Kind::Create]);
    converge(&bench);
    bench.write("main.fw", &stack(2));
    kill(&bench, random, chosen, timed, "apply", &[Kind::Update, Kind::Delete, Kind::CreateFirst]);
    converge(&bench);
    kill(&bench, random, chosen, timed, "destroy", &[Kind::Destroy]);
    bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(inventory(&bench.cloud(), TYPES).is_empty(), "orphans: {:?}", inventory(&bench.cloud(), TYPES));
    assert!(bench.state().rows.is_empty());
}

fn converge(bench: &Bench) {
    bench.apply().expect(0);
    bench.expect_clean();
    assert_eq!(bench.ids(), inventory(&bench.cloud(), TYPES));
    let state = bench.state();
    assert!(state.open.is_empty());
    assert!(state.rows.values().all(|row| row.condition == Condition::Ready), "{:#?}", state.rows);
}

/// Places of calls (`call:name:window`) that a kill of this kind can be at.
fn places(kind: Kind, window: Window) -> Vec<String> {
    let (calls, before): (&[&str], &[&str]) = match kind {
        Kind::Create => (
            &[
                "create:named",
                "create:tokened-a",
                "create:tagged",
                "create:main/route",
                "create:slow",
                "create:root",
                "create:first-1",
                "create:last",
                "create:gone",
            ],
            &["find:named", "find:main/route", "find:first-1"],
        ),
        Kind::Update => (&["update:named", "update:main/route", "update:slow", "update:root"], &["plan:root"]),
        Kind::Delete => (&["delete:gone", "delete:last"], &["plan:root", "plan:last"]),
        Kind::CreateFirst => (&["create:first-2", "delete:first-1"], &["find:first-2"]),
        Kind::Destroy => (
            &["delete:named", "delete:tokened-b", "delete:main/route", "delete:slow", "delete:root", "delete:first-2"],
            &["read:*"],
        ),
    };
    let at = |calls: &[&str], words: &[&str]| {
        calls.iter().flat_map(|call| words.iter().map(move |word| format!("{call}:{word}"))).collect()
    };
    match window {
        Window::BeforeBegin => at(before, &["before_send"]),
        Window::BeforeSend => at(calls, &["before_send"]),
        Window::BeforeAnswer => at(calls, &["after_send"]),
        Window::BeforeDone => {
            let mut places: Vec<String> = at(calls, &["before_answer"]);
            let creates = calls.iter().filter(|call| !call.starts_with("delete"));
            places.extend(creates.map(|call| format!("{call}:after_checkpoint")));
            places
        }
    }
}

/// Runs a command and kills it: at the place that was tried least, or at a random time.
fn kill(bench: &Bench, random: &mut StdRng, chosen: &mut Table, timed: &mut Table, command: &str, kinds: &[Kind]) {
    if random.random_bool(0.2) {
        return kill_in_time(bench, random, timed, command, kinds);
    }
    let (kind, window) = chosen.rarest(kinds);
    let places = places(kind, window);
    let place = &places[random.random_range(0..places.len())];
    let mut command = bench.command(&[command, "--auto-approve"]);
    let output = command.env("FORMWORK_MOCK_ABORT", place).output().unwrap();
    assert!(output.status.signal().is_some(), "{place} was not reached: {:?}", Ran::of(&output).err);
    let state = bench.state();
    let name = place.split(':').nth(1).unwrap();
    let open = state.open.values().any(|open| {
        let text = |attribute: &str| open.begin.row.config.view().get(attribute).and_then(|value| value.as_str());
        text("name") == Some(name) || text("destination").is_some_and(|text| name.ends_with(text))
    });
    assert_eq!(open, window != Window::BeforeBegin, "{place}: {:#?}", state.open);
    chosen.count(kind, window);
}

fn kill_in_time(bench: &Bench, random: &mut StdRng, timed: &mut Table, command: &str, kinds: &[Kind]) {
    // Calls take some time, so that kills fall into them.
    let delays = ["create", "update", "delete"]
        .map(|call| format!(r#"{{"call": "{call}", "delay_ms": 5, "answer_delay_ms": 5}}"#));
    let faults = bench.home().join("cloud/faults.json");
    std::fs::write(&faults, format!("[{}]", delays.join(","))).unwrap();
    let before = bench.cloud().log().unwrap().len();
    let mut command = bench.command(&[command, "--auto-approve"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Not before the first call of any kind, else most kills would hit the start of the program.
    while bench.cloud().log().unwrap().len() == before && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_micros(random.random_range(0..120_000)));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    std::fs::remove_file(&faults).unwrap();
    if status.signal().is_none() {
        return;
    }
    let log = bench.cloud().log().unwrap();
    let did = |operation: &str| {
        log.iter().any(|entry| entry.operation == operation && entry.outcome == "done" && is_change(&entry.call))
    };
    let (change, window) = found(&bench.state(), did);
    let kind = match (kinds, change) {
        ([only], _) => *only,
        (_, Some(Change::Delete)) => Kind::Delete,
        (_, Some(Change::Create)) => Kind::CreateFirst,
        (_, Some(Change::Update) | None) => Kind::Update,
    };
    timed.count(kind, window);
}

fn is_change(call: &str) -> bool {
    matches!(call, "create" | "update" | "delete")
}

/// An object of a type without any mark, whose create was cut off, is the one thing that a person has to say.
fn what_cannot_be_recognised_is_asked_about() {
    for window in ["before_send", "after_send"] {
        let one = "provider mock {}\nresource one: mock.anonymous { name = \"one\" }\nresource two: mock.thing { name = \"two\" }\n";
        let bench = Bench::new(&[("main.fw", one)]);
        let mut command = bench.command(&["apply", "--auto-approve"]);
        let output = command.env("FORMWORK_MOCK_ABORT", format!("create:one:{window}")).output().unwrap();
        assert!(output.status.signal().is_some());
        let told = bench.apply().expect(1).err;
        assert!(told.contains("E2004"), "{told}");
        assert_eq!(inventory(&bench.cloud(), &["thing"]), ["two-1"], "it blocks only its own address");
        let made = inventory(&bench.cloud(), &["anonymous"]);
        match made.as_slice() {
            [] => bench.run(&["state", "resolve", "one", "--absent"]).expect(0),
            [id] => bench.run(&["state", "resolve", "one", "--adopt", id]).expect(0),
            more => panic!("{more:?}"),
        };
        bench.apply().expect(0);
        bench.expect_clean();
        assert_eq!(inventory(&bench.cloud(), &["anonymous"]), ["one-1"]);
    }
}
