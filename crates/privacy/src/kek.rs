use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::VaultError;
use crate::cipher::{self, CipherError, KEY};

/// What wraps the data keys. It is never in their database.
#[derive(Clone)]
pub struct Kek {
    id: String,
    cipher: XChaCha20Poly1305,
}

/// All that are configured: the first wraps, any of them opens.
#[derive(Clone)]
pub(crate) struct Keks(Vec<Kek>);

/// A key as it is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Wrapped {
    /// By which key-encryption key.
    by: String,
    /// In base64.
    key: String,
}

/// A text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key-encryption key is 32 random bytes, as 64 hexadecimal digits or in base64")]
pub struct KekError;

impl Kek {
    /// Reads 64 hexadecimal digits, or base64 of 32 bytes; space around it does not count.
    pub fn parse(text: &str) -> Result<Self, KekError> {
        let text = text.trim();
        let bytes = if text.len() == 2 * KEY { hex::decode(text).ok() } else { STANDARD.decode(text).ok() };
        let raw: [u8; KEY] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(KekError)?;
        Ok(Self::from(raw))
    }

    /// The text of a new one.
    pub fn generate() -> Result<String, CipherError> {
        cipher::random::<KEY>().map(hex::encode)
    }

    /// By which a wrapped key names it; nothing follows from it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, content: &[u8], bound: &str) -> Result<String, CipherError> {
        Ok(STANDARD.encode(cipher::wrap(&self.cipher, content, bound)?))
    }

    fn unwrap(&self, wrapped: &str, bound: &str) -> Result<Vec<u8>, CipherError> {
        let sealed = STANDARD.decode(wrapped).map_err(|_| CipherError::Foreign)?;
        cipher::decrypt(&self.cipher, &sealed, bound)
    }
}

impl Wrapped {
    pub(crate) fn is_by(&self, kek: &Kek) -> bool {
        self.by == kek.id
    }
}

impl Keks {
    pub(crate) fn new(keks: Vec<Kek>) -> Self {
        Self(keks)
    }

    /// `bound` says what the content is, and nothing else opens it.
    pub(crate) fn wrap(&self, content: &[u8], bound: &str) -> Result<Wrapped, VaultError> {
        let kek = self.first()?;
        Ok(Wrapped { by: kek.id.clone(), key: kek.wrap(content, bound)? })
    }

    pub(crate) fn unwrap(&self, Wrapped { by, key }: &Wrapped, bound: &str) -> Result<Vec<u8>, VaultError> {
        let kek = self.0.iter().find(|kek| kek.id == *by);
        let kek = kek.ok_or_else(|| VaultError::OtherKek { subject: bound.to_owned(), kek: by.clone() })?;
        Ok(kek.unwrap(key, bound)?)
    }

    pub(crate) fn first(&self) -> Result<&Kek, VaultError> {
        self.0.first().ok_or(VaultError::NoKek)
    }
}

impl From<[u8; KEY]> for Kek {
    fn from(raw: [u8; KEY]) -> Self {
        let id = digest(&SHA256, &[b"tillstream kek".as_slice(), &raw].concat());
        Self { id: hex::encode(&id.as_ref()[..4]), cipher: XChaCha20Poly1305::new(Key::from_slice(&raw)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_wrapped_for_one_person_by_one_kek() {
        let (ann, bob) = ("acme/customer/7", "acme/customer/8");
        let (kek, other) = (Kek::from([1; KEY]), Kek::from([2; KEY]));
        let key = cipher::random::<KEY>().unwrap();
        let wrapped = kek.wrap(&key, ann).unwrap();
        assert_eq!(kek.unwrap(&wrapped, ann).unwrap(), key);
        assert!(kek.unwrap(&wrapped, bob).is_err() && other.unwrap(&wrapped, ann).is_err());
        assert_ne!(kek.id(), other.id());
    }

    #[test]
    fn a_kek_is_hexadecimal_or_base64() {
        let text = Kek::generate().unwrap();
        let base64 = STANDARD.encode(hex::decode(&text).unwrap());
        assert_eq!(Kek::parse(&format!(" {text}\n")).unwrap().id(), Kek::parse(&base64).unwrap().id());
        for wrong in ["", "secret", &text[2..], &format!("{text}00")] {
            assert_eq!(Kek::parse(wrong).err(), Some(KekError), "{wrong}");
        }
    }
}
