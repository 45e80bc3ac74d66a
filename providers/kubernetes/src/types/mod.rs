//! The typed objects of provider `kubernetes`: one declaration each, from which encoding and decoding follow.

pub(crate) mod autoscaling;
pub(crate) mod config;
mod container;
pub(crate) mod deployment;
pub(crate) mod ingress;
pub(crate) mod limits;
mod meta;
pub(crate) mod namespace;
pub(crate) mod network_policy;
mod pod;
pub(crate) mod rbac;
mod security;
pub(crate) mod service;
pub(crate) mod storage;
mod volume;

/// A list of nested blocks.
macro_rules! objects {
    ($name:expr, $fields:expr, $docs:expr) => {
        formwork_model::schema::Attribute::new(
            $name,
            formwork_model::schema::AttributeType::List(&formwork_model::schema::AttributeType::Object($fields)),
            $docs,
        )
    };
}
pub(crate) use objects;

/// One of these texts.
macro_rules! one_of {
    ($name:expr, [$($member:expr),* $(,)?], $docs:expr) => {
        formwork_model::schema::Attribute::new(
            $name,
            formwork_model::schema::AttributeType::Enum(&[$($member),*]),
            $docs,
        )
    };
}
pub(crate) use one_of;

/// Anything: a number or a text, or a structure of the vendor's own.
macro_rules! any {
    ($name:expr, $docs:expr) => {
        formwork_model::schema::Attribute::new($name, formwork_model::schema::AttributeType::Any, $docs)
    };
}
pub(crate) use any;
