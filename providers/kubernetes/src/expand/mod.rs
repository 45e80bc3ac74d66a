//! Blocks that become many objects: streams of manifests, kustomizations, charts.

pub(crate) mod chart;
pub(crate) mod fetch;
pub(crate) mod kustomize;
pub(crate) mod manifests;
pub(crate) mod program;
pub(crate) mod rendering;
pub(crate) mod rows;
pub(crate) mod stream;

use formwork_model::schema::{Attribute, Default as Preset};

/// Attributes that all such blocks have.
pub(crate) const WAIT: Attribute =
    Attribute::boolean("wait", "Wait until workloads are rolled out. Definitions (CRDs) are always waited for.")
        .default_bool(false);
pub(crate) const FORCE: Attribute = crate::schema::FORCE;
pub(crate) const NAMESPACE: Attribute = Attribute::reference(
    "namespace",
    &["kubernetes.namespace"],
    "Namespace of objects that say none; `default` if absent.",
);
pub(crate) const SHA256: Attribute =
    Attribute::string("sha256", "Digest of the text, as 64 hexadecimal digits; any other text is refused.");
pub(crate) const NO_TEXTS: Preset = Preset::Empty;
pub(crate) const RENDERED_SHA256: Attribute =
    Attribute::string("sha256", "Digest that the rendered text must have; an error tells the one that it has.");
