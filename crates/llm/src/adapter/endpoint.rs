//! What a provider's name means: an API, an address and a key.

use super::relay::Relay;
use super::{Timeouts, failures};
use crate::{Environment, ProviderError, Secret};
use genai::Client;
use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint as GenaiEndpoint, ProviderConfig};
use squad_domain::model::ProviderEndpoint;
use std::time::Duration;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// Where no TLS is spoken: the system's certificates are over a hundred files, read anew for each client.
const NO_CERTIFICATES: [reqwest::Certificate; 0] = [];

/// The providers that need no address, with the variable their key usually is in. `None`: they need no key.
const KNOWN: [(&str, AdapterKind, Option<&str>, &str); 13] = [
    ("anthropic", AdapterKind::Anthropic, Some("ANTHROPIC_API_KEY"), "https://api.anthropic.com/v1/"),
    ("openai", AdapterKind::OpenAI, Some("OPENAI_API_KEY"), "https://api.openai.com/v1/"),
    (
        "gemini",
        AdapterKind::Gemini,
        Some("GEMINI_API_KEY"),
        "https://generativelanguage.googleapis.com/v1beta/",
    ),
    (
        "google",
        AdapterKind::Gemini,
        Some("GEMINI_API_KEY"),
        "https://generativelanguage.googleapis.com/v1beta/",
    ),
    ("groq", AdapterKind::Groq, Some("GROQ_API_KEY"), "https://api.groq.com/openai/v1/"),
    ("mistral", AdapterKind::Mistral, Some("MISTRAL_API_KEY"), "https://api.mistral.ai/v1/"),
    ("deepseek", AdapterKind::DeepSeek, Some("DEEPSEEK_API_KEY"), "https://api.deepseek.com/v1/"),
    ("xai", AdapterKind::Xai, Some("XAI_API_KEY"), "https://api.x.ai/v1/"),
    ("openrouter", AdapterKind::OpenRouter, Some("OPENROUTER_API_KEY"), "https://openrouter.ai/api/v1/"),
    ("together", AdapterKind::Together, Some("TOGETHER_API_KEY"), "https://api.together.xyz/v1/"),
    (
        "fireworks",
        AdapterKind::Fireworks,
        Some("FIREWORKS_API_KEY"),
        "https://api.fireworks.ai/inference/v1/",
    ),
    ("moonshot", AdapterKind::Moonshot, Some("MOONSHOT_API_KEY"), "https://api.moonshot.ai/v1/"),
    ("ollama", AdapterKind::Ollama, None, "http://127.0.0.1:11434/"),
];

/// A provider, ready to be called.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) provider: String,
    pub(super) kind: AdapterKind,
    pub(super) base_url: String,
    pub(super) key: Secret,
    /// Whether the address was given rather than the provider's usual one.
    pub(super) custom: bool,
}

/// A provider that cannot be called as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nobody knows the provider, and no address was given.
    #[error(
        "`{0}` is not a known provider; use one of {known}, or give its address with `--base-url` if it speaks the OpenAI format",
        known = known_names()
    )]
    Unknown(String),
    /// The provider needs an address.
    #[error(
        "`{0}` needs the address of its server; give it with `--base-url`, for example `http://127.0.0.1:8080/v1`"
    )]
    NoBaseUrl(String),
    /// The address is none.
    #[error(
        "`{url}` is not the address of `{provider}`: {why}; write for example `http://127.0.0.1:8080/v1`"
    )]
    BadBaseUrl {
        /// The provider.
        provider: String,
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key is not in the environment.
    #[error(
        "no key for `{provider}`: set the environment variable `{variable}`, or name another with `--api-key-env`"
    )]
    NoKey {
        /// The provider.
        provider: String,
        /// The variable that was looked up.
        variable: String,
    },
}

impl Endpoint {
    /// Finds out how `provider` is reached, with its key from `env`.
    ///
    /// # Errors
    /// If the provider is unknown and has no address, the address is none, or the key is missing.
    pub fn resolve(
        provider: &str,
        settings: Option<&ProviderEndpoint>,
        env: &dyn Environment,
    ) -> Result<Self, EndpointError> {
        let given_url = settings.and_then(|settings| settings.base_url.as_deref());
        let key_env = settings.and_then(|settings| settings.api_key_env.as_deref());
        let known = KNOWN.iter().find(|(name, ..)| *name == provider);
        let kind = known.map_or(AdapterKind::OpenAI, |(_, kind, ..)| *kind);
        let base_url = match (given_url, known) {
            (Some(url), _) => normalize(provider, kind, url)?,
            (None, Some(("ollama", kind, _, usual))) => match env.var("OLLAMA_HOST") {
                Some(host) if !host.trim().is_empty() => normalize(provider, *kind, &ollama_url(&host))?,
                _ => (*usual).to_owned(),
            },
            (None, Some((_, _, _, usual))) => (*usual).to_owned(),
            (None, None) if provider == "openai-compatible" || provider == "scripted" => {
                return Err(EndpointError::NoBaseUrl(provider.to_owned()));
            }
            (None, None) => return Err(EndpointError::Unknown(provider.to_owned())),
        };
        let key = key(provider, key_env, given_url.is_some(), env)?;
        Ok(Self { provider: provider.to_owned(), kind, base_url, key, custom: given_url.is_some() })
    }

