//! Where the key comes from: `FORMWORK_STATE_KEY`, or a file in the user's data directory that is made on first use.

use super::{KeyName, Sealer};
use crate::problem::Problem;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use zeroize::Zeroizing;

/// The environment variable that overrides the key file.
const VARIABLE: &str = "FORMWORK_STATE_KEY";
/// A passphrase shorter than this is refused: its key could be found by trying.
const SHORTEST_PASSPHRASE: usize = 16;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Where the key of a state is to be found; it is read when first needed. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Keys {
    source: Source,
    sealer: Arc<OnceLock<Sealer>>,
    made: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Source {
    Text { from: String, text: Zeroizing<String> },
    File(PathBuf),
}

impl Keys {
    /// `FORMWORK_STATE_KEY` where it is set, else `formwork/state.key` in the user's data directory (`XDG_DATA_HOME`, or
    /// `~/.local/share`).
    ///
    /// # Errors
    /// When neither the variable nor a home directory is known.
    pub fn from_environment() -> Result<Self, Problem> {
        if let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) {
            let bad = |_| Problem::BadKey { source: VARIABLE.to_owned(), reason: "it is not UTF-8".to_owned() };
            return Ok(Self::from_text(VARIABLE, text.into_string().map_err(bad)?));
        }
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        let directory = data.ok_or_else(|| Problem::BadKey {
            source: "the user's data directory".to_owned(),
            reason: format!("neither {VARIABLE} nor XDG_DATA_HOME nor HOME is set"),
        })?;
        Ok(Self::in_file(directory.join("formwork").join("state.key")))
    }

    /// The key in a file, which is made on first use.
    #[must_use]
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::File(path.into()))
    }

    /// 32 bytes in base64, or a passphrase; `from` names where it comes from, for errors.
    #[must_use]
    pub fn from_text(from: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(Source::Text { from: from.into(), text: Zeroizing::new(text.into()) })
    }

    fn of(source: Source) -> Self {
        Self { source, sealer: Arc::default(), made: Arc::default() }
    }

    /// Whether there is a key, or one would have to be made.
    #[must_use]
    pub fn is_there(&self) -> bool {
        match &self.source {
            Source::Text { .. } => true,
            Source::File(path) => path.exists(),
        }
    }

    /// The sealer of this key; makes the key where there is none yet.
    ///
    /// # Errors
    /// When the key cannot be read, made or used.
    pub fn sealer(&self) -> Result<Sealer, Problem> {
        self.load(|path| {
            self.made.store(true, Ordering::Relaxed);
            make(path)
        })
    }

    /// The sealer of the key with this name, which must exist.
    pub(crate) fn named(&self, name: KeyName) -> Result<Sealer, Problem> {
        let missing = |path: &Path| Problem::KeyMissing { path: path.to_owned(), key: name.to_string() };
        let sealer = self.load(|path| Err(missing(path)))?;
        if sealer.name() == name {
            return Ok(sealer);
        }
        Err(Problem::WrongKey { source: self.described(), needed: name.to_string(), used: sealer.name().to_string() })
    }

    /// The file of a key that was made just now.
    pub(crate) fn made(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) if self.made.load(Ordering::Relaxed) => Some(path),
            _ => None,
        }
    }

    fn load(&self, absent: impl FnOnce(&Path) -> Result<Zeroizing<String>, Problem>) -> Result<Sealer, Problem> {
        if let Some(sealer) = self.sealer.get() {
            return Ok(sealer.clone());
        }
        let key = match &self.source {
            Source::Text { from, text } => key_of(from, text)?,
            Source::File(path) => {
                let text = match read(path)? {
                    Some(text) => text,
                    None => absent(path)?,
                };
                key_of_file(path, &text)?
            }
        };
        let sealer = Sealer::new(&key)?;
        Ok(self.sealer.get_or_init(|| sealer).clone())
    }

    fn described(&self) -> String {
        match &self.source {
            Source::Text { from, .. } => from.clone(),
            Source::File(path) => path.display().to_string(),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Keys({})", self.described())
    }
}

type Key = Zeroizing<[u8; 32]>;

/// 32 bytes in base64 of either alphabet, else a passphrase.
fn key_of(from: &str, text: &str) -> Result<Key, Problem> {
    let text = text.trim();
    if let Some(key) = decode(text) {
        return Ok(key);
    }
    if text.chars().count() < SHORTEST_PASSPHRASE {
        let reason = format!("a passphrase has at least {SHORTEST_PASSPHRASE} characters");
        return Err(Problem::BadKey { source: from.to_owned(), reason });
    }
    stretch(from, text)
}

