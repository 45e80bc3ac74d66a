//! Which hosts may be contacted: they get tokens.

use formwork_model::AttributePath;
use formwork_provider_api::{Environment, ErrorClass, ProviderError};
use url::{Host, Url};

/// Hosts of the vendor, in all of its clouds; those that begin with a point stand for everything below.
const VENDOR: &[&str] = &[
    "management.azure.com",
    ".management.azure.com",
    "management.chinacloudapi.cn",
    ".management.chinacloudapi.cn",
    "management.usgovcloudapi.net",
    ".management.usgovcloudapi.net",
    "login.microsoftonline.com",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "login.microsoftonline.us",
    ".vault.azure.net",
    ".vault.azure.cn",
    ".vault.usgovcloudapi.net",
];

/// What a run may contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    environment: Environment,
    /// The only origin of a sandboxed run.
    sandbox: Option<String>,
}

impl Trust {
    /// As the run allows it.
    pub(crate) fn of(environment: &Environment) -> Self {
        Self { environment: environment.clone(), sandbox: None }
    }

    /// Of a sandboxed run: this address and nothing else.
    pub(crate) fn sandbox(url: &Url) -> Self {
        let environment = Environment { sandbox: true, ..Environment::default() };
        Self { environment, sandbox: Some(origin(url)) }
    }

    /// Reads an address that the config gives.
    ///
    /// # Errors
    /// `Invalid` when it is none, `Forbidden` when it may not be contacted.
    pub(crate) fn address(&self, attribute: &'static str, text: &str) -> Result<Url, ProviderError> {
        let at = AttributePath::member(attribute);
        let url = Url::parse(text).ok().filter(is_plain);
        let url =
            url.ok_or_else(|| ProviderError::invalid(format!("`{text}` is no http or https address")).at(at.clone()))?;
        self.check(&url).map_err(|error| error.at(at))?;
        Ok(url)
    }

    /// Checks an address before anything is sent to it.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn check(&self, url: &Url) -> Result<(), ProviderError> {
        let host = url.host_str().unwrap_or_default();
        if self.environment.sandbox {
            let known = is_loopback(url) && self.sandbox.as_ref().is_none_or(|sandbox| *sandbox == origin(url));
            let message = || format!("`{host}` is not the sandbox, and the run is sandboxed");
            return if known { Ok(()) } else { Err(ProviderError::new(ErrorClass::Forbidden, message())) };
        }
        if is_loopback(url) || is_vendor(url) || self.is_listed(url) {
            return Ok(());
        }
        Err(ProviderError::new(
            ErrorClass::Forbidden,
            format!("`{host}` is neither a host of Azure over https nor loopback"),
        )
        .help(self.environment.help_with_endpoint(host)))
    }

    /// Checks the address that gives a pipeline's tokens: GitHub's and Azure DevOps' hosts besides the others.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn check_pipeline(&self, url: &Url) -> Result<(), ProviderError> {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let known = [".actions.githubusercontent.com", ".visualstudio.com", "dev.azure.com", ".dev.azure.com"];
        let fits = |known: &&str| host == **known || (known.starts_with('.') && host.ends_with(*known));
        if !self.environment.sandbox && url.scheme() == "https" && known.iter().any(fits) {
            return Ok(());
        }
        self.check(url)
    }

    fn is_listed(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.environment.allowed_endpoints.iter().any(|allowed| {
            allowed.eq_ignore_ascii_case(host)
                || Url::parse(allowed)
                    .is_ok_and(|allowed| allowed.host_str().is_some() && origin(&allowed) == origin(url))
        })
    }
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// User names in addresses serve only to mislead readers.
fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none() && url.has_host()
}

/// Whether an address is on this machine; proxies are passed over then.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_vendor(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let fits = |known: &&str| if known.starts_with('.') { host.ends_with(*known) } else { host == **known };
    url.scheme() == "https" && VENDOR.iter().any(fits)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_trusted_hosts_are_contacted() {
        let allowed = Environment { allowed_endpoints: vec!["arm.corp.example".into()], ..Environment::default() };
        let sandbox = Environment { sandbox: true, ..Environment::default() };
        let cases: &[(&str, &Environment, bool)] = &[
            ("https://management.azure.com", &allowed, true),
            ("https://westeurope.management.azure.com/", &allowed, true),
            ("https://login.microsoftonline.us", &allowed, true),
            ("https://shop.vault.azure.net", &allowed, true),
            ("http://management.azure.com", &allowed, false),
            ("https://management.azure.com.evil.example", &allowed, false),
            ("https://evil-management.azure.com", &allowed, false),
            ("https://management.azure.com@evil.example", &allowed, false),
            ("https://evil.example\\.management.azure.com", &allowed, false),
            ("https://evil.example#.management.azure.com", &allowed, false),
            ("http://127.0.0.1:5000", &allowed, true),
            ("http://[::1]:5000", &allowed, true),
            ("https://localhost:5000", &sandbox, true),
            ("http://localhost.evil.example", &allowed, false),
            ("https://arm.corp.example:8443", &allowed, true),
            ("https://management.azure.com", &sandbox, false),
            ("ftp://127.0.0.1", &allowed, false),
        ];
        for (text, environment, fine) in cases {
            assert_eq!(Trust::of(environment).address("endpoint", text).is_ok(), *fine, "{text}");
        }
    }

    #[test]
    fn a_sandboxed_run_knows_one_address() {
        let trust = Trust::sandbox(&Url::parse("https://127.0.0.1:4000").unwrap());
        assert!(trust.check(&Url::parse("https://127.0.0.1:4000/vaults/x").unwrap()).is_ok());
        assert!(trust.check(&Url::parse("https://127.0.0.1:4001/").unwrap()).is_err());
        assert!(trust.check(&Url::parse("https://management.azure.com/").unwrap()).is_err());
    }
}
