//! Plans in the forms of others: Terraform's JSON for policies, and graphs to be drawn.

mod graph;
mod terraform;

pub use graph::{GraphEdge, GraphNode, PlanGraph, dot, mermaid, of_plan, of_resources};
pub use terraform::{state_json, terraform_json};