    /// The HTTP client for it.
    pub(super) fn http(&self, connect_timeout: Duration) -> Result<reqwest::Client, ProviderError> {
        // Redirects are not followed: they would carry the key elsewhere. Nothing is asked for in a packed form: a few
        // kilobytes of it could unpack to gigabytes.
        let mut http = reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .tcp_nodelay(true);
        if is_local(&self.base_url) {
            http = http.no_proxy();
        }
        // Redirects are not followed, so an address without TLS never leads to one with it.
        if self.base_url.starts_with("http://") {
            http = http.tls_certs_only(NO_CERTIFICATES);
        }
        http.build().map_err(|error| ProviderError::BadRequest { message: error.to_string() })
    }

    /// The names of the provider's models. Costs nothing.
    ///
    /// # Errors
    /// If it cannot be reached or refuses.
    pub async fn list_models(&self) -> Result<Vec<String>, ProviderError> {
        let timeouts = Timeouts::LOCAL;
        let relay = Relay::start(self.http(timeouts.connect)?, &self.base_url, &self.key, timeouts).await?;
        let passage = relay.passage(false);
        let config = ProviderConfig {
            endpoint: Some(GenaiEndpoint::from_owned(passage.base_url.as_str())),
            auth: Some(AuthData::from_single(self.key.expose())),
        };
        let listed = crate_client()?
            .all_model_names(self.kind, config)
            .with_subscriber(NoSubscriber::default())
            .await
            .map_err(|error| failures::classify(&error, &self.key, &self.base_url, 0));
        listed.map_err(|error| passage.failure(0).unwrap_or(error))
    }

    /// The address, for messages to people.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

/// The crate's client: all it ever reaches is a relay in this process.
pub(super) fn crate_client() -> Result<Client, ProviderError> {
    let failed = |message: String| ProviderError::BadRequest { message };
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .tcp_nodelay(true)
        .tls_certs_only(NO_CERTIFICATES);
    let http = http.build().map_err(|error| failed(error.to_string()))?;
    Client::builder().with_reqwest(http).build().map_err(|error| failed(error.to_string()))
}

/// The providers that need no address, each with the variable its key is looked up in; `None`: it needs no key.
pub fn known_providers() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    KNOWN.iter().map(|(name, _, variable, _)| (*name, *variable))
}

/// The variable a provider's key usually is in.
pub(crate) fn default_key_env(provider: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(name, ..)| *name == provider).and_then(|(_, _, variable, _)| *variable)
}

