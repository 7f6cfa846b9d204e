//! Serves the connections that come out of one session.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

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

/// A connection that came out of a sandbox.
pub(crate) trait Client: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Client for T {}

/// Bytes that a request has moved so far.
#[derive(Default)]
struct Counted {
    sent: AtomicU64,
    received: AtomicU64,
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

    /// Serves what comes from one run until it ends. Whoever waits for the tracker then has been told of every request.
    pub(crate) fn serve(
        &self,
        listener: std::net::TcpListener,
        connections: &TaskTracker,
        run: CancellationToken,
    ) {
        let (proxy, tracker) = (self.0.clone(), connections.clone());
        connections.spawn(async move {
            let connections = tracker;
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
                connections.spawn(async move {
                    proxy.connection(client, &run).await;
                    drop(place);
                });
            }
        });
    }
}

impl Proxy {
    /// Serves one connection of a run that ends with `run`.
    pub(crate) fn serve_one(
        &self,
        client: impl Client + 'static,
        connections: &TaskTracker,
        run: &CancellationToken,
    ) {
        // What does not fit is closed at once.
        if connections.len() < CONNECTIONS {
            let (proxy, run) = (self.0.clone(), run.clone());
            connections.spawn(async move { proxy.connection(client, &run).await });
        }
    }
}

impl Inner {
    async fn connection(&self, mut client: impl Client, run: &CancellationToken) {
        let reading = tokio::time::timeout(PATIENCE, read_head(&mut client));
        let head = tokio::select! {
            () = run.cancelled() => return,
            head = reading => head,
        };
        let Ok(Ok(Some((request, surplus)))) = head else {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
            return;
        };
        let counted = Counted::default();
        let mut end = (true, None);
        // A command that ends in the middle of a request does not keep it from being told.
        tokio::select! {
            () = run.cancelled() => end.1 = Some("the command ended before the request did".into()),
            ended = self.answer(&mut client, &request, &surplus, &counted) => end = ended,
        }
        let (allowed, error) = end;
        self.log.tell(EgressEvent {
            host: request.host.clone(),
            port: request.port,
            allowed,
            sent_bytes: counted.sent.load(Ordering::Relaxed),
            received_bytes: counted.received.load(Ordering::Relaxed),
            error,
        });
    }

    /// Whether the request was let through, and why it failed.
    async fn answer(
        &self,
        client: &mut impl Client,
        request: &Request,
        surplus: &[u8],
        counted: &Counted,
    ) -> (bool, Option<String>) {
        match self.connect(request).await {
            Ok(mut host) => {
                let relayed = relay(client, &mut host, request, surplus, counted).await;
                (true, relayed.err().map(|error| error.to_string()))
            }
            Err(refusal) => {
                let text = format!(
                    "HTTP/1.1 {}\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n{}\n",
                    refusal.status, refusal.reason
                );
                let _ = client.write_all(text.as_bytes()).await;
                // What is only dropped may look to the other side as if it broke off.
                let _ = client.shutdown().await;
                (refusal.allowed, Some(refusal.reason))
            }
        }
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
async fn read_head(client: &mut impl Client) -> io::Result<Option<(Request, Vec<u8>)>> {
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
    client: &mut impl Client,
    host: &mut TcpStream,
    request: &Request,
    surplus: &[u8],
    counted: &Counted,
) -> io::Result<()> {
    match &request.forward {
        None => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
        Some(head) => {
            host.write_all(head).await?;
            counted.sent.fetch_add(head.len() as u64, Ordering::Relaxed);
        }
    }
    host.write_all(surplus).await?;
    counted.sent.fetch_add(surplus.len() as u64, Ordering::Relaxed);
    let (from_client, to_client) = tokio::io::split(client);
    let (from_host, to_host) = host.split();
    tokio::try_join!(
        copy(from_client, to_host, &counted.sent),
        copy(from_host, to_client, &counted.received)
    )?;
    Ok(())
}

/// Copies until the end, and hands the end on.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..length]).await?;
        to.flush().await?;
        count.fetch_add(length as u64, Ordering::Relaxed);
    }
}
