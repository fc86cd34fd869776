use std::fmt::{Display, Write};

use crate::clock::local;
use crate::market::{CURRENCY, Market, amount};

/// JSON text in the making.
pub(super) struct Json(String);

/// What may not stand in a string as it is.
const ESCAPED: &[u8] = b"\"\\&<>\n";

/// A whole document.
pub(super) fn object(write: impl FnOnce(&mut Json)) -> String {
    let mut json = Json(String::with_capacity(8 * 1024));
    json.braces('{', '}', write);
    json.0
}

impl Json {
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        self.string(text);
    }

    pub(super) fn maybe(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    pub(super) fn null(&mut self, key: &str) {
        self.key(key);
        self.0.push_str("null");
    }

    /// An integer, a truth value, or a decimal that Shopify writes as a number.
    pub(super) fn number(&mut self, key: &str, number: impl Display) {
        self.key(key);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{number}");
    }

    pub(super) fn maybe_number(&mut self, key: &str, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.null(key),
        }
    }

    pub(super) fn time(&mut self, key: &str, second: i64) {
        self.plain(key, &local(second));
    }

    pub(super) fn amount(&mut self, key: &str, cents: i64) {
        self.plain(key, &amount(cents));
    }

    /// A text that has nothing to escape.
    fn plain(&mut self, key: &str, text: &str) {
        self.key(key);
        self.0.push('"');
        self.0.push_str(text);
        self.0.push('"');
    }

    pub(super) fn gid(&mut self, kind: &str, id: u64) {
        self.key("admin_graphql_api_id");
        let _ = write!(self.0, "\"gid://shopify/{kind}/{id}\"");
    }

    /// Members that are always the same: `"a":1,"b":null`.
    pub(super) fn constant(&mut self, members: &str) {
        self.comma();
        self.0.push_str(members);
    }

    /// An amount in the shop's money and in the customer's.
    pub(super) fn set(&mut self, key: &str, cents: i64, market: &Market) {
        self.key(key);
        for part in [
            "{\"shop_money\":{\"amount\":\"",
            &amount(cents),
            "\",\"currency_code\":\"",
            CURRENCY,
            "\"},\"presentment_money\":{\"amount\":\"",
            &market.shown(cents),
            "\",\"currency_code\":\"",
            market.currency,
            "\"}}",
        ] {
            self.0.push_str(part);
        }
    }

    pub(super) fn object(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.key(key);
        self.braces('{', '}', write);
    }

    /// A list of objects.
    pub(super) fn list<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.0.push('[');
        for item in items {
            self.comma();
            self.braces('{', '}', |json| write(json, item));
        }
        self.0.push(']');
    }

    pub(super) fn texts<'a>(&mut self, key: &str, texts: impl IntoIterator<Item = &'a str>) {
        self.key(key);
        self.0.push('[');
        for text in texts {
            self.comma();
            self.string(text);
        }
        self.0.push(']');
    }

    fn braces(&mut self, open: char, close: char, write: impl FnOnce(&mut Self)) {
        self.0.push(open);
        write(self);
        self.0.push(close);
    }

    fn key(&mut self, key: &str) {
        self.comma();
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    /// Between members, not before the first one.
    fn comma(&mut self) {
        if !matches!(self.0.as_bytes().last(), Some(b'{' | b'[')) {
            self.0.push(',');
        }
    }

    /// As Shopify's serialiser escapes: `&`, `<` and `>` too.
    fn string(&mut self, text: &str) {
        self.0.push('"');
        if ESCAPED.iter().any(|byte| text.as_bytes().contains(byte)) {
            text.chars().for_each(|character| self.escaped(character));
        } else {
            self.0.push_str(text);
        }
        self.0.push('"');
    }

    fn escaped(&mut self, character: char) {
        match character {
            '"' => self.0.push_str("\\\""),
            '\\' => self.0.push_str("\\\\"),
            '\n' => self.0.push_str("\\n"),
            '&' => self.0.push_str("\\u0026"),
            '<' => self.0.push_str("\\u003c"),
            '>' => self.0.push_str("\\u003e"),
            other => self.0.push(other),
        }
    }
}
