use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

const TOO_LARGE: Problem =
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than is accepted").closing();
const TOO_SLOW: Problem =
    Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "the body did not arrive in time").closing();
const BROKEN_OFF: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended before it was complete").closing();

/// How much of a body is taken, and how long is waited for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    /// Bytes.
    pub size: usize,
    pub timeout: Duration,
}

impl BodyLimits {
    /// Refuses by the declared length, before anything is read.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        match declared.map(str::parse::<u64>) {
            Some(Ok(length)) if length > self.size as u64 => Err(TOO_LARGE),
            _ => Ok(()),
        }
    }

    pub(crate) async fn receive(&self, body: Body) -> Result<Bytes, Problem> {
        let whole = tokio::time::timeout(self.timeout, Limited::new(body, self.size).collect()).await;
        match whole {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(TOO_LARGE),
            Ok(Err(_)) => Err(BROKEN_OFF),
            Err(_) => Err(TOO_SLOW),
        }
    }
}
