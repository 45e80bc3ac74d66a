//! Each type from its create to its end, plain and through an encode/decode of every message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use formwork_model::{Address, AttributePath, Value};
use formwork_provider_api::testing::{Harness, attributes, text};
use formwork_provider_api::{Environment, ErrorClass, Found, ReadOutcome};
use formwork_provider_mock::{Mock, MockCloud, SCHEMA};

/// The same test on a plain and on an encoded provider.
async fn both(cloud: impl Fn() -> MockCloud) -> Vec<(MockCloud, Harness)> {
    let (plain, encoded) = (cloud(), cloud());
    let one = Harness::new(Mock, plain.configuration(), Environment::default()).await.unwrap();
    let other = Harness::encoded(Mock, encoded.configuration(), Environment::default()).await.unwrap();
    vec![(plain, one), (encoded, other)]
}

fn string(text: &str) -> Value {
    Value::string(text)
}

fn with(config: &Value, attribute: &str, value: Value) -> Value {
    let mut map = config.as_map().unwrap().clone();
    map.insert(attribute, value);
    Value::Map(map)
}

/// Everything that a `mock.thing` can be told.
fn full_thing() -> Value {
    let rule = |name: &str, port| Value::map([("name", string(name)), ("port", Value::Int(port))]);
    Value::map([
        ("name", string("web")),
        ("size", Value::Int(3)),
        ("zone", string("b")),
        ("class", string("small")),
        ("tier", string("gold")),
        ("description", string("")),
        ("password", string("hunter2")),
        ("seed", string("hunter3").secret()),
        ("timeout", Value::Duration(5_000)),
        ("range", string("10.0.1.0/8")),
        ("ip", string("10.0.0.1")),
        ("homepage", string("https://example.com")),
        ("ratio", Value::Int(2)),
        ("enabled", Value::Bool(false)),
        ("arm_id", string("/Sub")),
        ("policy", string("{\"b\": 1, \"a\": 2}")),
        ("zones", Value::list([string("2"), string("1")])),
        ("steps", Value::list([string("one"), string("two")])),
        ("labels", Value::set([string("x"), string("y")])),
        ("rules", Value::list([rule("http", 80), rule("dns", 53)])),
        ("settings", Value::map([("mode", string("fast")), ("secret_key", string("hunter4"))])),
        ("limits", Value::map([("cpu", Value::Int(4))])),
        ("data", Value::map([("any", Value::list([Value::Bool(true), Value::Float(0.5)]))])),
        ("tags", Value::map([("team", string("core"))])),
    ])
}

#[test]
fn the_page_says_what_the_schema_says() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/providers/mock.md");
    formwork_provider_api::testing::assert_page(page, &SCHEMA);
}

#[test]
fn the_schema_has_no_mistakes() {
    assert_eq!(formwork_provider_api::schema_check::lint(&SCHEMA), Vec::<String>::new());
}

