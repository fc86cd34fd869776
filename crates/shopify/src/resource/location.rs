use events::Location;
use serde::Deserialize;

use super::Snapshot;
use crate::address::AddressBody;
use crate::wire::{Text, nonempty};
use crate::{Reading, Topic, Unreadable};

#[derive(Deserialize)]
struct LocationBody<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    /// No body of another topic with a name and an address has it.
    active: bool,
    legacy: Option<bool>,
    created_at: Option<events::Timestamp>,
}

impl Snapshot for Location {
    fn read(_: &Topic, reading: &Reading<'_>) -> Result<Self, Unreadable> {
        let body: LocationBody<'_> = reading.decode()?;
        let address: AddressBody<'_> = reading.decode()?;
        Ok(Self {
            name: nonempty(Some(body.name)).unwrap_or_default(),
            active: body.active,
            legacy: body.legacy.unwrap_or(false),
            address: address.into(),
            created_at: body.created_at,
        })
    }
}
