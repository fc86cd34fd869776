use serde_json::{Value, json};
use testkit::MailServer;

use crate::process::{PATIENCE, Up, run};
use crate::shop::{self, said, say};

/// Placed now: what was placed before the service began is not told.
pub(crate) async fn place(up: &Up, id: u64) {
    let now = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    let body = json!({
        "id": id, "name": format!("#{id}"), "currency": "EUR", "test": false, "email": "ann@example.com",
        "created_at": now, "updated_at": now, "processed_at": now, "customer": null,
        "financial_status": "paid", "fulfillment_status": null, "tags": "",
        "total_price": "10.00", "current_total_price": "10.00", "subtotal_price": "10.00", "total_tax": "0.00",
        "total_discounts": "0.00", "line_items": [], "refunds": [], "fulfillments": [], "shipping_lines": [],
    });
    say(up, "orders/create", &body).await;
}

/// The shop's only notification, once it is in this state.
async fn until(dir: &std::path::Path, status: &str) -> Value {
    let since = std::time::Instant::now();
    loop {
        let listed = run(dir, &["notify", "ls", "--shop", "acme", "--order", "1001", "--output", "json"]);
        assert_eq!(listed.status.code(), Some(0), "{}", String::from_utf8_lossy(&listed.stderr));
        let rows: Value = serde_json::from_slice(&listed.stdout).unwrap();
        if rows[0]["status"] == status {
            return rows[0].clone();
        }
        assert!(since.elapsed() < PATIENCE, "not {status}: {rows}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_confirmed_by_mail_and_once_more_when_an_operator_says_so() {
    let (dir, mail) = (tempfile::tempdir().unwrap(), MailServer::start().await);
    let config = format!(
        "[notifications]\nenabled = true\nrules = [\"order_confirmation\"]\n[notifications.smtp]\nhost = \"127.0.0.1\"\n\
         port = {}\ntls = \"none\"\nfrom = \"Acme <shop@acme.example>\"\n",
        mail.port()
    );
    std::fs::write(dir.path().join("tillstream.toml"), config).unwrap();
    let up = Up::start(dir.path(), &[]);
    place(&up, 1001).await;
    let sent = mail.arrived(1).await.remove(0);
    assert_eq!(sent.to, ["ann@example.com"]);
    let row = until(dir.path(), "sent").await;
    assert_eq!((&row["recipient"], &row["to"]), (&json!("order/1001"), &json!("a***@e***.com")));

    let order = ["notify", "preview", "order_confirmation", "--order", "1001", "--shop", "acme"];
    let preview = said(shop::run(dir.path(), &order), 0);
    assert!(preview.contains("Subject: Order #1001 confirmed") && !preview.contains("ann@example.com"), "{preview}");

    let key = row["key"].as_str().unwrap();
    let resend = ["notify", "resend", key, "--shop", "acme", "--reason", "the customer lost it"];
    let would = said(shop::run(dir.path(), &[&resend[..], &["--dry-run"]].concat()), 0);
    assert!(would.contains("would ask for attempt 2 of order_confirmation"), "{would}");
    assert!(said(shop::run(dir.path(), &resend), 0).contains("asked for attempt 2"));
    assert_eq!(mail.arrived(2).await.len(), 2);
    assert_eq!(until(dir.path(), "sent").await["attempt"], 2);
    let unknown = ["notify", "resend", &"0".repeat(32), "--shop", "acme", "--reason", "why"];
    assert!(said(shop::run(dir.path(), &unknown), 3).contains("no such notification"));
}

#[test]
fn a_template_can_be_looked_at_without_anything_running() {
    let dir = tempfile::tempdir().unwrap();
    assert!(said(run(dir.path(), &["notify", "preview", "refund"]), 0).contains("Subject: A refund for your order"));
    assert!(said(run(dir.path(), &["notify", "preview", "refunds"]), 2).contains("there is no rule"));
}

#[test]
fn what_is_wrong_with_the_notifications_is_said_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("templates/fr")).unwrap();
    std::fs::write(dir.path().join("templates/fr/refund.txt"), "{% block subject %}{{ order.nmae }}{% endblock %}")
        .unwrap();
    for (config, code, says) in [
        ("templates = \"templates\"", 2, "fr/refund.txt, line 1: undefined value"),
        ("templates = \"nowhere\"", 3, "nowhere"),
        ("quiet_hours = \"late\"", 2, "22:00-07:30"),
        ("rules = [\"refunds\"]", 2, "line 2"),
        ("[notifications.smtp]\nhost = \"h\"\nfrom = \"f@x.y\"\nusername_env = \"U\"", 2, "both"),
        ("[notifications.smtp]\nhost = \"h\"\nfrom = \"f@x.y\"\nusername_env = \"U_\"\npassword_env = \"P_\"", 3, "U_"),
        ("[[notifications.http]]\nname = \"texts\"\nchannel = \"sms\"\nurl = \"http://h\"", 2, "never be used"),
        ("[notifications.smtp]\nhost = \"h\"\nfrom = \"f@x.y\"\nper_second = 0", 2, "nonzero"),
    ] {
        std::fs::write(dir.path().join("tillstream.toml"), format!("[notifications]\n{config}\n")).unwrap();
        let told = said(run(dir.path(), &["config", "validate"]), code);
        assert!(told.contains(says), "{config}: {told}");
    }
}
