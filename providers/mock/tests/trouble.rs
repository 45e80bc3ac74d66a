//! Faults, lies, long operations, and what is found after a crash.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_model::{Value, ValueBuf};
use formwork_provider_api::testing::{Harness, attributes};
use formwork_provider_api::{CreateRequest, Environment, ErrorClass, Found, ReadOutcome};
use formwork_provider_mock::{Fault, FaultKind, Mock, MockCloud, ObjectState};
use std::sync::atomic::Ordering;

async fn connected(cloud: &MockCloud) -> Harness {
    Harness::encoded(Mock, cloud.configuration(), Environment::default()).await.unwrap()
}

fn named(name: &str) -> Value {
    Value::map([("name", Value::string(name))])
}

#[tokio::test]
async fn each_error_class_can_be_scripted() {
    use ErrorClass as Class;
    let cases = [
        (FaultKind::Retryable, Class::Retryable, false),
        (FaultKind::AnswerLostBefore, Class::AnswerLost, false),
        (FaultKind::AnswerLostAfter, Class::AnswerLost, true),
        (FaultKind::Unreachable, Class::Unreachable, false),
        (FaultKind::Conflict, Class::Conflict, false),
        (FaultKind::NotFound, Class::NotFound, false),
        (FaultKind::Forbidden, Class::Forbidden, false),
        (FaultKind::Quota, Class::Quota, false),
        (FaultKind::Invalid, Class::Invalid, false),
        (FaultKind::Unsupported, Class::Unsupported, false),
        (FaultKind::Timeout, Class::Timeout, false),
        (FaultKind::Cancelled, Class::Cancelled, false),
        (FaultKind::Other, Class::Other, false),
        (FaultKind::Partial, Class::Other, true),
    ];
    for (kind, class, exists) in cases {
        let cloud = MockCloud::new();
        cloud.script(vec![Fault::new(kind).call("create").named("web")]).unwrap();
        let harness = connected(&cloud).await;
        let error = harness.create("thing", "web", &named("web")).await.unwrap_err();
        assert_eq!((error.class, error.partial.is_some()), (class, kind == FaultKind::Partial), "{kind:?}");
        assert_eq!(cloud.object("thing", "web-1").unwrap().is_some(), exists, "{kind:?}");
        harness.create("thing", "other", &named("other")).await.expect("others are not hit");
    }
}

#[tokio::test]
async fn faults_are_counted_over_clients() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = MockCloud::directory(directory.path()).unwrap();
    let by_hand = r#"[{"call": "create", "nth": 2, "class": "quota"}, {"call": "read", "times": 1, "class": "retryable", "retry_after_ms": 7}]"#;
    std::fs::write(directory.path().join("faults.json"), by_hand).unwrap();
    let first = connected(&cloud).await.create("thing", "a", &named("a")).await.unwrap();
    let error = connected(&cloud).await.create("thing", "b", &named("b")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Quota);
    connected(&cloud).await.create("thing", "b", &named("b")).await.unwrap();
    let error = connected(&cloud).await.read("thing", &first).await.unwrap_err();
    assert_eq!(error.retry_after_ms, Some(7));
    connected(&cloud).await.read("thing", &first).await.unwrap();
    assert_eq!(cloud.count("create", "thing").unwrap(), 2);
    let outcomes: Vec<String> =
        cloud.log().unwrap().into_iter().filter(|entry| entry.call == "create").map(|entry| entry.outcome).collect();
    assert_eq!(outcomes, ["done", "quota", "done"]);
}

#[tokio::test]
async fn faults_may_stand_in_the_configuration() {
    let cloud = MockCloud::new();
    let Value::Map(mut configuration) = cloud.configuration() else { panic!("a map") };
    let fault = Value::map([("call", Value::string("create")), ("class", Value::string("forbidden"))]);
    configuration.insert("faults", Value::list([fault]));
    let harness = Harness::new(Mock, Value::Map(configuration), Environment::default()).await.unwrap();
    assert_eq!(harness.create("thing", "a", &named("a")).await.unwrap_err().class, ErrorClass::Forbidden);
}

#[tokio::test]
async fn a_cloud_has_to_be_named() {
    let error = Harness::new(Mock, Value::map::<&str>([]), Environment::default()).await.err().unwrap();
    assert_eq!(error.class, ErrorClass::Invalid);
    assert!(error.help.unwrap().contains("directory"));
}

#[tokio::test]
async fn a_half_update_leaves_what_it_did() {
    let cloud = MockCloud::new();
    let harness = connected(&cloud).await;
    let thing = harness.create("thing", "web", &named("web")).await.unwrap();
    cloud.script(vec![Fault::new(FaultKind::Partial).call("update")]).unwrap();
    let config = Value::map([
        ("name", Value::string("web")),
        ("description", Value::string("new")),
        ("tier", Value::string("gold")),
    ]);
    let error = harness.update("thing", "web", &config, &thing).await.unwrap_err();
    let partial = attributes(&error.partial.unwrap());
    assert_eq!(partial.get("description"), Some(&Value::string("new")));
    assert_eq!(partial.get("tier"), None);
}

