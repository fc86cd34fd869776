use std::fmt::Display;
use std::str::FromStr;

use events::{AsOf, Shop, Timestamp};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::topic::{Key, id_of};
use crate::wire::{Id, Object, Text, id_of_gid};
use crate::{Delivery, Unreadable};

/// A delivery whose body is strict JSON of the current API version: what translators read.
#[derive(Debug)]
pub struct Reading<'a> {
    pub(crate) shop: &'a Shop,
    pub(crate) text: &'a str,
    triggered_at: Option<Timestamp>,
    received_at: Timestamp,
    raw: &'a [u8],
}

impl<'a> Reading<'a> {
    /// `text` is the delivery's body, brought to the current API version.
    pub(crate) fn new(delivery: &Delivery<'a>, text: &'a str) -> Self {
        let Delivery { shop, triggered_at, received_at, body, .. } = *delivery;
        Self { shop, text, triggered_at, received_at, raw: body }
    }

    pub(crate) fn decode<T: Deserialize<'a>>(&self) -> Result<T, Unreadable> {
        let Object(value) = serde_json::from_str(self.text)?;
        Ok(value)
    }

    /// The age of a body that is true at `updated_at`. Its digest is that of the bytes that came.
    pub(crate) fn as_of(&self, updated_at: Timestamp) -> AsOf {
        let digest = hex::encode(&Sha256::digest(self.raw)[..8]);
        AsOf { updated_at, triggered_at: self.triggered_at, digest }
    }

    /// The id, in its shop, of what the body is about.
    pub(crate) fn id(&self, key: Key) -> Result<String, Unreadable> {
        id_of(key, self.text)
    }

    /// `X-Shopify-Triggered-At`, when the delivery has it.
    pub(crate) const fn triggered(&self) -> Option<Timestamp> {
        self.triggered_at
    }

    /// The time of a body that says none. Without the header it is the epoch: the time it was
    /// received must never decide, because it differs from one arrival to the next.
    pub(crate) fn triggered_at(&self) -> Timestamp {
        self.triggered_at.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// When something was asked that has to be done in time. Without the header it is when it was received: that moves a
    /// deadline by the minutes of a repetition, and decides nothing else.
    pub(crate) fn asked_at(&self) -> Timestamp {
        self.triggered_at.unwrap_or(self.received_at)
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
