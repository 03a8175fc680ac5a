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
    let next = groups.last().filter(|_| !last).map(|group| group.key.value.to_string());
    decide(shelf, &DuplicatesPage { groups, stale: Vec::new(), next }, expected)
}

fn decide(shelf: &mut Shelf, page: &DuplicatesPage, expected: &DuplicatesRun) -> Option<DuplicatesRun> {
    let keys = Keys { duplicates: Some(expected.id), ..page.keys() };
    shelf.run(keys, |loaded, occasion| decide_duplicates_page(page, expected, loaded, occasion))
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

fn reviewed(shelf: &mut Shelf, what: Review) -> Reviewed {
    let Some(parked) = shelf.parked.get(&key("x")).cloned() else { return Reviewed::Unknown };
    let rule = DuplicatesRule { merge_identified: true, ..RULE };
    shelf.run(review_keys(&parked), |loaded, occasion| {
        decide_review(&parked.key, what, &rule, loaded, occasion)
    })
}

fn review(shelf: &mut Shelf, what: Review) -> Option<GroupOutcome> {
    match reviewed(shelf, what) {
        Reviewed::Done(outcome) => Some(*outcome),
        Reviewed::Unknown | Reviewed::TooLarge => None,
    }
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
    // Nothing waits any more, and nothing is kept of it: it is an address.
    assert!(shelf.parked.is_empty());
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

/// docs/duplicates.md: when fewer than two members are left, it goes; of a dismissed one, when nobody is. A run finds them
/// beside its groups.
#[test]
fn what_waits_for_nobody_goes_with_the_next_run() {
    let mut shelf = Shelf::new();
    park(&mut shelf);
    let members = shelf.parked[&key("x")].members.clone();
    let mut moved = Profile::clone(shelf.get(members[0]));
    moved.email = None;
    shelf.profiles.insert(moved.id, Arc::new(moved));
    let dismissed = Parked { state: ParkedState::Dismissed, ..shelf.parked[&key("x")].clone() };
    let page = DuplicatesPage { stale: vec![key("x")], ..DuplicatesPage::default() };
    let held = shelf.parked.clone();
    let begun = run(&mut shelf);
    assert_eq!(decide(&mut shelf, &page, &begun).unwrap().state, DuplicatesState::Complete);
    assert!(shelf.parked.is_empty());
    // A dismissal stands while somebody has the value, and names who has it.
    shelf.parked = held;
    shelf.parked.insert(key("x"), dismissed);
    let begun = run(&mut shelf);
    decide(&mut shelf, &page, &begun);
    assert_eq!(shelf.parked[&key("x")].members, members[1..]);
    shelf.profiles.clear();
    let begun = run(&mut shelf);
    decide(&mut shelf, &page, &begun);
    assert!(shelf.parked.is_empty());
}

/// A page ends where the shorter walk ends, and none of the two is ever ahead of the other.
#[test]
fn two_walks_make_one_page() {
    let group = |name: &str| Shared { key: key(name), count: 2 };
    let names = |from: u32, count: u32| (from..from + count).map(|number| format!("{number:05}"));
    let full: Vec<_> = names(0, DuplicatesPage::GROUPS).map(|name| group(&name)).collect();
    assert_eq!(DuplicatesPage::end_of(&full), Some("00019@example.com"));
    assert_eq!(DuplicatesPage::end_of(&full[1..]), None);
    let waiting = vec![key("00003"), key("00003a"), key("zz")];
    let page = DuplicatesPage::new(full.clone(), waiting.clone());
    assert_eq!((page.stale, page.next.as_deref()), (vec![key("00003a")], Some("00019@example.com")));
    let page = DuplicatesPage::new(full[1..].to_vec(), waiting);
    assert_eq!((page.stale, page.next), (vec![key("00003a"), key("zz")], None));
    let many: Vec<_> = names(10_000, DuplicatesPage::PARKED).map(|name| key(&name)).collect();
    let page = DuplicatesPage::new(vec![group("10005"), group("99999")], many);
    assert_eq!((page.groups, page.next.as_deref()), (vec![group("10005")], Some("10999@example.com")));
    assert_eq!(page.stale.len() as u32, DuplicatesPage::PARKED - 1);
}

/// What became one by a person's hand waits no longer; nor is it said to be released.
#[test]
fn a_group_that_is_one_already_is_gone() {
    let mut shelf = Shelf::new();
    park(&mut shelf);
    let gone = shelf.parked[&key("x")].members[0];
    shelf.profiles.remove(&gone);
    assert!(matches!(reviewed(&mut shelf, Review::Release), Reviewed::Unknown));
    assert!(shelf.parked.is_empty());
}

/// Nobody joins more than a hundred at once, and a release says so; their names are not loaded for it.
#[test]
fn a_release_of_too_many_is_refused() {
    let mut shelf = Shelf::new();
    for _ in 0..=MAX_GROUP {
        member(&mut shelf, "x", None, |_| {});
    }
    apply(&mut shelf, &["x"], RULE);
    assert!(review_keys(&shelf.parked[&key("x")]).identifiers.is_empty());
    assert!(matches!(reviewed(&mut shelf, Review::Release), Reviewed::TooLarge));
    assert_eq!(shelf.parked[&key("x")].state, ParkedState::Open);
    assert!(review(&mut shelf, Review::Dismiss).is_some());
}
