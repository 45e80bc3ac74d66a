//! A graph as stable text: what tests compare.

use super::text::value_text;
use super::{Decorators, MoveEnd, Node, NodeId, NodeKind, ResourceGraph};
use std::fmt::{self, Write};

/// The text of a graph: nodes with config and edges, then the rest. The same graph gives the same text.
#[must_use]
pub fn render(graph: &ResourceGraph) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write_graph(graph, &mut text);
    text
}

fn write_graph(graph: &ResourceGraph, text: &mut String) -> fmt::Result {
    for (id, node) in graph.ids().zip(&graph.nodes) {
        write_node(graph, id, node, text)?;
    }
    for output in &graph.outputs {
        writeln!(text, "output {} = {}", output.name, value_text(&output.value))?;
    }
    for check in &graph.checks {
        let (condition, message) = (value_text(&check.condition), value_text(&check.message));
        writeln!(text, "check {condition} else {message}")?;
        writeln!(text, "  of {} {}", check.subject.declared.word(), check.subject)?;
    }
    for moved in &graph.moved {
        writeln!(text, "moved {} -> {}", end(&moved.from), end(&moved.to))?;
    }
    for import in &graph.imports {
        writeln!(text, "import {:?} -> {}", import.id, import.to)?;
    }
    for forget in &graph.forgets {
        writeln!(text, "forget {}", end(&forget.address))?;
    }
    for deferred in &graph.deferred {
        let what = if deferred.is_module { "module " } else { "" };
        writeln!(text, "deferred {what}{} waits for {}", deferred.address, value_text(&deferred.value))?;
    }
    Ok(())
}

fn write_node(graph: &ResourceGraph, id: NodeId, node: &Node, text: &mut String) -> fmt::Result {
    match &node.kind {
        NodeKind::Junction => writeln!(text, "junction {}", node.address)?,
        NodeKind::Provider(instance) => {
            writeln!(text, "{}: {}", node.address, instance.provider)?;
            write_config(graph, instance.config, text)?;
        }
        NodeKind::Object(object) => {
            writeln!(text, "{}: {}", node.address, object.type_name)?;
            write_config(graph, object.config, text)?;
            write_decorators(graph, &object.decorators, text)?;
        }
    }
    let needs: Vec<String> = graph.dependencies(id).iter().filter_map(|id| graph.node(*id)).map(name).collect();
    if !needs.is_empty() {
        writeln!(text, "  needs {}", needs.join(", "))?;
    }
    Ok(())
}

fn name(node: &Node) -> String {
    match node.kind {
        NodeKind::Junction => format!("junction {}", node.address),
        NodeKind::Object(_) | NodeKind::Provider(_) => node.address.to_string(),
    }
}

fn write_config(graph: &ResourceGraph, config: formwork_model::ValueId, text: &mut String) -> fmt::Result {
    for (key, value) in graph.value(config).entries() {
        writeln!(text, "  {key} = {}", value_text(&value.to_value()))?;
    }
    Ok(())
}

fn write_decorators(graph: &ResourceGraph, decorators: &Decorators, text: &mut String) -> fmt::Result {
    let flags =
        [(decorators.protect, "@protect"), (decorators.create_first, "@create_first"), (decorators.retain, "@retain")];
    for (_, flag) in flags.iter().filter(|(set, _)| *set) {
        writeln!(text, "  {flag}")?;
    }
    for path in &decorators.ignore {
        writeln!(text, "  @ignore({path})")?;
    }
    if let Some(values) = decorators.replace_when {
        writeln!(text, "  @replace_when({})", value_text(&graph.value(values).to_value()))?;
    }
    let timeouts = [
        ("create", decorators.create_timeout_ms),
        ("update", decorators.update_timeout_ms),
        ("delete", decorators.delete_timeout_ms),
    ];
    for (name, milliseconds) in timeouts {
        if let Some(milliseconds) = milliseconds {
            writeln!(text, "  @timeout({name} = {milliseconds}ms)")?;
        }
    }
    Ok(())
}

fn end(end: &MoveEnd) -> String {
    match end {
        MoveEnd::Resource(address) => address.to_string(),
        MoveEnd::Module(path) => format!("module {path}"),
    }
}
