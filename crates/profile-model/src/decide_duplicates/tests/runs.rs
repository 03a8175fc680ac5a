//! Runs page by page, and reviews of parked groups.

use super::*;

fn run(shelf: &mut Shelf) -> DuplicatesRun {
    let id = DuplicatesId(uuid::Uuid::from_u128(7));
    let run = DuplicatesRun::new(id, RULE, Actor::new("api", "test"), shelf.now);
    shelf.duplicates = Some(run.clone());
    run
}

fn page(shelf: &mut Shelf, names: &[&str], last: bool, expected: &DuplicatesRun) -> Option<DuplicatesRun> {
    let groups: Vec<_> = names.iter().map(|name| shared(shelf, name)).collect();
    let keys = Keys { duplicates: Some(expected.id), ..duplicates_keys(&groups) };
    shelf.run(keys, |loaded, occasion| decide_duplicates_page(&groups, last, expected, loaded, occasion))
}

/// Progress and merges are one change; the cursor is the last value, and is forgotten at the end: it is an address.
#[test]
fn progress_is_counted_with_what_it_counts() {
    let mut shelf = Shelf::new();
    for name in ["a", "b"] {
        member(&mut shelf, name, Some(name), |_| {});
        member(&mut shelf, name, None, |_| {});
        member(&mut shelf, name, None, |_| {});
    }
    for id in ["c1", "c2"] {
        member(&mut shelf, "c", Some(id), |_| {});
    }
    let begun = run(&mut shelf);
    let first = page(&mut shelf, &["a"], false, &begun).unwrap();
    assert_eq!((first.groups, first.cursor.as_deref()), (1, Some("a@example.com")));
    assert_eq!(shelf.last.merges.len(), 2);
    let ended = page(&mut shelf, &["b", "c"], true, &first).unwrap();
    let counts = (ended.groups, ended.merged_groups, ended.merged_profiles, ended.parked_groups);
    assert_eq!((ended.state, counts), (DuplicatesState::Complete, (3, 2, 4, 1)));
    assert!(ended.cursor.is_none() && ended.finished_at.is_some());
}

/// A page that another worker did is not done twice; a run that is gone does nothing.
#[test]
fn a_page_is_done_once() {
    let mut shelf = Shelf::new();
    member(&mut shelf, "a", Some("a"), |_| {});
    member(&mut shelf, "a", None, |_| {});
    let begun = run(&mut shelf);
    let done = page(&mut shelf, &["a"], false, &begun).unwrap();
    member(&mut shelf, "a", None, |_| {});
    let before = shelf.profiles.clone();
    assert_eq!(page(&mut shelf, &["a"], false, &begun), Some(done));
    assert_eq!(shelf.profiles, before);
    shelf.duplicates = None;
    assert_eq!(page(&mut shelf, &["a"], false, &begun), None);
    assert_eq!(shelf.profiles, before);
}

fn review(shelf: &mut Shelf, what: Review) -> Option<GroupOutcome> {
    let group = shared(shelf, "x");
    let rule = DuplicatesRule { merge_identified: true, ..RULE };
    let key = group.key.clone();
    shelf
        .run(duplicates_keys(&[group]), |loaded, occasion| decide_review(&key, what, &rule, loaded, occasion))
}

fn park(shelf: &mut Shelf) {
    for id in ["a", "b"] {
        member(shelf, "x", Some(id), |profile| profile.line_id = Some(line_id(id.as_bytes()[0])));
    }
    apply(shelf, &["x"], RULE);
    assert_eq!(shelf.parked[&key("x")].state, ParkedState::Open);
}

/// A release joins in spite of every guard, once.
#[test]
fn a_release_joins() {
    let mut shelf = Shelf::new();
    assert!(review(&mut shelf, Review::Release).is_none());
    park(&mut shelf);
    let outcome = review(&mut shelf, Review::Release).unwrap();
    assert_eq!(outcome.merges.len(), 1);
    assert_eq!(shelf.parked[&key("x")].state, ParkedState::Released);
    assert_eq!(shelf.profiles.values().filter(|one| one.is_identified()).count(), 1);
    assert!(review(&mut shelf, Review::Release).is_none());
    assert!(review(&mut shelf, Review::Dismiss).is_none());
}

/// A dismissal is for good: no rule joins or parks the group again.
#[test]
fn a_dismissal_is_for_good() {
    let mut shelf = Shelf::new();
    park(&mut shelf);
    assert!(review(&mut shelf, Review::Dismiss).unwrap().merges.is_empty());
    let before = shelf.profiles.clone();
    for merge_identified in [false, true] {
        let outcomes = apply(&mut shelf, &["x"], DuplicatesRule { merge_identified, ..RULE });
        assert!(outcomes[0].dismissed && outcomes[0].merges.is_empty());
    }
    assert_eq!((&shelf.profiles, shelf.parked[&key("x")].state), (&before, ParkedState::Dismissed));
}
