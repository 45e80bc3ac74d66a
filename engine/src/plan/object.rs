//! What becomes of one resource: nothing, a create, an update, a replacement.

use super::ignore::with_ignored;
use super::items::{Config, Outcome, Source, Standing, Subject, Through};
use super::kinds::Kind;
use super::problem::Problem;
use super::record::{recorded_config, write_only_changed};
use super::rows::Observed;
use super::walk::{Answer, Visit, Walk};
use super::{Action, Deferral, REPLACE_WHEN, Reason};
use crate::{failure, secrets};
use formwork_model::{Address, AttributePath, ValueBuf, ValueRef};
use formwork_provider_api as api;
use formwork_provider_api::{PlanResponse, ProviderError, check};
use formwork_state::record::Condition;
use std::rc::Rc;

/// A resource whose plan is being made.
pub(crate) struct Pending<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) kind: Rc<Kind>,
    /// The config as it is asked for.
    pub(crate) config: Config<'a>,
    /// The row that it has.
    pub(crate) row: Option<u32>,
    /// What is asked of the provider.
    pub(crate) request: api::PlanRequest,
    pub(crate) stage: Stage,
}

/// Which plan it is.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// Against what there is. `forced`: replaced whatever the comparison says.
    Change { forced: Option<Reason> },
    /// A new object; with the row in its place, why, and because of which paths.
    New { reason: Reason, paths: Vec<AttributePath> },
}

impl<'a> Walk<'a> {
    pub(crate) fn visit_resource(&mut self, source: Source<'a>) -> Visit<'a> {
        let row = self.memory.rows.current(source.address());
        let is_wanted = !self.request.options.destroy && self.is_selected(source.item);
        if row.is_none()
            && is_wanted
            && let Some(import) = self.import_of(&source)
        {
            return self.import(source, import);
        }
        if self.keeps(&source) {
            self.keep_as_recorded(&source, row);
            return Visit::Done;
        }
        let Some(kind) = self.kind(&source) else {
            self.fail(source.item);
            return Visit::Done;
        };
        if kind.schema.capabilities.expand {
            return self.expand(&source, &kind);
        }
        if self.instance_failed(source.provider()) {
            self.fail(source.item);
            return Visit::Done;
        }
        if let Some(reason) = row.and_then(|row| self.memory.rows.get(row)?.uncertain().map(str::to_owned)) {
            let problem = Problem::Uncertain { address: source.address().clone(), reason: reason.clone() };
            self.report(&problem, Some(source.span()));
            self.block(&source, format!("it is not certain whether it exists: {reason}"), true);
            return Visit::Done;
        }
        let Some(config) = self.config(&source) else {
            self.fail(source.item);
            return Visit::Done;
        };
        let provider = self.instances.get(&source.provider()).and_then(|instance| instance.blocked.clone());
        if let Some(blocked) = self.blocked_by(config.view()).or(provider) {
            self.block_behind(&source, &blocked);
            return Visit::Done;
        }
        self.compare(source, kind, config, row)
    }

    /// Nothing is planned for it: it is not selected, or nothing but the refresh is wanted.
    fn keeps(&self, source: &Source<'a>) -> bool {
        let options = self.request.options;
        options.destroy || options.refresh_only || !self.is_selected(source.item)
    }

    fn keep_as_recorded(&mut self, source: &Source<'a>, row: Option<u32>) {
        let held = row.and_then(|row| self.memory.rows.get(row)).filter(|held| held.exists());
        let value = held.map(|held| self.values.push(held.row.values.view()));
        let standing = if value.is_some() { Standing::Settled } else { Standing::Blocked };
        self.set(source.item, Outcome { standing, value, ..Outcome::default() });
    }

    /// Leaves an object to another phase because another has to wait.
    pub(crate) fn block_behind(&mut self, source: &Source<'a>, blocked: &Address) {
        let uncertain = self.deferred.iter().any(|deferral| deferral.uncertain && deferral.address == *blocked);
        self.block(source, format!("it waits for `{blocked}`"), uncertain);
    }

    /// Leaves an object to another phase, or, where that is uncertain, to a person.
    pub(crate) fn block(&mut self, source: &Source<'a>, reason: String, uncertain: bool) {
        let address = source.address().clone();
        self.deferred.push(Deferral { address, reason, uncertain, span: Some(source.span()) });
        self.set(source.item, Outcome { standing: Standing::Blocked, ..Outcome::default() });
    }

    /// Whether what is there stays what it is, can be changed, or something new takes its place.
    fn compare(&mut self, source: Source<'a>, kind: Rc<Kind>, config: Config<'a>, row: Option<u32>) -> Visit<'a> {
        let Some(number) = row else { return self.ask_new(source, kind, config, None, Reason::Config, Vec::new()) };
        let Some(held) = self.memory.rows.get(number) else { return Visit::Done };
        match held.observed {
            Observed::Failed => {
                self.fail(source.item);
                return Visit::Done;
            }
            Observed::Gone => return self.ask_new(source, kind, config, row, Reason::Gone, Vec::new()),
            Observed::SoftDeleted => {
                let problem = Problem::SoftDeleted { address: source.address().clone() };
                self.report(&problem, Some(source.span()));
                return self.ask_new(source, kind, config, row, Reason::Gone, Vec::new());
            }
            Observed::Deleting => return self.ask_new(source, kind, config, row, Reason::Gone, Vec::new()),
            Observed::Unread | Observed::Present => {}
        }
        if held.row.type_name != *source.type_name() {
            return self.ask_new(source, kind, config, row, Reason::CannotUpdate, Vec::new());
        }
        if self.provider_replaced(&source, number) {
            return self.ask_new(source, kind, config, row, Reason::ProviderReplaced, Vec::new());
        }
        self.ask_change(source, kind, config, number)
    }

