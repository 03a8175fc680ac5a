//! Names of standard fields.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! field_names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// A standard field that is neither an identifier nor a subscription state (section 3.1). Names are exact
        /// (`ID-9`): `First_Name` is a custom attribute (`ATT-1`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FieldName {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)+
        }

        impl FieldName {
            /// All of them, in the order they are stored and shown.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire and in storage.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The field of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

field_names! {
    /// Given name.
    FirstName = "first_name",
    /// Family name.
    LastName = "last_name",
    /// Town.
    HomeCity = "home_city",
    /// Date of birth, `YYYY-MM-DD`.
    Dob = "dob",
    /// `M`, `F`, `O`, `N` or `P`.
    Gender = "gender",
    /// ISO 3166-1 alpha-2.
    Country = "country",
    /// ISO 639-1 and the list of section 3.3.
    Language = "language",
    /// IANA or Rails name.
    TimeZone = "time_zone",
    /// `{"latitude":n,"longitude":n}`, degrees.
    CurrentLocation = "current_location",
    /// At most 1,024 characters.
    ImageUrl = "image_url",
    /// RFC 3339, UTC, milliseconds.
    DateOfFirstSession = "date_of_first_session",
    /// RFC 3339, UTC, milliseconds.
    DateOfLastSession = "date_of_last_session",
    /// Boolean.
    EmailOpenTrackingDisabled = "email_open_tracking_disabled",
    /// Boolean.
    EmailClickTrackingDisabled = "email_click_tracking_disabled",
    /// RFC 3339, UTC, milliseconds.
    MarkedEmailAsSpamAt = "marked_email_as_spam_at",
    /// Array of `{"app_id","token","device_id"?}`.
    PushTokens = "push_tokens",
    /// Object with any of `id`, `likes`, `num_friends`.
    Facebook = "facebook",
    /// Object with any of `id`, `screen_name`, `followers_count`, `friends_count`, `statuses_count`.
    Twitter = "twitter",
}

impl std::str::FromStr for FieldName {
    type Err = UnknownField;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name).ok_or(UnknownField)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name is not that of a standard field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a standard field")]
pub struct UnknownField;
