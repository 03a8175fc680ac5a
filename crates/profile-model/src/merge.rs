//! Merges: what is kept of a profile that became part of another, so that the join explains itself and can be undone.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Address, AddressKind, Alias, Attributes, GlobalState, GroupChange, GroupId, Key, Kind, LineUserId,
    MergeId, Profile, ProfileId, StateOf, Target, Timestamp, micros, optional_micros,
};

/// Which operation joined two profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// `/users/merge`.
    Merge,
    /// `/users/identify`.
    Identify,
    /// A rule over duplicates.
    Duplicates,
    /// A LINE ID that two profiles share (`line_convergence`).
    Convergence,
    /// An undo that took back the follower whom the merge had kept apart, with all that was written to it since.
    TakenBack,
}

impl How {
    /// Whether a rule did it and nobody named the two profiles: such joins are guarded.
    #[must_use]
    pub const fn is_rule(self) -> bool {
        matches!(self, Self::Duplicates | Self::Convergence)
    }
}

/// A profile that was merged into the one that carries this. Its events stay under its own id and are read through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergedSide {
    /// The merge that brought it here.
    pub merge: MergeId,
    /// Its `braze_id`, now a merged id.
    pub profile: ProfileId,
    /// Which operation.
    pub how: How,
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// Until when it can be undone.
    #[serde(with = "micros")]
    pub undo_until: Timestamp,
    /// Identifiers that came with it: what they name is written to its side.
    pub keys: Vec<Key>,
    /// What `updated_at` became by the last event or purchase of this side since the merge. Events are not in the log of
    /// writes: this is all that an undo needs to know of them.
    #[serde(default, with = "optional_micros", skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The same of the survivor's own events and purchases, since this merge and before the next.
    #[serde(default, with = "optional_micros", skip_serializing_if = "Option::is_none")]
    pub survivor_occurred_at: Option<Timestamp>,
}

impl MergedSide {
    /// Takes LINE IDs, and the aliases that claim them, out of what merged profiles are known by: their follower was
    /// erased, and nobody else has them. Whether any was there.
    pub fn forget_line_ids(sides: &mut [Self], users: &[LineUserId]) -> bool {
        let of_line = |key: &Key| matches!(key.kind, Kind::LineId | Kind::Alias);
        let is_gone = |key: &Key| of_line(key) && users.iter().any(|user| *user.as_str() == *key.value);
        let keys = sides.iter_mut().map(|side| {
            let before = side.keys.len();
            side.keys.retain(|key| !is_gone(key));
            side.keys.len() < before
        });
        keys.fold(false, |any, changed| any | changed)
    }
}

impl Profile {
    /// Notes that an event or purchase of a side moves the row, as long as the side may come apart again.
    pub(crate) fn note_occurrence(&mut self, side: ProfileId, at: Timestamp) {
        if !self.may_come_apart(at) {
            return;
        }
        let at = Some(at.max(self.updated_at));
        match self.merged.iter_mut().find(|merged| merged.profile == side) {
            Some(merged) => merged.occurred_at = at,
            None => {
                if let Some(last) = self.merged.last_mut() {
                    last.survivor_occurred_at = at;
                }
            }
        }
    }

    /// Takes over what happened to this profile (`own`), and to those that are part of it, while it was part of another
    /// or another was part of it: `since` is what that row said. What `updated_at` became by the last of it.
    pub(crate) fn take_occurrences(
        &mut self,
        since: &[MergedSide],
        own: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let since: BTreeMap<_, _> = since.iter().map(|side| (side.profile, side.occurred_at)).collect();
        let mut last = own;
        for side in &mut self.merged {
            let theirs = since.get(&side.profile).copied().flatten();
            side.occurred_at = side.occurred_at.max(theirs);
            last = last.max(theirs);
        }
        if let Some(newest) = self.merged.last_mut() {
            newest.survivor_occurred_at = newest.survivor_occurred_at.max(own);
        }
        last
    }
}

/// The state of an address that a merge changed, as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct StateBefore {
    /// Whose.
    pub address: Address,
    /// Which state.
    pub of: StateOf,
    /// What it was and since when; `None`: it had none.
    pub before: Option<(GlobalState, Timestamp)>,
}

