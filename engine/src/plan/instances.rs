//! Provider instances while planning: connected as soon as their configuration is known, and with that the refresh of
//! all rows that are reached through them.

use super::items::Through;
use super::problem::Problem;
use super::rows::Observed;
use super::walk::{Answer, Visit, Walk};
use crate::connections::Connected;
use crate::refresh;
use crate::{failure, hosts};
use formwork_lang::graph::{NodeId, NodeKind, ProviderInstance};
use formwork_model::{Address, AttributePath, ObjectKind, Span, TypeName, Value, ValueBuf};
use formwork_provider_api::{ErrorClass, Provider, ProviderError, UpgradeRequest, ValidateRequest};
use formwork_state::record::Host;
use std::collections::BTreeSet;

/// A provider instance.
#[derive(Clone, Default)]
pub(crate) struct Instance {
    pub(crate) connected: Option<Connected>,
    /// What it is configured by is replaced: what is in it goes with it.
    pub(crate) replaced: bool,
    /// It cannot be configured in this phase, because of this object.
    pub(crate) blocked: Option<Address>,
    /// It could not be connected; reported.
    pub(crate) failed: bool,
    /// It does not answer, and its objects shall be forgotten.
    pub(crate) forgets: bool,
    /// What its objects live in is replaced, there is no way to them, and they shall be forgotten; new ones are made.
    pub(crate) forgets_old: bool,
    /// Its configuration as it was before this plan, where that is what `connected` is made with.
    pub(crate) before: Option<ValueBuf>,
}

impl<'a> Walk<'a> {
    /// Sorts rows to the providers that they are read through. Gives what objects wait for besides: the instance that
    /// their row was made by, where that is another one than the block's.
    pub(crate) fn assign_rows(&mut self) -> Vec<(u32, u32)> {
        let mut late = Vec::new();
        let others = self.others();
        for number in 0..self.memory.rows.len() {
            self.upgrade(number);
            let Some(held) = self.memory.rows.get(number).cloned().filter(|held| !held.dropped && !held.fresh) else {
                continue;
            };
            let address = &held.row.key.address;
            let item = self.nodes.get(address).copied().or_else(|| self.expanding_block(address));
            if !self.is_row_selected(number, item) {
                continue;
            }
            let elsewhere = self.elsewhere(number, &others);
            match self.nodes.get(&held.row.provider).copied() {
                Some(provider) if elsewhere.is_empty() => {
                    if self.request.options.refresh && held.observed == Observed::Unread {
                        self.rows_of.entry(provider).or_default().push(number);
                    }
                    let own = item.and_then(|item| self.source(item)).map(|source| source.provider());
                    let simple = self.graph.dependencies(NodeId(provider)).is_empty();
                    if let Some(item) = item
                        && own != Some(provider)
                        && simple
                    {
                        late.push((item, provider));
                    }
                }
                _ => self.recorded.assign(number, &held.row.provider, elsewhere),
            }
        }
        late
    }

    /// Raises the stored values of a row to today's schema.
    fn upgrade(&mut self, number: u32) {
        let Some(held) = self.memory.rows.get(number).filter(|held| !held.dropped) else { return };
        let (row, name) = (held.row.clone(), &held.row.type_name.provider);
        let connections = self.request.connections;
        let address = &row.key.address;
        let kind = self.kinds.get(|| connections.provider(name).ok(), ObjectKind::Resource, &row.type_name, address);
        let kind = match kind {
            Ok(kind) => kind,
            Err(problem) => return self.report(&problem, None),
        };
        let known = kind.schema.version;
        if row.schema_version == known {
            return;
        }
        if row.schema_version > known {
            let problem = Problem::NewerSchema { address: address.clone(), stored: row.schema_version, known };
            return self.report(&problem, None);
        }
        let request = UpgradeRequest {
            type_name: row.type_name.name.to_string(),
            from_version: row.schema_version,
            object: held.stored(),
        };
        match kind.provider.upgrade(request) {
            Ok(object) => {
                if let Some(held) = self.memory.rows.get_mut(number) {
                    held.upgrade(object, known);
                }
            }
            Err(error) => self.failed_call("upgrade the recorded values of", address, &row.type_name, None, &error),
        }
    }

    pub(crate) fn failed_call(
        &mut self,
        verb: &str,
        address: &Address,
        type_name: &TypeName,
        span: Option<Span>,
        error: &ProviderError,
    ) {
        let subject = failure::Subject { verb, address, type_name, span };
        self.problems.push(failure::diagnostic(subject, error));
    }

