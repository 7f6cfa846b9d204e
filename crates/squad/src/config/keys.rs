//! The keys, once: their types, their defaults and their documentation.

use super::{Dollars, LeaseSeconds, Server};
use serde::{Deserialize, Serialize};
use squad_domain::execution::spec::ExecutionLimits;
use squad_domain::mcp::McpServers;
use squad_domain::model::{ModelRef, Price, ProviderEndpoint};
use squad_domain::squad::ApprovalPolicy;
use squad_sandbox::TierChoice;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A key as people are told of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// `limits`.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
}

/// Defines the struct and, from the same words, the list that `squad config show --help` prints.
macro_rules! config {
    ($($(#[doc = $about:literal])+ $name:ident: $kind:ty),+ $(,)?) => {
        /// The configuration, all layers merged.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default)]
        pub(crate) struct Config { $($(#[doc = $about])+ pub(crate) $name: $kind,)+ }

        /// Every key with its documentation, in the order in which people read them.
        pub(crate) const KEYS: &[Key] = &[$(Key { name: stringify!($name), about: concat!($($about),+) },)+];
    };
}

config! {
    /// the folder for the database and the workspaces
    data_dir: Option<PathBuf>,
    /// `sqlite:<file>` or `postgres://…`; without it, a SQLite file in the data folder
    database_url: Option<String>,
    /// the squad that works: a template's name, or a file ending in `.toml`
    squad: Option<String>,
    /// the model for everything, as `provider/model`
    model: Option<ModelRef>,
    /// lists of models of their own: `plan`, `code`, `review`, `test`, `summarize`; and `fallback`, `escalation`
    profile: Profile,
    /// what an execution may cost, in US dollars
    budget: Option<Dollars>,
    /// when a person approves the plan: `always`, `over_budget`, `never`
    approval: ApprovalPolicy,
    /// the command that tests the project; without it, what the repository's own files say
    test_command: Option<String>,
    /// the command that sets a workspace up, such as `npm ci`
    setup_command: Option<String>,
    /// hosts that the setup command may reach, such as your package registry; empty: none
    setup_hosts: Vec<String>,
    /// how commands are kept apart from this machine: `auto`, `builtin`, `docker`, `gvisor`, `kubernetes`
    sandbox: TierChoice,
    /// for the tiers `docker` and `gvisor`: an image with the tools that commands get in place of this machine's
    sandbox_image: Option<String>,
    /// `providers.<name>.base_url` and `providers.<name>.api_key_env` (the variable that holds the key)
    providers: BTreeMap<String, ProviderEndpoint>,
    /// `prices."provider/model"`: `{ input, output, cached_input, cache_write }` in US dollars per million tokens
    prices: BTreeMap<ModelRef, PriceEntry>,
    /// `mcp.<name>`: servers of further tools, each with a `url` (and `token_env`) or a `command` (and `env`)
    mcp: McpServers,
    /// limits of every execution: `review_rounds`, `fix_rounds`, `parallel_lanes`, `test_seconds`, …
    limits: ExecutionLimits,
    /// how long a worker may be silent before others take over what it worked on, in seconds
    lease_seconds: LeaseSeconds,
    /// the HTTP API: `listen`, `public_url`, `registration` (`open`, `invited`), `cors_origins`, `trusted_proxies`, `requests_per_minute`, `mail_from`
    server: Server,
    /// a folder whose files replace single prompts
    prompts: Option<PathBuf>,
}

/// Lists of models per purpose, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Profile {
    /// For analysing and planning.
    pub(crate) plan: Vec<ModelRef>,
    /// For writing code.
    pub(crate) code: Vec<ModelRef>,
    /// For reviewing.
    pub(crate) review: Vec<ModelRef>,
    /// For testing.
    pub(crate) test: Vec<ModelRef>,
    /// For condensing older turns.
    pub(crate) summarize: Vec<ModelRef>,
    /// After `model`, where it does not answer.
    pub(crate) fallback: Vec<ModelRef>,
    /// For a member that runs in circles.
    pub(crate) escalation: Vec<ModelRef>,
}

/// A price as people write it: US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PriceEntry {
    /// Per million input tokens.
    pub(crate) input: Dollars,
    /// Per million output tokens.
    pub(crate) output: Dollars,
    /// Per million input tokens from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cached_input: Option<Dollars>,
    /// Per million input tokens into the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write: Option<Dollars>,
}

impl From<PriceEntry> for Price {
    fn from(entry: PriceEntry) -> Self {
        Self {
            input: entry.input.0,
            output: entry.output.0,
            cached_input: entry.cached_input.map(|dollars| dollars.0),
            cache_write: entry.cache_write.map(|dollars| dollars.0),
        }
    }
}
