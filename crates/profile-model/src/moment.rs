//! Points in time and the date formats people send.

use std::fmt;

use jiff::civil::Date;
use jiff::fmt::temporal::DateTimePrinter;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Zone;

use written::Written;

mod written;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// As text (`Display`, serde) UTC RFC 3339 with milliseconds, `2026-11-21T01:02:03.456Z`, truncated towards the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// From milliseconds since the epoch (LINE's `timestamp`), saturating.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Whole milliseconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This many microseconds later (earlier if negative), saturating.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The whole millisecond it lies in: what its text says.
    #[must_use]
    pub const fn to_millisecond(self) -> Self {
        Self::from_millis(self.as_millis())
    }

    /// Seconds-based civil libraries end at the year 9999; what lies beyond is shown as the end.
    fn to_jiff(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.as_millis()).unwrap_or(end)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        PRINTER.print_timestamp(&self.to_jiff(), jiff::fmt::StdFmtWrite(f)).map_err(|_| fmt::Error)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let parsed: jiff::Timestamp =
            text.parse().map_err(|_| D::Error::custom("expected a time in RFC 3339"))?;
        // Towards the past, also before 1970.
        i64::try_from(parsed.as_nanosecond().div_euclid(1_000)).map(Self).map_err(D::Error::custom)
    }
}

/// Reads a time in any format that is accepted at any door; `None` if it is none of them.
///
/// Accepted (`DAT-1`, `CLI-6`, `CSV-15`; design, section 5): `yyyy-MM-dd` or `yyyy/MM/dd` or `MM/dd/yyyy`, alone or
/// with `T` or a blank and `HH[:mm[:ss[.fraction]]]` (the fraction also behind a colon), then an optional offset; ISO's
/// basic form `yyyyMMddTHHmmss`; `24:00` is the next midnight. An offset is one of
/// (`Z`, `UTC`, `GMT`, `+09:00`, `-0500`, `+09`), and `ddd MM dd HH:mm:ss.TZD yyyy` with the month as number or name.
///
/// Without an offset the time is in `zone`, a date alone is its midnight there, and an offset that is broken counts as
/// none (`DAT-3`). Years before 0 or after 3000 are refused (`DAT-4`).
#[must_use]
pub fn parse_time(text: &str, zone: &Zone) -> Option<Timestamp> {
    Written::parse(text)?.resolve(zone)
}

/// The calendar date as written, whatever time or offset follows it (`dob`; design, section 5).
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    Some(Written::parse(text)?.date)
}

/// Times in stored documents: microseconds since 1970, exact (the wire text has milliseconds only).
pub mod micros {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Timestamp;

    /// Writes microseconds.
    ///
    /// # Errors
    /// As the serializer.
    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.as_micros())
    }

    /// Reads microseconds.
    ///
    /// # Errors
    /// If it is not an integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_micros)
    }
}

/// The same of a time that may be missing.
pub mod optional_micros {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Timestamp;

    /// Writes microseconds or null.
    ///
    /// # Errors
    /// As the serializer.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(Timestamp::as_micros).serialize(serializer)
    }

    /// Reads microseconds or null.
    ///
    /// # Errors
    /// If it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_micros))
    }
}

#[cfg(test)]
mod tests;
