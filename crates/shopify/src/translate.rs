use aggregates::Command;
use events::{Shop, Timestamp};

use crate::topic::End;
use crate::upcast::upcast;
use crate::{Reading, StatedVersion, Topic, Unreadable, json};

/// An authentic delivery: what its headers say, and its raw body.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    pub topic: Option<&'a str>,
    pub shop: &'a Shop,
    /// The version that the body is written in; None is read as the newest that is known.
    pub api_version: Option<&'a str>,
    pub triggered_at: Option<Timestamp>,
    /// When it was stored in the inbox.
    pub received_at: Timestamp,
    pub body: &'a [u8],
}

/// What a delivery leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Translation {
    /// For the aggregates, in this order.
    Commands(Vec<Command>),
    /// Nothing; the delivery stays in the inbox. The reason is a stable token.
    Kept(&'static str),
}

/// Says what a delivery means. When it was received has no part in it, but in deadlines of requests that say no time.
pub fn translate(delivery: &Delivery<'_>) -> Result<Translation, Unreadable> {
    let name = delivery.topic.ok_or(Unreadable::NoTopic)?;
    let topic = Topic::find(name).ok_or(Unreadable::UnknownTopic)?;
    if let End::Kept(reason) = topic.end {
        return Ok(Translation::Kept(reason));
    }
    let stated = StatedVersion::of(delivery.api_version);
    let text = upcast(topic, stated, json::check(delivery.body)?)?;
    topic.read(&Reading::new(delivery, &text)).map(Translation::Commands)
}
