//! What is counted for operators: plain numbers of this process, without anything that a user sent.

use std::sync::atomic::{AtomicU64, Ordering};

use profile_model::{DeliveryOutcome, ImportRun, SyncRun, Timestamp};

use crate::{Applied, Fault, JobKind};

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Raises it.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// Its value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a backend ran something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The database chose it as the victim of a deadlock.
    Deadlock,
    /// It could not be put in a row with others.
    Serialization,
    /// Somebody took a unique key, or became the first holder of a value, between load and apply.
    LostSlot,
    /// A row that was loaded had moved.
    MovedRow,
    /// A row or the file was held by others for too long.
    LockTimeout,
    /// The connection broke before the commit.
    ConnectionLost,
    /// The connection broke during the commit; it carries its own dedupe key.
    OutcomeUnknown,
}

impl Retry {
    /// Every reason, in the order of [`Figures::retries`].
    pub const ALL: [Self; 7] = [
        Self::Deadlock,
        Self::Serialization,
        Self::LostSlot,
        Self::MovedRow,
        Self::LockTimeout,
        Self::ConnectionLost,
        Self::OutcomeUnknown,
    ];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deadlock => "deadlock",
            Self::Serialization => "serialization",
            Self::LostSlot => "lost_slot",
            Self::MovedRow => "moved_row",
            Self::LockTimeout => "lock_timeout",
            Self::ConnectionLost => "connection_lost",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }
}

/// What a backend counts of the units it ran.
#[derive(Debug, Default)]
pub struct UnitCounts {
    committed: Count,
    empty: Count,
    failed: Count,
    retries: [Count; Retry::ALL.len()],
}

impl UnitCounts {
    /// Counts a unit that came to its end.
    pub fn ended(&self, result: &Result<Applied, Fault>) {
        match result {
            Ok(Applied { wrote: true, .. }) => self.committed.add(1),
            Ok(_) => self.empty.add(1),
            Err(_) => self.failed.add(1),
        }
    }

    /// Counts a repetition.
    pub fn again(&self, why: Retry) {
        self.retries[why as usize].add(1);
    }

    /// What was counted; nothing about connections and queues.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            committed: self.committed.get(),
            empty: self.empty.get(),
            failed: self.failed.get(),
            retries: std::array::from_fn(|at| self.retries[at].get()),
            ..Figures::default()
        }
    }
}

/// A backend's work since this process began, and how full it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Units that committed.
    pub committed: u64,
    /// Units that had nothing to write.
    pub empty: u64,
    /// Units that failed.
    pub failed: u64,
    /// Repetitions by reason, in the order of [`Retry::ALL`].
    pub retries: [u64; Retry::ALL.len()],
    /// Connections at work for somebody.
    pub connections_in_use: u64,
    /// Connections that are open and wait for work.
    pub connections_idle: u64,
    /// Most connections there may be.
    pub connections_max: u64,
    /// The one writer, where a backend has one.
    pub writer: Option<WriterFigures>,
}

/// The one writer and its two queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterFigures {
    /// Requests that wait and that somebody waits for.
    pub waiting_interactive: u64,
    /// Bulk requests that wait.
    pub waiting_bulk: u64,
    /// Groups that were begun.
    pub groups: u64,
    /// Requests in them, all together: divided by the groups, the size of a group.
    pub grouped: u64,
}

/// Work that waits in the database, whichever process put it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Webhook events that are stored and not applied yet.
    pub inbox_pending: u64,
    /// When the oldest of them came.
    pub inbox_oldest: Option<Timestamp>,
    /// Long jobs that are not at their end, by kind, in the order of [`JobKind::ALL`].
    pub jobs_open: [u64; JobKind::ALL.len()],
}

/// What the use cases of this process count.
#[derive(Debug, Default)]
pub struct Tally {
    /// Webhook events that had their effect, or wait for it.
    pub events_applied: Count,
    /// Webhook events that were kept without effect.
    pub events_kept: Count,
    /// Webhook events that had been there before.
    pub events_repeated: Count,
    /// Rows of imports: read, then what became of them.
    pub import_rows_read: Count,
    /// Rows that made a profile.
    pub import_rows_created: Count,
    /// Rows that changed a profile, or found it as they say.
    pub import_rows_updated: Count,
    /// Rows that were left out.
    pub import_rows_skipped: Count,
    /// Pages of followers.
    pub sync_pages: Count,
    /// LINE users in them.
    pub sync_seen: Count,
    /// Profiles made for them.
    pub sync_created: Count,
}

impl Tally {
    /// Counts the events of a webhook.
    pub fn delivered(&self, outcomes: &[DeliveryOutcome]) {
        for outcome in outcomes {
            match outcome {
                DeliveryOutcome::Applied => self.events_applied.add(1),
                DeliveryOutcome::Kept => self.events_kept.add(1),
                DeliveryOutcome::Repeated => self.events_repeated.add(1),
            }
        }
    }

    /// Counts what an import did between two states of it.
    pub(crate) fn imported(&self, before: &ImportRun, after: &ImportRun) {
        let rose = |of: fn(&ImportRun) -> u64| of(after).saturating_sub(of(before));
        self.import_rows_read.add(rose(|run| run.rows_read));
        self.import_rows_created.add(rose(|run| run.rows_created));
        self.import_rows_updated.add(rose(|run| run.rows_updated));
        self.import_rows_skipped.add(rose(|run| run.rows_skipped));
    }

    /// Counts what a sync did between two states of it.
    pub fn synced(&self, before: &SyncRun, after: &SyncRun) {
        let rose = |of: fn(&SyncRun) -> u64| of(after).saturating_sub(of(before));
        self.sync_pages.add(rose(|run| run.pages));
        self.sync_seen.add(rose(|run| run.seen));
        self.sync_created.add(rose(|run| run.created));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_in_its_own_place() {
        let counts = UnitCounts::default();
        for (times, why) in Retry::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counts.again(why));
        }
        counts.ended(&Ok(Applied { wrote: true, statements: 3, retries: 0 }));
        counts.ended(&Ok(Applied { wrote: false, statements: 1, retries: 0 }));
        counts.ended(&Err(Fault::Conflict));
        let figures = counts.figures();
        assert_eq!(figures.retries, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!((figures.committed, figures.empty, figures.failed), (1, 1, 1));
    }
}
