//! A create whose answer is lost, of each type: the steps of [`life`](super::life) as one stack, which the `formwork` command
//! applies to a sandbox where the first create of each type is cut off, before or after the work was done. Afterwards
//! there is what there is when nothing is lost, each thing once.

use super::life::{Step, steps};
use formwork_model::schema::{Attribute, AttributeType};
use formwork_provider_api::Provider;
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn tests() -> Vec<Trial> {
    let program = std::env::var_os("FORMWORK_PROGRAM").map(PathBuf::from);
    let skipped = program.is_none();
    let note = if skipped { " (skipped: FORMWORK_PROGRAM is not set)" } else { "" };
    let run = move || program.as_ref().map_or(Ok(()), |program| each_types_create_is_lost(program));
    vec![Trial::test(format!("lost::each_types_create_makes_one_object{note}"), run).with_ignored_flag(skipped)]
}

fn each_types_create_is_lost(program: &Path) -> Result<(), Failed> {
    let stack = stack();
    let undisturbed = Bench::new(program, &stack, &[])?;
    undisturbed.apply()?;
    let wanted = undisturbed.status()?["objects"].clone();
    let creates = undisturbed.creates()?;
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

/// A directory with the stack, and its sandbox; that is stopped when it goes.
struct Bench {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(program: &Path, stack: &str, rules: &[String]) -> Result<Self, Failed> {
        let bench = Self { program: program.to_owned(), folder: tempfile::tempdir()? };
        std::fs::write(bench.folder.path().join("formwork.toml"), "[stack]\nname = \"lost\"\nversion = \"0.1.0\"\n")?;
        std::fs::write(bench.folder.path().join("main.fw"), stack)?;
        let mut arguments = vec!["sandbox", "start", "--latency", "none", "--idle", "10m"];
        arguments.extend(rules.iter().flat_map(|rule| ["--fail", rule]));
        bench.run(&arguments)?;
        Ok(bench)
    }

    /// What a command prints; an error where it is not content.
    fn run(&self, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path());
        let output = command.output()?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.success() {
            true => Ok(out.into_owned()),
            false => Err(format!("formwork {}: {}\n{out}\n{err}", arguments.join(" "), output.status).into()),
        }
    }

    fn apply(&self) -> Result<(), Failed> {
        self.run(&["apply", "--sandbox", "--auto-approve"]).map(drop)
    }

    fn status(&self) -> Result<Json, Failed> {
        Ok(serde_json::from_str(&self.run(&["sandbox", "status", "--json"])?)?)
    }

    /// Types of what was made, with the method that made it.
    fn creates(&self) -> Result<BTreeSet<(String, String)>, Failed> {
        let log = self.run(&["sandbox", "log", "--json"])?;
        let lines = log.lines().map(serde_json::from_str::<Json>).collect::<Result<Vec<_>, _>>()?;
        let text = |line: &Json, member: &str| line[member].as_str().unwrap_or_default().to_owned();
        let makes = |line: &&Json| line["method"] == "PUT" || text(line, "path").ends_with("/create");
        Ok(lines.iter().filter(makes).map(|line| (text(line, "type"), text(line, "method"))).collect())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.run(&["sandbox", "stop"]));
    }
}

/// The steps in the language.
fn stack() -> String {
    let steps = steps();
    let writer = Writer { types: steps.iter().map(|step| (step.label, step.type_name)).collect() };
    let blocks = steps.iter().map(|step| writer.block(step));
    std::iter::once("provider azure {}\n".to_owned()).chain(blocks).collect()
}

struct Writer {
    /// Which type a label is.
    types: BTreeMap<&'static str, &'static str>,
}

impl Writer {
    fn block(&self, step: &Step) -> String {
        let schema = AzureProvider.schema().resource(step.type_name).unwrap();
        let attributes = self.fields(schema.attributes, &step.config, "\n");
        format!("resource {}: azure.{} {{\n{attributes}\n}}\n", step.label, step.type_name)
    }

    fn fields(&self, attributes: &[Attribute], json: &Json, between: &str) -> String {
        let field = |(name, value): (&String, &Json)| {
            let ty = attributes.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.ty);
            format!("{name} = {}", self.value(ty.unwrap_or(AttributeType::Any), value))
        };
        json.as_object().unwrap().iter().map(field).collect::<Vec<_>>().join(between)
    }

    fn value(&self, ty: AttributeType, json: &Json) -> String {
        match (ty, json) {
            // Alone it is a name: that of a zone itself.
            (ty, Json::String(text)) => match text.strip_prefix('@').filter(|label| !label.is_empty()) {
                Some(label) => self.object(ty, label),
                None => format!("'{text}'"),
            },
            (AttributeType::Object(attributes), Json::Object(_)) => {
                format!("{{ {} }}", self.fields(attributes, json, ", "))
            }
            (ty, Json::Object(entries)) => {
                let inner = if let AttributeType::Map(inner) = ty { *inner } else { AttributeType::Any };
                let entry = |(key, value): (&String, &Json)| format!("\"{key}\" = {}", self.value(inner, value));
                format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            (ty, Json::Array(items)) => {
                let inner = match ty {
                    AttributeType::List(inner) | AttributeType::Set(inner) => *inner,
                    _ => AttributeType::Any,
                };
                let items: Vec<String> = items.iter().map(|item| self.value(inner, item)).collect();
                format!("[{}]", items.join(", "))
            }
            (_, plain) => plain.to_string(),
        }
    }

    /// The object itself where the schema knows its type there; else its id, or the attribute that is named.
    fn object(&self, ty: AttributeType, label: &str) -> String {
        let Some(type_name) = self.types.get(label) else { return label.to_owned() };
        match ty {
            AttributeType::Reference(types) if types.contains(&format!("azure.{type_name}").as_str()) => {
                label.to_owned()
            }
            _ => format!("{label}.id"),
        }
    }
}
