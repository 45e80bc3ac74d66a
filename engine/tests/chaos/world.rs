//! A cloud, a state, and what the program does with them: recover, plan, apply.

use crate::builder::{Digest, Fixed, Inputs, OnlyMock, summary};
use crate::stack::{KINDS, Stack};
use crate::store::Memory;
use crate::{Counts, faults, oracle};
use formwork_engine::apply::{ApplyReport, ApplyRequest, apply};
use formwork_engine::connections::Connections;
use formwork_engine::event::{ChangeKind, Event};
use formwork_engine::plan::{Plan, PlanOptions, PlanRequest, plan};
use formwork_engine::ports::{EventSink, Interruption, NoEvents};
use formwork_engine::recovery::{RecoverRequest, recover};
use formwork_lang::graph::ResourceGraph;
use formwork_model::{Diagnostic, Value, ValueBuf};
use formwork_provider_mock::{CloudObject, MockCloud};
use formwork_state::record::{Condition, Outcome, Record, Role, Row, RowKey, Run, RunId, State};
use formwork_state::store::Store;
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

pub(crate) struct World {
    pub(crate) cloud: MockCloud,
    store: Arc<Memory>,
    runs: u32,
    /// Objects whose delete failed: they may be gone all the same.
    pub(crate) doubtful: BTreeSet<RowKey>,
}

/// Events, and the signal that comes at one of them.
pub(crate) struct Watched {
    pub(crate) events: Mutex<Vec<Event>>,
    signals: Option<(usize, watch::Sender<Interruption>, Interruption)>,
}

