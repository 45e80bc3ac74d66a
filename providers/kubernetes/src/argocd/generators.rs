//! The generators of an application set.

use super::application;
use crate::types::{any, objects, one_of};
use formwork_model::schema::Attribute;

/// The template of applications.
pub(crate) const TEMPLATE: &[Attribute] = &[
    Attribute::object(
        "metadata",
        &[
            Attribute::string("name", "Name; with parameters such as `{{.name}}`."),
            Attribute::string("namespace", "Namespace; the set's if absent."),
            Attribute::string_map("labels", "Labels."),
            Attribute::string_map("annotations", "Annotations."),
            Attribute::strings("finalizers", "Finalizers."),
        ],
        "Name, labels, annotations.",
    )
    .required(),
    Attribute::object("spec", application::SPECIFICATION, "The application.").required(),
];

/// A generator may change the set's template.
const OVERRIDE: Attribute = any!("template", "Parts of the template that are other ones here, in Argo CD's own form.");
const VALUES: Attribute = Attribute::string_map("values", "Further parameters.");
const REQUEUE: Attribute = Attribute::int("requeue_after_seconds", "How often it looks again.");

const SELECTOR: &[Attribute] = &[
    Attribute::string_map("match_labels", "Labels that must all be there."),
    objects!(
        "match_expressions",
        &[
            Attribute::string("key", "The label.").required(),
            one_of!("operator", ["In", "NotIn", "Exists", "DoesNotExist"], "How values are compared.").required(),
            Attribute::strings("values", "The values."),
        ],
        "Further requirements."
    ),
];

const SECRET_KEY: &[Attribute] = &[
    Attribute::string("secret_name", "The secret.").required(),
    Attribute::string("key", "The key in it.").required(),
];

const CONFIG_KEY: &[Attribute] = &[
    Attribute::string("config_map_name", "The config map.").required(),
    Attribute::string("key", "The key in it.").required(),
];

const TOKEN: Attribute = Attribute::object("token_ref", SECRET_KEY, "Secret with the token.");
const CA: Attribute = Attribute::object("ca_ref", CONFIG_KEY, "Config map with the CA.");
const INSECURE: Attribute = Attribute::boolean("insecure", "Whether any certificate is trusted.");
const ALL_BRANCHES: Attribute = Attribute::boolean("all_branches", "All branches, not only the default one.");
const LABELS: Attribute = Attribute::strings("labels", "Only with these labels.");
const API: Attribute = Attribute::string("api", "Address of its API.");
const BASIC: Attribute = Attribute::object(
    "basic_auth",
    &[
        Attribute::string("username", "User.").required(),
        Attribute::object("password_ref", SECRET_KEY, "Secret with the password.").required(),
    ],
    "User and password.",
);
const BEARER: Attribute = Attribute::object(
    "bearer_token",
    &[Attribute::object("token_ref", SECRET_KEY, "Secret with the token.").required()],
    "Token.",
);
const OWNER: Attribute = Attribute::string("owner", "Owner.").required();
const REPO: Attribute = Attribute::string("repo", "Repository.").required();

