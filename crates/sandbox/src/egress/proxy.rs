//! Serves the connections that come out of one session.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::grant::{Grants, is_public};
use super::request::{self, Bad, HEAD_BYTES, Request};
use super::{EgressEvent, EgressLog, EgressPolicy};
use crate::SandboxError;

/// Connections that one run may have open at a time.
const CONNECTIONS: usize = 128;

/// How long a client may take for its head, and a host for answering to a connection.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    grants: Grants,
    policy: EgressPolicy,
    log: EgressLog,
}

/// Why a request is not served; the status goes to the client, the text also to the log.
struct Refusal {
    status: &'static str,
    allowed: bool,
    reason: String,
}

impl Proxy {
    pub(crate) fn new(hosts: &[String], policy: &EgressPolicy, log: EgressLog) -> Result<Self, SandboxError> {
        Ok(Self(Arc::new(Inner { grants: Grants::parse(hosts)?, policy: policy.clone(), log })))
    }

    /// Serves what comes from one run until it ends.
    pub(crate) fn serve(&self, listener: std::net::TcpListener, run: CancellationToken) {
        let proxy = self.0.clone();
        tokio::spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            let room = Arc::new(Semaphore::new(CONNECTIONS));
            loop {
                let accepted = tokio::select! {
                    () = run.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((client, _)) = accepted else { return };
                let Ok(place) = room.clone().try_acquire_owned() else { continue };
                let (proxy, run) = (proxy.clone(), run.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = run.cancelled() => {}
                        () = proxy.connection(client) => {}
                    }
                    drop(place);
                });
            }
        });
    }
}

impl Inner {
    async fn connection(&self, mut client: TcpStream) {
        let Ok(Ok(Some((request, surplus)))) = tokio::time::timeout(PATIENCE, read_head(&mut client)).await
        else {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            return;
        };
        let mut event = EgressEvent {
            host: request.host.clone(),
            port: request.port,
            allowed: true,
            sent_bytes: 0,
            received_bytes: 0,
            error: None,
        };
        match self.connect(&request).await {
            Ok(mut host) => {
                let (sent, received, error) = relay(&mut client, &mut host, &request, &surplus).await;
                event.sent_bytes = sent;
                event.received_bytes = received;
                event.error = error;
            }
            Err(refusal) => {
                let text = format!(
                    "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{}\n",
                    refusal.status, refusal.reason
                );
                let _ = client.write_all(text.as_bytes()).await;
                event.allowed = refusal.allowed;
                event.error = Some(refusal.reason);
            }
        }
        self.log.tell(event);
    }

    /// Resolves once and connects to just what was checked.
    async fn connect(&self, request: &Request) -> Result<TcpStream, Refusal> {
        let Request { host, port, .. } = request;
        let forbidden = |reason| Refusal { status: "403 Forbidden", allowed: false, reason };
        let failed = |reason| Refusal { status: "502 Bad Gateway", allowed: true, reason };
        if !self.grants.allow(host) {
            return Err(forbidden(format!("`{host}` is not among the hosts granted to this workspace")));
        }
        let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![(address, *port).into()],
            Err(_) => {
                let found =
                    tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), *port))).await;
                let found = found.map_err(|_| failed(format!("`{host}` could not be resolved in time")))?;
                found.map_err(|error| failed(format!("`{host}` cannot be resolved: {error}")))?.collect()
            }
        };
        let reachable: Vec<SocketAddr> = addresses
            .into_iter()
            .filter(|address| self.policy.allow_private || is_public(address.ip()))
            .collect();
        if reachable.is_empty() {
            return Err(forbidden(format!(
                "`{host}` leads to a private address, which is never reachable from inside"
            )));
        }
        let connecting = TcpStream::connect(&reachable[..]);
        let connected = tokio::time::timeout(PATIENCE, connecting).await;
        connected
            .map_err(|_| failed(format!("`{host}` did not answer in time")))?
            .map_err(|error| failed(format!("cannot connect to `{host}`: {error}")))
    }
}

/// The request and what was read beyond it; nothing when it is no request.
async fn read_head(client: &mut TcpStream) -> std::io::Result<Option<(Request, Vec<u8>)>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if client.read_buf(&mut head).await? == 0 || head.len() > HEAD_BYTES {
            return Ok(None);
        }
        match request::parse(&head) {
            Ok(request) => {
                let surplus = head.split_off(request.length);
                return Ok(Some((request, surplus)));
            }
            Err(Bad::Incomplete) => {}
            Err(Bad::Malformed) => return Ok(None),
        }
    }
}

async fn relay(
    client: &mut TcpStream,
    host: &mut TcpStream,
    request: &Request,
    surplus: &[u8],
) -> (u64, u64, Option<String>) {
    let start = async {
        match &request.forward {
            None => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
            Some(head) => host.write_all(head).await?,
        }
        host.write_all(surplus).await
    };
    if let Err(error) = start.await {
        return (0, 0, Some(error.to_string()));
    }
    let already = (request.forward.as_ref().map_or(0, Vec::len) + surplus.len()) as u64;
    match tokio::io::copy_bidirectional(client, host).await {
        Ok((sent, received)) => (already + sent, received, None),
        Err(error) => (already, 0, Some(error.to_string())),
    }
}
