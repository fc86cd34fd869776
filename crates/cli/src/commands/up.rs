//! `tillstream up`: everything in one process.

use std::sync::Arc;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use streams::{Broker, Durability};
use tokio::sync::OnceCell;
use tokio::task::block_in_place;

use super::healthcheck::reachable;
use crate::cli::{Common, UpArgs};
use crate::config::{Config, KnownShop, Notifications};
use crate::data_dir::{DataDir, Running};
use crate::demo_shop;
use crate::failure::Outcome;
use crate::host::{self, Host};
use crate::nats::OwnNats;
use crate::output;
use crate::roles::{self, Ground};
use crate::telemetry;

pub(crate) async fn run(common: &Common, args: &UpArgs) -> Outcome {
    let origin = common.origin(&args.role);
    let loaded = origin.load()?;
    let spans = telemetry::start_logs(&loaded.config, "up")?;
    let mut shops = loaded.shops()?;
    let demo = if args.demo { Some(demo_shop::find_or_add(&mut shops, &loaded.config)?) } else { None };
    let mut config = loaded.config;
    if let Some(demo) = demo.as_ref().filter(|_| !config.notifications.enabled) {
        config.notifications = Notifications::of_demo(demo.shop.clone());
    }
    let mut host = Host::start(spans)?;
    let (listener, address) = host::bind(config.server.listen).await?;
    let dir = block_in_place(|| DataDir::take(&config.data.dir))?;
    block_in_place(|| roles::make_kek(&config))?;
    let nats = block_in_place(|| own_nats(&config, &dir))?;
    let nats_url = nats.as_ref().map_or_else(|| config.nats.url.clone().unwrap_or_default(), OwnNats::url);

    let (broker, metrics) = connect(&config, &nats_url).await?;
    let ground = Ground {
        config,
        origin,
        shops,
        broker,
        metrics,
        demo: args.demo,
        keys: OnceCell::new(),
        vault: OnceCell::new(),
    };
    let router = start_roles(&ground, &mut host).await?;
    host.serve(listener, router, &ground.config.server);
    let running = Running { pid: std::process::id(), url: format!("http://{}", reachable(address)), nats_url };
    dir.announce(&running)?;
    greet(&running, demo.as_ref());
    if let Some(shop) = demo {
        let play = demo_shop::play(shop, ground.config.simulator.clone(), running.url, host.shutdown());
        host.spawn("demo shop", play);
    }
    let outcome = host.run().await;
    // its clients go first
    drop(ground);
    block_in_place(|| drop(nats));
    outcome
}

fn own_nats(config: &Config, dir: &DataDir) -> Outcome<Option<OwnNats>> {
    if config.nats.url.is_some() {
        return Ok(None);
    }
    OwnNats::start(&dir.join("nats"), config.nats.sync, dir.lock_handle()?).map(Some)
}

/// With the streams that it needs.
async fn connect(config: &Config, nats_url: &str) -> Outcome<(Broker, PrometheusHandle)> {
    let metrics = telemetry::start_metrics()?;
    let durability = match &config.nats.url {
        Some(_) => Durability::Unknown,
        None => roles::own_durability(config.nats.sync),
    };
    let broker = roles::connect(nats_url, "up", durability).await?;
    let report = roles::ensure_streams(&broker, &config.nats).await?;
    tracing::debug!(?report, "streams");
    Ok((broker, metrics))
}

async fn start_roles(ground: &Ground, host: &mut Host) -> Outcome<Router> {
    ground.recorder(host).await?;
    let copies = ground.handlers(host, &[]).await?;
    let models = ground.projections(host, &[]).await?;
    let access = ground.access().await?;
    let query = ground.query(host, models.clone(), copies.clone(), Arc::clone(&access)).await?;
    let watched = [models].into_iter().chain(copies).collect();
    Ok(ground.ingress(host).await?.merge(query).merge(ground.commands(access)).merge(ground.operations(watched)))
}

/// The one line that says it works, and what to try next. Nobody may be reading: that is fine.
fn greet(running: &Running, demo: Option<&KnownShop>) {
    let url = &running.url;
    let mut text = format!("ready {url} (nats {})\n", running.nats_url);
    if let Some(shop) = demo {
        let (name, domain) = (&shop.shop, shop.shop.domain());
        let secret = shop.secrets.first().map_or("", |secret| secret.reveal());
        text += &format!(
            "\nThe demo shop {domain} is open; its webhook secret is {secret:?}. Try:\n\
             \n  curl '{url}/v1/{name}/orders?limit=3'\n  curl '{url}/v1/{name}/notifications?limit=3'\n  curl {url}/v1/status\n\
             \n  body='{{\"id\":1,\"title\":\"Mug\",\"updated_at\":\"2026-01-01T00:00:00Z\",\"variants\":[]}}'\n  \
             curl -i {url}/webhooks/shopify --data-raw \"$body\" -H 'X-Shopify-Topic: products/create' \\\n    \
             -H 'X-Shopify-Shop-Domain: {domain}' -H \"X-Shopify-Hmac-Sha256: $(printf %s \"$body\" | \
             openssl dgst -sha256 -hmac {secret} -binary | base64)\"\n  curl {url}/v1/{name}/products/1\n"
        );
    } else {
        text += &format!("\nTry:\n\n  curl {url}/v1/status\n  curl {url}/openapi.json\n");
    }
    let _ = output::text(&text);
}
