use std::time::Duration;

use events::{Shop, Timestamp};
use shopify::Secret;
use tokio_util::sync::CancellationToken;

use crate::{Delivery, Report, Runner, RunnerError, RunnerSettings, Settings, Store};

#[derive(Debug, Clone)]
pub struct DemoSettings {
    pub shop: Shop,
    pub secret: Secret,
    /// Deliveries per second, roughly.
    pub rate: f64,
}

/// A store remembers all its orders. After so many the demo opens the next one, as if it were run again.
const ORDERS_PER_STORE: usize = 5_000;

/// A store that opens now and does business at the time that it is, until it is shut down.
///
/// Seed and ids come from the moment it opens: another run over the same data is a further batch of
/// goods, customers and orders of the same shop, and collides with nothing.
pub async fn demo(url: &str, settings: DemoSettings, shutdown: CancellationToken) -> Result<Report, RunnerError> {
    let runner = Runner::new(url, RunnerSettings { concurrency: 4, ..RunnerSettings::default() })?;
    let mut report = Report::default();
    let mut store = open(&settings);
    let mut next = store.open();
    loop {
        let pause = pause(&next, settings.rate);
        let send = async {
            let sent = runner.run(std::mem::take(&mut next)).await;
            tokio::time::sleep(pause).await;
            sent
        };
        tokio::select! {
            () = shutdown.cancelled() => return Ok(report),
            sent = send => report += sent,
        }
        if store.orders_placed() >= ORDERS_PER_STORE {
            store = open(&settings);
            next = store.open();
        } else {
            next = store.step_at(Timestamp::now());
        }
    }
}

fn open(settings: &DemoSettings) -> Store {
    let start = Timestamp::now();
    let seed = start.as_second().unsigned_abs();
    let DemoSettings { shop, secret, .. } = settings.clone();
    Store::new(&Settings { start, ..Settings::new(shop, secret, seed) })
}

/// Until the next action, so that deliveries keep the rate; the opening is not waited for.
fn pause(deliveries: &[Delivery], rate: f64) -> Duration {
    let rate = if rate.is_finite() { rate.clamp(0.01, 1_000.0) } else { 1.0 };
    let due = u32::try_from(deliveries.len()).unwrap_or(u32::MAX).clamp(1, 20);
    Duration::from_secs_f64(f64::from(due) / rate)
}
