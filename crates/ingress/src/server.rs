//! The HTTP/1.1 server of every role: bounded in connections, in time and in bytes.
//!
//! `axum::serve` has no timeout for headers and no cap; a socket that never finishes its request
//! would be held for ever.

mod connection;
mod edge;
mod head;
mod slots;
mod wire;

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use connection::Connection;
use slots::Slots;

/// After a failed accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Open at once. A connection beyond it takes the place of the oldest that is not answering a request.
    pub connections: usize,
    /// From the first byte of a request to the end of its headers.
    pub header_timeout: Duration,
    /// Without a request.
    pub idle_timeout: Duration,
    /// After the server is told to stop, while anybody is connected: who asks is answered, and told to come on another
    /// connection. So no request meets a connection that is just being closed.
    pub farewell: Duration,
    /// For requests under way after that.
    pub drain_timeout: Duration,
    /// Header lines of a request.
    pub max_headers: usize,
    /// Bytes of a connection's read buffer, and so of a request's head.
    pub max_buffer: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(75),
            farewell: Duration::from_secs(2),
            drain_timeout: Duration::from_secs(15),
            max_headers: 100,
            max_buffer: 64 * 1024,
        }
    }
}

/// Serves until `shutdown`, says farewell, and finishes the requests under way, for at most the drain timeout.
pub async fn serve(listener: TcpListener, router: Router, limits: ServerLimits, shutdown: CancellationToken) {
    let end = CancellationToken::new();
    let slots = Slots::new(limits.connections, &end);
    let mut connections = JoinSet::new();
    let mut until: Option<Instant> = None;
    while until.is_none() || !connections.is_empty() {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled(), if until.is_none() => {
                until = Some(Instant::now() + limits.farewell);
                continue;
            }
            () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, slot)) => {
                let leaving = shutdown.clone();
                let connection = Connection { slot, router: router.clone(), leaving, end: end.clone() };
                connections.spawn(connection.run(stream, limits.clone()));
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                slots.evict();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    end.cancel();
    let drained =
        tokio::time::timeout(limits.drain_timeout, async { while connections.join_next().await.is_some() {} });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "requests cut off: they did not end in time");
    }
    connections.shutdown().await;
}

/// Waits for a free slot first: what cannot be served is better left in the listener's queue.
async fn accept(listener: &TcpListener, slots: &Slots) -> io::Result<(TcpStream, slots::Slot)> {
    let slot = slots.take().await;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, slot))
}

/// The connection was gone before it was accepted; the next one may be well.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected)
}
