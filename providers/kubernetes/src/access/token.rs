//! Bearer tokens: what an HTTP header can carry, and files that are rotated.

use formwork_model::value::Redacted;
use formwork_provider_api::{ErrorClass, ProviderError};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The token without the spaces and line breaks around it, which editors and `echo` leave. `whose` says in an error where it
/// is from; the token itself is never quoted.
///
/// # Errors
/// When it is empty, or holds what no header can carry.
pub(super) fn usable(text: &str, whose: &str) -> Result<String, ProviderError> {
    let token = text.trim();
    let wrong = |what: &str| {
        ProviderError::new(ErrorClass::Forbidden, format!("{whose} cannot be used: {what}"))
            .help("a bearer token is one word of letters, digits and a few signs; is it a file of another kind?")
    };
    if token.is_empty() {
        return Err(wrong("it is empty"));
    }
    match token.chars().all(|character| character.is_ascii_graphic()) {
        true => Ok(token.to_owned()),
        false => Err(wrong("it holds a space, a line break or another character that no HTTP header may carry")),
    }
}

/// A file with a token.
pub(super) struct TokenFile {
    path: PathBuf,
    /// What was read last.
    last: Mutex<Option<Redacted<String>>>,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, last: Mutex::new(None) }
    }

    /// The token that is in it now; where it cannot be read any more, the last one, as client-go has it: there are agents that
    /// take the file away once it was read.
    pub(super) fn read(&self) -> Result<String, ProviderError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match (std::fs::read_to_string(&self.path), &*last) {
            (Ok(text), _) => text,
            (Err(_), Some(Redacted(token))) => return Ok(token.clone()),
            (Err(error), None) => {
                let message = format!("the token file `{}` cannot be read: {error}", self.path.display());
                return Err(ProviderError::new(ErrorClass::Forbidden, message));
            }
        };
        let token = usable(&text, &format!("the token in `{}`", self.path.display()))?;
        *last = Some(Redacted(token.clone()));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_stands_around_a_token_is_not_part_of_it() {
        assert_eq!(usable(" abc.d-_~+/=\r\n", "it").unwrap(), "abc.d-_~+/=");
        for wrong in ["", "\n", "hun\nter2", "hun ter2", "hunter2\u{e9}"] {
            let error = usable(wrong, "the token in `tok`").unwrap_err();
            assert_eq!(error.class, ErrorClass::Forbidden);
            assert!(error.message.contains("`tok`") && !error.to_string().contains("hun"), "{error}");
        }
    }

    #[test]
    fn a_file_that_was_taken_away_gave_its_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::new(path.clone());
        assert!(file.read().unwrap_err().message.contains("cannot be read"));
        for token in ["one", "two"] {
            std::fs::write(&path, format!("{token}\n")).unwrap();
            assert_eq!(file.read().unwrap(), token);
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.read().unwrap(), "two");
    }
}
