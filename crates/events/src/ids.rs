//! Typed ids. Shopify's are positive 64-bit integers: numbers in memory, strings at every JSON border.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What is wrong with a piece of text that should have been an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct IdError(&'static str);

impl IdError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self(expected)
    }
}

/// How a schema says that a text is one of Shopify's ids.
pub const NUMERIC_ID: &str = "^[1-9][0-9]{0,18}$";

macro_rules! numeric_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Accepts 1 to 2^63 - 1, the range Shopify uses.
            pub const fn new(id: u64) -> Option<Self> {
                if id >= 1 && id <= i64::MAX as u64 { Some(Self(id)) } else { None }
            }

            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Accepts canonical decimal digits only: no sign, no leading zero, no blank.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let canonical = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
                let id = text.parse().ok().filter(|_| canonical).and_then(Self::new);
                id.ok_or(IdError("a positive 64-bit id"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": NUMERIC_ID})
            }
        }
    )*};
}

numeric_ids! {
    OrderId;
    /// One line of an order.
    LineId;
    RefundId;
    FulfillmentId;
    /// The lines of an order that one location is to send.
    FulfillmentOrderId;
    FulfillmentHoldId;
    TransactionId;
    /// One committed order edit.
    EditId;
    ProductId;
    VariantId;
    /// The stocked thing behind a variant; the key of its ledger.
    InventoryItemId;
    LocationId;
    CustomerId;
    CompanyId;
    CompanyContactId;
    CompanyLocationId;
    SubscriptionContractId;
    DiscountId;
    SellingPlanId;
    PaymentTermsId;
    PaymentScheduleId;
    /// A customer's request for their data.
    DataRequestId;
    ReturnId;
    ReturnLineId;
    /// Goods on their way back, of one return.
    ReverseDeliveryId;
    /// One scan of a shipment.
    FulfillmentEventId;
    SegmentId;
}

/// A shop: its `*.myshopify.com` name without the suffix, lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Shop(String);

impl Shop {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads `acme.myshopify.com`, in any case, with or without the root dot.
    pub fn from_domain(domain: &str) -> Result<Self, IdError> {
        let lower = domain.trim_end_matches('.').to_ascii_lowercase();
        let name = lower.strip_suffix(".myshopify.com");
        name.ok_or(IdError("a *.myshopify.com domain"))?.parse()
    }

    pub fn domain(&self) -> String {
        format!("{}.myshopify.com", self.0)
    }
}

impl FromStr for Shop {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let well_formed =
            (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(IdError("a shop's myshopify.com name")) }
    }
}

impl fmt::Display for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Shop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
