//! A client of bare sockets: it can say what no HTTP library would.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use ingress::server::{ServerLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes that is going to happen.
pub(crate) const LONG: Duration = Duration::from_secs(15);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(router: Router, limits: ServerLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), unread: Vec::new() }
    }

    /// What one connection answers to these bytes, after which nothing more is sent.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> Option<Answer> {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }
}

pub(crate) struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn problem_code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status, "{problem}");
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl Client {
    /// The server may have answered and closed before all is sent.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The next answer's head alone, as a method without a body needs it.
    pub(crate) async fn head(&mut self) -> Option<String> {
        let end = loop {
            if let Some(end) = self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        Some(String::from_utf8(self.unread.drain(..end).collect()).unwrap())
    }

    /// The next answer; none when the connection ends without one.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let head = self.head().await?;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.unread.len() < length {
            self.read().await?;
        }
        answer.body = self.unread.drain(..length).collect();
        Some(answer)
    }

    /// Reads until these bytes have come.
    pub(crate) async fn until(&mut self, bytes: &[u8]) {
        while !self.unread.windows(bytes.len()).any(|window| window == bytes) {
            self.read().await.expect("the connection ended");
        }
    }

    /// Waits for the end of the connection, however it comes about.
    pub(crate) async fn closed(&mut self) {
        while self.read().await.is_some() {}
    }

    async fn read(&mut self) -> Option<()> {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(LONG, self.stream.read(&mut bytes)).await.expect("the server is silent");
        let length = read.ok().filter(|length| *length > 0)?;
        self.unread.extend_from_slice(&bytes[..length]);
        Some(())
    }
}