#[tokio::test]
async fn a_panic_is_a_panic() {
    let cloud = MockCloud::new();
    cloud.script(vec![Fault::new(FaultKind::Panic).call("create")]).unwrap();
    let harness = connected(&cloud).await;
    let task = tokio::spawn(async move { harness.create("thing", "web", &named("web")).await.map(drop) });
    assert!(task.await.unwrap_err().is_panic());
}

/// What the checks say of each lie: the text that the harness panics with.
async fn breach(lie: &str, then: &str) -> String {
    let config = Value::map([("name", Value::string("web")), ("lie", Value::string(lie))]);
    let then = then.to_owned();
    let task = tokio::spawn(async move {
        let harness = connected(&MockCloud::new()).await;
        let made = harness.create("wrong", "web", &config).await.unwrap();
        match then.as_str() {
            "update" => {
                let Value::Map(mut changed) = config else { panic!("a map") };
                changed.insert("size", Value::Int(2));
                drop(harness.update("wrong", "web", &Value::Map(changed), &made).await);
            }
            _ => drop(harness.read("wrong", &made).await),
        }
    });
    let panic = task.await.expect_err("the lie is found out").into_panic();
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[tokio::test]
async fn every_lie_is_found_out() {
    let cases = [
        (
            "plan_contradicts_config",
            "",
            "planned something else than the config says: mock.wrong `web`, attribute `size`: expected 1, got 99",
        ),
        ("plan_changes_type", "", "wrong type: mock.wrong `web`, attribute `size`: expected int, got a string"),
        (
            "create_contradicts_plan",
            "",
            "applied something else than was planned: mock.wrong `web`, attribute `size`: expected 1, got 99",
        ),
        ("create_changes_type", "", "attribute `note`: expected string, got an int"),
        ("create_leaves_unknown", "", "left a value unknown that it must know now: mock.wrong `web`, attribute `note`"),
        (
            "create_adds_attribute",
            "",
            "an attribute that its schema does not have: mock.wrong `web`, attribute `surplus`",
        ),
        ("update_contradicts_plan", "update", "attribute `size`: expected 2, got 99"),
        ("read_changes_type", "read", "attribute `size`: expected int, got a list"),
        ("read_drops_one", "read", "did not answer for each object that was read"),
    ];
    for (lie, then, text) in cases {
        let told = breach(lie, then).await;
        assert!(told.contains(text), "{lie}: {told}");
    }
}

#[tokio::test]
async fn wrong_answers_can_be_scripted_for_any_type() {
    let cloud = MockCloud::new();
    let harness = connected(&cloud).await;
    let thing = harness.create("thing", "web", &named("web")).await.unwrap();
    cloud.script(vec![Fault::new(FaultKind::WrongCount).call("read")]).unwrap();
    let request = formwork_provider_api::ReadManyRequest { type_name: "thing".into(), objects: vec![thing] };
    assert_eq!(harness.connection.read_many(request.clone()).await.unwrap(), []);
    cloud.script(vec![Fault::new(FaultKind::WrongAnswer).call("read")]).unwrap();
    let outcomes = harness.connection.read_many(request).await.unwrap();
    let ReadOutcome::Present(read) = &outcomes[0] else { panic!("it is there") };
    assert!(matches!(attributes(read).get("size"), Some(Value::List(_))));
}

#[tokio::test]
async fn a_long_operation_goes_on_where_it_stopped() {
    let cloud = MockCloud::new();
    let harness = connected(&cloud).await;
    let config = Value::map([("name", Value::string("db")), ("polls", Value::Int(4))]);
    let request = harness.create_request("slow", "db", &config).await.unwrap();
    harness.sink.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(harness.send_create(request.clone()).await.unwrap_err().class, ErrorClass::Cancelled);
    let checkpoint = harness.sink.checkpoints().pop().unwrap();
    assert_eq!(checkpoint.poll, "operations/db-1");
    assert_eq!(cloud.object("slow", "db-1").unwrap().unwrap().state, ObjectState::Creating);

    let resumed = connected(&cloud).await;
    let object = resumed.send_create(CreateRequest { resume: Some(checkpoint), ..request }).await.unwrap().object;
    assert_eq!(attributes(&object).get("status"), Some(&Value::string("ready")));
    assert_eq!(resumed.sink.checkpoints().len(), 4, "the resumed one, then one for each poll but the last");
    assert_eq!(cloud.count("create", "slow").unwrap(), 1);
    assert_eq!(cloud.count("poll", "slow").unwrap(), 4);
    resumed.delete("slow", &object, &config).await.unwrap();
    assert_eq!(cloud.count("poll", "slow").unwrap(), 8);
}

#[tokio::test]
async fn an_incomplete_create_says_so() {
    let cloud = MockCloud::new();
    cloud.script(vec![Fault::new(FaultKind::Incomplete).call("create")]).unwrap();
    let harness = connected(&cloud).await;
    let request = harness.create_request("thing", "web", &named("web")).await.unwrap();
    assert!(harness.send_create(request).await.unwrap().incomplete.is_some());
}

/// A slow object whose create is polled for ever.
fn going_on() -> Value {
    Value::map([("name", Value::string("web")), ("polls", Value::Int(1000))])
}

/// What `find` says before a create, after it, and for another operation.
async fn found(type_name: &str, config: &Value) -> [Result<Found, ErrorClass>; 3] {
    let harness = connected(&MockCloud::new()).await;
    let request = harness.create_request(type_name, "web", config).await.unwrap();
    let find = async |request: &CreateRequest| harness.find(request).await.map_err(|error| error.class);
    let before = find(&request).await;
    harness.sink.cancelled.store(type_name == "slow", Ordering::Relaxed);
    let made = harness.send_create(request.clone()).await;
    assert_eq!(made.is_err(), type_name == "slow", "{made:?}");
    tokio::time::sleep(std::time::Duration::from_millis(if type_name == "tagged" { 150 } else { 0 })).await;
    let after = find(&request).await;
    [before, after, find(&CreateRequest { operation: "another".into(), ..request }).await]
}

#[tokio::test]
async fn each_way_of_recognising_a_create() {
    let keyed = Value::map([
        ("table", Value::string("main")),
        ("destination", Value::string("10.0.0.0/8")),
        ("target", Value::string("gateway")),
    ]);
    let [before, unfinished, other] = found("slow", &going_on()).await;
    assert_eq!((before, other), (Ok(Found::Absent), Ok(Found::Absent)));
    assert!(matches!(unfinished, Ok(Found::Unfinished(_))), "{unfinished:?}");
    for type_name in ["thing", "tagged", "cluster"] {
        let [before, ours, other] = found(type_name, &named("web")).await;
        assert_eq!(before, Ok(Found::Absent), "{type_name}");
        assert!(matches!(ours, Ok(Found::Ours(_))), "{type_name}: {ours:?}");
        assert_eq!(other, Ok(Found::Absent), "{type_name}");
    }
    for type_name in ["named", "soft"] {
        let [before, ours, other] = found(type_name, &named("web")).await;
        assert_eq!(before, Ok(Found::Absent), "{type_name}");
        assert!(matches!(ours, Ok(Found::Ours(_))), "{type_name}: {ours:?}");
        assert!(matches!(other, Ok(Found::Foreign(_))), "{type_name}: {other:?}");
    }
    let [before, ours, other] = found("keyed", &keyed).await;
    assert_eq!(before, Ok(Found::Absent));
    assert!(matches!((ours, other), (Ok(Found::Ours(_)), Ok(Found::Ours(_)))), "equal content is ours");
    for type_name in ["tokened", "anonymous"] {
        assert_eq!(found(type_name, &named("web")).await, [const { Err(ErrorClass::Unsupported) }; 3], "{type_name}");
    }
}

#[tokio::test]
async fn a_route_with_other_content_is_ambiguous() {
    let cloud = MockCloud::new();
    let harness = connected(&cloud).await;
    let route = |target: &str| {
        Value::map([
            ("table", Value::string("main")),
            ("destination", Value::string("10.0.0.0/8")),
            ("target", Value::string(target)),
        ])
    };
    harness.create("keyed", "route", &route("a")).await.unwrap();
    let request = harness.create_request("keyed", "route", &route("b")).await.unwrap();
    assert!(matches!(harness.find(&request).await.unwrap(), Found::Ambiguous(_)));
}

#[tokio::test]
async fn a_token_makes_a_create_repeatable() {
    let cloud = MockCloud::new();
    let harness = connected(&cloud).await;
    let request = harness.create_request("tokened", "web", &named("web")).await.unwrap();
    let one = harness.send_create(request.clone()).await.unwrap();
    let same = harness.send_create(request.clone()).await.unwrap();
    assert_eq!(one.object.values, same.object.values);
    let another = CreateRequest { operation: "another".into(), ..request };
    assert_ne!(harness.send_create(another).await.unwrap().object.values, one.object.values);
    assert_eq!(cloud.objects("tokened").unwrap().len(), 2);
}

#[tokio::test]
async fn unique_names_conflict() {
    let harness = connected(&MockCloud::new()).await;
    harness.create("named", "web", &named("web")).await.unwrap();
    let error = harness.create("named", "web", &named("web")).await.unwrap_err();
    assert_eq!((error.class, error.code.as_str()), (ErrorClass::Conflict, "AlreadyExists"));
}

#[tokio::test]
async fn planning_offline_says_the_same() {
    use formwork_provider_api::{PlanRequest, Provider, proposed};
    let harness = connected(&MockCloud::new()).await;
    let thing = harness.create("thing", "web", &named("web")).await.unwrap();
    let config = ValueBuf::from(Value::map([("name", Value::string("web")), ("size", Value::Int(5))]));
    let address = formwork_model::Address::resource("web");
    let schema = harness.resource("thing").unwrap();
    let request = PlanRequest {
        type_name: "thing".into(),
        proposed: proposed(schema, &address, config.view(), Some(thing.values.view())),
        address,
        config,
        prior: Some(thing),
        prior_config: None,
        write_only_changed: vec![],
    };
    let offline = Mock.plan_offline(&request).unwrap();
    assert_eq!(offline, harness.connection.plan(request).await.unwrap());
}
