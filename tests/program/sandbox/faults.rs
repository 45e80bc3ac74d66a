//! What goes wrong on purpose and how long work takes, set from the command line and seen by another client.

use super::super::cloud::{Cloud, eventually, log};
use super::super::trial;
use super::{Sandboxed, json};
use libtest_mimic::Trial;
use serde_json::{Value as Json, json};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("sandbox::each_part_of_a_rule_counts", each_part_of_a_rule_counts),
        trial("sandbox::each_error_is_an_answer_of_its_own", each_error_is_an_answer_of_its_own),
        trial("sandbox::a_cut_connection_leaves_what_was_done", a_cut_connection_leaves_what_was_done),
        trial("sandbox::work_that_was_begun_ends_badly", work_that_was_begun_ends_badly),
        trial("sandbox::a_share_of_requests_fails", a_share_of_requests_fails),
        trial("sandbox::work_takes_as_long_as_was_said", work_takes_as_long_as_was_said),
        trial("sandbox::the_log_is_followed_to_its_end", the_log_is_followed_to_its_end),
        trial("sandbox::a_mistake_among_rules_adds_none", a_mistake_among_rules_adds_none),
        trial("sandbox::the_log_is_there_when_it_is_stopped", the_log_is_there_when_it_is_stopped),
    ]
}

const GROUPS: &str = "2024-03-01";

fn group(cloud: &Cloud, name: &str) -> String {
    format!("/subscriptions/{}/resourcegroups/{name}", cloud.subscription())
}

/// Statuses of so many reads of a group that is not there; 0 where the connection was cut.
fn reads(cloud: &Cloud, name: &str, count: usize) -> Vec<u16> {
    (0..count).map(|_| cloud.try_ask("GET", &group(cloud, name), GROUPS, None).map_or(0, |answer| answer.0)).collect()
}

fn put_group(cloud: &Cloud, name: &str) -> Option<u16> {
    let body = json!({ "location": "westeurope" });
    cloud.try_ask("PUT", &group(cloud, name), GROUPS, Some(&body)).map(|answer| answer.0)
}

fn each_part_of_a_rule_counts() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    for (rule, name, statuses) in [
        ("type=Microsoft.Resources/resourceGroups,nth=2,error=throttled", "a", [404, 429, 404]),
        ("type=microsoft.RESOURCES/*,error=forbidden", "a", [403, 403, 403]),
        ("type=Microsoft.Network/*,error=forbidden", "a", [404, 404, 404]),
        ("path=*/resourcegroups/other,error=internal", "a", [404, 404, 404]),
        ("path=*/resourcegroups/other,error=internal", "OTHER", [500, 500, 500]),
        ("method=get,times=2,error=unavailable", "a", [503, 503, 404]),
        ("method=PUT,error=unavailable", "a", [404, 404, 404]),
        ("nth=3,cut=before", "a", [404, 404, 0]),
        ("rate=1,error=quota", "a", [409, 409, 409]),
        ("rate=0,error=quota", "a", [404, 404, 404]),
    ] {
        bench.0.run(&["sandbox", "start", "--fail", rule]).expect(0);
        assert_eq!(reads(&cloud, name, 3), statuses, "{rule}");
        let standing = json(&bench.0.run(&["sandbox", "fail", "--json"]).expect(0))["failures"][0].clone();
        let struck = statuses.iter().filter(|status| **status != 404).count();
        assert_eq!(standing["struck"], struck, "{rule}: {standing}");
        bench.0.run(&["sandbox", "fail", "--clear"]).expect(0);
        assert_eq!(reads(&cloud, name, 1), [404], "{rule}: it was removed");
    }
    // The first that strikes decides, and one can be removed alone.
    bench.0.run(&["sandbox", "start", "--fail", "nth=2,error=quota", "--fail", "error=internal"]).expect(0);
    assert_eq!(reads(&cloud, "a", 3), [500, 409, 500]);
    bench.0.run(&["sandbox", "fail", "--remove", "2"]).expect(0);
    assert_eq!(reads(&cloud, "a", 1), [404]);
}

