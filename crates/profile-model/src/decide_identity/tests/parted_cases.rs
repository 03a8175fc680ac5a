//! Consent and undo, case by case: what was given between the merge and its undo.

use super::parted::{EMAIL, SMS};
use super::*;
use crate::{GlobalState, GroupState, Target};
use GlobalState::{OptedIn, Subscribed, Unsubscribed};

fn user(id: &str) -> Target {
    Target::ExternalId(id.into())
}

fn undone(shelf: &mut Shelf, merge: MergeId) {
    let outcome = shelf.undo(merge);
    assert!(matches!(outcome, UndoOutcome::Undone { .. }), "{outcome:?}");
}

/// SST: an opt-out by request is logged like any write, and stays with whom the request named.
#[test]
fn a_group_that_was_left_by_request_stays_left() {
    for group in [EMAIL, SMS] {
        for (named, other) in [("b", "a"), ("a", "b")] {
            let mut shelf = Shelf::new();
            shelf.user("a");
            shelf.user("b");
            let merge = shelf.join("a", "b");
            shelf.set_group(group, GroupState::Unsubscribed, user(named));
            undone(&mut shelf, merge);
            assert_eq!(shelf.group_state(named, group), Some(GroupState::Unsubscribed));
            assert_eq!(shelf.group_state(other, group), None);
        }
    }
}

/// MF-4: the merge opted the address out; its owner said so, too; that the merge is gone takes nothing from them.
#[test]
fn an_opt_out_that_is_said_again_is_ones_own() {
    for by_another in [false, true] {
        let mut shelf = Shelf::new();
        shelf.user("i");
        shelf.user("j");
        shelf.track(&json!({"external_id": "i", "email_subscribe": "unsubscribed"}));
        shelf.track(&json!({"external_id": "j", "email": "j@example.com", "email_subscribe": "opted_in"}));
        if by_another {
            shelf.user("other");
            shelf.track(&json!({"external_id": "other", "email": "j@example.com"}));
        }
        let merge = shelf.join("i", "j");
        let who = if by_another { "other" } else { "j" };
        shelf.track(&json!({"external_id": who, "email_subscribe": "unsubscribed"}));
        undone(&mut shelf, merge);
        assert_eq!((shelf.email_state("i"), shelf.email_state("j")), (Unsubscribed, Unsubscribed));
    }
}

/// One object takes the address away and opts out.
#[test]
fn an_opt_out_beside_a_removed_address_stays() {
    let mut shelf = Shelf::new();
    shelf.user("a");
    shelf.user("b");
    shelf.track(&json!({"external_id": "a", "email": "a@example.com"}));
    let merge = shelf.join("a", "b");
    shelf.track(&json!({"external_id": "a", "email": null, "email_subscribe": "unsubscribed"}));
    undone(&mut shelf, merge);
    assert_eq!((shelf.email_state("a"), shelf.email_state("b")), (Unsubscribed, Subscribed));
}

/// The opt-out from before the merge comes back, and goes with the address that its owner gave since.
#[test]
fn an_opt_out_from_before_moves_to_the_address_given_since() {
    let mut shelf = Shelf::new();
    shelf.user("c");
    shelf.user("d");
    shelf.track(&json!({"external_id": "c", "email_subscribe": "unsubscribed"}));
    shelf.track(&json!({"external_id": "d", "email": "x@example.com"}));
    let merge = shelf.join("c", "d");
    shelf.track(&json!({"external_id": "c", "email": "x@example.com"}));
    undone(&mut shelf, merge);
    assert_eq!((shelf.email_state("c"), shelf.email_state("d")), (Unsubscribed, Unsubscribed));
}

