//! Money: in cents of the shop's currency, and shown to the customer in their own.

/// A country the store sells to, and its money.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Market {
    pub(crate) currency: &'static str,
    pub(crate) locale: &'static str,
    pub(crate) country: &'static str,
    pub(crate) country_code: &'static str,
    /// Millionths of the currency's smallest unit for one cent.
    rate: i64,
    digits: u32,
}

/// The shop's own currency.
pub(crate) const CURRENCY: &str = "USD";

pub(crate) static MARKETS: [Market; 5] = [
    market(CURRENCY, "en", "United States", "US", 1_000_000, 2),
    market("CAD", "en-CA", "Canada", "CA", 1_367_200, 2),
    market("EUR", "de", "Germany", "DE", 921_400, 2),
    market("GBP", "en-GB", "United Kingdom", "GB", 789_100, 2),
    market("JPY", "ja", "Japan", "JP", 1_493_700, 0),
];

const fn market(
    currency: &'static str,
    locale: &'static str,
    country: &'static str,
    country_code: &'static str,
    rate: i64,
    digits: u32,
) -> Market {
    Market { currency, locale, country, country_code, rate, digits }
}

impl Market {
    /// What the customer sees for an amount in cents of the shop's currency.
    pub(crate) fn shown(&self, cents: i64) -> String {
        let units = (cents * self.rate + 500_000).div_euclid(1_000_000);
        if self.digits == 0 { units.to_string() } else { amount(units) }
    }
}

/// `1250` is `12.50`.
pub(crate) fn amount(cents: i64) -> String {
    let (sign, cents) = (if cents < 0 { "-" } else { "" }, cents.abs());
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// A share of an amount, in hundredths of a percent, rounded half up.
pub(crate) fn part(cents: i64, basis_points: i64) -> i64 {
    (cents * basis_points + 5_000).div_euclid(10_000)
}
