//! Rows about one person, for a disclosure.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use profile_model::{
    EventRow, ImportId, ImportIssue, InboxKey, InboxRow, LineUserId, ProfileId, PurchaseRow, Timestamp,
    WorkspaceId,
};
use profile_store::{Fault, Traces};
use serde_json::value::RawValue;
use sqlx::postgres::PgRow;

use crate::fault::{UnitFault, unreadable};
use crate::jobs::read_issue;
use crate::reading::read;
use crate::rows::{read_id, uuid_of};
use crate::scan::read_inbox;
use crate::shards::{Shards, by_shard};
use crate::statement::{Counted, column, get, number, plain};
use crate::store::PostgresStore;

const EVENTS: &str = "-- scan_events\nSELECT e.eid, e.profile, e.name, e.at, e.app_id, e.properties::text \
     FROM unnest($2::uuid[]) v(id) CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.sk = $1 AND e.profile = v.id \
     AND e.eid > $3 ORDER BY e.eid LIMIT $4) e ORDER BY e.eid LIMIT $4";

const PURCHASES: &str = "-- scan_purchases\n\
     SELECT e.eid, e.profile, e.product, e.at, e.app_id, e.properties::text, e.currency, e.price, e.quantity \
     FROM unnest($2::uuid[]) v(id) CROSS JOIN LATERAL (SELECT * FROM purchases e WHERE e.sk = $1 AND e.profile = v.id \
     AND e.eid > $3 ORDER BY e.eid LIMIT $4) e ORDER BY e.eid LIMIT $4";

const INBOX: &str = "-- scan_inbox_of\n\
     SELECT channel, event, sk, received_at, line_user_id, kind, note, body, state FROM line_inbox \
     WHERE sk = $1 AND line_user_id = $2 AND (channel, event) > ($3, $4) ORDER BY channel, event LIMIT $5";

/// A walk over the reports of the workspace: they are short, and a disclosure is rare. The cells are compared outside of
/// SQL, as for an erasure.
const ISSUES: &str = "-- scan_issues_naming\nSELECT iid, line, level, field, reason, cells, import \
     FROM import_issues WHERE sk = $1 AND iid > $2 ORDER BY iid LIMIT 5000";

/// Rows of events or purchases of every shard, in the order of their numbers.
async fn occurrences(
    counted: &mut Counted<'_>,
    shards: Shards,
    text: &'static str,
    profiles: &[ProfileId],
    after: u64,
    limit: u32,
) -> Result<Vec<PgRow>, UnitFault> {
    let profiles: BTreeSet<ProfileId> = profiles.iter().copied().collect();
    let mut found = Vec::new();
    for (sk, ids) in by_shard(profiles, |id| shards.of_profile(*id)) {
        let ids = column(&ids, |id| uuid_of(*id));
        let query = plain(text).bind(sk).bind(ids).bind(number(after)).bind(i64::from(limit));
        for row in counted.fetch(query).await? {
            found.push((get::<i64>(&row, 0)?, row));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    found.truncate(limit as usize);
    Ok(found.into_iter().map(|(_, row)| row).collect())
}

/// What events and purchases have in common: place, profile, name, time, app and properties.
type Common = (u64, ProfileId, Arc<str>, Timestamp, Option<Arc<str>>, Option<Box<RawValue>>);

fn read_common(row: &PgRow) -> Result<Common, Fault> {
    let properties: Option<String> = get(row, 5)?;
    Ok((
        get::<i64>(row, 0)?.unsigned_abs(),
        read_id(row, 1)?,
        get::<&str>(row, 2)?.into(),
        Timestamp::from_micros(get(row, 3)?),
        get::<Option<&str>>(row, 4)?.map(Into::into),
        properties.map(RawValue::from_string).transpose().map_err(|_| unreadable("events.properties"))?,
    ))
}

async fn issues_naming(
    counted: &mut Counted<'_>,
    shards: Shards,
    texts: &BTreeSet<String>,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, ImportId, ImportIssue)>, UnitFault> {
    let (mut after, mut found) = (number(after), Vec::new());
    loop {
        let page = counted.fetch(plain(ISSUES).bind(shards.home()).bind(after)).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = get(last, 0)?;
        for row in &page {
            let (place, issue) = read_issue(row)?;
            if issue.cells.iter().any(|cell| texts.contains(&cell.trim().to_lowercase())) {
                found.push((place, ImportId(get(row, 6)?), issue));
                if found.len() == limit as usize {
                    return Ok(found);
                }
            }
        }
    }
}

#[async_trait]
impl Traces for PostgresStore {
    async fn scan_events(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, EventRow)>, Fault> {
        let shards = self.shards(workspace).await?;
        let rows = read!(self, counted => occurrences(counted, shards, EVENTS, profiles, after, limit))?;
        rows.iter()
            .map(|row| {
                let (place, profile, name, at, app_id, properties) = read_common(row)?;
                Ok((place, EventRow { profile, name, at, app_id, properties }))
            })
            .collect()
    }

    async fn scan_purchases(
        &self,
        workspace: WorkspaceId,
        profiles: &[ProfileId],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, PurchaseRow)>, Fault> {
        let shards = self.shards(workspace).await?;
        let rows = read!(self, counted => occurrences(counted, shards, PURCHASES, profiles, after, limit))?;
        rows.iter()
            .map(|row| {
                let (place, profile, product, at, app_id, properties) = read_common(row)?;
                let row = PurchaseRow {
                    profile,
                    product,
                    currency: get::<&str>(row, 6)?.into(),
                    price: serde_json::from_str(get(row, 7)?).map_err(|_| unreadable("purchases.price"))?,
                    quantity: u32::try_from(get::<i64>(row, 8)?)
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
        let shards = self.shards(workspace).await?;
        let (channel, event) = after.map(|key| (key.channel.0, key.event)).unwrap_or_default();
        let query = || {
            plain(INBOX)
                .bind(shards.of_value(user.as_str()))
                .bind(user.as_str().to_owned())
                .bind(channel.clone())
                .bind(event.clone())
                .bind(i64::from(limit))
        };
        let rows = read!(self, counted => counted.fetch(query()))?;
        rows.iter().map(|row| Ok(read_inbox(row)?.1)).collect()
    }

    async fn scan_issues_naming(
        &self,
        workspace: WorkspaceId,
        texts: &[String],
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, ImportId, ImportIssue)>, Fault> {
        let shards = self.shards(workspace).await?;
        let texts = texts.iter().map(|text| text.trim().to_lowercase()).collect();
        read!(self, counted => issues_naming(counted, shards, &texts, after, limit))
    }
}
