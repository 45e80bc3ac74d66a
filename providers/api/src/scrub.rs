//! Takes secrets out of texts that come from elsewhere: errors of a cloud, traces of requests.

use formwork_model::value::MASK;
use formwork_model::{ValueRef, View};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

/// Shorter texts are not looked for: they would be found in innocent words.
const SHORTEST: usize = 4;
/// Encodings are looked for in values from here on: shorter ones stand in other encoded texts by chance.
const SHORTEST_ENCODED: usize = 8;

/// The secrets of a run, in every form in which a service might repeat them: plain, base64 (all three alignments, both
/// alphabets), URL-escaped (upper and lower case), JSON-escaped (with and without `\u`, once and twice), XML-escaped,
/// hexadecimal.
#[derive(Clone, Default)]
pub struct Scrubber {
    /// Longest first, so that no secret hides behind a part of itself.
    forms: BTreeSet<(Reverse<usize>, String)>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scrubber({} forms)", self.forms.len())
    }
}

impl Scrubber {
    /// Knows no secret.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns every secret text in a value. Texts of less than four characters are passed over.
    pub fn learn(&mut self, value: ValueRef<'_>) {
        let mut texts = Vec::new();
        secrets(value, false, &mut texts);
        for text in texts {
            self.learn_text(&text);
        }
    }

    /// Learns one secret text; each line of a longer one too, since services quote single lines of a key or certificate.
    pub fn learn_text(&mut self, text: &str) {
        let lines = text.lines().filter(|line| line.len() >= 16 && line.len() < text.len());
        for part in std::iter::once(text).chain(lines).filter(|part| part.len() >= SHORTEST) {
            if !self.forms.contains(&(Reverse(part.len()), part.to_owned())) {
                self.forms.extend(forms(part).into_iter().map(|form| (Reverse(form.len()), form)));
            }
        }
    }

    /// Learns one secret text as it may come back in a value: as it is, or encoded.
    pub fn learn_whole(&mut self, text: &str) {
        if text.len() >= SHORTEST {
            let encoded = forms(text).into_iter().filter(|form| form.len() >= SHORTEST_ENCODED);
            let all = encoded.chain(std::iter::once(text.to_owned()));
            self.forms.extend(all.map(|form| (Reverse(form.len()), form)));
        }
    }

    /// Whether a secret is in the text, in any form.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        // No form that is longer than the text is in it.
        self.forms.range((Reverse(text.len()), String::new())..).any(|(_, form)| text.contains(form.as_str()))
    }

    /// Whether it knows no secret: then texts need not be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// The text without secrets.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        // No form that is longer than the text is in it.
        for (_, form) in self.forms.range((Reverse(text.len()), String::new())..) {
            if clean.contains(form.as_str()) {
                clean = clean.replace(form.as_str(), MASK);
            }
        }
        clean
    }

    /// The error without secrets, in all of its texts.
    #[must_use]
    pub fn scrub_error(&self, mut error: crate::ProviderError) -> crate::ProviderError {
        if !self.is_empty() {
            error.message = self.scrub(&error.message);
            error.code = self.scrub(&error.code);
            error.request_id = self.scrub(&error.request_id);
            error.help = error.help.map(|help| self.scrub(&help));
        }
        error
    }
}

fn secrets(value: ValueRef<'_>, within: bool, texts: &mut Vec<String>) {
    match value.view() {
        View::Secret(inner) => secrets(inner, true, texts),
        View::List(items) | View::Set(items) => items.for_each(|item| secrets(item, within, texts)),
        View::Map(entries) => entries.into_iter().for_each(|(_, value)| secrets(value, within, texts)),
        View::String(text) if within => texts.push(text.to_owned()),
        View::Int(number) if within => texts.push(number.to_string()),
        _ => {}
    }
}

