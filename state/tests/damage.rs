//! Torn and flipped bytes, missing files, newer versions, planted secrets: detected or recovered, never silently wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stderr)]

#[path = "support/files.rs"]
mod files;
#[path = "support/samples.rs"]
mod samples;

use base64::Engine as _;
use files::{Dice, all_files, code, copy, open, read, times, try_open};
use formwork_state::record::{Record, State};
use formwork_state::store::Reader as _;
use formwork_state::{Keys, LocalStore, LockOptions};
use samples::{PASSWORD, create, each_kind, row};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// A state with a checkpoint of 150 objects and, behind it, some records in the journal.
fn sample() -> (tempfile::TempDir, Arc<State>) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let many = (0..150).flat_map(|index| create(&format!("thing_{index}")));
    store.append_and_wait(each_kind().into_iter().chain(many).collect()).unwrap();
    store.close().unwrap();
    assert!(directory.path().join("snapshot").exists(), "no checkpoint");
    let store = open(directory.path());
    for index in 0..5 {
        store.append_and_wait(create(&format!("late_{index}")).to_vec()).unwrap();
    }
    let state = store.state();
    drop(store);
    (directory, state)
}

fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

/// Enough bytes for a checkpoint at the end, in few enough rows for one that only adds to the row store.
fn write_much(directory: &Path) -> Result<Arc<State>, String> {
    let store = try_open(directory).map_err(|error| code(&error))?;
    let mut rows: Vec<_> = (0..20).map(|index| row(&format!("thing_{}", index * 7))).collect();
    rows.iter_mut().for_each(|row| row.private = vec![7; 10_000]);
    store.append_and_wait(rows.into_iter().map(|row| Record::Put(Box::new(row))).collect()).unwrap();
    let state = store.state();
    store.close().map_err(|error| code(&error))?;
    Ok(state)
}

#[test]
fn a_torn_tail_loses_only_what_was_not_acknowledged() {
    let (directory, state) = sample();
    let journal = directory.path().join("journal");
    let whole = fs::read(&journal).unwrap();
    let store = open(directory.path());
    store.append_and_wait(vec![Record::Put(Box::new(row("last")))]).unwrap();
    drop(store);
    let longer = fs::read(&journal).unwrap();
    for length in whole.len()..longer.len() {
        fs::write(&journal, &longer[..length]).unwrap();
        assert_eq!(read(directory.path()).unwrap().state, state, "{length}");
    }
    // The next writer cuts it off and goes on.
    let store = open(directory.path());
    assert_eq!(store.append_and_wait(vec![Record::Put(Box::new(row("next")))]).unwrap(), state.serial + 1);
    let expected = store.state();
    drop(store);
    assert_eq!(read(directory.path()).unwrap().state, expected);
}

#[test]
fn flipped_bits_of_the_journal_are_detected() {
    let (directory, _) = sample();
    let bits = fs::read(directory.path().join("journal")).unwrap().len() * 8;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..times("FORMWORK_STATE_FLIPS", 60) {
        let bit = dice.below(bits);
        let damaged = copy(directory.path());
        flip(&damaged.path().join("journal"), bit);
        let error = read(damaged.path()).expect_err("the flip was not noticed");
        assert_eq!(code(&error), "E3004", "bit {bit}: {error}");
        assert!(error.0.message.contains("is damaged at byte "), "{error}");
        assert!(error.0.help.as_ref().is_some_and(|help| help.contains("truncate -s")), "{error:?}");
        assert_eq!(code(&try_open(damaged.path()).err().unwrap()), "E3004");
    }
}

#[test]
fn what_the_help_of_a_damaged_journal_says_works() {
    let (directory, state) = sample();
    let path = directory.path().join("journal");
    let bits = fs::read(&path).unwrap().len() * 8;
    for bit in [5, 300, bits - 3000] {
        let damaged = copy(directory.path());
        let path = damaged.path().join("journal");
        flip(&path, bit);
        let message = read(damaged.path()).unwrap_err().0.message;
        let offset: u64 = message.rsplit(' ').next().unwrap().parse().unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(offset).unwrap();
        let kept = read(damaged.path()).unwrap().state;
        assert!(kept.serial < state.serial && kept.rows.len() >= 150);
        let store = open(damaged.path());
        assert_eq!(store.state(), kept);
        store.append_and_wait(vec![Record::Put(Box::new(row("next")))]).unwrap();
    }
}

