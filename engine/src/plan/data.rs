//! Data sources, read now when nothing stands in the way; and ephemeral values, opened now when a provider needs them.

use super::items::{Outcome, Source, Standing, Subject, Through};
use super::walk::{Answer, Visit, Walk};
use super::{Action, Reason};
use crate::{guard, secrets};
use formwork_lang::graph::{NodeId, NodeKind};
use formwork_model::{AttributePath, Value, ValueBuf};
use formwork_provider_api::{Connection, OpenRequest, Opened, ProviderError, ReadDataRequest, check};

impl<'a> Walk<'a> {
    pub(crate) fn visit_data(&mut self, source: Source<'a>) -> Visit<'a> {
        if !self.is_selected(source.item) {
            self.set(source.item, Outcome { standing: Standing::Blocked, ..Outcome::default() });
            return Visit::Done;
        }
        let (kind, config) = match (self.kind(&source), self.config(&source)) {
            (Some(kind), Some(config)) if !self.instance_failed(source.provider()) => (kind, config),
            _ => {
                self.fail(source.item);
                return Visit::Done;
            }
        };
        let provider = self.instances.get(&source.provider()).and_then(|instance| instance.blocked.clone());
        if let Some(blocked) = self.blocked_by(config.view()).or(provider) {
            self.block_behind(&source, &blocked);
            return Visit::Done;
        }
        let later = if !config.view().is_known() {
            Some(Reason::UnknownInputs)
        } else if self.something_changes(&source) || self.connection(source.provider()).is_none() {
            Some(Reason::DependencyChanges)
        } else {
            None
        };
        if let Some(reason) = later {
            self.read_later(&source, kind.schema, config.view(), reason);
            return Visit::Done;
        }
        let config = config.to_buf();
        let cached = self.memory.data.get(source.address()).filter(|(asked, _)| *asked == config);
        if let Some((_, answer)) = cached.cloned() {
            return self.data_read(&source, config, Ok(answer));
        }
        let Some(connected) = self.connection(source.provider()).cloned() else { return Visit::Done };
        let request = ReadDataRequest { type_name: source.type_name().name.to_string(), config: config.clone() };
        Visit::Call(Box::pin(async move {
            let call = async |connection: &dyn Connection| connection.read_data(request.clone()).await;
            let result = connected.ask(call).await;
            Answer::Data { source, config, result }
        }))
    }

    /// Whether anything changes that it depends on, directly; its provider does not count.
    fn something_changes(&self, source: &Source<'a>) -> bool {
        let changing = |need: &NodeId| self.outcome(need.0).standing == Standing::Changing;
        let counts =
            |need: &NodeId| !matches!(self.graph.node(*need).map(|node| &node.kind), Some(NodeKind::Provider(_)));
        self.graph.dependencies(NodeId(source.item)).iter().filter(|need| counts(need)).any(changing)
    }

    /// A data source that apply reads: what the config says is known, the rest is not.
    fn read_later(
        &mut self,
        source: &Source<'a>,
        schema: &formwork_model::schema::ResourceSchema,
        config: formwork_model::ValueRef<'_>,
        reason: Reason,
    ) {
        let unknown = |name: &str| Value::attribute(source.address().clone(), AttributePath::member(name));
        let planned = schema.attributes.iter().filter(|attribute| !attribute.write_only).filter_map(|attribute| {
            let said = config.get(attribute.name).filter(|value| !value.is_null()).map(|value| value.to_value());
            let value = match said.or_else(|| attribute.default_value()) {
                Some(value) => value,
                None if attribute.is_computed() => unknown(attribute.name),
                None => return None,
            };
            Some((attribute.name, if attribute.secret { value.secret() } else { value }))
        });
        let planned = self.values.push_value(&Value::map(planned.collect::<Vec<_>>()));
        self.later(source, Action::Read, reason, Some(planned));
    }

    fn later(&mut self, source: &Source<'a>, action: Action, reason: Reason, planned: Option<formwork_model::ValueId>) {
        let graph = self.graph;
        let config = source.config_id().map(|id| self.values.push(graph.value(id)));
        let number = self.draft(Subject::Item(source.item), action, reason, Through::Instance(source.provider()));
        if let Some(draft) = self.drafts.get_mut(number as usize) {
            draft.config = config;
            draft.planned = planned;
        }
        let behind = self.through(source.item);
        let outcome = Outcome {
            standing: Standing::Changing,
            value: planned,
            draft: Some(number),
            // An ephemeral value is not new by itself: what it is opened for may have been there all along.
            anew: action == Action::Read || behind.anew,
            replaced: behind.replaced,
        };
        self.set(source.item, outcome);
    }

    pub(crate) fn data_read(
        &mut self,
        source: &Source<'a>,
        config: ValueBuf,
        result: Result<ValueBuf, ProviderError>,
    ) -> Visit<'a> {
        let Some(kind) = self.kind(source) else { return Visit::Done };
        let answer = match result {
            Ok(answer) => secrets::mark(kind.schema, &[config.view()], answer),
            Err(error) => {
                self.failed_call("read", source.address(), source.type_name(), Some(source.span()), &error);
                self.fail(source.item);
                return Visit::Done;
            }
        };
        let schema = kind.provider.schema();
        let subject = check::Subject {
            provider: schema.name,
            version: schema.version,
            type_name: kind.schema.name,
            address: Some(source.address()),
        };
        let breaches = check::answered(&subject, kind.schema, config.view(), answer.view());
        if !breaches.is_empty() {
            self.problems.extend(breaches.iter().map(|breach| breach.diagnostic().at(source.span(), "")));
            self.fail(source.item);
            return Visit::Done;
        }
        let value = self.values.push(answer.view());
        let number =
            self.draft(Subject::Item(source.item), Action::NoOp, Reason::Config, Through::Instance(source.provider()));
        if let Some(draft) = self.drafts.get_mut(number as usize) {
            draft.prior = Some(value);
            draft.planned = Some(value);
        }
        let outcome =
            Outcome { standing: Standing::Settled, value: Some(value), draft: Some(number), ..Outcome::default() };
        self.set(source.item, outcome);
        self.memory.data.insert(source.address().clone(), (config, answer));
        Visit::Done
    }

