//! Identity operations over whole batches: identify, merge, aliases, renames, removals; and the way back.
//!
//! Every operation gives one [`IdentityOutcome`] per element: what was done, or why nothing was. The wire shows them
//! only with `?explain=true`; Braze answers "success" whatever happened (`IDF-8`, `MRG-10`, `ALN-3`).

use std::sync::Arc;

use crate::{
    Decision, Dropped, GlobalState, Guard, Loaded, MergeId, Occasion, Plan, Profile, ProfileId, Timestamp,
    draft::Draft,
};

mod aliases;
mod delete;
mod external_ids;
mod guards;
mod identify;
mod join;
mod keys;
mod merges;
mod pick;
mod undo;

pub use aliases::{decide_alias_updates, decide_new_aliases};
pub use delete::{decide_deletes, report_texts};
pub use external_ids::{IdOutcome, decide_removals, decide_renames};
pub use identify::decide_identify;
pub use keys::{
    alias_update_keys, delete_keys, identify_keys, merge_keys, new_alias_keys, removal_keys, rename_keys,
};
pub use merges::decide_merges;
pub use undo::{UndoOutcome, decide_undo, undo_keys};

pub(crate) use guards::{guards, may_join};
pub(crate) use join::{as_global, join};
pub(crate) use pick::pick;

/// What was done with one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Two profiles became one.
    Merged,
    /// An anonymous profile got its external id.
    Identified,
    /// An identifier changed, or a profile was made for it.
    Changed,
    /// Nothing; the reason says why.
    Nothing,
}

impl Done {
    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Identified => "identified",
            Self::Changed => "changed",
            Self::Nothing => "nothing",
        }
    }
}

/// The outcome of one element (contract: `"outcomes"`).
#[derive(Clone, Debug)]
pub struct IdentityOutcome {
    /// Which array of the request.
    pub array: &'static str,
    /// Index there.
    pub index: u32,
    /// What was done.
    pub done: Done,
    /// A stable word: why nothing was done, or what is remarkable.
    pub reason: Option<&'static str>,
    /// The profile that stays.
    pub kept: Option<ProfileId>,
    /// The profile that became part of it.
    pub removed: Option<ProfileId>,
    /// The merge, by which it can be undone. A dry run makes none.
    pub merge: Option<MergeId>,
    /// What of the other nobody has any more.
    pub dropped: Vec<Dropped>,
    /// Merged profiles that go with an erased one.
    pub predecessors: Vec<ProfileId>,
    /// What would have stopped a rule from doing this.
    pub warnings: Vec<Guard>,
    /// In a dry run: the kept profile as it would be after this element.
    pub result: Option<Preview>,
}

/// A profile as a request would leave it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Its row.
    pub profile: Arc<Profile>,
    /// The state of its email, which may be another one than what its address has now.
    pub email_state: GlobalState,
}

impl IdentityOutcome {
    pub(crate) const fn new(array: &'static str, index: u32, done: Done) -> Self {
        Self {
            array,
            index,
            done,
            reason: None,
            kept: None,
            removed: None,
            merge: None,
            dropped: Vec::new(),
            predecessors: Vec::new(),
            warnings: Vec::new(),
            result: None,
        }
    }

    pub(crate) fn nothing(array: &'static str, index: u32, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::new(array, index, Done::Nothing) }
    }

    fn with_result(mut self, draft: &mut Draft<'_>, manner: &Manner) -> Self {
        self.result = self.kept.filter(|_| manner.dry_run).and_then(|kept| draft.preview(kept));
        self
    }
}

/// How an identity request is to be carried out.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Hash of the operation and its body: a plan is for one request only.
    pub request: [u8; 32],
    /// Do exactly what an earlier dry run said, or nothing.
    pub plan: Option<Plan>,
}

/// What a request did, or would do.
#[derive(Clone, Debug)]
pub struct IdentityReport {
    /// One per acceptable element, in order; each followed by the joins of followers that it brought with it.
    pub outcomes: Vec<IdentityOutcome>,
    /// Names this request on this data.
    pub plan: Plan,
    /// Whether the given plan is not this one: something it rests on has moved, and nothing was done.
    pub stale: bool,
}

/// Runs the elements in order, each seeing the ones before, at `now` plus its place in microseconds.
fn each<T>(
    items: &[T],
    loaded: &Loaded,
    occasion: &Occasion,
    manner: &Manner,
    mut act: impl FnMut(&mut Draft<'_>, &T, Timestamp) -> IdentityOutcome,
) -> (Decision, IdentityReport) {
    let mut draft = Draft::new(loaded, occasion);
    let mut outcomes = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let at = occasion.now.plus_micros(i64::try_from(place).unwrap_or(0));
        let outcome = act(&mut draft, item, at);
        let (array, index) = (outcome.array, outcome.index);
        outcomes.push(outcome.with_result(&mut draft, manner));
        outcomes.extend(followers_joined(&mut draft, manner, array, index));
    }
    conclude(draft, loaded, manner, outcomes)
}

/// Joins that an element brought with it (`line_convergence = merge`), told beside it: each can be undone by itself.
fn followers_joined(
    draft: &mut Draft<'_>,
    manner: &Manner,
    array: &'static str,
    index: u32,
) -> Vec<IdentityOutcome> {
    let joined = std::mem::take(&mut draft.converged);
    let told = joined.into_iter().map(|joined| {
        let outcome = IdentityOutcome {
            reason: Some("line_convergence"),
            kept: Some(joined.kept),
            removed: Some(joined.removed),
            merge: Some(joined.merge),
            dropped: joined.dropped,
            ..IdentityOutcome::new(array, index, Done::Merged)
        };
        outcome.with_result(draft, manner)
    });
    told.collect()
}

/// Ends an identity decision by its manner.
fn conclude(
    draft: Draft<'_>,
    loaded: &Loaded,
    manner: &Manner,
    mut outcomes: Vec<IdentityOutcome>,
) -> (Decision, IdentityReport) {
    if manner.dry_run {
        // What is not made has no id: the plan, when it is applied, makes one.
        outcomes.iter_mut().for_each(|outcome| outcome.merge = None);
    }
    let told = outcomes.iter().map(|outcome| {
        let words = outcome.warnings.iter().map(|guard| guard.as_str());
        [outcome.done.as_str()].into_iter().chain(outcome.reason).chain(words).collect()
    });
    let plan = Plan::of(&manner.request, &draft.settings, loaded, told);
    let stale = manner.plan.as_ref().is_some_and(|wanted| *wanted != plan);
    let report = IdentityReport { outcomes, plan, stale };
    let decision = match draft.finish() {
        Decision::NeedMore(keys) => Decision::NeedMore(keys),
        _ if manner.dry_run || stale => Decision::Nothing,
        decision => decision,
    };
    (decision, report)
}

#[cfg(test)]
mod tests;
