//! What lists tell in few words, secrets of vaults and containers: it is not read where it is as it was recorded, and read
//! where anything changed.

use crate::client::{connect, trials};
use crate::refresh::{SUBSCRIPTION, container, in_vault, object, page, present, read, vault_list};
use crate::script::{self, Reply, Script, error, operations};
use formwork_model::Value;
use formwork_provider_api::testing::{Harness, text};
use formwork_provider_api::{ReadOutcome, StoredObject};
use serde_json::{Value as Json, json};

trials! {
    "marks":
    what_a_vault_lists_as_it_was_is_not_read,
    a_vault_that_may_not_be_listed_is_read,
    a_vault_full_of_others_is_not_listed_to_the_end,
    a_container_that_changed_is_read,
}

/// Three secrets of a vault, with what is recorded of them.
async fn three_secrets(replies: &[(&str, Vec<Reply>)]) -> (Script, Harness, Vec<StoredObject>) {
    let (_, objects) = vault_list("v", "secrets", 3);
    let mut all: Vec<(String, Vec<Reply>)> =
        replies.iter().map(|(name, replies)| ((*name).to_owned(), replies.clone())).collect();
    for (id, _, single) in &objects {
        let name = format!("GET {}", id.trim_start_matches("{endpoint}"));
        if !all.iter().any(|(known, _)| *known == name) {
            all.push((name, vec![Reply::json(200, single.clone())]));
        }
    }
    let script = script::start(all.iter().map(|(name, replies)| (name.as_str(), replies.clone())).collect()).await;
    let harness = connect(&script).await;
    let ids = objects.iter().map(|(id, ..)| id.replace("{endpoint}", &script.endpoint));
    let recorded: Vec<StoredObject> = ids.map(|id| object(&id)).collect();
    let recorded = read(&harness, "secret", &recorded).await.iter().map(present).collect();
    (script, harness, recorded)
}

fn value(outcome: &ReadOutcome) -> Option<Value> {
    let values = formwork_provider_api::testing::attributes(&present(outcome));
    values.get("value").map(|value| value.exposed().clone())
}

async fn what_a_vault_lists_as_it_was_is_not_read() {
    let (_, objects) = vault_list("v", "secrets", 3);
    let as_it_was = objects[0].1.clone();
    // Somebody set another value with the same tags; somebody else one in the very second of ours, without our tags; and the
    // third was deleted.
    let (_, later, new) =
        in_vault("{endpoint}/vaults/v/secrets/o1", 1_800_000_001, &json!({"formwork-operation": "op"}));
    let (_, same_second, other) = in_vault("{endpoint}/vaults/v/secrets/o1", 1_800_000_000, &json!({}));
    let (script, harness, recorded) = three_secrets(&[
        (
            "GET /vaults/v/secrets/o1",
            vec![Reply::json(200, objects[1].2.clone()), Reply::json(200, new), Reply::json(200, other)],
        ),
        ("GET /vaults/v/secrets/o2", vec![Reply::json(200, objects[2].2.clone()), error(404, "SecretNotFound")]),
        ("GET /vaults/v/deletedsecrets/o2", vec![Reply::json(200, json!({"recoveryId": "r"}))]),
        (
            "GET /vaults/v/secrets",
            vec![
                page(objects.iter().map(|(_, listed, _)| listed.clone())),
                page([as_it_was.clone(), later]),
                page([as_it_was, same_second]),
            ],
        ),
    ])
    .await;
    let single = "GET /vaults/v/secrets/o0";
    assert_eq!(script.asked_for(single).len(), 1, "nothing was recorded by which a list could prove anything");
    // Nothing changed: one call, and what is recorded stays, value and all.
    let before = operations(&script).len();
    let read_again = read(&harness, "secret", &recorded).await;
    assert_eq!(operations(&script).len() - before, 1);
    assert_eq!(read_again.iter().map(present).collect::<Vec<_>>(), recorded);
    // A change is seen, be it of the same second.
    let changed = read(&harness, "secret", &recorded).await;
    assert_eq!(value(&changed[0]), Some(Value::string("value of 1800000000")));
    assert_eq!(value(&changed[1]), Some(Value::string("value of 1800000001")));
    assert_ne!(text(&present(&changed[1]), "version"), text(&recorded[1], "version"));
    assert_eq!(changed[2], ReadOutcome::SoftDeleted);
    let reads = script.asked_for("GET /vaults/v/secrets/o1").len();
    read(&harness, "secret", &recorded).await;
    assert_eq!(script.asked_for("GET /vaults/v/secrets/o1").len(), reads + 1);
    assert_eq!(script.asked_for(single).len(), 1, "what is as it was is never read by itself");
}

