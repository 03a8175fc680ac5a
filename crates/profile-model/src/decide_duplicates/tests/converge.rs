//! LINE convergence: a follower and the one user with the same LINE ID, in whatever order they come.

use super::*;
use crate::shelf::alias;
use crate::{
    Alias, ChannelId, Config, Delivery, Door, GroupState, InboxKey, LineConvergence, Meaning, Settings,
    WorkspaceId, decide_deliveries, decide_track, delivery_keys, parse_track, track_keys,
};

fn shelf() -> Shelf {
    let mut shelf = Shelf::new();
    shelf.settings.line_convergence = LineConvergence::Merge;
    shelf
}

/// A follow; each call is an event of its own.
fn follow(shelf: &mut Shelf, number: u8) {
    let at = shelf.now;
    let deliveries = [Delivery {
        key: InboxKey {
            channel: ChannelId("1".into()),
            event: format!("e{}", shelf.seed),
            user: Some(line_id(number)),
        },
        kind: "follow".into(),
        meaning: Meaning::Friendship(GroupState::Subscribed),
        user: Some(line_id(number)),
        at: Some(at),
        received_at: at,
        body: serde_json::value::RawValue::NULL.to_owned(),
    }];
    shelf.run(delivery_keys(&deliveries), |loaded, occasion| {
        decide_deliveries(&deliveries, loaded, occasion, false)
    });
}

fn write(shelf: &mut Shelf, door: Door, object: serde_json::Value) {
    let body = json!({"attributes": [object]});
    let items = parse_track(body, &Config::default(), WorkspaceId(1)).unwrap().items;
    shelf.run(track_keys(&items), |loaded, occasion| decide_track(&items, loaded, door, occasion));
}

fn holders(shelf: &Shelf, number: u8) -> Vec<&Profile> {
    shelf.holders(&Key::line_id(&line_id(number))).into_iter().map(|id| shelf.get(id)).collect()
}

fn user(number: u8) -> serde_json::Value {
    json!({"external_id": "ann", "native_line_id": line_id(number)})
}

/// Follow, API write and CSV row in every order end as one profile with the alias; the default leaves two.
#[test]
fn every_order_ends_in_one() {
    for order in ["FWC", "FCW", "WFC", "WCF", "CFW", "CWF"] {
        let mut shelf = shelf();
        for step in order.chars() {
            match step {
                'F' => follow(&mut shelf, 1),
                'W' => write(&mut shelf, Door::Api, user(1)),
                _ => write(&mut shelf, Door::Csv, user(1)),
            }
        }
        let found = holders(&shelf, 1);
        assert_eq!(found.len(), 1, "{order}");
        assert_eq!(found[0].external_id.as_deref(), Some("ann"), "{order}");
        assert_eq!(found[0].aliases, [Alias::line(&line_id(1))], "{order}");
    }
    let mut braze = Shelf::new();
    follow(&mut braze, 1);
    write(&mut braze, Door::Api, user(1));
    assert_eq!(holders(&braze, 1).len(), 2);
}

/// The image is of the user as the write left it.
#[test]
fn the_image_is_taken_after_the_write() {
    let mut shelf = shelf();
    follow(&mut shelf, 1);
    write(&mut shelf, Door::Api, json!({"external_id": "ann", "native_line_id": line_id(1), "tier": "gold"}));
    let record = shelf.merges.values().next().unwrap();
    assert_eq!(record.how, How::Convergence);
    let image = record.kept_image.as_ref().unwrap();
    assert_eq!((image.line_id.as_ref(), image.custom.text("tier")), (Some(&line_id(1)), Some("\"gold\"")));
}

/// Two or more users: nobody is joined; parked once, and again only when it changes.
#[test]
fn two_users_are_parked() {
    let mut shelf = shelf();
    for id in ["ann", "ben"] {
        write(&mut shelf, Door::Api, json!({"external_id": id, "native_line_id": line_id(1)}));
    }
    let key = Key::line_id(&line_id(1));
    let parked = shelf.parked[&key].clone();
    assert_eq!((parked.reasons.as_slice(), parked.members.len()), (&[Guard::BothIdentified][..], 2));
    follow(&mut shelf, 1);
    assert_eq!((holders(&shelf, 1).len(), &shelf.parked[&key]), (2, &parked));
}

