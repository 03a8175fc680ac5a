//! Loading what merges left: records, the log of writes, pairs that are never the same, parked groups, and the
//! integer keys of retired profiles.

use std::sync::Arc;

use profile_model::{
    Address, AddressKind, ErasureId, GlobalState, GroupId, Key, Keys, Kind, LedgerMark, LedgerRow,
    LoggedWrite, MergeId, MergeRecord, Parked, ParkedId, ParkedState, Profile, ProfileId, StateBefore,
    StateOf, Timestamp,
};
use profile_store::Fault;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::Found;
use crate::fault::{to_fault, unreadable};
use crate::rows::read_id;
use crate::statement::{Counted, MAX_ROWS, SetStatement};

const COLUMNS: &str = "m.id, m.kept, m.removed, m.at, m.undo_until, m.how, m.actor, m.kept_image, m.removed_image, \
                       m.states, m.kept_apart, m.undone_at, m.erased, m.alias_from";

static MERGES: std::sync::LazyLock<SetStatement> = std::sync::LazyLock::new(|| SetStatement {
    text: Box::leak(
        format!(
            "-- load_merges\nWITH v(id) AS (VALUES {{rows}}) SELECT {COLUMNS} FROM v \
             CROSS JOIN merges m ON m.id = v.id AND m.sk = ?"
        )
        .into_boxed_str(),
    ),
    columns: 1,
});

static MERGES_OF: std::sync::LazyLock<SetStatement> = std::sync::LazyLock::new(|| SetStatement {
    text: Box::leak(
        format!(
            "-- load_merges_of\nWITH v(id) AS (VALUES {{rows}}) \
             SELECT {COLUMNS} FROM v CROSS JOIN merges m ON m.kept = v.id \
             UNION ALL SELECT {COLUMNS} FROM v CROSS JOIN merges m ON m.removed = v.id"
        )
        .into_boxed_str(),
    ),
    columns: 1,
});

static LOG: SetStatement = SetStatement {
    text: "-- load_merge_log\nWITH v(id) AS (VALUES {rows}) SELECT l.write FROM v \
           CROSS JOIN merge_log l ON l.survivor = v.id ORDER BY l.at, l.lid",
    columns: 1,
};

static NEVER_SAME: SetStatement = SetStatement {
    text: "-- load_never_same\nWITH v(id, sk) AS (VALUES {rows}) \
           SELECT v.id, n.high FROM v CROSS JOIN never_same n ON n.sk = v.sk AND n.low = v.id \
           UNION ALL SELECT v.id, n.low FROM v CROSS JOIN never_same n ON n.high = v.id AND n.sk = v.sk",
    columns: 2,
};

static PARKED: SetStatement = SetStatement {
    text: "-- load_parked\nWITH v(n, kind, label, value) AS (VALUES {rows}) \
           SELECT v.n, p.id, p.members, p.reasons, p.at, p.state FROM v CROSS JOIN parked p \
           ON p.sk = ? AND p.kind = v.kind AND p.label = v.label AND p.value = v.value",
    columns: 4,
};

/// A walk over what waits: erasure is rare. Ids are compared as they stand in the JSON array.
static PARKED_WITH: SetStatement = SetStatement {
    text: "-- load_parked_with\nSELECT kind, label, value, id, members, reasons, at, state FROM parked \
           WHERE sk = ? AND EXISTS (SELECT 1 FROM (VALUES {rows}) WHERE column1 IS NOT NULL \
           AND instr(parked.members, column1) > 0)",
    columns: 1,
};

static LEDGER: SetStatement = SetStatement {
    text: "-- load_erased_identifiers\nWITH v(n, mark) AS (VALUES {rows}) \
           SELECT v.n, e.kind, e.erasure, e.erased_at, e.opted_out, e.suppressed FROM v \
           CROSS JOIN erased_identifiers e ON e.sk = ? AND e.mark = v.mark",
    columns: 2,
};

static RETIRED: SetStatement = SetStatement {
    text: "-- load_retired\nWITH v(id) AS (VALUES {rows}) SELECT r.id, r.pid FROM v \
           CROSS JOIN retired_profiles r ON r.id = v.id",
    columns: 1,
};

pub(super) async fn load(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), Fault> {
    load_merges(counted, sk, keys, found).await?;
    load_log(counted, &keys.merge_log, found).await?;
    load_never_same(counted, sk, &keys.never_same, found).await?;
    load_parked(counted, sk, &keys.parked, found).await?;
    load_parked_with(counted, sk, &keys.parked_with, found).await?;
    load_ledger(counted, sk, &keys.ledger, found).await?;
    load_retired(counted, keys, found).await
}

