use shopify::{Secret, WebhookHeaders, encode_block, parse_block, sign, verify};

use crate::fuzz;

const BLOCK: &str = "host: a\r\nx-shopify-topic: orders/create\r\nx-shopify-hmac-sha256: c2ln\r\n\
    x-shopify-shop-domain: acme.myshopify.com\r\nshopify-webhook-id: b54557e4\r\nx-shopify-event-id: 98880550\r\n\
    x-shopify-triggered-at: 2026-03-29T18:00:27.877041743Z\r\nx-shopify-test: true\r\n";

/// Only the one text that a secret's holder would write is a signature.
#[test]
fn signatures_have_one_spelling() {
    let secrets = [Secret::new("new").unwrap(), Secret::new("old").unwrap()];
    let mut accepted = 0_u64;
    fuzz("signatures", |damage, input| {
        let body = damage.bytes(64);
        let right = [sign(&body, &secrets[0]), sign(&body, &secrets[1]), sign(&body, &Secret::new("x").unwrap())];
        let mut text = damage.one(&[right[0].as_str(), &right[1], &right[2]]).as_bytes().to_vec();
        for _ in 0..damage.below(3) {
            damage.byte(&mut text);
        }
        input.bytes.clone_from(&text);
        if let Ok(text) = std::str::from_utf8(&text) {
            let fits = verify(&body, text, &secrets);
            assert_eq!(fits, text == right[0] || text == right[1]);
            accepted += u64::from(fits);
        }
    });
    assert!(accepted > 0, "no right one was among them");
}

/// A block that is read is written again as it was, and no header says two things.
#[test]
fn header_blocks_survive_or_are_refused() {
    let mut read = 0_u64;
    fuzz("headers", |damage, input| {
        let mut block = BLOCK.as_bytes().to_vec();
        for _ in 0..damage.below(5) {
            damage.byte(&mut block);
        }
        input.bytes.clone_from(&block);
        let Ok(headers) = parse_block(&block) else { return };
        read += 1;
        let written = encode_block(&headers);
        assert_eq!(parse_block(&written).as_ref(), Ok(&headers));
        let webhook = WebhookHeaders::read(&headers);
        if headers.get_all("x-shopify-hmac-sha256").iter().count() > 1 {
            assert_eq!(webhook.hmac, None);
        }
        for text in [webhook.topic, webhook.shop_domain, webhook.webhook_id, webhook.event_id].into_iter().flatten() {
            assert!(
                !text.is_empty() && text.bytes().all(|byte| byte == b'\t' || (b' '..0x7f).contains(&byte)),
                "{text:?}"
            );
        }
    });
    assert!(read > 0, "no block was readable");
}
