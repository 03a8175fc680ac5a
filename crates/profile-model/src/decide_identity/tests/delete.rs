//! Erasure: what the ledger says afterwards, and what of it is whose.

use super::*;
use std::collections::HashSet;

use crate::{Erasure, GlobalState, Kind, LedgerSecret, Parked, ParkedState, Recollection, parse_delete};

impl Shelf {
    fn delete(&mut self, body: &Value) -> Vec<IdentityOutcome> {
        let deletes = parse_delete(body, &self.settings).unwrap();
        let items = deletes.parsed.items;
        let decide = |loaded: &Loaded, occasion: &Occasion| {
            decide_deletes(&items, deletes.suppress, loaded, occasion, &Manner::default())
        };
        self.run(delete_keys(&items), decide).outcomes
    }

    fn erasure(&self) -> &Erasure {
        &self.last.erasures[0]
    }

    /// Whether the ledger names an identifier, and whether it is suppressed and opted out.
    fn remembered(&self, key: &Key) -> Option<(bool, bool)> {
        let row = self.ledger.get(&LedgerSecret::derive("test").mark(key))?;
        Some((row.suppressed, row.opted_out))
    }

    fn unsubscribe(&mut self, email: &str) {
        let address = Address { kind: crate::AddressKind::Email, value: email.to_owned() };
        let state = GlobalState::Unsubscribed;
        let row = AddressState { address: address.clone(), of: StateOf::Global, state, changed_at: self.now };
        self.states.insert((address, StateOf::Global), row);
    }
}

fn email(text: &str) -> Option<Email> {
    Email::parse(text)
}

fn key_of(text: &str) -> Key {
    Key::email(&Email::parse(text).unwrap())
}

/// Every identifier that nobody else holds is remembered, and the profile's own id; `suppress` refuses the former.
#[test]
fn the_ledger_names_what_nobody_else_holds() {
    for suppress in [false, true] {
        let mut shelf = Shelf::new();
        let phone = Phone::parse("+81 90-1234-5678", "JP").phone;
        let ann = shelf.put(|profile| {
            profile.external_id = Some("ann".into());
            profile.aliases = vec![alias("web", "w")];
            profile.email = email("both@example.com");
            profile.phone = Some(phone.clone());
            profile.line_id = Some(line_id(1));
        });
        shelf.put(|profile| profile.email = email("both@example.com"));
        let outcomes = shelf.delete(&json!({"external_ids": ["ann"], "suppress": suppress}));
        assert_eq!(told(&outcomes), [(Done::Changed, None)]);
        assert_eq!(outcomes[0].removed, Some(ann));
        for key in [
            Key::external_id("ann"),
            Key::alias(&alias("web", "w")),
            Key::phone(&phone).unwrap(),
            Key::line_id(&line_id(1)),
        ] {
            assert_eq!(shelf.remembered(&key), Some((suppress, false)), "{key:?}");
        }
        assert_eq!(shelf.remembered(&key_of("both@example.com")), None, "it is somebody else's, too");
        // Its own id is for backups; no door asks for it.
        assert_eq!(shelf.remembered(&Key::merged(ann)), Some((false, false)));
        assert_eq!(shelf.erasure().line_users, [line_id(1)]);
        assert!(!shelf.erasure().keys.contains(&key_of("both@example.com")));
        assert_eq!(shelf.erasure().suppressed, suppress);
        // However a file wrote the number, its row is found.
        for text in ["+819012345678", "090-1234-5678", "09012345678", "+81 90-1234-5678", "ann", "w"] {
            assert!(shelf.erasure().texts.iter().any(|known| known == text), "{text}");
        }
    }
}

/// An address that nobody holds any more has no state; an opt-out of email is remembered, another state is not.
#[test]
fn opt_outs_of_email_are_remembered() {
    let mut shelf = Shelf::new();
    for (id, out) in [("ann", true), ("ben", false)] {
        let address = format!("{id}@example.com");
        shelf.put(|profile| {
            profile.external_id = Some(id.into());
            profile.email = email(&address);
        });
        if out {
            shelf.unsubscribe(&address);
        }
        shelf.delete(&json!({"external_ids": [id]}));
        assert_eq!(shelf.remembered(&key_of(&address)), Some((false, out)), "{id}");
    }
    assert!(shelf.states.is_empty());
}