/// Only a bare follower: another alias, or an address that contradicts, keeps two apart.
#[test]
fn only_bare_followers_are_joined() {
    let email = |text: &str| Email::parse(text);
    let phone = |text: &str| Some(crate::Phone::parse(text, "JP").phone);
    type Change = Box<dyn Fn(&mut Profile)>;
    let cases: Vec<(Change, usize)> = vec![
        (Box::new(|_| {}), 1),
        (Box::new(|profile| profile.aliases.push(alias("web", "w"))), 2),
        (Box::new(move |profile| profile.email = email("other@example.com")), 2),
        (Box::new(move |profile| profile.email = email("Ann@Example.com")), 1),
        (Box::new(move |profile| profile.phone = phone("+819012345671")), 2),
        (Box::new(move |profile| profile.phone = phone("090-1234-5670")), 1),
    ];
    for (place, (change, expected)) in cases.into_iter().enumerate() {
        let mut shelf = shelf();
        follow(&mut shelf, 1);
        let id = holders(&shelf, 1)[0].id;
        let mut follower = shelf.get(id).clone();
        change(&mut follower);
        shelf.profiles.insert(id, Arc::new(follower));
        let mut object = user(1);
        object["email"] = json!("ann@example.com");
        object["phone"] = json!("+819012345670");
        write(&mut shelf, Door::Api, object);
        assert_eq!(holders(&shelf, 1).len(), expected, "case {place}");
    }
}

/// What kept a follower and a user apart may be taken back later, on either side: they become one at once.
#[test]
fn they_become_one_when_nothing_contradicts_any_more() {
    let cases =
        [("email", "ann@example.com", "other@example.com"), ("phone", "+819012345670", "+819012345671")];
    let dob = ("dob", "1980-01-01", "1990-01-01");
    for (field, of_ann, of_follower) in cases.into_iter().chain([dob]) {
        for (side, end) in [("ann", json!(of_follower)), ("ann", json!(null)), ("follower", json!(of_ann))] {
            let mut shelf = shelf();
            follow(&mut shelf, 1);
            name(&mut shelf, 1, json!({field: of_follower}));
            let mut ann = user(1);
            ann[field] = json!(of_ann);
            write(&mut shelf, Door::Api, ann);
            assert_eq!(holders(&shelf, 1).len(), 2, "{field}");
            if side == "ann" {
                write(&mut shelf, Door::Api, json!({"external_id": "ann", field: end}));
            } else {
                name(&mut shelf, 1, json!({field: end}));
            }
            let found = holders(&shelf, 1);
            assert_eq!((found.len(), shelf.parked.len()), (1, 0), "{field} of {side}");
            assert_eq!(found[0].aliases, [Alias::line(&line_id(1))], "{field} of {side}");
        }
    }
}

/// Guards and the cap hold here too; a dismissed group is left alone without a word.
#[test]
fn guards_park_and_a_dismissal_is_silent() {
    let mut shelf = shelf();
    shelf.settings.fold_limit = 0;
    follow(&mut shelf, 1);
    write(&mut shelf, Door::Api, user(1));
    let key = Key::line_id(&line_id(1));
    assert_eq!((holders(&shelf, 1).len(), shelf.parked[&key].reasons.as_slice()), (2, &[Guard::TooMany][..]));
    let dismissed = Parked { state: ParkedState::Dismissed, ..shelf.parked[&key].clone() };
    shelf.parked.insert(key.clone(), dismissed.clone());
    shelf.settings.fold_limit = 10;
    follow(&mut shelf, 1);
    assert_eq!((holders(&shelf, 1).len(), &shelf.parked[&key]), (2, &dismissed));
}

/// The survivor gets the alias from one who has it without the LINE ID; from one who has the LINE ID, it does not.
#[test]
fn the_survivor_carries_the_alias() {
    let mut shelf = shelf();
    let other = shelf.put(|profile| {
        profile.external_id = Some("x".into());
        profile.aliases = vec![Alias::line(&line_id(1))];
    });
    write(&mut shelf, Door::Api, user(1));
    assert_eq!(holders(&shelf, 1)[0].aliases, [Alias::line(&line_id(1))]);
    assert!(shelf.get(other).aliases.is_empty());
    assert!(shelf.last.journal.iter().any(|entry| entry.kind == crate::JournalKind::AliasMovedAway));
}

/// Who was there before is told of the alias that comes with the LINE ID.
#[test]
fn the_alias_that_comes_with_a_line_id_is_told() {
    let mut shelf = shelf();
    write(&mut shelf, Door::Api, json!({"external_id": "ann"}));
    write(&mut shelf, Door::Api, user(1));
    let ann = holders(&shelf, 1)[0].id;
    let told = shelf.last.journal.iter().filter(|entry| entry.kind == crate::JournalKind::AliasAdded);
    let told: Vec<_> = told.map(|entry| (entry.profile, &entry.detail["alias"]["alias_label"])).collect();
    assert_eq!(told, [(ann, &json!("line_id"))]);
}

/// A profile with the alias that never had a LINE ID is adopted by the follow.
#[test]
fn a_profile_with_the_alias_alone_is_adopted() {
    let mut shelf = shelf();
    let adopted = shelf.put(|profile| {
        profile.external_id = Some("ann".into());
        profile.aliases = vec![Alias::line(&line_id(1))];
    });
    follow(&mut shelf, 1);
    assert_eq!(shelf.profiles.len(), 1);
    assert_eq!(shelf.get(adopted).line_id, Some(line_id(1)));
}

