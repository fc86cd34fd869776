//! A nats-server of its own, the ingress on it, and a look into the stream behind.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use ingress::server::ServerLimits;
use ingress::{IngressSettings, IngressState, ShopKeys, Shops, router};
use sha2::Sha256;
use shopify::Secret;
use streams::{Broker, Inbox, InboxDelivery};
use testkit::{Fixture, NatsServer};

use crate::raw::{LONG, Server};

pub(crate) struct World {
    pub(crate) nats: NatsServer,
    pub(crate) server: Server,
    broker: Broker,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(IngressSettings::default()).await
    }

    pub(crate) async fn with(settings: IngressSettings) -> Self {
        Self::on(Fixture::single(&[]).await, settings).await
    }

    pub(crate) async fn on(fixture: Fixture, settings: IngressSettings) -> Self {
        let Fixture { mut servers, broker } = fixture;
        let router = router(IngressState::new(&broker, shops(), &settings));
        Self { nats: servers.remove(0), server: Server::start(router, ServerLimits::default()).await, broker }
    }

    pub(crate) async fn stored(&self, sequence: u64) -> InboxDelivery {
        Inbox::new(&self.broker).read(sequence).await.unwrap().unwrap()
    }

    /// How many deliveries the inbox has.
    pub(crate) async fn count(&self) -> u64 {
        streams::status::read(&self.broker, &[]).await.unwrap().inbox.messages
    }

    /// Sends it as Shopify would, again and again, until it is answered 200 and stored.
    pub(crate) async fn until_stored(&self, request: &[u8]) {
        let started = Instant::now();
        loop {
            let answer = self.server.ask(request).await.unwrap();
            if answer.status == 200 {
                let sequence = answer.header("x-inbox-sequence").unwrap().parse().unwrap();
                self.stored(sequence).await;
                return;
            }
            assert_eq!(answer.status, 503);
            assert!(started.elapsed() < 2 * LONG, "it does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn shops() -> Shops {
    let keys = |shop: &str, secrets: &[&str]| ShopKeys {
        shop: shop.parse().unwrap(),
        secrets: secrets.iter().map(|secret| Secret::new(secret).unwrap()).collect(),
    };
    Shops::new(vec![keys("acme", &["new", "old"]), keys("other", &["theirs"])]).unwrap()
}

pub(crate) fn sign(body: &[u8], secret: &str) -> String {
    shopify::sign(body, &Secret::new(secret).unwrap())
}

pub(crate) fn digest(body: &[u8], secret: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize().into_bytes().to_vec()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A POST as Shopify would send it to `shop`.
pub(crate) fn signed(shop: &str, topic: &str, secret: &str, body: &[u8]) -> Vec<u8> {
    let domain = format!("{shop}.myshopify.com");
    let headers = [
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", &domain),
        ("X-Shopify-Webhook-Id", "b54557e4"),
        ("X-Shopify-Hmac-Sha256", &sign(body, secret)),
    ];
    post(&headers, body)
}

pub(crate) fn post(headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
