//! Texts from files of the stack and, pinned by digest, from the network. Expanding is not asynchronous and happens while a
//! runtime is running, so what waits does so on a thread of its own.

use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest text that is fetched.
const LARGEST: usize = 64 * 1024 * 1024;

/// Runs something that waits, on a thread with a runtime of its own.
pub(crate) fn waited<T: Send, F: Future<Output = Result<T, ProviderError>>>(
    make: impl FnOnce() -> F + Send,
) -> Result<T, ProviderError> {
    let other = |what: &str| ProviderError::new(ErrorClass::Other, what.to_owned());
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| other(&format!("no runtime: {error}")))?.block_on(make())
        });
        thread.join().unwrap_or_else(|_| Err(other("a thread ended unexpectedly")))
    })
}

/// The digest of a text, in hexadecimal digits.
pub(crate) fn digest(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
}

/// A digest as it may be written: with or without `sha256:`.
pub(crate) fn plain_digest(given: &str) -> Result<String, ProviderError> {
    let plain = given.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    if plain.len() == 64 && plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(plain);
    }
    Err(ProviderError::invalid(format!("`{given}` is no SHA-256 digest: 64 hexadecimal digits"))
        .at(formwork_model::AttributePath::member("sha256")))
}

/// Refuses a text that has another digest.
pub(crate) fn check_digest(text: &[u8], wanted: Option<&str>, from: &str) -> Result<(), ProviderError> {
    match wanted {
        Some(wanted) => compare(&digest(text), wanted, from, "sha256"),
        None => Ok(()),
    }
}

/// Refuses a digest that is not the one that an attribute wants.
pub(crate) fn compare(is: &str, wanted: &str, of: &str, attribute: &str) -> Result<(), ProviderError> {
    let at = |error: ProviderError| error.at(formwork_model::AttributePath::member(attribute));
    let wanted = plain_digest(wanted).map_err(at)?;
    if wanted == is {
        return Ok(());
    }
    Err(at(ProviderError::invalid(format!("{of} has the digest {is}, not {wanted}"))
        .help(format!("if you trust what it is now, put its digest into `{attribute}`"))))
}

/// The digest of a file, or of all files of a directory with their paths.
pub(crate) fn digest_of_path(path: &Path) -> Result<String, ProviderError> {
    let failed = |error: std::io::Error| {
        ProviderError::new(ErrorClass::Other, format!("`{}` cannot be read: {error}", path.display()))
    };
    if !path.is_dir() {
        return Ok(digest(&std::fs::read(path).map_err(failed)?));
    }
    let mut files = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            if entry.is_dir() { open.push(entry) } else { files.push(entry) }
        }
    }
    files.sort();
    let mut all = Sha256::new();
    for file in files {
        let name = file.strip_prefix(path).unwrap_or(&file).display().to_string();
        let content = std::fs::read(&file).map_err(failed)?;
        all.update(format!("{name}\0{}\0", content.len()));
        all.update(content);
    }
    Ok(hex::encode(all.finalize()))
}

/// A path of the config: inside the stack's directory, links followed.
pub(crate) fn inside(given: &str, environment: &Environment) -> Result<PathBuf, ProviderError> {
    let at = |error: ProviderError| error.at(formwork_model::AttributePath::member("path"));
    let root = environment
        .root
        .as_deref()
        .ok_or_else(|| at(ProviderError::invalid("there is no directory of the stack here")))?;
    let missing = |error: std::io::Error| at(ProviderError::invalid(format!("`{given}` cannot be read: {error}")));
    let root = Path::new(root).canonicalize().map_err(missing)?;
    let path = root.join(given).canonicalize().map_err(missing)?;
    if path.starts_with(&root) {
        return Ok(path);
    }
    Err(at(ProviderError::new(ErrorClass::Forbidden, format!("`{given}` lies outside of the stack's directory"))))
}

