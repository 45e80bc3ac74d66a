//! A stack's life, from empty to empty, as a person at a terminal has it.

use super::support::{Bench, inventory};
use super::trial;
use formwork_model::Value;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("life::init_plans_and_applies_at_once", init_plans_and_applies_at_once),
        trial("life::create_change_replace_drift_destroy", create_change_replace_drift_destroy),
        trial("life::phases_go_on_by_themselves", phases_go_on_by_themselves),
        trial("life::protected_objects_stay", protected_objects_stay),
        trial("life::what_is_deleted_waits_for_its_token", what_is_deleted_waits_for_its_token),
        trial("life::renames_keep_their_objects", renames_keep_their_objects),
        trial("life::import_takes_what_exists", import_takes_what_exists),
        trial("life::a_dead_endpoint_is_no_plan_to_create_anew", a_dead_endpoint_is_no_plan_to_create_anew),
        trial("life::nobody_to_ask_is_an_error", nobody_to_ask_is_an_error),
    ]
}

const STACK: &str = r#"
provider mock {}
param size: int = 1
param zone: string = "a"
@create_first
resource root: mock.thing { name = "root", size, zone }
resource leaf: mock.thing for name in to_set(["x", "y"]) { name = "leaf-${name}", parent = root }
output leaves = { for name, one in leaf => [name] = one.id }
"#;

fn init_plans_and_applies_at_once() {
    let bench = Bench::new(&[]);
    std::fs::remove_file(bench.root().join("formwork.toml")).unwrap();
    bench.run(&["init", "--name", "demo"]).expect(0);
    bench.run(&["check"]).expect(0);
    bench.run(&["fmt", "--check"]).expect(0);
    bench.run(&["plan", "--detailed-exitcode"]).expect(2);
    bench.apply().expect(0);
    bench.expect_clean();
    let json = bench.run(&["output", "--json"]).expect(0).out;
    assert!(json.contains("endpoints") && json.contains("(secret)"), "{json}");
    bench.run(&["init"]).expect(1);
}

/// Objects behind an ephemeral token: taken out one by one, and with all that the token is for.
fn what_is_deleted_waits_for_its_token() {
    const ROOT: &str = r#"
provider mock {}
resource root: mock.thing { name = "root" }
ephemeral token: mock.lease { name = root.id }
provider mock short { token = token.token }
"#;
    let leaf = |name: &str| format!("resource {name}: mock.thing with mock.short {{ name = \"{name}\" }}\n");
    let bench = Bench::new(&[("main.fw", &(ROOT.to_owned() + &leaf("a") + &leaf("b")))]);
    bench.apply().expect(0);
    bench.write("main.fw", &(ROOT.to_owned() + &leaf("a")));
    let less = bench.apply().expect(0);
    assert!(less.err.contains("1 deleted"), "{}", less.err);
    let gone = bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(gone.err.contains("2 deleted"), "{}", gone.err);
    assert!(inventory(&bench.cloud(), &["thing", "lease"]).is_empty(), "also the tokens are given back");
}

fn create_change_replace_drift_destroy() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let plan = bench.run(&["plan"]).expect(0).out;
    assert!(plan.contains("Plan: 3 to create."), "{plan}");
    bench.apply().expect(0);
    bench.expect_clean();
    let plan = bench.run(&["plan", "--var", "size=2"]).expect(0).out;
    assert!(plan.contains("1 → 2") && plan.contains("Plan: 1 to change."), "{plan}");
    let plan = bench.run(&["plan", "--var", "zone=b"]).expect(0).out;
    assert!(plan.contains("forces replacement"), "{plan}");
    bench.run(&["apply", "--auto-approve", "--var", "zone=b"]).expect(0);
    bench.run(&["plan", "--detailed-exitcode", "--var", "zone=b"]).expect(0);
    let cloud = bench.cloud();
    let root = cloud.objects("thing").unwrap().into_iter().find(|object| object.name == "root").unwrap();
    assert!(cloud.drift("thing", &root.id, "size", Value::Int(7)).unwrap());
    let drift = bench.run(&["drift", "--var", "zone=b"]).expect(2).out;
    assert!(drift.contains("root") && drift.contains('7'), "{drift}");
    bench.run(&["apply", "--auto-approve", "--var", "zone=b"]).expect(0);
    assert_eq!(bench.recorded_ids(), inventory(&cloud, &["thing"]));
    bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(cloud.objects("thing").unwrap().is_empty());
    assert!(bench.recorded_ids().is_empty());
    let history = bench.run(&["state", "history"]).expect(0).out;
    assert_eq!(history.lines().count(), 4, "{history}");
}

