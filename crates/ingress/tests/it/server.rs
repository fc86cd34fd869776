//! The server by bare sockets: what hyper lets pass, what it never ends, and what must not be lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::raw::{LONG, Server};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::routing::{get, post};
use ingress::server::ServerLimits;
use tokio::sync::Notify;

fn router() -> Router {
    Router::new()
        .route("/echo/{text}", get(async |Path(text): Path<String>| text))
        .route("/length", post(async |body: Bytes| body.len().to_string()))
}

async fn server() -> Server {
    Server::start(router(), ServerLimits::default()).await
}

const GET: &str = "GET /echo/a HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn requests_that_two_readers_could_read_differently_are_refused() {
    let server = server().await;
    let post = |headers: &str, body: &str| format!("POST /length HTTP/1.1\r\n{headers}\r\n{body}");
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let cases = [
        ("well", post("Host: a\r\nContent-Length: 2\r\n", "{}"), 200),
        ("well, chunked", post("Host: a\r\nTransfer-Encoding: chunked\r\n", chunked), 200),
        ("B16 a method in lower case", post("Host: a\r\n", "").replace("POST", "post"), 405),
        ("B17 TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03".repeat(20), 400),
        ("B18 HTTP/2.0 in text", "GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("B19 HTTP/1.0", "GET /echo/a HTTP/1.0\r\nHost: a\r\n\r\n".to_owned(), 505),
        ("B20 no Host", "GET /echo/a HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("B21 two Hosts", "GET /echo/a HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".to_owned(), 400),
        ("B22 length and coding", post("Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", chunked), 400),
        ("B22 coding and length", post("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n", chunked), 400),
        ("B23 two lengths", post("Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400),
        ("B24 twice the same length", post("Host: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400),
        ("B25 +2", post("Host: a\r\nContent-Length: +2\r\n", "{}"), 400),
        ("B25 -1", post("Host: a\r\nContent-Length: -1\r\n", "{}"), 400),
        ("B25 2^64", post("Host: a\r\nContent-Length: 18446744073709551616\r\n", "{}"), 400),
        ("B26 a blank before the colon", post("Host: a\r\nTransfer-Encoding : chunked\r\n", chunked), 400),
        ("B27 chunked, gzip", post("Host: a\r\nTransfer-Encoding: chunked, gzip\r\n", chunked), 400),
        ("B27 xchunked", post("Host: a\r\nTransfer-Encoding: xchunked\r\n", chunked), 400),
        ("B28 gzip, chunked", post("Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", chunked), 400),
        ("B29 no chunk size", post("Host: a\r\nTransfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), 400),
        ("B29 too great a chunk", post("Host: a\r\nTransfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400),
        ("B30 bare LF", GET.replace("\r\n", "\n"), 400),
        ("B30 one bare LF", GET.replacen("\r\n", "\n", 1), 400),
        ("B31 a folded header", "GET /echo/a HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n".to_owned(), 400),
        ("B31 a bare CR", "GET /echo/a HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n".to_owned(), 400),
        ("B31 NUL", "GET /echo/a HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n".to_owned(), 400),
        ("B32 101 headers", format!("GET /echo/a HTTP/1.1\r\nHost: a\r\n{many}\r\n"), 431),
        ("B33 500 kB header", format!("GET /echo/a HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(500_000)), 431),
        ("B34 300 kB header", format!("GET /echo/a HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(300_000)), 431),
        ("B35 70 kB path", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(70_000)), 414),
        ("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 404),
    ];
    for (case, request, status) in cases {
        let answer = server.ask(request).await;
        assert_eq!(answer.map(|answer| answer.status), Some(status), "{case}");
    }
}

#[tokio::test]
async fn a_refused_request_ends_its_connection_and_nothing_behind_it_is_answered() {
    let server = server().await;
    let mut client = server.connect().await;
    client.send(format!("GET /echo/a HTTP/1.1\r\n\r\n{GET}")).await;
    assert_eq!(client.answer().await.unwrap().problem_code(), "host");
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = server().await;
    let mut client = server.connect().await;
    let requests: String = (0..100).map(|n| format!("GET /echo/{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
    client.send(requests).await;
    for n in 0..100 {
        assert_eq!(client.answer().await.unwrap().body, n.to_string().as_bytes());
    }
}

#[tokio::test]
async fn a_request_that_never_ends_its_headers_is_cut_off() {
    let limits = ServerLimits { header_timeout: Duration::from_millis(300), ..ServerLimits::default() };
    let server = Server::start(router(), limits).await;
    let mut slow = server.connect().await;
    let started = Instant::now();
    // A byte now and then does not buy more time.
    for byte in "GET /echo/a HTTP/1.1\r\nHost: a\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".as_bytes() {
        if slow.try_send([*byte]).await.is_err() || started.elapsed() > LONG {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    slow.closed().await;
    assert!((300..3000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(server.ask(GET).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_idle_connection_ends_but_one_in_use_does_not() {
    let limits = ServerLimits { idle_timeout: Duration::from_millis(400), ..ServerLimits::default() };
    let server = Server::start(router(), limits).await;
    let (mut idle, mut used) = (server.connect().await, server.connect().await);
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1000) {
        used.send(GET).await;
        assert_eq!(used.answer().await.unwrap().status, 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let last = Instant::now();
    used.closed().await;
    assert!(last.elapsed() > Duration::from_millis(300), "{:?}", last.elapsed());
    idle.closed().await;
}

#[tokio::test]
async fn idle_connections_do_not_keep_others_out() {
    let limits = ServerLimits { connections: 16, ..ServerLimits::default() };
    let server = Server::start(router(), limits).await;
    let mut idle = Vec::new();
    for n in 0..200 {
        let mut client = server.connect().await;
        client.send(if n % 2 == 0 { "" } else { "GET /echo/a HT" }).await;
        idle.push(client);
    }
    for _ in 0..20 {
        let started = Instant::now();
        assert_eq!(server.ask(GET).await.unwrap().status, 200);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    idle[0].closed().await;
}

#[tokio::test]
async fn requests_under_way_are_never_evicted() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (said, awaited) = (arrived.clone(), go.clone());
    let slow = async move || {
        said.notify_one();
        awaited.notified().await;
        "done"
    };
    let limits = ServerLimits { connections: 2, ..ServerLimits::default() };
    let server = Server::start(router().route("/slow", get(slow)), limits).await;
    let mut slow = server.connect().await;
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    arrived.notified().await;
    for _ in 0..10 {
        assert_eq!(server.ask(GET).await.unwrap().status, 200);
    }
    go.notify_one();
    assert_eq!(slow.answer().await.unwrap().body, b"done");
}

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_server_stops() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (said, awaited) = (arrived.clone(), go.clone());
    let slow = async move || {
        said.notify_one();
        awaited.notified().await;
        "done"
    };
    let server = Server::start(router().route("/slow", get(slow)), ServerLimits::default()).await;
    let (mut slow, mut idle) = (server.connect().await, server.connect().await);
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    arrived.notified().await;
    server.shutdown.cancel();
    idle.closed().await;
    assert!(!server.task.is_finished());
    go.notify_one();
    assert_eq!(slow.answer().await.unwrap().body, b"done");
    tokio::time::timeout(LONG, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_answers_who_is_connected_and_sends_them_elsewhere() {
    let server = Server::start(router(), ServerLimits { farewell: LONG, ..ServerLimits::default() }).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, None));
    server.shutdown.cancel();
    client.send(GET).await;
    let answer = client.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    client.closed().await;
    // Nobody is connected any more: it waits for nobody.
    tokio::time::timeout(LONG / 2, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_when_the_drain_is_over() {
    let arrived = Arc::new(Notify::new());
    let said = arrived.clone();
    let stuck = async move || {
        said.notify_one();
        std::future::pending::<()>().await;
    };
    let limits = ServerLimits { drain_timeout: Duration::from_millis(200), ..ServerLimits::default() };
    let server = Server::start(Router::new().route("/stuck", get(stuck)), limits).await;
    let mut client = server.connect().await;
    client.send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n").await;
    arrived.notified().await;
    server.shutdown.cancel();
    tokio::time::timeout(LONG, server.task).await.unwrap().unwrap();
    assert!(client.answer().await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_still_being_told_is_no_idle_connection() {
    let (speak, heard) = tokio::sync::mpsc::channel::<Bytes>(1);
    let heard = Arc::new(tokio::sync::Mutex::new(Some(heard)));
    let stream = async move || {
        let heard = heard.lock().await.take().unwrap();
        let words = futures::stream::unfold(heard, async |mut heard| {
            let word = heard.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(word), heard))
        });
        axum::body::Body::from_stream(words)
    };
    let limits = ServerLimits { idle_timeout: Duration::from_millis(200), connections: 1, ..ServerLimits::default() };
    let server = Server::start(router().route("/stream", get(stream)), limits).await;
    let mut listener = server.connect().await;
    listener.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n").await;
    listener.head().await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    speak.send(Bytes::from_static(b"still here")).await.unwrap();
    listener.until(b"still here").await;
    // Nor is it put out for another, which waits for its end.
    let mut other = server.connect().await;
    other.send(GET).await;
    speak.send(Bytes::from_static(b"and here")).await.unwrap();
    listener.until(b"and here").await;
    drop(speak);
    assert_eq!(other.answer().await.unwrap().status, 200);
    server.shutdown.cancel();
    tokio::time::timeout(LONG, server.task).await.unwrap().unwrap();
}
