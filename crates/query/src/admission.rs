use access::Denied;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::problem::Problem;

/// The token of `Authorization: Bearer …`; none when there is not exactly one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => {
                let detail = "send a valid key as Authorization: Bearer <key>; `tillstream keys create` makes one";
                let refusal = Self::new(StatusCode::UNAUTHORIZED, "key", detail);
                refusal.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
            }
            Denied::OtherShop => Self::not_found("shop"),
            Denied::Scope(scope) => {
                Self::new(StatusCode::FORBIDDEN, "scope", format!("the key has not the scope {scope}"))
            }
            Denied::TooMany { after } => {
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate", "this key has asked too often");
                refusal.with_header(header::RETRY_AFTER, seconds.max(1).into())
            }
            Denied::Unavailable => {
                let detail = "keys cannot be checked just now";
                let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
                refusal.with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_in_one_header_of_its_scheme() {
        let read = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(read(&["Bearer a"]).as_deref(), Some("a"));
        assert_eq!(read(&["bearer a "]).as_deref(), Some("a"));
        for none in [&[] as &[_], &["a"], &["Basic a"], &["Bearera"], &["Bearer a", "Bearer b"]] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
