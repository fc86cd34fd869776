use std::fmt;

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

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Field(path) | Self::Revision(path) => path,
            Self::TriggeredAt => "X-Shopify-Triggered-At",
        })
    }
}
