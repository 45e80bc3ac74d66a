//! The steps of [`life`](super::life) as a stack in the language, which the `formwork` command applies to a sandbox.

use super::life::Step;
use formwork_model::schema::{Attribute, AttributeType};
use formwork_provider_api::Provider;
use formwork_provider_azure::AzureProvider;
use libtest_mimic::{Failed, Trial};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A trial that needs the `formwork` command, which `FORMWORK_PROGRAM` names; without it the trial is skipped and says so.
pub fn trial(name: &str, run: fn(&Path) -> Result<(), Failed>) -> Trial {
    let program = std::env::var_os("FORMWORK_PROGRAM").map(PathBuf::from);
    let skipped = program.is_none();
    let note = if skipped { " (skipped: FORMWORK_PROGRAM is not set)" } else { "" };
    let run = move || program.as_ref().map_or(Ok(()), |program| run(program));
    Trial::test(format!("{name}{note}"), run).with_ignored_flag(skipped)
}

/// A directory with a stack, and its sandbox; that is stopped when it goes.
pub struct Bench {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new(program: &Path, stack: &str, rules: &[String]) -> Result<Self, Failed> {
        let bench = Self { program: program.to_owned(), folder: tempfile::tempdir()? };
        std::fs::write(bench.folder.path().join("formwork.toml"), "[stack]\nname = \"bench\"\nversion = \"0.1.0\"\n")?;
        bench.write(stack)?;
        let mut arguments = vec!["sandbox", "start", "--latency", "none", "--idle", "10m"];
        arguments.extend(rules.iter().flat_map(|rule| ["--fail", rule]));
        bench.run(&arguments)?;
        Ok(bench)
    }

    /// Another stack in place of the one that is there.
    pub fn write(&self, stack: &str) -> Result<(), Failed> {
        Ok(std::fs::write(self.folder.path().join("main.fw"), stack)?)
    }

    /// What a command prints; an error where it is not content.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path());
        let output = command.output()?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.success() {
            true => Ok(out.into_owned()),
            false => Err(format!("formwork {}: {}\n{out}\n{err}", arguments.join(" "), output.status).into()),
        }
    }

    pub fn apply(&self) -> Result<(), Failed> {
        self.run(&["apply", "--sandbox", "--auto-approve"]).map(drop)
    }

    pub fn status(&self) -> Result<Json, Failed> {
        Ok(serde_json::from_str(&self.run(&["sandbox", "status", "--json"])?)?)
    }

    /// The requests that the sandbox answered, in their order.
    pub fn log(&self) -> Result<Vec<Json>, Failed> {
        let log = self.run(&["sandbox", "log", "--json"])?;
        Ok(log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.run(&["sandbox", "stop"]));
    }
}

/// The steps in the language; `decorated` says which decorators stand above the block of a label.
pub fn stack(steps: &[Step], decorated: impl Fn(&str) -> &'static str) -> String {
    let writer = Writer { types: steps.iter().map(|step| (step.label, step.type_name)).collect() };
    let blocks = steps.iter().map(|step| format!("{}\n{}", decorated(step.label), writer.block(step)));
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
