use std::fmt;
use std::str::FromStr;

use events::Shop;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256};

/// What a secret is kept as. It has 256 bits of chance, so a plain hash is enough.
pub(crate) type Digest = [u8; 32];

const PREFIX: &str = "tk";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// An API key as its holder has it: `tk_<shop>_<id>_<secret>`. The prefix lets scanners find one that
/// was published by mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub(crate) shop: Shop,
    pub(crate) id: String,
    secret: String,
}

/// The machine has no chance to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no randomness to make a key from")]
pub struct NoRandomness;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct NotAToken;

impl Token {
    pub(crate) fn new(shop: Shop) -> Result<Self, NoRandomness> {
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        let random = SystemRandom::new();
        random.fill(&mut id).and_then(|()| random.fill(&mut secret)).map_err(|_| NoRandomness)?;
        Ok(Self { shop, id: hex::encode(id), secret: hex::encode(secret) })
    }

    /// Of the whole key, the shop and the id included: it fits in one place only.
    pub(crate) fn digest(&self) -> Digest {
        Sha256::digest(self.reveal()).into()
    }

    /// The text itself, for the one moment in which it is shown.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}_{}_{}_{}", self.shop, self.id, self.secret)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}_{}_{}_***", self.shop, self.id)
    }
}

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let mut parts = text.splitn(4, '_');
        let (Some(PREFIX), Some(shop), Some(id), Some(secret)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAToken);
        };
        let shop = shop.parse().map_err(|_| NotAToken)?;
        if !is_hex(id, ID_BYTES) || !is_hex(secret, SECRET_BYTES) {
            return Err(NotAToken);
        }
        Ok(Self { shop, id: id.to_owned(), secret: secret.to_owned() })
    }
}

fn is_hex(text: &str, bytes: usize) -> bool {
    text.len() == 2 * bytes && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_token_survives_its_text_and_hides_in_a_log() {
        let token = Token::new("acme-shop".parse().unwrap()).unwrap();
        assert_eq!(token.reveal().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains(&token.secret));
        assert_ne!(Token::new("acme-shop".parse().unwrap()).unwrap(), token);
    }

    #[test]
    fn what_is_no_token_is_none() {
        let good = Token::new("acme".parse().unwrap()).unwrap().reveal();
        let longer = format!("{good}0");
        let upper = good.to_uppercase();
        for text in ["", "tk", "tk_acme", "tk_acme__", &good[1..], &good[..good.len() - 1], &longer, &upper, "a.b.c"] {
            assert_eq!(text.parse::<Token>(), Err(NotAToken), "{text}");
        }
    }
}
