//! Consent and people who have nothing to do with a merge or an address that somebody gains.

use super::parted::{EMAIL, SMS};
use super::*;
use crate::{Email, GlobalState, GroupState, Target};
use GlobalState::{OptedIn, Subscribed, Unsubscribed};

const X: &str = "x@example.com";

fn user(id: &str) -> Target {
    Target::ExternalId(id.into())
}

fn people(ids: &[&str]) -> Shelf {
    let mut shelf = Shelf::new();
    for id in ids {
        shelf.user(id);
    }
    shelf
}

fn say(shelf: &mut Shelf, id: &str, state: &str) {
    shelf.track(&json!({"external_id": id, "email_subscribe": state}));
}

fn gain(shelf: &mut Shelf, id: &str) {
    shelf.track(&json!({"external_id": id, "email": X, "phone": "+819012345678"}));
}

fn undone(shelf: &mut Shelf, merge: MergeId) {
    let outcome = shelf.undo(merge);
    assert!(matches!(outcome, UndoOutcome::Undone { .. }), "{outcome:?}");
}

/// Section 6.2, MF-4: who gains an address that others have inherits what it says; nobody is opted in by somebody else's
/// words, whether the address is written or comes with a merge.
#[test]
fn who_has_the_address_already_is_opted_in_by_nobody_else() {
    for by_merge in [false, true] {
        let mut shelf = people(&["o", "k", "m"]);
        gain(&mut shelf, "o");
        say(&mut shelf, "k", "opted_in");
        for group in [EMAIL, SMS] {
            shelf.set_group(group, GroupState::Subscribed, user("k"));
        }
        if by_merge {
            gain(&mut shelf, "m");
            shelf.join("m", "k");
        } else {
            gain(&mut shelf, "k");
        }
        for who in ["o", "k"] {
            assert_eq!(shelf.email_state(who), Subscribed, "{who}, {by_merge}");
            for group in [EMAIL, SMS] {
                assert_eq!(shelf.group_state(who, group), None, "{who}, {by_merge}");
            }
        }
    }
}

/// The same words go with an address that nobody else has.
#[test]
fn an_address_of_ones_own_takes_what_its_owner_said() {
    let mut shelf = people(&["k"]);
    say(&mut shelf, "k", "opted_in");
    shelf.set_group(SMS, GroupState::Subscribed, user("k"));
    gain(&mut shelf, "k");
    assert_eq!(shelf.email_state("k"), OptedIn);
    assert_eq!(shelf.group_state("k", SMS), Some(GroupState::Subscribed));
}

/// An opt-out goes with its owner, also to an address that somebody opted in before, and holds for all who have it.
#[test]
fn an_opt_out_outranks_what_the_address_says() {
    for left in [true, false] {
        let mut shelf = people(&["o", "d"]);
        gain(&mut shelf, "o");
        say(&mut shelf, "o", "opted_in");
        shelf.set_group(EMAIL, GroupState::Subscribed, user("o"));
        if left {
            shelf.track(&json!({"external_id": "o", "email": null}));
        }
        say(&mut shelf, "d", "unsubscribed");
        shelf.set_group(EMAIL, GroupState::Unsubscribed, user("d"));
        gain(&mut shelf, "d");
        assert_eq!(shelf.email_state("d"), Unsubscribed);
        assert_eq!(shelf.group_state("d", EMAIL), Some(GroupState::Unsubscribed));
    }
}

/// ADR 023: somebody who met the survivor's address between a merge and its undo keeps the opt-out that they came with,
/// whether the merge or a write since had said something of the address.
#[test]
fn an_undo_takes_no_opt_out_from_a_third_person() {
    for (own, since) in [(Some("opted_in"), None), (None, Some("unsubscribed")), (None, None)] {
        let mut shelf = people(&["a", "c", "d"]);
        gain(&mut shelf, "a");
        if let Some(own) = own {
            say(&mut shelf, "c", own);
        }
        say(&mut shelf, "d", "unsubscribed");
        shelf.set_group(EMAIL, GroupState::Unsubscribed, user("d"));
        let merge = shelf.join("a", "c");
        if let Some(since) = since {
            say(&mut shelf, "c", since);
            shelf.set_group(EMAIL, GroupState::Unsubscribed, user("c"));
        }
        gain(&mut shelf, "d");
        undone(&mut shelf, merge);
        assert_eq!(shelf.email_state("d"), Unsubscribed, "{own:?}, {since:?}");
        assert_eq!(shelf.group_state("d", EMAIL), Some(GroupState::Unsubscribed), "{own:?}, {since:?}");
    }
}

/// SST-7, ADR 023: an opt-out by an address that nobody has for the moment, but that has a state, is heard.
#[test]
fn an_opt_out_by_an_address_that_was_left_is_heard() {
    let mut shelf = people(&["a", "b"]);
    shelf.set_group(EMAIL, GroupState::Unsubscribed, user("b"));
    let merge = shelf.join("a", "b");
    shelf.track(&json!({"external_id": "a", "email": X}));
    shelf.track(&json!({"external_id": "b", "email": null}));
    shelf.set_group(EMAIL, GroupState::Unsubscribed, Target::Email(Email::parse(X).unwrap()));
    undone(&mut shelf, merge);
    assert_eq!(shelf.group_state("a", EMAIL), Some(GroupState::Unsubscribed));
}

/// A dry run shows the state that the merge would leave, not the one that the address has now.
#[test]
fn a_dry_run_shows_the_state_that_would_be() {
    for own in ["opted_in", "unsubscribed"] {
        for address_of in ["k", "m"] {
            let mut shelf = people(&["k", "m"]);
            say(&mut shelf, if address_of == "k" { "m" } else { "k" }, own);
            gain(&mut shelf, address_of);
            let body = json!({"merge_updates": [{"identifier_to_merge": external_id("m"), "identifier_to_keep": external_id("k")}]});
            let items = crate::parse_merges(&body, &shelf.settings).unwrap();
            let dry = Manner { dry_run: true, ..Manner::default() };
            let (_, report) = shelf.ask(crate::merge_keys(&items), |loaded, occasion| {
                crate::decide_merges(&items, loaded, occasion, &dry)
            });
            let shown = report.outcomes[0].result.as_ref().unwrap().email_state;
            shelf.join("m", "k");
            assert_eq!(shown, shelf.email_state("k"), "{own} beside the address of {address_of}");
            assert_eq!(json!(shown), json!(own));
        }
    }
}
