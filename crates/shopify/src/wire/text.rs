use std::borrow::Cow;
use std::fmt;

use events::Sealed;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A string, borrowed from the body when it is written without escapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) const fn verbatim(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// Shopify writes "nothing" as `null`, as `""`, or not at all, by version and by field: all are None.
pub(crate) fn nonempty(text: Option<Text<'_>>) -> Option<String> {
    text.map(|Text(text)| text.into_owned()).filter(|text| !text.is_empty())
}

/// A word of a person; the only place where one comes into the house.
pub(crate) fn personal(text: Option<Text<'_>>) -> Option<Sealed> {
    nonempty(text).map(Sealed::Open)
}

/// `"a, b"` or `["a", "b"]`; trimmed, in Shopify's order, without empty ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tags(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let texts: Vec<Text<'_>> = if raw.starts_with('[') {
            serde_json::from_str(raw).map_err(de::Error::custom)?
        } else {
            vec![serde_json::from_str(raw).map_err(de::Error::custom)?]
        };
        let tags = texts.iter().flat_map(|text| text.as_str().split(',')).map(str::trim);
        Ok(Self(tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_a_text_with_commas_or_a_list() {
        let read = |json: &str| serde_json::from_str::<Tags>(json).ok().map(|Tags(tags)| tags.join("|"));
        assert_eq!(read(r#""vip,  b2b ,,L\u00e9on""#).as_deref(), Some("vip|b2b|Léon"));
        assert_eq!(read(r#"["vip", " b2b", ""]"#).as_deref(), Some("vip|b2b"));
        assert_eq!(read(r#""""#).as_deref(), Some(""));
        assert_eq!(read("[]").as_deref(), Some(""));
        for bad in ["7", "{}", "[7]"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn empty_text_is_nothing() {
        let read = |json| nonempty(serde_json::from_str::<Option<Text<'_>>>(json).unwrap());
        assert_eq!(read("null"), None);
        assert_eq!(read(r#""""#), None);
        assert_eq!(read(r#""a\/b""#).as_deref(), Some("a/b"));
    }
}
