//! A create whose answer is lost, of each type: the steps of [`life`](super::life) as one stack, which the `formwork` command
//! applies to a sandbox where the first create of each type is cut off, before or after the work was done. Afterwards
//! there is what there is when nothing is lost, each thing once.

use super::life::steps;
use super::stack::{Bench, stack, trial};
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;

pub fn tests() -> Vec<Trial> {
    vec![trial("lost::each_types_create_makes_one_object", each_types_create_is_lost)]
}

fn each_types_create_is_lost(program: &Path) -> Result<(), Failed> {
    let stack = stack(&steps(), |_| "");
    let undisturbed = Bench::new(program, &stack, &[])?;
    undisturbed.apply()?;
    let wanted = undisturbed.status()?["objects"].clone();
    let creates = creates(&undisturbed)?;
    let made: BTreeSet<&str> = steps().iter().map(|step| step.type_name).collect();
    println!("{} types of ARM and Key Vault for {} of ours", creates.len(), made.len());
    for side in ["before", "after"] {
        let rules: Vec<String> =
            creates.iter().map(|(kind, method)| format!("type={kind},method={method},nth=1,cut={side}")).collect();
        let bench = Bench::new(program, &stack, &rules)?;
        bench.apply()?;
        let status = bench.status()?;
        for rule in status["failures"].as_array().into_iter().flatten() {
            if rule["struck"] != 1 {
                return Err(format!("{side}: no create was cut off by {rule}").into());
            }
        }
        if status["objects"] != wanted {
            return Err(format!("{side}: there is {}\ninstead of {wanted}", status["objects"]).into());
        }
        bench.run(&["plan", "--sandbox", "--detailed-exitcode"])?;
    }
    Ok(())
}

/// Types of what was made, with the method that made it.
fn creates(bench: &Bench) -> Result<BTreeSet<(String, String)>, Failed> {
    let lines = bench.log()?;
    let text = |line: &Json, member: &str| line[member].as_str().unwrap_or_default().to_owned();
    let makes = |line: &&Json| line["method"] == "PUT" || text(line, "path").ends_with("/create");
    Ok(lines.iter().filter(makes).map(|line| (text(line, "type"), text(line, "method"))).collect())
}
