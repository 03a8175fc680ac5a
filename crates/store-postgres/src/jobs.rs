//! Long jobs: their rows, leases and reports. All of a workspace are in its bucket 0.

use profile_model::{
    ChangeSet, ChannelId, DuplicatesId, DuplicatesRun, DuplicatesState, ImportId, ImportIssue, ImportRun,
    ImportState, IssueLevel, Keys, Lease, Loaded, SyncId, SyncRun, SyncState, Timestamp, WorkspaceId,
};
use profile_store::{Fault, Job, JobKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::fault::{UnitFault, unreadable};
use crate::shards::Shards;
use crate::statement::{Bound, Counted, column, get, number, plain};

const SYNC: i16 = 1;
const IMPORT: i16 = 2;
const DUPLICATES: i16 = 3;

const PUT: &str = "-- put_job\nINSERT INTO jobs (sk, id, kind, channel, is_open, started_at, run) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (sk, id) DO UPDATE SET is_open = excluded.is_open, \
     run = excluded.run";

const ISSUES: &str = "-- append_import_issues\n\
     INSERT INTO import_issues (sk, import, line, level, field, reason, cells) \
     SELECT $1, $2, v.line, v.level, v.field, v.reason, v.cells \
     FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[]) v(line, level, field, reason, cells)";

pub(crate) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    change: &ChangeSet,
) -> Result<(), UnitFault> {
    let sk = shards.home();
    if let Some(run) = &change.sync {
        let channel = Some(run.channel.0.as_str());
        put_run(counted, sk, run.id.0, SYNC, channel, run.state == SyncState::Running, run.started_at, run)
            .await?;
    }
    if let Some(run) = &change.duplicates {
        let open = run.state == DuplicatesState::Running;
        put_run(counted, sk, run.id.0, DUPLICATES, None, open, run.started_at, run).await?;
    }
    let Some(import) = &change.import else { return Ok(()) };
    let open = import.state == ImportState::InProgress;
    put_run(counted, sk, import.id.0, IMPORT, None, open, import.started_at, import).await?;
    let issues = &change.import_issues;
    if !issues.is_empty() {
        let query = plain(ISSUES)
            .bind(sk)
            .bind(import.id.0)
            .bind(column(issues, |issue| number(issue.line)))
            .bind(column(issues, |issue| level_text(issue.level)))
            .bind(column(issues, |issue| issue.field.as_str()))
            .bind(column(issues, |issue| issue.reason.as_str()))
            .bind(column(issues, |issue| serde_json::to_string(&issue.cells).unwrap_or_default()));
        counted.execute(query).await?;
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the columns of one row, in their order")]
async fn put_run(
    counted: &mut Counted<'_>,
    sk: i64,
    id: Uuid,
    kind: i16,
    channel: Option<&str>,
    open: bool,
    started_at: Timestamp,
    run: &impl Serialize,
) -> Result<(), UnitFault> {
    let query = plain(PUT)
        .bind(sk)
        .bind(id)
        .bind(kind)
        .bind(channel.map(str::to_owned))
        .bind(open)
        .bind(started_at.as_micros())
        .bind(serde_json::to_string(run).unwrap_or_default());
    counted.execute(query).await?;
    Ok(())
}

const fn level_text(level: IssueLevel) -> &'static str {
    match level {
        IssueLevel::Error => "error",
        IssueLevel::Warning => "warning",
    }
}

/// Loads the jobs a unit asks for; a unit that writes locks them, and meets others that start a sync at the channel.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    shards: Shards,
    keys: &Keys,
    locking: bool,
    loaded: &mut Loaded,
) -> Result<(), UnitFault> {
    let text = if locking { LOCK } else { BY_ID };
    let by_id = |id: Uuid, kind: i16| plain(text).bind(shards.home()).bind(id).bind(kind);
    if let Some(id) = keys.sync {
        loaded.sync = load_run(counted, by_id(id.0, SYNC)).await?;
    }
    if let Some(channel) = &keys.sync_of {
        if locking {
            let query = plain("-- lock_channel\nSELECT id FROM line_channels WHERE id = $1 FOR UPDATE");
            counted.fetch(query.bind(channel.0.clone())).await?;
        }
        loaded.sync = load_sync_of(counted, shards, channel).await?;
    }
    if let Some(id) = keys.duplicates {
        loaded.duplicates = load_run(counted, by_id(id.0, DUPLICATES)).await?;
    }
    if let Some(id) = keys.import {
        loaded.import = load_run(counted, by_id(id.0, IMPORT)).await?;
    }
    Ok(())
}

const BY_ID: &str = "-- load_job\nSELECT run FROM jobs WHERE sk = $1 AND id = $2 AND kind = $3";
const LOCK: &str = "-- lock_job\nSELECT run FROM jobs WHERE sk = $1 AND id = $2 AND kind = $3 FOR UPDATE";

async fn load_run<T: DeserializeOwned>(
    counted: &mut Counted<'_>,
    query: Bound,
) -> Result<Option<T>, UnitFault> {
    let rows = counted.fetch(query).await?;
    Ok(rows.first().map(|row| read_run(row, 0)).transpose()?)
}

fn read_run<T: DeserializeOwned>(row: &PgRow, at: usize) -> Result<T, Fault> {
    serde_json::from_str(get(row, at)?).map_err(|_| unreadable("jobs.run"))
}

