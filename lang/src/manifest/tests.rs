//! Manifests and what is said about them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "tests read files")]

use super::*;
use formwork_model::FileId;

fn read(text: &str) -> (Manifest, Vec<String>) {
    let (manifest, diagnostics) = parse(FileId(0), text);
    let lines = diagnostics.iter().map(|diagnostic| describe(text, diagnostic)).collect();
    (manifest, lines)
}

/// `CODE "marked text": message; help`
fn describe(text: &str, diagnostic: &Diagnostic) -> String {
    let span = diagnostic.primary.as_ref().unwrap().span;
    let marked = &text[span.start as usize..span.end as usize];
    format!("{} {marked:?}: {}; {}", diagnostic.code, diagnostic.message, diagnostic.help.as_deref().unwrap())
}

fn problems(text: &str) -> Vec<String> {
    read(text).1
}

const FULL: &str = r#"
[stack]
name = "shop"
version = "1.2.0"
description = "All of the shop"
formwork = ">=0.1, <100"

[providers]
aws = "1"
std = { version = ">=0.1" }

[modules]
platform = "../modules"
edge = { path = "edge" }

[state]
backend = "local"
path = "../state"

[environments]
default = "dev"

[allow]
env = "*"
exec = ["aws", "kubelogin"]
commands = true
endpoints = ["http://127.0.0.1:5000"]

[sandbox.values]
"env:DB_PASSWORD" = "only-here"

[sandbox.repositories]
gitops = "deploy/gitops"
"#;

#[test]
fn reads_every_setting() {
    let (manifest, problems) = read(FULL);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!((manifest.kind, manifest.name.as_str()), (ManifestKind::Stack, "shop"));
    assert_eq!(manifest.version, Some(Version::new(1, 2, 0)));
    assert_eq!(manifest.description, "All of the shop");
    assert!(manifest.providers["aws"].version.matches(&Version::new(1, 9, 0)));
    assert!(!manifest.providers["aws"].version.matches(&Version::new(2, 0, 0)));
    assert!(manifest.providers.contains_key("std"));
    assert_eq!(manifest.modules["platform"].path, "../modules");
    assert_eq!(manifest.modules["edge"].path, "edge");
    assert_eq!(manifest.state, StateSettings { backend: "local".into(), path: "../state".into() });
    assert_eq!(manifest.default_environment.unwrap().name, "dev");
    assert!(manifest.allow.env.permits("ANY") && manifest.allow.commands.permits("make"));
    assert!(manifest.allow.exec.permits("aws") && !manifest.allow.exec.permits("sh"));
    assert!(manifest.allow.endpoints.permits("http://127.0.0.1:5000"));
    assert_eq!(manifest.sandbox_values["env:DB_PASSWORD"], "only-here");
    assert_eq!(manifest.sandbox_repositories["gitops"], "deploy/gitops");
}

#[test]
fn allows_nothing_by_itself() {
    let (manifest, problems) = read("[stack]\nname = \"a\"\n[allow]\ncommands = false\n");
    assert_eq!(problems, Vec::<String>::new());
    for allowance in [&manifest.allow.env, &manifest.allow.exec, &manifest.allow.commands, &manifest.allow.endpoints] {
        assert!(!allowance.permits("x"));
    }
    assert_eq!(manifest.state, StateSettings { backend: "local".into(), path: ".formwork/state".into() });
}

#[test]
fn suggests_the_nearest_key() {
    let text = "[stack]\nname = \"a\"\nversoin = \"1.0.0\"\n[provider]\naws = \"1\"\n[state]\nbucket = \"b\"\n";
    assert_eq!(
        problems(text),
        [
            "E0551 \"versoin\": `[stack]` has no `versoin`; did you mean `version`?",
            "E0551 \"provider\": formwork.toml has no `provider`; did you mean `providers`?",
            "E0551 \"bucket\": `[state]` has no `bucket`; it takes `backend`, `path`",
        ]
    );
}

