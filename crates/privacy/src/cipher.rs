use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use events::{AggregateKey, Token};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

pub(crate) const KEY: usize = 32;
const NONCE: usize = 24;

/// What seals the words of one person, and opens them.
#[derive(Clone)]
pub struct DataKey {
    raw: [u8; KEY],
    cipher: XChaCha20Poly1305,
    nonces: hmac::Key,
}

/// A word was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    #[error("there is no randomness to make a key from")]
    NoRandomness,
    #[error("a text is too long to be sealed")]
    TooLong,
    #[error("a sealed text is not of this key, shop, person and field")]
    Foreign,
}

impl DataKey {
    /// A new one, of randomness.
    pub fn generate() -> Result<Self, CipherError> {
        random().map(Self::from)
    }

    /// The same text of the same person in the same field has the same token, so that sealed values can be compared:
    /// the nonce is a keyed hash of all of it. Different texts never share a nonce under one key.
    pub fn seal(&self, subject: &AggregateKey, field: &str, text: &str) -> Result<Token, CipherError> {
        let bound = bound(subject, field);
        let tag = hmac::sign(&self.nonces, &[bound.as_bytes(), &[0], text.as_bytes()].concat());
        let nonce = &tag.as_ref()[..NONCE];
        let sealed = encrypt(&self.cipher, nonce, text.as_bytes(), &bound)?;
        Ok(Token::new(subject, field, &URL_SAFE_NO_PAD.encode([nonce, &sealed].concat())))
    }

    /// Opens a token of this person.
    pub fn open(&self, subject: &AggregateKey, token: &Token) -> Result<String, CipherError> {
        let sealed = URL_SAFE_NO_PAD.decode(token.ciphertext()).map_err(|_| CipherError::Foreign)?;
        let text = decrypt(&self.cipher, &sealed, &bound(subject, token.field()))?;
        String::from_utf8(text).map_err(|_| CipherError::Foreign)
    }

    /// Of one block each: HKDF-Expand of a key that is random already.
    fn derive(raw: &[u8; KEY], purpose: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, raw), &[purpose, &[1]].concat())
    }

    pub(crate) fn raw(&self) -> &[u8; KEY] {
        &self.raw
    }
}

impl From<[u8; KEY]> for DataKey {
    fn from(raw: [u8; KEY]) -> Self {
        let sealing = Self::derive(&raw, b"tillstream seal");
        let nonces = Self::derive(&raw, b"tillstream nonce");
        let cipher = XChaCha20Poly1305::new(Key::from_slice(sealing.as_ref()));
        Self { raw, cipher, nonces: hmac::Key::new(hmac::HMAC_SHA256, nonces.as_ref()) }
    }
}

/// What a ciphertext is tied to. Not the event's type: a word of one person is the same in whatever event it comes.
fn bound(subject: &AggregateKey, field: &str) -> String {
    format!("{subject}\n{field}")
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], CipherError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| CipherError::NoRandomness)?;
    Ok(bytes)
}

/// With a nonce of randomness before it.
pub(crate) fn wrap(cipher: &XChaCha20Poly1305, content: &[u8], bound: &str) -> Result<Vec<u8>, CipherError> {
    let nonce = random::<NONCE>()?;
    Ok([&nonce, encrypt(cipher, &nonce, content, bound)?.as_slice()].concat())
}

fn encrypt(cipher: &XChaCha20Poly1305, nonce: &[u8], content: &[u8], bound: &str) -> Result<Vec<u8>, CipherError> {
    let payload = Payload { msg: content, aad: bound.as_bytes() };
    cipher.encrypt(XNonce::from_slice(nonce), payload).map_err(|_| CipherError::TooLong)
}

/// The nonce stands before it.
pub(crate) fn decrypt(cipher: &XChaCha20Poly1305, sealed: &[u8], bound: &str) -> Result<Vec<u8>, CipherError> {
    let (nonce, content) = sealed.split_at_checked(NONCE).ok_or(CipherError::Foreign)?;
    let payload = Payload { msg: content, aad: bound.as_bytes() };
    cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| CipherError::Foreign)
}

#[cfg(test)]
mod tests {
    use events::AggregateKind;
    use proptest::prelude::*;

    use super::*;

    fn customer(shop: &str, id: u64) -> AggregateKey {
        AggregateKey::new(AggregateKind::Customer, &shop.parse().unwrap(), id)
    }

    fn key(byte: u8) -> DataKey {
        DataKey::from([byte; KEY])
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_to_what_it_was_and_nowhere_else(text in ".*", other in ".*") {
            let ann = customer("acme", 7);
            let token = key(1).seal(&ann, "email", &text).unwrap();
            prop_assert_eq!(key(1).open(&ann, &token), Ok(text.clone()));
            prop_assert_eq!(key(2).open(&ann, &token), Err(CipherError::Foreign));
            let strangers = [customer("acme", 8), customer("other", 7)];
            for stranger in strangers {
                prop_assert_eq!(key(1).open(&stranger, &token), Err(CipherError::Foreign));
            }
            let moved = Token::new(&ann, "phone", token.ciphertext());
            prop_assert_eq!(key(1).open(&ann, &moved), Err(CipherError::Foreign));
            let same = key(1).seal(&ann, "email", &other).unwrap() == token;
            prop_assert_eq!(same, text == other);
        }
    }

    #[test]
    fn a_token_shows_nothing_of_the_text_and_no_bit_of_it_can_be_changed() {
        let ann = customer("acme", 7);
        let token = key(1).seal(&ann, "first_name", "Canary").unwrap();
        let sealed = URL_SAFE_NO_PAD.decode(token.ciphertext()).unwrap();
        assert!(!token.to_string().contains("Canary") && !sealed.windows(6).any(|bytes| bytes == b"Canary"));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            let changed = Token::new(&ann, "first_name", &URL_SAFE_NO_PAD.encode(changed));
            assert_eq!(key(1).open(&ann, &changed), Err(CipherError::Foreign), "byte {at}");
        }
    }
}
