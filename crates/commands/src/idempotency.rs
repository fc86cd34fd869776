use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, StatusCode};
use query::Problem;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const HEADER: &str = "Idempotency-Key";
const LONGEST: usize = 255;

/// The name that a client gives its request, so that it can repeat it.
///
/// What is kept of it is a hash with the path, and so with the shop: nothing from outside gets into an
/// event or an id raw, and a key means one thing in one place only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(crate) fn read(headers: &HeaderMap, path: &str) -> Result<Self, Problem> {
        let mut values = headers.get_all(HEADER).iter();
        let only = values.next().filter(|_| values.next().is_none());
        let text = only.and_then(|value| value.to_str().ok()).map(str::trim);
        let text = text.filter(|text| (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_printed));
        let text = text.ok_or_else(malformed)?;
        let digest = Sha256::new().chain_update(path).chain_update([0]).chain_update(text).finalize();
        Ok(Self(hex::encode(&digest[..16])))
    }

    /// What may be sent.
    pub(crate) fn schema() -> Value {
        json!({"type": "string", "pattern": format!("^[!-~]([ -~]{{0,{}}}[!-~])?$", LONGEST - 2)})
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_printed(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn malformed() -> Problem {
    let detail =
        "one Idempotency-Key header of 1 to 255 ASCII characters is required: the same for each try of a request";
    Problem::new(StatusCode::BAD_REQUEST, "idempotency_key", detail)
}

/// The keys whose requests are under way in this process. Across processes the aggregate's expected
/// sequence lets one of two win, and the other finds what it did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<IdempotencyKey>>>);

impl Running {
    /// Holds the key until the guard is dropped; a problem while somebody else holds it.
    pub(crate) fn begin(&self, key: &IdempotencyKey) -> Result<Begun, Problem> {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        if is_new {
            return Ok(Begun { running: self.clone(), key: key.clone() });
        }
        let detail = "a request with this Idempotency-Key is under way: ask again when it has been answered";
        Err(Problem::new(StatusCode::CONFLICT, "still_running", detail))
    }
}

#[must_use]
#[derive(Debug)]
pub(crate) struct Begun {
    running: Running,
    key: IdempotencyKey,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(values: &[&'static str]) -> Result<IdempotencyKey, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_static(value));
        }
        IdempotencyKey::read(&headers, "/v1/acme/stock/1/adjustments")
    }

    #[test]
    fn a_key_is_one_text_of_bounded_length() {
        assert!(key(&["a"]).is_ok());
        assert_eq!(key(&["a"]), key(&[" a "]));
        assert_ne!(key(&["a"]), key(&["b"]));
        let long: &'static str = Box::leak("a".repeat(256).into_boxed_str());
        for wrong in [&[] as &[_], &[""], &["a", "a"], &["a\tb"], &[long]] {
            assert!(key(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_is_held_by_one_request_at_a_time() {
        let (running, key) = (Running::default(), key(&["a"]).unwrap());
        let begun = running.begin(&key).unwrap();
        assert!(running.begin(&key).is_err());
        drop(begun);
        assert!(running.begin(&key).is_ok());
    }
}
