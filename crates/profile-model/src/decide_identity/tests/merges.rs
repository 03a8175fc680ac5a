//! `MRG-*`, `MLN` and `MF-4` as decisions.

use super::*;
use crate::{AddressKind, GlobalState, How, JournalKind};

fn with_phone(shelf: &mut Shelf, external_id: &str, phone: &str) -> ProfileId {
    shelf.put(|profile| {
        profile.external_id = Some(external_id.into());
        profile.phone = Some(Phone::parse(phone, "US").phone);
    })
}

/// MF-3, MRG-6, MRG-10.
#[test]
fn what_cannot_be_merged_has_a_reason() {
    let mut shelf = Shelf::new();
    with_phone(&mut shelf, "a", "12");
    with_phone(&mut shelf, "b", "13");
    with_phone(&mut shelf, "c", "+819012345678");
    let side = |from: &str, to: &str| (external_id(from), external_id(to));
    let outcomes =
        shelf.merge(&[side("a", "x"), side("x", "a"), side("a", "a"), side("a", "b"), side("a", "c")]);
    let expected = [
        (Done::Nothing, Some("not_found")),
        (Done::Nothing, Some("not_found")),
        (Done::Nothing, Some("same_profile")),
        (Done::Nothing, Some("invalid_phones")),
        (Done::Merged, None),
    ];
    assert_eq!(told(&outcomes), expected);
}

/// What is kept of a merge: record with images, the side with its keys, journal; the other is gone.
#[test]
fn a_merge_keeps_what_explains_and_reverses_it() {
    let mut shelf = Shelf::new();
    let kept = shelf.put(|profile| {
        profile.external_id = Some("k".into());
        profile.email = Email::parse("same@example.com");
    });
    let removed = shelf.put(|profile| {
        profile.external_id = Some("m".into());
        profile.email = Email::parse("same@example.com");
        profile.aliases = vec![alias("l", "n")];
    });
    let (before, other) = (shelf.get(kept).clone(), shelf.get(removed).clone());
    let merge = shelf.join("m", "k");
    assert!(!shelf.profiles.contains_key(&removed));
    let record = &shelf.merges[&merge];
    assert_eq!((record.how, record.kept, record.removed), (How::Merge, kept, removed));
    assert_eq!(
        (record.kept_image.as_deref(), record.removed_image.as_deref()),
        (Some(&before), Some(&other))
    );
    assert_eq!((record.at, record.undo_until), (shelf.now, shelf.now.plus_micros(180 * 86_400_000_000)));
    let side = &shelf.get(kept).merged[0];
    // The email was the survivor's, too: what it carries is the survivor's.
    let keys = [Key::external_id("m"), Key::alias(&alias("l", "n")), Key::merged(removed)];
    assert_eq!((side.merge, side.profile, side.keys.as_slice()), (merge, removed, keys.as_slice()));
    assert_eq!(shelf.get(kept).version, 2);
}

/// MLN: a followed LINE ID without another holder keeps an anonymous profile, told by the outcome and the journal.
#[test]
fn a_second_follower_is_kept_apart() {
    for (follows, shared) in [(true, false), (false, false), (true, true)] {
        let mut shelf = Shelf::new();
        for (id, number) in [("k", 1), ("m", 2)] {
            shelf.put(|profile| {
                profile.external_id = Some(id.into());
                profile.line_id = Some(line_id(number));
            });
        }
        if follows {
            shelf.follow(&line_id(2));
        }
        if shared {
            shelf.put(|profile| profile.line_id = Some(line_id(2)));
        }
        let items = parse_merges(
            &json!({"merge_updates": [{"identifier_to_merge": {"external_id": "m"}, "identifier_to_keep": {"external_id": "k"}}]}),
            &shelf.settings,
        )
        .unwrap();
        let (decision, report) = shelf.ask(merge_keys(&items), |loaded, occasion| {
            decide_merges(&items, loaded, occasion, &Manner::default())
        });
        let Decision::Write(change) = decision else { panic!("nothing to write") };
        let is_apart = follows && !shared;
        let reason = is_apart.then_some("line_follower_kept_apart");
        assert_eq!(told(&report.outcomes), [(Done::Merged, reason)]);
        assert_eq!(change.created.len(), usize::from(is_apart));
        if let Some(apart) = change.created.first() {
            assert_eq!(
                (&apart.line_id, &apart.aliases),
                (&Some(line_id(2)), &vec![Alias::line(&line_id(2))])
            );
        }
        let notes = change.journal.iter().filter(|entry| entry.kind == JournalKind::LineFollowerKeptApart);
        // Both tell it, each with the other's id; the LINE ID is told by the one that had it.
        let notes: Vec<_> = notes.map(|entry| (entry.profile, entry.other, entry.detail.clone())).collect();
        let apart = change.created.first().map(|apart| {
            let kept = report.outcomes[0].kept.unwrap();
            [(kept, Some(apart.id), json!({"native_line_id": line_id(2)})), (apart.id, Some(kept), json!({}))]
        });
        assert_eq!(notes, apart.into_iter().flatten().collect::<Vec<_>>());
    }
}

/// MF-4: own states move to the survivor's address where it has none; an opt-out in any case; undo puts them back.
#[test]
fn own_states_move_to_the_address_and_back() {
    use GlobalState::{OptedIn, Subscribed, Unsubscribed};
    for (of_address, own, expected) in [
        (None, Some(OptedIn), Some(OptedIn)),
        (Some(Subscribed), Some(OptedIn), Some(Subscribed)),
        (Some(OptedIn), Some(Unsubscribed), Some(Unsubscribed)),
        (Some(Unsubscribed), Some(OptedIn), Some(Unsubscribed)),
        (Some(OptedIn), None, Some(OptedIn)),
    ] {
        let mut shelf = Shelf::new();
        let address = Address { kind: AddressKind::Email, value: "k@example.com".into() };
        let name = (address.clone(), StateOf::Global);
        if let Some(state) = of_address {
            let row = AddressState { address, of: StateOf::Global, state, changed_at: shelf.now };
            shelf.states.insert(name.clone(), row);
        }
        shelf.put(|profile| {
            profile.external_id = Some("k".into());
            profile.email = Email::parse("k@example.com");
        });
        let removed = shelf.put(|profile| {
            profile.external_id = Some("m".into());
            profile.own.email = own;
        });
        let before = shelf.states.get(&name).cloned();
        let merge = shelf.join("m", "k");
        assert_eq!(shelf.states.get(&name).map(|row| row.state), expected, "{of_address:?} {own:?}");
        assert!(matches!(shelf.undo(merge), UndoOutcome::Undone { .. }));
        assert_eq!(shelf.states.get(&name), before.as_ref());
        assert_eq!(shelf.get(removed).own.email, own);
    }
}
