//! Pages over whole tables.

use std::sync::Arc;

use profile_model::{
    ChannelId, ErasureId, Friendship, InboxKey, InboxRow, InboxState, JournalEntry, Kind, LineUserId,
    Profile, ProfileId, Suppression, Timestamp, WorkspaceId,
};
use profile_store::{Backlog, Fault};
use serde_json::value::RawValue;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{to_fault, unreadable};
use crate::load::read_friendship;
use crate::rows::{COLUMNS, read_id, read_profile};
use crate::statement::{Counted, MAX_ROWS, SetStatement, composed, plain};

pub(crate) async fn profiles(
    counted: &mut Counted<'_>,
    sk: i64,
    after: Option<ProfileId>,
    limit: u32,
) -> Result<Vec<Arc<Profile>>, Fault> {
    let query = composed(format!(
        "-- scan_profiles\nSELECT {COLUMNS} FROM profiles p WHERE p.id > ? AND p.sk = ? ORDER BY p.id LIMIT ?"
    ));
    let after = after.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let rows = fetch(counted, query.bind(after).bind(sk).bind(i64::from(limit))).await?;
    rows.iter().map(|row| read_profile(row, 0).map(Arc::new)).collect()
}

pub(crate) async fn friendships(
    counted: &mut Counted<'_>,
    sk: i64,
    after: Option<(LineUserId, ChannelId)>,
    limit: u32,
) -> Result<Vec<Friendship>, Fault> {
    let query = plain(
        "-- scan_friendships\nSELECT line_user_id, channel, state, changed_at, evidence_at, event \
         FROM line_friendships WHERE sk = ? AND (line_user_id, channel) > (?, ?) \
         ORDER BY line_user_id, channel LIMIT ?",
    );
    let (user, channel) =
        after.map(|(user, channel)| (user.as_str().to_owned(), channel.0)).unwrap_or_default();
    let rows = fetch(counted, query.bind(sk).bind(user).bind(channel).bind(i64::from(limit))).await?;
    rows.iter().map(read_friendship).collect()
}

static JOURNAL: SetStatement = SetStatement {
    text: "-- load_journal\nWITH v(id) AS (VALUES {rows}) \
           SELECT j.profile, j.at, j.kind, j.actor, j.other, j.detail, j.jid FROM v \
           CROSS JOIN journal j ON j.profile = v.id AND j.sk = ?",
    columns: 1,
};

pub(crate) async fn journal(
    counted: &mut Counted<'_>,
    sk: i64,
    profiles: &[ProfileId],
) -> Result<Vec<JournalEntry>, Fault> {
    let mut entries = Vec::new();
    for chunk in profiles.chunks(MAX_ROWS) {
        let query = JOURNAL.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in fetch(counted, query.bind(sk)).await? {
            let number: i64 = row.try_get(6).map_err(|error| to_fault(&error))?;
            entries.push((number, read_entry(&row)?));
        }
    }
    entries.sort_by_key(|(number, _)| *number);
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn read_entry(row: &SqliteRow) -> Result<JournalEntry, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let kind: String = row.try_get(2).map_err(column)?;
    let actor: &str = row.try_get(3).map_err(column)?;
    let other: Option<&[u8]> = row.try_get(4).map_err(column)?;
    let detail: &str = row.try_get(5).map_err(column)?;
    Ok(JournalEntry {
        profile: read_id(row, 0)?,
        at: Timestamp::from_micros(row.try_get(1).map_err(column)?),
        kind: serde_json::from_value(kind.into()).map_err(|_| unreadable("journal.kind"))?,
        actor: serde_json::from_str(actor).map_err(|_| unreadable("journal.actor"))?,
        other: other
            .map(|bytes| bytes.try_into().map(ProfileId::from_bytes).map_err(|_| unreadable("journal.other")))
            .transpose()?,
        detail: serde_json::from_str(detail).map_err(|_| unreadable("journal.detail"))?,
    })
}

pub(crate) async fn inbox_pending(
    counted: &mut Counted<'_>,
    after: Option<InboxKey>,
    limit: u32,
) -> Result<Vec<(WorkspaceId, InboxRow)>, Fault> {
    let query = plain(
        "-- scan_inbox_pending\nSELECT channel, event, sk, received_at, line_user_id, kind, note, body, state \
         FROM line_inbox WHERE state = 0 AND (channel, event) > (?, ?) ORDER BY channel, event LIMIT ?",
    );
    let (channel, event) = after.map(|key| (key.channel.0, key.event)).unwrap_or_default();
    let rows = fetch(counted, query.bind(channel).bind(event).bind(i64::from(limit))).await?;
    rows.iter().map(read_inbox).collect()
}