/// Two of one batch who share an address: it is left with the second, and goes with it.
#[test]
fn the_last_holder_of_a_batch_takes_the_address_along() {
    let mut shelf = Shelf::new();
    for id in ["ann", "ben"] {
        shelf.put(|profile| {
            profile.external_id = Some(id.into());
            profile.email = email("both@example.com");
            profile.line_id = Some(line_id(1));
        });
    }
    shelf.unsubscribe("both@example.com");
    shelf.delete(&json!({"external_ids": ["ann", "ben"]}));
    assert_eq!(shelf.last.erasures.len(), 2);
    assert!(shelf.last.erasures[0].line_users.is_empty());
    assert_eq!(shelf.last.erasures[1].line_users, [line_id(1)]);
    assert_eq!(shelf.remembered(&key_of("both@example.com")), Some((false, true)));
    assert!(shelf.profiles.is_empty() && shelf.states.is_empty());
}

/// Predecessors go along, told by id, with what a merge had dropped; nobody named by a merged id is erased (`MID`).
#[test]
fn predecessors_go_along_and_merged_ids_name_nobody() {
    let mut shelf = Shelf::new();
    let kept = shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.email = email("k@example.com");
    });
    let removed = shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.email = email("m@example.com");
    });
    shelf.unsubscribe("m@example.com");
    shelf.join("m", "k");
    let by_merged = [json!({"external_ids": ["m"]}), json!({"braze_ids": [removed]})];
    for body in by_merged {
        assert_eq!(told(&shelf.delete(&body)), [(Done::Nothing, Some("not_found"))]);
    }
    let outcomes = shelf.delete(&json!({"external_ids": ["k"]}));
    assert_eq!(outcomes[0].predecessors, [removed]);
    assert_eq!(shelf.erasure().sides.iter().collect::<HashSet<_>>(), HashSet::from([&kept, &removed]));
    for id in [kept, removed] {
        assert!(shelf.remembered(&Key::merged(id)).is_some());
    }
    assert!(shelf.remembered(&Key::external_id("m")).is_some());
    assert_eq!(shelf.remembered(&key_of("m@example.com")), Some((false, true)), "the dropped address, too");
}

/// DEL-5: a deprecated id names the whole profile. DEL-2: an address of several erases nobody.
#[test]
fn who_is_erased_is_who_is_named_without_doubt() {
    let mut shelf = Shelf::new();
    shelf.put(|profile| {
        profile.external_id = Some("new".into());
        profile
            .former_ids
            .push(crate::FormerId { external_id: "old".into(), kind: crate::FormerKind::Deprecated });
    });
    assert_eq!(told(&shelf.delete(&json!({"external_ids": ["old"]}))), [(Done::Changed, None)]);
    for id in ["ann", "ben"] {
        shelf.put(|profile| {
            profile.external_id = Some(id.into());
            profile.email = email("both@example.com");
        });
    }
    let plain = shelf.delete(&json!({"email_addresses": ["both@example.com"]}));
    assert_eq!((plain[0].done, shelf.profiles.len()), (Done::Nothing, 2));
    let words = json!(["identified", "most_recently_updated"]);
    let one = json!({"email": "both@example.com", "prioritization": words});
    assert_eq!(told(&shelf.delete(&json!({"email_addresses": [one]}))), [(Done::Changed, None)]);
    assert_eq!(shelf.profiles.values().next().unwrap().external_id.as_deref(), Some("ann"));
}

