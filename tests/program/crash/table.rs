//! Kills, counted by what was being done and how far it was.

use formwork_state::record::{Change, State};
use std::collections::BTreeMap;
use std::fmt;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
    /// A new object before the old one goes; and the delete of the old one.
    CreateFirst,
    Destroy,
}

/// How far it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::enum_variant_names, reason = "each says what had not happened yet")]
pub(super) enum Window {
    BeforeBegin,
    /// `Begin` is durable, the cloud has heard nothing.
    BeforeSend,
    /// The cloud has done it, the answer was not read.
    BeforeAnswer,
    /// The answer was read, `Done` is not durable.
    BeforeDone,
}

pub(super) const KINDS: [Kind; 5] = [Kind::Create, Kind::Update, Kind::Delete, Kind::CreateFirst, Kind::Destroy];
/// Changes of what is there.
const CHANGES: [Kind; 3] = [Kind::Update, Kind::Delete, Kind::CreateFirst];
pub(super) const WINDOWS: [Window; 4] =
    [Window::BeforeBegin, Window::BeforeSend, Window::BeforeAnswer, Window::BeforeDone];

#[derive(Default)]
pub(super) struct Table(BTreeMap<(Kind, Window), usize>);

impl Table {
    pub(super) fn count(&mut self, kind: Kind, window: Window) {
        *self.0.entry((kind, window)).or_default() += 1;
    }

    pub(super) fn of(&self, kind: Kind, window: Window) -> usize {
        self.0.get(&(kind, window)).copied().unwrap_or(0)
    }

    /// All kinds together.
    pub(super) fn within(&self, window: Window) -> usize {
        KINDS.iter().map(|kind| self.of(*kind, window)).sum()
    }

    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// Of these kinds the cell with the fewest kills; of equals the one in the window with the fewest.
    pub(super) fn rarest(&self, kinds: &[Kind]) -> (Kind, Window) {
        let cells = kinds.iter().flat_map(|kind| WINDOWS.map(|window| (*kind, window)));
        cells.min_by_key(|(kind, window)| (self.of(*kind, *window), self.within(*window))).expect("some kind")
    }

    /// The changes between two forms of a stack, one more each time, that which was killed least first: so it is clear what
    /// a kill fell into.
    pub(super) fn each_change_by_itself(&self) -> Vec<Vec<Kind>> {
        let mut kinds = CHANGES;
        kinds.sort_by_key(|kind| WINDOWS.iter().map(|window| self.of(*kind, *window)).sum::<usize>());
        (1..=kinds.len()).map(|changed| kinds[..changed].to_vec()).collect()
    }

    /// Whether there were kills everywhere.
    pub(super) fn is_full(&self) -> bool {
        KINDS.iter().all(|kind| WINDOWS.iter().all(|window| self.of(*kind, *window) > 0))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<12}", "kills")?;
        for window in WINDOWS {
            write!(formatter, "{:>14}", format!("{window:?}"))?;
        }
        for kind in KINDS {
            write!(formatter, "\n{:<12}", format!("{kind:?}"))?;
            for window in WINDOWS {
                write!(formatter, "{:>14}", self.of(kind, window))?;
            }
        }
        write!(formatter, "\n{:<12}", "all")?;
        for window in WINDOWS {
            write!(formatter, "{:>14}", self.within(window))?;
        }
        Ok(())
    }
}

/// Where a kill at a random time fell, by what it left: of the open operations the one that got farthest. `did` says
/// whether the cloud has done it.
pub(super) fn found(state: &State, did: impl Fn(&str) -> bool) -> (Option<Change>, Window) {
    let farthest = state.open.values().map(|open| {
        let window = if open.checkpoint.is_some() {
            Window::BeforeDone
        } else if did(&open.begin.operation.0) {
            Window::BeforeAnswer
        } else {
            Window::BeforeSend
        };
        (window, open.begin.change)
    });
    farthest
        .max_by_key(|(window, _)| *window)
        .map_or((None, Window::BeforeBegin), |(window, change)| (Some(change), window))
}
