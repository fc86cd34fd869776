use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

/// Reads a whole number, also where JSON spells it `1.0`: to a schema it is the same.
pub(crate) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(Whole)
}

/// Up to here every whole number has a float of its own.
const EXACT: f64 = 9_007_199_254_740_991.0;

struct Whole;

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(E::custom)
    }

    #[allow(clippy::cast_possible_truncation, reason = "it is whole, and within what 64 bits hold")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        let is_whole = number.abs() <= EXACT && number.fract() == 0.0;
        if is_whole { Ok(number as i64) } else { Err(E::custom("not a whole number")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_many_spellings() {
        let read = |text: &str| whole(&mut serde_json::Deserializer::from_str(text)).ok();
        for (text, number) in
            [("1", 1), ("1.0", 1), ("1e3", 1000), ("-2.0", -2), ("-0.0", 0), ("9007199254740991.0", (1 << 53) - 1)]
        {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert_eq!(read("9223372036854775807"), Some(i64::MAX));
        for text in ["1.5", "1e300", "1e400", "9007199254740993.0", "9223372036854775808", "\"1\"", "null", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
