//! Tokens of an issuer: signed here by hand, so that the reader is not tested by itself.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use access::{Access, Denied, Issuer, IssuerSettings, JwksSource, Keys, Rate, Scope};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::Database;
use events::{Shop, Timestamp};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const ISSUER: &str = "https://login.example.com/";

enum Signer {
    Curve(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
}

impl Signer {
    fn curve() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::Curve(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap())
    }

    fn edwards() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Edwards(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Curve(_) => "ES256",
            Self::Edwards(_) => "EdDSA",
        }
    }

    fn jwk(&self, id: &str) -> Value {
        match self {
            Self::Curve(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": id, "use": "sig"})
            }
            Self::Edwards(pair) => {
                let x = encode(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": id, "alg": "EdDSA"})
            }
        }
    }

    fn sign(&self, id: &str, claims: &Value) -> String {
        let message = message(&json!({"alg": self.algorithm(), "kid": id, "typ": "JWT"}), claims);
        let signature = match self {
            Self::Curve(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Edwards(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
        };
        format!("{message}.{}", encode(&signature))
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "tillstream", "sub": "ann", "exp": now() + 300, "scope": "read profile",
        "shop": ["acme", "second"],
    })
}

struct World {
    access: Access,
    _directory: TempDir,
}

impl World {
    async fn with(keys: JwksSource) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/access.db", directory.path().display());
        let held = Keys::open(Database::open(&url).await.unwrap()).await.unwrap();
        let settings = IssuerSettings { issuer: ISSUER.to_owned(), audience: "tillstream".to_owned(), keys };
        let many = NonZeroU32::new(1_000).unwrap();
        let rate = Rate { per_second: many, burst: many };
        Self { access: Access::guarded(held, Some(Issuer::new(settings).unwrap()), rate), _directory: directory }
    }

    async fn admit(&self, token: &str, shop: &str, scope: Scope) -> Result<(), Denied> {
        let shop: Shop = shop.parse().unwrap();
        self.access.admit(Some(token), Some(&shop), scope).await
    }
}

#[tokio::test]
async fn a_token_opens_the_shops_that_it_names_for_its_scopes() {
    let (curve, edwards) = (Signer::curve(), Signer::edwards());
    let set = json!({"keys": [
        curve.jwk("one"), edwards.jwk("two"), {"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc", "kid": "three"},
    ]});
    let world = World::with(JwksSource::Text(set.to_string())).await;
    for (signer, id) in [(&curve, "one"), (&edwards, "two")] {
        let token = signer.sign(id, &claims());
        assert_eq!(world.admit(&token, "acme", Scope::Read).await, Ok(()), "{id}");
        assert_eq!(world.admit(&token, "second", Scope::Read).await, Ok(()), "{id}");
        assert_eq!(world.admit(&token, "third", Scope::Read).await, Err(Denied::OtherShop), "{id}");
        assert_eq!(world.admit(&token, "acme", Scope::Write).await, Err(Denied::Scope(Scope::Write)), "{id}");
    }
    let mut one = claims();
    (one["shop"], one["scope"]) = (json!("acme"), json!("write"));
    assert_eq!(world.admit(&curve.sign("one", &one), "acme", Scope::Write).await, Ok(()));
}

#[tokio::test]
async fn what_the_issuer_did_not_say_to_us_now_is_not_believed() {
    let (known, stranger) = (Signer::curve(), Signer::curve());
    let jwk = known.jwk("one");
    let world = World::with(JwksSource::Text(json!({"keys": [jwk]}).to_string())).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        known.sign("one", &claims)
    };
    let good = known.sign("one", &claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let raised = format!("{header}.{}.{signature}", encode(with_scope().to_string().as_bytes()));
    // The public key taken for a shared secret.
    let shared = message(&json!({"alg": "HS256", "kid": "one"}), &claims());
    let x = URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &x), shared.as_bytes());
    let cases = [
        ("a stranger's", stranger.sign("one", &claims())),
        ("an unknown key", known.sign("two", &claims())),
        ("another's issuer", with("iss", json!("https://evil.example.com/"))),
        ("for another", with("aud", json!("shopfront"))),
        ("expired", with("exp", json!(now() - 60))),
        ("no end", with("exp", Value::Null)),
        ("an end that is no number", with("exp", json!("tomorrow"))),
        ("not yet", with("nbf", json!(now() + 600))),
        ("a beginning that is no number", with("nbf", json!("yesterday"))),
        ("no shop", with("shop", Value::Null)),
        ("claims that were changed", raised),
        ("alg none", format!("{}.", message(&json!({"alg": "none", "kid": "one"}), &claims()))),
        ("a shared secret", format!("{shared}.{}", encode(tag.as_ref()))),
        ("no signature", format!("{head}.")),
        ("two parts", head.to_owned()),
        ("too long", with("pad", json!("x".repeat(10_000)))),
        ("nothing", "..".to_owned()),
    ];
    assert_eq!(world.admit(&good, "acme", Scope::Read).await, Ok(()));
    for (case, token) in cases {
        assert_eq!(world.admit(&token, "acme", Scope::Read).await, Err(Denied::Unknown), "{case}");
    }
}

fn with_scope() -> Value {
    let mut claims = claims();
    claims["scope"] = json!("read write");
    claims
}

#[tokio::test]
async fn the_keys_are_fetched_when_they_are_needed_and_not_for_every_stranger() {
    let signer = Signer::edwards();
    let body = json!({"keys": [signer.jwk("one")]}).to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    let world = World::with(JwksSource::Url(url)).await;
    let token = signer.sign("one", &claims());
    for _ in 0..3 {
        assert_eq!(world.admit(&token, "acme", Scope::Read).await, Ok(()));
    }
    for stranger in 0..20 {
        let token = signer.sign(&format!("key-{stranger}"), &claims());
        assert_eq!(world.admit(&token, "acme", Scope::Read).await, Err(Denied::Unknown));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_issuer_whose_keys_cannot_be_read_lets_nobody_in_and_says_so() {
    let world = World::with(JwksSource::Url("http://127.0.0.1:1/jwks.json".to_owned())).await;
    let token = Signer::edwards().sign("one", &claims());
    assert_eq!(world.admit(&token, "acme", Scope::Read).await, Err(Denied::Unavailable));
    for source in ["http://login.example.com/jwks.json", "ftp://127.0.0.1/", "x"] {
        let keys = JwksSource::Url(source.to_owned());
        let settings = IssuerSettings { issuer: ISSUER.to_owned(), audience: "a".to_owned(), keys };
        assert!(Issuer::new(settings).is_err(), "{source}");
    }
    for text in ["", "{}", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"s\"}]}"] {
        let keys = JwksSource::Text(text.to_owned());
        let settings = IssuerSettings { issuer: ISSUER.to_owned(), audience: "a".to_owned(), keys };
        assert!(Issuer::new(settings).is_err(), "{text}");
    }
}
