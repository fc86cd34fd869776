use std::str::FromStr;

use events::{Channel, Timestamp};
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::Class;

/// The hours of the day in which nobody is disturbed; they may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: Time,
    /// The first moment that is open again.
    until: Time,
}

/// Not `22:00-07:30`, or an empty stretch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not quiet hours such as \"22:00-07:30\"")]
pub struct QuietHoursError(String);

impl FromStr for QuietHours {
    type Err = QuietHoursError;

    fn from_str(text: &str) -> Result<Self, QuietHoursError> {
        let time = |text: &str| Time::strptime("%H:%M", text.trim()).ok();
        let both = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
        let both = both.filter(|(from, until)| from != until);
        both.map(|(from, until)| Self { from, until }).ok_or_else(|| QuietHoursError(text.to_owned()))
    }
}

impl QuietHours {
    /// When the quiet hours that `now` falls in are over there; none outside of them.
    pub(super) fn over(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = now.to_zoned(zone.clone());
        let (time, today) = (local.time(), local.date());
        let over_midnight = self.until < self.from;
        let late = time >= self.from;
        let early = time < self.until;
        let quiet = if over_midnight { late || early } else { late && early };
        let day = if over_midnight && late { today.tomorrow().ok()? } else { today };
        let end = day.to_datetime(self.until).to_zoned(zone.clone()).ok()?.timestamp();
        quiet.then_some(end)
    }

    /// Marketing waits on every channel, and what rings wherever it comes from. What a customer has to
    /// know comes by e-mail at once, as does what concerns the merchant's own people.
    pub(super) fn apply_to(class: Class, channel: Channel) -> bool {
        match class {
            Class::Marketing => true,
            Class::Transactional => channel != Channel::Email,
            Class::Operational => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(hours: &str, now: &str, zone: &str) -> Option<String> {
        let end = hours.parse::<QuietHours>().unwrap().over(now.parse().unwrap(), &TimeZone::get(zone).unwrap());
        end.map(|end| end.to_string())
    }

    #[test]
    fn they_go_over_midnight_and_end_with_their_last_minute() {
        let night = "22:00-07:00";
        for (now, end) in [
            ("2026-03-10T20:59:59Z", None),
            ("2026-03-10T21:00:00Z", Some("2026-03-11T06:00:00Z")),
            ("2026-03-10T23:30:00Z", Some("2026-03-11T06:00:00Z")),
            ("2026-03-11T05:59:59Z", Some("2026-03-11T06:00:00Z")),
            ("2026-03-11T06:00:00Z", None),
        ] {
            assert_eq!(over(night, now, "Europe/Paris").as_deref(), end, "{now}");
        }
    }

    #[test]
    fn they_may_lie_within_a_day() {
        assert_eq!(over("12:00-14:00", "2026-03-10T12:30:00Z", "UTC").as_deref(), Some("2026-03-10T14:00:00Z"));
        assert_eq!(over("12:00-14:00", "2026-03-10T14:00:00Z", "UTC"), None);
    }

    #[test]
    fn the_night_that_loses_an_hour_ends_by_the_clock_on_the_wall() {
        let end = over("22:00-07:00", "2026-03-28T22:00:00Z", "Europe/Paris");
        assert_eq!(end.as_deref(), Some("2026-03-29T05:00:00Z"));
        let inside_the_gap = over("01:00-02:30", "2026-03-29T00:30:00Z", "Europe/Paris");
        assert_eq!(inside_the_gap.as_deref(), Some("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn what_is_no_stretch_of_the_day_is_refused() {
        for text in ["", "22:00", "22:00-22:00", "22-7", "25:00-07:00", "22:00-07:00-08:00"] {
            assert!(text.parse::<QuietHours>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_customer_has_to_know_does_not_wait_in_their_mailbox() {
        assert!(!QuietHours::apply_to(Class::Transactional, Channel::Email));
        assert!(QuietHours::apply_to(Class::Transactional, Channel::Sms));
        assert!(QuietHours::apply_to(Class::Marketing, Channel::Email));
        assert!(!QuietHours::apply_to(Class::Operational, Channel::Chat));
    }
}
