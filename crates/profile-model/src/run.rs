//! Long jobs as rows: follower syncs and imports, with a lease so that another process can take over.

use serde::{Deserialize, Serialize};

use crate::{ChannelId, ImportId, SyncId, Timestamp};

/// State of a sync run (contract: `GET /line/syncs/{sync_id}`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// In work or waiting for a worker.
    Running,
    /// All pages seen.
    Complete,
    /// Gave up; `error` says why.
    Failed,
    /// LINE refused: the account is neither verified nor premium. Webhooks go on.
    NotEntitled,
}

/// One run of the follower sync of a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRun {
    /// Its id.
    pub id: SyncId,
    /// Which channel.
    pub channel: ChannelId,
    /// State.
    pub state: SyncState,
    /// Pages applied.
    pub pages: u64,
    /// Follower ids seen.
    pub seen: u64,
    /// Of those, whose state became `subscribed` by this run.
    pub subscribed: u64,
    /// Anonymous profiles made.
    pub created: u64,
    /// Listed followers that were left out because they were erased.
    #[serde(default)]
    pub skipped_erased: u64,
    /// When asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed: a sentence without personal data.
    pub error: Option<String>,
    /// Continuation token of the next page; `None` at the start.
    pub cursor: Option<String>,
    /// When that token was issued (it lives 24 h).
    pub cursor_at: Option<Timestamp>,
    /// How often the scan began anew because LINE refused the token.
    pub restarts: u32,
}

impl SyncRun {
    /// A run that is asked for now.
    #[must_use]
    pub const fn new(id: SyncId, channel: ChannelId, now: Timestamp) -> Self {
        Self {
            id,
            channel,
            state: SyncState::Running,
            pages: 0,
            seen: 0,
            subscribed: 0,
            created: 0,
            skipped_erased: 0,
            started_at: now,
            finished_at: None,
            error: None,
            cursor: None,
            cursor_at: None,
            restarts: 0,
        }
    }
}

/// State of an import (contract: `GET /imports/{import_id}`; `CSV-22`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportState {
    /// In work or waiting for a worker.
    #[serde(rename = "In progress")]
    InProgress,
    /// Every row applied.
    Complete,
    /// Some rows were left out.
    #[serde(rename = "Partial success")]
    PartialSuccess,
    /// Nothing could be applied, or the file became unreadable.
    Failed,
}

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// Attributes of users.
    Users,
    /// Custom events.
    Events,
}

/// One import with its progress. Progress commits in the transaction of the rows it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRun {
    /// Its id.
    pub id: ImportId,
    /// Display name (default: file name).
    pub name: String,
    /// Kind of file.
    pub kind: ImportKind,
    /// State.
    pub state: ImportState,
    /// Only checks, writes no profile.
    pub dry_run: bool,
    /// Data rows read.
    pub rows_read: u64,
    /// Rows that made a profile.
    pub rows_created: u64,
    /// Rows that named an existing profile.
    pub rows_updated: u64,
    /// Rows left out (errors).
    pub rows_skipped: u64,
    /// Rows applied without an offending value.
    pub rows_warned: u64,
    /// When accepted.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
    /// The file's header, for the report.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Byte offset in the stored file behind the last applied row.
    pub position: u64,
    /// Physical line of that offset (1-based).
    pub line: u64,
}

impl ImportRun {
    /// An import that is accepted now, not a dry run; its file is yet to be read, header and all.
    #[must_use]
    pub const fn new(id: ImportId, kind: ImportKind, name: String, now: Timestamp) -> Self {
        Self {
            id,
            name,
            kind,
            state: ImportState::InProgress,
            dry_run: false,
            rows_read: 0,
            rows_created: 0,
            rows_updated: 0,
            rows_skipped: 0,
            rows_warned: 0,
            started_at: now,
            finished_at: None,
            error: None,
            columns: Vec::new(),
            position: 0,
            line: 1,
        }
    }

    /// Ends the run: `Complete` if no row was left out, `Failed` if every row was, else `Partial success` (`CSV-22`).
    pub const fn finish(&mut self, now: Timestamp) {
        self.state = if self.rows_skipped == 0 {
            ImportState::Complete
        } else if self.rows_created + self.rows_updated == 0 {
            ImportState::Failed
        } else {
            ImportState::PartialSuccess
        };
        self.finished_at = Some(now);
    }
}

/// Level of a report line (`CSV-21`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueLevel {
    /// Nothing of the row was imported.
    Error,
    /// The row went in without the offending value.
    Warning,
}

/// One line of an import's report.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportIssue {
    /// Physical line of the row's first byte in the file (1-based, header is line 1).
    pub line: u64,
    /// Level.
    pub level: IssueLevel,
    /// Column header, empty if the row as a whole.
    pub field: String,
    /// What is wrong and what to do; no values.
    pub reason: String,
    /// Original cells, for the report.
    pub cells: Vec<String>,
}

/// A lease on a long job: who works on it, and until when nobody else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Random name of the worker process.
    pub owner: String,
    /// End.
    pub until: Timestamp,
}
