//! Where a webhook may go.

use super::address::is_public;
use super::resolve::Resolver;
use std::net::IpAddr;
use url::{Host, Url};

/// What the operator allows beyond `https` to the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// Also addresses of this machine and of the networks behind it, for tests and laptops.
    pub allow_private: bool,
    /// Also `http`, which everybody on the way can read.
    pub allow_http: bool,
}

/// A webhook must not, or cannot, go there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no URL.
    #[error("the URL cannot be read: {0}; write `https://host/path`")]
    Unreadable(String),
    /// It is no web address, or not a safe one.
    #[error("the URL begins with `{scheme}:`; webhooks are sent by {allowed}")]
    Scheme {
        /// How it begins.
        scheme: String,
        /// How it may begin, in words.
        allowed: &'static str,
    },
    /// It holds a user or a password.
    #[error("the URL holds a user or a password; leave them out: the signature shows who sends")]
    Credentials,
    /// An address of it is inside the house.
    #[error(
        "`{host}` stands for {address}, which is not on the public internet; webhooks are not sent there"
    )]
    Private {
        /// The host of the URL.
        host: String,
        /// The first address that is refused.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("`{host}` has no address: {why}; check its spelling and its DNS records")]
    Unresolved {
        /// The host of the URL.
        host: String,
        /// The system's own words.
        why: String,
    },
}

/// A URL that was judged, and the addresses that it may be reached at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) addresses: Vec<IpAddr>,
}

/// Judges a URL by what can be seen without asking anybody, as when an endpoint is set up.
///
/// # Errors
/// Why no webhook goes there.
pub fn check_url(text: &str, policy: Policy) -> Result<Url, TargetError> {
    let url = Url::parse(text).map_err(|error| TargetError::Unreadable(error.to_string()))?;
    match url.scheme() {
        "https" => {}
        "http" if policy.allow_http => {}
        other => {
            let allowed = if policy.allow_http { "`https:` or `http:`" } else { "`https:` only" };
            return Err(TargetError::Scheme { scheme: other.to_owned(), allowed });
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Credentials);
    }
    if let Some(address) = literal(&url) {
        judge(&url, &[address], policy)?;
    }
    Ok(url)
}

/// Judges a URL and every address of its host, which is looked up once.
pub(super) async fn check(
    text: &str,
    policy: Policy,
    resolver: &dyn Resolver,
) -> Result<Target, TargetError> {
    let url = check_url(text, policy)?;
    let addresses = match (literal(&url), url.host_str()) {
        (Some(address), _) => vec![address],
        (None, Some(name)) => {
            resolver.resolve(name).await.map_err(|error| unresolved(&url, &error.to_string()))?
        }
        (None, None) => return Err(TargetError::Unreadable("it names no host".to_owned())),
    };
    if addresses.is_empty() {
        return Err(unresolved(&url, "nothing was found"));
    }
    judge(&url, &addresses, policy)?;
    Ok(Target { url, addresses })
}

/// The address that is written in place of a name. However it was spelled, the URL holds it as an address.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn judge(url: &Url, addresses: &[IpAddr], policy: Policy) -> Result<(), TargetError> {
    match addresses.iter().find(|address| !policy.allow_private && !is_public(**address)) {
        Some(address) => Err(TargetError::Private { host: host(url), address: *address }),
        None => Ok(()),
    }
}

fn unresolved(url: &Url, why: &str) -> TargetError {
    TargetError::Unresolved { host: host(url), why: why.to_owned() }
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::io;

    const HTTP: Policy = Policy { allow_private: false, allow_http: true };

    struct Fixed(Vec<&'static str>);

    #[async_trait]
    impl Resolver for Fixed {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.iter().map(|address| address.parse().unwrap()).collect())
        }
    }

    #[test]
    fn an_address_inside_the_house_is_refused_however_it_is_spelled() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "0",
            "0.0.0.0",
            "169.254.169.254",
            "2852039166",
            "0xA9FEA9FE",
            "0251.0376.0251.0376",
            "10.1",
            "192.168.257",
            "100.64.1",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fd00::1]",
            "[fe80::1]",
            "１２７.０.０.１",
            "①②⑦.0.0.1",
            "127%2e0.0.1",
            "%31%32%37.0.0.1",
        ] {
            for url in
                [format!("http://{host}/"), format!("http://{host}:8080/x"), format!("http:\\\\{host}\\x")]
            {
                let refused = check_url(&url, HTTP);
                assert!(matches!(refused, Err(TargetError::Private { .. })), "{url}: {refused:?}");
            }
        }
    }

    #[test]
    fn only_web_addresses_without_a_password_are_taken() {
        let safe = Policy::default();
        for url in [
            "https://example.com",
            "https://example.com:8443/hook?x=1",
            "HTTPS://1.1.1.1/",
            "https://[2606:4700::1111]/",
        ] {
            assert!(check_url(url, safe).is_ok(), "{url}");
        }
        for url in [
            "http://example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "gopher://x",
        ] {
            assert!(matches!(check_url(url, safe), Err(TargetError::Scheme { .. })), "{url}");
        }
        for url in ["https://a@example.com", "https://:b@example.com", "https://1.1.1.1@127.0.0.1/"] {
            assert_eq!(check_url(url, safe), Err(TargetError::Credentials), "{url}");
        }
        for url in [
            "",
            "example.com",
            "https://",
            "https:// example.com",
            "https://[::1",
            "https://256.256.256.256",
            "https://0x100000000",
        ] {
            assert!(matches!(check_url(url, safe), Err(TargetError::Unreadable(_))), "{url}");
        }
        let message = check_url("http://example.com", safe).unwrap_err().to_string();
        assert_eq!(message, "the URL begins with `http:`; webhooks are sent by `https:` only");
    }

    #[tokio::test]
    async fn one_address_inside_the_house_is_one_too_many() {
        let mixed = Fixed(vec!["1.1.1.1", "10.0.0.1"]);
        let refused = check("https://example.com/", Policy::default(), &mixed).await.unwrap_err();
        let address = "10.0.0.1".parse().unwrap();
        assert_eq!(refused, TargetError::Private { host: "example.com".into(), address });
        let allowed = Policy { allow_private: true, ..Policy::default() };
        assert_eq!(check("https://example.com/", allowed, &mixed).await.unwrap().addresses.len(), 2);
        let nothing = check("https://example.com/", allowed, &Fixed(vec![])).await;
        assert!(matches!(nothing, Err(TargetError::Unresolved { .. })), "{nothing:?}");
    }
}
