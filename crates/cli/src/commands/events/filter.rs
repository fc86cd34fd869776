//! Which events are meant.

use std::str::FromStr;

use events::{AggregateKind, Envelope, Event, Recorded, Shop, Timestamp};
use jiff::SignedDuration;
use streams::{Entry, Raw};

use super::row::Row;
use crate::failure::{Exit, Failure, Outcome};

/// Everything given must hold.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Filter {
    /// The shop's myshopify.com name, with or without the suffix.
    #[arg(long, value_parser = shop)]
    shop: Option<Shop>,
    /// An event's type, such as order.placed.
    #[arg(long = "type", value_parser = wire_type, value_name = "TYPE")]
    wire_type: Option<&'static str>,
    /// order, product, customer, stock, shop or loyalty.
    #[arg(long, value_name = "KIND")]
    aggregate: Option<AggregateKind>,
    /// The aggregate's id.
    #[arg(long)]
    id: Option<String>,
    /// A subject as NATS writes them: events.*.order.acme.>
    #[arg(long, value_name = "PATTERN")]
    subject: Option<Pattern>,
    /// First position.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,
    /// Last position.
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    to: Option<u64>,
    /// Stored at or after: a time (RFC 3339) or how long ago ("2h").
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Stored before: a time or how long ago.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

impl Filter {
    /// # Errors
    /// A range that ends before it begins: usage.
    pub(in crate::commands) fn refuse_contradictions(&self) -> Outcome {
        let backwards = matches!((self.from, self.to), (Some(from), Some(to)) if from > to)
            || matches!((self.since, self.until), (Some(since), Some(until)) if since.0 > until.0);
        if backwards { Err(Failure::new(Exit::Usage, "the range ends before it begins")) } else { Ok(()) }
    }

    pub(in crate::commands) fn from(&self) -> Option<u64> {
        self.from
    }

    pub(in crate::commands) fn to(&self) -> Option<u64> {
        self.to
    }

    /// Whether the latest events alone would not do.
    pub(super) fn narrows(&self) -> bool {
        self.to.is_some() || self.chooses()
    }

    /// The entry as a row, if it is meant. What this binary does not know matches nothing.
    pub(super) fn pick(&self, entry: Entry) -> Option<Row> {
        let event = entry.event.filter(|event| self.means(event))?;
        Row::new(event).ok()
    }

    /// Whether an event is meant, wherever it stands.
    pub(in crate::commands) fn means(&self, event: &Recorded<Event>) -> bool {
        self.means_envelope(&event.envelope, event.recorded_at)
    }

    /// The same, of one that is not read. One whose headers cannot be read is meant when all are.
    pub(in crate::commands) fn means_raw(&self, raw: &Raw) -> bool {
        !self.chooses() || raw.envelope().is_ok_and(|envelope| self.means_envelope(&envelope, raw.recorded_at()))
    }

    fn means_envelope(&self, envelope: &Envelope, recorded_at: Timestamp) -> bool {
        let key = &envelope.key;
        self.shop.as_ref().is_none_or(|shop| *shop == key.shop)
            && self.wire_type.is_none_or(|wire_type| wire_type == envelope.wire_type)
            && self.aggregate.is_none_or(|kind| kind == key.kind)
            && self.id.as_ref().is_none_or(|id| *id == key.id)
            && self.subject.as_ref().is_none_or(|subject| subject.matches(&envelope.subject()))
            && self.since.is_none_or(|since| recorded_at >= since.0)
            && self.until.is_none_or(|until| recorded_at < until.0)
    }

    /// Whether anything but the range tells events apart.
    fn chooses(&self) -> bool {
        self.shop.is_some()
            || self.wire_type.is_some()
            || self.aggregate.is_some()
            || self.id.is_some()
            || self.subject.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }
}

/// A subject with `*` for one token and `>` for all that follow.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(Vec<String>);

impl FromStr for Pattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tokens: Vec<String> = text.split('.').map(str::to_owned).collect();
        let early_end = tokens.iter().rev().skip(1).any(|token| token == ">");
        let bad = |token: &String| token.is_empty() || (token.len() > 1 && token.contains(['*', '>']));
        if early_end || tokens.iter().any(bad) { Err("not a subject") } else { Ok(Self(tokens)) }
    }
}

impl Pattern {
    fn matches(&self, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for wanted in &self.0 {
            match (wanted.as_str(), tokens.next()) {
                (">", token) => return token.is_some(),
                (_, None) => return false,
                ("*", Some(_)) => {}
                (wanted, Some(token)) if wanted == token => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }
}

/// A point in time as a person writes it.
#[derive(Debug, Clone, Copy)]
struct Moment(Timestamp);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self(time));
        }
        let ago: SignedDuration = text.parse().map_err(|_| "neither a time (RFC 3339) nor a duration".to_owned())?;
        Timestamp::now().checked_sub(ago).map(Self).map_err(|error| error.to_string())
    }
}

pub(in crate::commands) fn shop(text: &str) -> Result<Shop, String> {
    text.parse().or_else(|_| Shop::from_domain(text)).map_err(|error| error.to_string())
}

fn wire_type(text: &str) -> Result<&'static str, String> {
    events::spec(text).map(|spec| spec.wire_type).ok_or_else(|| "there is no such event".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_the_broker_does() {
        let matches = |pattern: &str, subject: &str| pattern.parse::<Pattern>().unwrap().matches(subject);
        assert!(matches("events.*.order.acme.1", "events.7.order.acme.1"));
        assert!(matches("events.>", "events.7.order.acme.1"));
        assert!(matches(">", "events"));
        for (pattern, subject) in
            [("events.*", "events.7.order"), ("events.7.order", "events.7"), ("events.>", "events"), ("a", "b")]
        {
            assert!(!matches(pattern, subject), "{pattern} {subject}");
        }
        for wrong in ["", "a..b", "a.>.b", "a.b*", ".a"] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
