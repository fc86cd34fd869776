//! Personal data: readable where it was just told, sealed wherever it is kept.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

use crate::{AggregateKey, Shop, subject};

/// A word of a person: a name, an address, a note.
///
/// Two of them can be compared while they are sealed: one person's same word in the same field has the same token.
/// What can no longer be opened is null to whoever reads it.
#[derive(Clone, PartialEq, Eq)]
pub enum Sealed {
    /// As Shopify has just said it. It cannot be stored.
    Open(String),
    /// As it is kept.
    Shut(Token),
    /// As it stands in a log from before there were seals.
    Clear(String),
}

impl Sealed {
    /// The token, of what has one.
    pub fn token(&self) -> Option<&Token> {
        if let Self::Shut(token) = self { Some(token) } else { None }
    }
}

impl From<String> for Sealed {
    fn from(text: String) -> Self {
        Self::Open(text)
    }
}

/// Nothing of it: what is printed ends in logs.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) | Self::Clear(_) => f.write_str("…"),
            Self::Shut(token) => f.write_str(&token.0),
        }
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Open(_) => Err(ser::Error::custom("personal data is not sealed")),
            Self::Shut(token) => serializer.serialize_str(&token.0),
            Self::Clear(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Token::try_from(String::deserialize(deserializer)?);
        Ok(read.map_or_else(Self::Clear, Self::Shut))
    }
}

impl JsonSchema for Sealed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sealed".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Personal data. In the log it is `sealed:1:<whose>:<field>:<ciphertext>`, which opens to a \
                            text as long as its key is there, and to null from then on.",
            "type": "string",
            "format": "sealed",
        })
    }

    fn inline_schema() -> bool {
        true
    }
}

/// A sealed word: whose it is, in which field it stands, and the ciphertext. It opens nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(String);

const PREFIX: &str = "sealed:1:";

impl Token {
    /// `field` is the name of the field in JSON, `ciphertext` base64 for URLs.
    pub fn new(subject: &AggregateKey, field: &str, ciphertext: &str) -> Self {
        Self(format!("{PREFIX}{}/{}:{field}:{ciphertext}", subject.kind, subject::encode(&subject.id)))
    }

    /// Whose key opens it: a person's record, or whatever it stands in when nobody is named.
    pub fn subject(&self, shop: &Shop) -> Option<AggregateKey> {
        let (kind, id) = self.part(0)?.split_once('/')?;
        Some(AggregateKey { kind: kind.parse().ok()?, shop: shop.clone(), id: subject::decode(id)? })
    }

    pub fn field(&self) -> &str {
        self.part(1).unwrap_or_default()
    }

    pub fn ciphertext(&self) -> &str {
        self.part(2).unwrap_or_default()
    }

    fn part(&self, index: usize) -> Option<&str> {
        self.0.strip_prefix(PREFIX)?.split(':').nth(index)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Token {
    type Error = String;

    /// Gives a text that is none back.
    fn try_from(text: String) -> Result<Self, String> {
        let parts = text.strip_prefix(PREFIX).map(|rest| rest.split(':').count());
        if parts == Some(3) { Ok(Self(text)) } else { Err(text) }
    }
}

/// A word of a person, and whose it is: what a seal needs to know.
#[derive(Debug)]
pub struct Piece<'a> {
    /// With whose key it is forgotten.
    pub subject: AggregateKey,
    pub field: &'static str,
    pub value: &'a mut Option<Sealed>,
}

/// The words of a person in something, each with the name of its field.
pub type Words<'a> = Vec<(&'static str, &'a mut Option<Sealed>)>;

/// What holds words of a person.
pub trait Personal {
    fn words(&mut self) -> Words<'_>;
}

impl<T: Personal> Personal for Option<T> {
    fn words(&mut self) -> Words<'_> {
        self.as_mut().map_or_else(Vec::new, Personal::words)
    }
}

impl<T: Personal> Personal for Box<T> {
    fn words(&mut self) -> Words<'_> {
        T::words(self)
    }
}

/// Names the fields of a struct that hold words of a person, and those that hold more of such.
macro_rules! personal {
    ($($name:ident { $($field:ident),* } $(with { $($part:ident),* })?;)*) => {$(
        impl crate::Personal for $name {
            fn words(&mut self) -> crate::Words<'_> {
                #[allow(unused_mut, reason = "not every struct has parts")]
                let mut words: crate::Words<'_> = vec![$((stringify!($field), &mut self.$field),)*];
                $($(words.extend(crate::Personal::words(&mut self.$part));)*)?
                words
            }
        }
    )*};
}
pub(crate) use personal;

/// Says whose the words are.
pub fn pieces<'a>(subject: &AggregateKey, words: Words<'a>) -> Vec<Piece<'a>> {
    words.into_iter().map(|(field, value)| Piece { subject: subject.clone(), field, value }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::AggregateKind;

    fn acme() -> Shop {
        "acme".parse().unwrap()
    }

    fn token(id: &str) -> Token {
        Token::new(&AggregateKey::new(AggregateKind::Customer, &acme(), id), "email", "AbC-_1")
    }

    #[test]
    fn what_is_open_cannot_be_written_or_printed() {
        let open = Sealed::from("Ada".to_owned());
        assert_eq!(serde_json::to_string(&open).unwrap_err().to_string(), "personal data is not sealed");
        assert_eq!(format!("{open:?} {:?}", Sealed::Clear("Ada".to_owned())), "… …");
    }

    #[test]
    fn a_token_is_one_text() {
        let sealed = Sealed::Shut(token("7"));
        let json = serde_json::to_string(&sealed).unwrap();
        assert_eq!(json, r#""sealed:1:customer/7:email:AbC-_1""#);
        assert_eq!(serde_json::from_str::<Sealed>(&json).unwrap(), sealed);
    }

    #[test]
    fn what_was_stored_before_there_were_seals_stays_as_it_is() {
        for old in ["Ada", "", "sealed:1:", "sealed:2:customer/7:email:x", "sealed:1:customer/7:email:x:y"] {
            let read: Sealed = serde_json::from_value(old.into()).unwrap();
            assert_eq!(read, Sealed::Clear(old.to_owned()));
            assert_eq!(serde_json::to_value(&read).unwrap(), old);
        }
    }

    proptest! {
        #[test]
        fn no_id_breaks_out_of_its_token(id in ".*") {
            let read = Token::try_from(token(&id).to_string()).unwrap();
            let subject = AggregateKey::new(AggregateKind::Customer, &acme(), &id);
            prop_assert_eq!((read.subject(&acme()), read.field(), read.ciphertext()), (Some(subject), "email", "AbC-_1"));
        }
    }
}
