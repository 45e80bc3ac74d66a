//! Every code of the state has a page, and every page a code.

#![allow(clippy::unwrap_used)]

use formwork_state::Problem;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One problem of each kind.
fn all() -> Vec<Problem> {
    let path = PathBuf::from("state/journal");
    let text = || "text".to_owned();
    vec![
        Problem::Locked { holder: None, waited_ms: 5 },
        Problem::LockLost { path: path.clone() },
        Problem::Newer { what: text(), version: 2, known: 1 },
        Problem::JournalDamaged { path: path.clone(), offset: 7, reason: text() },
        Problem::SnapshotDamaged { path: path.clone(), reason: text(), copy: text() },
        Problem::KeyMissing { path: path.clone(), key: text() },
        Problem::WrongKey { source: text(), needed: text(), used: text() },
        Problem::BadKey { source: text(), reason: text() },
        Problem::SealBroken { object: text() },
        Problem::DiskFull { doing: "write", path: path.clone() },
        Problem::NotAllowed { doing: "write", path: path.clone(), reason: text() },
        Problem::Io { doing: "write", path: path.clone(), reason: text() },
        Problem::Illegal { serial: 1, record: text(), reason: text() },
        Problem::Stopped { cause: text() },
        Problem::RowsRebuilt { aside: path.clone(), reason: text() },
        Problem::SnapshotRecovered { path: path.clone(), reason: text() },
        Problem::KeyMade { path },
    ]
}

#[test]
fn every_code_has_a_page_and_says_what_to_do() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics");
    let mut codes = BTreeSet::new();
    for problem in all() {
        let shown = problem.diagnostic();
        let page = std::fs::read_to_string(pages.join(format!("{}.md", problem.code()))).unwrap();
        assert!(page.starts_with(&format!("# {}: ", problem.code())), "{}", problem.code());
        assert_eq!(shown.is_error(), problem.code().starts_with('E'));
        assert!(shown.help.is_some_and(|help| !help.is_empty()), "{}", problem.code());
        assert!(codes.insert(problem.code()), "{} twice", problem.code());
    }
    assert_eq!(codes.len(), 17);
}
