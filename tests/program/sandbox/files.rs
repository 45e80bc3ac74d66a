//! A sandbox's directory when something is wrong with it: each time it is said what, and nothing that was kept is lost.

use super::super::cloud::Cloud;
use super::super::trial;
use super::Sandboxed;
use libtest_mimic::Trial;
use serde_json::json;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("sandbox::a_port_for_plain_http_that_is_taken_is_named", a_port_for_plain_http_that_is_taken_is_named),
        trial("sandbox::a_directory_that_cannot_be_written_is_named", a_directory_that_cannot_be_written_is_named),
        trial("sandbox::a_full_disk_at_the_start_is_told", a_full_disk_at_the_start_is_told),
        trial("sandbox::a_full_disk_loses_nothing_that_was_kept", a_full_disk_loses_nothing_that_was_kept),
        trial("sandbox::a_torn_store_starts_and_a_damaged_one_is_told", a_torn_store_starts_and_a_damaged_one_is_told),
        trial("sandbox::two_stacks_have_their_own", two_stacks_have_their_own),
    ]
}

/// So that a write beyond the limit is an error, as on a full disk, and does not end the process.
const NO_ROOM: &str = "trap '' XFSZ; ulimit -f";

fn a_port_for_plain_http_that_is_taken_is_named() {
    let bench = Sandboxed::new(&[]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let told = bench.0.run(&["sandbox", "start", "--http", &port]).expect(1).err;
    assert!(told.contains("E5003") && told.contains(&format!("port {port} is taken")), "{told}");
    assert!(told.contains("--http 0") && !told.contains("reset"), "{told}");
    drop(taken);
    let told = bench.0.run(&["sandbox", "start", "--json", "--http", &port]).expect(0).out;
    assert!(told.contains(&format!("http://127.0.0.1:{port}")), "{told}");
}

fn a_directory_that_cannot_be_written_is_named() {
    let bench = Sandboxed::new(&[("main.fw", "provider mock {}\n")]);
    // Nobody makes directories there, not even root.
    symlink("/proc/self", bench.0.root().join(".formwork")).unwrap();
    for arguments in [&["sandbox", "start"][..], &["apply", "--sandbox", "--auto-approve"]] {
        let told = bench.0.run(arguments).expect(1).err;
        assert!(told.contains("E5001") && told.contains(".formwork/sandbox/default"), "{arguments:?}: {told}");
        assert!(told.contains("you may write there"), "{told}");
    }
    fs::remove_file(bench.0.root().join(".formwork")).unwrap();
}

fn a_full_disk_at_the_start_is_told() {
    let bench = Sandboxed::new(&[]);
    bench.start();
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let told = bench.0.shell(&format!("{NO_ROOM} 0; exec \"$0\" sandbox start")).expect(1).err;
    assert!(told.contains("E5001") && told.contains("cannot write"), "{told}");
    assert!(told.contains("the disk is not full"), "{told}");
    bench.start();
}

fn a_full_disk_loses_nothing_that_was_kept() {
    let bench = Sandboxed::new(&[]);
    bench.0.shell(&format!("{NO_ROOM} 100; exec \"$0\" sandbox start --latency none")).expect(0);
    let cloud = Cloud::of(&bench);
    let path = |number: usize| format!("/subscriptions/{}/resourcegroups/rg-{number}", cloud.subscription());
    let body = json!({ "location": "westeurope", "tags": { "long": "x".repeat(200) } });
    let put = |cloud: &Cloud, number: usize| cloud.ask("PUT", &path(number), "2024-03-01", Some(&body));
    let is_there = |cloud: &Cloud, number: usize| cloud.ask("GET", &path(number), "2024-03-01", None).0 == 200;
    let (refused, answer) = (0..1000)
        .map(|number| (number, put(&cloud, number)))
        .find(|(_, answer)| answer.0 != 201)
        .expect("the disk is full");
    assert_eq!(answer.0, 500, "{}", answer.1);
    assert!(answer.1["error"]["message"].as_str().unwrap().contains("could not keep the change"), "{}", answer.1);
    assert!(refused > 10 && !is_there(&cloud, refused), "what was refused is not there");
    assert!((0..refused).all(|number| is_there(&cloud, number)));
    let told = bench.0.run(&["sandbox", "fail", "error=quota"]).expect(1).err;
    assert!(told.contains("E5007") && told.contains("cannot write"), "{told}");
    bench.0.run(&["sandbox", "stop"]).expect(0);
    bench.start();
    let again = Cloud::of(&bench);
    assert!((0..refused).all(|number| is_there(&again, number)) && !is_there(&again, refused));
    assert_eq!(put(&again, refused).0, 201, "there is room again");
}

fn a_torn_store_starts_and_a_damaged_one_is_told() {
    let bench = Sandboxed::new(&[]);
    bench.start_at("none");
    let cloud = Cloud::of(&bench);
    let path = |name: &str| format!("/subscriptions/{}/resourcegroups/{name}", cloud.subscription());
    for name in ["first", "last"] {
        let body = json!({ "location": "westeurope" });
        assert_eq!(cloud.ask("PUT", &path(name), "2024-03-01", Some(&body)).0, 201);
    }
    bench.0.run(&["sandbox", "stop"]).expect(0);
    let store = bench.directory("default").join("store");
    let whole = fs::read(&store).unwrap();
    fs::write(&store, &whole[..whole.len() - 7]).unwrap();
    let cloud = Cloud::of(&bench);
    let status = |name: &str| cloud.ask("GET", &path(name), "2024-03-01", None).0;
    assert_eq!((status("first"), status("last")), (200, 404), "only the write that was cut off is lost");
    bench.0.run(&["sandbox", "stop"]).expect(0);

    let mut damaged = whole.clone();
    damaged[60] ^= 1;
    let newer = String::from_utf8_lossy(&whole[..25]).replace("store 1", "store 7").into_bytes();
    let other = b"something else altogether, and longer than a header of a store is".to_vec();
    for (bytes, words) in [
        (damaged, "was sealed with another key"),
        ([&whole[..whole.len() - 30], &[7; 90]].concat(), "is damaged"),
        ([newer, whole[25..].to_vec()].concat(), "by a newer version of Formwork: it has form 7"),
        (other, "does not begin as a sandbox's store does"),
    ] {
        fs::write(&store, &bytes).unwrap();
        let told = bench.0.run(&["sandbox", "start"]).expect(1).err;
        // Lines are broken where they become too long.
        let told = told.replace('│', "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("E5002") && told.contains(words) && told.contains("sandbox reset"), "{words}: {told}");
        assert_eq!(fs::read(&store).unwrap(), bytes, "it is left as it is");
    }
    bench.0.run(&["sandbox", "reset"]).expect(0);
    bench.start();
}

fn two_stacks_have_their_own() {
    let benches = [Sandboxed::new(&[]), Sandboxed::new(&[])];
    let facts = benches.each_ref().map(Sandboxed::start);
    assert_ne!(facts[0]["url"], facts[1]["url"]);
    let clouds = benches.each_ref().map(Cloud::of);
    let path = format!("/subscriptions/{}/resourcegroups/rg", clouds[0].subscription());
    let body = json!({ "location": "westeurope" });
    assert_eq!(clouds[0].ask("PUT", &path, "2024-03-01", Some(&body)).0, 201);
    assert_eq!(clouds[1].ask("GET", &path, "2024-03-01", None).0, 404);
    // The token of one is none of the other's.
    assert_eq!(clouds[0].status_with(facts[1]["token"].as_str().unwrap(), &path), 401);
    benches[0].0.run(&["sandbox", "reset"]).expect(0);
    assert_eq!(clouds[1].ask("GET", &path, "2024-03-01", None).0, 404, "the other goes on");
}
