//! Every command and every flag of the command line: each is tried, and does something that can be seen. A flag that
//! nobody tries fails the test, as does one that is tried and not there.

use super::support::{Bench, Ran};
use super::trial;
use libtest_mimic::Trial;
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("commands::every_command_and_flag_does_something", every_command_and_flag_does_something),
        trial("commands::every_command_and_flag_is_tried", every_command_and_flag_is_tried),
    ]
}

const STACK: &str = r#"
provider mock {}
param size: int = 1
param zone: string = "a"
@create_first
resource a: mock.thing { name = "a", size, zone }
resource each: mock.thing for key in to_set(["x", "y"]) { name = key, parent = a }
output id = a.id
output token = a.token
"#;

/// What is done to a stack that was applied: the command line, its exit code, and a part of what is seen.
struct Try {
    line: &'static str,
    code: i32,
    seen: &'static str,
}

const fn run(line: &'static str, code: i32, seen: &'static str) -> Try {
    Try { line, code, seen }
}

/// Groups that each begin with the applied stack; `dev` is its default environment.
const TRIES: &[&[Try]] = &[
    &[run("-C ../new init --name demo", 0, "formwork apply"), run("--chdir ../new plan", 0, "to create")],
    &[
        run("check", 0, "well-typed"),
        run("check --deny-warnings", 0, "well-typed"),
        run("check --format json", 0, "\"diagnostics\":[]"),
        run("check --format sarif", 0, "\"version\": \"2.1.0\""),
        run("check --json", 0, "\"diagnostics\":[]"),
        run("check --var size=x", 1, "E0593"),
        run("check --var-file more.fwvars", 0, "well-typed"),
        run("check --no-color", 0, "well-typed"),
    ],
    &[
        run("fmt --check", 1, "main.fw"),
        run("fmt --diff", 0, "@@"),
        run("fmt main.fw", 0, "main.fw"),
        run("fmt --check", 0, ""),
    ],
    &[
        run("plan", 0, "No changes"),
        run("plan -e prod", 0, "3 to create"),
        run("plan --env prod", 0, "3 to create"),
        run("plan --json", 0, "\"resource_changes\""),
        run("plan --no-color", 0, "No changes"),
        run("plan --full", 0, "No changes"),
        run("plan --untrusted", 0, "No changes"),
        run("plan --input=false", 0, "No changes"),
        run("plan --var size=2", 0, "1 → 2"),
        run("plan --var-file more.fwvars", 0, "1 → 7"),
        run("plan --var size=2 --target a", 0, "W1004"),
        run("plan --var size=2 --exclude a", 0, "No changes"),
        run("plan --replace a", 0, "will be replaced"),
        run("plan --refresh=false", 0, "No changes"),
        run("plan --refresh-only", 0, "No changes"),
        run("plan --parallelism 1", 0, "No changes"),
        run("plan --parallelism 0", 1, "E0572"),
        run("plan --detailed-exitcode", 0, "No changes"),
        run("plan --detailed-exitcode --var size=2", 2, "1 to change"),
        run("plan --destroy --refresh-only", 1, "E0598"),
        run("plan --help", 0, "--detailed-exitcode"),
        run("plan --forget-unreachable", 0, "No changes"),
        run("plan --destroy", 0, "3 to delete"),
        run("plan --var size=2 --out p.fwplan", 0, "Written to p.fwplan"),
        run("show p.fwplan", 0, "1 → 2"),
        run("show p.fwplan --json", 0, "\"resource_changes\""),
        run("show p.fwplan --markdown", 0, "### Formwork plan"),
        run("apply p.fwplan --next-out q.fwplan", 0, "1 changed"),
    ],
    &[
        run("apply", 1, "E0587"),
        run("apply --auto-approve --var size=2", 0, "1 changed"),
        run("apply --auto-approve --var-file more.fwvars", 0, "1 changed"),
        run("apply --auto-approve --var size=7 --replace a", 0, "2 changed"),
        run("apply --auto-approve --var size=8 --target a", 0, "1 changed"),
        run("apply --auto-approve --var size=9 --exclude a", 0, "No changes"),
        run("apply --auto-approve --var size=9 --refresh=false", 0, "1 changed"),
        run("apply --auto-approve --var size=9 --refresh-only", 0, "No changes"),
        run("apply --auto-approve --var size=10 --parallelism 1", 0, "1 changed"),
        run("apply --auto-approve --var size=10 --detailed-exitcode", 0, "No changes"),
        run("apply --auto-approve --var size=11 --lock-timeout 5s", 0, "1 changed"),
        run("apply --auto-approve --var size=11 --forget-unreachable", 0, "No changes"),
        run("apply --auto-approve --var size=12 --json", 0, "\"event\":\"report\""),
    ],
    &[
        run("show", 0, "a (mock.thing)"),
        run("show --json", 0, "root_module"),
        run("output", 0, "id = \"a-1\""),
        run("output id", 0, "\"a-1\""),
        run("output id --raw", 0, "a-1"),
        run("output --json", 0, "\"(secret)\""),
        run("output token", 0, "(secret)"),
        run("output token --show-secrets", 0, "\"mock-"),
        run("state list", 0, "each[\"x\"]"),
        run("state list each", 0, "each[\"y\"]"),
        run("state list --json", 0, "\"objects\""),
        run("state show a", 0, "zone = \"a\""),
        run("state history", 0, "3 created"),
        run("state history", 0, " in dev by "),
        run("state history --json", 0, "\"environment\":\"dev\""),
        run("state history --limit 0", 0, ""),
        run("state lock", 0, "Nobody holds the lock"),
        run("unlock", 0, "Nobody holds the lock"),
        run("unlock --force", 0, "Nobody holds the lock"),
        run("state mv a b --lock-timeout 1s", 0, "1 moved"),
        run("state mv b a", 0, "1 moved"),
        run("state rm", 1, "<ADDRESSES>..."),
        run("state rm each --lock-timeout 1s", 0, "2 forgotten"),
        run("state resolve a", 1, "<--adopt <ID>|--absent>"),
        run("state resolve a --adopt a-1 --absent", 1, "cannot be used with"),
        run("state resolve a --absent", 1, "E3055"),
        run("state resolve a --adopt a-1 --lock-timeout 1s", 1, "E3055"),
        run("import each[\"x\"] x-1 --lock-timeout 1s", 0, "each[\"x\"]"),
        run("import each[\"y\"] y-1 --var size=1 --var-file more.fwvars", 0, "each[\"y\"]"),
        run("plan", 0, "No changes"),
    ],
    &[
        run("drift", 0, "No drift"),
        run("refresh --auto-approve", 0, "No changes"),
        run("refresh", 1, "E0587"),
        run("graph", 0, "digraph"),
        run("graph --format dot", 0, "digraph"),
        run("graph --format mermaid --var size=2 --var-file more.fwvars", 0, "flowchart"),
        run("explain E0312", 0, "# E0312"),
        run("explain a.size", 0, "param size"),
        run("explain a.size --var size=4", 0, "--var size: = 4"),
        run("explain a.size --var-file more.fwvars", 0, "more.fwvars:1"),
        run("env list", 0, "dev (default)"),
        run("env diff dev prod", 0, "size: 1 → 5"),
        run("version", 0, "std "),
        run("--version", 0, "formwork "),
        run("--help", 0, "Usage"),
        run("completions bash", 0, "_formwork"),
        run("completions zsh", 0, "#compdef formwork"),
        run("completions fish", 0, "complete -c formwork"),
        run("destroy", 1, "E0587"),
        run("destroy --auto-approve", 0, "3 deleted"),
    ],
    &[
        run("sandbox start --latency none --idle 5m --http 0 --fail method=PUT,error=quota", 0, "started at https"),
        run("sandbox status", 0, "Latency none"),
        run("sandbox status", 0, "plain HTTP at http://127.0.0.1:"),
        run("sandbox start --json", 0, "\"http\":\"http://127.0.0.1:"),
        run("sandbox status --json", 0, "\"latency\":\"none\""),
        run("sandbox fail", 0, "method=PUT,error=quota (struck 0 of 0)"),
        run("sandbox fail --json", 0, "\"failures\":[{"),
        run("sandbox fail --remove 1", 0, "Nothing goes wrong"),
        run("sandbox fail --clear", 0, "Nothing goes wrong"),
        run("plan --sandbox", 0, "Sandbox of `dev`"),
        run("sandbox log", 0, ""),
        run("sandbox stop", 0, "Stopped"),
        run("sandbox stop", 0, "It is not running"),
        run("sandbox status", 0, "is not running; what exists in it is kept"),
        run("sandbox log --follow", 0, ""),
        run("sandbox reset", 0, "is empty"),
        run("sandbox log", 1, "E5006"),
    ],
    &[
        run("rehearse", 0, "There is nothing to change"),
        run("rehearse --var size=3", 0, "A second plan is clean"),
        run("rehearse --var size=3 --detailed-exitcode", 2, "A second plan is clean"),
        run("rehearse --var-file more.fwvars", 0, "update   a (mock.thing)"),
        run("rehearse --var size=3 --target a", 0, "update   a (mock.thing)"),
        run("rehearse --var size=3 --exclude a", 0, "There is nothing to change"),
        run("rehearse --replace a", 0, "replace  a (mock.thing)"),
        run("rehearse --destroy", 0, "delete   each[\"x\"]"),
        run("rehearse --refresh=false", 0, "There is nothing to change"),
        run("rehearse --refresh-only", 1, "E0598"),
        run("rehearse --parallelism 0", 1, "E0572"),
        run("rehearse --destroy --parallelism 1", 0, "delete   a (mock.thing)"),
        run("rehearse --read-data", 0, "There is nothing to change"),
        run("rehearse --forget-unreachable", 0, "There is nothing to change"),
        run("rehearse --var size=3 --fail method=PUT,error=quota", 0, "method=PUT,error=quota (struck 0 of 0)"),
        run("rehearse --fail odd", 1, "E5008"),
    ],
];