#[tokio::test]
async fn every_type_lives_through_its_cycle() {
    let simple = || Value::map([("name", string("web")), ("tags", Value::map([("a", string("b"))]))]);
    let named = || Value::map([("name", string("web"))]);
    let keyed =
        Value::map([("table", string("main")), ("destination", string("10.0.0.0/8")), ("target", string("gw"))]);
    let cases = [
        ("thing", full_thing(), "size", Value::Int(4), "web-1"),
        ("named", simple(), "size", Value::Int(4), "web-1"),
        ("tokened", simple(), "size", Value::Int(4), "web-1"),
        ("tagged", simple(), "size", Value::Int(4), "web-1"),
        ("anonymous", simple(), "size", Value::Int(4), "web-1"),
        ("slow", named(), "size", Value::Int(4), "web-1"),
        ("cluster", named(), "nodes", Value::Int(4), "web-1"),
        ("keyed", keyed, "target", string("other"), "main/10.0.0.0/8"),
    ];
    for (type_name, config, attribute, value, id) in cases {
        for (cloud, harness) in both(MockCloud::new).await {
            let created = harness.create(type_name, "web", &config).await.unwrap();
            harness.assert_settled(type_name, "web", &config, &created).await.unwrap();
            assert!(!harness.sink.checkpoints().is_empty(), "{type_name}: the identity is checkpointed");

            let changed = with(&config, attribute, value.clone());
            let updated = harness.update(type_name, "web", &changed, &created).await.unwrap();
            assert_eq!(attributes(&updated).get(attribute), Some(&value));
            harness.assert_settled(type_name, "web", &changed, &updated).await.unwrap();

            assert_eq!(harness.import(type_name, id, &changed).await.unwrap().values, updated.values);
            let listed = harness.list(type_name).await.unwrap();
            if type_name != "tagged" {
                assert_eq!(listed.len(), 1, "{type_name}");
                assert_eq!(listed[0].id, id);
            }
            harness.delete(type_name, &updated, &changed).await.unwrap();
            assert_eq!(harness.read(type_name, &updated).await.unwrap(), ReadOutcome::Gone);
            harness.delete(type_name, &updated, &changed).await.expect("what is gone can be deleted");
            assert_eq!(cloud.count("create", type_name).unwrap(), 1);
            assert_eq!(cloud.count("update", type_name).unwrap(), 1);
            assert_eq!(cloud.count("delete", type_name).unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn a_thing_is_replaced_where_its_schema_or_its_provider_says_so() {
    for (_, harness) in both(MockCloud::new).await {
        let config = full_thing();
        let thing = harness.create("thing", "web", &config).await.unwrap();
        let plan = async |attribute: &str, value: Value| {
            let config = with(&config, attribute, value);
            harness.plan("thing", &Address::resource("web"), &config, Some(&thing)).await.unwrap()
        };
        assert!(plan("zone", string("c")).await.replaces());
        let shrunk = plan("size", Value::Int(2)).await;
        assert_eq!(shrunk.response.replace, [AttributePath::member("size")]);
        let grown = plan("size", Value::Int(9)).await;
        assert!(!grown.replaces());
        let paths: Vec<String> = grown.differences.iter().map(|one| one.path.to_string()).collect();
        assert_eq!(paths, ["size", "revision"]);
        assert!(plan("range", string("10.9.9.9/8")).await.is_clean());
        assert!(plan("policy", string("{\"a\":2,\"b\":1}")).await.is_clean());
    }
}

#[tokio::test]
async fn secrets_are_marked_and_illegible_on_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = MockCloud::directory(directory.path()).unwrap();
    let harness = Harness::new(Mock, cloud.configuration(), Environment::default()).await.unwrap();
    let thing = harness.create("thing", "web", &full_thing()).await.unwrap();
    let token = text(&thing, "token");
    assert!(token.starts_with("mock-secret-"));
    let shown = format!("{thing:?} {:?}", cloud.objects("thing").unwrap());
    let file = std::fs::read_to_string(directory.path().join("objects/thing/web-1.json")).unwrap();
    let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
    for secret in ["hunter2", "hunter3", "hunter4", token.as_str()] {
        assert!(!shown.contains(secret) && !file.contains(secret) && !log.contains(secret), "{secret}");
    }
    assert_eq!(attributes(&thing).get("seed"), None, "what is write-only is not kept");
    assert!(cloud.object("thing", "web-1").unwrap().unwrap().write_only.contains_key("seed"));
}

#[tokio::test]
async fn a_cloud_in_a_directory_outlives_its_client() {
    let directory = tempfile::tempdir().unwrap();
    let open = async || {
        let cloud = MockCloud::directory(directory.path()).unwrap();
        Harness::new(Mock, cloud.configuration(), Environment::default()).await.unwrap()
    };
    let config = full_thing();
    let thing = open().await.create("thing", "web", &config).await.unwrap();
    open().await.assert_settled("thing", "web", &config, &thing).await.unwrap();
    let cloud = MockCloud::directory(directory.path()).unwrap();
    assert!(cloud.drift("thing", "web-1", "size", Value::Int(7)).unwrap());
    let ReadOutcome::Present(read) = open().await.read("thing", &thing).await.unwrap() else { panic!("it is there") };
    assert_eq!(attributes(&read).get("size"), Some(&Value::Int(7)));
    open().await.delete("thing", &thing, &config).await.unwrap();
    let again = open().await.create("thing", "web", &config).await.unwrap();
    assert_eq!(text(&again, "id"), "web-2", "ids are never used again");
}

#[tokio::test]
async fn what_is_referred_to_must_exist_and_goes_last() {
    for (_, harness) in both(MockCloud::new).await {
        let thing = |name: &str, parent: Option<&str>| {
            let parent = parent.map(|parent| ("parent", string(parent)));
            Value::map(std::iter::once(("name", string(name))).chain(parent))
        };
        let error = harness.create("thing", "child", &thing("child", Some("root-1"))).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (ErrorClass::Invalid, "InvalidReference"));
        let root = harness.create("thing", "root", &thing("root", None)).await.unwrap();
        let child = harness.create("thing", "child", &thing("child", Some("root-1"))).await.unwrap();
        let error = harness.delete("thing", &root, &thing("root", None)).await.unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (ErrorClass::Conflict, "DependencyViolation"));
        harness.update("thing", "child", &thing("child", None), &child).await.unwrap();
        harness.delete("thing", &root, &thing("root", None)).await.unwrap();
    }
}

#[tokio::test]
async fn a_deleted_soft_object_keeps_its_name() {
    for (_, harness) in both(MockCloud::new).await {
        let config = Value::map([("name", string("vault"))]);
        let vault = harness.create("soft", "vault", &config).await.unwrap();
        harness.delete("soft", &vault, &config).await.unwrap();
        assert_eq!(harness.read("soft", &vault).await.unwrap(), ReadOutcome::SoftDeleted);
        assert_eq!(harness.create("soft", "vault", &config).await.unwrap_err().class, ErrorClass::Conflict);
        let request = harness.create_request("soft", "vault", &config).await.unwrap();
        assert!(matches!(harness.find(&request).await.unwrap(), Found::Foreign(_)));
        let recovering = with(&config, "recover", Value::Bool(true));
        let back = harness.create("soft", "vault", &recovering).await.unwrap();
        assert_eq!(text(&back, "id"), text(&vault, "id"));
        harness.delete("soft", &back, &with(&config, "purge", Value::Bool(true))).await.unwrap();
        assert_eq!(harness.read("soft", &vault).await.unwrap(), ReadOutcome::Gone);
        harness.create("soft", "vault", &config).await.unwrap();
    }
}

#[tokio::test]
async fn objects_live_in_a_cluster_and_go_with_it() {
    for (cloud, harness) in both(MockCloud::new).await {
        let config = Value::map([("name", string("main"))]);
        let cluster = harness.create("cluster", "main", &config).await.unwrap();
        let inside = |endpoint: &str, token: &str| {
            with(&with(&cloud.configuration(), "endpoint", string(endpoint)), "token", string(token).secret())
        };
        let connect = async |endpoint: &str, token: &str| {
            Harness::encoded(Mock, inside(endpoint, token), Environment::default()).await.unwrap()
        };
        let object = Value::map([("kind", string("app")), ("name", string("shop")), ("body", Value::Int(1))]);
        let (endpoint, token) = (text(&cluster, "endpoint"), text(&cluster, "token"));

        assert_eq!(harness.create("object", "shop", &object).await.unwrap_err().class, ErrorClass::Invalid);
        let wrong = connect("mock://nowhere-1", &token).await;
        assert_eq!(wrong.create("object", "shop", &object).await.unwrap_err().class, ErrorClass::Unreachable);
        let wrong = connect(&endpoint, "guess").await;
        assert_eq!(wrong.create("object", "shop", &object).await.unwrap_err().class, ErrorClass::Forbidden);

        let right = connect(&endpoint, &token).await;
        assert_eq!(right.connection.account().0["endpoint"], endpoint);
        let made = right.create("object", "shop", &object).await.unwrap();
        right.assert_settled("object", "shop", &object, &made).await.unwrap();
        let changed = with(&object, "body", string("two"));
        let made = right.update("object", "shop", &changed, &made).await.unwrap();
        assert_eq!(right.import("object", "app/shop", &changed).await.unwrap().values, made.values);

        harness.delete("cluster", &cluster, &config).await.unwrap();
        assert_eq!(right.read("object", &made).await.unwrap_err().class, ErrorClass::Unreachable);
        assert_eq!(cloud.objects("object").unwrap(), []);
    }
}

#[tokio::test]
async fn a_token_is_rotated_in_place() {
    for (_, harness) in both(MockCloud::new).await {
        let config = Value::map([("name", string("main"))]);
        let cluster = harness.create("cluster", "main", &config).await.unwrap();
        let rotated =
            harness.update("cluster", "main", &with(&config, "token_version", string("2")), &cluster).await.unwrap();
        assert_ne!(text(&rotated, "token"), text(&cluster, "token"));
        assert_eq!(text(&rotated, "endpoint"), text(&cluster, "endpoint"));
    }
}

#[tokio::test]
async fn a_bundle_becomes_objects() {
    use formwork_provider_api::{ExpandRequest, Provider, check};
    let item = |after: &[&str]| {
        Value::map([("body", Value::Int(1)), ("after", Value::list(after.iter().map(|key| string(key))))])
    };
    let config = Value::map([("items", Value::map([("a", item(&[])), ("b", item(&["a"]))]))]);
    let request =
        ExpandRequest { type_name: "bundle".into(), config: (&config).into(), environment: Environment::default() };
    let rows = formwork_provider_api::wire::EncodedProvider(Mock).expand(&request).unwrap();
    let keys: Vec<(&str, &str, Vec<String>)> =
        rows.iter().map(|row| (row.key.as_str(), row.type_name.as_str(), row.after.clone())).collect();
    assert_eq!(keys, [("a", "object", vec![]), ("b", "object", vec!["a".to_owned()])]);
    let subject = check::Subject { provider: "mock", version: "1", type_name: "bundle", address: None };
    assert!(check::expanded(&subject, Mock.schema(), &rows).is_empty());
}

#[tokio::test]
async fn a_lookup_reads_what_nobody_here_manages() {
    for (_, harness) in both(MockCloud::new).await {
        let asked = Value::map([("name", string("web"))]);
        assert_eq!(harness.data("lookup", &asked).await.unwrap_err().class, ErrorClass::NotFound);
        let thing = harness.create("thing", "web", &full_thing()).await.unwrap();
        let found = harness.data("lookup", &asked).await.unwrap();
        let found = found.as_map().unwrap();
        assert_eq!(found.get("id"), Some(&string("web-1")));
        assert_eq!(found.get("token").and_then(Value::as_str), Some(text(&thing, "token").as_str()));
        assert!(matches!(found.get("token"), Some(Value::Secret(_))));
    }
}

#[tokio::test]
async fn a_lease_is_renewed_and_given_back() {
    use formwork_provider_api::OpenRequest;
    for (cloud, harness) in both(MockCloud::new).await {
        let config = Value::map([("name", string("ci")), ("renew_every", Value::Duration(50))]);
        let request = OpenRequest { type_name: "lease".into(), config: (&config).into() };
        let opened = harness.connection.open(request).await.unwrap();
        assert_eq!(opened.renew_in_ms, Some(50));
        let renewed = harness.connection.renew(opened.clone()).await.unwrap();
        assert_ne!(renewed.values.view().get("token"), opened.values.view().get("token"));
        harness.connection.close(renewed.clone()).await.unwrap();
        assert_eq!(harness.connection.renew(renewed).await.unwrap_err().class, ErrorClass::NotFound);
        assert_eq!(cloud.count("open", "lease").unwrap(), 1);
        assert_eq!(cloud.count("close", "lease").unwrap(), 1);
    }
}

#[test]
fn stored_values_of_version_1_are_raised() {
    use formwork_provider_api::{Provider, StoredObject, UpgradeRequest};
    let values = Value::map([("id", string("web-1")), ("count", Value::Int(3))]);
    let object = StoredObject { values: (&values).into(), private: vec![1] };
    let request = UpgradeRequest { type_name: "thing".into(), from_version: 1, object };
    let raised = Mock.upgrade(request).unwrap();
    assert_eq!(raised.values.to_value(), Value::map([("id", string("web-1")), ("size", Value::Int(3))]));
}