const SCM_PROVIDER: &[Attribute] = &[
    Attribute::object(
        "github",
        &[
            Attribute::string("organization", "Organization.").required(),
            API,
            TOKEN,
            Attribute::string("app_secret_name", "Secret of a GitHub App."),
            ALL_BRANCHES,
            Attribute::boolean("exclude_archived_repos", "Without archived repositories."),
        ],
        "GitHub.",
    ),
    Attribute::object(
        "gitlab",
        &[
            Attribute::string("group", "Group.").required(),
            API,
            TOKEN,
            ALL_BRANCHES,
            Attribute::boolean("include_subgroups", "With groups in it."),
            Attribute::boolean("include_shared_projects", "With projects shared with it."),
            Attribute::boolean("include_archived_repos", "With archived projects."),
            Attribute::string("topic", "Only with this topic."),
            INSECURE,
            CA,
        ],
        "GitLab.",
    ),
    Attribute::object(
        "gitea",
        &[
            OWNER,
            API.required(),
            TOKEN,
            ALL_BRANCHES,
            Attribute::boolean("exclude_archived_repos", "Without archived repositories."),
            INSECURE,
        ],
        "Gitea.",
    ),
    Attribute::object(
        "bitbucket",
        &[
            OWNER,
            Attribute::string("user", "User.").required(),
            Attribute::object("app_password_ref", SECRET_KEY, "Secret with the password.").required(),
            ALL_BRANCHES,
        ],
        "Bitbucket Cloud.",
    ),
    Attribute::object(
        "bitbucket_server",
        &[
            Attribute::string("project", "Project.").required(),
            API.required(),
            BASIC,
            BEARER,
            ALL_BRANCHES,
            INSECURE,
            CA,
        ],
        "Bitbucket Server.",
    ),
    Attribute::object(
        "azure_dev_ops",
        &[
            Attribute::string("organization", "Organization.").required(),
            Attribute::string("team_project", "Project.").required(),
            Attribute::object("access_token_ref", SECRET_KEY, "Secret with the token.").required(),
            API,
            ALL_BRANCHES,
        ],
        "Azure DevOps.",
    ),
    Attribute::object(
        "aws_code_commit",
        &[
            Attribute::string("region", "Region."),
            Attribute::string("role", "Role to take on."),
            objects!(
                "tag_filters",
                &[Attribute::string("key", "The tag.").required(), Attribute::string("value", "Its value.")],
                "Only with these tags."
            ),
            ALL_BRANCHES,
        ],
        "AWS CodeCommit.",
    ),
    objects!(
        "filters",
        &[
            Attribute::string("repository_match", "Pattern of names."),
            Attribute::string("branch_match", "Pattern of branches."),
            Attribute::string("label_match", "Pattern of labels."),
            Attribute::strings("paths_exist", "With all these paths."),
            Attribute::strings("paths_do_not_exist", "With none of these paths."),
        ],
        "Which repositories; one of them must fit."
    ),
    one_of!("clone_protocol", ["ssh", "https"], "How repositories are cloned."),
    REQUEUE,
    VALUES,
    OVERRIDE,
];

const PULL_REQUEST: &[Attribute] = &[
    Attribute::object(
        "github",
        &[OWNER, REPO, API, TOKEN, Attribute::string("app_secret_name", "Secret of a GitHub App."), LABELS],
        "GitHub.",
    ),
    Attribute::object(
        "gitlab",
        &[
            Attribute::string("project", "Project.").required(),
            API,
            TOKEN,
            LABELS,
            one_of!("pull_request_state", ["opened", "closed", "merged", "locked"], "Only in this state."),
            INSECURE,
            CA,
        ],
        "GitLab.",
    ),
    Attribute::object("gitea", &[OWNER, REPO, API.required(), TOKEN, LABELS, INSECURE], "Gitea."),
    Attribute::object("bitbucket", &[OWNER, REPO, API, BASIC, BEARER], "Bitbucket Cloud."),
    Attribute::object(
        "bitbucket_server",
        &[Attribute::string("project", "Project.").required(), REPO, API.required(), BASIC, BEARER, INSECURE, CA],
        "Bitbucket Server.",
    ),
    Attribute::object(
        "azuredevops",
        &[
            Attribute::string("organization", "Organization.").required(),
            Attribute::string("project", "Project.").required(),
            REPO,
            API,
            TOKEN,
            LABELS,
        ],
        "Azure DevOps.",
    ),
    objects!(
        "filters",
        &[
            Attribute::string("branch_match", "Pattern of branches."),
            Attribute::string("target_branch_match", "Pattern of branches that they go to."),
            Attribute::string("title_match", "Pattern of titles."),
        ],
        "Which pull requests; one of them must fit."
    ),
    Attribute::boolean(
        "continue_on_repo_not_found_error",
        "A missing repository has no pull requests, and is no error.",
    ),
    REQUEUE,
    VALUES,
    OVERRIDE,
];

const PATHS: &[Attribute] =
    &[Attribute::string("path", "Pattern of paths.").required(), Attribute::boolean("exclude", "Without these.")];