impl EventSink for Watched {
    fn emit(&self, event: Event) {
        let mut events = self.events.lock().unwrap();
        events.push(event);
        if let Some((at, sender, interruption)) = &self.signals
            && events.len() == *at
        {
            sender.send_replace(*interruption);
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { cloud: MockCloud::new(), store: Arc::new(Memory::new()), runs: 0, doubtful: BTreeSet::new() }
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.store.state()
    }

    /// Everything in the cloud.
    pub(crate) fn objects(&self) -> Vec<CloudObject> {
        KINDS.iter().flat_map(|kind| self.cloud.objects(kind).unwrap()).collect()
    }

    pub(crate) fn faults(&self, random: &mut StdRng) {
        self.cloud.script(faults::random(random)).unwrap();
    }

    pub(crate) fn calm(&mut self) {
        self.cloud.script(Vec::new()).unwrap();
    }

    /// One run of the program, perhaps killed or interrupted in the middle.
    pub(crate) async fn round(&mut self, stack: &Stack, random: &mut StdRng, counts: &mut Counts) {
        let kill = random.random_bool(0.35).then(|| random.random_range(1..25));
        self.store.cut_off(kill);
        let (sender, interruption) = watch::channel(Interruption::None);
        let how = if random.random_bool(0.5) { Interruption::Stop } else { Interruption::Cancel };
        let signals = random.random_bool(0.2).then(|| (random.random_range(1..20), sender.clone(), how));
        let watched = Arc::new(Watched { events: Mutex::default(), signals });
        let recovered = self.recover(&watched, &interruption).await;
        count(counts, "operations that stayed open or were told of", recovered.len());
        let parallelism = random.random_range(1..8);
        let graph = stack.graph(&self.cloud);
        match self.plan(graph, &PlanOptions::default()).await {
            Err(_) => count(counts, "plans that failed", 1),
            Ok(plan) => {
                watched.events.lock().unwrap().clear();
                let report = self.apply(&plan, parallelism, &watched, &interruption).await;
                let events = watched.events.lock().unwrap();
                let word = match report.outcome {
                    Outcome::Succeeded => "applies that succeeded",
                    Outcome::Failed => "applies that failed",
                    Outcome::Interrupted => "applies that were interrupted",
                };
                count(counts, word, 1);
                self.note_doubts(&events);
                if !self.store.is_cut_off() {
                    oracle::check_skipped(&plan, &events, *interruption.borrow());
                }
            }
        }
        assert_eq!(self.store.illegal(), None);
        count(counts, "runs that were killed", usize::from(self.store.is_cut_off()));
        self.store.cut_off(None);
        count(counts, "operations left open", self.state().open.len());
    }

    fn note_doubts(&mut self, events: &[Event]) {
        let state = self.state();
        for event in events {
            if let Event::OperationFailed { address, change: ChangeKind::Delete, .. } = event {
                self.doubtful.extend(state.rows.keys().filter(|key| key.address == *address).cloned());
            }
        }
    }

    async fn recover(&self, events: &Arc<Watched>, interruption: &watch::Receiver<Interruption>) -> Vec<Diagnostic> {
        recover(RecoverRequest {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            providers: Arc::new(OnlyMock),
            inputs: Arc::new(Inputs(Default::default())),
            secrets: Arc::default(),
            environment: Default::default(),
            events: Arc::clone(events) as Arc<dyn EventSink>,
            interruption: interruption.clone(),
        })
        .await
    }

    async fn plan(&self, graph: ResourceGraph, options: &PlanOptions) -> Result<Plan, Vec<Diagnostic>> {
        plan(PlanRequest {
            source: &Fixed(graph),
            state: &self.state(),
            connections: &Connections::new(Arc::new(OnlyMock), Default::default()),
            inputs: &Inputs(Default::default()),
            digest: &Digest,
            events: &NoEvents,
            stack: "stack",
            environment: "test",
            options,
        })
        .await
    }

    async fn apply(
        &mut self,
        plan: &Plan,
        parallelism: usize,
        events: &Arc<Watched>,
        interruption: &watch::Receiver<Interruption>,
    ) -> ApplyReport {
        self.runs += 1;
        apply(ApplyRequest {
            run: Run {
                id: RunId(format!("run {}", self.runs)),
                command: "apply".into(),
                who: "me@here".into(),
                at_ms: now_ms(),
                commit: String::new(),
                plan: plan.header.id.clone(),
                version: "0".into(),
                finished: None,
            },
            plan: Arc::new(plan.clone()),
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            providers: Arc::new(OnlyMock),
            inputs: Arc::new(Inputs(Default::default())),
            digest: Arc::new(Digest),
            secrets: Arc::default(),
            environment: Default::default(),
            parallelism,
            events: Arc::clone(events) as Arc<dyn EventSink>,
            interruption: interruption.clone(),
        })
        .await
    }

    /// What a person does about rows that are rightly uncertain: looks into the cloud.
    pub(crate) fn resolve_uncertain(&self, counts: &mut Counts) {
        for row in self.state().rows.values() {
            if !matches!(row.condition, Condition::Uncertain(_)) {
                continue;
            }
            let type_name = row.type_name.name.as_str();
            assert!(["anonymous", "keyed", "tokened"].contains(&type_name), "it can be recognised: {row:?}");
            count(counts, "uncertain objects", 1);
            let made = self.cloud.objects(type_name).unwrap();
            let made = made.into_iter().find(|object| object.operation == row.created_by.0);
            let record = match made {
                Some(object) => Record::Put(Box::new(Row {
                    values: ValueBuf::from(Value::Map(object.values())),
                    role: Role::Current,
                    condition: Condition::Ready,
                    ..row.as_ref().clone()
                })),
                None => Record::Remove { key: row.key.clone(), reason: "absent".into() },
            };
            self.store.append_and_wait(vec![record]).unwrap();
        }
    }

    /// One run without faults does all that is left, and the plan after it is clean.
    pub(crate) async fn converge(&mut self, stack: &Stack, counts: &mut Counts) {
        let (_sender, interruption) = watch::channel(Interruption::None);
        let watched = Arc::new(Watched { events: Mutex::default(), signals: None });
        self.recover(&watched, &interruption).await;
        // What the recovery itself could not tell.
        self.resolve_uncertain(counts);
        assert!(self.state().open.is_empty(), "{:#?}", self.state().open);
        let graph = stack.graph(&self.cloud);
        let plan = self.plan(graph.clone(), &PlanOptions::default()).await.unwrap();
        let report = self.apply(&plan, 4, &watched, &interruption).await;
        assert_eq!(report.outcome, Outcome::Succeeded, "{:#?}\n{:#?}", summary(&plan), report.diagnostics);
        let again = self.plan(graph, &PlanOptions::default()).await.unwrap();
        assert_eq!(summary(&again), Vec::<String>::new(), "the second plan is not clean after {:#?}", summary(&plan));
        assert!(!again.has_changes());
    }

    pub(crate) async fn destroy(&mut self, stack: &Stack) {
        let (_sender, interruption) = watch::channel(Interruption::None);
        let watched = Arc::new(Watched { events: Mutex::default(), signals: None });
        let options = PlanOptions { destroy: true, ..PlanOptions::default() };
        let plan = self.plan(stack.graph(&self.cloud), &options).await.unwrap();
        let report = self.apply(&plan, 4, &watched, &interruption).await;
        assert_eq!(report.outcome, Outcome::Succeeded, "{:#?}", report.diagnostics);
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

fn count(counts: &mut Counts, what: &'static str, number: usize) {
    *counts.entry(what).or_default() += number;
}
