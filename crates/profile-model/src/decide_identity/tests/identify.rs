//! `IDF-*` and what keeps two apart.

use super::*;

/// IDF-2, IDF-11: the profile itself gets the id, at the time of its place in the batch.
#[test]
fn an_unknown_id_goes_onto_the_profile() {
    let mut shelf = Shelf::new();
    let ids = [shelf.alias_only("l", "a"), shelf.alias_only("l", "b")];
    let entry = |id: &str, name: &str| json!({"external_id": id, "user_alias": alias("l", name)});
    let body = json!({"aliases_to_identify": [entry("x", "a"), entry("y", "b")]});
    let outcomes = shelf.identify(&body);
    assert_eq!(told(&outcomes), [(Done::Identified, None); 2]);
    for (place, (id, external_id)) in (0..).zip(ids.into_iter().zip(["x", "y"])) {
        let profile = shelf.get(id);
        assert_eq!(profile.external_id.as_deref(), Some(external_id));
        assert_eq!(profile.updated_at, shelf.now.plus_micros(place));
        assert_eq!((profile.aliases.len(), profile.version), (1, 2));
    }
}

/// MID: the unknown id may be a merged one; its survivor lets it go.
#[test]
fn a_merged_id_is_released_to_whom_it_is_given() {
    let mut shelf = Shelf::new();
    let (kept, anonymous) = (shelf.user("k"), shelf.alias_only("l", "a"));
    shelf.user("m");
    shelf.join("m", "k");
    assert_eq!(told(&shelf.identify(&by_alias("m", "l", "a"))), [(Done::Identified, None)]);
    assert!(!shelf.get(kept).is_merged_id("m"));
    assert_eq!(shelf.get(anonymous).external_id.as_deref(), Some("m"));
    // The anonymous survivor of that id itself.
    let mut shelf = Shelf::new();
    let kept = shelf.alias_only("l", "a");
    shelf.user("m");
    shelf.merge(&[(external_id("m"), json!({"user_alias": alias("l", "a")}))]);
    assert_eq!(told(&shelf.identify(&by_alias("m", "l", "a"))), [(Done::Identified, None)]);
    let kept = shelf.get(kept);
    assert_eq!((kept.external_id.as_deref(), kept.former_ids.len()), (Some("m"), 0));
}

/// IDF-4, L14, MLN: obstacles, in their order; `IDF-4` is about the alias that names the profile.
#[test]
fn obstacles_keep_two_apart() {
    // K's and M's LINE ID, whether K has the label, whether M is named by its alias, and what is told.
    let cases = [
        (None, None, true, true, Some("alias_label_taken")),
        (None, None, true, false, None),
        (Some(1), Some(2), false, true, Some("different_line_id")),
        (Some(1), Some(2), true, true, Some("different_line_id")),
        (Some(1), Some(2), false, false, Some("different_line_id")),
        (Some(1), Some(1), false, true, None),
    ];
    for (ours, theirs, has_label, by_its_alias, expected) in cases {
        let mut shelf = Shelf::new();
        let kept = shelf.put(|profile| {
            profile.external_id = Some("k".into());
            profile.line_id = ours.map(line_id);
            profile.aliases = if has_label { vec![alias("l", "known")] } else { Vec::new() };
        });
        let removed = shelf.put(|profile| {
            profile.line_id = theirs.map(line_id);
            profile.aliases = vec![alias("l", "n")];
            profile.email = Email::parse("m@example.com");
        });
        let email = json!({"external_id": "k", "email": "m@example.com", "prioritization": []});
        let body =
            if by_its_alias { by_alias("k", "l", "n") } else { json!({"emails_to_identify": [email]}) };
        let outcomes = shelf.identify(&body);
        let done = if expected.is_some() { Done::Nothing } else { Done::Merged };
        assert_eq!(told(&outcomes), [(done, expected)]);
        assert_eq!(outcomes[0].kept, Some(kept));
        assert_eq!(shelf.profiles.contains_key(&removed), expected.is_some());
    }
}

/// IDF-9, IDF-12, OPEN-26.
#[test]
fn identified_profiles_are_left_alone() {
    let mut shelf = Shelf::new();
    let known = shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.aliases = vec![alias("l", "n")];
    });
    for target in ["k", "x"] {
        let outcomes = shelf.identify(&by_alias(target, "l", "n"));
        assert_eq!(told(&outcomes), [(Done::Nothing, Some("already_identified"))]);
        assert_eq!(outcomes[0].kept, Some(known));
    }
    assert_eq!(shelf.get(known).version, 1);
}

/// Guards only warn where somebody named the two.
#[test]
fn a_request_is_warned_and_done() {
    let mut shelf = Shelf::new();
    let dob = |day: &str, make: &mut Profile| {
        make.fields.set(crate::FieldName::Dob, &json!(day));
    };
    let kept = shelf.put(|profile| {
        profile.external_id = Some("k".into());
        dob("1980-01-01", profile);
    });
    let removed = shelf.put(|profile| {
        profile.aliases = vec![alias("l", "n")];
        dob("1990-01-01", profile);
    });
    shelf.never_same.insert((kept.min(removed), kept.max(removed)));
    let outcomes = shelf.identify(&by_alias("k", "l", "n"));
    assert_eq!(told(&outcomes), [(Done::Merged, None)]);
    assert_eq!(outcomes[0].warnings, [Guard::DifferentDob, Guard::NeverSame]);
}

/// `dry_run` and `plan`: nothing is written; the same data has the same plan, and moved data another.
#[test]
fn plans_name_a_request_on_data_as_it_is() {
    let mut shelf = Shelf::new();
    shelf.user("k");
    let anonymous = shelf.alias_only("l", "n");
    let items = parse_identify(&by_alias("k", "l", "n"), &shelf.settings).unwrap().items;
    let ask = |shelf: &mut Shelf, manner: &Manner| {
        shelf.ask(identify_keys(&items), |loaded, occasion| decide_identify(&items, loaded, occasion, manner))
    };
    let dry = Manner { dry_run: true, ..Manner::default() };
    let (decision, report) = ask(&mut shelf, &dry);
    assert!(matches!(decision, Decision::Nothing));
    assert_eq!((told(&report.outcomes), report.stale), (vec![(Done::Merged, None)], false));
    let result = report.outcomes[0].result.as_ref().unwrap();
    assert_eq!((result.profile.external_id.as_deref(), result.profile.aliases.len()), (Some("k"), 1));
    assert_eq!(ask(&mut shelf, &dry).1.plan, report.plan);
    assert_eq!(Plan::parse(&report.plan.to_string()), Some(report.plan.clone()));
    for wrong in ["", "abc", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
        assert_eq!(Plan::parse(wrong), None);
    }
    let planned = Manner { plan: Some(report.plan.clone()), ..Manner::default() };
    assert!(matches!(ask(&mut shelf, &planned).0, Decision::Write(_)));
    let other = Manner { request: [1; 32], ..planned.clone() };
    assert!(ask(&mut shelf, &other).1.stale);
    let moved = Profile { version: 2, ..shelf.get(anonymous).clone() };
    shelf.profiles.insert(anonymous, Arc::new(moved));
    let (decision, report) = ask(&mut shelf, &planned);
    assert!(matches!(decision, Decision::Nothing) && report.stale);
}
