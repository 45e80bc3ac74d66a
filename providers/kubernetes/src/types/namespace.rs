//! `kubernetes.namespace`.

use crate::kind::Kind;
use crate::schema::{object, object_attributes};
use formwork_model::schema::ResourceSchema;

const SCHEMA: ResourceSchema = object(
    "namespace",
    "A namespace. Deleting it deletes all that is in it, and is waited for.",
    object_attributes![cluster;],
)
.timeouts(300, 300, 1800);

pub(crate) const NAMESPACE: Kind = Kind::new(&SCHEMA, "v1", "Namespace", "");
