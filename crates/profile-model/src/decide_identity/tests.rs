use serde_json::{Value, json};

use super::*;
use crate::shelf::{Shelf, alias, line_id};
use crate::{Address, AddressState, Alias, Email, Key, Phone, StateOf, parse_identify, parse_merges};

mod apart;
mod delete;
mod identify;
mod merges;
mod names;
mod parted;
mod parted_cases;
mod pick;
mod properties;
mod third_parties;
mod undo;

impl Shelf {
    fn identify(&mut self, body: &Value) -> Vec<IdentityOutcome> {
        let items = parse_identify(body, &self.settings).unwrap().items;
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_identify(&items, loaded, occasion, &Manner::default())
        };
        self.run(identify_keys(&items), decide).outcomes
    }

    fn merge(&mut self, sides: &[(Value, Value)]) -> Vec<IdentityOutcome> {
        let updates = sides
            .iter()
            .map(|(from, to)| json!({"identifier_to_merge": from, "identifier_to_keep": to}))
            .collect::<Vec<_>>();
        let items = parse_merges(&json!({"merge_updates": updates}), &self.settings).unwrap();
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_merges(&items, loaded, occasion, &Manner::default())
        };
        self.run(merge_keys(&items), decide).outcomes
    }

    /// Merges user `from` into user `to`.
    fn join(&mut self, from: &str, to: &str) -> MergeId {
        self.merge(&[(external_id(from), external_id(to))])[0].merge.unwrap()
    }

    fn undo(&mut self, merge: MergeId) -> UndoOutcome {
        self.run(undo_keys(merge), |loaded, occasion| decide_undo(merge, false, loaded, occasion))
    }
}

fn external_id(id: &str) -> Value {
    json!({"external_id": id})
}

fn by_alias(external_id: &str, label: &str, name: &str) -> Value {
    json!({"aliases_to_identify": [{"external_id": external_id, "user_alias": alias(label, name)}]})
}

fn told(outcomes: &[IdentityOutcome]) -> Vec<(Done, Option<&'static str>)> {
    outcomes.iter().map(|outcome| (outcome.done, outcome.reason)).collect()
}
