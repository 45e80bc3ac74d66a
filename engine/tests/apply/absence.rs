//! A create asks first whether its name is taken, and never takes over what somebody else made.

use super::support::{Bench, create, named, route};
use formwork_engine::apply::ApplyReport;
use formwork_model::Value;
use formwork_provider_mock::{CloudObject, Fault, FaultKind, ObjectState};

/// An object that somebody else made.
fn foreign(type_name: &str, id: &str, name: &str, values: &Value) -> CloudObject {
    let mut object = CloudObject {
        type_name: type_name.into(),
        id: id.into(),
        name: name.into(),
        operation: "of somebody else".into(),
        ..CloudObject::default()
    };
    object.set_values(values.as_map().unwrap());
    object
}

async fn created(bench: &Bench, type_name: &str, config: Value) -> ApplyReport {
    let mut plan = bench.plan("p1");
    create(&mut plan, type_name, "one", config, vec![]);
    let store = bench.open();
    let report = bench.apply(plan, &store).await;
    assert!(store.state().open.is_empty());
    assert_eq!(store.state().rows.len(), report.summary.created);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_is_left_alone() {
    let cases = [
        ("named", "web-1", "web", named("web")),
        ("soft", "web-1", "web", named("web")),
        // Equal content is no proof either.
        ("keyed", "main_0.0.0.0_0-1", "main/0.0.0.0/0", route()),
    ];
    for (type_name, id, name, config) in cases {
        let bench = Bench::new();
        let theirs = foreign(type_name, id, name, &config);
        bench.cloud.put(&theirs).unwrap();
        let report = created(&bench, type_name, config).await;
        let codes: Vec<String> = report.diagnostics.iter().map(|told| told.code.to_string()).collect();
        assert_eq!(codes, ["E2005"], "{type_name}");
        assert_eq!(bench.cloud.objects(type_name).unwrap(), [theirs], "{type_name}");
        let calls: Vec<String> = bench.cloud.log().unwrap().into_iter().map(|entry| entry.call).collect();
        assert_eq!(calls, ["find"], "{type_name}: nothing began");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_object_may_be_taken_back() {
    let bench = Bench::new();
    let config = Value::map([("name", Value::string("web")), ("recover", Value::Bool(true))]);
    let deleted = foreign("soft", "web-1", "web", &config);
    bench.cloud.put(&CloudObject { state: ObjectState::SoftDeleted, ..deleted }).unwrap();
    let report = created(&bench, "soft", config).await;
    assert_eq!(report.summary.created, 1, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_look_does_not_begin() {
    let bench = Bench::new();
    bench.cloud.script(vec![Fault::new(FaultKind::Forbidden).call("find")]).unwrap();
    let report = created(&bench, "named", named("web")).await;
    assert_eq!((report.summary.failed, report.diagnostics[0].code.to_string()), (1, "E4006".to_owned()));
    assert_eq!(bench.cloud.count("create", "named").unwrap(), 0);
}

/// Types whose names need not be unique are not asked about: their stamp tells afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn only_names_are_looked_for() {
    for (type_name, finds) in [("named", 1), ("keyed", 1), ("tagged", 0), ("thing", 0), ("tokened", 0)] {
        let bench = Bench::new();
        let config = if type_name == "keyed" { route() } else { named("web") };
        assert_eq!(created(&bench, type_name, config).await.summary.created, 1);
        assert_eq!(bench.cloud.count("find", type_name).unwrap(), finds, "{type_name}");
    }
}
