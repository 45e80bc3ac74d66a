//! Recordings, as the vendor data holds them.

use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// Its name.
    pub(crate) name: String,
    /// The pairs, in order.
    pub(crate) pairs: Vec<Pair>,
    /// The recorder dropped `Retry-After`.
    pub(crate) without_retry: bool,
}

/// A request and its answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pair {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    /// How often the client sent it; repeats are folded into the first.
    #[serde(default = "once")]
    pub(crate) occurrences: usize,
    #[serde(default)]
    pub(crate) request_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) request_body: Option<Json>,
    #[serde(default)]
    pub(crate) response_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) response_body: Option<Json>,
}

const fn once() -> usize {
    1
}

#[derive(Deserialize)]
struct File {
    interactions: Vec<Pair>,
}

/// All recordings of the vendor data, or none where there is none.
pub(crate) fn all() -> Vec<Recording> {
    let Some(root) = std::env::var_os("FORMWORK_VENDOR_DATA").map(PathBuf::from) else { return Vec::new() };
    let mut recordings = Vec::new();
    for (folder, without_retry) in [("cloud-provider-azure", true), ("azure-service-operator", false)] {
        let Ok(entries) = std::fs::read_dir(root.join("azure/recordings").join(folder)) else { continue };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).expect("a recording can be read");
            let file: File = serde_json::from_str(&text).expect("a recording is JSON");
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            recordings.push(Recording { name, pairs: file.interactions, without_retry });
        }
    }
    recordings
}
