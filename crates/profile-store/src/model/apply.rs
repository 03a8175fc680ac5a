//! Applying to memory what [`super::check`] found acceptable.

use std::collections::BTreeSet;
use std::sync::Arc;

use profile_model::{
    ChangeSet, Config, ConfigChange, ConsentOf, DuplicatesState, Erasure, ImportState, InboxState,
    JournalEntry, Lease, LineUserId, LoggedWrite, MergeRecord, MergedSide, Profile, ProfileId, SyncState,
    Timestamp, WorkspaceId,
};

use super::check::check;
use super::{State, World};
use crate::{Expired, Fault, Job, JobKind};

pub(super) fn apply(state: &mut State, workspace: WorkspaceId, change: &ChangeSet) -> Result<(), Fault> {
    let world = state.worlds.entry(workspace).or_default();
    check(world, change)?;
    for (key, id) in &change.released {
        let mut holders = world.holders(key);
        holders.remove(id);
        match holders.is_empty() {
            true => drop(world.identifiers.remove(key)),
            false => drop(world.identifiers.insert(key.clone(), holders)),
        }
    }
    for profile in &change.restored {
        world.retired.remove(&profile.id);
    }
    let written = change.updated.iter().chain(&change.created).chain(&change.restored);
    world.profiles.extend(written.map(|profile| (profile.id, Arc::clone(profile))));
    let told = told_of(world, &change.erasures);
    forget_line_ids(world, &told);
    for erasure in &change.erasures {
        erase(world, erasure);
    }
    for (key, id) in &change.claimed {
        world.identifiers.entry(key.clone()).or_default().insert(*id);
    }
    for (id, _) in &change.retired {
        world.profiles.remove(id);
        world.retired.insert(*id);
    }
    forget_carried(world, &told, &change.erasures);
    world.ledger.extend(change.ledger.iter().map(|row| (row.mark, row.clone())));
    for row in world.ledger.values_mut().filter(|row| change.lifted.contains(&row.erasure)) {
        row.suppressed = false;
    }
    world.events.extend(change.events.iter().cloned());
    world.purchases.extend(change.purchases.iter().cloned());
    world.summaries.extend(change.summaries.iter().cloned());
    for (address, of) in &change.address_states_removed {
        world.states.remove(&(address.clone(), *of));
    }
    for row in &change.address_states {
        world.states.insert((row.address.clone(), row.of), row.clone());
    }
    for row in &change.friendships {
        world.friendships.insert((row.user.clone(), row.channel.clone()), row.clone());
    }
    world.inbox.extend(change.inbox.iter().map(|row| (row.key.clone(), row.clone())));
    for (key, to, note) in &change.inbox_settled {
        if let Some(row) = world.inbox.get_mut(key) {
            row.state = *to;
            row.note.clone_from(note);
        }
    }
    for key in &change.inbox_emptied {
        if let Some(row) = world.inbox.get_mut(key) {
            row.user = None;
            row.body = serde_json::value::RawValue::NULL.to_owned();
        }
    }
    world.journal.extend(change.journal.iter().cloned());
    world.consents.extend(change.consents.iter().cloned());
    world.merges.extend(change.merges.iter().map(|record| (record.id, record.clone())));
    for (survivor, since) in &change.merge_log_cleared {
        world.merge_log.retain(|write| write.survivor != *survivor || write.at < *since);
    }
    world.merge_log.extend(change.merge_log.iter().cloned());
    world.never_same.retain(|pair| !change.never_same_lifted.contains(pair));
    world.never_same.extend(change.never_same.iter().copied());
    world.parked.retain(|key, _| !change.unparked.contains(key));
    world.parked.extend(change.parked.iter().map(|group| (group.key.clone(), group.clone())));
    for named in &change.names {
        let name = (named.kind, std::sync::Arc::clone(&named.name));
        world.names.entry(name).or_insert(named.data_type);
    }
    if let Some((answer, since)) = &change.answer {
        world.answers.retain(|_, kept| kept.at >= *since);
        world.answers.insert(answer.key, answer.clone());
    }
    if let Some(run) = &change.sync {
        world.syncs.entry(run.id).or_insert_with(|| (run.clone(), None)).0 = run.clone();
    }
    if let Some(run) = &change.duplicates {
        world.duplicates.entry(run.id).or_insert_with(|| (run.clone(), None)).0 = run.clone();
    }
    if let Some(run) = &change.import {
        world.imports.entry(run.id).or_insert_with(|| (run.clone(), None)).0 = run.clone();
        world.issues.entry(run.id).or_default().extend(change.import_issues.iter().cloned());
    }
    apply_config(&mut state.config, &change.config);
    Ok(())
}

