use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Uri;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::{Denied, IssuerError, JwksSource};

/// A set is asked for again after this.
const OLD: Duration = Duration::from_secs(600);
/// Not more often, whatever keys are named.
const PAUSE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a set.
const LONGEST: usize = 256 * 1024;

/// The public keys of an issuer.
pub(crate) struct Jwks {
    /// None when the keys are fixed.
    remote: Option<Remote>,
    held: Mutex<Held>,
}

struct Remote {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

#[derive(Default)]
struct Held {
    keys: Arc<Vec<TokenKey>>,
    /// When it was last asked for, well or not.
    asked: Option<Instant>,
}

/// One key, and how it signs.
#[derive(Clone)]
pub(crate) struct TokenKey {
    id: Option<String>,
    pub(crate) key: DecodingKey,
    pub(crate) algorithms: Vec<Algorithm>,
}

impl Jwks {
    pub(crate) fn new(source: JwksSource) -> Result<Self, IssuerError> {
        match source {
            JwksSource::Text(text) => {
                let keys = Arc::new(parse(text.as_bytes())?);
                Ok(Self { remote: None, held: Mutex::new(Held { keys, asked: None }) })
            }
            JwksSource::Url(url) => Ok(Self { remote: Some(Remote::new(&url)?), held: Mutex::default() }),
        }
    }

    /// The key of this name; the only one there is, for a token that names none.
    pub(crate) async fn find(&self, id: Option<&str>) -> Result<Option<TokenKey>, Denied> {
        let mut held = self.held.lock().await;
        let found = pick(&held.keys, id);
        let Some(remote) = &self.remote else { return Ok(found) };
        let age = held.asked.map(|asked| asked.elapsed());
        let due = age.is_none_or(|age| age > OLD || (found.is_none() && age > PAUSE));
        if !due {
            // What was never there is not to be told from what the issuer does not know.
            return if held.keys.is_empty() { Err(Denied::Unavailable) } else { Ok(found) };
        }
        held.asked = Some(Instant::now());
        match remote.fetch().await {
            Ok(keys) => held.keys = Arc::new(keys),
            Err(reason) => {
                tracing::warn!(reason, "the issuer's keys cannot be read");
                if held.keys.is_empty() {
                    return Err(Denied::Unavailable);
                }
            }
        }
        Ok(pick(&held.keys, id))
    }
}

fn pick(keys: &[TokenKey], id: Option<&str>) -> Option<TokenKey> {
    match (id, keys) {
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
        (Some(id), _) => keys.iter().find(|key| key.id.as_deref() == Some(id)).cloned(),
    }
}

impl Remote {
    fn new(url: &str) -> Result<Self, IssuerError> {
        let uri: Uri = url.parse().map_err(|_| IssuerError::Url)?;
        let local = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if !matches!((uri.scheme_str(), local), (Some("https"), _) | (Some("http"), true)) {
            return Err(IssuerError::Url);
        }
        let ring = rustls::crypto::ring::default_provider();
        let roots = HttpsConnectorBuilder::new().with_provider_and_native_roots(ring).map_err(IssuerError::Tls)?;
        let client = Client::builder(TokioExecutor::new()).build(roots.https_or_http().enable_http1().build());
        Ok(Self { uri, client })
    }

    async fn fetch(&self) -> Result<Vec<TokenKey>, &'static str> {
        let fetching = async {
            let response = self.client.get(self.uri.clone()).await.map_err(|_| "no connection")?;
            if !response.status().is_success() {
                return Err("answered, but not with 200");
            }
            let body = Limited::new(response.into_body(), LONGEST).collect().await;
            let body = body.map_err(|_| "too long, or cut off")?.to_bytes();
            parse(&body).map_err(|_| "not a set of keys that can sign")
        };
        timeout(PATIENCE, fetching).await.unwrap_or(Err("no answer in time"))
    }
}

fn parse(text: &[u8]) -> Result<Vec<TokenKey>, IssuerError> {
    let set: JwkSet = serde_json::from_slice(text).map_err(IssuerError::NotASet)?;
    let keys: Vec<TokenKey> = set.keys.iter().filter_map(token_key).collect();
    if keys.is_empty() { Err(IssuerError::NoKey) } else { Ok(keys) }
}

/// None for a key that does not sign, or whose signatures we do not know.
fn token_key(jwk: &Jwk) -> Option<TokenKey> {
    if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => {
            use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
            vec![RS256, RS384, RS512, PS256, PS384, PS512]
        }
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => return None,
    };
    if let Some(named) = jwk.common.key_algorithm {
        algorithms.retain(|algorithm| named == KeyAlgorithm::from(*algorithm));
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    (!algorithms.is_empty()).then(|| TokenKey { id: jwk.common.key_id.clone(), key, algorithms })
}
