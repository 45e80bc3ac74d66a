//! Signals and the lock: the first signal lets what is in flight finish, the second leaves at once, both record; one
//! writer at a time.

use super::support::{Bench, Ran};
use super::trial;
use formwork_provider_mock::{CloudObject, ObjectState};
use formwork_state::record::Outcome;
use formwork_state::store::Reader;
use libtest_mimic::Trial;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("signals::the_first_lets_what_is_in_flight_finish", the_first_lets_what_is_in_flight_finish),
        trial("signals::the_second_leaves_and_the_next_apply_goes_on", the_second_leaves_and_the_next_apply_goes_on),
        trial("signals::one_that_comes_early_changes_nothing", one_that_comes_early_changes_nothing),
        trial("signals::the_first_ends_what_planning_tries_again", the_first_ends_what_planning_tries_again),
        trial("signals::a_rehearsal_ends_at_once", a_rehearsal_ends_at_once),
        trial("signals::one_writer_at_a_time", one_writer_at_a_time),
        trial("signals::readers_need_not_wait", readers_need_not_wait),
    ]
}

/// A long create, one that waits for it, and one that does not.
const STACK: &str = r#"
provider mock {}
resource long: mock.slow { name = "long", polls = 1000, interval = 20ms }
resource behind: mock.thing { name = "behind", tags = { of = long.id } }
resource beside: mock.thing { name = "beside" }
"#;

/// A run whose long create is going on.
struct Running {
    child: Child,
    /// Where it tells events: standard output with `--json`, else standard error.
    told: BufReader<Box<dyn Read + Send>>,
    seen: String,
}

impl Running {
    fn start(bench: &Bench, json: bool) -> Self {
        let mut arguments = vec!["apply", "--auto-approve"];
        arguments.extend(json.then_some("--json"));
        let mut command = bench.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let told: Box<dyn Read + Send> = match json {
            true => Box::new(child.stdout.take().unwrap()),
            false => Box::new(child.stderr.take().unwrap()),
        };
        let running = Self { child, told: BufReader::new(told), seen: String::new() };
        wait_until(|| going_on(bench).is_some() && bench.cloud().count("create", "thing").unwrap() == 1);
        running
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
    }

    /// Reads on until it tells this.
    fn expect(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            let read = self.told.read_line(&mut line).unwrap();
            self.seen.push_str(&line);
            assert!(read > 0, "it ended without `{words}`:\n{}", self.seen);
            if line.contains(words) {
                return;
            }
        }
    }

    /// The exit code and all that it told.
    fn end(mut self) -> (Option<i32>, String) {
        self.told.read_to_string(&mut self.seen).unwrap();
        (self.child.wait().unwrap().code(), self.seen)
    }
}

fn wait_until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The long object, while it is being made.
fn going_on(bench: &Bench) -> Option<CloudObject> {
    let object = bench.cloud().object("slow", "long-1").unwrap()?;
    (object.state == ObjectState::Creating).then_some(object)
}

/// The cloud is through with the long object at the next poll.
fn let_it_finish(bench: &Bench) {
    let object = going_on(bench).unwrap();
    bench.cloud().put(&CloudObject { polls_left: 1, ..object }).unwrap();
}

fn last_outcome(bench: &Bench) -> Option<Outcome> {
    let history = bench.reader().history().unwrap();
    history.first()?.finished.as_ref().map(|finished| finished.outcome)
}

const fn interrupted(json: bool) -> &'static str {
    if json { r#""event":"interrupted""# } else { "Interrupted: nothing new is started" }
}

