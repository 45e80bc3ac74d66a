//! The text of `secret_from("SCHEME:NAME#KEY")`, taken apart. Which schemes there are is said here and in the schemas of
//! providers, once: the checker and whoever reads the secrets ask the same table.

use crate::check::Schemas;
use formwork_model::schema::SecretScheme;
use serde_json::Value as Json;

/// What is read without a provider.
pub const OWN: &[SecretScheme] = &[
    SecretScheme {
        name: "env",
        form: "NAME",
        example: "env:DB_PASSWORD",
        docs: "An environment variable that the manifest's `[allow] env` names.",
        pattern: ".+",
        keyed: false,
    },
    SecretScheme {
        name: "file",
        form: "PATH",
        example: "file:/run/secrets/db",
        docs: "A text file; a newline at its end is no part of the secret. A path is relative to the stack's directory.",
        pattern: ".+",
        keyed: false,
    },
    SecretScheme {
        name: STANDARD_INPUT,
        form: "",
        example: STANDARD_INPUT,
        docs: "Standard input, to its end.",
        pattern: "",
        keyed: false,
    },
];

/// The scheme that names nothing.
pub const STANDARD_INPUT: &str = "stdin";

/// A source, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct SecretSource<'a> {
    /// Its scheme.
    pub scheme: &'static SecretScheme,
    /// The provider that reads it; none for [`OWN`].
    pub provider: Option<&'static str>,
    /// What stands between the scheme and `#KEY`.
    pub name: &'a str,
    /// `KEY`: which part of a secret that is a JSON object.
    pub key: Option<&'a str>,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSource {
    /// What.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Takes a source apart.
///
/// # Errors
/// When there is no such scheme, or when it does not name a secret in this form.
pub fn parse<'a>(source: &'a str, providers: &dyn Schemas) -> Result<SecretSource<'a>, BadSource> {
    let (scheme, rest) = source.split_once(':').unwrap_or((source, ""));
    let known = schemes(providers);
    let Some((scheme, provider)) = known.iter().find(|(known, _)| known.name == scheme) else {
        return Err(unknown(scheme, rest, &known));
    };
    let (name, key) = match rest.split_once('#').filter(|_| scheme.keyed) {
        Some((name, key)) => (name, Some(key)),
        None => (rest, None),
    };
    // A broken pattern is found by the test of the provider's schema.
    let fits = regex::Regex::new(&format!("^(?:{})$", scheme.pattern)).is_ok_and(|pattern| pattern.is_match(name));
    if fits && key != Some("") {
        return Ok(SecretSource { scheme, provider: *provider, name, key });
    }
    let SecretScheme { name, form, .. } = scheme;
    let follows =
        if form.is_empty() { format!("nothing follows `{name}`") } else { format!("after `{name}:` follows {form}") };
    let message = format!("`secret_from` cannot read {source:?}: {follows}");
    Err(BadSource { message, help: format!("write it so: {:?}", scheme.example) })
}

/// All schemes with the providers that read them: our own first, then by provider.
#[must_use]
pub fn schemes(providers: &dyn Schemas) -> Vec<(&'static SecretScheme, Option<&'static str>)> {
    let names = providers.names();
    let of_providers = names.iter().filter_map(|name| providers.provider(name)).flat_map(|schema| {
        let with_provider = |scheme| (scheme, Some(schema.name));
        schema.secrets.iter().map(with_provider)
    });
    OWN.iter().map(|scheme| (scheme, None)).chain(of_providers).collect()
}

fn unknown(scheme: &str, rest: &str, known: &[(&'static SecretScheme, Option<&'static str>)]) -> BadSource {
    let near = crate::check::report::nearest(scheme, known.iter().map(|(known, _)| known.name));
    let help = match near {
        Some(near) if rest.is_empty() => format!("did you mean \"{near}:…\"?"),
        Some(near) => format!("did you mean {:?}?", format!("{near}:{rest}")),
        None => {
            let forms: Vec<String> = known.iter().map(|(known, _)| form(known)).collect();
            format!("say where the secret is: {}", forms.join(", "))
        }
    };
    BadSource { message: format!("`secret_from` knows no `{scheme}:`"), help }
}

/// How a source of this scheme is written.
#[must_use]
pub fn form(scheme: &SecretScheme) -> String {
    if scheme.form.is_empty() { scheme.name.to_owned() } else { format!("{}:{}", scheme.name, scheme.form) }
}

/// The part `key` of a secret that is a JSON object: an entry of that name, else a path with dots, in which numbers count
/// the items of lists. Texts come as they are, everything else as JSON.
///
/// # Errors
/// In words, without the secret: it is no JSON, it has no such part.
pub fn part(secret: &str, key: &str) -> Result<String, String> {
    let json: Json = serde_json::from_str(secret)
        .map_err(|_| format!("it is not JSON, so that there is no `{key}` in it; leave out `#{key}` for all of it"))?;
    match find(&json, key)? {
        Json::Null => Err(format!("`{key}` in it is null")),
        Json::String(text) => Ok(text.clone()),
        other => Ok(other.to_string()),
    }
}

fn find<'j>(json: &'j Json, key: &str) -> Result<&'j Json, String> {
    let step = |name: &str| match json {
        Json::Object(entries) => entries.get(name),
        Json::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
        _ => None,
    };
    if let Some(found) = step(key) {
        return Ok(found);
    }
    if let Some((first, rest)) = key.split_once('.')
        && let Some(inner) = step(first)
    {
        return find(inner, rest);
    }
    let first = key.split('.').next().unwrap_or(key);
    let names = json.as_object().into_iter().flat_map(|entries| entries.keys());
    let near = crate::check::report::nearest(first, names.map(String::as_str));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(format!("there is no `{first}` in it{hint}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECRET: &str =
        r#"{"user": "app", "port": 5432, "tls": {"key": "k3y", "chain": ["a", "b"]}, "a.b": "dots", "no": null}"#;

    #[test]
    fn parts_are_found_by_name_and_by_path() {
        let cases = [
            ("user", "app"),
            ("port", "5432"),
            ("tls.key", "k3y"),
            ("tls.chain.1", "b"),
            ("tls.chain", r#"["a","b"]"#),
            ("a.b", "dots"),
        ];
        for (key, wanted) in cases {
            assert_eq!(part(SECRET, key).as_deref(), Ok(wanted), "{key}");
        }
    }

    #[test]
    fn what_is_missing_is_told_without_the_secret() {
        let cases = [
            ("usr", "there is no `usr` in it; did you mean `user`?"),
            ("tls.kye", "there is no `kye` in it; did you mean `key`?"),
            ("tls.chain.7", "there is no `7` in it"),
            ("port.x", "there is no `x` in it"),
            ("no", "`no` in it is null"),
        ];
        for (key, wanted) in cases {
            assert_eq!(part(SECRET, key), Err(wanted.to_owned()), "{key}");
        }
        let error = part("hunter2 is no object", "user").unwrap_err();
        assert!(error.starts_with("it is not JSON") && !error.contains("hunter2"), "{error}");
    }
}
