//! Rules over duplicates: who stays, what is parked, how a run goes on.

use serde_json::json;

use super::*;
use crate::shelf::{Shelf, line_id};
use crate::{
    Actor, DuplicatesBy, DuplicatesId, DuplicatesRun, DuplicatesState, Email, FieldName, KeepBy, KeepOrder,
    Keys, Parked,
};

mod converge;
mod runs;

const RULE: DuplicatesRule = DuplicatesRule {
    by: DuplicatesBy::Email,
    keep: KeepBy::Updated,
    order: KeepOrder::Newest,
    merge_identified: false,
};

fn key(name: &str) -> Key {
    Key::email(&Email::parse(&format!("{name}@example.com")).unwrap())
}

/// A profile with an email, and an external id if one is given.
fn member(
    shelf: &mut Shelf,
    email: &str,
    external_id: Option<&str>,
    make: impl FnOnce(&mut Profile),
) -> ProfileId {
    shelf.put(|profile| {
        profile.external_id = external_id.map(str::to_owned);
        profile.email = Email::parse(&format!("{email}@example.com"));
        make(profile);
    })
}

fn shared(shelf: &Shelf, name: &str) -> Shared {
    Shared { key: key(name), count: shelf.holders(&key(name)).len() as u64 }
}

/// Applies a rule to the groups of these addresses.
fn apply(shelf: &mut Shelf, names: &[&str], rule: DuplicatesRule) -> Vec<GroupOutcome> {
    let groups: Vec<_> = names.iter().map(|name| shared(shelf, name)).collect();
    shelf.run(duplicates_keys(&groups), |loaded, occasion| {
        decide_duplicates(&groups, &rule, loaded, occasion, false)
    })
}

/// The same, of one group, without writing.
fn look(shelf: &mut Shelf, name: &str, rule: DuplicatesRule) -> GroupOutcome {
    let groups = [shared(shelf, name)];
    let (decision, mut outcomes) = shelf.ask(duplicates_keys(&groups), |loaded, occasion| {
        decide_duplicates(&groups, &rule, loaded, occasion, true)
    });
    assert!(matches!(decision, Decision::Nothing), "a dry run writes nothing");
    outcomes.remove(0)
}

/// DUP-2: an external id comes before any time.
#[test]
fn the_last_updated_identified_profile_stays() {
    let mut shelf = Shelf::new();
    member(&mut shelf, "a", Some("old"), |_| {});
    let newest = member(&mut shelf, "a", Some("new"), |_| {});
    member(&mut shelf, "a", None, |_| {});
    assert_eq!(look(&mut shelf, "a", RULE).keep, Some(newest));
    member(&mut shelf, "b", None, |_| {});
    let newest = member(&mut shelf, "b", None, |_| {});
    assert_eq!(look(&mut shelf, "b", RULE).keep, Some(newest));
}

/// DUP-5: by creation, update or last session, at either end; no session is last at either end; ties go to the larger id.
#[test]
fn the_rule_says_what_decides() {
    let mut shelf = Shelf::new();
    let at = Timestamp::from_millis;
    let ids: Vec<_> = [(3, 10, None), (1, 30, Some("2024-01-01")), (2, 20, Some("2025-01-01"))]
        .into_iter()
        .map(|(created, updated, session)| {
            member(&mut shelf, "a", None, |profile| {
                profile.created_at = at(created);
                profile.updated_at = at(updated);
                if let Some(session) = session {
                    profile.fields.set(FieldName::DateOfLastSession, &json!(session));
                }
            })
        })
        .collect();
    for (keep, newest, oldest) in
        [(KeepBy::Created, 0, 1), (KeepBy::Updated, 1, 0), (KeepBy::LastSession, 2, 1)]
    {
        for (order, expected) in [(KeepOrder::Newest, newest), (KeepOrder::Oldest, oldest)] {
            let rule = DuplicatesRule { keep, order, ..RULE };
            assert_eq!(look(&mut shelf, "a", rule).keep, Some(ids[expected]), "{keep:?} {order:?}");
        }
    }
    for id in &ids {
        let mut profile = Profile::clone(shelf.get(*id));
        profile.updated_at = at(1);
        shelf.profiles.insert(*id, Arc::new(profile));
    }
    assert_eq!(look(&mut shelf, "a", RULE).keep, ids.iter().max().copied());
}

