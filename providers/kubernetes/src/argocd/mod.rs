//! The types of Argo CD: its installation, and what it is told.

pub(crate) mod application;
pub(crate) mod application_set;
pub(crate) mod cluster;
mod generators;
pub(crate) mod install;
mod parent;
pub(crate) mod project;
pub(crate) mod repository;
mod source;
mod stand_in;
pub(crate) mod synced;

/// Group and version of Argo CD's own kinds.
pub(crate) const API: &str = "argoproj.io/v1alpha1";

pub(crate) use application_set::warn as warn_of_set;
pub(crate) use stand_in::MARK as STAND_IN;
