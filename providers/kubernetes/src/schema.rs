//! What all types have in common: how they are identified, waited for, applied and deleted.

use formwork_model::schema::{
    Attribute, AttributeType, Capabilities, Default as Preset, Limit, Recognition, ResourceSchema,
};

pub(crate) const FORCE: Attribute =
    Attribute::boolean("force", "Take over fields that others own, instead of failing.").default_bool(false);

pub(crate) const PROPAGATION_POLICY: Attribute = Attribute::new(
    "propagation_policy",
    AttributeType::Enum(&["Background", "Foreground", "Orphan"]),
    "What becomes of dependants (a Deployment's pods) on delete: they go after it, before it, or stay.",
)
.default_string("Background");

/// The requirements of `wait`.
pub(crate) const WAIT_FIELDS: &[Attribute] = &[
    Attribute::boolean("rollout", "A workload's rollout is complete (Deployment, StatefulSet, DaemonSet, Job, Pod)."),
    Attribute::boolean("established", "A definition (CRD) is established."),
    Attribute::string_map(
        "condition",
        "Conditions of its status with the status that they must have: `{ Ready = \"True\" }`.",
    ),
    Attribute::string_map(
        "field",
        "Fields with the text that they must have: `{ \"status.phase\" = \"Bound\" }`; `*` is any text. Items of lists by number.",
    ),
    Attribute::new("timeout", AttributeType::Duration, "How long to wait; then the object is recorded as incomplete.")
        .limits(&[Limit::Range(1000, 86_400_000)])
        .default(Preset::Duration(600_000)),
];

pub(crate) const WAIT: Attribute =
    Attribute::object("wait", WAIT_FIELDS, "What must be so before what depends on it goes on.");

pub(crate) const ID: Attribute = Attribute::string(
    "id",
    "`group/Kind/namespace/name`; the core group is `core`, objects outside of namespaces have none.",
)
.computed();

pub(crate) const UID: Attribute = Attribute::string("uid", "The server's id of it.").vendor("metadata.uid").computed();

pub(crate) const ADMITTED: Attribute = Attribute::new(
    "admitted",
    AttributeType::Any,
    "What the server adds by defaults and admission, as the plan's dry run said; seen before apply. Later changes of it are not drift.",
)
.computed();

pub(crate) const NAME: Attribute =
    Attribute::string("name", "Its name.").vendor("metadata.name").required().create_only();

pub(crate) const NAMESPACE: Attribute =
    Attribute::reference("namespace", &["kubernetes.namespace"], "Namespace that it lies in.")
        .vendor("metadata.namespace")
        .create_only()
        .default_string("default");

pub(crate) const ARGOCD_NAMESPACE: Attribute =
    Attribute::reference("namespace", &["kubernetes.namespace"], "Namespace that Argo CD is installed in.")
        .vendor("metadata.namespace")
        .create_only()
        .default_string("argocd");

pub(crate) const LABELS: Attribute = Attribute::string_map("labels", "Labels.").vendor("metadata.labels");

pub(crate) const ANNOTATIONS: Attribute =
    Attribute::string_map("annotations", "Annotations.").vendor("metadata.annotations");

/// The attributes of a typed object: those given, among those that all have.
macro_rules! object_attributes {
    (namespaced; $($attribute:expr),* $(,)?) => {
        &[
            $crate::schema::NAME, $crate::schema::NAMESPACE, $crate::schema::LABELS, $crate::schema::ANNOTATIONS,
            $($attribute,)*
            $crate::schema::WAIT, $crate::schema::FORCE, $crate::schema::PROPAGATION_POLICY,
            $crate::schema::ID, $crate::schema::UID, $crate::schema::ADMITTED,
        ]
    };
    (argocd; $($attribute:expr),* $(,)?) => {
        &[
            $crate::schema::NAME, $crate::schema::ARGOCD_NAMESPACE, $crate::schema::LABELS, $crate::schema::ANNOTATIONS,
            $($attribute,)*
            $crate::schema::WAIT, $crate::schema::FORCE, $crate::schema::PROPAGATION_POLICY,
            $crate::schema::ID, $crate::schema::UID, $crate::schema::ADMITTED,
        ]
    };
    (secret; $($attribute:expr),* $(,)?) => {
        &[
            $crate::schema::NAME, $crate::schema::ARGOCD_NAMESPACE,
            $($attribute,)*
            $crate::schema::ANNOTATIONS,
            $crate::schema::FORCE, $crate::schema::PROPAGATION_POLICY,
            $crate::schema::ID, $crate::schema::UID, $crate::schema::ADMITTED,
        ]
    };
    (cluster; $($attribute:expr),* $(,)?) => {
        &[
            $crate::schema::NAME, $crate::schema::LABELS, $crate::schema::ANNOTATIONS,
            $($attribute,)*
            $crate::schema::WAIT, $crate::schema::FORCE, $crate::schema::PROPAGATION_POLICY,
            $crate::schema::ID, $crate::schema::UID, $crate::schema::ADMITTED,
        ]
    };
}
pub(crate) use object_attributes;

/// What can be done with a typed object.
pub(crate) const OBJECT: Capabilities =
    Capabilities { update: true, find: true, batch_read: true, list: true, import: true, expand: false, repair: true };

/// What can be done with a block that becomes many objects.
pub(crate) const BLOCK: Capabilities = Capabilities {
    update: false,
    find: false,
    batch_read: false,
    list: false,
    import: false,
    expand: true,
    repair: false,
};

/// The schema of a typed object.
pub(crate) const fn object(name: &'static str, docs: &'static str, attributes: &'static [Attribute]) -> ResourceSchema {
    ResourceSchema::new(name, docs)
        .attributes(attributes)
        // By `id` it is found; what refers to it says its name.
        .identity(&["id", "name"])
        .identified_in_account_by("id")
        .natural_key("name")
        .recognised_by(Recognition::Name)
        .capabilities(OBJECT)
        .import_help("`namespace/name`, or `name` alone outside of namespaces")
}

/// The schema of a block that becomes many objects.
pub(crate) const fn block(name: &'static str, docs: &'static str, attributes: &'static [Attribute]) -> ResourceSchema {
    ResourceSchema::new(name, docs).attributes(attributes).identity(&[]).capabilities(BLOCK)
}

/// Any object: `kubernetes.manifest`, `argocd.object`.
pub(crate) const fn open(name: &'static str, docs: &'static str) -> ResourceSchema {
    ResourceSchema::new(name, docs)
        .attributes(OPEN_ATTRIBUTES)
        .identified_in_account_by("id")
        .recognised_by(Recognition::Name)
        .capabilities(Capabilities { list: false, ..OBJECT })
        .import_help("`[apiVersion/]Kind/namespace/name`, or `[apiVersion/]Kind/name` outside of namespaces")
}

const OPEN_ATTRIBUTES: &[Attribute] = &[
    Attribute::new("manifest", AttributeType::Any, "The object, in Kubernetes' own form and names.")
        .required()
        .secret_members(&[formwork_model::schema::SecretMembers {
            when: ("kind", "Secret"),
            members: &["data", "stringData"],
        }]),
    WAIT,
    FORCE,
    PROPAGATION_POLICY,
    ID,
    Attribute::string("api_version", "Its group and version.").computed(),
    Attribute::string("kind", "Its kind.").computed(),
    Attribute::string("namespace", "Its namespace; absent outside of namespaces.").computed(),
    Attribute::string("name", "Its name.").computed(),
    UID,
    ADMITTED,
];
