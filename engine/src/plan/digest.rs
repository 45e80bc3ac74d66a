//! The digest of a graph: of everything that the sources and the overlay say, in its canonical bytes.

use formwork_lang::graph::{NodeKind, ResourceGraph};
use formwork_model::{Value, ValueBuf};
use std::fmt::Write;

/// The digest, hexadecimal. Places in the sources do not count.
pub(crate) fn of_graph(graph: &ResourceGraph) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut text = String::new();
    for node in &graph.nodes {
        text.clear();
        // Writing to a string cannot fail.
        let _ = write!(text, "{}\0", node.address);
        match &node.kind {
            NodeKind::Junction => {}
            NodeKind::Provider(instance) => {
                let _ = write!(text, "{}\0", instance.provider);
                hasher.update(graph.value(instance.config).as_bytes());
            }
            NodeKind::Object(object) => {
                let _ = write!(text, "{}\0{}\0", object.type_name, object.provider.0);
                let decorators = &object.decorators;
                if decorators.protect || decorators.create_first || decorators.retain || !decorators.ignore.is_empty() {
                    let _ = write!(text, "{decorators:?}");
                }
                hasher.update(graph.value(object.config).as_bytes());
                if let Some(trigger) = decorators.replace_when {
                    hasher.update(graph.value(trigger).as_bytes());
                }
            }
        }
        hasher.update(text.as_bytes());
    }
    for output in &graph.outputs {
        hasher.update(output.name.as_bytes());
        hasher.update(ValueBuf::from(&output.value).as_bytes());
    }
    let deferred = graph.deferred.iter().map(|deferred| (deferred.address.to_string(), &deferred.value));
    for (address, value) in deferred {
        hasher.update(address.as_bytes());
        hasher.update(ValueBuf::from(value).as_bytes());
    }
    for check in &graph.checks {
        hasher.update(ValueBuf::from(&Value::list([check.condition.clone(), check.message.clone()])).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
