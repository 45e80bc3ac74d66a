//! What is proposed, and what differs: cases as data, and laws that hold for every value.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use common::{FIXED, SHAPE, address, buffer, value};
use formwork_model::value::Masking;
use formwork_model::{Value, ValueBuf};
use formwork_provider_api::secrecy::marked;
use formwork_provider_api::{differences, proposed};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn propose(config: &Json, prior: Option<&Json>) -> Value {
    let prior = prior.map(buffer);
    proposed(&SHAPE, &address(), buffer(config).view(), prior.as_ref().map(ValueBuf::view)).to_value()
}

#[test]
fn a_create_knows_config_and_defaults() {
    let plan = propose(&json!({"name": "a", "seed": "s", "password": "p", "zone": null, "data": [1]}), None);
    let expected = value(&json!({
        "name": "a", "size": 1, "limits": {}, "password": {"!": "p"}, "data": [1], "echo": [1],
        "flavor": {"?": "flavor"}, "id": {"?": "id"}, "revision": {"?": "revision"},
    }));
    assert_eq!(plan, expected);
}

#[test]
fn an_update_keeps_what_the_cloud_said() {
    let prior =
        json!({"name": "a", "size": 1, "limits": {}, "id": "i", "revision": 4, "flavor": "vanilla", "zone": "z"});
    let plan = propose(&json!({"name": "a", "size": 2}), Some(&prior));
    let expected = value(&json!({"name": "a", "size": 2, "limits": {}, "id": "i", "revision": 4, "flavor": "vanilla"}));
    assert_eq!(plan, expected);
}

#[test]
fn a_spelling_that_means_the_same_stays() {
    let prior = json!({"name": "a", "range": "10.0.0.0/8", "arm": "/Sub", "policy": "{\"a\": 1}", "zones": ["1", "2"]});
    let config =
        json!({"name": "a", "range": "10.1.0.0/8", "arm": "/sub", "policy": "{ \"a\":1 }", "zones": ["2", "1"]});
    let plan = propose(&config, Some(&prior));
    for (name, before) in value(&prior).as_map().unwrap().iter() {
        assert_eq!(plan.as_map().unwrap().get(name), Some(before));
    }
}

#[test]
fn nested_items_keep_what_belongs_to_them() {
    let rule = |name: &str, port: i64, id: Json| json!({"name": name, "port": port, "protocol": "tcp", "id": id});
    let prior = json!({
        "rules": [rule("a", 1, json!("ra")), rule("b", 2, json!("rb"))],
        "parts": {"set": [rule("x", 1, json!("px"))]},
        "block": {"mode": "m", "level": 3, "chosen": "c"},
    });
    let config = json!({
        "rules": [{"name": "b", "port": 3}, {"name": "c", "port": 4}],
        "parts": {"set": [{"name": "x", "port": 1}]},
        "block": {"mode": "n"},
    });
    let plan = propose(&config, Some(&prior));
    let plan = plan.as_map().unwrap();
    let rules = plan.get("rules").unwrap().as_items().unwrap();
    assert_eq!(rules[0], value(&rule("b", 3, json!("rb"))));
    let fresh = rules[1].as_map().unwrap().get("id").unwrap();
    assert_eq!(format!("{fresh:?}"), "<unknown web:rules[1].id>");
    assert_eq!(plan.get("parts").unwrap(), &value(&json!({"set": [rule("x", 1, json!("px"))]})));
    assert_eq!(plan.get("block").unwrap(), &value(&json!({"mode": "n", "level": 3, "chosen": "c"})));
}

