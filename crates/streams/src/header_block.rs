//! An HTTP header block as the value of one NATS header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// Stands for a line's end, and at both ends for the value's: no character that HTTP allows in a header.
const MARK: char = '\u{1f}';

/// Text stays readable, a line break being the only thing that has to give way; other bytes go as base64.
pub(crate) fn encode(block: &[u8]) -> String {
    match std::str::from_utf8(block).map(as_text) {
        Ok(Some(value)) => value,
        _ => STANDARD.encode(block),
    }
}

fn as_text(block: &str) -> Option<String> {
    let mut value = String::with_capacity(block.len() + 2);
    value.push(MARK);
    for line in block.split_inclusive("\r\n") {
        let text = line.strip_suffix("\r\n");
        value.push_str(text.unwrap_or(line));
        text.is_some().then(|| value.push(MARK));
    }
    value.push(MARK);
    let marks = block.matches("\r\n").count() + 2;
    (value.bytes().filter(|byte| matches!(byte, b'\r' | b'\n' | 0x1f)).count() == marks).then_some(value)
}

/// None when it is nothing that [`encode`] writes.
pub(crate) fn decode(value: &str) -> Option<Bytes> {
    let Some(text) = value.strip_prefix(MARK) else { return STANDARD.decode(value).ok().map(Bytes::from) };
    Some(text.strip_suffix(MARK)?.replace(MARK, "\r\n").into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_block_stays_readable() {
        let value = encode(b"host: acme\r\nx-shopify-topic: orders/create\r\n");
        assert_eq!(value, "\u{1f}host: acme\u{1f}x-shopify-topic: orders/create\u{1f}\u{1f}");
    }

    proptest! {
        #[test]
        fn any_block_survives(block in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "([ -~]{0,12}(\r\n|\r|\n|\u{1f}| )){0,6}".prop_map(String::into_bytes),
        ]) {
            let value = encode(&block);
            prop_assert!(!value.contains(['\r', '\n']));
            prop_assert_eq!(value.trim(), &value);
            prop_assert_eq!(decode(&value), Some(Bytes::from(block)));
        }
    }
}
