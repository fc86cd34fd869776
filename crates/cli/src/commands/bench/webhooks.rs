//! Distinct signed webhooks, ready to be written to a socket.

use axum::body::Bytes;
use shopify::{Secret, sign};

use super::load::Requests;

/// Shopify's own length, so that it can be written over in place.
const ID_LENGTH: usize = 36;

/// Requests to be sent again and again, each time with another webhook id: a receiver never sees a repetition.
pub(super) struct Webhooks {
    requests: Vec<Request>,
}

struct Request {
    before_id: Vec<u8>,
    after_id: Vec<u8>,
    body: Bytes,
}

impl Webhooks {
    pub(super) fn new(domain: &str, secret: &Secret, bodies: Vec<Bytes>) -> Self {
        Self { requests: bodies.into_iter().map(|body| Request::new(domain, &sign(&body, secret), body)).collect() }
    }

    /// The `number`th body alone.
    pub(super) fn body(&self, number: u64) -> Bytes {
        self.chosen(number).body.clone()
    }

    fn chosen(&self, number: u64) -> &Request {
        &self.requests[number as usize % self.requests.len()]
    }
}

impl Requests for Webhooks {
    fn write(&self, number: u64, request: &mut Vec<u8>) {
        let chosen = self.chosen(number);
        request.clear();
        request.extend_from_slice(&chosen.before_id);
        request.extend_from_slice(id(number).as_bytes());
        request.extend_from_slice(&chosen.after_id);
        request.extend_from_slice(&chosen.body);
    }
}

/// A webhook id that no other number has.
pub(super) fn id(number: u64) -> String {
    format!("{number:0>ID_LENGTH$}")
}

impl Request {
    fn new(domain: &str, signature: &str, body: Bytes) -> Self {
        let before_id = "POST /webhooks/shopify HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Shopify-Captain-Hook\r\n\
                         Content-Type: application/json\r\nX-Shopify-Topic: orders/create\r\nX-Shopify-Webhook-Id: ";
        let after_id = format!(
            "\r\nX-Shopify-Shop-Domain: {domain}\r\nX-Shopify-Api-Version: 2026-07\r\nX-Shopify-Hmac-Sha256: {signature}\r\n\
             X-Shopify-Triggered-At: 2026-01-01T00:00:00.000000000Z\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self { before_id: before_id.into(), after_id: after_id.into(), body }
    }
}
