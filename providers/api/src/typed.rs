//! A connection to a cloud whose types are a table: each message goes to the type that it is about.

use crate::{
    AccountIdentity, Applied, Connection, CreateRequest, DeleteRequest, FindRequest, Finding, Found, ImportRequest,
    Limits, ListRequest, Listed, OpenRequest, Opened, OperationSink, PlanRequest, PlanResponse, ProviderError,
    ReadDataRequest, ReadManyRequest, ReadOutcome, StoredObject, UpdateRequest, ValidateRequest,
};
use async_trait::async_trait;
use formwork_model::{ValueBuf, ValueRef};

/// A session with a cloud: credentials and clients, and which types there are.
pub trait Cloud: Send + Sync + Sized + 'static {
    /// The provider's name, such as `aws`.
    const NAME: &'static str;

    /// See [`Connection::account`].
    fn account_identity(&self) -> AccountIdentity;

    /// See [`Connection::limits`].
    fn limits(&self) -> Limits;

    /// The resource type of this name.
    fn resource(name: &str) -> Option<&'static dyn ResourceType<Self>>;

    /// The data source of this name.
    fn data_source(name: &str) -> Option<&'static dyn DataSource<Self>>;

    /// The ephemeral type of this name.
    fn ephemeral(name: &str) -> Option<&'static dyn EphemeralType<Self>>;
}

