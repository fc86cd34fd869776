//! Every metric of the house: what dashboards, alerts and runbooks may speak of.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Name, labels and meaning; a test compares the names with those in the code. Counters end in `_total`,
/// histograms in `_seconds`, but for the gauge of a moment.
const METRICS: &[(&str, &str)] = &[
    ("tillstream_build_info", "always 1; the label version"),
    // webhooks in
    ("tillstream_webhooks_total", "webhooks by outcome and topic"),
    ("tillstream_webhook_seconds", "from a webhook's first byte to its answer"),
    ("tillstream_webhook_lag_seconds", "from what Shopify says it was triggered at until it was stored"),
    ("tillstream_webhook_duplicates_total", "webhooks that changed nothing, by reason"),
    ("tillstream_http_connections", "open connections"),
    // webhooks to events
    ("tillstream_recorder_deliveries_total", "deliveries by outcome, reason and topic"),
    ("tillstream_recorder_lag_seconds", "from the inbox to the log"),
    ("tillstream_recorder_pending", "deliveries that wait for the recorder"),
    ("tillstream_recorder_ack_pending", "deliveries that the recorder has and has not settled"),
    ("tillstream_recorder_journal_failures_total", "times that the recorder's journal stood still"),
    ("tillstream_recorder_api_versions_total", "deliveries by the API version that they say"),
    ("tillstream_quarantine_messages", "authentic deliveries that could not be read, by reason"),
    // personal data
    ("tillstream_privacy_redacted_total", "requests to forget a customer or a shop that were carried out"),
    ("tillstream_privacy_bodies_forgotten_total", "bodies in the inbox and in quarantine that can no longer be read"),
    ("tillstream_privacy_fenced_total", "commands that told of somebody who is forgotten, recorded without it"),
    (
        "tillstream_privacy_requests_open",
        "who is to be forgotten (request=redaction) or told what is held of them (request=report), and is not yet",
    ),
    (
        "tillstream_privacy_deadline_timestamp_seconds",
        "by when the first of those is due, by request, in Unix time; infinite when there is nobody",
    ),
    ("tillstream_privacy_unreadable_total", "sealed texts that did not open with their own key"),
    // the log and its streams
    ("tillstream_events_head", "position of the last event"),
    ("tillstream_stream_bytes", "bytes in a stream"),
    ("tillstream_stream_max_bytes", "bytes at which a stream refuses; -1 is never"),
    ("tillstream_append_conflicts_total", "decisions made in vain because others appended first, by aggregate"),
    ("tillstream_log_holes_total", "stretches of the log that are gone"),
    // subscribers
    ("tillstream_deliveries_total", "messages by subscriber and how they ended"),
    ("tillstream_redeliveries_total", "messages that the server delivered again, by subscriber"),
    ("tillstream_subscriber_pending", "messages that wait for a subscriber"),
    ("tillstream_subscriber_unacked", "messages that a subscriber has and has not settled"),
    ("tillstream_subscriber_parked", "messages that wait for their next try, or behind one that does"),
    ("tillstream_subscriber_paused", "1 while nothing that a subscriber does would work"),
    ("tillstream_dead_letters", "messages that a subscriber gave up, and nobody has settled"),
    // the outside
    ("tillstream_port_calls_total", "calls to the outside by port and outcome"),
    ("tillstream_port_open", "1 while a port's breaker lets no call through"),
    // read models
    ("tillstream_projection_position", "position of the last event that a projection has folded"),
    ("tillstream_projection_heartbeat_timestamp_seconds", "when a projection last said that it lives, in Unix time"),
    ("tillstream_projection_lag_seconds", "from the log to the row, of the oldest event of each batch"),
    (
        "tillstream_row_lag_seconds",
        "from when Shopify says that it happened to the row, of the oldest news of each batch",
    ),
    ("tillstream_projection_failures_total", "times that projections stood still"),
    ("tillstream_database_wait_seconds", "until a connection to the database was free, by access: read or write"),
    // reads and commands over HTTP
    ("tillstream_http_requests_total", "requests by route and status"),
    ("tillstream_http_seconds", "from a request to its answer, by route"),
    // the broker
    ("tillstream_broker_connected", "1 while there is a connection"),
    ("tillstream_broker_denied_total", "permissions that the broker has denied"),
    ("tillstream_broker_slow_consumer_total", "messages dropped because their reader was too slow"),
];

/// Alarms that count: there from the start, for a counter that is born as 1 has never risen.
const ALARMS: &[&str] = &[
    "tillstream_broker_denied_total",
    "tillstream_broker_slow_consumer_total",
    "tillstream_log_holes_total",
    "tillstream_projection_failures_total",
    "tillstream_recorder_journal_failures_total",
    "tillstream_privacy_unreadable_total",
];

/// Tells the exporter what each means.
pub(super) fn describe() {
    for &(name, meaning) in METRICS {
        match name {
            _ if name.ends_with("_total") => describe_counter!(name, meaning),
            "tillstream_projection_heartbeat_timestamp_seconds" => describe_gauge!(name, meaning),
            _ if name.ends_with("_seconds") => describe_histogram!(name, meaning),
            _ => describe_gauge!(name, meaning),
        }
    }
    for &name in ALARMS {
        metrics::counter!(name).increment(0);
    }
    metrics::gauge!("tillstream_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
