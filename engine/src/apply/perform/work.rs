//! What all kinds of operations need: resolved configs, a connection, guarded calls, rows.

use super::Stopped;
use crate::apply::{ApplyError, Shared, resume};
use crate::connections::Connected;
use crate::event::Event;
use crate::failure::{self, Subject};
use crate::plan::{Operation, OperationIndex, PlannedProvider};
use crate::ports::Interruption;
use crate::{guard, hosts, secrets};
use formwork_lang::residual;
use formwork_model::schema::ResourceSchema;
use formwork_model::{Address, AttributePath, Diagnostic, ObjectKind, Value, ValueBuf, ValueId};
use formwork_provider_api::{ErrorClass, ProviderError, StoredObject, check, propose};
use formwork_state::record::{Condition, Host, OperationId, Role, Row, RowKey};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long a provider may overrun its own limit before the engine gives up on its answer.
const GRACE: Duration = Duration::from_secs(60);

/// An operation at work.
pub(crate) struct Work<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) operation: &'a Operation,
    pub(crate) id: OperationId,
    pub(crate) index: OperationIndex,
    calls: &'a Semaphore,
}

/// A permit to make calls; the next operation waits for its end.
pub(crate) struct CallPermit<'a> {
    _counted: Counted<'a>,
    _call: Option<tokio::sync::SemaphorePermit<'a>>,
    _change: Option<tokio::sync::SemaphorePermit<'a>>,
}

