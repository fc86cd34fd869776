use events::{Shop, Timestamp};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;

use crate::jwks::{Jwks, TokenKey};
use crate::{Caller, Denied, Scope, Scopes, signatures};

/// For clocks that differ, in seconds.
const LEEWAY: u64 = 30;
/// Bytes of a token; longer ones are nobody's.
const LONGEST: usize = 8 * 1024;

/// Whose tokens are taken.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that tokens for us have.
    pub audience: String,
    pub keys: JwksSource,
}

/// Where the issuer's public keys are.
#[derive(Debug, Clone)]
pub enum JwksSource {
    /// A JWK set, as JSON.
    Text(String),
    /// Asked again when a token names a key that is not known, and now and then.
    Url(String),
}

/// Why an issuer cannot be believed.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    #[error("not a JWK set")]
    NotASet(#[source] serde_json::Error),
    #[error("the JWK set holds no key that can sign: RSA, P-256, P-384 or Ed25519")]
    NoKey,
    #[error("the URL of the JWK set must begin with https://, or lead to this machine")]
    Url,
    #[error("no connection can be made securely")]
    Tls(#[source] std::io::Error),
}

/// Believes the tokens (JWT) of one issuer: signed by its keys, for us, and not too old.
///
/// Their claims: `sub`, `exp`, `scope` (words with blanks between), `shop` (a name, or several).
pub struct Issuer {
    issuer: String,
    audience: String,
    keys: Jwks,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    // Typed, so that one that is no number is no token.
    #[serde(rename = "nbf")]
    _nbf: Option<i64>,
    scope: String,
    shop: OneOrMore,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Issuer {
    pub fn new(settings: IssuerSettings) -> Result<Self, IssuerError> {
        signatures::install();
        let IssuerSettings { issuer, audience, keys } = settings;
        Ok(Self { issuer, audience, keys: Jwks::new(keys)? })
    }

    pub(crate) async fn caller(&self, text: &str) -> Result<Caller, Denied> {
        if text.len() > LONGEST {
            return Err(Denied::Unknown);
        }
        let header = decode_header(text).map_err(|_| Denied::Unknown)?;
        let key = self.keys.find(header.kid.as_deref()).await?.ok_or(Denied::Unknown)?;
        let claims = decode::<Claims>(text, &key.key, &self.validation(&key)).map_err(|_| Denied::Unknown)?.claims;
        let names = match claims.shop {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) => names,
        };
        let shops: Vec<Shop> = names.iter().filter_map(|name| name.parse().ok()).collect();
        let scopes = claims.scope.split_ascii_whitespace().filter_map(|word| word.parse::<Scope>().ok());
        let leeway = i64::try_from(LEEWAY).unwrap_or_default();
        Ok(Caller {
            id: format!("jwt:{}", claims.sub),
            shops,
            scopes: Scopes::new(scopes),
            expires_at: Timestamp::from_second(claims.exp.saturating_add(leeway)).ok(),
        })
    }

    fn validation(&self, key: &TokenKey) -> Validation {
        // The key says how it signs, never the token.
        let mut validation = Validation::new(key.algorithms.first().copied().unwrap_or(Algorithm::RS256));
        validation.algorithms.clone_from(&key.algorithms);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    }
}
