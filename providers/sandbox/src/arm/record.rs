//! What is kept of a resource, and the state that follows from it and the time.

use super::scope;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A resource as it was asked for. What its service adds is not kept: it follows from the type's profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The id, in the case of its creation.
    pub(crate) id: String,
    /// What was sent, normalised, and what was allocated.
    pub(crate) body: Json,
    /// The API version of the creation.
    pub(crate) born: String,
    /// When it was created, in milliseconds.
    pub(crate) created: i64,
    /// When it was last written.
    pub(crate) modified: i64,
    /// Grows with each write.
    pub(crate) revision: u64,
    /// Work under way or ended, on the resource itself (``) and on children that lie in it (`subnets/a`).
    #[serde(default)]
    pub(crate) work: BTreeMap<String, Work>,
}

/// One piece of work on a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    /// The operation that tells of it.
    pub(crate) operation: String,
    /// What it does.
    pub(crate) verb: WorkVerb,
    /// When it was accepted, in milliseconds.
    pub(crate) start: i64,
    /// When it is over.
    pub(crate) end: i64,
    /// The provisioning state while it lasts.
    pub(crate) state: String,
    /// How it ends, if not well.
    #[serde(default)]
    pub(crate) problem: Option<Problem>,
}

/// What work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WorkVerb {
    /// The resource comes to be.
    Create,
    /// It changes.
    Update,
    /// It goes.
    Delete,
    /// An action on it.
    Act,
}

/// Why work failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `Failed` or `Canceled`.
    pub state: String,
    /// The error's code.
    pub code: String,
    /// The error's message.
    pub message: String,
}

impl Work {
    /// It is not over.
    pub(crate) const fn runs(&self, now: i64) -> bool {
        now < self.end
    }
}

impl Record {
    /// The work on the resource itself (``) or on a child that lies in it.
    pub(crate) fn running(&self, part: &str, now: i64) -> Option<&Work> {
        self.work.get(part).filter(|work| work.runs(now))
    }

    /// The provisioning state of the resource itself (``) or of a child.
    pub(crate) fn state(&self, part: &str, now: i64) -> String {
        match self.work.get(part) {
            Some(work) if work.runs(now) => work.state.clone(),
            Some(Work { problem: Some(problem), .. }) => problem.state.clone(),
            Some(_) | None => "Succeeded".to_owned(),
        }
    }

    /// The creation is not over.
    pub(crate) fn creating(&self, part: &str, now: i64) -> bool {
        self.running(part, now).is_some_and(|work| work.verb == WorkVerb::Create)
    }

    /// The resource is going.
    pub(crate) fn going(&self, part: &str, now: i64) -> bool {
        self.running(part, now).is_some_and(|work| work.verb == WorkVerb::Delete)
    }

    /// A guid that changes with each write and with each end of work.
    pub(crate) fn etag_guid(&self, now: i64) -> String {
        let running = self.work.values().filter(|work| work.runs(now)).count();
        let seed = format!("etag|{}|{}|{}|{running}", self.id.to_lowercase(), self.created, self.revision);
        scope::guid(&seed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    fn record(problem: Option<Problem>) -> Record {
        let work = Work {
            operation: "o".into(),
            verb: WorkVerb::Create,
            start: 0,
            end: 10,
            state: "Creating".into(),
            problem,
        };
        Record {
            id: "/a".into(),
            body: Json::Null,
            born: "2024-01-01".into(),
            created: 0,
            modified: 0,
            revision: 1,
            work: BTreeMap::from([(String::new(), work)]),
        }
    }

    #[test]
    fn the_state_follows_from_the_time() {
        let record = record(None);
        assert_eq!((record.state("", 9), record.state("", 10)), ("Creating".into(), "Succeeded".into()));
        assert_ne!(record.etag_guid(9), record.etag_guid(10));
    }

    #[test]
    fn failed_work_leaves_its_state_behind() {
        let problem = Problem { state: "Failed".into(), code: "X".into(), message: "x".into() };
        assert_eq!(record(Some(problem)).state("", 11), "Failed");
    }
}