async fn load_merges(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &Keys,
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in keys.merges.chunks(MAX_ROWS) {
        let query = MERGES.bind(|query| query, chunk, |query, id| query.bind(id.0.as_bytes().to_vec()));
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            let record = read_merge(&row)?;
            found.loaded.merges.insert(record.id, Some(record));
        }
    }
    for chunk in keys.merges_of.chunks(MAX_ROWS) {
        let query = MERGES_OF.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            let record = read_merge(&row)?;
            found.loaded.merges.insert(record.id, Some(record));
        }
    }
    Ok(())
}

/// Reads the columns of [`COLUMNS`].
pub(crate) fn read_merge(row: &SqliteRow) -> Result<MergeRecord, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let text = |at: usize| row.try_get::<Option<&str>, _>(at).map_err(column);
    let time = |at: usize| row.try_get::<i64, _>(at).map_err(column).map(Timestamp::from_micros);
    let image = |at: usize| -> Result<Option<Arc<Profile>>, Fault> {
        text(at)?.map(Profile::from_image).transpose().map_err(|_| unreadable("merges.image"))
    };
    let json = |at: usize| text(at).map(Option::unwrap_or_default);
    let uuid = |at: usize| -> Result<uuid::Uuid, Fault> {
        uuid::Uuid::from_slice(row.try_get::<&[u8], _>(at).map_err(column)?)
            .map_err(|_| unreadable("merges.id"))
    };
    let other = |at: usize| -> Result<Option<ProfileId>, Fault> {
        let bytes: Option<&[u8]> = row.try_get(at).map_err(column)?;
        let read =
            |bytes: &[u8]| bytes.try_into().map(ProfileId::from_bytes).map_err(|_| unreadable("merges.id"));
        bytes.map(read).transpose()
    };
    Ok(MergeRecord {
        id: MergeId(uuid(0)?),
        kept: read_id(row, 1)?,
        removed: read_id(row, 2)?,
        at: time(3)?,
        undo_until: time(4)?,
        how: serde_json::from_str(json(5)?).map_err(|_| unreadable("merges.how"))?,
        actor: serde_json::from_str(json(6)?).map_err(|_| unreadable("merges.actor"))?,
        kept_image: image(7)?,
        removed_image: image(8)?,
        states: read_states(json(9)?)?,
        kept_apart: other(10)?,
        alias_from: other(13)?,
        undone_at: row.try_get::<Option<i64>, _>(11).map_err(column)?.map(Timestamp::from_micros),
        erased: row.try_get::<i64, _>(12).map_err(column)? != 0,
    })
}

fn read_states(text: &str) -> Result<Vec<StateBefore>, Fault> {
    type Told = (u8, String, Option<GroupId>, Option<GlobalState>, Option<i64>);
    let told: Vec<Told> = serde_json::from_str(text).map_err(|_| unreadable("merges.states"))?;
    Ok(told
        .into_iter()
        .map(|(kind, value, group, state, since)| StateBefore {
            address: Address {
                kind: if kind == AddressKind::Phone as u8 { AddressKind::Phone } else { AddressKind::Email },
                value,
            },
            of: group.map_or(StateOf::Global, StateOf::Group),
            before: state.zip(since.map(Timestamp::from_micros)),
        })
        .collect())
}

async fn load_log(counted: &mut Counted<'_>, ids: &[ProfileId], found: &mut Found) -> Result<(), Fault> {
    for chunk in ids.chunks(MAX_ROWS) {
        let query = LOG.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            let text: &str = row.try_get(0).map_err(|error| to_fault(&error))?;
            let write: LoggedWrite = serde_json::from_str(text).map_err(|_| unreadable("merge_log.write"))?;
            found.loaded.merge_log.entry(write.survivor).or_default().push(write);
        }
    }
    Ok(())
}

async fn load_never_same(
    counted: &mut Counted<'_>,
    sk: i64,
    ids: &[ProfileId],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in ids.chunks(MAX_ROWS) {
        let query =
            NEVER_SAME.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()).bind(sk));
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            found.loaded.never_same.entry(read_id(&row, 0)?).or_default().insert(read_id(&row, 1)?);
        }
    }
    Ok(())
}

