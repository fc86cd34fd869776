//! `[loyalty]`: what a merchant promises. Everything that could not be kept is refused here, with its line.

use std::collections::BTreeSet;

use events::Rounding;
use handlers::loyalty::{Program, Tier, TierBasis};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A hundred years.
const MOST_DAYS: u32 = 36_500;
const MOST_FACTOR: i64 = 1_000_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Loyalty {
    pub(crate) enabled: bool,
    rate: Factor,
    rounding: Rounding,
    #[serde(deserialize_with = "days")]
    pending_days: u32,
    #[serde(deserialize_with = "days")]
    validity_days: u32,
    include_shipping: bool,
    include_tax: bool,
    include_gift_cards: bool,
    #[serde(deserialize_with = "hours")]
    hold_hours: u32,
    #[serde(deserialize_with = "window")]
    tier_window_days: u32,
    /// By points, each with `from_points`; or by money, each with `from_spent`.
    #[serde(deserialize_with = "tiers", skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierConfig>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierConfig {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_points: Option<i64>,
    /// In whole units of the shop's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_spent: Option<i64>,
    #[serde(default)]
    multiplier: Factor,
}

/// A positive decimal, written as text: `"1.5"`.
#[derive(Debug, Clone, Copy)]
struct Factor(Decimal);

impl Default for Factor {
    fn default() -> Self {
        Self(Decimal::ONE)
    }
}

impl Default for Loyalty {
    fn default() -> Self {
        let program = Program::default();
        Self {
            enabled: true,
            rate: Factor(program.rate),
            rounding: program.rounding,
            pending_days: program.pending_days,
            validity_days: program.validity_days,
            include_shipping: program.include_shipping,
            include_tax: program.include_tax,
            include_gift_cards: program.include_gift_cards,
            hold_hours: program.hold_hours,
            tier_window_days: program.tier_window_days,
            tiers: Vec::new(),
        }
    }
}

impl Loyalty {
    /// As the service needs it.
    pub(crate) fn program(&self) -> Program {
        let tier =
            |tier: &TierConfig| Tier { name: tier.name.clone(), from: tier.from(), multiplier: tier.multiplier.0 };
        let spent = self.tiers.iter().any(|tier| tier.from_spent.is_some());
        Program {
            rate: self.rate.0,
            rounding: self.rounding,
            pending_days: self.pending_days,
            validity_days: self.validity_days,
            include_shipping: self.include_shipping,
            include_tax: self.include_tax,
            include_gift_cards: self.include_gift_cards,
            tiers: self.tiers.iter().map(tier).collect(),
            tier_by: if spent { TierBasis::Spent } else { TierBasis::Points },
            tier_window_days: self.tier_window_days,
            hold_hours: self.hold_hours,
        }
    }
}

impl TierConfig {
    /// It has one of the two.
    fn from(&self) -> i64 {
        self.from_points.or(self.from_spent).unwrap_or_default()
    }
}

impl Serialize for Factor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let allowed = Decimal::new(1, 9)..=Decimal::from(MOST_FACTOR);
        let factor = text.trim().parse().ok().filter(|factor| allowed.contains::<Decimal>(factor));
        factor.map(Self).ok_or_else(|| {
            de::Error::custom(format!("{text:?} is not a decimal above 0 and up to {MOST_FACTOR}, as \"1.5\""))
        })
    }
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let days = u32::deserialize(deserializer)?;
    if days <= MOST_DAYS { Ok(days) } else { Err(de::Error::custom(format!("more than {MOST_DAYS} days"))) }
}

fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let (hours, most) = (u32::deserialize(deserializer)?, 24 * MOST_DAYS);
    if hours <= most { Ok(hours) } else { Err(de::Error::custom(format!("more than {most} hours"))) }
}

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match days(deserializer)? {
        0 => Err(de::Error::custom("a window of 0 days holds nothing")),
        days => Ok(days),
    }
}

