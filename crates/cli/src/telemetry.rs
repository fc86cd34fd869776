//! Logs to standard error, metrics behind a closure.

mod metrics;
mod requests;
mod spans;

use std::io::IsTerminal;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{Config, LogFormat};
use crate::failure::{Exit, OrExit, Outcome};

pub(crate) use requests::measured;
pub(crate) use spans::Spans;

/// Upper bounds of every duration histogram, in seconds.
const BUCKETS: &[f64] = &[0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds of what is late, from a moment to Shopify's last try.
const LAGS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0];
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging for a role, and its traces where there is somebody to take them: to be kept until its end.
/// `RUST_LOG` wins over the configuration.
///
/// # Errors
/// The filter or the address in the configuration is not understood.
pub(crate) fn start_logs(config: &Config, role: &str) -> Outcome<Spans> {
    let log = &config.log;
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) => EnvFilter::new(filter),
        Err(_) => EnvFilter::try_new(&log.filter).or_exit(Exit::Usage).map_err(|e| e.context("log.filter"))?,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let spans = Spans::start(config.telemetry.otlp_endpoint.as_deref(), role)?;
    tracing_subscriber::registry().with(spans.layer()).with(lines.with_filter(filter)).init();
    Ok(spans)
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
