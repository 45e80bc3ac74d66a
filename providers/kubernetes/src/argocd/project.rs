//! `argocd.project`.

use super::API;
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use crate::types::{objects, one_of};
use formwork_model::schema::{Attribute, ResourceSchema};

const GROUP_KIND: &[Attribute] = &[
    Attribute::string("group", "Group; `*` for all.").required(),
    Attribute::string("kind", "Kind; `*` for all.").required(),
];

const CLUSTER_GROUP_KIND: &[Attribute] = &[
    Attribute::string("group", "Group; `*` for all.").required(),
    Attribute::string("kind", "Kind; `*` for all.").required(),
    Attribute::string("name", "Only objects of this name."),
];

const ROLE: &[Attribute] = &[
    Attribute::string("name", "Its name.").required(),
    Attribute::string("description", "What it is for."),
    Attribute::strings("policies", "Rules: `p, proj:NAME:ROLE, applications, sync, NAME/*, allow`."),
    Attribute::strings("groups", "Groups that have it."),
    objects!(
        "jwt_tokens",
        &[
            Attribute::int("iat", "When it was given out, in seconds since 1970.").required(),
            Attribute::int("exp", "When it ends."),
            Attribute::string("id", "Its id."),
        ],
        "Tokens of it that are accepted."
    ),
];

const WINDOW: &[Attribute] = &[
    one_of!("kind", ["allow", "deny"], "Whether syncs are allowed or refused in it."),
    Attribute::string("schedule", "When it begins, as in cron."),
    Attribute::string("duration", "How long it lasts, such as `1h`."),
    Attribute::strings("applications", "For these applications."),
    Attribute::strings("namespaces", "For these namespaces."),
    Attribute::strings("clusters", "For these clusters."),
    Attribute::boolean("manual_sync", "Whether syncs by hand are allowed all the same."),
    Attribute::boolean("sync_overrun", "Whether a sync that runs may go on when it ends."),
    Attribute::string("time_zone", "Time zone of the schedule."),
    Attribute::boolean("and_operator", "Whether all of applications, namespaces and clusters must fit."),
    Attribute::string("description", "What it is for."),
];

const INTEGRITY: &[Attribute] = &[Attribute::object(
    "git",
    &[objects!(
        "policies",
        &[
            objects!("repos", &[Attribute::string("url", "Pattern of addresses.").required()], "Repositories.")
                .required(),
            Attribute::object(
                "gpg",
                &[
                    one_of!("mode", ["none", "head", "strict"], "Which commits must be signed.").required(),
                    Attribute::strings("keys", "By these keys.").required(),
                ],
                "Signatures.",
            )
            .required(),
        ],
        "What holds for which repositories."
    )
    .required()],
    "Of Git repositories.",
)
.required()];

const SCHEMA: ResourceSchema = object(
    "project",
    "What a group of applications may do: from where, to where, which kinds, and who.",
    object_attributes![argocd;
        Attribute::strings("finalizers", "Finalizers.").vendor("metadata.finalizers"),
        Attribute::string("description", "What it is for."),
        Attribute::strings("source_repos", "Repositories that applications may come from; `*` for all."),
        Attribute::strings("source_namespaces", "Namespaces beside Argo CD's own in which applications may be."),
        objects!(
            "destinations",
            &[
                Attribute::string("server", "Address of the cluster; `*` for all."),
                Attribute::string("name", "Or its name."),
                Attribute::string("namespace", "Namespace; `*` for all."),
            ],
            "Where applications may go."
        ),
        objects!(
            "destination_service_accounts",
            &[
                Attribute::string("server", "Address of the cluster.").required(),
                Attribute::string("namespace", "Namespace."),
                Attribute::string("default_service_account", "The identity that is taken on.").required(),
            ],
            "As whom applications are synced."
        ),
        objects!("cluster_resource_whitelist", CLUSTER_GROUP_KIND, "Kinds outside of namespaces that are allowed; absent means none."),
        objects!("cluster_resource_blacklist", CLUSTER_GROUP_KIND, "Kinds outside of namespaces that are refused."),
        objects!("namespace_resource_whitelist", GROUP_KIND, "Kinds in namespaces that are allowed; absent means all."),
        objects!("namespace_resource_blacklist", GROUP_KIND, "Kinds in namespaces that are refused."),
        Attribute::object(
            "orphaned_resources",
            &[
                Attribute::boolean("warn", "Whether they are warned of."),
                objects!(
                    "ignore",
                    &[
                        Attribute::string("group", "Group."),
                        Attribute::string("kind", "Kind."),
                        Attribute::string("name", "Name."),
                    ],
                    "Which do not count."
                ),
            ],
            "Objects that no application has; `{}` watches for them.",
        ),
        objects!("roles", ROLE, "Who may do what with its applications."),
        objects!("sync_windows", WINDOW, "When applications may be synced."),
        objects!(
            "signature_keys",
            &[Attribute::string("key_id", "The key's id.").vendor("keyID").required()],
            "Keys that commits must be signed with."
        ),
        Attribute::object("source_integrity", INTEGRITY, "What sources must be signed with; Argo CD 3.5 and newer."),
        Attribute::boolean("permit_only_project_scoped_clusters", "Whether only clusters of the project count."),
    ],
);

pub(crate) const PROJECT: Kind = Kind::new(&SCHEMA, API, "AppProject", "spec").with_root();
