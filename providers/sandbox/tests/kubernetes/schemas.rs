//! Our table of merge keys against the schemas that Kubernetes publishes.

use crate::http::Client;
use crate::server::Server;
use serde_json::{Map, Value as Json};
use std::process::Command;

crate::tests![merge_keys_are_those_of_kubernetes];

const WORDS: [&str; 5] = [
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-map-type",
];

/// What a schema says of merging, with the defaults left out.
fn merging(schema: &Json) -> Map<String, Json> {
    let said = WORDS.iter().filter_map(|word| Some(((*word).to_owned(), schema.get(*word)?.clone())));
    said.filter(|(word, value)| !(word == WORDS[0] && value == "atomic")).collect()
}

/// The published definitions at the version whose types are served.
fn published() -> Json {
    let script = "import kubernetes_validate as k, os; print(os.path.dirname(k.__file__))";
    let output = Command::new("python3").args(["-c", script]).output().unwrap();
    let folder = String::from_utf8(output.stdout).unwrap();
    let file = format!("{}/kubernetes-json-schema/v1.33.0-local/_definitions.json", folder.trim());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    serde_json::from_str::<Json>(&text).unwrap()["$defs"].clone()
}

fn merge_keys_are_those_of_kubernetes(server: &Server) {
    let (client, published) = (Client::on(server), published());
    let index = client.get(server, "/openapi/v3");
    let (mut compared, mut wrong) = (0, Vec::new());
    for path in index["paths"].as_object().unwrap().keys().filter(|path| !path.contains("example.com")) {
        let document = client.get(server, &format!("/openapi/v3/{path}"));
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let Some(wanted) = published.get(name) else { continue };
            if merging(schema) != merging(wanted) {
                wrong.push(name.clone());
            }
            for (field, wanted) in wanted["properties"].as_object().into_iter().flatten() {
                let found = &schema["properties"][field];
                compared += merging(wanted).len();
                if !found.is_null() && merging(found) != merging(wanted) {
                    wrong.push(format!("{name}.{field}: {:?}, not {:?}", merging(found), merging(wanted)));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(compared > 100, "only {compared} words were compared");
}
