//! An HTTP interface that takes messages, and behaves as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use events::Channel;
use handlers::notifications::{HttpSettings, Rule};
use serde_json::Value;

use crate::world::{impatient, only};

/// A status, and when to come back.
type Answer = (u16, Option<&'static str>);
pub(crate) type Call = (HeaderMap, Value);

#[derive(Clone, Default)]
pub(crate) struct Hook {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    calls: Arc<Mutex<Vec<Call>>>,
    port: u16,
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hook = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let router = Router::new().route("/send", post(take)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        hook
    }

    /// Answers the next call so; 202 when nothing is said.
    pub(crate) fn answer(&self, code: u16, retry_after: Option<&'static str>) {
        self.answers.lock().unwrap().push_back((code, retry_after));
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self, channel: Channel, rules: &[Rule]) -> HttpSettings {
        HttpSettings {
            name: "hook".to_owned(),
            channel,
            url: format!("http://127.0.0.1:{}/send", self.port),
            token: Some("a token".to_owned()),
            rules: only(rules),
            port_settings: impatient(),
        }
    }
}

async fn take(State(hook): State<Hook>, headers: HeaderMap, body: String) -> (StatusCode, HeaderMap) {
    hook.calls.lock().unwrap().push((headers, serde_json::from_str(&body).unwrap()));
    let (code, retry_after) = hook.answers.lock().unwrap().pop_front().unwrap_or((202, None));
    let headers = retry_after.map(|after| ("retry-after".parse().unwrap(), after.parse().unwrap()));
    (StatusCode::from_u16(code).unwrap(), headers.into_iter().collect())
}
