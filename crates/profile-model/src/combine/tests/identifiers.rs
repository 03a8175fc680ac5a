//! Section 5, the rows of identifiers.

use super::*;

fn line_id(number: u8) -> LineUserId {
    LineUserId::from_stored(format!("U{number:032x}"))
}

fn alias(label: &str, name: &str) -> Alias {
    Alias { label: label.into(), name: name.into() }
}

fn with_aliases(number: u8, aliases: &[(&str, &str)]) -> Profile {
    let aliases = aliases.iter().map(|(label, name)| alias(label, name)).collect();
    Profile { aliases, ..profile(number) }
}

/// Section 5: email and phone, K's if set, else M's; addresses are compared as they are looked up.
#[test]
fn addresses_are_the_survivors_if_it_has_them() {
    let with = |number, email: &str, phone: &str| Profile {
        email: Email::parse(email),
        phone: (!phone.is_empty()).then(|| Phone::parse(phone, "JP").phone),
        ..profile(number)
    };
    let filled = combine(&profile(1), &with(2, "M@Example.com", "090-1234-5678"), Filling::Gaps);
    assert_eq!(filled.profile.email.as_ref().map(|email| email.written.as_str()), Some("M@Example.com"));
    assert_eq!(filled.profile.phone.as_ref().and_then(|phone| phone.key()), Some("+819012345678"));
    let kept = with(1, "Same@example.com", "+819012345678");
    let same = combine(&kept, &with(2, "same@EXAMPLE.com", "09012345678"), Filling::Gaps);
    assert_eq!((&same.profile, same.dropped.len()), (&kept, 0));
    let other = combine(&kept, &with(2, "other@example.com", "+818011112222"), Filling::Gaps);
    assert_eq!(other.profile, kept);
    let told = [("email", &json!("other@example.com")), ("phone", &json!("+818011112222"))];
    assert_eq!(dropped(&other), told);
}

/// Section 5, MLN: K's LINE ID if set, else M's.
#[test]
fn the_line_id_is_the_survivors_if_it_has_one() {
    let with = |number, id: Option<u8>| Profile { line_id: id.map(line_id), ..profile(number) };
    for (ours, theirs, expected) in [
        (None, Some(2), Some(2)),
        (Some(1), None, Some(1)),
        (Some(1), Some(1), Some(1)),
        (Some(1), Some(2), Some(1)),
    ] {
        let combined = combine(&with(1, ours), &with(2, theirs), Filling::Gaps);
        assert_eq!(combined.profile.line_id, expected.map(line_id));
        let is_lost = ours.is_some() && theirs.is_some() && ours != theirs;
        assert_eq!(combined.dropped.len(), usize::from(is_lost));
    }
    let combined = combine(&with(1, Some(1)), &with(2, Some(2)), Filling::Gaps);
    assert_eq!(dropped(&combined), [("native_line_id", &json!(line_id(2)))]);
}

/// Section 5, OPEN-5: the union, sorted by label; on equal labels K's stays.
#[test]
fn aliases_are_united_and_the_survivors_wins_a_label() {
    let kept = with_aliases(1, &[("b", "kb"), ("d", "kd")]);
    let removed = with_aliases(2, &[("a", "ma"), ("b", "mb"), ("c", "mc"), ("d", "kd")]);
    let combined = combine(&kept, &removed, Filling::Gaps);
    let expected = with_aliases(1, &[("a", "ma"), ("b", "kb"), ("c", "mc"), ("d", "kd")]);
    assert_eq!(combined.profile.aliases, expected.aliases);
    assert_eq!(dropped(&combined)[0], ("user_alias", &json!(alias("b", "mb"))));
}

/// Design, section 5: alias (`line_id`, U) is never on a profile with another LINE ID, from whichever side it came.
#[test]
fn the_alias_of_another_line_id_is_dropped_from_either_side() {
    let line = |number: u8| Alias::line(&line_id(number));
    // K has an ID, M only the alias of another.
    let kept = Profile { line_id: Some(line_id(1)), ..profile(1) };
    let removed = Profile { aliases: vec![line(2)], ..profile(2) };
    let combined = combine(&kept, &removed, Filling::Gaps);
    assert!(combined.profile.aliases.is_empty());
    assert_eq!(dropped(&combined), [("user_alias", &json!(line(2)))]);
    // M's ID comes to K, which has the alias of another; M's own alias takes its place.
    let kept = Profile { aliases: vec![line(1)], ..profile(1) };
    let removed = Profile { line_id: Some(line_id(2)), aliases: vec![line(2)], ..profile(2) };
    let combined = combine(&kept, &removed, Filling::Gaps);
    assert_eq!((combined.profile.line_id, combined.profile.aliases), (Some(line_id(2)), vec![line(2)]));
    assert_eq!(combined.dropped.iter().map(|dropped| &dropped.value).collect::<Vec<_>>(), [&json!(line(1))]);
}

/// MID: all of M's external ids become merged ids, behind those that K has.
#[test]
fn the_others_external_ids_become_merged_ids() {
    let former = |id: &str, kind| FormerId { external_id: id.into(), kind };
    let kept = Profile {
        external_id: Some("k".into()),
        former_ids: vec![former("k-old", FormerKind::Deprecated)],
        ..profile(1)
    };
    let removed = Profile {
        external_id: Some("m".into()),
        former_ids: vec![former("m-old", FormerKind::Deprecated), former("n", FormerKind::Merged)],
        ..profile(2)
    };
    let combined = combine(&kept, &removed, Filling::Gaps);
    assert_eq!(combined.profile.external_id.as_deref(), Some("k"));
    let expected = [
        former("k-old", FormerKind::Deprecated),
        former("m", FormerKind::Merged),
        former("m-old", FormerKind::Merged),
        former("n", FormerKind::Merged),
    ];
    assert!(combined.profile.former_ids == expected);
    // An anonymous survivor stays anonymous.
    let combined = combine(&profile(1), &removed, Filling::Gaps);
    assert!(!combined.profile.is_identified() && combined.profile.is_merged_id("m"));
    assert!(combined.dropped.is_empty());
}
