//! The join itself: two profiles become one, with everything that makes it explainable and reversible.

use std::collections::HashSet;

use serde_json::json;

use crate::{
    Address, AddressKind, Alias, Combined, Dropped, Filling, GlobalState, GroupState, How, JournalKind, Key,
    Kind, Made, MergeId, MergeRecord, MergedSide, Profile, ProfileId, StateBefore, StateOf, Timestamp,
    combine, decide_track::keep_follower, draft::Draft,
};

/// A join that was made.
pub(crate) struct Joined {
    pub(crate) merge: MergeId,
    pub(crate) dropped: Vec<Dropped>,
    /// The anonymous profile that a second, followed LINE ID was left with (`MLN`).
    pub(crate) kept_apart: Option<ProfileId>,
}

/// Microseconds of a day.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Makes `removed` part of `kept` (section 5). Both must be loaded and different; `None` where they are not. `by`: what the
/// two share, where a rule found them by it.
pub(crate) fn join(
    draft: &mut Draft<'_>,
    kept: ProfileId,
    removed: ProfileId,
    how: How,
    by: Option<Kind>,
    filling: Filling,
    at: Timestamp,
) -> Option<Joined> {
    if kept == removed {
        return None;
    }
    let (kept_image, removed_image) = (draft.image(kept)?, draft.image(removed)?);
    // After everything that is in the images, whatever the clocks said: an undo tells by time what was written since.
    let at = at.max(kept_image.updated_at.max(removed_image.updated_at).plus_micros(1));
    draft.prepare(&kept_image);
    draft.prepare(&removed_image);
    let Combined { mut profile, mut dropped } = combine(&kept_image, &removed_image, filling);
    let merge = draft.merge_id();
    draft.retire(removed);
    let Moved { before: states, lost } = move_states(draft, &mut profile, at);
    // Only what was the other's own: the survivor's states are told where it has them.
    dropped.extend(
        lost.into_iter().filter(|(of, kind, _)| held_itself(&kept_image, *of, *kind).is_none()).map(
            |(of, _, state)| {
                let field = match of {
                    StateOf::Global => "email_subscribe".to_owned(),
                    StateOf::Group(group) => format!("subscription_groups.{group}"),
                };
                Dropped { field, value: json!(state) }
            },
        ),
    );
    let undo_until = at.plus_micros(i64::from(draft.settings.undo_days) * DAY);
    profile.merged.extend(removed_image.merged.iter().cloned());
    profile.merged.push(MergedSide {
        merge,
        profile: removed,
        how,
        at,
        undo_until,
        keys: carried(&kept_image, &removed_image),
        occurred_at: None,
        survivor_occurred_at: None,
    });
    profile.updated_at = at;
    draft.replace(profile);
    let second =
        removed_image.line_id.as_ref().filter(|id| kept_image.line_id.as_ref().is_some_and(|own| own != *id));
    let alias = second.map(|line_id| Key::alias(&Alias::line(line_id)));
    let alias_from = alias.and_then(|alias| draft.holders(&alias).first().copied());
    let kept_apart = second.and_then(|line_id| keep_follower(draft, kept, line_id, at));
    if let Some(apart) = kept_apart.and_then(|id| draft.profile(id)) {
        dropped.retain(|one| !is_held(apart, one));
    }
    let mut detail = json!({
        "merge_id": merge, "how": how, "removed": names(&removed_image), "kept": names(&kept_image),
        "dropped": dropped, "kept_apart": kept_apart, "made": Made::of(&removed_image),
    });
    if let Some(by) = by {
        // The kind, never the value: the history of a person names nobody's addresses.
        detail["by"] = json!(by.as_str());
    }
    draft.note(kept, at, JournalKind::Merged, Some(removed), detail);
    draft.change.merges.push(MergeRecord {
        id: merge,
        how,
        actor: draft.actor.clone(),
        at,
        kept,
        removed,
        kept_image: Some(kept_image),
        removed_image: Some(removed_image),
        states,
        kept_apart,
        alias_from: alias_from.filter(|_| kept_apart.is_some()),
        undo_until,
        undone_at: None,
        erased: false,
    });
    Some(Joined { merge, dropped, kept_apart })
}

