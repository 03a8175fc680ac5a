//! Cases of parked groups: by value, by member, put and gone.

use profile_model::{ChangeSet, Email, Guard, Key, Keys, Kind, Parked, ParkedId, ParkedState, ProfileId};

use super::cases::{W, holds, load, write};
use crate::ProfileStore;

fn key(name: &str) -> Option<Key> {
    Email::parse(&format!("{name}@example.com")).as_ref().map(Key::email)
}

/// A walk along the values sees every state and one kind; a person is found in groups whatever they share; what is taken
/// out is gone, and what is put in the same change is a new group.
pub(super) async fn what_waits_is_found_by_value_and_by_member(store: &ProfileStore) -> Result<(), String> {
    let mut fresh = store.fresh(store.now());
    let people: Vec<ProfileId> = (0..4).map(|_| fresh.profile_id(0)).collect();
    let mut group = |name: &str, state, members: &[ProfileId]| {
        let key = key(name).ok_or("no email")?;
        let (id, members) = (ParkedId(fresh.uuid()), members.to_vec());
        Ok::<_, String>(Parked { id, key, members, reasons: vec![Guard::NeverSame], at: store.now(), state })
    };
    let groups = [
        group("a", ParkedState::Open, &people[..2])?,
        group("b", ParkedState::Dismissed, &people[1..3])?,
        group("c", ParkedState::Open, &[])?,
    ];
    let again = group("a", ParkedState::Open, &people[2..4])?;
    write(store, ChangeSet { parked: groups.to_vec(), ..ChangeSet::default() }).await?;
    let [a, b, c] = groups.each_ref().map(|group| group.key.clone());
    for (after, until, limit, expected) in [
        (None, None, 10, vec![&a, &b, &c]),
        (None, None, 2, vec![&a, &b]),
        (Some(&a), Some(&b), 10, vec![&b]),
        (Some(&a), None, 10, vec![&b, &c]),
        (Some(&c), None, 10, vec![]),
    ] {
        let [after, until] = [after, until].map(|key| key.map(|key| &*key.value));
        let found = store.backend().scan_parked_values(W, Kind::Email, after, until, limit).await;
        let found = found.map_err(|fault| fault.to_string())?;
        holds(found.iter().collect::<Vec<_>>() == expected, "the values of a range")?;
    }
    let phones = store.backend().scan_parked_values(W, Kind::Phone, None, None, 10).await;
    holds(phones.is_ok_and(|found| found.is_empty()), "another kind has none")?;
    for (who, expected) in [(0, vec![&a]), (1, vec![&a, &b]), (2, vec![&b]), (3, vec![])] {
        let loaded = load(store, Keys { parked_with: vec![people[who]], ..Keys::default() }).await?;
        let mut found: Vec<_> = loaded.parked.values().flatten().map(|group| &group.key).collect();
        found.sort_unstable();
        holds(found == expected, "the groups of a person")?;
        holds(loaded.asked_parked_with.contains(&people[who]), "that they were asked for is known")?;
    }
    let change = ChangeSet {
        unparked: vec![a.clone(), c.clone()],
        parked: vec![again.clone()],
        ..ChangeSet::default()
    };
    write(store, change).await?;
    let loaded =
        load(store, Keys { parked: vec![a.clone(), b.clone(), c.clone()], ..Keys::default() }).await?;
    holds(loaded.parked[&a] == Some(again), "a new group took the place of the old one")?;
    holds(loaded.parked[&b].as_ref() == Some(&groups[1]), "what was not named stays")?;
    holds(loaded.parked[&c].is_none(), "what was taken out is gone")
}
