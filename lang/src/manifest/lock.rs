//! `formwork.lock`: the exact versions and content hashes that a manifest was resolved to.

use super::problem::Problem;
use ecow::EcoString;
use formwork_model::Diagnostic;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lock's file name.
pub const LOCK_FILE: &str = "formwork.lock";

/// The form that this program writes; it reads no newer one.
const FORM: u32 = 1;

const HEADER: &str = "# Written by Formwork. Commit it; do not edit it.\n";

/// What everything was resolved to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Exact provider versions, by provider.
    pub providers: BTreeMap<EcoString, Version>,
    /// Modules that came from elsewhere, by alias. Local directories are not locked: they are under version control.
    pub modules: BTreeMap<EcoString, LockedModule>,
}

/// A module that came from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedModule {
    /// Where it came from.
    pub source: EcoString,
    /// Its exact version.
    pub version: Version,
    /// Hash of its content, `ALGORITHM:HEX`.
    pub hash: EcoString,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    form: u32,
    #[serde(default)]
    providers: BTreeMap<EcoString, Version>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    modules: BTreeMap<EcoString, LockedModule>,
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// E0562 when it is damaged or of a newer form.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let refuse = |message: String| Box::new(Problem::Lock { message }.into_diagnostic());
        let document: Document = toml::from_str(text).map_err(|error| refuse(error.message().to_owned()))?;
        if document.form != FORM {
            return Err(refuse(format!("its form is {}, and this version of Formwork reads {FORM}", document.form)));
        }
        Ok(Self { providers: document.providers, modules: document.modules })
    }

    /// The text of the lock file; equal locks have equal text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let document = Document { form: FORM, providers: self.providers.clone(), modules: self.modules.clone() };
        let body = toml::to_string(&document).unwrap_or_default();
        format!("{HEADER}{body}")
    }
}
