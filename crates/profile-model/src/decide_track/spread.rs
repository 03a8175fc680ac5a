//! A batch for a huge workspace, taken apart so that each part writes to one shard.
//!
//! What belongs together stays together, in order: objects that name the same identifier, lead to the same profile, or
//! lead to profiles that share an identifier. So the parts do not see each other's writes, and it does not matter which
//! comes first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{named_by, track_keys};
use crate::{Alias, Attributes, Body, Buckets, Change, Item, Key, Keys, Loaded, Profile, ProfileId, Target};

/// Items of a batch that are decided together.
#[derive(Clone, Debug, Default)]
pub struct TrackPart {
    /// The items, in the order of the batch.
    pub items: Vec<Item>,
    /// The place of each in the batch.
    pub places: Vec<usize>,
}

impl TrackPart {
    /// The whole batch.
    #[must_use]
    pub fn whole(items: Vec<Item>) -> Self {
        Self { places: (0..items.len()).collect(), items }
    }
}

/// What must be loaded to take a batch apart: whom it names.
#[must_use]
pub fn spread_keys(items: &[Item]) -> Keys {
    let Keys { identifiers, profiles, .. } = track_keys(items);
    Keys { identifiers, profiles, ..Keys::default() }
}

/// Takes a batch apart: a part for each bucket, and last one of everything that writes to several.
///
/// A guess, on what was read a moment before: a part that turns out to write elsewhere too is as right, only slower.
#[must_use]
pub fn spread_track(items: Vec<Item>, loaded: &Loaded, buckets: Buckets) -> Vec<TrackPart> {
    let mut groups = Groups::new(items.len());
    for (place, item) in items.iter().enumerate() {
        for thing in things(item, loaded) {
            groups.join(place, thing);
        }
    }
    let mut written = BTreeMap::<usize, BTreeSet<u8>>::new();
    for (place, item) in items.iter().enumerate() {
        written.entry(groups.first(place)).or_default().extend(buckets_written(item, loaded, buckets));
    }
    // What is in several buckets comes last, in a part of its own.
    let mut parts = BTreeMap::<u8, TrackPart>::new();
    for (place, item) in items.into_iter().enumerate() {
        let written = &written[&groups.first(place)];
        let bucket = match (written.first(), written.len()) {
            (Some(only), 1) => *only,
            _ => u8::MAX,
        };
        let part = parts.entry(bucket).or_default();
        part.items.push(item);
        part.places.push(place);
    }
    parts.into_values().collect()
}

/// By what an object may meet another.
#[derive(PartialEq, Eq, Hash)]
enum Thing {
    Key(Key),
    Profile(ProfileId),
}

fn things(item: &Item, loaded: &Loaded) -> Vec<Thing> {
    let mut keys: Vec<Key> = named_by(&item.target).into_iter().collect();
    if let Target::Alias(alias) = &item.target {
        keys.extend(alias.as_line_id().as_ref().map(Key::line_id));
    }
    if let Body::Attributes(attributes) = &item.body {
        keys.extend(attributes.email.as_ref().and_then(Change::value).map(Key::email));
        keys.extend(attributes.phone.as_ref().and_then(Change::value).and_then(Key::phone));
        if let Some(line_id) = attributes.line_id.as_ref().and_then(Change::value) {
            keys.extend([Key::line_id(line_id), Key::alias(&Alias::line(line_id))]);
        }
    }
    let mut things = Vec::new();
    for profile in found(item, loaded) {
        keys.extend(profile.keys());
        things.push(Thing::Profile(profile.id));
    }
    things.extend(keys.into_iter().map(Thing::Key));
    things
}

/// Whom an object may lead to.
fn found<'l>(item: &Item, loaded: &'l Loaded) -> Vec<&'l Profile> {
    let named = match &item.target {
        Target::BrazeId(id) => *id,
        _ => None,
    };
    let holders = named_by(&item.target).and_then(|key| loaded.holders.get(&key));
    let ids = named.into_iter().chain(holders.into_iter().flatten().copied());
    ids.filter_map(|id| loaded.profiles.get(&id).map(std::sync::Arc::as_ref)).collect()
}

/// The buckets an object will write to.
fn buckets_written(item: &Item, loaded: &Loaded, buckets: Buckets) -> BTreeSet<u8> {
    let of = |key: Key| buckets.of(key.value.as_bytes());
    let found = found(item, loaded);
    let mut written: BTreeSet<u8> = found.iter().map(|profile| profile.id.bucket()).collect();
    if found.is_empty() {
        written.extend(item.target.key().map(of));
    }
    match &item.body {
        Body::Attributes(attributes) => {
            written.extend(keys_written(attributes, &item.target, &found).into_iter().map(of));
        }
        // What happened to a merged side stays with it.
        Body::Event(_) | Body::Purchase(_) => {
            written.extend(found.iter().flat_map(|profile| profile.sides()).map(ProfileId::bucket));
        }
    }
    written
}

