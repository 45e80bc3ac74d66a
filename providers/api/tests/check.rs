//! Every check has a case that passes and one that fails, with the text that people get.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::{PROVIDER, SHAPE, address, buffer};
use formwork_provider_api::check::{self, Breach, CheckError, Subject};
use formwork_provider_api::{ExpandedRow, ReadOutcome, StoredObject, proposed};
use serde_json::{Value as Json, json};

fn subject<'a>(address: &'a formwork_model::Address) -> Subject<'a> {
    Subject { provider: "test", version: "1.2.3", type_name: "shape", address: Some(address) }
}

fn told(breaches: &[CheckError]) -> Vec<(Breach, String)> {
    breaches.iter().map(|breach| (breach.breach, breach.path.to_string())).collect()
}

fn planned(config: &Json, planned: &Json) -> Vec<(Breach, String)> {
    told(&check::planned(&subject(&address()), &SHAPE, buffer(config).view(), buffer(planned).view()))
}

fn applied(planned: &Json, applied: &Json) -> Vec<(Breach, String)> {
    told(&check::applied(&subject(&address()), &SHAPE, buffer(planned).view(), buffer(applied).view()))
}

fn one(breach: Breach, path: &str) -> Vec<(Breach, String)> {
    vec![(breach, path.to_owned())]
}

/// What the schema's defaults add.
fn with_defaults(mut values: Json) -> Json {
    let map = values.as_object_mut().unwrap();
    map.entry("size").or_insert(json!(1));
    map.entry("limits").or_insert(json!({}));
    values
}

#[test]
fn a_plan_that_says_what_the_config_says_passes() {
    let cases = [
        (json!({"name": "a"}), json!({"name": "a", "id": {"?": "id"}, "flavor": {"?": "flavor"}})),
        (json!({"name": "a", "zone": {"?": "zone"}}), json!({"name": "a", "zone": "b"})),
        (json!({"name": "a", "range": "10.0.1.0/8"}), json!({"name": "a", "range": "10.0.0.0/8"})),
        (json!({"name": "a", "arm": "/Sub/X"}), json!({"name": "a", "arm": "/sub/x"})),
        (json!({"name": "a", "note": ""}), json!({"name": "a"})),
        (json!({"name": "a", "zones": ["1", "2"]}), json!({"name": "a", "zones": ["2", "1"]})),
        (json!({"name": "a", "password": "x"}), json!({"name": "a", "password": {"!": "x"}})),
        (json!({"name": "a", "seed": "x"}), json!({"name": "a"})),
        (
            json!({"name": "a", "rules": [{"name": "b", "port": 1}, {"name": "a", "port": 2}]}),
            json!({"name": "a", "rules": [
                {"name": "a", "port": 2, "protocol": "tcp", "id": {"?": "id"}},
                {"name": "b", "port": 1, "protocol": "tcp", "id": "r"},
            ]}),
        ),
        (
            json!({"name": "a", "block": {"mode": "x"}}),
            json!({"name": "a", "block": {"mode": "x", "level": 3, "chosen": "y"}}),
        ),
    ];
    for (config, plan) in cases {
        assert_eq!(planned(&config, &with_defaults(plan.clone())), vec![], "{config} {plan}");
    }
}

#[test]
fn a_plan_that_contradicts_the_config_is_refused() {
    use Breach::PlanContradictsConfig as Contradiction;
    let cases = [
        (json!({"name": "a", "size": 3}), json!({"name": "a", "size": 4}), one(Contradiction, "size")),
        (json!({"name": "a"}), json!({"name": "a", "size": 2}), one(Contradiction, "size")),
        (json!({"name": "a"}), json!({"name": "a", "zone": "b"}), one(Contradiction, "zone")),
        (json!({"name": "a", "zone": "b"}), json!({"name": "a"}), one(Contradiction, "zone")),
        (json!({"name": "a", "zone": "b"}), json!({"name": "a", "zone": {"?": "zone"}}), one(Contradiction, "zone")),
        (json!({"name": "a", "flavor": "x"}), json!({"name": "a", "flavor": "y"}), one(Contradiction, "flavor")),
        (
            json!({"name": "a", "rules": [{"name": "b", "port": 1}]}),
            json!({"name": "a", "rules": [{"name": "b", "port": 2, "protocol": "tcp"}]}),
            one(Contradiction, "rules[\"b\"].port"),
        ),
        (
            json!({"name": "a", "rules": [{"name": "b", "port": 1}]}),
            json!({"name": "a", "rules": []}),
            one(Contradiction, "rules"),
        ),
        (
            json!({"name": "a", "block": {"mode": "x"}}),
            json!({"name": "a", "block": {"mode": "x", "level": 4}}),
            one(Contradiction, "block.level"),
        ),
        (
            json!({"name": "a", "data": {"x": [1]}}),
            json!({"name": "a", "data": {"x": [2]}}),
            one(Contradiction, "data[\"x\"][0]"),
        ),
        (
            json!({"name": "a", "labels": {"set": ["x"]}}),
            json!({"name": "a", "labels": {"set": ["y"]}}),
            one(Contradiction, "labels"),
        ),
        (json!({"name": "a"}), json!({"name": "a", "size": "many"}), one(Breach::WrongType, "size")),
        (json!({"name": "a"}), json!({"name": "a", "sise": 1}), one(Breach::SurplusAttribute, "sise")),
    ];
    for (config, plan, expected) in cases {
        assert_eq!(planned(&config, &with_defaults(plan.clone())), expected, "{config} {plan}");
    }
}

