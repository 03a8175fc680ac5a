//! LINE convergence: a follower and the one identified user with the same LINE ID become one, at once.

use serde_json::json;

use super::{GroupOutcome, is_too_many, park};
use crate::{
    Alias, Filling, Guard, How, JournalKind, Key, LINE_ALIAS_LABEL, LineConvergence, LineUserId, ParkedState,
    Profile, ProfileId, Timestamp,
    decide_identity::{guards, join},
    draft::Draft,
};

/// Joins bare followers with the one identified holder of a LINE ID, where the workspace wishes it. Called after every
/// write that may have brought a holder, so that the order of follow, API write and CSV row does not matter.
pub(crate) fn converge(draft: &mut Draft<'_>, line_id: &LineUserId, at: Timestamp) {
    if draft.settings.line_convergence != LineConvergence::Merge {
        return;
    }
    let key = Key::line_id(line_id);
    let holders = draft.holders(&key);
    let identified: Vec<_> =
        holders.iter().copied().filter(|id| draft.profile(*id).is_some_and(Profile::is_identified)).collect();
    match identified.as_slice() {
        [] => {}
        [keep] => {
            join_followers(draft, *keep, &holders, line_id, at);
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

fn join_followers(
    draft: &mut Draft<'_>,
    keep: ProfileId,
    holders: &[ProfileId],
    line_id: &LineUserId,
    at: Timestamp,
) {
    let key = Key::line_id(line_id);
    for id in holders.iter().copied().filter(|id| *id != keep) {
        if !is_bare(draft, id, keep, line_id) {
            continue;
        }
        let dismissed = draft.parked(&key).is_some_and(|parked| parked.state == ParkedState::Dismissed);
        let mut reasons = guards(draft, keep, id);
        if is_too_many(draft, keep, 1, at) {
            reasons.push(Guard::TooMany);
        }
        if dismissed {
            continue;
        }
        if reasons.is_empty() {
            join(draft, keep, id, How::Convergence, Filling::Gaps, at);
        } else {
            leave(draft, &key, holders, reasons, at);
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
}

fn leave(draft: &mut Draft<'_>, key: &Key, holders: &[ProfileId], reasons: Vec<Guard>, at: Timestamp) {
    let known = draft.parked(key);
    if known.as_ref().is_some_and(|parked| parked.state == ParkedState::Dismissed) || !draft.is_complete() {
        return;
    }
    let outcome = GroupOutcome {
        key: key.clone(),
        count: holders.len() as u64,
        members: holders.iter().filter_map(|id| draft.image(*id)).collect(),
        keep: None,
        guards: reasons,
        dismissed: false,
        merges: Vec::new(),
    };
    park(draft, &outcome, known, at);
}
