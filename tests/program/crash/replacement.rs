//! Replacements whose new object comes first, killed while old and new stand side by side.

use crate::support::{Bench, inventory};
use crate::trial;
use formwork_provider_mock::CloudObject;
use libtest_mimic::Trial;
use std::os::unix::process::ExitStatusExt;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("crash::a_cluster_that_is_replaced_first", a_cluster_that_is_replaced_first),
        trial("crash::before_the_old_object_goes", before_the_old_object_goes),
    ]
}

/// These calls, at each place in them.
fn places(calls: &[&str]) -> Vec<String> {
    let windows = ["before_send", "after_send", "before_answer"];
    calls.iter().flat_map(|call| windows.map(|window| format!("{call}:{window}"))).collect()
}

fn killed(bench: &Bench, arguments: &[&str], place: &str) {
    let output = bench.command(arguments).env("FORMWORK_MOCK_ABORT", place).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.signal().is_some(), "{place} was not reached: {told}");
}

/// A cluster with an object in it; another version of it is another cluster, with an object of the same name.
fn cluster(version: u32, decorator: &str) -> String {
    format!(
        r#"
provider mock {{}}
@create_first
resource cluster: mock.cluster {{ name = "cluster-{version}", zone = "zone-{version}" }}
provider mock inner {{ endpoint = cluster.endpoint, token = cluster.token }}
{decorator}
resource app: mock.object with mock.inner {{ kind = "app", name = "shop", body = {{ version = {version} }} }}
"#
    )
}

/// The old object goes with the old cluster, and the new one stays.
fn a_cluster_that_is_replaced_first() {
    let calls = ["create:cluster-2", "create:app/shop", "delete:app/shop", "delete:cluster-1"];
    for (decorator, place) in
        ["", "@create_first"].iter().flat_map(|one| places(&calls).into_iter().map(move |it| (one, it)))
    {
        let bench = Bench::new(&[("main.fw", &cluster(1, decorator))]);
        bench.apply().expect(0);
        bench.write("main.fw", &cluster(2, decorator));
        killed(&bench, &["apply", "--auto-approve"], &place);
        bench.apply().expect(0);
        bench.expect_clean();
        let cloud = bench.cloud();
        let clusters = cloud.objects("cluster").unwrap();
        assert_eq!(clusters.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["cluster-2"], "{place}");
        let objects = cloud.objects("object").unwrap();
        assert_eq!(objects.len(), 1, "{decorator} {place}: {objects:#?}");
        assert_eq!(objects[0].scope, clusters[0].id, "{decorator} {place}: it is in the new cluster");
        assert!(bench.state().open.is_empty() && bench.state().rows.len() == 2);
        bench.run(&["destroy", "--auto-approve"]).expect(0);
        assert!(inventory(&cloud, &["cluster", "object"]).is_empty(), "{place}");
    }
}

fn chain(version: u32) -> String {
    format!(
        r#"
provider mock {{}}
@create_first
resource first: mock.named {{ name = "first-{version}", zone = "zone-{version}" }}
resource last: mock.thing {{ name = "last", zone = "zone-{version}", tags = {{ of = first.id }} }}
"#
    )
}

/// The new object is recorded, the old one deposed: by a plain apply, and by applying the same plan file again. What the plan
/// had read of the old object must not bring it back.
fn before_the_old_object_goes() {
    let calls = ["create:first-2", "delete:last", "create:last", "delete:first-1"];
    for (by_file, place) in [false, true].iter().flat_map(|one| places(&calls).into_iter().map(move |it| (*one, it))) {
        let bench = Bench::new(&[("main.fw", &chain(1))]);
        bench.apply().expect(0);
        let old = bench.cloud().object("named", "first-1-1").unwrap().unwrap();
        let values = [old.values.clone(), [("size".to_owned(), 7.into())].into()].into_iter().flatten().collect();
        bench.cloud().put(&CloudObject { values, ..old }).unwrap();
        bench.write("main.fw", &chain(2));
        let file = bench.home().join("plan.fwplan").display().to_string();
        bench.run(&["plan", "--out", &file]).expect(0);
        let apply: &[&str] = if by_file { &["apply", &file] } else { &["apply", "--auto-approve"] };
        killed(&bench, apply, &place);
        bench.run(apply).expect(0);
        bench.apply().expect(0);
        bench.expect_clean();
        assert_eq!(inventory(&bench.cloud(), &["named", "thing"]), bench.ids(), "{place}");
        assert_eq!(bench.cloud().objects("named").unwrap().len(), 1, "{place}");
        assert!(bench.state().open.is_empty());
    }
}
