//! Customers, and where they live.

use std::collections::BTreeSet;

use crate::chance::Chance;
use crate::market::{MARKETS, Market};

#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) email: String,
    pub(crate) phone: Option<String>,
    pub(crate) note: Option<&'static str>,
    pub(crate) state: &'static str,
    pub(crate) tax_exempt: bool,
    /// Orders for a company.
    pub(crate) company: Option<Company>,
    pub(crate) address: Address,
    pub(crate) market: &'static Market,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted: bool,
    pub(crate) tags: BTreeSet<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Company {
    pub(crate) id: u64,
    pub(crate) location_id: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) id: u64,
    pub(crate) first_name: &'static str,
    pub(crate) last_name: &'static str,
    pub(crate) company: Option<&'static str>,
    pub(crate) street: String,
    pub(crate) town: &'static Town,
    pub(crate) country: &'static str,
    pub(crate) country_code: &'static str,
}

#[derive(Debug)]
pub(crate) struct Town {
    country_code: &'static str,
    pub(crate) city: &'static str,
    pub(crate) zip: &'static str,
    pub(crate) province: Option<(&'static str, &'static str)>,
    pub(crate) position: (&'static str, &'static str),
}

static TOWNS: [Town; 8] = [
    town("US", "Portland", "97205", Some(("Oregon", "OR")), ("45.5202", "-122.6742")),
    town("US", "Brooklyn", "11201", Some(("New York", "NY")), ("40.6943", "-73.9903")),
    town("US", "Austin", "78701", Some(("Texas", "TX")), ("30.2711", "-97.7437")),
    town("CA", "Montréal", "H2X 1Y4", Some(("Quebec", "QC")), ("45.5088", "-73.5617")),
    town("CA", "Ottawa", "K1P 1J1", Some(("Ontario", "ON")), ("45.4215", "-75.6972")),
    town("DE", "Köln", "50667", None, ("50.9384", "6.9600")),
    town("GB", "Leeds", "LS1 4DY", Some(("England", "ENG")), ("53.7997", "-1.5492")),
    town("JP", "京都市", "600-8216", Some(("Kyōto", "JP-26")), ("34.9858", "135.7588")),
];

const fn town(
    country_code: &'static str,
    city: &'static str,
    zip: &'static str,
    province: Option<(&'static str, &'static str)>,
    position: (&'static str, &'static str),
) -> Town {
    Town { country_code, city, zip, province, position }
}

impl Customer {
    pub(crate) fn new(chance: &mut Chance, id: u64, now: i64) -> Self {
        let (first_name, last_name) = name(chance);
        let market = market(chance);
        let company = chance.percent(6).then_some(Company { id: id + 1, location_id: id + 2 });
        Self {
            id,
            first_name,
            last_name,
            email: email(first_name, last_name, id),
            phone: chance.percent(40).then(|| phone(chance)),
            note: None,
            state: chance.one_of(["disabled", "disabled", "enabled", "invited"]),
            tax_exempt: company.is_some(),
            company,
            address: Address::new(chance, id + 3, (first_name, last_name), market),
            market,
            created_at: now,
            updated_at: now,
            deleted: false,
            tags: BTreeSet::new(),
        }
    }
}

impl Address {
    pub(crate) fn new(
        chance: &mut Chance,
        id: u64,
        (first_name, last_name): (&'static str, &'static str),
        market: &'static Market,
    ) -> Self {
        let towns: Vec<&'static Town> = TOWNS.iter().filter(|town| town.country_code == market.country_code).collect();
        let street =
            chance.one_of(["Oak Street", "Rue de l'Église", "Harbour \"Quay\"", "Mill & Sons Lane", "Am Bach"]);
        Self {
            id,
            first_name,
            last_name,
            company: chance.percent(10).then_some("Fjord & Co. <Ltd>"),
            street: format!("{} {street}", chance.between(1..=299)),
            town: chance.pick(&towns).unwrap_or(&TOWNS[0]),
            country: market.country,
            country_code: market.country_code,
        }
    }
}

pub(crate) fn name(chance: &mut Chance) -> (&'static str, &'static str) {
    let first =
        chance.one_of(["Ada", "Björn", "Chloé", "Dmitri", "Esi", "Farid", "Grace", "Hana", "Ivo", "Jun", "Léa"]);
    let last = chance.one_of(["Okafor", "O'Neill", "Müller", "Nakamura", "Silva", "Smith", "Tran", "Ødegård", "Novák"]);
    (first, last)
}

pub(crate) fn email(first: &str, last: &str, id: u64) -> String {
    let plain: String = format!("{first}.{last}").chars().filter(char::is_ascii).collect();
    format!("{}.{}@example.com", plain.replace('\'', "").to_lowercase(), id % 100_000)
}

pub(crate) fn phone(chance: &mut Chance) -> String {
    format!("+1503555{:04}", chance.between(0..=9999))
}

/// Mostly at home.
pub(crate) fn market(chance: &mut Chance) -> &'static Market {
    let choices = [(64, &MARKETS[0]), (12, &MARKETS[1]), (12, &MARKETS[2]), (6, &MARKETS[3]), (6, &MARKETS[4])];
    chance.weighted(&choices).unwrap_or(&MARKETS[0])
}
