//! What is known of objects while planning, and configs with it filled in.

use super::items::{Config, Source, Standing};
use super::problem::Problem;
use super::walk::Walk;
use crate::ports::KeyedDigest;
use formwork_lang::residual;
use formwork_model::{
    Address, AttributePath, Diagnostic, InputProblem, InputSource, Span, Step, Value, ValueBuf, ValueRef, View,
};
use std::cell::RefCell;
use std::rc::Rc;

/// What a reference into an object sees: the value, null where there is none, or the unknown that is in its way.
pub(crate) fn inside(object: &Address, value: ValueRef<'_>, path: &AttributePath) -> Value {
    let mut current = value;
    let mut secret = false;
    for step in path.steps() {
        if let View::Secret(inner) = current.view() {
            secret = true;
            current = inner;
        }
        if current.is_unknown() {
            return marked(Value::attribute(object.clone(), path.clone()), secret);
        }
        let next = match step {
            Step::Member(name) | Step::Key(name) => current.get(name),
            Step::Index(index) => current.items().nth(*index as usize),
            Step::Each => None,
        };
        match next {
            Some(next) => current = next,
            None => return marked(Value::Null, secret),
        }
    }
    marked(current.to_value(), secret)
}

fn marked(value: Value, secret: bool) -> Value {
    if secret { value.secret() } else { value }
}

/// How an input is written.
pub(crate) fn input_name(source: &InputSource) -> String {
    match source {
        InputSource::EnvironmentVariable(name) => format!("env_var({name:?})"),
        InputSource::Secret(source) => format!("secret_from({source:?})"),
    }
}

/// The digest by which an input is told to be the one that was planned with.
pub(crate) fn input_digest(value: &Value, digest: &dyn KeyedDigest) -> [u8; 16] {
    digest.digest(ValueBuf::from(value.exposed()).as_bytes())
}

impl<'a> Walk<'a> {
    /// What is known of an attribute now; none while it is not.
    pub(crate) fn attribute(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        let Some(item) = self.item(object) else {
            // What is recorded of a block that waits may not be what it will be.
            return if self.waiting.names(object) { None } else { self.recorded_attribute(object, path) };
        };
        let value = self.outcome(item).value?;
        Some(inside(object, self.values.get(value), path))
    }

    /// What is recorded of an attribute: of objects that have no block (any more), and for the connection to what is
    /// about to be replaced.
    pub(crate) fn recorded_attribute(&self, object: &Address, path: &AttributePath) -> Option<Value> {
        let row = self.memory.rows.current(object)?;
        let held = self.memory.rows.get(row).filter(|held| held.exists())?;
        Some(inside(object, held.row.values.view(), path))
    }

    /// An input; asked for once.
    fn input(&self, source: &InputSource) -> Result<Value, InputProblem> {
        let known = self.memory.inputs.borrow().get(source).cloned();
        known.unwrap_or_else(|| {
            let answer = self.request.inputs.resolve(source);
            self.memory.inputs.borrow_mut().insert(source.clone(), answer.clone());
            answer
        })
    }

    /// The value with everything put in that is known by now. Inputs that it uses are noted.
    pub(crate) fn resolve(&mut self, value: &Value, span: Option<Span>) -> Option<Value> {
        let objects = |object: &Address, path: &AttributePath| self.attribute(object, path);
        let note = |source: &InputSource, value: &Value| {
            let digest = input_digest(value, self.request.digest);
            self.memory.used.borrow_mut().insert(source.clone(), digest);
        };
        let resolved = self.resolve_noting(value, span, &objects, &note);
        resolved.map_err(|diagnostic| self.problems.push(*diagnostic)).ok()
    }

    /// The value with everything put in that `objects` knows.
    pub(crate) fn resolve_with(
        &self,
        value: &Value,
        span: Option<Span>,
        objects: &residual::ObjectLookup<'_>,
    ) -> Result<Value, Box<Diagnostic>> {
        self.resolve_noting(value, span, objects, &|_, _| {})
    }

    fn resolve_noting(
        &self,
        value: &Value,
        span: Option<Span>,
        objects: &residual::ObjectLookup<'_>,
        note: &dyn Fn(&InputSource, &Value),
    ) -> Result<Value, Box<Diagnostic>> {
        let missing = RefCell::new(None);
        let inputs = |source: &InputSource| {
            let answer = self.input(source);
            match &answer {
                Ok(value) => note(source, value),
                Err(problem) => {
                    let problem = Problem::Input { name: input_name(source), problem: problem.clone() };
                    let written = self.graph.inputs.get(source).copied().or(span);
                    missing.borrow_mut().get_or_insert((problem, written));
                }
            }
            Some(answer)
        };
        residual::resolve(value, objects, &inputs).map_err(|diagnostic| {
            Box::new(missing.take().map_or(diagnostic, |(problem, span): (Problem, _)| problem.at(span)))
        })
    }

    /// The config of an object, filled in. None when that failed, which is reported.
    pub(crate) fn config(&mut self, source: &Source<'a>) -> Option<Config<'a>> {
        let Some(id) = source.config_id() else { return source.row_config().map(Config::OfRow) };
        let graph = self.graph;
        let given = graph.value(id);
        if given.is_known() {
            return Some(Config::Given(given));
        }
        let resolved = self.resolve(&given.to_value(), Some(source.span()))?;
        Some(Config::Resolved(Rc::new(ValueBuf::from(&resolved))))
    }

    /// The first object that cannot be planned in this phase and that the value waits for.
    pub(crate) fn blocked_by(&self, value: ValueRef<'_>) -> Option<Address> {
        if value.is_known() {
            return None;
        }
        let mut blocked = None;
        value.each_attribute(&mut |object, _| {
            let waits = match self.item(object) {
                Some(item) => self.outcome(item).standing == Standing::Blocked,
                None => self.waiting.names(object),
            };
            if blocked.is_none() && waits {
                blocked = Some(object.clone());
            }
        });
        blocked
    }
}
