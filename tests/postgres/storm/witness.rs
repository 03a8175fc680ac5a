//! What was acknowledged of things that several clients write to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::Value;

/// LINE's clock when the storm begins: long ago, so that whoever is erased is erased later.
const FIRST: i64 = 1_727_600_000_000;

/// Somebody whom others write to until, and after, its maker erases it.
#[derive(Clone, Debug)]
pub(crate) struct Prey {
    pub(crate) external_id: String,
    pub(crate) email: String,
    pub(crate) braze_id: String,
}

#[derive(Default)]
pub(crate) struct Witness {
    /// How often each thing was counted up, by its name.
    counted: Mutex<BTreeMap<String, u64>>,
    /// Values of shared customers that only one client sets: by customer and name, the last one.
    values: Mutex<BTreeMap<(String, String), Value>>,
    /// Who was told to have got something that only one can have.
    winners: Mutex<BTreeMap<String, Vec<String>>>,
    /// Everybody who may be written to, and those of them who were erased.
    prey: Mutex<(Vec<Prey>, Vec<Prey>)>,
    /// The newest event of each follower: LINE's time and the state since.
    newest: Mutex<BTreeMap<String, (i64, &'static str)>>,
    /// Users who were told to have a LINE ID, beside its follower.
    owners: Mutex<BTreeMap<String, BTreeSet<String>>>,
    ticks: AtomicI64,
}

impl Witness {
    pub(crate) fn count(&self, what: &str) {
        *self.counted.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn counted(&self, what: &str) -> u64 {
        self.counted.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    /// Everything that was counted and whose name begins like this, without that beginning.
    pub(crate) fn counted_of(&self, beginning: &str) -> Vec<(String, u64)> {
        let counted = self.counted.lock().unwrap();
        let of = counted
            .iter()
            .filter_map(|(name, count)| Some((name.strip_prefix(beginning)?.to_owned(), *count)));
        of.collect()
    }

    pub(crate) fn set(&self, customer: &str, name: &str, value: Value) {
        self.values.lock().unwrap().insert((customer.to_owned(), name.to_owned()), value);
    }

    /// Values of one customer, by name.
    pub(crate) fn values_of(&self, customer: &str) -> Vec<(String, Value)> {
        let values = self.values.lock().unwrap();
        let of = values.iter().filter(|((whose, _), _)| whose == customer);
        of.map(|((_, name), value)| (name.clone(), value.clone())).collect()
    }

    /// Remembers who has a prize, and that there is one even if nobody has.
    pub(crate) fn won(&self, prize: &str, winner: Option<String>) {
        self.winners.lock().unwrap().entry(prize.to_owned()).or_default().extend(winner);
    }

    pub(crate) fn winners(&self) -> BTreeMap<String, Vec<String>> {
        self.winners.lock().unwrap().clone()
    }

    pub(crate) fn expose(&self, prey: Prey) {
        self.prey.lock().unwrap().0.push(prey);
    }

    pub(crate) fn erased(&self, prey: Prey) {
        self.prey.lock().unwrap().1.push(prey);
    }

    /// Some of the last who were exposed, erased or not.
    pub(crate) fn some_prey(&self, count: usize) -> Vec<Prey> {
        self.prey.lock().unwrap().0.iter().rev().take(count).cloned().collect()
    }

    pub(crate) fn all_erased(&self) -> Vec<Prey> {
        self.prey.lock().unwrap().1.clone()
    }

    /// A time of LINE's, later than all before.
    pub(crate) fn tick(&self) -> i64 {
        FIRST + self.ticks.fetch_add(1, Ordering::Relaxed)
    }

    /// An event that changes a friendship was taken.
    pub(crate) fn befriended(&self, line_id: &str, at: i64, state: &'static str) {
        let mut newest = self.newest.lock().unwrap();
        let known = newest.entry(line_id.to_owned()).or_insert((at, state));
        if known.0 < at {
            *known = (at, state);
        }
    }

    pub(crate) fn friendships(&self) -> BTreeMap<String, (i64, &'static str)> {
        self.newest.lock().unwrap().clone()
    }

    pub(crate) fn owns(&self, line_id: &str, external_id: String) {
        self.owners.lock().unwrap().entry(line_id.to_owned()).or_default().insert(external_id);
    }

    pub(crate) fn owners(&self, line_id: &str) -> BTreeSet<String> {
        self.owners.lock().unwrap().get(line_id).cloned().unwrap_or_default()
    }
}