fn erase(world: &mut World, erasure: &Erasure) {
    let gone = |id: &ProfileId| erasure.sides.contains(id);
    world.profiles.remove(&erasure.profile);
    world.retired.retain(|id| !gone(id));
    world.events.retain(|row| !gone(&row.profile));
    world.purchases.retain(|row| !gone(&row.profile));
    world.summaries.retain(|key, _| !gone(&key.profile));
    world.journal.retain(|entry| !gone(&entry.profile));
    for entry in world.journal.iter_mut().filter(|entry| entry.other.as_ref().is_some_and(gone)) {
        empty(entry);
    }
    let names = |record: &MergeRecord| {
        [Some(record.kept), Some(record.removed), record.kept_apart].iter().flatten().any(gone)
    };
    for record in world.merges.values_mut().filter(|record| names(record)) {
        record.kept_image = None;
        record.removed_image = None;
        record.states.clear();
        record.erased = true;
    }
    world.merge_log.retain(|write| !gone(&write.survivor));
    world.never_same.retain(|(low, high)| !gone(low) && !gone(high));
    world.parked.retain(|key, _| !erasure.keys.contains(key));
    world.consents.retain(|consent| match &consent.whose {
        ConsentOf::Profile(id) => !gone(id),
        ConsentOf::Address(address) => !erasure
            .keys
            .iter()
            .any(|key| key.kind as u8 == address.kind as u8 && *key.value == *address.value),
    });
    world.friendships.retain(|(user, _), _| !erasure.line_users.contains(user));
    for row in world.inbox.values_mut() {
        let of_others = match row.kind.as_str() {
            "memberJoined" | "memberLeft" => true,
            "message" => row.body.get().contains("\"mentionees\""),
            _ => false,
        };
        let is_theirs = row.user.as_ref().is_some_and(|user| erasure.line_users.contains(user));
        let names = |user: &LineUserId| of_others && row.body.get().contains(user.as_str());
        if is_theirs || erasure.line_users.iter().any(names) {
            // Somebody else's message that mentions them stays that person's.
            row.user = row.user.take().filter(|_| !is_theirs);
            row.body = serde_json::value::RawValue::NULL.to_owned();
            row.note = Some("erased".to_owned());
            row.state = InboxState::Kept;
        }
    }
    for issues in world.issues.values_mut() {
        let names = |cell: &String| erasure.texts.contains(&cell.trim().to_lowercase());
        issues.retain(|issue| !issue.cells.iter().any(names));
    }
}

/// Empties what others keep of the erased LINE IDs that they once had: entries, images and logged writes.
fn forget_line_ids(world: &mut World, told: &Told) {
    for (who, user) in told {
        let tells = |text: String| text.contains(user.as_str());
        for entry in world.journal.iter_mut().filter(|entry| entry.profile == *who) {
            if tells(entry.detail.to_string()) {
                empty(entry);
            }
        }
        for record in world.merges.values_mut() {
            let theirs = record.kept == *who || record.removed == *who;
            let images = [&record.kept_image, &record.removed_image].into_iter().flatten();
            if theirs && images.map(|image| image.to_image()).any(tells) {
                record.kept_image = None;
                record.removed_image = None;
                record.states.clear();
                record.erased = true;
            }
        }
        world.merge_log.retain(|write| {
            write.survivor != *who || !tells(serde_json::to_string(write).unwrap_or_default())
        });
    }
}

/// Profiles that are told of with a LINE ID that is erased.
type Told = BTreeSet<(ProfileId, LineUserId)>;

/// Whose journal says that they had one of the LINE IDs before, or names one of the erased. Of all erasures and LINE IDs
/// before anything is forgotten: forgetting the one must not hide who tells of the other.
fn told_of(world: &World, erasures: &[Erasure]) -> Told {
    let mut told = Told::new();
    for (erasure, user) in
        erasures.iter().flat_map(|erasure| erasure.line_users.iter().map(move |user| (erasure, user)))
    {
        let is_about = |entry: &&JournalEntry| {
            entry.other.is_some_and(|other| erasure.sides.contains(&other))
                || entry.detail["before"].as_str() == Some(user.as_str())
        };
        told.extend(world.journal.iter().filter(is_about).map(|entry| (entry.profile, user.clone())));
    }
    told
}

/// Takes the LINE IDs out of what merged profiles are known by on their survivors' rows.
fn forget_carried(world: &mut World, told: &Told, erasures: &[Erasure]) {
    let users: Vec<LineUserId> =
        erasures.iter().flat_map(|erasure| erasure.line_users.iter().cloned()).collect();
    let who: BTreeSet<_> = told.iter().map(|(profile, _)| *profile).collect();
    for profile in world.profiles.values_mut() {
        if profile.sides().any(|side| who.contains(&side)) {
            let mut row = Profile::clone(profile);
            if MergedSide::forget_line_ids(&mut row.merged, &users) {
                row.version += 1;
                *profile = Arc::new(row);
            }
        }
    }
}