#[test]
fn what_is_applied_keeps_what_was_planned() {
    use Breach::ApplyContradictsPlan as Contradiction;
    let unknown = json!({"?": "x"});
    let cases = [
        (json!({"id": unknown, "name": "a"}), json!({"id": "i", "name": "a"}), vec![]),
        (json!({"id": "i", "arm": "/A"}), json!({"id": "i", "arm": "/a"}), vec![]),
        (json!({"id": "i", "note": ""}), json!({"id": "i"}), vec![]),
        (json!({"id": "i", "data": {"a": unknown}}), json!({"id": "i", "data": {"a": [1]}}), vec![]),
        (json!({"id": "i", "ratio": 1}), json!({"id": "i", "ratio": 1.0}), vec![]),
        (json!({"id": "i", "steps": ["a", unknown]}), json!({"id": "i", "steps": ["a", "b"]}), vec![]),
        (json!({"id": "i", "zones": ["a", unknown]}), json!({"id": "i", "zones": ["b", "a"]}), vec![]),
        (
            json!({"id": "i", "labels": {"set": ["a", unknown]}}),
            json!({"id": "i", "labels": {"set": ["b", "a"]}}),
            vec![],
        ),
        (json!({"id": unknown, "size": 1}), json!({"id": "i", "size": 2}), one(Contradiction, "size")),
        (json!({"id": "i", "revision": 1}), json!({"id": "i", "revision": 2}), one(Contradiction, "revision")),
        (json!({"id": "i"}), json!({"id": "i", "flavor": "x"}), one(Contradiction, "flavor")),
        (json!({"id": "i", "zone": "a"}), json!({"id": "i"}), one(Contradiction, "zone")),
        (
            json!({"id": "i", "steps": ["a", "b"]}),
            json!({"id": "i", "steps": ["b", "a"]}),
            vec![(Contradiction, "steps[0]".to_owned()), (Contradiction, "steps[1]".to_owned())],
        ),
        (
            json!({"id": "i", "limits": {"a": 1}}),
            json!({"id": "i", "limits": {"a": 1, "b": 2}}),
            one(Contradiction, "limits[\"b\"]"),
        ),
        (
            json!({"id": "i", "rules": [{"name": "b", "port": 1, "id": unknown}]}),
            json!({"id": "i", "rules": [{"name": "b", "port": 9, "id": "r"}]}),
            one(Contradiction, "rules[\"b\"].port"),
        ),
        (json!({"id": unknown}), json!({"id": unknown}), vec![(Breach::LeftUnknown, "id".to_owned())]),
        (
            json!({"id": unknown, "data": unknown}),
            json!({"id": "i", "data": {"a": [unknown]}}),
            one(Breach::LeftUnknown, "data"),
        ),
        (json!({"id": unknown}), json!({"id": 7}), one(Breach::WrongType, "id")),
        (json!({"id": unknown}), json!({}), one(Breach::NoIdentity, "id")),
        (json!({"id": unknown}), json!({"id": null}), one(Breach::NoIdentity, "id")),
        (json!({"id": unknown}), json!({"id": "i", "more": 1}), one(Breach::SurplusAttribute, "more")),
        (
            json!({"id": unknown}),
            json!([]),
            vec![(Breach::WrongType, String::new()), (Breach::NoIdentity, "id".to_owned())],
        ),
    ];
    for (plan, answer, expected) in cases {
        assert_eq!(applied(&plan, &answer), expected, "{plan} {answer}");
    }
}

#[test]
fn a_read_keeps_types_and_identity() {
    let read = |asked: Json, came: Json| {
        let outcome = ReadOutcome::Present(StoredObject { values: buffer(&came), private: vec![] });
        told(&check::read(&subject(&address()), &SHAPE, buffer(&asked).view(), &outcome))
    };
    assert_eq!(read(json!({"id": "i", "size": 1}), json!({"id": "i", "size": 2})), vec![]);
    assert_eq!(read(json!({"id": "i"}), json!({"id": "i", "size": "2"})), one(Breach::WrongType, "size"));
    assert_eq!(read(json!({"id": "i"}), json!({"id": "j"})), one(Breach::OtherObject, "id"));
    assert_eq!(read(json!({"id": "i"}), json!({"name": "a"})), one(Breach::NoIdentity, "id"));
    assert!(check::read(&subject(&address()), &SHAPE, buffer(&json!({})).view(), &ReadOutcome::Gone).is_empty());
}

