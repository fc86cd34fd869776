//! A shop's secret is replaced while its webhooks come.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;

use crate::process::{PATIENCE, Up};
use crate::shop::webhook;

const CONFIG: &str = "[[shops]]\ndomain = \"acme.myshopify.com\"\nsecrets_file = \"secrets\"\n";

fn write(dir: &Path, secrets: &str, mode: u32) {
    let path = dir.join("secrets");
    std::fs::write(&path, secrets).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What a webhook that is signed with this secret is answered.
async fn answer(up: &Up, secret: &str) -> u16 {
    let request = webhook(&up.url, secret, "products/delete", r#"{"id":7}"#);
    request.send().await.unwrap().status().as_u16()
}

async fn comes_to(up: &Up, secret: &str, wanted: u16) {
    let since = std::time::Instant::now();
    while answer(up, secret).await != wanted {
        assert!(since.elapsed() < PATIENCE, "{secret} does not come to {wanted}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_again_on_a_hangup_and_stay_when_they_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tillstream.toml"), CONFIG).unwrap();
    write(dir.path(), "old\n", 0o600);
    let mut up = Up::guarded(dir.path(), &[]);
    assert_eq!((answer(&up, "old").await, answer(&up, "new").await), (200, 401));

    // Both while Shopify changes over, then the new one alone.
    write(dir.path(), "new\nold\n", 0o600);
    up.signal(Signal::HUP);
    comes_to(&up, "new", 200).await;
    assert_eq!(answer(&up, "old").await, 200);
    write(dir.path(), "new\n", 0o600);
    up.signal(Signal::HUP);
    comes_to(&up, "old", 401).await;
    assert_eq!(answer(&up, "new").await, 200);

    for (secrets, mode) in [("newest\n", 0o644), ("", 0o600)] {
        write(dir.path(), secrets, mode);
        up.signal(Signal::HUP);
        // Time enough to do the wrong thing.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert_eq!((answer(&up, "new").await, answer(&up, "newest").await), (200, 401));
    }
    up.signal(Signal::TERM);
    assert_eq!(up.wait(), Some(0));
}
