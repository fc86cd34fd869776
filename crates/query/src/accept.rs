use http::{HeaderMap, header};

/// Whether JSON is among what the client takes. No `Accept` takes anything.
pub(crate) fn takes_json(headers: &HeaderMap) -> bool {
    takes(headers, ["application/json", "application/*", "*/*"])
}

/// The same, of server-sent events.
pub(crate) fn takes_events(headers: &HeaderMap) -> bool {
    takes(headers, ["text/event-stream", "text/*", "*/*"])
}

fn takes(headers: &HeaderMap, kinds: [&str; 3]) -> bool {
    let mut ranges =
        headers.get_all(header::ACCEPT).iter().flat_map(|value| value.as_bytes().split(|b| *b == b',')).peekable();
    ranges.peek().is_none() || ranges.any(|range| is_one_of(kinds, &String::from_utf8_lossy(range)))
}

fn is_one_of(kinds: [&str; 3], range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    let named = kinds.iter().any(|taken| kind.eq_ignore_ascii_case(taken));
    let refused =
        parts.any(|parameter| matches!(parameter.as_bytes(), [b'q' | b'Q', b'=', weight @ ..] if is_zero(weight)));
    named && !refused
}

fn is_zero(weight: &[u8]) -> bool {
    weight.iter().all(|b| matches!(b, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn json_is_taken_by_name_by_kind_or_by_silence() {
        let takes = |accept: &'static str| {
            takes_json(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]))
        };
        assert!(takes_json(&HeaderMap::new()));
        for accept in [
            "*/*",
            "application/json",
            "Application/JSON;q=0.5",
            "text/html, application/*;q=0.1",
            "text/html,*/*;q=0.8",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["text/html", "application/xml", "application/json;q=0", "application/json; q=0.00", "json", ""] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
