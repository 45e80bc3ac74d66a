//! The pure function from a state and a record to the next state, and which records may follow which.

use crate::problem::Problem;
use crate::record::{Begin, Change, Move, OpenOperation, OperationId, Record, Role, Row, RowKey, RunId, State};
use formwork_model::Address;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Which rows a record changed, for who keeps a copy of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// None.
    Nothing,
    /// One.
    Row(RowKey),
    /// Two of one address: a new object, and the one that it replaces.
    Pair(RowKey, RowKey),
    /// Any.
    Many,
}

/// Why a record does not fit.
type Verdict<T> = Result<T, String>;

impl State {
    /// Takes in the next record.
    ///
    /// # Errors
    /// When its number is not the next one, or when it does not fit the state ([`Problem::Illegal`], which names it).
    /// The state is then unchanged.
    pub fn apply(&mut self, serial: u64, record: Record) -> Result<Touched, Problem> {
        let name = record.name();
        let verdict = if serial == self.serial + 1 {
            self.take(record)
        } else {
            Err(format!("the record before it is {}", self.serial))
        };
        let touched = verdict.map_err(|reason| Problem::Illegal { serial, record: name, reason })?;
        self.serial = serial;
        Ok(touched)
    }

    /// The generation of the next object of an address.
    #[must_use]
    pub fn next_generation(&self, address: &Address) -> u32 {
        let rows = self.generations(address).next_back().map(|key| key.generation);
        let opened = self.open.values().map(|operation| &operation.begin.key);
        let begun = opened.filter(|key| key.address == *address).map(|key| key.generation).max();
        rows.max(begun).map_or(0, |newest| newest.saturating_add(1))
    }

    /// The objects of an address, oldest first.
    pub fn generations(&self, address: &Address) -> impl DoubleEndedIterator<Item = &RowKey> {
        let bound = |generation| RowKey { address: address.clone(), generation };
        self.rows.range(bound(0)..=bound(u32::MAX)).map(|(key, _)| key)
    }

    /// The object that an address means now.
    #[must_use]
    pub fn current(&self, address: &Address) -> Option<&Arc<Row>> {
        let mut keys = self.generations(address).rev();
        keys.find_map(|key| self.rows.get(key).filter(|row| row.role == Role::Current))
    }

    fn take(&mut self, record: Record) -> Verdict<Touched> {
        match record {
            Record::RunStarted(run) => {
                self.running = Some(run);
                Ok(Touched::Nothing)
            }
            Record::Begin(begin) => self.begin(*begin),
            Record::Checkpoint { operation, checkpoint } => {
                self.open.get_mut(&operation).ok_or_else(not_begun)?.checkpoint = Some(checkpoint);
                Ok(Touched::Nothing)
            }
            Record::Done { operation, row } => self.end(&operation, row, End::Done),
            Record::Failed { operation, row, .. } => self.end(&operation, row, End::Failed),
            Record::Put(row) => self.put(*row),
            Record::Remove { key, .. } => {
                self.rows.remove(&key).ok_or_else(|| format!("there is no row {key}"))?;
                Ok(Touched::Row(key))
            }
            Record::Moved(moves) => self.relocate(&moves),
            Record::Provider { address, configuration } => {
                self.providers.insert(address, configuration);
                Ok(Touched::Nothing)
            }
            Record::Outputs(outputs) => {
                self.outputs = outputs;
                Ok(Touched::Nothing)
            }
            Record::RunFinished { run, .. } => self.finish(&run),
        }
    }

    /// Which change may begin on an object in which role.
    fn begin(&mut self, begin: Begin) -> Verdict<Touched> {
        if begin.row.key != begin.key {
            return Err(format!("it holds the row of {}", begin.row.key));
        }
        if let Some(open) = self.open.get(&begin.operation) {
            let repeats = open.begin.key == begin.key && open.begin.change == begin.change;
            return if repeats { Ok(self.announce(begin)) } else { Err("the operation began as another one".into()) };
        }
        let key = &begin.key;
        match (self.rows.get(key).map(|row| row.role), begin.change) {
            (None, Change::Create) => Ok(self.announce(begin)),
            (Some(_), Change::Create) => Err(format!("{key} exists already")),
            (None, Change::Update | Change::Delete) => Err(format!("there is no row {key}")),
            (Some(Role::Current | Role::Deposed), Change::Update) => Ok(self.announce(begin)),
            (Some(Role::Deleting), Change::Update) => Err(format!("{key} is being deleted")),
            (Some(Role::Current | Role::Deposed | Role::Deleting), Change::Delete) => {
                if let Some(row) = self.rows.get_mut(key) {
                    Arc::make_mut(row).role = Role::Deleting;
                }
                let touched = Touched::Row(key.clone());
                self.announce(begin);
                Ok(touched)
            }
        }
    }

    fn announce(&mut self, begin: Begin) -> Touched {
        // A request that is sent anew has no use for what was known of the one before.
        self.open.insert(begin.operation.clone(), OpenOperation { begin, checkpoint: None });
        Touched::Nothing
    }