#[test]
fn differences_are_told_by_path() {
    let told = |before: Json, after: Json| -> Vec<(String, bool)> {
        let found = differences(&SHAPE, buffer(&before).view(), buffer(&after).view());
        found.into_iter().map(|one| (one.path.to_string(), one.forces_replacement)).collect()
    };
    let one = |path: &str, forces: bool| vec![(path.to_owned(), forces)];
    assert_eq!(told(json!({"size": 1}), json!({"size": 2})), one("size", false));
    assert_eq!(told(json!({"zone": "a"}), json!({"zone": "b"})), one("zone", true));
    assert_eq!(told(json!({"zone": "a"}), json!({"zone": {"?": "zone"}})), one("zone", true));
    assert_eq!(told(json!({"zone": "a"}), json!({})), one("zone", true));
    assert_eq!(told(json!({"zone": null}), json!({})), vec![]);
    assert_eq!(told(json!({"seed": "a"}), json!({"seed": "b"})), vec![]);
    assert_eq!(told(json!({"id": "a"}), json!({"id": {"?": "id"}})), one("id", false));
    assert_eq!(told(json!({"note": ""}), json!({})), vec![]);
    assert_eq!(told(json!({"ratio": 1}), json!({"ratio": 1.0})), vec![]);
    assert_eq!(told(json!({"password": "a"}), json!({"password": {"!": "a"}})), vec![]);
    assert_eq!(told(json!({"range": "fd00::1/8"}), json!({"range": "fd00::/8"})), vec![]);
    assert_eq!(told(json!({"zones": ["1", "2"]}), json!({"zones": ["2", "1"]})), vec![]);
    assert_eq!(told(json!({"zones": ["1", "2"]}), json!({"zones": ["2"]})), one("zones", false));
    assert_eq!(
        told(json!({"steps": ["1", "2"]}), json!({"steps": ["1", "3", "4"]})),
        vec![("steps[1]".to_owned(), false), ("steps[2]".to_owned(), false),]
    );
    assert_eq!(
        told(json!({"limits": {"a": 1, "b": 2}}), json!({"limits": {"a": 1, "b": 3}})),
        one("limits[\"b\"]", false)
    );
    assert_eq!(
        told(json!({"data": {"a": {"b": [1, 2]}}}), json!({"data": {"a": {"b": [1, 3]}}})),
        one("data[\"a\"][\"b\"][1]", false)
    );
    assert_eq!(
        told(json!({"block": {"mode": "a", "kind": "k"}}), json!({"block": {"mode": "a", "kind": "l"}})),
        one("block.kind", true)
    );
    let rules = |ports: [i64; 2]| json!({"rules": [{"name": "a", "port": ports[0]}, {"name": "b", "port": ports[1]}]});
    let turned = json!({"rules": [{"name": "b", "port": 2}, {"name": "a", "port": 1}]});
    assert_eq!(told(rules([1, 2]), turned), vec![]);
    assert_eq!(told(rules([1, 2]), rules([1, 3])), one("rules[\"b\"].port", false));
    let fixed = differences(&FIXED, buffer(&json!({"size": 1})).view(), buffer(&json!({"size": 2})).view());
    assert!(fixed[0].forces_replacement);
}

#[test]
fn differences_hide_what_the_schema_calls_secret() {
    let found = differences(
        &SHAPE,
        buffer(&json!({"password": "hunter2"})).view(),
        buffer(&json!({"password": "hunter3"})).view(),
    );
    assert_eq!(found.len(), 1);
    assert!(!format!("{found:?}").contains("hunter"));
}

#[test]
fn secrets_are_marked_by_schema_and_by_where_they_came_from() {
    let marked = |sources: &[Json], came: Json| {
        let sources: Vec<ValueBuf> = sources.iter().map(buffer).collect();
        let views: Vec<_> = sources.iter().map(ValueBuf::view).collect();
        let marked = marked(SHAPE.attributes, &views, buffer(&came));
        formwork_model::value::to_json(marked.view(), Masking::Masked)
    };
    let hidden = json!("(secret)");
    assert_eq!(marked(&[], json!({"name": "a", "password": "p"})), json!({"name": "a", "password": hidden}));
    assert_eq!(
        marked(&[], json!({"block": {"key": "k", "mode": "m"}})),
        json!({"block": {"key": hidden, "mode": "m"}})
    );
    assert_eq!(
        marked(&[json!({"data": {"x": {"!": "s"}, "y": 1}})], json!({"data": {"x": "s", "y": 1}})),
        json!({"data": {"x": hidden, "y": 1}})
    );
    assert_eq!(
        marked(&[json!({"steps": ["a", {"!": "s"}]})], json!({"steps": ["a", "s"]})),
        json!({"steps": ["a", hidden]})
    );
    assert_eq!(marked(&[json!({"steps": ["a", {"!": "s"}]})], json!({"steps": ["s", "a"]})), json!({"steps": hidden}));
    assert_eq!(marked(&[json!({"zone": {"!": {"?": "x"}}})], json!({"zone": "z"})), json!({"zone": hidden}));
}

