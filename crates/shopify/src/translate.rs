use std::fmt::Display;
use std::str::FromStr;

use aggregates::Command;
use events::{AsOf, Shop, Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::wire::{Id, Text, id_of_gid};
use crate::{Topic, Unreadable, json};

/// An authentic delivery: what its headers say, and its raw body.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    pub topic: Option<&'a str>,
    pub shop: &'a Shop,
    pub triggered_at: Option<Timestamp>,
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

/// Says what a delivery means. When it was received has no part in it.
pub fn translate(delivery: &Delivery<'_>) -> Result<Translation, Unreadable> {
    let topic = delivery.topic.ok_or(Unreadable::NoTopic)?;
    let Some(topic) = Topic::find(topic) else { return Ok(Translation::Kept("no_translator")) };
    (topic.translate)(delivery).map(Translation::Commands)
}

impl<'a> Delivery<'a> {
    pub(crate) fn decode<T: Deserialize<'a>>(&self) -> Result<T, Unreadable> {
        json::decode(self.body)
    }

    pub(crate) fn as_of(&self, updated_at: Timestamp) -> AsOf {
        let digest = hex::encode(&Sha256::digest(self.body)[..8]);
        AsOf { updated_at, triggered_at: self.triggered_at, digest }
    }

    /// The id in the body of a `…/delete`. A body of another topic would be believed just as well, so
    /// one that says more than the end of a `kind` is refused.
    pub(crate) fn deleted_id<T: FromStr<Err: Display> + PartialEq>(&self, kind: &str) -> Result<T, Unreadable> {
        let body: DeletedBody<'_, T> = self.decode()?;
        if body.created_at.is_some() || body.updated_at.is_some() {
            return Err(Unreadable::Shape("a resource, not its end".to_owned()));
        }
        let Id(id) = body.id;
        match body.admin_graphql_api_id {
            Some(gid) if id_of_gid::<T>(gid.as_str(), kind)? != id => Err(Unreadable::Shape("two ids".to_owned())),
            _ => Ok(id),
        }
    }

    /// The time of a body that says none. Without the header it is the epoch: the time it was
    /// received must never decide, because it differs from one arrival to the next.
    pub(crate) fn triggered_at(&self) -> Timestamp {
        self.triggered_at.unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct DeletedBody<'a, T: FromStr<Err: Display>> {
    id: Id<T>,
    #[serde(borrow)]
    admin_graphql_api_id: Option<Text<'a>>,
    created_at: Option<serde::de::IgnoredAny>,
    updated_at: Option<serde::de::IgnoredAny>,
}
