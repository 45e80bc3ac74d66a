//! DELETE.

use super::failure::{self, Failure};
use super::id::Id;
use super::operation::Begin;
use super::profile::{BodyForm, Orphan, Profile, Verb};
use super::record::WorkVerb;
use super::{Arm, Call, Found};
use crate::exchange::Response;

impl Arm {
    /// DELETE of a resource.
    pub(super) fn delete(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        match self.check_place(id, profile, "DELETE") {
            Err(_) if profile.orphan == Orphan::Gone && !self.group_is_gone(id) => return Ok(Response::empty(204)),
            checked => checked?,
        }
        let Some(found) = self.find(id) else { return Ok(Response::empty(204)) };
        self.check_locks(id, true)?;
        self.check_etag(call, id, profile, Some(&found))?;
        if let Some(answer) = self.already_going(call, &found, profile) {
            return Ok(answer);
        }
        self.check_sibling(id, Some(&found))?;
        self.check_deletable(id, profile)?;
        self.remove(call, id, profile, found)
    }

    fn group_is_gone(&self, id: &Id) -> bool {
        let key = |group| super::id::group_key(id.subscription(), group);
        id.group().is_some_and(|group| self.record(&key(group)).is_none())
    }

    /// A deletion under way is told again.
    fn already_going(&self, call: &Call<'_>, found: &Found, profile: &Profile) -> Option<Response> {
        let now = self.clock.now_ms();
        let key = found.work_key();
        let work = found.record.running(&key, now).filter(|work| work.verb == WorkVerb::Delete)?;
        let operation = self.operation(&work.operation)?;
        let response = self.answer(call, &profile.delete, Some(&operation), None);
        Some(match profile.delete.retry {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        })
    }

    fn check_deletable(&self, id: &Id, profile: &Profile) -> Result<(), Failure> {
        if let Some(kind) = &profile.children_first {
            let wanted = kind.to_lowercase();
            let below = self.records(&format!("{}/", id.key()));
            let children = below.iter().filter_map(|record| Id::parse(&record.id));
            let children: Vec<String> = children
                .filter(|child| child.type_name().to_lowercase() == wanted)
                .map(|child| child.label())
                .collect();
            if !children.is_empty() {
                return Err(failure::nested(&children));
            }
        }
        let Some(code) = &profile.in_use else { return Ok(()) };
        match self.user_of(id) {
            Some((user, used)) => {
                let used = Id::parse(&used).unwrap_or_else(|| id.clone());
                Err(failure::in_use(code, &used, &user))
            }
            None => Ok(()),
        }
    }

    fn remove(&self, call: &Call<'_>, id: &Id, profile: &Profile, found: Found) -> Result<Response, Failure> {
        let answer = self.delete_answer(id, profile);
        self.before_delete(id, &found)?;
        let back = self.back();
        let view = self.view(call, id, &back, false);
        let mut shown = (answer.body == BodyForm::Resource).then(|| self.dressed(&found, &view));
        if let (Some(shown), Some(state)) = (&mut shown, &answer.state) {
            super::path::set(shown, "properties.provisioningState", state.clone().into());
        }
        if !answer.works {
            self.erase(id, found.record, found.part.as_ref());
            return Ok(self.answer(call, &answer, None, shown));
        }
        let key = found.work_key();
        let state = answer.state.clone().unwrap_or_else(|| "Deleting".to_owned());
        let begin = Begin { id, profile, verb: WorkVerb::Delete, answer: &answer, lasts: answer.lasts, state };
        let operation = self.begin(call, &begin)?;
        let mut record = found.record;
        Self::note(&mut record, &key, &operation, &begin.state);
        record.revision += 1;
        self.keep(&record)?;
        let response = self.answer(call, &answer, Some(&operation), shown);
        Ok(match answer.retry {
            Some(seconds) => response.header("retry-after", seconds.to_string()),
            None => response,
        })
    }

    /// The answer to a DELETE; a registry with replications takes its time.
    fn delete_answer(&self, id: &Id, profile: &Profile) -> Verb {
        let registry = id.type_name().eq_ignore_ascii_case("Microsoft.ContainerRegistry/registries");
        let replicated = registry && !self.records(&format!("{}/replications/", id.key())).is_empty();
        if replicated { Verb::parse("202 Deleting 20s retry=10 +location") } else { profile.delete.clone() }
    }
}
