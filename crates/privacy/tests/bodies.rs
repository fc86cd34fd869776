//! Bodies under keys of a shop and a day, which forget single ones, in real databases and streams.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use db::Database;
use events::{Shop, Timestamp};
use privacy::{Kek, Vault};
use streams::{
    BodySealer, Inbox, InboxDelivery, InboxMessage, InboxReader, Opened, Quarantine, ReadError, SealedBody, Stream,
};
use tempfile::TempDir;
use testkit::{Fixture, PostgresServer};

const BODY: &str = r#"{"customer":{"email":"ann@canary.example"}}"#;

fn acme() -> Shop {
    "acme".parse().unwrap()
}

fn kek(byte: u8) -> Kek {
    Kek::from([byte; 32])
}

async fn database(folder: &Path) -> Database {
    Database::open_lasting(&format!("sqlite://{}", folder.join("privacy.db").display())).await.unwrap()
}

async fn vault(folder: &Path) -> Vault {
    Vault::open(database(folder).await, vec![kek(1)]).await.unwrap()
}

async fn seal(vault: &Vault, shop: Option<Shop>) -> SealedBody {
    vault.seal_body(Stream::Inbox, shop, Bytes::from_static(BODY.as_bytes())).await.unwrap()
}

async fn open(vault: &Vault, body: &SealedBody) -> Opened {
    vault.open_body(&body.seal, body.bytes.clone()).await.unwrap()
}

fn whole() -> Opened {
    Opened::Body(BODY.into())
}

#[tokio::test]
async fn a_sealed_body_shows_nothing_and_opens_as_what_it_was_only() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (vault(folder.path()).await, vault(folder.path()).await);
    let (sealed, again) = (seal(&one, Some(acme())).await, seal(&other, Some(acme())).await);
    assert_eq!((open(&other, &sealed).await, open(&one, &again).await), (whole(), whole()));
    assert!(sealed.seal != again.seal && sealed.bytes != again.bytes, "nothing tells that they are the same");
    assert!(!sealed.bytes.windows(6).any(|part| part == b"canary") && !sealed.seal.contains("canary"));
    let nobodys = seal(&one, None).await;
    assert_eq!(open(&one, &nobodys).await, whole());
    let moved = SealedBody { seal: again.seal.clone(), bytes: sealed.bytes.clone() };
    let renamed = SealedBody { seal: sealed.seal.replace("acme", "Acme"), ..sealed.clone() };
    for wrong in [moved, renamed, SealedBody { seal: "1.INBOX".to_owned(), ..sealed.clone() }] {
        assert_eq!(open(&one, &wrong).await, Opened::Foreign, "{}", wrong.seal);
    }
    for at in [0, 30, sealed.bytes.len() - 1] {
        let mut bytes = sealed.bytes.to_vec();
        bytes[at] ^= 1;
        assert_eq!(open(&one, &SealedBody { bytes: bytes.into(), ..sealed.clone() }).await, Opened::Foreign);
    }
}

async fn forgets_one(one: Vault, other: Vault) {
    let (gone, stays) = (seal(&one, Some(acme())).await, seal(&one, Some(acme())).await);
    let seals = [gone.seal.clone(), "nonsense".to_owned()];
    assert_eq!(one.forget_bodies(&seals).await.unwrap(), 1);
    assert_eq!(one.forget_bodies(&seals).await.unwrap(), 0, "once");
    for vault in [&one, &other] {
        assert_eq!((open(vault, &gone).await, open(vault, &stays).await), (Opened::Forgotten, whole()));
    }
    let late = seal(&one, Some(acme())).await;
    assert_eq!(open(&other, &late).await, whole(), "a key that has forgotten something seals on");
}

#[tokio::test]
async fn a_day_forgets_one_body_and_keeps_the_others() {
    let folder = TempDir::new().unwrap();
    forgets_one(vault(folder.path()).await, vault(folder.path()).await).await;
    let server = tokio::task::spawn_blocking(PostgresServer::start).await.unwrap();
    let url = server.make_database();
    let open = async || Vault::open(Database::open_lasting(&url).await.unwrap(), vec![kek(1)]).await.unwrap();
    forgets_one(open().await, open().await).await;
}

#[tokio::test]
async fn keys_follow_the_bodies_when_their_time_is_over() {
    let folder = TempDir::new().unwrap();
    let one = vault(folder.path()).await;
    let inbox = seal(&one, Some(acme())).await;
    let kept = one.seal_body(Stream::Quarantine, Some(acme()), Bytes::from_static(b"{}")).await.unwrap();
    let after = |days: u64| Timestamp::now() + Duration::from_secs(days * 24 * 60 * 60);
    assert_eq!(one.expire_bodies(after(15)).await.unwrap(), 0);
    assert_eq!(one.expire_bodies(after(16)).await.unwrap(), 1);
    assert_eq!(open(&one, &inbox).await, Opened::Forgotten);
    assert_eq!(open(&one, &kept).await, Opened::Body(Bytes::from_static(b"{}")), "the quarantine keeps for longer");
    assert_eq!(one.expire_bodies(after(92)).await.unwrap(), 1);
    assert_eq!(open(&vault(folder.path()).await, &kept).await, Opened::Forgotten);
}

#[tokio::test]
async fn the_days_of_a_shop_go_with_it_but_for_those_that_others_may_be_sealing_with() {
    let folder = TempDir::new().unwrap();
    let one = vault(folder.path()).await;
    let other: Shop = "other".parse().unwrap();
    let (sealed, others) = (seal(&one, Some(acme())).await, seal(&one, Some(other)).await);
    let after = |days: u64| Timestamp::now() + Duration::from_secs(days * 24 * 60 * 60);
    assert_eq!(one.forget_days(&acme(), after(1)).await.unwrap(), 0);
    assert_eq!(one.forget_days(&acme(), after(2)).await.unwrap(), 1);
    assert_eq!((open(&one, &sealed).await, open(&one, &others).await), (Opened::Forgotten, whole()));
}

