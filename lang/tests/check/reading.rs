//! Files that cannot be read as they should be.

use crate::providers::PROVIDERS;
use formwork_lang::check::{Options, check};
use formwork_lang::load::load;
use formwork_lang::source::{SourceError, Sources};
use libtest_mimic::Failed;
use std::sync::Arc;

/// Codes that no text of a case can lead to.
pub(crate) const CODES: &[&str] = &["E0335", "E0336"];

/// A stack whose `broken.fw` has these bytes, or cannot be read.
struct Broken(Option<&'static [u8]>);

impl Sources for Broken {
    fn list(&self, directory: &str) -> Result<Vec<String>, SourceError> {
        match directory {
            "" => Ok(vec!["broken.fw".to_owned(), "main.fw".to_owned()]),
            _ => Err(SourceError { path: directory.to_owned(), not_found: true, reason: String::new() }),
        }
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        let denied = || SourceError { path: path.to_owned(), not_found: false, reason: "permission denied".to_owned() };
        match path {
            "main.fw" => Ok(Arc::from(&b"output a = nothing\n"[..])),
            "formwork.toml" => Ok(Arc::from(&b"[stack]\nname = \"suite\"\n"[..])),
            _ => self.0.map(Arc::from).ok_or_else(denied),
        }
    }
}

/// A directory without any stack in it.
struct Nothing;

impl Sources for Nothing {
    fn list(&self, _: &str) -> Result<Vec<String>, SourceError> {
        Ok(vec!["main.tf".to_owned()])
    }

    fn read(&self, path: &str) -> Result<Arc<[u8]>, SourceError> {
        Err(SourceError { path: path.to_owned(), not_found: true, reason: "it does not exist".to_owned() })
    }
}

fn codes(sources: &dyn Sources) -> Vec<String> {
    let checked = check(&load(sources, ""), &PROVIDERS, Options::default());
    checked.diagnostics.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

pub(crate) fn what_cannot_be_read_is_told() -> Result<(), Failed> {
    assert_eq!(codes(&Broken(None)), ["E0335", "E0301"]);
    assert_eq!(codes(&Nothing), ["E0563"]);
    Ok(())
}

pub(crate) fn what_is_no_utf8_is_told() -> Result<(), Failed> {
    assert_eq!(codes(&Broken(Some(b"let a = 1 // \xff\n"))), ["E0336", "E0301"]);
    Ok(())
}
