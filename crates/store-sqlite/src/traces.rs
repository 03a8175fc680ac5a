//! Rows about one person, for a disclosure.

use std::sync::Arc;

use async_trait::async_trait;
use profile_model::{
    EventRow, ImportId, ImportIssue, InboxKey, InboxRow, LineUserId, ProfileId, PurchaseRow, Timestamp,
    WorkspaceId,
};
use profile_store::{Fault, Traces};
use serde_json::value::RawValue;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::SqliteStore;
use crate::fault::{to_fault, unreadable};
use crate::rows::read_id;
use crate::scan::read_inbox;
use crate::statement::{Counted, MAX_ROWS, SetStatement, plain};

static EVENTS: SetStatement = SetStatement {
    text: "-- scan_events\nWITH v(id) AS (VALUES {rows}), p AS (SELECT v.id, coalesce(\
           (SELECT p.pid FROM profiles p WHERE p.id = v.id), \
           (SELECT r.pid FROM retired_profiles r WHERE r.id = v.id)) AS pid FROM v) \
           SELECT e.eid, p.id, e.name, e.at, e.app_id, e.properties FROM p CROSS JOIN events e ON e.pid = p.pid \
           WHERE e.eid > ? ORDER BY e.eid LIMIT ?",
    columns: 1,
};

static PURCHASES: SetStatement = SetStatement {
    text: "-- scan_purchases\nWITH v(id) AS (VALUES {rows}), p AS (SELECT v.id, coalesce(\
           (SELECT p.pid FROM profiles p WHERE p.id = v.id), \
           (SELECT r.pid FROM retired_profiles r WHERE r.id = v.id)) AS pid FROM v) \
           SELECT e.eid, p.id, e.product, e.at, e.app_id, e.properties, e.currency, e.price, e.quantity \
           FROM p CROSS JOIN purchases e ON e.pid = p.pid WHERE e.eid > ? ORDER BY e.eid LIMIT ?",
    columns: 1,
};

/// A walk over the reports of the workspace: they are short, and a disclosure is rare.
static ISSUES: SetStatement = SetStatement {
    text: "-- scan_issues_naming\nWITH v(text) AS (VALUES {rows}) \
           SELECT i.iid, i.line, i.level, i.field, i.reason, i.cells, i.import FROM import_issues i \
           JOIN jobs j ON j.id = i.import AND j.sk = ? WHERE i.iid > ? AND EXISTS (SELECT 1 FROM json_each(i.cells) c \
           WHERE lower(trim(c.value)) IN (SELECT text FROM v)) ORDER BY i.iid LIMIT ?",
    columns: 1,
};

impl SqliteStore {
    async fn occurrences(
        &self,
        statement: &'static SetStatement,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<SqliteRow>, Fault> {
        let mut connection = self.reader().await?;
        let mut rows = Vec::new();
        for some in profiles.chunks(MAX_ROWS) {
            let query = statement.bind(|query| query, some, |query, id| query.bind(id.as_bytes().to_vec()));
            let query = query.bind(number(after)).bind(i64::from(limit));
            rows.extend(Counted::new(&mut connection).fetch(query).await.map_err(|error| to_fault(&error))?);
        }
        first_places(rows, limit)
    }
}

/// One page out of those of several chunks: the first places (column 0), each once.
fn first_places(rows: Vec<SqliteRow>, limit: u32) -> Result<Vec<SqliteRow>, Fault> {
    let place = |row: &SqliteRow| row.try_get::<i64, _>(0).map_err(|error| to_fault(&error));
    let mut placed: Vec<_> =
        rows.into_iter().map(|row| Ok((place(&row)?, row))).collect::<Result<_, Fault>>()?;
    placed.sort_by_key(|(place, _)| *place);
    placed.dedup_by_key(|(place, _)| *place);
    placed.truncate(limit as usize);
    Ok(placed.into_iter().map(|(_, row)| row).collect())
}

