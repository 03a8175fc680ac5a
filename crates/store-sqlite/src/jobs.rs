//! Long jobs: their rows, leases and reports.

use profile_model::{
    ChangeSet, ChannelId, DuplicatesId, DuplicatesRun, DuplicatesState, ImportId, ImportIssue, ImportRun,
    ImportState, IssueLevel, Keys, Lease, Loaded, SyncId, SyncRun, SyncState, Timestamp, WorkspaceId,
};
use profile_store::{Fault, Job, JobKind};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::apply::run;
use crate::fault::{UnitFault, to_fault, unreadable};
use crate::statement::{Counted, SetStatement, plain};

const SYNC: i64 = 1;
const IMPORT: i64 = 2;
const DUPLICATES: i64 = 3;

static PUT: &str = "-- put_job\nINSERT INTO jobs (id, sk, kind, channel, open, started_at, run) \
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET open = excluded.open, run = excluded.run";

static ISSUES: SetStatement = SetStatement {
    text: "-- append_import_issues\nINSERT INTO import_issues (import, line, level, field, reason, cells) \
           SELECT column1, column2, column3, column4, column5, column6 FROM (VALUES {rows}) \
           WHERE column1 IS NOT NULL",
    columns: 6,
};

pub(crate) async fn put(counted: &mut Counted<'_>, sk: i64, change: &ChangeSet) -> Result<(), UnitFault> {
    if let Some(run) = &change.sync {
        let query = plain(PUT)
            .bind(run.id.0.as_bytes().to_vec())
            .bind(sk)
            .bind(SYNC)
            .bind(run.channel.0.clone())
            .bind(i64::from(run.state == SyncState::Running))
            .bind(run.started_at.as_micros())
            .bind(serde_json::to_string(run).unwrap_or_default());
        counted.execute(query).await?;
    }
    if let Some(run) = &change.duplicates {
        let query = plain(PUT)
            .bind(run.id.0.as_bytes().to_vec())
            .bind(sk)
            .bind(DUPLICATES)
            .bind(None::<String>)
            .bind(i64::from(run.state == DuplicatesState::Running))
            .bind(run.started_at.as_micros())
            .bind(serde_json::to_string(run).unwrap_or_default());
        counted.execute(query).await?;
    }
    let Some(import) = &change.import else { return Ok(()) };
    let query = plain(PUT)
        .bind(import.id.0.as_bytes().to_vec())
        .bind(sk)
        .bind(IMPORT)
        .bind(None::<String>)
        .bind(i64::from(import.state == ImportState::InProgress))
        .bind(import.started_at.as_micros())
        .bind(serde_json::to_string(import).unwrap_or_default());
    counted.execute(query).await?;
    run(
        counted,
        &ISSUES,
        &change.import_issues,
        |query| query,
        |query, issue| {
            query
                .bind(import.id.0.as_bytes().to_vec())
                .bind(i64::try_from(issue.line).unwrap_or(i64::MAX))
                .bind(level_text(issue.level))
                .bind(issue.field.clone())
                .bind(issue.reason.clone())
                .bind(serde_json::to_string(&issue.cells).unwrap_or_default())
        },
    )
    .await?;
    Ok(())
}

const fn level_text(level: IssueLevel) -> &'static str {
    match level {
        IssueLevel::Error => "error",
        IssueLevel::Warning => "warning",
    }
}

/// Loads the jobs a unit asks for.
pub(crate) async fn load(
    counted: &mut Counted<'_>,
    sk: i64,
    keys: &Keys,
    loaded: &mut Loaded,
) -> Result<(), Fault> {
    if let Some(id) = keys.sync {
        loaded.sync = load_sync(counted, sk, id).await?;
    }
    if let Some(channel) = &keys.sync_of {
        loaded.sync = load_sync_of(counted, sk, channel).await?;
    }
    if let Some(id) = keys.duplicates {
        loaded.duplicates = load_duplicates(counted, sk, id).await?;
    }
    if let Some(id) = keys.import {
        loaded.import = load_import(counted, sk, id).await?;
    }
    Ok(())
}

static BY_ID: &str = "-- load_job\nSELECT run FROM jobs WHERE id = ? AND sk = ? AND kind = ?";

async fn load_run<T: serde::de::DeserializeOwned>(
    counted: &mut Counted<'_>,
    query: crate::statement::Bound,
) -> Result<Option<T>, Fault> {
    let rows = counted.fetch(query).await.map_err(|error| to_fault(&error))?;
    rows.first().map(|row| read_run(row, 0)).transpose()
}

fn read_run<T: serde::de::DeserializeOwned>(row: &SqliteRow, at: usize) -> Result<T, Fault> {
    let text: &str = row.try_get(at).map_err(|error| to_fault(&error))?;
    serde_json::from_str(text).map_err(|_| unreadable("jobs.run"))
}

