//! Taking a merge apart: both profiles come back as they were, then what was written since is written again, each
//! write on the side whose identifier carried it.

use std::sync::Arc;

use serde_json::json;

use crate::{
    Decision, JournalKind, Key, Keys, LineConvergence, Loaded, LoggedWrite, MergeId, MergeRecord, MergedSide,
    Occasion, Profile, ProfileId, Settings, Timestamp, draft::Draft,
};

mod follower;
mod replay;
mod states;

use follower::Follower;
use replay::{prepare, replay};

/// What became of the wish to undo a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndoOutcome {
    /// Done: both are there.
    Undone {
        /// The survivor.
        kept: ProfileId,
        /// The one that came back.
        removed: ProfileId,
    },
    /// No such merge.
    Unknown,
    /// Undone before.
    AlreadyUndone,
    /// An identifier that would come back belongs to somebody else now.
    IdentifierTaken,
    /// The survivor was part of a later merge, which must be undone first.
    LaterMerge,
    /// One of the two was erased.
    Erased,
    /// Too long ago: what is needed is gone.
    Expired,
    /// An identifier that would come back belongs to somebody who was erased and is to stay so.
    Suppressed,
}

/// What must be loaded first; the record says what else.
#[must_use]
pub fn undo_keys(merge: MergeId) -> Keys {
    Keys { merges: vec![merge], ..Keys::default() }
}

/// Decides an undo. Unless `allow_rejoin`, no rule will ever join the two again; with it, rules may, also if an earlier
/// undo had parted them.
#[must_use]
pub fn decide_undo(
    merge: MergeId,
    allow_rejoin: bool,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, UndoOutcome) {
    let mut draft = Draft::new(loaded, occasion);
    // No rule acts on what is written again: it would join at once what is being taken apart.
    draft.settings = Arc::new(Settings {
        line_convergence: LineConvergence::Braze,
        ..Settings::clone(&occasion.settings)
    });
    let outcome = undo(&mut draft, merge, allow_rejoin, occasion.now);
    let decision = match (draft.finish(), outcome) {
        (Decision::NeedMore(keys), _) => Decision::NeedMore(keys),
        (decision, UndoOutcome::Undone { .. }) => decision,
        _ => Decision::Nothing,
    };
    (decision, outcome)
}

fn undo(draft: &mut Draft<'_>, merge: MergeId, allow_rejoin: bool, at: Timestamp) -> UndoOutcome {
    let Some(record) = draft.merge(merge) else { return UndoOutcome::Unknown };
    if record.erased {
        return UndoOutcome::Erased;
    }
    if record.undone_at.is_some() {
        return UndoOutcome::AlreadyUndone;
    }
    let (Some(kept), Some(removed), true) =
        (&record.kept_image, &record.removed_image, record.undo_until > at)
    else {
        return UndoOutcome::Expired;
    };
    let log = gather(draft, &record, kept, removed);
    if draft.is_complete() {
        prepare(draft, &log, &[kept, removed]);
        if let Some(follower) = record.kept_apart.and_then(|id| draft.image(id)) {
            draft.prepare(&follower);
            follower.keys().iter().for_each(|key| drop(draft.holders(key)));
        }
    }
    if !draft.is_complete() {
        return UndoOutcome::Unknown;
    }
    let last = draft.profile(kept.id).and_then(|profile| profile.merged.last()).map(|side| side.merge);
    if last != Some(merge) {
        return UndoOutcome::LaterMerge;
    }
    let follower = match Follower::of(draft, &record, removed) {
        Ok(follower) => follower,
        Err(refusal) => return refusal,
    };
    let held = held_now(draft, kept.id, record.kept_apart);
    // The states count from when they began; that they are so again is told as of now.
    draft.told_at = Some(at);
    let back = follower.make_room(draft, &record, removed, at);
    let since = draft.profile(kept.id).map(|profile| profile.merged.clone()).unwrap_or_default();
    draft.replace(Profile::clone(kept));
    draft.restore(&back);
    let (remade, limits) = states::take_back(draft, &record, &log);
    draft.change.merge_log_cleared.push((kept.id, record.at));
    for (write, remade) in log.iter().zip(remade) {
        replay(draft, write, remade, kept.id, removed.id);
    }
    limits.keep(draft);
    let of_both = since.last().map(|side| (side.survivor_occurred_at, side.occurred_at)).unwrap_or_default();
    take_occurrences(draft, kept.id, &since, of_both.0);
    take_occurrences(draft, removed.id, &since, of_both.1);
    follower.settle(draft, removed, at);
    for id in [kept.id, removed.id] {
        if is_taken(draft, id) {
            return UndoOutcome::IdentifierTaken;
        }
        if is_suppressed(draft, id, &held) {
            return UndoOutcome::Suppressed;
        }
    }
    let detail = json!({"merge_id": merge});
    draft.note(kept.id, at, JournalKind::Undone, Some(removed.id), detail.clone());
    draft.note(removed.id, at, JournalKind::Undone, Some(kept.id), detail);
    if allow_rejoin {
        draft.allow_rejoin(kept, removed);
    } else {
        draft.change.never_same.push((kept.id.min(removed.id), kept.id.max(removed.id)));
    }
    let ids = (kept.id, removed.id);
    // The images have done their work; what is undone needs no second copy of anybody's data.
    draft.change.merges.push(MergeRecord {
        undone_at: Some(at),
        kept_image: None,
        removed_image: None,
        states: Vec::new(),
        ..record
    });
    UndoOutcome::Undone { kept: ids.0, removed: ids.1 }
}

