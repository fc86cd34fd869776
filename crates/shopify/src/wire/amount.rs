use events::{Currency, Money, MoneySet};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::Object;
use crate::Unreadable;

/// A decimal, read exactly from the digits of a JSON string or number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let decimal = match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(text) => plain(text),
            None => plain(raw).or_else(|| scientific(raw)),
        };
        decimal.map(|decimal| Self(decimal.normalize())).ok_or_else(|| de::Error::custom("not an exact decimal"))
    }
}

/// Digits, at most one point, and a minus sign at most.
fn plain(text: &str) -> Option<Decimal> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    Decimal::from_str_exact(text).ok()
}

/// A JSON number with an exponent; the decoder has made sure that it is an exact decimal.
fn scientific(number: &str) -> Option<Decimal> {
    let (mantissa, _) = number.split_once(['e', 'E'])?;
    plain(mantissa)?;
    Decimal::from_scientific(number).ok()
}

/// A price in both currencies; a transaction's spells `currency_code` as `currency`.
#[derive(Deserialize)]
pub(crate) struct PriceSet {
    shop_money: Object<WireMoney>,
    presentment_money: Option<Object<WireMoney>>,
}

#[derive(Deserialize)]
struct WireMoney {
    amount: Amount,
    #[serde(alias = "currency")]
    currency_code: Currency,
}

impl PriceSet {
    pub(crate) fn shop_currency(&self) -> Currency {
        self.shop_money.0.currency_code
    }
}

impl WireMoney {
    fn money(&self) -> Money {
        Money::new(self.amount.0, self.currency_code)
    }
}

/// What `<field>_set` says, else the plain `<field>`, which is in the shop's currency. So is the set's
/// shop money, or it contradicts the order and the plain amount is believed.
pub(crate) fn price(
    field: &str,
    set: Option<Object<PriceSet>>,
    plain: Option<Amount>,
    currency: Currency,
) -> Result<MoneySet, Unreadable> {
    let plain = plain.map(|Amount(amount)| Money::new(amount, currency));
    let Some(Object(PriceSet { shop_money: Object(shop), presentment_money })) = set else {
        return plain.map(MoneySet::same).ok_or_else(|| Unreadable::missing(field));
    };
    let shop = plain.filter(|_| shop.currency_code != currency).unwrap_or_else(|| shop.money());
    Ok(MoneySet { shop, presentment: presentment_money.map_or(shop, |Object(money)| money.money()) })
}

/// The sum of prices; they are of one shop and one customer, so their currencies agree.
pub(crate) fn total(
    field: &str,
    prices: impl IntoIterator<Item = Result<MoneySet, Unreadable>>,
    currency: Currency,
) -> Result<MoneySet, Unreadable> {
    let mut prices = prices.into_iter();
    let first = prices.next().unwrap_or(Ok(MoneySet::same(Money::zero(currency))))?;
    prices.try_fold(first, |sum, price| {
        let price = price?;
        let shop = sum.shop.checked_add(price.shop);
        let presentment = sum.presentment.checked_add(price.presentment);
        shop.zip(presentment)
            .map(|(shop, presentment)| MoneySet { shop, presentment })
            .ok_or_else(|| Unreadable::out_of_range(field))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact_or_refused() {
        let read = |json: &str| serde_json::from_str::<Amount>(json).ok().map(|Amount(amount)| amount.to_string());
        let exact = [
            (r#""19.99""#, "19.99"),
            ("19.99", "19.99"),
            ("17.28", "17.28"),
            ("0", "0"),
            (r#""-0.00""#, "0"),
            (r#""012.50""#, "12.5"),
            ("1e3", "1000"),
            ("1.5E-2", "0.015"),
            ("0.1000000000000000055511151231", "0.1000000000000000055511151231"),
            (r#""79228162514264337593543950335""#, "79228162514264337593543950335"),
        ];
        for (json, amount) in exact {
            assert_eq!(read(json).as_deref(), Some(amount), "{json}");
        }
        for bad in [
            r#""1e3""#,
            r#""٣""#,
            r#""""#,
            r#"" 1""#,
            r#""1 ""#,
            r#""+1""#,
            r#""1_000""#,
            r#""1,000.00""#,
            r#""1.""#,
            r#"".5""#,
            r#""123456789012345678901234567890""#,
            r#""0.00000000000000000000000000001""#,
            "null",
            "true",
            "{}",
            "[1]",
            r#""NaN""#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    fn set(json: &str) -> Option<Object<PriceSet>> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_price_is_its_set_or_the_plain_amount() {
        let usd = "USD".parse().unwrap();
        let plain = Some(Amount("5".parse().unwrap()));
        let both = set(
            r#"{"shop_money":{"amount":"5.00","currency_code":"USD"},"presentment_money":{"amount":4.3,"currency_code":"EUR"}}"#,
        );
        let price_of = |set, plain| price("price", set, plain, usd).map(|price| serde_json::to_string(&price).unwrap());
        assert_eq!(
            price_of(both, plain).unwrap(),
            r#"{"shop":{"amount":"5.00","currency":"USD"},"presentment":{"amount":"4.30","currency":"EUR"}}"#
        );
        let shop_only = set(r#"{"shop_money":{"amount":"5","currency":"JPY"},"presentment_money":null}"#);
        assert_eq!(
            price_of(shop_only, None).unwrap(),
            r#"{"shop":{"amount":"5","currency":"JPY"},"presentment":{"amount":"5","currency":"JPY"}}"#
        );
        assert_eq!(
            price_of(None, plain).unwrap(),
            r#"{"shop":{"amount":"5.00","currency":"USD"},"presentment":{"amount":"5.00","currency":"USD"}}"#
        );
        let foreign = set(r#"{"shop_money":{"amount":"7.00","currency_code":"CAD"}}"#);
        assert_eq!(
            price_of(foreign, plain).unwrap(),
            r#"{"shop":{"amount":"5.00","currency":"USD"},"presentment":{"amount":"5.00","currency":"USD"}}"#
        );
        assert_eq!(price_of(None, None), Err(Unreadable::missing("price")));
    }

    #[test]
    fn prices_of_different_currencies_have_no_sum() {
        let of = |currency: &str| Ok(MoneySet::same(Money::zero(currency.parse().unwrap())));
        let eur = "EUR".parse().unwrap();
        assert_eq!(total("x", [of("EUR"), of("USD")], eur), Err(Unreadable::out_of_range("x")));
        assert_eq!(total("x", [], eur), of("EUR"));
    }
}