/// What waits, over all workspaces.
pub(crate) async fn backlog(counted: &mut Counted<'_>) -> Result<Backlog, Fault> {
    let number = |row: &SqliteRow, at: usize| row.try_get::<i64, _>(at).map_err(|error| to_fault(&error));
    let inbox =
        plain("-- count_inbox_pending\nSELECT count(*), min(received_at) FROM line_inbox WHERE state = 0");
    let mut backlog = Backlog::default();
    for row in fetch(counted, inbox).await? {
        backlog.inbox_pending = number(&row, 0)?.unsigned_abs();
        let oldest: Option<i64> = row.try_get(1).map_err(|error| to_fault(&error))?;
        backlog.inbox_oldest = oldest.map(Timestamp::from_micros);
    }
    let jobs = plain("-- count_open_jobs\nSELECT kind, count(*) FROM jobs WHERE open = 1 GROUP BY kind");
    for row in fetch(counted, jobs).await? {
        let kind = usize::try_from(number(&row, 0)?).unwrap_or(0);
        // Kinds are counted from 1, in the order of the list.
        if let Some(open) = kind.checked_sub(1).and_then(|place| backlog.jobs_open.get_mut(place)) {
            *open = number(&row, 1)?.unsigned_abs();
        }
    }
    Ok(backlog)
}

pub(crate) fn read_inbox(row: &SqliteRow) -> Result<(WorkspaceId, InboxRow), Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let sk: i64 = row.try_get(2).map_err(column)?;
    let workspace = WorkspaceId(u32::try_from(sk >> 16).map_err(|_| unreadable("line_inbox.sk"))?);
    let user: Option<String> = row.try_get(4).map_err(column)?;
    let user = user.map(LineUserId::from_stored);
    let body: String = row.try_get(7).map_err(column)?;
    let row = InboxRow {
        key: InboxKey {
            channel: ChannelId(row.try_get(0).map_err(column)?),
            event: row.try_get(1).map_err(column)?,
            user: user.clone(),
        },
        received_at: Timestamp::from_micros(row.try_get(3).map_err(column)?),
        user,
        kind: row.try_get(5).map_err(column)?,
        state: read_state(row.try_get(8).map_err(column)?)?,
        note: row.try_get(6).map_err(column)?,
        body: RawValue::from_string(body).map_err(|_| unreadable("line_inbox.body"))?,
    };
    Ok((workspace, row))
}

fn read_state(number: i64) -> Result<InboxState, Fault> {
    let state = u8::try_from(number).ok().and_then(InboxState::from_number);
    state.ok_or_else(|| unreadable("line_inbox.state"))
}

async fn fetch(counted: &mut Counted<'_>, query: crate::statement::Bound) -> Result<Vec<SqliteRow>, Fault> {
    counted.fetch(query).await.map_err(|error| to_fault(&error))
}

pub(crate) async fn suppressions(
    counted: &mut Counted<'_>,
    sk: i64,
    after: Option<ErasureId>,
    limit: u32,
) -> Result<Vec<Suppression>, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let query = plain(
        "-- scan_suppressions\nSELECT erasure, max(erased_at), json_group_array(DISTINCT kind) \
         FROM erased_identifiers WHERE suppressed = 1 AND sk = ? AND erasure > ? GROUP BY erasure \
         ORDER BY erasure LIMIT ?",
    );
    let after = after.map(|id| id.0.as_bytes().to_vec()).unwrap_or_default();
    let rows = fetch(counted, query.bind(sk).bind(after).bind(i64::from(limit))).await?;
    rows.iter()
        .map(|row| {
            let id: &[u8] = row.try_get(0).map_err(column)?;
            let kinds: Vec<u8> = serde_json::from_str(row.try_get(2).map_err(column)?)
                .map_err(|_| unreadable("erased_identifiers.kind"))?;
            let mut kinds: Vec<_> = kinds.into_iter().filter_map(Kind::from_number).collect();
            kinds.sort_unstable();
            Ok(Suppression {
                id: ErasureId(
                    uuid::Uuid::from_slice(id).map_err(|_| unreadable("erased_identifiers.erasure"))?,
                ),
                erased_at: Timestamp::from_micros(row.try_get(1).map_err(column)?),
                kinds,
            })
        })
        .collect()
}