/// The text at an address, pinned by its digest: from the cache, or fetched and then kept there.
pub(crate) fn url(address: &str, sha256: &str, environment: &Environment) -> Result<String, ProviderError> {
    let wanted = plain_digest(sha256)?;
    if let Some(text) = cached(&wanted) {
        return Ok(text);
    }
    if environment.untrusted {
        return Err(ProviderError::new(
            ErrorClass::Forbidden,
            format!("{address} is not fetched for an untrusted stack"),
        ));
    }
    let bundle = environment.ca_bundle.clone();
    let bytes = waited(|| get(address.to_owned(), bundle))?;
    check_digest(&bytes, Some(&wanted), address)?;
    let text = String::from_utf8(bytes).map_err(|_| ProviderError::invalid(format!("{address} is no text")))?;
    keep(&wanted, &text);
    Ok(text)
}

async fn get(address: String, bundle: Option<String>) -> Result<Vec<u8>, ProviderError> {
    let failed = |error: reqwest::Error| {
        let class = if error.is_connect() || error.is_timeout() { ErrorClass::Unreachable } else { ErrorClass::Other };
        ProviderError::new(class, format!("{address} cannot be fetched: {error}"))
    };
    let mut builder =
        reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).timeout(Duration::from_secs(120));
    for certificate in bundle.iter().flat_map(|pem| reqwest::Certificate::from_pem_bundle(pem.as_bytes())).flatten() {
        builder = builder.add_root_certificate(certificate);
    }
    let mut response = builder.build().map_err(failed)?.get(&address).send().await.map_err(failed)?;
    response.error_for_status_ref().map_err(failed)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(ProviderError::invalid(format!("{address} is larger than {LARGEST} bytes")));
        }
    }
    Ok(bytes)
}

/// Where texts are kept by their digest.
fn cache(digest: &str) -> Option<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = base.or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
    Some(base.join("formwork").join("manifests").join(digest))
}

/// A text of the cache; one that was damaged is as if it were not there.
pub(crate) fn cached(wanted: &str) -> Option<String> {
    let text = std::fs::read_to_string(cache(wanted)?).ok()?;
    (digest(text.as_bytes()) == wanted).then_some(text)
}

/// Keeps a text. A cache that cannot be written is none.
fn keep(digest: &str, text: &str) {
    let Some(path) = cache(digest) else { return };
    let Some(folder) = path.parent() else { return };
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(&path)?;
        Ok(())
    });
    if let Err(error) = written {
        tracing::debug!(%error, "the cache cannot be written");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn paths_stay_inside_the_stack() {
        let folder = tempfile::tempdir().unwrap();
        let stack = folder.path().join("stack");
        std::fs::create_dir(&stack).unwrap();
        std::fs::write(stack.join("a.yaml"), "a").unwrap();
        std::fs::write(folder.path().join("b.yaml"), "b").unwrap();
        std::os::unix::fs::symlink(folder.path().join("b.yaml"), stack.join("link.yaml")).unwrap();
        let environment = Environment { root: Some(stack.display().to_string()), ..Environment::default() };
        assert!(inside("a.yaml", &environment).is_ok());
        for outside in ["../b.yaml", "link.yaml", "/etc/passwd"] {
            assert_eq!(inside(outside, &environment).unwrap_err().class, ErrorClass::Forbidden, "{outside}");
        }
    }

    #[test]
    fn a_directory_is_known_by_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("templates")).unwrap();
        write("Chart.yaml", "a");
        write("templates/web.yaml", "b");
        let first = digest_of_path(folder.path()).unwrap();
        assert_eq!(first, digest_of_path(folder.path()).unwrap());
        write("templates/web.yaml", "c");
        let second = digest_of_path(folder.path()).unwrap();
        std::fs::rename(folder.path().join("templates/web.yaml"), folder.path().join("templates/a.yaml")).unwrap();
        let third = digest_of_path(folder.path()).unwrap();
        assert!(first != second && second != third, "{first} {second} {third}");
        assert_eq!(digest_of_path(&folder.path().join("Chart.yaml")).unwrap(), digest(b"a"));
        assert!(digest_of_path(&folder.path().join("missing")).is_err());
    }

    #[test]
    fn digests_are_compared() {
        let right = digest(b"x");
        assert!(check_digest(b"x", Some(&format!("sha256:{right}")), "t").is_ok());
        assert!(check_digest(b"y", Some(&right), "t").unwrap_err().message.contains(&right));
        assert!(check_digest(b"y", Some("12"), "t").is_err());
    }
}
