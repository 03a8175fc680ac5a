//! Values that several profiles share, and parked groups.

use profile_model::{Key, Kind, Parked, ParkedId, Shared};
use profile_store::Fault;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::fault::{to_fault, unreadable};
use crate::load::joins::read_parked;
use crate::statement::{Counted, plain};

/// One page of shared values: a walk along the index, nothing is sorted or held.
pub(crate) async fn shared(
    counted: &mut Counted<'_>,
    sk: i64,
    kind: Kind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Shared>, Fault> {
    let query = plain(
        "-- scan_shared\nSELECT value, count(*) FROM identifiers WHERE sk = ? AND kind = ? AND label = '' \
         AND value > ? GROUP BY value HAVING count(*) > 1 ORDER BY value LIMIT ?",
    );
    let query = query
        .bind(sk)
        .bind(i64::from(kind as u8))
        .bind(after.unwrap_or_default().to_owned())
        .bind(i64::from(limit));
    let rows = counted.fetch(query).await.map_err(|error| to_fault(&error))?;
    let read = |row: &SqliteRow| -> Result<Shared, Fault> {
        let value: &str = row.try_get(0).map_err(|error| to_fault(&error))?;
        let count: i64 = row.try_get(1).map_err(|error| to_fault(&error))?;
        Ok(Shared { key: Key { kind, label: "".into(), value: value.into() }, count: count.unsigned_abs() })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn parked(
    counted: &mut Counted<'_>,
    sk: i64,
    after: Option<ParkedId>,
    limit: u32,
) -> Result<Vec<Parked>, Fault> {
    let query = plain(
        "-- scan_parked\nSELECT kind, label, value, id, members, reasons, at, state FROM parked \
         WHERE sk = ? AND state = 'open' AND id > ? ORDER BY id LIMIT ?",
    );
    let after = after.map(|id| id.0.as_bytes().to_vec()).unwrap_or_default();
    let query = query.bind(sk).bind(after).bind(i64::from(limit));
    counted.fetch(query).await.map_err(|error| to_fault(&error))?.iter().map(read).collect()
}

/// Values of parked groups, a walk along the primary key.
pub(crate) async fn parked_values(
    counted: &mut Counted<'_>,
    sk: i64,
    kind: Kind,
    after: Option<&str>,
    until: Option<&str>,
    limit: u32,
) -> Result<Vec<Key>, Fault> {
    let text = if until.is_some() {
        "-- scan_parked_values\nSELECT value FROM parked WHERE sk = ? AND kind = ? AND label = '' \
         AND value > ? AND value <= ? ORDER BY value LIMIT ?"
    } else {
        "-- scan_parked_rest\nSELECT value FROM parked WHERE sk = ? AND kind = ? AND label = '' \
         AND value > ? ORDER BY value LIMIT ?"
    };
    let mut query =
        plain(text).bind(sk).bind(i64::from(kind as u8)).bind(after.unwrap_or_default().to_owned());
    if let Some(until) = until {
        query = query.bind(until.to_owned());
    }
    let rows = counted.fetch(query.bind(i64::from(limit))).await.map_err(|error| to_fault(&error))?;
    let read = |row: &SqliteRow| {
        let value: &str = row.try_get(0).map_err(|error| to_fault(&error))?;
        Ok(Key { kind, label: "".into(), value: value.into() })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn parked_by_id(
    counted: &mut Counted<'_>,
    sk: i64,
    id: ParkedId,
) -> Result<Option<Parked>, Fault> {
    let query = plain(
        "-- load_parked_by_id\nSELECT kind, label, value, id, members, reasons, at, state FROM parked \
         WHERE sk = ? AND id = ?",
    );
    let query = query.bind(sk).bind(id.0.as_bytes().to_vec());
    counted.fetch(query).await.map_err(|error| to_fault(&error))?.first().map(read).transpose()
}

pub(crate) fn read(row: &SqliteRow) -> Result<Parked, Fault> {
    let kind: i64 = row.try_get(0).map_err(|error| to_fault(&error))?;
    let kind =
        u8::try_from(kind).ok().and_then(Kind::from_number).ok_or_else(|| unreadable("parked.kind"))?;
    let text = |at: usize| row.try_get::<&str, _>(at).map_err(|error| to_fault(&error));
    let key = Key { kind, label: text(1)?.into(), value: text(2)?.into() };
    read_parked(row, 3, key)
}
