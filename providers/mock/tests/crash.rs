//! `FORMWORK_MOCK_ABORT` ends the process at the chosen place, and the cloud is as it was there.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use formwork_model::Value;
use formwork_provider_api::Environment;
use formwork_provider_api::testing::Harness;
use formwork_provider_mock::{Mock, MockCloud, abort};
use std::process::{Command, Stdio};

const DIRECTORY: &str = "FORMWORK_MOCK_DIRECTORY";

/// The part that is killed: does nothing unless the test below starts it.
#[tokio::test]
async fn child() {
    if std::env::var_os(abort::VARIABLE).is_none() {
        return;
    }
    let harness = Harness::new(Mock, Value::map::<&str>([]), Environment::default()).await.unwrap();
    let config = Value::map([("name", Value::string("web"))]);
    let made = harness.create("thing", "web", &config).await.unwrap();
    harness.delete("thing", &made, &config).await.unwrap();
}

#[test]
fn the_process_ends_where_it_is_told_to() {
    let cases = [
        ("create:web:before_send", 0, 0),
        ("create:web:after_send", 1, 0),
        ("create:*:after_checkpoint", 1, 0),
        ("create:web:before_answer", 1, 0),
        ("delete:web:before_send", 1, 0),
        ("delete:web:after_send", 0, 1),
        ("create:other:before_send", 0, 1),
    ];
    for (place, left, deleted) in cases {
        let directory = tempfile::tempdir().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child"])
            .env(abort::VARIABLE, place)
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.success(), place.contains("other"), "{place}: {status}");
        let cloud = MockCloud::directory(directory.path()).unwrap();
        assert_eq!(cloud.objects("thing").unwrap().len(), left, "{place}");
        assert_eq!(cloud.count("delete", "thing").unwrap(), deleted, "{place}");
    }
}
