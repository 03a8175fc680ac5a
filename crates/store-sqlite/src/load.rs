//! Loading sets by keys: one statement per kind of key that is asked for, per 500 keys.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use profile_model::{
    Address, AddressKind, AddressState, ChannelId, Friendship, GlobalState, GroupId, GroupState, InboxKey,
    InboxState, Key, Keys, LineUserId, Loaded, Occurrence, ProfileId, Source, StateOf, Summary, SummaryKey,
    Timestamp, WorkspaceId,
};
use profile_store::Fault;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{to_fault, unreadable};
use crate::rows::{COLUMNS, read_id, read_profile};
use crate::statement::{Counted, MAX_ROWS, SetStatement};

pub(crate) mod joins;
mod views;

/// What was loaded, with the integer keys that only this backend knows.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) loaded: Loaded,
    pub(crate) pids: HashMap<ProfileId, i64>,
}

/// `n` is the key's place among those asked for.
static HOLDERS: std::sync::LazyLock<SetStatement> = std::sync::LazyLock::new(|| {
    SetStatement {
    text: Box::leak(
        format!(
            "-- load_holders\nWITH v(n, kind, label, value) AS (VALUES {{rows}}) SELECT v.n, {COLUMNS} FROM v \
             CROSS JOIN identifiers i ON i.sk = ? AND i.kind = v.kind AND i.label = v.label AND i.value = v.value \
             CROSS JOIN profiles p ON p.pid = i.pid"
        )
        .into_boxed_str(),
    ),
    columns: 4,
}
});

static PROFILES: std::sync::LazyLock<SetStatement> = std::sync::LazyLock::new(|| SetStatement {
    text: Box::leak(
        format!(
            "-- load_profiles\nWITH v(id) AS (VALUES {{rows}}) SELECT {COLUMNS} FROM v \
             CROSS JOIN profiles p ON p.id = v.id AND p.sk = ?"
        )
        .into_boxed_str(),
    ),
    columns: 1,
});

static ADDRESSES: SetStatement = SetStatement {
    text: "-- load_address_states\nWITH v(n, kind, value) AS (VALUES {rows}) \
           SELECT v.n, s.group_id, s.state, s.changed_at FROM v \
           CROSS JOIN address_states s ON s.sk = ? AND s.kind = v.kind AND s.value = v.value",
    columns: 3,
};

static FRIENDSHIPS: SetStatement = SetStatement {
    text: "-- load_friendships\nWITH v(n, user) AS (VALUES {rows}) \
           SELECT f.line_user_id, f.channel, f.state, f.changed_at, f.evidence_at, f.event FROM v \
           CROSS JOIN line_friendships f ON f.sk = ? AND f.line_user_id = v.user",
    columns: 2,
};

static SUMMARIES: SetStatement = SetStatement {
    text: "-- load_summaries\nWITH v(id, kind, name) AS (VALUES {rows}) \
           SELECT v.id, s.kind, s.name, s.count, s.first_at, s.last_at, s.revenue FROM v CROSS JOIN summaries s \
           ON s.pid = coalesce((SELECT p.pid FROM profiles p WHERE p.id = v.id), \
           (SELECT r.pid FROM retired_profiles r WHERE r.id = v.id)) AND s.kind = v.kind AND s.name = v.name",
    columns: 3,
};

static INBOX: SetStatement = SetStatement {
    text: "-- load_inbox\nWITH v(n, channel, event) AS (VALUES {rows}) SELECT v.n, i.state FROM v \
           CROSS JOIN line_inbox i ON i.channel = v.channel AND i.event = v.event",
    columns: 3,
};