fn empty(entry: &mut JournalEntry) {
    entry.other = None;
    entry.detail = serde_json::json!({"erased": true});
}

/// Takes images of merges that are over, oldest first, and the log that only they needed.
pub(super) fn expire(state: &mut State, now: Timestamp, limit: usize) -> Expired {
    let mut over: Vec<&mut MergeRecord> = state
        .worlds
        .values_mut()
        .flat_map(|world| world.merges.values_mut())
        .filter(|record| record.kept_image.is_some() && record.undo_until <= now)
        .collect();
    over.sort_by_key(|record| (record.undo_until, record.id));
    over.truncate(limit);
    let merges = over.len() as u64;
    for record in over {
        record.kept_image = None;
        record.removed_image = None;
        record.states.clear();
    }
    let mut writes = 0;
    for world in state.worlds.values_mut() {
        let live: Vec<_> = world.merges.values().filter(|record| record.kept_image.is_some()).collect();
        let needed = |write: &LoggedWrite| {
            live.iter().any(|record| record.kept == write.survivor && record.at <= write.at)
        };
        let before = world.merge_log.len();
        world.merge_log.retain(needed);
        writes += (before - world.merge_log.len()) as u64;
    }
    Expired { merges, writes }
}

fn apply_config(config: &mut Config, changes: &[ConfigChange]) {
    for change in changes {
        match change.clone() {
            ConfigChange::PutWorkspace(row) => {
                let known = config.workspaces.get(&row.id);
                let has_erasures = row.has_erasures || known.is_some_and(|known| known.has_erasures);
                // For life.
                let buckets = known.map_or(row.buckets, |known| known.buckets);
                config.workspaces.insert(row.id, profile_model::Workspace { has_erasures, buckets, ..row });
            }
            ConfigChange::NoteErasures(id) => {
                if let Some(workspace) = config.workspaces.get_mut(&id) {
                    workspace.has_erasures = true;
                }
            }
            ConfigChange::PutKey(row) => drop(config.keys.insert(row.id, row)),
            ConfigChange::PutGroup(row) => drop(config.groups.insert(row.id, row)),
            ConfigChange::PutChannel(row) => drop(config.channels.insert(row.id.clone(), row)),
            ConfigChange::RemoveChannel(id) => drop(config.channels.remove(&id)),
        }
    }
    config.revision += u64::from(!changes.is_empty());
}

/// Takes leases: own ones first, then free or ended ones, oldest first.
pub(super) fn claim(
    state: &mut State,
    kind: JobKind,
    lease: &Lease,
    now: Timestamp,
    limit: usize,
) -> Vec<Job> {
    let free = |held: &Option<Lease>| held.as_ref().is_none_or(|held| held.until <= now);
    let own = |held: &Option<Lease>| held.as_ref().is_some_and(|held| held.owner == lease.owner);
    let mut jobs = Vec::new();
    for (workspace, world) in &mut state.worlds {
        match kind {
            JobKind::Sync => jobs.extend(world.syncs.values_mut().filter_map(|(run, held)| {
                let open = run.state == SyncState::Running && (free(held) || own(held));
                open.then(|| (!own(held), run.started_at, Job::Sync(*workspace, run.clone()), held))
            })),
            JobKind::Import => jobs.extend(world.imports.values_mut().filter_map(|(run, held)| {
                let open = run.state == ImportState::InProgress && (free(held) || own(held));
                open.then(|| (!own(held), run.started_at, Job::Import(*workspace, run.clone()), held))
            })),
            JobKind::Duplicates => jobs.extend(world.duplicates.values_mut().filter_map(|(run, held)| {
                let open = run.state == DuplicatesState::Running && (free(held) || own(held));
                open.then(|| (!own(held), run.started_at, Job::Duplicates(*workspace, run.clone()), held))
            })),
        }
    }
    jobs.sort_by_key(|(foreign, started, ..)| (*foreign, *started));
    jobs.truncate(limit);
    jobs.into_iter()
        .map(|(_, _, job, held)| {
            *held = Some(lease.clone());
            job
        })
        .collect()
}

pub(super) fn release(state: &mut State, owner: &str) {
    for world in state.worlds.values_mut() {
        let leases = world.syncs.values_mut().map(|(_, held)| held);
        let leases = leases.chain(world.imports.values_mut().map(|(_, held)| held));
        for held in leases.chain(world.duplicates.values_mut().map(|(_, held)| held)) {
            if held.as_ref().is_some_and(|held| held.owner == owner) {
                *held = None;
            }
        }
    }
}
