//! The statements of a copy, put together from the columns that every engine has.

use std::collections::BTreeMap;

use profile_model::{Buckets, WorkspaceId};
use profile_store::{Cell, Fault, Form, Row, Table};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::fault::unreadable;
use crate::statement::{Bound, column, composed, get};

/// How one table is read and written.
pub(super) struct Plan {
    table: &'static Table,
    /// The columns of its key behind the shard key.
    keys: Vec<(&'static str, Form)>,
}

impl Plan {
    pub(super) fn of(table: &'static Table) -> Self {
        let leading = match table.name {
            "identifiers" => 3,
            "summaries" | "address_states" | "parked" => 3,
            "line_friendships" | "line_inbox" | "never_same" | "catalogue" => 2,
            _ => 1,
        };
        let mut keys = table.columns[..leading].to_vec();
        if table.name == "identifiers" {
            keys.push(("tie", Form::Id));
        }
        Self { table, keys }
    }

    pub(super) fn key_forms(&self) -> impl Iterator<Item = Form> {
        self.keys.iter().map(|(_, form)| *form)
    }

    fn has_shard(&self) -> bool {
        self.table.has_workspace()
    }

    /// The place of the first parameter behind the shard key.
    fn first(&self) -> usize {
        if self.has_shard() { 2 } else { 1 }
    }

    fn key_list(&self) -> String {
        let names = self.keys.iter().map(|(name, _)| format!("t.\"{name}\""));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The first rows; parameters: the shard key, if the table has one, and how many.
    pub(super) fn read_first(&self) -> String {
        self.reading(None)
    }

    /// Rows behind a key, which is bound between the two.
    pub(super) fn read_after(&self) -> String {
        let marks = (0..self.keys.len()).map(|place| format!("${}", place + self.first()));
        let marks = marks.collect::<Vec<_>>().join(", ");
        self.reading(Some(format!("({}) > ({marks})", self.key_list())))
    }

    fn reading(&self, after: Option<String>) -> String {
        let mut read: Vec<_> =
            self.table.columns.iter().map(|(name, form)| self.expression(name, *form)).collect();
        read.extend(self.keys.iter().map(|(name, form)| self.expression(name, *form)));
        let (columns, table, order) = (read.join(", "), self.table.name, self.key_list());
        let limit = self.first() + if after.is_some() { self.keys.len() } else { 0 };
        if self.has_shard() {
            let after = after.map(|after| format!("AND {after}")).unwrap_or_default();
            format!(
                "-- read_copied\nSELECT {columns} FROM {table} t WHERE t.sk = $1 {after} ORDER BY {order} LIMIT ${limit}"
            )
        } else {
            let after = after.map(|after| format!("WHERE {after}")).unwrap_or_default();
            format!(
                "-- read_copied_configuration\nSELECT {columns} FROM {table} t {after} ORDER BY {order} LIMIT ${limit}"
            )
        }
    }

    /// How a column is read, in one type for each form.
    fn expression(&self, name: &str, form: Form) -> String {
        match form {
            // The slot of the first holder (docs/adr/012).
            Form::Flag if name == "is_first" => {
                "(t.tie = '00000000-0000-0000-0000-000000000000'::uuid)::int::bigint".to_owned()
            }
            Form::Number => format!("t.\"{name}\"::bigint"),
            Form::Flag => format!("t.\"{name}\"::int::bigint"),
            Form::Json => format!("t.\"{name}\"::text"),
            Form::Text | Form::Id | Form::Profile | Form::Bytes => format!("t.\"{name}\""),
        }
    }

    /// A row as every engine has it.
    pub(super) fn row(&self, row: &PgRow, shard: Option<i64>) -> Result<Row, Fault> {
        let workspace = shard.map(|shard| Ok(Cell::Number(shard >> 16)));
        let columns = self.table.columns.iter().enumerate();
        workspace.into_iter().chain(columns.map(|(at, (_, form))| read(row, at, *form))).collect()
    }

    /// The key of a row that was read.
    pub(super) fn key(&self, row: &PgRow) -> Result<Vec<Cell>, Fault> {
        let first = self.table.columns.len();
        self.keys.iter().enumerate().map(|(at, (_, form))| read(row, first + at, *form)).collect()
    }

    /// The statement that writes rows of one shard.
    pub(super) fn bind_rows(
        &self,
        shard: Option<i64>,
        rows: &[&Row],
        buckets: &BTreeMap<WorkspaceId, Buckets>,
    ) -> Result<Bound, Fault> {
        let (mut names, mut values, mut arrays, mut places) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, (name, form)) in self.table.columns.iter().enumerate() {
            arrays.push(format!("${}::{}[]", at + self.first(), array_of(*form)));
            places.push(format!("c{at}"));
            if *name == "is_first" {
                names.push("tie".to_owned());
                values.push(
                    "CASE WHEN v.c4 THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE v.c3 END"
                        .to_owned(),
                );
                continue;
            }
            names.push(format!("\"{name}\""));
            values.push(format!("v.c{at}{}", if *form == Form::Json { "::json" } else { "" }));
        }
        let (table, names, values) = (self.table.name, names.join(", "), values.join(", "));
        let (arrays, places) = (arrays.join(", "), places.join(", "));
        let query = match shard {
            Some(shard) => composed(format!(
                "-- put_copied\nINSERT INTO {table} (sk, {names}) SELECT $1, {values} FROM unnest({arrays}) v({places})"
            ))
            .bind(shard),
            None if table == "workspaces" => {
                let last = self.table.columns.len() + 1;
                composed(format!(
                    "-- put_copied_configuration\nINSERT INTO workspaces ({names}, buckets) SELECT {values}, v.buckets \
                     FROM unnest({arrays}, ${last}::smallint[]) v({places}, buckets)"
                ))
            }
            None => composed(format!(
                "-- put_copied_configuration\nINSERT INTO {table} ({names}) SELECT {values} FROM unnest({arrays}) v({places})"
            )),
        };
        // The workspace stands before the columns.
        let skipped = usize::from(self.has_shard());
        let columns = self.table.columns.iter().enumerate();
        let query =
            columns.fold(query, |query, (at, (_, form))| bind_column(query, rows, at + skipped, *form));
        Ok(if table == "workspaces" {
            query.bind(column(rows, |row| {
                let id = number(row.first()).and_then(|id| u32::try_from(id).ok());
                id.and_then(|id| buckets.get(&WorkspaceId(id)))
                    .map_or(1, |buckets| i16::from(buckets.count()))
            }))
        } else {
            query
        })
    }
}

const fn array_of(form: Form) -> &'static str {
    match form {
        Form::Number => "bigint",
        Form::Flag => "boolean",
        Form::Text | Form::Json => "text",
        Form::Id | Form::Profile => "uuid",
        Form::Bytes => "bytea",
    }
}

