use std::fmt;

use events::Timestamp;

use super::key::find;
use crate::{Reading, Unreadable};

/// What says how new a body is; paths are dotted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// A time in the body.
    Field(&'static str),
    /// A number in the body that grows; `X-Shopify-Triggered-At` breaks ties.
    Revision(&'static str),
    /// `X-Shopify-Triggered-At`: the body says nothing.
    TriggeredAt,
}

impl Version {
    /// When the body was true. A time that Shopify leaves empty is that of the trigger.
    pub(crate) fn time(&self, reading: &Reading<'_>) -> Result<Timestamp, Unreadable> {
        let Self::Field(path) = self else { return Ok(reading.triggered_at()) };
        match find(reading.text, path)?.ok_or_else(|| Unreadable::missing(path))? {
            "null" => Ok(reading.triggered_at()),
            text => Ok(serde_json::from_str(text)?),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Field(path) | Self::Revision(path) => path,
            Self::TriggeredAt => "X-Shopify-Triggered-At",
        })
    }
}