#[test]
fn reports_all_mistakes_in_one_run() {
    let text = "[stack]\nname = 3\nversion = \"1.2\"\n[providers]\naws = \"one\"\n[modules]\nm = \"https://x/y\"\nn = 1\n[state]\nbackend = \"s3\"\n[allow]\nenv = [1]\nendpoints = [\"ftp://x\"]\n[sandbox.values]\nA = 1\n";
    let codes: Vec<_> = problems(text).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(
        codes,
        [
            "E0552 \"3\"",
            "E0556 \"\\\"1.2\\\"\"",
            "E0556 \"\\\"one\\\"\"",
            "E0560 \"\\\"https",
            "E0552 \"1\"",
            "E0558 \"\\\"s3\\\"\"",
            "E0552 \"1\"",
            "E0561 \"\\\"ftp",
            "E0552 \"1\"",
        ]
    );
}

#[test]
fn wants_a_name() {
    assert!(problems("")[0].starts_with("E0553 \"\": the manifest says neither"));
    assert!(problems("[stack]\nversion = \"1.0.0\"\n")[0].starts_with("E0553 \"stack\": `[stack]` has no name"));
    for name in ["Shop", "1shop", "a b", "", "a/b", "é"] {
        let found = problems(&format!("[stack]\nname = \"{name}\"\n"));
        assert!(found[0].starts_with("E0555 "), "{name}: {found:?}");
    }
}

#[test]
fn keeps_what_only_a_stack_decides_out_of_modules() {
    let found = problems("[module]\nname = \"m\"\n[allow]\nenv = \"*\"\n[stack]\nname = \"s\"\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("E0554 \"module\""));
    assert!(found[1].starts_with("E0557 \"allow\""));
}

#[test]
fn goes_on_after_broken_toml() {
    let found = problems("[stack]\nname = \"a\nversion = \"1.0.0\"\n[stat]\n");
    assert!(found.iter().any(|line| line.starts_with("E0550 ")), "{found:?}");
    assert!(found.iter().any(|line| line.contains("did you mean `state`?")), "{found:?}");
}

#[test]
fn asks_for_a_formwork_that_fits() {
    let found = problems("[stack]\nname = \"a\"\nformwork = \">=99\"\n");
    assert!(found[0].starts_with("E0559 \"\\\">=99\\\"\": this needs Formwork >=99"), "{found:?}");
}

#[test]
fn holds_providers_against_the_build() {
    let (manifest, _) = read("[stack]\nname = \"a\"\n[providers]\naws = \"2\"\nstd = \"0.1\"\nmokc = \"*\"\n");
    let version = |text: &str| Version::parse(text).unwrap();
    let available = [("aws", "1.0.0"), ("std", "0.1.5"), ("mock", "0.1.0")];
    let available = available.map(|(name, text)| (EcoString::from(name), version(text))).into();
    let found: Vec<_> = manifest.check_providers(&available).iter().map(|found| found.code.to_string()).collect();
    assert_eq!(found, ["E0565", "E0564"]);
}

#[test]
fn locks_survive_a_round_trip() {
    let module = LockedModule { source: "git".into(), version: Version::new(1, 0, 0), hash: "blake3:00".into() };
    let lock = Lock {
        providers: [("aws".into(), Version::new(1, 2, 3))].into(),
        modules: [("platform".into(), module)].into(),
    };
    assert_eq!(Lock::parse(&lock.to_text()).unwrap(), lock);
    assert_eq!(Lock::parse(&Lock::default().to_text()).unwrap(), Lock::default());
}

#[test]
fn refuses_a_damaged_or_newer_lock() {
    for text in ["", "form = 2", "form = 1\nother = 1", "form = 1\n[providers]\naws = \"x\"", "<<<<<<<"] {
        assert_eq!(Lock::parse(text).unwrap_err().code.to_string(), "E0562", "{text}");
    }
}

#[test]
fn every_code_has_its_page() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/diagnostics");
    for number in 550..=565 {
        let path = format!("{pages}/E0{number}.md");
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page.starts_with(&format!("# E0{number}")), "{path}");
    }
}
