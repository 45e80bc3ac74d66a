//! Checks of a config that the schema cannot express, made offline: see [`formwork_provider_api::validate`].

pub(crate) use formwork_provider_api::validate::{Findings, is_set, items, known, text};
