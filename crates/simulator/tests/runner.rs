//! Deliveries go out as Shopify sends them, and again when they are not taken.

#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::time::Duration;

use shopify::{Secret, verify};
use simulator::{Delivery, DemoSettings, Report, Runner, RunnerSettings, Settings, Store, demo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

/// A request as it arrived: its head in lower case, and its body.
type Request = (String, Vec<u8>);

/// Answers the nth request with what `answer` says of n, and passes every request on.
async fn server(answer: fn(usize) -> &'static str) -> (String, UnboundedReceiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/shopify", listener.local_addr().unwrap());
    let (requests, received) = unbounded_channel();
    tokio::spawn(async move {
        for nth in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            serve(stream, answer(nth), &requests).await;
        }
    });
    (url, received)
}

async fn serve(mut stream: TcpStream, status: &str, requests: &UnboundedSender<Request>) {
    let mut bytes = Vec::new();
    let head_ends = loop {
        stream.read_buf(&mut bytes).await.unwrap();
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..head_ends].to_vec()).unwrap().to_lowercase();
    let length: usize = header(&head, "content-length").parse().unwrap();
    while bytes.len() < head_ends + length {
        stream.read_buf(&mut bytes).await.unwrap();
    }
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    // Counted before it is answered, so that who waits for the answer finds it.
    let _ = requests.send((head, bytes[head_ends..].to_vec()));
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {head}"))
}

fn secret() -> Secret {
    Secret::new("hush").unwrap()
}

fn opening() -> Vec<Delivery> {
    let settings = Settings { products: 2, customers: 3, ..Settings::new("acme".parse().unwrap(), secret(), 1) };
    Store::new(&settings).open()
}

fn runner(url: &str, attempts: u32) -> Runner {
    let backoff = Duration::from_millis(1);
    Runner::new(url, RunnerSettings { concurrency: 1, attempts, backoff, ..RunnerSettings::default() }).unwrap()
}

#[tokio::test]
async fn a_delivery_arrives_as_shopify_sends_it() {
    let (url, mut received) = server(|_| "200 OK").await;
    let sent = opening();
    let report = runner(&url, 1).run(sent.clone()).await;
    let count = sent.len() as u64;
    assert_eq!(report, Report { sent: count, accepted: count, retried: 0, given_up: 0 });
    for delivery in &sent {
        let (head, body) = received.recv().await.unwrap();
        assert_eq!(body, delivery.body);
        assert_eq!(header(&head, "x-shopify-topic"), delivery.topic);
        assert_eq!(header(&head, "x-shopify-shop-domain"), "acme.myshopify.com");
        assert_eq!(header(&head, "x-shopify-api-version"), "2026-07");
        assert_eq!(header(&head, "x-shopify-webhook-id"), delivery.webhook_id);
        assert_eq!(header(&head, "x-shopify-event-id"), delivery.event_id);
        assert_eq!(header(&head, "x-shopify-triggered-at").len(), "2026-01-05t15:00:00.000000000z".len());
        assert!(verify(&body, &delivery.signature(), &[secret()]));
    }
}

#[tokio::test]
async fn a_refused_delivery_comes_again_as_it_was() {
    let (url, mut received) = server(|nth| if nth < 2 { "503 Service Unavailable" } else { "200 OK" }).await;
    let report = runner(&url, 9).run(opening().into_iter().take(1)).await;
    assert_eq!(report, Report { sent: 3, accepted: 1, retried: 2, given_up: 0 });
    let first = received.recv().await.unwrap();
    assert_eq!(received.recv().await.unwrap(), first);
    assert_eq!(received.recv().await.unwrap(), first);
}

#[tokio::test]
async fn every_request_is_told_with_its_answer() {
    let answer = |nth| if nth == 0 { "503 Service Unavailable" } else { "200 OK\r\nx-inbox-sequence: 7" };
    let (url, _received) = server(answer).await;
    let (answers, mut told) = unbounded_channel();
    let sent = opening().remove(0);
    runner(&url, 9).telling(answers).run([sent.clone()]).await;
    let mut next = async || told.recv().await.map(|answer| (answer.accepted, answer.sequence, answer.delivery.body));
    assert_eq!(next().await, Some((false, None, sent.body.clone())));
    assert_eq!(next().await, Some((true, Some(7), sent.body)));
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn only_200_is_acceptance_and_attempts_end() {
    let (url, _received) = server(|_| "302 Found").await;
    let report = runner(&url, 3).run(opening().into_iter().take(2)).await;
    assert_eq!(report, Report { sent: 6, accepted: 0, retried: 4, given_up: 2 });
    let nobody = runner("http://127.0.0.1:1/", 2).run(opening().into_iter().take(1)).await;
    assert_eq!(nobody, Report { sent: 2, accepted: 0, retried: 1, given_up: 1 });
}

#[tokio::test]
async fn the_demo_does_business_until_it_is_shut_down() {
    let (url, mut received) = server(|_| "200 OK").await;
    let settings = DemoSettings { shop: "demo".parse().unwrap(), secret: secret(), rate: 1_000.0 };
    let shutdown = CancellationToken::new();
    let demo = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { demo(&url, settings, shutdown).await }
    });
    let mut topics = Vec::new();
    while !topics.contains(&"orders/create".to_owned()) {
        let (head, _) = received.recv().await.unwrap();
        topics.push(header(&head, "x-shopify-topic").to_owned());
    }
    shutdown.cancel();
    let report = demo.await.unwrap().unwrap();
    assert!(report.accepted > 0 && report.given_up == 0, "{report:?}");
    assert!(topics.contains(&"products/create".to_owned()));
}
