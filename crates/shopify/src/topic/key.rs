use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::Unreadable;
use crate::wire::Text;

/// Where a body says which one it is about: all parts together, in this order. None: there is one in a shop.
pub type Key = &'static [Part];

/// One part of a key; paths are dotted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A positive 64-bit number, also one written as a string.
    Number(&'static str),
    /// `gid://shopify/<kind>/<number>`, of one of these kinds.
    Gid(&'static str, &'static [&'static str]),
    /// A token of Shopify's.
    Text(&'static str),
}

/// More than any token of Shopify's has; a subject must hold it.
const MAX_TOKEN: usize = 128;

impl Part {
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Number(path) | Self::Gid(path, _) | Self::Text(path) => path,
        }
    }

    fn read(&self, body: &str) -> Result<String, Unreadable> {
        let missing = || Unreadable::missing(self.path());
        let raw = find(body, self.path())?.filter(|raw| *raw != "null").ok_or_else(missing)?;
        let text = match raw.as_bytes()[0] {
            b'"' => serde_json::from_str::<Text<'_>>(raw)?.as_str().to_owned(),
            _ => raw.to_owned(),
        };
        let id = match self {
            Self::Number(_) => Some(text.as_str()).filter(|text| is_id(text)),
            Self::Gid(_, kinds) => number_of_gid(&text, kinds),
            Self::Text(_) => Some(text.as_str()).filter(|text| (1..=MAX_TOKEN).contains(&text.len())),
        };
        id.map(str::to_owned).ok_or_else(|| Unreadable::Shape(format!("`{}` is no id", self.path())))
    }
}

/// The id in the shop of what a body is about, its parts joined by `-`.
pub(crate) fn id_of(key: Key, body: &str) -> Result<String, Unreadable> {
    let parts = key.iter().map(|part| part.read(body)).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.join("-"))
}

/// The JSON at a dotted path; None when an object on the way has no such key.
pub(crate) fn find<'a>(body: &'a str, path: &str) -> Result<Option<&'a str>, Unreadable> {
    let mut raw = body.trim_start();
    for name in path.split('.') {
        if !raw.starts_with('{') {
            return Ok(None);
        }
        let fields: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(raw)?;
        match fields.get(name) {
            Some(value) => raw = value.get(),
            None => return Ok(None),
        }
    }
    Ok(Some(raw))
}

fn number_of_gid<'a>(gid: &'a str, kinds: &[&str]) -> Option<&'a str> {
    let (kind, rest) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
    let number = rest.split('?').next()?;
    (kinds.contains(&kind) && is_id(number)).then_some(number)
}

/// 1 to 2^63 - 1 in canonical digits.
fn is_id(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: Key, body: &str) -> Option<String> {
        id_of(key, body).ok()
    }

    #[test]
    fn a_number_is_an_exact_positive_integer() {
        const ID: Key = &[Part::Number("id")];
        assert_eq!(id(ID, r#"{"id":9007199254740993}"#).as_deref(), Some("9007199254740993"));
        assert_eq!(id(ID, r#"{"id":"5"}"#).as_deref(), Some("5"));
        for bad in ["0", "-1", "5.0", "1e3", "9223372036854775808", "null", r#""""#, r#""05""#, "[5]", "{}", "true"] {
            assert_eq!(id(ID, &format!(r#"{{"id":{bad}}}"#)), None, "{bad}");
        }
        assert_eq!(id(ID, "{}"), None);
    }

    #[test]
    fn a_global_id_is_of_its_kinds_only() {
        const KEY: Key = &[Part::Gid("a.b", &["Company", "Discount"])];
        let with = |gid: &str| id(KEY, &format!(r#"{{"x":1,"a":{{"b":"{gid}"}}}}"#));
        assert_eq!(with(r"gid:\/\/shopify\/Company\/7?x=1").as_deref(), Some("7"));
        assert_eq!(with("gid://shopify/Discount/8").as_deref(), Some("8"));
        for bad in ["gid://shopify/CompanyLocation/7", "gid://shopify/Company/", "7", "gid://other/Company/7", ""] {
            assert_eq!(with(bad), None, "{bad}");
        }
        assert_eq!(id(KEY, r#"{"a":[]}"#), None);
        assert_eq!(id(KEY, r#"{"a":null}"#), None);
    }

    #[test]
    fn a_key_of_several_parts_is_one_id() {
        const KEY: Key = &[Part::Number("contract"), Part::Text("cycle")];
        assert_eq!(id(KEY, r#"{"cycle":"x y","contract":4}"#).as_deref(), Some("4-x y"));
        assert_eq!(id(KEY, &format!(r#"{{"contract":4,"cycle":"{}"}}"#, "x".repeat(129))), None);
        assert_eq!(id(&[], "{}").as_deref(), Some(""));
    }
}
