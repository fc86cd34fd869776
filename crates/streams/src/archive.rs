//! The log as lines of text: one event each, as JSON, with its headers and its body as they are stored.

use std::collections::BTreeMap;
use std::io::Write;

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use events::{Timestamp, header};
use memchr::memchr2;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::Raw;
use crate::publish::MESSAGE_ID;

/// The server's own, made anew by whoever publishes; the message id is the event's.
const TRANSPORT: &str = "Nats-";

/// An event of the log, as a line of an archive has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    pub position: u64,
    pub subject: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
}

/// Why a line is not an event of an archive; what stands in it is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("not a line of an archive (column {column})")]
    Malformed { column: usize },
    #[error("its body is given twice, or not at all")]
    Body,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a, Headers> {
    position: u64,
    subject: std::borrow::Cow<'a, str>,
    /// When the log stored it; another log will have its own.
    recorded_at: Timestamp,
    headers: Headers,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    /// A body that is no JSON, or has more than one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_base64: Option<std::borrow::Cow<'a, str>>,
}

/// Headers in the order of their names.
struct Sorted<'a>(Vec<(&'a str, &'a str)>);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Raw {
    /// Writes itself as a line, with its end.
    pub fn archive(&self, into: &mut Vec<u8>) {
        let is_one_line = memchr2(b'\n', b'\r', &self.body).is_none();
        // The body itself is written as it is: the line may be read by anything, and comes back byte for byte.
        let data = is_one_line.then(|| serde_json::from_slice::<&RawValue>(&self.body).ok()).flatten();
        let data = data.filter(|data| data.get().len() == self.body.len());
        let mut headers: Vec<_> = self.kept_headers().collect();
        headers.sort_unstable();
        let line = Line {
            position: self.sequence,
            subject: self.subject.as_str().into(),
            recorded_at: self.recorded_at,
            headers: Sorted(headers),
            data_base64: data.is_none().then(|| STANDARD.encode(&self.body).into()),
            data,
        };
        // Plain data, to memory: neither can fail.
        let _ = serde_json::to_writer(&mut *into, &line);
        let _ = into.write_all(b"\n");
    }

    fn kept_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.headers.iter().flat_map(HeaderMap::iter);
        let headers = headers.filter_map(|(name, values)| Some((name.as_ref(), values.first()?.as_str())));
        headers.filter(|(name, _): &(&str, &str)| *name == MESSAGE_ID || !name.starts_with(TRANSPORT))
    }
}

impl Archived {
    /// Reads one line.
    pub fn parse(line: &[u8]) -> Result<Self, ArchiveError> {
        let malformed = |error: serde_json::Error| ArchiveError::Malformed { column: error.column() };
        let Line::<BTreeMap<String, String>> { position, subject, headers, data, data_base64, .. } =
            serde_json::from_slice(line).map_err(malformed)?;
        let body = match (data, data_base64) {
            (Some(data), None) => Bytes::copy_from_slice(data.get().as_bytes()),
            (None, Some(text)) => STANDARD.decode(text.as_bytes()).map_err(|_| ArchiveError::Body)?.into(),
            _ => return Err(ArchiveError::Body),
        };
        Ok(Self { position, subject: subject.into_owned(), headers, body })
    }

    /// The event's own id.
    pub fn id(&self) -> Option<&str> {
        self.headers.get(header::ID).map(String::as_str)
    }

    pub(crate) fn of(raw: &Raw) -> Self {
        let headers = raw.kept_headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { position: raw.sequence, subject: raw.subject.to_string(), headers, body: raw.body.clone() }
    }

    pub(crate) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                map.insert(name, value);
            }
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &'static [u8]) -> Raw {
        let mut headers = HeaderMap::new();
        headers.insert(header::ID, "a\"b");
        headers.insert(MESSAGE_ID, "a");
        headers.insert("Nats-Expected-Last-Subject-Sequence", "7");
        let recorded_at = "2026-05-01T00:00:00.123456789Z".parse().unwrap();
        Raw {
            subject: "events.1.order.acme.1".into(),
            sequence: 7,
            recorded_at,
            headers: Some(headers),
            body: body.into(),
            opened: None,
        }
    }

    #[test]
    fn an_event_comes_back_byte_for_byte_from_its_line() {
        let bodies: [&[u8]; 9] =
            [b"{\"a\":1.50,  \"b\":\"\\u00e9\"}", b"{}", b" {} ", b"{\n}", b"{\r}", b"{", b"\xff\n", b"\"\xff\"", b""];
        for body in bodies {
            let raw = raw(body);
            let mut line = Vec::new();
            raw.archive(&mut line);
            assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1, "{body:?}");
            let read = Archived::parse(&line).unwrap();
            assert_eq!(read, Archived::of(&raw), "{body:?}");
            assert_eq!((read.position, read.id(), &read.body[..]), (7, Some("a\"b"), body));
            assert!(!read.headers.contains_key("Nats-Expected-Last-Subject-Sequence"));
        }
    }

    #[test]
    fn what_is_no_line_of_an_archive_is_refused() {
        let mut line = Vec::new();
        raw(b"{}").archive(&mut line);
        let line = String::from_utf8(line).unwrap();
        let twice = line.replace("\"data\":{}", "\"data\":{},\"data_base64\":\"e30=\"");
        let none = line.replace(",\"data\":{}", "");
        for wrong in ["", "{}", "[]", "x", &line[..20], &twice, &none, &line.replace("position", "place")] {
            assert!(Archived::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
