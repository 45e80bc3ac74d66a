//! Takes credentials out of URLs, headers and bodies by the names they stand under.

use formwork_model::value::MASK;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Parameters of URLs whose values are told. All others are masked, since anything can be a key there.
const PLAIN_PARAMETERS: &[&str] = &[
    "$expand",
    "$filter",
    "$orderby",
    "$select",
    "$top",
    "action",
    "allowwatchbookmarks",
    "api-version",
    "continue",
    "dryrun",
    "fieldmanager",
    "fieldselector",
    "fieldvalidation",
    "force",
    "labelselector",
    "limit",
    "maxresults",
    "propagationpolicy",
    "resourceversion",
    "timeoutseconds",
    "version",
    "watch",
];

/// Parts of names, without separators, under which credentials stand.
const SECRET_PARTS: &[&str] = &[
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "connectionstring",
    "cookie",
    "credential",
    "kubeconfig",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "sharedkey",
    "signature",
    "token",
];

/// Names that hold such a part and no credential.
const PLAIN_NAMES: &[&str] = &[
    "clienttoken",
    "clientrequesttoken",
    "nexttoken",
    "tokentype",
    "secretname",
    "secretref",
    "automountserviceaccounttoken",
];

/// Whether a credential stands under this name.
fn is_secret_name(name: &str) -> bool {
    let name: String = name.chars().filter(|character| character.is_ascii_alphanumeric()).collect();
    let name = name.to_ascii_lowercase();
    name == "sig" || !PLAIN_NAMES.contains(&name.as_str()) && SECRET_PARTS.iter().any(|part| name.contains(part))
}

/// A URL for people: without user and password, without fragment, the values of its parameters masked where they are not
/// known to be harmless.
#[must_use]
pub fn masked_url(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let address = one_line(&without_user(address));
    match query {
        None => address,
        Some(query) => {
            let parameters: Vec<String> = query.split('&').map(masked_parameter).collect();
            format!("{address}?{}", parameters.join("&"))
        }
    }
}

fn without_user(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://{MASK}@{host}{path}"),
        None => address.to_owned(),
    }
}

fn masked_parameter(pair: &str) -> String {
    let Some((name, _)) = pair.split_once('=') else { return one_line(pair) };
    let plain = name.replace("%24", "$").to_ascii_lowercase();
    if PLAIN_PARAMETERS.contains(&plain.as_str()) { one_line(pair) } else { format!("{}={MASK}", one_line(name)) }
}

/// Headers on one line.
pub(super) fn masked_headers<N: AsRef<str>, V: AsRef<[u8]>>(headers: impl IntoIterator<Item = (N, V)>) -> String {
    let texts = headers.into_iter().map(|(name, value)| {
        let name = name.as_ref();
        if is_secret_name(name) {
            return format!("{name}: {MASK}");
        }
        let value = String::from_utf8_lossy(value.as_ref()).into_owned();
        // A redirect's target may hold a token.
        let value = if name.eq_ignore_ascii_case("location") { masked_url(&value) } else { one_line(&value) };
        format!("{name}: {value}")
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// A body on one line: what stands under a credential's name in JSON, XML or a form is masked.
pub(super) fn masked_body(body: &str) -> String {
    let masked = replace(&JSON, body, |found| format!("{}\"{MASK}\"", part(found, "before")));
    let masked = replace(&XML, &masked, |found| format!("{}{MASK}</", part(found, "before")));
    one_line(&replace(&FORM, &masked, |found| format!("{}{MASK}", part(found, "before"))))
}

type Pattern = LazyLock<Option<Regex>>;

/// `"name": "text"`
static JSON: Pattern =
    LazyLock::new(|| Regex::new(r#"(?<before>"(?<name>(?:[^"\\]|\\.)*)"\s*:\s*)"(?:[^"\\]|\\.)*""#).ok());
/// `<Name>text</`
static XML: Pattern = LazyLock::new(|| Regex::new(r"(?<before><(?<name>[\w:.-]+)[^<>]*>)[^<]*</").ok());
/// `Name=text`, as forms are sent.
static FORM: Pattern = LazyLock::new(|| Regex::new(r"(?<before>(?:^|&)(?<name>[\w.%-]+)=)[^&\s]*").ok());

fn part<'a>(found: &'a Captures<'_>, name: &str) -> &'a str {
    found.name(name).map_or("", |part| part.as_str())
}

fn replace(pattern: &Pattern, text: &str, masked: impl Fn(&Captures<'_>) -> String) -> String {
    // Without the pattern nothing can be told.
    let Some(pattern) = pattern.as_ref() else { return MASK.to_owned() };
    let one = |found: &Captures<'_>| match found.get(0) {
        Some(whole) if !is_secret_name(part(found, "name")) => whole.as_str().to_owned(),
        _ => masked(found),
    };
    pattern.replace_all(text, one).into_owned()
}

/// The text with its control characters escaped, so that nobody forges a line of the log.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    line
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_keep_what_helps_and_nothing_else() {
        let cases = [
            (
                "https://a.example/b?api-version=2024-01-01&%24expand=x",
                "https://a.example/b?api-version=2024-01-01&%24expand=x",
            ),
            ("https://a.example/b?code=abc&k=v#t=abc", "https://a.example/b?code=(secret)&k=(secret)"),
            ("https://me:abc@a.example:1/b@c", "https://(secret)@a.example:1/b@c"),
            ("/a\nb", "/a\\nb"),
        ];
        for (url, told) in cases {
            assert_eq!(masked_url(url), told);
        }
    }

    #[test]
    fn credentials_go_by_their_names() {
        let headers =
            [("Authorization", "Bearer abc"), ("X-Amz-Security-Token", "abc"), ("Host", "a"), ("Location", "/b?c=abc")];
        let told = masked_headers(headers);
        assert_eq!(told, "Authorization: (secret); X-Amz-Security-Token: (secret); Host: a; Location: /b?c=(secret)");
        let bodies = [
            (
                r#"{"access_token": "a\"bc", "token_type": "Bearer"}"#,
                r#"{"access_token": "(secret)", "token_type": "Bearer"}"#,
            ),
            (
                "<Credentials><SecretAccessKey>abc</SecretAccessKey><Expiration>x</Expiration></Credentials>",
                "<Credentials><SecretAccessKey>(secret)</SecretAccessKey><Expiration>x</Expiration></Credentials>",
            ),
            (
                "grant_type=password&client_secret=a%2Bbc&Action=X",
                "grant_type=password&client_secret=(secret)&Action=X",
            ),
            ("a\nline", "a\\nline"),
        ];
        for (body, told) in bodies {
            assert_eq!(masked_body(body), told);
        }
    }
}
