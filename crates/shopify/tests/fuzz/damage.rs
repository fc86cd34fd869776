use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Damages good inputs, always in the same way for the same seed.
pub(crate) struct Damage(ChaCha8Rng);

/// Values that parsers stumble over.
const NASTY: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1.0",
    "5.0",
    "1e3",
    "1e400",
    "-1e-400",
    "0.1",
    "1E-28",
    "2147483648",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "99999999999999999999999999999",
    "\"\"",
    "\"0\"",
    "\"-0.00\"",
    "\"1e3\"",
    "\"19.99\"",
    "\"\u{663}\"",
    "\"NaN\"",
    "\"Infinity\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"gid://shopify/Order/1\"",
    "\"0000-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:60+14:00\"",
    "\"2026-13-01T00:00:00Z\"",
    "\"2026-03-29\"",
    "\"JPY\"",
    "\"XXX\"",
    "\"eur\"",
    "\"\u{202e}\u{1f600}\"",
    "\"\\r\\nBcc: x\"",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "[7,\"x\"]",
    "{\"id\":1}",
    "{\"amount\":\"1\",\"currency_code\":\"EUR\"}",
    "\"__proto__\"",
    "NaN",
    "01",
    "+1",
    "\u{feff}",
    "",
];

impl Damage {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    pub(crate) fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    pub(crate) fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.0.random()).collect()
    }

    /// Text of these characters.
    pub(crate) fn text(&mut self, alphabet: &str, most: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let length = self.below(most + 1);
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }

    /// A few changes to a document: of its bytes, or of whole values and keys.
    pub(crate) fn json(&mut self, document: &str) -> Vec<u8> {
        let mut bytes = document.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            match self.below(4) {
                0 => self.byte(&mut bytes),
                _ => self.value(&mut bytes),
            }
        }
        bytes
    }

    /// One change at any place.
    pub(crate) fn byte(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes.truncate(at),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
            2 if !bytes.is_empty() => drop(bytes.remove(at)),
            3 => bytes.insert(at, self.0.random()),
            4 => {
                let end = at + self.below(bytes.len() - at + 1).min(64);
                let piece = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            _ => {
                let nasty = self.one(NASTY).bytes();
                bytes.splice(at..at, nasty);
            }
        }
    }

    /// Another value in the place of one, the value of another place, or a key once more.
    fn value(&mut self, bytes: &mut Vec<u8>) {
        let tokens = tokens(bytes);
        let Some((from, to)) = tokens.get(self.below(tokens.len())).copied() else { return };
        let replacement = match self.below(3) {
            0 => tokens[self.below(tokens.len())],
            _ => (0, 0),
        };
        let replacement = match replacement {
            (0, 0) => self.one(NASTY).as_bytes().to_vec(),
            (from, to) => bytes[from..to].to_vec(),
        };
        bytes.splice(from..to, replacement);
    }
}

/// Where strings, numbers and words stand.
fn tokens(bytes: &[u8]) -> Vec<(usize, usize)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let start = at;
        if bytes[at] == b'"' {
            at += 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at = (at + 1).min(bytes.len());
            found.push((start, at));
        } else if bytes[at].is_ascii_alphanumeric() || bytes[at] == b'-' {
            while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || b"-+.".contains(&bytes[at])) {
                at += 1;
            }
            found.push((start, at));
        } else {
            at += 1;
        }
    }
    found
}
