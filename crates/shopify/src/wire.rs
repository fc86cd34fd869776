//! How Shopify spells values: tolerant where its versions differ, exact always.

mod amount;
mod id;
mod text;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

pub(crate) use amount::{Amount, PriceSet, price, total};
pub(crate) use id::{AnyId, Id, Reference, any_id, gid, id_of_gid, number_of, optional};
pub(crate) use text::{Tags, Text, nonempty, personal};

/// A struct that is an object in the body. Derived structs would also be read from arrays.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = T;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(ObjectVisitor(std::marker::PhantomData)).map(Object)
    }
}

/// An object that Shopify also writes as `null`, as `[]`, or not at all.
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T> Maybe<T> {
    /// As the house knows it, out of the way: a large part that is often missing.
    pub(crate) fn boxed<B: From<T>>(self) -> Option<Box<B>> {
        self.0.map(|part| Box::new(part.into()))
    }
}

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let empty = raw == "null" || raw.strip_prefix('[').is_some_and(|rest| rest.trim_start() == "]");
        if empty {
            return Ok(Self(None));
        }
        serde_json::from_str(raw).map(|Object(value)| Self(Some(value))).map_err(de::Error::custom)
    }
}

/// A list that Shopify also writes as `null` or not at all.
pub(crate) struct List<T>(pub(crate) Vec<Object<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// A field where `null` says something else than silence does; to be marked `#[serde(default)]`.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Field<T> {
    #[default]
    Missing,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}