fn bind_column(query: Bound, rows: &[&Row], at: usize, form: Form) -> Bound {
    match form {
        Form::Number => query.bind(column(rows, |row| number(row.get(at)))),
        Form::Flag => query.bind(column(rows, |row| number(row.get(at)).map(|flag| flag != 0))),
        Form::Text | Form::Json => query.bind(column(rows, |row| match row.get(at) {
            Some(Cell::Text(text)) => Some(text.as_str()),
            _ => None,
        })),
        Form::Id | Form::Profile => {
            query.bind(column(rows, |row| bytes(row.get(at)).and_then(|id| Uuid::from_slice(id).ok())))
        }
        Form::Bytes => query.bind(column(rows, |row| bytes(row.get(at)).map(<[u8]>::to_vec))),
    }
}

fn number(cell: Option<&Cell>) -> Option<i64> {
    match cell {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    }
}

fn bytes(cell: Option<&Cell>) -> Option<&[u8]> {
    match cell {
        Some(Cell::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

/// Binds a part of a place.
pub(super) fn bind_key(query: Bound, cell: &Cell, form: Form) -> Result<Bound, Fault> {
    Ok(match (form, cell) {
        (Form::Number, Cell::Number(number)) => query.bind(*number),
        (Form::Text, Cell::Text(text)) => query.bind(text.clone()),
        (Form::Id | Form::Profile, Cell::Bytes(id)) => {
            query.bind(Uuid::from_slice(id).map_err(|_| unreadable("copying.progress"))?)
        }
        (Form::Bytes, Cell::Bytes(bytes)) => query.bind(bytes.clone()),
        _ => return Err(unreadable("copying.progress")),
    })
}

fn read(row: &PgRow, at: usize, form: Form) -> Result<Cell, Fault> {
    let cell = match form {
        Form::Number | Form::Flag => get::<Option<i64>>(row, at)?.map(Cell::Number),
        Form::Text | Form::Json => get::<Option<String>>(row, at)?.map(Cell::Text),
        Form::Id | Form::Profile => {
            get::<Option<Uuid>>(row, at)?.map(|id| Cell::Bytes(id.into_bytes().to_vec()))
        }
        Form::Bytes => get::<Option<Vec<u8>>>(row, at)?.map(Cell::Bytes),
    };
    Ok(cell.unwrap_or(Cell::Null))
}
