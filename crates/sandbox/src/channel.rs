//! Many streams over the one pipe that a container's process 1 and squad share.
//!
//! squad opens a stream for each command; process 1 opens one for each connection that a command makes to the egress
//! proxy. So no socket of the host has to go into a container, and a runtime that could not connect to one will do.

use std::future::poll_fn;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt as _};
use yamux::{Config, Connection, ConnectionError, Mode};

/// One stream of a channel.
pub(crate) type Stream = Compat<yamux::Stream>;

/// Streams that may be open at a time: one command, and the connections that the egress proxy takes.
const STREAMS: usize = 256;

/// What may be on its way on all streams together, in bytes.
const WINDOW: usize = 64 * 1024 * 1024;

/// Opens streams, as long as the other end lives.
#[derive(Debug, Clone)]
pub(crate) struct Opener(mpsc::Sender<oneshot::Sender<yamux::Stream>>);

impl Opener {
    /// A new stream; nothing when the channel has ended.
    pub(crate) async fn open(&self) -> Option<Stream> {
        let (reply, opened) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        Some(opened.await.ok()?.compat())
    }
}

/// The streams that the other end opens.
pub(crate) type Incoming = mpsc::Receiver<yamux::Stream>;

/// Makes a channel of a connection. The future drives it and ends with it; without it nothing moves.
pub(crate) fn channel<T>(connection: T, mode: Mode) -> (Opener, Incoming, impl Future<Output = ()>)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut config = Config::default();
    config.set_max_num_streams(STREAMS).set_max_connection_receive_window(Some(WINDOW));
    let (ask, wanted) = mpsc::channel(1);
    let (give, incoming) = mpsc::channel(STREAMS);
    let mut driver =
        Driver { connection: Connection::new(connection, config, mode), wanted, next: None, give };
    (Opener(ask), incoming, async move {
        let ended = poll_fn(|context| driver.poll(context)).await;
        tracing::debug!(?ended, "the channel of a container ended");
    })
}

struct Driver<T> {
    connection: Connection<T>,
    wanted: mpsc::Receiver<oneshot::Sender<yamux::Stream>>,
    next: Option<oneshot::Sender<yamux::Stream>>,
    give: mpsc::Sender<yamux::Stream>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        loop {
            if self.next.is_none()
                && let Poll::Ready(wanted) = self.wanted.poll_recv(context)
            {
                match wanted {
                    Some(reply) => self.next = Some(reply),
                    // Nobody can use this end any more.
                    None => return Poll::Ready(Ok(())),
                }
            }
            if self.next.is_some()
                && let Poll::Ready(opened) = self.connection.poll_new_outbound(context)
            {
                let reply = self.next.take().expect("it was there a line before");
                let _ = reply.send(opened?);
                continue;
            }
            match self.connection.poll_next_inbound(context) {
                Poll::Ready(Some(stream)) => {
                    // One too many is closed by dropping it.
                    let _ = self.give.try_send(stream?);
                }
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
