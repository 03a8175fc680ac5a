//! From what SQLite says to what the contract says. Never with data of a row.

use profile_store::{Fault, Retry};

/// Why a unit did not go through.
#[derive(Debug)]
pub(crate) enum UnitFault {
    /// Something moved between load and apply: load and decide again.
    Conflict(Retry),
    /// The unit alone failed.
    Unit(Fault),
    /// The transaction is gone, with every unit of its group.
    Group(Fault),
}

impl From<sqlx::Error> for UnitFault {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(database) = &error
            && database.is_unique_violation()
        {
            return Self::Conflict(Retry::LostSlot);
        }
        match code(&error) {
            // Full disk, input/output error, corrupt, cannot open: SQLite may have rolled back by itself.
            Some(10 | 11 | 13 | 14) | None => Self::Group(to_fault(&error)),
            Some(_) => Self::Unit(to_fault(&error)),
        }
    }
}

impl From<Fault> for UnitFault {
    fn from(fault: Fault) -> Self {
        Self::Unit(fault)
    }
}

/// SQLite's primary result code.
fn code(error: &sqlx::Error) -> Option<i32> {
    let sqlx::Error::Database(database) = error else { return None };
    database.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Somebody else holds a lock.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(5 | 6))
}

pub(crate) fn to_fault(error: &sqlx::Error) -> Fault {
    match code(error) {
        Some(5 | 6) => Fault::Unavailable("the database is locked by another process".into()),
        Some(8) => Fault::Unavailable("the database file is read-only".into()),
        Some(10) => Fault::Unavailable("the disk reports an input/output error".into()),
        Some(11 | 26) => Fault::Inconsistent("the file is damaged or is no SQLite database".into()),
        Some(13) => Fault::Unavailable("the disk is full".into()),
        Some(14) => Fault::Unavailable("the database file cannot be opened".into()),
        Some(code) => Fault::Internal(format!("SQLite answered with code {code}")),
        None => match error {
            sqlx::Error::PoolTimedOut => Fault::Unavailable("no reader is free".into()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Fault::Unavailable("the store is closed".into())
            }
            sqlx::Error::ColumnDecode { index, .. } => Fault::Inconsistent(format!("column {index}")),
            _ => Fault::Internal("the database driver failed".into()),
        },
    }
}

/// Stored text that cannot be read.
pub(crate) fn unreadable(place: &str) -> Fault {
    Fault::Inconsistent(place.to_owned())
}