#[test]
fn flipped_bits_of_the_snapshot_are_recovered_from_the_row_store() {
    let (directory, state) = sample();
    let bits = fs::read(directory.path().join("snapshot")).unwrap().len() * 8;
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for _ in 0..times("FORMWORK_STATE_FLIPS", 60) {
        let bit = dice.below(bits);
        let damaged = copy(directory.path());
        flip(&damaged.path().join("snapshot"), bit);
        let published = read(damaged.path()).unwrap();
        assert_eq!(published.state, state, "bit {bit}");
        assert_eq!(published.warnings[0].code.to_string(), "W3002");
        let store = open(damaged.path());
        assert_eq!(store.state(), state, "bit {bit}");
        assert_eq!(store.warnings()[0].code.to_string(), "W3002");
        store.close().unwrap();
        let published = read(damaged.path()).unwrap();
        assert!(published.warnings.is_empty() && published.state == state, "bit {bit}: not repaired");
    }
}

#[test]
fn flipped_bits_of_the_row_store_never_matter() {
    let (directory, _) = sample();
    // A second checkpoint, which adds to the first: half of the store could pass for a whole older one.
    let state = write_much(directory.path()).unwrap();
    let database = directory.path().join("rows/db");
    let bits = fs::read(&database).unwrap().len() * 8;
    let mut dice = Dice(0xdead_beef_cafe_f00d);
    let (mut rebuilt, mut refused) = (0, 0);
    for _ in 0..times("FORMWORK_STATE_FLIPS", 15) {
        let bit = dice.below(bits);
        let damaged = copy(directory.path());
        flip(&damaged.path().join("rows/db"), bit);
        assert_eq!(read(damaged.path()).unwrap().state, state);
        // As a second copy it gives the truth or nothing.
        let copy_only = copy(damaged.path());
        fs::remove_file(copy_only.path().join("snapshot")).unwrap();
        match read(copy_only.path()) {
            Ok(published) => assert_eq!(published.state, state, "bit {bit}"),
            Err(error) => {
                refused += 1;
                assert!(["E3004", "E3005"].contains(&code(&error).as_str()), "bit {bit}: {error}");
            }
        }
        let expected = write_much(damaged.path()).expect("a damaged copy is no obstacle");
        assert_eq!(read(damaged.path()).unwrap().state, expected, "bit {bit}");
        let aside = fs::read_dir(damaged.path()).unwrap().filter_map(Result::ok);
        rebuilt += aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("rows.damaged-")).count();
    }
    eprintln!("row store: {rebuilt} rebuilt, {refused} refused as the only copy");
}

#[test]
fn a_row_store_that_cannot_be_opened_is_made_anew_and_kept_aside() {
    let (directory, _) = sample();
    fs::write(directory.path().join("rows/db"), vec![0xab; 4096]).unwrap();
    fs::write(directory.path().join("rows/conf"), b"nonsense").unwrap();
    let store = open(directory.path());
    let mut rows: Vec<_> = (0..20).map(|index| row(&format!("thing_{}", index * 7))).collect();
    rows.iter_mut().for_each(|row| row.private = vec![7; 10_000]);
    store.append_and_wait(rows.into_iter().map(|row| Record::Put(Box::new(row))).collect()).unwrap();
    let state = store.state();
    store.close().unwrap();
    let warnings = store.warnings();
    assert_eq!(warnings.iter().map(|warning| warning.code.to_string()).collect::<Vec<_>>(), ["W3001"]);
    let aside = fs::read_dir(directory.path()).unwrap().filter_map(Result::ok);
    let aside: Vec<_> =
        aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("rows.damaged-")).collect();
    assert_eq!(aside.len(), 1);
    fs::remove_file(directory.path().join("snapshot")).unwrap();
    assert_eq!(read(directory.path()).unwrap().state, state);
}

#[test]
fn missing_files_are_told() {
    let (directory, state) = sample();
    for (missing, expected) in [("journal", Some("E3004")), ("snapshot", None), ("rows", None), ("lock", None)] {
        let damaged = copy(directory.path());
        let path = damaged.path().join(missing);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        match (read(damaged.path()), expected) {
            (Ok(published), None) => assert_eq!(published.state, state, "{missing}"),
            (Err(error), Some(expected)) => assert_eq!(code(&error), expected, "{missing}"),
            (result, _) => panic!("{missing}: {result:?}"),
        }
    }
    let damaged = copy(directory.path());
    fs::remove_file(damaged.path().join("snapshot")).unwrap();
    fs::remove_dir_all(damaged.path().join("rows")).unwrap();
    assert_eq!(code(&read(damaged.path()).unwrap_err()), "E3005");
}

