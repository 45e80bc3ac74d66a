//! `fmt`: the one canonical style.

use super::{DONE, FAILED};
use crate::arguments::{FmtArguments, Global};
use crate::output::{Output, data, print, tell};
use crate::project::{Answer, Failure, unreadable, unwritable};
use crate::render::diagnostics;
use crate::render::paint::{Meaning, Paint};
use formwork_lang::format;
use formwork_lang::source::FileTable;
use formwork_model::{Diagnostic, FileId};
use similar::{ChangeTag, TextDiff};
use std::io::Read;
use std::path::{Path, PathBuf};

pub(super) fn run(global: &Global, arguments: &FmtArguments) -> Answer {
    let output = Output::new(global);
    if arguments.paths.iter().any(|path| path.as_os_str() == "-") {
        return standard_input(&output, arguments);
    }
    let mut files = Vec::new();
    if arguments.paths.is_empty() {
        collect(&global.directory, &mut files)?;
    }
    for path in &arguments.paths {
        collect(&global.directory.join(path), &mut files)?;
    }
    files.sort();
    let mut code = DONE;
    for path in files {
        code = code.max(file(&output, arguments, &path)?);
    }
    Ok(code)
}

/// Sources below a directory; hidden directories are left out.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let (name, path) = (entry.file_name(), entry.path());
        if name.to_string_lossy().starts_with('.') || path.is_symlink() {
            continue;
        }
        let is_source = path.extension().is_some_and(|extension| extension == "fw" || extension == "fwvars");
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_source {
            files.push(path);
        }
    }
    Ok(())
}

fn formatted(path: &str, text: &str) -> Result<String, Vec<Diagnostic>> {
    // The only file of the table that `broken` reports with.
    let file = FileId(0);
    if path.ends_with(".fwvars") { format::format_overlay(file, text) } else { format::format(file, text) }
}

fn file(output: &Output, arguments: &FmtArguments, path: &Path) -> Answer {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    // Without the `./` of where it was looked for.
    let plain: PathBuf = path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
    let name = plain.display().to_string();
    let new = match formatted(&name, &text) {
        Ok(new) => new,
        Err(found) => return Ok(broken(output, &name, &text, &found)),
    };
    if new == text {
        return Ok(DONE);
    }
    if arguments.diff {
        print(&diff(output, &name, &text, &new));
    } else {
        print(&format!("{name}\n"));
    }
    if arguments.check {
        return Ok(FAILED);
    }
    if !arguments.diff {
        std::fs::write(path, new).map_err(|error| unwritable(path, &error))?;
    }
    Ok(DONE)
}

/// A file with mistakes is left as it is.
fn broken(output: &Output, name: &str, text: &str, found: &[Diagnostic]) -> i32 {
    let mut files = FileTable::default();
    files.add(name, text);
    tell(&diagnostics::text(output, &files, found));
    FAILED
}

fn standard_input(output: &Output, arguments: &FmtArguments) -> Answer {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable(Path::new("standard input"), &error))?;
    match formatted("-", &text) {
        Err(found) => Ok(broken(output, "standard input", &text, &found)),
        Ok(new) if arguments.check => Ok(if new == text { DONE } else { FAILED }),
        Ok(new) => {
            data(&new);
            Ok(DONE)
        }
    }
}

fn diff(output: &Output, name: &str, old: &str, new: &str) -> String {
    let paint = Paint::new(output.color);
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    paint.push(&mut text, Meaning::Strong, &format!("--- {name}\n+++ {name}\n"));
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        paint.push(&mut text, Meaning::Moved, &hunk.header().to_string());
        text.push('\n');
        for change in hunk.iter_changes() {
            let (mark, meaning) = match change.tag() {
                ChangeTag::Delete => ('-', Meaning::Removed),
                ChangeTag::Insert => ('+', Meaning::Added),
                ChangeTag::Equal => (' ', Meaning::Dim),
            };
            paint.push(&mut text, meaning, &format!("{mark}{}", change.value().trim_end_matches('\n')));
            text.push('\n');
        }
    }
    text
}
