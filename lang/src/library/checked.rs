//! Checked texts: what a `cidr`, an `ip` and a `url` may be. Each check tells why not, and what to write.

use super::FunctionError;
use ipnet::IpNet;
use std::net::IpAddr;

/// Reads a `cidr`.
///
/// # Errors
/// When it is no address range, or has bits set behind its prefix; the argument is not filled in.
pub fn check_cidr(text: &str) -> Result<IpNet, FunctionError> {
    let net: IpNet = text.parse().map_err(|_| not_a_range(text))?;
    if net.network() != net.addr() {
        return Err(FunctionError::whole(format!("`{text}` has bits set behind its prefix"))
            .help(format!("write `{}`", net.trunc())));
    }
    Ok(net)
}

fn not_a_range(text: &str) -> FunctionError {
    let error = FunctionError::whole(format!("`{text}` is no address range"));
    match text.parse::<IpAddr>() {
        Ok(address) => error.help(format!("write `{}` for this one address", IpNet::from(address))),
        Err(_) => error.help("write an address and a prefix length, such as `10.0.0.0/16` or `fd00::/48`"),
    }
}

/// Reads an `ip`.
///
/// # Errors
/// When it is no IPv4 or IPv6 address; the argument is not filled in.
pub fn check_ip(text: &str) -> Result<IpAddr, FunctionError> {
    text.parse().map_err(|_| {
        let error = FunctionError::whole(format!("`{text}` is no IP address"));
        match text.parse::<IpNet>() {
            Ok(net) => error.help(format!("write `{}`, without the prefix length", net.addr())),
            Err(_) => error.help("write an address such as `10.0.0.4` or `fd00::4`"),
        }
    })
}

/// Reads a `url`.
///
/// # Errors
/// When it is no absolute URL; the argument is not filled in.
pub fn check_url(text: &str) -> Result<url::Url, FunctionError> {
    let url = url::Url::parse(text).map_err(|error| {
        FunctionError::whole(format!("`{text}` is no URL: {error}"))
            .help("write scheme and host, such as `https://example.com/path`")
    })?;
    if url.cannot_be_a_base() || (!url.has_host() && url.scheme() != "file") {
        return Err(FunctionError::whole(format!("`{text}` is no URL: it has no host"))
            .help("write scheme and host, such as `https://example.com/path`"));
    }
    Ok(url)
}

impl FunctionError {
    /// Why a checked text is refused and what to write instead, without naming the text again.
    pub(crate) fn reason(&self, text: &str) -> String {
        let reason = match self.message.strip_prefix(&format!("`{text}` ")) {
            Some(rest) => format!("it {rest}"),
            None => self.message.clone(),
        };
        match &self.help {
            Some(help) => format!("{reason}; {help}"),
            None => reason,
        }
    }
}
