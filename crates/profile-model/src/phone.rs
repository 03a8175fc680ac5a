//! Phone numbers: as written, and as E.164.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod numbering;

/// Where a number without country code is: an ISO 3166-1 alpha-2 code with a numbering plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region([u8; 2]);

impl Region {
    /// The United States (`PHN-1`).
    pub const US: Self = Self(*b"US");
    /// Japan.
    pub const JP: Self = Self(*b"JP");

    /// Reads a code, in upper or lower case; `None` if there is no such numbering plan.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let code = <[u8; 2]>::try_from(code.as_bytes()).ok()?.map(|letter| letter.to_ascii_uppercase());
        let region = Self(code);
        (code.iter().all(u8::is_ascii_uppercase) && numbering::is_region(region.as_str())).then_some(region)
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("US")
    }
}

impl std::ops::Deref for Region {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Default for Region {
    fn default() -> Self {
        Self::US
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| D::Error::custom("not an ISO 3166-1 code with a numbering plan"))
    }
}

/// A phone number. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Phone {
    /// As sent, without surrounding blanks.
    pub written: String,
    /// E.164, if it is a valid number. One that is not stays on the profile but finds nobody (`PHN-4`, `ID-7`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e164: Option<String>,
}

/// What reading a number gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneReading {
    /// The number.
    pub phone: Phone,
    /// What was put right on the way, for reports.
    pub warning: Option<PhoneWarning>,
}

/// What was put right in a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneWarning {
    /// A Japanese number had lost its leading zero, as spreadsheets do to it.
    LeadingZeroRestored,
}

impl PhoneWarning {
    /// The stable word for reports and `docs/errors.md`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadingZeroRestored => "leading_zero_restored",
        }
    }
}

impl Phone {
    /// Reads a number as it stands in a request or file (`PHN-1`..`PHN-4`, `PHN-6`; design, section 5). Total: what is
    /// no valid number has no `e164`. `region` is the workspace's; a code without numbering plan makes every number
    /// without country code invalid.
    #[must_use]
    pub fn parse(text: &str, region: &str) -> PhoneReading {
        let written = text.trim();
        let (e164, warning) = numbering::read(written, region);
        PhoneReading { phone: Self { written: written.to_owned(), e164 }, warning }
    }

    /// What it matches by: E.164; `None` if it is not a valid number.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.e164.as_deref()
    }

    /// How people write a number that is known by its E.164: with and without country code, blanks and hyphens. For the
    /// search for what files said of somebody.
    #[must_use]
    pub fn notations(e164: &str) -> Vec<String> {
        numbering::notations(e164)
    }

    /// What an export shows: E.164 if valid, else as written.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.e164.as_deref().unwrap_or(&self.written)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.e164.is_some() { "Phone(valid)" } else { "Phone(invalid)" })
    }
}

#[cfg(test)]
mod tests;
