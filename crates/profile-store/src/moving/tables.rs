//! Every table as it is copied: the same columns on every engine, in an order in which a row finds what it names.

/// How the values of a column are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// [`super::Cell::Number`].
    Number,
    /// [`super::Cell::Number`], 0 or 1.
    Flag,
    /// [`super::Cell::Text`].
    Text,
    /// [`super::Cell::Text`] that holds JSON.
    Json,
    /// [`super::Cell::Bytes`]: the 16 bytes of a UUID.
    Id,
    /// The same, of a profile or of one that became part of another.
    Profile,
    /// [`super::Cell::Bytes`].
    Bytes,
}

/// What decides in which bucket of its workspace a row lives. Numbers are places in [`Table::columns`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Configuration: no workspace comes before the columns.
    Everywhere,
    /// The first bucket.
    First,
    /// That of the profile with this id.
    Profile(usize),
    /// That of this value.
    Value(usize),
    /// That of the first value, or of the second where there is no first.
    ValueElse(usize, usize),
    /// That of the profile whose id is this text, if the number at the first place is 0, else that of the value.
    ProfileOrValue(usize, usize),
}

/// One table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name on every engine.
    pub name: &'static str,
    /// Columns in the order of a row's cells. In a table that is not [`Home::Everywhere`] the number of the workspace
    /// comes before them.
    pub columns: &'static [(&'static str, Form)],
    /// Where its rows live.
    pub home: Home,
    /// How many of the last columns are not compared: engines may derive them differently.
    pub uncompared: usize,
}

impl Table {
    /// Whether a workspace's number comes before the columns.
    #[must_use]
    pub fn has_workspace(&self) -> bool {
        self.home != Home::Everywhere
    }
}

