//! `argocd.application`.

use super::{API, source};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use crate::types::objects;
use formwork_model::schema::{Attribute, AttributeType, ResourceSchema, Rule};

const DESTINATION: &[Attribute] = &[
    Attribute::string("server", "Address of the cluster; `https://kubernetes.default.svc` is Argo CD's own."),
    Attribute::string("name", "Or its name."),
    Attribute::string("namespace", "Namespace of objects that say none."),
];

const SYNC_POLICY: &[Attribute] = &[
    Attribute::object(
        "automated",
        &[
            Attribute::boolean("enabled", "Whether it is synced by itself; true if absent."),
            Attribute::boolean("prune", "Whether what is gone from the sources is deleted."),
            Attribute::boolean("self_heal", "Whether changes in the cluster are undone."),
            Attribute::boolean("allow_empty", "Whether everything may be deleted."),
        ],
        "It is synced by itself; `{}` with the defaults.",
    ),
    Attribute::new(
        "sync_options",
        AttributeType::List(&AttributeType::OpenEnum(SYNC_OPTIONS)),
        "Options, `Name=value`.",
    ),
    Attribute::object(
        "retry",
        &[
            Attribute::int("limit", "How often; -1 for ever."),
            Attribute::object(
                "backoff",
                &[
                    Attribute::string("duration", "The first pause, such as `5s`."),
                    Attribute::int("factor", "By how much pauses grow."),
                    Attribute::string("max_duration", "The longest pause, such as `3m`."),
                ],
                "Pauses.",
            ),
            Attribute::boolean("refresh", "Whether a retry takes a newer revision."),
        ],
        "A failed sync is tried again.",
    ),
    Attribute::object(
        "managed_namespace_metadata",
        &[Attribute::string_map("labels", "Labels."), Attribute::string_map("annotations", "Annotations.")],
        "Labels and annotations of the namespace that it makes (`CreateNamespace=true`).",
    ),
];

const SYNC_OPTIONS: &[&str] = &[
    "CreateNamespace=true",
    "Validate=false",
    "PruneLast=true",
    "PrunePropagationPolicy=foreground",
    "PrunePropagationPolicy=background",
    "PrunePropagationPolicy=orphan",
    "ApplyOutOfSyncOnly=true",
    "ServerSideApply=true",
    "Replace=true",
    "Force=true",
    "FailOnSharedResource=true",
    "RespectIgnoreDifferences=true",
    "SkipDryRunOnMissingResource=true",
    "Delete=false",
    "Prune=false",
    "Prune=confirm",
    "Delete=confirm",
    "ClientSideApplyMigration=false",
];

const IGNORED: &[Attribute] = &[
    Attribute::string("group", "Group of the kind."),
    Attribute::string("kind", "The kind; `*` for all.").required(),
    Attribute::string("name", "Only the object of this name."),
    Attribute::string("namespace", "Only in this namespace."),
    Attribute::strings("json_pointers", "Fields, as JSON pointers."),
    Attribute::strings("jq_path_expressions", "Fields, as jq expressions.").vendor("jqPathExpressions"),
    Attribute::strings("managed_fields_managers", "Fields that these managers own."),
];

const PROJECT: Attribute =
    Attribute::reference("project", &["argocd.project"], "Project that says what it may do.").default_string("default");
const DESTINED: Attribute = Attribute::object("destination", DESTINATION, "Where it goes.").required();
const SOURCE: Attribute = Attribute::object("source", source::SOURCE, "From where it comes.");
const SOURCES: Attribute = objects!("sources", source::SOURCE, "Or from several places.");
const HYDRATED: Attribute = Attribute::object("source_hydrator", source::HYDRATOR, "Or rendered to a branch first.");
const SYNCED: Attribute = Attribute::object("sync_policy", SYNC_POLICY, "When and how it is synced.");
const DIFFERENT: Attribute = objects!("ignore_differences", IGNORED, "What may differ.");
const INFO: Attribute = objects!(
    "info",
    &[Attribute::string("name", "What.").required(), Attribute::string("value", "Text or address.").required()],
    "What is shown with it."
);
const HISTORY: Attribute = Attribute::int("revision_history_limit", "How many old syncs are remembered.");

/// The specification in a template.
pub(crate) const SPECIFICATION: &[Attribute] =
    &[PROJECT, DESTINED, SOURCE, SOURCES, HYDRATED, SYNCED, DIFFERENT, INFO, HISTORY];

const SCHEMA: ResourceSchema = object(
    "application",
    "An application that Argo CD keeps in sync: an app of apps is one whose source holds applications. With the finalizer \
     `resources-finalizer.argocd.argoproj.io` its objects go when it goes, before that is reported done.",
    object_attributes![argocd;
        Attribute::strings("finalizers", "Finalizers.").vendor("metadata.finalizers"),
        Attribute::int("sync_wave", "When it is synced, within an app of apps: lower first.")
            .vendor("metadata.annotations[argocd.argoproj.io/sync-wave]"),
        PROJECT, DESTINED, SOURCE, SOURCES, HYDRATED, SYNCED, DIFFERENT, INFO, HISTORY,
    ],
)
.rules(&[Rule::ExactlyOneOf(&["source", "sources", "source_hydrator"])])
.timeouts(900, 900, 1800);

pub(crate) const APPLICATION: Kind = Kind::new(&SCHEMA, API, "Application", "spec");