fn each_error_is_an_answer_of_its_own() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    let vault = "/vaults/kv/secrets/password";
    for (error, status, arm, of_vault) in [
        ("throttled", 429, "TooManyRequests", "Throttled"),
        ("internal", 500, "InternalServerError", "InternalServerError"),
        ("unavailable", 503, "ServiceUnavailable", "ServiceUnavailable"),
        ("conflict", 409, "AnotherOperationInProgress", "Conflict"),
        ("quota", 409, "QuotaExceeded", "Conflict"),
        ("forbidden", 403, "AuthorizationFailed", "Forbidden"),
    ] {
        bench.0.run(&["sandbox", "fail", &format!("error={error}")]).expect(0);
        for (path, code) in [(group(&cloud, "a"), arm), (vault.to_owned(), of_vault)] {
            let (answered, body) = cloud.ask("GET", &path, GROUPS, None);
            assert_eq!((answered, &body["error"]["code"]), (status, &json!(code)), "{error} {path}");
        }
        let identity = format!("{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i", group(&cloud, "a"));
        let code = if status == 429 { "429" } else { arm };
        assert_eq!(cloud.ask("GET", &identity, GROUPS, None).1["error"]["code"], code, "{error}");
        let (answered, body) = cloud.ask("GET", "/kubernetes/any/api/v1/pods", GROUPS, None);
        assert_eq!((answered, &body["kind"], &body["code"]), (status, &json!("Status"), &json!(status)), "{error}");
        bench.0.run(&["sandbox", "fail", "--clear"]).expect(0);
    }
}

fn a_cut_connection_leaves_what_was_done() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    for (cut, there) in [("before", 404), ("after", 200)] {
        bench.0.run(&["sandbox", "fail", &format!("method=PUT,times=1,cut={cut}")]).expect(0);
        assert_eq!(put_group(&cloud, cut), None, "no answer");
        assert_eq!(reads(&cloud, cut, 1), [there], "cut {cut} the work");
        let lines = log(&bench);
        let line = lines.iter().rfind(|line| line["method"] == "PUT").unwrap();
        assert_eq!((&line["status"], line["failure"].is_number()), (&json!(0), true), "{line}");
        bench.0.run(&["sandbox", "fail", "--clear"]).expect(0);
    }
    let shown = bench.0.run(&["sandbox", "log"]).expect(0).out;
    assert!(shown.contains("PUT    cut") && shown.contains("(failure rule 1)"), "{shown}");
}

/// A cluster that fails after minutes, as for want of quota: it is there, and the next apply repairs it.
fn work_that_was_begun_ends_badly() {
    let stack = "provider azure {}\n\
        resource group: azure.resource_group { name = \"rg\", location = \"westeurope\" }\n\
        resource vnet: azure.virtual_network { name = \"v\", group, location = \"westeurope\", address_space = [\"10.0.0.0/16\"] }\n";
    let bench = Sandboxed::new(&[("main.fw", stack)]);
    bench.start_at("none");
    bench.0.run(&["sandbox", "fail", "type=*/virtualNetworks,method=PUT,times=1,end=failed"]).expect(0);
    let told = bench.apply().expect(1).err;
    assert!(told.contains("OperationFailed") && told.contains("failure rule"), "{told}");
    let cloud = Cloud::of(&bench);
    let path = format!("{}/providers/Microsoft.Network/virtualNetworks/v", group(&cloud, "rg"));
    assert_eq!(cloud.ask("GET", &path, GROUPS, None).1["properties"]["provisioningState"], "Failed");
    bench.apply().expect(0);
    bench.expect_clean();
    assert_eq!(cloud.ask("GET", &path, GROUPS, None).1["properties"]["provisioningState"], "Succeeded");
}

fn a_share_of_requests_fails() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    bench.0.run(&["sandbox", "fail", "rate=0.5,error=unavailable"]).expect(0);
    let failed = reads(&cloud, "a", 100).iter().filter(|status| **status == 503).count();
    // Outside of this is as likely as to draw one person out of all that live, and then the same one again.
    assert!((10..=90).contains(&failed), "{failed} of 100");
}

const CLUSTERS: &str = "2024-09-01";

