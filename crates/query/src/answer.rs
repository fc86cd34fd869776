use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How far the read model had come; a later answer may be asked to be at least as new.
pub const POSITION: HeaderName = HeaderName::from_static("x-position");

/// What a read found: its JSON, the position it holds at, and the tag by which it can be asked for again.
pub(crate) struct Answer {
    position: u64,
    tag: String,
    /// None when the client has it already.
    body: Option<Vec<u8>>,
}

impl Answer {
    pub(crate) fn new(position: u64, body: &impl Serialize, request: &HeaderMap) -> Self {
        // Rows are plain data with string keys: writing them to memory cannot fail.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
        let known = knows(request, &tag);
        Self { position, tag, body: (!known).then_some(body) }
    }
}

/// Whether the client's `If-None-Match` names this tag; garbage names none.
fn knows(request: &HeaderMap, tag: &str) -> bool {
    let named = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    named
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(POSITION, self.position.into());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        headers.extend(HeaderValue::try_from(self.tag).ok().map(|tag| (header::ETAG, tag)));
        match self.body {
            Some(body) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                (headers, body).into_response()
            }
            None => (StatusCode::NOT_MODIFIED, headers).into_response(),
        }
    }
}