/// What else takes the flags of planning; they are one structure, and are tried with `plan` and `apply` above.
const PLANNING: &[&str] = &["destroy", "refresh", "drift"];

fn applied() -> Bench {
    let bench = Bench::new(&[
        ("main.fw", STACK),
        ("formwork.toml", "[stack]\nname = \"bench\"\n[environments]\ndefault = \"dev\"\n"),
        ("env/dev.fwvars", "size = 1\n"),
        ("env/prod.fwvars", "size = 5\n"),
        ("more.fwvars", "size = 7\n"),
    ]);
    std::fs::create_dir(bench.home().join("new")).unwrap();
    bench.apply().expect(0);
    bench
}

fn every_command_and_flag_does_something() {
    for group in TRIES {
        let bench = applied();
        for tried in *group {
            let words: Vec<&str> = tried.line.split(' ').collect();
            let Ran { code, out, err } = bench.run(&words);
            assert_eq!(code, Some(tried.code), "{}\n--- out\n{out}\n--- err\n{err}", tried.line);
            assert!((out.clone() + &err).contains(tried.seen), "{}\n--- out\n{out}\n--- err\n{err}", tried.line);
        }
    }
}

/// Words of all tries that name a command, with the flags behind them.
fn tried() -> BTreeSet<(String, String)> {
    let mut tried = BTreeSet::new();
    for words in TRIES.iter().flat_map(|group| group.iter()).map(|tried| tried.line.split(' ').collect::<Vec<_>>()) {
        let command = command_of(&words);
        for flag in words.iter().filter(|word| word.starts_with('-')) {
            tried.insert((command.clone(), flag.split('=').next().unwrap().to_owned()));
        }
        tried.insert((command, String::new()));
    }
    tried
}

