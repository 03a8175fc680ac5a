//! LINE convergence: a follower and the one identified user with the same LINE ID become one, at once.

use serde_json::json;

use super::{obstacles::is_too_many, parking::leave, settle};
use crate::{
    Alias, Dropped, Filling, Guard, How, JournalKind, Key, LINE_ALIAS_LABEL, LineConvergence, LineUserId,
    MergeId, ParkedState, Profile, ProfileId, Timestamp,
    decide_identity::{guards, join},
    decide_track::adopt,
    draft::Draft,
    is_common_value,
};

/// A follower that became part of the one user with its LINE ID, by itself.
#[derive(Clone, Debug)]
pub(crate) struct Converged {
    /// The user.
    pub(crate) kept: ProfileId,
    /// The follower.
    pub(crate) removed: ProfileId,
    /// By which it can be undone.
    pub(crate) merge: MergeId,
    /// What of the follower nobody has any more.
    pub(crate) dropped: Vec<Dropped>,
}

/// Joins bare followers with the one identified holder of a LINE ID, where the workspace wishes it. Called after every
/// write that may have brought or taken a holder, so that the order of follow, API write and CSV row does not matter. A
/// value that strangers share (`line_id_check = lenient` stores such) joins nobody, and its holders are not even looked
/// at: they may be many.
pub(crate) fn converge(draft: &mut Draft<'_>, line_id: &LineUserId, at: Timestamp) {
    let key = Key::line_id(line_id);
    if draft.settings.line_convergence != LineConvergence::Merge || is_common_value(&key, &draft.settings) {
        return;
    }
    let holders = draft.holders(&key);
    let identified: Vec<_> =
        holders.iter().copied().filter(|id| draft.profile(*id).is_some_and(Profile::is_identified)).collect();
    match identified.as_slice() {
        [] => {}
        [keep] => {
            adopt_namesake(draft, *keep, line_id, at);
            join_followers(draft, *keep, line_id, at);
            carry_alias(draft, *keep, line_id, at);
        }
        _ => leave(draft, &key, &holders, vec![Guard::BothIdentified], at),
    }
}

/// The same for the LINE ID of a profile that an identity operation changed, if it has one.
pub(crate) fn converge_on(draft: &mut Draft<'_>, id: ProfileId, at: Timestamp) {
    if let Some(line_id) = draft.profile(id).and_then(|profile| profile.line_id.clone()) {
        converge(draft, &line_id, at);
    }
}

/// An anonymous profile that carries alias (`line_id`, U) and no LINE ID is the follower, as it is for a follow: else its
/// alias would be taken from it, and it would be left with nothing by which anybody finds it.
fn adopt_namesake(draft: &mut Draft<'_>, keep: ProfileId, line_id: &LineUserId, at: Timestamp) {
    let Some(holder) = draft.holders(&Key::alias(&Alias::line(line_id))).first().copied() else { return };
    let is_nobody = |profile: &Profile| !profile.is_identified() && profile.line_id.is_none();
    if holder != keep && draft.profile(holder).is_some_and(is_nobody) {
        adopt(draft, holder, line_id, at);
    }
}

fn join_followers(draft: &mut Draft<'_>, keep: ProfileId, line_id: &LineUserId, at: Timestamp) {
    let key = Key::line_id(line_id);
    let holders = draft.holders(&key);
    for id in holders.iter().copied().filter(|id| *id != keep) {
        if !is_bare(draft, id, keep, line_id) {
            continue;
        }
        let dismissed = draft.parked(&key).is_some_and(|parked| parked.state == ParkedState::Dismissed);
        let mut reasons = guards(draft, keep, id);
        if is_too_many(draft, &[keep, id], at) {
            reasons.push(Guard::TooMany);
        }
        if dismissed {
            continue;
        }
        if !reasons.is_empty() {
            leave(draft, &key, &holders, reasons, at);
            continue;
        }
        let shared = draft.profile(id).map(Profile::shared_keys).unwrap_or_default();
        if let Some(joined) = join(draft, keep, id, How::Convergence, Some(key.kind), Filling::Gaps, at) {
            let (merge, dropped) = (joined.merge, joined.dropped);
            draft.converged.push(Converged { kept: keep, removed: id, merge, dropped });
            settle(draft, &shared);
        }
    }
}

/// Nothing but a follower: no external id, no other alias, no email or phone that contradicts.
fn is_bare(draft: &Draft<'_>, id: ProfileId, keep: ProfileId, line_id: &LineUserId) -> bool {
    let (Some(follower), Some(keep)) = (draft.profile(id), draft.profile(keep)) else { return false };
    let own_alias = Alias::line(line_id);
    let contradicts =
        |one: Option<&str>, other: Option<&str>| matches!((one, other), (Some(a), Some(b)) if a != b);
    let email = |profile: &Profile| profile.email.as_ref().map(|email| email.key.clone());
    let phone = |profile: &Profile| profile.phone.as_ref().map(|phone| phone.shown().to_owned());
    !follower.is_identified()
        && follower.aliases.iter().all(|alias| *alias == own_alias)
        && !contradicts(email(follower).as_deref(), email(keep).as_deref())
        && !contradicts(phone(follower).as_deref(), phone(keep).as_deref())
}

/// The survivor carries alias (`line_id`, U), wherever the pair was, if its label is free.
fn carry_alias(draft: &mut Draft<'_>, keep: ProfileId, line_id: &LineUserId, at: Timestamp) {
    let alias = Alias::line(line_id);
    let holder = draft.holders(&Key::alias(&alias)).first().copied();
    if holder == Some(keep)
        || draft.profile(keep).is_none_or(|profile| profile.alias(LINE_ALIAS_LABEL).is_some())
    {
        return;
    }
    if let Some(holder) = holder {
        if draft.profile(holder).is_some_and(|other| other.line_id.as_ref() == Some(line_id)) {
            // Another holder of the LINE ID that may not be joined: it keeps its name.
            return;
        }
        draft.remove_alias(holder, &alias, at);
        draft.note(holder, at, JournalKind::AliasMovedAway, Some(keep), json!({"alias": alias}));
    }
    draft.add_alias(keep, &alias, at);
    if !draft.is_new(keep) {
        draft.note(keep, at, JournalKind::AliasAdded, None, json!({"alias": alias, "how": How::Convergence}));
    }
}
