//! Applying a change set: one statement per non-empty kind of row, per 500 rows, in one order.

use std::collections::HashMap;

use profile_model::{ChangeSet, Key, ProfileId, Source, StateOf, WorkspaceId};
use profile_store::{Fault, Retry};

use crate::catalogue::KnownNames;
use crate::fault::UnitFault;
use crate::load::address_kind;
use crate::rows::bind_profile;
use crate::statement::{Bound, Counted, MAX_ROWS, SetStatement};

mod consents;
mod erasure;
mod joins;
mod line;
mod occurrences;

static RELEASE: SetStatement = SetStatement {
    text: "-- release_identifiers\nDELETE FROM identifiers WHERE (sk, kind, label, value, tie) IN \
           (SELECT column1, column2, column3, column4, column5 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 5,
};

static CLAIM: SetStatement = SetStatement {
    text: "-- claim_identifiers\nINSERT INTO identifiers (sk, kind, label, value, tie, pid) \
           SELECT column1, column2, column3, column4, column5, column6 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL",
    columns: 6,
};

static UPDATE: SetStatement = SetStatement {
    text: "-- update_profiles\nUPDATE profiles SET external_id = v.column3, former_ids = v.column4, \
           aliases = v.column5, email = v.column6, phone = v.column7, phone_e164 = v.column8, \
           native_line_id = v.column9, fields = v.column10, attributes = v.column11, own_states = v.column12, \
           created_at = v.column13, updated_at = v.column14, version = v.column15, merged = v.column16, \
           origin = v.column17 \
           FROM (VALUES {rows}) v WHERE profiles.pid = v.column1 AND profiles.version = v.column15 - 1",
    columns: crate::rows::COUNT,
};

static CREATE: SetStatement = SetStatement {
    text: "-- create_profiles\nINSERT INTO profiles (sk, pid, id, external_id, former_ids, aliases, email, phone, \
           phone_e164, native_line_id, fields, attributes, own_states, created_at, updated_at, version, merged, origin) \
           SELECT ?, column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, \
           column11, column12, column13, column14, column15, column16, column17 FROM (VALUES {rows}) WHERE column1 IS NOT NULL",
    columns: crate::rows::COUNT,
};

static ADDRESSES: SetStatement = SetStatement {
    text: "-- put_address_states\nINSERT INTO address_states (sk, kind, value, group_id, state, changed_at) \
           SELECT column1, column2, column3, column4, column5, column6 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL ON CONFLICT DO UPDATE SET state = excluded.state, \
           changed_at = excluded.changed_at",
    columns: 6,
};

static ADDRESSES_REMOVED: SetStatement = SetStatement {
    text: "-- remove_address_states\nDELETE FROM address_states WHERE (sk, kind, value, group_id) IN \
           (SELECT column1, column2, column3, column4 FROM (VALUES {rows}) WHERE column1 IS NOT NULL)",
    columns: 4,
};

static JOURNAL: SetStatement = SetStatement {
    text: "-- append_journal\nINSERT INTO journal (sk, profile, at, kind, actor, other, detail) \
           SELECT column1, column2, column3, column4, column5, column6, column7 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL",
    columns: 7,
};

/// The integer keys of profiles: of those loaded, and of those made now.
pub(crate) struct Pids<'a> {
    pub(crate) known: &'a HashMap<ProfileId, i64>,
    pub(crate) made: HashMap<ProfileId, i64>,
}

impl Pids<'_> {
    pub(crate) fn of(&self, id: ProfileId) -> Result<i64, Fault> {
        let pid = self.made.get(&id).or_else(|| self.known.get(&id)).copied();
        pid.ok_or_else(|| Fault::Internal("a change names a profile that was not loaded".into()))
    }
}

/// What the writer knows ahead of its statements.
#[derive(Default)]
pub(crate) struct Ahead {
    /// The next free integer key.
    pub(crate) next_pid: i64,
    pub(crate) names: KnownNames,
}

/// Whether [`apply`] executes one statement: profiles that exist get new rows, and that is all.
pub(crate) fn is_one_statement(change: &ChangeSet) -> bool {
    change.is_updates_only() && change.updated.len() <= MAX_ROWS
}

/// Applies a change set.
pub(crate) async fn apply(
    counted: &mut Counted<'_>,
    workspace: WorkspaceId,
    change: &ChangeSet,
    known: &HashMap<ProfileId, i64>,
    ahead: &mut Ahead,
) -> Result<(), UnitFault> {
    let sk = workspace.shard_key(0);
    let first = ahead.next_pid;
    let made = change.created.iter().zip(first..).map(|(profile, pid)| (profile.id, pid)).collect();
    let pids = Pids { known, made };
    release(counted, sk, &change.released, &pids).await?;
    update(counted, change, &pids).await?;
    create(counted, sk, &change.created, &pids).await?;
    joins::restore(counted, sk, change, &pids).await?;
    let told = erasure::erase(counted, sk, change, &pids).await?;
    claim(counted, sk, &change.claimed, &pids).await?;
    joins::retire(counted, sk, change, &pids).await?;
    erasure::forget_carried(counted, sk, &change.erasures, &told).await?;
    occurrences::append(counted, change, &pids).await?;
    address_states(counted, sk, change).await?;
    consents::append(counted, sk, change).await?;
    line::put(counted, sk, change).await?;
    joins::put(counted, sk, change).await?;
    journal(counted, sk, change).await?;
    crate::jobs::put(counted, sk, change).await?;
    crate::config::put(counted, &change.config).await?;
    crate::answers::put(counted, sk, change).await?;
    ahead.names.put(counted, sk, &change.names).await?;
    ahead.next_pid = first + i64::try_from(change.created.len()).unwrap_or(0);
    Ok(())
}

