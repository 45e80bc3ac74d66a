//! Every stored form comes back, hides its secrets, and refuses cuts and newer versions.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::record::{Record, State};
use crate::samples::{PASSWORD, each_kind, rich_row, row, run};
use crate::seal::Keys;

fn seal() -> Seal {
    let sealer = Keys::from_text("test", "A".repeat(43)).sealer().unwrap();
    Seal { sealer, lineage: "lineage".to_owned() }
}

fn encoded(seal: &Seal, write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut encoder = Encoder::new(seal);
    write(&mut encoder);
    encoder.take().unwrap()
}

fn holds_password(bytes: &[u8]) -> bool {
    bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes())
}

#[test]
fn each_record_comes_back_and_hides_its_secrets() {
    let seal = seal();
    for record in each_kind() {
        let bytes = encoded(&seal, |encoder| write_record(encoder, &record));
        assert!(!holds_password(&bytes), "{}", record.name());
        let mut decoder = Decoder::new(&bytes, &seal);
        assert_eq!(read_record(&mut decoder), Ok(record));
        assert_eq!(decoder.end(), Ok(()));
    }
}

#[test]
fn every_cut_of_a_record_is_refused() {
    let seal = seal();
    for record in each_kind() {
        let bytes = encoded(&seal, |encoder| write_record(encoder, &record));
        for length in 0..bytes.len() {
            let read = read_record(&mut Decoder::new(&bytes[..length], &seal));
            assert!(read.is_err(), "{} cut to {length}", record.name());
        }
    }
}

#[test]
fn rows_and_runs_come_back() {
    let seal = seal();
    for row in [row("plain"), rich_row("rich")] {
        let bytes = encoded(&seal, |encoder| write_row(encoder, &row));
        assert!(!holds_password(&bytes));
        assert_eq!(read_row(&mut Decoder::new(&bytes, &seal)), Ok(row));
    }
    let bytes = encoded(&seal, |encoder| write_run(encoder, &run("one")));
    assert_eq!(read_run(&mut Decoder::new(&bytes, &seal)), Ok(run("one")));
}

#[test]
fn a_row_of_before_hosts_were_kept_is_read() {
    let seal = seal();
    let mut bytes = encoded(&seal, |encoder| write_row(encoder, &row("old")));
    assert_eq!(bytes.pop(), Some(0), "the count of its hosts");
    assert!(read_row(&mut Decoder::new(&bytes, &seal)).is_err(), "version 2 has one");
    bytes[0] = 1;
    let mut decoder = Decoder::new(&bytes, &seal);
    assert_eq!(read_row(&mut decoder), Ok(row("old")));
    assert_eq!(decoder.end(), Ok(()));
}

#[test]
fn what_a_state_holds_besides_rows_comes_back() {
    let seal = seal();
    let mut state = State::default();
    for (serial, record) in (1..).zip(each_kind()) {
        state.apply(serial, record).unwrap();
    }
    assert!(!state.open.is_empty() && state.running.is_some() && !state.outputs.view().is_null());
    let bytes = encoded(&seal, |encoder| write_rest(encoder, &state));
    assert!(!holds_password(&bytes));
    let rest = read_rest(&mut Decoder::new(&bytes, &seal)).unwrap();
    assert_eq!(State { lineage: state.lineage.clone(), serial: state.serial, rows: state.rows.clone(), ..rest }, state);
}

#[test]
fn newer_versions_are_refused() {
    let seal = seal();
    let mut forms = [
        encoded(&seal, |encoder| write_row(encoder, &row("a"))),
        encoded(&seal, |encoder| write_run(encoder, &run("a"))),
        encoded(&seal, |encoder| write_rest(encoder, &State::default())),
        encoded(&seal, |encoder| write_record(encoder, &Record::Outputs(ValueBuf::null()))),
    ];
    forms.iter_mut().for_each(|bytes| bytes[0] = 77);
    let [row, run, rest, record] = forms;
    let failures = [
        read_row(&mut Decoder::new(&row, &seal)).err(),
        read_run(&mut Decoder::new(&run, &seal)).err(),
        read_rest(&mut Decoder::new(&rest, &seal)).err(),
        read_record(&mut Decoder::new(&record, &seal)).err(),
    ];
    for failure in failures {
        let Some(Failure::Problem(problem)) = failure else { panic!("{failure:?}") };
        assert_eq!(problem.code(), "E3003");
        assert!(problem.diagnostic().message.contains("written by a newer Formwork"));
    }
}

#[test]
fn a_row_of_another_address_or_lineage_does_not_open() {
    let seal = seal();
    let bytes = encoded(&seal, |encoder| write_row(encoder, &rich_row("one")));
    let other = Seal { lineage: "other".to_owned(), ..seal };
    let Err(Failure::Problem(problem)) = read_row(&mut Decoder::new(&bytes, &other)) else { panic!("it opened") };
    assert_eq!(problem.code(), "E3009");
}

#[test]
fn debug_shows_no_secret() {
    for record in each_kind() {
        let text = format!("{record:?}");
        assert!(!text.contains(PASSWORD), "{text}");
        assert!(!text.contains(&format!("{:?}", PASSWORD.as_bytes())), "{text}");
    }
}