/// Loads what `keys` ask for.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    workspace: WorkspaceId,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), Fault> {
    let sk = workspace.shard_key(0);
    load_holders(counted, sk, &keys.identifiers, found).await?;
    load_profiles(counted, sk, &keys.profiles, found).await?;
    load_addresses(counted, sk, &keys.addresses, &mut found.loaded).await?;
    load_friendships(counted, sk, &keys.line_users, &mut found.loaded).await?;
    let mut summaries = keys.summaries.clone();
    for (key, of, name) in &keys.summaries_of_holders {
        for profile in found.loaded.holders.get(key).into_iter().flatten() {
            summaries.push(SummaryKey { profile: *profile, of: *of, name: Arc::clone(name) });
        }
    }
    summaries.sort_unstable();
    summaries.dedup();
    load_summaries(counted, &summaries, &mut found.loaded).await?;
    joins::load(counted, sk, keys, found).await?;
    load_inbox(counted, &keys.inbox, &mut found.loaded).await?;
    crate::jobs::load(counted, sk, keys, &mut found.loaded).await?;
    if let Some(key) = keys.answer {
        found.loaded.answer = crate::answers::load(counted, sk, key).await?;
    }
    if keys.config {
        found.loaded.config = Some(Arc::new(crate::config::load(counted).await?));
    }
    found.loaded.mark_asked(keys);
    if keys.views {
        views::load(counted, sk, found).await?;
    }
    Ok(())
}

pub(crate) fn place(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a profile once, however many keys found it.
fn take_profile(row: &SqliteRow, at: usize, found: &mut Found) -> Result<ProfileId, Fault> {
    let id = read_id(row, at + 1)?;
    if let Entry::Vacant(vacant) = found.loaded.profiles.entry(id) {
        vacant.insert(Arc::new(read_profile(row, at)?));
        found.pids.insert(id, row.try_get(at).map_err(|error| to_fault(&error))?);
    }
    Ok(id)
}

async fn load_holders(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &[Key],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in keys.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = HOLDERS.bind(
            |query| query,
            &numbered,
            |query, (number, key)| {
                query
                    .bind(place(*number))
                    .bind(i64::from(key.kind as u8))
                    .bind(key.label.to_string())
                    .bind(key.value.to_string())
            },
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            let number: i64 = row.try_get(0).map_err(|error| to_fault(&error))?;
            let id = take_profile(&row, 1, found)?;
            let key = usize::try_from(number).ok().and_then(|number| chunk.get(number));
            if let Some(key) = key {
                let holders = found.loaded.holders.entry(key.clone()).or_default();
                if let Err(at) = holders.binary_search(&id) {
                    holders.insert(at, id);
                }
            }
        }
    }
    Ok(())
}

async fn load_profiles(
    counted: &mut Counted<'_>,
    sk: i64,
    ids: &[ProfileId],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in ids.chunks(MAX_ROWS) {
        let query = PROFILES.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            take_profile(&row, 0, found)?;
        }
    }
    Ok(())
}

async fn load_addresses(
    counted: &mut Counted<'_>,
    sk: i64,
    addresses: &[Address],
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    let mut addresses = addresses.to_vec();
    addresses.sort_unstable();
    addresses.dedup();
    for chunk in addresses.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = ADDRESSES.bind(
            |query| query,
            &numbered,
            |query, (number, address)| {
                query.bind(place(*number)).bind(i64::from(address.kind as u8)).bind(address.value.clone())
            },
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            let state = read_address_state(&row, chunk).map_err(|error| to_fault(&error))?;
            let state = state.ok_or_else(|| unreadable("address_states.state"))?;
            loaded.addresses.entry(state.address.clone()).or_default().push(state);
        }
    }
    Ok(())
}

fn read_address_state(row: &SqliteRow, chunk: &[Address]) -> Result<Option<AddressState>, sqlx::Error> {
    let number: i64 = row.try_get(0)?;
    let group: &[u8] = row.try_get(1)?;
    let address = usize::try_from(number).ok().and_then(|number| chunk.get(number)).cloned();
    let of = if group.is_empty() {
        Some(StateOf::Global)
    } else {
        uuid::Uuid::from_slice(group).ok().map(|id| StateOf::Group(GroupId(id)))
    };
    let state = GlobalState::parse(row.try_get(2)?);
    let changed_at = Timestamp::from_micros(row.try_get(3)?);
    Ok(address.zip(of).zip(state).map(|((address, of), state)| AddressState {
        address,
        of,
        state,
        changed_at,
    }))
}