    pub(crate) fn visit_ephemeral(&mut self, source: Source<'a>) -> Visit<'a> {
        self.later(&source, Action::Open, Reason::Config, None);
        let wanted = self.wanted.get(source.item as usize).copied().unwrap_or(false);
        if !wanted || self.instance_failed(source.provider()) {
            return Visit::Done;
        }
        let (Some(config), Some(connected)) = (self.config(&source), self.connection(source.provider()).cloned())
        else {
            return Visit::Done;
        };
        // What it is opened for may not exist yet, or be about to be replaced.
        let anew = self.graph.dependencies(NodeId(source.item)).iter().any(|need| {
            let behind = self.outcome(need.0);
            behind.anew && !matches!(self.graph.node(*need).map(|node| &node.kind), Some(NodeKind::Provider(_)))
        });
        if anew || !config.view().is_known() {
            return Visit::Done;
        }
        let request = OpenRequest { type_name: source.type_name().name.to_string(), config: config.to_buf() };
        Visit::Call(Box::pin(async move {
            let call = async |connection: &dyn Connection| connection.open(request.clone()).await;
            let result = connected.ask(call).await;
            Answer::Opened { source, result: Box::new(result) }
        }))
    }

    pub(crate) fn ephemeral_opened(&mut self, source: &Source<'a>, result: Result<Opened, ProviderError>) -> Visit<'a> {
        match result {
            Ok(opened) => {
                if let Some(connected) = self.connection(source.provider()).cloned() {
                    self.opened_by.push((connected, opened.clone()));
                }
                self.opened.insert(source.item, opened);
            }
            Err(error) => {
                self.failed_call("open", source.address(), source.type_name(), Some(source.span()), &error);
            }
        }
        Visit::Done
    }

    /// Gives back what was opened to plan with; what cannot be given back ends by itself.
    pub(crate) async fn close_opened(&mut self) {
        for (connected, opened) in std::mem::take(&mut self.opened_by) {
            if let Err(error) = guard::catch(connected.connection.close(opened)).await {
                tracing::debug!(%error, "an ephemeral value could not be closed");
            }
        }
    }
}