    /// Plans a change of what there is.
    fn ask_change(&mut self, source: Source<'a>, kind: Rc<Kind>, config: Config<'a>, number: u32) -> Visit<'a> {
        let forced = self.forced(&source, &kind, number);
        let Some(held) = self.memory.rows.get(number) else { return Visit::Done };
        let asked = if source.decorators().ignore.is_empty() {
            config.clone()
        } else {
            let prior = held.row.values.to_value();
            let merged = with_ignored(&config.view().to_value(), &prior, &source.decorators().ignore);
            Config::Resolved(Rc::new(ValueBuf::from(&merged)))
        };
        let ready = held.row.condition == Condition::Ready;
        let conforms = ready && forced.is_none() && kind.conforms(asked.view(), held.row.values.view());
        if conforms && !self.plans(source.provider(), source.type_name()) {
            self.settle(&source, &kind, config.view(), number);
            return Visit::Done;
        }
        let write_only = write_only_changed(kind.schema, asked.view(), &held.row.write_only, self.request.digest);
        let request = api::PlanRequest {
            type_name: source.type_name().name.to_string(),
            address: source.address().clone(),
            config: asked.to_buf(),
            prior: Some(held.stored()),
            prior_config: Some(held.row.config.clone()),
            proposed: api::proposed(kind.schema, source.address(), asked.view(), Some(held.row.values.view())),
            write_only_changed: write_only,
        };
        let stage = Stage::Change { forced };
        self.ask(Pending { source, kind, config, row: Some(number), request, stage })
    }

    /// Plans a new object, be it in the place of an old one.
    fn ask_new(
        &mut self,
        source: Source<'a>,
        kind: Rc<Kind>,
        config: Config<'a>,
        row: Option<u32>,
        reason: Reason,
        paths: Vec<AttributePath>,
    ) -> Visit<'a> {
        let request = api::PlanRequest {
            type_name: source.type_name().name.to_string(),
            address: source.address().clone(),
            config: config.to_buf(),
            prior: None,
            prior_config: None,
            proposed: api::proposed(kind.schema, source.address(), config.view(), None),
            write_only_changed: Vec::new(),
        };
        self.ask(Pending { source, kind, config, row, request, stage: Stage::New { reason, paths } })
    }

    /// Why the object is replaced whatever the comparison says.
    fn forced(&mut self, source: &Source<'a>, kind: &Kind, number: u32) -> Option<Reason> {
        if self.selection_replaces(source.address()) {
            return Some(Reason::Requested);
        }
        let capabilities = kind.schema.capabilities;
        let held = self.memory.rows.get(number)?;
        if matches!(held.row.condition, Condition::Incomplete(_)) && !(capabilities.repair && capabilities.update) {
            return Some(Reason::Tainted);
        }
        let recorded = *held.row.write_only.get(REPLACE_WHEN)?;
        let trigger = self.trigger(source)?;
        let same = trigger.view().is_known() && self.request.digest.digest(trigger.as_bytes()) == recorded;
        (!same).then_some(Reason::ReplaceTriggered)
    }

    /// The value of `@replace_when`, filled in.
    pub(crate) fn trigger(&mut self, source: &Source<'a>) -> Option<ValueBuf> {
        let graph = self.graph;
        let given = graph.value(source.decorators().replace_when?);
        if given.is_known() {
            return Some(given.to_buf());
        }
        self.resolve(&given.to_value(), Some(source.span())).map(|value| ValueBuf::from(&value))
    }

    /// Asks the provider, where it does more than the schema says.
    fn ask(&mut self, pending: Pending<'a>) -> Visit<'a> {
        if !self.validate(&pending) {
            // Planning it would only say the same again.
            self.fail(pending.source.item);
            return Visit::Done;
        }
        let type_name = pending.source.type_name();
        let Some(connected) = self.connection(pending.source.provider()) else {
            let result = pending.kind.provider.plan_offline(&pending.request);
            return self.planned(pending, result);
        };
        if !connected.connection.plans(&type_name.name) {
            let response = PlanResponse::as_proposed(&pending.request);
            return self.planned(pending, Ok(response));
        }
        let connected = connected.clone();
        Visit::Call(Box::pin(async move {
            let call = async |connection: &dyn api::Connection| connection.plan(pending.request.clone()).await;
            let result = connected.ask(call).await;
            Answer::Planned { pending: Box::new(pending), result }
        }))
    }

    /// Whether the provider has nothing against the config, offline; reports what it has.
    fn validate(&mut self, pending: &Pending<'a>) -> bool {
        let request = api::ValidateRequest {
            type_name: Some(pending.request.type_name.clone()),
            config: pending.request.config.clone(),
        };
        let findings = pending.kind.provider.validate(&request);
        let sound = findings.iter().all(|finding| finding.warning);
        self.tell(pending, findings);
        sound
    }

    fn tell(&mut self, pending: &Pending<'a>, findings: Vec<api::Finding>) {
        for finding in findings {
            let problem = Problem::Invalid {
                address: pending.source.address().clone(),
                path: finding.path,
                message: finding.message,
                help: finding.help,
                warning: finding.warning,
            };
            self.report(&problem, Some(pending.source.span()));
        }
    }

    /// Goes on with the provider's plan.
    pub(crate) fn planned(&mut self, pending: Pending<'a>, result: Result<PlanResponse, ProviderError>) -> Visit<'a> {
        let mut response = match result {
            Ok(response) => response,
            Err(error) => {
                let source = &pending.source;
                let subject = failure::Subject {
                    verb: "plan",
                    address: source.address(),
                    type_name: source.type_name(),
                    span: Some(source.span()),
                };
                self.problems.push(failure::diagnostic(subject, &error));
                self.fail(source.item);
                return Visit::Done;
            }
        };
        self.tell(&pending, std::mem::take(&mut response.findings));
        if response.planned != pending.request.proposed {
            response.planned = secrets::mark(
                pending.kind.schema,
                &[pending.request.config.view(), pending.request.proposed.view()],
                response.planned,
            );
            if !self.check(&pending, &response) {
                self.fail(pending.source.item);
                return Visit::Done;
            }
        }
        match pending.stage.clone() {
            Stage::New { reason, paths } => {
                self.draft_new(&pending, response, reason, paths);
                Visit::Done
            }
            Stage::Change { forced } => self.judge(pending, response, forced),
        }
    }

    /// Whether the answer keeps the contract; reports where not.
    fn check(&mut self, pending: &Pending<'a>, response: &PlanResponse) -> bool {
        let schema = pending.kind.provider.schema();
        let subject = check::Subject {
            provider: schema.name,
            version: schema.version,
            type_name: pending.kind.schema.name,
            address: Some(pending.source.address()),
        };
        let config = pending.request.config.view();
        let breaches = check::planned(&subject, pending.kind.schema, config, response.planned.view());
        let sound = breaches.is_empty();
        let span = pending.source.span();
        self.problems.extend(breaches.iter().map(|breach| breach.diagnostic().at(span, "")));
        sound
    }

    /// Compares what there is with what is planned.
    fn judge(&mut self, pending: Pending<'a>, response: PlanResponse, forced: Option<Reason>) -> Visit<'a> {
        let Some(number) = pending.row else { return Visit::Done };
        let Some(held) = self.memory.rows.get(number) else { return Visit::Done };
        let schema = pending.kind.schema;
        let differences = api::differences(schema, held.row.values.view(), response.planned.view());
        let mut paths: Vec<AttributePath> = differences
            .iter()
            .filter(|difference| difference.forces_replacement)
            .map(|difference| difference.path.clone())
            .collect();
        paths.extend(response.replace.iter().filter(|path| !paths.contains(path)).cloned().collect::<Vec<_>>());
        let sends = !pending.request.write_only_changed.is_empty();
        let forced_by_paths = (!paths.is_empty()).then_some(Reason::CannotUpdate);
        let cannot_send = (sends && !schema.capabilities.update).then_some(Reason::CannotUpdate);
        if let Some(reason) = forced.or(forced_by_paths).or(cannot_send) {
            return self.replace(pending, reason, paths);
        }
        let reason = match &held.row.condition {
            Condition::Incomplete(_) => Some(Reason::Tainted),
            Condition::Dirty(_) => Some(Reason::Dirty),
            Condition::Ready | Condition::Uncertain(_) => (sends || !differences.is_empty()).then_some(Reason::Config),
        };
        match reason {
            Some(reason) => self.draft_update(&pending, response, number, reason),
            None => self.settle(&pending.source, &pending.kind, pending.config.view(), number),
        }
        Visit::Done
    }

    /// Plans the new object of a replacement.
    fn replace(&mut self, pending: Pending<'a>, reason: Reason, paths: Vec<AttributePath>) -> Visit<'a> {
        if pending.source.decorators().protect {
            let address = pending.source.address().clone();
            let problem = Problem::Protected { address, replaced: true, paths };
            self.report(&problem, Some(pending.source.span()));
            self.fail(pending.source.item);
            return Visit::Done;
        }
        let Pending { source, kind, config, row, .. } = pending;
        self.ask_new(source, kind, config, row, reason, paths)
    }

    /// Nothing changes.
    fn settle(&mut self, source: &Source<'a>, kind: &Kind, config: ValueRef<'_>, number: u32) {
        self.note_config(source, kind, config, number);
        let Some(held) = self.memory.rows.get(number) else { return };
        let row = held.row.clone();
        let value = self.values.push(row.values.view());
        self.identify(source, kind.schema, row.values.view(), true);
        let draft =
            self.draft(Subject::Item(source.item), Action::NoOp, Reason::Config, Through::Instance(source.provider()));
        if let Some(draft) = self.drafts.get_mut(draft as usize) {
            draft.row = Some(number);
            draft.prior = Some(value);
            draft.planned = Some(value);
        }
        self.set(
            source.item,
            Outcome { standing: Standing::Settled, value: Some(value), draft: Some(draft), ..Outcome::default() },
        );
    }

    /// What the config says is recorded also where it changes nothing.
    fn note_config(&mut self, source: &Source<'a>, kind: &Kind, config: ValueRef<'_>, number: u32) {
        let trigger = self.trigger(source).filter(|trigger| trigger.view().is_known());
        let trigger = trigger.map(|trigger| self.request.digest.digest(trigger.as_bytes()));
        let Some(held) = self.memory.rows.get_mut(number) else { return };
        let row = &held.row;
        if trigger.is_some() && row.write_only.get(REPLACE_WHEN) != trigger.as_ref() {
            let mut noted = row.as_ref().clone();
            noted.write_only.extend(trigger.map(|digest| (REPLACE_WHEN.to_owned(), digest)));
            held.note(noted);
        }
        if config.as_bytes() == held.row.config.as_bytes() || !config.is_known() {
            return;
        }
        let config = recorded_config(kind.schema, config);
        if config != held.row.config {
            let noted = formwork_state::record::Row { config, ..held.row.as_ref().clone() };
            held.note(noted);
        }
    }

    fn draft_update(&mut self, pending: &Pending<'a>, response: PlanResponse, number: u32, reason: Reason) {
        let Some(held) = self.memory.rows.get(number) else { return };
        let prior = self.values.push(held.row.values.view());
        let draft = self.draft_to(pending, Action::Update, reason, response);
        if let Some(draft) = self.drafts.get_mut(draft as usize) {
            draft.row = Some(number);
            draft.prior = Some(prior);
        }
        let value = self.drafts.get(draft as usize).and_then(|draft| draft.planned);
        let outcome = Outcome { standing: Standing::Changing, value, draft: Some(draft), ..Outcome::default() };
        self.set(pending.source.item, outcome);
    }

    /// A create; with the delete of what is there, where something is.
    fn draft_new(&mut self, pending: &Pending<'a>, response: PlanResponse, reason: Reason, paths: Vec<AttributePath>) {
        let old = pending.row.filter(|row| self.memory.rows.get(*row).is_some_and(super::rows::Held::exists));
        if old.is_some() && pending.source.decorators().protect && reason != Reason::Gone {
            let address = pending.source.address().clone();
            let problem = Problem::Protected { address, replaced: true, paths };
            self.report(&problem, Some(pending.source.span()));
            self.fail(pending.source.item);
            return;
        }
        let create = self.draft_to(pending, Action::Create, reason, response);
        let delete = old.and_then(|row| self.draft_delete(row, reason));
        if let Some(draft) = self.drafts.get_mut(create as usize) {
            draft.counterpart = delete;
            draft.replace_paths = paths;
        }
        if let Some(draft) = delete.and_then(|delete| self.drafts.get_mut(delete as usize)) {
            draft.counterpart = Some(create);
        }
        let value = self.drafts.get(create as usize).and_then(|draft| draft.planned);
        let outcome = Outcome {
            standing: Standing::Changing,
            value,
            draft: Some(create),
            anew: true,
            replaced: pending.row.is_some(),
        };
        self.set(pending.source.item, outcome);
    }

    fn draft_to(&mut self, pending: &Pending<'a>, action: Action, reason: Reason, response: PlanResponse) -> u32 {
        let planned = self.values.push(response.planned.view());
        self.identify(&pending.source, pending.kind.schema, response.planned.view(), action == Action::Update);
        let config = self.operation_config(pending);
        let graph = self.graph;
        let trigger = pending.source.decorators().replace_when.map(|id| self.values.push(graph.value(id)));
        let source = &pending.source;
        let number = self.draft(Subject::Item(source.item), action, reason, Through::Instance(source.provider()));
        if let Some(draft) = self.drafts.get_mut(number as usize) {
            draft.config = Some(config);
            draft.planned = Some(planned);
            draft.private = response.private;
            draft.replace_when = trigger;
        }
        number
    }

    /// The config that goes into the plan: not filled in, so that inputs are asked again at apply and no credential is
    /// in the plan.
    fn operation_config(&mut self, pending: &Pending<'a>) -> formwork_model::ValueId {
        let graph = self.graph;
        match pending.source.config_id() {
            Some(id) => self.values.push(graph.value(id)),
            None => self.values.push(pending.config.view()),
        }
    }
}
