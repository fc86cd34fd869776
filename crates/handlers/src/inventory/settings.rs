use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use aggregates::{Order, Routing, Rule};
use events::{Address, LocationId, Shop, StockAuthority, StockPolicy};

/// What a merchant may set.
#[derive(Debug, Clone, Default)]
pub struct InventorySettings {
    /// How a location is chosen; the first that does not tie decides.
    pub rules: Vec<Rule>,
    /// Locations, best first: the rule `priority`.
    pub priority: Vec<LocationId>,
    /// Where orders of a source are taken from: the rule `pinned`.
    pub pinned: Vec<Pin>,
    /// Where locations are: the rule `nearest`.
    pub addresses: Vec<PlacedAt>,
    /// Shops whose stock our own ledger decides.
    pub ledgers: BTreeSet<Shop>,
    /// At so many available units, or fewer, an item runs low.
    pub low_at: Option<i64>,
}

/// `<source>=<location id>`: `pos=655441491`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    pub source: String,
    pub location_id: LocationId,
}

/// `<location id>=<country>/<province>/<postal code>`, as far as it is known: `655441491=FR/IDF/75011`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedAt {
    pub location_id: LocationId,
    pub country: String,
    pub province: Option<String>,
    pub zip: Option<String>,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct SettingError(&'static str);

impl InventorySettings {
    pub fn policy(&self, shop: &Shop) -> StockPolicy {
        let ledger = self.ledgers.contains(shop);
        let authority = if ledger { StockAuthority::Ledger } else { StockAuthority::Shopify };
        StockPolicy { authority, low_at: self.low_at }
    }

    /// How a location is chosen for an order.
    pub fn routing(&self, order: &Order) -> Routing {
        self.routing_for(order.source_name(), order.destination())
    }

    pub fn routing_for(&self, source: Option<&str>, destination: Option<&Address>) -> Routing {
        let pinned = self.pinned.iter().find(|pin| Some(pin.source.as_str()) == source).map(|pin| pin.location_id);
        let distance = |place: &PlacedAt| Some((place.location_id, place.distance(destination?)));
        let distances = self.addresses.iter().filter_map(distance).collect();
        let (rules, priority) = (self.rules.clone(), self.priority.clone());
        Routing { rules, priority, pinned, distances, elsewhere: BTreeMap::new() }
    }
}

impl PlacedAt {
    /// Orders carry no coordinates, so nearness goes by the postal address: 0 in the same postal district, 1 in
    /// the same province, 2 in the same country, 3 elsewhere.
    fn distance(&self, to: &Address) -> u32 {
        let same = |ours: Option<&str>, theirs: &Option<String>| ours.is_some() && ours == theirs.as_deref();
        if !same(Some(&self.country), &to.country_code) {
            3
        } else if same(self.zip.as_deref().and_then(Address::district_of).as_deref(), &to.district) {
            0
        } else if same(self.province.as_deref(), &to.province_code) {
            1
        } else {
            2
        }
    }
}

impl FromStr for Pin {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let wrong = SettingError("<source>=<location id>");
        let (source, id) = text.split_once('=').ok_or_else(|| wrong.clone())?;
        let location_id = id.trim().parse().map_err(|_| wrong)?;
        Ok(Self { source: source.trim().to_owned(), location_id })
    }
}

impl FromStr for PlacedAt {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let wrong = SettingError("<location id>=<country>/<province>/<postal code>");
        let (id, address) = text.split_once('=').ok_or_else(|| wrong.clone())?;
        let location_id = id.trim().parse().map_err(|_| wrong.clone())?;
        let mut parts = address.split('/').map(str::trim);
        let part = |part: Option<&str>| part.filter(|text| !text.is_empty()).map(str::to_owned);
        let country = part(parts.next()).ok_or(wrong)?;
        Ok(Self { location_id, country, province: part(parts.next()), zip: part(parts.next()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str, province: &str, zip: &str) -> Address {
        let some = |text: &str| Some(text.to_owned());
        let district = Address::district_of(zip);
        Address { country_code: some(country), province_code: some(province), district, ..Address::default() }
    }

    #[test]
    fn nearness_goes_by_the_postal_address() {
        let paris: PlacedAt = "1=FR/IDF/75011".parse().unwrap();
        let to = |country, province, zip| paris.distance(&address(country, province, zip));
        assert_eq!(to("FR", "IDF", "75001"), 0);
        assert_eq!(to("FR", "IDF", "92100"), 1);
        assert_eq!(to("FR", "ARA", "69001"), 2);
        assert_eq!(to("DE", "IDF", "75001"), 3);
        assert_eq!("2=FR".parse::<PlacedAt>().unwrap().distance(&address("FR", "IDF", "75001")), 2);
    }

    #[test]
    fn a_pin_and_a_place_are_read_or_refused() {
        assert_eq!("pos=7".parse::<Pin>().unwrap().location_id.get(), 7);
        for text in ["pos", "=", "pos=x"] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
        for text in ["7", "7=", "x=FR"] {
            assert!(text.parse::<PlacedAt>().is_err(), "{text}");
        }
    }
}
