//! LINE convergence: a follower and the one user with the same LINE ID, in whatever order they come.

use super::*;
use crate::shelf::alias;
use crate::{
    Alias, ChannelId, Config, Delivery, Door, GroupState, InboxKey, LineConvergence, Meaning, WorkspaceId,
    decide_deliveries, decide_track, delivery_keys, parse_track, track_keys,
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
