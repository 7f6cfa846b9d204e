//! What all requests share.

use crate::defaults::Defaults;
use crate::identity::{Hasher, Keys};
use crate::middleware::rate_limit::{self, Limits};
use crate::problem::Answer;
use crate::stream::Hub;
use squad_domain::Timestamp;
use squad_domain::ids::OrgId;
use squad_engine::{Clock, Engine};
use squad_integrations::jobs::Wake;
use squad_integrations::webhook::Policy;
use squad_secrets::seal::MasterKeys;
use squad_storage::{NewMail, Storage};
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody who can reach the server.
    #[default]
    Open,
    /// The first one, and whoever is invited.
    Invited,
}

/// How the API behaves.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where people reach it, without a slash at the end: what links in mails begin with.
    pub public_url: String,
    /// Other pages (origins) that may call it with a token.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Who may make an account.
    pub registration: Registration,
    /// Whether paths on the server's disk are repositories that admins of `local_org` may name. What is there is the
    /// operator's business: only where nobody else reaches the server.
    pub local_repositories: bool,
    /// How often one caller may ask in a minute.
    pub requests_per_minute: NonZeroU32,
    /// What executions begin with.
    pub defaults: Defaults,
    /// The organization in which the command line works; the first account's.
    pub local_org: OrgId,
    /// Where webhooks may go; the handler that sends them is given the same.
    pub webhook_policy: Policy,
}

impl ApiConfig {
    /// For a server that people reach at `public_url`.
    #[must_use]
    pub fn new(public_url: &str, local_org: OrgId) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            registration: Registration::default(),
            local_repositories: false,
            requests_per_minute: rate_limit::CALLER,
            defaults: Defaults::default(),
            local_org,
            webhook_policy: Policy::default(),
        }
    }

    /// Whether browsers reach it encrypted, so that cookies may be bound to that.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// What all requests share. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: ApiConfig,
    engine: Engine,
    keys: Keys,
    master: Arc<MasterKeys>,
    hasher: Hasher,
    limits: Limits,
    hub: Hub,
    wake: Wake,
    stop: CancellationToken,
}

impl App {
    /// An API on an engine. `master` seals what is secret in the database; `wake` tells the runner of jobs
    /// that there is one; `stop` ends its streams and its tasks.
    #[must_use]
    pub fn new(
        config: ApiConfig,
        engine: Engine,
        keys: Keys,
        master: Arc<MasterKeys>,
        wake: Wake,
        stop: CancellationToken,
    ) -> Self {
        let limits = Limits::new(config.requests_per_minute);
        let hub = Hub::new(engine.clone(), stop.clone());
        Self(Arc::new(Inner {
            config,
            engine,
            keys,
            master,
            hasher: Hasher::default(),
            limits,
            hub,
            wake,
            stop,
        }))
    }

    pub(crate) fn config(&self) -> &ApiConfig {
        &self.0.config
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The whole database: for identity and health. Handlers of what belongs to an organization get a
    /// [`squad_storage::Tenant`] from their caller.
    pub(crate) fn storage(&self) -> &Storage {
        self.0.engine.storage()
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn master(&self) -> &MasterKeys {
        &self.0.master
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.0.stop
    }

    fn clock(&self) -> &dyn Clock {
        self.0.engine.clock()
    }

    /// Tells the runner of jobs of this process that there is one. Others look by themselves, each second.
    pub(crate) fn wake(&self) {
        self.0.wake.wake();
    }

    /// Hands a mail over to whoever sends mails, in this process or another.
    pub(crate) async fn send(&self, mail: NewMail, now: Timestamp) -> Answer<()> {
        self.storage().add_mail(mail, now).await?;
        self.wake();
        Ok(())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.clock().new_id()
    }
}
