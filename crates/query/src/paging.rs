use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// How many rows of a list to show: 1 to 250.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Limit(u32);

impl Limit {
    pub(crate) const MAX: u32 = 250;

    pub(crate) fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let limit =
            digits(&text).and_then(|limit| u32::try_from(limit).ok()).filter(|limit| (1..=Self::MAX).contains(limit));
        limit.map(Self).ok_or_else(|| D::Error::custom("not a limit"))
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "format": "int32", "minimum": 1, "maximum": Self::MAX})
    }
}

/// The `next_cursor` of a list, as it came back. No schema tells one from what the list never gave.
#[derive(Debug, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Cursor(String);

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$"})
    }
}

/// A number in its one spelling: digits without a sign or a leading zero.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| canonical && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Which list a cursor is of; on another one it would skip rows, so it is refused there.
pub(crate) struct List([u8; 8]);

impl List {
    /// `name` and whatever else tells one list from another: the shop, the filters.
    pub(crate) fn new(name: &str, filters: impl fmt::Debug) -> Self {
        let digest = Sha256::digest(format!("{name}\n{filters:?}"));
        let mut mark = [0; 8];
        mark.copy_from_slice(&digest[..8]);
        Self(mark)
    }

    pub(crate) fn seal(&self, cursor: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.0[..], cursor.as_bytes()].concat())
    }

    pub(crate) fn open<C: FromStr>(&self, sealed: &Cursor) -> Result<C, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.0).ok();
        let cursor = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(&self.0[..]));
        let cursor = cursor.and_then(|cursor| str::from_utf8(cursor).ok()).and_then(|cursor| cursor.parse().ok());
        cursor.ok_or_else(Problem::cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_on_its_own_list_only() {
        let list = List::new("orders", ("acme", Some(1)));
        let sealed = list.seal("17.42");
        let given = Cursor(sealed.clone());
        assert_eq!(list.open::<String>(&given), Ok("17.42".to_owned()));
        for other in [List::new("orders", ("acme", Some(2))), List::new("orders", ("other", Some(1)))] {
            assert_eq!(other.open::<String>(&given), Err(Problem::cursor()));
        }
        for forged in ["", "x", "MTcuNDI", &sealed[1..], &sealed[..10], &format!("{sealed}="), &format!("{sealed}!")] {
            assert_eq!(list.open::<u64>(&Cursor(forged.to_owned())), Err(Problem::cursor()), "{forged}");
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(digits("0"), Some(0));
        assert_eq!(digits("18446744073709551615"), Some(u64::MAX));
        for text in ["", "-1", "+1", "01", "00", "1e3", "1.0", " 1", "١", "18446744073709551616"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }
}
