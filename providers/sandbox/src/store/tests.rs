//! The store's tests: what survives a killed process, what is called damage, what is written anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use serde_json::json;
use std::fs;

const KEY: Key = Key::new([7; 32]);

fn reopened(path: &Path) -> Store {
    Store::open(path, &KEY).unwrap()
}

#[test]
fn documents_are_there_after_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = reopened(&path);
    store.put("a", "x/1", json!({ "n": 1 })).unwrap();
    store.put("a", "x/2", json!({ "n": 2 })).unwrap();
    store.put("a", "y", json!(null)).unwrap();
    store.put("a", "x/1", json!({ "n": 3 })).unwrap();
    store.delete("a", "y").unwrap();
    store.delete("a", "never").unwrap();
    store.put("b", "k", json!(null)).unwrap();
    // Not closed in any way: a killed process closes nothing.
    std::mem::forget(store);
    let store = reopened(&path);
    assert_eq!(store.scan("a", "x/"), [("x/1".into(), json!({ "n": 3 })), ("x/2".into(), json!({ "n": 2 }))]);
    assert_eq!((store.get("a", "y"), store.get("b", "k")), (None, Some(json!(null))));
    assert_eq!(store.tables(), [("a".into(), 2), ("b".into(), 1)]);
}

#[test]
fn nothing_can_be_read_without_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    reopened(&path).put("secrets", "name", json!("planted-password")).unwrap();
    let bytes = fs::read(&path).unwrap();
    for planted in ["planted-password", "secrets", "name"] {
        assert!(!bytes.windows(planted.len()).any(|window| window == planted.as_bytes()), "{planted}");
    }
    let other = Store::open(&path, &Key::new([8; 32]));
    assert!(matches!(other, Err(Problem::OtherKey { .. })));
}

#[test]
fn a_write_that_was_cut_off_is_dropped_at_any_byte() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = reopened(&path);
    store.put("a", "1", json!(1)).unwrap();
    let whole = fs::metadata(&path).unwrap().len() as usize;
    store.put("a", "2", json!(2)).unwrap();
    drop(store);
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let store = reopened(&path);
        let kept = usize::from(length >= whole);
        assert_eq!(store.scan("a", "").len(), kept, "cut at {length} of {}", bytes.len());
        store.put("a", "3", json!(3)).unwrap();
        drop(store);
        assert_eq!(reopened(&path).scan("a", "").len(), kept + 1);
    }
}

#[test]
fn any_other_change_of_the_file_is_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = reopened(&path);
    for number in 0..3 {
        store.put("a", &number.to_string(), json!(number)).unwrap();
    }
    drop(store);
    let bytes = fs::read(&path).unwrap();
    let frame = (bytes.len() - 41) / 3;
    // A flipped bit of the second frame, and the second frame left out.
    let mut flipped = bytes.clone();
    flipped[41 + frame + 40] ^= 1;
    let without = [&bytes[..41 + frame], &bytes[41 + 2 * frame..], &bytes[41..41 + frame]].concat();
    for broken in [flipped, without] {
        fs::write(&path, broken).unwrap();
        assert!(matches!(Store::open(&path, &KEY), Err(Problem::Damaged { .. })));
    }
}

#[test]
fn what_is_of_no_use_any_more_is_thrown_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = reopened(&path);
    let large = "x".repeat(100_000);
    store.put("a", "kept", json!("kept")).unwrap();
    for number in 0..60 {
        store.put("a", "changed", json!({ "number": number, "text": large })).unwrap();
    }
    let length = fs::metadata(&path).unwrap().len();
    assert!(length < 5 << 20, "8 MB were written, {length} bytes are left");
    drop(store);
    let store = reopened(&path);
    assert_eq!(store.get("a", "changed").unwrap()["number"], 59);
    assert_eq!(store.get("a", "kept"), Some(json!("kept")));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}
