//! What setting, changing or clearing a `native_line_id` brings with it.
//!
//! State needs nothing: it is read through the id (`LSB-4`, `LSB-5`). Two things do: alias (`line_id`, U) is never on
//! a profile whose `native_line_id` is another id, and a follower never loses its last profile but by erasure.

use serde_json::json;

use crate::{
    Alias, Change, JournalKind, Key, LINE_ALIAS_LABEL, LineConvergence, LineUserId, ProfileId, Target,
    Timestamp, draft::Draft,
};

/// Whether an object named by alias (`line_id`, U) would give its profile another LINE id, or none. The alias follows
/// its LINE id, so the next such object would find (and clear) the next profile: it names somebody by what it removes.
pub(super) fn contradicts_alias(target: &Target, line_id: &Change<LineUserId>) -> bool {
    let Target::Alias(alias) = target else { return false };
    alias.as_line_id().is_some_and(|claimed| line_id.value() != Some(&claimed))
}

/// Sets or clears the LINE id; whether anything changed.
pub(super) fn set_line_id(
    draft: &mut Draft<'_>,
    id: ProfileId,
    new: Option<&LineUserId>,
    at: Timestamp,
) -> bool {
    let Some(profile) = draft.profile(id) else { return false };
    let old = profile.line_id.clone();
    if old.as_ref() == new {
        return false;
    }
    let stale_alias = profile
        .alias(LINE_ALIAS_LABEL)
        .filter(|alias| new.is_some() && alias.as_line_id().is_some_and(|claimed| Some(&claimed) != new))
        .cloned();
    draft.put_line_id(id, new, at);
    if !draft.is_new(id) {
        let kind = if new.is_some() { JournalKind::LineLinked } else { JournalKind::LineUnlinked };
        draft.note(id, at, kind, None, json!({"native_line_id": new, "before": old}));
    }
    if let Some(alias) = &stale_alias {
        draft.remove_alias(id, alias, at);
        draft.note(id, at, JournalKind::AliasMovedAway, None, json!({"alias": alias}));
    }
    if let Some(old) = old {
        keep_follower(draft, id, &old, at);
    }
    true
}

/// `MLN`: a followed LINE id that lost its last holder keeps an anonymous profile.
/// The profile, if one was made. Not the one that lost it, though it may still have the alias: it had a LINE id.
pub(crate) fn keep_follower(
    draft: &mut Draft<'_>,
    from: ProfileId,
    old: &LineUserId,
    at: Timestamp,
) -> Option<ProfileId> {
    let orphaned = draft.holders(&Key::line_id(old)).is_empty();
    if !orphaned || !draft.is_subscribed_anywhere(old) {
        return None;
    }
    let named = draft.holders(&Key::alias(&Alias::line(old)));
    let kept =
        if named.contains(&from) { make_new_follower(draft, old, at) } else { make_follower(draft, old, at) };
    draft.note(from, at, JournalKind::LineFollowerKeptApart, Some(kept), json!({"native_line_id": old}));
    // The other side of it says no more than whom it was kept apart from: an undo may take this profile out, and its entry
    // stays.
    draft.note(kept, at, JournalKind::LineFollowerKeptApart, Some(from), json!({}));
    Some(kept)
}

/// Makes the anonymous profile of a LINE user nobody holds: `native_line_id` and alias (`LIN-12`). With
/// `line_convergence = merge`, a profile with the alias that never had a LINE id is adopted instead.
pub(crate) fn make_follower(draft: &mut Draft<'_>, user: &LineUserId, at: Timestamp) -> ProfileId {
    let holder = draft.holders(&Key::alias(&Alias::line(user))).first().copied();
    if let Some(holder) = holder
        && draft.settings.line_convergence == LineConvergence::Merge
        && draft.profile(holder).is_some_and(|profile| profile.line_id.is_none())
    {
        adopt(draft, holder, user, at);
        return holder;
    }
    make_new_follower(draft, user, at)
}

/// Gives a profile that is known by alias (`line_id`, U) that LINE id.
pub(crate) fn adopt(draft: &mut Draft<'_>, id: ProfileId, user: &LineUserId, at: Timestamp) {
    draft.put_line_id(id, Some(user), at);
    if !draft.is_new(id) {
        draft.note(id, at, JournalKind::LineLinked, None, json!({"native_line_id": user}));
    }
}

/// If the alias pair sits on a profile that has another or no LINE id, the alias moves to the new one and that profile's
/// journal says so.
fn make_new_follower(draft: &mut Draft<'_>, user: &LineUserId, at: Timestamp) -> ProfileId {
    let alias = Alias::line(user);
    let holder = draft.holders(&Key::alias(&alias)).first().copied();
    let id = draft.create(at, &Key::line_id(user));
    if let Some(holder) = holder {
        draft.remove_alias(holder, &alias, at);
        draft.note(holder, at, JournalKind::AliasMovedAway, Some(id), json!({"alias": alias}));
    }
    draft.put_line_id(id, Some(user), at);
    draft.add_alias(id, &alias, at);
    id
}
