//! The signature: base64 of HMAC-SHA256 over the raw body.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether one of the secrets made this signature of this very body.
///
/// Every secret is tried, and compared in constant time: the time taken tells neither which
/// secret fits nor how much of a signature is right.
pub fn verify(body: &[u8], signature: &str, secrets: &[Secret]) -> bool {
    let mut digest = [0; 33];
    let Ok(32) = STANDARD.decode_slice(signature, &mut digest) else { return false };
    secrets.iter().fold(false, |fits, secret| fits | secret.over(body).verify_slice(&digest[..32]).is_ok())
}

/// Signs a body as Shopify does.
pub fn sign(body: &[u8], secret: &Secret) -> String {
    STANDARD.encode(secret.over(body).finalize().into_bytes())
}

/// What Shopify and the shop's app share. It is never shown, and never empty: anyone can sign with nothing.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is empty")]
pub struct SecretError;

impl Secret {
    pub fn new(text: &str) -> Result<Self, SecretError> {
        if text.trim().is_empty() {
            return Err(SecretError);
        }
        Hmac::new_from_slice(text.as_bytes()).map(Self).map_err(|_| SecretError)
    }

    fn over(&self, body: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(body)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE;
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    #[test]
    fn the_signature_is_the_published_hmac() {
        // RFC 4231, test case 2.
        let signature = sign(b"what do ya want for nothing?", &secret("Jefe"));
        assert_eq!(signature, STANDARD.encode(hex::decode(RFC_4231_CASE_2).unwrap()));
    }
    const RFC_4231_CASE_2: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn every_active_secret_is_accepted_and_a_revoked_one_is_not() {
        let (new, old, revoked) = (secret("new"), secret("old"), secret("revoked"));
        let active = [new.clone(), old.clone()];
        assert!(verify(b"{}", &sign(b"{}", &new), &active));
        assert!(verify(b"{}", &sign(b"{}", &old), &active));
        assert!(!verify(b"{}", &sign(b"{}", &revoked), &active));
        assert!(!verify(b"{}", &sign(b"{}", &new), &[]));
    }

    #[test]
    fn only_the_exact_spelling_of_the_signature_is_accepted() {
        let secret = secret("s");
        // A body whose signature has a `+` and a `/`, so that the URL-safe alphabet differs.
        let body = (0..).map(|n: u32| n.to_string()).find(|body| {
            let signature = sign(body.as_bytes(), &secret);
            signature.contains('+') && signature.contains('/')
        });
        let body = body.unwrap();
        let (body, right) = (body.as_bytes(), sign(body.as_bytes(), &secret));
        let digest = STANDARD.decode(&right).unwrap();
        let wrong = [
            String::new(),
            "=".to_owned(),
            "not base64!".to_owned(),
            hex::encode(&digest),
            URL_SAFE.encode(&digest),
            right.trim_end_matches('=').to_owned(),
            STANDARD.encode(&digest[..31]),
            STANDARD.encode([&digest[..], b"x"].concat()),
            format!("{right} "),
            format!(" {right}"),
            format!("{right}\n"),
            format!("{right}=="),
            format!("{right}, {right}"),
            STANDARD.encode([0; 32]),
        ];
        let secrets = [secret];
        assert!(verify(body, &right, &secrets));
        for signature in wrong {
            assert!(!verify(body, &signature, &secrets), "{signature:?}");
        }
    }

    #[test]
    fn an_empty_secret_cannot_be_made_and_none_is_shown() {
        assert_eq!(Secret::new("").err(), Some(SecretError));
        assert_eq!(Secret::new(" \n").err(), Some(SecretError));
        assert_eq!(format!("{:?}", secret("hush")), "Secret(…)");
    }

    proptest! {
        #[test]
        fn a_changed_body_or_signature_is_refused(body in prop::collection::vec(any::<u8>(), 1..300), at in any::<prop::sample::Index>(), bit in 0..8) {
            let secrets = [secret("a"), secret("b")];
            let signature = sign(&body, &secrets[1]);
            prop_assert!(verify(&body, &signature, &secrets));

            let mut changed = body.clone();
            changed[at.index(body.len())] ^= 1_u8 << bit;
            prop_assert!(!verify(&changed, &signature, &secrets));

            let mut changed = signature.clone().into_bytes();
            changed[at.index(signature.len())] ^= 1_u8 << bit;
            prop_assert!(!verify(&body, &String::from_utf8_lossy(&changed), &secrets));
        }

        #[test]
        fn no_other_text_is_a_signature(body in ".*", text in ".{0,60}") {
            let secrets = [secret("a")];
            prop_assert_eq!(verify(body.as_bytes(), &text, &secrets), text == sign(body.as_bytes(), &secrets[0]));
        }
    }
}
