//! Joining by rule: groups of duplicates, and LINE IDs that a follower and a user share. Guarded: what a person should
//! look at is parked.

use std::sync::Arc;

use crate::{
    Decision, DuplicatesRule, DuplicatesRun, DuplicatesState, FieldName, Filling, Guard, How, KeepBy,
    KeepOrder, Key, Keys, Loaded, MergeId, Occasion, Parked, ParkedState, Profile, ProfileId, Shared,
    Timestamp,
    decide_identity::{guards, join, may_join},
    draft::Draft,
    is_common_value,
};

mod converge;

pub(crate) use converge::{converge, converge_on};

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
}

/// What must be loaded for these groups.
#[must_use]
pub fn duplicates_keys(groups: &[Shared]) -> Keys {
    let small = groups.iter().filter(|group| group.count <= MAX_GROUP);
    Keys {
        identifiers: small.map(|group| group.key.clone()).collect(),
        parked: groups.iter().map(|group| group.key.clone()).collect(),
        ..Keys::default()
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

/// Decides one page of a run; `expected` is the run the page was read for. If the stored run has moved on, another
/// worker did this page, and nothing is done.
#[must_use]
pub fn decide_duplicates_page(
    groups: &[Shared],
    last: bool,
    expected: &DuplicatesRun,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Option<DuplicatesRun>) {
    let Some(stored) = &loaded.duplicates else { return (Decision::Nothing, None) };
    if stored.cursor != expected.cursor || stored.state != expected.state {
        return (Decision::Nothing, Some(stored.clone()));
    }
    let mut run = stored.clone();
    let mut draft = Draft::new(loaded, occasion);
    for outcome in join_groups(&mut draft, groups, &run.rule, occasion.now, false) {
        run.groups += 1;
        run.merged_groups += u64::from(!outcome.merges.is_empty());
        run.merged_profiles += outcome.merges.len() as u64;
        run.parked_groups += u64::from(!outcome.guards.is_empty() && !outcome.dismissed);
    }
    run.cursor = groups.last().map(|group| group.key.value.to_string()).or(run.cursor);
    if last {
        run.state = DuplicatesState::Complete;
        // It is somebody's address.
        run.cursor = None;
        run.finished_at = Some(occasion.now);
    }
    draft.change.duplicates = Some(run.clone());
    (draft.finish(), Some(run))
}

/// What an operator does with a parked group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// Join them all the same.
    Release,
    /// Never let a rule join them.
    Dismiss,
}

/// Decides an operator's review of a parked group; `None`: there is no such group, or it is no longer open.
#[must_use]
pub fn decide_review(
    key: &Key,
    review: Review,
    rule: &DuplicatesRule,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Option<GroupOutcome>) {
    let Some(Some(parked)) = loaded.parked.get(key) else { return (Decision::Nothing, None) };
    if parked.state != ParkedState::Open {
        return (Decision::Nothing, None);
    }
    let mut draft = Draft::new(loaded, occasion);
    let outcome = match review {
        Review::Release => {
            let count = loaded.holders.get(key).map_or(0, Vec::len) as u64;
            let group = Shared { key: key.clone(), count };
            join_groups(&mut draft, &[group], rule, occasion.now, true).pop()
        }
        Review::Dismiss => {
            draft.change.parked.push(Parked { state: ParkedState::Dismissed, ..parked.clone() });
            Some(GroupOutcome {
                key: key.clone(),
                count: parked.members.len() as u64,
                members: Vec::new(),
                keep: None,
                guards: parked.reasons.clone(),
                dismissed: true,
                merges: Vec::new(),
            })
        }
    };
    (draft.finish(), outcome)
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
    let keep = keeper(&members, rule);
    let mut outcome = GroupOutcome {
        key: group.key.clone(),
        count: if small { members.len() as u64 } else { group.count },
        members,
        keep,
        guards: Vec::new(),
        dismissed: false,
        merges: Vec::new(),
    };
    let known = draft.parked(&group.key);
    outcome.dismissed = known.as_ref().is_some_and(|parked| parked.state == ParkedState::Dismissed);
    outcome.guards = if small { reasons(draft, &outcome, rule, now) } else { vec![Guard::TooMany] };
    let joins = outcome.guards.is_empty() || (released && small);
    if outcome.dismissed || !draft.is_complete() {
        return outcome;
    }
    if !joins {
        park(draft, &outcome, known, now);
        return outcome;
    }
    let Some(keep) = keep else { return outcome };
    for id in ids.into_iter().filter(|id| *id != keep) {
        let at = now.plus_micros(*place);
        *place += 1;
        outcome
            .merges
            .extend(join(draft, keep, id, How::Duplicates, Filling::Gaps, at).map(|joined| joined.merge));
    }
    if let Some(parked) = known {
        draft.change.parked.push(Parked { state: ParkedState::Released, ..parked });
    }
    outcome
}

/// Who stays (`DUP-2`, `DUP-5`): a profile with an external id before one without; then by the rule; ties go to the
/// larger `braze_id`.
fn keeper(members: &[Arc<Profile>], rule: &DuplicatesRule) -> Option<ProfileId> {
    let moment = |profile: &Profile| match rule.keep {
        KeepBy::Created => Some(sortable(profile.created_at)),
        KeepBy::Updated => Some(sortable(profile.updated_at)),
        KeepBy::LastSession => profile.fields.text(FieldName::DateOfLastSession).map(str::to_owned),
    };
    let best = members.iter().max_by(|left, right| {
        let by_moment = match (moment(left), moment(right)) {
            // Whoever has no session comes last, at either end.
            (Some(left), Some(right)) if rule.order == KeepOrder::Oldest => right.cmp(&left),
            (left, right) => left.cmp(&right),
        };
        left.is_identified().cmp(&right.is_identified()).then(by_moment).then(left.id.cmp(&right.id))
    });
    best.map(|profile| profile.id)
}

/// A time as text that sorts as it does.
fn sortable(at: Timestamp) -> String {
    format!("{:0>20}", at.as_micros())
}

/// What speaks against joining a whole group.
fn reasons(draft: &mut Draft<'_>, group: &GroupOutcome, rule: &DuplicatesRule, now: Timestamp) -> Vec<Guard> {
    let mut found = Vec::new();
    if is_common_value(&group.key, &draft.settings) {
        found.push(Guard::CommonValue);
    }
    let joining = group.members.len().saturating_sub(1);
    if group.keep.is_some_and(|keep| is_too_many(draft, keep, joining, now)) {
        found.push(Guard::TooMany);
        return found;
    }
    for (place, left) in group.members.iter().enumerate() {
        for right in group.members.iter().skip(place + 1) {
            let between = guards(draft, left.id, right.id);
            if !may_join(&between, rule.merge_identified) {
                found.extend(between);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a rule would fold more into one person than the workspace allows in its window.
fn is_too_many(draft: &Draft<'_>, keep: ProfileId, joining: usize, now: Timestamp) -> bool {
    let window = i64::from(draft.settings.fold_window_hours) * 3_600_000_000;
    let since = now.plus_micros(-window);
    let folded = draft.profile(keep).map_or(0, |profile| {
        profile.merged.iter().filter(|side| side.how.is_rule() && side.at > since).count()
    });
    folded + joining > draft.settings.fold_limit as usize
}

/// Leaves a group to a person; parked before, it keeps its id and time.
fn park(draft: &mut Draft<'_>, outcome: &GroupOutcome, known: Option<Parked>, now: Timestamp) {
    let members: Vec<_> = outcome.members.iter().map(|profile| profile.id).collect();
    let parked = match known {
        Some(known) if known.state == ParkedState::Open => {
            let same = known.members == members && known.reasons == outcome.guards;
            if same {
                return;
            }
            Parked { members, reasons: outcome.guards.clone(), ..known }
        }
        known => Parked {
            id: known.map_or_else(|| draft.parked_id(), |known| known.id),
            key: outcome.key.clone(),
            members,
            reasons: outcome.guards.clone(),
            at: now,
            state: ParkedState::Open,
        },
    };
    draft.change.parked.push(parked);
}

#[cfg(test)]
mod tests;
