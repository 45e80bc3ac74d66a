//! Plans in Terraform's field names.

use crate::support::*;
use formwork_engine::export::{dot, mermaid, of_plan, of_resources, terraform_json};
use formwork_lang::graph::{Check, Declared, Place, Subject, Variable};
use formwork_model::{AttributePath, FileId, InputSource, ModulePath, Residual, Span, Value};
use serde_json::json;
use std::sync::Arc;

#[test]
fn the_json_has_what_policies_read() {
    let mut world = World::new();
    let graph = |world: &World, zone: &str, password: &str| {
        let mut builder = Builder::default();
        let mock = builder.mock(&world.cloud);
        let config = Value::map([
            ("name", text("x")),
            ("zone", text(zone)),
            ("password", text(password).secret()),
            ("tags", Value::map([("owner", text("me"))])),
        ]);
        builder.resource(r#"m["eu"].a["k"]"#, "mock.thing", mock, config);
        builder.build()
    };
    let plan = world.settle(graph(&world, "a", "hunter2"));
    let json = terraform_json(&plan, Some(&world.state));
    let change = &json["resource_changes"][0];
    assert_eq!(json["format_version"], "1.2");
    assert_eq!(change["address"], r#"m["eu"].a["k"]"#);
    assert_eq!(change["module_address"], r#"m["eu"]"#);
    assert_eq!((&change["mode"], &change["type"]), (&json!("managed"), &json!("mock.thing")));
    assert_eq!((&change["name"], &change["index"]), (&json!("a"), &json!("k")));
    assert_eq!(change["provider_name"], "mock");
    assert_eq!(change["change"]["actions"], json!(["create"]));
    assert_eq!(change["change"]["before"], json!(null));
    assert_eq!(change["change"]["after"]["tags"]["owner"], "me");
    assert_eq!(change["change"]["after"]["password"], "(secret)");
    assert_eq!(change["change"]["after_sensitive"]["password"], true);
    assert_eq!(change["change"]["after_unknown"]["id"], true);
    assert!(change["change"]["after"].get("id").is_none());
    let planned = &json["planned_values"]["root_module"]["child_modules"][0];
    assert_eq!(planned["resources"][0]["values"]["name"], "x");

    let replaced = world.plan(graph(&world, "b", "hunter2"));
    let json = terraform_json(&replaced, Some(&world.state));
    assert_eq!(json["resource_changes"].as_array().unwrap().len(), 1);
    let change = &json["resource_changes"][0];
    assert_eq!(change["change"]["actions"], json!(["delete", "create"]));
    assert_eq!(change["change"]["replace_paths"], json!([["zone"]]));
    assert_eq!(change["action_reason"], "replace_because_cannot_update");
    assert_eq!(change["change"]["before_sensitive"]["password"], true);
    assert_eq!(json["prior_state"]["values"]["root_module"]["child_modules"][0]["resources"][0]["type"], "mock.thing");
    assert!(!json.to_string().contains("hunter2"));

    let drawn = of_plan(&replaced);
    assert_eq!(drawn.edges.len(), 1);
    assert!(dot(&drawn).contains("delete"));
    assert!(mermaid(&of_resources(&graph(&world, "b", "x"))).contains("mock.thing"));
}

#[test]
fn params_and_conditions_are_told_without_secrets() {
    let world = World::new();
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    builder.resource("a", "mock.thing", mock, Value::map([("name", text("x")), ("zone", text("a"))]));
    let mut graph = builder.build();
    let input = Value::Unknown(Arc::new(Residual::Input(InputSource::EnvironmentVariable("TOKEN".into()))));
    let variable = |name: &str, value: Value| Variable { name: name.into(), value };
    graph.variables = vec![
        variable("size", Value::Int(3)),
        variable("key", text("hunter2").secret()),
        variable("users", Value::map([("a", text("hunter3").secret()), ("b", text("seen"))])),
        variable("token", input),
    ];
    let subject = |key: &str, declared| Subject { module: ModulePath::root().child("m", Some(key.into())), declared };
    let size = || Declared::Param("size".into());
    graph.held = vec![subject("x", size()), subject("y", size())];
    graph.checks = vec![Check {
        subject: subject("x", Declared::Assert(Place { path: "main.fw".into(), line: 3 })),
        condition: Value::attribute(address("a"), AttributePath::member("id")),
        message: text("no"),
        span: Span::new(FileId(0), 0, 0),
    }];
    let plan = world.plan(graph);
    let json = terraform_json(&plan, None);
    assert_eq!(json["variables"]["size"], json!({ "value": 3 }));
    assert_eq!(json["variables"]["key"], json!({ "value": "(secret)", "sensitive": true }));
    assert_eq!(json["variables"]["users"]["value"], json!({ "a": "(secret)", "b": "seen" }));
    assert_eq!(json["variables"]["token"], json!({}));
    let checks = json["checks"].as_array().unwrap();
    let told = |index: usize, path: &str| checks[index].pointer(path).cloned().unwrap_or_default();
    assert_eq!(checks.len(), 2);
    assert_eq!((told(0, "/address/kind"), told(0, "/status")), (json!("check"), json!("unknown")));
    assert_eq!(told(0, "/address/to_display"), "assert at main.fw:3");
    assert_eq!((told(1, "/address/kind"), told(1, "/address/to_display")), (json!("var"), json!("m.size")));
    assert_eq!(told(1, "/instances/1/address"), json!({ "to_display": r#"m["y"].size"#, "module": r#"m["y"]"# }));
    assert_eq!(
        json["configuration"]["root_module"]["resources"][0]["expressions"]["zone"],
        json!({ "constant_value": "a" })
    );
    assert_eq!(json["timestamp"].as_str().unwrap().len(), "2026-01-02T03:04:05Z".len());
    assert!(!json.to_string().contains("hunter"));
}
