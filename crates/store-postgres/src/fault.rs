//! From what PostgreSQL says to what the contract says. Never with data of a row.

use profile_store::{Fault, Retry};

/// Why a unit did not go through.
#[derive(Debug)]
pub(crate) enum UnitFault {
    /// It lost against another: load and decide again.
    Conflict(Retry),
    /// The connection or the server is gone; nothing was committed.
    Lost(Fault),
    /// The connection was lost while the commit was under way.
    Unknown,
    /// It failed by itself.
    Unit(Fault),
}

impl From<sqlx::Error> for UnitFault {
    fn from(error: sqlx::Error) -> Self {
        match sort(&error) {
            Sort::Conflict(why) => Self::Conflict(why),
            Sort::Lost => Self::Lost(to_fault(&error)),
            Sort::Other => Self::Unit(to_fault(&error)),
        }
    }
}

impl From<Fault> for UnitFault {
    fn from(fault: Fault) -> Self {
        Self::Unit(fault)
    }
}

impl From<UnitFault> for Fault {
    fn from(fault: UnitFault) -> Self {
        match fault {
            UnitFault::Conflict(_) => Self::Conflict,
            UnitFault::Lost(fault) | UnitFault::Unit(fault) => fault,
            UnitFault::Unknown => Self::OutcomeUnknown,
        }
    }
}

enum Sort {
    Conflict(Retry),
    Lost,
    Other,
}

fn sort(error: &sqlx::Error) -> Sort {
    match code(error).as_deref() {
        Some(code) if is_lost(code) => Sort::Lost,
        Some(code) => conflict(code).map_or(Sort::Other, Sort::Conflict),
        None => match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Sort::Lost,
            _ => Sort::Other,
        },
    }
}

/// A unique violation, a serialization failure, a deadlock, a lock that was not to be had.
fn conflict(code: &str) -> Option<Retry> {
    Some(match code {
        "23505" => Retry::LostSlot,
        "40001" => Retry::Serialization,
        "40P01" => Retry::Deadlock,
        "55P03" => Retry::LockTimeout,
        _ => return None,
    })
}

/// Connection exceptions, a server that shuts down or starts up, a transaction that idled too long, no connection left.
fn is_lost(code: &str) -> bool {
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "25P03" | "53300")
}

fn code(error: &sqlx::Error) -> Option<String> {
    let sqlx::Error::Database(database) = error else { return None };
    let code = database.code()?;
    Some(lost_code(&code, database.message()).map_or_else(|| code.into_owned(), str::to_owned))
}

/// The code that Citus does not hand on: what a node answers while rows are copied to it comes as an internal error with
/// the node's words, and a connection that breaks then as an error of a disk.
fn lost_code(code: &str, message: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str, &str); 11] = [
        ("XX000", "failure on connection marked as essential", "08006"),
        ("58030", "failed to COPY to shard", "08006"),
        ("58030", "failed to complete COPY on", "08006"),
        ("XX000", "terminating connection due to", "57P01"),
        ("XX000", "terminating connection because of crash", "57P02"),
        ("XX000", "the database system is", "57P03"),
        ("XX000", "deadlock detected", "40P01"),
        ("XX000", "could not serialize access", "40001"),
        ("XX000", "duplicate key value violates unique constraint", "23505"),
        ("XX000", "canceling statement due to lock timeout", "55P03"),
        ("XX000", "canceling statement due to", "57014"),
    ];
    let meant = WORDS.iter().find(|(with, words, _)| *with == code && message.starts_with(words));
    meant.map(|(.., meant)| *meant)
}

/// Whether the server answered that the transaction is not committed; else the outcome of a commit is unknown. An
/// internal error (XX) is what Citus answers when the one node that wrote went away while it was committing.
pub(crate) fn is_answer(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| is_settled(&code))
}

fn is_settled(code: &str) -> bool {
    !is_lost(code) && !code.starts_with("XX")
}

pub(crate) fn to_fault(error: &sqlx::Error) -> Fault {
    let unavailable = |text: &str| Fault::Unavailable(text.to_owned());
    match code(error).as_deref() {
        Some("57P01" | "57P02") => unavailable("the database server is shutting down"),
        Some("57P03") => unavailable("the database server is starting up"),
        Some("53300") => unavailable("the database server has no connection left"),
        Some(code) if is_lost(code) => unavailable("the connection to the database server was lost"),
        Some("57014") => unavailable("a statement took too long and was cancelled"),
        Some("55P03" | "40001" | "40P01") => unavailable("others hold what was asked for"),
        Some("25006") => unavailable("the database is read-only"),
        Some(code) if code.starts_with("53") => unavailable("the database server has no room left"),
        Some("28P01" | "28000") => unavailable("the database server refuses our user or password"),
        Some("3D000") => unavailable("there is no such database on the server"),
        Some(code) => Fault::Internal(format!("PostgreSQL answered with code {code}")),
        None => match error {
            sqlx::Error::PoolTimedOut => unavailable("no connection to the database server is free"),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => unavailable("the store is closed"),
            // A certificate that is refused comes as data that cannot be.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                unavailable("the database server offers no TLS that we trust")
            }
            sqlx::Error::Io(_) => unavailable("the database server cannot be reached"),
            sqlx::Error::Tls(_) => unavailable("the database server offers no TLS that we trust"),
            sqlx::Error::Protocol(_) => unavailable("the connection to the database server was lost"),
            sqlx::Error::Configuration(_) => unavailable("the URL of the database cannot be used"),
            sqlx::Error::ColumnDecode { index, .. } => Fault::Inconsistent(format!("column {index}")),
            _ => Fault::Internal("the database driver failed".into()),
        },
    }
}

/// Stored text that cannot be read.
pub(crate) fn unreadable(place: &str) -> Fault {
    Fault::Inconsistent(place.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{conflict, is_lost, is_settled, lost_code};

    /// What Citus says of a deadlock across nodes, of a shard that was split meanwhile, and of a node that went away.
    #[test]
    fn what_passes_is_tried_again() {
        for code in ["40P01", "40001", "55P03", "23505"] {
            assert!(conflict(code).is_some() && !is_lost(code) && is_settled(code), "{code}");
        }
        for code in ["08006", "08001", "57P01", "57P03", "53300"] {
            assert!(is_lost(code) && !is_settled(code), "{code}");
        }
        assert!(!is_settled("XX000"), "a commit that broke on the one node that wrote");
        assert!(is_settled("23514") && conflict("23514").is_none() && !is_lost("23514"));
    }

    /// Citus answers XX000 for whatever a node said while rows were copied to it.
    #[test]
    fn what_a_node_said_counts_whatever_code_it_came_with() {
        let node = |message: &str| lost_code("XX000", message);
        let gone = [
            node("failure on connection marked as essential: 127.0.0.1:7601"),
            node("terminating connection due to administrator command"),
            node("the database system is shutting down"),
            lost_code("58030", "failed to COPY to shard 102008 on 127.0.0.1:7601"),
        ];
        assert!(gone.iter().all(|code| code.is_some_and(is_lost)), "{gone:?}");
        let taken = node("duplicate key value violates unique constraint \"profiles_pkey_102008\"");
        assert!(taken.and_then(conflict).is_some() && node("deadlock detected").and_then(conflict).is_some());
        assert_eq!(node("canceling statement due to lock timeout"), Some("55P03"));
        assert_eq!(node("canceling statement due to statement timeout"), Some("57014"));
        assert_eq!(node("cache lookup failed for type 0"), None, "a defect stays one");
        assert_eq!(lost_code("58030", "could not read block 0"), None, "so does a disk");
    }
}