fn the_first_lets_what_is_in_flight_finish() {
    for (signal, json) in [("INT", false), ("TERM", true)] {
        let bench = Bench::new(&[("main.fw", STACK)]);
        let mut running = Running::start(&bench, json);
        running.signal(signal);
        running.expect(interrupted(json));
        let_it_finish(&bench);
        let (code, told) = running.end();
        assert_eq!(code, Some(1), "{told}");
        let end = if json { r#""outcome":"interrupted""# } else { "Interrupted: 2 created, 1 skipped." };
        assert!(told.contains(end), "{told}");
        let cloud = bench.cloud();
        assert_eq!(cloud.object("slow", "long-1").unwrap().unwrap().state, ObjectState::Ready);
        assert!(cloud.object("thing", "behind-1").unwrap().is_none(), "nothing new is started");
        assert_eq!(bench.state().rows.len(), 2);
        assert!(bench.state().open.is_empty(), "what was in flight is recorded");
        assert_eq!(last_outcome(&bench), Some(Outcome::Interrupted));
        goes_on(&bench);
    }
}

fn the_second_leaves_and_the_next_apply_goes_on() {
    for (first, second, json) in [("INT", "INT", true), ("INT", "TERM", false), ("TERM", "INT", false)] {
        let bench = Bench::new(&[("main.fw", STACK)]);
        let mut running = Running::start(&bench, json);
        running.signal(first);
        running.expect(interrupted(json));
        running.signal(second);
        let (code, told) = running.end();
        assert_eq!(code, Some(1), "{told}");
        let cancelled = if json { r#""cancelled":true"# } else { "Cancelled: waits end now" };
        assert!(told.contains(cancelled), "{told}");
        assert!(going_on(&bench).is_some(), "it did not wait");
        let state = bench.state();
        let open: Vec<_> = state.open.values().collect();
        assert_eq!(open.len(), 1, "{open:#?}");
        assert!(!open[0].checkpoint.as_ref().unwrap().poll.is_empty(), "how to go on is recorded");
        assert_eq!(last_outcome(&bench), Some(Outcome::Interrupted));
        assert!(bench.run(&["state", "lock"]).expect(0).out.contains("Nobody holds"), "the lock is released");
        let plan = bench.run(&["plan"]).expect(0);
        assert!(plan.out.contains("1 to create"), "the long one is presumed: {}", plan.out);
        let_it_finish(&bench);
        goes_on(&bench);
    }
}

/// One plain apply does the rest, and makes nothing twice.
fn goes_on(bench: &Bench) {
    bench.apply().expect(0);
    bench.expect_clean();
    let cloud = bench.cloud();
    assert_eq!((cloud.count("create", "slow").unwrap(), cloud.count("create", "thing").unwrap()), (1, 2));
    assert_eq!(bench.state().rows.len(), 3);
}

/// A signal before the first change: nothing is started at all.
fn one_that_comes_early_changes_nothing() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    std::fs::create_dir_all(bench.home().join("cloud")).unwrap();
    // The plan's own call waits until the signal has come.
    let delay = r#"[{"call": "plan", "delay_ms": 1500}]"#;
    std::fs::write(bench.home().join("cloud/faults.json"), delay).unwrap();
    let mut command = bench.command(&["apply", "--auto-approve"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until(|| bench.home().join("cloud/fault_counts.json").exists());
    let process = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &process]).status().unwrap().success());
    let ran = Ran::of(&child.wait_with_output().unwrap()).expect(1);
    assert!(ran.err.contains("Interrupted: 3 skipped."), "{}", ran.err);
    assert!(bench.state().rows.is_empty() && bench.cloud().objects("thing").unwrap().is_empty());
}