/// From the lowest to the highest, each with a name of its own, all by points or all by money.
fn tiers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TierConfig>, D::Error> {
    let tiers = Vec::<TierConfig>::deserialize(deserializer)?;
    let mut names = BTreeSet::new();
    for (at, tier) in tiers.iter().enumerate() {
        let (name, from) = (&tier.name, tier.from());
        let refusal = if name.trim().is_empty() || name.len() > 64 {
            Some("needs a name of at most 64 bytes".to_owned())
        } else if !names.insert(name) {
            Some("is there twice".to_owned())
        } else if tier.from_points.is_some() == tier.from_spent.is_some() {
            Some("needs from_points or from_spent, and not both".to_owned())
        } else if tier.from_points.is_some() != tiers[0].from_points.is_some() {
            Some("goes by points where another goes by money".to_owned())
        } else if from < 0 {
            Some("cannot begin below 0".to_owned())
        } else if at > 0 && from <= tiers[at - 1].from() {
            Some(format!("must begin above tier {:?}: list tiers from the lowest to the highest", tiers[at - 1].name))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Err(de::Error::custom(format!("tier {name:?} {refusal}")));
        }
    }
    Ok(tiers)
}

#[cfg(test)]
mod tests {
    use super::{Loyalty, TierBasis};

    fn refusal(file: &str) -> String {
        toml::from_str::<Loyalty>(file).unwrap_err().to_string()
    }

    #[test]
    fn a_program_that_could_not_be_kept_is_refused_with_its_line_and_reason() {
        let tiers = |list: &str| format!("rate = \"1\"\ntiers = [{list}]\n");
        for (file, line, reason) in [
            ("rate = \"0\"".to_owned(), "line 1", "above 0"),
            ("rate = \"-1\"".to_owned(), "line 1", "above 0"),
            ("rate = \"much\"".to_owned(), "line 1", "above 0"),
            ("\nrate = \"1000001\"".to_owned(), "line 2", "1000000"),
            ("rounding = \"down\"".to_owned(), "line 1", "half_even"),
            ("pending_days = -1".to_owned(), "line 1", "u32"),
            ("validity_days = 40000".to_owned(), "line 1", "36500"),
            ("tier_window_days = 0".to_owned(), "line 1", "0 days"),
            (tiers("{name = \"a\", from_points = 5}, {name = \"b\", from_points = 5}"), "line 2", "above tier \"a\""),
            (tiers("{name = \"a\", from_points = 1}, {name = \"a\", from_points = 2}"), "line 2", "twice"),
            (tiers("{name = \" \", from_points = 1}"), "line 2", "name"),
            (tiers("{name = \"a\", from_points = -1}"), "line 2", "below 0"),
            (tiers("{name = \"a\", from_points = 1, multiplier = \"0\"}"), "line 2", "above 0"),
            (tiers("{name = \"a\", points = 1}"), "line 2", "points"),
            (tiers("{name = \"a\"}"), "line 2", "from_spent"),
            (tiers("{name = \"a\", from_points = 1, from_spent = 1}"), "line 2", "not both"),
            (tiers("{name = \"a\", from_points = 1}, {name = \"b\", from_spent = 2}"), "line 2", "by money"),
            ("hold_hours = 9000000".to_owned(), "line 1", "hours"),
        ] {
            let refusal = refusal(&file);
            assert!(refusal.contains(line) && refusal.contains(reason), "{file}: {refusal}");
        }
    }

    #[test]
    fn a_program_is_what_the_file_says() {
        let file = "rate = \"0.5\"\nrounding = \"ceil\"\npending_days = 14\nvalidity_days = 0\ninclude_tax = true\n\
                    tiers = [{name = \"base\", from_points = 0}, {name = \"gold\", from_points = 500, multiplier = \"2\"}]";
        let program = toml::from_str::<Loyalty>(file).unwrap().program();
        assert_eq!((program.rate.to_string(), program.pending_days, program.validity_days), ("0.5".to_owned(), 14, 0));
        assert!(program.include_tax && !program.include_shipping);
        assert_eq!((program.tier_by, program.hold_hours), (TierBasis::Points, 24));
        let spent = "hold_hours = 2\ntiers = [{name = \"gold\", from_spent = 500}]";
        let spent = toml::from_str::<Loyalty>(spent).unwrap().program();
        assert_eq!((spent.tier_by, spent.hold_hours, spent.tiers[0].from), (TierBasis::Spent, 2, 500));
        let tiers: Vec<_> =
            program.tiers.iter().map(|tier| (tier.name.as_str(), tier.multiplier.to_string())).collect();
        assert_eq!(tiers, [("base", "1".to_owned()), ("gold", "2".to_owned())]);
    }
}
