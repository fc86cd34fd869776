//! One trace from a webhook to its rows and mails, as a collector gets it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use testkit::MailServer;

use crate::notify::place;
use crate::process::{PATIENCE, Up};

/// What each hop is told by.
const HOPS: &[&str] = &[
    "webhook",
    "handle recorder",
    "record",
    "handle allocate_stock",
    "handle award_points",
    "handle request_notifications",
    "handle send_notifications",
    "call smtp",
    "project orders",
    "project notifications",
];

type Spans = Arc<Mutex<Vec<Span>>>;

async fn take(State(spans): State<Spans>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
    spans.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
}

async fn collector() -> (String, Spans) {
    let spans = Spans::default();
    let router = Router::new().route("/v1/traces", axum::routing::post(take)).with_state(spans.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, spans)
}

fn told(span: &Span) -> String {
    let text = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
        match found.value.as_ref()?.value.as_ref()? {
            Value::StringValue(text) => Some(text.as_str()),
            _ => None,
        }
    };
    let which = ["subscriber", "projection", "port"].into_iter().find_map(text);
    which.map_or_else(|| span.name.clone(), |which| format!("{} {which}", span.name))
}

/// The spans of the trace that the webhook began.
fn trace(spans: &[Span]) -> Vec<Span> {
    let webhook = spans.iter().find(|span| span.name == "webhook");
    let together = |span: &&Span| webhook.is_some_and(|webhook| webhook.trace_id == span.trace_id);
    spans.iter().filter(together).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_and_all_that_it_leads_to_are_one_trace() {
    let (dir, mail, (url, spans)) = (tempfile::tempdir().unwrap(), MailServer::start().await, collector().await);
    let config = format!(
        "[telemetry]\notlp_endpoint = \"{url}\"\n[notifications]\nenabled = true\nrules = [\"order_confirmation\"]\n\
         [notifications.smtp]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"Acme <shop@acme.example>\"\n",
        mail.port()
    );
    std::fs::write(dir.path().join("tillstream.toml"), config).unwrap();
    let up = Up::start(dir.path(), &[]);
    place(&up, 1001).await;
    mail.arrived(1).await;

    let since = Instant::now();
    let whole = loop {
        let trace = trace(&spans.lock().unwrap());
        let hops: BTreeSet<String> = trace.iter().map(told).collect();
        let missing: Vec<_> = HOPS.iter().filter(|hop| !hops.contains(**hop)).collect();
        if missing.is_empty() {
            break trace;
        }
        assert!(since.elapsed() < PATIENCE, "{missing:?} are not in the trace: {hops:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let ids: BTreeSet<&[u8]> = whole.iter().map(|span| span.span_id.as_slice()).collect();
    for span in &whole {
        let rooted = span.name == "webhook" && span.parent_span_id.is_empty();
        assert!(rooted || ids.contains(span.parent_span_id.as_slice()), "{} hangs in the air", told(span));
    }
    let of = |hop: &str| whole.iter().find(|span| told(span) == hop).unwrap();
    assert_eq!(of("handle recorder").parent_span_id, of("webhook").span_id);
    assert_eq!(of("call smtp").parent_span_id, of("handle send_notifications").span_id);
    assert_eq!(of("project orders").parent_span_id, of("record").span_id);
    assert!(!format!("{whole:?}").contains("ann@example.com"), "nothing personal is in a trace");
}
