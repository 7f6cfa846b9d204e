//! Listening: connections with limits, and an end that loses nobody's answer.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a client may take to send the head of a request.
const HEAD: Duration = Duration::from_secs(15);
/// The head of a request is at most so large, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// Headers of one request.
const HEADERS: usize = 100;
/// A client that takes nothing of what is sent to it for so long is gone; it comes back to where it was.
const UNREAD: Duration = Duration::from_secs(60);
/// How long requests that are under way at the end may take.
const GOODBYE: Duration = Duration::from_secs(20);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`: {source}; choose another address with `--listen`")]
pub struct ServeError {
    address: String,
    source: std::io::Error,
}

/// Opens the port.
///
/// # Errors
/// Where the address is taken, or not this machine's.
pub async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError { address: address.to_owned(), source })
}

/// Serves until `stop`, then finishes what is under way.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .keep_alive(true);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024).keep_alive_interval(HEAD);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, most of the time: those that are open have to end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        tune(&stream);
        let router = router.clone();
        let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request.map(axum::body::Body::new))
        });
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GOODBYE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way and were cut off");
    }
}

/// Small answers leave at once, and whoever has stopped reading is noticed.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let tuned = stream.set_nodelay(true).and_then(|()| socket.set_tcp_user_timeout(Some(UNREAD)));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection could not be tuned");
    }
}
