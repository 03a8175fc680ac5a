//! The follower of a second LINE ID whom the merge kept apart (`MLN`), when the merge is taken apart again.

use serde_json::json;

use super::UndoOutcome;
use crate::{
    Alias, Filling, How, JournalKind, Key, LINE_ALIAS_LABEL, LineUserId, MergeRecord, Profile, ProfileId,
    Timestamp, decide_identity::join, draft::Draft,
};

/// What becomes of the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follower {
    /// There is none.
    Nobody,
    /// As the merge made it: it goes.
    Untouched(ProfileId),
    /// It was somebody before, who lent its alias: it only loses the LINE ID that the merge gave it.
    Lender(ProfileId),
    /// It was written to: all of it becomes part of the side that has its LINE ID.
    Written(ProfileId),
    /// It became a user of its own, or has another LINE ID now: it stays, and keeps what it has.
    OfItsOwn(ProfileId),
}

impl Follower {
    /// Whom the merge kept apart, and what became of them.
    ///
    /// # Errors
    /// [`UndoOutcome::LaterMerge`] if they were merged since.
    pub(super) fn of(
        draft: &mut Draft<'_>,
        record: &MergeRecord,
        removed: &Profile,
    ) -> Result<Self, UndoOutcome> {
        let Some(id) = record.kept_apart else { return Ok(Self::Nobody) };
        let is_merged = !draft.holders(&Key::merged(id)).is_empty();
        let Some(profile) = draft.profile(id) else {
            return if is_merged { Err(UndoOutcome::LaterMerge) } else { Ok(Self::Nobody) };
        };
        Ok(if record.alias_from == Some(id) {
            Self::Lender(id)
        } else if profile.version == 1 {
            Self::Untouched(id)
        } else if profile.is_identified() || profile.line_id != removed.line_id {
            Self::OfItsOwn(id)
        } else {
            Self::Written(id)
        })
    }

    /// Makes room for the removed side: as it comes back.
    pub(super) fn make_room(
        self,
        draft: &mut Draft<'_>,
        record: &MergeRecord,
        removed: &Profile,
        at: Timestamp,
    ) -> Profile {
        let mut back = removed.clone();
        let Some(line_id) = &removed.line_id else { return back };
        match self {
            Self::Nobody => {}
            Self::Untouched(id) => {
                draft.retire(id);
                give_alias_back(draft, record, line_id, at);
            }
            Self::Lender(id) => {
                if draft.profile(id).is_some_and(|profile| profile.line_id.as_ref() == Some(line_id)) {
                    draft.put_line_id(id, None, at);
                    let detail = json!({"native_line_id": null, "before": line_id});
                    draft.note(id, at, JournalKind::LineUnlinked, Some(back.id), detail);
                }
            }
            Self::Written(id) | Self::OfItsOwn(id) => {
                let alias = Alias::line(line_id);
                if draft.profile(id).is_some_and(|profile| profile.aliases.contains(&alias)) {
                    back.aliases.retain(|own| *own != alias);
                }
            }
        }
        back
    }

    /// Tells where the alias went, or takes the follower back with all that was written to it.
    pub(super) fn settle(self, draft: &mut Draft<'_>, removed: &Profile, at: Timestamp) {
        let Some(alias) = removed.line_id.as_ref().map(Alias::line) else { return };
        match self {
            Self::Written(id) => {
                join(draft, removed.id, id, How::TakenBack, None, Filling::Newer, at);
            }
            Self::OfItsOwn(id) if removed.aliases.contains(&alias) => {
                let detail = json!({"alias": alias});
                draft.note(removed.id, at, JournalKind::AliasMovedAway, Some(id), detail);
            }
            _ => {}
        }
    }
}

/// The alias that the kept-apart follower took from somebody goes back, if it still fits.
fn give_alias_back(draft: &mut Draft<'_>, record: &MergeRecord, line_id: &LineUserId, at: Timestamp) {
    let Some(from) = record.alias_from else { return };
    let fits = draft.profile(from).is_some_and(|profile| {
        profile.alias(LINE_ALIAS_LABEL).is_none() && profile.line_id.as_ref().is_none_or(|own| own == line_id)
    });
    if fits {
        draft.add_alias(from, &Alias::line(line_id), at);
    }
}