/// The place of a table in [`TABLES`] by its name.
#[must_use]
pub fn table_named(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

const fn table(name: &'static str, home: Home, columns: &'static [(&'static str, Form)]) -> Table {
    Table { name, columns, home, uncompared: 0 }
}

use Form::{Bytes, Flag, Id, Json, Number, Profile, Text};

/// Every table that holds data, in the order in which they are copied. Leases of jobs are left out: nobody works on them
/// in the copy. `meta` is not a table of rows: its two numbers are set when the copy is whole.
pub static TABLES: &[Table] = &[
    table(
        "workspaces",
        Home::Everywhere,
        &[("id", Number), ("name", Text), ("settings", Text), ("created_at", Number), ("has_erasures", Flag)],
    ),
    table(
        "api_keys",
        Home::Everywhere,
        &[
            ("id", Id),
            ("workspace", Number),
            ("name", Text),
            ("hash", Bytes),
            ("permissions", Text),
            ("allowed_ips", Text),
            ("created_at", Number),
            ("last_seen_at", Number),
            ("revoked_at", Number),
        ],
    ),
    table(
        "subscription_groups",
        Home::Everywhere,
        &[
            ("id", Id),
            ("workspace", Number),
            ("name", Text),
            ("channel", Text),
            ("created_at", Number),
            ("archived_at", Number),
        ],
    ),
    table(
        "line_channels",
        Home::Everywhere,
        &[
            ("id", Text),
            ("workspace", Number),
            ("provider", Text),
            ("name", Text),
            ("bot_user_id", Text),
            ("group_id", Id),
            ("sealed_secrets", Text),
            ("sealed_token", Text),
            ("created_at", Number),
        ],
    ),
    table(
        "profiles",
        Home::Profile(0),
        &[
            ("id", Id),
            ("external_id", Text),
            ("former_ids", Text),
            ("aliases", Text),
            ("email", Text),
            ("phone", Text),
            ("phone_e164", Text),
            ("native_line_id", Text),
            ("fields", Json),
            ("attributes", Json),
            ("own_states", Text),
            ("created_at", Number),
            ("updated_at", Number),
            ("version", Number),
            ("merged", Text),
            ("origin", Text),
        ],
    ),
    table("retired_profiles", Home::Profile(0), &[("id", Id)]),
    Table {
        name: "identifiers",
        columns: &[
            ("kind", Number),
            ("label", Text),
            ("value", Text),
            ("profile", Profile),
            // Whether it holds the slot of the first holder; an engine with one writer has no such slot.
            ("is_first", Flag),
        ],
        home: Home::Value(2),
        uncompared: 1,
    },
    table(
        "events",
        Home::Profile(1),
        &[
            ("eid", Number),
            ("profile", Profile),
            ("name", Text),
            ("at", Number),
            ("app_id", Text),
            ("properties", Json),
        ],
    ),
    table(
        "purchases",
        Home::Profile(1),
        &[
            ("eid", Number),
            ("profile", Profile),
            ("product", Text),
            ("currency", Text),
            ("price", Text),
            ("quantity", Number),
            ("at", Number),
            ("app_id", Text),
            ("properties", Json),
        ],
    ),
    table(
        "summaries",
        Home::Profile(0),
        &[
            ("profile", Profile),
            ("kind", Number),
            ("name", Text),
            ("count", Number),
            ("first_at", Number),
            ("last_at", Number),
            ("revenue", Text),
        ],
    ),
    table(
        "address_states",
        Home::Value(1),
        &[("kind", Number), ("value", Text), ("group_id", Id), ("state", Text), ("changed_at", Number)],
    ),
    table(
        "consents",
        Home::ProfileOrValue(1, 2),
        &[
            ("cid", Number),
            ("kind", Number),
            ("value", Text),
            ("of", Text),
            ("old", Text),
            ("new", Text),
            ("at", Number),
            ("actor", Text),
        ],
    ),
    table(
        "line_friendships",
        Home::Value(0),
        &[
            ("line_user_id", Text),
            ("channel", Text),
            ("state", Text),
            ("changed_at", Number),
            ("evidence_at", Number),
            ("event", Text),
        ],
    ),
    table(
        "line_inbox",
        // With its user; one that was emptied has none any more.
        Home::ValueElse(3, 1),
        &[
            ("channel", Text),
            ("event", Text),
            ("received_at", Number),
            ("line_user_id", Text),
            ("kind", Text),
            ("state", Number),
            ("note", Text),
            ("body", Text),
        ],
    ),
    table(
        "journal",
        Home::Profile(1),
        &[
            ("jid", Number),
            ("profile", Id),
            ("at", Number),
            ("kind", Text),
            ("actor", Text),
            ("other", Id),
            ("detail", Text),
        ],
    ),
    table(
        "merges",
        Home::First,
        &[
            ("id", Id),
            ("kept", Id),
            ("removed", Id),
            ("at", Number),
            ("undo_until", Number),
            ("how", Text),
            ("actor", Text),
            ("kept_image", Text),
            ("removed_image", Text),
            ("states", Text),
            ("kept_apart", Id),
            ("alias_from", Id),
            ("undone_at", Number),
            ("erased", Flag),
        ],
    ),
    table(
        "merge_log",
        Home::Profile(1),
        &[("lid", Number), ("survivor", Id), ("at", Number), ("write", Text)],
    ),
    table("never_same", Home::First, &[("low", Id), ("high", Id)]),
    table(
        "parked",
        Home::First,
        &[
            ("kind", Number),
            ("label", Text),
            ("value", Text),
            ("id", Id),
            ("at", Number),
            ("state", Text),
            ("members", Text),
            ("reasons", Text),
        ],
    ),
    table(
        "erased_identifiers",
        Home::Value(0),
        &[
            ("mark", Bytes),
            ("kind", Number),
            ("erasure", Id),
            ("erased_at", Number),
            ("opted_out", Flag),
            ("suppressed", Flag),
        ],
    ),
    table(
        "erasures",
        Home::First,
        &[
            ("id", Id),
            ("at", Number),
            ("actor", Text),
            ("profiles", Number),
            ("occurrences", Number),
            ("suppressed", Flag),
        ],
    ),
    table(
        "jobs",
        Home::First,
        &[
            ("id", Id),
            ("kind", Number),
            ("channel", Text),
            ("is_open", Flag),
            ("started_at", Number),
            ("run", Text),
        ],
    ),
    table(
        "import_issues",
        Home::First,
        &[
            ("iid", Number),
            ("import", Id),
            ("line", Number),
            ("level", Text),
            ("field", Text),
            ("reason", Text),
            ("cells", Text),
        ],
    ),
    table("catalogue", Home::First, &[("kind", Number), ("name", Text), ("data_type", Text)]),
    table(
        "answers",
        Home::Value(0),
        &[("key", Bytes), ("request", Bytes), ("at", Number), ("status", Number), ("sealed_body", Bytes)],
    ),
];
