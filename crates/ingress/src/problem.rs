use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// A refusal as RFC 9457 problem+json. The text is fixed: nothing of the request or of a parser is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
    /// The rest of the request is not wanted.
    close: bool,
}

impl Problem {
    pub(crate) const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail, close: false }
    }

    pub(crate) const fn closing(self) -> Self {
        Self { close: true, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let body = serde_json::json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let mut response = (self.status, [kind], body.to_string()).into_response();
        if self.close {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
