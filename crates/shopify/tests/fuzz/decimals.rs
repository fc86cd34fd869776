use aggregates::{Command, OrderCommand};
use events::Shop;
use shopify::{Delivery, Translation, translate};

use crate::fuzz;

/// A price is exactly what was written, or the body is refused.
#[test]
fn decimals_are_exact_or_refused() {
    let shop: Shop = "acme".parse().unwrap();
    let mut exact = 0_u64;
    fuzz("decimals", |damage, input| {
        let quoted = damage.below(2) == 0;
        let digits = damage.text("0123456789", 16) + ["", ".", "-", "e", "E+", "."][damage.below(6)];
        let written = damage.text("-", 1) + &digits + &damage.text("0123456789", 18);
        input.bytes = written.clone().into_bytes();
        let mark = if quoted { "\"" } else { "" };
        let Some(read) = read(&shop, &format!("{mark}{written}{mark}")) else { return };
        exact += 1;
        let exponent = written.contains(['e', 'E']);
        assert!(!(quoted && exponent), "{written} is not how a price is written");
        if !exponent {
            assert_eq!(plain(&read), plain(&written));
        }
    });
    assert!(exact > 0, "no decimal was readable");
}

/// The amount of a transaction with this amount in its body.
fn read(shop: &Shop, amount: &str) -> Option<String> {
    let body = format!(
        r#"{{"id":1,"order_id":2,"kind":"sale","status":"success","amount":{amount},"currency":"EUR","processed_at":"2026-03-29T18:00:26Z"}}"#
    );
    let topic = Some("order_transactions/create");
    let delivery = Delivery {
        topic,
        shop,
        api_version: None,
        triggered_at: None,
        received_at: events::Timestamp::UNIX_EPOCH,
        body: body.as_bytes(),
    };
    let Ok(Translation::Commands(commands)) = translate(&delivery) else { return None };
    let [Command::Order(_, OrderCommand::Transaction(transaction))] = &commands[..] else { panic!("{commands:?}") };
    let money = serde_json::to_value(transaction.amount).unwrap();
    Some(money["amount"].as_str().unwrap().to_owned())
}

/// Sign, digits and point without what says nothing.
fn plain(text: &str) -> String {
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let sign = if whole.is_empty() && fraction.is_empty() { "" } else { sign };
    format!("{sign}{whole}.{fraction}")
}
