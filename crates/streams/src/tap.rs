//! A connection of its own that reads one consumer's messages, for whoever reads much of the log at once.
//!
//! async-nats makes a map of every message's headers, which costs more than all that is then done with the message.
//! Here a message stays one piece of memory, and its headers are only found, not copied.

use std::time::Duration;

use async_nats::Subject;
use bytes::{Buf as _, Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Stream;
use crate::api::ReadError;
use crate::broker::{Broker, CONNECT_TIMEOUT, Login};
use crate::raw::{Block, Delivered, Headers};
use crate::reader::no_position;

/// How long a request stays open at the server, and how often it says that it has not forgotten it.
const EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(5);
/// Room for what one read from the socket brings.
const ROOM: usize = 256 * 1024;

pub(crate) struct Tap {
    socket: TcpStream,
    arrived: BytesMut,
    /// What is to be sent; a write that is interrupted goes on where it was.
    leaving: BytesMut,
    request_subject: String,
    inbox: String,
    outstanding: usize,
}

/// What the server sends, as far as it concerns a reader.
enum Frame {
    Message(Bytes, Parts),
    Status(u16, String),
    Error(String),
    Ping,
    Other,
}

/// Where in a message its parts begin and end.
struct Parts {
    subject: (usize, usize),
    reply: (usize, usize),
    headers: usize,
    body: usize,
    end: usize,
}

impl Tap {
    /// Fails with servers that ask for more than a user and a password; async-nats can do what they want.
    pub(crate) async fn open(broker: &Broker, stream: Stream, consumer: &str) -> Result<Self, ReadError> {
        let inbox = broker.client.new_inbox();
        let mut failed = unavailable("no server is named");
        for address in broker.addresses() {
            let opened = timeout(CONNECT_TIMEOUT, Self::greet(&address, broker.login(), &inbox)).await;
            match opened.unwrap_or_else(|_| Err(unavailable("a server does not answer"))) {
                Ok((socket, arrived)) => {
                    let request_subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
                    let leaving = BytesMut::new();
                    return Ok(Self { socket, arrived, leaving, request_subject, inbox, outstanding: 0 });
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn greet(address: &str, login: Option<&Login>, inbox: &str) -> Result<(TcpStream, BytesMut), ReadError> {
        let mut socket = TcpStream::connect(address).await.map_err(unavailable)?;
        socket.set_nodelay(true).map_err(unavailable)?;
        let mut arrived = BytesMut::with_capacity(ROOM);
        let info = line(&mut socket, &mut arrived).await?;
        let info: Value =
            info.strip_prefix("INFO ").and_then(|info| serde_json::from_str(info).ok()).unwrap_or_default();
        if info["tls_required"] == true || info["nonce"].is_string() && login.is_none() {
            return Err(unavailable("the server asks for more than a password"));
        }
        let mut connect = json!({ "verbose": false, "pedantic": false, "headers": true, "no_responders": true,
            "lang": "rust", "version": env!("CARGO_PKG_VERSION"), "name": "tillstream-tap", "protocol": 1 });
        if let Some(Login { user, password }) = login {
            (connect["user"], connect["pass"]) = (user.as_str().into(), password.as_str().into());
        }
        let hello = format!("CONNECT {connect}\r\nSUB {inbox}.* 1\r\nPING\r\n");
        socket.write_all(hello.as_bytes()).await.map_err(unavailable)?;
        loop {
            match line(&mut socket, &mut arrived).await? {
                pong if pong == "PONG" => return Ok((socket, arrived)),
                error if error.starts_with("-ERR") => return Err(unavailable(error)),
                _ => {}
            }
        }
    }

    /// The next message; asks for as many as there is room for. Cancel safe.
    pub(crate) async fn next(&mut self, room: usize) -> Result<Delivered, ReadError> {
        loop {
            if let Some(message) = self.arrived()? {
                return Ok(message);
            }
            self.top_up(room).await?;
            self.arrived.reserve(ROOM);
            match timeout(SILENCE, self.socket.read_buf(&mut self.arrived)).await {
                Ok(Ok(0)) => return Err(unavailable("the connection is closed")),
                Ok(read) => read.map_err(unavailable)?,
                Err(_) => return Err(unavailable("the server says nothing")),
            };
        }
    }

    /// Asks for more in time, and sends what is to be sent.
    pub(crate) async fn top_up(&mut self, room: usize) -> Result<(), ReadError> {
        if self.outstanding * 2 < room {
            let batch = room - self.outstanding;
            let (expires, heartbeat) = (EXPIRES.as_nanos(), HEARTBEAT.as_nanos());
            let request = json!({ "batch": batch, "expires": expires, "idle_heartbeat": heartbeat }).to_string();
            let publish = format!("PUB {} {}.1 {}\r\n{request}\r\n", self.request_subject, self.inbox, request.len());
            self.leaving.extend_from_slice(publish.as_bytes());
            self.outstanding = room;
        }
        while self.leaving.has_remaining() {
            self.socket.write_buf(&mut self.leaving).await.map_err(unavailable)?;
        }
        Ok(())
    }

    /// A message that has already arrived.
    pub(crate) fn arrived(&mut self) -> Result<Option<Delivered>, ReadError> {
        while let Some(frame) = take(&mut self.arrived)? {
            match frame {
                Frame::Message(bytes, parts) => {
                    self.outstanding = self.outstanding.saturating_sub(1);
                    return delivered(&bytes, &parts).map(Some);
                }
                Frame::Ping => self.leaving.extend_from_slice(b"PONG\r\n"),
                // Nothing new, or the end of a request: the next one asks for the same again.
                Frame::Status(100, _) => {}
                Frame::Status(404 | 408, _) => self.outstanding = 0,
                Frame::Status(503, _) => return Err(unavailable("no consumer answers")),
                Frame::Status(409, description) => return Err(unavailable(description)),
                Frame::Status(code, description) => return Err(ReadError::Refused { code: code.into(), description }),
                Frame::Error(text) => return Err(refused(text)),
                Frame::Other => {}
            }
        }
        Ok(None)
    }
}

/// The first whole frame of what has arrived.
fn take(arrived: &mut BytesMut) -> Result<Option<Frame>, ReadError> {
    let Some(end) = arrived.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
    if !arrived.starts_with(b"HMSG ") && !arrived.starts_with(b"MSG ") {
        return Ok(Some(short(&arrived.split_to(end + 1))));
    }
    let parts = parts(&arrived[..end], end + 1).ok_or_else(|| unavailable("a message has no head"))?;
    if arrived.len() < parts.end + 2 {
        return Ok(None);
    }
    let bytes = arrived.split_to(parts.end + 2).freeze();
    let head = &bytes[parts.headers..parts.body];
    Ok(Some(match head.strip_prefix(b"NATS/1.0 ") {
        Some(status) => {
            let text = String::from_utf8_lossy(status);
            let (code, description) = text.trim().split_once([' ', '\r']).unwrap_or((text.trim(), ""));
            Frame::Status(code.parse().unwrap_or_default(), description.trim().to_owned())
        }
        None => Frame::Message(bytes, parts),
    }))
}

fn short(line: &[u8]) -> Frame {
    match line {
        b"PING\r\n" => Frame::Ping,
        error if error.starts_with(b"-ERR") => Frame::Error(String::from_utf8_lossy(error).trim().to_owned()),
        _ => Frame::Other,
    }
}

/// `HMSG <subject> <sid> <reply> <header bytes> <bytes>`, or the same as MSG and without headers.
fn parts(line: &[u8], start: usize) -> Option<Parts> {
    let line = line.strip_suffix(b"\r")?;
    let mut words = [(0, 0); 6];
    let (mut count, mut from) = (0, 0);
    for to in line.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at).chain([line.len()]) {
        *words.get_mut(count)? = (from, to);
        (count, from) = (count + 1, to + 1);
    }
    let number = |(from, to): (usize, usize)| std::str::from_utf8(&line[from..to]).ok()?.parse::<usize>().ok();
    let headers = line.starts_with(b"HMSG ");
    let (head, all) = match (headers, count) {
        (true, 6) => (number(words[4])?, number(words[5])?),
        (false, 5) => (0, number(words[4])?),
        // Without a reply: nothing that a consumer sends but a status.
        (true, 5) => (number(words[3])?, number(words[4])?),
        _ => return None,
    };
    (head <= all).then_some(Parts {
        subject: words[1],
        reply: if headers && count == 5 { (0, 0) } else { words[3] },
        headers: start,
        body: start + head,
        end: start + all,
    })
}

fn delivered(bytes: &Bytes, parts: &Parts) -> Result<Delivered, ReadError> {
    let text = |(from, to): (usize, usize)| std::str::from_utf8(&bytes[from..to]).unwrap_or_default();
    let (from, to) = parts.subject;
    let subject = Subject::from_utf8(bytes.slice(from..to)).map_err(|_| no_position())?;
    let headers = Headers::Block(Block::new(bytes.slice(parts.headers..parts.body)));
    let body = bytes.slice(parts.body..parts.end);
    Delivered::new(subject, text(parts.reply), headers, body).ok_or_else(no_position)
}

/// The next line, without its end.
async fn line(socket: &mut TcpStream, arrived: &mut BytesMut) -> Result<String, ReadError> {
    loop {
        if let Some(end) = arrived.iter().position(|byte| *byte == b'\n') {
            return Ok(String::from_utf8_lossy(&arrived.split_to(end + 1)).trim_end().to_owned());
        }
        if socket.read_buf(arrived).await.map_err(unavailable)? == 0 {
            return Err(unavailable("the connection is closed"));
        }
    }
}

fn refused(text: String) -> ReadError {
    let denied = text.to_ascii_lowercase().contains("permissions violation");
    let subject = text.split('"').nth(1).map(str::to_owned).filter(|_| denied);
    subject.map_or_else(|| unavailable(text), |subject| ReadError::Denied { subject })
}

fn unavailable(reason: impl ToString) -> ReadError {
    ReadError::Unavailable(reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(text: &str, step: usize) -> Vec<String> {
        let (mut arrived, mut seen) = (BytesMut::new(), Vec::new());
        for chunk in text.as_bytes().chunks(step) {
            arrived.extend_from_slice(chunk);
            while let Some(frame) = take(&mut arrived).unwrap() {
                seen.push(match frame {
                    Frame::Message(bytes, parts) => {
                        let message = delivered(&bytes, &parts).unwrap();
                        let raw = message.raw;
                        let id = raw.header("ce-id").unwrap_or("none").to_owned();
                        let body = String::from_utf8_lossy(raw.body()).into_owned();
                        format!("{} {} {} {id} {body}", raw.subject(), raw.sequence(), message.pending)
                    }
                    Frame::Status(code, description) => format!("{code} {description}"),
                    Frame::Error(text) => text,
                    Frame::Ping => "ping".to_owned(),
                    Frame::Other => "other".to_owned(),
                });
            }
        }
        assert!(arrived.is_empty());
        seen
    }

    #[test]
    fn messages_are_the_same_however_they_are_cut_on_the_way() {
        let reply = "$JS.ACK.EVENTS.reader.1.42.7.1700000000000000001.9";
        let head = "NATS/1.0\r\nce-type: order.placed\r\nce-id:a:b \r\n\r\n";
        let body = "{\"a\":\r\n1}";
        let all = head.len() + body.len();
        let text = format!(
            "PING\r\nHMSG events.1.order.acme.7 1 {reply} {} {all}\r\n{head}{body}\r\n+OK\r\n\
             MSG events.1.order.acme.8 1 {reply} 2\r\n{{}}\r\n\
             HMSG _INBOX.x.1 1 31 31\r\nNATS/1.0 100 Idle Heartbeat\r\n\r\n\r\n\
             HMSG _INBOX.x.1 1 81 81\r\nNATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 1\r\nNats-Pending-Bytes: 0\r\n\r\n\r\n\
             -ERR 'Slow Consumer'\r\n",
            head.len()
        );
        let expected = [
            "ping",
            "events.1.order.acme.7 42 9 a:b {\"a\":\r\n1}",
            "other",
            "events.1.order.acme.8 42 9 none {}",
            "100 Idle Heartbeat",
            "408 Request Timeout",
            "-ERR 'Slow Consumer'",
        ];
        for step in [1, 2, 7, 64, 10_000] {
            let seen: Vec<String> = frames(&text, step);
            let seen: Vec<&str> = seen.iter().map(|one| one.split("\r\nNats-").next().unwrap()).collect();
            assert_eq!(seen, expected, "{step}");
        }
    }

    #[test]
    fn what_is_no_message_is_an_error_and_not_a_panic() {
        for text in ["MSG a\r\n", "HMSG a 1 r 9 3\r\nxxx\r\n", "MSG a 1 r x\r\n", "HMSG a b c d e f g h\r\n"] {
            assert!(take(&mut BytesMut::from(text)).is_err(), "{text:?}");
        }
    }
}