pub(crate) async fn load_sync(
    counted: &mut Counted<'_>,
    sk: i64,
    id: SyncId,
) -> Result<Option<SyncRun>, Fault> {
    load_run(counted, plain(BY_ID).bind(id.0.as_bytes().to_vec()).bind(sk).bind(SYNC)).await
}

pub(crate) async fn load_import(
    counted: &mut Counted<'_>,
    sk: i64,
    id: ImportId,
) -> Result<Option<ImportRun>, Fault> {
    load_run(counted, plain(BY_ID).bind(id.0.as_bytes().to_vec()).bind(sk).bind(IMPORT)).await
}

pub(crate) async fn load_duplicates(
    counted: &mut Counted<'_>,
    sk: i64,
    id: DuplicatesId,
) -> Result<Option<DuplicatesRun>, Fault> {
    load_run(counted, plain(BY_ID).bind(id.0.as_bytes().to_vec()).bind(sk).bind(DUPLICATES)).await
}

async fn load_sync_of(
    counted: &mut Counted<'_>,
    sk: i64,
    channel: &ChannelId,
) -> Result<Option<SyncRun>, Fault> {
    let query = plain(
        "-- load_newest_sync\nSELECT run FROM jobs WHERE channel = ? AND sk = ? \
         ORDER BY started_at DESC, id DESC LIMIT 1",
    );
    load_run(counted, query.bind(channel.0.clone()).bind(sk)).await
}

/// Takes leases: own ones first, then free or ended ones, oldest first. Runs inside a write transaction.
pub(crate) async fn claim(
    counted: &mut Counted<'_>,
    kind: JobKind,
    lease: &Lease,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Job>, Fault> {
    let number = match kind {
        JobKind::Sync => SYNC,
        JobKind::Import => IMPORT,
        JobKind::Duplicates => DUPLICATES,
    };
    let query = plain(
        "-- claim_jobs\nUPDATE jobs SET lease_owner = ?1, lease_until = ?2 WHERE id IN (SELECT id FROM jobs \
         WHERE open = 1 AND kind = ?3 AND (lease_owner IS NULL OR lease_owner = ?1 OR lease_until <= ?4) \
         ORDER BY lease_owner IS NOT ?1, started_at LIMIT ?5) RETURNING sk, run, started_at",
    );
    let query = query
        .bind(lease.owner.clone())
        .bind(lease.until.as_micros())
        .bind(number)
        .bind(now.as_micros())
        .bind(i64::from(limit));
    let rows = counted.fetch(query).await.map_err(|error| to_fault(&error))?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        let sk: i64 = row.try_get(0).map_err(|error| to_fault(&error))?;
        let workspace = WorkspaceId(u32::try_from(sk >> 16).map_err(|_| unreadable("jobs.sk"))?);
        jobs.push(match kind {
            JobKind::Sync => Job::Sync(workspace, read_run(row, 1)?),
            JobKind::Import => Job::Import(workspace, read_run(row, 1)?),
            JobKind::Duplicates => Job::Duplicates(workspace, read_run(row, 1)?),
        });
    }
    Ok(jobs)
}

pub(crate) async fn release(counted: &mut Counted<'_>, owner: &str) -> Result<(), Fault> {
    let query = plain(
        "-- release_jobs\nUPDATE jobs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?",
    );
    counted.execute(query.bind(owner.to_owned())).await.map(drop).map_err(|error| to_fault(&error))
}

/// One page of a report, with row numbers counted from 1 within the import.
pub(crate) async fn scan_issues(
    counted: &mut Counted<'_>,
    id: ImportId,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, ImportIssue)>, Fault> {
    let query = plain(
        "-- scan_import_issues\nSELECT iid, line, level, field, reason, cells FROM import_issues \
         WHERE import = ? AND iid > ? ORDER BY iid LIMIT ?",
    );
    let query = query
        .bind(id.0.as_bytes().to_vec())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::from(limit));
    let rows = counted.fetch(query).await.map_err(|error| to_fault(&error))?;
    rows.iter().map(read_issue).collect()
}

pub(crate) fn read_issue(row: &SqliteRow) -> Result<(u64, ImportIssue), Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let level: &str = row.try_get(2).map_err(column)?;
    let cells: &str = row.try_get(5).map_err(column)?;
    let issue = ImportIssue {
        line: row.try_get::<i64, _>(1).map_err(column)?.unsigned_abs(),
        level: if level == "error" { IssueLevel::Error } else { IssueLevel::Warning },
        field: row.try_get(3).map_err(column)?,
        reason: row.try_get(4).map_err(column)?,
        cells: serde_json::from_str(cells).map_err(|_| unreadable("import_issues.cells"))?,
    };
    Ok((row.try_get::<i64, _>(0).map_err(column)?.unsigned_abs(), issue))
}
