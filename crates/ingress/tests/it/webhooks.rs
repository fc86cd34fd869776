//! Webhooks by bare sockets against a real nats-server: what is answered, and what is stored.

use std::time::{Duration, Instant};

use crate::world::{self, World, post, signed};
use ingress::IngressSettings;
use streams::topology::{TopologySettings, ensure};
use testkit::{Fixture, NatsServer};

type Headers<'a> = [(&'a str, &'a str)];

const BODY: &str = r#"{"id":820982911946154508,"note":"caf\u00e9 \u0000 é"}"#;

#[tokio::test]
async fn a_signed_webhook_is_stored_byte_for_byte_and_answered_with_its_sequence() {
    let world = World::start().await;
    let odd: Vec<u8> = (0..=255).collect();
    let bodies: [&[u8]; 5] = [BODY.as_bytes(), b"", b"{", b"[7,\"x\"]", &odd];
    for (n, body) in bodies.into_iter().enumerate() {
        let answer = world.server.ask(signed("acme", "orders/create", "new", body)).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
        let sequence: u64 = answer.header("x-inbox-sequence").unwrap().parse().unwrap();
        assert_eq!(sequence, n as u64 + 1);
        let stored = world.stored(sequence).await;
        assert_eq!(stored.body, body);
        assert_eq!(stored.subject, "inbox.acme.orders.create");
        let headers = shopify::parse_block(&stored.headers).unwrap();
        assert_eq!(headers["x-shopify-topic"], "orders/create");
        assert_eq!(headers["x-shopify-shop-domain"], "acme.myshopify.com");
        assert_eq!(headers["content-length"], body.len().to_string());
    }
}

#[tokio::test]
async fn a_compressed_body_is_stored_as_it_came() {
    let world = World::start().await;
    let body = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let signature = world::sign(&body, "new");
    let request = post(&[("X-Shopify-Hmac-Sha256", &signature), ("Content-Encoding", "gzip")], &body);
    assert_eq!(world.server.ask(request).await.unwrap().status, 200);
    assert_eq!(world.stored(1).await.body, &body[..]);
}

#[tokio::test]
async fn both_families_of_headers_in_any_case_are_one() {
    let world = World::start().await;
    for (n, family) in ["X-Shopify-", "x-shopify-", "shopify-", "SHOPIFY-"].into_iter().enumerate() {
        let body = format!("{{\"id\":{n}}}");
        let request = String::from_utf8(signed("acme", "orders/create", "new", body.as_bytes())).unwrap();
        let answer = world.server.ask(request.replace("X-Shopify-", family)).await.unwrap();
        assert_eq!(answer.status, 200, "{family}");
    }
    assert_eq!(world.count().await, 4);
}

