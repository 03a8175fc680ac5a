//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Secret;
use crate::failure::Failure;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A database on a PostgreSQL server: its URL, which may hold a password.
    Server(Secret),
}

impl Place {
    /// Reads `sqlite://PATH` or `postgres://..`.
    ///
    /// # Errors
    /// [`Failure::Misuse`] for anything else, without showing it.
    pub(crate) fn parse(url: &str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            return Ok(Self::File(PathBuf::from(path)));
        }
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        if rest.is_some_and(|rest| !rest.is_empty()) {
            return Ok(Self::Server(Secret(url.to_owned())));
        }
        // The URL itself may hold a password.
        Err(Failure::Misuse(
            "database: expected sqlite://PATH, such as sqlite://enmusubi-data/enmusubi.db, \
             or postgres://USER@HOST/DATABASE"
                .to_owned(),
        ))
    }

    /// The SQLite file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server(_) => None,
        }
    }
}

/// Without user, password and parameters.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => {
                let url = url.reveal();
                let place = url.split_once("://").map_or(url, |(_, place)| place);
                let place = place.split(['?', '#']).next().unwrap_or_default();
                let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_shown_without_who_and_how() {
        for url in [
            "postgres://me:hush@db.example:5433/shop?sslmode=require&password=hush",
            "postgresql://me:hu@sh@db.example:5433/shop",
        ] {
            let place = Place::parse(url).unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(
                format!("{place} {place:?}"),
                "postgres://db.example:5433/shop postgres://db.example:5433/shop"
            );
            assert_eq!(place.file(), None);
        }
    }
}
