//! `kubernetes.role`, `role_binding`, `cluster_role`, `cluster_role_binding`.

use super::{meta, objects, one_of};
use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::{Attribute, ResourceSchema};

const API: &str = "rbac.authorization.k8s.io/v1";

const RULE: &[Attribute] = &[
    Attribute::strings("api_groups", "Groups of the API; `\"\"` is the core, `*` all."),
    Attribute::strings("resources", "Kinds as the API writes them: `pods`, `deployments/scale`, `*`."),
    Attribute::strings("resource_names", "Only objects of these names."),
    Attribute::strings(
        "verbs",
        "What is allowed: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, or `*` for all.",
    )
    .required(),
    Attribute::strings("non_resource_urls", "Paths that are no resources; in cluster roles.").vendor("nonResourceURLs"),
];

const SUBJECT: &[Attribute] = &[
    one_of!("kind", ["User", "Group", "ServiceAccount"], "What it is.").required(),
    Attribute::string("name", "Its name; for Azure AD groups the object id.").required(),
    Attribute::string("namespace", "Namespace of a service account."),
    Attribute::string("api_group", "`rbac.authorization.k8s.io` for users and groups; the server fills it in."),
];

const ROLE_REFERENCE: &[Attribute] = &[
    one_of!("kind", ["Role", "ClusterRole"], "What it is.").required(),
    Attribute::string("name", "Its name.").required(),
    Attribute::string("api_group", "The API's group of roles.").default_string("rbac.authorization.k8s.io"),
];

const ROLE_SCHEMA: ResourceSchema = object(
    "role",
    "Permissions within a namespace.",
    object_attributes![namespaced; objects!("rules", RULE, "What is allowed.").required()],
);

pub(crate) const ROLE: Kind = Kind::new(&ROLE_SCHEMA, API, "Role", "");

const CLUSTER_ROLE_SCHEMA: ResourceSchema = object(
    "cluster_role",
    "Permissions in the whole cluster, or to be bound in namespaces.",
    object_attributes![cluster;
        objects!("rules", RULE, "What is allowed."),
        Attribute::object(
            "aggregation_rule",
            &[objects!("cluster_role_selectors", meta::LABEL_SELECTOR, "Labels of cluster roles whose rules it takes.")],
            "Its rules are those of other cluster roles.",
        ),
    ],
);

pub(crate) const CLUSTER_ROLE: Kind = Kind::new(&CLUSTER_ROLE_SCHEMA, API, "ClusterRole", "");

const ROLE_BINDING_SCHEMA: ResourceSchema = object(
    "role_binding",
    "Who has a role, in a namespace.",
    object_attributes![namespaced;
        Attribute::object("role_ref", ROLE_REFERENCE, "The role.").required().create_only(),
        objects!("subjects", SUBJECT, "Who has it."),
    ],
);

pub(crate) const ROLE_BINDING: Kind = Kind::new(&ROLE_BINDING_SCHEMA, API, "RoleBinding", "");

const CLUSTER_ROLE_BINDING_SCHEMA: ResourceSchema = object(
    "cluster_role_binding",
    "Who has a cluster role, everywhere.",
    object_attributes![cluster;
        Attribute::object("role_ref", ROLE_REFERENCE, "The cluster role.").required().create_only(),
        objects!("subjects", SUBJECT, "Who has it."),
    ],
);

pub(crate) const CLUSTER_ROLE_BINDING: Kind = Kind::new(&CLUSTER_ROLE_BINDING_SCHEMA, API, "ClusterRoleBinding", "");
