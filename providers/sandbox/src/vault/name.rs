//! Vaults by name. Microsoft's clients of the data plane take a vault's URL to be a host and nothing else, so each vault is
//! reached as `https://NAME.vault.localhost:PORT` too: names below `localhost` are this machine's (RFC 6761).

/// What the hosts of all vaults end in, before the port.
pub const DOMAIN: &str = "vault.localhost";

/// The vault whose host this is, with or without a port.
pub(crate) fn of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let vault = name.strip_suffix(DOMAIN)?.strip_suffix('.')?;
    let is_name = !vault.is_empty() && vault.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then_some(vault)
}

/// What a client has to ask a token for, so that it finds the host among those that the token is for.
pub(crate) fn audience(host: &str) -> Option<String> {
    of_host(host)?;
    host.split_once('.').map(|(_, domain)| format!("https://{domain}"))
}

#[cfg(test)]
mod tests {
    use super::{audience, of_host};

    #[test]
    fn a_host_names_a_vault() {
        for (host, vault) in [
            ("kv-1.vault.localhost:4433", Some("kv-1")),
            ("KV.vault.localhost", Some("KV")),
            ("a.b.vault.localhost:1", None),
            (".vault.localhost:1", None),
            ("vault.localhost:1", None),
            ("kv.vault.localhost.example:1", None),
            ("localhost:1", None),
        ] {
            assert_eq!(of_host(host), vault, "{host}");
        }
        assert_eq!(audience("kv.vault.localhost:1").as_deref(), Some("https://vault.localhost:1"));
        assert_eq!(audience("localhost:1"), None);
    }
}
