use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Stands between clients and their server: hands bytes on, loses what it is told to lose, or is a cut line.
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    loss: Arc<Mutex<Loss>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    server: u16,
    cut: bool,
    /// Connections that were made before a cut do not outlive it.
    cuts: u64,
}

#[derive(Debug, Default)]
struct Loss {
    what: &'static str,
    left: usize,
}

impl Proxy {
    /// In front of the server that listens on this port of the loopback.
    pub async fn in_front_of(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap_or_else(|error| panic!("no port for a proxy: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no port for a proxy: {error}"));
        let (line, loss) = (watch::Sender::new(Line { server, cut: false, cuts: 0 }), Arc::default());
        let (lines, lossy) = (line.clone(), Arc::clone(&loss));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, lines.subscribe(), Arc::clone(&lossy)));
            }
        });
        Self { address, line, loss, task }
    }

    /// What clients connect to instead of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on new connections are with the server on this port; the others stay where they are.
    pub fn lead_to(&self, server: u16) {
        self.line.send_modify(|line| line.server = server);
    }

    /// Nothing passes any more, and nobody is told: not even that there is no connection.
    pub fn cut(&self) {
        self.line.send_modify(|line| *line = Line { cut: true, cuts: line.cuts + 1, ..*line });
    }

    /// New connections are made again; those of before are broken, with all that was under way in them.
    pub fn mend(&self) {
        self.line.send_modify(|line| line.cut = false);
    }

    /// So many messages that contain `what` do not arrive from now on, whoever sends them.
    pub fn lose(&self, what: &'static str, count: usize) {
        *lock(&self.loss) = Loss { what, left: count };
    }

    /// How many are still to be lost.
    pub fn left(&self) -> usize {
        lock(&self.loss).left
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends when one side does, for then the other has nothing to say.
async fn carry(client: TcpStream, lines: watch::Receiver<Line>, loss: Arc<Mutex<Loss>>) {
    let Line { server, cuts, .. } = *lines.borrow();
    open(&lines).await;
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut mended = lines.clone();
    tokio::select! {
        // Before all else: what was held back by a cut is lost with its connection.
        biased;
        _ = mended.wait_for(|line| line.cuts != cuts && !line.cut) => {}
        () = copy(from_client, to_server, &lines, &loss) => {}
        () = copy(from_server, to_client, &lines, &loss) => {}
    }
}

/// One read holds one message while one at a time is under way.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, lines: &watch::Receiver<Line>, loss: &Mutex<Loss>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        open(lines).await;
        let lost = lock(loss).hits(&buffer[..count]);
        if !lost && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn open(lines: &watch::Receiver<Line>) {
    // The proxy is gone: so is the line.
    let _ = lines.clone().wait_for(|line| !line.cut).await;
}

impl Loss {
    fn hits(&mut self, bytes: &[u8]) -> bool {
        let hit = self.left > 0 && bytes.windows(self.what.len()).any(|window| window == self.what.as_bytes());
        self.left -= usize::from(hit);
        hit
    }
}

fn lock(loss: &Mutex<Loss>) -> MutexGuard<'_, Loss> {
    loss.lock().unwrap_or_else(PoisonError::into_inner)
}
