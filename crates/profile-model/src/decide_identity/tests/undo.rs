//! Undo: what comes back, and why not.

use super::*;

fn pair(shelf: &mut Shelf) -> (ProfileId, ProfileId, MergeId) {
    let (kept, removed) = (shelf.user("k"), shelf.user("m"));
    let merge = shelf.join("m", "k");
    (kept, removed, merge)
}

/// Rows come back as they were, but for their version; the record keeps no copy; the two are never the same.
#[test]
fn both_rows_come_back() {
    let mut shelf = Shelf::new();
    let kept = shelf.user("k");
    let removed = shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.aliases = vec![alias("l", "n")];
        profile.line_id = Some(line_id(1));
        profile.version = 5;
    });
    let before = (shelf.get(kept).clone(), shelf.get(removed).clone());
    let merge = shelf.join("m", "k");
    assert_eq!(shelf.undo(merge), UndoOutcome::Undone { kept, removed });
    let version = |profile: &Profile, version| Profile { version, ..profile.clone() };
    assert_eq!(shelf.get(kept), &version(&before.0, 3));
    assert_eq!(shelf.get(removed), &version(&before.1, 6));
    let record = &shelf.merges[&merge];
    assert!(record.kept_image.is_none() && record.removed_image.is_none() && record.undone_at.is_some());
    assert!(shelf.never_same.contains(&(kept.min(removed), kept.max(removed))));
    assert!(shelf.log.is_empty());
}

/// `allow_rejoin`: rules may join the two again.
#[test]
fn a_rejoin_may_be_allowed() {
    let mut shelf = Shelf::new();
    let (kept, removed, merge) = pair(&mut shelf);
    let outcome = shelf.run(undo_keys(merge), |loaded, occasion| decide_undo(merge, true, loaded, occasion));
    assert_eq!(outcome, UndoOutcome::Undone { kept, removed });
    assert!(shelf.never_same.is_empty());
}

/// `allow_rejoin` lifts what an earlier undo remembered of the two, and of those who are part of them; pairs with others
/// stay.
#[test]
fn a_rejoin_that_is_allowed_lifts_older_pairs_of_the_two() {
    let mut shelf = Shelf::new();
    let (kept, removed, merge) = pair(&mut shelf);
    let (other, deep) = (shelf.user("other"), shelf.user("deep"));
    shelf.undo(merge);
    for (from, to) in [("m", "other"), ("deep", "k")] {
        let merge = shelf.join(from, to);
        shelf.undo(merge);
    }
    let ordered = |left: ProfileId, right: ProfileId| (left.min(right), left.max(right));
    assert_eq!(shelf.never_same.len(), 3);
    shelf.join("deep", "m");
    let merge = shelf.join("m", "k");
    let outcome = shelf.run(undo_keys(merge), |loaded, occasion| decide_undo(merge, true, loaded, occasion));
    assert_eq!(outcome, UndoOutcome::Undone { kept, removed });
    assert!(shelf.get(removed).sides().any(|side| side == deep));
    assert_eq!(shelf.never_same.iter().collect::<Vec<_>>(), [&ordered(removed, other)]);
}

/// Refusals: unknown, undone before, erased, later merge; each writes nothing.
#[test]
fn refusals_write_nothing() {
    let mut shelf = Shelf::new();
    let unknown = MergeId(uuid::Uuid::nil());
    assert_eq!(shelf.undo(unknown), UndoOutcome::Unknown);
    let (_, _, merge) = pair(&mut shelf);
    shelf.user("n");
    shelf.user("top");
    let later = shelf.join("n", "k");
    let before = shelf.profiles.clone();
    assert_eq!(shelf.undo(merge), UndoOutcome::LaterMerge);
    assert_eq!(shelf.profiles, before);
    // The survivor is part of another now.
    let outer = shelf.join("k", "top");
    assert_eq!(shelf.undo(later), UndoOutcome::LaterMerge);
    for merge in [outer, later, merge] {
        assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
        assert_eq!(shelf.undo(merge), UndoOutcome::AlreadyUndone);
    }
    let merge = shelf.join("m", "k");
    shelf.merges.get_mut(&merge).unwrap().erased = true;
    assert_eq!(shelf.undo(merge), UndoOutcome::Erased);
}

/// `undo_days`: to the microsecond.
#[test]
fn the_time_for_an_undo_ends() {
    for (early, expired) in [(1, false), (0, true)] {
        let mut shelf = Shelf::new();
        shelf.settings.undo_days = 1;
        let (_, _, merge) = pair(&mut shelf);
        // The next decision is a second later.
        shelf.now = shelf.merges[&merge].undo_until.plus_micros(-1_000_000 - early);
        assert_eq!(shelf.undo(merge) == UndoOutcome::Expired, expired);
    }
}

/// `identifier_taken`: an external id or alias that would come back belongs to somebody else.
#[test]
fn an_identifier_that_somebody_has_now_is_not_taken_away() {
    let mut shelf = Shelf::new();
    let (_, _, merge) = pair(&mut shelf);
    shelf.user("x");
    let rename = crate::parse_renames(
        &json!({"external_id_renames": [{"current_external_id": "x", "new_external_id": "m"}]}),
    )
    .unwrap()
    .items;
    shelf.run(rename_keys(&rename), |loaded, occasion| {
        decide_renames(&rename, loaded, occasion, &Manner::default())
    });
    let before = shelf.profiles.clone();
    assert_eq!(shelf.undo(merge), UndoOutcome::IdentifierTaken);
    assert_eq!(shelf.profiles, before);
}

/// What was logged is made again on its side; an id given since stays with the side that was named.
#[test]
fn an_id_given_since_stays_with_the_side_that_was_named() {
    for (by, with_id) in [("a", 0), ("b", 1)] {
        let mut shelf = Shelf::new();
        let ids = [shelf.alias_only("one", "a"), shelf.alias_only("two", "b")];
        let side = |label: &str, name: &str| json!({"user_alias": alias(label, name)});
        let merge = shelf.merge(&[(side("one", "a"), side("two", "b"))])[0].merge.unwrap();
        let label = if by == "a" { "one" } else { "two" };
        assert_eq!(told(&shelf.identify(&by_alias("x", label, by))), [(Done::Identified, None)]);
        let of_side = shelf.get(ids[1]).side_of(&Key::external_id("x"));
        assert_eq!(of_side, ids[with_id], "events by the new id go to the side that was named");
        assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
        for (place, id) in ids.into_iter().enumerate() {
            assert_eq!(shelf.get(id).is_identified(), place == with_id);
        }
    }
}
