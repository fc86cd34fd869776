use std::borrow::Cow;

use events::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};

/// An instant in a spelling of RFC 3339, and in no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read(&text).map(Self).ok_or_else(|| D::Error::custom("not a time"))
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// `YYYY-MM-DDThh:mm:ss`, a fraction of any length, `Z` or `±hh:mm`.
fn read(text: &str) -> Option<Timestamp> {
    let (seconds, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let written = seconds.bytes().zip("0000-00-00T00:00:00".bytes()).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        _ => byte.eq_ignore_ascii_case(&shape),
    });
    let (fraction, zone) = rest.split_at(rest.find(|c: char| !matches!(c, '.' | '0'..='9')).unwrap_or(rest.len()));
    let digits = fraction.strip_prefix('.').unwrap_or("0");
    if !written || !rest.starts_with(['.', 'Z', 'z', '+', '-']) || digits.is_empty() || digits.contains('.') {
        return None;
    }
    // Finer than a nanosecond we do not count.
    let local: DateTime = format!("{seconds}.{}", &digits[..digits.len().min(9)]).parse().ok()?;
    let offset = offset(zone)?;
    // Hours behind the last instant that is counted.
    Some(offset.to_timestamp(local).unwrap_or(Timestamp::MAX))
}

fn offset(zone: &str) -> Option<Offset> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let (sign, time) = (zone.as_bytes().first()?, zone.get(1..)?);
    let (hours, minutes) = time.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let number = |text: &str, end: i32| -> Option<i32> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?.filter(|number| *number < end)
    };
    let seconds = number(hours, 24)? * 3600 + number(minutes, 60)? * 60;
    match sign {
        b'+' => Offset::from_seconds(seconds).ok(),
        b'-' => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_spelled_as_rfc_3339_says() {
        for (text, at) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.5+01:00", "2026-01-02T02:04:05.5Z"),
            ("2026-01-02T03:04:05.1234567890123-23:59", "2026-01-03T03:03:05.123456789Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59-23:00", "9999-12-30T22:00:00.999999999Z"),
        ] {
            assert_eq!(read(text), at.parse().ok(), "{text}");
        }
    }

    #[test]
    fn no_other_spelling_is_a_time() {
        for text in [
            "",
            "yesterday",
            "2026-01-02",
            "2026-01-02T03:04:05",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04Z",
            "2026-01-02T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05..5Z",
            "2026-01-02T03:04:05,5Z",
            "2026-01-02T03:04:05+1:00",
            "2026-01-02T03:04:05+0100",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+01:60",
            "2026-01-02T03:04:05++1:00",
            "2026-01-02T03:04:05Z[UTC]",
            "20260102T030405Z",
            "12026-01-01T00:00:00Z",
            "-2026-01-01T00:00:00Z",
            "2026-01-02T03:04:05é",
            "2026-01-02T03:04:05+é:0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
