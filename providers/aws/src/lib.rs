//! Provider aws: Amazon Web Services, on the AWS SDK.
//!
//! A resource type is one file under `resources/` and one line in `registry.rs`; what all types share (decoding, tags,
//! resuming, searching by stamp) is in `resource.rs`.

mod client;
mod configuration;
mod connection;
mod data;
mod document;
mod ec2;
mod eks;
mod ephemeral;
mod error;
mod iam;
mod registry;
mod resource;
mod resources;
mod schema;
mod secrets;
mod tags;
mod traced;
mod validate;
mod wait;

pub use connection::AwsProvider;