/// Look-up rows that come or go, and addresses whose states are set.
fn keys_written(attributes: &Attributes, target: &Target, found: &[&Profile]) -> BTreeSet<Key> {
    let mut written = BTreeSet::new();
    let mut shift = |new: Option<Option<Key>>, old: fn(&Profile) -> Option<Key>| {
        let Some(new) = new else { return };
        if found.is_empty() {
            written.extend(new.clone());
        }
        for profile in found {
            let old = old(profile);
            if old != new {
                written.extend(old.into_iter().chain(new.clone()));
            }
        }
    };
    let email = |profile: &Profile| profile.email.as_ref().map(Key::email);
    let phone = |profile: &Profile| profile.phone.as_ref().and_then(Key::phone);
    let line_id = |profile: &Profile| profile.line_id.as_ref().map(Key::line_id);
    shift(attributes.email.as_ref().map(|change| change.value().map(Key::email)), email);
    shift(attributes.phone.as_ref().map(|change| change.value().and_then(Key::phone)), phone);
    shift(attributes.line_id.as_ref().map(|change| change.value().map(Key::line_id)), line_id);
    if attributes.email_subscribe.is_some() || !attributes.groups.is_empty() {
        let named = [
            attributes.email.as_ref().and_then(Change::value).map(Key::email),
            attributes.phone.as_ref().and_then(Change::value).and_then(Key::phone),
            matches!(target, Target::Email(_) | Target::Phone(_)).then(|| target.key()).flatten(),
        ];
        written.extend(named.into_iter().flatten());
        written.extend(found.iter().flat_map(|profile| email(profile).into_iter().chain(phone(profile))));
    }
    written
}

/// Items that meet, each group known by its first item.
struct Groups {
    before: Vec<usize>,
    known: HashMap<Thing, usize>,
}

impl Groups {
    fn new(items: usize) -> Self {
        Self { before: (0..items).collect(), known: HashMap::new() }
    }

    /// The first item of the group that an item is in.
    fn first(&self, mut item: usize) -> usize {
        while self.before[item] != item {
            item = self.before[item];
        }
        item
    }

    fn join(&mut self, item: usize, thing: Thing) {
        let other = *self.known.entry(thing).or_insert(item);
        let (left, right) = (self.first(item), self.first(other));
        self.before[left.max(right)] = left.min(right);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::shelf::Shelf;
    use crate::{Config, WorkspaceId, parse_track};

    fn read(body: Value) -> Vec<Item> {
        parse_track(body, &Config::default(), WorkspaceId(1)).unwrap().items
    }

    fn load(shelf: &mut Shelf, items: &[Item]) -> Loaded {
        shelf.ask(spread_keys(items), |found, _| (crate::Decision::Nothing, found.clone())).1
    }

    fn parts(shelf: &mut Shelf, body: Value, buckets: u8) -> Vec<Vec<usize>> {
        let items = read(body);
        let loaded = load(shelf, &items);
        let parts = spread_track(items, &loaded, Buckets::new(buckets).unwrap());
        parts.into_iter().map(|part| part.places).collect()
    }

    fn bucket(value: &str) -> u8 {
        Buckets::new(8).unwrap().of(value.as_bytes())
    }

    /// Two external ids in different buckets.
    fn two() -> [String; 2] {
        let mut names = (0..100).map(|number| format!("customer-{number}"));
        let first = names.next().unwrap();
        let second = names.find(|name| bucket(name) != bucket(&first)).unwrap();
        [first, second]
    }

    #[test]
    fn each_person_goes_to_the_bucket_of_its_identifier_in_the_order_of_the_batch() {
        let [a, b] = two();
        let of = |id: &str| json!({"external_id": id, "n": 1});
        let body = json!({"attributes": [of(&a), of(&b), of(&a), of(&b)]});
        let mut expected = [(bucket(&a), vec![0, 2]), (bucket(&b), vec![1, 3])];
        expected.sort();
        let expected: Vec<_> = expected.into_iter().map(|(_, places)| places).collect();
        assert_eq!(parts(&mut Shelf::new(), body.clone(), 8), expected);
        assert_eq!(parts(&mut Shelf::new(), body, 1), [[0, 1, 2, 3]]);
    }

    #[test]
    fn who_shares_a_value_stays_together_and_goes_last() {
        let [a, b] = two();
        let body = json!({"attributes": [
            {"external_id": b, "email": "family@example.com"},
            {"external_id": "alone"},
            {"external_id": a, "email": "family@example.com"},
        ]});
        assert_eq!(parts(&mut Shelf::new(), body, 8), [vec![1], vec![0, 2]]);
    }

    /// An alias and an external id of one profile, which the batch alone does not show.
    #[test]
    fn names_of_one_profile_stay_together() {
        let [a, b] = two();
        let mut shelf = Shelf::new();
        let id = shelf.user(&a);
        let mut profile = (*shelf.profiles[&id]).clone();
        profile.aliases = vec![crate::shelf::alias("web", &b)];
        shelf.profiles.insert(id, profile.into());
        let body = json!({"attributes": [
            {"external_id": a, "n": 1},
            {"user_alias": {"alias_label": "web", "alias_name": b}, "n": 2},
            {"external_id": a, "n": 3},
        ]});
        assert_eq!(parts(&mut shelf, body, 8), [[0, 1, 2]]);
    }

    /// An email that is sent again as it is stored writes no look-up row.
    #[test]
    fn what_stays_as_it_is_keeps_a_person_in_one_bucket() {
        let mut shelf = Shelf::new();
        shelf.put(|profile| {
            profile.external_id = Some("a".into());
            profile.email = crate::Email::parse("elsewhere@example.com");
        });
        let same = json!({"external_id": "a", "email": "Elsewhere@example.com", "n": 1});
        let other = json!({"external_id": "a", "email_subscribe": "unsubscribed"});
        let items = |object: Value| read(json!({"attributes": [object]}));
        let loaded = load(&mut shelf, &items(same.clone()));
        let eight = Buckets::new(8).unwrap();
        let written = |object: Value| buckets_written(&items(object)[0], &loaded, eight);
        // Profiles of a shelf are in bucket 0.
        assert_eq!(written(same), BTreeSet::from([0]));
        assert_eq!(written(other), BTreeSet::from([0, bucket("elsewhere@example.com")]));
    }
}
