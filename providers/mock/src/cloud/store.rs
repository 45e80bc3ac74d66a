//! Where a cloud's objects lie: in memory, or one JSON file each, written atomically under a kernel lock.
//!
//! ```text
//! objects/thing/web-1.json     the object
//! gone/thing/web-1.json        what it was when it was deleted; its id is never used again
//! log                          one JSON line for each call
//! faults.json                  scripted faults; may be written by hand
//! fault_counts.json            how often each was matched
//! ```

use super::{CloudObject, Fault, LogEntry};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A cloud that is locked.
pub(crate) trait Store {
    /// The object with this id.
    fn load(&self, type_name: &str, id: &str) -> io::Result<Option<CloudObject>>;
    /// All objects of a type, by id.
    fn all(&self, type_name: &str) -> io::Result<Vec<CloudObject>>;
    /// Writes an object.
    fn save(&mut self, object: &CloudObject) -> io::Result<()>;
    /// Removes an object; its id is never used again.
    fn bury(&mut self, type_name: &str, id: &str) -> io::Result<()>;
    /// Whether the id is or was in use.
    fn was_used(&self, type_name: &str, id: &str) -> bool;
    /// Adds a line to the log.
    fn record(&mut self, entry: LogEntry) -> io::Result<()>;
    /// The log.
    fn log(&self) -> io::Result<Vec<LogEntry>>;
    /// Scripted faults.
    fn faults(&self) -> io::Result<Vec<Fault>>;
    /// Scripts faults.
    fn set_faults(&mut self, faults: Vec<Fault>) -> io::Result<()>;
    /// Counts a match of a fault, and gives how many there were with this one.
    fn count_match(&mut self, fault: &Fault) -> io::Result<u64>;
}

/// The first id of a name that was never used.
pub(crate) fn next_id(store: &dyn Store, type_name: &str, name: &str) -> String {
    let mut ids = (1_u64..).map(|number| numbered(name, number));
    ids.find(|id| !store.was_used(type_name, id)).unwrap_or_default()
}

/// The id of the nth object of a name.
pub(crate) fn numbered(name: &str, number: u64) -> String {
    format!("{}-{number}", file_name(name))
}

/// A name as part of a file's name.
fn file_name(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    name.chars().map(|character| if plain(character) { character } else { '_' }).take(120).collect()
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    objects: BTreeMap<(String, String), CloudObject>,
    gone: BTreeMap<(String, String), CloudObject>,
    log: Vec<LogEntry>,
    faults: Vec<Fault>,
    counts: BTreeMap<String, u64>,
}

fn key(type_name: &str, id: &str) -> (String, String) {
    (type_name.to_owned(), id.to_owned())
}

impl Store for Memory {
    fn load(&self, type_name: &str, id: &str) -> io::Result<Option<CloudObject>> {
        Ok(self.objects.get(&key(type_name, id)).cloned())
    }

    fn all(&self, type_name: &str) -> io::Result<Vec<CloudObject>> {
        let objects = self.objects.range(key(type_name, "")..).map(|(_, object)| object);
        Ok(objects.take_while(|object| object.type_name == type_name).cloned().collect())
    }

    fn save(&mut self, object: &CloudObject) -> io::Result<()> {
        self.objects.insert(key(&object.type_name, &object.id), object.clone());
        Ok(())
    }

    fn bury(&mut self, type_name: &str, id: &str) -> io::Result<()> {
        if let Some((key, object)) = self.objects.remove_entry(&key(type_name, id)) {
            self.gone.insert(key, object);
        }
        Ok(())
    }

    fn was_used(&self, type_name: &str, id: &str) -> bool {
        let key = key(type_name, id);
        self.objects.contains_key(&key) || self.gone.contains_key(&key)
    }

    fn record(&mut self, entry: LogEntry) -> io::Result<()> {
        self.log.push(entry);
        Ok(())
    }

    fn log(&self) -> io::Result<Vec<LogEntry>> {
        Ok(self.log.clone())
    }

    fn faults(&self) -> io::Result<Vec<Fault>> {
        Ok(self.faults.clone())
    }

    fn set_faults(&mut self, faults: Vec<Fault>) -> io::Result<()> {
        self.faults = faults;
        self.counts.clear();
        Ok(())
    }

    fn count_match(&mut self, fault: &Fault) -> io::Result<u64> {
        let count = self.counts.entry(fault.key()).or_default();
        *count += 1;
        Ok(*count)
    }
}

/// A directory, locked against every other client until dropped.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    /// Waits for the lock.
    pub(super) fn lock(path: &Path) -> io::Result<Self> {
        let lock = OpenOptions::new().create(true).append(true).open(path.join("lock"))?;
        lock.lock()?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    fn object_path(&self, part: &str, type_name: &str, id: &str) -> PathBuf {
        self.path.join(part).join(file_name(type_name)).join(format!("{}.json", file_name(id)))
    }

    fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
        match fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map(Some).map_err(|error| with_path(io::Error::other(error), path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(with_path(error, path)),
        }
    }

    fn write<T: serde::Serialize>(path: &Path, content: &T) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let temporary = path.with_extension("new");
        fs::write(&temporary, serde_json::to_vec_pretty(content)?)?;
        fs::rename(&temporary, path)
    }
}

fn with_path(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

impl Store for Directory {
    fn load(&self, type_name: &str, id: &str) -> io::Result<Option<CloudObject>> {
        Self::read(&self.object_path("objects", type_name, id))
    }

    fn all(&self, type_name: &str) -> io::Result<Vec<CloudObject>> {
        let listing = match fs::read_dir(self.path.join("objects").join(file_name(type_name))) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut objects = Vec::new();
        for entry in listing {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                objects.extend(Self::read::<CloudObject>(&path)?);
            }
        }
        objects.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(objects)
    }

    fn save(&mut self, object: &CloudObject) -> io::Result<()> {
        Self::write(&self.object_path("objects", &object.type_name, &object.id), object)
    }

    fn bury(&mut self, type_name: &str, id: &str) -> io::Result<()> {
        let grave = self.object_path("gone", type_name, id);
        if let Some(parent) = grave.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::rename(self.object_path("objects", type_name, id), grave) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn was_used(&self, type_name: &str, id: &str) -> bool {
        self.object_path("objects", type_name, id).exists() || self.object_path("gone", type_name, id).exists()
    }

    fn record(&mut self, entry: LogEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        OpenOptions::new().create(true).append(true).open(self.path.join("log"))?.write_all(&line)
    }

    fn log(&self) -> io::Result<Vec<LogEntry>> {
        let text = match fs::read_to_string(self.path.join("log")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::other)).collect()
    }

    fn faults(&self) -> io::Result<Vec<Fault>> {
        Ok(Self::read(&self.path.join("faults.json"))?.unwrap_or_default())
    }

    fn set_faults(&mut self, faults: Vec<Fault>) -> io::Result<()> {
        Self::write(&self.path.join("fault_counts.json"), &BTreeMap::<String, u64>::new())?;
        Self::write(&self.path.join("faults.json"), &faults)
    }

    fn count_match(&mut self, fault: &Fault) -> io::Result<u64> {
        let path = self.path.join("fault_counts.json");
        let mut counts: BTreeMap<String, u64> = Self::read(&path)?.unwrap_or_default();
        let count = counts.entry(fault.key()).or_default();
        *count += 1;
        let count = *count;
        Self::write(&path, &counts)?;
        Ok(count)
    }
}
