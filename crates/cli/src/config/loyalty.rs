//! `[loyalty]`: what a merchant promises. Everything that could not be kept is refused here, with its line.

use std::collections::BTreeSet;

use events::Rounding;
use handlers::loyalty::{Program, Tier};
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
    #[serde(deserialize_with = "window")]
    tier_window_days: u32,
    #[serde(deserialize_with = "tiers", skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierConfig>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierConfig {
    name: String,
    from_points: i64,
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
            tier_window_days: program.tier_window_days,
            tiers: Vec::new(),
        }
    }
}

impl Loyalty {
    /// As the service needs it.
    pub(crate) fn program(&self) -> Program {
        let tier = |tier: &TierConfig| Tier {
            name: tier.name.clone(),
            from_points: tier.from_points,
            multiplier: tier.multiplier.0,
        };
        Program {
            rate: self.rate.0,
            rounding: self.rounding,
            pending_days: self.pending_days,
            validity_days: self.validity_days,
            include_shipping: self.include_shipping,
            include_tax: self.include_tax,
            include_gift_cards: self.include_gift_cards,
            tiers: self.tiers.iter().map(tier).collect(),
            tier_window_days: self.tier_window_days,
        }
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

fn window<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match days(deserializer)? {
        0 => Err(de::Error::custom("a window of 0 days holds nothing")),
        days => Ok(days),
    }
}

/// From the lowest to the highest, each with a name of its own.
fn tiers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TierConfig>, D::Error> {
    let tiers = Vec::<TierConfig>::deserialize(deserializer)?;
    let mut names = BTreeSet::new();
    for (at, tier) in tiers.iter().enumerate() {
        let (name, from) = (&tier.name, tier.from_points);
        let refusal = if name.trim().is_empty() || name.len() > 64 {
            Some("needs a name of at most 64 bytes".to_owned())
        } else if !names.insert(name) {
            Some("is there twice".to_owned())
        } else if from < 0 {
            Some("cannot begin below 0 points".to_owned())
        } else if at > 0 && from <= tiers[at - 1].from_points {
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
    use super::Loyalty;

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
        let tiers: Vec<_> =
            program.tiers.iter().map(|tier| (tier.name.as_str(), tier.multiplier.to_string())).collect();
        assert_eq!(tiers, [("base", "1".to_owned()), ("gold", "2".to_owned())]);
    }
}
