//! A trace goes with the messages: what is done about a message is a part of the trace that the message names
//! (`traceparent`), and what comes of it names that part in turn. So nothing is handed from role to role.
//!
//! The spans are those of the target [`TARGET`]. Where nobody takes them they are never made.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// What spans that are parts of traces are told apart by.
pub const TARGET: &str = "tillstream::trace";

/// Makes a span that has not begun a part of the trace that a message names.
pub fn follow(span: &Span, trace_parent: Option<&str>) {
    if span.is_disabled() {
        return;
    }
    if let Some(parent) = trace_parent.and_then(parse) {
        // It fails only where nobody takes traces.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// What a message that is sent now names as its parent: the present span. None where nobody traces.
pub fn present() -> Option<String> {
    let span = Span::current();
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let span = context.span();
    Some(span.span_context()).filter(|context| context.is_valid()).map(write)
}

fn write(context: &SpanContext) -> String {
    format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8() & 1)
}

/// A W3C `traceparent`; later versions may have more at their end.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let widths = [version, trace, span, flags].map(str::len) == [2, 32, 16, 2];
    let whole = widths && version != "ff" && (version != "00" || parts.next().is_none());
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    Some(context).filter(|context| whole && context.is_valid())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_traceparent_is_read_as_it_is_written() {
        for flags in ["00", "01"] {
            let text = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
            assert_eq!(parse(&text).map(|context| write(&context)), Some(text));
        }
        assert!(parse(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).is_some(), "a later version may say more");
    }

    #[test]
    fn what_is_no_traceparent_names_no_trace() {
        let none = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let more = format!("00-{TRACE}-00f067aa0ba902b7-01-more");
        let forbidden = format!("ff-{TRACE}-00f067aa0ba902b7-01");
        for broken in ["", "00", "00-1-2-01", &more, &none, &forbidden, &more.replace('4', "x")] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn where_nobody_traces_there_is_nothing_to_name() {
        let span = tracing::debug_span!(target: TARGET, "alone");
        follow(&span, Some(&format!("00-{TRACE}-00f067aa0ba902b7-01")));
        assert_eq!(span.in_scope(present), None);
    }
}
