//! Pages over whole tables. With several shards each gives a page, and the pages are merged.

use std::collections::BTreeMap;
use std::sync::Arc;

use profile_model::{
    ChannelId, ErasureId, Friendship, InboxKey, InboxRow, InboxState, JournalEntry, Kind, LineUserId,
    Profile, ProfileId, Suppression, Timestamp, WorkspaceId,
};
use profile_store::{Backlog, Fault};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;

use crate::fault::{UnitFault, unreadable};
use crate::load::states::read_friendship;
use crate::rows::{COLUMNS, read_id, read_maybe_id, read_profile, uuid_of};
use crate::shards::{Shards, by_shard};
use crate::statement::{Bound, Counted, column, composed, get, plain};

async fn fetch(counted: &mut Counted<'_>, query: Bound) -> Result<Vec<PgRow>, UnitFault> {
    counted.fetch(query).await
}

pub(crate) async fn profiles(
    counted: &mut Counted<'_>,
    shards: Shards,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<Arc<Profile>>, UnitFault> {
    let after = after.map_or_else(uuid::Uuid::nil, uuid_of);
    let mut found = Vec::new();
    for sk in shards.all() {
        let query = composed(format!(
            "-- scan_profiles\nSELECT {COLUMNS} FROM profiles p WHERE p.sk = $1 AND p.id > $2 ORDER BY p.id LIMIT $3"
        ));
        for row in fetch(counted, query.bind(sk).bind(after).bind(i64::from(limit))).await? {
            found.push(Arc::new(read_profile(&row, 0)?));
        }
    }
    found.sort_unstable_by_key(|profile| profile.id);
    found.truncate(limit as usize);
    Ok(found)
}

pub(crate) async fn friendships(
    counted: &mut Counted<'_>,
    shards: Shards,
    after: Option<(LineUserId, ChannelId)>,
    limit: u32,
) -> Result<Vec<Friendship>, UnitFault> {
    let (user, channel) =
        after.map(|(user, channel)| (user.as_str().to_owned(), channel.0)).unwrap_or_default();
    let mut found = Vec::new();
    for sk in shards.all() {
        let query = plain(
            "-- scan_friendships\nSELECT line_user_id, channel, state, changed_at, evidence_at, event \
             FROM line_friendships WHERE sk = $1 AND (line_user_id, channel) > ($2, $3) \
             ORDER BY line_user_id, channel LIMIT $4",
        );
        let query = query.bind(sk).bind(user.clone()).bind(channel.clone()).bind(i64::from(limit));
        for row in fetch(counted, query).await? {
            found.push(read_friendship(&row)?);
        }
    }
    found.sort_unstable_by(|left, right| (&left.user, &left.channel).cmp(&(&right.user, &right.channel)));
    found.truncate(limit as usize);
    Ok(found)
}

const JOURNAL: &str = "-- load_journal\nSELECT j.profile, j.at, j.kind, j.actor, j.other, j.detail, j.jid \
     FROM unnest($2::uuid[]) v(id) \
     CROSS JOIN LATERAL (SELECT * FROM journal j WHERE j.sk = $1 AND j.profile = v.id OFFSET 0) j";

pub(crate) async fn journal(
    counted: &mut Counted<'_>,
    shards: Shards,
    profiles: &[ProfileId],
) -> Result<Vec<JournalEntry>, UnitFault> {
    let mut entries = Vec::new();
    for (sk, ids) in by_shard(profiles.iter().copied(), |id| shards.of_profile(*id)) {
        let query = plain(JOURNAL).bind(sk).bind(column(&ids, |id| uuid_of(*id)));
        for row in fetch(counted, query).await? {
            entries.push((get::<i64>(&row, 6)?, read_entry(&row)?));
        }
    }
    entries.sort_by_key(|(number, _)| *number);
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn read_entry(row: &PgRow) -> Result<JournalEntry, Fault> {
    let kind: String = get(row, 2)?;
    Ok(JournalEntry {
        profile: read_id(row, 0)?,
        at: Timestamp::from_micros(get(row, 1)?),
        kind: serde_json::from_value(kind.into()).map_err(|_| unreadable("journal.kind"))?,
        actor: serde_json::from_str(get(row, 3)?).map_err(|_| unreadable("journal.actor"))?,
        other: read_maybe_id(row, 4)?,
        detail: serde_json::from_str(get(row, 5)?).map_err(|_| unreadable("journal.detail"))?,
    })
}

/// Over all workspaces and shards: a read.
pub(crate) async fn inbox_pending(
    counted: &mut Counted<'_>,
    after: Option<InboxKey>,
    limit: u32,
) -> Result<Vec<(WorkspaceId, InboxRow)>, UnitFault> {
    let query = plain(
        "-- scan_inbox_pending\nSELECT channel, event, sk, received_at, line_user_id, kind, note, body, state \
         FROM line_inbox WHERE state = 0 AND (channel, event) > ($1, $2) ORDER BY channel, event LIMIT $3",
    );
    let (channel, event) = after.map(|key| (key.channel.0, key.event)).unwrap_or_default();
    let rows = fetch(counted, query.bind(channel).bind(event).bind(i64::from(limit))).await?;
    rows.iter().map(|row| Ok(read_inbox(row)?)).collect()
}

/// What waits, over all workspaces and shards: a read.
pub(crate) async fn backlog(counted: &mut Counted<'_>) -> Result<Backlog, UnitFault> {
    let inbox =
        plain("-- count_inbox_pending\nSELECT count(*), min(received_at) FROM line_inbox WHERE state = 0");
    let mut backlog = Backlog::default();
    for row in fetch(counted, inbox).await? {
        backlog.inbox_pending = get::<i64>(&row, 0)?.unsigned_abs();
        backlog.inbox_oldest = get::<Option<i64>>(&row, 1)?.map(Timestamp::from_micros);
    }
    let jobs = plain("-- count_open_jobs\nSELECT kind, count(*) FROM jobs WHERE is_open GROUP BY kind");
    for row in fetch(counted, jobs).await? {
        let kind = usize::try_from(get::<i16>(&row, 0)?).unwrap_or(0);
        // Kinds are counted from 1, in the order of the list.
        if let Some(open) = kind.checked_sub(1).and_then(|place| backlog.jobs_open.get_mut(place)) {
            *open = get::<i64>(&row, 1)?.unsigned_abs();
        }
    }
    Ok(backlog)
}

/// Reads `channel, event, sk, received_at, line_user_id, kind, note, body, state`.
pub(crate) fn read_inbox(row: &PgRow) -> Result<(WorkspaceId, InboxRow), Fault> {
    let sk: i64 = get(row, 2)?;
    let workspace = WorkspaceId(u32::try_from(sk >> 16).map_err(|_| unreadable("line_inbox.sk"))?);
    let user = get::<Option<String>>(row, 4)?.map(LineUserId::from_stored);
    let row = InboxRow {
        key: InboxKey { channel: ChannelId(get(row, 0)?), event: get(row, 1)?, user: user.clone() },
        received_at: Timestamp::from_micros(get(row, 3)?),
        user,
        kind: get(row, 5)?,
        state: read_state(get(row, 8)?)?,
        note: get(row, 6)?,
        body: RawValue::from_string(get(row, 7)?).map_err(|_| unreadable("line_inbox.body"))?,
    };
    Ok((workspace, row))
}

fn read_state(number: i16) -> Result<InboxState, Fault> {
    let state = u8::try_from(number).ok().and_then(InboxState::from_number);
    state.ok_or_else(|| unreadable("line_inbox.state"))
}

/// An erasure's identifiers may be in several shards: a shard's first rows hold whatever it adds to the first of all.
pub(crate) async fn suppressions(
    counted: &mut Counted<'_>,
    shards: Shards,
    after: Option<ErasureId>,
    limit: u32,
) -> Result<Vec<Suppression>, UnitFault> {
    let mut found = BTreeMap::<ErasureId, Suppression>::new();
    for sk in shards.all() {
        let query = plain(
            "-- scan_suppressions\nSELECT erasure, max(erased_at), array_agg(DISTINCT kind) \
             FROM erased_identifiers WHERE sk = $1 AND suppressed AND ($2::uuid IS NULL OR erasure > $2) \
             GROUP BY erasure ORDER BY erasure LIMIT $3",
        );
        let query = query.bind(sk).bind(after.map(|id| id.0)).bind(i64::from(limit));
        for row in fetch(counted, query).await? {
            let id = ErasureId(get(&row, 0)?);
            let erased_at = Timestamp::from_micros(get(&row, 1)?);
            let kinds: Vec<i16> = get(&row, 2)?;
            let entry = found.entry(id).or_insert_with(|| Suppression { id, erased_at, kinds: Vec::new() });
            entry.erased_at = entry.erased_at.max(erased_at);
            let kinds = kinds.into_iter().filter_map(|kind| u8::try_from(kind).ok());
            entry.kinds.extend(kinds.filter_map(Kind::from_number));
        }
    }
    let first = found.into_values().take(limit as usize);
    Ok(first
        .map(|mut one| {
            one.kinds.sort_unstable();
            one.kinds.dedup();
            one
        })
        .collect())
}
