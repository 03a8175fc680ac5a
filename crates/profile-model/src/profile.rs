//! A profile: one person as far as we know.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Alias, Document, Email, Fields, Key, LineUserId, MergedSide, OwnStates, Phone, ProfileId,
    Timestamp,
};

/// An external id that still resolves but is not the primary one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerId {
    /// The id; same namespace as primaries.
    pub external_id: String,
    /// How it became former.
    pub kind: FormerKind,
}

/// How an external id became former.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormerKind {
    /// Left by a rename (`REN-3`).
    Deprecated,
    /// Of a profile merged into this one (`MID`).
    Merged,
}

impl fmt::Debug for FormerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FormerId({:?})", self.kind)
    }
}

/// A profile with everything that lives on its row. The row is the truth; look-up rows follow from [`Profile::keys`].
/// `Debug` shows no personal data.
#[derive(Clone, PartialEq)]
pub struct Profile {
    /// `braze_id`.
    pub id: ProfileId,
    /// Primary external id; a profile with one is *identified*.
    pub external_id: Option<String>,
    /// Deprecated and merged external ids.
    pub former_ids: Vec<FormerId>,
    /// Aliases, sorted by label; one name per label.
    pub aliases: Vec<Alias>,
    /// As sent, with its look-up key.
    pub email: Option<Email>,
    /// As sent, with E.164 if valid.
    pub phone: Option<Phone>,
    /// `native_line_id`; not unique (`LIN-13`).
    pub line_id: Option<LineUserId>,
    /// Standard fields.
    pub fields: Fields,
    /// Custom attributes.
    pub custom: Document,
    /// States held by the profile itself.
    pub own: OwnStates,
    /// Profiles that were merged into this one, in the order of the merges.
    pub merged: Vec<MergedSide>,
    /// Who made it; `None` on rows from before this was kept.
    pub origin: Option<Actor>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an attribute, event, purchase or identity operation last changed it.
    pub updated_at: Timestamp,
    /// Rises by one with every stored change; a writer that read another version has lost.
    pub version: u64,
}

impl Profile {
    /// An empty profile made at `now`.
    #[must_use]
    pub fn new(id: ProfileId, now: Timestamp) -> Self {
        Self {
            id,
            external_id: None,
            former_ids: Vec::new(),
            aliases: Vec::new(),
            email: None,
            phone: None,
            line_id: None,
            fields: Fields::default(),
            custom: Document::default(),
            own: OwnStates::default(),
            merged: Vec::new(),
            origin: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Whether it has an external id.
    #[must_use]
    pub const fn is_identified(&self) -> bool {
        self.external_id.is_some()
    }

    /// Every key it is found by.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let former = self.former_ids.iter().map(|former| Key::external_id(&former.external_id));
        self.external_id
            .iter()
            .map(|value| Key::external_id(value))
            .chain(former)
            .chain(self.aliases.iter().map(Key::alias))
            .chain(self.email.as_ref().map(Key::email))
            .chain(self.phone.as_ref().and_then(Key::phone))
            .chain(self.line_id.as_ref().map(Key::line_id))
            .chain(self.merged.iter().map(|side| Key::merged(side.profile)))
            .collect()
    }

    /// The keys that others may have, too: by these it may be in a group of duplicates.
    #[must_use]
    pub fn shared_keys(&self) -> Vec<Key> {
        self.keys().into_iter().filter(|key| !key.kind.is_unique()).collect()
    }

    /// Whether it has exactly the keys of another state of it, seen without making them.
    #[must_use]
    pub fn is_known_as(&self, other: &Self) -> bool {
        self.external_id == other.external_id
            && self.former_ids == other.former_ids
            && self.aliases == other.aliases
            && self.email == other.email
            && self.phone == other.phone
            && self.line_id == other.line_id
            && self.merged == other.merged
    }

    /// Its own id, then the ids of the profiles merged into it: whose events and summaries are its.
    pub fn sides(&self) -> impl Iterator<Item = ProfileId> {
        std::iter::once(self.id).chain(self.merged.iter().map(|side| side.profile))
    }

    /// The side that an identifier came with: a merged profile's id, else its own.
    #[must_use]
    pub fn side_of(&self, key: &Key) -> ProfileId {
        let side = self.merged.iter().find(|side| side.keys.contains(key));
        side.map_or(self.id, |side| side.profile)
    }

    /// Whether a merge into it can still be undone at this time: then writes to it are logged.
    #[must_use]
    pub fn may_come_apart(&self, at: Timestamp) -> bool {
        self.merged.iter().any(|side| side.undo_until > at)
    }

    /// Whether this external id came with a merged profile (`MID`).
    #[must_use]
    pub fn is_merged_id(&self, external_id: &str) -> bool {
        self.former_ids
            .iter()
            .any(|former| former.kind == FormerKind::Merged && former.external_id == external_id)
    }

    /// The alias with this label.
    #[must_use]
    pub fn alias(&self, label: &str) -> Option<&Alias> {
        self.aliases.iter().find(|alias| alias.label == label)
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({} v{})", self.id, self.version)
    }
}
