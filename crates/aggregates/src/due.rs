use events::Timestamp;
use jiff::SignedDuration;

/// What Shopify gives for an answer to a request that privacy laws allow.
const TIME_TO_ANSWER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// By when a request of this moment has to be done.
pub(crate) fn due(asked_at: Timestamp) -> Timestamp {
    asked_at.saturating_add(TIME_TO_ANSWER).unwrap_or(Timestamp::MAX)
}
