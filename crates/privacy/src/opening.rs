//! The rim: JSON on its way out of the house.

use events::{Shop, Token};
use serde_json::Value;

use crate::{Vault, VaultError};

impl Vault {
    /// Opens every token that stands under the name of its own field; what can no longer be opened becomes null. A
    /// text that merely looks like a token, as a merchant may write one, stays as it is.
    pub async fn open_json(&self, shop: &Shop, json: &mut Value) -> Result<(), VaultError> {
        let mut found = Vec::new();
        collect("", json, &mut found);
        for (place, token) in found {
            *place = self.unseal(shop, &token).await?.map_or(Value::Null, Value::String);
        }
        Ok(())
    }
}

fn collect<'v>(name: &str, value: &'v mut Value, found: &mut Vec<(&'v mut Value, Token)>) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| collect(name, member, found)),
        Value::Array(items) => items.iter_mut().for_each(|item| collect(name, item, found)),
        Value::String(text) => {
            if let Ok(token) = Token::try_from(text.clone())
                && token.field() == name
            {
                found.push((value, token));
            }
        }
        _ => {}
    }
}
