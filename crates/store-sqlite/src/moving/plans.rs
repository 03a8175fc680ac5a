//! The statements of a copy, put together from the columns that every engine has and from what is different here: profiles
//! are named by their integer key, and only some tables have a shard key.

use std::collections::HashMap;
use std::sync::LazyLock;

use profile_model::Kind;
use profile_store::{Fault, Form, TABLES, Table};

use crate::statement::SetStatement;

/// The statements of one table.
pub(super) struct Plan {
    /// The first page.
    pub(super) read_first: &'static str,
    /// A later one; the keys of the place are bound first.
    pub(super) read_after: &'static str,
    /// Cells of a row; the keys follow them in what is read.
    pub(super) cells: usize,
    /// Columns of the place.
    pub(super) keys: usize,
    /// Writes rows.
    pub(super) write: SetStatement,
}

static PLANS: LazyLock<HashMap<&'static str, Plan>> =
    LazyLock::new(|| TABLES.iter().map(|table| (table.name, make(table))).collect());

/// The statements of a table.
pub(super) fn plan_of(table: &Table) -> Result<&'static Plan, Fault> {
    PLANS.get(table.name).ok_or_else(|| Fault::Internal("an unknown table".into()))
}

/// The columns of a table's own key, by which it is read.
fn keys(name: &str) -> &'static [&'static str] {
    match name {
        "profiles" => &["pid"],
        "identifiers" => &["sk", "kind", "label", "value", "tie"],
        "events" | "purchases" => &["eid"],
        "summaries" => &["pid", "kind", "name"],
        "address_states" => &["sk", "kind", "value", "group_id"],
        "consents" => &["cid"],
        "line_friendships" => &["sk", "line_user_id", "channel"],
        "line_inbox" => &["channel", "event"],
        "journal" => &["jid"],
        "merge_log" => &["lid"],
        "never_same" => &["sk", "low", "high"],
        "parked" => &["sk", "kind", "label", "value"],
        "erased_identifiers" => &["sk", "mark"],
        "import_issues" => &["iid"],
        "catalogue" => &["sk", "kind", "name"],
        "answers" => &["sk", "key"],
        // workspaces, api_keys, subscription_groups, line_channels, retired_profiles, merges, erasures, jobs
        _ => &["id"],
    }
}

/// Whether a table has a shard key of its own; else its row belongs to where the row that it names does.
fn has_shard(name: &str) -> bool {
    !matches!(name, "events" | "purchases" | "summaries" | "import_issues")
}

/// From a profile's integer key to `column` of its row, living or retired.
fn of_profile(column: &str) -> String {
    format!(
        "coalesce((SELECT {column} FROM profiles WHERE pid = t.pid), \
         (SELECT {column} FROM retired_profiles WHERE pid = t.pid))"
    )
}

fn workspace_of(name: &str) -> String {
    match name {
        "events" | "purchases" | "summaries" => format!("{} >> 16", of_profile("sk")),
        "import_issues" => "(SELECT sk FROM jobs WHERE id = t.import) >> 16".to_owned(),
        _ => "t.sk >> 16".to_owned(),
    }
}

fn make(table: &'static Table) -> Plan {
    let mut read = Vec::new();
    if table.has_workspace() {
        read.push(workspace_of(table.name));
    }
    read.extend(table.columns.iter().map(|(name, form)| reading(table.name, name, *form)));
    let keys = keys(table.name);
    let key = keys.iter().map(|key| format!("t.{key}")).collect::<Vec<_>>().join(", ");
    let cells = read.len();
    let select = format!("SELECT {}, {key} FROM {} t", read.join(", "), table.name);
    let order = format!("ORDER BY {key} LIMIT ?");
    let marks = vec!["?"; keys.len()].join(", ");
    Plan {
        read_first: kept(format!("-- read_copied\n{select} {order}")),
        read_after: kept(format!("-- read_copied\n{select} WHERE ({key}) > ({marks}) {order}")),
        cells,
        keys: keys.len(),
        write: SetStatement { text: kept(writing(table)), columns: cells },
    }
}

/// Made once, for the life of the process.
fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// How a column is read.
fn reading(table: &str, name: &str, form: Form) -> String {
    match (table, name) {
        // The one with the smallest integer key is the one that was first.
        ("identifiers", "is_first") => {
            "NOT EXISTS (SELECT 1 FROM identifiers o WHERE o.sk = t.sk AND o.kind = t.kind AND o.label = t.label \
             AND o.value = t.value AND o.tie < t.tie)"
                .to_owned()
        }
        // The global state's group: no bytes here, zeros elsewhere.
        ("address_states", "group_id") => {
            "CASE length(t.group_id) WHEN 0 THEN zeroblob(16) ELSE t.group_id END".to_owned()
        }
        ("jobs", "is_open") => "t.open".to_owned(),
        _ if form == Form::Profile => of_profile("id"),
        _ => format!("t.\"{name}\""),
    }
}

/// The statement that writes rows; `{rows}` are their cells.
fn writing(table: &Table) -> String {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    let mut at = 1;
    if table.has_workspace() {
        if has_shard(table.name) {
            names.push("sk".to_owned());
            values.push("v.column1 << 16".to_owned());
        }
        at = 2;
    }
    for (place, (name, form)) in table.columns.iter().enumerate() {
        let column = format!("v.column{}", at + place);
        let (name, value) = match (table.name, *name) {
            ("identifiers", "is_first") => continue,
            ("address_states", "group_id") => {
                ("group_id", format!("CASE {column} WHEN zeroblob(16) THEN x'' ELSE {column} END"))
            }
            ("jobs", "is_open") => ("open", column),
            (_, name) if *form == Form::Profile => {
                debug_assert_eq!(name, "profile");
                ("pid", pid_of(&column))
            }
            (_, name) => (name, column),
        };
        names.push(format!("\"{name}\""));
        values.push(value);
    }
    match table.name {
        "identifiers" => {
            names.push("tie".to_owned());
            let unique =
                (1..=u8::MAX).filter(|number| Kind::from_number(*number).is_some_and(Kind::is_unique));
            let unique: Vec<_> = unique.map(|number| number.to_string()).collect();
            let pid = pid_of("v.column5");
            values.push(format!("CASE WHEN v.column2 IN ({}) THEN 0 ELSE {pid} END", unique.join(", ")));
        }
        // Behind all that are there; the integer keys of profiles are given by SQLite.
        "retired_profiles" => {
            names.push("pid".to_owned());
            values.push(
                "(SELECT max(coalesce((SELECT max(pid) FROM profiles), 0), \
                 coalesce((SELECT max(pid) FROM retired_profiles), 0))) + row_number() OVER ()"
                    .to_owned(),
            );
        }
        _ => {}
    }
    format!(
        "-- put_copied\nINSERT INTO {} ({}) SELECT {} FROM (VALUES {{rows}}) v WHERE v.column1 IS NOT NULL",
        table.name,
        names.join(", "),
        values.join(", ")
    )
}

fn pid_of(column: &str) -> String {
    format!(
        "coalesce((SELECT pid FROM profiles WHERE id = {column}), \
         (SELECT pid FROM retired_profiles WHERE id = {column}))"
    )
}
