//! Who is meant (`PRI-*`, `MID`).

use super::*;

const EMAIL: &str = "same@example.com";

fn holder(shelf: &mut Shelf, external_id: Option<&str>) -> ProfileId {
    shelf.put(|profile| {
        profile.email = Email::parse(EMAIL);
        profile.external_id = external_id.map(str::to_owned);
    })
}

/// Who is taken for an email, or why nobody.
fn taken(shelf: &mut Shelf, words: &[&str]) -> Result<ProfileId, &'static str> {
    let keep = json!({"email": EMAIL, "prioritization": words});
    let updates = json!([{"identifier_to_merge": {"external_id": "nobody"}, "identifier_to_keep": keep}]);
    let items = parse_merges(&json!({"merge_updates": updates}), &shelf.settings).unwrap();
    let (_, picked) = shelf.ask(merge_keys(&items), |loaded, occasion| {
        let mut draft = Draft::new(loaded, occasion);
        let picked = pick(&mut draft, &items[0].kept);
        (draft.finish(), picked)
    });
    picked
}

/// PRI-4, PRI-5: the worked example.
#[test]
fn two_anonymous_holders_are_told_apart_by_time_only() {
    let mut shelf = Shelf::new();
    let (older, newer) = (holder(&mut shelf, None), holder(&mut shelf, None));
    assert_eq!(taken(&mut shelf, &["unidentified"]), Err("ambiguous"));
    assert_eq!(taken(&mut shelf, &[]), Err("ambiguous"));
    assert_eq!(taken(&mut shelf, &["unidentified", "most_recently_updated"]), Ok(newer));
    assert_eq!(taken(&mut shelf, &["unidentified", "least_recently_updated"]), Ok(older));
    assert_eq!(taken(&mut shelf, &["most_recently_updated"]), Ok(newer));
    // PRI-6
    assert_eq!(taken(&mut shelf, &["identified", "most_recently_updated"]), Err("not_found"));
}

/// PRI-4: each word narrows what the ones before left, so their order counts.
#[test]
fn words_apply_in_their_order() {
    let mut shelf = Shelf::new();
    let known = holder(&mut shelf, Some("known"));
    let anonymous = holder(&mut shelf, None);
    assert_eq!(taken(&mut shelf, &["identified"]), Ok(known));
    assert_eq!(taken(&mut shelf, &["unidentified"]), Ok(anonymous));
    assert_eq!(taken(&mut shelf, &["identified", "most_recently_updated"]), Ok(known));
    assert_eq!(taken(&mut shelf, &["most_recently_updated", "identified"]), Err("not_found"));
    assert_eq!(taken(&mut shelf, &["least_recently_updated", "identified"]), Ok(known));
}

/// Design, section 4: ties go to the larger `braze_id`.
#[test]
fn ties_go_to_the_larger_id() {
    let mut shelf = Shelf::new();
    let ids = [holder(&mut shelf, None), holder(&mut shelf, None)];
    let now = shelf.now;
    for id in ids {
        let same = Profile { updated_at: now, ..shelf.get(id).clone() };
        shelf.profiles.insert(id, Arc::new(same));
    }
    assert_eq!(taken(&mut shelf, &["most_recently_updated"]), Ok(ids[0].max(ids[1])));
    assert_eq!(taken(&mut shelf, &["least_recently_updated"]), Ok(ids[0].min(ids[1])));
}

/// Nobody has the address; one alone needs no word.
#[test]
fn one_holder_needs_no_word() {
    let mut shelf = Shelf::new();
    assert_eq!(taken(&mut shelf, &["identified"]), Err("not_found"));
    let only = holder(&mut shelf, None);
    assert_eq!(taken(&mut shelf, &[]), Ok(only));
}

/// ID-17, MID: a deprecated id names its user, a merged one nobody.
#[test]
fn deprecated_ids_name_their_user_and_merged_ones_nobody() {
    use crate::{FormerId, FormerKind};
    let mut shelf = Shelf::new();
    let former = |id: &str, kind| FormerId { external_id: id.into(), kind };
    shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.former_ids = vec![former("old", FormerKind::Deprecated), former("m", FormerKind::Merged)];
    });
    shelf.user("x");
    let sides = |from: &str| (external_id(from), external_id("x"));
    assert_eq!(told(&shelf.merge(&[sides("m")])), [(Done::Nothing, Some("not_found"))]);
    assert_eq!(told(&shelf.merge(&[sides("old")])), [(Done::Merged, None)]);
}
