//! Over random profiles and random calls: what holds whatever is merged, undone and erased.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::{GlobalState, parse_delete};

/// A profile as drawn: has an external id, names of aliases, email, LINE ID.
type Drawn = (bool, Vec<u8>, Option<u8>, Option<u8>);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let one = (
        any::<bool>(),
        prop::collection::vec(0_u8..3, 0..3),
        prop::option::of(0_u8..3),
        prop::option::of(0_u8..3),
    );
    prop::collection::vec(one, 2..6)
}

/// Puts the profiles; each can be named by alias (`name`, its number).
fn fill(profiles: &[Drawn], out: &[u8]) -> Shelf {
    let mut shelf = Shelf::new();
    for (number, (identified, labels, email, line)) in profiles.iter().enumerate() {
        shelf.put(|profile| {
            profile.external_id = identified.then(|| format!("x{number}"));
            profile.aliases = vec![alias("name", &number.to_string())];
            for label in labels {
                let one = alias(&format!("l{label}"), &format!("n{number}"));
                if profile.alias(&one.label).is_none() {
                    profile.aliases.push(one);
                }
            }
            profile.email = email.and_then(|email| Email::parse(&format!("e{email}@example.com")));
            profile.line_id = line.map(line_id);
        });
    }
    for number in out {
        let address = Address { kind: crate::AddressKind::Email, value: format!("e{number}@example.com") };
        let row = AddressState {
            address: address.clone(),
            of: StateOf::Global,
            state: GlobalState::Unsubscribed,
            changed_at: shelf.now,
        };
        shelf.states.insert((address, StateOf::Global), row);
    }
    shelf
}

fn named(number: usize) -> Value {
    json!({"user_alias": alias("name", &number.to_string())})
}

/// No unique identifier leads to two profiles; no profile is one that was merged away.
fn holds(shelf: &Shelf) {
    let mut seen = BTreeMap::new();
    for profile in shelf.profiles.values() {
        for key in profile.keys().into_iter().filter(|key| key.kind.is_unique()) {
            assert_eq!(seen.insert(key.clone(), profile.id), None, "{key:?} leads to two");
        }
        for side in &profile.merged {
            assert!(!shelf.profiles.contains_key(&side.profile), "a merged profile is still there");
        }
    }
}

fn unsubscribed(shelf: &Shelf, profile: &Profile) -> bool {
    let Some(email) = &profile.email else { return false };
    let address = Address { kind: crate::AddressKind::Email, value: email.key.clone() };
    shelf.states.get(&(address, StateOf::Global)).is_some_and(|row| row.state == GlobalState::Unsubscribed)
}

proptest! {
    /// MF-3: merging a profile into itself, however it is named, writes nothing.
    #[test]
    fn a_merge_into_itself_does_nothing(profiles in drawn(), who: Index) {
        let mut shelf = fill(&profiles, &[]);
        let number = who.index(profiles.len());
        let before = shelf.profiles.clone();
        let mut sides = vec![(named(number), named(number))];
        if profiles[number].0 {
            sides.push((named(number), external_id(&format!("x{number}"))));
        }
        for outcome in shelf.merge(&sides) {
            prop_assert_eq!(outcome.done, Done::Nothing);
        }
        prop_assert_eq!(&shelf.profiles, &before);
    }

    /// Merge, then undo: every row as before but for its version, and the address states, too.
    #[test]
    fn merges_undone_in_the_opposite_order_leave_every_row_as_it_was(
        profiles in drawn(), out in prop::collection::vec(0_u8..3, 0..3), pairs in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4),
    ) {
        let mut shelf = fill(&profiles, &out);
        let rows = |shelf: &Shelf| -> BTreeMap<ProfileId, Profile> {
            let row = |profile: &Arc<Profile>| Profile { version: 0, ..Profile::clone(profile) };
            shelf.profiles.iter().map(|(id, profile)| (*id, row(profile))).collect()
        };
        let (before, states) = (rows(&shelf), shelf.states.clone());
        let mut merges = Vec::new();
        for (from, to) in pairs {
            let pair = (named(from.index(profiles.len())), named(to.index(profiles.len())));
            merges.extend(shelf.merge(&[pair])[0].merge);
            holds(&shelf);
        }
        for merge in merges.into_iter().rev() {
            let undone = shelf.undo(merge);
            prop_assert!(matches!(undone, UndoOutcome::Undone { .. }), "{:?}", undone);
            holds(&shelf);
        }
        prop_assert_eq!(rows(&shelf), before);
        prop_assert_eq!(shelf.states, states);
    }

    /// MF-4: no merge and no identify subscribes an address whose owner opted out, whoever shares it.
    #[test]
    fn an_opt_out_survives_every_join(
        profiles in drawn(), out in prop::collection::vec(0_u8..3, 1..3), pairs in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4),
    ) {
        let mut shelf = fill(&profiles, &out);
        let before: Vec<_> = shelf.profiles.values().filter(|one| unsubscribed(&shelf, one)).cloned().collect();
        for (from, to) in pairs {
            let (from, to) = (from.index(profiles.len()), to.index(profiles.len()));
            shelf.merge(&[(named(from), named(to))]);
            shelf.identify(&by_alias(&format!("x{to}"), "name", &from.to_string()));
        }
        for profile in before {
            let holders = shelf.holders(&Key::email(profile.email.as_ref().unwrap()));
            for holder in holders {
                prop_assert!(unsubscribed(&shelf, shelf.get(holder)));
            }
        }
    }

    /// An erasure changes nobody else, whatever was merged before; what it names leads nowhere.
    #[test]
    fn an_erasure_changes_nobody_else(
        profiles in drawn(), pairs in prop::collection::vec((any::<Index>(), any::<Index>()), 0..3), who: Index,
    ) {
        let mut shelf = fill(&profiles, &[]);
        for (from, to) in pairs {
            shelf.merge(&[(named(from.index(profiles.len())), named(to.index(profiles.len())))]);
        }
        let Some(id) = shelf.profiles.keys().nth(who.index(shelf.profiles.len())).copied() else { return Ok(()) };
        let gone = shelf.get(id).clone();
        let mut expected = shelf.profiles.clone();
        expected.remove(&id);
        let deletes = parse_delete(&json!({"braze_ids": [id]}), &shelf.settings).unwrap().parsed.items;
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_deletes(&deletes, false, loaded, occasion, &Manner::default())
        };
        let outcomes = shelf.run(delete_keys(&deletes), decide).outcomes;
        prop_assert_eq!(outcomes[0].predecessors.len(), gone.merged.len());
        prop_assert_eq!(&shelf.profiles, &expected);
        for key in gone.keys().iter().filter(|key| key.kind.is_unique()) {
            prop_assert_eq!(shelf.holders(key), Vec::new());
        }
        holds(&shelf);
    }
}
