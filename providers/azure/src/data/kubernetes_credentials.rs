//! `data azure.kubernetes_credentials`: the kubeconfig of a cluster that somebody else manages. A cluster of this stack has its
//! own in `kubeconfig`.

use super::Data;
use crate::arm::ResourceId;
use crate::resource::identity::text;
use crate::resources::kubernetes_cluster::{Whose, credentials};
use crate::schema::choice;
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::schema::{Attribute, Equality, ResourceSchema};
use formwork_model::{AttributePath, Map, Value};
use formwork_provider_api::ProviderError;

const ATTRIBUTES: &[Attribute] = &[
    Attribute::reference("cluster", &["azure.kubernetes_cluster"], "The cluster, or its id.")
        .required()
        .equality(Equality::CaseInsensitive),
    choice(
        "role",
        &["admin", "user", "monitoring"],
        "Whose: that of an administrator (not where local accounts are off), of a user, or of one who watches.",
    )
    .default_string("admin"),
    Attribute::string("name", "Name that AKS gives it: `clusterAdmin`, `clusterUser`.").computed(),
    Attribute::string("kubeconfig", "The kubeconfig.").computed().secret(),
];

/// The schema.
pub(crate) const SCHEMA: ResourceSchema =
    ResourceSchema::new("kubernetes_credentials", "The kubeconfig of an AKS cluster that somebody else manages.")
        .attributes(ATTRIBUTES)
        .identity(&[]);

/// The data source.
pub(crate) static SOURCE: KubernetesCredentials = KubernetesCredentials;

/// See [`SCHEMA`].
pub(crate) struct KubernetesCredentials;

#[async_trait]
impl Data for KubernetesCredentials {
    async fn read(&self, session: &Session, config: &Map) -> Result<Map, ProviderError> {
        let said = text(config, "cluster").unwrap_or_default();
        let id = ResourceId::expect(said).map_err(|error| error.at(AttributePath::member("cluster")))?;
        let role = text(config, "role").unwrap_or("admin");
        let whose = match role {
            "user" => Whose::User,
            "monitoring" => Whose::Monitoring,
            _ => Whose::Admin,
        };
        let (name, kubeconfig) = credentials(session, &id, whose).await?;
        Ok([
            ("cluster".into(), Value::string(said)),
            ("role".into(), Value::string(role)),
            ("name".into(), Value::string(name)),
            ("kubeconfig".into(), Value::string(kubeconfig).secret()),
        ]
        .into_iter()
        .collect())
    }
}
