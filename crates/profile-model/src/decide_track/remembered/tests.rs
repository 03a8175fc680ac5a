//! Opt-outs of the erased, whoever names the address (docs/erasure.md; `TRK-13`).

use serde_json::{Value, json};

use crate::shelf::Shelf;
use crate::{
    Address, AddressKind, Config, Decision, Door, Email, ErasureId, GlobalState, Item, Key, Keys, Kind,
    LedgerRow, LedgerSecret, Loaded, StateOf, WorkspaceId, decide_track, parse_track, track_keys,
};

fn items(objects: &[Value]) -> Vec<Item> {
    let body = json!({"attributes": objects});
    parse_track(body, &Config::default(), WorkspaceId(1)).unwrap().items
}

fn address(email: &str) -> Address {
    Address { kind: AddressKind::Email, value: email.to_owned() }
}

/// An address whose owner had opted out and was erased.
fn remember(shelf: &mut Shelf, email: &str) {
    let mark = LedgerSecret::derive("test").mark(&Key::email(&Email::parse(email).unwrap()));
    let row = LedgerRow {
        mark,
        kind: Kind::Email,
        erasure: ErasureId(uuid::Uuid::from_u128(1)),
        erased_at: shelf.now,
        opted_out: true,
        suppressed: false,
    };
    shelf.ledger.insert(mark, row);
}

fn track(shelf: &mut Shelf, door: Door, objects: &[Value]) -> Option<GlobalState> {
    let items = items(objects);
    let occasion = shelf.occasion();
    let mut keys = track_keys(&items);
    occasion.remember(&mut keys);
    shelf.run(keys, |loaded, occasion| decide_track(&items, loaded, door, occasion));
    shelf.states.get(&(address("x@example.com"), StateOf::Global)).map(|state| state.state)
}

/// In every order and at both doors: the address may come first or last, with the state or without.
#[test]
fn no_order_of_writes_subscribes_an_address_that_was_opted_out() {
    let address = json!({"external_id": "b", "email": "X@example.com"});
    let state = json!({"external_id": "b", "email_subscribe": "subscribed"});
    let both = json!({"external_id": "b", "email": "x@example.com", "email_subscribe": "subscribed"});
    let stories: [&[&Value]; 6] = [
        &[&address, &state],
        &[&state, &address],
        &[&both, &state],
        &[&state, &both],
        &[&address, &both, &state],
        &[&state, &state, &address],
    ];
    for story in stories {
        for door in [Door::Api, Door::Csv] {
            // Each by itself, and all in one batch.
            for together in [false, true] {
                let mut shelf = Shelf::new();
                remember(&mut shelf, "x@example.com");
                let objects: Vec<Value> = story.iter().map(|object| (*object).clone()).collect();
                let size = if together { objects.len() } else { 1 };
                let last = objects.chunks(size).map(|batch| track(&mut shelf, door, batch)).last();
                assert_eq!(last, Some(Some(GlobalState::Unsubscribed)), "{story:?} {door:?} {together}");
            }
        }
    }
}

/// A double opt-in without the address in the object ends it for good.
#[test]
fn an_opt_in_of_the_profile_lifts_the_opt_out_of_its_address() {
    let mut shelf = Shelf::new();
    remember(&mut shelf, "x@example.com");
    let say = |state: &str| json!({"external_id": "b", "email_subscribe": state});
    track(&mut shelf, Door::Api, &[json!({"external_id": "b", "email": "x@example.com"})]);
    for (word, state) in [
        ("opted_in", GlobalState::OptedIn),
        ("unsubscribed", GlobalState::Unsubscribed),
        ("subscribed", GlobalState::Subscribed),
    ] {
        assert_eq!(track(&mut shelf, Door::Api, &[say(word)]), Some(state));
    }
}

/// The addresses of profiles that were found are asked for together, however many objects there are, and only where
/// somebody was erased.
#[test]
fn one_more_round_asks_for_every_address() {
    for (erased, marks) in [(true, 20), (false, 0)] {
        let mut shelf = Shelf::new();
        if erased {
            remember(&mut shelf, "x@example.com");
        }
        let objects: Vec<_> = (0..20)
            .map(|number| {
                shelf.put(|profile| {
                    profile.external_id = Some(format!("c{number}"));
                    profile.email = Email::parse(&format!("c{number}@example.com"));
                });
                json!({"external_id": format!("c{number}"), "email_subscribe": "subscribed"})
            })
            .collect();
        let items = items(&objects);
        let mut keys = track_keys(&items);
        shelf.occasion().remember(&mut keys);
        let loaded = std::cell::RefCell::new(Vec::<Keys>::new());
        let decide = |found: &Loaded, occasion: &crate::Occasion| {
            let decided = decide_track(&items, found, Door::Api, occasion);
            if let Decision::NeedMore(more) = &decided.0 {
                loaded.borrow_mut().push((**more).clone());
            }
            decided
        };
        shelf.run(keys, decide);
        let rounds = loaded.into_inner();
        assert_eq!(rounds.iter().map(|keys| keys.ledger.len()).collect::<Vec<_>>(), [marks]);
        assert_eq!(rounds[0].addresses.len(), 20);
    }
}