/// Tracks an object that names the follower by its alias, and may make it.
fn name(shelf: &mut Shelf, number: u8, mut object: serde_json::Value) {
    object["user_alias"] = json!(Alias::line(&line_id(number)));
    object["_update_existing_only"] = json!(false);
    write(shelf, Door::Api, object);
}

/// Issue 3, item 8: a profile that was made for the alias alone is the follower, whenever the follow comes. Every order of
/// the three ends in one profile with everything.
#[test]
fn a_profile_of_the_alias_alone_is_joined_in_every_order() {
    for order in ["ANF", "AFN", "NAF", "NFA", "FAN", "FNA", "AN", "NA"] {
        let mut shelf = shelf();
        for step in order.chars() {
            match step {
                'F' => follow(&mut shelf, 1),
                'N' => write(&mut shelf, Door::Api, user(1)),
                _ => name(&mut shelf, 1, json!({"fav": 1})),
            }
        }
        let found = holders(&shelf, 1);
        assert_eq!((found.len(), shelf.profiles.len()), (1, 1), "{order}");
        assert_eq!(found[0].aliases, [Alias::line(&line_id(1))], "{order}");
        assert_eq!(found[0].custom.text("fav"), Some("1"), "{order}");
    }
}

/// The same where a guard holds: two profiles in every order, both with the LINE ID, the alias with the follower.
#[test]
fn a_profile_of_the_alias_alone_is_parked_in_every_order() {
    for order in ["ANF", "AFN", "FAN"] {
        let mut shelf = shelf();
        for step in order.chars() {
            match step {
                'F' => follow(&mut shelf, 1),
                'N' => {
                    let mut object = user(1);
                    object["dob"] = json!("1980-01-01");
                    write(&mut shelf, Door::Api, object);
                }
                _ => name(&mut shelf, 1, json!({"dob": "1990-01-01"})),
            }
        }
        let found = holders(&shelf, 1);
        assert_eq!(found.len(), 2, "{order}");
        let named: Vec<_> = found.iter().filter(|profile| !profile.aliases.is_empty()).collect();
        assert!(named.len() == 1 && !named[0].is_identified(), "{order}");
        let parked = &shelf.parked[&Key::line_id(&line_id(1))];
        assert_eq!(parked.reasons, [Guard::DifferentDob], "{order}");
    }
}

/// A label holds one name per profile: the pair of a follower is not given up for it, in any order; both wait for a person.
#[test]
fn the_alias_of_a_follower_is_never_lost_to_another_name() {
    for order in ["FON", "OFN", "ONF", "OFAN", "ONA"] {
        let mut shelf = shelf();
        for step in order.chars() {
            match step {
                'F' => follow(&mut shelf, 1),
                'N' => write(&mut shelf, Door::Api, user(1)),
                'A' => name(&mut shelf, 1, json!({"fav": 1})),
                _ => drop(shelf.put(|profile| {
                    profile.external_id = Some("ann".into());
                    profile.aliases = vec![alias("line_id", "odd")];
                })),
            }
        }
        let ann = shelf.profiles.values().find(|profile| profile.is_identified()).unwrap();
        assert_eq!((&ann.line_id, &ann.aliases[..]), (&Some(line_id(1)), &[alias("line_id", "odd")][..]));
        if order == "ONF" {
            // Nobody ever had the pair.
            assert_eq!(shelf.profiles.len(), 1);
            continue;
        }
        let follower = shelf.holders(&Key::alias(&Alias::line(&line_id(1))));
        assert_eq!(follower.len(), 1, "{order}");
        assert_eq!(shelf.get(follower[0]).line_id, Some(line_id(1)), "{order}");
        let parked = &shelf.parked[&Key::line_id(&line_id(1))];
        assert_eq!(parked.reasons, [Guard::AliasLabelTaken], "{order}");
    }
}

/// What strangers share joins nobody here either, and nobody is even asked who has it.
#[test]
fn a_common_value_does_not_converge() {
    let mut shelf = shelf();
    shelf.settings.common_values = vec!["Kiosk".into()];
    for value in ["undefined", "kiosk", "x-1"] {
        let shared = crate::LineUserId::from_stored(value.into());
        shelf.put(|profile| profile.line_id = Some(shared.clone()));
        let body = json!({"attributes": [{"external_id": value, "native_line_id": value}]});
        let workspace = crate::Workspace {
            id: WorkspaceId(1),
            name: "w".into(),
            settings: Settings { line_id_check: crate::LineIdCheck::Lenient, ..shelf.settings.clone() },
            created_at: shelf.now,
            has_erasures: false,
            buckets: crate::Buckets::ONE,
        };
        let config = Config { workspaces: [(WorkspaceId(1), workspace)].into(), ..Config::default() };
        let items = parse_track(body, &config, WorkspaceId(1)).unwrap().items;
        shelf.run(track_keys(&items), |loaded, occasion| decide_track(&items, loaded, Door::Api, occasion));
        let expected = if value == "x-1" { 1 } else { 2 };
        assert_eq!(shelf.holders(&Key::line_id(&shared)).len(), expected, "{value}");
    }
    assert!(shelf.parked.is_empty());
}

