//! Traces on their way to an OpenTelemetry collector (OTLP over HTTP).

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use streams::traces;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::failure::{Exit, OrExit, Outcome};

/// For the collector to take what is left at the end.
const FAREWELL: Duration = Duration::from_secs(3);

/// Who sends the spans; what has ended by then is sent when it is dropped.
pub(crate) struct Spans(Option<SdkTracerProvider>);

impl Spans {
    /// Without an address nothing is made, and nothing is sent.
    ///
    /// # Errors
    /// The address is none: usage.
    pub(super) fn start(endpoint: Option<&str>, role: &str) -> Outcome<Self> {
        let Some(endpoint) = endpoint else { return Ok(Self(None)) };
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_endpoint(url).build();
        let exporter = exporter.or_exit(Exit::Usage).map_err(|e| e.context("telemetry.otlp_endpoint"))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(format!("tillstream-{role}")).with_attribute(version);
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build());
        Ok(Self(Some(provider.build())))
    }

    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> Option<impl Layer<S> + use<S>> {
        let tracer = self.0.as_ref()?.tracer("tillstream");
        // What is logged stays out: it has another reader.
        let spans = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
        Some(spans.with_filter(Targets::new().with_target(traces::TARGET, Level::DEBUG)))
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        // A collector that is gone gets nothing: there is nobody left to tell.
        let _ = self.0.as_ref().map(|provider| provider.shutdown_with_timeout(FAREWELL));
    }
}
