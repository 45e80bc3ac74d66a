//! How the commands talk: streams of JSON, questions, refusals, the end of an apply.

use super::support::Bench;
use super::trial;
use libtest_mimic::Trial;
use serde_json::Value as Json;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("cli::apply_with_json_is_a_stream_of_lines", apply_with_json_is_a_stream_of_lines),
        trial("cli::a_plan_is_applied_once", a_plan_is_applied_once),
        trial("cli::outputs_are_shown_masked_after_an_apply", outputs_are_shown_masked_after_an_apply),
        trial("cli::a_new_decorator_alone_is_recorded", a_new_decorator_alone_is_recorded),
    ]
}

const STACK: &str = "provider mock {}\nresource one: mock.thing { name = \"one\" }\noutput id = one.id\n";

fn lines(text: &str) -> Vec<Json> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn apply_with_json_is_a_stream_of_lines() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    for command in ["apply", "apply", "destroy", "destroy"] {
        let ran = bench.run(&[command, "--auto-approve", "--json"]).expect(0);
        let events = lines(&ran.out);
        assert!(events.iter().all(|event| event["event"].is_string()), "{}", ran.out);
        assert!(events.iter().any(|event| event["plan"]["resource_changes"].is_array()), "{}", ran.out);
        assert_eq!(events.last().unwrap()["event"], "report", "{}", ran.out);
    }
}

fn a_plan_is_applied_once() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let file = bench.home().join("plan.fwplan").display().to_string();
    bench.run(&["plan", "--out", &file]).expect(0);
    bench.run(&["apply", &file]).expect(0);
    let refused = bench.run(&["apply", &file]).expect(1).err;
    assert!(refused.contains("E0573") && refused.contains("applied already"), "{refused}");
}

fn outputs_are_shown_masked_after_an_apply() {
    let stack = format!("{STACK}output password = to_secret(\"correct-horse\")\n");
    let bench = Bench::new(&[("main.fw", &stack)]);
    let ran = bench.apply().expect(0);
    assert!(ran.out.contains("Outputs:") && ran.out.contains("id = "), "{}", ran.out);
    assert!(!ran.out.contains("correct-horse") && !ran.err.contains("correct-horse"), "{}", ran.out);
}

fn a_new_decorator_alone_is_recorded() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.apply().expect(0);
    bench.write("main.fw", &STACK.replace("resource one", "@protect\nresource one"));
    bench.apply().expect(0);
    let list = bench.run(&["state", "list", "--json"]).expect(0).out;
    assert_eq!(lines(&list)[0]["objects"][0]["protect"], true, "{list}");
}
