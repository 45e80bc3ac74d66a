//! From where an application's manifests come.

use crate::types::{any, objects};
use formwork_model::schema::Attribute;

const PARAMETER: &[Attribute] = &[
    Attribute::string("name", "Its name."),
    Attribute::string("value", "Its value."),
    Attribute::boolean("force_string", "Whether it stays a text."),
];

/// What Helm is told.
const HELM: &[Attribute] = &[
    any!("values_object", "Values, over those of the chart and of `value_files`."),
    Attribute::strings("value_files", "Files with values; `$name/…` lies in the source with `ref = \"name\"`."),
    Attribute::string("values", "Values as YAML text; better `values_object`."),
    objects!("parameters", PARAMETER, "Single values."),
    objects!(
        "file_parameters",
        &[Attribute::string("name", "Its name."), Attribute::string("path", "The file.")],
        "Single values from files."
    ),
    Attribute::string("release_name", "Name of the release; the application's if absent."),
    Attribute::string("namespace", "Namespace that the chart is told."),
    Attribute::string("version", "Version of Helm, `v3`."),
    Attribute::boolean("skip_crds", "Leave the chart's definitions out."),
    Attribute::boolean("skip_tests", "Leave the chart's tests out."),
    Attribute::boolean("skip_schema_validation", "Do not check values against the chart's schema."),
    Attribute::boolean("ignore_missing_value_files", "Files of values may be missing."),
    Attribute::boolean("pass_credentials", "Send credentials to all hosts of the repository."),
    Attribute::string("kube_version", "Version of Kubernetes that the chart is told."),
    Attribute::strings("api_versions", "Groups and versions that the chart is told."),
];

const PATCH_TARGET: &[Attribute] = &[
    Attribute::string("group", "Group."),
    Attribute::string("version", "Version."),
    Attribute::string("kind", "Kind."),
    Attribute::string("name", "Name."),
    Attribute::string("namespace", "Namespace."),
    Attribute::string("label_selector", "Labels."),
    Attribute::string("annotation_selector", "Annotations."),
];

/// What kustomize is told.
const KUSTOMIZE: &[Attribute] = &[
    Attribute::string("name_prefix", "Put before names."),
    Attribute::string("name_suffix", "Put behind names."),
    Attribute::string("namespace", "Namespace of everything."),
    Attribute::strings("images", "Other images: `name=new:tag`."),
    objects!(
        "replicas",
        &[Attribute::string("name", "The workload.").required(), any!("count", "How many.").required()],
        "Other numbers of replicas."
    ),
    Attribute::string_map("common_labels", "Labels of everything."),
    Attribute::string_map("common_annotations", "Annotations of everything."),
    Attribute::boolean("common_annotations_envsubst", "Whether variables in annotations are filled in."),
    Attribute::boolean("force_common_labels", "Whether labels replace those that are there."),
    Attribute::boolean("force_common_annotations", "Whether annotations replace those that are there."),
    Attribute::boolean("label_without_selector", "Whether labels stay out of selectors."),
    Attribute::boolean("label_include_templates", "Whether labels go into templates all the same."),
    Attribute::strings("components", "Components."),
    Attribute::boolean("ignore_missing_components", "Components may be missing."),
    objects!(
        "patches",
        &[
            Attribute::string("patch", "The patch as text."),
            Attribute::string("path", "Or its file."),
            Attribute::object("target", PATCH_TARGET, "What it is for."),
            Attribute::new(
                "options",
                formwork_model::schema::AttributeType::Map(&formwork_model::schema::AttributeType::Bool),
                "Options.",
            ),
        ],
        "Patches."
    ),
    Attribute::string("version", "Version of kustomize, as configured in Argo CD."),
    Attribute::string("kube_version", "Version of Kubernetes that charts in it are told."),
    Attribute::strings("api_versions", "Groups and versions that charts in it are told."),
];

const JSONNET_VARIABLE: &[Attribute] = &[
    Attribute::string("name", "Its name.").required(),
    Attribute::string("value", "Its value.").required(),
    Attribute::boolean("code", "Whether it is code."),
];

const DIRECTORY: &[Attribute] = &[
    Attribute::boolean("recurse", "Whether directories in it count."),
    Attribute::string("include", "Only files of this pattern."),
    Attribute::string("exclude", "Without files of this pattern."),
    Attribute::object(
        "jsonnet",
        &[
            objects!("ext_vars", JSONNET_VARIABLE, "External variables."),
            objects!("tlas", JSONNET_VARIABLE, "Arguments at the top level."),
            Attribute::strings("libs", "Libraries."),
        ],
        "What Jsonnet is told.",
    ),
];

const PLUGIN: &[Attribute] = &[
    Attribute::string("name", "Its name; else it is found out."),
    objects!(
        "env",
        &[Attribute::string("name", "Its name.").required(), Attribute::string("value", "Its value.").required()],
        "Variables."
    ),
    objects!(
        "parameters",
        &[
            Attribute::string("name", "Its name."),
            Attribute::string("string", "A text."),
            Attribute::strings("array", "Or texts."),
            Attribute::string_map("map", "Or texts by key."),
        ],
        "Parameters."
    ),
];

const REPO_URL: Attribute =
    Attribute::string("repo_url", "The repository: Git, a Helm repository, or an OCI registry.")
        .vendor("repoURL")
        .required();
const TARGET_REVISION: Attribute =
    Attribute::string("target_revision", "Branch, tag, commit, or a chart's version; else the default branch.");

/// A source.
pub(crate) const SOURCE: &[Attribute] = &[
    REPO_URL,
    TARGET_REVISION,
    Attribute::string("path", "Directory in a Git repository."),
    Attribute::string("chart", "Chart of a Helm repository."),
    Attribute::string("ref", "Name by which value files of other sources refer to it."),
    Attribute::string("name", "Its name among the application's sources."),
    Attribute::string("tag_prefix", "Only tags that begin so count for `target_revision`."),
    Attribute::object("helm", HELM, "What Helm is told."),
    Attribute::object("kustomize", KUSTOMIZE, "What kustomize is told."),
    Attribute::object("directory", DIRECTORY, "How plain manifests are read."),
    Attribute::object("plugin", PLUGIN, "A plugin that makes the manifests."),
];

/// Rendered manifests are committed to a branch, and synced from there.
pub(crate) const HYDRATOR: &[Attribute] = &[
    Attribute::object(
        "dry_source",
        &[
            REPO_URL,
            TARGET_REVISION.required(),
            Attribute::string("path", "Directory.").required(),
            Attribute::object("helm", HELM, "What Helm is told."),
            Attribute::object("kustomize", KUSTOMIZE, "What kustomize is told."),
            Attribute::object("directory", DIRECTORY, "How plain manifests are read."),
            Attribute::object("plugin", PLUGIN, "A plugin that makes the manifests."),
        ],
        "What is rendered.",
    )
    .required(),
    Attribute::object(
        "sync_source",
        &[
            Attribute::string("target_branch", "The branch.").required(),
            Attribute::string("path", "Directory.").required(),
            Attribute::string("repo_url", "The repository; else that of `dry_source`.").vendor("repoURL"),
        ],
        "Where it is synced from.",
    )
    .required(),
    Attribute::object(
        "hydrate_to",
        &[Attribute::string("target_branch", "The branch.").required()],
        "Where it is committed; else where it is synced from.",
    ),
];
