//! The load: keep-alive connections over raw sockets, each with one request under way, so that the generator takes
//! little of the machine it shares with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::failure::{Exit, Failure, Outcome};

/// What came of one load.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) latencies: Vec<Duration>,
    /// Answered, but not with 200.
    pub(super) refused: u64,
}

/// What is asked, one request after the other, each known by its number.
pub(super) trait Requests: Send + Sync + 'static {
    /// Writes the whole request in place of what the buffer holds.
    fn write(&self, number: u64, request: &mut Vec<u8>);
}

/// Asks as fast as the answers come.
pub(super) async fn run(
    address: SocketAddr,
    requests: Arc<impl Requests>,
    connections: usize,
    time: Duration,
) -> Outcome<Load> {
    let next = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + time;
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        workers.spawn(ask(address, requests.clone(), next.clone(), until));
    }
    let mut sum = Load::default();
    while let Some(part) = workers.join_next().await {
        let part = part??;
        sum.latencies.extend(part.latencies);
        sum.refused += part.refused;
    }
    Ok(sum)
}

async fn ask(address: SocketAddr, requests: Arc<impl Requests>, next: Arc<AtomicU64>, until: Instant) -> Outcome<Load> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut load, mut request, mut answer) = (Load::default(), Vec::new(), Vec::new());
    while Instant::now() < until {
        requests.write(next.fetch_add(1, Ordering::Relaxed), &mut request);
        let sent = Instant::now();
        stream.write_all(&request).await?;
        match read_status(&mut stream, &mut answer).await? {
            200 => load.latencies.push(sent.elapsed()),
            _ => load.refused += 1,
        }
    }
    Ok(load)
}

/// Reads one whole answer.
async fn read_status(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Outcome<u16> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(Failure::new(Exit::Failed, "the receiver closed a connection"));
        }
        if let Some((status, length)) = parse(answer)
            && answer.len() >= length
        {
            return Ok(status);
        }
    }
}

/// The status and the length of the whole answer, once its head is there.
fn parse(answer: &[u8]) -> Option<(u16, usize)> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok();
    Some((status, head + text.lines().find_map(length).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\nx: 1\r\n"), None);
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), Some((200, 38)));
        assert_eq!(parse(b"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nab"), Some((503, 43)));
    }
}