/// Identifiers by which the merged profile is known from now on, and the survivor was not before.
fn carried(kept: &Profile, removed: &Profile) -> Vec<Key> {
    let own: HashSet<Key> = kept.keys().into_iter().collect();
    let mut keys: Vec<_> = removed.keys().into_iter().filter(|key| !own.contains(key)).collect();
    keys.push(Key::merged(removed.id));
    keys
}

/// The unique identifiers of a profile, for the journal.
fn names(profile: &Profile) -> serde_json::Value {
    json!({
        "braze_id": profile.id, "external_id": profile.external_id, "user_aliases": profile.aliases,
        "native_line_id": profile.line_id,
    })
}

/// Whether the follower who was kept apart has it: then it is not lost.
fn is_held(apart: &Profile, dropped: &Dropped) -> bool {
    match dropped.field.as_str() {
        "native_line_id" => apart.line_id.as_ref().is_some_and(|id| json!(id) == dropped.value),
        "user_alias" => apart.aliases.iter().any(|alias| json!(alias) == dropped.value),
        _ => false,
    }
}

/// What became of states that neither side had an address for.
#[derive(Default)]
struct Moved {
    /// What the addresses had before.
    before: Vec<StateBefore>,
    /// States that nobody has now: the address has its own.
    lost: Vec<(StateOf, AddressKind, GlobalState)>,
}

/// States that neither had an address for move to the survivor's, as far as they go with it ([`Draft::takes_own`]; `MF-4`:
/// nobody who opted out is subscribed by a merge).
fn move_states(draft: &mut Draft<'_>, profile: &mut Profile, at: Timestamp) -> Moved {
    let mut moved = Moved::default();
    if let Some(email) = &profile.email {
        let address = Address { kind: AddressKind::Email, value: email.key.clone() };
        if let Some(state) = profile.own.email.take() {
            moved.state(draft, profile.id, (&address, StateOf::Global), state, at);
        }
        for (group, state) in std::mem::take(&mut profile.own.email_groups) {
            moved.state(draft, profile.id, (&address, StateOf::Group(group)), as_global(state), at);
        }
    }
    if let Some(e164) = profile.phone.as_ref().and_then(|phone| phone.key()) {
        let address = Address { kind: AddressKind::Phone, value: e164.to_owned() };
        for (group, state) in std::mem::take(&mut profile.own.phone_groups) {
            moved.state(draft, profile.id, (&address, StateOf::Group(group)), as_global(state), at);
        }
    }
    moved
}

impl Moved {
    fn state(
        &mut self,
        draft: &mut Draft<'_>,
        kept: ProfileId,
        (address, of): (&Address, StateOf),
        state: GlobalState,
        at: Timestamp,
    ) {
        let before = draft.state_since(address, of);
        if before.is_some_and(|(known, _)| known == state) {
            return;
        }
        if draft.takes_own(address, of, state, kept) {
            draft.set_state(address, of, state, at);
            self.before.push(StateBefore { address: address.clone(), of, before });
        } else {
            self.lost.push((of, address.kind, state));
        }
    }
}

/// A state that the profile holds itself, for want of an address.
fn held_itself(profile: &Profile, of: StateOf, kind: AddressKind) -> Option<GlobalState> {
    match (of, kind) {
        (StateOf::Global, _) => profile.own.email,
        (StateOf::Group(group), AddressKind::Email) => {
            profile.own.email_groups.get(&group).copied().map(as_global)
        }
        (StateOf::Group(group), AddressKind::Phone) => {
            profile.own.phone_groups.get(&group).copied().map(as_global)
        }
    }
}

pub(crate) const fn as_global(state: GroupState) -> GlobalState {
    match state {
        GroupState::Subscribed => GlobalState::Subscribed,
        GroupState::Unsubscribed => GlobalState::Unsubscribed,
    }
}
