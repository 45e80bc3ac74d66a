//! Plans in Terraform's field names.

use crate::support::*;
use formwork_engine::export::{dot, mermaid, of_plan, of_resources, terraform_json};
use formwork_model::Value;
use serde_json::json;

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
    let json = terraform_json(&plan, &world.state);
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
    let json = terraform_json(&replaced, &world.state);
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
