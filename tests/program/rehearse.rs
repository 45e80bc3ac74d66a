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
        trial("rehearse::data_of_what_nobody_recorded", data_of_what_nobody_recorded),
        trial("rehearse::data_that_is_nowhere_is_a_finding", data_that_is_nowhere_is_a_finding),
        trial("rehearse::what_the_sandbox_does_not_have_is_told", what_the_sandbox_does_not_have_is_told),
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
    let of_root = || text.lines().filter(|line| line.ends_with("root (mock.thing)"));
    assert_eq!(of_root().count(), 1, "a replacement is one line: {text}");
    assert!(of_root().all(|line| line.contains("  replace  ")), "{text}");
    assert!(text.contains("Objects: 2 to change, 1 to replace.\n"), "{text}");
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
    assert_eq!((&failed["second_plan"], &failed["takes_s"]), (&Json::Null, &Json::Null));
    assert_eq!(failed["outputs"], Json::Object(serde_json::Map::new()), "what failed has none: {failed}");
    let text = bench.run(&["rehearse", "--var", "zone=b"]).expect(1);
    assert!(text.out.contains("delete FAILED, create SKIPPED"), "{}", text.out);
    assert!(text.out.contains("Of the steps 1 failed, "), "{}", text.out);
    assert!(!text.out.contains("would take") && !text.out.contains("Outputs would be"), "{}", text.out);
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

const READS: &str = r#"
provider mock {}
data shared: mock.lookup { name = "shared" }
resource own: mock.thing { name = "own", size = shared.size, zone = shared.zone }
resource holder: std.value { input = shared.token }
output id = shared.id
"#;

/// The object is another stack's: the sandbox does not have it.
fn data_of_what_nobody_recorded() {
    let bench = Bench::new(&[("main.fw", READS)]);
    let shared = "resource shared: mock.thing { name = \"shared\", size = 4, zone = \"b\" }";
    bench.write("main.fw", &format!("provider mock {{}}\n{shared}\noutput token = shared.token\n"));
    bench.apply().expect(0);
    let token = bench.run(&["output", "token", "--raw", "--show-secrets"]).expect(0).out.trim().to_owned();
    assert!(token.len() > 8, "{token}");
    bench.run(&["state", "rm", "shared"]).expect(0);
    bench.write("main.fw", READS);
    let before = inventory(&bench.cloud(), &["thing"]);

    let ran = bench.run(&["rehearse", "--read-data", "--json"]).expect(0);
    assert!(
        !ran.out.contains(&token) && !ran.err.contains(&token),
        "a secret of the real cloud is none of the report's"
    );
    let first: Json = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&first["well"], &first["second_plan"]), (&Json::from(true), &Json::Array(Vec::new())), "{first}");
    assert_eq!(first["read"], serde_json::json!([{ "type": "mock.lookup", "object": "shared-1" }]));
    assert_eq!(first["outputs"]["id"], "shared-1");
    let text = bench.run(&["rehearse", "--read-data"]).expect(0).out;
    assert!(text.contains("nothing real was changed"), "{text}");
    assert!(text.contains("Not recorded, so read where an apply reads it: mock.lookup shared-1"), "{text}");

    bench.apply().expect(0);
    let same = report(&bench, &["--read-data"], 0);
    assert!(steps(&same).is_empty(), "what was read is what it was: {same}");
    assert_eq!(inventory(&bench.cloud(), &["thing"]).len(), before.len() + 1);
}

fn data_that_is_nowhere_is_a_finding() {
    let bench = Bench::new(&[("main.fw", READS)]);
    for (arguments, words) in [(&[][..], "`--read-data` reads it"), (&["--read-data"], "failed too")] {
        let told = report(&bench, arguments, 1);
        assert_eq!((&told["well"], &told["read"]), (&Json::from(false), &Json::Array(Vec::new())), "{told}");
        let finding = told["diagnostics"].to_string();
        assert!(finding.contains("is not recorded") && finding.contains(words), "{finding}");
    }
}

fn what_the_sandbox_does_not_have_is_told() {
    let bench = Bench::new(&[(
        "main.fw",
        "provider aws { region = \"eu-central-1\" }\nresource vpc: aws.vpc { cidr_block = \"10.0.0.0/16\" }\n",
    )]);
    let told = bench.run(&["rehearse"]).expect(1);
    assert!(told.out.contains("AWS is not in the sandbox") && told.out.contains("AWS_ENDPOINT_URL"), "{}", told.out);
    assert!(told.out.contains("did not go through") && !told.out.contains("nothing to change"), "{}", told.out);
    assert!(told.err.contains("cannot connect to AWS itself"), "{}", told.err);
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
