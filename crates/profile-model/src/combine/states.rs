//! States that profiles hold themselves, when two become one.

use std::collections::BTreeMap;

use crate::{GlobalState, GroupId, GroupState, OwnStates, decide_identity::as_global};

/// States that neither address carries: the survivor's, gaps from the other; an email opt-out of either stays one.
pub(super) fn own_states(kept: &OwnStates, removed: &OwnStates) -> OwnStates {
    let mut own = kept.clone();
    own.email = match (kept.email, removed.email) {
        (_, Some(GlobalState::Unsubscribed)) => removed.email,
        (None, theirs) => theirs,
        (ours, _) => ours,
    };
    for (group, state) in &removed.email_groups {
        own.email_groups.entry(*group).or_insert(*state);
    }
    for (group, state) in &removed.phone_groups {
        own.phone_groups.entry(*group).or_insert(*state);
    }
    own
}

/// The opt-outs among states that a profile holds itself.
pub(super) fn opt_outs(own: &OwnStates) -> OwnStates {
    let out = |groups: &BTreeMap<GroupId, GroupState>| {
        let out = groups.iter().filter(|(_, state)| **state == GroupState::Unsubscribed);
        out.map(|(group, state)| (*group, *state)).collect()
    };
    OwnStates {
        email: own.email.filter(|state| *state == GlobalState::Unsubscribed),
        push: None,
        email_groups: out(&own.email_groups),
        phone_groups: out(&own.phone_groups),
    }
}

/// States that only the other held, and nobody holds now, by field.
pub(super) fn lost(ours: &OwnStates, theirs: &OwnStates) -> Vec<(String, GlobalState)> {
    let mut lost = Vec::new();
    for (field, ours, theirs) in
        [("email_subscribe", ours.email, theirs.email), ("push_subscribe", ours.push, theirs.push)]
    {
        if let Some(state) = theirs.filter(|state| ours != Some(*state)) {
            lost.push((field.to_owned(), state));
        }
    }
    for (ours, theirs) in
        [(&ours.email_groups, &theirs.email_groups), (&ours.phone_groups, &theirs.phone_groups)]
    {
        for (group, state) in theirs.iter().filter(|(group, state)| ours.get(group) != Some(state)) {
            lost.push((format!("subscription_groups.{group}"), as_global(*state)));
        }
    }
    lost
}