#[tokio::test]
async fn a_lost_key_is_told_from_a_destroyed_one_and_a_known_one_seals_on_while_the_database_is_away() {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let database = database(folder.path()).await;
    let one = Vault::open(database.clone(), vec![kek(1)]).await.unwrap();
    let sealed = seal(&one, Some(acme())).await;
    assert_eq!(open(&vault(elsewhere.path()).await, &sealed).await, Opened::Lost);

    database.close().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let meanwhile = seal(&one, Some(acme())).await;
    let unknown = one.seal_body(Stream::Quarantine, Some(acme()), Bytes::new()).await;
    assert!(unknown.is_err(), "nothing is sealed with a key that nobody has kept");
    assert_eq!(open(&vault(folder.path()).await, &meanwhile).await, whole());
}

#[tokio::test]
async fn a_day_that_begins_while_the_database_is_away_has_its_key_already() {
    let folder = TempDir::new().unwrap();
    let database = database(folder.path()).await;
    let one = Vault::open(database.clone(), vec![kek(1)]).await.unwrap();
    one.prepare_bodies(&acme(), Timestamp::now() - Duration::from_secs(24 * 60 * 60)).await.unwrap();
    database.close().await;
    let sealed = seal(&one, Some(acme())).await;
    assert_eq!(open(&vault(folder.path()).await, &sealed).await, whole());
}

#[tokio::test]
async fn wrapped_anew_the_old_key_encryption_key_opens_no_body() {
    let folder = TempDir::new().unwrap();
    let (gone, stays) = {
        let one = vault(folder.path()).await;
        let both = (seal(&one, Some(acme())).await, seal(&one, Some(acme())).await);
        one.forget_bodies(std::slice::from_ref(&both.0.seal)).await.unwrap();
        both
    };
    let both = Vault::open(database(folder.path()).await, vec![kek(2), kek(1)]).await.unwrap();
    assert_eq!((both.rotate_bodies().await.unwrap(), both.rotate_bodies().await.unwrap()), (1, 0));
    let new = Vault::open(database(folder.path()).await, vec![kek(2)]).await.unwrap();
    assert_eq!((open(&new, &gone).await, open(&new, &stays).await), (Opened::Forgotten, whole()));
    assert!(vault(folder.path()).await.open_body(&stays.seal, stays.bytes.clone()).await.is_err());
}

fn message() -> InboxMessage {
    InboxMessage {
        subject: events::subject::inbox(Some(&acme()), "orders/create"),
        message_id: "1".to_owned(),
        headers: Bytes::from_static(b"x-shopify-topic: orders/create\r\n"),
        body: Bytes::from_static(BODY.as_bytes()),
        trace_parent: None,
    }
}

async fn read(reader: InboxReader) -> Result<Vec<InboxDelivery>, ReadError> {
    let mut reader = reader;
    reader.rest(10).await
}

#[tokio::test]
async fn streams_hold_sealed_bodies_and_hand_out_whole_ones() {
    let (fixture, folder) = (Fixture::single(&[]).await, TempDir::new().unwrap());
    let (broker, vault) = (&fixture.broker, vault(folder.path()).await);
    let inbox = Inbox::new(broker).sealed_by(vault.for_bodies());
    let sequence = inbox.append(message()).await.unwrap().sequence;
    let delivery = inbox.read(sequence).await.unwrap().unwrap();
    let seal = delivery.seal.clone().unwrap();
    assert!(delivery.body == BODY && seal.starts_with("1.INBOX.acme."), "{seal}");
    let all = read(InboxReader::new(broker, 0).opened_by(vault.for_bodies())).await.unwrap();
    assert_eq!(all, std::slice::from_ref(&delivery));
    let shut = read(InboxReader::new(broker, 0)).await.unwrap_err();
    assert!(matches!(shut, ReadError::Shut(_)), "{shut}");
    assert!(Inbox::new(broker).read(sequence).await.is_err(), "never an empty body for one that is only shut");
    let elsewhere = TempDir::new().unwrap();
    let keyless = self::vault(elsewhere.path()).await.for_bodies();
    let lost = read(InboxReader::new(broker, 0).opened_by(keyless.clone())).await.unwrap_err();
    assert!(lost.to_string().contains("is this the right key database?"), "{lost}");
    assert!(read(InboxReader::new(broker, 0).opened_by(keyless).tolerant()).await.unwrap()[0].body.is_empty());
    assert_eq!(read(InboxReader::new(broker, 0).headers_only()).await.unwrap()[0].seal.as_ref(), Some(&seal));

    let quarantine = Quarantine::new(broker).sealed_by(vault.for_bodies());
    quarantine.put(Some(&acme()), "not_json", &delivery).await.unwrap();
    vault.forget_bodies(&[seal]).await.unwrap();
    let gone = inbox.read(sequence).await.unwrap().unwrap();
    assert!(gone.forgotten && gone.body.is_empty() && gone.headers == delivery.headers);
    let kept = quarantine.every(&acme()).await.unwrap().remove(0).delivery;
    assert!(kept.body == BODY && kept.seal.as_ref().unwrap().starts_with("1.QUARANTINE.acme."), "sealed on its own");
    vault.forget_bodies(&[kept.seal.unwrap()]).await.unwrap();
    assert!(quarantine.list(None, true, 10).await.unwrap()[0].delivery.forgotten);
    assert!(Quarantine::new(broker).list(None, true, 10).await.unwrap()[0].delivery.body.is_empty(), "without keys");
}