pub(crate) async fn load_sync(
    counted: &mut Counted<'_>,
    shards: Shards,
    id: SyncId,
) -> Result<Option<SyncRun>, UnitFault> {
    load_run(counted, plain(BY_ID).bind(shards.home()).bind(id.0).bind(SYNC)).await
}

pub(crate) async fn load_import(
    counted: &mut Counted<'_>,
    shards: Shards,
    id: ImportId,
) -> Result<Option<ImportRun>, UnitFault> {
    load_run(counted, plain(BY_ID).bind(shards.home()).bind(id.0).bind(IMPORT)).await
}

pub(crate) async fn load_duplicates(
    counted: &mut Counted<'_>,
    shards: Shards,
    id: DuplicatesId,
) -> Result<Option<DuplicatesRun>, UnitFault> {
    load_run(counted, plain(BY_ID).bind(shards.home()).bind(id.0).bind(DUPLICATES)).await
}

async fn load_sync_of(
    counted: &mut Counted<'_>,
    shards: Shards,
    channel: &ChannelId,
) -> Result<Option<SyncRun>, UnitFault> {
    let query = plain(
        "-- load_newest_sync\nSELECT run FROM jobs WHERE sk = $1 AND channel = $2 \
         ORDER BY started_at DESC, id DESC LIMIT 1",
    );
    load_run(counted, query.bind(shards.home()).bind(channel.0.clone())).await
}

/// Jobs that may be had, own ones first, oldest first. Over all shards: a read, with nothing locked.
const FREE: &str = "-- find_jobs\nSELECT sk, id FROM jobs WHERE is_open AND kind = $1 \
     AND (lease_owner IS NULL OR lease_owner = $2 OR lease_until <= $3) \
     ORDER BY lease_owner IS DISTINCT FROM $2, started_at, id LIMIT $4";

/// Taken one by one: what was free above may be gone now.
const CLAIM: &str = "-- claim_job\nUPDATE jobs SET lease_owner = $4, lease_until = $5 WHERE sk = $1 AND id = $2 \
     AND is_open AND (lease_owner IS NULL OR lease_owner = $4 OR lease_until <= $3) RETURNING run";

/// Takes leases: own ones first, then free or ended ones, oldest first.
pub(crate) async fn claim(
    counted: &mut Counted<'_>,
    kind: JobKind,
    lease: &Lease,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Job>, UnitFault> {
    let wanted = match kind {
        JobKind::Sync => SYNC,
        JobKind::Import => IMPORT,
        JobKind::Duplicates => DUPLICATES,
    };
    let query =
        plain(FREE).bind(wanted).bind(lease.owner.clone()).bind(now.as_micros()).bind(i64::from(limit));
    let free = counted.fetch(query).await?;
    let mut jobs = Vec::with_capacity(free.len());
    for row in &free {
        let sk: i64 = get(row, 0)?;
        let query = plain(CLAIM)
            .bind(sk)
            .bind(get::<Uuid>(row, 1)?)
            .bind(now.as_micros())
            .bind(lease.owner.clone())
            .bind(lease.until.as_micros());
        let taken = counted.fetch(query).await?;
        let Some(row) = taken.first() else { continue };
        let workspace = WorkspaceId(u32::try_from(sk >> 16).map_err(|_| unreadable("jobs.sk"))?);
        jobs.push(match kind {
            JobKind::Sync => Job::Sync(workspace, read_run(row, 0)?),
            JobKind::Import => Job::Import(workspace, read_run(row, 0)?),
            JobKind::Duplicates => Job::Duplicates(workspace, read_run(row, 0)?),
        });
    }
    Ok(jobs)
}

pub(crate) async fn release(counted: &mut Counted<'_>, owner: &str) -> Result<(), UnitFault> {
    let query = plain(
        "-- release_jobs\nUPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1",
    );
    counted.execute(query.bind(owner.to_owned())).await.map(drop)
}

/// One page of an import's report.
pub(crate) async fn scan_issues(
    counted: &mut Counted<'_>,
    shards: Shards,
    id: ImportId,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, ImportIssue)>, UnitFault> {
    let query = plain(
        "-- scan_import_issues\nSELECT iid, line, level, field, reason, cells FROM import_issues \
         WHERE sk = $1 AND import = $2 AND iid > $3 ORDER BY iid LIMIT $4",
    );
    let query = query.bind(shards.home()).bind(id.0).bind(number(after)).bind(i64::from(limit));
    let rows = counted.fetch(query).await?;
    rows.iter().map(|row| Ok(read_issue(row)?)).collect()
}

pub(crate) fn read_issue(row: &PgRow) -> Result<(u64, ImportIssue), Fault> {
    let issue = ImportIssue {
        line: get::<i64>(row, 1)?.unsigned_abs(),
        level: if get::<&str>(row, 2)? == "error" { IssueLevel::Error } else { IssueLevel::Warning },
        field: get(row, 3)?,
        reason: get(row, 4)?,
        cells: serde_json::from_str(get(row, 5)?).map_err(|_| unreadable("import_issues.cells"))?,
    };
    Ok((get::<i64>(row, 0)?.unsigned_abs(), issue))
}
