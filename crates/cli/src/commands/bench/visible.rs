//! How soon a webhook can be read: at a steady pace, by a reader that asks until the row is there.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::json;
use shopify::{Secret, sign};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::measure::Figures;
use super::stage::{Receiver, Stage};
use crate::config::Sync;
use crate::failure::{Exit, Failure, Outcome};

const DOMAIN: &str = "bench.myshopify.com";
const SECRET: &str = "bench-secret";
/// One of so many is waited for; to ask for all would be a load of its own.
const SAMPLED: u64 = 10;
const AGAIN: Duration = Duration::from_millis(1);
/// Who buys in turn: the account of one who bought everything would be the load.
const CUSTOMERS: u64 = 1_000;
/// Who has waited long asks less often, or those who ask would be the load: figures are right to this part of them.
const PRECISION: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Whom a webhook meets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cast {
    /// All roles and services in one process.
    Everybody,
    /// A process for each role between a webhook and its row, and nobody else.
    OnTheWay,
}

/// The processes under way, and where they are asked.
struct Scene {
    webhooks: String,
    reads: String,
    processes: Vec<Receiver>,
    _stage: Option<Stage>,
}

pub(super) async fn measure(dir: &Path, cast: Cast, sync: Sync, per_second: u64, time: Duration) -> Outcome<Figures> {
    let data = dir.join("visible");
    // one of an earlier run
    let _ = std::fs::remove_dir_all(&data);
    std::fs::create_dir_all(&data)?;
    let (scene, client) = (Scene::set(dir, &data, cast, sync).await?, Client::new());
    for process in &scene.processes {
        ready(&client, &base(process)).await?;
    }
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(per_second).unwrap_or(u32::MAX));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (started, mut ways) = (Instant::now(), JoinSet::new());
    let mut number = 0;
    while started.elapsed() < time {
        ticks.tick().await;
        number += 1;
        ways.spawn(way(client.clone(), scene.webhooks.clone(), scene.reads.clone(), number));
    }
    let (mut latencies, mut refused) = (Vec::new(), 0);
    while let Some(way) = ways.join_next().await {
        match way?? {
            Way::Seen(after) => latencies.push(after),
            Way::Refused => refused += 1,
            Way::NotWaitedFor => {}
        }
    }
    let seconds = started.elapsed();
    scene.clear().await?;
    std::fs::remove_dir_all(&data)?;
    let mut figures = Figures::new(latencies, seconds, refused, [None, None]);
    figures.per_second = number as f64 / seconds.as_secs_f64();
    Ok(figures)
}

impl Scene {
    async fn set(dir: &Path, data: &Path, cast: Cast, sync: Sync) -> Outcome<Self> {
        let data_dir = data.display().to_string();
        let mut environment = vec![
            ("TILLSTREAM_SHOPS_0_DOMAIN", DOMAIN),
            ("TILLSTREAM_SHOPS_0_SECRETS", SECRET),
            ("TILLSTREAM_ACCESS_OPEN", "true"),
            ("TILLSTREAM_DATA_DIR", data_dir.as_str()),
            ("TILLSTREAM_LOG_FILTER", "error"),
        ];
        match cast {
            Cast::Everybody => {
                environment.push(("TILLSTREAM_NATS_SYNC", sync.as_str()));
                let up = Receiver::start(dir, &["up"], &environment).await?;
                Ok(Self { webhooks: base(&up), reads: base(&up), processes: vec![up], _stage: None })
            }
            Cast::OnTheWay => {
                let stage = Stage::set(dir, sync).await?;
                let url = stage.nats.url();
                environment.push(("TILLSTREAM_NATS_URL", url.as_str()));
                let start = async |role| Receiver::start(dir, &[role], &environment).await;
                let (projections, recorder) = (start("projections").await?, start("recorder").await?);
                let (query, ingress) = (start("query").await?, start("ingress").await?);
                let (webhooks, reads) = (base(&ingress), base(&query));
                Ok(Self {
                    webhooks,
                    reads,
                    processes: vec![projections, recorder, query, ingress],
                    _stage: Some(stage),
                })
            }
        }
    }

    async fn clear(self) -> Outcome {
        for process in self.processes {
            process.stop().await?;
        }
        Ok(())
    }
}

fn base(process: &Receiver) -> String {
    format!("http://{}", process.address)
}

/// What became of a webhook.
enum Way {
    /// From its first byte to the first answer that shows its row.
    Seen(Duration),
    NotWaitedFor,
    Refused,
}

async fn way(client: Client, webhooks: String, reads: String, number: u64) -> Outcome<Way> {
    let body = order(number).to_string();
    let signature = sign(body.as_bytes(), &Secret::new(SECRET)?);
    let request = client
        .post(format!("{webhooks}/webhooks/shopify"))
        .header("X-Shopify-Topic", "orders/create")
        .header("X-Shopify-Shop-Domain", DOMAIN)
        .header("X-Shopify-Webhook-Id", number.to_string())
        .header("X-Shopify-Hmac-Sha256", signature)
        .body(body);
    let started = Instant::now();
    let answer = request.send().await?;
    if answer.status() != StatusCode::OK {
        return Ok(Way::Refused);
    }
    if !number.is_multiple_of(SAMPLED) {
        return Ok(Way::NotWaitedFor);
    }
    let row = format!("{reads}/v1/bench/orders/{number}");
    while started.elapsed() < PATIENCE {
        if client.get(&row).send().await?.status() == StatusCode::OK {
            return Ok(Way::Seen(started.elapsed()));
        }
        tokio::time::sleep(AGAIN.max(started.elapsed() / PRECISION)).await;
    }
    Err(Failure::new(Exit::Failed, "a webhook did not become a row"))
}

async fn ready(client: &Client, base: &str) -> Outcome {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let answer = client.get(format!("{base}/readyz")).send().await;
        if answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(Failure::new(Exit::Failed, "it does not become ready"))
}

fn order(number: u64) -> serde_json::Value {
    json!({
        "id": number, "name": format!("#{number}"), "currency": "EUR", "test": false,
        "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
        "processed_at": "2026-03-01T12:00:00Z", "financial_status": "paid", "fulfillment_status": null, "tags": "",
        "customer": {"id": 1_000 + number % CUSTOMERS}, "total_price": "24.00", "current_total_price": "24.00", "subtotal_price": "20.00",
        "total_tax": "4.00", "total_discounts": "0.00",
        "line_items": [{
            "id": number * 10, "product_id": 50, "variant_id": 51, "sku": "MUG", "title": "Mug", "quantity": 2,
            "current_quantity": 2, "price": "10.00", "gift_card": false, "variant_inventory_management": null,
        }],
        "refunds": [], "fulfillments": [], "shipping_lines": [], "note": "x".repeat(2_000),
    })
}