/// An operation among those in flight, as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        shared: &'a Arc<Shared>,
        index: OperationIndex,
        operation: &'a Operation,
        calls: &'a Semaphore,
    ) -> Self {
        Self { shared, operation, id: resume::operation_id(&shared.plan, index), index, calls }
    }

    /// Tells that it starts.
    pub(crate) fn announce(&self, change: crate::event::ChangeKind) {
        self.shared.events.emit(Event::OperationStarted {
            address: self.operation.address.clone(),
            type_name: self.operation.type_name.clone(),
            change,
            expected_s: self.operation.expected_s,
        });
    }

    /// A value of the plan, with everything known put in. The object's own attributes stay unknown.
    pub(crate) fn resolve(&self, id: Option<ValueId>) -> Result<ValueBuf, Stopped> {
        let Some(id) = id else { return Ok(ValueBuf::empty_map()) };
        let value = self.shared.plan.values.get(id);
        if value.is_known() {
            self.shared.secrets.learn(value);
            return Ok(value.to_buf());
        }
        let own = &self.operation.address;
        let lookup = |address: &Address, path: &AttributePath| {
            if address == own { None } else { self.shared.lookup(address, path) }
        };
        let resolved =
            residual::resolve(&value.to_value(), &lookup, &|source| Some(self.shared.inputs.resolve(source)))
                .map_err(|diagnostic| Stopped::from(*Box::new(diagnostic)))?;
        let resolved = ValueBuf::from(&resolved);
        self.shared.secrets.learn(resolved.view());
        Ok(resolved)
    }

    /// The config, which must be known by now.
    pub(crate) fn config(&self) -> Result<ValueBuf, Stopped> {
        let config = self.resolve(self.operation.config)?;
        if config.view().is_known() {
            return Ok(config);
        }
        let mut waits_for = Vec::new();
        config.view().each_attribute(&mut |address, path| waits_for.push((address.clone(), path.clone())));
        Err(ApplyError::StillUnknown { address: self.operation.address.clone(), waits_for, span: self.operation.span }
            .into())
    }

    /// The plan, with what the config now says where it was unknown. What stays unknown is for the cloud to tell.
    pub(crate) fn planned(&self, schema: &ResourceSchema, config: &ValueBuf) -> Result<ValueBuf, Stopped> {
        let planned = self.resolve(self.operation.planned)?;
        Ok(propose::settled(schema, &self.operation.address, config.view(), planned.view()))
    }

    /// The provider's connection.
    pub(crate) async fn connect(&self) -> Result<Connected, Stopped> {
        let planned = self.planned_provider()?;
        let configuration = self.resolve(Some(planned.configuration))?;
        let connections = &self.shared.connections;
        let connected = connections.get(&planned.address, &planned.provider, &configuration).await;
        connected.map_err(|error| self.failure("configure the provider of", &error).into())
    }

    pub(crate) fn planned_provider(&self) -> Result<&'a PlannedProvider, Stopped> {
        self.shared
            .plan
            .providers
            .get(self.operation.provider.0 as usize)
            .ok_or_else(|| ApplyError::RowMissing { address: self.operation.address.clone() }.into())
    }

    /// The type's schema.
    pub(crate) fn schema(&self, connected: &Connected) -> Result<&'static ResourceSchema, Stopped> {
        let schema = connected.provider.schema();
        let name = &self.operation.type_name.name;
        let found = match self.operation.address.kind {
            ObjectKind::Data => schema.data_source(name),
            ObjectKind::Ephemeral => schema.ephemeral(name),
            ObjectKind::Resource | ObjectKind::Provider => schema.resource(name),
        };
        found.ok_or_else(|| {
            let error = ProviderError::unsupported(format!("the provider has no type `{name}`"));
            self.failure("use", &error).into()
        })
    }

    /// Waits until a call may be made. Fails when the run was interrupted before.
    pub(crate) async fn permit(&'a self, connected: &'a Connected) -> Result<CallPermit<'a>, Stopped> {
        let call = self.calls.acquire().await.ok();
        let change = connected.limiter.change().await;
        if self.shared.interruption() != Interruption::None {
            return Err(Stopped::Interrupted);
        }
        self.assert_held()?;
        Ok(CallPermit { _counted: Counted::new(self.shared.counter()), _call: call, _change: change })
    }

    /// The state's lock must outlive the call.
    pub(crate) fn assert_held(&self) -> Result<(), Stopped> {
        let held = self.shared.journal.store().assert_held(self.operation.timeout_ms);
        held.map_err(|error| Stopped::Failed(error.0))
    }

    /// Makes a call: catches its panic, and gives up long after its limit. Both leave open what was done.
    pub(crate) async fn call<T>(
        &self,
        verb: &'static str,
        call: impl Future<Output = Result<T, ProviderError>> + Send,
    ) -> Result<T, ProviderError> {
        let limit = Duration::from_millis(self.operation.timeout_ms) + GRACE;
        match tokio::time::timeout(limit, guard::catch(call)).await {
            Ok(answer) => answer.map_err(|error| self.shared.secrets.scrub_error(error)),
            Err(_) => Err(ProviderError::new(
                ErrorClass::AnswerLost,
                format!("the provider did not {verb} it within {} s", limit.as_secs()),
            )),
        }
    }

    /// The failure as it is shown.
    pub(crate) fn failure(&self, verb: &str, error: &ProviderError) -> Diagnostic {
        let subject = Subject {
            verb,
            address: &self.operation.address,
            type_name: &self.operation.type_name,
            span: self.operation.span,
        };
        failure::diagnostic(subject, error)
    }

    /// The end of an operation that stays open: the next run finds out what became of it. Interrupted where the run was,
    /// else a failure.
    pub(crate) fn left_open(&self, verb: &str, error: &ProviderError) -> Stopped {
        match self.shared.interruption() {
            Interruption::None => self.failure(verb, error).into(),
            Interruption::Stop | Interruption::Cancel => Stopped::Interrupted,
        }
    }

    /// Tells of a retry.
    pub(crate) fn tell_retry(&self, error: &ProviderError, delay: Duration, attempt: u32) {
        self.shared.events.emit(Event::OperationRetry {
            address: self.operation.address.clone(),
            reason: error.message.clone(),
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            attempt,
        });
    }

    /// The row of an object that this operation made or changed.
    pub(crate) fn row(&self, key: RowKey, made: Made<'_>) -> Row {
        let Made { schema, config, object, condition, created_by } = made;
        let (config, mut write_only) = self.without_write_only(schema, config);
        if let Some(trigger) = self.operation.replace_when
            && let Ok(trigger) = self.resolve(Some(trigger))
        {
            write_only.insert(crate::plan::REPLACE_WHEN.to_owned(), self.shared.digest.digest(trigger.as_bytes()));
        }
        let provider = self.planned_provider().map(|provider| provider.address.clone());
        Row {
            key,
            role: Role::Current,
            condition,
            type_name: self.operation.type_name.clone(),
            provider: provider.unwrap_or_else(|_| self.operation.address.clone()),
            hosts: self.hosts(),
            schema_version: schema.version,
            values: object.values,
            config,
            write_only,
            private: object.private,
            dependencies: self.operation.dependencies.clone(),
            lifecycle: self.operation.lifecycle.clone(),
            created_by,
        }
    }

    /// What the object lives in, as it is now.
    fn hosts(&self) -> Vec<Host> {
        let Ok(planned) = self.planned_provider() else { return Vec::new() };
        let rows = planned.hosts.iter().filter_map(|host| self.shared.values.get(host)?.row);
        rows.map(|row| hosts::of(&row, &self.shared.connections)).collect()
    }

    /// The config without what is never read back, and digests of that.
    fn without_write_only(&self, schema: &ResourceSchema, config: &ValueBuf) -> (ValueBuf, BTreeMap<String, [u8; 16]>) {
        if !schema.attributes.iter().any(|attribute| attribute.write_only) {
            return (config.clone(), BTreeMap::new());
        }
        let mut digests = BTreeMap::new();
        let Value::Map(mut map) = config.to_value() else { return (config.clone(), digests) };
        for attribute in schema.attributes.iter().filter(|attribute| attribute.write_only) {
            if let Some(value) = map.remove(attribute.name) {
                let digest = self.shared.digest.digest(ValueBuf::from(value.exposed()).as_bytes());
                digests.insert(attribute.name.to_owned(), digest);
            }
        }
        (ValueBuf::from(Value::Map(map)), digests)
    }

    /// Paths of the config that cannot be read back.
    pub(crate) fn write_only_paths(schema: &ResourceSchema, config: &ValueBuf) -> Vec<AttributePath> {
        let attributes = schema.attributes.iter().filter(|attribute| attribute.write_only);
        let set = attributes.filter(|attribute| config.view().get(attribute.name).is_some());
        set.map(|attribute| AttributePath::member(attribute.name)).collect()
    }

    /// An answer, with its secrets marked again and what is never read back left out.
    pub(crate) fn cleaned(&self, schema: &ResourceSchema, config: &ValueBuf, object: StoredObject) -> StoredObject {
        let marked = secrets::mark(schema, &[config.view()], object.values);
        self.shared.secrets.learn(marked.view());
        let values = self.without_write_only(schema, &marked).0;
        StoredObject { values, private: object.private }
    }

    /// Whether an answer keeps what was planned. Asked when the object is recorded already.
    pub(crate) fn verdict(
        &self,
        connected: &Connected,
        schema: &ResourceSchema,
        planned: &ValueBuf,
        object: &StoredObject,
    ) -> Result<(), Stopped> {
        let provider = connected.provider.schema();
        let subject = check::Subject {
            provider: provider.name,
            version: provider.version,
            type_name: schema.name,
            address: Some(&self.operation.address),
        };
        let mut breaches = check::applied(&subject, schema, planned.view(), object.values.view()).into_iter();
        let Some(first) = breaches.next() else { return Ok(()) };
        let others = breaches.map(|breach| breach.diagnostic().message);
        Err(others.fold(first.diagnostic(), Diagnostic::note).into())
    }

    /// What the provider warned of, as it is shown.
    pub(crate) fn warnings(&self, warnings: Vec<String>) -> Vec<Diagnostic> {
        let shown = warnings.into_iter().map(|warning| {
            let warning = self.shared.secrets.scrub(&warning);
            let diagnostic = super::super::diagnostics::warned(&self.operation.address, &warning);
            match self.operation.span {
                Some(span) => diagnostic.at(span, ""),
                None => diagnostic,
            }
        });
        shown.collect()
    }

    /// The object's identity, for people.
    pub(crate) fn identity(schema: &ResourceSchema, values: &ValueBuf) -> String {
        let parts = schema.identity.iter().filter_map(|name| values.view().get(name));
        let parts = parts.filter(|value| !matches!(value.view(), formwork_model::View::Secret(_)));
        said_once(&parts.filter_map(|value| value.as_str()).collect::<Vec<_>>())
    }
}

