//! Loading from memory.

use std::sync::Arc;

use profile_model::{Address, ChannelId, Keys, LineUserId, Loaded, Parked, StateOf, SummaryKey, WorkspaceId};

use super::{State, World};

pub(super) fn load(state: &State, workspace: WorkspaceId, keys: &Keys) -> Loaded {
    let mut loaded = Loaded::default();
    let empty = World::default();
    let world = state.worlds.get(&workspace).unwrap_or(&empty);
    for key in &keys.identifiers {
        let holders: Vec<_> = world.identifiers.get(key).into_iter().flatten().copied().collect();
        for id in &holders {
            loaded.profiles.extend(world.profiles.get(id).map(|profile| (*id, Arc::clone(profile))));
        }
        loaded.holders.insert(key.clone(), holders);
    }
    for id in &keys.profiles {
        loaded.profiles.extend(world.profiles.get(id).map(|profile| (*id, Arc::clone(profile))));
    }
    for address in &keys.addresses {
        load_address(world, address, &mut loaded);
    }
    for user in &keys.line_users {
        load_friendships(world, user, &mut loaded);
    }
    let of_holders = keys.summaries_of_holders.iter().flat_map(|(key, of, name)| {
        let holders = world.identifiers.get(key).into_iter().flatten();
        holders.map(|profile| SummaryKey { profile: *profile, of: *of, name: Arc::clone(name) })
    });
    for key in of_holders.chain(keys.summaries.iter().cloned()) {
        let summary = world.summaries.get(&key).cloned();
        loaded.summaries.insert(key, summary);
    }
    if keys.views {
        load_views(world, &mut loaded);
    }
    for key in &keys.inbox {
        loaded.inbox.insert(key.clone(), world.inbox.get(key).map(|row| row.state));
    }
    loaded.answer = keys.answer.and_then(|key| world.answers.get(&key).cloned());
    for id in &keys.merges {
        loaded.merges.insert(*id, world.merges.get(id).cloned());
    }
    for record in world.merges.values() {
        if keys.merges_of.contains(&record.kept) || keys.merges_of.contains(&record.removed) {
            loaded.merges.insert(record.id, Some(record.clone()));
        }
    }
    for id in &keys.merge_log {
        let mut writes: Vec<_> =
            world.merge_log.iter().filter(|write| write.survivor == *id).cloned().collect();
        writes.sort_by_key(|write| write.at);
        loaded.merge_log.insert(*id, writes);
    }
    for (left, right) in &world.never_same {
        for (id, other) in [(left, right), (right, left)] {
            if keys.never_same.contains(id) {
                loaded.never_same.entry(*id).or_default().insert(*other);
            }
        }
    }
    for key in &keys.parked {
        loaded.parked.insert(key.clone(), world.parked.get(key).cloned());
    }
    let named = |group: &Parked| group.members.iter().any(|member| keys.parked_with.contains(member));
    let waiting = world.parked.iter().filter(|(_, group)| named(group));
    loaded.parked.extend(waiting.map(|(key, group)| (key.clone(), Some(group.clone()))));
    loaded.sync = keys.sync.and_then(|id| world.syncs.get(&id)).map(|(run, _)| run.clone());
    if let Some(channel) = &keys.sync_of {
        let of_channel = world.syncs.values().map(|(run, _)| run).filter(|run| run.channel == *channel);
        loaded.sync = of_channel.max_by_key(|run| (run.started_at, run.id)).cloned();
    }
    for mark in &keys.ledger {
        loaded.ledger.insert(*mark, world.ledger.get(mark).cloned());
    }
    loaded.duplicates = keys.duplicates.and_then(|id| world.duplicates.get(&id)).map(|(run, _)| run.clone());
    loaded.import = keys.import.and_then(|id| world.imports.get(&id)).map(|(run, _)| run.clone());
    loaded.config = keys.config.then(|| Arc::new(state.config.clone()));
    loaded.mark_asked(keys);
    loaded
}

fn load_address(world: &World, address: &Address, loaded: &mut Loaded) {
    let from = world.states.range((address.clone(), StateOf::Global)..);
    let states = from.take_while(|((of, _), _)| of == address);
    loaded.addresses.insert(address.clone(), states.map(|(_, state)| state.clone()).collect());
}

fn load_friendships(world: &World, user: &LineUserId, loaded: &mut Loaded) {
    let from = world.friendships.range((user.clone(), ChannelId(String::new()))..);
    let known = from.take_while(|((of, _), _)| of == user);
    let by_channel = known.map(|((_, channel), friendship)| (channel.clone(), friendship.clone()));
    loaded.friendships.insert(user.clone(), by_channel.collect());
}

/// What the profiles found are read through.
fn load_views(world: &World, loaded: &mut Loaded) {
    let profiles: Vec<_> = loaded.profiles.values().cloned().collect();
    let mut sides = Vec::new();
    for profile in profiles {
        if let Some(address) = profile.email_address() {
            load_address(world, &address, loaded);
        }
        if let Some(user) = &profile.line_id {
            load_friendships(world, user, loaded);
        }
        sides.extend(profile.sides());
    }
    let own = world.summaries.iter().filter(|(key, _)| sides.contains(&key.profile));
    loaded.all_summaries = own.map(|(key, summary)| (key.clone(), summary.clone())).collect();
}