/// All forms of a text that are worth looking for.
fn forms(text: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([text.to_owned(), hexadecimal(text)]);
    forms.extend([escaped_url(text, false), escaped_url(text, true), escaped_form(text)]);
    forms.extend([escaped_xml(text, false), escaped_xml(text, true)]);
    let json = escaped_json(text);
    // JSON within JSON (a policy in a request) is escaped twice.
    forms.extend([ascii_json(&json), escaped_json(&json), escaped_json(&ascii_json(&json)), json]);
    for alignment in 0..3 {
        let core = aligned_base64(text.as_bytes(), alignment);
        forms.insert(core.replace('+', "-").replace('/', "_"));
        forms.insert(core);
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn escaped_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

/// As writers of JSON do that keep to ASCII.
fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let mut units = [0; 2];
            ascii.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

/// As text within an element, or with quotes escaped too.
fn escaped_xml(text: &str, quotes: bool) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if quotes { escaped.replace('"', "&quot;").replace('\'', "&apos;") } else { escaped }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn escaped_url(text: &str, lower: bool) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// As a form of the web escapes it: blanks become `+`.
fn escaped_form(text: &str) -> String {
    escaped_url(text, false).replace("%20", "+")
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The base64 characters that depend on nothing but the text, when so many bytes stand before it in its group.
fn aligned_base64(bytes: &[u8], before: usize) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, before).chain(bytes.iter().copied()).collect();
    let first = (before * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    (first..last).filter_map(|position| sextet(&padded, position)).collect()
}

fn sextet(bytes: &[u8], position: usize) -> Option<char> {
    let bit = position * 6;
    let byte = |index: usize| u16::from(bytes.get(index).copied().unwrap_or(0));
    let window = byte(bit / 8) << 8 | byte(bit / 8 + 1);
    let value = usize::from(window >> (10 - bit % 8) & 0x3f);
    ALPHABET.get(value).map(|character| char::from(*character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use formwork_model::{Value, ValueBuf};

    const SECRET: &str = "p\"ss wörd/+Tüx9";

    fn scrubber() -> Scrubber {
        let mut scrubber = Scrubber::new();
        let value = ValueBuf::from(Value::map([
            ("user", Value::string("admin")),
            ("password", Value::string(SECRET).secret()),
        ]));
        scrubber.learn(value.view());
        scrubber
    }

    #[test]
    fn every_form_of_a_secret_goes() {
        // Forms as other programs make them: Python's urllib, json and base64.
        let texts = [
            format!("user:{SECRET}"),
            "p%22ss%20w%C3%B6rd%2F%2BT%C3%BCx9".to_owned(),
            "p%22ss+w%C3%B6rd%2F%2BT%C3%BCx9".to_owned(),
            r#"{"password": "p\"ss wörd/+Tüx9"}"#.to_owned(),
            r#"{"password": "p\"ss w\u00f6rd/+T\u00fcx9"}"#.to_owned(),
            r#"{"policy": "{\"password\": \"p\\\"ss wörd/+Tüx9\"}"}"#.to_owned(),
            r#"{"policy": "{\"password\": \"p\\\"ss w\\u00f6rd/+T\\u00fcx9\"}"}"#.to_owned(),
            "<Password>p&quot;ss wörd/+Tüx9</Password>".to_owned(),
            "cCJzcyB3w7ZyZC8rVMO8eDk=".to_owned(),
            "YTpwInNzIHfDtnJkLytUw7x4OQ==".to_owned(),
            "YWI6cCJzcyB3w7ZyZC8rVMO8eDk=".to_owned(),
        ];
        for text in texts {
            assert!(scrubber().scrub(&text).contains(MASK), "{text}");
        }
        assert_eq!(scrubber().scrub("nothing of admin here"), "nothing of admin here");
    }

    #[test]
    fn short_texts_and_debug_say_nothing() {
        let mut scrubber = scrubber();
        scrubber.learn_text("abc");
        assert_eq!(scrubber.scrub("the abc"), "the abc");
        assert!(!format!("{scrubber:?}").contains("ss w"));
    }

    #[test]
    fn a_line_of_a_key_goes() {
        let mut scrubber = Scrubber::new();
        scrubber.learn_text("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END KEY-----\n");
        assert_eq!(scrubber.scrub("near MIIEvQIBADANBgkqhkiG9w0B."), format!("near {MASK}."));
    }
}