    pub(crate) fn visit_provider(
        &mut self,
        item: u32,
        address: &'a Address,
        instance: &'a ProviderInstance,
        span: Span,
    ) -> Visit<'a> {
        self.set(item, self.through(item));
        let rows = self.rows_of.remove(&item).unwrap_or_default();
        if rows.is_empty() && !self.is_needed(item) {
            return Visit::Done;
        }
        let graph = self.graph;
        let given = graph.value(instance.config).to_value();
        let Some(resolved) = self.resolve_configuration(&given, span) else {
            self.instances.insert(item, Instance { failed: true, ..Instance::default() });
            return Visit::Done;
        };
        let connections = self.request.connections;
        match connections.provider(&instance.provider) {
            Ok(provider) => {
                if !self.validate_configuration(provider.as_ref(), address, &resolved, span) {
                    // Connecting with it would only say the same again.
                    self.instances.insert(item, Instance { failed: true, ..Instance::default() });
                    return Visit::Done;
                }
            }
            Err(error) => {
                let type_name = TypeName::new(instance.provider.clone(), "");
                self.failed_call("use", address, &type_name, Some(span), &error);
                self.instances.insert(item, Instance { failed: true, ..Instance::default() });
                return Visit::Done;
            }
        }
        let (anew, replaced) = self.configured_by(&instance.provider, &given);
        let blocked = self.blocked_by(resolved.view());
        let mut entry = Instance { replaced, blocked, ..Instance::default() };
        let configuration = if resolved.view().is_known() && !anew {
            Some(resolved)
        } else {
            let before = self.configuration_before(&given, address);
            let known = before.as_ref().filter(|before| before.view().is_known());
            entry.before = known.cloned();
            if entry.replaced && known.is_none() {
                self.cut_off(item, instance, address, span, &mut entry, before.as_ref());
            }
            known.cloned().filter(|_| !rows.is_empty())
        };
        let failed = entry.failed;
        self.instances.insert(item, entry);
        let Some(configuration) = configuration.filter(|_| !failed) else { return Visit::Done };
        let name = instance.provider.clone();
        Visit::Call(Box::pin(async move {
            let result = connections.reach(address, &name, &configuration).await;
            Answer::Connected { item, result, rows }
        }))
    }

    fn resolve_configuration(&mut self, given: &Value, span: Span) -> Option<ValueBuf> {
        let objects = |object: &Address, path: &AttributePath| self.configuring_attribute(object, path);
        match self.resolve_with(given, Some(span), &objects) {
            Ok(value) => Some(ValueBuf::from(&value)),
            Err(diagnostic) => {
                self.problems.push(*diagnostic);
                None
            }
        }
    }

    /// What a provider's configuration sees: also ephemeral values.
    fn configuring_attribute(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        if let Some(opened) = self.item(object).and_then(|item| self.opened.get(&item)) {
            return Some(super::values::inside(object, opened.values.view(), path));
        }
        self.attribute(object, path)
    }

    /// What an instance leads to is replaced, and how to reach the old one is not known: through the new one its objects
    /// would be looked for, and deleted, in the wrong place. Where the old one is gone, they went with it.
    fn cut_off(
        &mut self,
        item: u32,
        instance: &ProviderInstance,
        address: &Address,
        span: Span,
        entry: &mut Instance,
        before: Option<&ValueBuf>,
    ) {
        let is_in_it = |(number, held): &(u32, &super::rows::Held)| {
            let provider = self.nodes.get(&held.row.provider);
            held.exists() && !held.fresh && provider == Some(&item) && self.recorded.of_row(*number).is_none()
        };
        let objects = self.memory.rows.all().filter(is_in_it).count();
        if objects == 0 || self.request.options.refresh_only {
            return;
        }
        let (open, secret) = self.referred(&instance.provider, &self.graph.value(instance.config).to_value());
        let stands = |host: &u32| {
            let row = self.source(*host).and_then(|source| self.memory.rows.current(source.address()));
            row.and_then(|row| self.memory.rows.get(row)).is_some_and(super::rows::Held::exists)
        };
        if !open.iter().chain(&secret).filter(|host| self.outcome(**host).replaced).any(stands) {
            entry.forgets_old = true;
            return;
        }
        let nothing = ValueBuf::empty_map();
        let made = self.unresolvable(address, Some(span), before.unwrap_or(&nothing).view(), objects);
        entry.failed = made.failed;
        entry.forgets_old = made.forgets;
    }

    /// The configuration with what was recorded before this plan: as it is written now, or as it was recorded, where all
    /// of that is known; else with unknowns.
    fn configuration_before(&self, given: &Value, address: &Address) -> Option<ValueBuf> {
        let objects = |object: &Address, path: &AttributePath| match object.kind {
            ObjectKind::Resource => self.recorded_attribute(object, path),
            ObjectKind::Data | ObjectKind::Ephemeral | ObjectKind::Provider => self.configuring_attribute(object, path),
        };
        let resolved = |value: &Value| Some(ValueBuf::from(&self.resolve_with(value, None, &objects).ok()?));
        let is_known = |value: &ValueBuf| value.view().is_known();
        let now = resolved(given);
        if now.as_ref().is_some_and(is_known) {
            return now;
        }
        let recorded = || resolved(&self.request.state.providers.get(address)?.to_value());
        recorded().filter(is_known).or(now)
    }

    /// Whether the provider has nothing against a configuration; reports what it has.
    fn validate_configuration(
        &mut self,
        provider: &dyn Provider,
        address: &Address,
        configuration: &ValueBuf,
        span: Span,
    ) -> bool {
        let request = ValidateRequest { type_name: None, config: configuration.clone() };
        let findings = provider.validate(&request);
        let sound = findings.iter().all(|finding| finding.warning);
        for finding in findings {
            let problem = Problem::Invalid {
                address: address.clone(),
                path: finding.path,
                message: finding.message,
                help: finding.help,
                warning: finding.warning,
            };
            self.report(&problem, Some(span));
        }
        sound
    }

    /// Whether any object that a configuration refers to is new, and whether what the provider reaches is another
    /// one then.
    fn configured_by(&self, name: &str, given: &Value) -> (bool, bool) {
        let (open, secret) = self.referred(name, given);
        let anew = open.iter().chain(&secret).any(|item| self.outcome(*item).anew);
        let identity = if open.is_empty() { &secret } else { &open };
        (anew, identity.iter().any(|item| self.outcome(*item).replaced))
    }

    /// The resources that an instance is configured by, directly or through data: what its objects live in.
    pub(crate) fn configuring(&self, provider: u32) -> BTreeSet<u32> {
        let graph = self.graph;
        let Some(NodeKind::Provider(instance)) = graph.node(NodeId(provider)).map(|node| &node.kind) else {
            return BTreeSet::new();
        };
        let (open, secret) = self.referred(&instance.provider, &graph.value(instance.config).to_value());
        let mut asked: Vec<u32> = if open.is_empty() { secret } else { open }.into_iter().collect();
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        while let Some(item) = asked.pop() {
            if !seen.insert(item) {
                continue;
            }
            match graph.node(NodeId(item)).map(|node| &node.kind) {
                Some(NodeKind::Object(object)) if object.kind == ObjectKind::Resource => drop(found.insert(item)),
                Some(NodeKind::Object(_) | NodeKind::Junction) => {
                    asked.extend(graph.dependencies(NodeId(item)).iter().map(|need| need.0));
                }
                Some(NodeKind::Provider(_)) | None => {}
            }
        }
        found
    }

    /// What an object of an instance would live in, by what is recorded.
    pub(crate) fn hosts_of(&self, provider: u32) -> Vec<Host> {
        let addresses =
            self.configuring(provider).into_iter().filter_map(|item| Some(self.source(item)?.address().clone()));
        let rows = addresses.filter_map(|address| {
            let number = self.memory.rows.current(&address)?;
            self.memory.rows.get(number).map(|held| held.row.clone())
        });
        rows.map(|row| hosts::of(&row, self.request.connections)).collect()
    }

    /// Items that a configuration refers to: from attributes that are not secret, and from those that are. References
    /// from secret attributes (a token that is rotated) count only where there are no others.
    fn referred(&self, name: &str, given: &Value) -> (BTreeSet<u32>, BTreeSet<u32>) {
        let schema = self.request.connections.provider(name).ok().map(|provider| provider.schema());
        let is_secret = |name: &str| {
            let mut attributes = schema.into_iter().flat_map(|schema| schema.configuration);
            attributes.any(|attribute| attribute.name == name && attribute.secret)
        };
        let (mut open, mut secret) = (BTreeSet::new(), BTreeSet::new());
        for (name, value) in given.as_map().into_iter().flat_map(|map| map.iter()) {
            let set = if is_secret(name) { &mut secret } else { &mut open };
            value.each_attribute(&mut |object, _| {
                set.extend(self.item(object));
            });
        }
        (open, secret)
    }

    pub(crate) fn connected(&mut self, item: u32, result: Result<Connected, ProviderError>, rows: &[u32]) -> Visit<'a> {
        let graph = self.graph;
        let Some(node) = graph.node(NodeId(item)) else { return Visit::Done };
        let before = self.instances.remove(&item).unwrap_or_default();
        let made = self.instance(&node.address, Some(node.span), result, rows.len());
        let connected = made.connected.clone();
        let Instance { replaced, before, blocked, forgets_old, .. } = before;
        self.instances.insert(item, Instance { replaced, before, blocked, forgets_old, ..made });
        let Some(connected) = connected else { return Visit::Done };
        let batches = self.batches(rows, &connected);
        if batches.is_empty() {
            return Visit::Done;
        }
        let (parallelism, events) = (self.request.options.parallelism, self.request.events);
        Visit::Call(Box::pin(async move {
            let read = refresh::read(&connected, batches, parallelism, events).await;
            Answer::Read { item, connected, read }
        }))
    }

    /// Takes the answer of a connection.
    pub(super) fn instance(
        &mut self,
        address: &Address,
        span: Option<Span>,
        result: Result<Connected, ProviderError>,
        objects: usize,
    ) -> Instance {
        let error = match result {
            Ok(connected) => return Instance { connected: Some(connected), ..Instance::default() },
            Err(error) => error,
        };
        if error.class != ErrorClass::Unreachable {
            let type_name = TypeName::new(address.name.clone(), "");
            self.failed_call("configure", address, &type_name, span, &error);
            return Instance { failed: true, ..Instance::default() };
        }
        if !self.request.options.refresh {
            return Instance::default();
        }
        self.unreachable(address, span, &error, objects)
    }

    pub(crate) fn unreachable(
        &mut self,
        address: &Address,
        span: Option<Span>,
        error: &ProviderError,
        objects: usize,
    ) -> Instance {
        let provider = address.clone();
        if self.request.options.forget_unreachable && objects > 0 {
            self.report(&Problem::ForgetsUnreachable { provider, objects }, span);
            return Instance { forgets: true, ..Instance::default() };
        }
        self.report(&Problem::Unreachable { provider, reason: error.message.clone(), objects }, span);
        Instance { failed: true, ..Instance::default() }
    }

    /// The connection to plan with; none where it cannot be made yet.
    pub(crate) fn connection(&self, provider: u32) -> Option<&Connected> {
        let instance = self.instances.get(&provider)?;
        if instance.before.is_some() && instance.replaced {
            return None;
        }
        instance.connected.as_ref()
    }

    pub(crate) fn instance_failed(&self, provider: u32) -> bool {
        self.instances.get(&provider).is_some_and(|instance| instance.failed || instance.forgets)
    }

    /// Whether the provider's plan has to be asked for a type.
    pub(crate) fn plans(&self, provider: u32, type_name: &TypeName) -> bool {
        // Offline the provider plans all types by itself, which may be more than the schema says.
        self.connection(provider).is_none_or(|connected| connected.connection.plans(&type_name.name))
    }

    /// Whether what a row's object lives in is replaced, or its block now means another account.
    pub(crate) fn provider_replaced(&self, source: &super::items::Source<'a>, number: u32) -> bool {
        let instance = self.instances.get(&source.provider());
        if instance.is_some_and(|instance| instance.replaced) || self.recorded.is_elsewhere(number) {
            return true;
        }
        let Some(held) = self.memory.rows.get(number) else { return false };
        let Some(node) = self.graph.node(NodeId(source.provider())) else { return false };
        if node.address == held.row.provider {
            return false;
        }
        let account = |connected: Option<&Connected>| connected.map(|connected| connected.connection.account());
        let now = account(instance.and_then(|instance| instance.connected.as_ref()));
        let before = account(self.instance_of_row(number).and_then(|instance| instance.connected.as_ref()));
        before.is_some() && before != now
    }

    /// The instance that a row was made by.
    pub(crate) fn instance_of_row(&self, number: u32) -> Option<&Instance> {
        match self.through_of_row(number)? {
            Through::Instance(item) | Through::Before(item) => self.instances.get(&item),
            Through::Recorded(position) => self.recorded.get(position).map(|recorded| &recorded.instance),
        }
    }

    /// Through which instance a row's object is reached.
    pub(crate) fn through_of_row(&self, number: u32) -> Option<Through> {
        if let Some(position) = self.recorded.of_row(number) {
            return Some(Through::Recorded(position));
        }
        let provider = &self.memory.rows.get(number)?.row.provider;
        let item = self.nodes.get(provider).copied()?;
        let instance = self.instances.get(&item);
        let before = instance.is_some_and(|instance| instance.replaced && instance.before.is_some());
        Some(if before { Through::Before(item) } else { Through::Instance(item) })
    }
}
