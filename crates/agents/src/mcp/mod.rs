//! Tools of others: the client of the MCP servers that a person configured.
//!
//! A server is listed once, when an execution begins; what it said then is in the log, bounded, and is all that members
//! are ever offered of it. What a server answers is data, like a file or a command's output.

mod connect;
mod listing;
mod reply;

pub use listing::Listing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connect::Connection;
use futures::future::join_all;
use rmcp::model::CallToolRequestParams;
use rmcp::service::ServiceError;
use serde_json::{Map, Value};
use squad_domain::mcp::{McpName, McpServer, McpServers};
use squad_llm::Environment;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::tools::Outcome;

/// Why a server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum McpError {
    /// It is not among those of the execution.
    #[error("there is no MCP server `{0}`")]
    Unknown(McpName),
    /// A variable that it needs is not set.
    #[error("the MCP server `{server}` needs the environment variable `{variable}`, which is not set")]
    NoVariable {
        /// The server.
        server: McpName,
        /// The variable.
        variable: String,
    },
    /// It could not be started or reached, or does not speak the protocol.
    #[error("the MCP server `{server}` cannot be used: {reason}")]
    Away {
        /// The server.
        server: McpName,
        /// In its own words, or those of the system.
        reason: String,
    },
    /// It did not answer in time.
    #[error("the MCP server `{server}` did not answer within {seconds} s")]
    Late {
        /// The server.
        server: McpName,
        /// How long it had.
        seconds: u64,
    },
}

/// A call of a tool of another, checked against the schema that the server gave.
#[derive(Debug, Clone, PartialEq)]
pub struct McpCall {
    /// Whose tool it is.
    pub server: McpName,
    /// What the server calls it.
    pub tool: String,
    /// An object.
    pub arguments: Map<String, Value>,
    /// Whether it may be made again after a crash.
    pub repeatable: bool,
}

/// The servers of one execution. Each is connected when it is first needed, and again when its connection broke.
pub struct Servers {
    known: BTreeMap<McpName, Server>,
    environment: Arc<dyn Environment>,
}

struct Server {
    server: McpServer,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Servers {
    /// The servers, none of them connected. Their variables are read from `environment` when they are.
    #[must_use]
    pub fn new(servers: &McpServers, environment: Arc<dyn Environment>) -> Self {
        let closed = |server: &McpServer| Server { server: server.clone(), connection: Mutex::new(None) };
        Self {
            known: servers.iter().map(|(name, server)| (name.clone(), closed(server))).collect(),
            environment,
        }
    }

    /// The tools of every server, all asked at once.
    ///
    /// # Errors
    /// The first server that cannot be used.
    pub async fn list(&self) -> Result<Vec<(McpName, Listing)>, McpError> {
        let listings = self.known.iter().map(|(name, known)| async move {
            let connection = self.connection(name, known).await?;
            let found = known.within(name, listing::all(&connection)).await?;
            let found = found.map_err(|error| away(name, &connection.redact(&error.to_string())))?;
            Ok((name.clone(), listing::bounded(name, &known.server, found)))
        });
        join_all(listings).await.into_iter().collect()
    }

    /// Calls a tool. Whatever goes wrong is the call's result: the member can work on without it.
    pub async fn call(&self, call: &McpCall, cancel: &CancellationToken) -> Outcome {
        tokio::select! {
            () = cancel.cancelled() => Outcome::error("stopped: cancelled"),
            outcome = self.answer(call) => {
                outcome.unwrap_or_else(|error| Outcome::error(format!("{error}; whether the call took effect is not known")))
            }
        }
    }

    async fn answer(&self, call: &McpCall) -> Result<Outcome, McpError> {
        let name = &call.server;
        let known = self.known.get(name).ok_or_else(|| McpError::Unknown(name.clone()))?;
        let connection = self.connection(name, known).await?;
        let request = CallToolRequestParams::new(call.tool.clone()).with_arguments(call.arguments.clone());
        match known.within(name, connection.peer().call_tool(request)).await? {
            Ok(result) => Ok(reply::told(result)),
            // The server itself says what is wrong with the call: words for who made it.
            Err(ServiceError::McpError(error)) => Ok(Outcome::error(connection.redact(&error.message))),
            Err(error) => {
                known.connection.lock().await.take();
                Err(away(name, &connection.redact(&error.to_string())))
            }
        }
    }

    /// The open connection, or a new one.
    async fn connection(&self, name: &McpName, known: &Server) -> Result<Arc<Connection>, McpError> {
        let mut open = known.connection.lock().await;
        if let Some(connection) = open.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let connecting = Connection::open(name, &known.server, &*self.environment);
        let connection = Arc::new(known.within(name, connecting).await??);
        *open = Some(Arc::clone(&connection));
        Ok(connection)
    }

    /// Closes what is open, and ends the programs that were started.
    pub async fn close(&self) {
        join_all(self.known.values().map(|known| async {
            if let Some(connection) = known.connection.lock().await.take() {
                connection.close().await;
            }
        }))
        .await;
    }
}

impl Server {
    async fn within<T>(&self, name: &McpName, work: impl Future<Output = T>) -> Result<T, McpError> {
        let seconds = self.server.timeout_seconds;
        let late = |_| McpError::Late { server: name.clone(), seconds };
        timeout(Duration::from_secs(seconds), work).await.map_err(late)
    }
}

fn away(server: &McpName, reason: &str) -> McpError {
    McpError::Away { server: server.clone(), reason: crate::text::one_line(reason, 500) }
}
