//! One page of a run: the groups of a range of values, and what waits in that range for a value that nobody shares any
//! more.

use super::{MAX_GROUP, join_groups, parking::settle_one};
use crate::{Decision, DuplicatesRun, DuplicatesState, Key, Keys, Loaded, Occasion, Shared, draft::Draft};

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DuplicatesPage {
    /// Values that several profiles share.
    pub groups: Vec<Shared>,
    /// Values of parked groups that fewer than two profiles hold.
    pub stale: Vec<Key>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<String>,
}

impl DuplicatesPage {
    /// How many groups one page has at most.
    pub const GROUPS: u32 = 20;

    /// How many values of parked groups are looked at for one page at most: those of its range, mostly its own groups.
    pub const PARKED: u32 = 1_000;

    /// Up to which value parked groups are to be looked for beside these groups; `None`: to the end.
    #[must_use]
    pub fn end_of(groups: &[Shared]) -> Option<&str> {
        groups.last().filter(|_| groups.len() == Self::GROUPS as usize).map(|group| &*group.key.value)
    }

    /// Puts a page together from two walks along the same values, at most [`Self::GROUPS`] and [`Self::PARKED`] long: it
    /// ends where the shorter of them ends, so that neither is ever ahead of the other.
    #[must_use]
    pub fn new(groups: Vec<Shared>, parked: Vec<Key>) -> Self {
        let last_group = Self::end_of(&groups).map(str::to_owned);
        let last_parked = parked.last().filter(|_| parked.len() == Self::PARKED as usize);
        let next = match (last_group, last_parked.map(|key| key.value.to_string())) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        let within = |key: &Key| next.as_ref().is_none_or(|end| *key.value <= **end);
        let groups: Vec<_> = groups.into_iter().filter(|group| within(&group.key)).collect();
        let is_shared = |key: &Key| groups.binary_search_by(|group| group.key.cmp(key)).is_ok();
        let stale = parked.into_iter().filter(|key| within(key) && !is_shared(key)).collect();
        Self { groups, stale, next }
    }

    /// What must be loaded for it.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let mut keys = duplicates_keys(&self.groups);
        keys.identifiers.extend(self.stale.iter().cloned());
        keys.parked.extend(self.stale.iter().cloned());
        keys
    }
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

/// Decides one page of a run; `expected` is the run the page was read for. If the stored run has moved on, another
/// worker did this page, and nothing is done.
#[must_use]
pub fn decide_duplicates_page(
    page: &DuplicatesPage,
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
    for outcome in join_groups(&mut draft, &page.groups, &run.rule, occasion.now, false) {
        run.groups += 1;
        run.merged_groups += u64::from(!outcome.merges.is_empty());
        run.merged_profiles += outcome.merges.len() as u64;
        run.parked_groups += u64::from(!outcome.guards.is_empty() && !outcome.dismissed);
    }
    for key in &page.stale {
        if let Some(parked) = draft.parked(key) {
            settle_one(&mut draft, parked);
        }
    }
    run.cursor.clone_from(&page.next);
    if page.next.is_none() {
        run.state = DuplicatesState::Complete;
        run.finished_at = Some(occasion.now);
    }
    draft.change.duplicates = Some(run.clone());
    (draft.finish(), Some(run))
}
