use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::process::{Nats, free_address, run, tillstream};

const NOBODY: &str = "nats://127.0.0.1:1";

#[test]
fn every_way_to_fail_has_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let table: &[(&[&str], i32, &str)] = &[
        (&["frobnicate"], 2, "frobnicate"),
        (&["up", "--frobnicate"], 2, "--frobnicate"),
        (&["up", "--listen", "nowhere"], 2, "nowhere"),
        (&["events", "ls", "--from", "9", "--to", "3"], 2, "ends before it begins"),
        (&["events", "ls", "--from", "-1"], 2, "-1"),
        (&["events", "ls", "--from", "0"], 2, "0"),
        (&["events", "show", "first"], 2, "first"),
        (&["events", "show", "18446744073709551616"], 2, "18446744073709551616"),
        (&["events", "ls", "--type", "order.eaten"], 2, "no such event"),
        (&["events", "ls", "--aggregate", "parcel"], 2, "parcel"),
        (&["events", "ls", "--since", "soon"], 2, "soon"),
        (&["handlers", "nobody"], 2, "inventory"),
        (&["projections", "nothing"], 2, "orders"),
        (&["--config", "missing.toml", "config", "show"], 2, "missing.toml"),
        (&["recorder"], 3, "--nats-url"),
        (&["events", "ls"], 3, "--nats-url"),
        (&["recorder", "--nats-url", NOBODY, "--listen", "127.0.0.1:0"], 4, "127.0.0.1:1"),
        (&["up", "--nats-url", NOBODY, "--listen", "127.0.0.1:0"], 4, "127.0.0.1:1"),
        (&["streams", "report", "--nats-url", NOBODY], 4, "127.0.0.1:1"),
        (&["status", "--url", "http://127.0.0.1:1"], 4, "is it running?"),
        (&["healthcheck", "--url", "http://127.0.0.1:1"], 4, "127.0.0.1:1"),
        (&["schemas", "check", "--dir", "nowhere"], 5, "differ"),
        (&["config", "default"], 0, ""),
        (&["version"], 0, ""),
        (&["--help"], 0, ""),
    ];
    for (args, code, said) in table {
        let since = Instant::now();
        let output = run(dir.path(), args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?} does not say {said:?}: {stderr}");
        assert_eq!(
            stderr.lines().filter(|line| line.starts_with("error: ")).count(),
            usize::from(*code != 0),
            "{args:?}: {stderr}"
        );
        assert!(since.elapsed() < Duration::from_secs(60), "{args:?} took {:?}", since.elapsed());
    }
}

#[test]
fn a_file_that_is_not_understood_is_reported_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    for (file, line) in [("[server]\nlissen = 1\n", "line 2"), ("[server]\n\nlisten\n", "line 3")] {
        std::fs::write(dir.path().join("tillstream.toml"), file).unwrap();
        let output = run(dir.path(), &["config", "validate"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("tillstream.toml") && stderr.contains(line), "{stderr}");
    }
}

#[test]
fn a_secrets_file_open_to_others_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let secrets = dir.path().join("secrets");
    std::fs::write(&secrets, "hush\n").unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).unwrap();
    let file = "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets_file = \"secrets\"\n";
    std::fs::write(dir.path().join("tillstream.toml"), file).unwrap();
    for args in [&["config", "validate"][..], &["up", "--listen", "127.0.0.1:0"]] {
        let output = run(dir.path(), args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(stderr.contains("0644") && !stderr.contains("hush"), "{stderr}");
    }
}

#[test]
fn refused_credentials_are_unavailable_and_are_not_echoed() {
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::start(dir.path(), free_address(), "authorization { user: shop, password: right }");
    let url = nats.url().replace("nats://", "nats://shop:hush@");
    let output = run(dir.path(), &["streams", "ensure", "--nats-url", &url]);
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert_eq!(output.status.code(), Some(4), "{printed}");
    assert!(!printed.contains("hush"), "{printed}");
}

#[test]
fn a_role_without_its_streams_says_how_to_make_them() {
    let dir = tempfile::tempdir().unwrap();
    let nats = Nats::start(dir.path(), free_address(), "");
    for role in ["ingress", "recorder", "handlers", "projections", "query"] {
        let output = run(dir.path(), &[role, "--nats-url", &nats.url(), "--listen", "127.0.0.1:0"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{role}: {stderr}");
        assert!(stderr.contains("tillstream streams ensure"), "{role}: {stderr}");
    }
    assert_eq!(run(dir.path(), &["streams", "ensure", "--nats-url", &nats.url()]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["streams", "report", "--nats-url", &nats.url()]).status.code(), Some(0));
}

#[test]
fn an_argument_that_is_not_utf_8_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    let output = tillstream(dir.path()).args(["events", "show"]).arg(OsStr::from_bytes(b"\xff")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output =
        tillstream(dir.path()).args(["config", "default"]).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
