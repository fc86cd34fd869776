//! Who is let in: keys of a shop, their scopes, their end, their rate.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use access::{Access, KeyWish, Keys, Rate, Scope, Scopes};
use db::Database;
use events::{Shop, Timestamp};
use http::StatusCode;
use tempfile::TempDir;

use crate::world::{World, order};

pub(crate) struct Guarded {
    pub(crate) world: World,
    keys: Keys,
    _directory: TempDir,
}

const PATH: &str = "/v1/acme/orders";

fn shop(name: &str) -> Shop {
    name.parse().unwrap()
}

impl Guarded {
    pub(crate) async fn start(per_second: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/access.db", directory.path().display());
        let keys = Keys::open(Database::open(&url).await.unwrap()).await.unwrap();
        let rate = NonZeroU32::new(per_second).unwrap();
        let access = Access::guarded(keys.clone(), None, Rate { per_second: rate, burst: rate });
        let world = World::with("EUR".parse().ok(), Arc::new(access)).await;
        Self { world, keys, _directory: directory }
    }

    pub(crate) async fn key(&self, name: &str, scopes: &[Scope], expires_at: Option<Timestamp>) -> String {
        let scopes = Scopes::new(scopes.iter().copied());
        let wish = KeyWish { name: "test".to_owned(), scopes, expires_at, reason: "a test".to_owned() };
        self.keys.create(&shop(name), wish).await.unwrap().reveal()
    }

    pub(crate) async fn ask(&self, path: &str, key: &str) -> (u16, String) {
        let answer = self.world.get_with(path, "authorization", &format!("Bearer {key}")).await;
        let code = if answer.status.is_success() { String::new() } else { answer.code() };
        (answer.status.as_u16(), code)
    }
}

#[tokio::test]
async fn a_key_opens_its_own_shop_for_what_it_is_good_for() {
    let mut guarded = Guarded::start(1_000).await;
    guarded.world.say("orders/create", order(1, 0)).await;
    guarded.world.fold().await;
    let reader = guarded.key("acme", &[Scope::Read], None).await;
    let writer = guarded.key("acme", &[Scope::Write], None).await;
    let others = guarded.key("other", &[Scope::Read, Scope::Write], None).await;
    let late = guarded.key("acme", &[Scope::Read], Some(Timestamp::now() - Duration::from_secs(1))).await;
    let forged = format!("{}{}", &reader[..reader.len() - 1], if reader.ends_with('0') { '1' } else { '0' });
    let moved = reader.replacen("_acme_", "_other_", 1);
    for (case, path, key, status, code) in [
        ("its own", PATH, &reader, 200, ""),
        ("Q01 another shop's", PATH, &others, 404, "not_found"),
        ("Q01 another shop's order", "/v1/acme/orders/1", &others, 404, "not_found"),
        ("a shop that nobody has", "/v1/nobody/orders", &reader, 404, "not_found"),
        ("Q01 expired", PATH, &late, 401, "key"),
        ("a wrong secret", PATH, &forged, 401, "key"),
        ("for another shop", "/v1/other/orders", &moved, 401, "key"),
        ("no scope", PATH, &writer, 403, "scope"),
        ("no key", PATH, &"x".to_owned(), 401, "key"),
        ("no token of ours", PATH, &"a.b.c".to_owned(), 401, "key"),
        ("an unknown shop tells nothing", "/v1/nobody/orders", &forged, 401, "key"),
        ("the stream too", "/v1/acme/changes", &forged, 401, "key"),
        ("events too", "/v1/acme/orders/1/events", &forged, 401, "key"),
        ("sales too", "/v1/acme/sales/daily", &forged, 401, "key"),
    ] {
        assert_eq!(guarded.ask(path, key).await, (status, code.to_owned()), "{case}");
    }
    let without = guarded.world.get(PATH).await;
    assert_eq!((without.status, without.header("www-authenticate")), (StatusCode::UNAUTHORIZED, Some("Bearer")));
    for open in ["/healthz", "/v1/status", "/openapi.json", "/metrics"] {
        assert_eq!(guarded.world.get(open).await.status, StatusCode::OK, "{open}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_seconds_and_stays_listed() {
    let guarded = Guarded::start(1_000).await;
    let key = guarded.key("acme", &[Scope::Read], None).await;
    assert_eq!(guarded.ask(PATH, &key).await.0, 200);
    let id = key.split('_').nth(2).unwrap();
    let revoked = guarded.keys.revoke(&shop("acme"), id, "lost").await.unwrap().unwrap();
    assert_eq!(revoked.row.revoked_because.as_deref(), Some("lost"));
    let refused = async {
        while guarded.ask(PATH, &key).await.0 != 401 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), refused).await.expect("it is refused");
    let listed = guarded.keys.list(&shop("acme")).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&revoked));
    let again = guarded.keys.revoke(&shop("acme"), id, "again").await.unwrap().unwrap();
    assert_eq!(again, revoked, "the first reason stays");
    assert_eq!(guarded.keys.revoke(&shop("other"), id, "not theirs").await.unwrap(), None);
}

#[tokio::test]
async fn a_key_that_asks_too_often_waits_and_others_do_not() {
    let guarded = Guarded::start(5).await;
    let (greedy, modest) =
        (guarded.key("acme", &[Scope::Read], None).await, guarded.key("acme", &[Scope::Read], None).await);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(guarded.ask(PATH, &greedy).await.0);
    }
    assert_eq!(statuses[..5], [200; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    assert_eq!(guarded.ask(PATH, &modest).await.0, 200);
    let refused = async {
        loop {
            let answer = guarded.world.get_with(PATH, "authorization", &format!("Bearer {greedy}")).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                return answer;
            }
        }
    };
    assert_eq!(refused.await.header("retry-after"), Some("1"));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(guarded.ask(PATH, &greedy).await.0, 200, "it may ask again");
}
