//! The journal: identity changes only, with time, actor and cause. Creation lives on the profile itself.

use serde::{Deserialize, Serialize};

use crate::{ImportId, Profile, ProfileId, Timestamp, micros};

/// Who or what made a change: the door and its reference (key id, webhook event id, import id and line, sync run).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// `api`, `import`, `line_event`, `line_sync`, `operator`.
    pub kind: String,
    /// Reference, e.g. a key id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Actor {
    /// An actor with a reference.
    #[must_use]
    pub fn new(kind: &str, reference: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), reference: Some(reference.into()) }
    }

    /// A row of an import: the id of the import, and the line of the file (1-based, the header is line 1).
    #[must_use]
    pub fn of_row(import: ImportId, line: u64) -> Self {
        Self::new("import", format!("{import}:{line}"))
    }

    /// What [`Actor::of_row`] was made of.
    #[must_use]
    pub fn row(&self) -> Option<(&str, u64)> {
        let (import, line) = self.reference.as_deref()?.split_once(':')?;
        Some((import, line.parse().ok()?))
    }
}

/// What happened to an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalKind {
    /// A LINE id was set on a profile.
    LineLinked,
    /// A LINE id was replaced or removed.
    LineUnlinked,
    /// The `line_id` alias left this profile because the LINE id belongs to another.
    AliasMovedAway,
    /// An anonymous profile got its external id.
    Identified,
    /// Another profile became part of this one.
    Merged,
    /// A merge was undone.
    Undone,
    /// An alias was added.
    AliasAdded,
    /// An alias got another name.
    AliasRenamed,
    /// The primary external id changed.
    ExternalIdRenamed,
    /// A deprecated external id was removed.
    ExternalIdRemoved,
    /// An external id that had come with a merged profile was let go.
    MergedIdReleased,
    /// A follower that would have lost its last profile was kept as an anonymous one.
    LineFollowerKeptApart,
}

/// One entry, about one profile.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// Whose history it belongs to.
    pub profile: ProfileId,
    /// When (the request's time plus the item's index in microseconds).
    pub at: Timestamp,
    /// What.
    pub kind: JournalKind,
    /// By whom.
    pub actor: Actor,
    /// The other profile concerned, if any.
    pub other: Option<ProfileId>,
    /// Identifiers concerned, as stored (personal data: erased with the profile).
    pub detail: serde_json::Value,
}

/// How a profile was made. A `merged` entry tells it of the one that was merged away (`made` of its detail), so that the
/// survivor's history does not need the before-image, which goes when the merge can no longer be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// By whom; `None` on profiles from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

impl Made {
    /// How this one was made.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        Self { at: profile.created_at, actor: profile.origin.clone() }
    }

    /// What an entry tells of the one that was merged away.
    #[must_use]
    pub fn told_by(entry: &JournalEntry) -> Option<(ProfileId, Self)> {
        if entry.kind != JournalKind::Merged {
            return None;
        }
        let made = serde_json::from_value(entry.detail.get("made")?.clone()).ok()?;
        Some((entry.other?, made))
    }
}