/// Kind of an address as stored.
pub(crate) const fn address_kind(kind: AddressKind) -> i64 {
    kind as u8 as i64
}

async fn load_friendships(
    counted: &mut Counted<'_>,
    sk: i64,
    users: &[LineUserId],
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    for chunk in users.chunks(MAX_ROWS) {
        let query = FRIENDSHIPS.bind(
            |query| query,
            chunk,
            |query, user| query.bind(0_i64).bind(user.as_str().to_owned()),
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            let row = read_friendship(&row)?;
            loaded.friendships.entry(row.user.clone()).or_default().insert(row.channel.clone(), row);
        }
    }
    Ok(())
}

/// Reads `line_user_id, channel, state, changed_at, evidence_at, event`.
pub(crate) fn read_friendship(row: &SqliteRow) -> Result<Friendship, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let state: &str = row.try_get(2).map_err(column)?;
    let event: Option<String> = row.try_get(5).map_err(column)?;
    Ok(Friendship {
        user: LineUserId::from_stored(row.try_get(0).map_err(column)?),
        channel: ChannelId(row.try_get(1).map_err(column)?),
        state: GroupState::parse(state).ok_or_else(|| unreadable("line_friendships.state"))?,
        changed_at: Timestamp::from_micros(row.try_get(3).map_err(column)?),
        evidence_at: Timestamp::from_micros(row.try_get(4).map_err(column)?),
        source: event.map_or(Source::Snapshot, Source::Event),
    })
}

async fn load_summaries(
    counted: &mut Counted<'_>,
    keys: &[SummaryKey],
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    for chunk in keys.chunks(MAX_ROWS) {
        let query = SUMMARIES.bind(
            |query| query,
            chunk,
            |query, key| {
                query
                    .bind(key.profile.as_bytes().to_vec())
                    .bind(i64::from(key.of as u8))
                    .bind(key.name.to_string())
            },
        );
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            let (key, summary) = read_summary(&row)?;
            loaded.summaries.insert(key, Some(summary));
        }
    }
    Ok(())
}

/// Reads `profile id, kind, name, count, first_at, last_at, revenue`.
pub(crate) fn read_summary(row: &SqliteRow) -> Result<(SummaryKey, Summary), Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let kind: i64 = row.try_get(1).map_err(column)?;
    let revenue: &str = row.try_get(6).map_err(column)?;
    let of = if kind == 1 { Occurrence::Event } else { Occurrence::Purchase };
    let key =
        SummaryKey { profile: read_id(row, 0)?, of, name: row.try_get::<&str, _>(2).map_err(column)?.into() };
    let summary = Summary {
        count: row.try_get::<i64, _>(3).map_err(column)?.unsigned_abs(),
        first: Timestamp::from_micros(row.try_get(4).map_err(column)?),
        last: Timestamp::from_micros(row.try_get(5).map_err(column)?),
        revenue: serde_json::from_str(revenue).map_err(|_| unreadable("summaries.revenue"))?,
    };
    Ok((key, summary))
}

async fn load_inbox(counted: &mut Counted<'_>, keys: &[InboxKey], loaded: &mut Loaded) -> Result<(), Fault> {
    for chunk in keys.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = INBOX.bind(
            |query| query,
            &numbered,
            |query, (number, key)| {
                query.bind(place(*number)).bind(key.channel.0.clone()).bind(key.event.clone())
            },
        );
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            let column = |error: sqlx::Error| to_fault(&error);
            let number: i64 = row.try_get(0).map_err(column)?;
            let state: i64 = row.try_get(1).map_err(column)?;
            let state = u8::try_from(state).ok().and_then(InboxState::from_number);
            if let Some(key) = usize::try_from(number).ok().and_then(|number| chunk.get(number)) {
                loaded.inbox.insert(key.clone(), state);
            }
        }
    }
    Ok(())
}