    /// Which row may stand at the end of which change.
    fn end(&mut self, operation: &OperationId, row: Option<Box<Row>>, end: End) -> Verdict<Touched> {
        let begin = &self.open.get(operation).ok_or_else(not_begun)?.begin;
        if let Some(row) = &row
            && row.key != begin.key
        {
            return Err(format!("it began on {} and ends on {}", begin.key, row.key));
        }
        let key = begin.key.clone();
        let touched = match (begin.change, end, row) {
            (Change::Create, _, Some(row)) => self.replace_current(*row)?,
            (Change::Update | Change::Delete, End::Failed, Some(row)) | (Change::Update, End::Done, Some(row)) => {
                self.put(*row)?
            }
            (Change::Delete, End::Done, None) | (Change::Update | Change::Delete, End::Failed, None) => {
                self.rows.remove(&key);
                Touched::Row(key)
            }
            (Change::Create, End::Failed, None) => Touched::Nothing,
            (Change::Create | Change::Update, End::Done, None) => return Err("it is done but holds no row".into()),
            (Change::Delete, End::Done, Some(_)) => return Err("it is deleted but holds a row".into()),
        };
        self.open.remove(operation);
        Ok(touched)
    }

    /// A created object takes the place of the current one, which is deposed by the same record.
    fn replace_current(&mut self, row: Row) -> Verdict<Touched> {
        let key = row.key.clone();
        if self.rows.contains_key(&key) {
            return Err(format!("{key} exists already"));
        }
        let older = self.current(&key.address).map(|older| older.key.clone()).filter(|_| row.role == Role::Current);
        if let Some(older) = older.as_ref().and_then(|older| self.rows.get_mut(older)) {
            Arc::make_mut(older).role = Role::Deposed;
        }
        self.rows.insert(key.clone(), Arc::new(row));
        Ok(older.map_or(Touched::Row(key.clone()), |older| Touched::Pair(older, key)))
    }

    fn put(&mut self, row: Row) -> Verdict<Touched> {
        let key = row.key.clone();
        if row.role == Role::Current
            && let Some(other) = self.current(&key.address).filter(|other| other.key != key)
        {
            return Err(format!("{} is the current object of the address", other.key));
        }
        self.rows.insert(key.clone(), Arc::new(row));
        Ok(Touched::Row(key))
    }

    fn relocate(&mut self, moves: &[Move]) -> Verdict<Touched> {
        self.check_moves(moves)?;
        let taken: Vec<_> =
            moves.iter().filter_map(|step| Some((self.rows.remove(&step.from)?, step.to.clone()))).collect();
        for (mut row, to) in taken {
            Arc::make_mut(&mut row).key = to.clone();
            self.rows.insert(to, row);
        }
        let addresses: BTreeMap<&Address, &Address> =
            moves.iter().map(|step| (&step.from.address, &step.to.address)).collect();
        for row in self.rows.values_mut() {
            let mut named = row.dependencies.iter().chain(row.hosts.iter().map(|host| &host.address));
            if named.any(|address| addresses.contains_key(address)) {
                let row = Arc::make_mut(row);
                let hosts = row.hosts.iter_mut().map(|host| &mut host.address);
                for address in row.dependencies.iter_mut().chain(hosts) {
                    if let Some(to) = addresses.get(address) {
                        *address = (*to).clone();
                    }
                }
            }
        }
        Ok(Touched::Many)
    }

    fn check_moves(&self, moves: &[Move]) -> Verdict<()> {
        let leaving: BTreeSet<&RowKey> = moves.iter().map(|step| &step.from).collect();
        let arriving: BTreeSet<&RowKey> = moves.iter().map(|step| &step.to).collect();
        if leaving.len() != moves.len() || arriving.len() != moves.len() {
            return Err("two moves share an end".into());
        }
        if let Some(missing) = leaving.iter().find(|key| !self.rows.contains_key(key)) {
            return Err(format!("there is no row {missing}"));
        }
        if let Some(taken) = arriving.iter().find(|key| self.rows.contains_key(key) && !leaving.contains(*key)) {
            return Err(format!("{taken} exists already"));
        }
        let mut busy = self.open.values().map(|operation| &operation.begin.key);
        match busy.find(|key| leaving.contains(key) || arriving.contains(key)) {
            Some(key) => Err(format!("an operation on {key} has not ended")),
            None => Ok(()),
        }
    }

    fn finish(&mut self, run: &RunId) -> Verdict<Touched> {
        if self.running.as_ref().is_none_or(|running| running.id != *run) {
            return Err("this run is not running".into());
        }
        self.running = None;
        let rows = self.rows.values().map(|row| &row.provider);
        let used: BTreeSet<&Address> = rows.chain(self.open.values().map(|open| &open.begin.row.provider)).collect();
        self.providers.retain(|address, _| used.contains(address));
        Ok(Touched::Nothing)
    }
}

/// How an operation ended.
#[derive(Clone, Copy)]
enum End {
    Done,
    Failed,
}

fn not_begun() -> String {
    "the operation has not begun, or has ended".into()
}

impl std::fmt::Display for RowKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} (generation {})", self.address, self.generation)
    }
}

impl Change {
    /// `create`, `update` or `delete`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Record {
    /// Kind and subject, for messages. Holds no value.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::RunStarted(run) => format!("start of run {}", run.id.0),
            Self::Begin(begin) => format!("begin of the {} of {}", begin.change.word(), begin.key),
            Self::Checkpoint { operation, .. } => format!("checkpoint of operation {}", operation.0),
            Self::Done { operation, .. } => format!("end of operation {}", operation.0),
            Self::Failed { operation, .. } => format!("failure of operation {}", operation.0),
            Self::Put(row) => format!("row {}", row.key),
            Self::Remove { key, .. } => format!("removal of {key}"),
            Self::Moved(moves) => match moves.as_slice() {
                [one] => format!("move of {} to {}", one.from, one.to),
                _ => format!("{} moves", moves.len()),
            },
            Self::Provider { address, .. } => format!("configuration of {address}"),
            Self::Outputs(_) => "outputs".to_owned(),
            Self::RunFinished { run, .. } => format!("end of run {}", run.0),
        }
    }
}
