//! The ceiling of a write: the bare engine doing the same resolve, JSON merge and writes in groups of the same size.

use std::time::Duration;

use anyhow::Result;

pub(crate) mod postgres;
pub(crate) mod sqlite;

/// Objects per track request, and per transaction on PostgreSQL, which groups commits by itself.
pub(crate) const OBJECTS: u64 = 75;

/// Rows of a file per transaction on PostgreSQL, and followers per page of LINE's: as the server takes them.
const ROWS: u64 = 1000;

/// A bare database with the profiles that its measurements made.
pub(crate) enum Bare {
    /// Through rusqlite, on one thread.
    Sqlite(Box<sqlite::Bare>),
    /// Through pgbench: as many connections as there are clients for track requests, one for a file or a follower sync.
    Postgres(postgres::Bare),
}

/// A rate, and the database for the next measurement.
pub(crate) struct Measured {
    pub(crate) rate: f64,
    /// Processor time a piece, in microseconds, where the engine works in one thread of ours.
    pub(crate) cost: Option<f64>,
    pub(crate) bare: Bare,
}

impl Bare {
    /// Creates `rows` profiles with 1.0 external ids, 1.0 emails and 0.5 LINE ids.
    pub(crate) fn create(self, rows: u64) -> Result<Measured> {
        match self {
            Self::Sqlite(bare) => bare.create(rows),
            Self::Postgres(bare) => bare.create(rows),
        }
    }

    /// Creates groups of them for a while.
    pub(crate) fn create_for(self, time: Duration) -> Result<Measured> {
        match self {
            Self::Sqlite(bare) => bare.create_for(time),
            Self::Postgres(bare) => bare.create_for(time),
        }
    }

    /// Resolves, merges 3 of 11 keys and writes back, for a while.
    pub(crate) fn update_for(self, time: Duration, profiles: u64) -> Result<Measured> {
        match self {
            Self::Sqlite(bare) => bare.update_for(time, profiles),
            Self::Postgres(bare) => bare.update_for(time, profiles),
        }
    }

    /// Looks up and creates followers: profile, LINE id, alias, friendship.
    pub(crate) fn followers(self, count: u64) -> Result<Measured> {
        match self {
            Self::Sqlite(bare) => bare.followers(count),
            Self::Postgres(bare) => bare.followers(count),
        }
    }
}
