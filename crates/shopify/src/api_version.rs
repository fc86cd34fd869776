use std::fmt;
use std::str::FromStr;

/// A quarterly version of Shopify's API: which shape a body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    year: u16,
    month: u8,
}

/// Text that names no version of Shopify's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a version such as {}", ApiVersion::NEWEST)]
pub struct VersionError;

/// What a delivery states of its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedVersion {
    Known(ApiVersion),
    /// Later than what this binary knows, `unstable` too. It is read as the newest.
    Newer,
    /// Nothing that can be understood. It may be of any age.
    Unstated,
}

impl ApiVersion {
    /// The first that was dated.
    const OLDEST: Self = Self { year: 2019, month: 4 };
    /// The newest that is known; the table of topics is of this version.
    pub const NEWEST: Self = Self { year: 2026, month: 7 };

    pub(crate) const fn new(year: u16, month: u8) -> Self {
        Self { year, month }
    }
}

impl FromStr for ApiVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let (year, month) = text.split_once('-').ok_or(VersionError)?;
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(VersionError);
        }
        let version = Self { year: year.parse().or(Err(VersionError))?, month: month.parse().or(Err(VersionError))? };
        if matches!(version.month, 1 | 4 | 7 | 10) { Ok(version) } else { Err(VersionError) }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl StatedVersion {
    /// Reads `X-Shopify-API-Version`.
    pub fn of(header: Option<&str>) -> Self {
        match header.map(str::parse::<ApiVersion>) {
            Some(Ok(version)) if version > ApiVersion::NEWEST => Self::Newer,
            Some(Ok(version)) if version >= ApiVersion::OLDEST => Self::Known(version),
            Some(Err(_)) if header == Some("unstable") => Self::Newer,
            _ => Self::Unstated,
        }
    }

    /// Whether the body may be of an API from before `version`.
    pub(crate) fn may_precede(self, version: ApiVersion) -> bool {
        match self {
            Self::Known(stated) => stated < version,
            Self::Newer => false,
            Self::Unstated => true,
        }
    }
}

impl fmt::Display for StatedVersion {
    /// One of a bounded number of words: a metric's label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(version) => version.fmt(f),
            Self::Newer => f.write_str("newer"),
            Self::Unstated => f.write_str("unstated"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_quarter() {
        assert_eq!("2026-07".parse(), Ok(ApiVersion::NEWEST));
        for bad in ["", "2026", "2026-7", "2026-08", "26-07", "2026-07-01", "+026-07", "unstable", "2026_07"] {
            assert_eq!(bad.parse::<ApiVersion>(), Err(VersionError), "{bad}");
        }
        assert!(ApiVersion::new(2025, 10) < ApiVersion::new(2026, 1));
    }

    #[test]
    fn what_a_delivery_states_is_one_of_few_words() {
        let stated = |header| StatedVersion::of(Some(header)).to_string();
        assert_eq!(stated("2023-10"), "2023-10");
        for later in ["2026-10", "2099-01", "unstable"] {
            assert_eq!(stated(later), "newer", "{later}");
        }
        for nothing in ["2018-01", "0000-01", "x\r\ny", "2026-13"] {
            assert_eq!(stated(nothing), "unstated", "{nothing}");
        }
        assert_eq!(StatedVersion::of(None), StatedVersion::Unstated);
    }
}
