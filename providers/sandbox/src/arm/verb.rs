//! How a service answers a method: one line of a profile.

use super::wire::Header;
use serde::Deserialize;

/// The answer to a method.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Verb {
    /// The status.
    pub(crate) status: u16,
    /// The state while the work lasts.
    pub(crate) state: Option<String>,
    /// How long the work lasts, in milliseconds.
    pub(crate) lasts: i64,
    /// `Retry-After` of the answer.
    pub(crate) retry: Option<u32>,
    /// `Retry-After` of polls.
    pub(crate) poll: Option<u32>,
    /// What the answer holds.
    pub(crate) body: BodyForm,
    /// The operation headers, where they are not the service's usual ones.
    pub(crate) headers: Option<Vec<Header>>,
    /// The work is asynchronous.
    pub(crate) works: bool,
}

/// What an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyForm {
    /// The resource.
    Resource,
    /// `{}`.
    Braces,
    /// Nothing.
    Nothing,
    /// What was sent, with id, name and type.
    Echo,
}

impl Default for Verb {
    fn default() -> Self {
        Self::parse("200 nothing")
    }
}

impl From<String> for Verb {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl Verb {
    /// Reads `201 Updating 3s retry=1 poll=10 +async`.
    pub(crate) fn parse(text: &str) -> Self {
        let mut verb = Self {
            status: 200,
            state: None,
            lasts: 0,
            retry: None,
            poll: None,
            body: BodyForm::Resource,
            headers: None,
            works: false,
        };
        text.split_whitespace().for_each(|word| verb.read(word));
        verb
    }

    fn read(&mut self, word: &str) {
        let number = |text: &str| text.parse::<u32>().ok();
        if let Ok(status) = word.parse() {
            self.status = status;
        } else if let Some(seconds) = word.strip_suffix('s').and_then(|text| text.parse::<f64>().ok()) {
            self.works = true;
            self.lasts = std::time::Duration::from_secs_f64(seconds).as_millis().try_into().unwrap_or(0);
        } else if let Some(header) = word.strip_prefix('+') {
            self.headers.get_or_insert_with(Vec::new).extend(Header::parse(header));
        } else if let Some((key, value)) = word.split_once('=') {
            match key {
                "retry" => self.retry = number(value),
                "poll" => self.poll = number(value),
                _ => (),
            }
        } else {
            match word {
                "braces" => self.body = BodyForm::Braces,
                "nothing" => self.body = BodyForm::Nothing,
                "echo" => self.body = BodyForm::Echo,
                "bare" => self.headers = Some(Vec::new()),
                state => self.state = Some(state.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_verb_is_read_word_by_word() {
        let verb = Verb::parse("202 Updating 1.5s retry=2 poll=10 echo +async +location");
        assert_eq!((verb.status, verb.lasts, verb.retry, verb.poll), (202, 1500, Some(2), Some(10)));
        assert_eq!((verb.state.as_deref(), verb.body), (Some("Updating"), BodyForm::Echo));
        assert_eq!(verb.headers, Some(vec![Header::Async, Header::Location]));
    }
}
