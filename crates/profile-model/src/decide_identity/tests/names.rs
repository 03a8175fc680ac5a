//! Aliases, renames and removals (`ALN-*`, `ALU-*`, `REN-*`, `REM-*`).

use super::*;
use crate::{parse_alias_updates, parse_new_aliases, parse_removals, parse_renames};

fn add(shelf: &mut Shelf, elements: Value) -> Vec<IdentityOutcome> {
    let items = parse_new_aliases(&json!({"user_aliases": elements})).unwrap().items;
    shelf
        .run(new_alias_keys(&items), |loaded, occasion| {
            decide_new_aliases(&items, loaded, occasion, &Manner::default())
        })
        .outcomes
}

fn update(shelf: &mut Shelf, elements: Value) -> Vec<IdentityOutcome> {
    let items = parse_alias_updates(&json!({"alias_updates": elements})).unwrap().items;
    shelf
        .run(alias_update_keys(&items), |loaded, occasion| {
            decide_alias_updates(&items, loaded, occasion, &Manner::default())
        })
        .outcomes
}

fn rename(shelf: &mut Shelf, pairs: &[(&str, &str)]) -> Vec<IdOutcome> {
    let pair = |(from, to): &(&str, &str)| json!({"current_external_id": from, "new_external_id": to});
    let body = json!({"external_id_renames": pairs.iter().map(pair).collect::<Vec<_>>()});
    let items = parse_renames(&body).unwrap().items;
    shelf
        .run(rename_keys(&items), |loaded, occasion| {
            decide_renames(&items, loaded, occasion, &Manner::default())
        })
        .0
}

fn remove(shelf: &mut Shelf, ids: &[&str]) -> Vec<IdOutcome> {
    let items = parse_removals(&json!({"external_ids": ids})).unwrap().items;
    shelf
        .run(removal_keys(&items), |loaded, occasion| {
            decide_removals(&items, loaded, occasion, &Manner::default())
        })
        .0
}

/// ALN-2, ALN-3, ALN-4, OPEN-8; elements see the ones before.
#[test]
fn new_aliases_have_their_reasons() {
    let mut shelf = Shelf::new();
    let user = shelf.user("k");
    let outcomes = add(
        &mut shelf,
        json!([
            {"external_id": "k", "alias_label": "l", "alias_name": "n"},
            {"external_id": "k", "alias_label": "l", "alias_name": "n"},
            {"external_id": "k", "alias_label": "l", "alias_name": "other"},
            {"alias_label": "l", "alias_name": "n"},
            {"alias_label": "l", "alias_name": "own"},
            {"alias_label": "l", "alias_name": "own"},
            {"external_id": "x", "alias_label": "l", "alias_name": "lost"},
        ]),
    );
    let expected = [
        (Done::Changed, None),
        (Done::Nothing, Some("alias_known")),
        (Done::Nothing, Some("alias_label_taken")),
        (Done::Nothing, Some("alias_taken")),
        (Done::Changed, None),
        (Done::Nothing, Some("alias_taken")),
        (Done::Nothing, Some("not_found")),
    ];
    assert_eq!(told(&outcomes), expected);
    assert_eq!(shelf.get(user).aliases, [alias("l", "n")]);
    assert_eq!(shelf.profiles.len(), 2);
    assert!(outcomes[4].kept.is_some() && outcomes[4].kept == outcomes[5].kept);
}

/// ALU-2, ALU-4; the invariant of `line_id` aliases.
#[test]
fn alias_updates_have_their_reasons() {
    let mut shelf = Shelf::new();
    let user = shelf.put(|profile| {
        profile.line_id = Some(line_id(1));
        profile.aliases = vec![alias("l", "a"), Alias::line(&line_id(1))];
    });
    shelf.alias_only("l", "b");
    let pair = |label: &str, old: &str, new: &str| json!({"alias_label": label, "old_alias_name": old, "new_alias_name": new});
    let outcomes = update(
        &mut shelf,
        json!([
            pair("l", "x", "y"),
            pair("l", "a", "b"),
            pair("l", "a", "a"),
            pair("line_id", line_id(1).as_str(), line_id(2).as_str()),
            pair("l", "a", "c"),
            pair("l", "c", "d"),
        ]),
    );
    let expected = [
        (Done::Nothing, Some("not_found")),
        (Done::Nothing, Some("alias_taken")),
        (Done::Nothing, Some("alias_known")),
        (Done::Nothing, Some("different_line_id")),
        (Done::Changed, None),
        (Done::Changed, None),
    ];
    assert_eq!(told(&outcomes), expected);
    assert_eq!(shelf.get(user).aliases, [alias("l", "d"), Alias::line(&line_id(1))]);
}

/// REN-2, REN-3, REN-5: renames see the ones before.
#[test]
fn renames_have_their_texts() {
    let mut shelf = Shelf::new();
    let user = shelf.user("a");
    shelf.user("b");
    let outcomes = rename(
        &mut shelf,
        &[("a", "a"), ("a", "b"), ("x", "y"), ("a", "c"), ("a", "d"), ("c", "a"), ("c", "d")],
    );
    let expected: [IdOutcome; 7] = [
        Err("current_external_id and new_external_id must be different"),
        Err("new_external_id is already in use"),
        Err("current_external_id was not found"),
        Ok("c".into()),
        Err("current_external_id is deprecated; only a primary external_id can be renamed"),
        Err("new_external_id is already in use"),
        Ok("d".into()),
    ];
    assert_eq!(outcomes, expected);
    let former: Vec<_> = shelf.get(user).former_ids.iter().map(|former| &*former.external_id).collect();
    assert_eq!((shelf.get(user).external_id.as_deref(), former), (Some("d"), vec!["a", "c"]));
}

/// REM-2, MID: deprecated and merged ids go, primary ones stay.
#[test]
fn removals_have_their_texts() {
    let mut shelf = Shelf::new();
    let kept = shelf.user("k");
    shelf.user("m");
    shelf.join("m", "k");
    rename(&mut shelf, &[("k", "k2")]);
    let outcomes = remove(&mut shelf, &["k2", "x", "k", "m", "m"]);
    let expected: [IdOutcome; 5] = [
        Err("external_id is not deprecated; a primary external_id cannot be removed"),
        Err("external_id was not found"),
        Ok("k".into()),
        Ok("m".into()),
        Err("external_id was not found"),
    ];
    assert_eq!(outcomes, expected);
    assert!(shelf.get(kept).former_ids.is_empty());
}

/// MID: rename-to releases a merged id.
#[test]
fn a_merged_id_is_released_by_a_rename() {
    let mut shelf = Shelf::new();
    let kept = shelf.user("k");
    for id in ["m", "x"] {
        shelf.user(id);
    }
    shelf.join("m", "k");
    assert_eq!(rename(&mut shelf, &[("x", "m")]), [Ok("m".to_owned())]);
    assert!(shelf.get(kept).former_ids.is_empty());
}
