//! The table `[server]`: how the HTTP API is reached, and by whom.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Where the server listens unless told otherwise: this machine only.
const LISTEN: &str = "127.0.0.1:7700";
/// As the API has it.
const REQUESTS: NonZeroU32 = NonZeroU32::new(6_000).expect("not zero");

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Registration {
    /// Anybody who can reach the server.
    Open,
    /// The first one, and whoever is invited.
    Invited,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Server {
    /// Address and port.
    pub(crate) listen: String,
    /// Where people reach it, when that is not the address itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public_url: Option<String>,
    /// Who may make an account; `None`: anybody where only this machine reaches the server, else whoever is invited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registration: Option<Registration>,
    /// Other pages (origins) that may call the API with a token.
    pub(crate) cors_origins: Vec<String>,
    /// Proxies (addresses or networks) whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<String>,
    /// How often one caller may ask in a minute.
    pub(crate) requests_per_minute: NonZeroU32,
    /// From whom mails come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mail_from: Option<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: LISTEN.to_owned(),
            public_url: None,
            registration: None,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            requests_per_minute: REQUESTS,
            mail_from: None,
        }
    }
}
