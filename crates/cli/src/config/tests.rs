use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use toml::Table;

use super::environment::{KEYS, SHOP_KEYS};
use super::layers::{Flags, Loaded, layer, without_password};
use super::{Config, DEFAULT_FILE};
use crate::failure::Outcome;

fn load(file: &str, variables: &[(&str, &str)]) -> Outcome<Loaded> {
    let mut path = tempfile::NamedTempFile::new().unwrap();
    path.write_all(file.as_bytes()).unwrap();
    let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    layer(Some(path.path()), variables, &Flags::default())
}

fn error(file: &str, variables: &[(&str, &str)]) -> String {
    load(file, variables).unwrap_err().to_string()
}

const SHOP: &str = "[[shops]]\ndomain = \"acme.myshopify.com\"\n";

#[test]
fn the_default_file_says_what_the_built_in_defaults_are() {
    let file = toml::from_str::<Config>(DEFAULT_FILE).unwrap();
    assert_eq!(Table::try_from(file).unwrap(), Table::try_from(Config::default()).unwrap());
}

#[test]
fn the_default_file_names_every_key() {
    for key in KEYS.iter().map(|path| path.rsplit_once('.').unwrap().1).chain(SHOP_KEYS.iter().copied()) {
        let named = DEFAULT_FILE.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")));
        assert!(named || matches!(key, "secrets" | "secrets_file"), "{key} is not in the default file");
    }
}

#[test]
fn every_key_of_the_sections_can_be_set_by_the_environment() {
    let built_in = Table::try_from(Config::default()).unwrap();
    for (section, keys) in built_in.iter().filter(|(name, _)| *name != "shops") {
        for key in keys.as_table().unwrap().keys() {
            let path = format!("{section}.{key}");
            assert!(KEYS.contains(&path.as_str()), "{path} is not listed");
        }
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let variables = [
        ("TILLSTREAM_SERVER_LISTEN", "127.0.0.1:9"),
        ("TILLSTREAM_INVENTORY_PRIORITY", "3, 1"),
        ("TILLSTREAM_NATS_REPLICAS", "3"),
        ("TILLSTREAM_INGRESS_DEADLINE", "1s"),
    ];
    let loaded = load("[server]\nlisten = \"127.0.0.1:8\"\n", &variables).unwrap();
    assert_eq!(loaded.config.server.listen.port(), 9);
    assert_eq!(loaded.config.nats.replicas, 3);
    assert_eq!(loaded.config.ingress.deadline.as_millis(), 1000);
    assert_eq!(loaded.config.inventory.priority.iter().map(|id| id.get()).collect::<Vec<_>>(), [3, 1]);
    let rows = loaded.explain().unwrap();
    let listen = rows.iter().find(|(key, ..)| key == "server.listen").unwrap();
    assert_eq!(listen.2, "TILLSTREAM_SERVER_LISTEN");
}

#[test]
fn a_shop_can_come_from_the_environment_alone() {
    let variables = [("TILLSTREAM_SHOPS_0_DOMAIN", "ACME.myshopify.com"), ("TILLSTREAM_SHOPS_0_SECRETS", "new,old")];
    let shops = load("", &variables).unwrap().shops().unwrap();
    assert_eq!(shops[0].shop.as_str(), "acme");
    assert_eq!(shops[0].secrets.iter().map(|s| s.reveal()).collect::<Vec<_>>(), ["new", "old"]);
}

#[test]
fn errors_in_the_file_are_reported_with_their_line() {
    for (file, line) in [
        ("[server]\nlisten = \"127.0.0.1:8\"\nlissen = 1\n", "line 3"),
        ("\n[sever]\n", "line 2"),
        ("[server]\nlisten = \"nowhere\"\n", "line 2"),
        ("[server\n", "line 1"),
        ("[nats]\nsync = \"sometimes\"\n", "line 2"),
        ("[[shops]]\ndomain = \"acme.example.com\"\nsecrets = [\"s\"]\n", "line 2"),
        ("[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets = [\" \"]\n", "line 3"),
        ("[inventory]\npriority = [\"-1\"]\n", "line 2"),
        ("[ingress]\ndeadline = \"soon\"\n", "line 2"),
    ] {
        let message = error(file, &[]);
        assert!(message.contains(line), "{message} does not name {line}");
    }
}

#[test]
fn errors_in_the_environment_name_the_key() {
    assert!(error("", &[("TILLSTREAM_SERVER_LISSEN", "1")]).contains("TILLSTREAM_SERVER_LISSEN"));
    assert!(error("", &[("TILLSTREAM_NATS_REPLICAS", "many")]).contains("TILLSTREAM_NATS_REPLICAS"));
    assert!(error("", &[("TILLSTREAM_SERVER_LISTEN", "nowhere")]).contains("server.listen"));
    assert!(error("", &[("TILLSTREAM_SHOPS_3_DOMAIN", "a.myshopify.com")]).contains("TILLSTREAM_SHOPS_3_DOMAIN"));
}

#[test]
fn a_shop_keeps_its_secrets_in_exactly_one_place() {
    let none = load(SHOP, &[]).unwrap().shops().unwrap_err().to_string();
    let two = load(&format!("{SHOP}secrets = [\"s\"]\nsecrets_env = \"S\"\n"), &[]).unwrap().shops().unwrap_err();
    assert!(none.contains("acme.myshopify.com") && none.contains("exactly one"));
    assert!(two.to_string().contains("exactly one"));
    assert!(error(&format!("{SHOP}secrets = [\"s\"]\n{SHOP}secrets = [\"s\"]\n"), &[]).contains("twice"));
}

#[test]
fn a_secrets_file_that_others_can_read_is_refused() {
    let mut secrets = tempfile::NamedTempFile::new().unwrap();
    writeln!(secrets, "new\nold").unwrap();
    let file = format!("{SHOP}secrets_file = {:?}\n", secrets.path());
    let set = |mode| std::fs::set_permissions(secrets.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o644);
    assert!(load(&file, &[]).unwrap().shops().unwrap_err().to_string().contains("0644"));
    set(0o600);
    assert_eq!(load(&file, &[]).unwrap().shops().unwrap()[0].secrets.len(), 2);
}

#[test]
fn secrets_and_passwords_are_never_shown() {
    let file = format!("[nats]\nurl = \"nats://me:hush@host:4222\"\n{SHOP}secrets = [\"hush\"]\n");
    let shown = format!("{:?}", load(&file, &[]).unwrap().explain().unwrap());
    assert!(shown.contains("***") && !shown.contains("hush"), "{shown}");
    assert_eq!(without_password("nats://a:b@h:1,nats://h:2"), "nats://***@h:1,nats://h:2");
}
