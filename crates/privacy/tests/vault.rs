//! Keys in real databases: made once, shared by all, gone for good.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use db::Database;
use events::{AggregateKey, AggregateKind, Piece, Sealed, Shop, Timestamp};
use privacy::{Kek, Vault, VaultError};
use serde_json::json;
use tempfile::TempDir;
use testkit::PostgresServer;

fn acme() -> Shop {
    "acme".parse().unwrap()
}

fn customer(id: u64) -> AggregateKey {
    AggregateKey::new(AggregateKind::Customer, &acme(), id)
}

fn kek(byte: u8) -> Vec<Kek> {
    vec![Kek::from([byte; 32])]
}

async fn database(folder: &Path) -> Database {
    Database::open_lasting(&format!("sqlite://{}", folder.join("privacy.db").display())).await.unwrap()
}

async fn vault(folder: &Path) -> Vault {
    Vault::open(database(folder).await, kek(1)).await.unwrap()
}

async fn seal(vault: &Vault, subject: &AggregateKey, field: &'static str, text: &str) -> Option<Sealed> {
    let mut value = Some(Sealed::Open(text.to_owned()));
    vault.seal(vec![Piece { subject: subject.clone(), field, value: &mut value }]).await.unwrap();
    value
}

async fn read(vault: &Vault, value: Option<&Sealed>) -> Option<String> {
    vault.read(&acme(), value).await.unwrap()
}

fn at() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn what_one_process_seals_another_opens_and_seals_alike() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (vault(folder.path()).await, vault(folder.path()).await);
    let sealed = seal(&one, &customer(7), "email", "ann@example.com").await;
    assert!(matches!(&sealed, Some(Sealed::Shut(token)) if !token.to_string().contains("ann")), "{sealed:?}");
    assert_eq!(read(&other, sealed.as_ref()).await.as_deref(), Some("ann@example.com"));
    assert_eq!(seal(&other, &customer(7), "email", "ann@example.com").await, sealed);
    assert_ne!(seal(&other, &customer(8), "email", "ann@example.com").await, sealed);
    assert_ne!(seal(&other, &customer(7), "phone", "ann@example.com").await, sealed);
}

