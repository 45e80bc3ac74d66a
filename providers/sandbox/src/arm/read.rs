//! GET of one resource.

use super::failure::{self, Failure};
use super::id::Id;
use super::profile::{EtagForm, Profile};
use super::{Arm, Call};
use crate::exchange::Response;

impl Arm {
    /// GET of a resource.
    pub(super) fn read(&self, call: &Call<'_>, id: &Id) -> Result<Response, Failure> {
        let kind = id.type_name();
        let profile = self.profiles.of(&kind);
        self.check_place(id, profile, "GET")?;
        let Some(found) = self.find(id) else { return Err(self.absent(id, profile)) };
        let back = self.back();
        let view = self.view(call, id, &back, false);
        let response = Response::json(200, self.dressed(&found, &view));
        let etag = profile.etag_of(&found.record, view.now);
        Ok(match etag.filter(|_| profile.etag == EtagForm::Weak) {
            Some(etag) => response.header("etag", etag),
            None => response,
        })
    }

    /// The refusal for a resource that is not there.
    pub(super) fn absent(&self, id: &Id, profile: &Profile) -> Failure {
        failure::missing(id, profile)
    }
}
