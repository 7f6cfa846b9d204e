//! A connection to an MCP server: over HTTP, or to a program on its standard input and output.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use reqwest::redirect::Policy;
use rmcp::model::{ClientConfig, Implementation};
use rmcp::service::{Peer, RoleClient, RunningService, ServiceExt};
use rmcp::transport::TokioChildProcess;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use squad_domain::mcp::{McpName, McpServer};
use squad_llm::{Environment, Secret};
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, Command};

use super::{McpError, away};

/// Bytes of one message of a server. A result that a member sees is far smaller.
const MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a program's error output that are kept to say why it ended.
const LAST_WORDS: usize = 600;
/// How long a program may take to end once its input is closed.
const CLOSING: Duration = Duration::from_secs(2);
/// Variables that a program gets without being asked for: it cannot find its interpreter or its home without them.
const ALWAYS: &[&str] = &["PATH", "HOME", "LANG"];

pub(super) struct Connection {
    service: tokio::sync::Mutex<Option<RunningService<RoleClient, ClientConfig>>>,
    peer: Peer<RoleClient>,
    secrets: Vec<Secret>,
}

impl Connection {
    pub(super) async fn open(
        name: &McpName,
        server: &McpServer,
        environment: &dyn Environment,
    ) -> Result<Self, McpError> {
        let secret = |variable: &String| {
            let missing = || McpError::NoVariable { server: name.clone(), variable: variable.clone() };
            environment.secret(variable).ok_or_else(missing)
        };
        let secrets: Vec<Secret> =
            server.token_env.iter().chain(&server.env).map(secret).collect::<Result<_, _>>()?;
        let service = match &server.url {
            Some(url) => http(url, secrets.first()).await,
            None => program(server, &secrets, environment).await,
        };
        let service = service.map_err(|reason| away(name, &redacted(&secrets, &reason)))?;
        let peer = service.peer().clone();
        Ok(Self { service: tokio::sync::Mutex::new(Some(service)), peer, secrets })
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        &self.peer
    }

    pub(super) fn is_closed(&self) -> bool {
        self.peer.is_transport_closed()
    }

    /// Words of the server without the secrets that it was given.
    pub(super) fn redact(&self, text: &str) -> String {
        redacted(&self.secrets, text)
    }

    pub(super) async fn close(&self) {
        if let Some(mut service) = self.service.lock().await.take()
            && let Err(error) = service.close_with_timeout(CLOSING).await
        {
            tracing::warn!(%error, "the connection to an MCP server did not close");
        }
    }
}

fn redacted(secrets: &[Secret], text: &str) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
}

fn client() -> ClientConfig {
    let mut info = ClientConfig::default();
    info.client_info = Implementation::new("agent-squad", env!("CARGO_PKG_VERSION"));
    info
}

async fn http(url: &str, token: Option<&Secret>) -> Result<RunningService<RoleClient, ClientConfig>, String> {
    // A redirect could carry the token to somebody else.
    let http =
        reqwest::Client::builder().redirect(Policy::none()).build().map_err(|error| error.to_string())?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(url).max_sse_event_size(MESSAGE_BYTES);
    if let Some(token) = token {
        config = config.auth_header(token.expose());
    }
    let transport = StreamableHttpClientTransport::with_client(http, config);
    client().serve(transport).await.map_err(|error| error.to_string())
}

async fn program(
    server: &McpServer,
    secrets: &[Secret],
    environment: &dyn Environment,
) -> Result<RunningService<RoleClient, ClientConfig>, String> {
    let (program, arguments) = server.command.split_first().ok_or("it has neither `url` nor `command`")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    let always = ALWAYS.iter().filter_map(|name| Some(((*name).to_owned(), environment.var(name)?)));
    let granted =
        server.env.iter().zip(secrets).map(|(name, value)| (name.clone(), value.expose().to_owned()));
    command.envs(always.chain(granted));
    let mut wrapped = CommandWrap::from(command);
    // A launcher such as `npx` has children of its own: they end with it.
    wrapped.wrap(ProcessGroup::leader()).wrap(KillOnDrop);
    let (transport, errors) = TokioChildProcess::builder(wrapped)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let last_words = errors.map(listen);
    client().serve(transport).await.map_err(|error| {
        let words = last_words.map(|words| words.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let words = words.unwrap_or_default();
        let words = String::from_utf8_lossy(words.as_slice());
        if words.trim().is_empty() {
            error.to_string()
        } else {
            format!("{error}; it said: {}", words.trim())
        }
    })
}

/// Reads a program's error output to its end, so that it never blocks on it, and keeps the last of it.
fn listen(mut errors: ChildStderr) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&kept);
    tokio::spawn(async move {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = errors.read(&mut chunk).await {
            let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&chunk[..read]);
            let over = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..over);
        }
    });
    kept
}