async fn race(one: Vault, other: Vault) {
    let mut sealing = Vec::new();
    for id in 0..200_u64 {
        let (one, other) = (one.clone(), other.clone());
        sealing.push(tokio::spawn(async move {
            let person = customer(id);
            tokio::join!(seal(&one, &person, "note", "x"), seal(&other, &person, "note", "x"))
        }));
    }
    for sealed in sealing {
        let (ours, theirs) = sealed.await.unwrap();
        assert_eq!(ours, theirs);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_that_make_a_key_both_get_the_same() {
    let folder = TempDir::new().unwrap();
    race(vault(folder.path()).await, vault(folder.path()).await).await;
    let url = PostgresServer::database();
    let open = async || Vault::open(Database::open_lasting(&url).await.unwrap(), kek(1)).await.unwrap();
    race(open().await, open().await).await;
}

async fn hand_over_at_once(one: Vault, other: Vault) {
    let (shop, request) = (acme(), "55".parse().unwrap());
    let mut handing = Vec::new();
    for number in 0..16 {
        let (vault, shop) = (if number % 2 == 0 { one.clone() } else { other.clone() }, shop.clone());
        handing.push(tokio::spawn(async move { vault.hand_over(&shop, "customer/7", request, at()).await.unwrap() }));
    }
    let mut given = 0;
    for handed in handing {
        given += usize::from(handed.await.unwrap());
    }
    assert_eq!(given, 1);
    let later = "2026-03-02T12:00:00Z".parse().unwrap();
    assert!(!other.hand_over(&shop, "customer/7", request, later).await.unwrap(), "also later");
    assert_eq!(one.handed_over_at(&shop, "customer/7", request).await.unwrap(), Some(at()));
    assert_eq!(one.handed_over_at(&shop, "customer/8", request).await.unwrap(), None);
    assert!(one.hand_over(&shop, "customer/8", request, at()).await.unwrap(), "somebody else's is another");
    assert_eq!(one.handed_over(&shop).await.unwrap().len(), 2);
    assert!(one.handed_over(&"other".parse().unwrap()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_processes_that_hand_a_report_over_one_does() {
    let folder = TempDir::new().unwrap();
    hand_over_at_once(vault(folder.path()).await, vault(folder.path()).await).await;
    let url = PostgresServer::database();
    let open = async || Vault::open(Database::open_lasting(&url).await.unwrap(), kek(1)).await.unwrap();
    hand_over_at_once(open().await, open().await).await;
}

#[tokio::test]
async fn who_is_forgotten_reads_as_nothing_and_is_told_of_no_more() {
    let folder = TempDir::new().unwrap();
    let one = vault(folder.path()).await;
    let (ann, bob) = (customer(7), customer(8));
    let sealed =
        [seal(&one, &ann, "email", "ann@example.com").await, seal(&one, &bob, "email", "bob@example.com").await];
    assert_eq!(one.destroy(&[ann.clone(), customer(9)], at()).await.unwrap(), 1);
    assert_eq!(one.destroy(std::slice::from_ref(&ann), at()).await.unwrap(), 0, "once");
    for vault in [one, vault(folder.path()).await] {
        assert_eq!(read(&vault, sealed[0].as_ref()).await, None);
        assert_eq!(read(&vault, sealed[1].as_ref()).await.as_deref(), Some("bob@example.com"));
        assert_eq!(seal(&vault, &ann, "email", "ann@example.com").await, None, "fenced");
        assert_eq!(seal(&vault, &customer(9), "email", "x@example.com").await, None, "who never had a key, too");
    }
}

#[tokio::test]
async fn nothing_of_a_destroyed_key_stays_in_the_files() {
    let folder = TempDir::new().unwrap();
    let vault = vault(folder.path()).await;
    let sealed = seal(&vault, &customer(7), "email", "ann@example.com").await;
    let bytes = || {
        let files =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        String::from_utf8_lossy(&files.collect::<Vec<_>>().concat()).into_owned()
    };
    // As the row has it: {"wrapped":{"by":"…","key":"<the key>"}}.
    let before = bytes();
    let key = before.split(r#""key":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
    assert!(key.len() > 90, "{key}");
    vault.destroy(&[customer(7)], at()).await.unwrap();
    assert!(!bytes().contains(&key), "the wrapped key is still there");
    assert_eq!(read(&vault, sealed.as_ref()).await, None);
}

#[tokio::test]
async fn a_lost_key_is_an_error_and_no_silence() {
    let (folder, empty) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let sealed = seal(&vault(folder.path()).await, &customer(7), "email", "ann@example.com").await;
    let lost = vault(empty.path()).await.read(&acme(), sealed.as_ref()).await;
    assert!(matches!(lost, Err(VaultError::NoKey(_))), "{lost:?}");
    let other = Vault::open(database(folder.path()).await, kek(2)).await.unwrap();
    let foreign = other.read(&acme(), sealed.as_ref()).await;
    assert!(matches!(foreign, Err(VaultError::OtherKek { .. })), "{foreign:?}");
    let mut again = Some(Sealed::Open("x".to_owned()));
    let pieces = vec![Piece { subject: customer(7), field: "email", value: &mut again }];
    assert!(other.seal(pieces).await.is_err());
    let both = Vault::open(database(folder.path()).await, [kek(2), kek(1)].concat()).await.unwrap();
    assert_eq!(read(&both, sealed.as_ref()).await.as_deref(), Some("ann@example.com"));
}

#[tokio::test]
async fn json_is_opened_where_a_token_stands_under_its_own_name() {
    let folder = TempDir::new().unwrap();
    let vault = vault(folder.path()).await;
    let ann = serde_json::to_value(seal(&vault, &customer(7), "email", "ann@example.com").await).unwrap();
    let bob = serde_json::to_value(seal(&vault, &customer(8), "note", "likes tea").await).unwrap();
    let mut json = json!({"email": ann, "title": ann, "list": [{"note": bob}, 7, null], "first_name": "sealed:1:x:y"});
    vault.open_json(&acme(), &mut json).await.unwrap();
    let opened = json!({"email": "ann@example.com", "title": ann, "list": [{"note": "likes tea"}, 7, null],
        "first_name": "sealed:1:x:y"});
    assert_eq!(json, opened);
    vault.destroy(&[customer(7)], at()).await.unwrap();
    let mut json = json!({"email": ann, "note": bob});
    vault.open_json(&acme(), &mut json).await.unwrap();
    assert_eq!(json, json!({"email": null, "note": "likes tea"}));
    let mut elsewhere = json!({"note": bob});
    let other: Shop = "other".parse().unwrap();
    assert!(vault.open_json(&other, &mut elsewhere).await.is_err(), "another shop has no such key");
}

#[tokio::test]
async fn who_went_up_in_another_is_found_by_whatever_way() {
    let folder = TempDir::new().unwrap();
    let vault = vault(folder.path()).await;
    for (from, into) in [(1, 2), (2, 3), (4, 3), (3, 1)] {
        vault.absorb(&customer(from), &customer(into)).await.unwrap();
    }
    let mut found = vault.absorbed_by(&customer(3)).await.unwrap();
    found.sort();
    assert_eq!(found, [1, 2, 3, 4].map(customer));
    assert_eq!(vault.absorbed_by(&customer(4)).await.unwrap(), []);
}

#[tokio::test]
async fn an_emptied_shop_reads_as_nothing_and_may_come_back() {
    let folder = TempDir::new().unwrap();
    let vault = vault(folder.path()).await;
    let sealed = seal(&vault, &customer(7), "email", "ann@example.com").await;
    vault.destroy(&[customer(8)], at()).await.unwrap();
    assert_eq!(vault.destroy_shop(&acme(), at()).await.unwrap(), 1);
    assert_eq!(read(&vault, sealed.as_ref()).await, None);
    let anew = seal(&vault, &customer(7), "email", "ann@example.com").await;
    assert_ne!(anew, sealed);
    assert_eq!(read(&vault, anew.as_ref()).await.as_deref(), Some("ann@example.com"));
    assert_eq!(read(&vault, sealed.as_ref()).await, None, "what was sealed before stays shut");
    assert_eq!(seal(&vault, &customer(8), "email", "x").await, None, "who was forgotten stays so");
}

#[tokio::test]
async fn keys_are_wrapped_anew_and_then_the_old_kek_is_not_needed() {
    let folder = TempDir::new().unwrap();
    let old = vault(folder.path()).await;
    let sealed = seal(&old, &customer(7), "email", "ann@example.com").await;
    let gone = seal(&old, &customer(8), "email", "bob@example.com").await;
    old.destroy(&[customer(8)], at()).await.unwrap();
    let both = Vault::open(database(folder.path()).await, [kek(2), kek(1)].concat()).await.unwrap();
    let mut told = Vec::new();
    assert_eq!(both.rotate(&acme(), &mut |done| told.push(done)).await.unwrap(), 1);
    assert_eq!(told, [1]);
    assert_eq!(both.rotate(&acme(), &mut |_| {}).await.unwrap(), 0, "nothing is left");
    let new = Vault::open(database(folder.path()).await, kek(2)).await.unwrap();
    assert_eq!(read(&new, sealed.as_ref()).await.as_deref(), Some("ann@example.com"));
    assert_eq!(read(&new, gone.as_ref()).await, None, "a stone stays a stone");
    let backup = vault(folder.path()).await.read(&acme(), sealed.as_ref()).await;
    assert!(matches!(backup, Err(VaultError::OtherKek { .. })), "{backup:?}");
}
