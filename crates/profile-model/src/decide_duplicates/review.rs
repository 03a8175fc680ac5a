//! What an operator does with a parked group.

use super::{GroupOutcome, MAX_GROUP, duplicates_keys, join_groups};
use crate::{
    Decision, DuplicatesRule, Key, Keys, Loaded, Occasion, Parked, ParkedState, Shared, draft::Draft,
};

/// What an operator does with a parked group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// Join them all the same.
    Release,
    /// Never let a rule join them.
    Dismiss,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Reviewed {
    /// It was done.
    Done(Box<GroupOutcome>),
    /// There is no such group, it is no longer open, or fewer than two are left: it is gone.
    Unknown,
    /// More than [`MAX_GROUP`] share the value, or did when it was parked: nothing joins so many at once.
    TooLarge,
}

/// What must be loaded to review a group: its members, unless they were too many to be named.
#[must_use]
pub fn review_keys(parked: &Parked) -> Keys {
    let count = if parked.members.is_empty() { MAX_GROUP + 1 } else { parked.members.len() as u64 };
    duplicates_keys(&[Shared { key: parked.key.clone(), count }])
}

/// Decides an operator's review of a parked group.
#[must_use]
pub fn decide_review(
    key: &Key,
    review: Review,
    rule: &DuplicatesRule,
    loaded: &Loaded,
    occasion: &Occasion,
) -> (Decision, Reviewed) {
    let Some(Some(parked)) = loaded.parked.get(key) else { return (Decision::Nothing, Reviewed::Unknown) };
    if parked.state != ParkedState::Open {
        return (Decision::Nothing, Reviewed::Unknown);
    }
    let mut draft = Draft::new(loaded, occasion);
    let reviewed = match review {
        Review::Release => release(&mut draft, parked, rule, occasion),
        Review::Dismiss => {
            draft.park(Parked { state: ParkedState::Dismissed, ..parked.clone() });
            Reviewed::Done(Box::new(GroupOutcome {
                guards: parked.reasons.clone(),
                dismissed: true,
                ..GroupOutcome::of(key.clone(), parked.members.len() as u64)
            }))
        }
    };
    (draft.finish(), reviewed)
}

fn release(draft: &mut Draft<'_>, parked: &Parked, rule: &DuplicatesRule, occasion: &Occasion) -> Reviewed {
    if parked.members.is_empty() {
        return Reviewed::TooLarge;
    }
    let count = draft.holders(&parked.key).len() as u64;
    if count > MAX_GROUP {
        return Reviewed::TooLarge;
    }
    if count < 2 {
        draft.unpark(&parked.key);
        return Reviewed::Unknown;
    }
    let group = Shared { key: parked.key.clone(), count };
    let outcome = join_groups(draft, &[group], rule, occasion.now, true).pop();
    outcome.map_or(Reviewed::Unknown, |outcome| Reviewed::Done(Box::new(outcome)))
}
