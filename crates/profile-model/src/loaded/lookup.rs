//! Look-ups that a backend may answer together, and each one's part of the common answer.

use std::sync::Arc;

use crate::{Address, AddressKind, Key, Keys, Loaded, Profile, ProfileId};

impl Keys {
    /// Whether only profiles are asked for, by identifier, id or LINE user, with or without their views. Such reads of
    /// one workspace can be joined into one.
    #[must_use]
    pub fn is_lookup(&self) -> bool {
        let Self { identifiers, profiles, line_users, views, .. } = self;
        let only = Self {
            identifiers: identifiers.clone(),
            profiles: profiles.clone(),
            line_users: line_users.clone(),
            views: *views,
            ..Self::default()
        };
        *self == only
    }

    /// Asks for what another look-up asks for too.
    pub fn join(&mut self, other: &Self) {
        self.identifiers.extend_from_slice(&other.identifiers);
        self.profiles.extend_from_slice(&other.profiles);
        self.line_users.extend_from_slice(&other.line_users);
        self.views |= other.views;
    }
}

impl Loaded {
    /// Whom an id leads to: its profile, or the survivor of the merge that took it (`MID`).
    #[must_use]
    pub fn person(&self, id: ProfileId) -> Option<&Arc<Profile>> {
        let survivor = || self.holders.get(&Key::merged(id)).and_then(|holders| holders.first());
        self.profiles.get(&id).or_else(|| self.profiles.get(survivor()?))
    }

    /// What these keys of a look-up ask for, of an answer to several.
    #[must_use]
    pub fn part(&self, keys: &Keys) -> Self {
        let mut part = Self::default();
        for key in &keys.identifiers {
            let holders = self.holders.get(key).cloned().unwrap_or_default();
            part.profiles
                .extend(holders.iter().filter_map(|id| Some((*id, Arc::clone(self.profiles.get(id)?)))));
            part.holders.insert(key.clone(), holders);
        }
        for id in &keys.profiles {
            part.profiles.extend(self.profiles.get(id).map(|profile| (*id, Arc::clone(profile))));
        }
        let mut users = keys.line_users.clone();
        if keys.views {
            for profile in part.profiles.values() {
                let address = profile.email_address();
                part.addresses
                    .extend(address.and_then(|of| Some((of.clone(), self.addresses.get(&of)?.clone()))));
                users.extend(profile.line_id.clone());
                for side in profile.sides() {
                    // They are in order of their keys, and the profile leads those.
                    let from = self.all_summaries.partition_point(|(key, _)| key.profile < side);
                    let own = self.all_summaries.iter().skip(from);
                    part.all_summaries.extend(own.take_while(|(key, _)| key.profile == side).cloned());
                }
            }
            part.all_summaries.sort_by(|left, right| left.0.cmp(&right.0));
        }
        for user in users {
            if let Some(known) = self.friendships.get(&user) {
                part.friendships.entry(user).or_insert_with(|| known.clone());
            }
        }
        part.mark_asked(keys);
        part
    }
}

impl Profile {
    /// The address that the states of its email are stored by.
    #[must_use]
    pub fn email_address(&self) -> Option<Address> {
        self.email.as_ref().map(|email| Address { kind: AddressKind::Email, value: email.key.clone() })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Key, ProfileId, Timestamp};

    use super::*;

    fn asks(key: &Key) -> Keys {
        Keys { identifiers: vec![key.clone()], views: true, ..Keys::default() }
    }

    #[test]
    fn only_reads_of_profiles_are_look_ups() {
        assert!(asks(&Key::external_id("a")).is_lookup());
        assert!(!Keys { config: true, ..asks(&Key::external_id("a")) }.is_lookup());
    }

    /// A caller never sees what another one asked for.
    #[test]
    fn a_part_holds_what_was_asked_for_and_nothing_else() {
        let [one, two] = [Key::external_id("one"), Key::external_id("two")];
        let mut keys = asks(&one);
        keys.join(&asks(&two));
        let mut loaded = Loaded::default();
        for (number, key) in keys.identifiers.iter().enumerate() {
            let id = ProfileId::from_bytes([u8::try_from(number).unwrap(); 16]);
            loaded.holders.insert(key.clone(), vec![id]);
            loaded.profiles.insert(id, Arc::new(Profile::new(id, Timestamp::from_micros(0))));
        }
        let part = loaded.part(&asks(&two));
        assert_eq!(part.profiles.len(), 1);
        assert_eq!(part.holders.keys().collect::<Vec<_>>(), [&two]);
        assert_eq!(part.holders[&two], loaded.holders[&two]);
        let nobody = Key::external_id("three");
        assert_eq!(loaded.part(&asks(&nobody)).holders[&nobody], []);
    }
}