/// The survivor's own opt-in does not go with an address that the other side gave; nor do its groups.
#[test]
fn nobody_is_opted_in_by_another_side() {
    let mut shelf = Shelf::new();
    shelf.user("e");
    shelf.user("f");
    shelf.track(&json!({"external_id": "f", "email_subscribe": "opted_in"}));
    let merge = shelf.join("e", "f");
    shelf.track(&json!({"external_id": "e", "email": "e@example.com"}));
    shelf.set_group(EMAIL, GroupState::Subscribed, user("f"));
    undone(&mut shelf, merge);
    assert_eq!((shelf.email_state("e"), shelf.email_state("f")), (Subscribed, OptedIn));
    assert_eq!(shelf.group_state("e", EMAIL), None);
    assert_eq!(shelf.group_state("f", EMAIL), Some(GroupState::Subscribed));
}

/// What others said of a shared address since stands, whoever of the two spoke before them.
#[test]
fn what_others_said_since_stands() {
    for (ours, theirs) in [("opted_in", "unsubscribed"), ("unsubscribed", "opted_in")] {
        let mut shelf = Shelf::new();
        for id in ["a", "b", "other"] {
            shelf.user(id);
        }
        shelf.track(&json!({"external_id": "b", "email": "x@example.com"}));
        shelf.track(&json!({"external_id": "other", "email": "x@example.com"}));
        let merge = shelf.join("a", "b");
        shelf.track(&json!({"external_id": "b", "email_subscribe": ours}));
        shelf.track(&json!({"external_id": "other", "email_subscribe": theirs}));
        undone(&mut shelf, merge);
        assert_eq!(json!(shelf.email_state("b")), json!(theirs));
    }
}

/// Who says what is so already leaves no trace; an undo opts no shared address in again all the same.
#[test]
fn nobody_else_is_opted_in_again() {
    for shared in [true, false] {
        let mut shelf = Shelf::new();
        for id in ["a", "b", "other"] {
            shelf.user(id);
        }
        shelf.track(&json!({"external_id": "b", "email_subscribe": "opted_in"}));
        if shared {
            shelf.track(&json!({"external_id": "other", "email": "x@example.com"}));
        }
        let merge = shelf.join("a", "b");
        shelf.track(&json!({"external_id": "b", "email": "x@example.com"}));
        shelf.track(&json!({"external_id": "a", "email_subscribe": "subscribed"}));
        shelf.track(&json!({"external_id": "other", "email_subscribe": "subscribed"}));
        undone(&mut shelf, merge);
        assert_eq!(shelf.email_state("b"), if shared { Subscribed } else { OptedIn });
    }
}

/// Two merges into one survivor, undone one after the other: each write stays with its side.
#[test]
fn states_come_apart_merge_by_merge() {
    let mut shelf = Shelf::new();
    for id in ["a", "b", "k"] {
        shelf.user(id);
    }
    shelf.track(&json!({"external_id": "k", "email": "k@example.com", "email_subscribe": "opted_in"}));
    let first = shelf.join("a", "k");
    shelf.track(&json!({"external_id": "a", "email_subscribe": "subscribed"}));
    let second = shelf.join("b", "k");
    shelf.track(&json!({"external_id": "b", "email_subscribe": "unsubscribed"}));
    shelf.track(&json!({"external_id": "a", "push_subscribe": "opted_in"}));
    undone(&mut shelf, second);
    assert_eq!((shelf.email_state("k"), shelf.email_state("b")), (Subscribed, Unsubscribed));
    undone(&mut shelf, first);
    assert_eq!((shelf.email_state("k"), shelf.email_state("a")), (OptedIn, Subscribed));
}

/// IDF-13: `merge_behavior` `none` fills nothing, and loses no opt-out.
#[test]
fn identify_without_filling_keeps_the_opt_out() {
    for email in [None, Some("e@example.com")] {
        let mut shelf = Shelf::new();
        shelf.put(|profile| {
            profile.aliases = vec![alias("l", "m")];
            profile.own.email = Some(Unsubscribed);
        });
        shelf.user("e");
        if let Some(email) = email {
            shelf.track(&json!({"external_id": "e", "email": email, "email_subscribe": "opted_in"}));
        }
        let mut body = by_alias("e", "l", "m");
        body["merge_behavior"] = json!("none");
        assert_eq!(told(&shelf.identify(&body)), [(Done::Merged, None)]);
        assert_eq!(shelf.email_state("e"), Unsubscribed);
    }
}
