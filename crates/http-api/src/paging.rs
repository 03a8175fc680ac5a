//! Lists: `?limit=` (100, at most 1000) and `&cursor=`, answered with `"next_cursor"`.

use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;

use crate::answer::{Code, Problem};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which page.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) limit: u32,
    /// What the last page ended with.
    pub(crate) after: Option<String>,
}

impl Paging {
    pub(crate) fn read(uri: &Uri) -> Result<Self, Problem> {
        let bad = |text: &str| Problem::invalid(Code::FieldInvalid, text);
        let Query(asked) = Query::<Asked>::try_from_uri(uri).map_err(|_| bad("'limit' must be a number"))?;
        let limit = asked.limit.unwrap_or(100);
        if !(1..=1000).contains(&limit) {
            return Err(bad("'limit' must be from 1 to 1000"));
        }
        let after = asked.cursor.map(|cursor| open(&cursor).ok_or_else(bad_cursor)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The id that the last page ended with.
    pub(crate) fn after_id<T>(&self, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        self.after.as_deref().map(|after| parse(after).ok_or_else(bad_cursor)).transpose()
    }

    /// The cursor behind a page, if there may be more.
    pub(crate) fn next<T>(&self, page: &[T], end: impl Fn(&T) -> String) -> Option<String> {
        let full = page.len() >= self.limit as usize;
        page.last().filter(|_| full).map(|last| seal(&end(last)))
    }
}

fn bad_cursor() -> Problem {
    Problem::invalid(Code::FieldInvalid, "'cursor' is not one that a list answered with")
}

/// Cursors are opaque: a value would be personal data in somebody's access log.
fn seal(value: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn open(cursor: &str) -> Option<String> {
    if !cursor.is_ascii() || !cursor.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..cursor.len() / 2).map(|at| u8::from_str_radix(&cursor[at * 2..at * 2 + 2], 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_what_it_was_and_shows_nothing() {
        let sealed = seal("hanako@example.com");
        assert!(!sealed.contains("hanako"));
        assert_eq!(open(&sealed).as_deref(), Some("hanako@example.com"));
        for bad in ["x", "zz", "é", "f"] {
            assert_eq!(open(bad), None, "{bad}");
        }
    }

    #[test]
    fn limits_are_from_1_to_1000() {
        let read = |uri: &str| Paging::read(&uri.parse().unwrap()).map(|paging| paging.limit);
        assert_eq!(read("/x").unwrap(), 100);
        assert_eq!(read("/x?limit=1000").unwrap(), 1000);
        for bad in ["/x?limit=0", "/x?limit=1001", "/x?limit=many", "/x?cursor=zz"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
