//! What becomes of one message to one recipient.
//!
//! Nothing here says who the recipient is: a reference is kept, and of the address its mask. The
//! address is looked up when the message is sent.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest, Sha256};

use crate::event::events;
use crate::ids::IdError;
use crate::*;

events! {
    /// The events of a notification.
    NotificationEvent of Notification {
        Requested(NotificationRequested) = "notification.requested", 1;
        Suppressed(NotificationSuppressed) = "notification.suppressed", 1;
        Sent(NotificationSent) = "notification.sent", 1;
        Failed(NotificationFailed) = "notification.failed", 1;
    }
}

/// A rule asks for the message; or, from the second attempt on, an operator does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationRequested {
    pub at: Timestamp,
    /// From 1. Automatic retries belong to the attempt that they retry.
    pub attempt: u32,
    pub notice: Notice,
    /// The operator's, of a further attempt.
    pub reason: Option<String>,
}

/// Which message to whom, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Notice {
    /// `order_confirmation`, for one.
    pub rule: String,
    pub channel: Channel,
    pub recipient: Recipient,
    pub trigger: Trigger,
    /// The order it is about.
    pub order_id: Option<OrderId>,
    /// The customer it is about.
    pub customer_id: Option<CustomerId>,
    /// Not sent from then on.
    pub expires_at: Timestamp,
}

/// The event that the rule heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trigger {
    pub event_id: EventId,
    pub position: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Sms,
    Push,
    Chat,
}

impl Channel {
    pub const ALL: [Self; 4] = [Self::Email, Self::Sms, Self::Push, Self::Chat];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Push => "push",
            Self::Chat => "chat",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who a message is for, by reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recipient {
    /// Whoever placed the order, a guest too.
    Order {
        order_id: OrderId,
    },
    Customer {
        customer_id: CustomerId,
    },
    /// Whoever began the checkout.
    Checkout {
        token: String,
    },
    /// The merchant's own people.
    Operations,
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { order_id } => write!(f, "order/{order_id}"),
            Self::Customer { customer_id } => write!(f, "customer/{customer_id}"),
            Self::Checkout { token } => write!(f, "checkout/{token}"),
            Self::Operations => f.write_str("operations"),
        }
    }
}

/// The message is not sent, and that is as it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationSuppressed {
    pub at: Timestamp,
    pub attempt: u32,
    pub reason: Suppression,
}

/// The stage that stopped a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Suppression {
    /// The recipient has no address on the channel.
    NoAddress,
    /// A marketing message, and the recipient has not agreed to any.
    NoConsent,
    /// The customer's record was deleted or its erasure requested.
    RecipientGone,
    /// What it tells is no longer so: the checkout was completed.
    Superseded,
    /// Its time was over before it could be sent.
    Expired,
    /// No provider is configured for the channel.
    NoProvider,
    /// Notifications, or the rule, were switched off meanwhile.
    SwitchedOff,
}

impl Suppression {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::NoConsent => "no_consent",
            Self::RecipientGone => "recipient_gone",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::NoProvider => "no_provider",
            Self::SwitchedOff => "switched_off",
        }
    }
}

/// A provider has accepted the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationSent {
    pub at: Timestamp,
    pub attempt: u32,
    /// Its name in the configuration.
    pub provider: String,
    /// What the provider was given to know a repetition by.
    pub message_id: String,
    /// The address, masked.
    pub to: String,
    pub locale: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the templates it was made of.
    pub template: String,
}

/// Trying again would not help.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationFailed {
    pub at: Timestamp,
    pub attempt: u32,
    /// None when it did not come to a provider.
    pub provider: Option<String>,
    /// In our words: what a provider answers may quote the message.
    pub reason: String,
}

/// A notification's id: the same occasion, rule, recipient and channel are the same notification.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct NotificationKey(String);

impl NotificationKey {
    /// `occasion` is the event's id, or the natural id of what several events may tell of.
    pub fn derive(occasion: &str, rule: &str, recipient: &Recipient, channel: Channel) -> Self {
        let digest = Sha256::digest(format!("{occasion}\n{rule}\n{recipient}\n{channel}"));
        Self(hex::encode(&digest[..16]))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NotificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for NotificationKey {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let well_formed = text.len() == 32 && text.bytes().all(digit);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(IdError::new("a notification's key")) }
    }
}

impl<'de> Deserialize<'de> for NotificationKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
