//! Logs to standard error, metrics behind a closure.

mod metrics;
mod requests;

use std::io::IsTerminal;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};
use crate::failure::{Exit, OrExit, Outcome};

pub(crate) use requests::measured;

/// Upper bounds of every duration histogram, in seconds.
const BUCKETS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of what is late, from a moment to Shopify's last try.
const LAGS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0];
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging for a role. `RUST_LOG` wins over the configuration.
///
/// # Errors
/// The filter of the configuration is not understood.
pub(crate) fn start_logs(log: &Log) -> Outcome {
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) => EnvFilter::new(filter),
        Err(_) => EnvFilter::try_new(&log.filter).or_exit(Exit::Usage).map_err(|e| e.context("log.filter"))?,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

/// Installs the metrics recorder. Call it before anything makes a metric.
///
/// # Errors
/// There is one already.
pub(crate) fn start_metrics() -> Outcome<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("lag_seconds".into()), LAGS)?
        .set_buckets_for_metric(Matcher::Suffix("seconds".into()), BUCKETS)?
        .install_recorder()?;
    metrics::describe();
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}