fn number(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// What events and purchases have in common: place, profile, name, time, app and properties.
type Common = (u64, ProfileId, Arc<str>, Timestamp, Option<Arc<str>>, Option<Box<RawValue>>);

fn read_common(row: &SqliteRow) -> Result<Common, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let properties: Option<String> = row.try_get(5).map_err(column)?;
    Ok((
        row.try_get::<i64, _>(0).map_err(column)?.unsigned_abs(),
        read_id(row, 1)?,
        row.try_get::<&str, _>(2).map_err(column)?.into(),
        Timestamp::from_micros(row.try_get(3).map_err(column)?),
        row.try_get::<Option<&str>, _>(4).map_err(column)?.map(Into::into),
        properties.map(RawValue::from_string).transpose().map_err(|_| unreadable("events.properties"))?,
    ))
}

#[async_trait]
impl Traces for SqliteStore {
    async fn scan_events(
        &self,
        _workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, EventRow)>, Fault> {
        let rows = self.occurrences(&EVENTS, profiles, after, limit).await?;
        rows.iter()
            .map(|row| {
                let (place, profile, name, at, app_id, properties) = read_common(row)?;
                Ok((place, EventRow { profile, name, at, app_id, properties }))
            })
            .collect()
    }

    async fn scan_purchases(
        &self,
        _workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, PurchaseRow)>, Fault> {
        let column = |error: sqlx::Error| to_fault(&error);
        let rows = self.occurrences(&PURCHASES, profiles, after, limit).await?;
        rows.iter()
            .map(|row| {
                let (place, profile, product, at, app_id, properties) = read_common(row)?;
                let price: &str = row.try_get(7).map_err(column)?;
                let row = PurchaseRow {
                    profile,
                    product,
                    currency: row.try_get::<&str, _>(6).map_err(column)?.into(),
                    price: serde_json::from_str(price).map_err(|_| unreadable("purchases.price"))?,
                    quantity: u32::try_from(row.try_get::<i64, _>(8).map_err(column)?)
                        .map_err(|_| unreadable("purchases.quantity"))?,
                    at,
                    app_id,
                    properties,
                };
                Ok((place, row))
            })
            .collect()
    }

    async fn scan_inbox_of(
        &self,
        workspace: WorkspaceId,
        user: &LineUserId,
        after: Option<InboxKey>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, Fault> {
        let mut connection = self.reader().await?;
        let query = plain(
            "-- scan_inbox_of\nSELECT channel, event, sk, received_at, line_user_id, kind, note, body, state \
             FROM line_inbox WHERE line_user_id = ? AND sk = ? AND (channel, event) > (?, ?) \
             ORDER BY channel, event LIMIT ?",
        );
        let (channel, event) = after.map(|key| (key.channel.0, key.event)).unwrap_or_default();
        let query =
            query.bind(user.as_str().to_owned()).bind(workspace.shard_key(0)).bind(channel).bind(event);
        let query = query.bind(i64::from(limit));
        let rows = Counted::new(&mut connection).fetch(query).await.map_err(|error| to_fault(&error))?;
        rows.iter().map(|row| read_inbox(row).map(|(_, row)| row)).collect()
    }

    async fn scan_issues_naming(
        &self,
        workspace: WorkspaceId,
        texts: &[String],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportId, ImportIssue)>, Fault> {
        let column = |error: sqlx::Error| to_fault(&error);
        let mut connection = self.reader().await?;
        let mut rows = Vec::new();
        for some in texts.chunks(MAX_ROWS) {
            let query = ISSUES.bind(|query| query, some, |query, text| query.bind(text.clone()));
            let query = query.bind(workspace.shard_key(0)).bind(number(after)).bind(i64::from(limit));
            rows.extend(Counted::new(&mut connection).fetch(query).await.map_err(column)?);
        }
        let rows = first_places(rows, limit)?;
        rows.iter()
            .map(|row| {
                let (place, issue) = crate::jobs::read_issue(row)?;
                let id: &[u8] = row.try_get(6).map_err(column)?;
                let id = uuid::Uuid::from_slice(id).map_err(|_| unreadable("import_issues.import"))?;
                Ok((place, ImportId(id), issue))
            })
            .collect()
    }
}
