//! Undo of a merge that left a follower on its own (`MLN`), and of one whose identifiers are refused since.

use super::*;
use crate::{JournalKind, Kind, parse_delete, parse_removals};

/// K with LINE ID 2 and M with the followed LINE ID 1, merged: M, the merge, and the follower who was kept apart.
fn two_followers(shelf: &mut Shelf) -> (ProfileId, MergeId, ProfileId) {
    shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.line_id = Some(line_id(2));
    });
    let removed = shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.line_id = Some(line_id(1));
        profile.aliases = vec![Alias::line(&line_id(1))];
        profile.email = Email::parse("m@example.com");
    });
    shelf.track(&json!({"external_id": "m", "tier": "silver", "old": 1}));
    shelf.follow(&line_id(1));
    let merge = shelf.join("m", "k");
    let apart = shelf.holders(&Key::alias(&Alias::line(&line_id(1))))[0];
    (removed, merge, apart)
}

fn by_line(number: u8) -> Value {
    json!({"user_alias": Alias::line(&line_id(number))})
}

/// MLN: what was written to the follower since becomes the side's that has its LINE ID, by a join that the journal
/// tells and that can be undone itself.
#[test]
fn a_follower_kept_apart_is_taken_back_with_what_was_written_to_it() {
    let mut shelf = Shelf::new();
    let (removed, merge, apart) = two_followers(&mut shelf);
    let mut object = by_line(1);
    object["tier"] = json!("gold");
    object["new"] = json!(2);
    object["email_subscribe"] = json!("unsubscribed");
    shelf.track(&object);
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    let back = shelf.get(removed).clone();
    assert_eq!(back.custom.to_json(), r#"{"new":2,"old":1,"tier":"gold"}"#);
    assert_eq!((back.external_id.as_deref(), back.line_id.clone()), (Some("m"), Some(line_id(1))));
    assert_eq!(shelf.holders(&Key::alias(&Alias::line(&line_id(1)))), [removed]);
    assert_eq!(shelf.holders(&Key::merged(apart)), [removed]);
    assert!(!shelf.profiles.contains_key(&apart));
    // An opt-out that the follower gave is the side's, whatever address it has.
    assert_eq!(shelf.email_state("m"), crate::GlobalState::Unsubscribed);
    let joined = shelf.merges.values().find(|record| record.removed == apart).unwrap().id;
    assert_eq!(shelf.undo(joined), UndoOutcome::Undone { kept: removed, removed: apart });
    assert_eq!(shelf.get(removed).custom.to_json(), r#"{"old":1,"tier":"silver"}"#);
    assert_eq!(shelf.holders(&Key::alias(&Alias::line(&line_id(1)))), [apart]);
}

/// A follower to whom nothing was written goes as it came.
#[test]
fn a_follower_to_whom_nothing_was_written_leaves_no_trace() {
    let mut shelf = Shelf::new();
    let (removed, merge, apart) = two_followers(&mut shelf);
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    assert_eq!(shelf.merges.len(), 1);
    assert!(!shelf.profiles.contains_key(&apart));
    assert!(shelf.get(removed).merged.is_empty());
    assert_eq!(shelf.holders(&Key::alias(&Alias::line(&line_id(1)))), [removed]);
}

/// A follower who became a user of its own stays one, with the alias by which it was named.
#[test]
fn a_follower_who_became_a_user_stays_one() {
    let mut shelf = Shelf::new();
    let (removed, merge, apart) = two_followers(&mut shelf);
    let line = Alias::line(&line_id(1));
    assert_eq!(told(&shelf.identify(&by_alias("x", &line.label, &line.name))), [(Done::Identified, None)]);
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    assert_eq!(shelf.holders(&Key::alias(&line)), [apart]);
    let back = shelf.get(removed);
    assert_eq!((back.aliases.len(), back.line_id.clone()), (0, Some(line_id(1))));
    let told = shelf.last.journal.iter().any(|entry| {
        entry.kind == JournalKind::AliasMovedAway && entry.profile == removed && entry.other == Some(apart)
    });
    assert!(told);
}

/// `later_merge`: the follower was merged since; when that is undone, this can be.
#[test]
fn a_follower_who_was_merged_is_parted_first() {
    let mut shelf = Shelf::new();
    let (removed, merge, apart) = two_followers(&mut shelf);
    shelf.user("other");
    let later = shelf.merge(&[(by_line(1), external_id("other"))])[0].merge.unwrap();
    assert_eq!(shelf.undo(merge), UndoOutcome::LaterMerge);
    assert!(matches!(shelf.undo(later), UndoOutcome::Undone { .. }));
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    assert!(!shelf.profiles.contains_key(&apart));
    assert_eq!(shelf.holders(&Key::alias(&Alias::line(&line_id(1)))), [removed]);
}

/// With `line_convergence = merge` a profile that has the alias and no LINE ID is the follower: an undo takes the LINE
/// ID from it, and nothing else.
#[test]
fn somebody_who_lent_their_alias_stays_somebody() {
    let mut shelf = Shelf::new();
    shelf.settings.line_convergence = crate::LineConvergence::Merge;
    shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.line_id = Some(line_id(2));
    });
    shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.line_id = Some(line_id(1));
    });
    let lender = shelf.put(|profile| {
        profile.aliases = vec![Alias::line(&line_id(1)), alias("other", "one")];
        profile.version = 3;
    });
    shelf.follow(&line_id(1));
    let merge = shelf.join("m", "k");
    assert_eq!(shelf.get(lender).line_id, Some(line_id(1)));
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    assert_eq!((shelf.get(lender).line_id.clone(), shelf.get(lender).aliases.len()), (None, 2));
}

