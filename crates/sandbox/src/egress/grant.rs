//! Which hosts are granted, and which addresses are never.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::SandboxError;

/// The hosts that a workspace may reach.
#[derive(Debug, Clone)]
pub(crate) struct Grants(Vec<Grant>);

#[derive(Debug, Clone)]
enum Grant {
    Exact(String),
    /// Any name below this one, not the name itself.
    Below(String),
}

impl Grants {
    pub(crate) fn parse(hosts: &[String]) -> Result<Self, SandboxError> {
        hosts.iter().map(|host| Grant::parse(host)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn allow(&self, host: &str) -> bool {
        let host = normal(host);
        self.0.iter().any(|grant| match grant {
            Grant::Exact(name) => host == *name,
            Grant::Below(name) => {
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        })
    }
}

impl Grant {
    fn parse(text: &str) -> Result<Self, SandboxError> {
        let name = normal(text);
        let (name, below) = match name.strip_prefix("*.") {
            Some(rest) => (rest.to_owned(), true),
            None => (name, false),
        };
        let is_address = name.parse::<IpAddr>().is_ok();
        let is_name = !name.is_empty()
            && name.split('.').all(|label| !label.is_empty() && label.len() <= 63)
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        // `*.com` would grant half of the internet.
        let too_wide = below && (is_address || !name.contains('.'));
        if (!is_name && !is_address) || too_wide {
            return Err(SandboxError::Host { host: text.to_owned() });
        }
        Ok(if below { Self::Below(name) } else { Self::Exact(name) })
    }
}

fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Whether an address is one of the public internet; everything else belongs to this machine or to a network behind it.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// After the IANA registry of special-purpose IPv4 addresses (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

/// Global unicast only (2000::/3), without what embeds or stands for other addresses.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(embedded) = address.to_ipv4_mapped() {
        return is_public_v4(embedded);
    }
    let [first, second, third, ..] = address.segments();
    match (first, second) {
        // 6to4: the next 32 bits are an IPv4 address.
        (0x2002, _) => {
            let ([a, b], [c, d]) = (second.to_be_bytes(), third.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Teredo and the other protocol assignments, and documentation.
        (0x2001, 0..0x200 | 0xdb8) | (0x3fff, _) => false,
        _ => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(hosts: &[&str]) -> Result<Grants, SandboxError> {
        Grants::parse(&hosts.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn only_the_named_hosts_are_granted() {
        let grants = grants(&["Registry.example.com", "*.files.example.com"]).unwrap();
        for host in
            ["registry.example.com", "REGISTRY.example.com.", "a.files.example.com", "a.b.files.example.com"]
        {
            assert!(grants.allow(host), "{host}");
        }
        for host in [
            "example.com",
            "x.registry.example.com",
            "files.example.com",
            "evilfiles.example.com",
            ".files.example.com",
            "",
        ] {
            assert!(!grants.allow(host), "{host}");
        }
    }

    #[test]
    fn grants_that_are_too_wide_or_no_names_are_refused() {
        for host in
            ["", "*", "*.", "*.com", "a b", "https://example.com", "example.com:80", "a..b", "*.10.0.0.1"]
        {
            assert!(grants(&[host]).is_err(), "{host}");
        }
    }

    #[test]
    fn addresses_of_this_machine_and_of_inner_networks_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "93.184.215.14", "2606:4700::1111", "2a00:1450::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
