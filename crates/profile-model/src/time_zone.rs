//! Time zone names: IANA and Rails.

use std::fmt;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod rails;

/// The database that comes with the program, not the machine's: what is a valid name, and what midnight is, must not
/// depend on where a process runs.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone, looked up once; cheap to clone.
#[derive(Clone)]
pub struct Zone {
    name: Box<str>,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Self {
        Self { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// The zone of an IANA or Rails-style name (`Asia/Tokyo`, `Eastern Time (US & Canada)`); `None` if there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = zone_name(name)?;
        let iana = rails::iana_name(&name).unwrap_or(&name);
        let zone = if iana == "UTC" { TimeZone::UTC } else { DATABASE.get(iana).ok()? };
        Some(Self { name, zone })
    }

    /// Its name as configured.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn as_jiff(&self) -> &TimeZone {
        &self.zone
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| D::Error::custom("not the name of a time zone"))
    }
}

/// The valid name a text means: an IANA name in its own spelling, or a Rails name; `None` if it is neither (section 3.1:
/// invalid values are not set).
pub(crate) fn zone_name(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    if rails::iana_name(text).is_some() {
        return Some(text.into());
    }
    if text == "UTC" {
        return Some(text.into());
    }
    let zone = DATABASE.get(text).ok()?;
    zone.iana_name().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::{DATABASE, Zone, rails, zone_name};

    /// Section 3.1: an IANA name or a Rails-style name; invalid values are not set.
    #[test]
    fn iana_and_rails_names_are_valid_and_others_are_not() {
        assert_eq!(zone_name("Asia/Tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(zone_name("asia/tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(zone_name("UTC").as_deref(), Some("UTC"));
        assert_eq!(zone_name("Eastern Time (US & Canada)").as_deref(), Some("Eastern Time (US & Canada)"));
        for text in
            ["", "JST+9", "Tokio", "Asia", "+09:00", "../Asia/Tokyo", "posix/Asia/Tokyo", "Asia/Tokyo\0"]
        {
            assert_eq!(zone_name(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_rails_name_leads_to_a_zone_that_exists() {
        for (rails, iana) in rails::NAMES {
            assert!(DATABASE.get(iana).is_ok(), "{rails} -> {iana}");
        }
        let names: Vec<_> = rails::NAMES.iter().map(|(name, _)| *name).collect();
        assert!(names.is_sorted(), "looked up by binary search");
        assert_eq!(names.len(), rails::NAMES.len());
    }

    #[test]
    fn a_zone_is_stored_by_name() {
        let zone: Zone = serde_json::from_str("\"Tokyo\"").unwrap();
        assert_eq!(serde_json::to_string(&zone).unwrap(), "\"Tokyo\"");
        assert_eq!(zone.as_jiff().iana_name(), Some("Asia/Tokyo"));
        assert!(serde_json::from_str::<Zone>("\"Tokio\"").is_err());
    }
}
