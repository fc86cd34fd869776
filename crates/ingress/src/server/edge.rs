use http::{Request, StatusCode, Version, header};

use crate::problem::Problem;

const VERSION: Problem =
    Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "http_version", "only HTTP/1.1 is spoken here");
const FRAMING: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "framing", "the request's headers or their line ends are malformed");
const HOST: Problem = Problem::new(StatusCode::BAD_REQUEST, "host", "exactly one Host header is required");

/// Refuses what hyper lets pass, but a proxy in front of us might read differently than we do.
pub(super) fn check<B>(request: &Request<B>, malformed: bool) -> Result<(), Problem> {
    let headers = request.headers();
    let refusal = if request.version() != Version::HTTP_11 {
        VERSION
    } else if malformed
        || headers.get_all(header::TRANSFER_ENCODING).iter().any(|coding| !is_chunked(coding.as_bytes()))
    {
        FRAMING
    } else if headers.get_all(header::HOST).iter().count() != 1 {
        HOST
    } else {
        return Ok(());
    };
    Err(refusal.closing())
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"chunked")
}