/// `dropped` is what nobody has any more: not what the follower has who was kept apart.
#[test]
fn what_the_follower_kept_apart_has_is_not_dropped() {
    let mut shelf = Shelf::new();
    shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.line_id = Some(line_id(2));
        profile.aliases = vec![Alias::line(&line_id(2)), alias("web", "k")];
    });
    shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.line_id = Some(line_id(1));
        profile.aliases = vec![Alias::line(&line_id(1)), alias("web", "m")];
        profile.own.push = Some(crate::GlobalState::OptedIn);
    });
    shelf.follow(&line_id(1));
    let outcomes = shelf.merge(&[(external_id("m"), external_id("k"))]);
    assert_eq!(told(&outcomes), [(Done::Merged, Some("line_follower_kept_apart"))]);
    let dropped: Vec<_> =
        outcomes[0].dropped.iter().map(|one| (one.field.as_str(), one.value.clone())).collect();
    let expected = [("user_alias", json!(alias("web", "m"))), ("push_subscribe", json!("opted_in"))];
    assert_eq!(dropped, expected);
}

/// Erasure with `suppress` refuses every door, an undo, too; when it is lifted, the undo is possible.
#[test]
fn an_undo_brings_nobody_back_who_is_suppressed() {
    let mut shelf = Shelf::new();
    shelf.user("k");
    let removed = shelf.user("m");
    let merge = shelf.join("m", "k");
    let gone = parse_removals(&json!({"external_ids": ["m"]})).unwrap().items;
    shelf.run(removal_keys(&gone), |loaded, occasion| {
        decide_removals(&gone, loaded, occasion, &Manner::default())
    });
    shelf.user("m");
    let deletes = parse_delete(&json!({"external_ids": ["m"]}), &shelf.settings).unwrap().parsed.items;
    shelf.run(delete_keys(&deletes), |loaded, occasion| {
        decide_deletes(&deletes, true, loaded, occasion, &Manner::default())
    });
    let before = shelf.profiles.clone();
    assert_eq!(shelf.undo(merge), UndoOutcome::Suppressed);
    assert_eq!(shelf.profiles, before);
    for row in shelf.ledger.values_mut().filter(|row| row.kind == Kind::ExternalId) {
        row.suppressed = false;
    }
    assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
    assert_eq!(shelf.get(removed).external_id.as_deref(), Some("m"));
}
