//! Which types there are: one line each.

use crate::object::ObjectType;
use crate::session::Session;
use crate::types::{
    autoscaling, config, deployment, ingress, limits, namespace, network_policy, rbac, service, storage,
};
use crate::{argocd, configuration, data, expand, schema};
use async_trait::async_trait;
use formwork_model::schema::{ProviderSchema, ResourceSchema};
use formwork_model::{ValueBuf, ValueRef};
use formwork_provider_api::{
    Applied, CreateRequest, ExpandRequest, ExpandedRow, Finding, OperationSink, PlanRequest, PlanResponse,
    ProviderError, ReadDataRequest, UpdateRequest,
};

/// How a block becomes many rows.
pub(crate) type Block = fn(&ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError>;

/// A type that is no object: what it makes is in the state alone.
#[async_trait]
pub(crate) trait Special: Send + Sync {
    /// What it will be; needs no API server.
    fn plan(&self, request: &PlanRequest) -> PlanResponse;

    async fn create(
        &self,
        session: &Session,
        request: &CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;

    async fn update(
        &self,
        session: &Session,
        request: &UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;
}

/// The types of a provider.
pub(crate) struct Registry {
    pub(crate) schema: &'static ProviderSchema,
    objects: &'static [ObjectType],
    blocks: &'static [(&'static str, Block)],
    specials: &'static [(&'static str, &'static dyn Special)],
}

impl Registry {
    pub(crate) fn object(&self, name: &str) -> Option<&'static ObjectType> {
        self.objects.iter().find(|object| object.schema.name == name)
    }

    /// The type of that name.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn known_object(&self, name: &str) -> Result<&'static ObjectType, ProviderError> {
        let unknown = || ProviderError::unsupported(format!("there is no type `{}.{name}`", self.schema.name));
        self.object(name).ok_or_else(unknown)
    }

    pub(crate) fn block(&self, name: &str) -> Option<Block> {
        self.blocks.iter().find(|(known, _)| *known == name).map(|(_, block)| *block)
    }

    pub(crate) fn special(&self, name: &str) -> Option<&'static dyn Special> {
        self.specials.iter().find(|(known, _)| *known == name).map(|(_, special)| *special)
    }

    /// What can be said of a config offline.
    pub(crate) fn validate(&self, name: &str, config: ValueRef<'_>) -> Vec<Finding> {
        match self.object(name) {
            Some(object) => object.findings(config),
            None => Vec::new(),
        }
    }

    pub(crate) async fn read_data(
        &self,
        session: &Session,
        request: ReadDataRequest,
    ) -> Result<ValueBuf, ProviderError> {
        match self.schema.data_source(&request.type_name) {
            Some(_) => data::read(session, &request.config).await,
            None => Err(ProviderError::unsupported(format!("there is no data source `{}`", request.type_name))),
        }
    }
}

const MANIFEST: ResourceSchema = schema::open("manifest", "Any object, as a manifest.");
const OBJECT: ResourceSchema = schema::open("object", "An object of an installation, as a manifest.");

/// Provider `kubernetes`.
pub(crate) static KUBERNETES: Registry = Registry {
    schema: &ProviderSchema {
        name: "kubernetes",
        version: env!("CARGO_PKG_VERSION"),
        docs: "Objects of a Kubernetes cluster, by server-side apply.",
        configuration: configuration::ATTRIBUTES,
        configuration_rules: crate::configuration::RULES,
        resources: &[
            expand::chart::SCHEMA,
            *rbac::CLUSTER_ROLE.schema,
            *rbac::CLUSTER_ROLE_BINDING.schema,
            *config::CONFIG_MAP.schema,
            *deployment::DEPLOYMENT.schema,
            *autoscaling::HORIZONTAL_POD_AUTOSCALER.schema,
            *ingress::INGRESS.schema,
            expand::kustomize::SCHEMA,
            *limits::LIMIT_RANGE.schema,
            MANIFEST,
            expand::manifests::SCHEMA,
            *namespace::NAMESPACE.schema,
            *network_policy::NETWORK_POLICY.schema,
            *limits::POD_DISRUPTION_BUDGET.schema,
            *config::PRIORITY_CLASS.schema,
            expand::rendering::SCHEMA,
            *limits::RESOURCE_QUOTA.schema,
            *rbac::ROLE.schema,
            *rbac::ROLE_BINDING.schema,
            *config::SECRET.schema,
            *service::SERVICE.schema,
            *config::SERVICE_ACCOUNT.schema,
            *storage::STORAGE_CLASS.schema,
        ],
        data: &[data::SCHEMA],
        ephemerals: &[],
        secrets: &[],
    },
    objects: &[
        ObjectType::open(&MANIFEST),
        ObjectType::typed(&rbac::CLUSTER_ROLE),
        ObjectType::typed(&rbac::CLUSTER_ROLE_BINDING),
        ObjectType::typed(&config::CONFIG_MAP),
        ObjectType::typed(&deployment::DEPLOYMENT),
        ObjectType::typed(&autoscaling::HORIZONTAL_POD_AUTOSCALER),
        ObjectType::typed(&ingress::INGRESS),
        ObjectType::typed(&limits::LIMIT_RANGE),
        ObjectType::typed(&namespace::NAMESPACE),
        ObjectType::typed(&network_policy::NETWORK_POLICY),
        ObjectType::typed(&limits::POD_DISRUPTION_BUDGET),
        ObjectType::typed(&config::PRIORITY_CLASS),
        ObjectType::typed(&limits::RESOURCE_QUOTA),
        ObjectType::typed(&rbac::ROLE),
        ObjectType::typed(&rbac::ROLE_BINDING),
        ObjectType::typed(&config::SECRET),
        ObjectType::typed(&service::SERVICE),
        ObjectType::typed(&config::SERVICE_ACCOUNT),
        ObjectType::typed(&storage::STORAGE_CLASS),
    ],
    blocks: &[
        ("chart", expand::chart::expand),
        ("kustomize", expand::kustomize::expand),
        ("manifests", expand::manifests::expand),
    ],
    specials: &[("rendering", &expand::rendering::Recorded)],
};

/// Provider `argocd`.
pub(crate) static ARGOCD: Registry = Registry {
    schema: &ProviderSchema {
        name: "argocd",
        version: env!("CARGO_PKG_VERSION"),
        docs: "Argo CD: its installation, and what it is told to keep in sync.",
        configuration: configuration::ATTRIBUTES,
        configuration_rules: crate::configuration::RULES,
        resources: &[
            *argocd::application::APPLICATION.schema,
            *argocd::application_set::APPLICATION_SET.schema,
            *argocd::cluster::CLUSTER.schema,
            argocd::install::SCHEMA,
            OBJECT,
            *argocd::project::PROJECT.schema,
            *argocd::repository::REPOSITORY.schema,
            *argocd::repository::REPOSITORY_CREDENTIALS.schema,
            argocd::synced::SCHEMA,
        ],
        data: &[],
        ephemerals: &[],
        secrets: &[],
    },
    objects: &[
        ObjectType::open(&OBJECT),
        ObjectType::typed(&argocd::application::APPLICATION),
        ObjectType::typed(&argocd::application_set::APPLICATION_SET),
        ObjectType::typed(&argocd::cluster::CLUSTER),
        ObjectType::typed(&argocd::project::PROJECT),
        ObjectType::typed(&argocd::repository::REPOSITORY),
        ObjectType::typed(&argocd::repository::REPOSITORY_CREDENTIALS),
    ],
    blocks: &[("install", argocd::install::expand)],
    specials: &[("synced", &argocd::synced::Synced)],
};