/// Binds `rows` to `statement` chunk by chunk; the number of affected rows.
pub(crate) async fn run<R>(
    counted: &mut Counted<'_>,
    statement: &'static SetStatement,
    rows: &[R],
    before: impl Fn(Bound) -> Bound,
    mut bind: impl FnMut(Bound, &R) -> Bound,
) -> Result<u64, UnitFault> {
    let mut affected = 0;
    for chunk in rows.chunks(MAX_ROWS) {
        affected += counted.execute(statement.bind(&before, chunk, &mut bind)).await?;
    }
    Ok(affected)
}

/// A short count: something moved between load and apply.
fn all(affected: u64, wanted: usize) -> Result<(), UnitFault> {
    if affected == wanted as u64 { Ok(()) } else { Err(UnitFault::Conflict(Retry::MovedRow)) }
}

fn tie(key: &Key, pid: i64) -> i64 {
    if key.kind.is_unique() { 0 } else { pid }
}

/// Pairs keys with their profiles' integer keys.
fn with_pids<'k>(keys: &'k [(Key, ProfileId)], pids: &Pids<'_>) -> Result<Vec<(&'k Key, i64)>, Fault> {
    keys.iter().map(|(key, id)| Ok((key, pids.of(*id)?))).collect()
}

async fn release(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &[(Key, ProfileId)],
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let rows = with_pids(keys, pids)?;
    let affected = run(
        counted,
        &RELEASE,
        &rows,
        |query| query,
        |query, (key, pid)| {
            query
                .bind(sk)
                .bind(i64::from(key.kind as u8))
                .bind(key.label.to_string())
                .bind(key.value.to_string())
                .bind(tie(key, *pid))
        },
    );
    all(affected.await?, keys.len())
}

async fn claim(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &[(Key, ProfileId)],
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let rows = with_pids(keys, pids)?;
    run(
        counted,
        &CLAIM,
        &rows,
        |query| query,
        |query, (key, pid)| {
            query
                .bind(sk)
                .bind(i64::from(key.kind as u8))
                .bind(key.label.to_string())
                .bind(key.value.to_string())
                .bind(tie(key, *pid))
                .bind(*pid)
        },
    )
    .await?;
    Ok(())
}

async fn update(counted: &mut Counted<'_>, change: &ChangeSet, pids: &Pids<'_>) -> Result<(), UnitFault> {
    let rows: Result<Vec<_>, Fault> =
        change.updated.iter().map(|profile| Ok((pids.of(profile.id)?, profile))).collect();
    let rows = rows?;
    let affected = run(
        counted,
        &UPDATE,
        &rows,
        |query| query,
        |query, (pid, profile)| bind_profile(query, *pid, profile),
    );
    all(affected.await?, change.updated.len())
}

async fn create(
    counted: &mut Counted<'_>,
    sk: i64,
    profiles: &[std::sync::Arc<profile_model::Profile>],
    pids: &Pids<'_>,
) -> Result<(), UnitFault> {
    let rows: Result<Vec<_>, Fault> =
        profiles.iter().map(|profile| Ok((pids.of(profile.id)?, profile))).collect();
    run(
        counted,
        &CREATE,
        &rows?,
        |query| query.bind(sk),
        |query, (pid, profile)| bind_profile(query, *pid, profile),
    )
    .await?;
    Ok(())
}

/// The stored form of what a state is about: a group's id, or nothing for the global state.
fn group_of(of: StateOf) -> Vec<u8> {
    match of {
        StateOf::Global => Vec::new(),
        StateOf::Group(group) => group.0.as_bytes().to_vec(),
    }
}

async fn address_states(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    run(
        counted,
        &ADDRESSES_REMOVED,
        &change.address_states_removed,
        |query| query,
        |query, (address, of)| {
            query.bind(sk).bind(address_kind(address.kind)).bind(address.value.clone()).bind(group_of(*of))
        },
    )
    .await?;
    run(
        counted,
        &ADDRESSES,
        &change.address_states,
        |query| query,
        |query, row| {
            query
                .bind(sk)
                .bind(address_kind(row.address.kind))
                .bind(row.address.value.clone())
                .bind(group_of(row.of))
                .bind(row.state.as_str())
                .bind(row.changed_at.as_micros())
        },
    )
    .await?;
    Ok(())
}

async fn journal(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    run(
        counted,
        &JOURNAL,
        &change.journal,
        |query| query,
        |query, entry| {
            let kind = serde_json::to_value(entry.kind).unwrap_or_default();
            query
                .bind(sk)
                .bind(entry.profile.as_bytes().to_vec())
                .bind(entry.at.as_micros())
                .bind(kind.as_str().unwrap_or_default().to_owned())
                .bind(serde_json::to_string(&entry.actor).unwrap_or_default())
                .bind(entry.other.map(|id| id.as_bytes().to_vec()))
                .bind(entry.detail.to_string())
        },
    )
    .await?;
    Ok(())
}

/// The stored form of a friendship's source: the event's id, or nothing for a snapshot.
pub(crate) fn event_of(source: &Source) -> Option<String> {
    match source {
        Source::Snapshot => None,
        Source::Event(event) => Some(event.clone()),
    }
}
