use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::Text;
use crate::Unreadable;

/// The id of the thing a body is about: a JSON integer, read from its digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Id<T>(pub(crate) T);

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = <&RawValue>::deserialize(deserializer)?.get();
        digits.parse().map(Self).map_err(de::Error::custom)
    }
}

/// The id of another thing: old bodies write some as strings, and the empty string for none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reference<T>(Option<T>);

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for Reference<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let digits = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        if digits.is_empty() {
            return Ok(Self(None));
        }
        digits.parse().map(|id| Self(Some(id))).map_err(de::Error::custom)
    }
}

/// The id, when the body refers to anything.
pub(crate) fn optional<T>(reference: Option<Reference<T>>) -> Option<T> {
    reference.and_then(|Reference(id)| id)
}

/// An id that some versions write as a number, some as its digits and some as a global id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AnyId<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for AnyId<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text = if raw.starts_with('"') { serde_json::from_str(raw) } else { Ok(Text::verbatim(raw)) };
        text.map(Self).map_err(de::Error::custom)
    }
}

impl AnyId<'_> {
    /// The id, when it is one of this kind.
    pub(crate) fn of<T: FromStr>(&self, kind: &str) -> Result<T, Unreadable> {
        let text = self.0.as_str();
        text.parse().or_else(|_| id_of_gid(text, kind))
    }
}

/// The id, when the body says one; null is none.
pub(crate) fn any_id<T: FromStr>(id: Option<&AnyId<'_>>, kind: &str) -> Result<Option<T>, Unreadable> {
    id.filter(|id| id.0.as_str() != "null").map(|id| id.of(kind)).transpose()
}

/// Reads `gid://shopify/<kind>/<id>`, with or without a query.
pub(crate) fn id_of_gid<T: FromStr>(gid: &str, kind: &str) -> Result<T, Unreadable> {
    let id = gid.strip_prefix("gid://shopify/").and_then(|rest| rest.strip_prefix(kind)?.strip_prefix('/'));
    let id = id.and_then(|id| id.split('?').next()?.parse().ok());
    id.ok_or_else(|| Unreadable::Shape(format!("not the global id of one {kind}")))
}

/// The id of another thing by its global id, when there is one.
pub(crate) fn gid<T: FromStr>(gid: Option<Text<'_>>, kind: &str) -> Result<Option<T>, Unreadable> {
    gid.map(|gid| id_of_gid(gid.as_str(), kind)).transpose()
}

/// The number in a global id of any kind.
pub(crate) fn number_of(gid: &str) -> Option<&str> {
    let (_, number) = gid.strip_prefix("gid://shopify/")?.split_once('/')?;
    number.split('?').next()
}

#[cfg(test)]
mod tests {
    use events::{CustomerId, OrderId, ProductId, VariantId};

    use super::*;

    #[test]
    fn an_id_is_an_exact_positive_integer() {
        let read = |json: &str| serde_json::from_str::<Id<OrderId>>(json).ok().map(|Id(id)| id.get());
        assert_eq!(read("9007199254740993"), Some((1 << 53) + 1));
        assert_eq!(read("9223372036854775807"), Some(i64::MAX as u64));
        for bad in ["9223372036854775808", "18446744073709551616", "-1", "0", "5.0", "1e3", "\"5\"", "null", "[5]"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_reference_is_a_number_or_its_digits_or_nothing() {
        let read = |json: &str| {
            let reference = serde_json::from_str::<Option<Reference<ProductId>>>(json);
            reference.map(|reference| optional(reference).map(ProductId::get)).ok()
        };
        assert_eq!(read("788032119674292922"), Some(Some(788_032_119_674_292_922)));
        assert_eq!(read("\"788032119674292922\""), Some(Some(788_032_119_674_292_922)));
        assert_eq!(read("null"), Some(None));
        assert_eq!(read("\"\""), Some(None));
        for bad in ["0", "-1", "1.5", "\"x\"", "\"01\"", "{}", "true"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn any_spelling_of_an_id_is_read_and_no_other_kind() {
        let read = |json: &str| serde_json::from_str::<AnyId<'_>>(json).unwrap().of::<CustomerId>("Customer").ok();
        for spelling in ["42", "\"42\"", "\"gid://shopify/Customer/42\"", "\"gid:\\/\\/shopify\\/Customer\\/42\""] {
            assert_eq!(read(spelling).map(CustomerId::get), Some(42), "{spelling}");
        }
        for bad in ["\"gid://shopify/Order/42\"", "4.2", "{}", "true", "null", "\"\""] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(any_id::<CustomerId>(serde_json::from_str(r#"null"#).ok().as_ref(), "Customer"), Ok(None));
    }

    #[test]
    fn a_global_id_is_of_its_kind_only() {
        let read = |gid| id_of_gid::<VariantId>(gid, "ProductVariant").ok().map(VariantId::get);
        assert_eq!(read("gid://shopify/ProductVariant/42"), Some(42));
        assert_eq!(read("gid://shopify/ProductVariant/42?x=1"), Some(42));
        for bad in
            ["gid://shopify/Product/42", "gid://shopify/ProductVariants/42", "42", "gid://shopify/ProductVariant/"]
        {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
