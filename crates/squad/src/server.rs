//! The server as the commands start it: API, jobs and, where asked for, a worker, on one database and with one end.

use crate::config::{self, Config, Loaded, Registration};
use crate::context::{Context, LOCAL_ORG};
use crate::error::CliError;
use crate::exit::Exit;
use crate::master_key;
use crate::output;
use squad_api::{ApiConfig, App, Defaults, Keys};
use squad_engine::{Clock, Engine, SystemClock};
use squad_integrations::jobs::{Handlers, Runner};
use squad_integrations::mail::{MailHandler, Mailer};
use squad_integrations::webhook::{SystemResolver, WebhookHandler};
use squad_llm::ProcessEnvironment;
use squad_secrets::seal::MasterKeys;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Where mails go out; holds a password.
const SMTP_VARIABLE: &str = "SQUAD_SMTP_URL";

/// Who issues access tokens where no address was configured: the same for all servers on one database, wherever each of
/// them listens.
const ISSUER: &str = "urn:agent-squad";

/// A server that is ready to serve.
pub(crate) struct Server {
    url: String,
    listener: TcpListener,
    app: App,
    engine: Engine,
    runner: Runner,
    parallel: Option<usize>,
    stop: CancellationToken,
}

impl Server {
    /// Opens everything. `parallel`: how many executions are driven here; `None`: none.
    ///
    /// # Errors
    /// Where the configuration, the port, the database, the keys or the sandbox cannot be used.
    pub(crate) async fn start(context: &Context, parallel: Option<usize>) -> Result<Self, CliError> {
        let listener = squad_api::bind(&context.loaded.config.server.listen).await?;
        let local = listener.local_addr().map_err(|source| CliError::File {
            action: "listen on",
            path: context.loaded.config.server.listen.clone().into(),
            source,
        })?;
        let config = api_config(&context.loaded, local)?;
        let engine = match parallel {
            Some(_) => context.engine(context.loaded.config.sandbox).await?,
            None => context.serving().await?,
        };
        let master = Arc::new(master_key::read(&context.data_dir)?);
        let storage = engine.storage().clone();
        let now = engine.clock().now();
        let issuer = context.loaded.config.server.public_url.as_deref().unwrap_or(ISSUER);
        let keys = Keys::load(storage.clone(), Arc::clone(&master), issuer, now).await?;
        let clock = Arc::new(SystemClock::default());
        let handlers = handlers(context, &engine, &master, &config)?;
        let runner = Runner::new(storage, handlers, Arc::new(move || clock.now()), engine.worker());
        let stop = CancellationToken::new();
        let url = config.public_url.clone();
        let app = App::new(config, engine.clone(), keys, master, runner.wake(), stop.clone());
        Ok(Self { url, listener, app, engine, runner, parallel, stop })
    }

    /// Where people reach it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until it is told to end.
    ///
    /// # Errors
    /// Where the worker cannot go on.
    pub(crate) async fn run(self) -> Result<Exit, CliError> {
        let mut interrupted = crate::commands::interrupts()?;
        let Self { listener, app, engine, runner, parallel, stop, .. } = self;
        let mut parts: JoinSet<Result<(), CliError>> = JoinSet::new();
        let (serving, tidying) = (stop.clone(), app.clone());
        let router = squad_api::router(app);
        let storage = engine.storage().clone();
        parts.spawn(async move {
            squad_api::serve(listener, router, serving).await;
            Ok(())
        });
        parts.spawn(async move {
            squad_api::housekeeping(tidying).await;
            Ok(())
        });
        let sending = stop.clone();
        parts.spawn(async move {
            runner.run(sending).await;
            Ok(())
        });
        if let Some(parallel) = parallel {
            let working = stop.clone();
            parts.spawn(async move { Ok(engine.work(parallel, working).await?) });
        }
        loop {
            tokio::select! {
                ended = parts.join_next() => match ended {
                    None => {
                        storage.close().await;
                        return Ok(Exit::Completed);
                    }
                    Some(ended) => {
                        // One part that cannot go on ends the others as a signal would.
                        stop.cancel();
                        ended.expect("no part of the server panics")?;
                    }
                },
                Some(()) = interrupted.recv() => {
                    if stop.is_cancelled() {
                        return Ok(Exit::Completed);
                    }
                    stop.cancel();
                    output::remark("finishing what is under way; once more to leave at once");
                }
            }
        }
    }
}