/// The parts of an identity, without those that another part ends with anyway.
fn said_once(parts: &[&str]) -> String {
    let ends_with = |whole: &str, part: &str| whole.strip_suffix(part).is_some_and(|rest| rest.ends_with(['/', ':']));
    let kept = parts.iter().enumerate().filter(|(position, part)| {
        let is_said = |(other, whole): (usize, &&str)| ends_with(whole, part) || (whole == *part && other < *position);
        !parts.iter().enumerate().any(is_said)
    });
    kept.map(|(_, part)| *part).collect::<Vec<_>>().join("/")
}

/// What a row is made of.
pub(crate) struct Made<'a> {
    pub(crate) schema: &'static ResourceSchema,
    pub(crate) config: &'a ValueBuf,
    pub(crate) object: StoredObject,
    pub(crate) condition: Condition,
    pub(crate) created_by: OperationId,
}

#[cfg(test)]
mod tests {
    use super::said_once;

    #[test]
    fn a_name_that_an_id_ends_with_is_said_once() {
        assert_eq!(said_once(&["core/Namespace/cart", "cart"]), "core/Namespace/cart");
        assert_eq!(said_once(&["arn:aws:iam::1:role:app", "app"]), "arn:aws:iam::1:role:app");
        assert_eq!(said_once(&["app", "app"]), "app");
        assert_eq!(said_once(&["group", "mygroup"]), "group/mygroup");
        assert_eq!(said_once(&[]), "");
    }
}
