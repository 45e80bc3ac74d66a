//! Plan files: applied from anywhere, refused where something is not as it was.

use super::support::{Bench, Ran};
use super::trial;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("plan_files::applied_from_another_directory_without_sources", from_another_directory),
        trial("plan_files::changed_sources_are_refused", changed_sources_are_refused),
        trial("plan_files::other_environments_and_values_of_the_plan_do_not_count", what_does_not_count),
        trial("plan_files::a_changed_state_is_refused", a_changed_state_is_refused),
        trial("plan_files::a_changed_secret_is_refused", a_changed_secret_is_refused),
        trial("plan_files::another_account_is_refused", another_account_is_refused),
        trial("plan_files::phases_are_one_file_each", phases_are_one_file_each),
        trial("plan_files::damage_is_detected", damage_is_detected),
    ]
}

const STACK: &str = "provider mock {}\nparam size: int = 1\nresource one: mock.thing { name = \"one\", size }\n";

fn planned(bench: &Bench) -> String {
    let file = bench.home().join("plan.fwplan").display().to_string();
    bench.run(&["plan", "--out", &file]).expect(0);
    file
}

fn from_another_directory() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let file = planned(&bench);
    std::fs::remove_file(bench.root().join("main.fw")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let ran = bench.command(&["apply", &file]).current_dir(elsewhere.path()).output().unwrap();
    Ran::of(&ran).expect(0);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 1);
}

fn changed_sources_are_refused() {
    let module = "resource two: mock.thing { name = \"two\" }\n";
    let stack = format!("{STACK}module part: \"./part\" {{}}\n");
    let bench = Bench::new(&[("main.fw", stack.as_str()), ("part/main.fw", module)]);
    let file = planned(&bench);
    let refused = |what: &str| {
        let refused = bench.run(&["apply", &file]).expect(1).err;
        assert!(refused.contains("E1032"), "{what}: {refused}");
        assert!(bench.cloud().objects("thing").unwrap().is_empty(), "{what}");
    };
    bench.write("main.fw", &stack.replace("size: int = 1", "size: int = 2"));
    refused("a changed file");
    bench.write("main.fw", &stack);
    bench.write("more.fw", "resource three: mock.thing { name = \"three\" }\n");
    refused("another file");
    std::fs::remove_file(bench.root().join("more.fw")).unwrap();
    bench.write("part/main.fw", &module.replace("\"two\"", "\"other\""));
    refused("a changed module");
    bench.write("part/main.fw", module);
    bench.run(&["apply", &file]).expect(0);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 2);
}

/// The overlay that is extended counts; that of another environment, and values given to `plan`, do not.
fn what_does_not_count() {
    let overlays = [("env/base.fwvars", "abstract\nsize = 2\n"), ("env/prod.fwvars", "extends \"base\"\n")];
    let bench = Bench::new(&[("main.fw", STACK), overlays[0], overlays[1], ("env/dev.fwvars", "size = 3\n")]);
    bench.write("of_mine", "size = 7\n");
    let file = bench.home().join("plan.fwplan").display().to_string();
    bench.run(&["plan", "-e", "prod", "--var-file", "of_mine", "--var", "size=8", "--out", &file]).expect(0);
    bench.write("env/base.fwvars", "abstract\nsize = 4\n");
    let refused = bench.run(&["apply", &file]).expect(1).err;
    assert!(refused.contains("E1032"), "{refused}");
    bench.write("env/base.fwvars", overlays[0].1);
    bench.write("env/dev.fwvars", "size = 5\n");
    std::fs::remove_file(bench.root().join("of_mine")).unwrap();
    bench.run(&["apply", &file]).expect(0);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 1);
}

fn a_changed_state_is_refused() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    bench.apply().expect(0);
    let file = bench.home().join("plan.fwplan").display().to_string();
    bench.run(&["plan", "--var", "size=2", "--out", &file]).expect(0);
    bench.run(&["apply", "--auto-approve", "--var", "size=3"]).expect(0);
    let refused = bench.run(&["apply", &file]).expect(1).err;
    assert!(refused.contains("E10"), "{refused}");
}

fn a_changed_secret_is_refused() {
    let stack = "provider mock {}\nparam password: secret<string> = secret_from(\"env:PASSWORD\")\n\
                 resource one: mock.thing { name = \"one\", tags = { password } }\n";
    let bench = Bench::new(&[("main.fw", stack)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"PASSWORD\"]\n");
    let file = bench.home().join("plan.fwplan").display().to_string();
    let run = |password: &str, arguments: &[&str]| {
        Ran::of(&bench.command(arguments).env("PASSWORD", password).output().unwrap())
    };
    run("correct-horse", &["plan", "--out", &file]).expect(0);
    let refused = run("battery-staple", &["apply", &file]).expect(1).err;
    assert!(refused.contains("PASSWORD") && !refused.contains("staple"), "{refused}");
    run("correct-horse", &["apply", &file]).expect(0);
}

fn another_account_is_refused() {
    let stack = "provider mock { account = env_var(\"ACCOUNT\") }\nresource one: mock.thing { name = \"one\" }\n";
    let bench = Bench::new(&[("main.fw", stack)]);
    bench.write("formwork.toml", "[stack]\nname = \"bench\"\n[allow]\nenv = [\"ACCOUNT\"]\n");
    let file = bench.home().join("plan.fwplan").display().to_string();
    let run = |account: &str, arguments: &[&str]| {
        Ran::of(&bench.command(arguments).env("ACCOUNT", account).output().unwrap())
    };
    run("one", &["plan", "--out", &file]).expect(0);
    let refused = run("other", &["apply", &file]).expect(1).err;
    assert!(refused.contains("account"), "{refused}");
    assert!(bench.cloud().objects("thing").unwrap().is_empty());
    run("one", &["apply", &file]).expect(0);
}

fn phases_are_one_file_each() {
    let bench = Bench::new(&[(
        "main.fw",
        "provider mock {}\nresource seed: mock.thing { name = \"seed\" }\n\
         resource each: mock.thing for part in to_set(split(seed.address, \".\")) { name = \"part-${part}\" }\n",
    )]);
    let file = planned(&bench);
    let next = bench.home().join("next.fwplan").display().to_string();
    bench.run(&["apply", &file, "--next-out", &next, "--detailed-exitcode"]).expect(2);
    assert_eq!(bench.cloud().objects("thing").unwrap().len(), 1);
    bench.run(&["apply", &next, "--detailed-exitcode"]).expect(0);
    bench.expect_clean();
}

fn damage_is_detected() {
    let bench = Bench::new(&[("main.fw", STACK)]);
    let file = planned(&bench);
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    std::fs::write(&file, bytes).unwrap();
    let refused = bench.run(&["apply", &file]).expect(1).err;
    assert!(refused.contains("E10"), "{refused}");
    assert!(bench.cloud().objects("thing").unwrap().is_empty());
}