/// A parked group loses the member; with one left it is moot, though its value is somebody else's.
#[test]
fn parked_groups_lose_the_erased() {
    let mut shelf = Shelf::new();
    let key = key_of("both@example.com");
    let ids = ["a", "b", "c"].map(|id| {
        shelf.put(|profile| {
            profile.external_id = Some(id.into());
            profile.email = email("both@example.com");
        })
    });
    let parked = Parked {
        id: crate::ParkedId(uuid::Uuid::from_u128(1)),
        key: key.clone(),
        members: ids.into(),
        reasons: vec![crate::Guard::BothIdentified],
        at: shelf.now,
        state: ParkedState::Open,
    };
    shelf.parked.insert(key.clone(), parked);
    shelf.delete(&json!({"external_ids": ["a"]}));
    assert_eq!(shelf.parked[&key].members, ids[1..]);
    shelf.delete(&json!({"external_ids": ["b"]}));
    assert!(shelf.parked.is_empty());
    assert_eq!((&shelf.last.unparked[..], shelf.erasure().keys.contains(&key)), (&[key][..], false));
}

/// docs/erasure.md: a group that waits for a decision names an address that its members may have left since. Whatever its
/// state, it goes with the last of them, and with one of two.
#[test]
fn an_address_that_was_left_goes_with_who_had_it() {
    for state in [ParkedState::Open, ParkedState::Dismissed, ParkedState::Released] {
        let mut shelf = Shelf::new();
        let key = key_of("both@example.com");
        let ids = ["a", "b"].map(|id| {
            shelf.put(|profile| {
                profile.external_id = Some(id.into());
                profile.email = email(&format!("{id}@example.com"));
            })
        });
        let parked = Parked {
            id: crate::ParkedId(uuid::Uuid::from_u128(1)),
            key: key.clone(),
            members: ids.into(),
            reasons: vec![crate::Guard::BothIdentified],
            at: shelf.now,
            state,
        };
        shelf.parked.insert(key.clone(), parked);
        shelf.delete(&json!({"external_ids": ["a"]}));
        assert_eq!((shelf.parked.len(), shelf.profiles.len()), (0, 1), "{state:?}");
    }
}

/// A member of a group who was merged into somebody since is erased with them.
#[test]
fn a_group_that_names_a_merged_predecessor_goes_too() {
    let mut shelf = Shelf::new();
    let key = key_of("both@example.com");
    let (kept, removed) = (shelf.user("k"), shelf.user("m"));
    shelf.join("m", "k");
    let parked = Parked {
        id: crate::ParkedId(uuid::Uuid::from_u128(1)),
        key: key.clone(),
        members: vec![removed],
        reasons: vec![crate::Guard::TooMany],
        at: shelf.now,
        state: ParkedState::Dismissed,
    };
    shelf.parked.insert(key, parked);
    let body = json!({"braze_ids": [kept]});
    shelf.delete(&body);
    assert!(shelf.parked.is_empty());
}

/// After a restore: the erased go again; a survivor of whom only one part was erased is taken apart first.
#[test]
fn a_backup_is_looked_at_by_the_ids_of_its_profiles() {
    let mut shelf = Shelf::new();
    let (kept, removed, other) = (shelf.user("k"), shelf.user("m"), shelf.user("x"));
    let merge = shelf.join("m", "k");
    let recollect = |shelf: &mut Shelf, id: ProfileId| {
        let profile = Arc::clone(&shelf.profiles[&id]);
        let keys = crate::Keys { ledger: shelf.occasion().side_marks(&profile), ..crate::Keys::default() };
        shelf.ask(keys, move |loaded, occasion| (Decision::Nothing, occasion.recollect(&profile, loaded))).1
    };
    let row = |id: ProfileId| crate::LedgerRow {
        mark: LedgerSecret::derive("test").mark(&Key::merged(id)),
        kind: Kind::MergedId,
        erasure: crate::ErasureId(uuid::Uuid::nil()),
        erased_at: Timestamp::from_millis(0),
        opted_out: false,
        suppressed: false,
    };
    for id in [kept, other] {
        assert_eq!(recollect(&mut shelf, id), Recollection::Keep);
    }
    shelf.ledger.insert(row(removed).mark, row(removed));
    assert_eq!(recollect(&mut shelf, kept), Recollection::Part(merge));
    shelf.ledger.insert(row(kept).mark, row(kept));
    assert_eq!(recollect(&mut shelf, kept), Recollection::Erase);
    assert_eq!(recollect(&mut shelf, other), Recollection::Keep);
}
