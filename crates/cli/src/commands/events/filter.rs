//! Which events are meant.

use std::str::FromStr;

use events::{AggregateKind, Shop, Timestamp};
use jiff::SignedDuration;
use streams::Entry;

use super::row::Row;
use crate::failure::{Exit, Failure, Outcome};

/// Everything given must hold.
#[derive(Debug, clap::Args)]
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
    pub(super) fn refuse_contradictions(&self) -> Outcome {
        let backwards = matches!((self.from, self.to), (Some(from), Some(to)) if from > to)
            || matches!((self.since, self.until), (Some(since), Some(until)) if since.0 > until.0);
        if backwards { Err(Failure::new(Exit::Usage, "the range ends before it begins")) } else { Ok(()) }
    }

    pub(super) fn from(&self) -> Option<u64> {
        self.from
    }

    pub(super) fn to(&self) -> Option<u64> {
        self.to
    }

    /// Whether the latest events alone would not do.
    pub(super) fn narrows(&self) -> bool {
        self.shop.is_some()
            || self.wire_type.is_some()
            || self.aggregate.is_some()
            || self.id.is_some()
            || self.to.is_some()
            || self.since.is_some()
            || self.until.is_some()
    }

    /// The entry as a row, if it is meant. What this binary does not know matches nothing.
    pub(super) fn pick(&self, entry: Entry) -> Option<Row> {
        let event = entry.event?;
        let (envelope, key) = (&event.envelope, &event.envelope.key);
        let meant = self.shop.as_ref().is_none_or(|shop| *shop == key.shop)
            && self.wire_type.is_none_or(|wire_type| wire_type == envelope.wire_type)
            && self.aggregate.is_none_or(|kind| kind == key.kind)
            && self.id.as_ref().is_none_or(|id| *id == key.id)
            && self.since.is_none_or(|since| event.recorded_at >= since.0)
            && self.until.is_none_or(|until| event.recorded_at < until.0);
        meant.then(|| Row::new(event).ok()).flatten()
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