prop_compose! {
    fn text()(text in "[a-cA-C]{0,3}") -> Json { json!(text) }
}

fn rule() -> impl Strategy<Value = Json> {
    ("[a-d]", 0..3_i64, proptest::option::of(Just("udp"))).prop_map(|(name, port, protocol)| match protocol {
        Some(protocol) => json!({"name": name, "port": port, "protocol": protocol}),
        None => json!({"name": name, "port": port}),
    })
}

fn config() -> impl Strategy<Value = Json> {
    let attributes = (
        (text(), proptest::option::of(0..5_i64), proptest::option::of(text()), proptest::option::of(text())),
        (proptest::option::of(text()), proptest::option::of(proptest::collection::vec(text(), 0..4))),
        proptest::collection::vec(rule(), 0..4),
        proptest::collection::vec(rule(), 0..3),
        proptest::option::of((text(), proptest::option::of(text()))),
        proptest::collection::btree_map("[a-c]", 0..3_i64, 0..3),
    );
    attributes.prop_map(|((name, size, zone, note), (arm, zones), rules, parts, block, limits)| {
        let mut seen = std::collections::BTreeSet::new();
        let rules: Vec<Json> = rules.into_iter().filter(|rule| seen.insert(rule["name"].to_string())).collect();
        let block = block.map(|(mode, chosen)| json!({"mode": mode, "chosen": chosen}));
        json!({
            "name": name, "size": size, "zone": zone, "note": note, "arm": arm, "zones": zones, "rules": rules,
            "parts": {"set": parts}, "block": block, "limits": limits, "password": "p",
        })
    })
}

/// A cloud that does what was planned: unknown becomes known.
fn apply(plan: &Value) -> Value {
    match plan {
        Value::Unknown(_) => Value::string("made"),
        Value::Secret(inner) => apply(inner).secret(),
        Value::List(items) => Value::list(items.iter().map(apply)),
        Value::Set(items) => Value::set(items.iter().map(apply)),
        Value::Map(map) => Value::map(
            map.iter().map(|(key, value)| (key.clone(), if key == "revision" { Value::Int(1) } else { apply(value) })),
        ),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_differs_from_itself(config in config()) {
        let plan = ValueBuf::from(propose(&config, None));
        prop_assert_eq!(differences(&SHAPE, plan.view(), plan.view()), vec![]);
        let copy = ValueBuf::from(plan.to_value());
        prop_assert_eq!(differences(&SHAPE, plan.view(), copy.view()), vec![]);
    }

    #[test]
    fn the_second_plan_is_clean(config in config()) {
        let config = buffer(&config);
        let first = proposed(&SHAPE, &address(), config.view(), None);
        let there = ValueBuf::from(apply(&first.to_value()));
        let second = proposed(&SHAPE, &address(), config.view(), Some(there.view()));
        prop_assert_eq!(&second, &there);
        prop_assert_eq!(differences(&SHAPE, there.view(), second.view()), vec![]);
    }

    #[test]
    fn an_update_reaches_its_plan(one in config(), other in config()) {
        let (one, other) = (buffer(&one), buffer(&other));
        let there = ValueBuf::from(apply(&proposed(&SHAPE, &address(), one.view(), None).to_value()));
        let plan = proposed(&SHAPE, &address(), other.view(), Some(there.view()));
        let after = ValueBuf::from(apply(&plan.to_value()));
        let address = address();
        let subject = formwork_provider_api::check::Subject {
            provider: "test", version: "1", type_name: "shape", address: Some(&address),
        };
        prop_assert_eq!(formwork_provider_api::check::planned(&subject, &SHAPE, other.view(), plan.view()), vec![]);
        prop_assert_eq!(formwork_provider_api::check::applied(&subject, &SHAPE, plan.view(), after.view()), vec![]);
        let again = proposed(&SHAPE, &address, other.view(), Some(after.view()));
        prop_assert_eq!(differences(&SHAPE, after.view(), again.view()), vec![]);
        let there_and_back = differences(&SHAPE, there.view(), plan.view()).is_empty();
        prop_assert_eq!(there_and_back, differences(&SHAPE, plan.view(), there.view()).is_empty());
    }
}