/// A resource type: messages of the contract in, messages out. Each call is the [`Connection`]'s of the same name.
#[async_trait]
pub trait ResourceType<C: Sync>: Send + Sync {
    /// See [`Provider::validate`](crate::Provider::validate).
    fn validate(&self, config: ValueRef<'_>) -> Vec<Finding>;

    /// See [`Connection::plan`].
    ///
    /// # Errors
    /// See there.
    fn plan(&self, session: &C, request: PlanRequest) -> Result<PlanResponse, ProviderError>;

    /// What only the cloud can tell of a plan: it may add findings. `is_new`: nothing is there that is changed.
    ///
    /// # Errors
    /// See [`Connection::plan`].
    async fn foresee(&self, session: &C, is_new: bool, response: &mut PlanResponse) -> Result<(), ProviderError> {
        let _ = (session, is_new, response);
        Ok(())
    }

    /// See [`Connection::read_many`].
    ///
    /// # Errors
    /// See there.
    async fn read_many(&self, session: &C, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError>;

    /// See [`Connection::create`].
    ///
    /// # Errors
    /// See there.
    async fn create(
        &self,
        session: &C,
        request: CreateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;

    /// See [`Connection::update`].
    ///
    /// # Errors
    /// See there.
    async fn update(
        &self,
        session: &C,
        request: UpdateRequest,
        sink: &dyn OperationSink,
    ) -> Result<Applied, ProviderError>;

    /// See [`Connection::delete`].
    ///
    /// # Errors
    /// See there.
    async fn delete(&self, session: &C, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError>;

    /// See [`Connection::find`].
    ///
    /// # Errors
    /// See there.
    async fn find(&self, session: &C, request: FindRequest) -> Result<Found, ProviderError>;

    /// See [`Connection::import`].
    ///
    /// # Errors
    /// See there.
    async fn import(&self, session: &C, request: ImportRequest) -> Result<StoredObject, ProviderError>;

    /// See [`Connection::list`].
    ///
    /// # Errors
    /// See there.
    async fn list(&self, session: &C) -> Result<Vec<Listed>, ProviderError>;
}

/// A data source: what is read and never owned.
#[async_trait]
pub trait DataSource<C>: Send + Sync {
    /// See [`Connection::read_data`].
    ///
    /// # Errors
    /// See there.
    async fn read(&self, session: &C, request: ReadDataRequest) -> Result<ValueBuf, ProviderError>;
}

/// A type of ephemeral value: what is opened when needed, renewed, and never recorded.
#[async_trait]
pub trait EphemeralType<C>: Send + Sync {
    /// See [`Connection::open`].
    ///
    /// # Errors
    /// See there.
    async fn open(&self, session: &C, request: OpenRequest) -> Result<Opened, ProviderError>;

    /// See [`Connection::renew`].
    ///
    /// # Errors
    /// See there.
    async fn renew(&self, session: &C, opened: Opened) -> Result<Opened, ProviderError>;
}

/// The connection over such a session.
#[derive(Clone, Debug)]
pub struct TypedConnection<C>(pub C);

/// What is wrong with a config beyond its schema, in the word of its type.
#[must_use]
pub fn validate<C: Cloud>(request: &ValidateRequest) -> Vec<Finding> {
    let resource = request.type_name.as_deref().and_then(C::resource);
    resource.map_or_else(Vec::new, |resource| resource.validate(request.config.view()))
}

fn resource<C: Cloud>(name: &str) -> Result<&'static dyn ResourceType<C>, ProviderError> {
    C::resource(name).ok_or_else(|| ProviderError::unsupported(format!("there is no type `{}.{name}`", C::NAME)))
}

fn ephemeral<C: Cloud>(name: &str) -> Result<&'static dyn EphemeralType<C>, ProviderError> {
    C::ephemeral(name)
        .ok_or_else(|| ProviderError::unsupported(format!("there is no ephemeral value `{}.{name}`", C::NAME)))
}

#[async_trait]
impl<C: Cloud> Connection for TypedConnection<C> {
    fn account(&self) -> AccountIdentity {
        self.0.account_identity()
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }

    async fn plan(&self, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let resource = resource::<C>(&request.type_name)?;
        let is_new = request.prior.is_none();
        let mut response = resource.plan(&self.0, request)?;
        resource.foresee(&self.0, is_new, &mut response).await?;
        Ok(response)
    }

    fn plans(&self, type_name: &str) -> bool {
        C::resource(type_name).is_some()
    }

    async fn read_many(&self, request: ReadManyRequest) -> Result<Vec<ReadOutcome>, ProviderError> {
        resource::<C>(&request.type_name)?.read_many(&self.0, request).await
    }

    async fn create(&self, request: CreateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        resource::<C>(&request.type_name)?.create(&self.0, request, sink).await
    }

    async fn update(&self, request: UpdateRequest, sink: &dyn OperationSink) -> Result<Applied, ProviderError> {
        resource::<C>(&request.type_name)?.update(&self.0, request, sink).await
    }

    async fn delete(&self, request: DeleteRequest, sink: &dyn OperationSink) -> Result<(), ProviderError> {
        resource::<C>(&request.type_name)?.delete(&self.0, request, sink).await
    }

    async fn find(&self, request: FindRequest) -> Result<Found, ProviderError> {
        resource::<C>(&request.type_name)?.find(&self.0, request).await
    }

    async fn import(&self, request: ImportRequest) -> Result<StoredObject, ProviderError> {
        resource::<C>(&request.type_name)?.import(&self.0, request).await
    }

    async fn list(&self, request: ListRequest) -> Result<Vec<Listed>, ProviderError> {
        resource::<C>(&request.type_name)?.list(&self.0).await
    }

    async fn read_data(&self, request: ReadDataRequest) -> Result<ValueBuf, ProviderError> {
        let (cloud, name) = (C::NAME, &request.type_name);
        let source = C::data_source(name)
            .ok_or_else(|| ProviderError::unsupported(format!("there is no data source `{cloud}.{name}`")))?;
        source.read(&self.0, request).await
    }

    async fn open(&self, request: OpenRequest) -> Result<Opened, ProviderError> {
        ephemeral::<C>(&request.type_name)?.open(&self.0, request).await
    }

    async fn renew(&self, opened: Opened) -> Result<Opened, ProviderError> {
        ephemeral::<C>(&opened.type_name)?.renew(&self.0, opened).await
    }
}