/// Events and purchases stayed with their side; what they made of `updated_at` goes there, too.
fn take_occurrences(draft: &mut Draft<'_>, id: ProfileId, since: &[MergedSide], own: Option<Timestamp>) {
    let Some(mut back) = draft.profile(id).cloned() else { return };
    if let Some(last) = back.take_occurrences(since, own) {
        draft.edit(id, last, |profile| {
            profile.merged = back.merged;
            true
        });
    }
}

/// Asks for everything the undo will look at, in one go; writes since the merge, oldest first.
fn gather(
    draft: &mut Draft<'_>,
    record: &MergeRecord,
    kept: &Profile,
    removed: &Profile,
) -> Vec<LoggedWrite> {
    for key in kept.keys().into_iter().chain(removed.keys()) {
        draft.holders(&key);
        // Asks for what the ledger says of it.
        draft.is_suppressed(&key);
    }
    draft.exists(kept.id);
    for other in record.kept_apart.into_iter().chain(record.alias_from) {
        draft.exists(other);
        draft.holders(&Key::merged(other));
    }
    for state in &record.states {
        draft.state(&state.address, state.of);
    }
    draft.logged(kept.id).into_iter().filter(|write| write.at >= record.at).collect()
}

/// Whether somebody else holds a unique identifier that this profile is to have.
fn is_taken(draft: &mut Draft<'_>, id: ProfileId) -> bool {
    let keys = draft.profile(id).map(Profile::keys).unwrap_or_default();
    keys.iter()
        .filter(|key| key.kind.is_unique())
        .any(|key| draft.holders(key).iter().any(|holder| *holder != id))
}

/// Whether an identifier comes back that nobody of these has now, and that every door refuses.
fn is_suppressed(draft: &mut Draft<'_>, id: ProfileId, held: &[Key]) -> bool {
    let keys = draft.profile(id).map(Profile::keys).unwrap_or_default();
    keys.iter().any(|key| !held.contains(key) && draft.is_suppressed(key))
}

/// Identifiers of the survivor and of the follower kept apart.
fn held_now(draft: &Draft<'_>, kept: ProfileId, apart: Option<ProfileId>) -> Vec<Key> {
    let held = std::iter::once(kept).chain(apart).filter_map(|id| draft.profile(id));
    held.flat_map(Profile::keys).collect()
}
