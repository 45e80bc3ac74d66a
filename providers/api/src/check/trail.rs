//! The way down into a value. It becomes a path only when there is something to report.

use formwork_model::{AttributePath, Step};

/// One step, and the way before it.
#[derive(Clone, Copy)]
pub(super) struct Trail<'a> {
    before: Option<&'a Trail<'a>>,
    step: Part<'a>,
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Root,
    Member(&'a str),
    Key(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    pub(super) const ROOT: Trail<'static> = Trail { before: None, step: Part::Root };

    pub(super) const fn member<'b>(&'b self, name: &'b str) -> Trail<'b> {
        Trail { before: Some(self), step: Part::Member(name) }
    }

    pub(super) const fn key<'b>(&'b self, key: &'b str) -> Trail<'b> {
        Trail { before: Some(self), step: Part::Key(key) }
    }

    pub(super) const fn index<'b>(&'b self, index: usize) -> Trail<'b> {
        Trail { before: Some(self), step: Part::Index(index) }
    }

    pub(super) fn path(&self) -> AttributePath {
        let before = self.before.map_or_else(AttributePath::root, Trail::path);
        match self.step {
            Part::Root => before,
            Part::Member(name) => before.then(Step::Member(name.into())),
            Part::Key(key) => before.then(Step::Key(key.into())),
            Part::Index(index) => before.then(Step::Index(u32::try_from(index).unwrap_or(u32::MAX))),
        }
    }
}
