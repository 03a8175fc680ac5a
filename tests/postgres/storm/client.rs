//! One of the 32: what it does comes one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::promise::Promise;
use super::stage::Stage;
use super::witness::{Prey, Witness};

/// How many customers everybody writes to.
const SHARED: usize = 8;

pub(crate) struct Client {
    pub(crate) number: usize,
    pub(crate) stage: Arc<Stage>,
    pub(crate) witness: Arc<Witness>,
    /// What was acknowledged and nobody else may change.
    promises: Vec<Promise>,
    /// Merges of shared customers that it made and did not undo.
    pub(crate) merges: Vec<String>,
    /// Customers that it made, that others write to, and that it will erase.
    pub(crate) prey: Vec<Prey>,
    /// LINE events that it delivered last, to be delivered once more.
    pub(crate) delivered: Vec<Value>,
}

impl Client {
    pub(crate) fn new(number: usize, stage: Arc<Stage>, witness: Arc<Witness>) -> Self {
        let (promises, merges, prey, delivered) = Default::default();
        Self { number, stage, witness, promises, merges, prey, delivered }
    }

    /// A name that nobody else uses, and this client only at this turn.
    pub(crate) fn own(&self, what: &str, turn: usize) -> String {
        format!("{what}-{}-{turn}", self.number)
    }

    /// A mobile phone that nobody else has.
    pub(crate) fn own_phone(&self, turn: usize) -> String {
        format!("+8190{:02}{:06}", self.number + 10, turn % 1_000_000)
    }

    /// Two different customers whom everybody writes to.
    pub(crate) fn shared(&self, turn: usize) -> [String; 2] {
        let first = (self.number * 7 + turn * 3) % SHARED;
        let step = 1 + (self.number + turn / 3) % (SHARED - 1);
        [first, (first + step) % SHARED].map(|number| format!("shared-{number}"))
    }

    pub(crate) fn promise(&mut self, promise: Promise) {
        self.promises.push(promise);
    }

    /// Looks whether something that it did long ago is still so, on the other server.
    pub(crate) async fn look_back(&self, turn: usize) {
        if let Some(number) = (self.number * 31 + turn * 17).checked_rem(self.promises.len()) {
            self.promises[number].check(&self.stage, self.number + turn + 1).await;
        }
    }

    /// All that must be so at the end.
    pub(crate) fn leave(self) -> Vec<Promise> {
        let mut promises = self.promises;
        let left = self.prey.iter();
        promises.extend(left.map(|prey| Promise::user(&prey.external_id, json!({"email": prey.email}))));
        promises
    }
}

/// The customers whom everybody writes to.
pub(crate) fn all_shared() -> impl Iterator<Item = String> {
    (0..SHARED).map(|number| format!("shared-{number}"))
}