/// A small state has no snapshot yet: without its journal it must not pass for one that has not begun.
#[test]
fn a_deleted_journal_is_no_empty_state() {
    let directory = tempfile::tempdir().unwrap();
    let (path, journal) = (directory.path(), directory.path().join("journal"));
    let store = open(path);
    store.append_and_wait(create("one").to_vec()).unwrap();
    store.close().unwrap();
    assert!(!path.join("snapshot").exists() && !path.join("rows").exists());
    let kept = fs::read(&journal).unwrap();
    fs::remove_file(&journal).unwrap();
    for error in [read(path).unwrap_err(), try_open(path).err().unwrap()] {
        assert_eq!(code(&error), "E3015", "{error}");
        assert!(error.0.help.as_ref().is_some_and(|help| help.contains("import the objects anew")), "{error:?}");
    }
    assert!(!journal.exists(), "a refused writer makes none");
    // A state of before there was a mark gets it from the next writer.
    fs::write(&journal, kept).unwrap();
    fs::remove_file(path.join("lineage")).unwrap();
    open(path).close().unwrap();
    assert!(path.join("lineage").exists());
    assert_eq!(read(path).unwrap().state.rows.len(), 1);
}

#[test]
fn files_of_two_states_do_not_mix() {
    let (one, _) = sample();
    let (other, _) = sample();
    fs::copy(other.path().join("journal"), one.path().join("journal")).unwrap();
    assert_eq!(code(&read(one.path()).unwrap_err()), "E3004");
}

#[test]
fn newer_files_are_refused_and_left_alone() {
    for file in ["journal", "snapshot"] {
        let (directory, _) = sample();
        let path = directory.path().join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[8..12].copy_from_slice(&[2, 0, 0xfd, 0xff]);
        fs::write(&path, &bytes).unwrap();
        for error in [read(directory.path()).unwrap_err(), try_open(directory.path()).err().unwrap()] {
            assert_eq!(code(&error), "E3003");
            assert_eq!(error.0.message, format!("the {file} was written by a newer Formwork"));
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}

#[test]
fn another_or_a_missing_key_says_what_to_do() {
    let (directory, _) = sample();
    let other = Keys::from_text("FORMWORK_STATE_KEY", "another passphrase, long enough");
    let error = LocalStore::open_reader(directory.path(), other.clone()).read().unwrap_err();
    assert_eq!(code(&error), "E3007");
    let options = LockOptions::new("me@here", "apply");
    assert_eq!(code(&LocalStore::lock_and_open(directory.path(), options, &other).err().unwrap()), "E3007");
    let absent = directory.path().join("no.key");
    let error = LocalStore::open_reader(directory.path(), Keys::in_file(&absent)).read().unwrap_err();
    assert_eq!(code(&error), "E3006");
    assert!(!absent.exists());
}

/// A text in the forms in which it might be found.
fn disguises(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let hex = |upper: bool| -> Vec<u8> {
        let byte = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        text.bytes().map(byte).collect::<String>().into_bytes()
    };
    let mut forms = vec![("raw", text.as_bytes().to_vec()), ("hex", hex(false)), ("HEX", hex(true))];
    for start in 0..3 {
        // Without the ends, which depend on what stands beside it.
        let padded = [&b"xx"[..start], text.as_bytes()].concat();
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(padded);
        forms.push(("base64", encoded.as_bytes()[4..encoded.len() - 4].to_vec()));
    }
    forms
}

#[test]
fn a_planted_password_is_found_nowhere() {
    let (directory, state) = sample();
    assert!(state.rows.values().any(|row| row.values.view().holds_secret()), "nothing was planted");
    for path in all_files(directory.path()) {
        let bytes = fs::read(&path).unwrap();
        for (form, text) in disguises(PASSWORD) {
            let found = bytes.windows(text.len()).any(|window| window == text);
            assert!(!found, "{} holds it ({form})", path.display());
        }
    }
    let shown = format!("{state:?} {:?}", read(directory.path()).unwrap());
    assert!(!shown.contains(PASSWORD));
}

#[test]
fn everything_is_private_to_its_owner() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".formwork/state/dev");
    write_much(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files = all_files(&path);
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert!(!path.join("snapshot.new").exists() && !path.join("journal.new").exists());
}
