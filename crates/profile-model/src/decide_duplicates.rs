//! Joining by rule: groups of duplicates, and LINE IDs that a follower and a user share. Guarded: what a person should
//! look at is parked.

use std::sync::Arc;

use crate::{
    Decision, Dropped, DuplicatesRule, Filling, Guard, How, Key, Loaded, MergeId, Occasion, ParkedState,
    Plan, Preview, Profile, ProfileId, Shared, Timestamp, decide_identity::join, draft::Draft,
};

mod converge;
mod keeper;
mod obstacles;
mod page;
mod parking;
mod review;

pub use page::{DuplicatesPage, decide_duplicates_page, duplicates_keys};
pub use review::{Review, Reviewed, decide_review, review_keys};

pub(crate) use converge::{Converged, converge, converge_on};
pub(crate) use parking::settle;

use keeper::keeper;
use obstacles::obstacles;

/// Groups larger than this are parked unread: no rule folds so many into one person.
pub const MAX_GROUP: u64 = 100;

/// What became of one group, or would.
#[derive(Clone, Debug)]
pub struct GroupOutcome {
    /// The value they share.
    pub key: Key,
    /// How many share it.
    pub count: u64,
    /// The profiles, as they were, at most [`MAX_GROUP`].
    pub members: Vec<Arc<Profile>>,
    /// Who stays.
    pub keep: Option<ProfileId>,
    /// What keeps the rule from joining them; empty: they are joined.
    pub guards: Vec<Guard>,
    /// Dismissed for good by an operator.
    pub dismissed: bool,
    /// The merges.
    pub merges: Vec<MergeId>,
    /// Who stays, as it is after them; `None`: nobody was joined.
    pub result: Option<Preview>,
    /// What of the others nobody has any more.
    pub dropped: Vec<Dropped>,
}

impl GroupOutcome {
    /// Nothing done, nobody known.
    fn of(key: Key, count: u64) -> Self {
        Self {
            key,
            count,
            members: Vec::new(),
            keep: None,
            guards: Vec::new(),
            dismissed: false,
            merges: Vec::new(),
            result: None,
            dropped: Vec::new(),
        }
    }
}

/// Decides what a rule does with these groups; with `dry_run` nothing is written.
#[must_use]
pub fn decide_duplicates(
    groups: &[Shared],
    rule: &DuplicatesRule,
    loaded: &Loaded,
    occasion: &Occasion,
    dry_run: bool,
) -> (Decision, Vec<GroupOutcome>) {
    let mut draft = Draft::new(loaded, occasion);
    let outcomes = join_groups(&mut draft, groups, rule, occasion.now, false);
    let decision = match draft.finish() {
        Decision::NeedMore(keys) => Decision::NeedMore(keys),
        _ if dry_run => Decision::Nothing,
        decision => decision,
    };
    (decision, outcomes)
}

/// Names what the rule would do with these groups, on what [`duplicates_keys`] asks for. Who was parted by an undo shows
/// in the versions of the two.
#[must_use]
pub fn plan_of_groups(
    request: &[u8; 32],
    groups: &[Shared],
    rule: &DuplicatesRule,
    loaded: &Loaded,
    occasion: &Occasion,
) -> Plan {
    let (_, outcomes) = decide_duplicates(groups, rule, loaded, occasion, true);
    let told = outcomes.iter().map(|outcome| {
        let guards = outcome.guards.iter().map(|guard| guard.as_str());
        guards.chain(outcome.dismissed.then_some("dismissed")).collect()
    });
    Plan::of(request, &occasion.settings, loaded, told)
}

fn join_groups(
    draft: &mut Draft<'_>,
    groups: &[Shared],
    rule: &DuplicatesRule,
    now: Timestamp,
    released: bool,
) -> Vec<GroupOutcome> {
    // Everything is asked for before the first group is looked at, so that one more round of loading is enough.
    for group in groups.iter().filter(|group| group.count <= MAX_GROUP) {
        for id in draft.holders(&group.key) {
            if let Some(image) = draft.image(id) {
                draft.prepare(&image);
            }
        }
    }
    let mut place = 0;
    let mut outcomes = Vec::with_capacity(groups.len());
    for group in groups {
        outcomes.push(join_group(draft, group, rule, now, &mut place, released));
    }
    outcomes
}

fn join_group(
    draft: &mut Draft<'_>,
    group: &Shared,
    rule: &DuplicatesRule,
    now: Timestamp,
    place: &mut i64,
    released: bool,
) -> GroupOutcome {
    let small = group.count <= MAX_GROUP;
    let ids = if small { draft.holders(&group.key) } else { Vec::new() };
    let members: Vec<_> = ids.iter().filter_map(|id| draft.image(*id)).collect();
    let count = if small { members.len() as u64 } else { group.count };
    let keep = keeper(&members, rule);
    let mut outcome = GroupOutcome { members, keep, ..GroupOutcome::of(group.key.clone(), count) };
    let known = draft.parked(&group.key);
    outcome.dismissed = known.as_ref().is_some_and(|parked| parked.state == ParkedState::Dismissed);
    outcome.guards = obstacles(draft, &outcome, rule, now);
    let joins = outcome.guards.is_empty() || (released && small);
    if outcome.dismissed || !draft.is_complete() {
        return outcome;
    }
    if !joins {
        parking::park(draft, &outcome, known, now);
        return outcome;
    }
    let Some(keep) = keep else { return outcome };
    for id in ids.into_iter().filter(|id| *id != keep) {
        let at = now.plus_micros(*place);
        *place += 1;
        if let Some(joined) = join(draft, keep, id, How::Duplicates, Some(group.key.kind), Filling::Gaps, at)
        {
            outcome.merges.push(joined.merge);
            outcome.dropped.extend(joined.dropped);
        }
    }
    if !outcome.merges.is_empty() {
        outcome.result = draft.preview(keep);
    }
    if let Some(parked) = known {
        draft.unpark(&parked.key);
    }
    let mut shared: Vec<_> = outcome.members.iter().flat_map(|member| member.shared_keys()).collect();
    shared.sort_unstable();
    shared.dedup();
    settle(draft, &shared);
    outcome
}

#[cfg(test)]
mod tests;
