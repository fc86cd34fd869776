//! The reads that a house answers over HTTP.

use std::time::{Duration, Instant};

use serde_json::Value;

#[derive(Debug, Clone)]
pub(crate) struct Api {
    url: String,
    client: reqwest::Client,
}

impl Api {
    pub(crate) fn new(url: String) -> Self {
        Self { url, client: reqwest::Client::new() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// What it says there, whatever it is.
    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        response.text().await.unwrap()
    }

    /// Whether it answers this path with 200.
    pub(crate) async fn answers(&self, path: &str) -> bool {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await;
        answer.is_ok_and(|response| response.status().is_success())
    }

    /// Every row of a list, page by page.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = self.get(&format!("{path}?limit=250{cursor}")).await;
            assert_eq!(status, 200, "{path}: {page}");
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    /// Waits until nothing is pending anywhere.
    pub(crate) async fn settle(&self, patience: Duration) {
        let started = Instant::now();
        let mut last = Value::Null;
        while started.elapsed() < patience {
            let (_, status) = self.get("/v1/status").await;
            if status["settled"] == true && last == status["events"]["head"] {
                return;
            }
            last = status["events"]["head"].clone();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("not settled after {patience:?}: {:#}", self.get("/v1/status").await.1);
    }
}
