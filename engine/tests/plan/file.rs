//! Plan files: they come back, hold no secret, and are bound to what they were made for.

use crate::lifecycle::{plain, stack};
use crate::support::*;
use formwork_engine::connections::Connections;
use formwork_engine::plan::Plan;
use formwork_engine::plan_file::{self, Verification};
use formwork_model::{InputSource, Residual, Value};
use formwork_provider_api::Environment;
use formwork_state::Keys;
use formwork_state::record::{Finished, Outcome, Run, RunId};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

fn verify(world: &World, plan: &Plan, last_run: Option<&Run>, config_digest: Option<&str>) -> Vec<String> {
    let connections = Connections::new(Arc::new(OnlyMock), Environment::default());
    let against = Verification {
        state: &world.state,
        last_run,
        config_digest,
        connections: &connections,
        inputs: &world.inputs,
        digest: &Digest,
    };
    codes(&world.runtime.block_on(plan_file::verify(plan, against)).err().unwrap_or_default())
}

fn with_secret(world: &World) -> formwork_lang::graph::ResourceGraph {
    let mut builder = Builder::default();
    let mock = builder.mock(&world.cloud);
    let input = Value::Unknown(Arc::new(Residual::Input(InputSource::Secret("PASSWORD".into()))));
    let config = Value::map([("name", text("x")), ("password", input.secret())]);
    builder.resource("a", "mock.thing", mock, config);
    builder.build()
}

#[test]
fn a_plan_comes_back_and_holds_no_secret() {
    let mut world = World::new();
    world.inputs.0.insert("PASSWORD".into(), "hunter2-hunter2".into());
    let plan = world.plan(with_secret(&world));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan");
    plan_file::write(&path, &plan, &sealer()).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    assert!(!format!("{plan:?}").contains("hunter2"));
    let back = plan_file::read(&path, &sealer()).unwrap();
    assert_eq!(format!("{back:?}"), format!("{plan:?}"));
    assert_eq!(summary(&back), summary(&plan));
    world.apply(&back);
    assert_eq!(world.cloud.objects("thing").unwrap().len(), 1);

    for position in [0, 13, 14, 40, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x40;
        std::fs::write(&path, damaged).unwrap();
        let code = plan_file::read(&path, &sealer()).unwrap_err().code.to_string();
        assert!(code == "E1036" || code == "E1037", "{position}: {code}");
    }
    std::fs::write(&path, &bytes).unwrap();
    let other = Keys::from_text("test", "another passphrase, also long").sealer().unwrap();
    assert_eq!(codes(&[plan_file::read(&path, &other).unwrap_err()]), ["E1036"]);
    assert_eq!(codes(&[plan_file::read(&directory.path().join("none"), &sealer()).unwrap_err()]), ["E1038"]);
    let nowhere = directory.path().join("no/such/plan");
    assert_eq!(codes(&[plan_file::write(&nowhere, &plan, &sealer()).unwrap_err()]), ["E1038"]);
    let mut newer = bytes;
    newer[13] = 9;
    std::fs::write(&path, newer).unwrap();
    assert_eq!(codes(&[plan_file::read(&path, &sealer()).unwrap_err()]), ["E1037"]);
}

#[test]
fn a_plan_is_bound_to_what_it_was_made_for() {
    let mut world = World::new();
    world.inputs.0.insert("PASSWORD".into(), "one".into());
    world.settle(stack(&world, &[("b", 1, plain())]));
    let plan = world.plan(with_secret(&world));
    assert!(verify(&world, &plan, None, Some(&plan.header.config_digest)).is_empty());
    assert_eq!(verify(&world, &plan, None, Some("other")), ["E1032"]);

    world.inputs.0.insert("PASSWORD".into(), "two".into());
    assert_eq!(verify(&world, &plan, None, None), ["E1035"]);
    world.inputs.0.insert("PASSWORD".into(), "one".into());

    world.state.serial += 1;
    assert_eq!(verify(&world, &plan, None, None), ["E1031"]);
    let run = |outcome: Option<Outcome>| Run {
        id: RunId("run".into()),
        command: "apply".into(),
        who: "me@here".into(),
        at_ms: 0,
        commit: String::new(),
        plan: plan.header.id.clone(),
        version: String::new(),
        finished: outcome.map(|outcome| Finished { at_ms: 1, outcome, summary: String::new() }),
    };
    assert!(verify(&world, &plan, Some(&run(None)), None).is_empty(), "a killed apply goes on");
    assert!(verify(&world, &plan, Some(&run(Some(Outcome::Interrupted))), None).is_empty());
    assert_eq!(verify(&world, &plan, Some(&run(Some(Outcome::Succeeded))), None), ["E1031"]);
    world.state.serial -= 1;

    world.state.lineage = "another".into();
    assert_eq!(verify(&world, &plan, None, None), ["E1030"]);
    world.state.lineage = "lineage".into();

    let mut older = plan.clone();
    older.header.version = "0.0.1".into();
    older.providers[0].version = "0.0.1".into();
    assert_eq!(verify(&world, &older, None, None), ["E1033", "E1033"]);

    let mut elsewhere = plan;
    elsewhere.providers[0].account.as_mut().unwrap().0.insert("account".into(), "another".into());
    assert_eq!(verify(&world, &elsewhere, None, None), ["E1034"]);
}
