//! `argocd.application_set`.

use super::{API, generators};
use crate::discovery::group_of;
use crate::kind::Kind;
use crate::manifest::Identity;
use crate::schema::{object, object_attributes};
use crate::session::Session;
use crate::types::{any, objects, one_of};
use crate::wait::Patience;
use formwork_model::schema::{Attribute, ResourceSchema};
use formwork_provider_api::{OperationSink, ProviderError};
use serde_json::Value as Json;
use std::time::Duration;

const STEP: &[Attribute] = &[
    objects!(
        "match_expressions",
        &[
            Attribute::string("key", "Label of applications.").required(),
            one_of!("operator", ["In", "NotIn"], "How values are compared.").required(),
            Attribute::strings("values", "The values.").required(),
        ],
        "Which applications."
    ),
    any!("max_update", "So many at a time: a number or a share."),
];

const SCHEMA: ResourceSchema = object(
    "application_set",
    "Applications made from a template, one for each set of parameters that generators give. The applications are Argo CD's, \
     not rows here.",
    object_attributes![argocd;
        Attribute::strings("finalizers", "Finalizers.").vendor("metadata.finalizers"),
        objects!("generators", generators::GENERATOR, "Where parameters come from.").required(),
        Attribute::object("template", generators::TEMPLATE, "The applications.").required(),
        Attribute::string("template_patch", "A patch of each application, itself a template; with Go templates."),
        Attribute::boolean("go_template", "Whether templates are Go's: `{{.name}}`."),
        Attribute::strings("go_template_options", "Options of Go's templates, such as `missingkey=error`."),
        Attribute::boolean("apply_nested_selectors", "Whether selectors of generators in generators count."),
        Attribute::object(
            "sync_policy",
            &[
                one_of!(
                    "applications_sync",
                    ["create-only", "create-update", "create-delete", "sync"],
                    "What may be done with its applications."
                ),
                Attribute::boolean("preserve_resources_on_deletion", "Whether objects of its applications stay when it goes."),
            ],
            "What becomes of its applications.",
        ),
        Attribute::object(
            "strategy",
            &[
                one_of!("type", ["AllAtOnce", "RollingSync"], "All at once, or in steps."),
                Attribute::object("rolling_sync", &[objects!("steps", STEP, "The steps.").required()], "In steps."),
                one_of!("deletion_order", ["AllAtOnce", "Reverse"], "In which order applications are deleted."),
            ],
            "In which order its applications change.",
        ),
        Attribute::object(
            "preserved_fields",
            &[
                Attribute::strings("annotations", "Annotations of applications that are left alone."),
                Attribute::strings("labels", "Labels of applications that are left alone."),
            ],
            "What others may add to its applications.",
        ),
        objects!(
            "ignore_application_differences",
            &[
                Attribute::string("name", "Only the application of this name."),
                Attribute::strings("json_pointers", "Fields, as JSON pointers."),
                Attribute::strings("jq_path_expressions", "Fields, as jq expressions.").vendor("jqPathExpressions"),
            ],
            "What may differ in its applications."
        ),
    ],
);

pub(crate) const APPLICATION_SET: Kind = Kind::new(&SCHEMA, API, "ApplicationSet", "spec");

/// How often a set is looked at after an apply, and how long between: Argo CD looks at it as soon as it changes.
const LOOKS: (u32, Duration) = (5, Duration::from_secs(1));

/// Warns of what keeps a set from making its applications, where its controller says so soon. An object of another kind is
/// not looked at.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn warn(
    session: &Session,
    identity: &Identity,
    path: &str,
    patience: &Patience,
    sink: &dyn OperationSink,
) -> Result<(), ProviderError> {
    if identity.kind != "ApplicationSet" || group_of(&identity.api_version) != group_of(API) {
        return Ok(());
    }
    for _ in 0..LOOKS.0 {
        // Before the look, not after it: what it said of its last form counts no more.
        patience.pause(sink, LOOKS.1).await?;
        let live = session.get(path, &format!("reading {}", identity.text())).await?.unwrap_or_default();
        let conditions = live.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
        let is = |condition: &&Json, name: &str| {
            let text = |field: &str| condition.get(field).and_then(Json::as_str);
            text("type") == Some(name) && text("status") == Some("True")
        };
        let (mut failed, mut done) = (None, false);
        for condition in conditions {
            if is(&condition, "ErrorOccurred") {
                failed = condition.get("message").and_then(Json::as_str).map(str::to_owned);
            }
            done |= is(&condition, "ResourcesUpToDate");
        }
        if let Some(message) = failed {
            sink.warn(&format!("{} makes no applications: {message}", identity.text()));
            return Ok(());
        }
        if done {
            return Ok(());
        }
    }
    Ok(())
}