/// Makes a cluster and tells its state at once.
fn cluster(cloud: &Cloud, name: &str) -> (String, Json) {
    assert!(matches!(put_group(cloud, "rg"), Some(200 | 201)));
    let path = format!("{}/providers/Microsoft.ContainerService/managedClusters/{name}", group(cloud, "rg"));
    let pool = json!({ "name": "system", "mode": "System", "count": 1, "vmSize": "Standard_DS2_v2" });
    let body = json!({
        "location": "westeurope", "identity": { "type": "SystemAssigned" },
        "properties": { "dnsPrefix": name, "agentPoolProfiles": [pool] },
    });
    let (status, answer) = cloud.ask("PUT", &path, CLUSTERS, Some(&body));
    assert_eq!(status, 201, "{answer}");
    let state = state(cloud, &path);
    (path, state)
}

fn state(cloud: &Cloud, path: &str) -> Json {
    cloud.ask("GET", path, CLUSTERS, None).1["properties"]["provisioningState"].clone()
}

fn work_takes_as_long_as_was_said() {
    let bench = Sandboxed::new(&[]);
    let latency = |latency: &str| {
        bench.0.run(&["sandbox", "start", "--latency", latency]).expect(0);
        assert_eq!(bench.status()["latency"], latency);
    };
    let cloud = Cloud::of(&bench);
    assert_eq!(bench.status()["latency"], "fast", "what it is at first");
    let (fast, begun) = cluster(&cloud, "fast");
    assert_eq!(begun, "Creating", "its state in between can be seen");
    eventually("a cluster takes seconds", || state(&cloud, &fast) == "Succeeded");
    latency("real");
    let (real, begun) = cluster(&cloud, "real");
    assert_eq!(begun, "Creating");
    latency("none");
    assert_eq!(cluster(&cloud, "none").1, "Succeeded", "at once");
    assert_eq!(state(&cloud, &real), "Creating", "what was begun takes as long as it was to take");
    bench.0.run(&["sandbox", "stop"]).expect(0);
    bench.start();
    assert_eq!(bench.status()["latency"], "none", "what was said last stays");
}

fn the_log_is_followed_to_its_end() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    let mut command = bench.0.command(&["sandbox", "log", "--follow", "--json"]);
    let follower = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    put_group(&cloud, "first");
    // More than a file of the log may hold: another takes its place, and is followed too.
    let long = "x".repeat(12_000);
    for _ in 0..1500 {
        cloud.try_ask("GET", &format!("/{long}"), GROUPS, None);
    }
    put_group(&cloud, "last");
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let seen = String::from_utf8(follower.wait_with_output().unwrap().stdout).unwrap();
    let lines: Vec<Json> = seen.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let puts = lines.iter().filter(|line| line["method"] == "PUT").map(|line| line["path"].as_str().unwrap());
    assert_eq!(puts.collect::<Vec<_>>(), [group(&cloud, "first"), group(&cloud, "last")]);
    assert_eq!(lines.len(), 1502);
}

fn a_mistake_among_rules_adds_none() {
    let bench = Sandboxed::new(&[]);
    let told = bench.0.run(&["sandbox", "fail", "error=quota", "bogus"]).expect(1).err;
    assert!(told.contains("bogus"), "{told}");
    assert_eq!(bench.status()["running"], false, "nothing is started for it");
    bench.start();
    bench.0.run(&["sandbox", "fail", "error=quota", "bogus"]).expect(1);
    assert_eq!(json(&bench.0.run(&["sandbox", "fail", "--json"]).expect(0))["failures"], json!([]));
}

fn the_log_is_there_when_it_is_stopped() {
    let bench = Sandboxed::new(&[]);
    let cloud = Cloud::of(&bench);
    put_group(&cloud, "first");
    bench.0.run(&["sandbox", "stop"]).expect(0);
    for arguments in [&["sandbox", "log", "--json"][..], &["sandbox", "log", "--json", "--follow"]] {
        let seen = bench.0.run(arguments).expect(0).out;
        let paths: Vec<Json> =
            seen.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()["path"].clone()).collect();
        assert!(paths.contains(&json!(group(&cloud, "first"))), "{seen}");
    }
}
