//! Azure Resource Manager's protocol: ids, requests, pages, long operations, errors. Knows no resource type.

pub(crate) mod client;
pub(crate) mod error;
pub(crate) mod id;
mod lists;
pub(crate) mod operation;

pub(crate) use client::{Answer, ArmClient, Request, Verb};
pub(crate) use id::ResourceId;
