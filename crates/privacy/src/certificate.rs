//! A word that somebody was forgotten, which others can check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::{OrderId, Shop, Timestamp};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::cipher::KEY;

/// Signed with it, so that nothing else that this key ever signs reads as a certificate.
const PURPOSE: &[u8] = b"tillstream certificate of erasure 1\n";

/// Whose keys were destroyed, and when. Ids only: nothing of it is about a person who can be found without the shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    pub shop: Shop,
    /// `customer/<id>`, or `shop`.
    pub of: String,
    pub orders: Vec<OrderId>,
    pub requested_at: Timestamp,
    pub redacted_at: Timestamp,
    /// Of the event that says so, in the log.
    pub position: u64,
    pub event_id: String,
}

/// An erasure, and the house's signature under it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    pub erasure: Erasure,
    /// Ed25519, in base64. Whoever checks it has to know it from elsewhere.
    pub public_key: String,
    /// Of the purpose's line and the erasure as JSON without space, its fields in this order; in base64.
    pub signature: String,
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("the certificate is signed by another key")]
    OtherKey,
    #[error("the signature is not of what the certificate says")]
    Forged,
}

impl Certificate {
    /// Whether it says what this key has signed.
    pub fn verify(&self, public_key: &str) -> Result<(), CertificateError> {
        if self.public_key != public_key {
            return Err(CertificateError::OtherKey);
        }
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| CertificateError::Forged);
        let (key, signature) = (decoded(&self.public_key)?, decoded(&self.signature)?);
        let said = said(&self.erasure).map_err(|_| CertificateError::Forged)?;
        UnparsedPublicKey::new(&ED25519, key).verify(&said, &signature).map_err(|_| CertificateError::Forged)
    }
}

/// The house's own hand.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    pub(crate) fn from_seed(seed: &[u8; KEY]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    pub(crate) fn public_key(&self) -> String {
        STANDARD.encode(self.0.public_key())
    }

    pub(crate) fn certify(&self, erasure: Erasure) -> serde_json::Result<Certificate> {
        let signature = STANDARD.encode(self.0.sign(&said(&erasure)?));
        Ok(Certificate { erasure, public_key: self.public_key(), signature })
    }
}

fn said(erasure: &Erasure) -> serde_json::Result<Vec<u8>> {
    Ok([PURPOSE, &serde_json::to_vec(erasure)?].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erasure() -> Erasure {
        Erasure {
            shop: "acme".parse().unwrap(),
            of: "customer/7".to_owned(),
            orders: vec!["42".parse().unwrap()],
            requested_at: "2026-06-01T00:00:00Z".parse().unwrap(),
            redacted_at: "2026-06-01T00:00:05.25Z".parse().unwrap(),
            position: 9,
            event_id: "e".to_owned(),
        }
    }

    #[test]
    fn a_certificate_says_what_was_signed_and_nothing_else() {
        let (ours, another) = (Signer::from_seed(&[1; KEY]).unwrap(), Signer::from_seed(&[2; KEY]).unwrap());
        let certificate = ours.certify(erasure()).unwrap();
        let text = serde_json::to_string_pretty(&certificate).unwrap();
        let read: Certificate = serde_json::from_str(&text).unwrap();
        assert_eq!(read.verify(&ours.public_key()), Ok(()));
        assert_eq!(read.verify(&another.public_key()), Err(CertificateError::OtherKey));
        let theirs = Certificate { public_key: another.public_key(), ..read.clone() };
        assert_eq!(theirs.verify(&another.public_key()), Err(CertificateError::Forged));
        let changes: [fn(&mut Erasure); 4] = [
            |it| it.of = "customer/8".to_owned(),
            |it| it.orders.clear(),
            |it| it.redacted_at = it.requested_at,
            |it| it.position += 1,
        ];
        for change in changes {
            let mut forged = read.clone();
            change(&mut forged.erasure);
            assert_eq!(forged.verify(&ours.public_key()), Err(CertificateError::Forged));
        }
        assert!(
            serde_json::from_str::<Certificate>(&text.replace("\"position\"", "\"note\": 1, \"position\"")).is_err()
        );
    }
}