/// Issue 3, item 7: each guard by itself; `merge_identified` lifts one.
#[test]
fn each_guard_parks() {
    let dob = |text: &'static str| {
        move |profile: &mut Profile| assert!(profile.fields.set(FieldName::Dob, &json!(text)))
    };
    let mut shelf = Shelf::new();
    member(&mut shelf, "ids", Some("a"), |_| {});
    member(&mut shelf, "ids", Some("b"), |_| {});
    for number in [1, 2] {
        member(&mut shelf, "line", None, |profile| profile.line_id = Some(line_id(number)));
    }
    let named = |name: &'static str| {
        move |profile: &mut Profile| profile.aliases = vec![crate::shelf::alias("line_id", name)]
    };
    member(&mut shelf, "name", Some("n"), named("odd"));
    member(&mut shelf, "name", None, |profile| {
        profile.line_id = Some(line_id(3));
        profile.aliases = vec![crate::Alias::line(&line_id(3))];
    });
    member(&mut shelf, "dob", None, dob("1980-01-01"));
    member(&mut shelf, "dob", Some("d"), dob("1990-01-01"));
    let pair = [member(&mut shelf, "never", None, |_| {}), member(&mut shelf, "never", None, |_| {})];
    shelf.never_same.insert((pair[0].min(pair[1]), pair[0].max(pair[1])));
    for (name, guard, lifted) in [
        ("ids", Guard::BothIdentified, true),
        ("line", Guard::DifferentLineId, false),
        ("dob", Guard::DifferentDob, false),
        ("never", Guard::NeverSame, false),
        ("name", Guard::AliasLabelTaken, false),
    ] {
        let outcome = look(&mut shelf, name, RULE);
        assert_eq!((outcome.guards, outcome.merges.len()), (vec![guard], 0), "{name}");
        let outcome = look(&mut shelf, name, DuplicatesRule { merge_identified: true, ..RULE });
        assert_eq!(outcome.guards.is_empty(), lifted, "{name}");
    }
    let before = shelf.profiles.clone();
    apply(&mut shelf, &["ids", "line", "dob", "never", "name"], RULE);
    assert_eq!((shelf.profiles.len(), shelf.parked.len()), (before.len(), 5));
    assert_eq!(shelf.profiles, before);
}

/// A value of many strangers, by list and by the workspace's own, joins nobody.
#[test]
fn common_values_park() {
    let mut shelf = Shelf::new();
    shelf.settings.common_values = vec!["shop@example.com".into()];
    for name in ["test", "shop", "free"] {
        for _ in 0..2 {
            member(&mut shelf, name, None, |_| {});
        }
    }
    for (name, guards) in
        [("test", vec![Guard::CommonValue]), ("shop", vec![Guard::CommonValue]), ("free", vec![])]
    {
        assert_eq!(look(&mut shelf, name, RULE).guards, guards, "{name}");
    }
}

/// The cap counts what rules folded into the survivor within the window; before it, or by a person, does not count.
#[test]
fn the_cap_counts_what_rules_folded_of_late() {
    let mut shelf = Shelf::new();
    shelf.settings.fold_limit = 2;
    shelf.settings.fold_window_hours = 1;
    let kept = member(&mut shelf, "a", Some("kept"), |_| {});
    let join = |shelf: &mut Shelf, count: usize| {
        for _ in 0..count {
            member(shelf, "a", None, |_| {});
        }
        look(shelf, "a", RULE).guards
    };
    assert_eq!(join(&mut shelf, 3), [Guard::TooMany]);
    let spare = shelf.holders(&key("a")).into_iter().find(|id| *id != kept).unwrap();
    shelf.profiles.remove(&spare);
    assert_eq!(apply(&mut shelf, &["a"], RULE)[0].merges.len(), 2);
    assert_eq!(join(&mut shelf, 1), [Guard::TooMany]);
    let hour = 3_600 * 1_000_000;
    shelf.now = shelf.now.plus_micros(hour);
    assert_eq!(look(&mut shelf, "a", RULE).guards, []);
    // Those that a person joined are nobody's folding.
    let mut profile = Profile::clone(shelf.get(kept));
    for side in &mut profile.merged {
        side.at = shelf.now;
        side.how = How::Merge;
    }
    shelf.profiles.insert(kept, Arc::new(profile));
    assert_eq!(look(&mut shelf, "a", RULE).guards, []);
}

