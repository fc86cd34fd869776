//! Between a client and its server: hands bytes on, and loses what it is told to lose.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The start of every answer to an append to `EVENTS`.
pub(crate) const ANSWER: &str = r#"{"stream":"EVENTS""#;
/// In every event that is delivered.
pub(crate) const EVENT: &str = "ce-type:";

#[derive(Clone)]
pub(crate) struct Loss {
    what: &'static str,
    left: Arc<AtomicUsize>,
}

impl Loss {
    fn of(what: &'static str) -> Self {
        Self { what, left: Arc::default() }
    }

    /// So many do not arrive from now on.
    pub(crate) fn lose(&self, count: usize) {
        self.left.store(count, Ordering::SeqCst);
    }

    /// How many are still to be lost.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    fn hits(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.what.len()).any(|window| window == self.what.as_bytes())
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// The address to connect to instead of the server's, and how to make it lose `what` the server sends.
pub(crate) async fn in_front_of(server: u16, what: &'static str) -> (SocketAddr, Loss) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let loss = Loss::of(what);
    let lossy = loss.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::spawn(copy(from_client, to_server, Loss::of(what)));
            tokio::spawn(copy(from_server, to_client, lossy.clone()));
        }
    });
    (address, loss)
}

/// One read holds one message while one at a time is under way.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, loss: Loss) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if !loss.hits(&buffer[..count]) && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
