//! The proxy on the way to an API server: the block's, else the kubeconfig's, else that of the environment with its exceptions.
//!
//! It is chosen here and not left to kube, which as of 5.0 holds `NO_PROXY` against the proxy's address, not the server's.

use crate::configuration::Configuration;
use formwork_model::AttributePath;
use formwork_provider_api::ProviderError;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// Protocols of proxies.
const SCHEMES: [&str; 3] = ["http", "https", "socks5"];

/// What this process's environment says of proxies.
pub(super) struct Surroundings {
    proxy: Option<String>,
    /// Where it is not used: hosts, domains, addresses, ranges; `*` for everywhere.
    except: Option<String>,
}

impl Surroundings {
    pub(super) fn of_process() -> Self {
        let first = |names: [&str; 2]| {
            names.iter().filter_map(|name| std::env::var(name).ok()).find(|text| !text.trim().is_empty())
        };
        Self { proxy: first(["HTTPS_PROXY", "https_proxy"]), except: first(["NO_PROXY", "no_proxy"]) }
    }
}

/// The proxy to a server. One that block or kubeconfig name is meant for this very server: exceptions are none of theirs.
///
/// # Errors
/// When what is named is no proxy. Its text is not quoted, since it may hold a password.
pub(super) fn chosen(
    server: &Uri,
    block: &Configuration,
    of_kubeconfig: Option<&str>,
    surroundings: &Surroundings,
) -> Result<Option<Uri>, ProviderError> {
    if let Some(proxy) = &block.proxy_url {
        let read = read(&proxy.0, "`proxy_url`").map_err(|error| error.at(AttributePath::member("proxy_url")))?;
        return Ok(Some(read));
    }
    if let Some(proxy) = of_kubeconfig {
        return read(proxy, "the kubeconfig's `proxy-url`").map(Some);
    }
    let Some(text) = surroundings.proxy.as_deref() else { return Ok(None) };
    let proxy = read(text, "`HTTPS_PROXY`")?;
    let rule = Matcher::builder().all(proxy.to_string()).no(surroundings.except.clone().unwrap_or_default()).build();
    Ok(rule.intercept(server).map(|_| proxy))
}

fn read(text: &str, named: &str) -> Result<Uri, ProviderError> {
    let text = text.trim();
    let complete = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let wrong = |reason: String| {
        ProviderError::invalid(format!("{named} is no address of a proxy: {reason}"))
            .help("write `http://HOST:PORT`, `https://HOST:PORT` or `socks5://HOST:PORT`, with `USER:PASSWORD@` where one is needed")
    };
    let uri: Uri = complete.parse().map_err(|error: http::uri::InvalidUri| wrong(error.to_string()))?;
    match uri.scheme_str() {
        Some(scheme) if SCHEMES.contains(&scheme) && uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some(scheme) if !SCHEMES.contains(&scheme) => Err(wrong(format!("`{scheme}` is no protocol of proxies here"))),
        _ => Err(wrong("it names no host".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use formwork_model::value::Redacted;

    fn block(proxy: Option<&str>) -> Configuration {
        Configuration { proxy_url: proxy.map(|text| Redacted(text.to_owned())), ..Configuration::default() }
    }

    #[test]
    fn exceptions_are_those_of_the_environments_proxy() {
        let server = Uri::from_static("https://api.cluster.corp.example:6443/");
        let address = Uri::from_static("https://10.1.2.3/");
        let cases = [
            (&server, "", true),
            (&server, "other.example, .corp.example", false),
            (&server, "corp.example,", false),
            (&server, "rp.example", true),
            (&server, "*", false),
            (&server, "proxy.example", true),
            (&address, "10.0.0.0/8", false),
            (&address, "10.1.2.3", false),
            (&address, "10.2.0.0/16, localhost", true),
        ];
        for (server, except, used) in cases {
            let around = Surroundings { proxy: Some("proxy.example:3128".to_owned()), except: Some(except.to_owned()) };
            let proxy = chosen(server, &block(None), None, &around).unwrap();
            assert_eq!(proxy.is_some(), used, "{server} with NO_PROXY={except}");
            let named =
                chosen(server, &block(Some("socks5://a.example:1")), Some("http://b.example"), &around).unwrap();
            assert_eq!(named.unwrap().host(), Some("a.example"), "the block's goes before");
            let named = chosen(server, &block(None), Some("http://b.example"), &around).unwrap();
            assert_eq!(named.unwrap().host(), Some("b.example"), "so does the kubeconfig's");
        }
    }

    #[test]
    fn what_is_no_proxy_is_not_quoted() {
        let around = Surroundings { proxy: None, except: None };
        let server = Uri::from_static("https://api.example/");
        for wrong in ["ftp://user:hunter2@proxy.example", "http://user:hunter2@", "http://user:hunt er2@proxy"] {
            let error = chosen(&server, &block(Some(wrong)), None, &around).unwrap_err();
            assert!(error.message.contains("`proxy_url` is no address") && error.path.is_some(), "{error}");
            assert!(!format!("{error:?}").contains("hunt"), "{error:?}");
        }
        assert_eq!(chosen(&server, &block(None), None, &around).unwrap(), None);
    }
}