/// `state list`, `plan`; global flags may stand before it.
fn command_of(words: &[&str]) -> String {
    let mut words = words.iter().skip_while(|word| word.starts_with('-') || word.starts_with('.'));
    let first = words.next().copied().unwrap_or_default();
    let second = words.next().filter(|_| matches!(first, "state" | "env" | "sandbox"));
    second.map_or_else(|| first.to_owned(), |second| format!("{first} {second}"))
}

fn every_command_and_flag_is_tried() {
    let bench = Bench::new(&[]);
    let tried = tried();
    let mut missing = Vec::new();
    for command in commands(&bench, "") {
        let subcommands = commands(&bench, &command);
        let all = if subcommands.is_empty() {
            vec![command.clone()]
        } else {
            subcommands.iter().map(|sub| format!("{command} {sub}")).collect()
        };
        for command in all {
            if !tried.contains(&(command.clone(), String::new())) {
                missing.push(command.clone());
            }
            for flag in flags(&bench, &command) {
                let elsewhere = PLANNING.contains(&command.as_str());
                let is_tried = tried.iter().any(|(tried_command, tried_flag)| {
                    *tried_flag == flag && (*tried_command == command || elsewhere || GLOBAL.contains(&flag.as_str()))
                });
                if !is_tried {
                    missing.push(format!("{command} {flag}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "nobody tries {missing:#?}");
}

/// Flags of all commands.
const GLOBAL: &[&str] = &[
    "--chdir",
    "--env",
    "--json",
    "--no-color",
    "--full",
    "--untrusted",
    "--sandbox",
    "--input",
    "--help",
    "--version",
];

fn help(bench: &Bench, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
    bench.run(&words).expect(0).out
}

/// The commands below a command, as its help lists them.
fn commands(bench: &Bench, command: &str) -> Vec<String> {
    let help = help(bench, command);
    let Some((_, listed)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    lines
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The long flags of a command, as its help lists them.
fn flags(bench: &Bench, command: &str) -> Vec<String> {
    let help = help(bench, command);
    let words = help.lines().filter(|line| line.trim_start().starts_with('-')).flat_map(str::split_whitespace);
    let flags = words.filter(|word| word.starts_with("--")).map(|word| {
        let end = word.find(|character: char| !character.is_ascii_lowercase() && character != '-');
        word[..end.unwrap_or(word.len())].to_owned()
    });
    flags.filter(|flag| flag.len() > 2).collect()
}