/// Issue 3, item 7: the cap is on the person, not on who happens to stay: what rules folded into any member counts. Else
/// the newest of a chain of anonymous profiles would take in all of it, one at a time.
#[test]
fn the_cap_holds_along_a_chain() {
    let mut shelf = Shelf::new();
    shelf.settings.fold_limit = 2;
    let mut merged = Vec::new();
    for _ in 0..5 {
        member(&mut shelf, "a", None, |_| {});
        merged.push(apply(&mut shelf, &["a"], RULE)[0].merges.len());
    }
    assert_eq!(merged, [0, 1, 1, 0, 0]);
    assert_eq!(shelf.parked[&key("a")].reasons, [Guard::TooMany]);
    assert!(shelf.profiles.values().all(|profile| profile.merged.len() <= 2));
}

/// A common value is named as one, however many share it.
#[test]
fn a_huge_group_of_a_common_value_says_so() {
    let mut shelf = Shelf::new();
    for _ in 0..=MAX_GROUP {
        member(&mut shelf, "test", None, |_| {});
    }
    assert_eq!(look(&mut shelf, "test", RULE).guards, [Guard::TooMany, Guard::CommonValue]);
}

/// Issue 3, item 5: what a dry run says is what is done, field by field; nothing is said of a group that is parked.
#[test]
fn an_outcome_shows_who_stays_and_what_is_dropped() {
    let mut shelf = Shelf::new();
    let kept = member(&mut shelf, "a", Some("a"), |profile| {
        profile.aliases = vec![crate::shelf::alias("web", "one")];
    });
    member(&mut shelf, "a", None, |profile| {
        profile.aliases = vec![crate::shelf::alias("web", "two"), crate::shelf::alias("app", "x")];
    });
    let told = look(&mut shelf, "a", RULE);
    let done = apply(&mut shelf, &["a"], RULE).remove(0);
    assert_eq!(told.dropped, done.dropped);
    assert_eq!(told.dropped.len(), 1);
    assert_eq!(told.result.unwrap().profile.aliases, shelf.get(kept).aliases);
    assert_eq!(done.result.unwrap().profile.aliases.len(), 2);
    shelf.settings.fold_limit = 0;
    member(&mut shelf, "a", None, |_| {});
    assert!(look(&mut shelf, "a", RULE).result.is_none());
}

/// Members are read up to a hundred; beyond that the group is parked by its count alone.
#[test]
fn huge_groups_are_parked_unread() {
    for (count, read) in [(MAX_GROUP, true), (MAX_GROUP + 1, false)] {
        let mut shelf = Shelf::new();
        shelf.settings.fold_limit = 1_000;
        for _ in 0..count {
            member(&mut shelf, "a", None, |_| {});
        }
        let keys = duplicates_keys(&[shared(&shelf, "a")]);
        assert_eq!(keys.identifiers.len(), usize::from(read));
        let outcome = &apply(&mut shelf, &["a"], RULE)[0];
        assert_eq!((outcome.count, outcome.guards.is_empty()), (count, read));
        assert_eq!(outcome.members.len() as u64, if read { count } else { 0 });
        assert_eq!(shelf.profiles.len() as u64, if read { 1 } else { count });
        assert_eq!(shelf.parked.len(), usize::from(!read));
    }
}

/// Parked again as it was, nothing is written; with another member it keeps its id and time; merged, it goes.
#[test]
fn a_parked_group_keeps_its_id() {
    let mut shelf = Shelf::new();
    for id in ["a", "b"] {
        member(&mut shelf, "x", Some(id), |_| {});
    }
    apply(&mut shelf, &["x"], RULE);
    let first = shelf.parked[&key("x")].clone();
    let groups = [shared(&shelf, "x")];
    let (decision, _) = shelf.ask(duplicates_keys(&groups), |loaded, occasion| {
        decide_duplicates(&groups, &RULE, loaded, occasion, false)
    });
    assert!(matches!(decision, Decision::Nothing));
    member(&mut shelf, "x", None, |_| {});
    apply(&mut shelf, &["x"], RULE);
    let second = shelf.parked[&key("x")].clone();
    assert_eq!((second.id, second.at, second.members.len()), (first.id, first.at, 3));
    apply(&mut shelf, &["x"], DuplicatesRule { merge_identified: true, ..RULE });
    assert_eq!((shelf.parked.len(), shelf.profiles.len()), (0, 1));
}

/// A profile that holds two shared values is joined once; the second group has nobody left to join.
#[test]
fn groups_of_one_page_see_each_other() {
    let mut shelf = Shelf::new();
    let kept = member(&mut shelf, "a", Some("kept"), |_| {});
    member(&mut shelf, "a", None, |_| {});
    let outcomes = apply(&mut shelf, &["a", "a"], RULE);
    assert_eq!(outcomes.iter().map(|outcome| outcome.merges.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(shelf.profiles.keys().copied().collect::<Vec<_>>(), [kept]);
}
