use std::error::Error;

use http::{HeaderValue, StatusCode, header};
use query::Problem;
use streams::StoreError;

/// An aggregate's refusal as an answer: what is wrong, and what to do.
pub(crate) trait Refused: Error + Send + Sync + Sized + 'static {
    fn problem(&self) -> Problem;
}

pub(crate) fn read<E: Refused>(error: StoreError) -> Problem {
    if let StoreError::Refused { source, .. } = &error
        && let Some(refusal) = source.downcast_ref::<E>()
    {
        return refusal.problem();
    }
    tracing::warn!(error = &error as &dyn Error, "a command could not be carried out");
    let detail = "the command could not be carried out just now: send it again with the same Idempotency-Key";
    let refusal = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
    refusal.with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct No;

    impl Refused for No {
        fn problem(&self) -> Problem {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no", "no")
        }
    }

    #[test]
    fn a_refusal_is_told_and_a_failure_is_to_be_tried_again() {
        let key = events::AggregateKey::new(events::AggregateKind::Stock, &"acme".parse().unwrap(), "1");
        let refused = StoreError::Refused { key, source: Box::new(No) };
        assert_eq!(read::<No>(refused).into_response().status(), StatusCode::UNPROCESSABLE_ENTITY);
        let broken = StoreError::Unavailable("gone".to_owned());
        assert_eq!(read::<No>(broken).into_response().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