/// Makes trying out passphrases slow (19 MB and some 20 ms each). The salt is fixed, because the same passphrase must
/// give the same key on each machine.
fn stretch(from: &str, passphrase: &str) -> Result<Key, Problem> {
    let mut key = Zeroizing::new([0; 32]);
    let salt = b"formwork 2026 state passphrase v1";
    argon2::Argon2::default()
        .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
        .map_err(|error| Problem::BadKey { source: from.to_owned(), reason: error.to_string() })?;
    Ok(key)
}

fn decode(text: &str) -> Option<Key> {
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok().map(Zeroizing::new)?;
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

fn key_of_file(path: &Path, text: &str) -> Result<Key, Problem> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.and_then(decode).ok_or_else(|| Problem::BadKey {
        source: path.display().to_string(),
        reason: "it has no line of 32 bytes in base64".to_owned(),
    })
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, Problem> {
    let failed = |error: &io::Error| Problem::io("read the key", path, error);
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let mode = fs::metadata(path).map_err(|error| failed(&error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let reason = format!("others can read it; run `chmod 600 {}`", path.display());
        return Err(Problem::BadKey { source: path.display().to_string(), reason });
    }
    Ok(Some(text))
}

/// Makes the key file, whole or not at all. Where another process was faster its key is taken.
fn make(path: &Path) -> Result<Zeroizing<String>, Problem> {
    let failed = |error: io::Error| Problem::io("make the key", path, &error);
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut()).map_err(|error| failed(io::Error::other(error.to_string())))?;
    let encoded = Zeroizing::new(STANDARD.encode(key.as_ref()));
    let text = Zeroizing::new(format!(
        "# The key that seals secrets in Formwork's states. Keep it secret, and keep a backup:\n\
         # without it nobody can read them.\n{}\n",
        encoded.as_str()
    ));
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
    let mut unique = [0; 8];
    getrandom::fill(&mut unique).map_err(|error| failed(io::Error::other(error.to_string())))?;
    let temporary = path.with_extension(format!("{}.new", hex::encode(unique)));
    let linked = write_new(&temporary, &text).and_then(|()| fs::hard_link(&temporary, path));
    let removed = fs::remove_file(&temporary);
    match linked {
        Ok(()) => removed.and_then(|()| File::open(directory)?.sync_all()).map(|()| text).map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| failed(io::Error::from(io::ErrorKind::NotFound)))
        }
        Err(error) => Err(failed(error)),
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data/formwork/state.key");
        let made = Keys::in_file(&path);
        let name = made.sealer().unwrap().name();
        assert_eq!(made.made(), Some(path.as_path()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Keys::in_file(&path);
        assert_eq!(again.sealer().unwrap().name(), name);
        assert_eq!(again.made(), None);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn many_at_once_get_the_same_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.key");
        let make = || Keys::in_file(&path).sealer().map(|sealer| sealer.name());
        let names: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
        });
        assert!(names.windows(2).all(|pair| pair.first() == pair.last()), "{names:?}");
    }

    #[test]
    fn a_missing_or_other_key_says_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.key");
        let needed = Keys::from_text("test", "a passphrase that is long").sealer().unwrap().name();
        assert!(matches!(Keys::in_file(&path).named(needed), Err(Problem::KeyMissing { .. })));
        assert!(!path.exists());
        Keys::in_file(&path).sealer().unwrap();
        assert!(matches!(Keys::in_file(&path).named(needed), Err(Problem::WrongKey { .. })));
        assert!(Keys::from_text("test", "a passphrase that is long").named(needed).is_ok());
    }

    #[test]
    fn unusable_keys_are_refused() {
        assert!(matches!(Keys::from_text("test", "short").sealer(), Err(Problem::BadKey { .. })));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.key");
        fs::write(&path, "not a key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Keys::in_file(&path).sealer(), Err(Problem::BadKey { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let problem = Keys::in_file(&path).sealer().unwrap_err();
        assert!(problem.diagnostic().message.contains("chmod 600"), "{problem:?}");
    }

    #[test]
    fn base64_of_either_alphabet_is_the_same_key() {
        let key = [0xfb_u8; 32];
        let texts = [STANDARD.encode(key), URL_SAFE.encode(key), STANDARD.encode(key).replace('=', "")];
        let names = texts.map(|text| Keys::from_text("test", text).sealer().unwrap().name().0);
        assert!(names.windows(2).all(|pair| pair.first() == pair.last()));
        assert!(!format!("{:?}", Keys::from_text("test", STANDARD.encode(key))).contains("+/v7"));
    }
}