async fn load_parked(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &[Key],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in keys.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = PARKED.bind(
            |query| query,
            &numbered,
            |query, (number, key)| {
                query
                    .bind(super::place(*number))
                    .bind(i64::from(key.kind as u8))
                    .bind(key.label.to_string())
                    .bind(key.value.to_string())
            },
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(|error| to_fault(&error))? {
            let number: i64 = row.try_get(0).map_err(|error| to_fault(&error))?;
            let key = usize::try_from(number).ok().and_then(|number| chunk.get(number));
            let Some(key) = key.cloned() else { continue };
            found.loaded.parked.insert(key.clone(), Some(read_parked(&row, 1, key)?));
        }
    }
    Ok(())
}

async fn load_parked_with(
    counted: &mut Counted<'_>,
    sk: i64,
    members: &[ProfileId],
    found: &mut Found,
) -> Result<(), Fault> {
    for chunk in members.chunks(MAX_ROWS) {
        let query = PARKED_WITH.bind(|query| query.bind(sk), chunk, |query, id| query.bind(id.to_string()));
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            let parked = crate::duplicates::read(&row)?;
            found.loaded.parked.insert(parked.key.clone(), Some(parked));
        }
    }
    Ok(())
}

/// Reads `id, members, reasons, at, state` from column `at` on.
pub(crate) fn read_parked(row: &SqliteRow, at: usize, key: Key) -> Result<Parked, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let json = |offset: usize| row.try_get::<&str, _>(at + offset).map_err(column);
    let id: &[u8] = row.try_get(at).map_err(column)?;
    Ok(Parked {
        id: ParkedId(uuid::Uuid::from_slice(id).map_err(|_| unreadable("parked.id"))?),
        key,
        members: serde_json::from_str(json(1)?).map_err(|_| unreadable("parked.members"))?,
        reasons: serde_json::from_str(json(2)?).map_err(|_| unreadable("parked.reasons"))?,
        at: Timestamp::from_micros(row.try_get(at + 3).map_err(column)?),
        state: ParkedState::parse(json(4)?).ok_or_else(|| unreadable("parked.state"))?,
    })
}

async fn load_ledger(
    counted: &mut Counted<'_>,
    sk: i64,
    marks: &[LedgerMark],
    found: &mut Found,
) -> Result<(), Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    for chunk in marks.chunks(MAX_ROWS) {
        let numbered: Vec<_> = chunk.iter().enumerate().collect();
        let query = LEDGER.bind(
            |query| query,
            &numbered,
            |query, (number, mark)| query.bind(super::place(*number)).bind(mark.0.to_vec()),
        );
        for row in counted.fetch(query.bind(sk)).await.map_err(column)? {
            let number: i64 = row.try_get(0).map_err(column)?;
            let Some(mark) = usize::try_from(number).ok().and_then(|number| chunk.get(number)) else {
                continue;
            };
            let kind: i64 = row.try_get(1).map_err(column)?;
            let erasure: &[u8] = row.try_get(2).map_err(column)?;
            let flag = |at: usize| row.try_get::<i64, _>(at).map_err(column).map(|flag| flag != 0);
            let entry = LedgerRow {
                mark: *mark,
                kind: u8::try_from(kind)
                    .ok()
                    .and_then(Kind::from_number)
                    .ok_or_else(|| unreadable("erased_identifiers.kind"))?,
                erasure: ErasureId(
                    uuid::Uuid::from_slice(erasure).map_err(|_| unreadable("erased_identifiers.erasure"))?,
                ),
                erased_at: Timestamp::from_micros(row.try_get(3).map_err(column)?),
                opted_out: flag(4)?,
                suppressed: flag(5)?,
            };
            found.loaded.ledger.insert(*mark, Some(entry));
        }
    }
    Ok(())
}

/// Integer keys of retired profiles that a decision may write to or bring back: sides of loaded profiles, and those a
/// loaded merge removed.
async fn load_retired(counted: &mut Counted<'_>, keys: &Keys, found: &mut Found) -> Result<(), Fault> {
    let merged =
        found.loaded.profiles.values().flat_map(|profile| profile.merged.iter().map(|side| side.profile));
    let removed = found.loaded.merges.values().flatten().map(|record| record.removed);
    let summarised = keys.summaries.iter().map(|key| key.profile);
    let mut ids: Vec<_> =
        merged.chain(removed).chain(summarised).filter(|id| !found.pids.contains_key(id)).collect();
    ids.sort_unstable();
    ids.dedup();
    for chunk in ids.chunks(MAX_ROWS) {
        let query = RETIRED.bind(|query| query, chunk, |query, id| query.bind(id.as_bytes().to_vec()));
        for row in counted.fetch(query).await.map_err(|error| to_fault(&error))? {
            found.pids.insert(read_id(&row, 0)?, row.try_get(1).map_err(|error| to_fault(&error))?);
        }
    }
    Ok(())
}
