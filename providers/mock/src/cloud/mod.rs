//! The cloud behind the provider: its objects, its log, its scripted faults.

mod codec;
mod fault;
mod object;
mod store;

pub use fault::{Fault, FaultKind};
pub use object::{CloudObject, LogEntry, ObjectState};
pub(crate) use store::{Store, next_id, numbered};

use formwork_model::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use store::{Directory, Memory};

/// A handle of a cloud. Clones speak of the same cloud.
#[derive(Clone)]
pub struct MockCloud {
    name: Arc<str>,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Memory(Arc<Mutex<Memory>>),
    Directory(Arc<Path>),
}

type Register = Mutex<BTreeMap<String, MockCloud>>;

fn register() -> MutexGuard<'static, BTreeMap<String, MockCloud>> {
    static REGISTER: OnceLock<Register> = OnceLock::new();
    REGISTER.get_or_init(Register::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for MockCloud {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MockCloud({})", self.name)
    }
}

impl Default for MockCloud {
    fn default() -> Self {
        Self::new()
    }
}

impl MockCloud {
    /// A new cloud in memory; a provider reaches it with `memory = cloud.name()`.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self::named(&format!("cloud-{}", COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// The cloud in memory that is called `name`; made if it is not there. It lives as long as the process.
    #[must_use]
    pub fn named(name: &str) -> Self {
        register()
            .entry(name.to_owned())
            .or_insert_with(|| Self { name: name.into(), place: Place::Memory(Arc::default()) })
            .clone()
    }

    /// The cloud in a directory; made if it is not there.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn directory(path: impl Into<PathBuf>) -> std::io::Result<Self> {
        let path = path.into();
        std::fs::create_dir_all(&path)?;
        Ok(Self { name: path.display().to_string().into(), place: Place::Directory(path.into()) })
    }

    /// What the provider's `memory` or `directory` attribute is set to.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration that reaches this cloud.
    #[must_use]
    pub fn configuration(&self) -> Value {
        let attribute = match self.place {
            Place::Memory(_) => "memory",
            Place::Directory(_) => "directory",
        };
        Value::map([(attribute, Value::string(&*self.name))])
    }

    /// Does something with the store while nobody else can, in this process or another.
    pub(crate) fn locked<T>(&self, work: impl FnOnce(&mut dyn Store) -> std::io::Result<T>) -> std::io::Result<T> {
        match &self.place {
            Place::Memory(memory) => work(&mut *memory.lock().unwrap_or_else(PoisonError::into_inner)),
            Place::Directory(path) => work(&mut Directory::lock(path)?),
        }
    }

    /// Every object of a type that is there in any state, by id.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn objects(&self, type_name: &str) -> std::io::Result<Vec<CloudObject>> {
        self.locked(|store| store.all(type_name))
    }

    /// The object with this id.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn object(&self, type_name: &str, id: &str) -> std::io::Result<Option<CloudObject>> {
        self.locked(|store| store.load(type_name, id))
    }

    /// Puts an object there, or changes it, behind everybody's back.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn put(&self, object: &CloudObject) -> std::io::Result<()> {
        self.locked(|store| store.save(object))
    }

    /// Sets one attribute of an object behind everybody's back. Gives whether the object is there.
    ///
    /// # Errors
    /// When the directory cannot be read or written.
    pub fn drift(&self, type_name: &str, id: &str, attribute: &str, value: Value) -> std::io::Result<bool> {
        self.locked(|store| {
            let Some(mut object) = store.load(type_name, id)? else { return Ok(false) };
            let mut values = object.values();
            values.insert(attribute, value);
            object.set_values(&values);
            store.save(&object).map(|()| true)
        })
    }

    /// Removes an object behind everybody's back.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn remove(&self, type_name: &str, id: &str) -> std::io::Result<()> {
        self.locked(|store| store.bury(type_name, id))
    }

    /// Every call so far, oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> std::io::Result<Vec<LogEntry>> {
        self.locked(|store| store.log())
    }

    /// How many calls of this kind and type were done, faults left out.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn count(&self, call: &str, type_name: &str) -> std::io::Result<usize> {
        let done = |entry: &&LogEntry| entry.call == call && entry.type_name == type_name && entry.outcome == "done";
        Ok(self.log()?.iter().filter(done).count())
    }

    /// Scripts faults, in place of those that were scripted before.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn script(&self, faults: Vec<Fault>) -> std::io::Result<()> {
        self.locked(|store| store.set_faults(faults))
    }
}