/// Something of the merged profile that the survivor does not have (section 5 of the rules says what is dropped).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Field, e.g. `native_line_id`, `user_alias`, `first_name`, `custom_attributes.tier`.
    pub field: String,
    /// Its value.
    pub value: serde_json::Value,
}

/// One merge. The images are personal data: they go when the merge can no longer be undone, and with erasure.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeRecord {
    /// Its id.
    pub id: MergeId,
    /// Which operation.
    pub how: How,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The survivor.
    pub kept: ProfileId,
    /// The profile that became part of it.
    pub removed: ProfileId,
    /// The survivor as it was.
    pub kept_image: Option<Arc<Profile>>,
    /// The other as it was.
    pub removed_image: Option<Arc<Profile>>,
    /// States of addresses that the merge changed.
    pub states: Vec<StateBefore>,
    /// The anonymous profile made for a second, followed LINE ID (`MLN`).
    pub kept_apart: Option<ProfileId>,
    /// Who had the alias of that LINE ID until then.
    pub alias_from: Option<ProfileId>,
    /// Until when it can be undone.
    pub undo_until: Timestamp,
    /// When it was undone.
    pub undone_at: Option<Timestamp>,
    /// Whether one of the two was erased since.
    pub erased: bool,
}

/// A write to the survivor of a merge that can still be undone, to be made again on its side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggedWrite {
    /// Survivor.
    pub survivor: ProfileId,
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// The identifier that named the survivor.
    pub key: Key,
    /// What was written.
    pub write: Write,
    /// States of addresses that it wrote, in order: what an undo takes back before it makes the write again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StateWritten>,
}

/// What a write made of a state of an address. A write that says what was so already is told, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "WrittenRow", into = "WrittenRow")]
pub struct StateWritten {
    /// Whose.
    pub address: Address,
    /// Which state.
    pub of: StateOf,
    /// What it was and since when; `None`: it had none.
    pub before: Option<(GlobalState, Timestamp)>,
    /// What it was afterwards, and since when.
    pub after: (GlobalState, Timestamp),
}

/// `[is a phone, value, group or null, [state, micros] or null, [state, micros]]`
#[derive(Serialize, Deserialize)]
struct WrittenRow(bool, String, Option<GroupId>, Option<(GlobalState, i64)>, (GlobalState, i64));

impl From<WrittenRow> for StateWritten {
    fn from(WrittenRow(is_phone, value, group, before, after): WrittenRow) -> Self {
        let kind = if is_phone { AddressKind::Phone } else { AddressKind::Email };
        let read = |(state, since)| (state, Timestamp::from_micros(since));
        Self {
            address: Address { kind, value },
            of: group.map_or(StateOf::Global, StateOf::Group),
            before: before.map(read),
            after: read(after),
        }
    }
}

impl From<StateWritten> for WrittenRow {
    fn from(told: StateWritten) -> Self {
        let group = match told.of {
            StateOf::Global => None,
            StateOf::Group(group) => Some(group),
        };
        let row = |(state, since): (GlobalState, Timestamp)| (state, since.as_micros());
        let is_phone = told.address.kind == AddressKind::Phone;
        Self(is_phone, told.address.value, group, told.before.map(row), row(told.after))
    }
}

/// What was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// An attributes object or CSV row.
    Attributes {
        /// Whom it named.
        target: Target,
        /// What it said.
        attributes: Box<Attributes>,
    },
    /// A request set the state of a subscription group.
    GroupState(GroupChange),
    /// An alias was added.
    AddAlias(Alias),
    /// An alias got another name.
    RenameAlias {
        /// As it was.
        from: Alias,
        /// As it is.
        to: Alias,
    },
    /// An anonymous survivor got its external id.
    SetExternalId(String),
    /// The primary external id changed; the old one became deprecated.
    RenameExternalId {
        /// As it was.
        from: String,
        /// As it is.
        to: String,
    },
    /// A deprecated or merged external id was removed.
    RemoveExternalId(String),
}
