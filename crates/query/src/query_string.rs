//! Query strings, read strictly: what is unknown, double or badly encoded is refused, not guessed at.

use serde::de::value::{Error, MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use crate::problem::Problem;

/// Reads the parameters of one endpoint. `Q` refuses unknown fields.
pub(crate) fn read<Q: DeserializeOwned>(query: Option<&str>) -> Result<Q, Problem> {
    let pairs = decode(query.unwrap_or_default())?;
    let mut parameters = Parameters { rest: pairs.into_iter(), name: String::new(), value: String::new() };
    Q::deserialize(MapAccessDeserializer::new(&mut parameters)).map_err(|_| Problem::parameter(&parameters.name))
}

fn decode(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    if query.is_empty() {
        return Ok(pairs);
    }
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (text(name)?, text(value)?);
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(Problem::query_string("a query parameter is given twice"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn text(encoded: &str) -> Result<String, Problem> {
    let malformed = || Problem::query_string("the query string is not percent-encoded UTF-8 text");
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let byte = rest.split_at_checked(2).and_then(|(digits, _)| hex(digits)).ok_or_else(malformed)?;
                bytes.push(byte);
                rest = &rest[2..];
            }
            b'+' => bytes.push(b' '),
            _ => bytes.push(first),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    if text.chars().any(char::is_control) { Err(malformed()) } else { Ok(text) }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let &[high, low] = digits else { return None };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The pairs as serde sees them; it keeps the name it was last asked for, so that a refusal can say it.
struct Parameters {
    rest: std::vec::IntoIter<(String, String)>,
    name: String,
    value: String,
}

impl<'de> MapAccess<'de> for Parameters {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        (self.name, self.value) = (name, value);
        seed.deserialize(self.name.clone().into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Text(std::mem::take(&mut self.value)))
    }
}

/// One value. Being there at all is what makes an option `Some`.
struct Text(String);

impl Text {
    fn plain(self) -> StringDeserializer<Error> {
        self.0.into_deserializer()
    }
}

impl<'de> Deserializer<'de> for Text {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.plain().deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use events::{CustomerId, FinancialStatus, Timestamp};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Query {
        status: Option<FinancialStatus>,
        customer: Option<CustomerId>,
        from: Option<Timestamp>,
        q: Option<String>,
    }

    #[test]
    fn values_are_decoded_and_typed() {
        let query = "status=partially_paid&customer=42&from=2026-01-02T03%3A04:05%2B01:00&q=blue+%C3%A9%2F%25";
        let expected = Query {
            status: Some(FinancialStatus::PartiallyPaid),
            customer: "42".parse().ok(),
            from: "2026-01-02T02:04:05Z".parse().ok(),
            q: Some("blue é/%".to_owned()),
        };
        assert_eq!(read::<Query>(Some(query)), Ok(expected));
        assert_eq!(read::<Query>(None), Ok(Query::default()));
        assert_eq!(read::<Query>(Some("")), Ok(Query::default()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = [
            "x=1",
            "q",
            "q=a&q=a",
            "q=a&%71=b",
            "q=%",
            "q=%4",
            "q=%ZZ",
            "q=%+1",
            "q=%ff",
            "q=%00",
            "q=%0a",
            "&",
            "q=a&",
            "=",
            "status=PAID",
            "status=",
            "customer=01",
            "customer=1e3",
            "customer=-1",
            "customer=9223372036854775808",
            "from=yesterday",
            "from=2026-01-02",
            "from=12026-01-01T00:00:00Z",
            "q[]=1",
            "q=a;x=b&customer=%201",
        ];
        for query in refused.iter().filter(|query| **query != "q") {
            assert!(read::<Query>(Some(query)).is_err(), "{query}");
        }
    }
}
