use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Serialize;

/// A refusal as RFC 9457 problem+json.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    header: Option<(HeaderName, HeaderValue)>,
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(crate) struct ProblemBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    /// Stays the same for the same reason; the other texts may change.
    code: &'static str,
}

impl Problem {
    /// The code stays the same for the same reason; the detail says what to do.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), header: None }
    }

    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub(crate) fn parameter(name: &str) -> Self {
        let name: String = name.chars().take(64).collect();
        let detail = format!("query parameter {name:?} is unknown here, or its value is malformed");
        Self::new(StatusCode::BAD_REQUEST, "parameter", detail)
    }

    pub(crate) fn query_string(detail: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "query_string", detail)
    }

    pub(crate) fn cursor() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "cursor", "the cursor is not one that this list gave")
    }

    /// Two parameters that go together, and not with these values.
    pub(crate) fn range(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "range", detail)
    }

    /// An id in the path that is none.
    pub fn id() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "id", "ids are whole numbers from 1 to 9223372036854775807, as digits")
    }

    /// 404.
    pub fn not_found(what: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("no such {what}"))
    }

    /// 405.
    pub fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method", "this resource does not know the method: see Allow")
    }

    pub(crate) fn not_acceptable(kind: &'static str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", format!("the answer would be {kind}"))
    }

    pub(crate) fn not_reached(reached: u64, wanted: u64) -> Self {
        let detail = format!("the read model is at position {reached}, not yet at {wanted}");
        Self::new(StatusCode::GATEWAY_TIMEOUT, "position_not_reached", detail)
    }

    /// What went wrong is for the log, not for the client.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error, "cannot answer a read");
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the answer cannot be read just now");
        refusal.with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }
}

impl From<projections::ReadError> for Problem {
    fn from(error: projections::ReadError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<db::Error> for Problem {
    fn from(error: db::Error) -> Self {
        Self::unavailable(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.header);
        response
    }
}
