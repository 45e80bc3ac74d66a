//! Graphs as data, DOT and Mermaid.

use crate::plan::{Action, Operation, Plan};
use formwork_lang::graph::{NodeKind, ResourceGraph};
use serde::Serialize;
use std::fmt::Write;

/// Nodes and edges, to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PlanGraph {
    /// The nodes.
    pub nodes: Vec<GraphNode>,
    /// The edges.
    pub edges: Vec<GraphEdge>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphNode {
    /// What is shown.
    pub label: String,
    /// `create`, `update`, `delete`, …; for a graph of resources what kind of block it is.
    pub kind: &'static str,
}

/// An edge between two nodes, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GraphEdge {
    /// Who waits.
    pub from: usize,
    /// For whom.
    pub to: usize,
}

/// The operations of a plan and their order.
#[must_use]
pub fn of_plan(plan: &Plan) -> PlanGraph {
    let node = |operation: &Operation| GraphNode {
        label: if operation.is_junction() {
            operation.address.to_string()
        } else {
            format!("{} {}", kind(operation.action), operation.address)
        },
        kind: if operation.is_junction() { "junction" } else { kind(operation.action) },
    };
    let edges = plan.operations.iter().enumerate().flat_map(|(from, operation)| {
        operation.depends_on.iter().map(move |before| GraphEdge { from, to: before.0 as usize })
    });
    PlanGraph { nodes: plan.operations.iter().map(node).collect(), edges: edges.collect() }
}

/// What a stack asks for, and what needs what.
#[must_use]
pub fn of_resources(graph: &ResourceGraph) -> PlanGraph {
    let node = |node: &formwork_lang::graph::Node| GraphNode {
        label: match &node.kind {
            NodeKind::Object(object) => format!("{} ({})", node.address, object.type_name),
            NodeKind::Provider(_) | NodeKind::Junction => node.address.to_string(),
        },
        kind: match &node.kind {
            NodeKind::Object(object) => match object.kind {
                formwork_model::ObjectKind::Data => "data",
                formwork_model::ObjectKind::Ephemeral => "ephemeral",
                formwork_model::ObjectKind::Resource | formwork_model::ObjectKind::Provider => "resource",
            },
            NodeKind::Provider(_) => "provider",
            NodeKind::Junction => "junction",
        },
    };
    let edges = graph
        .ids()
        .flat_map(|id| graph.dependencies(id).iter().map(move |need| GraphEdge { from: id.index(), to: need.index() }));
    PlanGraph { nodes: graph.nodes.iter().map(node).collect(), edges: edges.collect() }
}

const fn kind(action: Action) -> &'static str {
    match action {
        Action::NoOp => "no-op",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Read => "read",
        Action::Open => "open",
        Action::Forget => "forget",
    }
}

/// For Graphviz.
#[must_use]
pub fn dot(graph: &PlanGraph) -> String {
    let mut text = String::from("digraph formwork {\n  rankdir = \"BT\";\n  node [shape = box, style = rounded];\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let shape = match node.kind {
            "junction" => ", shape = point",
            "provider" => ", shape = diamond",
            "data" | "read" => ", style = dashed",
            _ => "",
        };
        let label = node.label.replace('\\', "\\\\").replace('"', "\\\"");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  n{index} [label = \"{label}\"{shape}];");
    }
    for edge in &graph.edges {
        let _ = writeln!(text, "  n{} -> n{};", edge.from, edge.to);
    }
    text.push_str("}\n");
    text
}

/// For Mermaid, as Markdown viewers draw it.
#[must_use]
pub fn mermaid(graph: &PlanGraph) -> String {
    let mut text = String::from("flowchart BT\n");
    for (index, node) in graph.nodes.iter().enumerate() {
        let label = node.label.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
        let (open, close) = match node.kind {
            "junction" => ("((", "))"),
            "provider" => ("{{", "}}"),
            "data" | "read" => ("([", "])"),
            _ => ("[", "]"),
        };
        let _ = writeln!(text, "  n{index}{open}\"{label}\"{close}");
    }
    for edge in &graph.edges {
        let _ = writeln!(text, "  n{} --> n{}", edge.from, edge.to);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let graph = PlanGraph {
            nodes: vec![
                GraphNode { label: r#"create a["x"]"#.into(), kind: "create" },
                GraphNode { label: "b".into(), kind: "junction" },
            ],
            edges: vec![GraphEdge { from: 0, to: 1 }],
        };
        assert!(dot(&graph).contains(r#"n0 [label = "create a[\"x\"]"];"#));
        assert!(dot(&graph).contains("n0 -> n1;"));
        assert!(mermaid(&graph).contains(r#"n0["create a[&quot;x&quot;]"]"#));
        assert!(mermaid(&graph).contains("n0 --> n1"));
    }
}
