//! The one strict decoder: what it refuses, no path of the house ever sees.
//!
//! The body is scanned once, by the rules that two JSON parsers may disagree on (duplicate keys,
//! numbers, NUL, lone surrogates, depth), and then decoded into a typed body.

use std::borrow::Cow;

use crate::Unreadable;

/// Levels of nesting; the deepest body of Shopify's has about ten.
pub(crate) const MAX_DEPTH: usize = 64;

/// Digits that a decimal of ours always holds exactly, before and after the point together.
const MAX_DIGITS: i64 = 28;

/// Checks that a body is one strict JSON object, and returns it as text.
pub fn check(body: &[u8]) -> Result<&str, Unreadable> {
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::NotUtf8)?;
    let mut scanner = Scanner { text, bytes: body, at: 0, keys: Vec::with_capacity(128) };
    let object = scanner.peek() == Some(b'{');
    scanner.value(0)?;
    match scanner.peek() {
        Some(_) => Err(scanner.syntax()),
        None if object => Ok(text),
        None => Err(Unreadable::NotAnObject),
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// The decoded keys of the objects that are open, innermost last.
    keys: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, depth: usize) -> Result<(), Unreadable> {
        match self.peek() {
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err(self.syntax()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Unreadable> {
        self.open(depth)?;
        let first_key = self.keys.len();
        if self.peek() == Some(b'}') {
            return self.take(b'}');
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.syntax());
            }
            let key = self.key()?;
            self.keys.push(key);
            self.take(b':')?;
            self.value(depth)?;
            if self.peek() == Some(b'}') {
                break;
            }
            self.take(b',')?;
        }
        if !distinct(&mut self.keys[first_key..]) {
            return Err(Unreadable::DuplicateKey(self.at));
        }
        self.keys.truncate(first_key);
        self.take(b'}')
    }

    fn array(&mut self, depth: usize) -> Result<(), Unreadable> {
        self.open(depth)?;
        if self.peek() == Some(b']') {
            return self.take(b']');
        }
        loop {
            self.value(depth)?;
            if self.peek() == Some(b']') {
                return self.take(b']');
            }
            self.take(b',')?;
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), Unreadable> {
        self.at += 1;
        if depth > MAX_DEPTH { Err(Unreadable::TooDeep) } else { Ok(()) }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        let start = self.at;
        let escaped = self.string()?;
        let token = &self.text[start..self.at];
        match escaped {
            true => serde_json::from_str(token).map(Cow::Owned).map_err(|_| self.syntax()),
            false => Ok(Cow::Borrowed(&token[1..token.len() - 1])),
        }
    }

    /// Passes a string; says whether it is written with escapes.
    fn string(&mut self) -> Result<bool, Unreadable> {
        let mut escaped = false;
        self.at += 1;
        loop {
            let plain = self.bytes[self.at..].iter().take_while(|&&byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            self.at += plain.count();
            match self.bytes.get(self.at) {
                Some(b'"') => break self.at += 1,
                Some(b'\\') => self.escape()?,
                _ => return Err(self.syntax()),
            }
            escaped = true;
        }
        Ok(escaped)
    }

    fn escape(&mut self) -> Result<(), Unreadable> {
        match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.unit()? {
                0 | 0xdc00..0xe000 => return Err(Unreadable::Text(self.at)),
                0xd800..0xdc00 if !matches!(self.unit(), Ok(0xdc00..0xe000)) => return Err(Unreadable::Text(self.at)),
                _ => {}
            },
            _ => return Err(self.syntax()),
        }
        Ok(())
    }

    /// Passes `\uXXXX` and returns the UTF-16 unit.
    fn unit(&mut self) -> Result<u32, Unreadable> {
        let [b'\\', b'u', hex @ ..] = self.bytes.get(self.at..self.at + 6).ok_or_else(|| self.syntax())? else {
            return Err(self.syntax());
        };
        let unit = hex.iter().try_fold(0, |unit, &byte| Some(unit * 16 + char::from(byte).to_digit(16)?));
        let unit = unit.ok_or_else(|| self.syntax())?;
        self.at += 6;
        Ok(unit)
    }

    fn number(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += usize::from(self.bytes[start] == b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole[0] == b'0' {
            return Err(self.syntax());
        }
        let mut fraction: &[u8] = &[];
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            fraction = self.digits()?;
        }
        let mut exponent = 0;
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            exponent = self.exponent()?;
        }
        if is_exact(whole, fraction, exponent) { Ok(()) } else { Err(Unreadable::InexactNumber(start)) }
    }

    fn exponent(&mut self) -> Result<i64, Unreadable> {
        let sign = match self.bytes.get(self.at) {
            Some(b'-') => -1,
            _ => 1,
        };
        self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
        let digits = self.digits()?;
        Ok(sign * digits.iter().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1 << 32)))
    }

    fn digits(&mut self) -> Result<&'a [u8], Unreadable> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += length;
        if length == 0 { Err(self.syntax()) } else { Ok(&rest[..length]) }
    }

    fn literal(&mut self, text: &[u8]) -> Result<(), Unreadable> {
        if !self.bytes[self.at..].starts_with(text) {
            return Err(self.syntax());
        }
        self.at += text.len();
        Ok(())
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.peek() != Some(byte) {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    fn syntax(&self) -> Unreadable {
        Unreadable::NotJson(self.at)
    }
}

/// Whether no key is there twice; may reorder them.
fn distinct(keys: &mut [Cow<'_, str>]) -> bool {
    if keys.len() <= 8 {
        return (1..keys.len()).all(|i| !keys[..i].contains(&keys[i]));
    }
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

/// Whether `whole.fraction × 10^exponent` is a decimal of at most 28 digits on either side of the point.
fn is_exact(whole: &[u8], fraction: &[u8], exponent: i64) -> bool {
    if exponent == 0 && whole.len() + fraction.len() <= MAX_DIGITS as usize {
        return true;
    }
    let digits: Vec<u8> = [whole, fraction].concat();
    let Some(first) = digits.iter().position(|&digit| digit != b'0') else { return true };
    let last = digits.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
    let (before_point, after_point) =
        (whole.len() as i64 - first as i64 + exponent, last as i64 + 1 - whole.len() as i64 - exponent);
    (last - first) < MAX_DIGITS as usize && before_point <= MAX_DIGITS && after_point <= MAX_DIGITS
}
