//! `rehearse`: a change tried out with what is recorded.

use super::support::{Bench, Ran, inventory};
use super::trial;
use libtest_mimic::Trial;
use serde_json::Value as Json;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "rehearse::a_change_is_tried_out_and_nothing_real_is_touched",
            a_change_is_tried_out_and_nothing_real_is_touched,
        ),
        trial("rehearse::a_first_apply_and_a_destroy", a_first_apply_and_a_destroy),
        trial("rehearse::what_would_fail_is_told", what_would_fail_is_told),
        trial("rehearse::secrets_are_placeholders", secrets_are_placeholders),
        trial("rehearse::secrets_that_another_object_told", secrets_that_another_object_told),
        trial("rehearse::phases_and_providers_of_what_is_made", phases_and_providers_of_what_is_made),
    ]
}

const STACK: &str = r#"
provider mock {}
param size: int = 1
param zone: string = "a"
@create_first
resource root: mock.thing { name = "root", size, zone }
resource leaf: mock.thing for name in to_set(["x", "y"]) { name = "leaf-${name}", parent = root }
output root_id = root.id
"#;

fn report(bench: &Bench, arguments: &[&str], code: i32) -> Json {
    let arguments: Vec<&str> = [&["rehearse", "--json"], arguments].concat();
    let ran = bench.run(&arguments).expect(code);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
}

pub(crate) fn steps(report: &Json) -> Vec<(String, String, String)> {
    let steps = report["phases"].as_array().unwrap().iter().flat_map(|phase| phase["steps"].as_array().unwrap());
    let text = |step: &Json, name: &str| step[name].as_str().unwrap().to_owned();
    let mut steps: Vec<_> =
        steps.map(|step| (text(step, "change"), text(step, "address"), text(step, "outcome"))).collect();
    steps.sort();
    steps
}

fn a_change_is_tried_out_and_nothing_real_is_touched() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.apply().expect(0);
    let serial = bench.run(&["state", "history"]).expect(0).out;
    let cloud = inventory(&bench.cloud(), &["thing"]);
    let same = report(&bench, &[], 0);
    assert_eq!((&same["restored"], &same["well"]), (&Json::from(3), &Json::from(true)), "{same}");
    assert!(steps(&same).is_empty(), "what is recorded and wanted alike is not changed: {same}");
    let changed = report(&bench, &["--var", "size=2"], 0);
    assert_eq!(steps(&changed), [("update".into(), "root".into(), "done".into())]);
    let replaced = report(&bench, &["--var", "zone=b"], 0);
    let replaces = steps(&replaced).iter().filter(|step| step.1 == "root").count();
    assert_eq!(replaces, 2, "{replaced}");
    assert_eq!(replaced["second_plan"], Json::Array(Vec::new()));
    let text = bench.run(&["rehearse", "--var", "zone=b"]).expect(0).out;
    assert!(text.contains("A second plan is clean.") && text.contains("about"), "{text}");
    assert_eq!(bench.run(&["state", "history"]).expect(0).out, serial);
    assert_eq!(inventory(&bench.cloud(), &["thing"]), cloud);
    bench.expect_clean();
}

fn a_first_apply_and_a_destroy() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let first = report(&bench, &[], 0);
    assert_eq!(first["restored"], 0);
    let phase = &first["phases"][0];
    let step = |address: &str| {
        phase["steps"].as_array().unwrap().iter().find(|step| step["address"] == address).unwrap().clone()
    };
    assert_eq!(step("root")["begins_s"], 0);
    assert_eq!(step("leaf[\"x\"]")["begins_s"], step("root")["ends_s"], "a leaf waits for its root");
    assert_eq!(first["takes_s"], step("leaf[\"y\"]")["ends_s"]);
    assert!(step("root")["known"]["id"].is_string(), "{first}");
    assert!(first["outputs"]["root_id"].is_string(), "{first}");
    assert!(bench.cloud().objects("thing").unwrap().is_empty());
    assert!(!bench.root().join(".formwork/state").exists());
    bench.apply().expect(0);
    let destroyed = report(&bench, &["--destroy"], 0);
    assert_eq!(steps(&destroyed).iter().filter(|step| step.0 == "delete" && step.2 == "done").count(), 3);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 3);
}

fn what_would_fail_is_told() {
    // Without `@create_first` the old root would have to go while its leaves still refer to it: no plan can know that.
    let bench = Bench::new(&[("main.fw", &STACK.replace("@create_first", ""))]);
    bench.apply().expect(0);
    let failed = report(&bench, &["--var", "zone=b"], 1);
    assert_eq!(failed["well"], false);
    let outcomes = steps(&failed);
    assert_eq!(outcomes.iter().find(|step| step.0 == "delete").unwrap().2, "failed", "{failed}");
    assert_eq!(outcomes.iter().find(|step| step.0 == "create").unwrap().2, "skipped", "{failed}");
    assert!(failed["diagnostics"].to_string().contains("DependencyViolation"), "{failed}");
    assert_eq!(failed["second_plan"], Json::Null);
    let text = bench.run(&["rehearse", "--var", "zone=b"]).expect(1);
    assert!(text.out.contains("FAILED") && text.out.contains("SKIPPED"), "{}", text.out);
    assert!(bench.cloud().objects("thing").unwrap().len() == 3);
}

fn secrets_are_placeholders() {
    let bench = Bench::new(&[(
        "main.fw",
        "param real: secret<string> = secret_from(\"env:REAL_PASSWORD\")\nresource password: std.value { input = real }\noutput password = password.output\n",
    )]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"REAL_PASSWORD\"]\n");
    let run = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        Ran::of(&command.env("REAL_PASSWORD", "planted-Passw0rd").env("FORMWORK_LOG", "trace").output().unwrap())
    };
    run(&["apply", "--auto-approve"]).expect(0);
    let ran = run(&["rehearse", "--json"]).expect(0);
    let report: Json = serde_json::from_str(&ran.out).unwrap();
    assert!(steps(&report).is_empty(), "an unchanged secret is no change: {report}");
    assert!(!format!("{}{}", ran.out, ran.err).contains("planted-Passw0rd"));
}

fn secrets_that_another_object_told() {
    let bench = Bench::new(&[(
        "main.fw",
        "resource password: std.random_password { length = 24 }\nresource holder: std.value { input = { user = \"app\", password = password.result } }\n",
    )]);
    bench.apply().expect(0);
    let same = report(&bench, &[], 0);
    assert_eq!((&same["restored"], &same["well"]), (&Json::from(2), &Json::from(true)), "{same}");
    assert!(steps(&same).is_empty(), "the sandbox's own password is the one that is wanted there: {same}");
}

fn phases_and_providers_of_what_is_made() {
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
    let first = report(&bench, &[], 0);
    assert!(first["phases"].as_array().unwrap().len() > 1, "{first}");
    bench.apply().expect(0);
    let again = report(&bench, &[], 0);
    assert_eq!(again["well"], true, "{again}");
    assert_eq!(again["left_out"], Json::Array(Vec::new()));
}