/// While planning, a cloud that says "later" again and again is asked for a minute; not once a signal came.
fn the_first_ends_what_planning_tries_again() {
    let stack =
        "provider mock {}\nresource one: mock.thing { name = \"one\" }\ndata ours: mock.lookup { name = \"one-1\" }\n";
    for (call, signal, needle) in [("read", "INT", "one"), ("read_data", "TERM", "data.ours")] {
        let bench = Bench::new(&[("main.fw", "provider mock {}\nresource one: mock.thing { name = \"one\" }\n")]);
        bench.apply().expect(0);
        bench.write("main.fw", stack);
        let faults = format!(r#"[{{"call": "{call}", "class": "retryable", "message": "come back later"}}]"#);
        std::fs::write(bench.home().join("cloud/faults.json"), faults).unwrap();
        let mut command = bench.command(&["apply", "--auto-approve"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let asked = || bench.cloud().log().unwrap().iter().filter(|entry| entry.call == call).count();
        wait_until(|| bench.home().join("cloud/fault_counts.json").exists());
        let began = std::time::Instant::now();
        let process = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
        let ran = Ran::of(&child.wait_with_output().unwrap()).expect(1);
        assert!(began.elapsed() < Duration::from_secs(10), "it went on for {:?}", began.elapsed());
        assert!(ran.err.contains("come back later") && ran.err.contains(needle), "{}", ran.err);
        assert!(ran.err.contains("Interrupted"), "{}", ran.err);
        assert!(asked() < 8, "asked {} times", asked());
        assert!(bench.run(&["state", "lock"]).expect(0).out.contains("Nobody holds"), "the lock is released");
    }
}

fn one_writer_at_a_time() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let running = Running::start(&bench, false);
    let second = bench.apply().expect(1).err;
    let process = running.child.id().to_string();
    assert!(second.contains("E3001") && second.contains("apply") && second.contains(&process), "{second}");
    // Who waits gets it when it is free.
    let mut waiting = bench.command(&["apply", "--auto-approve", "--lock-timeout", "10m"]);
    let mut waiting = waiting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(waiting.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(&process) {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it says whom it waits for");
    }
    bench.run(&["plan", "--refresh=false"]).expect(0);
    let_it_finish(&bench);
    assert_eq!(running.end().0, Some(0));
    std::io::copy(&mut told, &mut std::io::sink()).unwrap();
    assert!(waiting.wait().unwrap().success());
    goes_on(&bench);
}

/// While an apply runs, those who only look see what is recorded so far, also one that asks the cloud.
fn readers_need_not_wait() {
    let stack = format!("{STACK}output beside = beside.id\noutput long = long.id\n");
    let bench = Bench::new(&[(
        "main.fw",
        "provider mock {}\nresource old: mock.named { name = \"old\" }\noutput old = old.id\n",
    )]);
    bench.apply().expect(0);
    bench.write("main.fw", &stack);
    let running = Running::start(&bench, false);
    wait_until(|| bench.state().rows.values().any(|row| row.key.address.name == "beside"));
    let list = bench.run(&["state", "list"]).expect(0);
    assert!(list.out.contains("beside") && !list.out.contains("behind"), "{}", list.out);
    assert!(bench.run(&["state", "show", "beside"]).expect(0).out.contains("beside-1"));
    // Outputs are those of the last apply that ended.
    let output = bench.run(&["output"]).expect(0);
    assert!(output.out.contains("old-1") && !output.out.contains("beside"), "{}", output.out);
    let before = bench.cloud().log().unwrap().len();
    let plan = bench.run(&["plan"]).expect(0);
    assert!(plan.out.contains("behind (mock.thing) will be created"), "{}", plan.out);
    assert!(!plan.out.contains("beside (mock.thing) will be created"), "{}", plan.out);
    let log = bench.cloud().log().unwrap();
    assert!(log[before..].iter().any(|entry| entry.call == "read"), "the cloud was asked: {log:?}");
    assert!(bench.run(&["state", "lock"]).expect(0).out.contains("apply"));
    let_it_finish(&bench);
    assert_eq!(running.end().0, Some(0));
    bench.expect_clean();
    assert!(bench.run(&["output", "long", "--raw"]).expect(0).out.contains("long-1"));
}

/// Nothing of a rehearsal is kept, so nothing has to be finished: its create would go on for hours.
fn a_rehearsal_ends_at_once() {
    let bench =
        Bench::new(&[("main.fw", &STACK.replace("polls = 1000, interval = 20ms", "polls = 1000, interval = 20s"))]);
    let mut command = bench.command(&["rehearse"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut seen = String::new();
    while !seen.contains("Making 3 changes there") {
        assert_ne!(told.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    assert!(Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap().success());
    told.read_to_string(&mut seen).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{seen}");
    assert!(seen.contains("E0599"), "{seen}");
}
