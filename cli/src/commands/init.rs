//! `init`: a small stack that plans and applies at once.

use super::DONE;
use crate::arguments::{Global, InitArguments};
use crate::output::tell;
use crate::project::{Answer, Failure, refusal, unwritable};
use std::fs;
use std::path::Path;

const STACK: &str = include_str!("init/main.fw");
const DEV: &str = include_str!("init/dev.fwvars");
const PROD: &str = include_str!("init/prod.fwvars");

pub(super) fn run(global: &Global, arguments: &InitArguments) -> Answer {
    let root = &global.directory;
    fs::create_dir_all(root.join("env")).map_err(|error| unwritable(root, &error))?;
    refuse_existing(root)?;
    let name = arguments.name.clone().unwrap_or_else(|| name_of(root));
    let manifest = format!(
        "# What this directory is. State belongs to this name and an environment.\n\
         [stack]\nname = {name:?}\n\n\
         # The environment that is meant where `-e` is not given.\n\
         [environments]\ndefault = \"dev\"\n"
    );
    for (path, text) in [
        ("formwork.toml", manifest.as_str()),
        ("main.fw", STACK),
        ("env/dev.fwvars", DEV),
        ("env/prod.fwvars", PROD),
        (".gitignore", ".formwork/\n"),
    ] {
        write(root, path, text)?;
    }
    tell(&format!(
        "Wrote a small stack called `{name}`. Try it:\n\n  formwork plan\n  formwork apply\n  formwork plan -e prod\n\n\
         It needs no account: all of it is in provider `std`.\n"
    ));
    Ok(DONE)
}

fn refuse_existing(root: &Path) -> Result<(), Failure> {
    for name in ["formwork.toml", "main.fw"] {
        if root.join(name).exists() {
            let message = format!("{} exists already", root.join(name).display());
            return Err(refusal(
                "E0589",
                message,
                "run `formwork init` in an empty directory, or name one with `-C DIR`",
            ));
        }
    }
    Ok(())
}

fn write(root: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = root.join(name);
    if name == ".gitignore" && path.exists() {
        return Ok(());
    }
    fs::write(&path, text).map_err(|error| unwritable(&path, &error))
}

/// The directory's name, as far as a stack may be called so.
fn name_of(root: &Path) -> String {
    let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    let name = absolute.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String =
        name.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' }).collect();
    let name = name.trim_matches('-').trim_start_matches(|first: char| first.is_ascii_digit()).trim_matches('-');
    if name.is_empty() { "example".into() } else { name.to_owned() }
}