#[test]
fn a_read_of_many_answers_for_each() {
    let count = |asked: usize, came: usize| {
        told(&check::read_count(
            &subject(&address()),
            &vec![StoredObject::default(); asked],
            &vec![ReadOutcome::Gone; came],
        ))
    };
    assert_eq!(count(2, 2), vec![]);
    assert_eq!(count(2, 1), one(Breach::WrongCount, ""));
}

#[test]
fn data_says_what_it_was_asked() {
    let answered = |config: Json, came: Json| {
        told(&check::answered(&subject(&address()), &SHAPE, buffer(&config).view(), buffer(&came).view()))
    };
    assert_eq!(answered(json!({"name": "a"}), json!({"name": "a", "size": 4, "id": "i"})), vec![]);
    assert_eq!(answered(json!({"name": "a"}), json!({"size": 4})), vec![]);
    assert_eq!(answered(json!({"name": "a"}), json!({"name": "b"})), one(Breach::ApplyContradictsPlan, "name"));
    assert_eq!(answered(json!({}), json!({"id": {"?": "id"}})), one(Breach::LeftUnknown, "id"));
}

#[test]
fn rows_can_be_told_apart_and_ordered() {
    let row = |key: &str, type_name: &str, after: &[&str]| ExpandedRow {
        key: key.to_owned(),
        type_name: type_name.to_owned(),
        config: buffer(&json!({})),
        after: after.iter().map(|key| (*key).to_owned()).collect(),
    };
    let expanded = |rows: &[ExpandedRow]| told(&check::expanded(&subject(&address()), &PROVIDER, rows));
    assert_eq!(expanded(&[row("a", "shape", &[]), row("b", "shape", &["a"])]), vec![]);
    assert_eq!(expanded(&[row("b", "shape", &["a"]), row("a", "shape", &[])]), vec![]);
    assert_eq!(expanded(&[row("a", "shape", &[]), row("a", "shape", &[])]), one(Breach::RepeatedKey, ""));
    assert_eq!(expanded(&[row("a", "form", &[])]), one(Breach::UnknownRowType, ""));
    assert_eq!(expanded(&[row("a", "shape", &["z"])]), one(Breach::ImpossibleOrder, ""));
    assert_eq!(expanded(&[row("a", "shape", &["b"]), row("b", "shape", &["a"])]), one(Breach::ImpossibleOrder, ""));
    assert_eq!(expanded(&[row("a", "shape", &["a"])]), one(Breach::ImpossibleOrder, ""));
}

#[test]
fn the_text_names_everything_and_no_secret() {
    let address = address();
    let plan =
        buffer(&json!({"id": "i", "size": 3, "password": {"!": "hunter2"}, "block": {"mode": "m", "key": "hunter3"}}));
    let answer =
        buffer(&json!({"id": "i", "size": 99, "password": "hunter4", "block": {"mode": "m", "key": "hunter5"}}));
    let breaches = check::applied(&subject(&address), &SHAPE, plan.view(), answer.view());
    let text: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert_eq!(
        text,
        [
            "provider test 1.2.3 applied something else than was planned: test.shape `web`, attribute `size`: expected 3, got 99",
            "provider test 1.2.3 applied something else than was planned: test.shape `web`, attribute `password`: expected (secret), got (secret)",
            "provider test 1.2.3 applied something else than was planned: test.shape `web`, attribute `block.key`: expected (secret), got (secret)",
        ]
    );
    assert_eq!(breaches[0].diagnostic().code.to_string(), "E4102");
    assert!(!format!("{breaches:?}").contains("hunter"));
}

#[test]
fn every_breach_has_its_code_and_page() {
    let codes = Breach::ALL.map(|breach| breach.code().to_string());
    let expected = ["E4101", "E4102", "E4103", "E4104", "E4105", "E4106", "E4107", "E4108", "E4109", "E4110", "E4111"];
    assert_eq!(codes, expected);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/diagnostics");
    for breach in Breach::ALL {
        let page = format!("{root}/{}.md", breach.code());
        assert!(std::path::Path::new(&page).exists(), "{page} is missing");
    }
}

#[test]
fn what_is_proposed_passes_the_check() {
    let config = buffer(&json!({
        "name": "a", "block": {"mode": "x"}, "rules": [{"name": "r", "port": 1}], "note": "", "data": {"k": 1},
    }));
    let plan = proposed(&SHAPE, &address(), config.view(), None);
    assert!(check::planned(&subject(&address()), &SHAPE, config.view(), plan.view()).is_empty());
}
