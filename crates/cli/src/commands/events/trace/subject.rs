use std::fmt;
use std::str::FromStr;

use events::AggregateKind;

const ORDER: AggregateKind = AggregateKind::Order;

/// What is traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands::events) enum Subject {
    Aggregate(AggregateKind, String),
    /// A delivery, by its sequence.
    Inbox(u64),
    /// An event, by its position.
    Position(u64),
    /// `X-Shopify-Webhook-Id`.
    Webhook(String),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0).ok_or("not a number from 1 on");
        if let Some(sequence) = text.strip_prefix("inbox:") {
            return Ok(Self::Inbox(number(sequence)?));
        }
        if let Some(position) = text.strip_prefix("position:") {
            return Ok(Self::Position(number(position)?));
        }
        if let Some((kind, id)) = text.split_once('/') {
            let kind = kind.parse().map_err(|_| format!("there is no aggregate {kind:?}"))?;
            return Ok(Self::Aggregate(kind, id.to_owned()));
        }
        match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(Self::Aggregate(ORDER, number(text)?.to_string())),
            false => Ok(Self::Webhook(text.to_owned())),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aggregate(kind, id) => write!(f, "{kind}/{id}"),
            Self::Inbox(sequence) => write!(f, "inbox:{sequence}"),
            Self::Position(position) => write!(f, "position:{position}"),
            Self::Webhook(id) => write!(f, "webhook {id:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_order_and_everything_else_says_what_it_is() {
        let read = |text: &str| text.parse::<Subject>();
        assert_eq!(read("1042"), Ok(Subject::Aggregate(AggregateKind::Order, "1042".to_owned())));
        assert_eq!(read("stock/7"), Ok(Subject::Aggregate(AggregateKind::Stock, "7".to_owned())));
        assert_eq!(read("inbox:17"), Ok(Subject::Inbox(17)));
        assert_eq!(read("position:3"), Ok(Subject::Position(3)));
        assert_eq!(read("b54557e4-bdd9"), Ok(Subject::Webhook("b54557e4-bdd9".to_owned())));
        for bad in ["0", "inbox:0", "inbox:x", "position:-1", "parcel/1", "99999999999999999999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