fn api_config(loaded: &Loaded, listens: SocketAddr) -> Result<ApiConfig, CliError> {
    let server = &loaded.config.server;
    let local = format!("http://{listens}");
    let public = server.public_url.as_deref().unwrap_or(&local);
    if !(public.starts_with("http://") || public.starts_with("https://")) {
        return Err(CliError::Usage(format!(
            "`{public}` cannot be where people reach the server; write a URL such as `https://squad.example.com`"
        )));
    }
    let network = |text: &String| {
        let parsed = text.parse().or_else(|_| text.parse().map(|ip: std::net::IpAddr| ip.into()));
        parsed.map_err(|_| {
            CliError::Usage(format!(
                "`server.trusted_proxies`: `{text}` is no address or network; write `10.0.0.7` or `10.0.0.0/8`"
            ))
        })
    };
    let mut config = ApiConfig::new(public, LOCAL_ORG);
    config.cors_origins.clone_from(&server.cors_origins);
    config.trusted_proxies = server.trusted_proxies.iter().map(network).collect::<Result<_, _>>()?;
    let private = is_private(server, listens);
    config.local_repositories = private;
    config.requests_per_minute = server.requests_per_minute;
    config.defaults = defaults(&loaded.config);
    // Whoever has an account can start executions, on the installation's keys: strangers have to be let in on purpose.
    let usual = if private { Registration::Open } else { Registration::Invited };
    config.registration = match server.registration.unwrap_or(usual) {
        Registration::Open => squad_api::Registration::Open,
        Registration::Invited => squad_api::Registration::Invited,
    };
    Ok(config)
}

/// Whether only this machine reaches the server. One behind a proxy listens on this machine, too: but then it has another
/// address for people, or knows its proxies.
fn is_private(server: &config::Server, listens: SocketAddr) -> bool {
    listens.ip().is_loopback() && server.public_url.is_none() && server.trusted_proxies.is_empty()
}

/// What executions begin with, as configured.
fn defaults(config: &Config) -> Defaults {
    Defaults {
        // Without a model or a key, the server still serves; starting an execution says what is missing.
        models: config.models(&ProcessEnvironment).ok(),
        approval: config.approval,
        budget: config.budget.map(|dollars| dollars.0),
        setup_hosts: config.setup_hosts.clone(),
        mcp: config.mcp.clone(),
        sandbox: config.sandbox.to_string(),
        limits: config.limits.clone(),
    }
}

/// Who performs which jobs.
fn handlers(
    context: &Context,
    engine: &Engine,
    master: &Arc<MasterKeys>,
    config: &ApiConfig,
) -> Result<Handlers, CliError> {
    let storage = engine.storage().clone();
    let from = context.loaded.config.server.mail_from.clone().unwrap_or_else(|| {
        let host = config.public_url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        format!("Agent Squad <squad@{host}>")
    });
    let mailer = std::env::var(SMTP_VARIABLE).ok().filter(|url| !url.is_empty());
    let mailer = mailer.map(|url| Mailer::new(&url, &from)).transpose()?;
    let webhooks = WebhookHandler::new(
        storage.clone(),
        Arc::clone(master),
        Arc::new(SystemResolver),
        config.webhook_policy,
    );
    Ok(Handlers::new().with(MailHandler::new(storage, mailer)).with(webhooks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_strangers_reach_takes_neither_them_nor_paths_by_itself() {
        let here: SocketAddr = "127.0.0.1:7700".parse().unwrap();
        let everywhere: SocketAddr = "0.0.0.0:7700".parse().unwrap();
        let alone = config::Server::default();
        let url = Some("https://squad.example.com".to_owned());
        let behind_a_proxy = config::Server { public_url: url, ..config::Server::default() };
        assert!(is_private(&alone, here));
        assert!(!is_private(&alone, everywhere));
        assert!(!is_private(&behind_a_proxy, here));
    }
}
