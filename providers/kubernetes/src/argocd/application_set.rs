//! `argocd.application_set`.

use super::{API, generators};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use crate::types::{any, objects, one_of};
use formwork_model::schema::{Attribute, ResourceSchema};

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