/// At once also when it is the loss of a holder that leaves one user: cleared, overwritten, merged or erased.
#[test]
fn the_loss_of_a_holder_converges_too() {
    for loss in ["clear", "overwrite", "erase", "merge"] {
        let mut shelf = Shelf::new();
        follow(&mut shelf, 1);
        for id in ["ann", "ben"] {
            write(&mut shelf, Door::Api, json!({"external_id": id, "native_line_id": line_id(1)}));
        }
        write(&mut shelf, Door::Api, json!({"external_id": "cyd", "native_line_id": line_id(2)}));
        shelf.settings.line_convergence = LineConvergence::Merge;
        let key = Key::line_id(&line_id(1));
        follow(&mut shelf, 1);
        assert_eq!((holders(&shelf, 1).len(), shelf.parked[&key].members.len()), (3, 3));
        match loss {
            "clear" => write(&mut shelf, Door::Api, json!({"external_id": "ann", "native_line_id": null})),
            "overwrite" => {
                write(&mut shelf, Door::Api, json!({"external_id": "ann", "native_line_id": line_id(3)}));
            }
            "erase" => {
                let body = json!({"external_ids": ["ann"]});
                let items = crate::parse_delete(&body, &shelf.settings).unwrap().parsed.items;
                shelf.run(crate::delete_keys(&items), |loaded, occasion| {
                    crate::decide_deletes(&items, false, loaded, occasion, &crate::Manner::default())
                });
            }
            _ => {
                let body = json!({"merge_updates": [{
                    "identifier_to_merge": {"external_id": "ann"}, "identifier_to_keep": {"external_id": "cyd"},
                }]});
                let items = crate::parse_merges(&body, &shelf.settings).unwrap();
                shelf.run(crate::merge_keys(&items), |loaded, occasion| {
                    crate::decide_merges(&items, loaded, occasion, &crate::Manner::default())
                });
            }
        }
        let found = holders(&shelf, 1);
        assert_eq!(found.len(), 1, "{loss}");
        assert_eq!(found[0].external_id.as_deref(), Some("ben"), "{loss}");
        assert_eq!(found[0].aliases, [Alias::line(&line_id(1))], "{loss}");
        assert!(shelf.parked.is_empty(), "{loss}");
    }
}

/// Who is named for erasure is erased, and not made part of somebody else first, whatever the order of the ids.
#[test]
fn an_erasure_takes_everybody_it_names_before_anybody_converges() {
    for order in [["ann", "follower"], ["follower", "ann"]] {
        let mut shelf = Shelf::new();
        follow(&mut shelf, 1);
        let follower = holders(&shelf, 1)[0].id;
        for id in ["ann", "ben"] {
            write(&mut shelf, Door::Api, json!({"external_id": id, "native_line_id": line_id(1)}));
        }
        shelf.settings.line_convergence = LineConvergence::Merge;
        let ann = shelf.holders(&Key::external_id("ann"))[0];
        let ids = order.map(|name| if name == "ann" { ann } else { follower });
        let items = crate::parse_delete(&json!({"braze_ids": ids}), &shelf.settings).unwrap().parsed.items;
        let report = shelf.run(crate::delete_keys(&items), |loaded, occasion| {
            crate::decide_deletes(&items, false, loaded, occasion, &crate::Manner::default())
        });
        let removed: Vec<_> = report.outcomes.iter().filter_map(|outcome| outcome.removed).collect();
        assert_eq!((removed, shelf.last.merges.len()), (ids.to_vec(), 0), "{order:?}");
        assert_eq!(holders(&shelf, 1).len(), 1);
    }
}

/// design, section 5: what had a LINE ID is not adopted. A followed ID that is taken away stays away.
#[test]
fn a_line_id_that_was_cleared_does_not_come_back() {
    let mut shelf = shelf();
    write(&mut shelf, Door::Api, user(1));
    follow(&mut shelf, 1);
    write(&mut shelf, Door::Api, json!({"external_id": "ann", "native_line_id": null}));
    let found = holders(&shelf, 1);
    assert_eq!((found.len(), found[0].is_identified()), (1, false));
    assert_eq!(found[0].aliases, [Alias::line(&line_id(1))]);
}
