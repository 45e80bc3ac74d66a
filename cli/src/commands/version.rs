//! `version`, `completions`.

use crate::arguments::Arguments;
use crate::output::{Output, data, print};
use crate::registry::{NAMES, Registry};
use clap::CommandFactory;
use formwork_engine::ports::Providers;
use serde_json::json;

/// Version of Formwork and of the providers that are built in.
pub(super) fn version(output: &Output) {
    let version = env!("CARGO_PKG_VERSION");
    let providers: Vec<(&str, &str)> = NAMES
        .iter()
        .filter_map(|name| Registry.provider(name))
        .map(|provider| (provider.schema().name, provider.schema().version))
        .collect();
    if output.json {
        let providers: serde_json::Map<String, serde_json::Value> =
            providers.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect();
        data(&format!("{}\n", json!({ "version": version, "providers": providers })));
        return;
    }
    let lines: Vec<String> = providers.iter().map(|(name, version)| format!("  {name} {version}\n")).collect();
    print(&format!("formwork {version}\n{}", lines.concat()));
}

/// A completion script.
pub(super) fn completions(shell: clap_complete::Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "formwork", &mut script);
    data(&String::from_utf8_lossy(&script));
}