/// Whether the server runs on this machine, where no proxy stands in between and slow answers are normal.
pub(crate) fn is_local(base_url: &str) -> bool {
    let host = reqwest::Url::parse(base_url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

fn key(
    provider: &str,
    key_env: Option<&str>,
    custom: bool,
    env: &dyn Environment,
) -> Result<Secret, EndpointError> {
    let missing = |variable: &str| EndpointError::NoKey {
        provider: provider.to_owned(),
        variable: variable.to_owned(),
    };
    if let Some(variable) = key_env {
        return env.secret(variable).ok_or_else(|| missing(variable));
    }
    match default_key_env(provider) {
        // An address of one's own is a gateway that wants the usual key, or a local server that wants none.
        Some(variable) if !custom => env.secret(variable).ok_or_else(|| missing(variable)),
        Some(variable) => Ok(env.secret(variable).unwrap_or_else(Secret::placeholder)),
        None => Ok(Secret::placeholder()),
    }
}

/// Brings an address into the form the wire expects: with its version folder, without the call's own path, with a slash.
fn normalize(provider: &str, kind: AdapterKind, given: &str) -> Result<String, EndpointError> {
    let bad = |why: &str| EndpointError::BadBaseUrl {
        provider: provider.to_owned(),
        url: given.to_owned(),
        why: why.to_owned(),
    };
    let mut url = reqwest::Url::parse(given.trim()).map_err(|error| bad(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(bad("it is neither `http://` nor `https://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it holds a user name or a password; keys belong into the environment"));
    }
    let mut path = url.path().trim_end_matches('/').to_owned();
    for call in ["/chat/completions", "/messages", "/responses", "/api/chat"] {
        if let Some(stem) = path.strip_suffix(call) {
            path = stem.to_owned();
        }
    }
    match kind {
        AdapterKind::Ollama => path = path.trim_end_matches("/v1").trim_end_matches("/api").to_owned(),
        AdapterKind::Gemini => {}
        _ if path.is_empty() => path.push_str("/v1"),
        _ => {}
    }
    url.set_path(&format!("{path}/"));
    Ok(url.to_string())
}

/// `OLLAMA_HOST` as its own client reads it: scheme and port may be missing, and it may be the address to listen on.
fn ollama_url(host: &str) -> String {
    let host = host.trim().trim_end_matches('/');
    let host = if host.contains("://") { host.to_owned() } else { format!("http://{host}") };
    let host = host.replace("0.0.0.0", "127.0.0.1");
    let port_missing = host.rsplit("://").next().is_some_and(|authority| !authority.contains(':'));
    if port_missing { format!("{host}:11434") } else { host }
}

fn known_names() -> String {
    let names: Vec<String> = KNOWN.iter().map(|(name, ..)| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_env(_: &str) -> Option<String> {
        None
    }

    fn at(url: &str) -> ProviderEndpoint {
        ProviderEndpoint { base_url: Some(url.to_owned()), api_key_env: None }
    }

    #[test]
    fn addresses_as_people_write_them_are_understood() {
        let url = |provider: &str, given: &str| {
            Endpoint::resolve(provider, Some(&at(given)), &no_env).unwrap().base_url
        };
        assert_eq!(url("openai-compatible", "http://127.0.0.1:8080"), "http://127.0.0.1:8080/v1/");
        assert_eq!(url("openai-compatible", "http://h:1/v1/chat/completions"), "http://h:1/v1/");
        assert_eq!(url("lmstudio", "http://h:1/api/v0"), "http://h:1/api/v0/");
        assert_eq!(url("anthropic", "http://h:1"), "http://h:1/v1/");
        assert_eq!(url("anthropic", "http://h:1/v1/messages"), "http://h:1/v1/");
        assert_eq!(url("ollama", "http://h:11434/v1"), "http://h:11434/");
        for bad in ["127.0.0.1:8080", "ftp://h/", "http://user:pw@h/v1"] {
            assert!(Endpoint::resolve("scripted", Some(&at(bad)), &no_env).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_key_names_its_variable_and_a_local_server_needs_none() {
        let error = Endpoint::resolve("anthropic", None, &no_env).unwrap_err();
        assert!(error.to_string().contains("`ANTHROPIC_API_KEY`"), "{error}");
        let named = ProviderEndpoint { api_key_env: Some("MY_KEY".into()), ..ProviderEndpoint::default() };
        let error = Endpoint::resolve("openai", Some(&named), &no_env).unwrap_err();
        assert!(error.to_string().contains("`MY_KEY`"), "{error}");
        assert_eq!(Endpoint::resolve("ollama", None, &no_env).unwrap().key, Secret::placeholder());
        assert_eq!(
            Endpoint::resolve("openai", Some(&at("http://h/v1")), &no_env).unwrap().key,
            Secret::placeholder()
        );
        assert_eq!(
            Endpoint::resolve("openai-compatible", None, &no_env).unwrap_err(),
            EndpointError::NoBaseUrl("openai-compatible".into())
        );
        assert!(Endpoint::resolve("nobody", None, &no_env).unwrap_err().to_string().contains("`anthropic`"));
    }

    #[test]
    fn ollama_is_where_its_own_variable_says() {
        let url = |host: &'static str| {
            let env = move |name: &str| (name == "OLLAMA_HOST").then(|| host.to_owned());
            Endpoint::resolve("ollama", None, &env).unwrap().base_url
        };
        assert_eq!(url(""), "http://127.0.0.1:11434/");
        assert_eq!(url("0.0.0.0"), "http://127.0.0.1:11434/");
        assert_eq!(url("box:1234"), "http://box:1234/");
        assert_eq!(url("https://box:1234/"), "https://box:1234/");
    }

    #[test]
    fn loopback_is_local() {
        for local in ["http://127.0.0.1:1/v1/", "http://localhost/", "http://[::1]:8080/"] {
            assert!(is_local(local), "{local}");
        }
        assert!(!is_local("https://api.openai.com/v1/"));
    }
}
