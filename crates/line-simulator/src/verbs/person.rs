//! People, and many of them at once.

use serde::{Deserialize, Serialize};

/// A person to make or to change.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonSpec {
    /// Our name for the person, any text; made up if absent.
    pub person: Option<String>,
    /// The name shown in LINE.
    pub display_name: Option<String>,
    /// The picture's address.
    pub picture_url: Option<String>,
    /// The status line.
    pub status_message: Option<String>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    /// Whether accounts learn the person's ID (LINE for iOS and Android: yes).
    pub consented: Option<bool>,
    /// Whether the privacy policy was accepted, without which `language` is withheld.
    pub privacy_consented: Option<bool>,
}

/// A person that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonMade {
    /// Our name for the person.
    pub person: String,
}

/// Somebody's LINE user ID under a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Our name for the person.
    pub person: String,
    /// The user ID of the person's present LINE account.
    pub line_user_id: String,
}

/// Many friends at once, with no webhook sent: an account that has been there for years.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FollowersSpec {
    /// How many people to make and add.
    pub count: usize,
    /// Makes the first of every so many block the account; 0 for none.
    pub blocked_every: usize,
    /// Makes the second of every so many withhold consent; 0 for none.
    pub unconsented_every: usize,
    /// Makes the third of every so many delete their LINE account; 0 for none.
    pub deleted_every: usize,
}

/// The followers of a channel: whom a complete list shows now, in the order they added the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followers {
    /// Their user IDs.
    pub user_ids: Vec<String>,
}
