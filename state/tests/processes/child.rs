//! What the program does as a child, and how a parent starts it.

use crate::files::{code, keys, open, try_open};
use crate::samples::{create, row};
use formwork_state::record::Record;
use formwork_state::store::Store;
use formwork_state::{LocalStore, LockOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A child that is killed, at the latest, when it is not wanted any more.
pub(crate) struct Killed(pub(crate) Child);

impl Killed {
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A child that says lines.
pub(crate) struct Speaking {
    pub(crate) child: Killed,
    pub(crate) lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Speaking {
    pub(crate) fn line(&mut self) -> String {
        self.lines.next().expect("the child has ended").unwrap()
    }

    /// Everything that it still says until it ends.
    pub(crate) fn rest(self) -> Vec<String> {
        let Self { mut child, lines } = self;
        let lines = lines.map_while(Result::ok).collect();
        child.0.wait().unwrap();
        lines
    }
}

/// Starts the program in a role. A wrapper is a command that runs the command behind it.
pub(crate) fn start(role: &str, directory: &Path, wrapper: &[&str]) -> Speaking {
    let program = std::env::current_exe().unwrap();
    let mut command = match wrapper.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(&program);
            command
        }
        None => Command::new(&program),
    };
    command.env("FORMWORK_STATE_CHILD", role).env("FORMWORK_STATE_DIRECTORY", directory);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    Speaking { child: Killed(child), lines }
}

pub(crate) fn main(role: &str) {
    let directory = PathBuf::from(std::env::var_os("FORMWORK_STATE_DIRECTORY").unwrap());
    match role.split_once(' ').unwrap_or((role, "")) {
        ("append", _) => append_for_ever(&directory),
        ("hold", _) => hold(&directory),
        ("try", timeout) => attempt(&directory, Duration::from_millis(timeout.parse().unwrap())),
        ("fill", _) => fill(&directory),
        other => panic!("{other:?}"),
    }
}

/// One line, at once and in one piece.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("{line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Creates objects with ten in flight, and closes the store after each sixty, so that checkpoints come often. Says what
/// is acknowledged, and when it opens and closes.
fn append_for_ever(directory: &Path) {
    let process = std::process::id();
    for round in 0.. {
        say("opening");
        let store = open(directory);
        say("open");
        create_some(store.as_ref(), 60, |index| format!("thing_{process}_{round}_{index}"));
        say("closing");
        store.close().unwrap();
    }
}

fn create_some(store: &dyn Store, count: usize, name: impl Fn(usize) -> String) {
    let (sender, receiver) = mpsc::channel();
    let mut waiting: Vec<Record> = Vec::new();
    let (mut next, mut in_flight) = (0, 0);
    while next < count || in_flight > 0 || !waiting.is_empty() {
        while in_flight < 10 && (next < count || !waiting.is_empty()) {
            let (record, end, name) = match waiting.pop() {
                Some(end) => (end, None, String::new()),
                None => {
                    let name = name(next);
                    let [begin, end] = create(&name);
                    next += 1;
                    (begin, Some(end), name)
                }
            };
            let sender = sender.clone();
            let done = end.is_none();
            store.append(
                record,
                Box::new(move |appended| {
                    say(&format!("acknowledged {}", appended.unwrap()));
                    if !done {
                        say(&format!("begun {name}"));
                    }
                    sender.send(end).unwrap();
                }),
            );
            in_flight += 1;
        }
        waiting.extend(receiver.recv().unwrap());
        in_flight -= 1;
    }
}

/// Holds the lock until it is killed.
fn hold(directory: &Path) {
    let _store = open(directory);
    say("held");
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

fn attempt(directory: &Path, timeout: Duration) {
    let options = LockOptions::new("second@there", "destroy").timeout(timeout).on_wait(|holder| {
        say(&format!("waiting for {}", holder.map_or("someone", |holder| holder.who.as_str())));
    });
    match LocalStore::lock_and_open(directory, options, &keys()) {
        Ok(store) => {
            let serial = store.append_and_wait(vec![Record::Put(Box::new(row("second")))]).unwrap();
            say(&format!("got it, wrote {serial}"));
        }
        Err(error) => say(&format!("{} {}", code(&error), error.0.message)),
    }
}

/// Writes until it fails, and says how.
fn fill(directory: &Path) {
    let store = match try_open(directory) {
        Ok(store) => store,
        Err(error) => return say(&format!("open {}", code(&error))),
    };
    for index in 0..100_000 {
        match store.append_and_wait(create(&format!("thing_{index}")).to_vec()) {
            Ok(serial) => say(&format!("acknowledged {serial}")),
            Err(error) => {
                say(&format!("append {}", code(&error)));
                break;
            }
        }
    }
    let again = store.append_and_wait(create("more").to_vec()).unwrap_err();
    say(&format!("again {}", code(&again)));
    say(&format!("held {}", store.assert_held(1).map_or_else(|error| code(&error), |()| "yes".to_owned())));
    say(&format!("state {}", store.state().serial));
    say(&format!("close {}", store.close().map_or_else(|error| code(&error), |()| "well".to_owned())));
}