fn phases_go_on_by_themselves() {
    let bench = Bench::new(&[(
        "main.fw",
        r#"
provider mock {}
resource main: mock.cluster { name = "main" }
provider mock inner { endpoint = main.endpoint, token = main.token }
resource app: mock.object with mock.inner { kind = "app", name = "shop", body = { replicas = 2 } }
resource seed: mock.thing { name = "seed" }
resource each: mock.thing for part in to_set(split(seed.address, ".")) { name = "part-${part}" }
"#,
    )]);
    let plan = bench.run(&["plan", "--detailed-exitcode"]).expect(2).out;
    assert!(plan.contains("waiting for the next phase"), "{plan}");
    assert!(plan.contains("app (mock.object) will be created"), "{plan}");
    bench.apply().expect(0);
    bench.expect_clean();
    assert!(bench.cloud().objects("thing").unwrap().len() > 1);
    bench.run(&["destroy", "--auto-approve"]).expect(0);
    assert!(bench.recorded_ids().is_empty());
}

fn protected_objects_stay() {
    let stack = "provider mock {}\n@protect\nresource vault: mock.thing { name = \"vault\" }\n";
    let bench = Bench::new(&[("main.fw", stack)]);
    bench.apply().expect(0);
    bench.write("main.fw", "provider mock {}\n");
    let refused = bench.run(&["plan"]).expect(1).err;
    assert!(refused.contains("protect"), "{refused}");
    bench.run(&["destroy", "--auto-approve"]).expect(1);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 1);
}

fn renames_keep_their_objects() {
    let bench = Bench::new(&[("main.fw", "provider mock {}\nresource old: mock.thing { name = \"one\" }\n")]);
    bench.apply().expect(0);
    let moved = "provider mock {}\nresource new: mock.thing { name = \"one\" }\nmoved old -> new\n";
    bench.write("main.fw", moved);
    let plan = bench.run(&["plan"]).expect(0).out;
    assert!(plan.contains("old → new") && !plan.contains("to create"), "{plan}");
    bench.apply().expect(0);
    bench.expect_clean();
    assert_eq!(bench.run(&["state", "list"]).expect(0).out, "new\n");
    bench.run(&["state", "mv", "new", "third"]).expect(0);
    assert_eq!(bench.run(&["state", "list"]).expect(0).out, "third\n");
    bench.run(&["state", "rm", "third"]).expect(0);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 1);
}

fn import_takes_what_exists() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.apply().expect(0);
    bench.run(&["state", "rm", "leaf"]).expect(0);
    let told = bench.run(&["import", "leaf[\"x\"]", "leaf-x-1"]).expect(0).out;
    assert!(told.contains("is imported"), "{told}");
    bench.run(&["import", "leaf[\"y\"]", "leaf-y-1"]).expect(0);
    bench.expect_clean();
    assert_eq!(bench.recorded_ids(), inventory(&bench.cloud(), &["thing"]));
    let refused = bench.run(&["import", "laef[\"x\"]", "leaf-x-1"]).expect(1).err;
    assert!(refused.contains("E1010") && refused.contains("did you mean"), "{refused}");
}

fn a_dead_endpoint_is_no_plan_to_create_anew() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.apply().expect(0);
    let fault = r#"[{"call": "read", "class": "unreachable"}]"#;
    std::fs::write(bench.home().join("cloud/faults.json"), fault).unwrap();
    let ran = bench.run(&["plan"]).expect(1);
    assert!(ran.err.contains("E1011") && !ran.out.contains("to create"), "{}{}", ran.out, ran.err);
    bench.run(&["plan", "--refresh=false", "--detailed-exitcode"]).expect(0);
}

fn nobody_to_ask_is_an_error() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let ran = bench.run(&["apply"]).expect(1);
    assert!(ran.err.contains("--auto-approve"), "{}", ran.err);
    assert!(bench.cloud().objects("thing").unwrap().is_empty());
}