#[tokio::test]
async fn a_wrong_signature_is_401_and_leaves_nothing() {
    let world = World::start().await;
    let right = world::sign(BODY.as_bytes(), "new");
    let digest = world::digest(BODY.as_bytes(), "new");
    let body = BODY.as_bytes();
    let shop = ("X-Shopify-Shop-Domain", "acme.myshopify.com");
    let with = |signature: &str| post(&[shop, ("X-Shopify-Hmac-Sha256", signature)], body);
    let mut flipped = body.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let reserialized = serde_json::from_slice::<serde_json::Value>(body).unwrap().to_string();
    let cases = [
        ("B01 none", post(&[], body)),
        ("B02 empty", with("")),
        ("B03 no base64", with("!!!!")),
        ("B04 hex", with(&hex::encode(&digest))),
        ("B05 another digest", with(&world::base64(&[7; 32]))),
        ("B06 truncated", with(&world::base64(&digest[..31]))),
        ("B06 unpadded", with(right.trim_end_matches('='))),
        ("B07 trailing bytes", with(&world::base64(&[&digest[..], b"x"].concat()))),
        ("B07 trailing text", with(&format!("{right}x"))),
        ("B08 two", post(&[("X-Shopify-Hmac-Sha256", &right), ("X-Shopify-Hmac-Sha256", &right)], body)),
        ("B08 two families", post(&[("X-Shopify-Hmac-Sha256", &right), ("Shopify-Hmac-Sha256", &right)], body)),
        ("B09 the URL's alphabet", with(&format!("{}-_", &right[..42]))),
        ("B10 of the body written anew", with(&world::sign(reserialized.as_bytes(), "new"))),
        ("B11 the last byte flipped", post(&[("X-Shopify-Hmac-Sha256", &right)], &flipped)),
        ("B12 a revoked secret", with(&world::sign(body, "revoked"))),
        ("B13 the empty key", with(&world::base64(&world::digest(body, "")))),
        ("another shop's secret", with(&world::sign(body, "theirs"))),
        ("B42 expecting 100", post(&[("Expect", "100-continue"), ("X-Shopify-Hmac-Sha256", "bm8=")], body)),
    ];
    for (case, request) in cases {
        let mut client = world.server.connect().await;
        client.send(request).await;
        let mut answer = client.answer().await.unwrap();
        if answer.status == 100 {
            answer = client.answer().await.unwrap();
        }
        assert_eq!((answer.status, answer.problem_code().as_str()), (401, "signature"), "{case}");
    }
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn every_active_secret_is_accepted() {
    let world = World::start().await;
    for (n, secret) in ["new", "old"].into_iter().enumerate() {
        let body = format!("{n}");
        let answer = world.server.ask(signed("acme", "orders/create", secret, body.as_bytes())).await.unwrap();
        assert_eq!(answer.status, 200, "{secret}");
    }
}

#[tokio::test]
async fn what_is_authentic_is_kept_whatever_its_headers_say() {
    let world = World::start().await;
    let signature = world::sign(BODY.as_bytes(), "new");
    let long = "x".repeat(10_000);
    let cases: [(&str, &Headers<'_>, &str); 10] = [
        ("no topic", &[("X-Shopify-Shop-Domain", "acme.myshopify.com")], "inbox.acme.=.="),
        ("no shop", &[("X-Shopify-Topic", "orders/create")], "inbox.=.orders.create"),
        ("nothing", &[], "inbox.=.=.="),
        (
            "an unknown shop",
            &[("X-Shopify-Shop-Domain", "nobody.myshopify.com"), ("X-Shopify-Topic", "a/b")],
            "inbox.=.a.b",
        ),
        ("evil.com", &[("X-Shopify-Shop-Domain", "acme.myshopify.com.evil.com")], "inbox.=.=.="),
        ("upper case, root dot", &[("X-Shopify-Shop-Domain", "ACME.myshopify.com.")], "inbox.acme.=.="),
        ("a wildcard", &[("X-Shopify-Topic", "orders.*")], "inbox.=.orders.=2A"),
        ("all", &[("X-Shopify-Topic", ">")], "inbox.=.=3E.="),
        ("a path", &[("X-Shopify-Topic", "../../x")], "inbox.=.=.=2E=2F=2E=2E=2Fx"),
        (
            "forged",
            &[("X-Inbox-Sequence", "99"), ("X-Forwarded-For", "10.0.0.1"), ("X-Shopify-Webhook-Id", &long)],
            "inbox.=.=.=",
        ),
    ];
    for (n, (case, headers, subject)) in cases.into_iter().enumerate() {
        let id = n.to_string();
        let mut headers = headers.to_vec();
        headers.push(("X-Shopify-Hmac-Sha256", &signature));
        headers.push(("X-Case", &id));
        if !headers.iter().any(|(name, _)| *name == "X-Shopify-Webhook-Id") {
            headers.push(("X-Shopify-Webhook-Id", &id));
        }
        let answer = world.server.ask(post(&headers, BODY.as_bytes())).await.unwrap();
        assert_eq!(answer.status, 200, "{case}");
        let sequence: u64 = answer.header("x-inbox-sequence").unwrap().parse().unwrap();
        assert_eq!(sequence, n as u64 + 1, "{case}");
        assert_eq!(world.stored(sequence).await.subject, subject, "{case}");
    }
    let topic = "é/".to_owned() + &"x".repeat(10_000);
    let headers = [("X-Shopify-Hmac-Sha256", signature.as_str()), ("X-Shopify-Topic", &topic[2..])];
    let answer = world.server.ask(post(&headers, BODY.as_bytes())).await.unwrap();
    assert_eq!(answer.status, 200);
    let sequence: u64 = answer.header("x-inbox-sequence").unwrap().parse().unwrap();
    assert!(world.stored(sequence).await.subject.len() < 500);
}

#[tokio::test]
async fn a_repeated_delivery_is_answered_like_the_first_and_stored_once() {
    let world = World::start().await;
    let request = signed("acme", "orders/create", "new", BODY.as_bytes());
    for _ in 0..3 {
        let answer = world.server.ask(&request).await.unwrap();
        assert_eq!((answer.status, answer.header("x-inbox-sequence")), (200, Some("1")));
    }
    let reused = signed("acme", "orders/create", "new", b"another body with the same webhook id");
    assert_eq!(world.server.ask(reused).await.unwrap().header("x-inbox-sequence"), Some("2"));
    assert_eq!(world.count().await, 2);
}

#[tokio::test]
async fn only_posts_are_webhooks() {
    let world = World::start().await;
    for method in ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "post"] {
        let request = format!("{method} /webhooks/shopify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let mut client = world.server.connect().await;
        client.send(request).await;
        let head = client.head().await.unwrap();
        assert!(head.starts_with("HTTP/1.1 405 "), "{method}: {head}");
        assert!(head.to_lowercase().contains("allow: post"), "{method}: {head}");
    }
    let other =
        String::from_utf8(signed("acme", "a/b", "new", b"{}")).unwrap().replace("/webhooks/shopify", "/webhooks/other");
    assert_eq!(world.server.ask(other).await.unwrap().status, 404);
    assert_eq!(world.count().await, 0);
}

#[tokio::test]
async fn a_body_is_bounded_before_and_while_it_is_read() {
    let settings =
        IngressSettings { max_body: 1000, body_timeout: Duration::from_millis(400), ..IngressSettings::default() };
    let world = World::with(settings).await;
    let largest = signed("acme", "a/b", "new", &[b'x'; 1000]);
    assert_eq!(world.server.ask(largest).await.unwrap().status, 200);

    let head = |framing: &str| {
        let signature = world::sign(b"{}", "new");
        format!("POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nX-Shopify-Hmac-Sha256: {signature}\r\n{framing}\r\n\r\n")
    };
    let refused = |request: Vec<u8>| async {
        let started = Instant::now();
        let mut client = world.server.connect().await;
        client.send(request).await;
        let answer = client.answer().await.unwrap();
        client.closed().await;
        (answer.status, answer.problem_code(), started.elapsed())
    };
    let (status, code, took) = refused(head("Content-Length: 107374182400").into()).await;
    assert_eq!((status, code.as_str()), (413, "body_too_large"), "B38");
    assert!(took < Duration::from_millis(3000), "at once: {took:?}");
    let (status, ..) = refused(signed("acme", "a/b", "new", &[b'x'; 1001])).await;
    assert_eq!(status, 413, "B39");
    let (status, ..) = refused(signed("acme", "a/b", "new", &[b'x'; 2_000_000])).await;
    assert_eq!(status, 413, "the answer is seen, however much is sent");
    let chunks =
        format!("{}{}", head("Transfer-Encoding: chunked"), format!("100\r\n{}\r\n", "x".repeat(256)).repeat(5));
    let (status, ..) = refused(chunks.into()).await;
    assert_eq!(status, 413, "B40");
    let (status, code, took) = refused((head("Content-Length: 10") + "{}").into()).await;
    assert_eq!((status, code.as_str()), (408, "body_too_slow"), "B37, B41");
    assert!(took > Duration::from_millis(400));

    let mut client = world.server.connect().await;
    client.send(head("Content-Length: 10") + "{}").await;
    client.finish().await;
    assert_ne!(client.answer().await.map(|answer| answer.status), Some(200), "B41 half-closed");
    assert_eq!(world.count().await, 1);
}

#[tokio::test]
async fn without_a_broker_there_is_no_200_and_it_comes_back_by_itself() {
    let mut world = World::start().await;
    let ask = |n: u32| signed("acme", "orders/create", "new", n.to_string().as_bytes());
    assert_eq!(world.server.ask(ask(0)).await.unwrap().status, 200);

    // A broker that hangs: nothing tells but the deadline. The signal takes a moment to reach it.
    world.nats.pause();
    let mut hung = None;
    for n in 100..200 {
        let started = Instant::now();
        let answer = world.server.ask(ask(n)).await.unwrap();
        if answer.status != 200 {
            hung = Some((answer, started.elapsed()));
            break;
        }
    }
    let (answer, took) = hung.expect("the broker hangs");
    assert_eq!((answer.status, answer.problem_code().as_str()), (503, "not_stored"));
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert!(took < Duration::from_secs(4), "{took:?}");
    world.nats.resume();
    world.until_stored(&ask(2)).await;

    // A broker that is gone: known soon, and then answered at once.
    world.nats.kill();
    for n in 3..20 {
        let answer = world.server.ask(ask(n)).await.unwrap();
        assert_eq!(answer.status, 503);
    }
    let started = Instant::now();
    assert_eq!(world.server.ask(ask(20)).await.unwrap().status, 503);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    world.nats.restart().await;
    world.until_stored(&ask(21)).await;
    assert_eq!(world.server.ask(ask(0)).await.unwrap().header("x-inbox-sequence"), Some("1"), "kept over the restart");
}

#[tokio::test]
async fn a_full_inbox_is_503_at_once_and_room_is_enough_to_go_on() {
    let server = NatsServer::start().await;
    let broker = server.connect().await;
    let room = |max_bytes| TopologySettings { max_bytes, ..testkit::topology_settings() };
    ensure(&broker, &room(2 << 20), &[]).await.unwrap();
    let world = World::on(Fixture { broker: broker.clone(), servers: vec![server] }, IngressSettings::default()).await;
    let ask = |n: u32| signed("acme", "orders/create", "new", format!("{n}{}", "x".repeat(100_000)).as_bytes());
    let mut stored = 0;
    let full = loop {
        let started = Instant::now();
        let answer = world.server.ask(ask(stored)).await.unwrap();
        if answer.status != 200 {
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
            break answer;
        }
        stored += 1;
        assert!(stored < 100, "it is never full");
    };
    assert_eq!((full.status, full.problem_code().as_str()), (503, "not_stored"));
    assert_eq!(full.header("retry-after"), Some("2"));
    assert_eq!(world.server.ask(ask(1000)).await.unwrap().status, 503);
    assert_eq!(world.count().await, u64::from(stored), "what was there is there, and nothing else");
    ensure(&broker, &room(8 << 20), &[]).await.unwrap();
    assert_eq!(world.server.ask(ask(stored)).await.unwrap().status, 200);
}