async fn a_vault_that_may_not_be_listed_is_read() {
    let (script, harness, recorded) = three_secrets(&[("GET /vaults/v/secrets", vec![error(403, "Forbidden")])]).await;
    let before = operations(&script).len();
    let outcomes = read(&harness, "secret", &recorded).await;
    assert_eq!(outcomes.iter().map(present).collect::<Vec<_>>(), recorded);
    assert_eq!(operations(&script).len() - before, 4, "the refused list, and each secret");
    // Without the times of its versions nothing proves that a secret is the same.
    let bare = json!({"id": "{endpoint}/vaults/v/secrets/o0/1", "value": "x", "attributes": {"enabled": true}});
    let (script, harness, recorded) = three_secrets(&[
        (
            "GET /vaults/v/secrets",
            vec![page([json!({"id": "{endpoint}/vaults/v/secrets/o0", "attributes": {"enabled": true}})])],
        ),
        ("GET /vaults/v/secrets/o0", vec![Reply::json(200, bare)]),
    ])
    .await;
    assert!(recorded[0].private.is_empty() && !recorded[1].private.is_empty());
    read(&harness, "secret", &recorded).await;
    assert_eq!(script.asked_for("GET /vaults/v/secrets/o0").len(), 2);
}

async fn a_vault_full_of_others_is_not_listed_to_the_end() {
    let others = |number: usize| {
        let item = in_vault(&format!("{{endpoint}}/vaults/v/secrets/other{number}"), 1, &json!({})).1;
        Reply::json(
            200,
            json!({"value": [item], "nextLink": format!("{{endpoint}}/vaults/v/secrets?$skiptoken={number}")}),
        )
    };
    let (script, harness, recorded) = three_secrets(&[("GET /vaults/v/secrets", vec![others(1), others(2)])]).await;
    let outcomes = read(&harness, "secret", &recorded).await;
    assert_eq!(outcomes.iter().map(present).collect::<Vec<_>>(), recorded);
    assert_eq!(script.asked_for("GET /vaults/v/secrets").len(), 1, "three objects are worth one page");
    // Two are not worth any.
    read(&harness, "secret", &recorded[..2]).await;
    assert_eq!(script.asked_for("GET /vaults/v/secrets").len(), 1);
}

async fn a_container_that_changed_is_read() {
    let list = format!(
        "{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers"
    );
    let of = |name: &str, etag: &str, metadata: &str| container(&format!("{list}/{name}"), etag, metadata);
    let (mut held, mut held_single) = {
        let (_, listed, single) = of("c", "\"0x1\"", "team");
        (listed, single)
    };
    for body in [&mut held, &mut held_single] {
        body["properties"]["hasLegalHold"] = json!(true);
    }
    let gets = ["a", "b", "c"].map(|name| format!("GET {list}/{name}"));
    let single = |container: (String, Json, Json)| Reply::json(200, container.2);
    let script = script::start(vec![
        (gets[0].as_str(), vec![single(of("a", "\"0x1\"", "team"))]),
        (gets[1].as_str(), vec![single(of("b", "\"0x1\"", "team")), single(of("b", "\"0x2\"", "others"))]),
        (gets[2].as_str(), vec![single(of("c", "\"0x1\"", "team")), Reply::json(200, held_single)]),
        (
            format!("GET {list}").as_str(),
            vec![page([of("a", "\"0x1\"", "team").1, of("b", "\"0x2\"", "others").1, held])],
        ),
    ])
    .await;
    let harness = connect(&script).await;
    let ids: Vec<StoredObject> = ["a", "b", "c"].iter().map(|name| object(&format!("{list}/{name}"))).collect();
    let recorded: Vec<StoredObject> = read(&harness, "blob_container", &ids).await.iter().map(present).collect();
    let outcomes: Vec<StoredObject> = read(&harness, "blob_container", &recorded).await.iter().map(present).collect();
    assert_eq!(gets.map(|get| script.asked_for(&get).len()), [1, 2, 2]);
    assert_eq!(outcomes[0], recorded[0]);
    let metadata = |object: &StoredObject| formwork_provider_api::testing::attributes(object).get("metadata").cloned();
    assert_eq!(metadata(&recorded[1]), Some(Value::map([("owner", Value::string("team"))])));
    assert_eq!(metadata(&outcomes[1]), Some(Value::map([("owner", Value::string("others"))])));
    let holds =
        |object: &StoredObject| formwork_provider_api::testing::attributes(object).get("has_legal_hold").cloned();
    assert_eq!((holds(&recorded[2]), holds(&outcomes[2])), (Some(Value::Bool(false)), Some(Value::Bool(true))));
}
