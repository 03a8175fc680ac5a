//! Names in use, and what this process knows of them: a name that is stored already costs no statement.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use profile_model::{DataType, NameKind, Named};

use crate::fault::{UnitFault, unreadable};
use crate::shards::Shards;
use crate::statement::{Counted, column, get, plain};

/// Names a process remembers; beyond that it begins anew, and stores again what is stored already.
const MAX_KNOWN: usize = 100_000;

const PUT: &str = "-- put_names\nINSERT INTO catalogue (sk, kind, name, data_type) \
     SELECT $1, v.kind, v.name, v.data_type FROM unnest($2::smallint[], $3::text[], $4::text[]) \
     v(kind, name, data_type) ON CONFLICT (sk, kind, name) DO NOTHING";

/// Names known to be stored: only what was committed counts.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    stored: Mutex<HashSet<(i64, NameKind, Arc<str>)>>,
}

impl KnownNames {
    /// Those of the names that may be new, sorted.
    pub(crate) fn new_ones<'n>(&self, shards: Shards, names: &'n [Named]) -> Vec<&'n Named> {
        if names.is_empty() {
            return Vec::new();
        }
        let stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |named: &&Named| !stored.contains(&(shards.home(), named.kind, Arc::clone(&named.name)));
        let mut new: Vec<_> = names.iter().filter(is_new).collect();
        new.sort_unstable();
        new
    }

    /// Remembers names whose unit has committed.
    pub(crate) fn keep(&self, shards: Shards, names: &[&Named]) {
        if names.is_empty() {
            return;
        }
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.len() + names.len() > MAX_KNOWN {
            stored.clear();
        }
        stored.extend(names.iter().map(|named| (shards.home(), named.kind, Arc::clone(&named.name))));
    }
}

/// Stores names; those stored already stay, with the type of their first value.
pub(crate) async fn put(
    counted: &mut Counted<'_>,
    shards: Shards,
    names: &[&Named],
) -> Result<(), UnitFault> {
    if names.is_empty() {
        return Ok(());
    }
    let query = plain(PUT)
        .bind(shards.home())
        .bind(column(names, |named| named.kind as i16))
        .bind(column(names, |named| &*named.name))
        .bind(column(names, |named| named.data_type.map(DataType::as_str)));
    counted.execute(query).await?;
    Ok(())
}

/// One page of names, in byte order.
pub(crate) async fn scan(
    counted: &mut Counted<'_>,
    shards: Shards,
    kind: NameKind,
    skip: u32,
    limit: u32,
) -> Result<Vec<Named>, UnitFault> {
    let query = plain(
        "-- scan_names\nSELECT name, data_type FROM catalogue WHERE sk = $1 AND kind = $2 ORDER BY name \
         LIMIT $3 OFFSET $4",
    );
    let query = query.bind(shards.home()).bind(kind as i16).bind(i64::from(limit)).bind(i64::from(skip));
    let mut names = Vec::new();
    for row in counted.fetch(query).await? {
        let data_type = get::<Option<&str>>(&row, 1)?
            .map(|word| serde_json::from_value(word.into()).map_err(|_| unreadable("catalogue.data_type")));
        names.push(Named { kind, name: get::<&str>(&row, 0)?.into(), data_type: data_type.transpose()? });
    }
    Ok(names)
}
