//! The demo shop: a simulated merchant whose webhooks go to our own ingress.

use jiff::tz::TimeZone;
use simulator::{DemoSettings, demo};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, KnownShop, Secret, Simulator};
use crate::failure::{Exit, Failure, OrExit, Outcome};

const DOMAIN: &str = "demo.myshopify.com";
/// Known to everybody, so it is good for an address that only this machine reaches.
const SECRET: &str = "demo-secret";

/// The demo shop as it is configured; added, with a secret that is no secret, when it is not.
///
/// # Errors
/// It would be added to a server that others can reach.
pub(crate) fn find_or_add(shops: &mut Vec<KnownShop>, config: &Config) -> Outcome<KnownShop> {
    let shop = events::Shop::from_domain(DOMAIN).or_exit(Exit::Failed)?;
    if let Some(known) = shops.iter().find(|known| known.shop == shop) {
        return Ok(known.clone());
    }
    if !config.server.listen.ip().is_loopback() {
        let message = format!(
            "the demo shop's secret is known to everybody, and {} can be reached from outside",
            config.server.listen
        );
        return Err(Failure::new(Exit::Precondition, message)
            .hint(format!("listen on 127.0.0.1, or configure the shop {DOMAIN} with a secret of your own")));
    }
    let secrets = Secret::new(SECRET).into_iter().collect();
    let stock_authority = events::StockAuthority::default();
    let known = KnownShop { shop, secrets, currency: None, stock_authority, loyalty: true, time_zone: TimeZone::UTC };
    shops.push(known.clone());
    Ok(known)
}

/// Does business until shutdown; `base` is where the ingress answers.
pub(crate) async fn play(shop: KnownShop, settings: Simulator, base: String, shutdown: CancellationToken) -> Outcome {
    let newest = shop.secrets.first().map_or("", |secret| secret.reveal());
    let secret = shopify::Secret::new(newest).or_exit(Exit::Usage)?;
    let settings = DemoSettings { shop: shop.shop, secret, rate: f64::from(settings.deliveries_per_second) };
    let report = demo(&format!("{base}/webhooks/shopify"), settings, shutdown).await?;
    tracing::info!(sent = report.sent, accepted = report.accepted, "demo shop closed");
    Ok(())
}
