use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use events::{Channel, Timestamp};
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use super::{CallError, Message};
use crate::notifications::Rule;
use crate::port::PortSettings;

/// An HTTP interface that takes messages of one channel.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    pub name: String,
    pub channel: Channel,
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<String>,
    /// Those that send over this channel; for e-mail the service's own list counts.
    pub rules: BTreeSet<Rule>,
    pub port_settings: PortSettings,
}

pub(super) struct Http {
    url: Uri,
    token: Option<header::HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// However long the other side asks for, the message is looked at again after a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Http {
    pub(super) fn new(settings: &HttpSettings) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let url: Uri = settings.url.parse()?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err("not an http or https URL".into());
        }
        let token = settings.token.as_ref().map(|token| format!("Bearer {token}").try_into()).transpose()?;
        let ring = rustls::crypto::ring::default_provider();
        let connector =
            HttpsConnectorBuilder::new().with_provider_and_native_roots(ring)?.https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { url, token, client })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), CallError> {
        let request = self.request(message).map_err(|_| CallError::refused("it cannot be written as a request"))?;
        match self.client.request(request).await {
            Ok(response) => answer(response.status(), response.headers()),
            Err(error) if error.is_connect() => Err(CallError::down("no connection")),
            Err(_) => Err(CallError::failed("the connection was cut")),
        }
    }

    fn request(&self, message: &Message) -> Result<Request<Full<Bytes>>, http::Error> {
        let content = &message.content;
        let body = json!({
            "id": message.id.as_str(),
            "rule": message.rule,
            "channel": message.channel,
            "to": message.to,
            "locale": message.locale,
            "subject": content.subject,
            "text": if message.channel == Channel::Email { &content.text } else { &content.short },
            "html": content.html.as_ref().filter(|_| message.channel == Channel::Email),
        });
        let mut request = Request::post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("tillstream/", env!("CARGO_PKG_VERSION")))
            .header("Idempotency-Key", message.id.as_str());
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, token);
        }
        request.body(Full::new(Bytes::from(body.to_string())))
    }
}

/// A wrong token or address is the provider's trouble; what it says of the message itself is final.
fn answer(status: StatusCode, headers: &HeaderMap) -> Result<(), CallError> {
    let after = retry_after(headers, Timestamp::now());
    match status.as_u16() {
        200..=299 => Ok(()),
        code @ (408 | 409 | 425 | 429) => Err(CallError::busy(code, after)),
        code @ 503 if after.is_some() => Err(CallError::busy(code, after)),
        code @ (401 | 403 | 404 | 405 | 407 | 410) => Err(CallError::failed(code)),
        code @ 400..=499 => Err(CallError::refused(code)),
        code => Err(CallError::failed(code)),
    }
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().ok().map(Duration::from_secs);
    let date = || jiff::fmt::rfc2822::parse(text).ok().map(|date| date.timestamp());
    let wait = seconds.or_else(|| date().map(|date| date.duration_since(now).try_into().unwrap_or_default()));
    wait.map(|wait: Duration| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::RETRY_AFTER, header::HeaderValue::from_static(retry_after))])
    }

    #[test]
    fn a_provider_may_say_when_to_come_back() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (said, seconds) in [
            ("90", Some(90)),
            ("Sun, 01 Mar 2026 12:02:00 GMT", Some(120)),
            ("Sun, 01 Mar 2026 11:00:00 GMT", Some(0)),
            ("999999999", Some(24 * 3600)),
            ("soon", None),
        ] {
            assert_eq!(retry_after(&headers(said), now), seconds.map(Duration::from_secs), "{said}");
        }
    }

    #[test]
    fn only_what_is_said_of_the_message_is_final() {
        let refusal = |code| answer(StatusCode::from_u16(code).unwrap(), &HeaderMap::new()).err();
        for code in [301, 401, 403, 404, 500, 503] {
            assert!(matches!(refusal(code), Some(CallError::Failed(_))), "{code}");
        }
        for code in [408, 409, 429] {
            assert!(matches!(refusal(code), Some(CallError::Busy { .. })), "{code}");
        }
        for code in [400, 413, 422] {
            assert!(matches!(refusal(code), Some(CallError::Refused(_))), "{code}");
        }
        assert_eq!(refusal(202), None);
    }
}
