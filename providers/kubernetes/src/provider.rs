//! The two providers and their connections: finding the type that a message is about.

use crate::configuration::{self, Configuration};
use crate::object::ObjectType;
use crate::registry::{Registry, Special};
use crate::session::Session;
use async_trait::async_trait;
use formwork_model::ValueBuf;
use formwork_model::schema::ProviderSchema;
use formwork_provider_api::{
    AccountIdentity, Applied, ConfigureRequest, Connection, CreateRequest, DeleteRequest, ExpandRequest, ExpandedRow,
    FindRequest, Finding, Found, ImportRequest, Limits, ListRequest, Listed, OperationSink, PlanRequest, PlanResponse,
    Provider, ProviderError, ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest,
    ValidateRequest,
};
use std::sync::Arc;

/// The provider `kubernetes`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kubernetes;

/// The provider `argocd`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Argocd;

fn validate(registry: &Registry, request: &ValidateRequest) -> Vec<Finding> {
    match request.type_name.as_deref() {
        None => configuration::findings(request.config.view()),
        Some(name) => registry.validate(name, request.config.view()),
    }
}

fn expand(registry: &Registry, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
    match registry.block(&request.type_name) {
        Some(block) => block(request),
        None => Err(ProviderError::unsupported(format!("`{}` is one object", request.type_name))),
    }
}

fn plan_offline(registry: &'static Registry, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
    match registry.special(&request.type_name) {
        Some(special) => Ok(special.plan(request)),
        None => registry.known_object(&request.type_name)?.plan_offline(request),
    }
}

async fn connect(registry: &'static Registry, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
    let block: Configuration = request.configuration.view().decode()?;
    let session = Session::open(&block, &request.environment).await?;
    Ok(Arc::new(Connected { session, registry }))
}

macro_rules! provider {
    ($name:ident, $registry:expr) => {
        #[async_trait]
        impl Provider for $name {
            fn schema(&self) -> &'static ProviderSchema {
                $registry.schema
            }

            fn validate(&self, request: &ValidateRequest) -> Vec<Finding> {
                validate($registry, request)
            }

            fn expand(&self, request: &ExpandRequest) -> Result<Vec<ExpandedRow>, ProviderError> {
                expand($registry, request)
            }

            fn plan_offline(&self, request: &PlanRequest) -> Result<PlanResponse, ProviderError> {
                plan_offline($registry, request)
            }

            async fn configure(&self, request: ConfigureRequest) -> Result<Arc<dyn Connection>, ProviderError> {
                connect($registry, request).await
            }
        }
    };
}

provider!(Kubernetes, &crate::registry::KUBERNETES);
provider!(Argocd, &crate::registry::ARGOCD);

struct Connected {
    session: Session,
    registry: &'static Registry,
}

impl Connected {
    fn object(&self, name: &str) -> Result<&'static ObjectType, ProviderError> {
        self.registry.known_object(name)
    }

    fn special(&self, name: &str) -> Option<&'static dyn Special> {
        self.registry.special(name)
    }
}

#[async_trait]
impl Connection for Connected {
    fn account(&self) -> AccountIdentity {
        self.session.account()
    }

    fn limits(&self) -> Limits {
        // API servers queue what is too much (API priority and fairness); this keeps one run from filling the queue.
        Limits { concurrent_changes: 32, calls_per_second: 0.0 }
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        match self.special(&request.type_name) {
            Some(special) => Ok(special.plan(&request)),
            None => self.object(&request.type_name)?.plan(&self.session, &request).await,
        }
    }

    fn plans(&self, type_name: &str) -> bool {
        self.registry.object(type_name).is_some() || self.special(type_name).is_some()
    }

    fn reads(&self, type_name: &str) -> bool {
        self.special(type_name).is_none()
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        match self.special(&request.type_name) {
            Some(_) => Ok(request.objects.into_iter().map(ReadOutcome::Present).collect()),
            None => self.object(&request.type_name)?.read_many(&self.session, request).await,
        }
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        match self.special(&request.type_name) {
            Some(special) => special.create(&self.session, &request, sink).await,
            None => self.object(&request.type_name)?.create(&self.session, &request, sink).await,
        }
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        match self.special(&request.type_name) {
            Some(special) => special.update(&self.session, &request, sink).await,
            None => self.object(&request.type_name)?.update(&self.session, &request, sink).await,
        }
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        match self.special(&request.type_name) {
            Some(_) => Ok(()),
            None => self.object(&request.type_name)?.delete(&self.session, &request, sink).await,
        }
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        match self.special(&request.type_name) {
            Some(_) => Ok(Found::Absent),
            None => self.object(&request.type_name)?.find(&self.session, &request).await,
        }
    }

    async fn reconfigure(&self, request: ConfigureRequest) -> Result<(), ProviderError> {
        let block: Configuration = request.configuration.view().decode()?;
        self.session.reconfigure(&block, &request.environment).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        self.object(&request.type_name)?.import(&self.session, &request).await
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        self.object(&request.type_name)?.list(&self.session).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        self.registry.read_data(&self.session, request).await
    }
}
