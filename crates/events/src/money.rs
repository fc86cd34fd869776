//! Exact money: decimals with their currency, never a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not an exact decimal amount")]
    Amount,
    #[error("not a three-letter currency code")]
    Currency,
}

/// An ISO 4217 code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point that the currency is written with.
    fn minor_digits(self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND" | "VUV"
            | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Z]{3}$"})
    }
}

/// An amount in a currency: `{"amount":"12.50","currency":"EUR"}`.
///
/// The amount is kept exactly; it is written with at least the currency's own digits, so that
/// equal money has one spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "RawMoney")]
pub struct Money {
    #[serde(serialize_with = "rust_decimal::serde::str::serialize")]
    amount: Decimal,
    currency: Currency,
}

#[derive(Deserialize)]
struct RawMoney {
    #[serde(with = "rust_decimal::serde::str")]
    amount: Decimal,
    currency: Currency,
}

impl From<RawMoney> for Money {
    fn from(raw: RawMoney) -> Self {
        Self::new(raw.amount, raw.currency)
    }
}

impl Money {
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        let mut amount = amount.normalize();
        if amount.is_zero() {
            amount = Decimal::ZERO;
        }
        if amount.scale() < currency.minor_digits() {
            amount.rescale(currency.minor_digits());
        }
        Self { amount, currency }
    }

    pub fn zero(currency: Currency) -> Self {
        Self::new(Decimal::ZERO, currency)
    }

    pub fn amount(self) -> Decimal {
        self.amount
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, `None` when the currencies differ or the sum is out of range.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let sum = self.amount.checked_add(other.amount).filter(|_| self.currency == other.currency);
        sum.map(|amount| Self::new(amount, self.currency))
    }

    /// The difference, `None` when the currencies differ or it is out of range.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self { amount: -other.amount, ..other })
    }
}

impl JsonSchema for Money {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {
                "amount": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
                "currency": generator.subschema_for::<Currency>(),
            },
            "required": ["amount", "currency"],
        })
    }
}

/// The same value in the shop's currency and in the one the customer saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneySet {
    pub shop: Money,
    pub presentment: Money,
}

impl MoneySet {
    /// For a shop that sells in its own currency only.
    pub fn same(money: Money) -> Self {
        Self { shop: money, presentment: money }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: &str, currency: &str) -> Money {
        Money::new(amount.parse().unwrap(), currency.parse().unwrap())
    }

    #[test]
    fn equal_money_has_one_spelling() {
        let spelled = |amount, currency| serde_json::to_value(money(amount, currency)).unwrap()["amount"].clone();
        assert_eq!(spelled("12.5", "EUR"), "12.50");
        assert_eq!(spelled("12.500", "EUR"), "12.50");
        assert_eq!(spelled("-0.00", "EUR"), "0.00");
        assert_eq!(spelled("12.125", "EUR"), "12.125");
        assert_eq!(spelled("100", "JPY"), "100");
        assert_eq!(spelled("1.5", "KWD"), "1.500");
    }

    #[test]
    fn currencies_do_not_mix() {
        assert_eq!(money("1", "EUR").checked_add(money("1", "USD")), None);
        assert_eq!(money("1", "EUR").checked_sub(money("3", "EUR")), Some(money("-2", "EUR")));
    }

    proptest! {
        #[test]
        fn any_money_survives_json(units in any::<i64>(), scale in 0_u32..10, code in "[A-Z]{3}") {
            let money = Money::new(Decimal::new(units, scale), code.parse().unwrap());
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }

        #[test]
        fn no_text_but_a_code_is_a_currency(text in ".{0,5}") {
            let code = text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
            prop_assert_eq!(text.parse::<Currency>().is_ok(), code);
        }
    }
}