const CLUSTERS: Attribute = Attribute::object(
    "clusters",
    &[
        Attribute::object("selector", SELECTOR, "Labels of the clusters' secrets; absent means all clusters."),
        Attribute::boolean("flat_list", "Whether all clusters are one set of parameters."),
        VALUES,
        OVERRIDE,
    ],
    "One for each cluster that Argo CD knows.",
);
const DECISION: Attribute = Attribute::object(
    "cluster_decision_resource",
    &[
        Attribute::string("config_map_ref", "Config map that says of which kind the resource is.").required(),
        Attribute::string("name", "Its name."),
        Attribute::object("label_selector", SELECTOR, "Or its labels."),
        REQUEUE,
        VALUES,
        OVERRIDE,
    ],
    "One for each cluster that another resource decides on.",
);
const GIT: Attribute = Attribute::object(
    "git",
    &[
        Attribute::string("repo_url", "The repository.").vendor("repoURL").required(),
        Attribute::string("revision", "Branch, tag or commit.").required(),
        objects!("directories", PATHS, "One for each of these directories."),
        objects!("files", PATHS, "One for each entry of these files."),
        Attribute::string("path_param_prefix", "Put before the names of path parameters."),
        REQUEUE,
        VALUES,
        OVERRIDE,
    ],
    "One for each directory or file of a repository.",
);
const LIST: Attribute = Attribute::object(
    "list",
    &[
        Attribute::new(
            "elements",
            formwork_model::schema::AttributeType::List(&formwork_model::schema::AttributeType::Any),
            "The parameters of each.",
        ),
        Attribute::string("elements_yaml", "Or the same as YAML, made by another generator."),
        OVERRIDE,
    ],
    "One for each element of a list.",
);
const GENERATOR_PLUGIN: Attribute = Attribute::object(
    "plugin",
    &[
        Attribute::object(
            "config_map_ref",
            &[Attribute::string("name", "Its name.").required()],
            "Config map that says where the plugin is.",
        )
        .required(),
        Attribute::object(
            "input",
            &[Attribute::new(
                "parameters",
                formwork_model::schema::AttributeType::Map(&formwork_model::schema::AttributeType::Any),
                "Parameters.",
            )],
            "What the plugin is asked with.",
        ),
        REQUEUE,
        VALUES,
        OVERRIDE,
    ],
    "One for each answer of a plugin.",
);
const PULL_REQUESTS: Attribute = Attribute::object("pull_request", PULL_REQUEST, "One for each pull request.");
const REPOSITORIES: Attribute = Attribute::object("scm_provider", SCM_PROVIDER, "One for each repository of an owner.");
const CHOSEN: Attribute = Attribute::object("selector", SELECTOR, "Only parameters that fit.");

macro_rules! combined {
    ($inner:expr) => {
        Attribute::object(
            "matrix",
            &[objects!("generators", $inner, "Two generators.").required(), OVERRIDE],
            "Every parameter of one with every parameter of the other.",
        )
    };
    ($inner:expr, merge) => {
        Attribute::object(
            "merge",
            &[
                objects!("generators", $inner, "The generators; later ones go over the first.").required(),
                Attribute::strings("merge_keys", "Parameters that tell which belong together.").required(),
                OVERRIDE,
            ],
            "Parameters of one with what others say of the same.",
        )
    };
}

/// A generator in a matrix or merge. How deep they go is open in Argo CD's own definition, too.
const INNER: &[Attribute] = &[
    LIST,
    CLUSTERS,
    GIT,
    REPOSITORIES,
    PULL_REQUESTS,
    DECISION,
    GENERATOR_PLUGIN,
    any!("matrix", "Another matrix, in Argo CD's own form."),
    any!("merge", "Another merge, in Argo CD's own form."),
    CHOSEN,
];

/// A generator: one of them, and a selector.
pub(crate) const GENERATOR: &[Attribute] = &[
    LIST,
    CLUSTERS,
    GIT,
    REPOSITORIES,
    PULL_REQUESTS,
    DECISION,
    GENERATOR_PLUGIN,
    combined!(INNER),
    combined!(INNER, merge),
    CHOSEN,
];
