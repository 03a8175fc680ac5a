//! Names in use, and what this process knows of them: a name that is stored already costs no statement.

use std::collections::HashSet;
use std::sync::Arc;

use profile_model::{DataType, NameKind, Named};
use profile_store::Fault;
use sqlx::Row as _;

use crate::apply::run;
use crate::fault::{UnitFault, to_fault, unreadable};
use crate::statement::{Counted, SetStatement, plain};

/// Names a process remembers; beyond that it begins anew, and stores again what is stored already.
const MAX_KNOWN: usize = 100_000;

static PUT: SetStatement = SetStatement {
    text: "-- put_names\nINSERT INTO catalogue (sk, kind, name, data_type) \
           SELECT column1, column2, column3, column4 FROM (VALUES {rows}) WHERE column1 IS NOT NULL \
           ON CONFLICT DO NOTHING",
    columns: 4,
};

type Name = (i64, NameKind, Arc<str>);

/// Names known to be stored.
#[derive(Debug, Default)]
pub(crate) struct KnownNames {
    stored: HashSet<Name>,
    /// Written by the group that is not committed yet.
    pending: Vec<Name>,
}

impl KnownNames {
    /// Stores the names that may be new. The last statement of its unit: what it wrote is undone only with its group.
    pub(crate) async fn put(
        &mut self,
        counted: &mut Counted<'_>,
        sk: i64,
        names: &[Named],
    ) -> Result<(), UnitFault> {
        let name = |named: &Named| (sk, named.kind, Arc::clone(&named.name));
        let new: Vec<_> = names.iter().filter(|named| !self.stored.contains(&name(named))).collect();
        run(
            counted,
            &PUT,
            &new,
            |query| query,
            |query, named| {
                query
                    .bind(sk)
                    .bind(named.kind as i64)
                    .bind(named.name.to_string())
                    .bind(named.data_type.map(DataType::as_str))
            },
        )
        .await?;
        self.pending.extend(new.into_iter().map(name));
        Ok(())
    }

    /// Ends a group.
    pub(crate) fn settle(&mut self, committed: bool) {
        if self.stored.len() + self.pending.len() > MAX_KNOWN {
            self.stored.clear();
        }
        if committed {
            self.stored.extend(self.pending.drain(..));
        }
        self.pending.clear();
    }
}

/// One page of names, in byte order.
pub(crate) async fn scan(
    counted: &mut Counted<'_>,
    sk: i64,
    kind: NameKind,
    skip: u32,
    limit: u32,
) -> Result<Vec<Named>, Fault> {
    let column = |error: sqlx::Error| to_fault(&error);
    let query = plain(
        "-- scan_names\nSELECT name, data_type FROM catalogue WHERE sk = ? AND kind = ? ORDER BY name \
         LIMIT ? OFFSET ?",
    );
    let query = query.bind(sk).bind(kind as i64).bind(i64::from(limit)).bind(i64::from(skip));
    let rows = counted.fetch(query).await.map_err(column)?;
    rows.iter()
        .map(|row| {
            let data_type: Option<&str> = row.try_get(1).map_err(column)?;
            let data_type = data_type.map(|word| {
                serde_json::from_value(word.into()).map_err(|_| unreadable("catalogue.data_type"))
            });
            let name: &str = row.try_get(0).map_err(column)?;
            Ok(Named { kind, name: name.into(), data_type: data_type.transpose()? })
        })
        .collect()
}
